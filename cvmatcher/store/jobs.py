"""Jobs that people start and watch: scan for new files, sync, rebuild. Knows nothing of the queue that runs them.

Owns the collection `jobs`. At most one job of a kind is active (a unique index says so); its progress and cursor live
here, so that a job goes on after any crash.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal
from uuid import uuid4

from beanie import Document
from pymongo import ASCENDING, DESCENDING, IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from cvmatcher.domain import Conflict, Value
from cvmatcher.store.traces import Rule, Traces, masked
from cvmatcher.store.transactions import Raw
from cvmatcher.store.values import aware, known_fields, now

Kind = Literal["ingest", "sync", "rebuild"]
State = Literal["queued", "running", "done", "failed", "cancelled"]


class Job(Value):
    """What a panel shows of a job. `total` may grow while the listing goes on; `message` is for people."""

    id: str
    kind: Kind
    state: State = "queued"
    done: int = 0
    total: int = 0
    started_by: str
    started_at: datetime
    finished_at: datetime | None = None
    message: str = ""
    cancel_asked: bool = False
    cursor: str = ""  # where the next slice goes on

    @property
    def active(self) -> bool:
        return self.state in ("queued", "running")


class JobDocument(Document):
    id: str  # type: ignore[assignment]
    kind: Kind
    state: State = "queued"
    active: bool = True
    done: int = 0
    total: int = 0
    started_by: str
    started_at: datetime
    finished_at: datetime | None = None
    message: str = ""
    cancel_asked: bool = False
    cursor: str = ""  # where the next slice goes on
    slices: int = 0  # slices begun: the token of the slice that may write
    lease_until: datetime | None = None

    class Settings:
        name = "jobs"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel(
                [("kind", ASCENDING)],
                name="one_active_of_a_kind",
                unique=True,
                partialFilterExpression={"active": True},
            ),
            IndexModel([("started_at", DESCENDING)], name="started_at"),
        ]


DOCUMENTS: tuple[type[Document], ...] = (JobDocument,)
TRACES: Traces = {JobDocument: Rule(masked)}  # its cursor may be the person's random id: the job goes on from there


class Slice(Value):
    """A slice of a job in hand: only the latest may write."""

    job: Job
    token: int
    cursor: str


def _collection() -> Any:
    return JobDocument.get_pymongo_collection()


def _job(raw: Raw) -> Job:
    fields = known_fields(Job, raw)
    fields["started_at"] = aware(fields["started_at"])
    fields["finished_at"] = aware(fields.get("finished_at"))
    return Job.model_validate(fields)


async def start(kind: Kind, by: str, cursor: str = "") -> Job:
    """A new job, begun at `cursor`. Raises Conflict (details: `job`, `started_by`) when one of its kind is active."""
    raw: Raw = JobDocument(id=uuid4().hex, kind=kind, started_by=by, started_at=now(), cursor=cursor).model_dump()
    raw["_id"] = raw.pop("id")
    raw.pop("revision_id", None)
    try:
        await _collection().insert_one(raw)
    except DuplicateKeyError as error:
        running = await active(kind)
        if running is None:  # it ended in between
            return await start(kind, by, cursor)
        raise Conflict(
            f"{kind} already started by {running.started_by}", job=running.id, started_by=running.started_by
        ) from error
    return _job(raw)


async def get(job_id: str) -> Job | None:
    raw = await _collection().find_one({"_id": job_id})
    return _job(raw) if raw else None


async def active(kind: Kind) -> Job | None:
    raw = await _collection().find_one({"kind": kind, "active": True})
    return _job(raw) if raw else None


async def running() -> list[Job]:
    """The jobs that are queued or running, oldest first."""
    return [_job(raw) async for raw in _collection().find({"active": True}).sort("started_at", ASCENDING)]


async def recent(n: int) -> list[Job]:
    return [_job(raw) async for raw in _collection().find({}).sort("started_at", DESCENDING).limit(n)]


async def ask_cancel(job_id: str) -> Job | None:
    """The job stops at its next step; None when there is no such job. A job that has ended stays as it is."""
    change = {"$set": {"cancel_asked": True}}
    await _collection().update_one({"_id": job_id, "active": True}, change)
    return await get(job_id)


# --------------------------------------------------------------------------------------------------------- slices


async def stalled() -> list[tuple[str, int]]:
    """(job id, slices begun) of the active jobs that no slice holds: what the sweeper re-enqueues."""
    free = {"$or": [{"lease_until": None}, {"lease_until": {"$lte": now()}}]}
    found = _collection().find({"active": True, **free}, {"slices": 1})
    return [(raw["_id"], raw["slices"]) async for raw in found]


async def take(job_id: str, seconds: float) -> Slice | None:
    """The next slice of an active job that nobody holds."""
    moment = now()
    query = {"_id": job_id, "active": True, "$or": [{"lease_until": None}, {"lease_until": {"$lte": moment}}]}
    change = {
        "$set": {"state": "running", "lease_until": moment + timedelta(seconds=seconds)},
        "$inc": {"slices": 1},
    }
    raw = await _collection().find_one_and_update(query, change, return_document=ReturnDocument.AFTER)
    return Slice(job=_job(raw), token=raw["slices"], cursor=raw["cursor"]) if raw else None


async def progress(
    piece: Slice,
    *,
    done: int,
    total: int,
    cursor: str | None = None,
    message: str | None = None,
    seconds: float | None = None,
) -> Job | None:
    """Writes how far the slice has come and holds it on for `seconds`; None when another slice has taken over."""
    fields: Raw = {"done": done, "total": total}
    if cursor is not None:
        fields["cursor"] = cursor
    if message is not None:
        fields["message"] = message
    if seconds is not None:
        fields["lease_until"] = now() + timedelta(seconds=seconds)
    query = {"_id": piece.job.id, "slices": piece.token, "active": True}
    raw = await _collection().find_one_and_update(query, {"$set": fields}, return_document=ReturnDocument.AFTER)
    return _job(raw) if raw else None


async def renew(piece: Slice, seconds: float) -> bool:
    """Whether the slice is still the one that may write; if so it holds the job for `seconds` from now."""
    query = {"_id": piece.job.id, "slices": piece.token, "active": True}
    change = {"$set": {"lease_until": now() + timedelta(seconds=seconds)}}
    return bool((await _collection().update_one(query, change)).matched_count)


async def pause(piece: Slice) -> bool:
    """Ends a slice; the job goes on with the next one. False when another slice has taken over."""
    query = {"_id": piece.job.id, "slices": piece.token, "active": True}
    return bool((await _collection().update_one(query, {"$set": {"lease_until": None}})).matched_count)


async def finish(piece: Slice, state: State, message: str = "") -> None:
    fields = {"state": state, "active": False, "finished_at": now(), "message": message, "lease_until": None}
    await _collection().update_one({"_id": piece.job.id, "slices": piece.token, "active": True}, {"$set": fields})
