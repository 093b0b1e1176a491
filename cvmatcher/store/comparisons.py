"""Whom a user has picked for comparing, and the search they were last picked from. One tray per user."""

from __future__ import annotations

from typing import ClassVar

from beanie import Document
from pymongo import ASCENDING, IndexModel

from cvmatcher.domain import Conflict, Value

MOST = 4


class Tray(Value):
    candidates: tuple[str, ...] = ()  # in the order they were picked
    turn: str = ""


class TrayDocument(Document):
    id: str  # type: ignore[assignment]  # user id
    candidates: list[str] = []  # noqa: RUF012 - pydantic copies it
    turn: str = ""

    class Settings:
        name = "comparisons"
        indexes: ClassVar = [IndexModel([("candidates", ASCENDING)])]


DOCUMENTS: tuple[type[Document], ...] = (TrayDocument,)


async def of(user_id: str) -> Tray:
    found = await TrayDocument.get(user_id)
    return Tray(candidates=tuple(found.candidates), turn=found.turn) if found else Tray()


async def pick(user_id: str, candidate_id: str, turn: str = "") -> None:
    """Idempotent. Raises Conflict when the tray is full."""
    picked = (await of(user_id)).candidates
    if candidate_id not in picked and len(picked) >= MOST:
        raise Conflict("four people are being compared already", sentence="tray_full")
    fields = {"turn": turn} if turn else {}
    await TrayDocument.get_pymongo_collection().update_one(
        {"_id": user_id},
        {"$addToSet": {"candidates": candidate_id}, **({"$set": fields} if fields else {})},
        upsert=True,
    )


async def put_back(user_id: str, candidate_id: str) -> None:
    await TrayDocument.get_pymongo_collection().update_one({"_id": user_id}, {"$pull": {"candidates": candidate_id}})


async def clear(user_id: str) -> None:
    await TrayDocument.get_pymongo_collection().delete_one({"_id": user_id})


async def keep_only(user_id: str, candidate_ids: list[str]) -> None:
    """Those who have left the pool make room."""
    await TrayDocument.get_pymongo_collection().update_one(
        {"_id": user_id}, {"$pull": {"candidates": {"$nin": candidate_ids}}}
    )
