"""Invented degrees and spoken languages, with how CVs write them and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from cvmatcher.demo.words import Language, Occupation, common
from cvmatcher.domain import Education, LanguageLevel, SpokenLanguage

_LENGTHS = {0: 2, 2: 2, 3: 3, 5: 2, 8: 3}  # years that a degree takes, by its level


@dataclass(frozen=True, slots=True)
class Studies:
    education: tuple[Education, ...]  # newest first
    level: int  # of the highest degree
    born: int  # the year that fits


def draw_studies(rng: Random, words: Occupation, first_job: int, home: str) -> Studies:
    """Degrees that end before `first_job`, a month (dates.py)."""
    highest = rng.choice(words.degrees)
    lower = [degree for degree in words.degrees if 0 < degree.level < highest.level]
    chosen = [highest, *rng.sample(lower, 1 if lower and rng.random() < 0.5 else 0)]
    year, month = divmod(first_job, 12)
    born = year - (0 if month >= 7 else 1) - 18 - highest.level
    dated, as_range = rng.random() < 0.9, rng.random() < 0.5
    result = []
    for degree in chosen:
        city = home if rng.random() < 0.4 else rng.choice(list(common()["places"][words.language]))
        before = max(
            (other.level for other in chosen if other.level < degree.level),
            default=degree.level - _LENGTHS[degree.level],
        )
        finished = born + 18 + degree.level
        entry = Education(
            degree=degree.name,
            school=rng.choice(common()["schools"][words.language][str(degree.level)]).format(city=city),
            place=city,
            start=str(born + 18 + before) if dated and as_range else None,
            end=str(finished) if dated else None,
        )
        result.append(entry)
    return Studies(tuple(result), highest.level, born)


def draw_languages(rng: Random, home: Language) -> tuple[tuple[SpokenLanguage, ...], list[dict[str, str]]]:
    """The languages, and for each {"name", "level"} as the CV prints them; none of either for one CV in ten."""
    if rng.random() < 0.1:
        return (), []
    words = common()["languages"][home]
    spoken: list[SpokenLanguage] = []
    lines: list[dict[str, str]] = []
    for code, level in _levels(rng, home).items():
        text = rng.choice(words["levels"][level])
        band = common()["toeic"].get(level)
        if home == "fr" and code == "en" and band and rng.random() < 0.4:
            text = f"TOEIC {rng.randrange(band[0], band[1] + 1, 5)}"
        name = words["names"][code]
        lines.append({"name": name, "level": text})
        known = LanguageLevel(level) if level else None
        spoken.append(SpokenLanguage(code=code, level=known, text=f"{name} {text}".strip()))
    return tuple(spoken), lines


def _levels(rng: Random, home: Language) -> dict[str, str]:
    """Level by language; most people write in the language they were born into."""
    others = [code for code in common()["languages"][home]["names"] if code != home]
    levels = {home: "native"} if rng.random() < 0.85 else {rng.choice(others): "native", home: rng.choice(("C1", "C2"))}
    second = "en" if home == "fr" else "fr"
    wanted = [second, *rng.sample(others, 2)][: rng.randint(1 if home == "fr" else 0, 3)]
    return levels | {
        code: rng.choice(("C2", "C1", "C1", "B2", "B1", "A2", "A1", "")) for code in wanted if code not in levels
    }
