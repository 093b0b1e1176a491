"""The workers' heartbeats: for diagnostics, and to end what a dead worker has left open. Knows nothing of its work."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any, ClassVar

from beanie import Document
from bson import Binary
from pydantic import Field
from pymongo import ASCENDING, IndexModel

from cvmatcher.domain import Value
from cvmatcher.store import transactions
from cvmatcher.store.traces import NOBODY, Traces
from cvmatcher.store.values import aware, now


class Heartbeat(Value):
    worker: str  # host:pid:random
    at: datetime
    started_at: datetime


class HeartbeatDocument(Document):
    id: str  # type: ignore[assignment]
    at: datetime
    started_at: datetime
    sessions: list[bytes] = Field(default_factory=list)  # database sessions that may hold its transactions

    class Settings:
        name = "workers"
        indexes: ClassVar[list[IndexModel]] = [IndexModel([("at", ASCENDING)], name="old", expireAfterSeconds=86400)]


DOCUMENTS: tuple[type[Document], ...] = (HeartbeatDocument,)
TRACES: Traces = {HeartbeatDocument: NOBODY}


def _collection() -> Any:
    return HeartbeatDocument.get_pymongo_collection()


async def beat(worker: str) -> None:
    moment = now()
    held = [Binary(session_id) for session_id in transactions.sessions()]
    change = {"$set": {"at": moment, "sessions": held}, "$setOnInsert": {"started_at": moment}}
    await _collection().update_one({"_id": worker}, change, upsert=True)


async def holds_session(worker: str, session_id: bytes) -> None:
    """Noted before the worker's first transaction in this session."""
    moment = now()
    change = {"$addToSet": {"sessions": Binary(session_id)}, "$setOnInsert": {"started_at": moment, "at": moment}}
    await _collection().update_one({"_id": worker}, change, upsert=True)


async def bury_the_dead(worker: str, silence: float) -> list[str]:
    """Rolls back the open transactions of workers that died on this machine or are silent for so many seconds.

    Until then the documents they wrote are locked. A worker that was merely slow starts its transaction again. Gives
    the names of those buried.
    """
    dead: list[str] = []
    async for raw in _collection().find({"_id": {"$ne": worker}}):
        silent = (now() - aware(raw["at"])).total_seconds()
        if silent > silence or _died_here(raw["_id"], worker):
            await transactions.end_sessions(HeartbeatDocument, [bytes(each) for each in raw.get("sessions", ())])
            await _collection().delete_one({"_id": raw["_id"]})
            dead.append(raw["_id"])
    return dead


def _died_here(other: str, worker: str) -> bool:
    host, pid, _ = other.rsplit(":", 2)
    if host != worker.rsplit(":", 2)[0]:
        return False
    try:
        os.kill(int(pid), 0)  # asks, and sends nothing
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


async def leave(worker: str) -> None:
    await _collection().delete_one({"_id": worker})


async def alive(seconds: float = 30) -> list[Heartbeat]:
    """The workers heard of within `seconds`."""
    since = now() - timedelta(seconds=seconds)
    found = _collection().find({"at": {"$gte": since}}).sort("_id", ASCENDING)
    return [
        Heartbeat(worker=raw["_id"], at=aware(raw["at"]), started_at=aware(raw["started_at"])) async for raw in found
    ]
