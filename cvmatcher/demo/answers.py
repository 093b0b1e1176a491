"""Whether an invented CV meets a criterion, from its truth alone: what verdicts are measured against.

Owns its reading of the demo's own words, shares none with the rules that it measures, and says None wherever an honest
reader could say either.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache

from cvmatcher.demo.dates import years_covered
from cvmatcher.demo.truth import CVTruth
from cvmatcher.demo.words import LANGUAGES, common, occupations
from cvmatcher.domain import Criterion, CriterionKind, Experience

# The same town in the other language, and as people leave out accents (folding does the rest).
_TOWNS = {
    "geneve": "geneva",
    "bruxelles": "brussels",
    "londres": "london",
    "edimbourg": "edinburgh",
    "munich": "munchen",
    "cologne": "koln",
}
_LEVELS = (
    (8, ("phd", "doctorate", "doctorat", "bac+8")),
    (5, ("master", "masters", "master's degree", "msc", "bac+5", "diplome d'ingenieur", "ecole d'ingenieur")),
    (3, ("bachelor", "bachelor's degree", "bsc", "licence", "bac+3")),
    (2, ("bts", "bac+2")),
)


def fold(text: str) -> str:
    """Lower case, no accents, single spaces."""
    bare = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("’", "'"))
    return " ".join("".join(letter for letter in bare if not unicodedata.combining(letter)).split())


def meets(truth: CVTruth, criterion: Criterion) -> bool | None:
    """True if the CV says so, False if it says nothing of the kind, None if the truth cannot tell.

    A criterion of need `must_not` is answered like the others: whether what it names is there.
    """
    return _ANSWERS[criterion.kind](truth, criterion)


@cache
def _skill_names() -> dict[str, str]:
    """Canonical name by folded spelling, of all occupations and both languages."""
    listed = [skill for kinds in occupations().values() for words in kinds.values() for skill in words.skills]
    return {fold(word): skill.name for skill in listed for word in (skill.name, *skill.spellings)}


@cache
def _title_occupations() -> dict[str, frozenset[str]]:
    """The occupations that know a title, by the folded title."""
    found: dict[str, set[str]] = {}
    for key, kinds in occupations().items():
        for words in kinds.values():
            for title in (name for pairs in words.titles.values() for pair in pairs for name in pair):
                found.setdefault(fold(title), set()).add(key)
    return {title: frozenset(keys) for title, keys in found.items()}


def _skill(truth: CVTruth, criterion: Criterion) -> bool | None:
    name = _skill_names().get(fold(criterion.value))
    return None if name is None else name in truth.skill_names


def _title(truth: CVTruth, criterion: Criterion) -> bool | None:
    asked = fold(criterion.value)
    if any(fold(job.title) == asked for job in truth.profile.experiences):
        return True
    keys = _title_occupations().get(asked)
    if keys is None or truth.occupation in keys:
        return None
    return False


def _language(truth: CVTruth, criterion: Criterion) -> bool | None:
    profile = truth.profile
    spoken = next((language for language in profile.languages if language.code == criterion.value), None)
    if spoken is None:
        return False if profile.languages or criterion.value != profile.language else None
    if criterion.level is None:
        return True
    return None if spoken.level is None else spoken.level.rank >= criterion.level.rank


def _place(truth: CVTruth, criterion: Criterion) -> bool | None:
    if criterion.or_remote and "remote" in truth.traits:
        return True
    asked, location = fold(criterion.value), fold(truth.profile.location)
    city = location.partition(",")[0].partition(" (")[0]
    names = [fold(common()["countries"][language].get(truth.country, "")) for language in LANGUAGES]
    if asked in (city, _TOWNS.get(city), *names) and asked:
        return True
    return None if criterion.within_km or criterion.or_remote else False


def _years(truth: CVTruth, criterion: Criterion) -> bool | None:
    years = truth.profile.years_experience if not criterion.value else _years_with(truth, fold(criterion.value))
    if years is None:
        return None
    return (criterion.minimum or 0) <= years <= (criterion.maximum if criterion.maximum is not None else 99)


def _years_with(truth: CVTruth, asked: str) -> float | None:
    """Years of the jobs that name the skill or bear the title; None if the CV names it outside of its jobs only."""
    jobs = list(zip(truth.jobs, truth.profile.experiences, strict=True))
    name = _skill_names().get(asked)
    if name is not None:
        chosen = [stated for job, stated in jobs if name in job.skills]
        return None if not chosen and name in truth.skill_names else _covered(truth, chosen)
    chosen = [stated for _, stated in jobs if fold(stated.title) == asked]
    return _covered(truth, chosen) if chosen else None


def _covered(truth: CVTruth, jobs: list[Experience]) -> float:
    return years_covered((job.start or truth.as_of, job.end or truth.as_of) for job in jobs)


def _sector(truth: CVTruth, criterion: Criterion) -> bool | None:
    asked = fold(criterion.value)
    labels = {fold(label): key for key, pair in common()["sectors"].items() for label in (key, *pair.values())}
    key = labels.get(asked)
    if key is None:
        return None
    if key in truth.sectors:
        return True
    return None if any(job.sector == key for job in truth.jobs) else False


def _employer(truth: CVTruth, criterion: Criterion) -> bool | None:
    return any(fold(job.employer) == fold(criterion.value) for job in truth.profile.experiences)


def _education(truth: CVTruth, criterion: Criterion) -> bool | None:
    asked = fold(criterion.value)
    for level, names in _LEVELS:
        if asked in names:
            return truth.education_level >= level
    return any(asked in fold(entry.degree) for entry in truth.profile.education) or None


def _text(truth: CVTruth, criterion: Criterion) -> bool | None:  # noqa: ARG001  same shape as the others
    return None


_ANSWERS: dict[CriterionKind, Callable[[CVTruth, Criterion], bool | None]] = {
    CriterionKind.TITLE: _title,
    CriterionKind.SKILL: _skill,
    CriterionKind.YEARS: _years,
    CriterionKind.PLACE: _place,
    CriterionKind.LANGUAGE: _language,
    CriterionKind.SECTOR: _sector,
    CriterionKind.EMPLOYER: _employer,
    CriterionKind.EDUCATION: _education,
    CriterionKind.TEXT: _text,
}
