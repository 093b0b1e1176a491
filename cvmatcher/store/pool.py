"""The pool: candidates, their vectors and the files' ledger rows, changed together in one transaction.

Owns the identity rules: the same bytes under two file keys are one candidate; a replaced file keeps its candidate
unless a copy still holds the old bytes; when a primary file goes, a copy takes over; the same bytes coming back revive
the old id. Knows nothing of sources, models and queues.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import uuid4

from pymongo.errors import DuplicateKeyError

from cvmatcher.domain import Candidate, FileState, Passage, Profile, QuarantineReason, Unread
from cvmatcher.ports import VectorEntry, Vectors
from cvmatcher.store import candidates, ledger, live, vectors
from cvmatcher.store.ledger import LedgerDocument, LedgerRow, Step
from cvmatcher.store.traces import Person
from cvmatcher.store.transactions import Raw, Session, in_transaction
from cvmatcher.store.values import now

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CV:
    """What ingestion made of one file's bytes: row i of `vectors` belongs to passage i.

    `beside`: (model id, vectors) of the model that is being made ready to answer next.
    """

    content_hash: str
    profile: Profile
    pages: tuple[str, ...]
    hidden_words: int
    unread: Unread | None
    passages: tuple[Passage, ...]
    structured_by: str
    enrichment_waits: bool
    vectors: Vectors
    model_id: str
    passages_version: str
    beside: tuple[str, Vectors] | None = None


class LateWriter(Exception):
    """The row was taken by another worker, its file or the model that answers changed: nothing was written."""


# --------------------------------------------------------------------------------------------------------- outcomes


async def save(row: LedgerRow, cv: CV, receipt: Sequence[Step] = (), *, next_try: datetime | None = None) -> FileState:
    """The file is searchable by `cv`, or a duplicate of a candidate that has its content. Raises LateWriter.

    `next_try`: when the model is asked again for the profile that the rules stood in for.
    """

    async def work(session: Session) -> FileState:
        current = await _ours(row, session)
        twin = await candidates.by_content(cv.content_hash, session=session)
        if twin is not None:
            if current.key == twin.file_key:
                twin = _candidate(twin.id, current, cv, twin.other_files)
                await _write(twin, cv, session)
            return await _attach(current, twin, receipt, session)
        candidate_id, holds = await _id_for(current, cv.content_hash, session)
        if not holds:
            await _detach(current.key, session)
        await _write(_candidate(candidate_id, current, cv), cv, session, new=not holds)
        await _settle(
            current,
            FileState.SEARCHABLE,
            receipt,
            session,
            candidate_id=candidate_id,
            content=cv.content_hash,
            next_try=next_try,
        )
        return FileState.SEARCHABLE

    return await _once_more_when_doubled(work)


async def attach(row: LedgerRow, content_hash: str, receipt: Sequence[Step] = ()) -> FileState | None:
    """The file's content is a candidate's already: unchanged, or a duplicate. None when no candidate has it."""

    async def work(session: Session) -> FileState | None:
        current = await _ours(row, session)
        twin = await candidates.by_content(content_hash, session=session)
        return None if twin is None else await _attach(current, twin, receipt, session)

    return await in_transaction(LedgerDocument, work)


async def quarantine(
    row: LedgerRow,
    reason: QuarantineReason,
    detail: str = "",
    *,
    receipt: Sequence[Step] = (),
    next_try: datetime | None = None,
) -> None:
    """The file cannot become a CV: what it held before is searchable by its copies, or no more. Raises LateWriter."""

    async def work(session: Session) -> None:
        current = await _ours(row, session)
        kept = await _detach(current.key, session)
        await _settle(
            current,
            FileState.QUARANTINED,
            receipt,
            session,
            candidate_id=None if kept else current.candidate_id,
            reason=reason,
            detail=detail,
            next_try=next_try,
        )

    await in_transaction(LedgerDocument, work)


async def remove(key: str) -> bool:
    """The source no longer has the file. A worker that is at it is shut out. False when there is nothing to remove."""

    async def work(session: Session) -> bool:
        current = await ledger.get(key, session=session)
        if current is None or current.state is FileState.REMOVED:
            return False
        await _detach(current.key, session)
        await _settle(
            current.model_copy(update={"lease_token": current.lease_token + 1}),
            FileState.REMOVED,
            [ledger.step("removed")],
            session,
            candidate_id=current.candidate_id,
            content=current.content_hash,
        )
        return True

    return await in_transaction(LedgerDocument, work)


async def forget(row: LedgerRow) -> None:
    """An erased person's file came back: no row, no candidate by it. Raises LateWriter."""

    async def work(session: Session) -> None:
        current = await _ours(row, session)
        await _detach(current.key, session)
        await ledger.forget(row.key, session=session)

    await in_transaction(LedgerDocument, work)


async def erase(person: Person) -> int:
    """The person's candidates, vectors and files' rows go together; how many candidates. Who works on them is late."""

    async def work(session: Session) -> int:
        wanted = {"_id": {"$in": sorted(person.candidate_ids)}}
        gone = await candidates.collection().delete_many(wanted, session=session)
        await vectors.collection().delete_many(wanted, session=session)
        await ledger.collection().delete_many(ledger.of(person), session=session)
        return int(gone.deleted_count)

    return await in_transaction(LedgerDocument, work)


async def refresh(before: Candidate, cv: CV) -> bool:
    """A candidate made anew from its kept text (other models or rules). False when it has changed or gone since.

    Raises LateWriter when another model answers since.
    """

    async def work(session: Session) -> bool:
        current = await candidates.get(before.id, session=session)
        if current is None or current.content_hash != cv.content_hash:
            return False
        made = _candidate_fields(cv)
        await _write(current.model_copy(update=made), cv, session)
        return True

    return await in_transaction(LedgerDocument, work)


async def balance() -> dict[str, object]:
    """`ledger` (rows by state), `candidates`, `files_held` by them, `balanced`: all at one moment."""

    async def work(session: Session) -> dict[str, object]:
        sums = await ledger.sums(session=session)
        listed = int(await ledger.collection().count_documents({}, session=session))
        persons = int(await candidates.collection().count_documents({}, session=session))
        held = await candidates.files_held(session=session)
        settled = sums[FileState.SEARCHABLE] + sums[FileState.DUPLICATE]
        balanced = (
            sum(sums.values()) == listed
            and settled <= held <= settled + sums[FileState.IN_PROGRESS]
            and sums[FileState.SEARCHABLE] <= persons
        )
        return {
            "ledger": {state.value: n for state, n in sums.items()},
            "listed": listed,
            "candidates": persons,
            "files_held": held,
            "balanced": balanced,
        }

    return await in_transaction(LedgerDocument, work)


# --------------------------------------------------------------------------------------------------------- rules


async def _ours(row: LedgerRow, session: Session) -> LedgerRow:
    """The row as it stands, if we still hold it and its file is the one we read."""
    current = await ledger.get(row.key, session=session)
    if current is None or current.lease_token != row.lease_token or current.version != row.version:
        raise LateWriter(row.key)
    return current


async def _id_for(row: LedgerRow, content_hash: str, session: Session) -> tuple[str, bool]:
    """(candidate id for new content of this file, whether a candidate of that id exists and is replaced in place)."""
    held = await candidates.by_file_key(row.key, session=session)
    if held is not None and held.file_key == row.key and not held.other_files:
        return held.id, True
    if row.candidate_id and row.content_hash == content_hash and await _free(row.candidate_id, session):
        return row.candidate_id, False
    async for raw in ledger.collection().find({"content_hash": content_hash}, session=session):
        if raw.get("candidate_id") and await _free(raw["candidate_id"], session):
            return raw["candidate_id"], False
    if row.candidate_id and await _free(row.candidate_id, session):
        return row.candidate_id, False
    return uuid4().hex, False


async def _free(candidate_id: str, session: Session) -> bool:
    return await candidates.get(candidate_id, session=session) is None


async def _attach(row: LedgerRow, twin: Candidate, receipt: Sequence[Step], session: Session) -> FileState:
    """The file is one more source of `twin`, or its source already."""
    primary = row.key == twin.file_key
    others = list(twin.other_files)
    if not primary and row.key not in others:
        await _detach(row.key, session)
        others.append(row.key)
    await candidates.set_files(  # also when nothing changes: the decision rests on this document
        twin.id,
        file_key=twin.file_key,
        file_name=row.name if primary else twin.file_name,
        other_files=others,
        modified=row.modified if primary else twin.modified,
        session=session,
    )
    state = FileState.SEARCHABLE if primary else FileState.DUPLICATE
    await _settle(
        row,
        state,
        receipt,
        session,
        candidate_id=twin.id,
        content=twin.content_hash,
        duplicate_of=None if primary else twin.file_key,
        next_try=now() if primary and twin.enrichment_waits else None,
    )
    return state


async def _detach(key: str, session: Session) -> bool:
    """The file no longer stands for the candidate it stood for; whether that candidate lives on by another file."""
    held = await candidates.by_file_key(key, session=session)
    return held is not None and await leave(held, key, session)


async def leave(held: Candidate, key: str, session: Session) -> bool:
    """`held` without this file: by its copies, or no more; whether it lives on."""
    others = [other for other in held.other_files if other != key]
    if held.file_key != key:
        await candidates.set_files(
            held.id,
            file_key=held.file_key,
            file_name=held.file_name,
            other_files=others,
            modified=held.modified,
            session=session,
        )
        return True
    if not others:
        await candidates.delete(held.id, session=session)
        await vectors.delete(held.id, session=session)
        return False
    await _hand_over(held, others, session)
    return True


async def _hand_over(held: Candidate, others: list[str], session: Session) -> None:
    """A copy becomes the primary file: one that is settled, if there is one."""
    rows = {key: await ledger.get(key, session=session) for key in others}
    settled = [key for key, row in rows.items() if row is not None and row.state is FileState.DUPLICATE]
    heir_key = (settled or others)[0]
    rest = [key for key in others if key != heir_key]
    heir = rows[heir_key]
    await candidates.set_files(
        held.id,
        file_key=heir_key,
        file_name=heir.name if heir else held.file_name,
        other_files=rest,
        modified=heir.modified if heir else held.modified,
        session=session,
    )
    rows_of = ledger.collection()
    promoted = {"state": FileState.SEARCHABLE, "duplicate_of": None, "since": now()}
    if held.enrichment_waits:
        promoted["next_try"] = now()
    change = {"$set": promoted, "$push": ledger.more_steps([ledger.step("took over")])}
    await rows_of.update_one({"_id": heir_key, "state": FileState.DUPLICATE}, change, session=session)
    await rows_of.update_many({"_id": {"$in": rest}}, {"$set": {"duplicate_of": heir_key}}, session=session)


# --------------------------------------------------------------------------------------------------------- writing


def _candidate_fields(cv: CV) -> Raw:
    return {
        "content_hash": cv.content_hash,
        "profile": cv.profile,
        "pages": cv.pages,
        "hidden_words": cv.hidden_words,
        "unread": cv.unread,
        "passages": cv.passages,
        "structured_by": cv.structured_by,
        "enrichment_waits": cv.enrichment_waits,
        "ingested_at": now(),
    }


def _candidate(candidate_id: str, row: LedgerRow, cv: CV, other_files: tuple[str, ...] = ()) -> Candidate:
    return Candidate(
        id=candidate_id,
        file_key=row.key,
        file_name=row.name,
        other_files=other_files,
        modified=row.modified,
        **_candidate_fields(cv),
    )


async def _write(candidate: Candidate, cv: CV, session: Session, *, new: bool = False) -> None:
    await (candidates.add if new else candidates.put)(candidate, session=session)
    made = {cv.model_id: cv.vectors} | dict([cv.beside] if cv.beside else [])
    state = await live.get(session=session)
    answering, following = (state.model_id, state.next) if state else (cv.model_id, None)
    if answering not in made:
        raise LateWriter(f"{answering} answers now")
    entries = {model: VectorEntry(candidate.id, cv.content_hash, model, rows) for model, rows in made.items()}
    beside = entries.get(following.model_id) if following else None
    await vectors.put(entries[answering], cv.passages_version, session=session, beside=beside)


async def _settle(
    row: LedgerRow,
    state: FileState,
    receipt: Sequence[Step],
    session: Session,
    *,
    candidate_id: str | None,
    content: str | None = None,
    duplicate_of: str | None = None,
    reason: QuarantineReason | None = None,
    detail: str = "",
    next_try: datetime | None = None,
) -> None:
    fields: Raw = {
        "state": state,
        "reason": reason,
        "detail": detail,
        "next_try": next_try,
        "candidate_id": candidate_id,
        "duplicate_of": duplicate_of,
        "read_again": False,
        "lease_token": row.lease_token,
        "lease_owner": None,
        "lease_until": None,
    }
    if content is not None:
        fields["content_hash"] = content
    if state is not row.state:
        fields["since"] = now()
    if state is not FileState.QUARANTINED:
        fields["tries"] = 0
    change = {"$set": fields, "$push": ledger.more_steps(receipt)}
    await ledger.collection().update_one({"_id": row.key}, change, session=session)


async def _once_more_when_doubled(work: Callable[[Session], Awaitable[T]]) -> T:
    """Two workers made a candidate of the same bytes (or revived the same id) at once: the later one starts again."""
    while True:
        try:
            return await in_transaction(LedgerDocument, work)
        except DuplicateKeyError as error:
            doubled = error
        if not await _content_is_there(doubled):
            raise doubled


async def _content_is_there(error: DuplicateKeyError) -> bool:
    """Whether the key that was refused has since been written: then the next try sees it."""
    key = (error.details or {}).get("keyValue") or {}
    return not key or await candidates.collection().count_documents(key) > 0
