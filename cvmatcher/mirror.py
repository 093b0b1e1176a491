"""The two indexes of a process as a mirror of MongoDB: filled, mended and compared.

Owns what is read from the store for the indexes and in which batches. Knows no time and no stream of changes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import TypeVar

from cvmatcher import failpoint
from cvmatcher.ports import VectorEntry, VectorIndex, WordIndex
from cvmatcher.store import candidates, vectors

log = logging.getLogger(__name__)
T = TypeVar("T")
_BATCH = 200


class Mirror:
    """Whoever calls it to read and apply holds `lock`, so that nothing older is applied after something newer."""

    def __init__(self, vector_index: VectorIndex, word_index: WordIndex) -> None:
        self.vectors, self.words = vector_index, word_index
        self.lock = asyncio.Lock()
        self.refused: set[str] = set()  # candidates whose vectors are of another model, or damaged
        self.model_id = vector_index.stats().model_id

    def holds(self, candidate_id: str, content_hash: str | None) -> bool:
        """Whether both indexes hold that content of the candidate; None: whether neither holds the candidate."""
        return all(index.stats().candidates.get(candidate_id) == content_hash for index in (self.vectors, self.words))

    async def fill_vectors(self) -> None:
        seen: set[str] = set()
        async for batch in _in_batches(vectors.each(self.model_id)):
            seen.update(entry.candidate_id for entry in batch)
            await self._put(batch)
        gone = list(self.vectors.stats().candidates.keys() - seen)
        await asyncio.to_thread(self.vectors.apply, [], gone)
        self.refused &= seen

    async def fill_words(self) -> None:
        seen: set[str] = set()
        async for batch in _in_batches(candidates.each()):
            seen.update(candidate.id for candidate in batch)
            await asyncio.to_thread(self.words.apply, batch, [])
        gone = list(self.words.stats().candidates.keys() - seen)
        await asyncio.to_thread(self.words.apply, [], gone)

    async def mend(self, ids: Sequence[str]) -> bool:
        """Makes both indexes hold what MongoDB holds of these candidates now; whether something was removed."""
        removed = False
        for at in range(0, len(ids), _BATCH):
            batch = ids[at : at + _BATCH]
            entries, known = await vectors.by_ids(batch, self.model_id), await candidates.by_ids(batch)
            gone = [key for key in batch if key not in entries]
            self.refused.difference_update(gone)
            await asyncio.to_thread(self.vectors.apply, [], gone)
            await self._put(entries.values())
            unknown = [key for key in batch if key not in known]
            await asyncio.to_thread(self.words.apply, list(known.values()), unknown)
            removed = removed or bool(gone or unknown)
            failpoint.reach("indexed")
        return removed

    async def differing(self) -> list[str]:
        """Candidates whose content in an index is not the one in MongoDB now.

        After a change of model the old one's vectors go from MongoDB, candidate by candidate, maybe before this process
        has changed: as long as the content is the same, what the index holds of it is right and stays.
        """
        ours, everyone = await vectors.hashes(self.model_id), await vectors.hashes()
        held = self.vectors.stats().candidates
        left_behind = {key: content for key, content in held.items() if everyone.get(key) == content}
        searchable = left_behind | {key: content for key, content in ours.items() if key not in self.refused}
        return sorted(_differing(searchable, held) | _differing(everyone, self.words.stats().candidates))

    async def _put(self, entries: Iterable[VectorEntry]) -> None:
        good = [entry for entry in entries if self._of_our_model(entry)]
        try:
            await asyncio.to_thread(self.vectors.apply, good, [])
        except ValueError:
            await asyncio.to_thread(self._put_singly, good)
        else:
            self.refused.difference_update(entry.candidate_id for entry in good)

    def _of_our_model(self, entry: VectorEntry) -> bool:
        ours = entry.model_id == self.model_id
        if not ours:
            self._refuse(entry, f"made by {entry.model_id}")
        return ours

    def _put_singly(self, entries: Iterable[VectorEntry]) -> None:
        for entry in entries:
            try:
                self.vectors.apply([entry], [])
            except ValueError as error:
                self._refuse(entry, str(error))

    def _refuse(self, entry: VectorEntry, why: str) -> None:
        log.warning("vectors of %s are not searched: %s", entry.candidate_id, why)
        self.vectors.apply([], [entry.candidate_id])
        self.refused.add(entry.candidate_id)


def _differing(wanted: Mapping[str, str], held: Mapping[str, str]) -> set[str]:
    return {key for key in wanted.keys() | held.keys() if wanted.get(key) != held.get(key)}


async def _in_batches(items: AsyncIterator[T]) -> AsyncIterator[list[T]]:
    batch: list[T] = []
    async for item in items:
        batch.append(item)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
