"""The worker: arq's functions, and the loops that keep them fed from MongoDB.

Every function takes ids, is done within 60 s and may be run twice; what it is to do stands in MongoDB. Two queues, so
that a look at a source never waits behind a backlog of files.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable
from uuid import uuid4

from arq import Retry, Worker, func
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from cvmatcher import following, ingest, jobs, listing, switching
from cvmatcher.cancelling import end
from cvmatcher.domain import AppError
from cvmatcher.gate import Gate
from cvmatcher.ingest import IngestParts
from cvmatcher.jobs import Queue
from cvmatcher.listing import Outcome
from cvmatcher.ports import Keeper
from cvmatcher.store import candidates, ledger, sources, transactions, workers
from cvmatcher.store import jobs as job_store
from cvmatcher.store.values import now

if TYPE_CHECKING:  # at run time it would load every model library into processes that need none
    from cvmatcher.wiring import Services

log = logging.getLogger(__name__)

TIMEOUT = 60  # seconds, for every function: arq runs a job of a dead worker again after the longest of them
CONTROL_JOBS = 8
SWEEP_LIMIT = 500
WATCH_AGAIN = 5.0  # seconds
MENDED_SECONDS = 60.0  # between two looks at what is installed here
SILENCE = 15.0  # seconds without a heartbeat: dead, as far as anyone can tell


@runtime_checkable
class Watched(Protocol):
    """A source that can tell at once that something has changed."""

    name: str

    def watch(self) -> AsyncIterator[None]: ...


@dataclass(frozen=True)
class WorkerParts:
    ingest: IngestParts
    queue: Queue
    redis_url: str
    scan_seconds: float = 30
    concurrency: int = 4
    tick_seconds: float = 2.0
    slice_seconds: float = 20.0
    refresh: Callable[[], Awaitable[object]] | None = None  # takes in sources registered since
    gate: Gate | None = None  # what a new model must pass


# --------------------------------------------------------------------------------------------------------- functions


async def ingest_file(ctx: dict[str, Any], key: str) -> str:
    parts: WorkerParts = ctx["parts"]
    try:
        return await ingest.run(key, parts.ingest)
    except PyMongoError as error:
        raise Retry(defer=2) from error


async def scan(ctx: dict[str, Any], name: str) -> str:
    parts: WorkerParts = ctx["parts"]
    source = parts.ingest.sources.get(name)
    if source is None:
        return Outcome.FAILED
    if isinstance(source, Keeper) and (count := await source.clear_abandoned()):
        log.warning("%s: %d files that were never whole are deleted: whoever wrote them has died", name, count)
    try:
        outcome = await listing.look(
            source,
            lambda due: jobs.enqueue_files(parts.queue, due),
            secret=parts.ingest.secret,
            seconds=parts.slice_seconds,
            lease_seconds=parts.ingest.lease_seconds,
        )
    except PyMongoError as error:
        raise Retry(defer=2) from error
    if outcome is Outcome.MORE:
        await jobs.enqueue_scan(parts.queue, name)
    return outcome


async def follow(ctx: dict[str, Any], job_id: str) -> str:
    parts: WorkerParts = ctx["parts"]
    try:
        slices = await following.go_on(job_id, parts.ingest, parts.queue, seconds=parts.slice_seconds, gate=parts.gate)
    except PyMongoError as error:
        raise Retry(defer=2) from error
    if slices is not None:
        await jobs.enqueue_job(parts.queue, job_id, slices)
    return ""


# --------------------------------------------------------------------------------------------------------- loops


async def sweep(parts: WorkerParts) -> None:
    """Asks again for everything that waits in MongoDB and that nobody holds: what was lost with a queue or a worker."""
    await jobs.enqueue_files(parts.queue, await ledger.due(SWEEP_LIMIT))
    for job_id, slices in await job_store.stalled():
        await jobs.enqueue_job(parts.queue, job_id, slices)


async def _begin(parts: WorkerParts) -> None:
    """What a worker sees to once, when it starts: today's model, and what an older version did not store."""
    await switching.begin(parts.ingest, parts.queue)
    if linked := await candidates.note_contacts():
        log.info("%d candidates of an older version can be linked by e-mail and phone now", linked)


async def look_when_due(parts: WorkerParts) -> None:
    """A look at every source whose last one began `scan_seconds` ago."""
    moment = now()
    for name in parts.ingest.sources:
        state = await sources.get(name)
        last = max((at for at in (state.begun_at, state.asked_at) if at), default=None)
        if last is None or (moment - last).total_seconds() >= parts.scan_seconds:
            await jobs.enqueue_scan(parts.queue, name)


async def _sweep(parts: WorkerParts) -> None:
    asked = False
    while True:
        try:
            if not asked:
                await _begin(parts)
                asked = True
            await workers.beat(parts.ingest.owner)
            for dead in await workers.bury_the_dead(parts.ingest.owner, SILENCE):
                freed = await ledger.free(dead)
                log.warning("worker %s has died; what it left open was rolled back, %d files go on", dead, freed)
            await sweep(parts)
        except (PyMongoError, RedisError) as error:
            log.warning("the sweeper tries again: %s", error)
        await asyncio.sleep(parts.tick_seconds)


async def _look(parts: WorkerParts) -> None:
    while True:
        try:
            if parts.refresh is not None:
                await parts.refresh()
            await look_when_due(parts)
        except (PyMongoError, RedisError) as error:
            log.warning("the sources are looked at later: %s", error)
        await asyncio.sleep(min(parts.tick_seconds, parts.scan_seconds))


async def _retry_mended(parts: WorkerParts) -> None:
    while True:
        try:
            await jobs.retry_mended(parts.queue, parts.ingest.mended)
            await jobs.retry_slow()
        except (AppError, PyMongoError, RedisError) as error:
            log.warning("what could not be read is asked for later: %s", error)
        await asyncio.sleep(MENDED_SECONDS)


async def _watch(parts: WorkerParts, source: Watched) -> None:
    while True:
        try:
            async for _ in source.watch():
                await jobs.enqueue_scan(parts.queue, source.name)
        except (OSError, RuntimeError, PyMongoError, RedisError) as error:
            log.warning("%s cannot be watched for now; it is still scanned: %s", source.name, error)
        await asyncio.sleep(WATCH_AGAIN)


# --------------------------------------------------------------------------------------------------------- running


class _Worker(Worker):
    """Arq's, but an id in the queue that is no text is thrown away: arq would end over it, and over it again."""

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        if rubbish := [job_id for job_id in job_ids if not _is_text(job_id)]:
            log.warning("%d ids that are no text were thrown out of the queue", len(rubbish))
            await self.pool.zrem(self.queue_name, *rubbish)
        await super().start_jobs([job_id for job_id in job_ids if job_id not in rubbish])


def _is_text(data: bytes) -> bool:
    return data.decode(errors="replace").encode() == data


def make_workers(parts: WorkerParts) -> list[Worker]:
    """Arq's workers of this process: files, and everything else."""

    def worker(queue_name: str, functions: list[Any], max_jobs: int) -> Worker:
        return _Worker(
            functions=functions,
            queue_name=queue_name,
            redis_pool=jobs.client_of(parts.redis_url),
            max_jobs=max_jobs,
            job_timeout=TIMEOUT,
            keep_result=0,
            poll_delay=0.1,
            max_tries=50,
            handle_signals=False,
            ctx={"parts": parts},
            job_serializer=jobs.serialize,
            job_deserializer=jobs.deserialize,
            log_results=False,
        )

    controls = [func(scan, name=jobs.SCAN), func(follow, name=jobs.FOLLOW)]
    return [
        worker(jobs.CONTROL, controls, CONTROL_JOBS),
        worker(jobs.FILES, [func(ingest_file, name=jobs.INGEST)], parts.concurrency),
    ]


async def run(services: Services, *, burst: bool = False) -> None:
    """A worker on the services: for ever, or (`burst`) until there is nothing to do."""
    settings = services.settings
    assert settings.redis_url is not None  # noqa: S101 - open_services has checked it
    await services.refresh_sources()
    parts = WorkerParts(
        ingest=services.ingest,
        queue=services.queue,
        redis_url=settings.redis_url.get_secret_value(),
        scan_seconds=settings.scan_seconds,
        concurrency=settings.ingest_concurrency,
        refresh=services.refresh_sources,
        gate=services.gate,
    )
    await (drain(parts) if burst else serve(parts))


async def serve(parts: WorkerParts) -> None:
    """Runs until SIGTERM or SIGINT, or until Redis is lost (raises RedisError: the supervisor starts it again)."""
    parts = replace(parts, ingest=replace(parts.ingest, owner=_owner()))
    watched = [source for source in parts.ingest.sources.values() if isinstance(source, Watched)]
    async with _signals() as told:
        await _work(
            parts, [_look(parts), _retry_mended(parts), *(_watch(parts, source) for source in watched)], told.wait()
        )


async def drain(parts: WorkerParts) -> None:
    """Works until no file waits (later tries aside), no job is active and no look is under way, then returns."""
    parts = replace(parts, ingest=replace(parts.ingest, owner=_owner()))
    await _begin(parts)
    await jobs.retry_mended(parts.queue, parts.ingest.mended)
    await jobs.retry_slow()
    await _work(parts, [], _quiet(parts))


async def _work(parts: WorkerParts, loops: list[Coroutine[Any, Any, None]], end: Coroutine[Any, Any, Any]) -> None:
    """Arq's workers, the sweeper and `loops`, until `end` is over; raises what ends one of them before."""
    running = make_workers(parts)
    transactions.tell_of_sessions(partial(workers.holds_session, parts.ingest.owner))
    try:
        await _first_of([end, _sweep(parts), *loops, *(each.async_run() for each in running)])
    finally:
        await asyncio.gather(*(_close(each) for each in running))
        transactions.tell_of_sessions(None)
        with contextlib.suppress(PyMongoError):
            await workers.leave(parts.ingest.owner)


async def _quiet(parts: WorkerParts) -> None:
    while True:
        queued = [await parts.queue.zcard(name) for name in (jobs.CONTROL, jobs.FILES)]
        if not any(queued) and not await ledger.count_due() and not await job_store.running():
            return
        await asyncio.sleep(0.1)


async def _first_of(loops: list[Coroutine[Any, Any, Any]]) -> None:
    """Runs them until one is over, ends the others, and raises what that one raised."""
    tasks = [asyncio.ensure_future(each) for each in loops]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(*tasks, every=1.0)
    for task in done:
        task.result()


@contextlib.asynccontextmanager
async def _signals() -> AsyncIterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, told.set)
    try:
        yield told
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _close(worker: Worker) -> None:
    """Cancels the jobs in hand: arq puts them back into the queue, and when Redis is gone, the sweeper does.

    Not Worker.close(), which calls what redis-py has deprecated.
    """
    worker.handle_sig(signal.SIGTERM)
    await end(*worker.tasks.values(), every=1.0)
    with contextlib.suppress(RedisError, OSError):
        await jobs.close_queue(worker.pool)


def _owner() -> str:
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}"
