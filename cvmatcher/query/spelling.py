"""What a word that nobody knows was probably meant to be: the name of the vocabulary that is nearest in spelling.

A suggestion is offered to the reader; nothing is searched with it by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from cvmatcher.folding import fold
from cvmatcher.vocabulary import languages, places, skills, titles
from cvmatcher.vocabulary.folding import stems

SHORTEST = 5  # letters; among shorter words nearly everything is near to something
LONG = 8  # letters from which two slips are forgiven, not one
MOST_WORDS = 4
_WORD = re.compile(r"[^\W\d_]+")
_FEMININE = (("ier", "ière"), ("teur", "trice"), ("eur", "euse"), ("ien", "ienne"), ("ant", "ante"), ("ent", "ente"))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`written` as it stands in the message, and what it probably means."""

    written: str
    meant: str


@lru_cache(maxsize=4096)
def suggestion(stretch: str) -> Suggestion | None:
    """For a stretch that was not understood, as a whole or for one of its words; None where no name is near."""
    parts = stretch.split()
    if not 0 < len(parts) <= MOST_WORDS:
        return None
    for written in dict.fromkeys([stretch, *_WORD.findall(stretch)]):
        meant = _nearest(written)
        if meant:
            return Suggestion(written, meant)
    return None


def _nearest(written: str) -> str:
    folded = fold(written)
    if len(folded) < SHORTEST or stems(written) in _known():
        return ""
    slips = 2 if len(folded) >= LONG else 1
    found = process.extract(folded, _names().keys(), scorer=OSA.distance, score_cutoff=slips, limit=8)
    near = [(distance, OSA.distance(written.lower(), _names()[key].lower()), key) for key, distance, _ in found]
    return _names()[min(near, key=lambda one: one[:2])[2]] if near else ""


@cache
def _known() -> frozenset[tuple[str, ...]]:
    return frozenset(map(stems, _names().values()))


@cache
def _names() -> dict[str, str]:
    """Folded name -> the name as people write it; of two that are equally near the first is offered."""
    found: dict[str, str] = {}
    for name in _all():
        if len(name) >= SHORTEST - 1:
            found.setdefault(fold(name), name)
    return found


def _all() -> Iterator[str]:
    for title in titles.everything().values():
        yield from title.all_names
        yield from filter(None, map(_feminine, title.french))
    yield from languages.everyday_names()
    yield from skills.every_name()
    yield from places.well_known()


def _feminine(name: str) -> str:
    """The French feminine of a title by its first word, "" where it has no other."""
    first, space, rest = name.partition(" ")
    for masculine, feminine in _FEMININE:
        if first.endswith(masculine):
            return first.removesuffix(masculine) + feminine + space + rest
    return ""
