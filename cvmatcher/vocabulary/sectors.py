"""Sectors of activity and their names in French and English."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from cvmatcher.vocabulary.folding import Lexicon, Match, names_in, read_lines


@cache
def everything() -> dict[str, tuple[str, ...]]:
    """Sector's id (its first English name) -> all its names."""
    text = (files("cvmatcher.vocabulary") / "data" / "sectors.txt").read_text(encoding="utf-8")
    sectors: dict[str, tuple[str, ...]] = {}
    for _, line in read_lines(text):
        english, _, french = line.partition("|")
        names = (*names_in(english), *names_in(french))
        sectors[names[0]] = tuple(dict.fromkeys(names))
    return sectors


@cache
def _lexicon() -> Lexicon:
    lexicon = Lexicon()
    for sector, names in everything().items():
        for name in names:
            lexicon.add(name, sector)
    return lexicon


def find(text: str) -> list[Match]:
    """Sectors named in running text; many names are everyday words, so ask only where a sector is expected."""
    return list(_lexicon().find(text))


def ids(name: str) -> tuple[str, ...]:
    """The sectors that `name` as a whole may mean; () where it is unknown."""
    return _lexicon().get(name)


def names(name: str) -> tuple[str, ...]:
    """All names of the sectors that `name` means, `name` first."""
    found = {name: None}
    for sector in ids(name):
        found.update(dict.fromkeys(everything()[sector]))
    return tuple(found)
