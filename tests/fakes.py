"""Small honest stand-ins for the seams of ports.py: deterministic, in memory, no network, milliseconds.

The contract suites in tests/contracts hold them to the same promises as the real adapters.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np

from cvmatcher.domain import Candidate
from cvmatcher.ports import IndexStats, PassageHit, VectorEntry, Vectors, WordQuery


def words(text: str) -> list[str]:
    """Lower-case words without accents; `C++` and `C#` stay whole."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.findall(r"\w+[+#]*", plain)


class HashEmbedder:
    """A bag of words hashed into `dimension` signed buckets: texts that share words are near."""

    def __init__(self, dimension: int = 64, model_id: str = "fake/hash") -> None:
        self.dimension = dimension
        self.model_id = model_id

    async def embed(self, texts: Sequence[str], role: Literal["query", "passage"]) -> Vectors:
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            row[0] = 1e-3  # a text without a word still has a direction
            for word in words(text):
                digest = hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=4).digest()
                row[int.from_bytes(digest[:3]) % self.dimension] += 1 if digest[3] & 1 else -1
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class FakeVectorIndex:
    """Every passage in a dict, searched one by one."""

    def __init__(self, model_id: str = "fake/hash", dimension: int = 64) -> None:
        self.model_id, self.dimension = model_id, dimension
        self.entries: dict[str, VectorEntry] = {}

    def search(self, vector: Vectors, k: int) -> list[PassageHit]:
        if vector.shape != (self.dimension,) or not np.isfinite(vector).all():
            raise ValueError(vector.shape)
        hits = [
            PassageHit(e.candidate_id, e.content_hash, i, float(row @ vector))
            for e in self.entries.values()
            for i, row in enumerate(e.vectors)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.candidate_id, hit.passage))[:k]

    def scores(self, vector: Vectors, candidate_ids: Iterable[str]) -> dict[str, Vectors]:
        return {key: self.entries[key].vectors @ vector for key in candidate_ids if key in self.entries}

    def apply(self, upserts: Sequence[VectorEntry], removals: Sequence[str]) -> None:
        for e in upserts:
            if (
                e.model_id != self.model_id
                or e.vectors.shape[1:] != (self.dimension,)
                or not np.isfinite(e.vectors).all()
            ):
                raise ValueError(e.candidate_id)
        gone = set(removals)
        kept = {key: entry for key, entry in self.entries.items() if key not in gone}
        self.entries = kept | {e.candidate_id: e for e in upserts}

    def stats(self) -> IndexStats:
        held = self.entries.values()
        hashes = {e.candidate_id: e.content_hash for e in held}
        return IndexStats(hashes, sum(len(e.vectors) for e in held), self.model_id)


class FakeWordIndex:
    """Counts the terms of a query in each candidate's text; no stemming, no statistics."""

    def __init__(self) -> None:
        self.candidates: dict[str, Candidate] = {}

    def search(self, query: WordQuery, k: int) -> list[PassageHit]:
        hits = []
        for candidate in self.candidates.values():
            if query.restrict_to and candidate.id not in query.restrict_to:
                continue
            values = _field(candidate, query.in_field).split(" ; ")
            held = f" {' '.join(words(' '.join(values)))} "
            wholes = [words(value) for value in values]
            terms = [(words(term), boost) for term, boost in query.terms if words(term)]
            score = sum(
                boost for term, boost in terms if (term in wholes if query.whole else f" {' '.join(term)} " in held)
            )
            if score > 0:
                hits.append(PassageHit(candidate.id, candidate.content_hash, 0, score))
        return sorted(hits, key=lambda hit: (-hit.score, hit.candidate_id))[:k]

    def count(self, query: WordQuery) -> int:
        return len(self.search(query, len(self.candidates)))

    def apply(self, upserts: Sequence[Candidate], removals: Sequence[str]) -> None:
        gone = set(removals)
        kept = {key: candidate for key, candidate in self.candidates.items() if key not in gone}
        self.candidates = kept | {c.id: c for c in upserts}

    def stats(self) -> IndexStats:
        return IndexStats({c.id: c.content_hash for c in self.candidates.values()}, len(self.candidates))


def _field(candidate: Candidate, name: str) -> str:
    profile = candidate.profile
    return {
        "name": profile.name,
        "title": " ; ".join(e.title for e in profile.experiences),
        "headline": profile.headline,
        "skills": " ; ".join(profile.skills),
        "employers": " ; ".join(e.employer for e in profile.experiences),
        "places": " ; ".join([profile.location, *(e.place for e in profile.experiences)]),
        "languages": " ; ".join(lang.text for lang in profile.languages),
        "education": " ; ".join(f"{e.degree} {e.school}" for e in profile.education),
        "sectors": " ; ".join(profile.sectors),
    }.get(name, "\n".join(candidate.pages))
