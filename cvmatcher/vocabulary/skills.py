"""Skills under all their names: canonical names, aliases in French and English, areas."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from cvmatcher.vocabulary.folding import Lexicon, Match, names_in, read_lexicon, read_lines, stems


@dataclass(frozen=True, slots=True)
class Skill:
    name: str
    aliases: tuple[str, ...]
    area: str


@cache
def everything() -> dict[str, Skill]:
    """Canonical name -> skill."""
    text = (files("cvmatcher.vocabulary") / "data" / "skills.txt").read_text(encoding="utf-8")
    skills: dict[str, Skill] = {}
    for area, line in read_lines(text):
        names = [name.removeprefix("=") for name in names_in(line)]
        skills[names[0]] = Skill(names[0], tuple(names[1:]), area)
    return skills


@cache
def _lexicon() -> Lexicon:
    return read_lexicon((files("cvmatcher.vocabulary") / "data" / "skills.txt").read_text(encoding="utf-8"))


def find(text: str) -> list[Match]:
    """Skills named in running text, with where; names that need their capitals ("R", "Go", "Word") only with them."""
    return list(_lexicon().find(text))


def canonical(term: str) -> str | None:
    """The canonical name of a term that is a skill's name as a whole, whatever its capitals."""
    return next(iter(_lexicon().get(term)), None)


def names(term: str) -> tuple[str, ...]:
    """All names of the skill that `term` names, the term itself first; just the term where it is unknown."""
    known = canonical(term)
    if known is None:
        return (term,)
    skill = everything()[known]
    others = (name for name in (skill.name, *skill.aliases) if stems(name) != stems(term))
    return (term, *others)


def area(term: str) -> str:
    """The area of a skill ("data", "finance"…), "" where it is unknown."""
    known = canonical(term)
    return everything()[known].area if known else ""
