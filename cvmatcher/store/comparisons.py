"""Whom a user has picked for comparing, and the search they were last picked from. One tray per user.

A tray has done its work once its people stand side by side: it stays, so that somebody can be added to it on the page
where it was filled, but the next pick elsewhere begins a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from beanie import Document
from pymongo import ASCENDING, IndexModel

from cvmatcher.domain import Conflict, Value

MOST = 4


class Tray(Value):
    candidates: tuple[str, ...] = ()  # in the order they were picked
    turn: str = ""
    place: str = ""  # the conversation in which somebody was picked last; "" for elsewhere
    done: bool = False  # its people were compared since


class TrayDocument(Document):
    id: str  # type: ignore[assignment]  # user id
    candidates: list[str] = []  # noqa: RUF012 - pydantic copies it
    turn: str = ""
    place: str = ""
    done: bool = False

    class Settings:
        name = "comparisons"
        indexes: ClassVar = [IndexModel([("candidates", ASCENDING)])]


DOCUMENTS: tuple[type[Document], ...] = (TrayDocument,)


def _collection() -> Any:
    return TrayDocument.get_pymongo_collection()


async def of(user_id: str) -> Tray:
    found = await TrayDocument.get(user_id)
    return Tray.model_validate(found.model_dump(include=set(Tray.model_fields))) if found else Tray()


async def picked_in(user_id: str, place: str) -> frozenset[str]:
    """Who is in the tray, as the place where it was filled shows it; elsewhere nobody is."""
    tray = await of(user_id)
    return frozenset(tray.candidates if tray.place == place else ())


async def pick(user_id: str, candidate_id: str, turn: str = "", place: str = "") -> None:
    """Idempotent. Raises Conflict when the tray is full."""
    tray = await of(user_id)
    if tray.done and tray.place != place:
        await clear(user_id)
        tray = Tray()
    if candidate_id not in tray.candidates and len(tray.candidates) >= MOST:
        raise Conflict("four people are being compared already", sentence="tray_full")
    fields = {"place": place, "done": False} | ({"turn": turn} if turn else {})
    await _collection().update_one(
        {"_id": user_id}, {"$addToSet": {"candidates": candidate_id}, "$set": fields}, upsert=True
    )


async def compared(user_id: str, candidate_ids: Sequence[str]) -> None:
    """These people stand side by side: where they are the tray's, it has done its work."""
    if set(candidate_ids) == set((await of(user_id)).candidates):
        await _collection().update_one({"_id": user_id}, {"$set": {"done": True}})


async def put_back(user_id: str, candidate_id: str) -> None:
    await _collection().update_one({"_id": user_id}, {"$pull": {"candidates": candidate_id}, "$set": {"done": False}})


async def clear(user_id: str) -> None:
    await _collection().delete_one({"_id": user_id})


async def keep_only(user_id: str, candidate_ids: list[str]) -> None:
    """Those who have left the pool make room."""
    await _collection().update_one({"_id": user_id}, {"$pull": {"candidates": {"$nin": candidate_ids}}})
