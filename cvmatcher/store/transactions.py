"""One MongoDB transaction around a piece of work. Knows no collection of ours.

A process killed inside a transaction leaves it open on the server, which keeps the documents it wrote locked for a
minute (MongoDB and secantusdb alike). So a worker tells, before it uses a session, which sessions are its own, and
whoever finds it dead has them ended.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from beanie import Document
from bson.binary import Binary
from pymongo.asynchronous.client_session import AsyncClientSession

T = TypeVar("T")
Session = AsyncClientSession
Raw = dict[str, Any]


@dataclass
class _Sessions:
    """The sessions of this process, and who must hear of a new one before it is used."""

    known: set[bytes] = field(default_factory=set)
    tell: Callable[[bytes], Awaitable[None]] | None = None


_ours = _Sessions()


def tell_of_sessions(tell: Callable[[bytes], Awaitable[None]] | None) -> None:
    """`tell` is awaited with the id of each session before its first transaction (None: nobody is told)."""
    _ours.known.clear()
    _ours.tell = tell


def sessions() -> list[bytes]:
    """The ids of the sessions that were told of."""
    return sorted(_ours.known)


async def in_transaction(anchor: type[Document], work: Callable[[Session], Awaitable[T]]) -> T:
    """Runs `work` in a transaction on the database of `anchor`; its writes are seen all together or not at all.

    The driver runs `work` again after a write conflict, so it must read everything it decides on inside the session and
    must write the document its decision rests on (snapshot isolation alone would let two decisions pass each other).
    """
    async with anchor.get_pymongo_collection().database.client.start_session() as session:
        session_id = bytes(session.session_id["id"])
        if _ours.tell is not None and session_id not in _ours.known:
            await _ours.tell(session_id)
            _ours.known.add(session_id)
        return await session.with_transaction(work)


async def end_sessions(anchor: type[Document], session_ids: list[bytes]) -> None:
    """Rolls back whatever these sessions have left open; a living owner's driver starts its transaction again."""
    if session_ids:
        wanted = [{"id": Binary(session_id, 4)} for session_id in session_ids]
        await anchor.get_pymongo_collection().database.client.admin.command("killSessions", wanted)
