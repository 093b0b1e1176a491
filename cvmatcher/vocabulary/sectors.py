"""Sectors of activity and their names in French and English."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from cvmatcher.vocabulary.folding import Lexicon, Match, names_in, read_lines, stems


@cache
def _both() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Sector's id (its first English name) -> its English names, its French names."""
    text = (files("cvmatcher.vocabulary") / "data" / "sectors.txt").read_text(encoding="utf-8")
    rows = (line.partition("|") for _, line in read_lines(text))
    return {names_in(english)[0]: (tuple(names_in(english)), tuple(names_in(french))) for english, _, french in rows}


@cache
def everything() -> dict[str, tuple[str, ...]]:
    """Sector's id -> all its names."""
    return {sector: tuple(dict.fromkeys((*english, *french))) for sector, (english, french) in _both().items()}


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


def same(one: str, other: str) -> bool:
    """Whether two names are one, or one says in French what the other says in English; neighbours are not the same."""
    if stems(one) == stems(other):
        return True
    for sector in set(ids(one)) & set(ids(other)):
        english, french = ({stems(name) for name in names} for names in _both()[sector])
        either = (english | french) - (english & french)  # what both languages say tells nothing of a translation
        if {stems(one), stems(other)} <= either and (stems(one) in english) != (stems(other) in english):
            return True
    return False
