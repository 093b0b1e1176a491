"""Users, their sessions and bearer tokens, and the counter that slows down password guessing.

Secrets are kept as digests only: passwords by argon2, session ids and tokens (long random strings) by SHA-256.
Knows nothing of HTTP; what a role may do is decided by the web's guards.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar
from uuid import uuid4

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from beanie import Document
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from cvmatcher.domain import Conflict, InvalidInput, NotFound, TooManyTries, Value
from cvmatcher.store.traces import NOBODY, Traces
from cvmatcher.store.upserts import upserted

SESSION_LIFE = timedelta(days=14)
SESSION_IDLE = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=5)
TRY_WINDOW = timedelta(minutes=15)
TRIES_PER_ACCOUNT = 10
TRIES_PER_ADDRESS = 50

_hasher = PasswordHasher()
_NOBODY = _hasher.hash(secrets.token_urlsafe())  # checked for unknown names, so that they take as long as known ones


class Role(StrEnum):
    RECRUITER = "recruiter"
    ADMIN = "admin"


class User(Value):
    """A person who may sign in. `name` is what they type; unique without regard to case."""

    id: str
    name: str
    role: Role
    can_export: bool = False
    can_upload: bool = False
    disabled: bool = False
    language: str = ""  # "fr", "en"; "" follows the browser
    theme: str = ""  # "light", "dark"; "" follows the system
    letter_keys: bool = True
    blind: bool = False  # candidates under pseudonyms
    temporary: bool = False  # the password was made by somebody else and has to be changed
    created: datetime

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN

    @property
    def may_export(self) -> bool:
        """Apart from roles: an admin who may run jobs need not carry candidates out of the house."""
        return self.can_export

    @property
    def may_upload(self) -> bool:
        return self.can_upload or self.is_admin


class UserDocument(Document):
    id: str  # type: ignore[assignment]  # ours are random strings, not ObjectIds
    name: str
    name_key: str
    role: Role
    can_export: bool = False
    can_upload: bool = False
    disabled: bool = False
    language: str = ""
    theme: str = ""
    letter_keys: bool = True
    blind: bool = False
    temporary: bool = False
    password: str
    created: datetime

    class Settings:
        name = "users"
        indexes: ClassVar = [IndexModel([("name_key", ASCENDING)], unique=True)]


class SessionDocument(Document):
    id: str  # type: ignore[assignment]
    user: str
    created: datetime
    seen: datetime
    expires: datetime

    class Settings:
        name = "sessions"
        indexes: ClassVar = [
            IndexModel([("expires", ASCENDING)], expireAfterSeconds=0),
            IndexModel([("user", ASCENDING)]),
        ]


class TokenDocument(Document):
    id: str  # type: ignore[assignment]
    user: str
    label: str
    created: datetime

    class Settings:
        name = "tokens"
        indexes: ClassVar = [IndexModel([("user", ASCENDING)])]


class TriesDocument(Document):
    id: str  # type: ignore[assignment]
    tries: int = 0
    expires: datetime

    class Settings:
        name = "login_tries"
        indexes: ClassVar = [IndexModel([("expires", ASCENDING)], expireAfterSeconds=0)]


DOCUMENTS: tuple[type[Document], ...] = (UserDocument, SessionDocument, TokenDocument, TriesDocument)
TRACES: Traces = dict.fromkeys((UserDocument, SessionDocument, TokenDocument, TriesDocument), NOBODY)


def _now() -> datetime:
    return datetime.now(UTC)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _user(document: UserDocument) -> User:
    return User.model_validate(document.model_dump(include=set(User.model_fields)))


# ----------------------------------------------------------------------------------------------------------- users


async def add_user(
    name: str,
    password: str,
    role: Role,
    *,
    can_export: bool = False,
    can_upload: bool = False,
    temporary: bool = False,
) -> User:
    """Raises InvalidInput (no name, a password under 8 characters) or Conflict (the name is taken)."""
    name = name.strip()
    if not name or len(name) > 100:
        raise InvalidInput("a user needs a name of at most 100 characters")
    if len(password) < 8:
        raise InvalidInput("a password has at least 8 characters")
    document = UserDocument(
        id=uuid4().hex,
        name=name,
        name_key=name.casefold(),
        role=role,
        can_export=can_export,
        can_upload=can_upload,
        temporary=temporary,
        password=await asyncio.to_thread(_hasher.hash, password),
        created=_now(),
    )
    try:
        await document.insert()
    except DuplicateKeyError as taken:
        raise Conflict(f"{name} exists already") from taken
    return _user(document)


async def users() -> list[User]:
    return [_user(one) async for one in UserDocument.find_all().sort("+name_key")]


async def user_by_name(name: str) -> User | None:
    found = await UserDocument.find_one({"name_key": name.strip().casefold()})
    return _user(found) if found else None


async def role_of(user_id: str) -> Role | None:
    """None for nobody."""
    found = await UserDocument.get_pymongo_collection().find_one({"_id": user_id}, {"role": 1})
    return Role(found["role"]) if found else None


async def names(ids: set[str]) -> dict[str, str]:
    """User id -> name, of those that exist."""
    return {one.id: one.name async for one in UserDocument.find({"_id": {"$in": sorted(ids)}})}


async def check_password(name: str, password: str) -> User | None:
    """The user, if name and password fit and the account is enabled. Takes as long for an unknown name."""
    found = await UserDocument.find_one({"name_key": name.strip().casefold()})
    fits = await asyncio.to_thread(_verify, found.password if found else _NOBODY, password)
    return _user(found) if found and fits and not found.disabled else None


def _verify(stored: str, password: str) -> bool:
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


async def set_password(user_id: str, password: str) -> None:
    """A password of the user's own. Ends all their sessions. Raises InvalidInput for one under 8 characters."""
    if len(password) < 8:
        raise InvalidInput("a password has at least 8 characters")
    await _change(user_id, {"password": await asyncio.to_thread(_hasher.hash, password), "temporary": False})
    await end_sessions(user_id)


async def reset_password(user_id: str, password: str) -> User:
    """A password that its owner has to change at the next sign-in. Ends sessions and tokens. Raises NotFound."""
    await _change(user_id, {"password": await asyncio.to_thread(_hasher.hash, password), "temporary": True})
    await end_sessions(user_id)
    await drop_tokens(user_id)
    found = await UserDocument.get(user_id)
    if found is None:
        raise NotFound("no such user")
    return _user(found)


async def set_disabled(user_id: str, *, disabled: bool) -> None:
    """A disabled user's sessions end at once and their tokens are refused."""
    await _change(user_id, {"disabled": disabled})
    if disabled:
        await end_sessions(user_id)


async def set_export(user_id: str, *, allowed: bool) -> None:
    await _change(user_id, {"can_export": allowed})


async def set_can_upload(user_id: str, *, allowed: bool) -> None:
    await _change(user_id, {"can_upload": allowed})


async def set_preferences(user_id: str, *, language: str, theme: str, letter_keys: bool) -> None:
    await _change(user_id, {"language": language, "theme": theme, "letter_keys": letter_keys})


async def set_blind(user_id: str, *, on: bool) -> None:
    await _change(user_id, {"blind": on})


async def _change(user_id: str, fields: dict[str, Any]) -> None:
    done = await UserDocument.get_pymongo_collection().update_one({"_id": user_id}, {"$set": fields})
    if not done.matched_count:
        raise NotFound("no such user")


# -------------------------------------------------------------------------------------------------------- sessions


async def start_session(user_id: str) -> str:
    """A new session; returns its secret, of which only the digest is kept."""
    secret, now = secrets.token_urlsafe(32), _now()
    await SessionDocument(id=_digest(secret), user=user_id, created=now, seen=now, expires=now + SESSION_IDLE).insert()
    return secret


async def session_user(secret: str) -> User | None:
    """Who the session belongs to, if it still lives; being seen prolongs it, up to SESSION_LIFE after its start."""
    now = _now()
    found = await SessionDocument.find_one({"_id": _digest(secret), "expires": {"$gt": now}})
    if found is None:
        return None
    if now - _aware(found.seen) > SEEN_EVERY:
        expires = min(now + SESSION_IDLE, _aware(found.created) + SESSION_LIFE)
        await SessionDocument.get_pymongo_collection().update_one(
            {"_id": found.id}, {"$set": {"seen": now, "expires": expires}}
        )
    return await _enabled(found.user)


async def end_session(secret: str) -> None:
    await SessionDocument.get_pymongo_collection().delete_one({"_id": _digest(secret)})


async def end_sessions(user_id: str) -> None:
    await SessionDocument.get_pymongo_collection().delete_many({"user": user_id})


async def _enabled(user_id: str) -> User | None:
    found = await UserDocument.find_one({"_id": user_id, "disabled": False})
    return _user(found) if found else None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# ---------------------------------------------------------------------------------------------------------- tokens


async def new_token(user_id: str, label: str) -> str:
    """A bearer token for scripts; shown once, kept as a digest."""
    secret = f"cvm_{secrets.token_urlsafe(32)}"
    await TokenDocument(id=_digest(secret), user=user_id, label=label[:100], created=_now()).insert()
    return secret


async def token_user(secret: str) -> User | None:
    found = await TokenDocument.get(_digest(secret))
    return await _enabled(found.user) if found else None


async def drop_tokens(user_id: str) -> None:
    await TokenDocument.get_pymongo_collection().delete_many({"user": user_id})


# ----------------------------------------------------------------------------------------------------- login tries


async def count_try(account: str, address: str) -> None:
    """Counts one login, before the password is looked at. Raises TooManyTries once the window's limit is passed."""
    now = _now()
    window = int(now.timestamp() // TRY_WINDOW.total_seconds())
    ends = datetime.fromtimestamp((window + 1) * TRY_WINDOW.total_seconds(), UTC)
    for kind, value, limit in (
        ("address", address, TRIES_PER_ADDRESS),
        ("account", account.strip().casefold(), TRIES_PER_ACCOUNT),
    ):
        if await _count(f"{kind}:{_digest(value)}:{window}", ends) > limit:
            raise TooManyTries(retry_after=max(1, int((ends - now).total_seconds())))


async def _count(key: str, expires: datetime) -> int:
    """One atomic step, so that a hundred parallel tries count a hundred."""
    change = {"$inc": {"tries": 1}, "$setOnInsert": {"expires": expires}}
    row = await upserted(TriesDocument.get_pymongo_collection(), key, change)
    return int(row["tries"])
