"""A document changed, or made where there is none, in one atomic step. Knows no collection of ours.

Where several make the same document at one moment, the embedded database changes it for each of them, but answers some
with nothing, as if there were no document; MongoDB may refuse one of them as a duplicate, who then has changed nothing.
"""

from __future__ import annotations

from typing import Any

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from cvmatcher.domain import Unavailable
from cvmatcher.store.transactions import Raw


async def upserted(collection: Any, key: str, change: Raw) -> Raw:
    """The document `key` after the change, perhaps with what others have changed since. Raises Unavailable when it is
    gone again.
    """
    try:
        raw = await _changed(collection, key, change)
    except DuplicateKeyError:  # it is there now
        raw = await _changed(collection, key, change)
    raw = raw or await collection.find_one({"_id": key})
    if raw is None:
        raise Unavailable(f"{collection.name}: a document was made and is gone")
    return raw


async def _changed(collection: Any, key: str, change: Raw) -> Raw | None:
    raw: Raw | None = await collection.find_one_and_update(
        {"_id": key}, change, upsert=True, return_document=ReturnDocument.AFTER
    )
    return raw
