"""Whether a text names somebody of the pool: what names a person is not shown to a language model.

Names no rule could tell from other words are told by the pool's own names. Pure but for the indexes it is handed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from cvmatcher.domain import Candidate
from cvmatcher.folding import fold
from cvmatcher.ports import WordIndex, WordQuery

MOST_WORDS = 300  # of a text: a job description has fewer that could be a name
LIKELY = 50  # candidates of such a name that are looked at

ReadCandidates = Callable[[Sequence[str]], Awaitable[Mapping[str, Candidate]]]


async def named(texts: Iterable[str], words: WordIndex, read: ReadCandidates) -> frozenset[str]:
    """Full names of candidates, all parts of which stand in the texts."""
    said = list(dict.fromkeys(part for text in texts for part in _parts(text)))[:MOST_WORDS]
    if not said:
        return frozenset()
    query = WordQuery(tuple((word, 1.0) for word in said), "name")
    likely = await asyncio.to_thread(words.search, query, LIKELY)
    found = (await read([hit.candidate_id for hit in likely])).values()
    return frozenset(one.profile.name for one in found if mentions(said, one.profile.name))


def mentions(said: Iterable[str], name: str) -> bool:
    """Whether every part of a name of two parts or more is among the (folded) words said."""
    parts = set(_parts(name))
    return len(parts) > 1 and parts <= set(said)


def names_one(text: str, names: Iterable[str]) -> bool:
    """Whether the text names one of them."""
    said = _parts(text)
    return any(mentions(said, name) for name in names)


def without_names(text: str, known: str, words: WordIndex) -> str:
    """The text without the words that are part of a name in the pool, save those that `known` has too. Blocks."""
    kept = set(_parts(known))

    @lru_cache
    def names_somebody(part: str) -> bool:
        return part not in kept and bool(words.search(WordQuery(((part, 1.0),), "name"), 1))

    def shown(word: re.Match[str]) -> str:
        return "" if names_somebody(fold(word.group())) else word.group()

    return " ".join(re.sub(r"[^\W\d_]{2,}", shown, text).split())


def _parts(text: str) -> list[str]:
    return [fold(part) for part in re.findall(r"[^\W\d_]{2,}", text)]
