"""Well-known firms, so that one named by itself is taken for an employer."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from cvmatcher.vocabulary.folding import Lexicon, Match, names_in, read_lines


@cache
def _lexicon() -> Lexicon:
    text = (files("cvmatcher.vocabulary") / "data" / "employers.txt").read_text(encoding="utf-8")
    lexicon = Lexicon()
    for _, line in read_lines(text):
        names = names_in(line)
        for name in names:
            lexicon.add(name.removeprefix("="), names[0].removeprefix("="), exact=name.startswith("="))
    return lexicon


def find(text: str) -> list[Match]:
    """Firms named in running text; those named like an everyday word only with their capitals (`exact_case`)."""
    return list(_lexicon().find(text))


def known(name: str) -> bool:
    """Whether `name` as a whole is a listed firm's name, whatever its capitals."""
    return bool(_lexicon().get(name))
