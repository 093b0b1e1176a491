"""Searches kept under a name, with who is new for each since its owner last looked.

`fresh` is kept up to `counted_until`, so that a count costs only the CVs that came since the last count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

from beanie import Document
from pymongo import ASCENDING, IndexModel

from cvmatcher.domain import Criterion, InvalidInput, NotFound, Value
from cvmatcher.store.values import aware, now

KEPT_FOR_UNDO = timedelta(days=1)
LONGEST_NAME = 80


class SavedSearch(Value):
    id: str
    owner: str
    name: str
    criteria: tuple[Criterion, ...]
    looked: datetime  # when the owner last ran it
    counted_until: datetime  # candidates read in before this are in `fresh` where they belong there
    fresh: tuple[str, ...] = ()  # ids of candidates, new or changed since `looked`, that meet the musts


class SavedSearchDocument(Document):
    id: str  # type: ignore[assignment]
    owner: str
    name: str
    criteria: list[dict[str, Any]]
    created: datetime
    looked: datetime
    counted_until: datetime
    fresh: list[str] = []  # noqa: RUF012 - pydantic copies it
    gone: datetime | None = None

    class Settings:
        name = "saved_searches"
        indexes: ClassVar = [
            IndexModel([("owner", ASCENDING), ("created", ASCENDING)]),
            IndexModel([("fresh", ASCENDING)]),
            IndexModel([("gone", ASCENDING)], expireAfterSeconds=int(KEPT_FOR_UNDO.total_seconds())),
        ]


DOCUMENTS: tuple[type[Document], ...] = (SavedSearchDocument,)


def _collection() -> Any:
    return SavedSearchDocument.get_pymongo_collection()


def _saved(document: SavedSearchDocument) -> SavedSearch:
    fields = document.model_dump(include=set(SavedSearch.model_fields))
    moments = {name: aware(fields[name]) for name in ("looked", "counted_until")}
    return SavedSearch.model_validate(fields | moments)


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInput("a saved search has a name of 1 to 80 letters")
    return name


async def save(owner: str, name: str, criteria: Sequence[Criterion]) -> SavedSearch:
    """Raises InvalidInput for a bad name or no criteria. Its owner has just seen what it finds."""
    if not criteria:
        raise InvalidInput("nothing to look for")
    moment = now()
    document = SavedSearchDocument(
        id=uuid4().hex,
        owner=owner,
        name=_named(name),
        criteria=[one.model_dump(mode="json") for one in criteria],
        created=moment,
        looked=moment,
        counted_until=moment,
    )
    await document.insert()
    return _saved(document)


async def get(search_id: str, owner: str) -> SavedSearch:
    """Raises NotFound, also for another person's."""
    found = await SavedSearchDocument.find_one({"_id": search_id, "owner": owner, "gone": None})
    if found is None:
        raise NotFound("no such saved search")
    return _saved(found)


async def of(owner: str) -> list[SavedSearch]:
    """Oldest first: they keep their places."""
    found = SavedSearchDocument.find({"owner": owner, "gone": None}).sort("+created")
    return [_saved(one) async for one in found]


async def rename(search_id: str, owner: str, name: str) -> None:
    await get(search_id, owner)
    await _collection().update_one({"_id": search_id}, {"$set": {"name": _named(name)}})


async def delete(search_id: str, owner: str) -> SavedSearch:
    """`restore` brings it back within a day."""
    found = await get(search_id, owner)
    await _collection().update_one({"_id": search_id}, {"$set": {"gone": now()}})
    return found


async def restore(search_id: str, owner: str) -> SavedSearch:
    """Raises NotFound once it is deleted for good."""
    await _collection().update_one({"_id": search_id, "owner": owner}, {"$set": {"gone": None}})
    return await get(search_id, owner)


async def deleted_name(search_id: str, owner: str) -> str | None:
    """The name of a deleted search that can still be brought back."""
    found = await SavedSearchDocument.find_one({"_id": search_id, "owner": owner, "gone": {"$ne": None}})
    return found.name if found else None


async def counted(search: SavedSearch, fresh: Iterable[str], until: datetime) -> None:
    """Who is new, as of `until`; nothing if its owner has looked at it meanwhile."""
    await _collection().update_one(
        {"_id": search.id, "looked": search.looked}, {"$set": {"fresh": sorted(fresh), "counted_until": until}}
    )


async def look(search_id: str, owner: str) -> SavedSearch:
    """Its owner runs it: nobody is new any more. Gives the search as it was before."""
    found = await get(search_id, owner)
    moment = now()
    await _collection().update_one(
        {"_id": search_id}, {"$set": {"looked": moment, "counted_until": moment, "fresh": []}}
    )
    return found
