"""Invented careers: jobs in time, with titles, firms and sentences. Owns chance; knows nothing of pages or layouts."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from cvmatcher.demo.words import SENIORITIES, Language, Occupation, Seniority, Skill, common

_YEARS: dict[Seniority, tuple[int, int]] = {"junior": (1, 3), "mid": (4, 8), "senior": (8, 16), "lead": (12, 30)}
_FREELANCE: dict[Language, tuple[str, ...]] = {
    "fr": ("Indépendant", "Freelance", "Auto-entrepreneur"),
    "en": ("Freelance", "Self-employed"),
}
_CAN_FREELANCE = frozenset({"software", "data", "devops", "designer", "marketing", "project_manager", "cybersecurity"})
_RANGE = re.compile(r"\{(\d+)-(\d+)\}")
_MARKED = re.compile(r"\[([^\]]+)\]")


@dataclass(frozen=True, slots=True)
class Job:
    """One job; `start` and `end` are months (dates.py), `end` the last one, also while the job goes on."""

    seniority: Seniority
    title: str
    employer: str
    place: str
    sector: str
    context: str  # the line that says the sector, or ""
    start: int
    end: int
    current: bool
    bullets: tuple[str, ...]
    tools: tuple[tuple[Skill, str], ...]  # (skill, as written)
    named: tuple[Skill, ...]  # the skills that bullets name
    freelance: bool
    led_team: bool


@dataclass(frozen=True, slots=True)
class Career:
    jobs: tuple[Job, ...]  # newest first
    gap: bool
    overlap: bool


def some(rng: Random, items: tuple[str, ...] | list[str], low: int, high: int) -> list[str]:
    """Between low and high different items, or all of them."""
    return rng.sample(list(items), min(len(items), rng.randint(low, high)))


def fill(rng: Random, sentence: str) -> str:
    """Draws the numbers of a sentence; large ones are rounded as people round them."""

    def draw(found: re.Match[str]) -> str:
        number = rng.randint(int(found[1]), int(found[2]))
        return str(number if number < 100 else round(number, -1))

    return _RANGE.sub(draw, sentence)


def stage(months: int, top: Seniority) -> Seniority:
    """The seniority of someone who started that many months ago and is `top` today."""
    reached: Seniority = "junior" if months < 30 else "mid" if months < 90 else "senior"
    return min(reached, top, key=SENIORITIES.index)


def _spans(rng: Random, total: int, end: int, *, gap: bool) -> list[tuple[int, int]]:
    """Consecutive periods of `total` months altogether, oldest first, the last one ending with month `end`."""
    count = max(1, min(6, round(total / rng.randint(24, 52))))
    weights = [rng.uniform(0.6, 1.6) for _ in range(count)]
    lengths = [max(6, round(total * weight / sum(weights))) for weight in weights]
    breaks = [rng.choice((0, 0, 1, 2)) for _ in lengths]
    if gap and count > 1:
        breaks[rng.randrange(count - 1)] = rng.randint(9, 26)
    spans: list[tuple[int, int]] = []
    for length, pause in zip(reversed(lengths), reversed([*breaks[:-1], 0]), strict=True):
        last = (spans[0][0] - 1 if spans else end) - pause
        spans.insert(0, (last - length + 1, last))
    return spans


def _nearby(rng: Random, language: Language, home: str) -> list[str]:
    """Where someone works: mostly at home, now and then in another town of the same country."""
    places: dict[str, str] = common()["places"][language]
    same = [city for city, country in places.items() if country == places[home]]
    return [home, home, *rng.sample(same, min(2, len(same)))]


class CareerMaker:
    """Makes one person's jobs without repeating a sentence or a firm as long as others are left."""

    def __init__(self, rng: Random, words: Occupation, *, feminine: bool, home: str) -> None:
        self._rng = rng
        self._words = words
        self._feminine = feminine
        self._bullets = rng.sample(words.bullets, len(words.bullets))
        self._places = _nearby(rng, words.language, home)
        self._employers: set[str] = set()
        self._sectors = rng.sample(words.sectors, min(len(words.sectors), rng.choice((1, 2, 2, 3))))

    def make(self, seniority: Seniority, *, end: int, current: bool) -> Career:
        """`end` is the month of the last job's end, or the CV's own month if the job is current."""
        rng = self._rng
        low, high = _YEARS[seniority]
        total = rng.randint(12 * low, 12 * high)
        gap = total > 36 and rng.random() < 0.2
        spans = _spans(rng, total, end, gap=gap)
        jobs: list[Job] = []
        for start, last in reversed(spans):  # the newest job has the most to tell
            newest = not jobs
            level = seniority if newest else stage(start - spans[0][0], seniority)
            freelance = self._words.key in _CAN_FREELANCE and level != "lead" and rng.random() < 0.12
            jobs.append(self._job(level, start, last, current=current and newest, freelance=freelance))
        overlap = len(jobs) > 1 and self._words.key in _CAN_FREELANCE and rng.random() < 0.3
        if overlap:
            host = jobs[1]
            side = self._job("mid", host.start + 1, host.end + 2, current=False, freelance=True)
            jobs.insert(1, side)
        return Career(tuple(jobs), gap=gap and len(spans) > 1, overlap=overlap)

    def _job(self, level: Seniority, start: int, end: int, *, current: bool, freelance: bool) -> Job:
        rng = self._rng
        sector = rng.choice(self._sectors)
        led = level == "lead"
        raw = [self._bullets.pop() for _ in range(rng.randint(2, 5)) if self._bullets]
        raw = raw or rng.sample(self._words.bullets, 2)
        if led:
            raw = [*rng.sample(self._words.lead, rng.randint(1, 2)), *raw]
        named = tuple({self._words.skill(found): None for text in raw for found in _MARKED.findall(text)})
        tools = self._tools() if self._words.names_tools and rng.random() < 0.7 else ()
        return Job(
            seniority=level,
            title=self._title(level),
            employer=rng.choice(_FREELANCE[self._words.language]) if freelance else self._employer(sector),
            place="" if freelance else rng.choice(self._places),
            sector=sector,
            context="" if freelance or rng.random() < 0.35 else self._context(sector),
            start=start,
            end=end,
            current=current,
            bullets=tuple(self._unmarked(fill(rng, text)) for text in raw),
            tools=tools,
            named=named,
            freelance=freelance,
            led_team=led,
        )

    def _unmarked(self, text: str) -> str:
        def replace(found: re.Match[str]) -> str:
            spelling = found[1]
            return self._words.skill(spelling).inside_sentence(spelling) if found.start() else spelling

        return _MARKED.sub(replace, text)

    def _title(self, level: Seniority) -> str:
        masculine, feminine = self._rng.choice(self._words.titles[level])
        return feminine if self._feminine else masculine

    def _context(self, sector: str) -> str:
        language = self._words.language
        label = str(common()["sectors"][sector][language])
        pattern = fill(self._rng, self._rng.choice(common()["contexts"][language]))
        return pattern.replace("{sector}", label).replace("{Sector}", label[0].upper() + label[1:])

    def _employer(self, sector: str) -> str:
        names = common()["employers"][self._words.language][sector].split(", ")
        fresh = [name for name in names if name not in self._employers] or names
        chosen = str(self._rng.choice(fresh))
        self._employers.add(chosen)
        return chosen

    def _tools(self) -> tuple[tuple[Skill, str], ...]:
        chosen = self._rng.sample(self._words.skills, self._rng.randint(3, 5))
        return tuple((skill, self._rng.choice(skill.spellings)) for skill in chosen)
