"""Tombstones of erased persons: they keep a sync from bringing a file back, and tell nobody which file it was.

Owns the collection `tombstones`: HMACs of file keys and content hashes, nothing readable. The secret is the caller's.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from beanie import Document

from cvmatcher.store.traces import NOBODY, Traces
from cvmatcher.store.transactions import Session
from cvmatcher.store.values import now


class TombstoneDocument(Document):
    id: str  # type: ignore[assignment]  # HMAC-SHA256, hex
    at: datetime

    class Settings:
        name = "tombstones"


DOCUMENTS: tuple[type[Document], ...] = (TombstoneDocument,)
TRACES: Traces = {TombstoneDocument: NOBODY}


def _collection() -> Any:
    return TombstoneDocument.get_pymongo_collection()


def mark(secret: bytes, text: str) -> str:
    """The HMAC a file key or a content hash leaves behind."""
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


async def add(secret: bytes, *texts: str, session: Session | None = None) -> None:
    """Marks these file keys and content hashes as erased; safe to repeat."""
    for text in texts:
        change = {"$setOnInsert": {"at": now()}}
        await _collection().update_one({"_id": mark(secret, text)}, change, upsert=True, session=session)


async def erased(secret: bytes, texts: Iterable[str]) -> set[str]:
    """Which of these file keys or content hashes belong to an erased person."""
    marks = {mark(secret, text): text for text in texts}
    found = _collection().find({"_id": {"$in": list(marks)}}, {"_id": 1})
    return {marks[raw["_id"]] async for raw in found}
