"""A rebuild, slice by slice: candidates made anew, the next model's vectors beside, the gate, the switch, the tidying.

Owns the order of these phases and when one begins by itself. Each step may die at any point and be done twice: the job
keeps its cursor, what is left to do is read from the vectors themselves. Knows no queue's engine and no model.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass

from cvmatcher import failpoint, ingest, jobs, passages
from cvmatcher.domain import AppError, Candidate, Conflict
from cvmatcher.gate import Gate
from cvmatcher.ingest import IngestParts
from cvmatcher.ports import Embedder, VectorEntry
from cvmatcher.store import audit, candidates, live, pool, vectors
from cvmatcher.store import jobs as job_store
from cvmatcher.store.jobs import Slice
from cvmatcher.store.live import Live, Report

log = logging.getLogger(__name__)

BY = "CVmatcher"  # whoever starts and switches by itself
BATCH = 100  # candidates between two reports of tidying


# --------------------------------------------------------------------------------------------------------- by itself


async def begin(parts: IngestParts, queue: jobs.Queue) -> None:
    """What a worker asks for once, when it starts: that the model of its settings, and today's versions, go live."""
    wished = parts.embedder.model_id
    state = await live.get() or await _first(parts)
    if state.model_id == wished:
        await live.settle(wished)
    elif wished != state.discarded and (state.next is None or state.next.model_id != wished):
        await _ask_for(wished, state, parts)
    await _note_another_structurer(state, parts)
    if await _is_behind(parts):
        with suppress(Conflict):  # the one under way does it
            await jobs.request_renewal(queue, BY)


async def _first(parts: IngestParts) -> Live:
    """A new database, or one of a version that did not write down what answers: the model that most vectors are of."""
    model_id, version = await vectors.most_are_of() or (parts.embedder.model_id, passages.PASSAGES_VERSION)
    return await live.begin(model_id, version, parts.structurer.version)


async def _ask_for(wished: str, state: Live, parts: IngestParts) -> None:
    """The model is built beside; where the one that answers cannot be loaded any more, it answers at once."""
    try:
        await ingest.embedder_of(state.model_id, parts)
    except AppError as error:
        log.warning("%s cannot be loaded (%s): %s answers from now on", state.model_id, error, wished)
        await audit.append(BY, "switched model", wished)
        await live.switch(state.model_id, wished, BY, lost=str(error))
    else:
        log.info("%s is made ready beside %s", wished, state.model_id)
        await live.build(wished)


async def _note_another_structurer(state: Live, parts: IngestParts) -> None:
    """From rules to a language model, back, or to another: people decide whether all is read again (rebuild)."""
    if state.structured_by and not _newer(state.structured_by, parts.structurer.version):
        await live.went_through(state.passages_version, parts.structurer.version)


def _newer(by: str, version: str) -> bool:
    """Whether `version` is another version of the structurer that made `by`."""
    return by != version and by.rpartition("/")[0] == version.rpartition("/")[0]


async def _is_behind(parts: IngestParts) -> bool:
    state = await live.get()
    if state is None:
        return False
    return (
        state.passages_version != passages.PASSAGES_VERSION
        or state.structured_by != parts.structurer.version
        or (state.next is not None and state.next.state == "building")
        or bool(await vectors.without(state.model_id, limit=1))
        or (state.next is None and bool(await vectors.untidy(1)))
    )


# --------------------------------------------------------------------------------------------------------- by people


async def switch(by: str, model_id: str = "") -> Live:
    """An admin's word: the next model answers, whatever the gate found. `model_id` is the one that the admin saw.

    Raises Conflict when it is not ready, or another one is.
    """
    state = await _with_next(model_id)
    assert state.next is not None  # noqa: S101 - _with_next has seen it
    if missing := await vectors.lacking(state.next.model_id):
        raise Conflict(f"{missing} candidates have no vectors of {state.next.model_id} yet", missing=missing)
    return await _switched(state, state.next.model_id, by)


async def discard(by: str, model_id: str = "") -> Live:
    """An admin's word: the next model is not wanted. Raises Conflict when there is none, or another one."""
    state = await _with_next(model_id)
    assert state.next is not None  # noqa: S101 - _with_next has seen it
    await audit.append(by, "discarded model", state.next.model_id)
    return await live.discard(state.next.model_id) or state


async def _with_next(model_id: str) -> Live:
    state = await live.get()
    if state is None or state.next is None or model_id not in ("", state.next.model_id):
        raise Conflict("no such model is being made ready")
    return state


async def _switched(state: Live, model_id: str, by: str) -> Live:
    """Written into the audit log first: killed in between, a row too many is better than one too few."""
    await audit.append(by, "switched model", model_id)
    switched = await live.switch(state.model_id, model_id, by)
    if switched is None:
        raise Conflict(f"{state.model_id} does not answer any more")
    log.info("%s answers from now on, in place of %s", model_id, state.model_id)
    failpoint.reach("switched")
    return switched


# --------------------------------------------------------------------------------------------------------- a slice


@dataclass
class Rebuild:
    """One slice of a rebuild. A phase gives the cursor of the next one, or None when the slice ends with it."""

    piece: Slice
    parts: IngestParts
    gate: Gate | None
    deadline: float  # of the event loop's clock
    over: bool = False
    done: int = 0
    total: int = 0

    async def run(self) -> bool:
        """Whether the job is over. Raises what the embedders raise."""
        self.done = self.piece.job.done
        self.total = max(await candidates.count(), self.done)
        cursor: str | None = self.piece.cursor or jobs.OUTDATED
        if cursor == jobs.EVERYTHING:
            await self._wish_again()
        while cursor and not self.over:
            phase, _, place = cursor.partition(":")
            match phase:
                case "all" | "outdated" | "rest":
                    cursor = await self._make(phase, place)
                case "compare":
                    cursor = await self._compare()
                case "decide":
                    cursor = await self._decide()
                case "cancel":
                    cursor = await self._cancel()
                case _:
                    cursor = await self._tidy(place)
            if cursor:
                cursor = await self._note(cursor)
            if asyncio.get_running_loop().time() > self.deadline:
                break
        return self.over

    async def _note(self, cursor: str) -> str | None:
        """Writes how far it has come; gives where it goes on: elsewhere when it was cancelled, None when it is lost."""
        job = await job_store.progress(
            self.piece,
            done=self.done,
            total=max(self.done, self.total),
            cursor=cursor,
            seconds=self.parts.lease_seconds,
        )
        if job is None:
            self.over = True
            return None
        to_cancel = job.cancel_asked and not cursor.startswith(("cancel", "tidy"))
        return await self._note("cancel:") if to_cancel else cursor

    async def _end(self, state: job_store.State) -> None:
        await job_store.finish(self.piece, state)
        self.over = True

    # ----------------------------------------------------------------------------------------------------- making

    async def _wish_again(self) -> None:
        """Started by hand: the model of the settings has its chance again, whatever was said of it before."""
        state, wished = await live.get(), self.parts.embedder.model_id
        if state is not None and wished != state.model_id:
            await live.build(wished)

    async def _make(self, phase: str, after: str) -> str | None:
        """Candidates in the order of their ids, from the one behind `after` on."""
        async for candidate in candidates.each(after=after):
            await self._one(candidate.id, everything=phase == "all")
            self.done += 1
            here = f"{phase}:{candidate.id}"
            noted = await self._note(here)
            if noted != here or asyncio.get_running_loop().time() > self.deadline:
                return noted if noted != here else None
        await live.went_through(passages.PASSAGES_VERSION, self.parts.structurer.version)
        state = await live.get()
        if state is None or state.next is None:
            return jobs.TIDYING
        if phase != "rest" and await vectors.lacking(state.next.model_id):
            return "rest:"  # read meanwhile by a worker that does not have the model
        return "compare:"

    async def _one(self, candidate_id: str, *, everything: bool) -> None:
        """What the vectors were made with is read before the candidate: changed in between, nothing is written."""
        made = await vectors.made_with(candidate_id)
        candidate = await candidates.get(candidate_id)
        if candidate is None:
            return
        answering, following = await ingest.embedders(self.parts)
        if everything or made is None or self._outdated(candidate, made, answering.model_id):
            await self._anew(candidate)
        elif following is not None and following.model_id not in made.models:
            rows = await following.embed([passage.text for passage in candidate.passages], "passage")
            entry = VectorEntry(candidate.id, candidate.content_hash, following.model_id, rows)
            await vectors.put_beside(entry, made)
        failpoint.reach("beside")

    def _outdated(self, candidate: Candidate, made: vectors.Made, answering: str) -> bool:
        return (
            answering not in made.models
            or made.content_hash != candidate.content_hash
            or made.passages_version != passages.PASSAGES_VERSION
            or _newer(candidate.structured_by, self.parts.structurer.version)
        )

    async def _anew(self, candidate: Candidate) -> bool:
        try:
            return await ingest.remake(candidate, self.parts)
        except pool.LateWriter as error:
            log.info("%s is made anew later: %s", candidate.id, error)
            return False

    # ----------------------------------------------------------------------------------------------------- the gate

    async def _compare(self) -> str | None:
        """Both models on the demo's judged set. Ends the slice: the team's questions need the time of one."""
        state = await live.get()
        if state is None or state.next is None:
            return jobs.TIDYING
        if self.gate is None:
            return "decide:"
        old, new = await self._models(state, state.next.model_id)
        found = await self.gate.built_in(old, new, self.deadline)
        if found is not None:
            await live.judged(Report(model_id=new.model_id, against=old.model_id, built_in=found))
            await self._note("decide:")
        return None

    async def _decide(self) -> str | None:
        """Both models on the team's own searches; then the switch, or an admin's word is waited for."""
        state = await live.get()
        if state is None or state.next is None:
            return jobs.TIDYING
        if self.gate is not None:
            old, new = await self._models(state, state.next.model_id)
            report = state.report or Report(model_id=new.model_id, against=old.model_id)
            likes, searches = await self.gate.likes(old, new)
            report = report.model_copy(update={"likes": likes, "liked_searches": searches})
            await live.judged(report)
            if report.falls:
                await live.wait(report.model_id)
                await self._end("done")
                return None
        failpoint.reach("judged")
        await _switched(state, state.next.model_id, BY)
        return jobs.TIDYING

    async def _models(self, state: Live, following: str) -> tuple[Embedder, Embedder]:
        return await ingest.embedder_of(state.model_id, self.parts), await ingest.embedder_of(following, self.parts)

    # ----------------------------------------------------------------------------------------------------- the end

    async def _cancel(self) -> str:
        state = await live.get()
        if state is not None and state.next is not None:
            await live.discard(state.next.model_id)
        return f"{jobs.TIDYING}cancelled"

    async def _tidy(self, place: str) -> str | None:
        """Vectors of models that do not answer go; whoever has none of the one that does gets them."""
        state = await live.get()
        if state is not None and state.next is None and (ids := await vectors.untidy(BATCH)):
            for candidate_id in ids:
                await vectors.tidy(candidate_id, state.model_id)
                failpoint.reach("tidied")
            return f"{jobs.TIDYING}{place}"
        for candidate_id in await vectors.without(state.model_id, BATCH) if state else ():
            candidate = await candidates.get(candidate_id)
            if candidate is not None and await self._anew(candidate):
                return f"{jobs.TIDYING}{place}"  # and look again: there may be more
        await self._end("cancelled" if place else "done")
        return None
