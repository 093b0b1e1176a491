"""Who viewed, downloaded, exported, changed what. Append-only, each row carrying the hash of the one before it.

Rows hold ids only, never a name or a text. Nothing here changes or deletes a row.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from beanie import Document
from pymongo.errors import BulkWriteError

from cvmatcher.domain import Value
from cvmatcher.store.traces import NOBODY, Traces
from cvmatcher.store.transactions import Raw

DUPLICATE = 11000  # MongoDB's code for a key that is taken


class AuditRow(Value):
    number: int
    at: datetime
    actor: str
    act: str
    subject: str


class AuditDocument(Document):
    id: int  # type: ignore[assignment]  # 1, 2, 3… without gaps: two writers cannot take the same number
    at: str
    actor: str
    act: str
    subject: str
    before: str
    hash: str

    class Settings:
        name = "audit"


class HeadDocument(Document):
    """How far the log has come at least: rows cut off at its end are missed."""

    id: str  # type: ignore[assignment]  # "head"
    number: int

    class Settings:
        name = "audit_head"


DOCUMENTS: tuple[type[Document], ...] = (AuditDocument, HeadDocument)
# a random id, which an erasure leaves without a person
TRACES: Traces = {AuditDocument: NOBODY, HeadDocument: NOBODY}


def _hash(*fields: int | str) -> str:
    return hashlib.sha256(json.dumps(fields).encode()).hexdigest()


async def append(actor: str, act: str, subject: str = "") -> None:
    """One row. `actor` is a user id, `act` a verb of ours ("viewed", "downloaded"…), `subject` an id."""
    await append_each(actor, act, [subject])


async def append_each(actor: str, act: str, subjects: Sequence[str]) -> None:
    """A row for each subject, in their order."""
    left = list(subjects)
    while left:
        last = await AuditDocument.find_all().sort("-_id").first_or_none()
        rows = _chained(last, actor, act, left)
        try:
            await AuditDocument.get_pymongo_collection().insert_many(rows)
        except BulkWriteError as error:
            if any(one["code"] != DUPLICATE for one in error.details["writeErrors"]):
                raise
            left = left[error.details["nInserted"] :]  # another process was faster: chain onto its row
            continue
        heads = HeadDocument.get_pymongo_collection()
        await heads.update_one({"_id": "head"}, {"$max": {"number": rows[-1]["_id"]}}, upsert=True)
        return


def _chained(last: AuditDocument | None, actor: str, act: str, subjects: Sequence[str]) -> list[Raw]:
    number, before = (last.id, last.hash) if last else (0, "")
    rows: list[Raw] = []
    for subject in subjects:
        number += 1
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        row = {"_id": number, "at": at, "actor": actor, "act": act, "subject": subject, "before": before}
        before = _hash(number, at, actor, act, subject, before)
        rows.append(row | {"hash": before})
    return rows


async def count() -> int:
    return await AuditDocument.count()


async def broken_at() -> int | None:
    """The number of the first row that is missing or does not follow from the one before it; None if all hold.

    Whoever can write to the database can make a whole new chain: the log shows mistakes and single changes, no more.
    """
    before, expected = "", 1
    async for row in AuditDocument.find_all().sort("+_id"):
        right = _hash(row.id, row.at, row.actor, row.act, row.subject, before)
        if row.id != expected or row.before != before or row.hash != right:
            return expected
        before, expected = row.hash, expected + 1
    head = await HeadDocument.find_one({"_id": "head", "number": {"$gte": expected}})
    return expected if head else None


async def latest(*, act: str = "", actor: str = "", before: int | None = None, limit: int = 100) -> list[AuditRow]:
    """Newest first, from the row before number `before` on; of one act or one actor, if named."""
    query: dict[str, object] = {name: value for name, value in (("act", act), ("actor", actor)) if value}
    if before is not None:
        query["_id"] = {"$lt": before}
    return [_row(one) async for one in AuditDocument.find(query).sort("-_id").limit(limit)]


def _row(one: AuditDocument) -> AuditRow:
    return AuditRow(number=one.id, at=datetime.fromisoformat(one.at), actor=one.actor, act=one.act, subject=one.subject)


async def about(subject: str, limit: int = 50) -> list[AuditRow]:
    """The latest acts on one subject, newest first."""
    found = AuditDocument.find({"subject": subject}).sort("-_id").limit(limit)
    return [_row(one) async for one in found]
