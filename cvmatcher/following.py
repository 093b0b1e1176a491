"""Jobs that people start, slice by slice: a scan of all sources, a sync, a rebuild (switching).

Each slice is short, writes its cursor and progress into MongoDB and may die at any point. Knows no queue's engine.
"""

from __future__ import annotations

import asyncio
import logging
from functools import partial

from cvmatcher import jobs
from cvmatcher.domain import AppError
from cvmatcher.gate import Gate
from cvmatcher.ingest import IngestParts
from cvmatcher.jobs import Queue
from cvmatcher.store import jobs as job_store
from cvmatcher.store import ledger, sources
from cvmatcher.store.jobs import Job, Slice
from cvmatcher.store.leases import renewed
from cvmatcher.switching import Rebuild

log = logging.getLogger(__name__)

LOOK = 0.3  # seconds between two looks at the ledger


async def go_on(
    job_id: str, parts: IngestParts, queue: Queue, *, seconds: float, gate: Gate | None = None
) -> int | None:
    """One slice of about `seconds`. The number of slices begun when there is more to do, else None.

    Without `gate` a new model is compared with nothing.
    """
    piece = await job_store.take(job_id, parts.lease_seconds)
    if piece is None:
        return None
    deadline = asyncio.get_running_loop().time() + seconds
    try:
        async with renewed(partial(job_store.renew, piece, parts.lease_seconds), parts.lease_seconds):
            if piece.job.kind == "rebuild":
                over = await Rebuild(piece, parts, gate, deadline).run()
            else:
                over = await _watch_over(piece, parts, queue, deadline)
    except AppError as error:
        log.warning("%s failed: %s", piece.job.kind, error)
        await job_store.finish(piece, "failed", str(error))
        return None
    if over:
        return None
    return piece.token if await job_store.pause(piece) else None


# --------------------------------------------------------------------------------------------------------- scan, sync


async def _watch_over(piece: Slice, parts: IngestParts, queue: Queue, deadline: float) -> bool:
    """Asks for a look at every source, then follows the ledger until nothing waits; whether the job is over."""
    cursor = piece.cursor
    if not cursor:
        for name in parts.sources:
            await jobs.enqueue_scan(queue, name, full=piece.job.kind == "sync")
        cursor = "asked"
    while True:
        waiting, done = await ledger.count_due(), await ledger.count_settled(piece.job.started_at)
        listing, failed = await _listing(piece.job, parts)
        job = await job_store.progress(
            piece, done=done, total=done + waiting, cursor=cursor, message=failed, seconds=parts.lease_seconds
        )
        if job is None:
            return True
        if job.cancel_asked:
            await job_store.finish(piece, "cancelled", failed)
            return True
        if not listing and not waiting:
            state: job_store.State = "failed" if failed and len(failed.splitlines()) == len(parts.sources) else "done"
            await job_store.finish(piece, state, failed)
            return True
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(LOOK)


async def _listing(job: Job, parts: IngestParts) -> tuple[bool, str]:
    """(whether a source's look is still to end, a line for each source that does not answer)."""
    waiting, failed = False, []
    for name in parts.sources:
        state = await sources.get(name)
        if state.error_at is not None and state.error_at >= job.started_at:
            failed.append(f"{name}: {state.error}")
        elif state.done_at is None or state.begun_at is None or state.begun_at < job.started_at or state.listing:
            waiting = True
    return waiting, "\n".join(failed)
