"""Who is on a shortlist, with a status and a note. Knows nothing of who may change a list (`shortlists`).

Each entry remembers its last change and what it was before, so that a toast can undo that change, and only that one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import uuid4

from beanie import Document
from pymongo import ASCENDING, IndexModel

from cvmatcher.domain import NotFound, Value
from cvmatcher.store.shortlists import KEPT_FOR_UNDO
from cvmatcher.store.values import aware, in_chunks, now

LONGEST_NOTE = 2000


class Stage(StrEnum):
    """How far things are with a person on a list, in this order."""

    NEW = "new"
    TO_CONTACT = "to_contact"
    CONTACTED = "contacted"
    INTERVIEW = "interview"
    OFFER = "offer"
    HIRED = "hired"
    DECLINED = "declined"


IN_CONTACT = frozenset({Stage.CONTACTED, Stage.INTERVIEW, Stage.OFFER, Stage.HIRED})  # somebody has spoken with them


class Entry(Value):
    candidate_id: str
    status: Stage = Stage.NEW
    note: str = ""
    added: datetime
    added_by: str  # user id


class EntryDocument(Document):
    id: str  # type: ignore[assignment]  # "list:candidate"
    list: str
    candidate: str
    status: Stage = Stage.NEW
    note: str = ""
    added: datetime
    added_by: str
    gone: datetime | None = None  # taken off, and can still be brought back
    change: str = ""  # id of the last change
    before: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies it; status, note and gone before that change

    class Settings:
        name = "shortlist_entries"
        indexes: ClassVar = [
            IndexModel([("list", ASCENDING), ("gone", ASCENDING)]),
            IndexModel([("candidate", ASCENDING)]),
            IndexModel([("change", ASCENDING)]),
            IndexModel([("added", ASCENDING)]),
            IndexModel([("gone", ASCENDING)], expireAfterSeconds=int(KEPT_FOR_UNDO.total_seconds())),
        ]


DOCUMENTS: tuple[type[Document], ...] = (EntryDocument,)


def _collection() -> Any:
    return EntryDocument.get_pymongo_collection()


def _id(list_id: str, candidate_id: str) -> str:
    return f"{list_id}:{candidate_id}"


def _entry(document: EntryDocument) -> Entry:
    return Entry(
        candidate_id=document.candidate,
        status=document.status,
        note=document.note,
        added=aware(document.added),
        added_by=document.added_by,
    )


def new_change() -> str:
    """The id of a change to come; several calls that share it are undone together."""
    return uuid4().hex


# --------------------------------------------------------------------------------------------------------- reading


async def entries(list_id: str) -> list[Entry]:
    """Newest first."""
    found = EntryDocument.find({"list": list_id, "gone": None}).sort("-added", "+_id")
    return [_entry(one) async for one in found]


async def get(list_id: str, candidate_id: str) -> Entry:
    """Raises NotFound for one who is not on the list."""
    found = await EntryDocument.find_one({"_id": _id(list_id, candidate_id), "gone": None})
    if found is None:
        raise NotFound("not on this list")
    return _entry(found)


async def among(list_id: str, candidate_ids: Iterable[str]) -> frozenset[str]:
    """Those of the candidates that are on the list."""
    kept: set[str] = set()
    for some in in_chunks(_id(list_id, one) for one in candidate_ids):
        kept |= {one.candidate async for one in EntryDocument.find({"_id": {"$in": some}, "gone": None})}
    return frozenset(kept)


async def holding(candidate_id: str) -> frozenset[str]:
    """The ids of the lists that a candidate is on."""
    return frozenset([one.list async for one in EntryDocument.find({"candidate": candidate_id, "gone": None})])


async def lists_by_candidate(candidate_ids: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Candidate id -> the ids of the lists that they are on; who is on none is missing."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for some in in_chunks(candidate_ids):
        async for one in EntryDocument.find({"candidate": {"$in": some}, "gone": None}):
            found[one.candidate].add(one.list)
    return {one: frozenset(lists) for one, lists in found.items()}


async def counts(list_ids: Iterable[str]) -> Mapping[str, Mapping[Stage, int]]:
    """List id -> status -> how many; lists and statuses with nobody are missing."""
    found: defaultdict[str, dict[Stage, int]] = defaultdict(dict)
    for some in in_chunks(list_ids):
        steps: list[dict[str, Any]] = [
            {"$match": {"list": {"$in": some}, "gone": None}},
            {"$group": {"_id": {"list": "$list", "status": "$status"}, "n": {"$sum": 1}}},
        ]
        async for row in await _collection().aggregate(steps):
            found[row["_id"]["list"]][Stage(row["_id"]["status"])] = int(row["n"])
    return found


# -------------------------------------------------------------------------------------------------------- changing


async def add(list_id: str, entries_: Sequence[Entry], change: str = "", *, moved: bool = False) -> int:
    """Puts people on the list; gives how many were not on it. One who was taken off comes back with note and status.

    `moved`: their status and note come with them.
    """
    known = await _documents(list_id, [one.candidate_id for one in entries_])
    fresh = [one for one in entries_ if one.candidate_id not in known or known[one.candidate_id].gone]
    for one in fresh:
        old = known.get(one.candidate_id)
        brought = {"status": one.status, "note": one.note or (old.note if old else "")} if moved or not old else {}
        await _collection().update_one(
            {"_id": _id(list_id, one.candidate_id)},
            {
                "$setOnInsert": {
                    "list": list_id,
                    "candidate": one.candidate_id,
                    "added_by": one.added_by,
                    "added": one.added,
                },
                "$set": {**brought, "gone": None, "change": change, "before": _before(old)},
            },
            upsert=True,
        )
    return len(fresh)


def _before(old: EntryDocument | None) -> dict[str, Any]:
    if old is None:
        return {"gone": now()}
    return {"status": old.status, "note": old.note, "gone": old.gone}


async def _documents(list_id: str, candidate_ids: Iterable[str]) -> dict[str, EntryDocument]:
    found: dict[str, EntryDocument] = {}
    for some in in_chunks(_id(list_id, one) for one in candidate_ids):
        found |= {one.candidate: one async for one in EntryDocument.find({"_id": {"$in": some}})}
    return found


async def remove(list_id: str, candidate_ids: Iterable[str], change: str = "") -> int:
    return await _set(list_id, candidate_ids, {"gone": now()}, change)


async def set_status(list_id: str, candidate_ids: Iterable[str], status: Stage, change: str = "") -> int:
    return await _set(list_id, candidate_ids, {"status": status}, change)


async def write(list_id: str, candidate_id: str, status: Stage, note: str, change: str = "") -> int:
    return await _set(list_id, [candidate_id], {"status": status, "note": note[:LONGEST_NOTE]}, change)


async def move(list_id: str, target: str, candidate_ids: Sequence[str], change: str) -> int:
    """People with status and note to another list. A break between the two leaves them on both, never on none."""
    moved = await copy(list_id, target, candidate_ids, change)
    await remove(list_id, candidate_ids, change)
    return moved


async def copy(list_id: str, target: str, candidate_ids: Sequence[str], change: str) -> int:
    """Gives how many of them were on the list."""
    known = await _documents(list_id, candidate_ids)
    here = [_entry(one).model_copy(update={"added": now()}) for one in known.values() if one.gone is None]
    await add(target, here, change, moved=True)
    return len(here)


async def _set(list_id: str, candidate_ids: Iterable[str], fields: dict[str, Any], change: str) -> int:
    """Sets fields of those that are on the list; gives how many."""
    known = await _documents(list_id, candidate_ids)
    here = [one for one in known.values() if one.gone is None]
    for one in here:
        remembered = {"change": change, "before": _before(one)}
        await _collection().update_one({"_id": one.id, "gone": None}, {"$set": fields | remembered})
    return len(here)


# ------------------------------------------------------------------------------------------------------------ undo


async def lists_of(change: str) -> frozenset[str]:
    """The lists whose entries a change touched last."""
    return frozenset([one.list async for one in EntryDocument.find({"change": change})]) if change else frozenset()


async def undo(change: str) -> list[str]:
    """Entries become what they were before the change, where nothing has happened to them since; whose they are."""
    touched = [one async for one in EntryDocument.find({"change": change})] if change else []
    for one in touched:
        await _collection().update_one(
            {"_id": one.id, "change": change}, {"$set": {**one.before, "change": "", "before": {}}}
        )
    return [one.candidate for one in touched]
