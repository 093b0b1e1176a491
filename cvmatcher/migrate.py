"""`cvmatcher migrate`: takes over a database that the original CVmatcher wrote, losing nothing.

First everything the original wrote is copied to collections `original_*` and stays there. Then each of its documents is
turned into a candidate and a ledger row in one transaction, so that the command may be stopped and repeated at any
point. Vectors are made by the worker (a rebuild is queued): the original's index and its pickle are kept, never opened.
Knows nothing of sources; a file whose name a migrated candidate bears takes it over when it is read (store/originals).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from contextlib import suppress
from typing import Any
from uuid import uuid4

from pymongo import ReplaceOne
from pymongo.asynchronous.client_session import AsyncClientSession as Session
from pymongo.asynchronous.database import AsyncDatabase

from cvmatcher import passages, store
from cvmatcher.domain import Candidate, Conflict, CVText, FileState, QuarantineReason, Value
from cvmatcher.original import file_name, profile_of, text_of, unknown_fields
from cvmatcher.store import jobs, vectors
from cvmatcher.store.ledger import LedgerRow
from cvmatcher.store.originals import SOURCE, kept
from cvmatcher.store.values import now

Database = AsyncDatabase[dict[str, Any]]
Raw = dict[str, Any]

INDEX, SEEN = "faiss_index", "seen_cvs"
BY = "original/1"
# what tells the original's documents from ours, in each collection
ORIGINAL_CV: Raw = {"content_hash": {"$exists": False}, "profile": {"$exists": False}}
ORIGINAL_INDEX: Raw = {"model_id": {"$exists": False}}
ORIGINAL_SEEN: Raw = {"state": {"$exists": False}}


class MigrationReport(Value):
    """What was done, or with `dry_run` what would be. Names are keys where something is to be looked at."""

    dry_run: bool
    found: int  # the original's CV documents still to be taken over
    candidates: int  # …made (to be made) searchable
    without_text: int  # …that say nothing: quarantined, and kept
    same_person_name: dict[str, int]  # nom -> documents: kept apart
    same_file_name: dict[str, int]  # nomdupdf -> documents: kept apart, linked to no file by themselves
    without_file_name: int
    unknown_fields: dict[str, int]  # field -> documents: kept in the candidate's `original`
    seen: int  # entries of the original's list of seen files
    kept_in: dict[str, int]  # collection -> documents of the original kept there


async def needs_migration(database: Database, collection_name: str = "CVExtractionCollection") -> bool:
    """Whether the original's documents stand where ours belong. Asked at every start: reads a few documents, not all.

    The original left its ids to the driver (ObjectId; ours are texts) and wrote all documents itself, so that the first
    ones tell. A migration that was stopped has left documents of CVs, for they are taken over last.
    """
    return any([await _any(database, name, query) for name, query in _originals(collection_name)])


async def _any(database: Database, name: str, query: Raw) -> bool:
    if await database[name].find_one({"_id": {"$type": "objectId"}} | query, {"_id": 1}):
        return True
    first: list[Raw] = [{"$sort": {"_id": 1}}, {"$limit": 100}, {"$match": query}, {"$limit": 1}]
    return bool(await (await database[name].aggregate(first)).to_list())


async def migrate(
    database: Database, collection_name: str = "CVExtractionCollection", *, dry_run: bool
) -> MigrationReport:
    """Takes over what is still to be taken over; with `dry_run` only says so."""
    report = await _look(database, collection_name, dry_run=dry_run)
    if dry_run:
        return report
    for name, query in _originals(collection_name):
        await _keep(database, name, query)
        await _drop_indexes(database, name)
    for name, query in ((INDEX, ORIGINAL_INDEX), (SEEN, ORIGINAL_SEEN)):
        await database[name].delete_many(query)
    async for raw in database[collection_name].find(ORIGINAL_CV, {"_id": 1}):
        await _take_over(database, collection_name, raw["_id"])
    await _ask_for_vectors(database, collection_name)
    return report.model_copy(update={"kept_in": await _kept(database, collection_name)})


def _originals(collection_name: str) -> tuple[tuple[str, Raw], ...]:
    return (collection_name, ORIGINAL_CV), (INDEX, ORIGINAL_INDEX), (SEEN, ORIGINAL_SEEN)


# --------------------------------------------------------------------------------------------------------- looking


async def _look(database: Database, collection_name: str, *, dry_run: bool) -> MigrationReport:
    people: Counter[str] = Counter()
    files: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    found = silent = 0
    async for raw in database[collection_name].find(ORIGINAL_CV):
        found += 1
        silent += not text_of(raw)
        people[profile_of(raw).name] += 1
        files[file_name(raw)] += 1
        unknown.update(unknown_fields(raw))
    seen = 0
    async for raw in database[SEEN].find(ORIGINAL_SEEN):
        seen += sum(len(value) for value in raw.values() if isinstance(value, list))
    return MigrationReport(
        dry_run=dry_run,
        found=found,
        candidates=found - silent,
        without_text=silent,
        same_person_name=_doubles(people),
        same_file_name=_doubles(files),
        without_file_name=files[""],
        unknown_fields=dict(unknown),
        seen=seen,
        kept_in=await _kept(database, collection_name),
    )


def _doubles(counted: Counter[str]) -> dict[str, int]:
    return {name: n for name, n in sorted(counted.items()) if name and n > 1}


async def _kept(database: Database, collection_name: str) -> dict[str, int]:
    names = [kept(name) for name, _ in _originals(collection_name)]
    counts = {name: await database[name].count_documents({}) for name in names}
    return {name: n for name, n in counts.items() if n}


# --------------------------------------------------------------------------------------------------------- writing


async def _keep(database: Database, name: str, query: Raw) -> None:
    """Copies the original's documents, one by one as one may have 16 MB; what was copied before is copied again."""
    async for raw in database[name].find(query):
        await database[kept(name)].bulk_write([ReplaceOne({"_id": raw["_id"]}, raw, upsert=True)])


async def _drop_indexes(database: Database, name: str) -> None:
    """The original's own: one that holds `nomdupdf` unique would refuse our documents. The store makes ours again."""
    if name in await database.list_collection_names():
        await database[name].drop_indexes()


async def _take_over(database: Database, collection_name: str, original_id: Any) -> None:
    """One document out, one candidate and one ledger row in: all or nothing, and never twice."""

    async def work(session: Session) -> None:
        raw = await database[collection_name].find_one_and_delete({"_id": original_id} | ORIGINAL_CV, session=session)
        if raw is None:  # another run did it
            return
        candidate = _candidate(raw)
        await database[SEEN].insert_one(_row(raw, candidate), session=session)
        if candidate is not None:
            document = {"_id": candidate.id, **candidate.model_dump(exclude={"id"}), "original": raw}
            await database[collection_name].insert_one(document, session=session)

    async with database.client.start_session() as session:
        await session.with_transaction(work)


def _candidate(raw: Raw) -> Candidate | None:
    """The candidate a document stands for; None when it says nothing."""
    page, profile = text_of(raw), profile_of(raw)
    if not page:
        return None
    return Candidate(
        id=uuid4().hex,
        # of two documents that say the same, each keeps its own candidate
        content_hash=hashlib.sha256(f"{raw['_id']}\n{page}".encode()).hexdigest(),
        file_key=_key(raw),
        file_name=file_name(raw),
        profile=profile,
        pages=(page,),
        passages=passages.split(CVText(pages=(page,)), profile),
        structured_by=BY,
        ingested_at=now(),
    )


def _key(raw: Raw) -> str:
    return f"{SOURCE}:{raw['_id']}"


def _row(raw: Raw, candidate: Candidate | None) -> Raw:
    moment = now()
    row = LedgerRow(
        key=_key(raw),
        source=SOURCE,
        file_id=str(raw["_id"]),
        name=file_name(raw),
        version=BY,
        state=FileState.QUARANTINED if candidate is None else FileState.SEARCHABLE,
        reason=QuarantineReason.NO_TEXT if candidate is None else None,
        since=moment,
        first_seen=moment,
        candidate_id=candidate.id if candidate else None,
        content_hash=candidate.content_hash if candidate else None,
    )
    return {"_id": row.key, **row.model_dump(exclude={"key"})}


async def _ask_for_vectors(database: Database, collection_name: str) -> None:
    """Starts a rebuild, unless one is under way or every migrated candidate has its vectors."""
    await store.open_store(database.client, database.name, collection_name)
    migrated = set(await database[collection_name].distinct("_id", {"structured_by": BY}))
    if migrated - (await vectors.hashes()).keys():
        with suppress(Conflict):  # one that is under way does it
            await jobs.start("rebuild", "migrate", "outdated:")
