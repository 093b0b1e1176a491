"""The seams of CVmatcher: what the core asks of its adapters. Protocols, nothing else.

No vendor type and no file path crosses a seam. Arrays are NumPy float32, rows are L2-normalised vectors.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cvmatcher.domain import (
    Candidate,
    Criterion,
    CVText,
    Dossier,
    EarlierTurn,
    ListingPage,
    Profile,
    Understanding,
    Verdict,
)

Vectors = NDArray[np.float32]


class CVSource(Protocol):
    """A place where CVs lie."""

    name: str

    async def changes(self, cursor: str | None) -> ListingPage:
        """The next page of what changed since `cursor`; None starts a complete listing.

        Raises Unavailable (try later) or StaleCursor (start again with None).
        """
        ...

    async def fetch(self, file_id: str) -> bytes:
        """The file's bytes, whole and checked. Raises FileGone, NotAllowed, Unavailable, Unreadable (too large)."""
        ...


@runtime_checkable
class Keeper(Protocol):
    """A source that writes its files itself, and may be killed at it."""

    async def abandoned(self) -> list[str]:
        """What was begun to be written and will never be whole, by names of the source's own."""
        ...

    async def clear_abandoned(self) -> int:
        """Deletes it; how many."""
        ...


class Structurer(Protocol):
    """CV text -> Profile."""

    version: str  # goes into Candidate.structured_by

    async def structure(self, text: CVText) -> Profile:
        """Raises Unavailable, OutOfQuota or BadAnswer."""
        ...


class Interpreter(Protocol):
    """A recruiter's message -> criteria."""

    async def interpret(self, message: str, conversation: Sequence[EarlierTurn]) -> Understanding:
        """Raises Unavailable or BadAnswer."""
        ...


class Reranker(Protocol):
    """Judges each candidate against each criterion, candidates apart."""

    name: str

    def judge(self, criteria: Sequence[Criterion], dossiers: Sequence[Dossier]) -> AsyncIterator[Verdict]:
        """Verdicts as they come, `candidate_id` being the dossier's id; unchecked: code checks the quotations.

        Raises Unavailable or BadAnswer once no further verdict can come.
        """
        ...


class Embedder(Protocol):
    """Texts -> vectors. `model_id` names the weights, whatever engine serves them."""

    model_id: str
    dimension: int

    async def embed(self, texts: Sequence[str], role: Literal["query", "passage"]) -> Vectors:
        """(len(texts), dimension), rows L2-normalised. The role picks the model's prefix."""
        ...


@dataclass(frozen=True, slots=True)
class VectorEntry:
    """All vectors of one candidate: row i belongs to its passage i."""

    candidate_id: str
    content_hash: str
    model_id: str
    vectors: Vectors


@dataclass(frozen=True, slots=True)
class PassageHit:
    """One passage found. `score` is the cosine (VectorIndex) or the index's own score (WordIndex); higher is better."""

    candidate_id: str
    content_hash: str
    passage: int
    score: float


@dataclass(frozen=True, slots=True)
class IndexStats:
    """`candidates` maps candidate id to content hash: what `check` compares with MongoDB."""

    candidates: dict[str, str]
    passages: int
    model_id: str = ""


class VectorIndex(Protocol):
    """Nearest passages. Refuses vectors of another model, of another dimension, or with NaN (ValueError)."""

    def search(self, vector: Vectors, k: int) -> list[PassageHit]:
        """The k nearest passages to one (dimension,) vector, best first."""
        ...

    def scores(self, vector: Vectors, candidate_ids: Iterable[str]) -> dict[str, Vectors]:
        """Cosines with all passages of these candidates, (passages,) each; those unknown are left out."""
        ...

    def apply(self, upserts: Sequence[VectorEntry], removals: Sequence[str]) -> None:
        """Replaces the candidates in `upserts`, drops the candidate ids in `removals`; atomic for readers."""
        ...

    def stats(self) -> IndexStats: ...


@dataclass(frozen=True, slots=True)
class WordQuery:
    """Terms for the word index: any may match; `in_field` narrows where ("" is everywhere).

    `whole`: a term must be all of one value of the field, such as one skill or one firm, not words inside it.
    """

    terms: tuple[tuple[str, float], ...]  # (term or phrase, boost)
    in_field: str = ""
    restrict_to: frozenset[str] = field(default_factory=frozenset)  # candidate ids; empty = all
    whole: bool = False


class WordIndex(Protocol):
    """BM25 over candidates' fields, French and English analysis. PassageHit.passage is 0."""

    def search(self, query: WordQuery, k: int) -> list[PassageHit]: ...

    def count(self, query: WordQuery) -> int:
        """How many candidates the query finds."""
        ...

    def apply(self, upserts: Sequence[Candidate], removals: Sequence[str]) -> None: ...

    def stats(self) -> IndexStats: ...
