"""How long things took lately: stages of turns as their readers saw them, steps of the files' receipts.

Owns no collection: turns and the ledger keep the times, this reads them. For the diagnostic, not for benchmarks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from pymongo import DESCENDING

from cvmatcher.domain import Value
from cvmatcher.store import ledger, turns
from cvmatcher.store.values import now

DAYS = 7
MOST = 1000  # turns and files that are looked at, the latest


class Stage(Value):
    """Milliseconds of one stage: the median and what nineteen of twenty keep within."""

    name: str
    count: int
    p50: int
    p95: int


def percentile(values: list[int], share: float) -> int:
    """The nearest-rank percentile: the least value that `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-int(share * 100) * len(ordered) // 100) - 1)]


def _stages(times: dict[str, list[int]]) -> list[Stage]:
    return [
        Stage(name=name, count=len(taken), p50=percentile(taken, 0.5), p95=percentile(taken, 0.95))
        for name, taken in times.items()
        if taken
    ]


def _collected(rows: Iterable[Iterable[tuple[str, int]]], names: Iterable[str] = ()) -> dict[str, list[int]]:
    times: defaultdict[str, list[int]] = defaultdict(list, {name: [] for name in names})
    for row in rows:
        for name, ms in row:
            times[name].append(ms)
    return times


async def of_turns() -> list[Stage]:
    """From the question to each stage, in the stages' order; turns of the last week, of every process."""
    query = {"created": {"$gte": now() - timedelta(days=DAYS)}, "stages": {"$exists": True, "$ne": {}}}
    rows = await _latest(turns.TurnDocument.get_pymongo_collection(), query, "stages", "created")
    return _stages(_collected((row.items() for row in rows), turns.STAGES))


async def of_reading() -> list[Stage]:
    """Each step of reading a file; files settled in the last week."""
    query = {"since": {"$gte": now() - timedelta(days=DAYS)}, "receipt.0": {"$exists": True}}
    rows = await _latest(ledger.collection(), query, "receipt", "since")
    return _stages(_collected(((step["name"], step["ms"]) for step in row) for row in rows))


async def _latest(collection: Any, query: dict[str, Any], field: str, order: str) -> list[Any]:
    found = collection.find(query, {field: 1}).sort(order, DESCENDING).limit(MOST)
    return [row[field] async for row in found]
