"""The rate all processes share, on a real Redis."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from cvmatcher.domain import OutOfQuota
from cvmatcher.quota import CallQuota


async def test_two_processes_share_one_quota(redis_url: str) -> None:
    """Two connections, ten calls each at once, a burst of 12: the quota gives out 12 in all, then says when."""
    clients = [Redis.from_url(redis_url) for _ in range(2)]
    quotas = [CallQuota(c, name="shared", per_minute=1, burst=12, longest_wait=0) for c in clients]
    results = await asyncio.gather(*(quota() for quota in quotas for _ in range(10)), return_exceptions=True)
    refused = [r for r in results if isinstance(r, OutOfQuota)]
    assert results.count(None) == 12
    assert len(refused) == 8
    assert all(50 < r.details["retry_after"] <= 60 for r in refused)
    for client in clients:
        await client.aclose()


async def test_a_refused_call_takes_nothing(redis_url: str) -> None:
    client = Redis.from_url(redis_url)
    quota = CallQuota(client, name="one", per_minute=1, burst=1, longest_wait=0)
    await quota()
    waits = []
    for _ in range(3):
        with pytest.raises(OutOfQuota) as refusal:
            await quota()
        waits.append(refusal.value.details["retry_after"])
    assert max(waits) <= 60
    await client.aclose()


async def test_waits_for_its_turn(redis_url: str) -> None:
    client = Redis.from_url(redis_url)
    quota = CallQuota(client, name="wait", per_minute=1200, burst=1)
    loop = asyncio.get_running_loop()
    started = loop.time()
    for _ in range(5):
        await quota()
    assert loop.time() - started >= 0.19  # four intervals of 50 ms at least; never a statement on how fast it is
    await client.aclose()


async def test_a_refusal_met_by_one_pauses_all(redis_url: str) -> None:
    clients = [Redis.from_url(redis_url) for _ in range(2)]
    first, second = (CallQuota(c, name="paused", per_minute=600, burst=5, longest_wait=1) for c in clients)
    await first()
    await first.pause(30)
    await first.pause(2)  # shortens nothing
    for quota in (first, second):
        with pytest.raises(OutOfQuota) as refusal:
            await quota()
        assert 20 < refusal.value.details["retry_after"] <= 30
    for client in clients:
        await client.aclose()


async def test_redis_away_lets_calls_pass() -> None:
    client = Redis.from_url("redis://127.0.0.1:1")
    quota = CallQuota(client, name="away", per_minute=1, burst=1)
    await quota.pause(5)
    await quota()
    await client.aclose()
