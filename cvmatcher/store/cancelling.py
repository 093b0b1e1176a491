"""One mend of PyMongo's async client, for Python 3.11: a cancelled wait must not leave its lock behind.

The driver waits for a server or a free connection by `asyncio.wait_for(condition.wait(), …)`. Before Python 3.12 that
puts the wait into a task of its own. Cancelled twice (anyio does so at every turn of the loop when a reader leaves,
and so does whoever must be sure of an end), the caller goes on while that task takes the condition's lock a moment
later, for nobody: every later operation of the client then waits for ever. From 3.12 on `wait_for` waits in the
caller's own task, as this one does.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from typing import Any

import pymongo.lock


async def _wait_for(awaitable: Awaitable[bool], seconds: float | None) -> bool:
    async with asyncio.timeout(seconds):
        return await awaitable


def mend() -> None:
    if sys.version_info < (3, 12):
        driver: Any = pymongo.lock
        driver.wait_for = _wait_for
