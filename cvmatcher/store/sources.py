"""How far each source has been listed: cursors, what the listing under way has named, removals that wait for a word.

Owns the collections `sources`, `listing_pages` and `folders`. A page's ledger rows and the cursor behind it are written
in one transaction. Knows no source's API and removes nothing itself (listing does, through pool).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from beanie import Document
from pymongo import ASCENDING, IndexModel, ReturnDocument, UpdateOne

from cvmatcher.domain import FileState, ListingPage, SourceFile, Value
from cvmatcher.store import candidates, ledger
from cvmatcher.store.traces import NOBODY, Rule, Traces, forgotten, masked
from cvmatcher.store.transactions import Raw, Session, in_transaction
from cvmatcher.store.upserts import upserted
from cvmatcher.store.values import aware, known_fields, now


class SourceState(Value):
    """Where a source's listing stands. `removals_wait`: so many files went at once that an admin must confirm it."""

    name: str
    cursor: str | None = None
    listing: str | None = None  # id of the listing under way
    pages: int = 0  # of the listing under way
    full: bool = False  # the listing under way is complete, as far as it has come
    listed: bool = False  # its last page is saved; what is gone is being removed
    full_at: datetime | None = None  # end of the last complete listing
    done_at: datetime | None = None  # end of the last listing, complete or of changes
    error: str = ""  # why the last look failed
    error_at: datetime | None = None
    asked_at: datetime | None = None  # a look was asked for
    full_asked_at: datetime | None = None  # a complete listing was asked for
    begun_at: datetime | None = None  # begin of the listing under way
    removals_wait: int = 0
    removals_confirmed: int = 0  # so many may go
    lease_token: int = 0
    lease_until: datetime | None = None


class SourceDocument(Document):
    id: str  # type: ignore[assignment]  # name of the source
    cursor: str | None = None
    listing: str | None = None
    pages: int = 0
    full: bool = False
    listed: bool = False
    full_at: datetime | None = None
    done_at: datetime | None = None
    error: str = ""
    error_at: datetime | None = None
    asked_at: datetime | None = None
    full_asked_at: datetime | None = None
    begun_at: datetime | None = None
    removals_wait: int = 0
    removals_confirmed: int = 0
    lease_token: int = 0
    lease_until: datetime | None = None

    class Settings:
        name = "sources"


class ListingPageDocument(Document):
    """What one page named: a complete listing's missing files are found by it."""

    id: str  # type: ignore[assignment]
    listing: str
    page: int
    named: list[str]
    gone: list[str]

    class Settings:
        name = "listing_pages"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("listing", ASCENDING), ("page", ASCENDING)], name="listing")
        ]


class FolderDocument(Document):
    """A folder registered beside the one of the settings."""

    id: str  # type: ignore[assignment]  # name of its source
    path: str

    class Settings:
        name = "folders"


DOCUMENTS: tuple[type[Document], ...] = (SourceDocument, ListingPageDocument, FolderDocument)
TRACES: Traces = {SourceDocument: Rule(masked), ListingPageDocument: Rule(forgotten), FolderDocument: NOBODY}

FEW = 50  # keys that are looked up one by one

_MOMENTS = ("full_at", "done_at", "error_at", "asked_at", "full_asked_at", "begun_at", "lease_until")


def _sources() -> Any:
    return SourceDocument.get_pymongo_collection()


def _pages() -> Any:
    return ListingPageDocument.get_pymongo_collection()


def _folders() -> Any:
    return FolderDocument.get_pymongo_collection()


def _state(raw: Raw) -> SourceState:
    fields = known_fields(SourceState, raw)
    fields["name"] = raw["_id"]
    fields.update({name: aware(fields.get(name)) for name in _MOMENTS})
    return SourceState.model_validate(fields)


# --------------------------------------------------------------------------------------------------------- folders


async def register_folder(path: Path) -> str:
    """The name of the source for this folder, the same each time."""
    resolved = str(await asyncio.to_thread(path.resolve))
    name = "folder-" + hashlib.sha256(resolved.encode(errors="surrogateescape")).hexdigest()[:8]
    await _folders().update_one({"_id": name}, {"$set": {"path": resolved}}, upsert=True)
    return name


async def folders() -> dict[str, Path]:
    """The registered folders by source name."""
    return {raw["_id"]: Path(raw["path"]) async for raw in _folders().find({})}


# --------------------------------------------------------------------------------------------------------- states


async def get(name: str) -> SourceState:
    raw = await _sources().find_one({"_id": name})
    return _state(raw) if raw else SourceState(name=name)


async def all_states() -> list[SourceState]:
    return [_state(raw) async for raw in _sources().find({}).sort("_id", ASCENDING)]


async def listing_under_way() -> bool:
    """Whether a source is being looked at, or was asked for and not looked at yet."""
    moment = now()
    for state in await all_states():
        held = state.lease_until is not None and state.lease_until > moment
        if held or (state.asked_at is not None and (state.begun_at is None or state.asked_at > state.begun_at)):
            return True
    return False


async def ask(name: str, *, full: bool = False) -> SourceState:
    """Notes that a look (a complete one) is wanted, also while one is under way."""
    fields = {"asked_at": now()} | ({"full_asked_at": now()} if full else {})
    return _state(await upserted(_sources(), name, {"$set": fields}))


async def want_full(name: str) -> None:
    """The next look, whenever it comes, is a complete one."""
    await _sources().update_one({"_id": name}, {"$set": {"full_asked_at": now()}})


async def is_asked(name: str) -> bool:
    """Whether a look was asked for after the last one began."""
    state = await get(name)
    return state.asked_at is not None and (state.begun_at is None or state.asked_at >= state.begun_at)


async def confirm_removals(name: str) -> int:
    """An admin's word that the files that disappeared at once really have; how many may go at the next listing."""
    state = await get(name)
    await _sources().update_one({"_id": name}, {"$set": {"removals_confirmed": state.removals_wait}})
    return state.removals_wait


async def take(name: str, seconds: float) -> SourceState | None:
    """Takes the source for one look when nobody holds it."""
    moment = now()
    await _sources().update_one({"_id": name}, {"$setOnInsert": {"lease_until": None}}, upsert=True)
    query = {"_id": name, "$or": [{"lease_until": None}, {"lease_until": {"$lte": moment}}]}
    change = {"$set": {"lease_until": moment + timedelta(seconds=seconds)}, "$inc": {"lease_token": 1}}
    raw = await _sources().find_one_and_update(query, change, return_document=ReturnDocument.AFTER)
    return _state(raw) if raw else None


async def _set(state: SourceState, fields: Raw, *, session: Session | None = None) -> SourceState | None:
    """Writes while the lease is ours."""
    raw = await _sources().find_one_and_update(
        {"_id": state.name, "lease_token": state.lease_token},
        {"$set": fields},
        return_document=ReturnDocument.AFTER,
        session=session,
    )
    return _state(raw) if raw else None


async def renew(state: SourceState, seconds: float) -> bool:
    return await _set(state, {"lease_until": now() + timedelta(seconds=seconds)}) is not None


async def release(state: SourceState, *, error: str | None = None) -> None:
    """Ends a look; `error` says why it failed ("" that it did not), None leaves what was said before."""
    fields: Raw = {"lease_until": None}
    if error is not None:
        fields |= {"error": error, "error_at": now() if error else None}
    await _set(state, fields)


async def begin(state: SourceState, *, full: bool) -> SourceState | None:
    """A new listing, complete (`full`) or of the changes behind the cursor. What an older one named is dropped."""
    if state.listing is not None:
        await _pages().delete_many({"listing": state.listing})
    fields: Raw = {"listing": uuid4().hex, "pages": 0, "full": full, "listed": False, "begun_at": now()}
    if full:
        fields["cursor"] = None
    return await _set(state, fields)


# --------------------------------------------------------------------------------------------------------- pages


async def save_page(
    state: SourceState, page: ListingPage, *, erased: Iterable[str] = ()
) -> tuple[SourceState, list[ledger.Due]] | None:
    """Ledger rows of a page and the cursor behind it, in one transaction; the rows that wait for a worker now.

    `erased` are file keys that must not be written. None when another worker has taken the source since.
    """
    skip = set(erased)
    files = {file.key: file for file in page.files if file.key not in skip}
    gone = [f"{state.name}:{file_id}" for file_id in page.gone]

    async def work(session: Session) -> tuple[SourceState, list[ledger.Due]] | None:
        fields = {
            "cursor": page.cursor,
            "pages": state.pages + 1,
            "full": page.full and (state.full or state.pages == 0),
            "listed": not page.more,
        }
        moved = await _set(state, fields, session=session)
        if moved is None:
            return None
        due = await _save_rows(files, session)
        await _pages().insert_one(
            {
                "_id": f"{state.listing}:{state.pages}",
                "listing": state.listing,
                "page": state.pages,
                "named": list(files),
                "gone": gone,
            },
            session=session,
        )
        return moved, due

    return await in_transaction(SourceDocument, work)


async def _save_rows(files: dict[str, SourceFile], session: Session) -> list[ledger.Due]:
    known = await _known(list(files), session)
    writes: list[UpdateOne] = []
    due: list[ledger.Due] = []
    for key, file in files.items():
        fields, starts = _changes(known.get(key), file)
        if fields:
            change: Raw = {"$set": fields}
            if said := _said(known.get(key), fields, starts=starts):
                change["$push"] = ledger.more_steps([ledger.step(said)])
            writes.append(UpdateOne({"_id": key}, change, upsert=True))
        if starts:
            due.append(ledger.Due(key=key, token=known.get(key, {}).get("lease_token", 0)))
        elif "name" in fields or "modified" in fields:
            await _rename(key, file, session)
    if writes:
        await ledger.collection().bulk_write(writes, ordered=False, session=session)
    return due


async def _known(keys: list[str], session: Session) -> dict[str, Raw]:
    """The rows of a page. Its keys mostly lie together, and a stretch is read ten times faster than many keys."""
    if not keys:
        return {}
    wanted = set(keys)
    query: Raw = {"$in": keys} if len(keys) <= FEW else {"$gte": min(keys), "$lte": max(keys)}
    found = ledger.collection().find({"_id": query}, {"receipt": 0}, session=session)
    return {raw["_id"]: raw async for raw in found if raw["_id"] in wanted}


def _changes(raw: Raw | None, file: SourceFile) -> tuple[Raw, bool]:
    """(fields to write, whether a worker must look at the file)."""
    listed = file.model_dump(include=set(ledger.FILE_FIELDS))
    moment = now()
    if raw is None:
        return {**listed, **ledger.fresh(moment), "first_seen": moment, "lease_token": 0}, True
    raw["modified"] = aware(raw.get("modified"))
    changed = {name: value for name, value in listed.items() if raw.get(name) != value}
    replaced = bool(changed.keys() & {"version", "md5", "size"})
    if replaced or raw["state"] == FileState.REMOVED:
        return {**changed, **ledger.fresh(moment)}, True
    return changed, False


def _said(before: Raw | None, fields: Raw, *, starts: bool) -> str:
    """What the receipt says of it; nothing of a new date alone."""
    if before is None:
        return "listed"
    if starts:
        return "listed again" if before["state"] == FileState.REMOVED else "replaced"
    return "renamed" if "name" in fields or "path" in fields else ""


async def _rename(key: str, file: SourceFile, session: Session) -> None:
    """A new name changes metadata only."""
    fields = {"file_name": file.name, "modified": file.modified}
    await candidates.collection().update_one({"file_key": key}, {"$set": fields}, session=session)


async def named(state: SourceState) -> tuple[set[str], set[str]]:
    """(keys named, keys known to be gone) over the listing under way; what is named after it was gone is there."""
    there: set[str] = set()
    gone: set[str] = set()
    async for raw in _pages().find({"listing": state.listing}).sort("page", ASCENDING):
        there -= set(raw["gone"])
        there |= set(raw["named"])
        gone |= set(raw["gone"])
        gone -= set(raw["named"])
    return there, gone


async def end(state: SourceState, *, removals_wait: int, removals_confirmed: int) -> None:
    """The listing under way is over, its removals done or waiting."""
    moment = now()
    fields: Raw = {
        "listing": None,
        "pages": 0,
        "listed": False,
        "done_at": moment,
        "removals_wait": removals_wait,
        "removals_confirmed": removals_confirmed,
        "error": "",
        "error_at": None,
    }
    if state.full:
        fields["full_at"] = moment
        if state.full_asked_at and state.begun_at and state.full_asked_at <= state.begun_at:
            fields["full_asked_at"] = None
    if await _set(state, fields) is not None and state.listing is not None:
        await _pages().delete_many({"listing": state.listing})
