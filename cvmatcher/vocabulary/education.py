"""Degrees, schools and the qualifications of a profession, under all their names in French and English."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from importlib.resources import files

from cvmatcher.vocabulary.folding import Lexicon, Match, names_in, read_lexicon, read_lines, stems


class Kind(StrEnum):
    """What a name of the list is; the values are the headings of data/education.txt, which explains them."""

    DEGREE = "degrees"
    CAPITAL_DEGREE = "degrees by capital"
    SUBJECT_DEGREE = "degrees with subject"
    QUALIFICATION = "qualifications"
    ENGLISH_QUALIFICATION = "qualifications in English"
    SCHOOL = "schools"
    TOWN_SCHOOL = "schools by lead"


@cache
def _text() -> str:
    return (files("cvmatcher.vocabulary") / "data" / "education.txt").read_text(encoding="utf-8")


@cache
def everything() -> dict[str, tuple[Kind, tuple[str, ...]]]:
    """Canonical name -> its kind and all its names, itself first."""
    found: dict[str, tuple[Kind, tuple[str, ...]]] = {}
    for heading, line in read_lines(_text()):
        names = tuple(name.removeprefix("=") for name in names_in(line))
        found[names[0]] = (Kind(heading), names)
    return found


@cache
def _lexicon() -> Lexicon:
    return read_lexicon(_text())


def find(text: str) -> list[Match]:
    """Degrees, schools and qualifications named in running text; their kind is told by `kind`."""
    return list(_lexicon().find(text))


def kind(canonical: str) -> Kind:
    """What a canonical name of the list is; KeyError for one there is not."""
    return everything()[canonical][0]


def names(term: str) -> tuple[str, ...]:
    """All names of what `term` names as a whole, `term` first; just the term where it is unknown."""
    found = {term: None}
    for canonical in _lexicon().get(term):
        found.update(dict.fromkeys(name for name in everything()[canonical][1] if stems(name) != stems(term)))
    return tuple(found)
