"""Cancelling what works with PyMongo's async client, and the mends of it: no lock, no socket and no cancel is lost.

Before Python 3.12 `asyncio.wait_for` puts what is waited for into a task of its own. The driver uses it in two ways
that cannot be cancelled safely:

- It waits for a server or a free connection by `asyncio.wait_for(condition.wait(), …)`. Cancelled twice (anyio does so
  at every turn of the loop when a reader leaves, and so does whoever must be sure of an end), the caller goes on while
  that task takes the condition's lock a moment later, for nobody: every later operation of the client waits for ever.
- It sends by `asyncio.wait_for(write, …)`. Cancelled in the very turn of the loop in which the bytes are out, it
  returns as if nothing had been asked: the cancel is swallowed, and so is the end of an `asyncio.timeout` around it. A
  lease was renewed for ever by this, and a loop of searches went on for ever.

From 3.12 on `wait_for` waits in the caller's own task, as the one here does.

Cancelled while it connects, the driver forgets the socket it has opened, which then stays open until the collector
comes round. Here a connection that was begun is made in any case, within the driver's own timeout, and closed when
nobody wants it any more.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable
from types import SimpleNamespace
from typing import Any

import pymongo.asynchronous.pool
import pymongo.lock
import pymongo.network_layer
import pymongo.pool_shared

log = logging.getLogger(__name__)

_connect: Any = pymongo.pool_shared._configured_protocol_interface  # noqa: SLF001 - there is no other door


async def _wait_for(awaitable: Awaitable[Any], timeout: float | None) -> Any:  # noqa: ASYNC109 - as the library's
    async with asyncio.timeout(timeout):
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
        driver: Any = pymongo
        driver.lock.wait_for = _wait_for
        library = SimpleNamespace(**{**vars(asyncio), "wait_for": _wait_for})
        driver.network_layer.asyncio = driver.pool_shared.asyncio = library


async def end(*tasks: asyncio.Task[Any], every: float = 0.1) -> None:
    """Cancels until they are over: other libraries' `asyncio.wait_for` may swallow a cancel on Python 3.11.

    Cancelled itself, it ends them all the same and then raises. What a task raises instead of its cancellation is of
    no use to whoever wanted it over, and goes to the log.
    """
    running = [task for task in tasks if not task.done()]
    left, cancelled = set(running), False
    while left:
        for task in left:
            task.cancel()
        try:
            await asyncio.wait(left, timeout=every)
        except asyncio.CancelledError:
            cancelled = True
        left = {task for task in left if not task.done()}
    for task in tasks:
        error = None if task.cancelled() else task.exception()
        if error is not None and task in running:
            log.info("a task that was ended had failed: %r", error)
    if cancelled:
        raise asyncio.CancelledError
