"""Whether someone is or was what a title asks, under that occupation's names in French and English."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from cvmatcher.domain import Criterion, CriterionKind, Need, Profile
from cvmatcher.query.evidence.names import denied, served
from cvmatcher.query.evidence.reading import (
    CV,
    MET,
    NOTHING,
    PARTLY,
    Finding,
    content_stems,
    cut_line,
    found,
    holds,
    phrase,
    quote_value,
)
from cvmatcher.vocabulary import titles
from cvmatcher.vocabulary.folding import stems

_FIRST = 12  # names of an occupation


def title(criterion: Criterion, cv: CV) -> Finding:
    names = title_names(criterion.value)
    held = [cv.profile.headline, *(job.title for job in cv.profile.experiences)]
    for own in held:
        if own and title_matches(own, names) == 1.0:
            return found(MET, quote_value(cv, own))
    wider = (*title_names_inside(criterion.value), *titles.near(criterion.value))
    for own in held:
        if own and (title_matches(own, names) > 0 or (wider and title_matches(own, wider) == 1.0)):
            return found(PARTLY, quote_value(cv, own))
    told = cv.profile.experiences  # then a mention elsewhere is little, and counts for the first names only
    if quotation := _in_text(cv, names[:_FIRST] if told else names):
        return Finding(PARTLY if told else MET, quotation)
    return NOTHING


def _in_text(cv: CV, names: tuple[str, ...]) -> str:
    """A line that names the occupation, other than as a customer's or as a wish."""
    for key in _keys(names):
        for line, at in phrase(cv, key):
            start = line.words[at].start
            if not served(line, start) and not denied(line, start):
                return cut_line(line, at, at + len(key) - 1)
    return ""


@lru_cache(maxsize=1024)
def _keys(names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(dict.fromkeys(stems(name) for name in names))


@lru_cache(maxsize=1024)
def title_names(value: str) -> tuple[str, ...]:
    """The value and the other names of that occupation, in both languages; narrower names as well."""
    return (value, *titles.names(value), *titles.special(value))


@lru_cache(maxsize=1024)
def title_names_inside(value: str) -> tuple[str, ...]:
    """Names of the wider occupation inside a value, of its family if known: "développeur" in "développeur Python"."""
    family, words = titles.families(value), value.split()
    parts = {" ".join(words[at:end]) for at in range(len(words)) for end in range(at + 1, len(words) + 1)} - {value}
    wider = {
        title_id for part in parts for title_id in titles.ids(part) if not family or family & titles.families(part)
    }
    return tuple(name for title_id in sorted(wider) for name in titles.everything()[title_id].all_names)


@lru_cache(maxsize=20000)
def title_matches(title: str, names: tuple[str, ...]) -> float:
    """How far a CV's title answers the names: 1 holds one of them, 0.5 shares its words loosely, 0 does not."""
    return max(_matches(part, names) for part in (title, *_PARTS.split(title)))


_PARTS = re.compile(r"\s*(?:[,;/|()&]|\s[-–—]\s|\b(?:and|et)\b)\s*")  # one job may be told by several titles


def _matches(title: str, names: tuple[str, ...]) -> float:
    held = stems(title)
    keys = _keys(names)
    shortest = 2 if _another(title, keys) else 1  # no chef leads a "chef d'équipe", no principal a "principal engineer"
    if any(len(key) >= shortest and holds(held, key) for key in keys):
        return 1.0
    asked = set(content_stems(names[0]))
    if len(asked) >= shortest and asked <= set(held):
        return 1.0
    shared = asked & set(held)
    return 0.5 if len(asked) > 1 and len(shared) * 2 > len(asked) else 0.0


def _another(title: str, keys: tuple[tuple[str, ...], ...]) -> bool:
    """Whether the title holds an occupation's name of several words that is none of those asked for."""
    named = (stems(title[match.start : match.end]) for match in titles.find(title))
    return any(len(key) > 1 and key not in keys for key in named)


def has_been(criteria: Sequence[Criterion], profile: Profile) -> float:
    """How much someone is what the titles ask: 1 now, less the longer ago the job was, 0 never. The titles' mean."""
    asked = [c for c in criteria if c.kind is CriterionKind.TITLE and c.need is not Need.MUST_NOT]
    if not asked:
        return 0.0
    held = [profile.headline, *(job.title for job in profile.experiences)]
    total = 0.0
    for criterion in asked:
        names = title_names(criterion.value)
        total += max((title_matches(t, names) * _FADING ** max(0, n - 1) for n, t in enumerate(held) if t), default=0.0)
    return total / len(asked)


_FADING = 0.6  # of a job's weight, for each job since
