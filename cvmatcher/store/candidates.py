"""The candidates: documents of `CVExtractionCollection` and the named queries on them.

Owns how a Candidate is stored. Knows nothing of files' states (ledger) or of who may change what (identity).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar

from beanie import Document
from pydantic import ConfigDict, Field
from pymongo import ASCENDING, IndexModel

from cvmatcher.domain import Candidate, Passage, Profile, QuarantineReason, Unread, Value
from cvmatcher.store.traces import Rule, Traces, of_person
from cvmatcher.store.transactions import Raw, Session
from cvmatcher.store.values import aware, in_chunks, known_fields


class CandidateDocument(Document):
    model_config = ConfigDict(extra="allow")  # fields the original wrote and we do not know are kept

    id: str  # type: ignore[assignment]
    content_hash: str
    file_key: str
    file_name: str
    other_files: list[str] = Field(default_factory=list)
    profile: Profile
    contacts: list[str] = Field(default_factory=list)  # of the profile, made comparable
    pages: list[str]
    unread: Unread | None = None
    hidden_words: int = 0
    passages: list[Passage] = Field(default_factory=list)
    structured_by: str = ""
    enrichment_waits: bool = False
    modified: datetime | None = None
    ingested_at: datetime
    writes: int = 0

    class Settings:
        name = "CVExtractionCollection"
        indexes: ClassVar[list[IndexModel]] = [
            # makes two candidates of the same bytes impossible, whatever races
            IndexModel(
                [("content_hash", ASCENDING)],
                name="one_per_content",
                unique=True,
                partialFilterExpression={"content_hash": {"$exists": True}},
            ),
            IndexModel([("file_key", ASCENDING)], name="file_key"),
            IndexModel([("other_files", ASCENDING)], name="other_files"),
            IndexModel([("file_name", ASCENDING)], name="file_name"),
            IndexModel([("contacts", ASCENDING)], name="contacts"),
            IndexModel([("enrichment_waits", ASCENDING)], name="enrichment_waits"),
            IndexModel([("ingested_at", ASCENDING)], name="ingested_at"),
            IndexModel([("unread.reason", ASCENDING)], name="unread"),
        ]


PHONE_DIGITS = 9  # the last ones tell numbers apart, with and without a country code

# an update that changes nothing is no write to MongoDB, and so no conflict for a decision that rests on the document
_TOUCH = {"$inc": {"writes": 1}}

DOCUMENTS: tuple[type[Document], ...] = (CandidateDocument,)
TRACES: Traces = {  # what another's CV says of the person (a referee, a colleague) is the other's
    CandidateDocument: Rule(of_person, lambda person: {"_id": {"$in": sorted(person.candidate_ids)}})
}


def _candidate(raw: Raw) -> Candidate:
    fields = known_fields(Candidate, raw)
    fields["modified"] = aware(fields.get("modified"))
    fields["ingested_at"] = aware(fields["ingested_at"])
    return Candidate.model_validate(fields)


def collection() -> Any:
    """For the modules of the store that write candidates inside their transactions."""
    return CandidateDocument.get_pymongo_collection()


async def get(candidate_id: str, *, session: Session | None = None) -> Candidate | None:
    raw = await collection().find_one({"_id": candidate_id}, session=session)
    return _candidate(raw) if raw else None


async def by_ids(ids: Iterable[str]) -> dict[str, Candidate]:
    """Those that exist, by id."""
    found: dict[str, Candidate] = {}
    for some in in_chunks(ids):
        found |= {raw["_id"]: _candidate(raw) async for raw in collection().find({"_id": {"$in": some}})}
    return found


async def by_file_name(name: str) -> list[Candidate]:
    """All candidates whose file bears this name (the original's `nomdupdf`); several persons may."""
    return [_candidate(raw) async for raw in collection().find({"file_name": name}).sort("_id", ASCENDING)]


async def by_file_key(key: str, *, session: Session | None = None) -> Candidate | None:
    """The candidate this file is the primary or another source of."""
    raw = await collection().find_one({"$or": [{"file_key": key}, {"other_files": key}]}, session=session)
    return _candidate(raw) if raw else None


async def holders(key: str, *, session: Session) -> list[Candidate]:
    """All candidates that name this file: one, or something is wrong."""
    query = {"$or": [{"file_key": key}, {"other_files": key}]}
    return [_candidate(raw) async for raw in collection().find(query, session=session)]


async def by_content(content_hash: str, *, session: Session | None = None) -> Candidate | None:
    raw = await collection().find_one({"content_hash": content_hash}, session=session)
    return _candidate(raw) if raw else None


def comparable(profile: Profile) -> list[str]:
    """E-mails and phones so that the same ones are equal: without case, country code, spaces and signs."""
    digits = ("".join(filter(str.isdecimal, phone)) for phone in profile.phones)
    phones = {number[-PHONE_DIGITS:] for number in digits if len(number) >= PHONE_DIGITS}
    return sorted({mail.strip().casefold() for mail in profile.emails if mail.strip()} | phones)


async def note_contacts() -> int:
    """Makes the contacts comparable of candidates that a version without links stored; how many. Safe to repeat."""
    lacking = {"contacts": {"$exists": False}}
    count = 0
    async for raw in collection().find(lacking, {"profile": 1}):
        contacts = comparable(Profile.model_validate(raw["profile"]))
        change = {"$set": {"contacts": contacts}, **_TOUCH}
        count += int((await collection().update_one({"_id": raw["_id"], **lacking}, change)).modified_count)
    return count


async def sharing_contact(candidate: Candidate, limit: int) -> list[Candidate]:
    """Others with one of its e-mails or phones."""
    wanted = comparable(candidate.profile)
    if not wanted:
        return []
    found = collection().find({"contacts": {"$in": wanted}, "_id": {"$ne": candidate.id}}).limit(limit)
    return [_candidate(raw) async for raw in found]


async def count() -> int:
    return int(await collection().count_documents({}))


async def is_empty() -> bool:
    return await collection().find_one({}, {"_id": 1}) is None


async def waiting_for_enrichment() -> int:
    """How many are searchable by the rules' profile while the model's is still to come."""
    return int(await collection().count_documents({"enrichment_waits": True}))


async def partly_read(reasons: Iterable[QuarantineReason] = tuple(QuarantineReason)) -> list[str]:
    """The primary files of those of whose CV some pages could not be read (for these reasons)."""
    found = collection().find({"unread.reason": {"$in": list(reasons)}}, {"file_key": 1})
    return [raw["file_key"] async for raw in found.sort("_id", ASCENDING)]


async def unread(ids: Iterable[str]) -> dict[str, tuple[Unread, int]]:
    """(what could not be read, how many pages there are) of those of the candidates of whom not all was read."""
    found: dict[str, tuple[Unread, int]] = {}
    for some in in_chunks(ids):
        query = {"_id": {"$in": some}, "unread": {"$ne": None}}
        async for raw in collection().find(query, {"unread": 1, "pages": 1}):
            found[raw["_id"]] = Unread.model_validate(raw["unread"]), len(raw["pages"])
    return found


async def each(*, after: str = "") -> AsyncIterator[Candidate]:
    """All candidates in the order of their ids, from the one behind `after`."""
    async for raw in collection().find({"_id": {"$gt": after}}).sort("_id", ASCENDING):
        yield _candidate(raw)


class Known(Value):
    """By what a person is known, without the CV itself."""

    id: str
    name: str
    emails: tuple[str, ...]
    phones: tuple[str, ...]
    file_name: str
    modified: datetime | None
    ingested_at: datetime


async def each_known() -> AsyncIterator[Known]:
    """All candidates, briefly: for looking through the whole pool."""
    fields = dict.fromkeys(
        ("profile.name", "profile.emails", "profile.phones", "file_name", "modified", "ingested_at"), 1
    )
    async for raw in collection().find({}, fields):
        profile = raw.get("profile") or {}
        yield Known(
            id=raw["_id"],
            name=profile.get("name", ""),
            emails=tuple(profile.get("emails", ())),
            phones=tuple(profile.get("phones", ())),
            file_name=raw["file_name"],
            modified=aware(raw.get("modified")),
            ingested_at=aware(raw["ingested_at"]),
        )


async def since(moment: datetime) -> AsyncIterator[Candidate]:
    """Those read in, or read anew, at `moment` or later, oldest first."""
    async for raw in collection().find({"ingested_at": {"$gte": moment}}).sort("ingested_at", ASCENDING):
        yield _candidate(raw)


async def fresh_among(candidate_ids: Iterable[str], moment: datetime) -> frozenset[str]:
    """Those of the candidates that were read in, or read anew, after `moment`."""
    found: set[str] = set()
    for some in in_chunks(candidate_ids):
        query = {"_id": {"$in": some}, "ingested_at": {"$gt": moment}}
        found |= {raw["_id"] async for raw in collection().find(query, {"_id": 1})}
    return frozenset(found)


async def files_held(*, session: Session | None = None) -> int:
    """How many file keys the candidates hold, primary and others together."""
    pipeline = [
        {"$project": {"n": {"$add": [1, {"$size": {"$ifNull": ["$other_files", []]}}]}}},
        {"$group": {"_id": None, "n": {"$sum": "$n"}}},
    ]
    async for raw in await collection().aggregate(pipeline, session=session):
        return int(raw["n"])
    return 0


def _fields(candidate: Candidate) -> Raw:
    return {**candidate.model_dump(exclude={"id"}), "contacts": comparable(candidate.profile)}


async def put(candidate: Candidate, *, session: Session) -> None:
    """Writes a candidate, new or replaced; fields of the document that we do not know stay."""
    fields = _fields(candidate)
    await collection().update_one({"_id": candidate.id}, {"$set": fields, **_TOUCH}, upsert=True, session=session)


async def add(candidate: Candidate, *, session: Session) -> None:
    """Writes a new candidate. Raises pymongo's DuplicateKeyError when its id or its content is there already."""
    await collection().insert_one({"_id": candidate.id, **_fields(candidate)}, session=session)


async def set_files(
    candidate_id: str,
    *,
    file_key: str,
    file_name: str,
    other_files: Sequence[str],
    modified: datetime | None,
    session: Session,
) -> None:
    fields = {"file_key": file_key, "file_name": file_name, "other_files": list(other_files), "modified": modified}
    await collection().update_one({"_id": candidate_id}, {"$set": fields, **_TOUCH}, session=session)


async def delete(candidate_id: str, *, session: Session) -> None:
    await collection().delete_one({"_id": candidate_id}, session=session)
