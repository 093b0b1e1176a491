"""The queue: names of what a worker can be asked for, and the functions that ask. With worker.py the only user of arq.

What is queued is a hint: the ledger and the job documents in MongoDB say what is to be done, and the sweeper asks again
for whatever was lost. So a queue that does not answer is logged, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any

from arq import ArqRedis
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from cvmatcher.domain import FileState, QuarantineReason
from cvmatcher.store import candidates, jobs, ledger, sources, workers
from cvmatcher.store.jobs import Job

log = logging.getLogger(__name__)

Queue = ArqRedis

CONTROL = "cvmatcher:control"  # scans and jobs: never behind a backlog of files
FILES = "cvmatcher:files"
INGEST, SCAN, FOLLOW = "ingest", "scan", "follow"
EVERYTHING, OUTDATED, TIDYING = "all:", "outdated:", "tidy:"  # where a rebuild begins
PASSING = frozenset(  # where a machine that is less busy may read what this one did not
    {QuarantineReason.TOO_SLOW, QuarantineReason.TOO_MUCH_MEMORY, QuarantineReason.READER_CRASHED}
)
REREADS = (timedelta(minutes=5), timedelta(hours=1), timedelta(days=1))  # before each try
MACHINES = frozenset({QuarantineReason.NEEDS_OCR, QuarantineReason.NEEDS_LIBREOFFICE})  # a file is not at fault
WORKER_SILENCE = 15.0  # seconds without a heartbeat


def serialize(value: Any) -> bytes:
    """JSON: what lies in Redis is data, never code (arq's default is pickle)."""
    return json.dumps(value, default=str).encode()


def deserialize(data: bytes) -> Any:
    """A job, checked: arq counts with what it finds and would end with a TypeError. Raises ValueError."""
    job = json.loads(data)
    shape = {"f": str, "a": list, "k": dict, "et": int}
    if not isinstance(job, dict) or not all(isinstance(job.get(name), kind) for name, kind in shape.items()):
        raise ValueError("no job of ours")
    if not isinstance(job.get("t"), int | None):
        raise ValueError("no count of tries")  # noqa: TRY004 - one error for all that is no job
    return job


async def open_queue(redis_url: str) -> Queue:
    """A client of the queue, connected when first used: a process starts without Redis, and asks it again later.

    `redis_url` as redis-py takes it: redis://, rediss://, unix:///path?password=…
    """
    return client_of(redis_url)


def client_of(redis_url: str) -> Queue:
    pool = ConnectionPool.from_url(redis_url, socket_connect_timeout=2, socket_timeout=10)
    return ArqRedis(
        pool_or_conn=pool, job_serializer=serialize, job_deserializer=deserialize, default_queue_name=CONTROL
    )


async def close_queue(queue: Queue) -> None:
    await queue.aclose(close_connection_pool=True)


async def request_scan(queue: Queue, by: str) -> Job:
    """Looks at every source now and reads what is new. Raises Conflict (details: `started_by`) while one is running."""
    return await _start(queue, "ingest", by)


async def request_sync(queue: Queue, by: str) -> Job:
    """The same by complete listings. Raises Conflict while one is running."""
    return await _start(queue, "sync", by)


async def request_rebuild(queue: Queue, by: str) -> Job:
    """Makes every candidate's passages and vectors anew. Raises Conflict while one is running."""
    return await _start(queue, "rebuild", by, EVERYTHING)


async def request_renewal(queue: Queue, by: str) -> Job:
    """The same for those only that are not made as they are to be now. Raises Conflict while a rebuild is running."""
    return await _start(queue, "rebuild", by, OUTDATED)


async def request_tidying(queue: Queue, by: str) -> Job:
    """Removes vectors of models that do not answer. Raises Conflict while a rebuild is running, which does it too."""
    return await _start(queue, "rebuild", by, TIDYING)


async def retry_file(queue: Queue, key: str, by: str) -> None:
    """Reads a file again now, which stays searchable if it is. Raises NotFound."""
    log.info("%s asked for another try of a file", by)
    row = await ledger.get(key)
    if row is not None and row.state is FileState.SEARCHABLE and await ledger.read_again([key]):
        await enqueue_files(queue, [ledger.Due(key=key, token=row.lease_token)])
    else:
        await enqueue_files(queue, [await ledger.retry(key)])


async def retry_quarantined(queue: Queue, by: str, reasons: Iterable[QuarantineReason] = ()) -> int:
    """Reads all quarantined files (of these reasons) again; how many."""
    wanted = list(reasons)
    count = await ledger.retry_quarantined(wanted)
    log.info("%s asked for another try of %d files", by, count)
    await enqueue_files(queue, await ledger.due(count))
    return count


async def retry_mended(queue: Queue, mended: Callable[[], Awaitable[Collection[QuarantineReason]]]) -> int:
    """Reads again what waits for something to be installed on this machine, if it is there now; how many files."""
    if not MACHINES & set(await ledger.quarantine_reasons()) and not await candidates.partly_read(MACHINES):
        return 0
    here = MACHINES & set(await mended())
    if not here:
        return 0
    count = await ledger.retry_quarantined(here) + await ledger.read_again(await candidates.partly_read(here))
    await enqueue_files(queue, await ledger.due(count))
    return count


async def retry_slow() -> int:
    """Has pages that were not read for a passing reason read again, later and later, a few times; how many files."""
    return await ledger.read_later(await candidates.partly_read(PASSING), REREADS)


async def confirm_removals(queue: Queue, source: str, by: str) -> int:
    """An admin's word that files which disappeared at once are gone: so many go at the next look, asked for here."""
    count = await sources.confirm_removals(source)
    log.info("%s confirmed the removal of %d files from %s", by, count, source)
    await enqueue_scan(queue, source)
    return count


async def worker_is_alive(_queue: Queue | None = None) -> bool:
    """Whether a worker has been heard of lately."""
    return bool(await workers.alive(WORKER_SILENCE))


# --------------------------------------------------------------------------------------------------------- enqueueing


async def enqueue_files(queue: Queue, due: Sequence[ledger.Due]) -> None:
    """One job per row and taking: asked for twice it is queued once, and a job that died does not stand in the way."""
    for row in due:
        mark = hashlib.sha256(row.key.encode()).hexdigest()[:24]
        if not await _enqueue(queue, INGEST, row.key, job_id=f"{INGEST}:{mark}:{row.token}", queue_name=FILES):
            return


async def drop_files(queue: Queue, keys: Iterable[str]) -> None:
    """Takes these files out of the queue, where their names stand. Without Redis there is nothing to take out."""
    for key in keys:
        mark = hashlib.sha256(key.encode()).hexdigest()[:24]
        try:
            names = [name async for name in queue.scan_iter(match=f"arq:*{INGEST}:{mark}:*")]
            if names:
                await queue.delete(*names)
                await queue.zrem(FILES, *(name.partition(b":")[2].partition(b":")[2] for name in names))
        except (RedisError, OSError) as error:
            log.warning("the queue does not answer; what it holds of an erased file ends with it: %s", error)
            return


async def enqueue_scan(queue: Queue, source: str, *, full: bool = False) -> None:
    """A look at one source; also when one is under way, which may have passed by what is new."""
    state = await sources.ask(source, full=full)
    await _enqueue(queue, SCAN, source, job_id=f"{SCAN}:{source}:{state.lease_token}")


async def enqueue_job(queue: Queue, job_id: str, slices: int) -> None:
    """The next slice of a job."""
    await _enqueue(queue, FOLLOW, job_id, job_id=f"{FOLLOW}:{job_id}:{slices}")


async def _start(queue: Queue, kind: jobs.Kind, by: str, cursor: str = "") -> Job:
    job = await jobs.start(kind, by, cursor)
    await enqueue_job(queue, job.id, 0)
    return job


async def _enqueue(queue: Queue, function: str, argument: str, *, job_id: str, queue_name: str = CONTROL) -> bool:
    try:
        await queue.enqueue_job(function, argument, _job_id=job_id, _queue_name=queue_name)
    except (RedisError, OSError) as error:
        log.warning("the queue does not answer; the sweeper will ask again: %s", error)
        return False
    return True
