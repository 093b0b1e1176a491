"""The vectors of the candidates: documents of `faiss_index`, one per candidate, and the stream of their changes.

Owns how vectors are stored (float32, row after row): those of one model, and `beside` them, while a change of model is
prepared, those of the next one for the very same passages. So whatever replaces or deletes a candidate takes both.
MongoDB holds the truth; every index is made from here. Knows no index and not which model answers (store/live).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
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
    beside: dict[str, Any] | None = None  # model_id, n, dimension, vectors of the next model

    class Settings:
        name = "faiss_index"


DOCUMENTS: tuple[type[Document], ...] = (VectorsDocument,)
TRACES: Traces = {VectorsDocument: Rule(of_person, lambda person: {"_id": {"$in": sorted(person.candidate_ids)}})}


def collection() -> Any:
    """For the modules of the store that write vectors inside their transactions."""
    return VectorsDocument.get_pymongo_collection()


@dataclass(frozen=True, slots=True)
class Made:
    """What a candidate's vectors were made with. `written_at` changes with the passages that they belong to."""

    content_hash: str
    models: frozenset[str]
    passages_version: str
    written_at: datetime


_ABOUT = {"content_hash": 1, "model_id": 1, "beside.model_id": 1, "passages_version": 1, "written_at": 1}


def _made(raw: Raw) -> Made:
    models = frozenset(one["model_id"] for one in (raw, raw.get("beside")) if one)
    return Made(raw["content_hash"], models, raw.get("passages_version", ""), raw["written_at"])


def _entry(raw: Raw, model_id: str = "") -> VectorEntry:
    """By this model where there are such vectors, else by the one that is there."""
    beside = raw.get("beside")
    chosen = beside if beside and beside["model_id"] == model_id else raw
    rows = np.frombuffer(chosen["vectors"], dtype="<f4").reshape(chosen["n"], chosen["dimension"])
    return VectorEntry(raw["_id"], raw["content_hash"], chosen["model_id"], rows.astype(np.float32))


def _rows(entry: VectorEntry) -> Raw:
    """The fields of one model's vectors. ValueError when they are not finite (FAISS would answer -1)."""
    if not np.isfinite(entry.vectors).all():
        raise ValueError(f"vectors of {entry.candidate_id} are not finite")
    n, dimension = entry.vectors.shape
    data = Binary(np.ascontiguousarray(entry.vectors, dtype="<f4").tobytes())
    return {"model_id": entry.model_id, "n": int(n), "dimension": int(dimension), "vectors": data}


def _by(model_id: str) -> Raw:
    return {"$or": [{"model_id": model_id}, {"beside.model_id": model_id}]}


async def each(model_id: str = "") -> AsyncIterator[VectorEntry]:
    """All entries: by this model where there are such vectors, else of whatever model."""
    async for raw in collection().find({}).sort("_id", ASCENDING):
        yield _entry(raw, model_id)


async def by_ids(ids: Iterable[str], model_id: str = "") -> dict[str, VectorEntry]:
    """As `each`, those that exist."""
    found: dict[str, VectorEntry] = {}
    for some in in_chunks(ids):
        found |= {raw["_id"]: _entry(raw, model_id) async for raw in collection().find({"_id": {"$in": some}})}
    return found


async def hashes(model_id: str | None = None) -> dict[str, str]:
    """Candidate id -> content hash of the entries that have vectors of this model (of all, without one)."""
    wanted = {} if model_id is None else _by(model_id)
    fields = {"content_hash": 1}
    return {raw["_id"]: raw["content_hash"] async for raw in collection().find(wanted, fields)}


async def made_with(candidate_id: str) -> Made | None:
    raw = await collection().find_one({"_id": candidate_id}, _ABOUT)
    return _made(raw) if raw else None


async def most_are_of() -> tuple[str, str] | None:
    """(model id, passages version) that most candidates have; None without any."""
    of = {"model_id": "$model_id", "passages_version": "$passages_version"}
    pipeline = [{"$group": {"_id": of, "n": {"$sum": 1}}}, {"$sort": {"n": -1}}, {"$limit": 1}]
    async for raw in await collection().aggregate(pipeline):
        return raw["_id"]["model_id"], raw["_id"].get("passages_version") or ""
    return None


async def put(
    entry: VectorEntry, passages_version: str, *, session: Session, beside: VectorEntry | None = None
) -> None:
    """Writes a candidate's vectors, and only these. Raises ValueError when they are not finite."""
    fields = {
        "content_hash": entry.content_hash,
        "passages_version": passages_version,
        **_rows(entry),
        **({"beside": _rows(beside)} if beside else {}),
        "written_at": now(),
    }
    await collection().replace_one({"_id": entry.candidate_id}, fields, upsert=True, session=session)


# ------------------------------------------------------------------------------------------------- a change of model


async def put_beside(entry: VectorEntry, made: Made) -> bool:
    """Adds the next model's vectors of the passages that `made` tells of; False when these have changed since.

    The stream of changes says nothing of it: what answers is untouched.
    """
    query = {"_id": entry.candidate_id, "written_at": made.written_at}
    return bool((await collection().update_one(query, {"$set": {"beside": _rows(entry)}})).matched_count)


async def lacking(model_id: str) -> int:
    """How many candidates have no vectors of this model."""
    return int(await collection().count_documents({"$nor": _by(model_id)["$or"]}))


async def untidy(limit: int) -> list[str]:
    """Candidates that have vectors beside."""
    found = collection().find({"beside": {"$ne": None}}, {"_id": 1}).limit(limit)
    return [raw["_id"] async for raw in found]


async def without(model_id: str, limit: int) -> list[str]:
    """Candidates that have no vectors of this model."""
    found = collection().find({"$nor": _by(model_id)["$or"]}, {"_id": 1}).limit(limit)
    return [raw["_id"] async for raw in found]


async def tidy(candidate_id: str, model_id: str) -> None:
    """Leaves one model's vectors: those of `model_id` where they stand beside. Readers find the same as before."""
    raw = await collection().find_one({"_id": candidate_id})
    if raw is None or not raw.get("beside"):
        return
    change: Raw = {"$unset": {"beside": ""}}
    if raw["beside"]["model_id"] == model_id:
        change["$set"] = raw["beside"]
    await collection().update_one({"_id": candidate_id, "written_at": raw["written_at"]}, change)


# ------------------------------------------------------------------------------------------------- removal, stream


async def delete(candidate_id: str, *, session: Session) -> None:
    await collection().delete_one({"_id": candidate_id}, session=session)


_NOT_BESIDE: list[Raw] = [
    {
        "$match": {
            "updateDescription.updatedFields.beside": {"$exists": False},
            "updateDescription.removedFields": {"$ne": "beside"},
        }
    }
]


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

    Vectors that come to stand beside or go from there are no change. Raises StaleCursor when the server no longer knows
    the token or the collection went away (read everything again), Unavailable when MongoDB cannot be reached.
    """
    try:
        stream = await collection().watch(_NOT_BESIDE, full_document="updateLookup", resume_after=resume_token)
        async with stream:
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
