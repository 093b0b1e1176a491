"""A plan -> candidates with a score, best first, from the vector and word indexes alone.

Owns how the legs' scores are brought to one scale and added up. Reads no candidate and knows no criterion.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cvmatcher.passages import HEADLINES
from cvmatcher.ports import Embedder, PassageHit, VectorIndex, Vectors, WordIndex, WordQuery
from cvmatcher.query.plan import Meaning, Plan, WordLeg

PASSAGES = 1200  # asked of the vector index for each text: about 200 candidates
CANDIDATES = 400  # asked of the word index for each leg
ALSO = 0.5  # weight of the mean of the other names beside the name asked


@dataclass(frozen=True, slots=True)
class Retrieved:
    """One candidate found; `passage` is the number of the one that matched best, None where only words matched."""

    candidate_id: str
    content_hash: str
    score: float
    passage: int | None = None


async def retrieve(plan: Plan, embedder: Embedder, vectors: VectorIndex, words: WordIndex) -> list[Retrieved]:
    """Every candidate that a leg found, best first; equal scores in the order of their ids."""
    rows = await _embedded(plan.meanings, embedder)
    by_meaning = [await asyncio.to_thread(vectors.search, row, PASSAGES) for row in rows]
    by_word = [await asyncio.to_thread(words.search, WordQuery(leg.terms, leg.field), CANDIDATES) for leg in plan.words]
    return fuse(plan, by_meaning, by_word)


async def _embedded(meanings: Sequence[Meaning], embedder: Embedder) -> list[Vectors]:
    """One unit vector for each meaning: that of its text plus the mean of the others that say the same."""
    texts = list(dict.fromkeys(text for meaning in meanings for text in (meaning.text, *meaning.also)))
    known = dict(zip(texts, await embedder.embed(texts, "query"), strict=True))
    rows = []
    for meaning in meanings:
        row = known[meaning.text]
        if meaning.also:
            row = row + ALSO * np.mean([known[text] for text in meaning.also], axis=0)
        rows.append(np.asarray(row / np.linalg.norm(row), dtype=np.float32))
    return rows


def fuse(
    plan: Plan, by_meaning: Sequence[Sequence[PassageHit]], by_word: Sequence[Sequence[PassageHit]]
) -> list[Retrieved]:
    """Adds up the legs: each on a scale from 0 (as good as not found) to 1 (its best), times its weight."""
    scores: dict[str, float] = {}
    hashes: dict[str, str] = {}
    passages: dict[str, tuple[float, int]] = {}
    for meaning, hits in zip(plan.meanings, by_meaning, strict=True):
        for hit in hits:
            hashes.setdefault(hit.candidate_id, hit.content_hash)
            passages[hit.candidate_id] = max(passages.get(hit.candidate_id, (-1.0, 0)), (hit.score, hit.passage))
        near = _together(hits) if meaning.described else _best(hits)
        _add(scores, _scaled(near, floor=True), meaning.weight)
    for leg, hits in zip(plan.words, by_word, strict=True):
        for hit in hits:
            hashes.setdefault(hit.candidate_id, hit.content_hash)
        _add(scores, _word_scores(leg, hits), leg.weight)
    found = [
        Retrieved(c, hashes[c], round(score, 9), passages[c][1] if c in passages else None)
        for c, score in scores.items()
    ]
    return sorted(found, key=lambda r: (-r.score, r.candidate_id))


def _best(hits: Sequence[PassageHit]) -> dict[str, float]:
    best: dict[str, float] = {}
    for hit in hits:
        best[hit.candidate_id] = max(best.get(hit.candidate_id, -1.0), hit.score)
    return best


def _together(hits: Sequence[PassageHit]) -> dict[str, float]:
    """Each candidate's nearness: that of what they are now, of their digest and of the best passage of their text.

    One passage alone tells little of a person. What was not among the hits counts as the last of them.
    """
    floor = min((hit.score for hit in hits), default=0.0)
    parts: dict[str, list[float]] = {}
    for hit in hits:
        own = parts.setdefault(hit.candidate_id, [floor] * (HEADLINES + 1))
        part = min(hit.passage, HEADLINES)
        own[part] = max(own[part], hit.score)
    return {candidate: sum(own) for candidate, own in parts.items()}


def _scaled(scores: Mapping[str, float], *, floor: bool) -> dict[str, float]:
    """Scores divided by their range: the lowest found is 0 with `floor`, else zero is."""
    if not scores:
        return {}
    low, high = (min(scores.values()) if floor else 0.0), max(scores.values())
    return {c: (score - low) / (high - low) if high > low else 1.0 for c, score in scores.items()}


def _word_scores(leg: WordLeg, hits: Sequence[PassageHit]) -> dict[str, float]:
    del leg
    return _scaled({hit.candidate_id: hit.score for hit in hits}, floor=False)


def _add(total: dict[str, float], scores: Mapping[str, float], weight: float) -> None:
    for candidate, score in scores.items():
        total[candidate] = total.get(candidate, 0.0) + weight * score
