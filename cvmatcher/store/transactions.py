"""One MongoDB transaction around a piece of work. Knows no collection."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from beanie import Document
from pymongo.asynchronous.client_session import AsyncClientSession

T = TypeVar("T")
Session = AsyncClientSession
Raw = dict[str, Any]


async def in_transaction(anchor: type[Document], work: Callable[[Session], Awaitable[T]]) -> T:
    """Runs `work` in a transaction on the database of `anchor`; its writes are seen all together or not at all.

    The driver runs `work` again after a write conflict, so it must read everything it decides on inside the session and
    must write the document its decision rests on (snapshot isolation alone would let two decisions pass each other).
    """
    async with anchor.get_pymongo_collection().database.client.start_session() as session:
        return await session.with_transaction(work)
