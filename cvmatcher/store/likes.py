"""Which candidates a recruiter keeps, with a note. Per person, in MongoDB: a lost cookie loses nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import ClassVar

from beanie import Document
from pymongo import ASCENDING, IndexModel

from cvmatcher.domain import Value
from cvmatcher.store.traces import Rule, Traces, forgotten


class Like(Value):
    candidate_id: str
    note: str = ""
    created: datetime


class LikeDocument(Document):
    """`gone` marks an unlike that its toast can still undo, note included."""

    id: str  # type: ignore[assignment]  # "user:candidate"
    user: str
    candidate: str
    note: str = ""
    created: datetime
    gone: datetime | None = None

    class Settings:
        name = "likes"
        indexes: ClassVar = [
            IndexModel([("user", ASCENDING), ("created", ASCENDING)]),
            IndexModel([("candidate", ASCENDING)]),
        ]


DOCUMENTS: tuple[type[Document], ...] = (LikeDocument,)
TRACES: Traces = {LikeDocument: Rule(forgotten)}


def _id(user_id: str, candidate_id: str) -> str:
    return f"{user_id}:{candidate_id}"


async def like(user_id: str, candidate_id: str) -> None:
    """Idempotent; liking again after an unlike brings the note and the old place in the list back."""
    now = datetime.now(UTC)
    await LikeDocument.get_pymongo_collection().update_one(
        {"_id": _id(user_id, candidate_id)},
        {
            "$setOnInsert": {"user": user_id, "candidate": candidate_id, "note": "", "created": now},
            "$set": {"gone": None},
        },
        upsert=True,
    )


async def unlike(user_id: str, candidate_id: str) -> None:
    await LikeDocument.get_pymongo_collection().update_one(
        {"_id": _id(user_id, candidate_id)}, {"$set": {"gone": datetime.now(UTC)}}
    )


async def write_note(user_id: str, candidate_id: str, note: str) -> bool:
    """False if the candidate is not on the list."""
    done = await LikeDocument.get_pymongo_collection().update_one(
        {"_id": _id(user_id, candidate_id), "gone": None}, {"$set": {"note": note[:2000]}}
    )
    return bool(done.matched_count)


async def likes_of(user_id: str) -> list[Like]:
    """Newest first."""
    found = LikeDocument.find({"user": user_id, "gone": None}).sort("-created")
    return [Like(candidate_id=one.candidate, note=one.note, created=one.created) async for one in found]


async def liked_among(user_id: str, candidate_ids: Sequence[str]) -> frozenset[str]:
    ids = [_id(user_id, one) for one in candidate_ids]
    return frozenset([one.candidate async for one in LikeDocument.find({"_id": {"$in": ids}, "gone": None})])
