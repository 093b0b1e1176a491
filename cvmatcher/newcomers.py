"""Who is new for a saved search: CVs read in, or read anew, since its owner last looked, that meet its musts.

Owns when a count is up to date. A count judges, by rules, only CVs that came since the last count.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from cvmatcher import ranking, verdicts
from cvmatcher.domain import Candidate
from cvmatcher.ports import Reranker
from cvmatcher.store import candidates, saved_searches
from cvmatcher.store.saved_searches import SavedSearch
from cvmatcher.store.values import now

COUNT_SECONDS = 0.3  # of one count; what is left is for the next
LATE = timedelta(minutes=1)  # a CV gets its time before its transaction is seen: the last minute is looked at again


async def count(searches: Sequence[SavedSearch], judge: Reranker, seconds: float = COUNT_SECONDS) -> bool:
    """Brings `fresh` of each search up to date, as far as `seconds` reach. False when there is more to judge."""
    if not searches:
        return True
    until, end = now() - LATE, time.monotonic() + seconds
    start, complete = min(one.counted_until for one in searches), True
    fresh = {one.id: set(one.fresh) for one in searches}
    async for candidate in candidates.since(start):
        for search in searches:
            if candidate.ingested_at >= search.counted_until and candidate.ingested_at > search.looked:
                await _judge(search, candidate, fresh[search.id], judge)
        if time.monotonic() > end and start < candidate.ingested_at < until:  # never where it began
            until, complete = candidate.ingested_at, False
            break
    await _keep(searches, fresh, until)
    return complete


async def _judge(search: SavedSearch, candidate: Candidate, fresh: set[str], judge: Reranker) -> None:
    said = await verdicts.judged(search.criteria, [candidate], judge)
    if ranking.meets(search.criteria, said[candidate.id]):
        fresh.add(candidate.id)
    else:
        fresh.discard(candidate.id)  # a CV that was changed may meet them no more


async def _keep(searches: Sequence[SavedSearch], fresh: Mapping[str, set[str]], until: datetime) -> None:
    """Those who have left the pool meanwhile do not count."""
    for search in searches:
        still = await candidates.fresh_among(sorted(fresh[search.id]), search.looked)
        if still != set(search.fresh) or until - search.counted_until > LATE:
            await saved_searches.counted(search, still, max(until, search.counted_until))
