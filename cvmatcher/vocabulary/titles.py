"""Occupations under all their names in French and English, and which lie near which."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import pairwise

from cvmatcher.vocabulary.folding import Lexicon, Match, names_in, read_lines, stems


@dataclass(frozen=True, slots=True)
class Title:
    """One occupation; `id` is its first name, `head` the id of the one that it stands near to (its own for that one).

    `narrower` are names of special cases of it; `special` says that it is itself a special case of its head.
    """

    id: str
    english: tuple[str, ...]
    french: tuple[str, ...]
    narrower: tuple[str, ...]
    family: str
    head: str
    special: bool

    @property
    def all_names(self) -> tuple[str, ...]:
        return (*self.english, *self.french, *self.narrower)


def _title(family: str, line: str, head: str) -> Title:
    mark, names = (line[0], line[1:]) if line[0] in _MARKS else ("", line)
    english_part, _, french_part = names.partition("|")
    english, french = names_in(english_part), names_in(french_part)
    title_id = (*english, *french)[0].lstrip(">")
    return Title(
        id=title_id,
        english=tuple(name for name in english if not name.startswith(">")),
        french=tuple(name for name in french if not name.startswith(">")),
        narrower=tuple(name[1:] for name in (*english, *french) if name.startswith(">")),
        family=family,
        head=head if mark else title_id,
        special=mark == _SPECIAL,
    )


_SPECIAL, _NEAR = "+", "~"
_MARKS = (_SPECIAL, _NEAR)


@cache
def everything() -> dict[str, Title]:
    """Id -> occupation. Raises ValueError where two occupations have one id."""
    text = (files("cvmatcher.vocabulary") / "data" / "titles.txt").read_text(encoding="utf-8")
    known: dict[str, Title] = {}
    head = ""
    for family, line in read_lines(text):
        title = _title(family, line, head)
        if title.id in known:
            raise ValueError(f"two occupations are called {title.id}")
        known[title.id] = title
        head = title.head
    return known


@cache
def _groups() -> dict[str, tuple[Title, ...]]:
    """Id of an occupation without a mark -> it and those near to it."""
    found: dict[str, list[Title]] = {}
    for title in everything().values():
        found.setdefault(title.head, []).append(title)
    return {head: tuple(titles) for head, titles in found.items()}


@cache
def _lexicon() -> Lexicon:
    lexicon = Lexicon()
    for title in everything().values():
        for name in (*title.english, *title.french, *title.narrower):
            lexicon.add(name, title.id)
    return lexicon


@cache
def pairs() -> frozenset[tuple[str, str]]:
    """The stems of words that stand side by side in the name of an occupation: "call centre" of "call centre agent"."""
    every = (stems(name) for title in everything().values() for name in title.all_names)
    return frozenset(pair for words in every for pair in pairwise(words))


@cache
def french_heads() -> frozenset[str]:
    """Stems of six letters and more that begin French names of occupations and stand in no English one: "infirmier"."""
    every = everything().values()
    english = {stem for title in every for name in title.english for stem in stems(name)}
    first = {stems(name)[0] for title in every for name in title.french}
    return frozenset(stem for stem in first - english if len(stem) > 5)


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


def special(name: str) -> tuple[str, ...]:
    """Names of the special cases of the occupations that `name` means: who is one of these is what was asked."""
    meant = [everything()[title_id] for title_id in ids(name)]
    inside = (case for title in meant for case in _groups().get(title.id, ()) if case.special)
    narrower = (*(n for title in meant for n in title.narrower), *(n for case in inside for n in case.all_names))
    return tuple(dict.fromkeys(narrower))


def near(name: str) -> tuple[str, ...]:
    """Names of the occupations near to those that `name` means, its special cases left out."""
    meant = [everything()[title_id] for title_id in ids(name)]
    own = {title.id for title in meant}
    others = (
        other
        for title in meant
        for other in _groups()[title.head]
        if other.id not in own and not (other.special and other.head in own)
    )
    return tuple(dict.fromkeys(n for other in others for n in other.all_names))
