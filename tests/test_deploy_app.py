"""The real app behind a real nginx with the shipped configuration: signing in over TLS, and a turn that streams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from cvmatcher import jobs, store
from cvmatcher.web.app import create_app
from tests.servers import nginx
from tests.servers.nginx import in_front_of
from tests.site import HITS, UNDERSTOOD, WHOLE, Browser, Scripted, messages, person, services_of, serving, turn_in


@pytest.fixture
async def search() -> Scripted:
    return Scripted()


@pytest.fixture
async def visitor(database: store.Database, redis_url: str, tmp_path: Path, search: Scripted) -> AsyncIterator[Browser]:
    """A browser whose only way to the app leads through nginx."""
    nginx.program()
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path, public_url="https://localhost", trusted_proxy="127.0.0.1")
    app = create_app(services, search.run)
    async with services.follower, serving(app) as base, in_front_of(int(base.rpartition(":")[2]), tmp_path) as front:
        await person("rita")
        async with Browser("https://unused") as browser:
            await browser.http.aclose()
            address = f"https://localhost:{front.https}"
            browser.http = httpx.AsyncClient(base_url=address, verify=front.trust, timeout=30)
            browser.http.headers["Accept"] = "text/html"
            yield browser
    await jobs.close_queue(queue)


async def test_signing_in_and_a_turn_that_streams(visitor: Browser, search: Scripted) -> None:
    gate = asyncio.Event()
    search.steps = [UNDERSTOOD, HITS, gate, *WHOLE[2:]]
    signed_in = await visitor.sign_in("rita")
    assert signed_in.headers["strict-transport-security"]
    cookie = next(c for c in visitor.http.cookies.jar if c.name == "__Host-session")
    assert cookie.secure

    article = await visitor.htmx("/turns", {"message": "python in Lyon"})
    assert article.status_code == 200
    address = f"/turns/{turn_in(article.text)}/events?after=0"
    seen = ""
    async with visitor.http.stream("GET", address, headers={"Accept": "text/event-stream"}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for text in stream.aiter_text():
            seen += text
            if not gate.is_set() and "Person 3" in seen:  # the hits have come while the search still waits
                assert "event: done" not in seen
                gate.set()
    assert messages(seen)[-1]["event"] == "done"
