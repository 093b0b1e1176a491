"""Which embedding model's vectors answer, and which one is being made ready beside it: one document for all processes.

Owns the switch: one atomic write. Also remembers with which passages and structurer the candidates were last gone
through, so that a new version of either is noticed. Knows no vectors.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from beanie import Document
from pymongo import ReturnDocument

from cvmatcher.domain import Value
from cvmatcher.store.transactions import Raw, Session
from cvmatcher.store.upserts import upserted
from cvmatcher.store.values import aware, known_fields, now

_ID = "live"


class Comparison(Value):
    """nDCG@10 of the model that answers and of the next one, over the same `queries`."""

    old: float
    new: float
    interval: tuple[float, float]  # of the mean difference new - old, 95 %, paired bootstrap
    queries: int
    falls: bool


class Report(Value):
    """What the gate found. None: not compared, and why stands beside."""

    model_id: str  # of the new model
    against: str  # the one that it was compared with
    built_in: Comparison | None = None
    likes: Comparison | None = None
    liked_searches: int = 0  # searches of the team that led to a liked candidate

    @property
    def falls(self) -> bool:
        return any(one is not None and one.falls for one in (self.built_in, self.likes))


class Next(Value):
    """A model whose vectors are being made, or are there and wait for an admin's word."""

    model_id: str
    state: Literal["building", "waiting"] = "building"


class Live(Value):
    model_id: str
    passages_version: str = ""
    structured_by: str = ""
    since: datetime
    by: str = ""  # who switched: a user id, or a name of ours
    before: str = ""  # the model that answered before
    lost: str = ""  # why that one could not answer until this one was ready; "" when it could
    next: Next | None = None
    discarded: str = ""  # a model that somebody did not want: not built again by itself
    report: Report | None = None  # of the latest comparison


class LiveDocument(Document):
    id: str  # type: ignore[assignment]  # always the same
    model_id: str
    passages_version: str = ""
    structured_by: str = ""
    since: datetime
    by: str = ""
    before: str = ""
    lost: str = ""
    next: dict[str, Any] | None = None
    discarded: str = ""
    report: dict[str, Any] | None = None

    class Settings:
        name = "live_model"


DOCUMENTS: tuple[type[Document], ...] = (LiveDocument,)


def _collection() -> Any:
    return LiveDocument.get_pymongo_collection()


async def get(*, session: Session | None = None) -> Live | None:
    """None until a worker has run on this database."""
    raw = await _collection().find_one({"_id": _ID}, session=session)
    return _live(raw) if raw else None


def _live(raw: Raw) -> Live:
    fields = known_fields(Live, raw)
    fields["since"] = aware(fields["since"])
    return Live.model_validate(fields)


async def _change(query: Raw, change: Raw) -> Live | None:
    found = await _collection().find_one_and_update({"_id": _ID, **query}, change, return_document=ReturnDocument.AFTER)
    return _live(found) if found else None


async def begin(model_id: str, passages_version: str, structured_by: str) -> Live:
    """What answers on a database where that is not written yet; where it is, nothing changes."""
    first = {
        "model_id": model_id,
        "passages_version": passages_version,
        "structured_by": structured_by,
        "since": now(),
        "next": None,
    }
    return _live(await upserted(_collection(), _ID, {"$setOnInsert": first}))


async def went_through(passages_version: str, structured_by: str) -> None:
    """All candidates are of these versions now."""
    await _change({}, {"$set": {"passages_version": passages_version, "structured_by": structured_by}})


async def build(model_id: str) -> Live | None:
    """From now on every candidate gets vectors of this model too. None when it is the one that answers."""
    query = {"model_id": {"$ne": model_id}}
    return await _change(query, {"$set": {"next": Next(model_id=model_id).model_dump(), "discarded": ""}})


async def judged(report: Report) -> None:
    """Keeps what the gate has found of the next model so far."""
    await _change({"next.model_id": report.model_id}, {"$set": {"report": report.model_dump()}})


async def wait(model_id: str) -> None:
    """The next model answers only when an admin says so."""
    await _change({"next.model_id": model_id}, {"$set": {"next.state": "waiting"}})


async def switch(old: str, new: str, by: str, *, lost: str = "") -> Live | None:
    """`new` answers from now on. None when it is not `old` that answers: someone was faster.

    `lost`: why the old model could not be kept until the new one was ready.
    """
    change = {"model_id": new, "before": old, "since": now(), "by": by, "lost": lost, "next": None, "discarded": ""}
    return await _change({"model_id": old}, {"$set": change})


async def discard(model_id: str) -> Live | None:
    """The next model is not wanted, until it is asked for by hand. None when it is not the next."""
    return await _change({"next.model_id": model_id}, {"$set": {"next": None, "discarded": model_id}})


async def settle(model_id: str) -> None:
    """The model that is wished for is the one that answers: no next one, and nothing is held against any."""
    await _change({"model_id": model_id}, {"$set": {"next": None, "discarded": ""}})
