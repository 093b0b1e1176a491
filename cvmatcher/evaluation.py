"""Judged sets through the very search that serves users, beside simple methods on the same passages and vectors.

Owns the measuring: documents go through the structurer, the passages and the embedder into real indexes, queries
through search.run. Nothing is stored but embeddings, by the hash of their text.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cvmatcher import judged, search
from cvmatcher.adapters.faiss_index import FaissIndex
from cvmatcher.adapters.kept_embedder import KeptEmbedder
from cvmatcher.adapters.rules_interpreter import RulesInterpreter
from cvmatcher.adapters.rules_reranker import RulesReranker
from cvmatcher.adapters.word_index import TantivyIndex
from cvmatcher.domain import Candidate, HitsFound, Ordered
from cvmatcher.judged import JudgedQuery, JudgedSet
from cvmatcher.peers import venvs
from cvmatcher.peers.exchange import Row
from cvmatcher.peers.venvs import Peer
from cvmatcher.ports import Embedder, Interpreter, Reranker, Structurer, VectorEntry, WordQuery
from cvmatcher.vocabulary.folding import tokens

DEPTH = 50  # of every ranking
_FIRST_WORDS = 90  # about the 128 tokens that the original system embedded of a CV
_RRF = 60.0
_DRAWS = 2000  # of the bootstrap

Ranking = list[str]
Method = Callable[[JudgedQuery], Ranking]
Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    del done, total


async def evaluate(
    folder: Path,
    *,
    structurer: Structurer,
    embedder: Embedder,
    cache: Path,
    rules: Interpreter | None = None,
    judge: Reranker | None = None,
    peers: Sequence[Peer] = (),
    progress: Progress = _silent,
) -> dict[str, Any]:
    """Figures of one judged set: `all`, `by_language`, `by_kind`, `baselines` (with `ratio`), `latency_ms`.

    `peers`: other software measured on the same passages and vectors. Raises InvalidInput when the folder is no judged
    set, Unavailable when a peer cannot be run.
    """
    pool = await _Pool.of(judged.load(folder), structurer, KeptEmbedder(embedder, cache), progress)
    parts = search.SearchParts(
        embedder=pool.embedder,
        vectors=pool.vectors,
        words=pool.words,
        rules=rules or RulesInterpreter(),
        judge_by_rules=judge or RulesReranker(),
        read_candidates=pool.read,
    )
    ours: dict[str, Ranking] = {}
    milliseconds: list[float] = []
    for query in pool.judged.queries:
        ours[query.id], first_hits = await _ranked(query, parts)
        milliseconds.append(first_hits)
    baselines = await pool.baselines()
    spent = {"search": milliseconds}
    if peers:
        passages_of, queries = await pool.material()
        for peer in peers:
            ranked = await venvs.rank(peer, passages_of, queries, cache.parent)
            baselines[peer.name] = {query_id: list(ranking) for query_id, ranking in ranked.rankings.items()}
            spent[peer.name] = list(ranked.milliseconds)
    return _report(pool.judged.queries, ours, baselines, spent)


async def _ranked(query: JudgedQuery, parts: search.SearchParts) -> tuple[Ranking, float]:
    """The last order that a reader sees, and the milliseconds to the first hits."""
    start, first = time.perf_counter(), None
    order: Ranking = []
    async for event in search.run(search.SearchRequest(query.text, k=DEPTH), parts):
        if isinstance(event, HitsFound):
            first = first or time.perf_counter()
            order += [hit.candidate_id for hit in event.hits]
        elif isinstance(event, Ordered):
            order = list(event.candidate_ids)
    return order, 1000 * ((first or time.perf_counter()) - start)


# ------------------------------------------------------------------------------------------------------- the pool


@dataclass
class _Pool:
    """The set's documents as candidates, in the real indexes."""

    judged: JudgedSet
    embedder: Embedder
    vectors: FaissIndex
    words: TantivyIndex
    candidates: dict[str, Candidate] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)

    @classmethod
    async def of(cls, judged_set: JudgedSet, structurer: Structurer, embedder: Embedder, progress: Progress) -> _Pool:
        words = TantivyIndex()
        pool = cls(judged_set, embedder, FaissIndex(embedder.model_id, embedder.dimension), words)
        documents = list(judged_set.documents.items())
        for at in range(0, len(documents), 100):
            part = [await judged.candidate(i, text, structurer) for i, text in documents[at : at + 100]]
            await pool._add(part)
            progress(min(at + 100, len(documents)), len(documents))
        return pool

    async def _add(self, part: Sequence[Candidate]) -> None:
        texts = [passage.text for candidate in part for passage in candidate.passages]
        rows = await self.embedder.embed(texts, "passage")
        entries, at = [], 0
        for candidate in part:
            count = len(candidate.passages)
            self.rows[candidate.id] = rows[at : at + count]
            entries.append(
                VectorEntry(candidate.id, candidate.content_hash, self.embedder.model_id, rows[at : at + count])
            )
            self.candidates[candidate.id] = candidate
            at += count
        self.vectors.apply([entry for entry in entries if len(entry.vectors)], [])
        self.words.apply(part, [])

    async def read(self, ids: Sequence[str]) -> dict[str, Candidate]:
        return {i: self.candidates[i] for i in ids if i in self.candidates}

    async def material(self) -> tuple[list[Row], list[Row]]:
        """Passages and queries with their vectors, as the simple methods have them: what a peer is given."""
        asked = await self.embedder.embed([query.text for query in self.judged.queries], "query")
        queries = [Row(q.id, q.text, row.tobytes()) for q, row in zip(self.judged.queries, asked, strict=True)]
        passages_of = [
            Row(i, candidate.passages[n].text, self.rows[i][n].tobytes())
            for i, candidate in self.candidates.items()
            for n in _own(candidate)
        ]
        return passages_of, queries

    # --------------------------------------------------------------------------------------------- simple methods

    async def baselines(self) -> dict[str, dict[str, Ranking]]:
        """Name of the method -> query id -> ranking. All see the same text and the same model."""
        ids = list(self.candidates)
        texts = [" ".join(self.judged.documents[i].split()[:_FIRST_WORDS]) for i in ids]
        first = await self.embedder.embed(texts, "passage")
        questions = await self.embedder.embed([query.text for query in self.judged.queries], "query")
        own = [_own(self.candidates[i]) for i in ids]
        rankings: dict[str, dict[str, Ranking]] = {"bm25": {}, "vectors": {}, "rrf": {}, "original": {}}
        for query, row in zip(self.judged.queries, questions, strict=True):
            terms = tuple((token.text, 1.0) for token in tokens(query.text))
            words = [hit.candidate_id for hit in self.words.search(WordQuery(terms), len(ids))]
            best = [
                float((self.rows[i][p or slice(None)] @ row).max(initial=-1.0)) for i, p in zip(ids, own, strict=True)
            ]
            near = [ids[n] for n in np.argsort(-np.asarray(best), kind="stable")]
            rankings["bm25"][query.id] = words[:DEPTH]
            rankings["vectors"][query.id] = near[:DEPTH]
            rankings["rrf"][query.id] = _rrf(words, near)[:DEPTH]
            rankings["original"][query.id] = [ids[n] for n in np.argsort(-(first @ row), kind="stable")][:DEPTH]
        return rankings


def _own(candidate: Candidate) -> list[int]:
    """Numbers of the passages that are the CV's own text, without the headlines put before it."""
    return [number for number, passage in enumerate(candidate.passages) if passage.kind != "headline"]


def _rrf(*rankings: Ranking) -> Ranking:
    """Reciprocal rank fusion (Cormack and others, 2009), constant 60."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, document in enumerate(ranking, start=1):
            scores[document] = scores.get(document, 0.0) + 1 / (_RRF + rank)
    return sorted(scores, key=lambda document: (-scores[document], document))


# ------------------------------------------------------------------------------------------------------- figures


def _figures(queries: Sequence[JudgedQuery], rankings: Mapping[str, Ranking]) -> dict[str, float]:
    def mean(values: Sequence[float]) -> float:
        return round(statistics.fmean(values), 4) if values else 0.0

    return {
        "ndcg@10": mean([judged.ndcg(rankings[q.id], q.grades) for q in queries]),
        "recall@50": mean([judged.recall(rankings[q.id], q.grades) for q in queries]),
        "mrr": mean([judged.reciprocal_rank(rankings[q.id], q.grades) for q in queries]),
        "n": len(queries),
    }


def _report(
    queries: Sequence[JudgedQuery],
    ours: Mapping[str, Ranking],
    baselines: Mapping[str, Mapping[str, Ranking]],
    milliseconds: Mapping[str, Sequence[float]],
) -> dict[str, Any]:
    def by(key: Callable[[JudgedQuery], str]) -> dict[str, dict[str, float]]:
        groups = sorted({key(q) for q in queries} - {""})
        return {group: _figures([q for q in queries if key(q) == group], ours) for group in groups}

    own = [judged.ndcg(ours[q.id], q.grades) for q in queries]
    return {
        "all": _figures(queries, ours),
        "by_language": by(lambda query: query.language),
        "by_kind": by(lambda query: query.kind),
        "baselines": {
            name: _figures(queries, rankings)
            | {"by_language": _by_language(queries, rankings)}
            | ratio(own, [judged.ndcg(rankings[q.id], q.grades) for q in queries])
            | ({"latency_ms": _spread(milliseconds[name])} if name in milliseconds else {})
            for name, rankings in baselines.items()
        },
        "latency_ms": _spread(milliseconds["search"]),
        "queries": {"search": own}
        | {name: [judged.ndcg(r[q.id], q.grades) for q in queries] for name, r in baselines.items()},
    }


def _by_language(queries: Sequence[JudgedQuery], rankings: Mapping[str, Ranking]) -> dict[str, float]:
    languages = sorted({q.language for q in queries} - {""})
    return {lang: _figures([q for q in queries if q.language == lang], rankings)["ndcg@10"] for lang in languages}


def ratio(ours: Sequence[float], theirs: Sequence[float], seed: int = 0) -> dict[str, Any]:
    """Mean of ours over mean of theirs, with the 95 % interval of a paired bootstrap over the queries."""
    one, other = np.asarray(ours), np.asarray(theirs)
    draws = (
        np.random.default_rng(seed).integers(0, len(one), (_DRAWS, len(one)))
        if len(one)
        else np.zeros((0, 0), dtype=int)
    )
    lower = np.maximum(other[draws].mean(axis=1), 1e-9)
    ratios = one[draws].mean(axis=1) / lower
    if not len(ratios) or not other.any():
        return {"ratio": None, "interval": None}
    low, high = np.percentile(ratios, [2.5, 97.5])
    return {
        "ratio": round(float(one.mean() / other.mean()), 3),
        "interval": [round(float(low), 3), round(float(high), 3)],
    }


def macro(reports: Sequence[Mapping[str, Any]], seed: int = 0) -> dict[str, Any]:
    """Means of nDCG@10 over sets, each set counting the same, and the ratio of ours to each method's.

    `best` is the method that is best on each set by itself. Intervals: 95 %, paired bootstrap over queries within sets.
    """
    random = np.random.default_rng(seed)
    draws = [random.integers(0, report["all"]["n"], (_DRAWS, report["all"]["n"])) for report in reports]

    def means(chosen: Sequence[str]) -> tuple[float, Any]:
        """The macro mean of one method a set, and its bootstrap draws."""
        scores = [np.asarray(report["queries"][name]) for report, name in zip(reports, chosen, strict=True)]
        drawn = np.mean([one[draw].mean(axis=1) for one, draw in zip(scores, draws, strict=True)], axis=0)
        return float(np.mean([one.mean() for one in scores])), drawn

    mean, drawn = means(["search"] * len(reports))
    rivals = {name: [name] * len(reports) for name in reports[0]["baselines"]}
    rivals["best"] = [max(r["baselines"], key=lambda name: r["baselines"][name]["ndcg@10"]) for r in reports]
    found: dict[str, Any] = {"ndcg@10": round(mean, 4), "baselines": {}}
    for name, chosen in rivals.items():
        other, theirs = means(chosen)
        low, high = np.percentile(drawn / np.maximum(theirs, 1e-9), [2.5, 97.5])
        found["baselines"][name] = {
            "ndcg@10": round(other, 4),
            "ratio": round(mean / max(other, 1e-9), 3),
            "interval": [round(float(low), 3), round(float(high), 3)],
        }
    return found


def _spread(milliseconds: Sequence[float]) -> dict[str, float]:
    return {"p50": _percentile(milliseconds, 50), "p95": _percentile(milliseconds, 95)}


def _percentile(values: Sequence[float], share: float) -> float:
    if not values:
        return 0.0
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, math.ceil(share / 100 * len(ordered)) - 1)], 1)


def run(folder: Path, **parts: Any) -> dict[str, Any]:
    """`evaluate` for code that has no event loop."""
    return asyncio.run(evaluate(folder, **parts))
