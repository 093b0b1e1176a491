"""Shortlists: named lists of a recruiter, private or shared with the team by role. Who is on them: `shortlisted`.

Owns who may read and change a list. Everybody has a first list, whose id is their user's; others have random ids.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import uuid4

from beanie import Document
from pymongo import ASCENDING, IndexModel

from cvmatcher.domain import InvalidInput, NotAllowed, NotFound, Value
from cvmatcher.store import people
from cvmatcher.store.people import Role
from cvmatcher.store.values import aware, now

KEPT_FOR_UNDO = timedelta(days=1)  # after that what was taken away is deleted for good
LONGEST_NAME = 80


class Access(StrEnum):
    """What people of a role may do with a list; its owner may do everything."""

    PRIVATE = "private"
    READ = "read"
    EDIT = "edit"


class Shortlist(Value):
    id: str
    owner: str  # user id
    name: str = ""  # "" for a first list that nobody has named yet
    recruiters: Access = Access.PRIVATE
    admins: Access = Access.PRIVATE
    created: datetime
    rights: Access = Access.PRIVATE  # of the user for whom it was read

    @property
    def may_edit(self) -> bool:
        return self.rights is Access.EDIT

    @property
    def is_shared(self) -> bool:
        return {self.recruiters, self.admins} != {Access.PRIVATE}

    @property
    def is_first(self) -> bool:
        """Whether it is the list that its owner cannot be without."""
        return self.id == self.owner


class ShortlistDocument(Document):
    id: str  # type: ignore[assignment]
    owner: str
    name: str = ""
    recruiters: Access = Access.PRIVATE
    admins: Access = Access.PRIVATE
    access: Access | None = None  # for the whole team, as versions before roles kept it
    created: datetime
    gone: datetime | None = None  # deleted, and can still be brought back

    class Settings:
        name = "shortlists"
        indexes: ClassVar = [
            IndexModel([("owner", ASCENDING)]),
            IndexModel([("recruiters", ASCENDING)]),
            IndexModel([("admins", ASCENDING)]),
            IndexModel([("gone", ASCENDING)], expireAfterSeconds=int(KEPT_FOR_UNDO.total_seconds())),
        ]


DOCUMENTS: tuple[type[Document], ...] = (ShortlistDocument,)


def _collection() -> Any:
    return ShortlistDocument.get_pymongo_collection()


def _shortlist(document: ShortlistDocument, user_id: str, role: Role | None) -> Shortlist:
    """As the user has it, who is of that role."""
    fields = document.model_dump(include=set(Shortlist.model_fields) - {"rights"})
    if document.access:
        fields |= {"recruiters": document.access, "admins": document.access}
    one = Shortlist.model_validate(fields | {"created": aware(document.created)})
    return one.model_copy(update={"rights": _rights(one, user_id, role)})


def _rights(one: Shortlist, user_id: str, role: Role | None) -> Access:
    if one.owner == user_id:
        return Access.EDIT
    return {Role.RECRUITER: one.recruiters, Role.ADMIN: one.admins, None: Access.PRIVATE}[role]


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInput("a list has a name of 1 to 80 letters")
    return name


# --------------------------------------------------------------------------------------------------------- reading


async def readable(list_id: str, user_id: str) -> Shortlist:
    """The list, if the user may see it. Raises NotFound, also for one that is not shared with their role."""
    found = await ShortlistDocument.find_one({"_id": list_id, "gone": None})
    if found is None:
        raise NotFound("no such list")
    one = _shortlist(found, user_id, None if found.owner == user_id else await people.role_of(user_id))
    if one.rights is Access.PRIVATE:
        raise NotFound("no such list")
    return one


async def editable(list_id: str, user_id: str) -> Shortlist:
    """The list, if the user may change who is on it. Raises NotFound, NotAllowed."""
    found = await readable(list_id, user_id)
    if not found.may_edit:
        raise NotAllowed("this list may only be read")
    return found


async def owned(list_id: str, user_id: str) -> Shortlist:
    """The list, if it is the user's. Raises NotFound, NotAllowed."""
    found = await readable(list_id, user_id)
    if found.owner != user_id:
        raise NotAllowed("only its owner may do this to a list")
    return found


async def seen_by(user_id: str) -> list[Shortlist]:
    """The user's own lists, the first one before the others by name; then those shared with their role."""
    role = await people.role_of(user_id)
    shared = [{of: {"$in": [Access.READ, Access.EDIT]}} for of in ("recruiters", "admins", "access")]
    query = {"gone": None, "$or": [{"owner": user_id}, *shared]}
    found = [_shortlist(one, user_id, role) async for one in ShortlistDocument.find(query)]
    found = [one for one in found if one.rights is not Access.PRIVATE]
    return sorted(found, key=lambda one: (one.owner != user_id, not one.is_first, one.name.casefold(), one.id))


# -------------------------------------------------------------------------------------------------------- changing


async def first_of(user_id: str) -> Shortlist:
    """The user's first list, made where it is missing. Idempotent."""
    await _collection().update_one(
        {"_id": user_id},
        {
            "$setOnInsert": {
                "owner": user_id,
                "name": "",
                "recruiters": Access.PRIVATE,
                "admins": Access.PRIVATE,
                "created": now(),
            },
            "$set": {"gone": None},
        },
        upsert=True,
    )
    return await readable(user_id, user_id)


async def create(owner: str, name: str) -> Shortlist:
    """Raises InvalidInput for a name that is empty or too long."""
    document = ShortlistDocument(id=uuid4().hex, owner=owner, name=_named(name), created=now())
    await document.insert()
    return _shortlist(document, owner, None)


async def rename(list_id: str, owner: str, name: str) -> None:
    await owned(list_id, owner)
    await _collection().update_one({"_id": list_id}, {"$set": {"name": _named(name)}})


async def share(list_id: str, owner: str, *, recruiters: Access, admins: Access) -> None:
    """From now on people of each role may do this with the list. Raises NotFound, NotAllowed."""
    await owned(list_id, owner)
    change = {"$set": {"recruiters": recruiters, "admins": admins}, "$unset": {"access": ""}}
    await _collection().update_one({"_id": list_id}, change)


async def delete(list_id: str, owner: str) -> Shortlist:
    """Takes the list away; `restore` brings it back within a day. The first list stays. Raises InvalidInput."""
    found = await owned(list_id, owner)
    if found.is_first:
        raise InvalidInput("the first list stays")
    await _collection().update_one({"_id": list_id}, {"$set": {"gone": now()}})
    return found


async def restore(list_id: str, owner: str) -> Shortlist:
    """Raises NotFound once it is deleted for good, or for another person's."""
    await _collection().update_one({"_id": list_id, "owner": owner}, {"$set": {"gone": None}})
    return await owned(list_id, owner)


async def deleted_name(list_id: str, owner: str) -> str | None:
    """The name of a deleted list that can still be brought back."""
    found = await ShortlistDocument.find_one({"_id": list_id, "owner": owner, "gone": {"$ne": None}})
    return found.name if found else None
