"""The decision log: for each search what was asked, who was shown in which order, by which model, on what evidence.

Kept a year (more than the six months that are due), whatever becomes of the conversation. What people then did with a
candidate stands in the audit log under the same id. An erasure leaves the random id, and neither question nor evidence.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from beanie import Document
from pydantic import Field
from pymongo import ASCENDING, DESCENDING, IndexModel

from cvmatcher.domain import HitsFound, Judged, Ordered, SearchEvent, Understood, Value
from cvmatcher.store import traces
from cvmatcher.store.traces import Person, Rule, Traces
from cvmatcher.store.transactions import Raw
from cvmatcher.store.values import aware, known_fields, now

KEPT = timedelta(days=365)


class Evidence(Value):
    """One verdict that was shown."""

    candidate: str
    criterion: str  # its id
    verdict: str
    quotation: str = ""
    by: str = ""


class Decision(Value):
    id: str  # the turn's
    at: datetime
    actor: str  # user id
    question: str
    criteria: tuple[dict[str, Any], ...]
    candidates: tuple[str, ...]  # in the order shown
    ordered_by: str
    reader: str  # "rules/1", or the language model and the version of its prompts
    embedder: str
    evidence: tuple[Evidence, ...]


class DecisionDocument(Document):
    id: str  # type: ignore[assignment]
    at: datetime
    actor: str
    question: str
    criteria: list[dict[str, Any]] = Field(default_factory=list)
    candidates: list[str] = Field(default_factory=list)
    ordered_by: str = ""
    reader: str = ""
    embedder: str = ""
    evidence: list[Evidence] = Field(default_factory=list)

    class Settings:
        name = "decisions"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("at", DESCENDING)], name="at"),
            IndexModel([("candidates", ASCENDING)], name="candidates"),
        ]


DOCUMENTS: tuple[type[Document], ...] = (DecisionDocument,)


def _without(raw: Raw, person: Person) -> Raw | None:
    if not person.candidate_ids & set(raw["candidates"]):
        return traces.masked(raw, person)
    kept = [one for one in raw["evidence"] if one["candidate"] not in person.candidate_ids]
    return {**raw, "question": "", "criteria": [], "evidence": kept}


TRACES: Traces = {DecisionDocument: Rule(_without)}


def _collection() -> Any:
    return DecisionDocument.get_pymongo_collection()


async def keep(turn: Raw, events: Iterable[SearchEvent]) -> None:
    """Writes down what a turn that has ended came to; one that showed nobody is no decision. Safe to repeat."""
    criteria: tuple[dict[str, Any], ...] = ()
    order: dict[str, None] = {}
    judged: dict[str, list[Raw]] = {}
    by = ""
    for event in events:
        match event:
            case Understood(understanding=understanding):
                criteria = tuple(one.model_dump(mode="json", exclude_defaults=True) for one in understanding.criteria)
            case HitsFound(hits=hits):
                order |= dict.fromkeys(hit.candidate_id for hit in hits)
            case Judged(candidate_id=candidate):
                judged[candidate] = _evidence(event)
            case Ordered(candidate_ids=ids, by=by):
                order = dict.fromkeys(ids) | order
            case _:
                pass
    if not order:
        return
    kept = turn.get("kept") or {}
    fields = {
        "at": turn["created"],
        "actor": turn["owner"],
        "question": turn["message"],
        "criteria": list(criteria),
        "candidates": list(order),
        "ordered_by": by,
        "reader": kept.get("reader", ""),
        "embedder": kept.get("embedder", ""),
        "evidence": [one for verdicts in judged.values() for one in verdicts],
    }
    await _collection().replace_one({"_id": turn["_id"]}, fields, upsert=True)


def _evidence(event: Judged) -> list[Raw]:
    return [
        Evidence(
            candidate=event.candidate_id,
            criterion=verdict.criterion_id,
            verdict=verdict.state,
            quotation=" … ".join(one.text for one in verdict.quotations),
            by=verdict.by,
        ).model_dump()
        for verdict in event.verdicts
    ]


async def latest(limit: int = 100, *, candidate_id: str = "") -> list[Decision]:
    """Newest first, of all or of those that showed one candidate."""
    found = _collection().find({"candidates": candidate_id} if candidate_id else {})
    return [
        Decision.model_validate(known_fields(Decision, raw) | {"at": aware(raw["at"])})
        async for raw in found.sort("at", DESCENDING).limit(limit)
    ]


async def drop_old() -> int:
    """Those kept long enough; how many."""
    return int((await _collection().delete_many({"at": {"$lt": now() - KEPT}})).deleted_count)
