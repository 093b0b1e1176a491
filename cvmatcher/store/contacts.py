"""When somebody last had contact with a candidate, where people say so: what the retention clock counts from.

Owns the collection `contacts`, one row a candidate. Knows not what follows from it (retention does).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from beanie import Document

from cvmatcher.store.traces import Rule, Traces, of_person
from cvmatcher.store.values import aware, now


class ContactDocument(Document):
    id: str  # type: ignore[assignment]  # the candidate's
    at: datetime
    by: str  # user id
    change: str = ""  # the act on a list that told of it
    before: datetime | None = None  # the contact noted before that act

    class Settings:
        name = "contacts"


DOCUMENTS: tuple[type[Document], ...] = (ContactDocument,)
TRACES: Traces = {ContactDocument: Rule(of_person, lambda person: {"_id": {"$in": sorted(person.candidate_ids)}})}


def _collection() -> Any:
    return ContactDocument.get_pymongo_collection()


async def note(candidate_id: str, by: str, change: str = "") -> None:
    """There was contact today; with `change`, the act that says so, which may be undone."""
    before = await of(candidate_id)
    fields = {"at": now(), "by": by, "change": change, "before": before}
    await _collection().update_one({"_id": candidate_id}, {"$set": fields}, upsert=True)


async def undo(change: str) -> None:
    """What this act noted is taken back, where nothing was noted since."""
    if not change:
        return
    async for raw in _collection().find({"change": change}):
        this = {"_id": raw["_id"], "change": change}
        if raw.get("before") is None:
            await _collection().delete_one(this)
        else:
            await _collection().update_one(this, {"$set": {"at": raw["before"], "change": "", "before": None}})


async def last() -> dict[str, datetime]:
    """Candidate id -> last contact, of those somebody noted."""
    return {raw["_id"]: aware(raw["at"]) async for raw in _collection().find({})}


async def of(candidate_id: str) -> datetime | None:
    raw = await _collection().find_one({"_id": candidate_id})
    return aware(raw["at"]) if raw else None
