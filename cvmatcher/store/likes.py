"""The list that the heart fills: the one chosen, else the first. Likes of earlier versions become the first list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from beanie import Document
from pymongo import ASCENDING, IndexModel

from cvmatcher.domain import NotAllowed, NotFound
from cvmatcher.store import shortlisted, shortlists
from cvmatcher.store.shortlisted import Entry
from cvmatcher.store.shortlists import Shortlist
from cvmatcher.store.values import aware, now


class LikeDocument(Document):
    """As versions before named lists kept it. Only read, to be taken over."""

    id: str  # type: ignore[assignment]  # "user:candidate"
    user: str
    candidate: str
    note: str = ""
    created: datetime
    gone: datetime | None = None

    class Settings:
        name = "likes"
        indexes: ClassVar = [
            IndexModel([("user", ASCENDING), ("created", ASCENDING)]),
            IndexModel([("candidate", ASCENDING)]),
        ]


class ChosenListDocument(Document):
    id: str  # type: ignore[assignment]  # user id
    list: str

    class Settings:
        name = "chosen_lists"


DOCUMENTS: tuple[type[Document], ...] = (LikeDocument, ChosenListDocument)


async def current(user_id: str) -> Shortlist:
    """The list that the heart fills. One that was deleted, or may no longer be changed, gives way to the first."""
    chosen = await ChosenListDocument.get(user_id)
    if chosen is not None:
        try:
            return await shortlists.editable(chosen.list, user_id)
        except (NotFound, NotAllowed):
            pass
    try:
        return await shortlists.readable(user_id, user_id)
    except NotFound:
        return await _taken_over(user_id)


async def _taken_over(user_id: str) -> Shortlist:
    """The first list with the likes of earlier versions on it. Broken off, it starts again: the list comes last."""
    old = [one async for one in LikeDocument.find({"user": user_id})]
    kept = [
        Entry(candidate_id=one.candidate, note=one.note, added=aware(one.created), added_by=user_id)
        for one in old
        if one.gone is None
    ]
    await shortlisted.add(user_id, kept)
    await LikeDocument.get_pymongo_collection().delete_many({"user": user_id})
    return await shortlists.first_of(user_id)


async def choose(user_id: str, list_id: str) -> None:
    """From now on the heart fills this list. Raises NotFound, NotAllowed."""
    await shortlists.editable(list_id, user_id)
    await ChosenListDocument.get_pymongo_collection().update_one(
        {"_id": user_id}, {"$set": {"list": list_id}}, upsert=True
    )


async def like(user_id: str, candidate_id: str) -> Shortlist:
    """Idempotent; liking again after an unlike brings note and status back. Gives the list."""
    target = await current(user_id)
    await shortlisted.add(target.id, [Entry(candidate_id=candidate_id, added=now(), added_by=user_id)])
    return target


async def unlike(user_id: str, candidate_id: str) -> Shortlist:
    target = await current(user_id)
    await shortlisted.remove(target.id, [candidate_id])
    return target


async def liked_among(user_id: str, candidate_ids: Sequence[str]) -> frozenset[str]:
    """Those on the list that the heart fills."""
    return await shortlisted.among((await current(user_id)).id, candidate_ids)
