"""What the original CVmatcher wrote, kept after the migration, and the way from a migrated candidate to its file.

Owns the collections `original_*` and the rule that a file takes over the migrated candidate whose `nomdupdf` is its
name. Knows nothing of how documents are converted (migrate does).
"""

from __future__ import annotations

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from cvmatcher.domain import FileState
from cvmatcher.store import candidates, ledger
from cvmatcher.store.ledger import LedgerDocument, LedgerRow
from cvmatcher.store.transactions import Session, in_transaction

SOURCE = "original"  # of the ledger rows of migrated candidates; no source lists them


def kept(collection_name: str) -> str:
    """Where the original content of a collection is kept."""
    return f"original_{collection_name}"


async def adopt(row: LedgerRow) -> bool:
    """The file becomes that of the one migrated candidate who named it, which its content then replaces.

    To be called when the file is read and about to be saved. False, and nothing done, when no migrated candidate or
    several have this file name, or when several files bear it: then nobody can tell whose it is.
    """
    if row.source == SOURCE or not await _named(row.name).to_list(1):
        return False

    async def work(session: Session) -> bool:
        found = await _named(row.name, session).to_list(2)
        others = {"name": row.name, "source": {"$ne": SOURCE}, "_id": {"$ne": row.key}}
        others["state"] = {"$ne": FileState.REMOVED}
        ambiguous = len(found) != 1 or await ledger.collection().find_one(others, session=session)
        if ambiguous or await candidates.by_file_key(row.key, session=session):
            return False
        candidate_id, file_key = found[0]["_id"], found[0]["file_key"]
        change = {"$set": {"file_key": row.key}}
        await candidates.collection().update_one({"_id": candidate_id}, change, session=session)
        await ledger.forget(file_key, session=session)
        await ledger.collection().update_one(
            {"_id": row.key}, {"$set": {"candidate_id": candidate_id}}, session=session
        )
        return True

    return await in_transaction(LedgerDocument, work)


async def erase(candidate_id: str) -> None:
    """Removes what the original wrote of a candidate who is to leave no trace. The index kept has vectors only."""
    collection = candidates.collection()
    raw = await collection.find_one({"_id": candidate_id}, {"original._id": 1})
    if raw and "original" in raw:
        await collection.database[kept(collection.name)].delete_one({"_id": raw["original"]["_id"]})


async def drop(database: AsyncDatabase[dict[str, Any]], collection_name: str) -> list[str]:
    """An admin's word that the kept originals may go: the names of the collections dropped."""
    there = set(await database.list_collection_names())
    gone = [kept(name) for name in (collection_name, "faiss_index", "seen_cvs") if kept(name) in there]
    for name in gone:
        await database.drop_collection(name)
    return gone


def _named(name: str, session: Session | None = None) -> Any:
    query = {"file_name": name, "file_key": {"$regex": f"^{SOURCE}:"}}
    return candidates.collection().find(query, {"file_key": 1}, session=session)
