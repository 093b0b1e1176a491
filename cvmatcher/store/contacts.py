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

    class Settings:
        name = "contacts"


DOCUMENTS: tuple[type[Document], ...] = (ContactDocument,)
TRACES: Traces = {ContactDocument: Rule(of_person, lambda person: {"_id": {"$in": sorted(person.candidate_ids)}})}


def _collection() -> Any:
    return ContactDocument.get_pymongo_collection()


async def note(candidate_id: str, by: str) -> None:
    """There was contact today."""
    await _collection().update_one({"_id": candidate_id}, {"$set": {"at": now(), "by": by}}, upsert=True)


async def last() -> dict[str, datetime]:
    """Candidate id -> last contact, of those somebody noted."""
    return {raw["_id"]: aware(raw["at"]) async for raw in _collection().find({})}


async def of(candidate_id: str) -> datetime | None:
    raw = await _collection().find_one({"_id": candidate_id})
    return aware(raw["at"]) if raw else None
