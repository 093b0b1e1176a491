"""A local Gemini for the contract suites."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from cvmatcher.adapters.breaker import Breaker
from cvmatcher.adapters.gemini import Gemini
from tests.servers.gemini import GeminiServer


@pytest.fixture
def gemini_server() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


@pytest.fixture
async def gemini(gemini_server: GeminiServer) -> AsyncIterator[Gemini]:
    """The real client on the local server, with next to no pause between tries."""
    breaker = Breaker(failures=50)
    client = Gemini(
        key=gemini_server.key, model="local-model", base_url=gemini_server.url, backoff=0.001, breaker=breaker
    )
    yield client
    await client.aclose()
