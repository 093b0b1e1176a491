"""Whose identity a person in blind mode has asked to see, one candidate at a time."""

from __future__ import annotations

from typing import ClassVar

from beanie import Document
from pymongo import ASCENDING, IndexModel


class UnmaskedDocument(Document):
    id: str  # type: ignore[assignment]  # "user:candidate"
    user: str
    candidate: str

    class Settings:
        name = "unmasked"
        indexes: ClassVar = [IndexModel([("user", ASCENDING)]), IndexModel([("candidate", ASCENDING)])]


DOCUMENTS: tuple[type[Document], ...] = (UnmaskedDocument,)


async def unmask(user_id: str, candidate_id: str) -> None:
    """Idempotent."""
    await UnmaskedDocument.get_pymongo_collection().update_one(
        {"_id": f"{user_id}:{candidate_id}"}, {"$set": {"user": user_id, "candidate": candidate_id}}, upsert=True
    )


async def mask(user_id: str, candidate_id: str) -> None:
    await UnmaskedDocument.get_pymongo_collection().delete_one({"_id": f"{user_id}:{candidate_id}"})


async def unmasked_by(user_id: str) -> frozenset[str]:
    """Candidate ids."""
    return frozenset([one.candidate async for one in UnmaskedDocument.find({"user": user_id})])
