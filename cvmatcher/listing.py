"""One look at a source: its pages into the ledger, and at the end of a listing the removal of what is gone.

Owns what an incomplete listing and a mass disappearance mean. Knows no queue: it hands the rows that wait for a worker
to `enqueue`, after they are written.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from enum import StrEnum

from cvmatcher import failpoint
from cvmatcher.domain import FileState, ListingPage, NotAllowed, StaleCursor, Unavailable
from cvmatcher.ports import CVSource
from cvmatcher.store import ledger, pool, sources, tombstones
from cvmatcher.store.leases import renewed
from cvmatcher.store.sources import SourceState
from cvmatcher.store.values import now

log = logging.getLogger(__name__)

Enqueue = Callable[[Sequence[ledger.Due]], Awaitable[None]]

FULL_EVERY = timedelta(hours=6)
MANY_FILES = 5  # more than so many…
MANY_SHARE = 0.2  # …and more than this share of the source at once: an admin must say that they are gone
RENAME_PATIENCE = timedelta(seconds=120)


class Outcome(StrEnum):
    DONE = "done"
    MORE = "more"  # the slice is over, or another look was asked for meanwhile: look again
    BUSY = "busy"  # another worker is looking
    FAILED = "failed"  # the source does not answer; what it listed so far is kept


class _Lost(Exception):
    """Another worker has taken the source since."""


async def look(
    source: CVSource, enqueue: Enqueue, *, secret: bytes = b"", seconds: float = 25.0, lease_seconds: float = 20.0
) -> Outcome:
    """Looks at `source` for about `seconds` at most; where it stops, the next look goes on."""
    state = await sources.take(source.name, lease_seconds)
    if state is None:
        return Outcome.BUSY
    held = state
    deadline = asyncio.get_running_loop().time() + seconds
    try:
        async with renewed(lambda: sources.renew(held, lease_seconds), lease_seconds):
            outcome = await _go_on(source, state, enqueue, secret, deadline)
    except _Lost:
        return Outcome.BUSY
    except (Unavailable, StaleCursor, NotAllowed) as error:
        log.warning("%s cannot be listed: %s", source.name, error)
        await sources.release(state, error=str(error))
        return Outcome.FAILED
    except BaseException:
        await asyncio.shield(sources.release(state))
        raise
    await sources.release(state)
    asked_meanwhile = await sources.is_asked(source.name)
    return Outcome.MORE if asked_meanwhile else outcome


async def _go_on(source: CVSource, state: SourceState, enqueue: Enqueue, secret: bytes, deadline: float) -> Outcome:
    if state.listing is None or state.pages == 0:
        state = _ours(await sources.begin(state, full=_full_is_due(state)))
    while not state.listed:
        try:
            page = await source.changes(state.cursor)
        except StaleCursor:
            if state.cursor is None:
                raise
            state = _ours(await sources.begin(state, full=True))
            continue
        failpoint.reach("listed")
        state = await _save(state, page, enqueue, secret)
        if _over(deadline) and not state.listed:
            return Outcome.MORE
    return await _remove_the_gone(state, deadline)


async def _save(state: SourceState, page: ListingPage, enqueue: Enqueue, secret: bytes) -> SourceState:
    erased = await tombstones.erased(secret, [file.key for file in page.files])
    saved = await sources.save_page(state, page, erased=erased)
    if saved is None:
        raise _Lost
    failpoint.reach("cursor_saved")
    state, due = saved
    await enqueue(due)
    return state


def _full_is_due(state: SourceState) -> bool:
    if state.cursor is None or state.full_at is None or state.removals_confirmed:
        return True
    return state.full_asked_at is not None or now() - state.full_at > FULL_EVERY


# --------------------------------------------------------------------------------------------------------- removals


async def _remove_the_gone(state: SourceState, deadline: float) -> Outcome:
    there, gone = await sources.named(state)
    standing = await ledger.standing(state.name)
    missing = [row for row in standing if (row.key not in there if state.full else row.key in gone)]
    copied, lost = await _with_and_without_copies(missing)
    if state.full:  # what a log of changes names is gone: it knows a rename from a removal, and names it only once
        lost, held_back = _not_renamed(lost, standing), len(lost)
        if len(lost) < held_back:
            await sources.want_full(state.name)
    wait, confirmed = (state.removals_wait, state.removals_confirmed) if not state.full else (0, 0)
    many = len(lost) > MANY_FILES and len(lost) > MANY_SHARE * len(standing)
    if many and len(lost) > state.removals_confirmed:
        log.warning("%s: %d of %d files are gone at once; waiting for a word", state.name, len(lost), len(standing))
        wait, confirmed, lost = len(lost), 0, []
        if not state.full:
            await sources.ask(state.name, full=True)
    for row in [*copied, *lost]:
        await pool.remove(row.key)
        if _over(deadline):
            return Outcome.MORE
    await sources.end(state, removals_wait=wait, removals_confirmed=confirmed)
    return Outcome.DONE


async def _with_and_without_copies(
    missing: list[ledger.Standing],
) -> tuple[list[ledger.Standing], list[ledger.Standing]]:
    """Missing files whose candidate lives on by another file, and the others."""
    going = {row.key for row in missing}
    ids = {row.candidate_id for row in missing if row.candidate_id}
    living = await ledger.living(ids, besides=going)
    copied = [row for row in missing if row.candidate_id in living]
    return copied, [row for row in missing if row.candidate_id not in living]


def _not_renamed(lost: list[ledger.Standing], standing: list[ledger.Standing]) -> list[ledger.Standing]:
    """Without those that a file just seen first may be the new name of: that shows once it has been read.

    A rename in a folder is a new file and a missing one; removed at once, it would leave search for a moment.
    """
    recent = now() - RENAME_PATIENCE
    waiting = Counter(
        row.size
        for row in standing
        if row.state is FileState.IN_PROGRESS and row.candidate_id is None and row.since > recent
    )
    kept = []
    for row in lost:
        if waiting[row.size] > 0 and row.state is not FileState.IN_PROGRESS:
            waiting[row.size] -= 1
        else:
            kept.append(row)
    return kept


def _over(deadline: float) -> bool:
    return asyncio.get_running_loop().time() > deadline


def _ours(state: SourceState | None) -> SourceState:
    if state is None:
        raise _Lost
    return state
