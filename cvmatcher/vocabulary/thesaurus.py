"""Things under all their names, with narrower things and near ones: how skills and sectors are kept.

Owns the form of their files: `name; alias; …` is one thing, its first name canonical; on a line `>` opens a narrower
one, which shows the first one of its family, and `|` a family that is only near; `=` before a name asks for its very
capitals.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from cvmatcher.vocabulary.folding import Lexicon, Match, names_in, read_lines, stems


@dataclass(slots=True)
class Term:
    """One thing. `narrower` show it too; `near` ones are often named for it and do not; canonical names all."""

    name: str
    heading: str
    line: str  # the first name of its line
    aliases: dict[str, None] = field(default_factory=dict)
    narrower: dict[str, None] = field(default_factory=dict)
    near: dict[str, None] = field(default_factory=dict)

    @property
    def all_names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


class Thesaurus:
    """A file's things. A name may belong to several: what is asked of it is then answered for all together."""

    def __init__(self, text: str) -> None:
        self.terms: dict[str, Term] = {}
        self._lexicon = Lexicon()
        for heading, line in read_lines(text):
            self._add(heading, [[names_in(part) for part in family.split(">")] for family in line.split("|")])

    def _add(self, heading: str, families: list[list[list[str]]]) -> None:
        line = [_bare(names[0]) for family in families for names in family]
        for family in families:
            for number, names in enumerate(family):
                first, *others = map(_bare, names)
                term = self.terms.setdefault(first, Term(first, heading, line[0]))
                term.aliases |= dict.fromkeys(others)
                term.narrower |= {} if number else {_bare(shown[0]): None for shown in family[1:]}
                term.near |= dict.fromkeys(other for other in line if other != first)
                for name in names:
                    self._lexicon.add(_bare(name), first, exact=name.startswith("="))

    def find(self, text: str) -> list[Match]:
        """Things named in running text, with where; names that need their capitals only with them."""
        return list(self._lexicon.find(text))

    def ids(self, name: str) -> tuple[str, ...]:
        """The canonical names of what `name` as a whole may mean, whatever its capitals; () where it is unknown."""
        return self._lexicon.get(name)

    def known(self, name: str) -> tuple[Term, ...]:
        return tuple(self.terms[one] for one in self.ids(name))

    def shown_by(self, name: str) -> tuple[str, ...]:
        """The names that show it: the one given first, its own in both languages, those of narrower things."""
        terms = self.known(name)
        own = (other for term in terms for other in term.all_names)
        narrower = (other for term in terms for one in term.narrower for other in self.terms[one].all_names)
        return tuple(_by_stems((name, *own, *narrower)).values())

    def near(self, name: str) -> tuple[str, ...]:
        """The names of things near it that do not show it; () where it is unknown."""
        shown = _by_stems(self.shown_by(name))
        others = _by_stems(
            other for term in self.known(name) for one in term.near for other in self.terms[one].all_names
        )
        return tuple(other for key, other in others.items() if key not in shown)


def _bare(name: str) -> str:
    return name.removeprefix("=")


def _by_stems(names: Iterable[str]) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for name in names:
        found.setdefault(stems(name), name)
    return found
