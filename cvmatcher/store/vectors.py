"""The vectors of the candidates: documents of `faiss_index`, one per candidate, and the stream of their changes.

Owns how vectors are stored (float32, row after row). MongoDB holds the truth; every index is made from here. Knows no
index and no model.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
from beanie import Document
from bson import Binary
from pymongo import ASCENDING
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

from cvmatcher.domain import StaleCursor, Unavailable
from cvmatcher.ports import VectorEntry
from cvmatcher.store.traces import Rule, Traces, of_person
from cvmatcher.store.transactions import Raw, Session
from cvmatcher.store.values import in_chunks, now

Token = Mapping[str, Any]


class VectorsDocument(Document):
    id: str  # type: ignore[assignment]  # the candidate's
    content_hash: str
    model_id: str
    passages_version: str = ""
    n: int
    dimension: int
    vectors: bytes  # n * dimension float32, little endian, row after row
    written_at: datetime  # makes each writing a change, so that the stream tells of a new profile with the same vectors

    class Settings:
        name = "faiss_index"


DOCUMENTS: tuple[type[Document], ...] = (VectorsDocument,)
TRACES: Traces = {VectorsDocument: Rule(of_person, lambda person: {"_id": {"$in": sorted(person.candidate_ids)}})}


def collection() -> Any:
    """For the modules of the store that write vectors inside their transactions."""
    return VectorsDocument.get_pymongo_collection()


def _entry(raw: Raw) -> VectorEntry:
    rows = np.frombuffer(raw["vectors"], dtype="<f4").reshape(raw["n"], raw["dimension"])
    return VectorEntry(raw["_id"], raw["content_hash"], raw["model_id"], rows.astype(np.float32))


async def each() -> AsyncIterator[VectorEntry]:
    """All entries, of whatever model."""
    async for raw in collection().find({}).sort("_id", ASCENDING):
        yield _entry(raw)


async def by_ids(ids: Iterable[str]) -> dict[str, VectorEntry]:
    found: dict[str, VectorEntry] = {}
    for some in in_chunks(ids):
        found |= {raw["_id"]: _entry(raw) async for raw in collection().find({"_id": {"$in": some}})}
    return found


async def hashes(model_id: str | None = None) -> dict[str, str]:
    """Candidate id -> content hash of the entries made by this model (of all, without one)."""
    wanted = {} if model_id is None else {"model_id": model_id}
    fields = {"content_hash": 1}
    return {raw["_id"]: raw["content_hash"] async for raw in collection().find(wanted, fields)}


async def made_with(candidate_id: str) -> tuple[str, str] | None:
    """(model id, passages version) of a candidate's vectors."""
    raw = await collection().find_one({"_id": candidate_id}, {"model_id": 1, "passages_version": 1})
    return (raw["model_id"], raw.get("passages_version", "")) if raw else None


async def put(entry: VectorEntry, passages_version: str, *, session: Session) -> None:
    """Writes a candidate's vectors. ValueError when they are not finite (FAISS would answer -1)."""
    if not np.isfinite(entry.vectors).all():
        raise ValueError(f"vectors of {entry.candidate_id} are not finite")
    n, dimension = entry.vectors.shape
    fields = {
        "content_hash": entry.content_hash,
        "model_id": entry.model_id,
        "passages_version": passages_version,
        "n": int(n),
        "dimension": int(dimension),
        "vectors": Binary(np.ascontiguousarray(entry.vectors, dtype="<f4").tobytes()),
        "written_at": now(),
    }
    await collection().replace_one({"_id": entry.candidate_id}, fields, upsert=True, session=session)


async def delete(candidate_id: str, *, session: Session) -> None:
    await collection().delete_one({"_id": candidate_id}, session=session)


async def position() -> Token:
    """Where the stream of changes stands now: taken first, then everything read, then `watch`: nothing is missed."""
    async with await collection().watch() as stream:
        token = stream.resume_token
        while token is None:  # a server that gives none on opening gives one with its first empty batch
            await stream.try_next()
            token = stream.resume_token
        return dict(token)


async def watch(resume_token: Token | None) -> AsyncIterator[tuple[Token, str, VectorEntry | None]]:
    """Changes behind `resume_token` (None: from now on), as they are committed; no entry means that it was deleted.

    Raises StaleCursor when the server no longer knows the token or the collection went away (read everything again),
    Unavailable when MongoDB cannot be reached.
    """
    try:
        async with await collection().watch(full_document="updateLookup", resume_after=resume_token) as stream:
            async for change in stream:
                if change["operationType"] in ("invalidate", "drop", "rename", "dropDatabase"):
                    raise StaleCursor("the collection of vectors was dropped or renamed")
                yield change["_id"], *_change(change)
    except OperationFailure as error:
        raise StaleCursor(f"change stream refused: {error}") from error
    except ConnectionFailure as error:
        raise Unavailable(f"MongoDB: {error}", retry_after=1) from error
    except PyMongoError as error:
        raise StaleCursor(f"change stream broke: {error}") from error


def _change(change: Raw) -> tuple[str, VectorEntry | None]:
    candidate_id = str(change["documentKey"]["_id"])
    document = change.get("fullDocument")  # absent when deleted, also when deleted since
    return candidate_id, _entry(document) if document else None
