"""Keeping a lease alive while its work runs. Knows no collection."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

from pymongo.errors import PyMongoError

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def renewed(renew: Callable[[], Awaitable[bool]], seconds: float) -> AsyncIterator[None]:
    """Renews every third of `seconds` during the block, until `renew` says that the lease is another's.

    Losing it stops nobody here: the store refuses the late writer.
    """
    over = False

    async def keep() -> None:
        while not over:  # the cancellation below may be lost in the driver's own timeouts (asyncio.wait_for, 3.11)
            await asyncio.sleep(seconds / 3)
            try:
                if not await renew():
                    return
            except PyMongoError as error:
                log.warning("a lease could not be renewed: %s", error)

    task = asyncio.create_task(keep())
    try:
        yield
    finally:
        over = True
        task.cancel()
        (end,) = await asyncio.gather(task, return_exceptions=True)
        if isinstance(end, Exception):
            raise end
