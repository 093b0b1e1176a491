"""The ledger: one row in `seen_cvs` for every file ever listed, each in exactly one state.

Owns rows, leases, receipts and their sums. A lease carries a token that grows with every taking: a writer whose token
is no longer the row's is late and is refused. Knows nothing of candidates (pool) and of what ingestion does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar

from beanie import Document
from pydantic import Field
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument

from cvmatcher.domain import FileState, NotFound, QuarantineReason, SourceFile, Value
from cvmatcher.store.traces import Person, Rule, Traces, of_person
from cvmatcher.store.transactions import Raw, Session
from cvmatcher.store.upserts import upserted
from cvmatcher.store.values import aware, in_chunks, known_fields, now

MOST_STEPS = 60  # of a receipt; the latest are kept

FILE_FIELDS = ("source", "file_id", "name", "path", "mime", "size", "version", "md5", "modified")


class Step(Value):
    """One line of a file's receipt."""

    name: str
    at: datetime
    ms: int
    version: str = ""  # of the reader, model, prompt or rules that did it


class LedgerRow(Value):
    """A file ever listed. `candidate_id` outlives the candidate, so that the same bytes coming back revive its id."""

    key: str
    source: str
    file_id: str
    name: str
    path: str = ""
    mime: str = "application/pdf"
    size: int | None = None
    version: str
    md5: str | None = None
    modified: datetime | None = None
    state: FileState
    since: datetime  # in this state
    first_seen: datetime
    reason: QuarantineReason | None = None
    detail: str = ""
    tries: int = 0
    next_try: datetime | None = None
    read_again: bool = False  # the file itself, although it is searchable: not all of it could be read
    rereads: int = 0  # how often that was begun by itself since the file last changed
    candidate_id: str | None = None
    content_hash: str | None = None
    duplicate_of: str | None = None  # key of the primary file
    lease_owner: str | None = None
    lease_token: int = 0
    lease_until: datetime | None = None
    added_by: str = ""  # id of the user who uploaded it
    receipt: tuple[Step, ...] = ()

    @property
    def is_being_read_again(self) -> bool:
        """Now, not later."""
        return self.read_again and (self.next_try is None or self.next_try <= now())

    @property
    def file(self) -> SourceFile:
        return SourceFile.model_validate({name: getattr(self, name) for name in FILE_FIELDS})


class Due(Value):
    """A row that waits for a worker. The token tells a request made after a taking from those before it."""

    key: str
    token: int


class Standing(Value):
    """What the end of a listing needs to know of a row that is not removed."""

    key: str
    state: FileState
    since: datetime
    size: int | None = None
    candidate_id: str | None = None


class LedgerDocument(Document):
    id: str  # type: ignore[assignment]  # the file key
    source: str
    file_id: str
    name: str
    path: str = ""
    mime: str = "application/pdf"
    size: int | None = None
    version: str
    md5: str | None = None
    modified: datetime | None = None
    state: FileState
    since: datetime
    first_seen: datetime
    reason: QuarantineReason | None = None
    detail: str = ""
    tries: int = 0
    next_try: datetime | None = None
    read_again: bool = False
    rereads: int = 0
    candidate_id: str | None = None
    content_hash: str | None = None
    duplicate_of: str | None = None
    lease_owner: str | None = None
    lease_token: int = 0
    lease_until: datetime | None = None
    added_by: str = ""
    receipt: list[Step] = Field(default_factory=list)

    class Settings:
        name = "seen_cvs"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("state", ASCENDING), ("since", DESCENDING)], name="state"),
            IndexModel([("source", ASCENDING), ("state", ASCENDING)], name="source"),
            IndexModel([("content_hash", ASCENDING)], name="content_hash"),
            IndexModel([("candidate_id", ASCENDING)], name="candidate_id"),
            IndexModel([("next_try", ASCENDING)], name="next_try"),
            IndexModel([("duplicate_of", ASCENDING)], name="duplicate_of"),
        ]


DOCUMENTS: tuple[type[Document], ...] = (LedgerDocument,)


def of(person: Person) -> Raw:
    """The query for a person's files, those removed long ago among them."""
    fields = {"_id": person.file_keys, "candidate_id": person.candidate_ids, "content_hash": person.content_hashes}
    return {"$or": [{name: {"$in": sorted(values)}} for name, values in fields.items()]}


TRACES: Traces = {LedgerDocument: Rule(of_person, of)}


def collection() -> Any:
    """For the modules of the store that write rows inside their transactions."""
    return LedgerDocument.get_pymongo_collection()


def step(name: str) -> Step:
    """Something that happened to the file in no time: listed, renamed, removed."""
    return Step(name=name, at=now(), ms=0)


def more_steps(steps: Iterable[Step]) -> Raw:
    """The `$push` that adds steps to a receipt."""
    return {"receipt": {"$each": [one.model_dump() for one in steps], "$slice": -MOST_STEPS}}


def row_of(raw: Raw) -> LedgerRow:
    fields = known_fields(LedgerRow, raw)
    fields["key"] = raw["_id"]
    for name in ("since", "first_seen", "modified", "next_try", "lease_until"):
        fields[name] = aware(fields.get(name))
    fields["receipt"] = [{**step, "at": aware(step["at"])} for step in raw.get("receipt", ())]
    return LedgerRow.model_validate(fields)


# --------------------------------------------------------------------------------------------------------- reading


async def get(key: str, *, session: Session | None = None) -> LedgerRow | None:
    raw = await collection().find_one({"_id": key}, session=session)
    return row_of(raw) if raw else None


async def by_candidate(candidate_id: str) -> list[LedgerRow]:
    return [row_of(raw) async for raw in collection().find({"candidate_id": candidate_id}).sort("_id", ASCENDING)]


async def first_seen() -> dict[str, datetime]:
    """Candidate id -> when the latest of its files was first listed."""
    pipeline = [
        {"$match": {"candidate_id": {"$ne": None}}},
        {"$group": {"_id": "$candidate_id", "at": {"$max": "$first_seen"}}},
    ]
    return {raw["_id"]: aware(raw["at"]) async for raw in await collection().aggregate(pipeline)}


async def sums(*, session: Session | None = None) -> dict[FileState, int]:
    """Rows by state, every state named."""
    found = dict.fromkeys(FileState, 0)
    pipeline = [{"$group": {"_id": "$state", "n": {"$sum": 1}}}]
    async for raw in await collection().aggregate(pipeline, session=session):
        found[FileState(raw["_id"])] = int(raw["n"])
    return found


async def quarantine_reasons() -> dict[QuarantineReason, int]:
    """Quarantined rows by reason, those that occur."""
    pipeline = [{"$match": {"state": FileState.QUARANTINED}}, {"$group": {"_id": "$reason", "n": {"$sum": 1}}}]
    return {QuarantineReason(raw["_id"]): int(raw["n"]) async for raw in await collection().aggregate(pipeline)}


async def per_day(days: int) -> dict[date, dict[FileState, int]]:
    """Files first seen on each of the last `days` days (UTC), by the state they are in now; every day is named."""
    today = now().date()
    found: dict[date, dict[FileState, int]] = {today - timedelta(days=back): {} for back in reversed(range(days))}
    start = datetime.combine(min(found), time(), tzinfo=UTC)
    by_day = {"$dateToString": {"date": "$first_seen", "format": "%Y-%m-%d"}}
    pipeline = [
        {"$match": {"first_seen": {"$gte": start}}},
        {"$group": {"_id": {"day": by_day, "state": "$state"}, "n": {"$sum": 1}}},
    ]
    async for raw in await collection().aggregate(pipeline):
        day = date.fromisoformat(raw["_id"]["day"])
        if day in found:
            found[day][FileState(raw["_id"]["state"])] = int(raw["n"])
    return found


class Wanted(Value):
    """Which rows a page shows. `name` is a part of the file's name or of where it lies, whatever the case.

    `enriching`: only those that are searchable while the model's profile is still to come; `keys`: only these.
    """

    state: FileState | None = None
    reason: QuarantineReason | None = None
    source: str | None = None
    added_by: str | None = None
    name: str = ""
    enriching: bool = False
    keys: tuple[str, ...] | None = None

    @property
    def query(self) -> Raw:
        fields = self.model_dump(include={"state", "reason", "source", "added_by"}, exclude_none=True)
        if self.enriching:
            fields |= {"state": FileState.SEARCHABLE, "next_try": {"$ne": None}, "read_again": {"$ne": True}}
        if self.keys is not None:
            fields["_id"] = {"$in": list(self.keys)}
        if self.name:
            part = {"$regex": re.escape(self.name), "$options": "i"}
            fields["$or"] = [{"name": part}, {"path": part}]
        return fields


async def page(wanted: Wanted, *, skip: int = 0, limit: int = 50) -> list[LedgerRow]:
    """Rows, the latest change of state first."""
    order = [("since", DESCENDING), ("_id", ASCENDING)]
    return [row_of(raw) async for raw in collection().find(wanted.query).sort(order).skip(skip).limit(limit)]


async def count(wanted: Wanted) -> int:
    return int(await collection().count_documents(wanted.query))


async def names(keys: Iterable[str]) -> dict[str, str]:
    """The names of those files that are known, by key."""
    found: dict[str, str] = {}
    for some in in_chunks(keys):
        rows = collection().find({"_id": {"$in": some}}, {"name": 1})
        found |= {raw["_id"]: raw["name"] async for raw in rows}
    return found


async def copies(key: str) -> list[LedgerRow]:
    """The files with the same bytes that were found to double this one."""
    return [row_of(raw) async for raw in collection().find({"duplicate_of": key}).sort("_id", ASCENDING)]


async def each(*, source: str | None = None) -> list[LedgerRow]:
    """Every row, of one source or of all: for checks, not for pages."""
    query = {} if source is None else {"source": source}
    return [row_of(raw) async for raw in collection().find(query).sort("_id", ASCENDING)]


async def standing(source: str) -> list[Standing]:
    """The rows of a source that are not removed."""
    query = {"source": source, "state": {"$ne": FileState.REMOVED}}
    fields = {"state": 1, "since": 1, "size": 1, "candidate_id": 1}
    return [
        Standing(
            key=raw["_id"],
            state=raw["state"],
            since=aware(raw["since"]),
            size=raw.get("size"),
            candidate_id=raw.get("candidate_id"),
        )
        async for raw in collection().find(query, fields)
    ]


async def living(candidate_ids: Iterable[str], *, besides: set[str]) -> set[str]:
    """Those of the candidates that a settled file stands for which is not among `besides`."""
    settled = [FileState.SEARCHABLE, FileState.DUPLICATE]
    query = {"candidate_id": {"$in": list(candidate_ids)}, "state": {"$in": settled}}
    found = collection().find(query, {"candidate_id": 1})
    return {raw["candidate_id"] async for raw in found if raw["_id"] not in besides}


async def in_progress() -> int:
    return int(await collection().count_documents({"state": FileState.IN_PROGRESS}))


def _free(moment: datetime) -> Raw:
    return {"$or": [{"lease_until": None}, {"lease_until": {"$lte": moment}}]}


def _may_start(moment: datetime) -> Raw:
    waits_for_model = {"state": FileState.SEARCHABLE, "next_try": {"$lte": moment}}
    gave_up = {"state": FileState.QUARANTINED, "next_try": {"$lte": moment}}
    in_hand = {"state": FileState.IN_PROGRESS, "$or": [{"next_try": None}, {"next_try": {"$lte": moment}}]}
    return {"$or": [in_hand, waits_for_model, gave_up]}


async def due(limit: int, *, moment: datetime | None = None) -> list[Due]:
    """Rows that wait for a worker and that none holds, those waiting longest first: what the sweeper re-enqueues."""
    moment = moment or now()
    query = {"$and": [_may_start(moment), _free(moment)]}
    found = collection().find(query, {"lease_token": 1}).sort([("since", ASCENDING)]).limit(limit)
    return [Due(key=raw["_id"], token=raw.get("lease_token", 0)) async for raw in found]


async def count_due(moment: datetime | None = None) -> int:
    """Rows that are being read or could be now: not those that wait for a later try, nor for the model's profile."""
    moment = moment or now()
    in_hand = {"state": FileState.IN_PROGRESS, "$or": [{"next_try": None}, {"next_try": {"$lte": moment}}]}
    again = {"state": FileState.SEARCHABLE, "read_again": True, "next_try": {"$lte": moment}}
    query = {"$or": [in_hand, again]}
    return int(await collection().count_documents(query))


async def count_settled(since: datetime) -> int:
    """Rows that came to where they belong since then."""
    return int(await collection().count_documents({"state": {"$ne": FileState.IN_PROGRESS}, "since": {"$gte": since}}))


async def uploaded(file: SourceFile, by: str) -> Due:
    """A file that somebody added by hand waits for a worker from now on; a look may have found it first."""
    change = {
        "$set": {**file.model_dump(include=set(FILE_FIELDS)), "added_by": by},
        "$setOnInsert": {**fresh(now()), "first_seen": now(), "lease_token": 0},
        "$push": more_steps([step("uploaded")]),
    }
    raw = await upserted(collection(), file.key, change)
    return Due(key=file.key, token=raw["lease_token"])


# --------------------------------------------------------------------------------------------------------- leases


async def take(key: str, owner: str, seconds: float) -> LedgerRow | None:
    """Takes the row for `seconds` when it waits for a worker and nobody holds it. The new token is in the row."""
    moment = now()
    change = {
        "$set": {"lease_owner": owner, "lease_until": moment + timedelta(seconds=seconds)},
        "$inc": {"lease_token": 1},
    }
    query = {"$and": [{"_id": key}, _may_start(moment), _free(moment)]}
    raw = await collection().find_one_and_update(query, change, return_document=ReturnDocument.AFTER)
    return row_of(raw) if raw else None


async def renew(row: LedgerRow, seconds: float) -> bool:
    """Whether the lease is still ours; if so it holds for `seconds` from now."""
    change = {"$set": {"lease_until": now() + timedelta(seconds=seconds)}}
    result = await collection().update_one({"_id": row.key, "lease_token": row.lease_token}, change)
    return bool(result.matched_count)


async def release(row: LedgerRow) -> None:
    """Gives the row back as it is; does nothing when another has taken it since."""
    change = {"$set": {"lease_owner": None, "lease_until": None}}
    await collection().update_one({"_id": row.key, "lease_token": row.lease_token}, change)


async def free(owner: str) -> int:
    """Gives back what a dead worker held; how many rows. The tokens grow: should it live, it is refused."""
    change = {"$set": {"lease_owner": None, "lease_until": None}, "$inc": {"lease_token": 1}}
    return int((await collection().update_many({"lease_owner": owner}, change)).modified_count)


async def postpone(row: LedgerRow, *, detail: str, next_try: datetime, receipt: Sequence[Step]) -> bool:
    """After a passing fault: tried again at `next_try`. False when the row is no longer ours or has changed."""
    change = {
        "$set": {
            "detail": detail,
            "next_try": next_try,
            "lease_owner": None,
            "lease_until": None,
        },
        "$push": more_steps(receipt),
        "$inc": {"tries": 1},
    }
    query = {"_id": row.key, "lease_token": row.lease_token, "version": row.version}
    return bool((await collection().update_one(query, change)).matched_count)


async def enriched(row: LedgerRow, receipt: Sequence[Step]) -> None:
    """The model's profile is there, or no longer waited for."""
    change = {
        "$set": {"next_try": None, "read_again": False, "tries": 0, "detail": ""},
        "$push": more_steps(receipt),
    }
    await collection().update_one({"_id": row.key, "lease_token": row.lease_token}, change)


# --------------------------------------------------------------------------------------------------------- retries


def fresh(moment: datetime) -> Raw:
    """The fields of a row that waits for a worker from `moment` on."""
    return {
        "state": FileState.IN_PROGRESS,
        "since": moment,
        "reason": None,
        "detail": "",
        "tries": 0,
        "next_try": None,
        "read_again": False,
        "rereads": 0,
    }


_NEVER: Raw = {"$in": [0, None]}  # rows of older versions have no count


async def retry(key: str) -> Due:
    """A quarantined or postponed file is to be read again now. Raises NotFound."""
    query = {"_id": key, "state": {"$in": [FileState.QUARANTINED, FileState.IN_PROGRESS]}}
    change = {"$set": fresh(now()), "$push": more_steps([step("asked again")])}
    raw = await collection().find_one_and_update(query, change, return_document=ReturnDocument.AFTER)
    if raw is None:
        raise NotFound(f"no file {key} that waits or is quarantined")
    return Due(key=key, token=raw["lease_token"])


async def retry_quarantined(reasons: Iterable[QuarantineReason] = ()) -> int:
    """All quarantined files (of these reasons) are to be read again; how many. The sweeper enqueues them."""
    query: Raw = {"state": FileState.QUARANTINED}
    if wanted := list(reasons):
        query["reason"] = {"$in": wanted}
    change = {"$set": fresh(now()), "$push": more_steps([step("asked again")])}
    return int((await collection().update_many(query, change)).modified_count)


async def read_again(keys: Iterable[str]) -> int:
    """These searchable files are to be read again and stay searchable meanwhile; how many. The sweeper enqueues."""
    count = 0
    for some in in_chunks(keys):
        query = {"_id": {"$in": some}, "state": FileState.SEARCHABLE}
        change = {"$set": {"read_again": True, "next_try": now()}, "$push": more_steps([step("asked again")])}
        count += int((await collection().update_many(query, change)).modified_count)
    return count


async def read_later(keys: Iterable[str], waits: Sequence[timedelta]) -> int:
    """As `read_again`, but after the first of `waits`, after the second the next time, and no more after the last.

    A file that waits for something already is left to it. How many were written down.
    """
    count = 0
    for some in in_chunks(keys):
        for done, wait in enumerate(waits):
            query = {"_id": {"$in": some}, "state": FileState.SEARCHABLE, "next_try": None, "rereads": done or _NEVER}
            change = {"$set": {"read_again": True, "rereads": done + 1, "next_try": now() + wait}}
            count += int((await collection().update_many(query, change)).modified_count)
    return count


async def forget(key: str, *, session: Session | None = None) -> None:
    """Removes a row altogether: for erased persons only, whose file's name must not stay."""
    await collection().delete_one({"_id": key}, session=session)
