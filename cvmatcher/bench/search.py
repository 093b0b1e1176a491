"""How long a search takes over many CVs, and the memory they need (`bench search`).

Real indexes, embedder, rules and turns; invented CVs, held in memory where the service asks MongoDB. Embedding tens of
thousands of passages takes an hour, so only those of EMBEDDED CVs are: the others bear these vectors, each turned a
little, which costs a search the same.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import Any

import numpy as np
import psutil

from cvmatcher import demo, passages, search
from cvmatcher.adapters.faiss_index import FaissIndex
from cvmatcher.adapters.rules_interpreter import RulesInterpreter
from cvmatcher.adapters.rules_reranker import RulesReranker
from cvmatcher.adapters.word_index import TantivyIndex
from cvmatcher.bench.soak import machine
from cvmatcher.domain import Candidate, CVText, HitsFound, Ordered
from cvmatcher.ports import Embedder, VectorEntry, Vectors

EMBEDDED = 120  # CVs whose passages are embedded
_TURN = 0.02  # of each component of a vector of length 1 in 384 dimensions: a cosine of about 0.93
_AT_ONCE = 500
_UNMEASURED = 3  # questions asked before, so that vocabularies are loaded

_NOW = datetime(2025, 1, 1, tzinfo=UTC)

Report = dict[str, Any]


async def measure(embedder: Embedder, count: int, questions: int, seed: int) -> Report:
    """`count` CVs are made from the seed and asked `questions` questions, one after another."""
    before, begun = _memory(), time.monotonic()
    pool = {candidate.id: candidate for candidate in _people(count, seed)}
    held = _memory()
    vectors, words = FaissIndex(embedder.model_id, embedder.dimension), TantivyIndex()
    known = await embedder.embed([p.text for c in islice(pool.values(), EMBEDDED) for p in c.passages], "passage")
    own = _memory()
    chance = np.random.default_rng(seed)
    everybody = list(pool.values())
    for at in range(0, count, _AT_ONCE):
        part = everybody[at : at + _AT_ONCE]
        vectors.apply([_entry(one, embedder.model_id, known, chance) for one in part], [])
        words.apply(part, [])
    indexed, filled = _memory(), time.monotonic()

    async def read(ids: Sequence[str]) -> dict[str, Candidate]:
        return {one: pool[one] for one in ids if one in pool}

    parts = search.SearchParts(
        embedder=embedder,
        vectors=vectors,
        words=words,
        rules=RulesInterpreter(),
        judge_by_rules=RulesReranker(),
        read_candidates=read,
    )
    asked = list(islice(_questions(everybody, seed), questions + _UNMEASURED))
    spent = [await _spent(question, parts) for question in asked][_UNMEASURED:]
    return {
        "candidates": count,
        "passages": sum(len(one.passages) for one in everybody),
        "questions": questions,
        "first_hits_ms": _spread([first for first, _ in spent]),
        "order_ms": _spread([last for _, last in spent]),
        "filled_in_s": round(filled - begun, 1),
        "memory_mb": {"indexes": round(indexed - own), "cvs": round(held - before), "process": round(_memory())},
        "model": embedder.model_id,
        "machine": machine(),
    }


def _people(count: int, seed: int) -> Iterator[Candidate]:
    for number, (text, profile) in enumerate(islice(demo.written(seed), count)):
        cv = CVText(pages=(text,))
        yield Candidate(
            id=f"bench{number:06}",
            content_hash=hashlib.sha256(f"{number} {text}".encode()).hexdigest(),
            file_key=f"bench:{number}",
            file_name=f"{number}.pdf",
            profile=profile,
            pages=cv.pages,
            passages=passages.split(cv, profile),
            ingested_at=_NOW,
        )


def _entry(candidate: Candidate, model_id: str, known: Vectors, chance: np.random.Generator) -> VectorEntry:
    rows = known[chance.integers(0, len(known), len(candidate.passages))]
    turned = rows + chance.normal(0.0, _TURN, rows.shape)
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    return VectorEntry(candidate.id, candidate.content_hash, model_id, np.asarray(turned, dtype=np.float32))


def _questions(everybody: Sequence[Candidate], seed: int) -> Iterator[str]:
    """What somebody of the pool answers: a trade, by turns with a skill, a town or a language."""
    chance = Random(f"questions {seed}")  # noqa: S311 - it must repeat
    while True:
        profile = chance.choice(everybody).profile
        more = (
            ", ".join(profile.skills[:1]),
            profile.location.split(",")[0],
            " ".join(spoken.text for spoken in profile.languages[-1:]),
        )
        yield " ".join(filter(None, (profile.headline, *chance.sample(more, chance.randint(0, 2)))))


async def _spent(question: str, parts: search.SearchParts) -> tuple[float, float]:
    """Milliseconds to the first hits and to the order."""
    begun = time.perf_counter()
    first = last = 0.0
    async for event in search.run(search.SearchRequest(question), parts):
        if isinstance(event, HitsFound):
            first = first or time.perf_counter() - begun
        elif isinstance(event, Ordered):
            last = time.perf_counter() - begun
    return 1000 * first, 1000 * last


def _spread(milliseconds: Sequence[float]) -> dict[str, float]:
    return {f"p{share}": round(float(np.percentile(milliseconds, share)), 1) for share in (50, 95)}


def _memory() -> float:
    """Resident megabytes of this process."""
    return float(psutil.Process().memory_info().rss / 2**20)
