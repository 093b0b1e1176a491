"""French words of a woman and their form for everyone, the masculine: from the names of occupations, and by endings."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from cvmatcher.vocabulary import titles
from cvmatcher.vocabulary.folding import fold, read_lines

# masculine -> feminine endings of nouns; the feminine of a known occupation is one of these
_OF_NOUNS = (
    ("teur", "trice"), ("eur", "euse"), ("eur", "eure"), ("er", "ere"), ("en", "enne"), ("on", "onne"), ("an", "anne"),
    ("f", "ve"), ("f", "ffe"), ("el", "elle"), ("t", "tte"), ("", "e"),
)  # fmt: skip


@cache
def of(use: str) -> frozenset[str]:
    """The folded words of one list of data/genders.txt; KeyError for a list there is not."""
    return frozenset(_lists()[use])


@cache
def endings(use: str) -> tuple[str, ...]:
    """The same for a list of endings, as str.endswith takes them."""
    return _lists()[use]


def articles() -> dict[str, str]:
    return _pairs("articles")


def noun(word: str) -> str | None:
    """The form for everyone of a woman's occupation ("avocate", "infirmières"); None for any other word."""
    folded = fold(word)
    for plural in ("s", ""):
        single, bare = folded.removesuffix(plural), word[: len(word) - len(plural)]
        if folded.endswith(plural) and (change := _nouns().get(single)):
            return _changed(bare, *change) + word[len(bare) :]
    return None


def adjective(word: str) -> str | None:
    """The form for everyone of what a woman is said to be ("générale", "habituée"); None for any other word."""
    folded = fold(word)
    if folded in of("never"):
        return None
    if known := _pairs("pairs").get(folded):
        return _as_written(known, word)
    for feminine, masculine in _pairs("endings").items():
        if folded.endswith(feminine) and len(folded) > len(feminine) + 1:
            return _changed(word, feminine, masculine)
    return None


@cache
def persons() -> frozenset[str]:
    """Folded words that begin the name of an occupation: "comptable", "ingenieur"."""
    first = (re.match(r"[^\W\d_]+", name) for one in titles.everything().values() for name in one.french)
    return frozenset(fold(word.group()) for word in first if word) - of("no person")


@cache
def _nouns() -> dict[str, tuple[str, str]]:
    """Folded feminine -> (ending that goes, ending that comes), of the vocabulary's occupations."""
    words = (word for one in titles.everything().values() for name in one.french for word in name.split())
    known = {fold(word) + "e": ("e", "") for word in words if word.endswith("é") and fold(word) in persons()}
    for masculine in persons():
        if not masculine.endswith("e"):
            for ending, feminine in _OF_NOUNS:
                if masculine.endswith(ending):
                    known[masculine.removesuffix(ending) + feminine] = (feminine, ending)
    other = of("never") | of("also adjectives") | _pairs("pairs").keys()
    return {one: change for one, change in known.items() if one not in other}


def _changed(word: str, feminine: str, masculine: str) -> str:
    """The ending replaced; letters that stay are left as they are written ("DEVELOPPEUSE", "DÉVELOPPEUSE")."""
    if feminine.startswith(masculine):
        return _GRAVE.sub(
            lambda e: "e" if e.group() == "è" else "E", word[: len(word) - len(feminine) + len(masculine)]
        )
    return word[: len(word) - len(feminine)] + (masculine.upper() if word.isupper() else masculine)


_GRAVE = re.compile(r"[èÈ](?=[rtRT]$)")


def _as_written(masculine: str, word: str) -> str:
    """`masculine` in the capitals of `word`, and with no accent that `word` leaves out."""
    if word.isupper():
        return fold(masculine).upper() if word.isascii() else masculine.upper()
    shown = fold(masculine) if word.isascii() else masculine
    return shown.capitalize() if word[:1].isupper() else shown


@cache
def _pairs(use: str) -> dict[str, str]:
    """In the order of the file: the first ending that fits is taken."""
    return {one: other for one, _, other in (pair.partition(":") for pair in _lists()[use])}


@cache
def _lists() -> dict[str, tuple[str, ...]]:
    text = (files("cvmatcher.vocabulary") / "data" / "genders.txt").read_text(encoding="utf-8")
    found: dict[str, tuple[str, ...]] = {}
    for use, line in read_lines(text):
        found[use] = (*found.get(use, ()), *line.split())
    return found
