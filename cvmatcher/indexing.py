"""MongoDB -> the indexes of this process: filled at start, then following every change.

Owns the order of reading (the place in the stream first, content afterwards: nothing committed in between is missed),
the periodic comparison, the waits while MongoDB is away, the snapshot's moments, and the change to an index of another
model: filled while the old one answers, then put in its place. Knows no FAISS, no model and no file path.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, cast, runtime_checkable

import pymongo
from bson import json_util
from pymongo.errors import PyMongoError

from cvmatcher.cancelling import end
from cvmatcher.domain import AppError, StaleCursor, Unavailable
from cvmatcher.mirror import Mirror
from cvmatcher.ports import VectorIndex, WordIndex
from cvmatcher.store import live, vectors

log = logging.getLogger(__name__)
_SAVE_SECONDS = 300.0  # between two snapshots; after a removal the next comparison saves: nobody erased stays on disk
_SHORTEST_WAIT, _LONGEST_WAIT = 0.1, 5.0  # seconds between two tries while MongoDB is away
_MOST_CHANGES = 200  # applied at once
_LOOK_SECONDS = 1.0  # between two looks at which model answers
_LOAD_AGAIN = 30.0  # seconds after a model could not be loaded

Change = tuple[Mapping[str, Any], str]  # resume token, candidate id


@runtime_checkable
class Kept(Protocol):
    """An index that keeps a local copy of itself; `position` means nothing to it."""

    def load(self) -> str | None: ...

    def save(self, position: str) -> None: ...


class Models(Protocol):
    """Who can change the model that this process answers by."""

    async def open_index(self, model_id: str) -> VectorIndex:
        """An empty index of that model. Raises AppError when the model cannot be loaded here."""
        ...

    def answer_by(self, index: VectorIndex) -> None:
        """From now on `index`, filled, answers; searches under way end with what they began with."""
        ...


class _AnotherModel(Exception):
    """Another model's vectors answer now."""


@dataclass(frozen=True, slots=True)
class FollowerStats:
    """What /diagnostic and `check` show."""

    ready: bool  # filled once
    connected: bool  # following now
    candidates: int
    passages: int
    refused: int  # candidates with vectors that are damaged or of another model: found by words only
    corrected: int  # differences that comparisons have found and mended since the start
    last_error: str


class Follower:
    """Keeps both indexes equal to MongoDB while it runs.

    `async with` starts it and waits for the first filling; `start()` does not wait. Searches may go on at any time.
    """

    def __init__(
        self,
        vector_index: VectorIndex,
        word_index: WordIndex,
        *,
        compare_seconds: float = 20.0,
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._mirror = Mirror(vector_index, word_index)
        self._compare_seconds, self._look_seconds = compare_seconds, look_seconds
        self.told: list[Callable[[Sequence[str] | None], None]] = []  # hear which candidates changed; None: any of them
        self.models: Models | None = None  # None: this process keeps the model that it has
        self._load_again = 0.0  # when, after the model that answers could not be loaded
        self._position: Mapping[str, Any] | None = None
        self._filled, self._compared = asyncio.Event(), asyncio.Event()
        self._changed = asyncio.Condition()
        self._connected = False
        self._wait = _SHORTEST_WAIT
        self._corrected = 0
        self._last_error = ""
        self._removed = False
        self._saved: tuple[str, float] = "", 0.0  # position and time of the last snapshot
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="index-follower")

    async def stop(self) -> None:
        """Ends following and keeps a snapshot."""
        if self._task is not None:
            await end(self._task, every=2.0)
            self._task = None
            await self._save()

    async def __aenter__(self) -> Self:
        self.start()
        await self.ready()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def ready(self) -> None:
        """Until both indexes have been filled and compared once. Raises what ended the follower, if it has ended."""
        compared = asyncio.create_task(self._compared.wait())
        await asyncio.wait([task for task in (compared, self._task) if task], return_when=asyncio.FIRST_COMPLETED)
        compared.cancel()
        if self._task is not None and self._task.done():
            self._task.result()

    @property
    def position(self) -> str:
        """Place in MongoDB's stream of changes up to which all is applied; "" before the first filling."""
        return json_util.dumps(self._position) if self._position is not None else ""

    def stats(self) -> FollowerStats:
        return FollowerStats(
            ready=self._filled.is_set(),
            connected=self._connected,
            candidates=len(self._mirror.words.stats().candidates),
            passages=self._mirror.vectors.stats().passages,
            refused=len(self._mirror.refused),
            corrected=self._corrected,
            last_error=self._last_error,
        )

    async def wait_until(self, candidate_id: str, content_hash: str | None) -> None:
        """Until both indexes hold that content of the candidate; None: until neither holds the candidate."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._mirror.holds(candidate_id, content_hash))

    async def compare(self) -> int:
        """Mends what differs from MongoDB now; the number of candidates that differed."""
        async with self._mirror.lock:
            differing = await self._mirror.differing()
            await self._mend(differing)
        if differing:
            log.info("%d candidates differed between MongoDB and the index", len(differing))
        self._corrected += len(differing)
        return len(differing)

    # ------------------------------------------------------------------------------------------------- following

    async def _run(self) -> None:
        await self._load()
        while True:
            try:
                await self._fill()
                await self._follow_and_compare()
            except _AnotherModel as change:
                await self._change_model(str(change))
                continue
            except StaleCursor as error:
                log.warning("%s; reading everything again", error)
                self._position = None
            except (Unavailable, PyMongoError) as error:
                self._last_error = str(error)
                log.warning("the index cannot follow MongoDB: %s", error)
            self._connected = False
            await asyncio.sleep(self._wait)
            self._wait = min(self._wait * 2, _LONGEST_WAIT)

    async def _fill(self) -> None:
        """Vectors unless the snapshot gave them with their place in the stream; words at the start in any case."""
        position = self._position
        if position is not None and self._filled.is_set():
            return
        async with self._mirror.lock:
            if position is None:
                position = await vectors.position()
                await self._mirror.fill_vectors()
            await self._mirror.fill_words()
        self._position = position
        self._pass_on(None)
        if not self._saved[0]:
            await self._save()
        self._filled.set()
        await self._tell()

    async def _follow_and_compare(self) -> None:
        """Until one of the two fails. Raises StaleCursor, Unavailable or PyMongoError."""
        work = self._follow(), self._compare_regularly(), self._look_at_the_model()
        tasks = [asyncio.create_task(each) for each in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in done:
                task.result()
        finally:
            await end(*tasks)

    async def _follow(self) -> None:
        async with contextlib.aclosing(_drained(self._position)) as batches:
            async for changes in batches:
                async with self._mirror.lock:
                    await self._mend(list({candidate_id: None for _, candidate_id in changes}))
                    self._position = changes[-1][0]

    async def _compare_regularly(self) -> None:
        while True:
            await self.compare()
            self._connected, self._wait = True, _SHORTEST_WAIT
            self._compared.set()
            position, at = self._saved
            if self._removed or (position != self.position and _now() > at + _SAVE_SECONDS):
                await self._save()
            await asyncio.sleep(self._compare_seconds)

    async def _look_at_the_model(self) -> None:
        """Raises _AnotherModel as soon as the model that answers is not this process's."""
        while True:
            state = await live.get()
            there = state is None or self.models is None or state.model_id == self._mirror.model_id
            if state is not None and not there and _now() >= self._load_again:
                raise _AnotherModel(state.model_id)
            await asyncio.sleep(self._look_seconds)

    async def _change_model(self, model_id: str) -> None:
        """Fills an index of that model while the old one answers, then puts it in its place.

        Where the model cannot be loaded, the old one goes on; who is new or changes is found by words only.
        """
        if self.models is None:
            return
        try:
            mirror = Mirror(await self.models.open_index(model_id), self._mirror.words)
        except AppError as error:
            self._last_error = f"the model that answers, {model_id}, cannot be loaded here: {error}"
            self._load_again = _now() + _LOAD_AGAIN
            log.warning(self._last_error)
            return
        try:
            await mirror.fill_vectors()
        except PyMongoError as error:
            self._last_error = str(error)
            return
        self._mirror, self._saved = mirror, ("", 0.0)  # the place in the stream stays: what came since is read again
        self.models.answer_by(mirror.vectors)
        log.info("%s answers from now on", model_id)
        await self._save()
        await self._tell()

    def _pass_on(self, ids: Sequence[str] | None) -> None:
        for tell in self.told:
            tell(ids)

    async def _mend(self, ids: list[str]) -> None:
        self._pass_on(ids)
        self._removed = await self._mirror.mend(ids) or self._removed
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # ------------------------------------------------------------------------------------------------- snapshot

    async def _load(self) -> None:
        if isinstance(self._mirror.vectors, Kept):
            position = await asyncio.to_thread(self._mirror.vectors.load)
            self._position = json_util.loads(position) if position else None
            self._saved = position or "", _now()

    async def _save(self) -> None:
        """A disk that is full costs a slower start, nothing else."""
        if not isinstance(self._mirror.vectors, Kept) or self._position is None:
            return
        async with self._mirror.lock:
            try:
                await asyncio.to_thread(self._mirror.vectors.save, self.position)
            except OSError as error:
                self._last_error = f"no snapshot of the index: {error}"
                log.warning(self._last_error)
            else:
                self._saved, self._removed = (self.position, _now()), False


async def _drained(position: Mapping[str, Any] | None) -> AsyncGenerator[list[Change]]:
    """Changes behind `position`, all that have come meanwhile together."""
    queue: asyncio.Queue[Change] = asyncio.Queue(_MOST_CHANGES)

    async def read() -> None:
        stream = cast(AsyncGenerator[tuple[Mapping[str, Any], str, Any]], vectors.watch(position))
        with pymongo.timeout(0):  # no limit: the client's, for one operation, would end a stream that is only quiet
            async with contextlib.aclosing(stream) as changes:
                async for token, candidate_id, _ in changes:
                    await queue.put((token, candidate_id))

    reader = asyncio.create_task(read())
    first = asyncio.create_task(queue.get())
    try:
        while True:
            await asyncio.wait([first, reader], return_when=asyncio.FIRST_COMPLETED)
            if not first.done():
                reader.result()
                return
            yield [first.result(), *(queue.get_nowait() for _ in range(queue.qsize()))]
            first = asyncio.create_task(queue.get())
    finally:
        await end(first, reader)


def _now() -> float:
    return asyncio.get_running_loop().time()
