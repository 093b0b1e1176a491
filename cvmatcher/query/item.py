"""One thing found in a message, and how it stands among the words around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cvmatcher.domain import CriterionKind, LanguageLevel
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import words


@dataclass(frozen=True, slots=True)
class Item:
    """One thing named at `start:end`; the fields of a Criterion that its kind needs."""

    kind: CriterionKind
    value: str
    start: int
    end: int
    minimum: float | None = None
    maximum: float | None = None
    level: LanguageLevel | None = None
    within_km: int | None = None
    or_remote: bool = False
    label: str = ""  # where its own words do not show its limits


Finder = Callable[[Message], Iterator[Item]]

_LIST_GAP = re.compile(
    r"\s*(?:,|/|\+|&|\bsoit\b|\bou\b|\bor\b|\bet\b|\band\b|\bni\b|\bnor\b)+\s*(?:(?:ou|or|et|and|ni|nor|soit"
    r"|bien|else|aussi"
    r"|also)\s+)*"
    r"(?:in |en |dans |a |at |chez |ex-|de chez |de |du |des |from |for |pour )?(?:le |la |les |l'|the |an? |une? "
    r"|du |de |des |d')?"
)


def continues(message: Message, end: int, start: int) -> bool:
    """Whether what starts at `start` goes on with the list that has come to `end`."""
    return end <= start and _LIST_GAP.fullmatch(message.folded[end:start]) is not None


def alone(message: Message, start: int, end: int) -> bool:
    """Whether its clause says nothing else, but for small words and what is used up already."""
    first, last = message.clause_start(start), message.clause_end(end)
    return all(
        word.text in words.of("articles")
        or word.text in words.of("prepositions")
        or not message.free(word.start, word.end)
        for word in message.words_in(first, last)
        if not start <= word.start < end
    )
