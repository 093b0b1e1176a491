"""One CV: fetch, read, structure, embed, save. Run twice, the same result.

Owns the order of the steps and what each fault means for the file: quarantine for lasting ones, a later try for passing
ones. Knows no queue, no vendor and no document: sources, reader and models are handed in as IngestParts.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from time import monotonic

from pymongo.errors import PyMongoError

from cvmatcher import failpoint, passages
from cvmatcher.domain import (
    AppError,
    BadAnswer,
    Candidate,
    CVText,
    FileGone,
    FileState,
    NotAllowed,
    NotFound,
    Profile,
    QuarantineReason,
    Unavailable,
    Unreadable,
)
from cvmatcher.erasure import Removing
from cvmatcher.ports import CVSource, Embedder, Structurer
from cvmatcher.store import candidates, ledger, live, originals, pool, tombstones, vectors
from cvmatcher.store.leases import renewed
from cvmatcher.store.ledger import LedgerRow, Step
from cvmatcher.store.values import now, tag

log = logging.getLogger(__name__)

MOST_TRIES = 12
MOST_ENRICHMENTS = 5  # answers of the model that were no profile
FIRST_WAIT = 5.0  # seconds; doubles with each try
LONGEST_WAIT = 3600.0
LOOK_AGAIN = timedelta(days=1)  # for files given up
SECONDS = 50.0  # for one file, below the queue's timeout
STRUCTURE_SECONDS = 25.0
EMBED_SECONDS = 8.0  # kept for embedding and saving, however long reading took
AT_ONCE = 3  # times a file is read again because it changed meanwhile


async def no_other(model_id: str) -> Embedder:
    """For who has one model only. Raises Unavailable."""
    raise Unavailable(f"the model {model_id} is not here")


async def nothing() -> frozenset[QuarantineReason]:
    """For a reader that refuses the same files on every machine."""
    return frozenset()


@dataclass(frozen=True)
class IngestParts:
    """What ingestion works with. `owner` names this worker; `secret` is the key of the tombstones."""

    sources: Mapping[str, CVSource]
    read: Callable[[bytes, str, str], Awaitable[CVText]]
    structurer: Structurer
    rules: Structurer  # takes over while the structurer is away
    embedder: Embedder  # of the model that the settings wish for
    other: Callable[[str], Awaitable[Embedder]] = no_other  # of another, by its id; raises Unavailable, Misconfigured
    mended: Callable[[], Awaitable[frozenset[QuarantineReason]]] = nothing  # what `read` refuses no file for any more
    read_rest: Callable[[bytes, str, str, CVText], Awaitable[CVText]] | None = (
        None  # `read`, where much is known of these bytes
    )
    secret: bytes = b""
    reader: str = ""  # version of `read`, for receipts
    owner: str = "worker"
    lease_seconds: float = 20.0


class Receipt:
    """What was done with a file, step by step."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._began = self._last = monotonic()

    @property
    def seconds(self) -> float:
        """Since its beginning."""
        return monotonic() - self._began

    def note(self, step: str, version: str = "") -> None:
        moment = monotonic()
        self.steps.append(Step(name=step, at=now(), ms=round((moment - self._last) * 1000), version=version))
        self._last = moment

    def reach(self, step: str, version: str = "") -> None:
        self.note(step, version)
        failpoint.reach(step)


async def run(file_key: str, parts: IngestParts) -> FileState:
    """Brings one file to where it belongs; does nothing when it is there or another worker is at it.

    Raises NotFound for a file that was never listed, pymongo's errors when MongoDB is away. Whatever else happens is
    written into the file's row.
    """
    for _ in range(AT_ONCE):
        row = await ledger.take(file_key, parts.owner, parts.lease_seconds)
        if row is None:
            break
        try:
            async with renewed(partial(ledger.renew, row, parts.lease_seconds), parts.lease_seconds):
                return await _one(row, parts)
        except pool.LateWriter:
            log.info("%s changed while it was read; once more", tag(file_key))
        finally:
            await asyncio.shield(ledger.release(row))
    standing = await ledger.get(file_key)
    if standing is None:
        raise NotFound(f"no file {file_key}")
    return standing.state


async def _one(row: LedgerRow, parts: IngestParts) -> FileState:
    receipt = Receipt()
    try:
        async with asyncio.timeout(SECONDS):
            if row.state is not FileState.SEARCHABLE:
                return await _ingest(row, parts, receipt)
            candidate = await candidates.by_file_key(row.key)
            if candidate and row.read_again and (state := await _read_again(row, candidate, parts, receipt)):
                return state
            return await _enrich(row, candidate, parts, receipt)
    except (pool.LateWriter, PyMongoError):
        raise
    except Exception as error:  # noqa: BLE001
        # the border of one file: whatever is wrong with it must not end the worker, and stands in its row for people
        return await _fault(row, error, receipt)


# --------------------------------------------------------------------------------------------------------- the steps


async def _ingest(row: LedgerRow, parts: IngestParts, receipt: Receipt) -> FileState:
    data = await _fetch(row, parts)
    receipt.reach("fetched")
    content = _content(row, data)
    if content and (state := await _already(row, content, parts, receipt)):
        return state
    text = await _read(row, data, parts)
    receipt.reach("read", parts.reader)
    if not content:
        content = _content_of_text(text)
        if state := await _already(row, content, parts, receipt):
            return state
    return await _take_in(row, content, text, parts, receipt)


def _content(row: LedgerRow, data: bytes) -> str:
    """The hash of the bytes; "" for a Google Doc, the bytes of whose export vary."""
    by_text = row.md5 is None and row.size is None
    return "" if by_text else hashlib.sha256(data).hexdigest()


def _content_of_text(text: CVText) -> str:
    return hashlib.sha256(text.text.encode()).hexdigest()


async def _read(row: LedgerRow, data: bytes, parts: IngestParts) -> CVText:
    text = await parts.read(data, row.name, row.mime)
    if not text.text.strip():
        raise Unreadable(QuarantineReason.NO_TEXT)
    return text


async def _take_in(row: LedgerRow, content: str, text: CVText, parts: IngestParts, receipt: Receipt) -> FileState:
    seconds = min(STRUCTURE_SECONDS, SECONDS - EMBED_SECONDS - receipt.seconds)
    profile, by, waits = await _structure(text, parts, seconds)
    receipt.reach("structured", by)
    cv = await _embed(content, text, profile, parts, by=by, waits=waits)
    receipt.reach("embedded", cv.model_id)
    next_try = now() + timedelta(seconds=_wait(1)) if waits else None
    await originals.adopt(row)  # before saving: a migrated candidate who named this file becomes its own
    state = await pool.save(row, cv, receipt.steps, next_try=next_try)
    failpoint.reach("saved")
    return await _unless_erased(row, content, parts) or state


async def _unless_erased(row: LedgerRow, content: str, parts: IngestParts) -> FileState | None:
    """REMOVED, and the file forgotten, when its content is an erased person's: asked before the work and after it."""
    if not await tombstones.erased(parts.secret, [content]):
        return None
    await tombstones.add(parts.secret, row.key)
    await pool.forget(row)
    source = parts.sources.get(row.source)
    if isinstance(source, Removing):
        await source.remove(row.file_id)
    return FileState.REMOVED


async def _fetch(row: LedgerRow, parts: IngestParts) -> bytes:
    source = parts.sources.get(row.source)
    if source is None:
        raise Unavailable(f"the source {row.source} is not set up")
    data = await source.fetch(row.file_id)
    if row.size is not None and len(data) != row.size:
        raise Unavailable(f"{len(data)} bytes came, {row.size} were listed")
    if row.md5 is not None and hashlib.md5(data, usedforsecurity=False).hexdigest() != row.md5:
        raise Unavailable("the bytes that came have another md5 than was listed")
    return data


async def _already(row: LedgerRow, content: str, parts: IngestParts, receipt: Receipt) -> FileState | None:
    """Where the file belongs when its content needs no work: an erased person's, or a candidate's already."""
    if state := await _unless_erased(row, content, parts):
        return state
    twin = await candidates.by_content(content)
    if twin is None or not await _is_current(twin.id, parts):
        return None
    state = await pool.attach(row, content, receipt.steps)
    failpoint.reach("saved")
    return state


async def _is_current(candidate_id: str, parts: IngestParts) -> bool:
    made, state = await vectors.made_with(candidate_id), await live.get()
    answering = state.model_id if state else parts.embedder.model_id
    return made is not None and answering in made.models and made.passages_version == passages.PASSAGES_VERSION


async def embedders(parts: IngestParts) -> tuple[Embedder, Embedder | None]:
    """(of the model that answers, of the one that is made ready to answer next).

    Raises Unavailable or Misconfigured when the first cannot be loaded. Without the second, the rebuild does its part.
    """
    state = await live.get()
    if state is None:
        return parts.embedder, None
    answering = await embedder_of(state.model_id, parts)
    if state.next is None:
        return answering, None
    try:
        return answering, await embedder_of(state.next.model_id, parts)
    except AppError as error:
        log.info("vectors of %s are made later: %s", state.next.model_id, error)
        return answering, None


async def embedder_of(model_id: str, parts: IngestParts) -> Embedder:
    return parts.embedder if parts.embedder.model_id == model_id else await parts.other(model_id)


async def _structure(text: CVText, parts: IngestParts, seconds: float = STRUCTURE_SECONDS) -> tuple[Profile, str, bool]:
    """(profile, by which version, whether the model's is still to come)."""
    if parts.structurer is not parts.rules:
        try:
            async with asyncio.timeout(seconds):
                return await parts.structurer.structure(text), parts.structurer.version, False
        except (Unavailable, BadAnswer, TimeoutError) as error:
            log.info("rules structure this CV for now: %s", error)
    waits = parts.structurer is not parts.rules
    return await parts.rules.structure(text), parts.rules.version, waits


async def _embed(
    content: str, text: CVText, profile: Profile, parts: IngestParts, *, by: str, waits: bool, hidden: int | None = None
) -> pool.CV:
    pieces = passages.split(text, profile)
    if not pieces:
        raise Unreadable(QuarantineReason.NO_TEXT)
    texts = [piece.text for piece in pieces]
    answering, following = await embedders(parts)
    rows = await answering.embed(texts, "passage")
    beside = (following.model_id, await following.embed(texts, "passage")) if following else None
    return pool.CV(
        content_hash=content,
        profile=profile,
        pages=text.pages,
        hidden_words=text.hidden_words if hidden is None else hidden,
        unread=text.unread,
        passages=pieces,
        structured_by=by,
        enrichment_waits=waits,
        vectors=rows,
        model_id=answering.model_id,
        passages_version=passages.PASSAGES_VERSION,
        beside=beside,
    )


# --------------------------------------------------------------------------------------------------------- again


async def _read_again(row: LedgerRow, candidate: Candidate, parts: IngestParts, receipt: Receipt) -> FileState | None:
    """The CV with what can be read of it today; None when that is no more than what is known of it: it then stays."""
    try:
        data = await _fetch(row, parts)
        receipt.reach("fetched")
        text = await _read_rest(row, data, candidate, parts)
    except Unreadable as error:
        log.info("%s cannot be read again: %s", tag(row.key), error)
        return None
    receipt.reach("read", parts.reader)
    known, left = (set(one.unread.pages if one.unread else ()) for one in (candidate, text))
    if not left <= known or (text.pages, text.unread) == (candidate.pages, candidate.unread):
        return None
    return await _take_in(row, _content(row, data) or _content_of_text(text), text, parts, receipt)


async def _read_rest(row: LedgerRow, data: bytes, candidate: Candidate, parts: IngestParts) -> CVText:
    """All of the file, where pages of the very same bytes that are known take no time."""
    if parts.read_rest is None or _content(row, data) != candidate.content_hash:
        return await _read(row, data, parts)
    return await parts.read_rest(data, row.name, row.mime, CVText(pages=candidate.pages, unread=candidate.unread))


async def _enrich(row: LedgerRow, candidate: Candidate | None, parts: IngestParts, receipt: Receipt) -> FileState:
    """The model's profile for a CV that is searchable by the rules'."""
    if candidate is None or not candidate.enrichment_waits or parts.structurer is parts.rules:
        await ledger.enriched(row, receipt.steps)
        return row.state
    text = CVText(pages=candidate.pages, unread=candidate.unread)
    try:
        profile = await parts.structurer.structure(text)
    except BadAnswer as error:
        if row.tries + 1 < MOST_ENRICHMENTS:
            raise Unavailable(str(error)) from error
        profile, by = candidate.profile, candidate.structured_by  # the rules' stays
    else:
        by = parts.structurer.version
    receipt.reach("structured", by)
    cv = await _embed(candidate.content_hash, text, profile, parts, by=by, waits=False, hidden=candidate.hidden_words)
    receipt.reach("embedded", cv.model_id)
    await pool.refresh(candidate, cv)
    await ledger.enriched(row, receipt.steps)
    return row.state


async def remake(candidate: Candidate, parts: IngestParts) -> bool:
    """A candidate made anew from its kept text by today's structurer, passages and embedders; vectors always.

    False when it changed or went meanwhile. Raises Unavailable when the embedder is away, LateWriter when another model
    answers since.
    """
    text = CVText(pages=candidate.pages, unread=candidate.unread)
    profile, by, waits = candidate.profile, candidate.structured_by, candidate.enrichment_waits
    if by != parts.structurer.version:
        profile, by, waits = await _structure(text, parts)
    cv = await _embed(candidate.content_hash, text, profile, parts, by=by, waits=waits, hidden=candidate.hidden_words)
    return await pool.refresh(candidate, cv)


# --------------------------------------------------------------------------------------------------------- faults


def _wait(tries: int) -> float:
    """Seconds before the next try: doubling, with jitter so that many files do not come back at once."""
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - no secret
    return min(FIRST_WAIT * 2.0 ** (tries - 1), LONGEST_WAIT) * jitter


async def _fault(row: LedgerRow, error: Exception, receipt: Receipt) -> FileState:
    """Lasting faults quarantine the file, passing ones have it tried later."""
    if isinstance(error, Unreadable):
        return await _quarantine(row, error.reason, str(error), receipt)
    if isinstance(error, NotAllowed):
        return await _quarantine(row, QuarantineReason.NOT_ALLOWED, str(error), receipt)
    if isinstance(error, Unavailable | FileGone):
        return await _later(row, str(error), receipt, float(error.details.get("retry_after") or 0))
    if isinstance(error, TimeoutError):
        return await _later(row, f"not done within {SECONDS:.0f} s", receipt)
    log.error("%s could not be ingested", tag(row.key), exc_info=error)
    return await _later(row, f"{type(error).__name__}: {error}", receipt)


async def _quarantine(row: LedgerRow, reason: QuarantineReason, detail: str, receipt: Receipt) -> FileState:
    receipt.note("quarantined")
    next_try = now() + LOOK_AGAIN if reason is QuarantineReason.GAVE_UP else None
    await pool.quarantine(row, reason, detail[:500], receipt=receipt.steps, next_try=next_try)
    return FileState.QUARANTINED


async def _later(row: LedgerRow, detail: str, receipt: Receipt, at_least: float = 0) -> FileState:
    """Another try, later and later; a file that is searchable stays so, another is given up after many."""
    tries = row.tries + 1
    if tries >= MOST_TRIES and row.state is not FileState.SEARCHABLE:
        return await _quarantine(row, QuarantineReason.GAVE_UP, detail, receipt)
    receipt.note("postponed")
    next_try = now() + timedelta(seconds=max(_wait(tries), at_least))
    await ledger.postpone(row, detail=detail[:500], next_try=next_try, receipt=receipt.steps)
    return row.state
