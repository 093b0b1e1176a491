"""The turns that this process runs, and following any turn wherever it runs.

A turn's work is a task of the app, never of a request: a reader who leaves or hides the tab changes nothing. Its events
go to MongoDB first; readers are only told that there is news and read it there, so every reader sees the same.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

from pymongo.errors import PyMongoError

from cvmatcher.cancelling import end
from cvmatcher.domain import Ended, EndState, SearchEvent
from cvmatcher.search import SearchRequest
from cvmatcher.store import turns as store
from cvmatcher.store.turns import LeaseLost, StopAsked, Turn

log = logging.getLogger(__name__)

Run = Callable[[SearchRequest], AsyncIterator[SearchEvent]]

COMMENT_EVERY = 15.0  # seconds without news before a stream says that it lives
HEARTBEAT = store.LEASE.total_seconds() / 3


class _Clock:
    """When each stage of a turn was first reached, in milliseconds since it began."""

    def __init__(self) -> None:
        self._begun = time.perf_counter()
        self.stages: dict[str, int] = {}

    def reach(self, stage: str) -> None:
        if stage in store.STAGES:
            self.stages.setdefault(stage, round((time.perf_counter() - self._begun) * 1000))


class Turns:
    """Owns the tasks of this process' turns and the bells of its readers."""

    def __init__(self, run: Run) -> None:
        self.process = uuid4().hex
        self._run = run
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stops: dict[str, asyncio.Future[EndState]] = {}  # done once a turn is to end early: as what
        self._bells: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Runs the heartbeat and the change stream; at the end, turns still running become interrupted."""
        loops = [asyncio.create_task(self._beat()), asyncio.create_task(self._watch())]
        try:
            yield
        finally:
            await end(*loops)
            tasks = list(self._tasks.items())
            for turn_id, _ in tasks:
                self._end_early(turn_id, EndState.INTERRUPTED)
            await asyncio.gather(*(task for _, task in tasks), return_exceptions=True)

    # ------------------------------------------------------------------------------------------------ running turns

    def begin(self, turn: Turn, request: SearchRequest) -> None:
        """Starts the work of a turn saved with `process` as its owner."""
        stop = self._stops[turn.id] = asyncio.get_running_loop().create_future()
        task = self._tasks[turn.id] = asyncio.create_task(self._work(turn.id, request, stop))
        task.add_done_callback(lambda _: self._forget(turn.id))

    def _forget(self, turn_id: str) -> None:
        self._tasks.pop(turn_id, None)
        self._stops.pop(turn_id, None)

    async def stop(self, turn_id: str) -> None:
        """Ends a turn as stopped: at once if it runs here, else by the field that its owner watches."""
        if not self._end_early(turn_id, EndState.STOPPED):
            await store.ask_stop(turn_id)

    def _end_early(self, turn_id: str, state: EndState) -> bool:
        stop = self._stops.get(turn_id)
        if stop is None:
            return False
        if not stop.done():
            stop.set_result(state)
        return True

    async def _work(self, turn_id: str, request: SearchRequest, stop: asyncio.Future[EndState]) -> None:
        clock = _Clock()
        try:
            ended = await self._until_stopped(self._write(turn_id, request, clock), stop)
        except LeaseLost:
            return
        except Exception:  # whatever the search died of, its reader is told and the log has the traceback
            log.exception("turn %s failed", turn_id)
            ended = Ended(state=EndState.FAILED)
        if ended.state is EndState.DONE:
            clock.reach(ended.type)
            await store.set_stages(turn_id, clock.stages)
        await store.close(turn_id, ended)
        self._ring(turn_id)

    @staticmethod
    async def _until_stopped(work: Coroutine[Any, Any, Ended], stop: asyncio.Future[EndState]) -> Ended:
        """What the work gives, or its early end: then nothing of it runs any more. Raises what the work raises.

        The work is a task of its own, so that it can be cancelled until it is over and the turn still be closed.
        """
        working = asyncio.create_task(work)
        either: tuple[asyncio.Future[Any], ...] = working, stop
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
        finally:
            await end(working)
        return Ended(state=stop.result())

    async def _write(self, turn_id: str, request: SearchRequest, clock: _Clock) -> Ended:
        """Writes the search's events as they come; gives the last, which is not written here."""
        number = 1
        async with aclosing(self._batches(request)) as batches:  # type: ignore[type-var]
            async for batch in batches:
                news = [event for event in batch if not isinstance(event, Ended)]
                if news:
                    await store.append(turn_id, number, *news)
                    number += len(news)
                    self._ring(turn_id)
                    for event in news:
                        clock.reach(event.type)
                if isinstance(batch[-1], Ended):
                    return batch[-1]
        return Ended(state=EndState.DONE)

    async def _batches(self, request: SearchRequest) -> AsyncIterator[list[SearchEvent]]:
        """The search's events, each batch what came while the one before was being written: writing holds nobody up."""
        queue: asyncio.Queue[SearchEvent | None] = asyncio.Queue()

        async def read() -> None:
            try:
                async with aclosing(self._run(request)) as events:  # type: ignore[type-var]
                    async for event in events:
                        queue.put_nowait(event)
            finally:
                queue.put_nowait(None)

        reading = asyncio.create_task(read())
        try:
            over = False
            while not over:
                found = [await queue.get()]
                while not queue.empty():
                    found.append(queue.get_nowait())
                over = found[-1] is None
                if batch := [event for event in found if event is not None]:
                    yield batch
            await reading  # raises what the search died of
        finally:
            await end(reading)

    # ------------------------------------------------------------------------------------------------ following them

    @property
    def readers(self) -> int:
        """How many streams are open here."""
        return sum(len(bells) for bells in self._bells.values())

    def _ring(self, turn_id: str) -> None:
        for bell in self._bells.get(turn_id, ()):
            bell.set()

    @asynccontextmanager
    async def _bell(self, turn_id: str) -> AsyncIterator[asyncio.Event]:
        bell = asyncio.Event()
        self._bells[turn_id].add(bell)
        try:
            yield bell
        finally:
            self._bells[turn_id].discard(bell)
            if not self._bells[turn_id]:
                del self._bells[turn_id]

    async def follow(self, turn_id: str, after: int) -> AsyncIterator[list[tuple[int, SearchEvent]]]:
        """The turn's events after number `after`, in batches, up to its end. An empty batch: 15 s without news."""
        async with self._bell(turn_id) as bell:
            while True:
                bell.clear()
                batch = await store.events(turn_id, after)
                if batch:
                    yield batch
                    after, last = batch[-1]
                    if isinstance(last, Ended):
                        return
                    continue
                try:
                    async with asyncio.timeout(COMMENT_EVERY):
                        await bell.wait()
                except TimeoutError:
                    yield []
                    if not await store.exists(turn_id):
                        return

    async def settled(self, turn_id: str, seconds: float, *, in_order: bool = False) -> None:
        """Waits until the turn has ended (or its hits are in order), but no longer than `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), aclosing(self.follow(turn_id, 0)) as batches:  # type: ignore[type-var]
                async for batch in batches:
                    if in_order and any(event.type in {"ordered", "nothing"} for _, event in batch):
                        return

    # ------------------------------------------------------------------------------------------------- in background

    async def _beat(self) -> None:
        """Renews the leases of our turns and closes those that another process left behind."""
        while True:
            try:
                await store.renew(list(self._tasks), self.process)
                for turn_id in await store.interrupt_expired():
                    self._ring(turn_id)
            except PyMongoError as error:
                log.warning("heartbeat of turns: %s", error)
            await asyncio.sleep(HEARTBEAT)

    async def _watch(self) -> None:
        """One change stream for all readers of this process. After a break every reader looks for itself."""
        while True:
            try:
                async for news in store.watch():
                    self._hear(news)
            except PyMongoError as error:
                log.info("change stream of turns is opened again: %s", error)
                await asyncio.sleep(0.2)

    def _hear(self, news: store.Appended | StopAsked | None) -> None:
        if news is None:
            for turn_id in list(self._bells):
                self._ring(turn_id)
        elif isinstance(news, StopAsked):
            self._end_early(news.turn, EndState.STOPPED)
        elif news.turn not in self._tasks:
            self._ring(news.turn)
