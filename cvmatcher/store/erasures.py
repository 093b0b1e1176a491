"""Erasures under way, so that one that was cut short is finished.

Owns the collection `erasures`: one row from an erasure's begin to its end, then nothing. Knows not how it is done.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from beanie import Document

from cvmatcher.domain import Value
from cvmatcher.store.traces import NOBODY, Person, Traces
from cvmatcher.store.values import now


class Erasure(Value):
    id: str
    person: Person
    by: str  # user id, or what asked for it


class ErasureDocument(Document):
    id: str  # type: ignore[assignment]
    person: dict[str, list[str]]
    by: str
    at: datetime

    class Settings:
        name = "erasures"


DOCUMENTS: tuple[type[Document], ...] = (ErasureDocument,)
TRACES: Traces = {ErasureDocument: NOBODY}  # who is being erased, until that is done


def _collection() -> Any:
    return ErasureDocument.get_pymongo_collection()


async def begin(person: Person, by: str) -> Erasure:
    erasure = Erasure(id=uuid4().hex, person=person, by=by)
    row = {"_id": erasure.id, "person": person.model_dump(mode="json"), "by": by, "at": now()}
    await _collection().insert_one(row)
    return erasure


async def end(erasure: Erasure) -> None:
    await _collection().delete_one({"_id": erasure.id})


async def unfinished() -> list[Erasure]:
    return [Erasure(id=raw["_id"], person=Person(**raw["person"]), by=raw["by"]) async for raw in _collection().find()]
