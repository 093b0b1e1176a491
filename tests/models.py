"""Two embedding models of different sizes, for tests of a change from one to the other, and what loads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Literal

import numpy as np

from cvmatcher.demo import occupations
from cvmatcher.domain import Unavailable
from cvmatcher.ports import Vectors
from tests.fakes import HashEmbedder, words

OLD, NEW = "fake/hash", "fake/other"
SIZES = {OLD: 256, NEW: 192}  # so that a question of one asked of the other's index is an error


class Closable(HashEmbedder):
    def close(self) -> None: ...


def named(model: str | None) -> Closable:
    """Raises Unavailable for any other name, as a hub that is out of reach."""
    if model not in SIZES:
        raise Unavailable(f"no {model} here")
    return Closable(SIZES[model], model)


async def either(model: str) -> Closable:
    return named(model)


async def neither(model: str) -> Closable:
    raise Unavailable(f"no {model} here")


class Knowing:
    """Knows in both languages which of the demo's occupations a text speaks of: a good model for the demo's CVs."""

    model_id, dimension = OLD, len(occupations())

    async def embed(self, texts: Sequence[str], role: Literal["query", "passage"]) -> Vectors:
        del role
        rows = np.array([[len(known & set(words(text))) for known in _vocabularies()] for text in texts], dtype=float)
        rows = rows**4 + 1e-3
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


@cache
def _vocabularies() -> list[set[str]]:
    """The words that only one or two occupations use."""
    said = [
        {word for kind in kinds.values() for bullet in kind.bullets for word in words(bullet) if len(word) > 4}
        for _, kinds in sorted(occupations().items())
    ]
    spread = Counter(word for one in said for word in one)
    return [{word for word in one if spread[word] < 3} for one in said]


class Blind:
    """Sees no difference between texts: the worst a model can be."""

    model_id, dimension = NEW, 192

    async def embed(self, texts: Sequence[str], role: Literal["query", "passage"]) -> Vectors:
        del role
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        rows[:, 0] = 1
        return rows
