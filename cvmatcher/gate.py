"""The gate before another embedding model goes live: is the search as good with it as with the one that answers?

Asks the very search that serves users, rules alone, with either model: on the demo's judged set, and on what this team
asked and liked. Owns the rule (a fall of the mean nDCG@10 by more than MARGIN) and what is too little to judge by.
Knows no job and switches nothing.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cvmatcher import demo, judged, search
from cvmatcher.domain import Candidate, HitsFound, Ordered
from cvmatcher.ports import Embedder, Structurer, VectorEntry, VectorIndex, WordIndex
from cvmatcher.search import SearchParts, SearchRequest
from cvmatcher.store import candidates, liked, vectors
from cvmatcher.store.live import Comparison

MARGIN = 0.005  # a mean that falls by less counts as the same
FEWEST_SEARCHES = 10  # of the team, with a liked candidate; fewer tell nothing
MOST_SEARCHES = 60
MOST_CANDIDATES = 1500  # that the team's questions are asked of: those shown to it, and others drawn to be as many
SECONDS = 30.0  # for the team's questions: within a slice's time
DEPTH = 20
_DRAWS = 2000
_CHUNK = 32  # texts embedded between two looks at the clock

Question = tuple[SearchRequest, Mapping[str, int]]


@dataclass(frozen=True)
class Gate:
    """What both models are tried with. `kept` keeps vectors of invented texts on disk, so that slices add up."""

    search: SearchParts  # its embedder and indexes are replaced
    structurer: Structurer
    vectors: Callable[[Embedder], VectorIndex]
    words: Callable[[], WordIndex]
    kept: Callable[[Embedder], Embedder]

    async def built_in(self, old: Embedder, new: Embedder, deadline: float) -> Comparison | None:
        """On the demo's judged set; None when the time is up: asked again, it goes on where it was."""
        asked = demo.judged_set()
        people = await _invented(asked.documents, self.structurer)
        models = self.kept(old), self.kept(new)
        for model in models:
            if not await _embed_until(deadline, model, people):
                return None
        entries = {model.model_id: [await _entry(person, model) for person in people] for model in models}
        questions = [(SearchRequest(query.text, k=DEPTH), query.grades) for query in asked.queries]
        return await self._compared(questions, people, models, entries, SECONDS)

    async def likes(self, old: Embedder, new: Embedder) -> tuple[Comparison | None, int]:
        """On what the team asked and liked; and how many such searches there are, None when these are too few."""
        searches = await liked.searches(MOST_SEARCHES)
        if len(searches) < FEWEST_SEARCHES:
            return None, len(searches)
        questions = [
            (SearchRequest(one.message, criteria=one.criteria, k=DEPTH), dict.fromkeys(one.liked, 1))
            for one in searches
        ]
        people = await _sample({shown for one in searches for shown in one.shown})
        ids = [person.id for person in people]
        entries = {model.model_id: list((await vectors.by_ids(ids, model.model_id)).values()) for model in (old, new)}
        return await self._compared(questions, people, (old, new), entries, SECONDS), len(searches)

    async def _compared(
        self,
        questions: Sequence[Question],
        people: Sequence[Candidate],
        models: tuple[Embedder, Embedder],
        entries: Mapping[str, Sequence[VectorEntry]],
        seconds: float,
    ) -> Comparison:
        words = self.words()
        await asyncio.to_thread(words.apply, people, [])
        old, new = (self._parts(people, words, model, entries[model.model_id]) for model in models)
        end = asyncio.get_running_loop().time() + seconds
        scores: list[tuple[float, float]] = []
        for request, grades in questions:
            scores.append((await _score(request, grades, old), await _score(request, grades, new)))
            if asyncio.get_running_loop().time() > end:
                break
        return compared(scores)

    def _parts(
        self, people: Sequence[Candidate], words: WordIndex, model: Embedder, entries: Sequence[VectorEntry]
    ) -> SearchParts:
        index = self.vectors(model)
        index.apply([entry for entry in entries if entry.model_id == model.model_id], [])
        known = {person.id: person for person in people}

        async def read(ids: Sequence[str]) -> dict[str, Candidate]:
            return {key: known[key] for key in ids if key in known}

        return replace(
            self.search,
            embedder=model,
            vectors=index,
            words=words,
            read_candidates=read,
            model=None,
            judge_by_model=None,
        )


def compared(scores: Sequence[tuple[float, float]], seed: int = 0) -> Comparison:
    """Of (old, new) nDCG@10 for each question, one at least."""
    table = np.asarray(scores, dtype=float)
    old, new = table.mean(axis=0)
    gains = table[:, 1] - table[:, 0]
    draws = np.random.default_rng(seed).integers(0, len(gains), (_DRAWS, len(gains)))
    low, high = np.percentile(gains[draws].mean(axis=1), [2.5, 97.5])
    return Comparison(
        old=round(float(old), 4),
        new=round(float(new), 4),
        interval=(round(float(low), 4), round(float(high), 4)),
        queries=len(scores),
        falls=bool(new < old - MARGIN),
    )


async def _score(request: SearchRequest, grades: Mapping[str, int], parts: SearchParts) -> float:
    """nDCG@10 of the last order that a reader sees."""
    order: list[str] = []
    async for event in search.run(request, parts):
        if isinstance(event, HitsFound):
            order += [hit.candidate_id for hit in event.hits]
        elif isinstance(event, Ordered):
            order = list(event.candidate_ids)
    return judged.ndcg(order, grades)


# --------------------------------------------------------------------------------------------------------- the pools


async def _invented(documents: Mapping[str, str], structurer: Structurer) -> list[Candidate]:
    return [await judged.candidate(key, text, structurer) for key, text in documents.items()]


async def _embed_until(deadline: float, kept: Embedder, people: Sequence[Candidate]) -> bool:
    """Embeds, and so keeps, all passages; False when the time was up before."""
    texts = [passage.text for person in people for passage in person.passages]
    for at in range(0, len(texts), _CHUNK):
        await kept.embed(texts[at : at + _CHUNK], "passage")
        if asyncio.get_running_loop().time() > deadline and at + _CHUNK < len(texts):
            return False
    return True


async def _entry(person: Candidate, model: Embedder) -> VectorEntry:
    rows = await model.embed([passage.text for passage in person.passages], "passage")
    return VectorEntry(person.id, person.content_hash, model.model_id, rows)


async def _sample(shown: set[str]) -> list[Candidate]:
    """Candidates that the team was shown, and others drawn up to MOST_CANDIDATES."""
    others = sorted((await vectors.hashes()).keys() - shown)
    room = max(0, min(MOST_CANDIDATES - len(shown), len(others)))
    drawn = random.Random(0).sample(others, room)  # noqa: S311 - the same for both models and every slice
    found = await candidates.by_ids(sorted(shown | set(drawn)))
    return list(found.values())
