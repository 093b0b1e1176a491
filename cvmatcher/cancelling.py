"""Cancelling what works with PyMongo's async client, and two mends of it: no lock and no socket is left behind.

The driver waits for a server or a free connection by `asyncio.wait_for(condition.wait(), …)`. Before Python 3.12 that
puts the wait into a task of its own. Cancelled twice (anyio does so at every turn of the loop when a reader leaves,
and so does whoever must be sure of an end), the caller goes on while that task takes the condition's lock a moment
later, for nobody: every later operation of the client then waits for ever. From 3.12 on `wait_for` waits in the
caller's own task, as this one does.

Cancelled while it connects, the driver forgets the socket it has opened, which then stays open until the collector
comes round. Here a connection that was begun is made in any case, within the driver's own timeout, and closed when
nobody wants it any more.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from typing import Any

import pymongo.asynchronous.pool
import pymongo.lock
import pymongo.pool_shared

_connect: Any = pymongo.pool_shared._configured_protocol_interface  # noqa: SLF001 - there is no other door


async def _wait_for(awaitable: Awaitable[bool], seconds: float | None) -> bool:
    async with asyncio.timeout(seconds):
        return await awaitable


async def _connect_or_close(*arguments: Any) -> Any:
    making = asyncio.ensure_future(_connect(*arguments))
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        making.add_done_callback(_close)
        raise


def _close(made: asyncio.Future[Any]) -> None:
    if not made.cancelled() and made.exception() is None:
        made.result().get_conn.close()


def mend() -> None:
    pool: Any = pymongo.asynchronous.pool
    pool._configured_protocol_interface = _connect_or_close  # noqa: SLF001
    if sys.version_info < (3, 12):
        driver: Any = pymongo.lock
        driver.wait_for = _wait_for


async def end(*tasks: asyncio.Task[Any], every: float = 0.1) -> None:
    """Cancels until they are over: `asyncio.wait_for` of Python 3.11, which the driver uses, may swallow a cancel."""
    left = {task for task in tasks if not task.done()}
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=every)
