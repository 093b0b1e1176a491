"""Real servers for every test: the embedded MongoDB and Redis, started once; a fresh database name per test."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from cvmatcher import embedded, store


@pytest.fixture(scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[str, str]]:
    """(MONGO_URI, REDIS_URL). A real MongoDB or Redis is taken from TEST_MONGO_URI and TEST_REDIS_URL."""
    home: Path = tmp_path_factory.mktemp("servers")
    async with embedded.running(home) as (mongo, redis):
        yield os.environ.get("TEST_MONGO_URI", mongo), os.environ.get("TEST_REDIS_URL", redis)


@pytest.fixture(scope="session")
def mongo_uri(servers: tuple[str, str]) -> str:
    return servers[0]


@pytest.fixture
async def redis_url(servers: tuple[str, str]) -> AsyncIterator[str]:
    """Redis, emptied before each test."""
    client = Redis.from_url(servers[1])
    await client.flushall()
    yield servers[1]
    await client.aclose()


@pytest.fixture
async def database(mongo_uri: str) -> AsyncIterator[store.Database]:
    """A fresh database with the store opened on it, dropped afterwards."""
    client = store.connect(mongo_uri)
    name = f"test_{secrets.token_hex(6)}"
    try:
        yield await store.open_store(client, name, "CVExtractionCollection")
    finally:
        await client.drop_database(name)
        await client.close()
