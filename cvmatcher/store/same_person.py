"""CVs that may be one person's: those that share an e-mail or a phone, and what an admin has said of each pair.

A link is a hint, for an address can be forged: it hides, merges and outranks nothing. Only a pair that an admin has
confirmed has the newer CV stand before the older one. Owns the collection `same_person`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from beanie import Document
from pymongo import ASCENDING, IndexModel

from cvmatcher.domain import Candidate, Value
from cvmatcher.store import candidates
from cvmatcher.store.values import now

MOST = 20  # CVs of one contact that are shown: an agency's address stands in hundreds


class Word(StrEnum):
    """What an admin has said of a pair."""

    SAME = "same"
    DIFFERENT = "different"


class SamePersonDocument(Document):
    id: str  # type: ignore[assignment]  # both ids, the smaller first
    one: str
    other: str
    word: Word
    by: str
    at: datetime

    class Settings:
        name = "same_person"
        indexes: ClassVar[list[IndexModel]] = [
            IndexModel([("one", ASCENDING)], name="one"),
            IndexModel([("other", ASCENDING)], name="other"),
        ]


DOCUMENTS: tuple[type[Document], ...] = (SamePersonDocument,)


class Linked(Value):
    """Another CV with a contact in common. `newer`: than the one it is linked to."""

    candidate: Candidate
    newer: bool
    word: Word | None = None


def _pairs() -> Any:
    return SamePersonDocument.get_pymongo_collection()


def _key(one: str, other: str) -> str:
    return "|".join(sorted((one, other)))


async def linked(candidate: Candidate) -> list[Linked]:
    """Other CVs with one of its e-mails or phones, the newest first; at most MOST."""
    found = await candidates.sharing_contact(candidate, MOST)
    words = await _words(candidate.id)
    made = [Linked(candidate=one, newer=_newer(one, candidate), word=words.get(one.id)) for one in found]
    return sorted(made, key=lambda link: _age(link.candidate), reverse=True)


async def say(one: str, other: str, word: Word, by: str) -> None:
    """An admin's word on a pair, in place of an earlier one."""
    first, second = sorted((one, other))
    fields = {"one": first, "other": second, "word": word, "by": by, "at": now()}
    await _pairs().update_one({"_id": _key(one, other)}, {"$set": fields}, upsert=True)


async def unsay(one: str, other: str) -> None:
    """The pair is as if nobody had said anything."""
    await _pairs().delete_one({"_id": _key(one, other)})


async def _words(candidate_id: str) -> dict[str, Word]:
    """What was said of the candidate's pairs, by the other's id."""
    found = _pairs().find({"$or": [{"one": candidate_id}, {"other": candidate_id}]})
    return {raw["other"] if raw["one"] == candidate_id else raw["one"]: Word(raw["word"]) async for raw in found}


async def superseded(shown: Sequence[Candidate]) -> dict[str, list[str]]:
    """Of these, the older CVs of pairs that an admin confirmed, each with the newer ones among them."""
    by_id = {one.id: one for one in shown}
    newer: dict[str, list[str]] = {}
    async for raw in _pairs().find({"word": Word.SAME}):
        one, other = by_id.get(raw["one"]), by_id.get(raw["other"])
        if one is None or other is None:
            continue
        older, later = (one, other) if _newer(other, one) else (other, one)
        newer.setdefault(older.id, []).append(later.id)
    return newer


def _newer(one: Candidate, than: Candidate) -> bool:
    return _age(one) > _age(than)


def _age(one: Candidate) -> tuple[str, str]:
    """Grows with the date: what the CV says of its month, else its file's, else when it came."""
    stamp = (one.modified or one.ingested_at).isoformat()
    return one.profile.cv_date or stamp[:7], f"{stamp}{one.id}"
