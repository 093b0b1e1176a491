"""Skills under all their names: canonical names, aliases in French and English, narrower and near ones, areas."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files

from cvmatcher.vocabulary.folding import Match, stems
from cvmatcher.vocabulary.thesaurus import Thesaurus


@cache
def _all() -> Thesaurus:
    return Thesaurus((files("cvmatcher.vocabulary") / "data" / "skills.txt").read_text(encoding="utf-8"))


def find(text: str) -> list[Match]:
    """Skills named in running text, with where; names that need their capitals ("R", "Go", "Word") only with them."""
    return list(_found(text))


@lru_cache(maxsize=64)  # a message is asked from many sides while it is read
def _found(text: str) -> tuple[Match, ...]:
    return tuple(_all().find(text))


def every_name() -> Iterator[str]:
    """All names of all skills, canonical ones and aliases."""
    for term in _all().terms.values():
        yield from term.all_names


def canonical(term: str) -> str | None:
    """The canonical name of a term that is a skill's name as a whole, whatever its capitals."""
    return next(iter(_all().ids(term)), None)


def spelt(term: str) -> str:
    """The term as the list spells it ("R" for "r"); the term itself where it is unknown."""
    return next((name for one in _all().known(term) for name in one.all_names if stems(name) == stems(term)), term)


def shown_by(term: str) -> tuple[str, ...]:
    """The names that show the skill: the term itself first, its own in both languages, those of narrower skills."""
    return _all().shown_by(term)


def near(term: str) -> tuple[str, ...]:
    """The names of skills near the one named that do not show it; () where it is unknown."""
    return _all().near(term)


def names(term: str) -> tuple[str, ...]:
    """All names to look for, the surest first: what shows the skill, then what is near; the term where unknown."""
    return (*shown_by(term), *near(term))


def area(term: str) -> str:
    """The area of a skill ("data", "finance"…), "" where it is unknown."""
    return next((skill.heading for skill in _all().known(term)), "")


def kin(term: str) -> str:
    """The skill that those near this one are listed with ("CISM" of "CISA"), "" where it is unknown."""
    return next((skill.line for skill in _all().known(term)), "")
