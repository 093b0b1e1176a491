"""Well-known firms, so that one named by itself is taken for an employer."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from cvmatcher.vocabulary.folding import Lexicon, Match, read_lexicon


@cache
def _lexicon() -> Lexicon:
    return read_lexicon((files("cvmatcher.vocabulary") / "data" / "employers.txt").read_text(encoding="utf-8"))


def find(text: str) -> list[Match]:
    """Firms named in running text; those named like an everyday word only with their capitals (`exact_case`)."""
    return list(_lexicon().find(text))


def known(name: str) -> bool:
    """Whether `name` as a whole is a listed firm's name, whatever its capitals."""
    return bool(_lexicon().get(name))
