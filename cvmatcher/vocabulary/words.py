"""Small words by what they do in a request: articles, fillers, what ends a title, nouns that make one."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from cvmatcher.vocabulary.folding import read_lines


@cache
def _lists() -> dict[str, frozenset[str]]:
    text = (files("cvmatcher.vocabulary") / "data" / "words.txt").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for use, line in read_lines(text):
        found.setdefault(use, set()).update(line.split())
    return {use: frozenset(words) for use, words in found.items()}


def of(use: str) -> frozenset[str]:
    """The folded words of one list of data/words.txt; KeyError for a list there is not."""
    return _lists()[use]
