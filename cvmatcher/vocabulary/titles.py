"""Occupations under all their names in French and English, and which lie near which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from cvmatcher.vocabulary.folding import Lexicon, Match, names_in, read_lines, stems


@dataclass(frozen=True, slots=True)
class Title:
    """One occupation; `id` is its first English name. `narrower` are names of special cases of it."""

    id: str
    english: tuple[str, ...]
    french: tuple[str, ...]
    narrower: tuple[str, ...]
    family: str

    @property
    def all_names(self) -> tuple[str, ...]:
        return (*self.english, *self.french, *self.narrower)


def _title(family: str, line: str) -> Title:
    english_part, _, french_part = line.partition("|")
    english, french = names_in(english_part), names_in(french_part)
    return Title(
        id=english[0].lstrip(">"),
        english=tuple(name for name in english if not name.startswith(">")),
        french=tuple(name for name in french if not name.startswith(">")),
        narrower=tuple(name[1:] for name in (*english, *french) if name.startswith(">")),
        family=family,
    )


@cache
def everything() -> dict[str, Title]:
    """Id -> occupation."""
    text = (files("cvmatcher.vocabulary") / "data" / "titles.txt").read_text(encoding="utf-8")
    return {title.id: title for title in (_title(family, line) for family, line in read_lines(text))}


@cache
def _lexicon() -> Lexicon:
    lexicon = Lexicon()
    for title in everything().values():
        for name in (*title.english, *title.french, *title.narrower):
            lexicon.add(name, title.id)
    return lexicon


def find(text: str) -> list[Match]:
    """Occupations named in running text, with where; a name of several occupations gives one match for each."""
    return list(_lexicon().find(text))


def ids(name: str) -> tuple[str, ...]:
    """The occupations that `name` as a whole may mean; () where it is unknown."""
    return _lexicon().get(name)


def names(name: str, language: str = "") -> tuple[str, ...]:
    """Other names of the occupations that `name` means, in one language ("fr", "en") or both; not `name` itself."""
    found: dict[str, None] = {}
    own = stems(name)
    for title_id in ids(name):
        title = everything()[title_id]
        for other in (*(title.english if language != "fr" else ()), *(title.french if language != "en" else ())):
            if stems(other) != own:
                found.setdefault(other)
    return tuple(found)


def families(name: str) -> frozenset[str]:
    """The families of the occupations that `name` means."""
    return frozenset(everything()[title_id].family for title_id in ids(name))
