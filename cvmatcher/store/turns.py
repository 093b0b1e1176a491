"""Conversations, their turns, and every event of a turn: what a reload, a reconnect or another process replays.

A turn has one owner process, which renews a lease while it works. An event's number is its place in the turn and part
of its key, so two writers cannot both append after the same event: a process that lost its lease notices at its next
append (LeaseLost) instead of mixing its events with the verdict "interrupted".
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

from beanie import Document
from pydantic import TypeAdapter
from pymongo import ASCENDING, IndexModel
from pymongo.errors import BulkWriteError, DuplicateKeyError

from cvmatcher.domain import Criterion, Ended, EndState, HitsFound, NotFound, SearchEvent, Understood, Value
from cvmatcher.store import decisions, traces
from cvmatcher.store.traces import Person, Rule, Traces
from cvmatcher.store.transactions import Raw

LEASE = timedelta(seconds=10)
RUNNING = "running"
DUPLICATE_KEY = 11000  # MongoDB's code
STAGES = ("understood", "hits", "ordered", "judged", "ended")  # what a turn's `stages` may time, in their order

_event: TypeAdapter[SearchEvent] = TypeAdapter(SearchEvent)


class LeaseLost(Exception):  # not an error of the app: the owner simply ends
    """Another process closed this turn."""


class Conversation(Value):
    id: str
    owner: str
    title: str
    updated: datetime


class Change(Value):
    """What made this turn differ from the one it came from, for showing: "without Lyon", "German: nice to have"."""

    kind: (
        str  # "drop", "must", "nice", "must_not", "add", "like", "unlike", "undo", "again", "document", "cut", "saved"
    )
    label: str = ""  # of the criterion, name of the person or of the file
    candidate: str = ""  # the person's id


class Kept(Value):
    """What a turn ran on, so that it can be replayed: beside its criteria, which are among its events."""

    position: str = ""  # place in MongoDB's stream of changes up to which the indexes were filled
    embedder: str = ""  # the embedding model's id
    reader: str = ""  # "rules/1", or the language model and the version of its prompts
    off: str = ""  # "ai": an admin had the language model switched off


class Turn(Value):
    id: str
    conversation: str
    owner: str  # user id
    number: int  # 1, 2, 3… within its conversation
    message: str
    criteria: tuple[Criterion, ...] | None = None  # given by a chip; None: to be understood from the message
    change: Change | None = None
    before: str = ""  # the turn whose criteria Undo goes back to
    kept: Kept = Kept()
    since: datetime | None = None  # of a saved search: CVs read in after this are new to its owner
    blind: bool = False  # asked in blind mode: names moved nothing
    state: str = RUNNING  # or an EndState
    created: datetime

    @property
    def is_running(self) -> bool:
        return self.state == RUNNING


class ConversationDocument(Document):
    id: str  # type: ignore[assignment]
    owner: str
    title: str
    created: datetime
    updated: datetime
    turns: int = 0

    class Settings:
        name = "conversations"
        indexes: ClassVar = [IndexModel([("owner", ASCENDING), ("updated", ASCENDING)])]


class TurnDocument(Document):
    id: str  # type: ignore[assignment]
    conversation: str
    owner: str
    number: int
    message: str
    criteria: list[dict[str, Any]] | None = None
    change: dict[str, Any] | None = None
    before: str = ""
    kept: dict[str, str] = {}  # noqa: RUF012 - pydantic copies it
    since: datetime | None = None
    blind: bool = False
    state: str = RUNNING
    created: datetime
    process: str  # who runs it
    lease_until: datetime
    stop_asked: bool = False
    stages: dict[str, int] = {}  # noqa: RUF012 - as above; milliseconds from the question to the first event of a kind
    erased: list[str] = []  # noqa: RUF012 - candidates erased while it ran: taken out of its events when it ends

    class Settings:
        name = "turns"
        indexes: ClassVar = [
            IndexModel([("created", ASCENDING)]),
            IndexModel([("conversation", ASCENDING), ("number", ASCENDING)], unique=True),
            IndexModel([("state", ASCENDING), ("lease_until", ASCENDING)]),
        ]


class EventDocument(Document):
    id: str  # type: ignore[assignment]  # "turn:number"
    turn: str
    number: int
    event: dict[str, Any]

    class Settings:
        name = "turn_events"
        indexes: ClassVar = [IndexModel([("turn", ASCENDING), ("number", ASCENDING)], unique=True)]


DOCUMENTS: tuple[type[Document], ...] = (ConversationDocument, TurnDocument, EventDocument)


def _event_without(raw: Raw, person: Person) -> Raw | None:
    """An event keeps its number, on which the next one rests: what it said of the person alone becomes nothing said."""
    if raw["event"].get("candidate_id") in person.candidate_ids:
        return {**raw, "event": HitsFound(hits=()).model_dump(mode="json")}
    return traces.forgotten(raw, person)


def _events_of(person: Person) -> Raw:
    among = {"$in": sorted(person.candidate_ids)}
    ids = ("event.hits.candidate_id", "event.candidate_id", "event.candidate_ids")
    return {"$or": [*({name: among} for name in ids), {"event.type": {"$in": ["understood", "status", "ended"]}}]}


TRACES: Traces = {
    ConversationDocument: Rule(traces.masked),
    TurnDocument: Rule(traces.masked),
    EventDocument: Rule(_event_without, _events_of),
}


def _now() -> datetime:
    return datetime.now(UTC)


def _turn(document: TurnDocument) -> Turn:
    return Turn.model_validate(document.model_dump(include=set(Turn.model_fields)))


def _conversation(document: ConversationDocument) -> Conversation:
    return Conversation.model_validate(document.model_dump(include=set(Conversation.model_fields)))


# --------------------------------------------------------------------------------------------------- conversations


async def new_conversation(owner: str, title: str) -> Conversation:
    now = _now()
    document = ConversationDocument(id=uuid4().hex, owner=owner, title=_short(title), created=now, updated=now)
    await document.insert()
    return _conversation(document)


def _short(title: str) -> str:
    words = " ".join(title.split())
    return words if len(words) <= 80 else words[:79].rstrip() + "…"


async def conversations(owner: str, limit: int = 100) -> list[Conversation]:
    """Latest first."""
    found = ConversationDocument.find({"owner": owner}).sort("-updated").limit(limit)
    return [_conversation(one) async for one in found]


async def conversation(conversation_id: str, owner: str) -> Conversation:
    """Raises NotFound, also for another person's."""
    found = await ConversationDocument.find_one({"_id": conversation_id, "owner": owner})
    if found is None:
        raise NotFound("no such conversation")
    return _conversation(found)


async def rename(conversation_id: str, owner: str, title: str) -> None:
    await conversation(conversation_id, owner)
    await ConversationDocument.get_pymongo_collection().update_one(
        {"_id": conversation_id}, {"$set": {"title": _short(title)}}
    )


async def delete(conversation_id: str, owner: str) -> None:
    """The conversation with its turns and their events. A turn that still runs loses its place and ends."""
    await conversation(conversation_id, owner)
    ids = [one.id async for one in TurnDocument.find({"conversation": conversation_id})]
    await TurnDocument.get_pymongo_collection().delete_many({"_id": {"$in": ids}})
    await EventDocument.get_pymongo_collection().delete_many({"turn": {"$in": ids}})
    await ConversationDocument.get_pymongo_collection().delete_one({"_id": conversation_id})


# ----------------------------------------------------------------------------------------------------------- turns


@dataclass(frozen=True, slots=True)
class NewTurn:
    conversation: str
    owner: str
    message: str
    process: str
    criteria: tuple[Criterion, ...] | None = None
    change: Change | None = None
    before: str = ""
    kept: Kept = field(default_factory=Kept)
    since: datetime | None = None
    blind: bool = False


async def add(new: NewTurn) -> Turn:
    """Saves a turn as running, leased to `process`. The number is taken atomically."""
    row = await ConversationDocument.get_pymongo_collection().find_one_and_update(
        {"_id": new.conversation, "owner": new.owner},
        {"$inc": {"turns": 1}, "$set": {"updated": _now()}},
        return_document=True,
    )
    if row is None:
        raise NotFound("no such conversation")
    document = TurnDocument(
        id=uuid4().hex,
        conversation=new.conversation,
        owner=new.owner,
        number=row["turns"],
        message=new.message,
        criteria=None if new.criteria is None else [one.model_dump(mode="json") for one in new.criteria],
        change=new.change.model_dump() if new.change else None,
        before=new.before,
        kept=new.kept.model_dump(),
        since=new.since,
        blind=new.blind,
        created=_now(),
        process=new.process,
        lease_until=_now() + LEASE,
    )
    await document.insert()
    return _turn(document)


async def turn(turn_id: str, owner: str) -> Turn:
    """Raises NotFound, also for another person's."""
    found = await TurnDocument.find_one({"_id": turn_id, "owner": owner})
    if found is None:
        raise NotFound("no such turn")
    return _turn(found)


async def last_of(conversation_id: str) -> Turn | None:
    found = await TurnDocument.find({"conversation": conversation_id}).sort("-number").first_or_none()
    return _turn(found) if found else None


async def exists(turn_id: str) -> bool:
    return await TurnDocument.find_one({"_id": turn_id}) is not None


async def turns_of(conversation_id: str) -> list[Turn]:
    """Oldest first."""
    return [_turn(one) async for one in TurnDocument.find({"conversation": conversation_id}).sort("+number")]


async def renew(turn_ids: Sequence[str], process: str) -> None:
    """The heartbeat of all turns that `process` works on."""
    await TurnDocument.get_pymongo_collection().update_many(
        {"_id": {"$in": list(turn_ids)}, "process": process}, {"$set": {"lease_until": _now() + LEASE}}
    )


async def ask_stop(turn_id: str) -> None:
    """Sets the field that the owner process watches."""
    await TurnDocument.get_pymongo_collection().update_one(
        {"_id": turn_id, "state": RUNNING}, {"$set": {"stop_asked": True}}
    )


async def set_stages(turn_id: str, stages: Mapping[str, int]) -> None:
    """When each of STAGES was first reached, in milliseconds since the question."""
    await TurnDocument.get_pymongo_collection().update_one({"_id": turn_id}, {"$set": {"stages": dict(stages)}})


async def running_in(conversation_id: str) -> list[str]:
    return [one.id async for one in TurnDocument.find({"conversation": conversation_id, "state": RUNNING})]


async def interrupt_expired() -> list[str]:
    """Ends every running turn whose lease ran out; returns the ids of those this call ended."""
    interrupted = Ended(state=EndState.INTERRUPTED)
    expired = TurnDocument.find({"state": RUNNING, "lease_until": {"$lt": _now()}})
    return [one.id async for one in expired if await close(one.id, interrupted)]


async def close(turn_id: str, ended: Ended) -> bool:
    """Appends the last event of a turn. False if the turn has ended already, or was closed by a faster process."""
    seen = await events(turn_id)
    number, last = seen[-1] if seen else (0, None)
    if isinstance(last, Ended):  # its owner died between the last event and the turn's state
        await _set_state(turn_id, last.state)
        return False
    try:
        await append(turn_id, number + 1, ended)
    except LeaseLost:
        return False
    return True


# ---------------------------------------------------------------------------------------------------------- events


async def append(turn_id: str, number: int, *events: SearchEvent) -> None:
    """The turn's events from `number` (1, 2, 3…) on; an ending one sets the turn's state. Raises LeaseLost if taken."""
    if number > 1 and await EventDocument.find_one({"_id": f"{turn_id}:{number - 1}"}) is None:
        raise LeaseLost(turn_id)  # the turn was deleted meanwhile
    documents = [
        EventDocument(id=f"{turn_id}:{place}", turn=turn_id, number=place, event=event.model_dump(mode="json"))
        for place, event in enumerate(events, number)
    ]
    try:
        await EventDocument.insert_many(documents)
    except (DuplicateKeyError, BulkWriteError) as taken:
        if isinstance(taken, BulkWriteError) and not _duplicate(taken):
            raise
        raise LeaseLost(turn_id) from taken
    for event in events:
        if isinstance(event, Ended):
            await _set_state(turn_id, event.state)


def _duplicate(error: BulkWriteError) -> bool:
    return any(one.get("code") == DUPLICATE_KEY for one in error.details.get("writeErrors", ()))


async def _set_state(turn_id: str, state: EndState) -> None:
    turns = TurnDocument.get_pymongo_collection()
    ended = await turns.find_one_and_update({"_id": turn_id}, {"$set": {"state": state.value}})
    if ended and ended.get("erased"):
        place = traces.Place(EventDocument.get_pymongo_collection().name, TRACES[EventDocument])
        person = Person(candidate_ids=frozenset(ended["erased"]))
        await traces.erase(turns.database, place, person, {"turn": turn_id})
    if ended:
        await decisions.keep(ended, [event for _, event in await events(turn_id)])


async def erase_when_ended(person: Person) -> None:
    """Turns that run now may still say something of the person; when they end, it is taken out of them."""
    change = {"$addToSet": {"erased": {"$each": sorted(person.candidate_ids)}}}
    await TurnDocument.get_pymongo_collection().update_many({"state": RUNNING}, change)


async def events(turn_id: str, after: int = 0) -> list[tuple[int, SearchEvent]]:
    found = EventDocument.find({"turn": turn_id, "number": {"$gt": after}}).sort("+number")
    return [(one.number, _event.validate_python(one.event)) async for one in found]


async def last_number(turn_id: str) -> int:
    last = await EventDocument.find({"turn": turn_id}).sort("-number").first_or_none()
    return last.number if last else 0


async def criteria_of(turn_id: str) -> tuple[Criterion, ...]:
    """The criteria the turn worked with: the last it understood."""
    last = await EventDocument.find({"turn": turn_id, "event.type": "understood"}).sort("-number").first_or_none()
    if last is None:
        return ()
    event = _event.validate_python(last.event)
    return event.understanding.criteria if isinstance(event, Understood) else ()


@dataclass(frozen=True, slots=True)
class Appended:
    """Somewhere an event was appended."""

    turn: str


@dataclass(frozen=True, slots=True)
class StopAsked:
    turn: str


async def watch() -> AsyncIterator[Appended | StopAsked | None]:
    """All turns' news from every process, by one change stream. None comes first: the stream is open."""
    database = TurnDocument.get_pymongo_collection().database
    interesting = [
        {
            "$match": {
                "$or": [
                    {"ns.coll": "turn_events", "operationType": "insert"},
                    {"ns.coll": "turns", "operationType": "update", "updateDescription.updatedFields.stop_asked": True},
                ]
            }
        }
    ]
    async with await database.watch(interesting) as stream:
        yield None
        async for change in stream:
            if change["ns"]["coll"] == "turn_events":
                yield Appended(change["fullDocument"]["turn"])
            else:
                yield StopAsked(change["documentKey"]["_id"])
