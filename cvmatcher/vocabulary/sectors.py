"""Sectors of activity and their names in French and English, with narrower and neighbouring ones."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from cvmatcher.vocabulary.folding import Match, stems
from cvmatcher.vocabulary.thesaurus import Thesaurus


@cache
def _all() -> Thesaurus:
    return Thesaurus((files("cvmatcher.vocabulary") / "data" / "sectors.txt").read_text(encoding="utf-8"))


def find(text: str) -> list[Match]:
    """Sectors named in running text; many names are everyday words, so ask only where a sector is expected."""
    return _all().find(text)


def ids(name: str) -> tuple[str, ...]:
    """The sectors that `name` as a whole may mean; () where it is unknown."""
    return _all().ids(name)


def names(name: str) -> tuple[str, ...]:
    """All names to look for, the surest first: what shows the sector, then its neighbours; `name` first."""
    return (*shown_by(name), *near(name))


def shown_by(name: str) -> tuple[str, ...]:
    """The names that show the sector: `name` first, its own in both languages, those of narrower sectors."""
    return _all().shown_by(name)


def near(name: str) -> tuple[str, ...]:
    """The names of neighbouring sectors, which do not show it; () where it is unknown."""
    return _all().near(name)


def shows(told: str, asked: str) -> bool:
    """Whether who worked in `told` worked in `asked`: it is the same under another name, or narrower."""
    return stems(told) in {stems(name) for name in shown_by(asked)}


def near_each_other(one: str, other: str) -> bool:
    return stems(one) in {stems(name) for name in names(other)} or stems(other) in {stems(name) for name in names(one)}
