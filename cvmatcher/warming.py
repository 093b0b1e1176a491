"""Vectors of the pool's own names, made before somebody asks for a name that no list knows: no search waits for them.

Owns when they are made: after the start, and as candidates come and change, in pauses as long as the work, so that a
search never finds the embedder taken for more than a few names.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from pymongo.errors import PyMongoError

from cvmatcher import akin
from cvmatcher.domain import AppError
from cvmatcher.search import SearchParts

log = logging.getLogger(__name__)

_READ = 50  # candidates read at a time
_AGAIN = 5.0  # seconds after the store or the model did not answer


class Warmer:
    """Hears which candidates changed; `run` does the work, until it is cancelled."""

    def __init__(self, parts: Callable[[], SearchParts]) -> None:
        """`parts`: what a search works with now."""
        self._parts = parts
        self._waiting: dict[str, None] = {}
        self._heard = asyncio.Event()

    def hear(self, ids: Sequence[str] | None) -> None:
        """These candidates changed (None: any of them)."""
        self._waiting |= dict.fromkeys(self._parts().words.stats().candidates if ids is None else ids)
        self._heard.set()

    async def run(self) -> None:
        while True:
            await self._heard.wait()
            self._heard.clear()
            try:
                await self.work()
            except (AppError, PyMongoError) as error:
                log.warning("names are not made ready: %s", error)
                await asyncio.sleep(_AGAIN)
                self._heard.set()

    async def work(self) -> None:
        """Makes ready the names of everybody heard of.

        Raises what the store and the embedder raise; whom that leaves out waits for the next try.
        """
        while self._waiting:
            some, self._waiting = dict.fromkeys(list(self._waiting)[:_READ]), dict.fromkeys(list(self._waiting)[_READ:])
            try:
                await self._make_ready(list(some))
            except BaseException:
                self._waiting = some | self._waiting
                raise

    async def _make_ready(self, ids: Sequence[str]) -> None:
        parts = self._parts()
        people = await parts.read_candidates(ids)
        names = await asyncio.to_thread(akin.names_of, list(people.values()))
        for at in range(0, len(names), akin.SLICE):
            begun = time.monotonic()
            if not await parts.names.keep_ready(names[at : at + akin.SLICE], parts.embedder):
                return
            await asyncio.sleep(time.monotonic() - begun)
