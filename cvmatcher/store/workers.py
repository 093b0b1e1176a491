"""The workers' heartbeats, for diagnostics. Knows nothing of what workers do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar

from beanie import Document
from pymongo import ASCENDING, IndexModel

from cvmatcher.domain import Value
from cvmatcher.store.values import aware, now


class Heartbeat(Value):
    worker: str  # host:pid:random
    at: datetime
    started_at: datetime


class HeartbeatDocument(Document):
    id: str  # type: ignore[assignment]
    at: datetime
    started_at: datetime

    class Settings:
        name = "workers"
        indexes: ClassVar[list[IndexModel]] = [IndexModel([("at", ASCENDING)], name="old", expireAfterSeconds=86400)]


DOCUMENTS: tuple[type[Document], ...] = (HeartbeatDocument,)


def _collection() -> Any:
    return HeartbeatDocument.get_pymongo_collection()


async def beat(worker: str) -> None:
    moment = now()
    change = {"$set": {"at": moment}, "$setOnInsert": {"started_at": moment}}
    await _collection().update_one({"_id": worker}, change, upsert=True)


async def leave(worker: str) -> None:
    await _collection().delete_one({"_id": worker})


async def alive(seconds: float = 30) -> list[Heartbeat]:
    """The workers heard of within `seconds`."""
    since = now() - timedelta(seconds=seconds)
    found = _collection().find({"at": {"$gte": since}}).sort("_id", ASCENDING)
    return [
        Heartbeat(worker=raw["_id"], at=aware(raw["at"]), started_at=aware(raw["started_at"])) async for raw in found
    ]
