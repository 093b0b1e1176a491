"""The retention clock: whose CV has been kept long enough after the last contact, and their erasure.

Last contact: what people noted, else the file's own date at its source, else when it was first seen. Nobody goes but
by an admin's word on a list seen before, or by the preference that says so for all.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from cvmatcher import erasure
from cvmatcher.domain import AppError, Value
from cvmatcher.erasure import ErasureParts
from cvmatcher.store import candidates, contacts, decisions, ledger, preferences
from cvmatcher.store.values import now

log = logging.getLogger(__name__)

DAYS_OF_MONTH = 30.44
LOOK_AGAIN = 3600.0  # seconds


class Due(Value):
    """A candidate whose time is over."""

    candidate_id: str
    name: str
    file_name: str
    last_contact: datetime


async def due(months: int, *, moment: datetime | None = None) -> list[Due]:
    """Whose last contact lies more than so many months back, the longest first."""
    limit = (moment or now()) - timedelta(days=months * DAYS_OF_MONTH)
    noted, first_seen = await contacts.last(), await ledger.first_seen()
    found = []
    async for one in candidates.each_known():
        base = one.modified or first_seen.get(one.id, one.ingested_at)
        last = max(base, noted.get(one.id, base))
        if last < limit:
            found.append(Due(candidate_id=one.id, name=one.name, file_name=one.file_name, last_contact=last))
    return sorted(found, key=lambda one: one.last_contact)


async def erase(ids: Iterable[str], parts: ErasureParts, *, by: str) -> tuple[int, list[str]]:
    """Erases those of the ids that are due now; how many, and the files to delete at their sources."""
    months = (await preferences.get()).retention_months
    over = {one.candidate_id for one in await due(months)}
    left: list[str] = []
    gone = 0
    for candidate_id in ids:
        if candidate_id in over:
            receipt = await erasure.erase(await erasure.person_of([candidate_id]), parts, by=by)
            left += receipt.left
            gone += receipt.candidates
    return gone, left


async def keep_to_it(parts: ErasureParts) -> None:
    """For ever, every hour: old decisions go, and where the preference says so, those who are due."""
    while True:
        try:
            await decisions.drop_old()
            wanted = await preferences.get()
            if wanted.retention_automatic:
                ids = [one.candidate_id for one in await due(wanted.retention_months)]
                gone, left = await erase(ids, parts, by="retention")
                if gone:
                    log.info("retention: %d erased; %d files remain at their sources", gone, len(left))
        except (AppError, PyMongoError, OSError) as error:
            log.warning("retention is looked at later: %s", type(error).__name__)
        await asyncio.sleep(LOOK_AGAIN)
