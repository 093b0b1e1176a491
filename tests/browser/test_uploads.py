"""CVs dropped onto the window, in a real Chromium: what a drag shows, each file's way, taking one back, under axe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import expect

from cvmatcher import ingest, jobs, store
from cvmatcher.adapters.uploads import UploadsSource
from cvmatcher.ingest import IngestParts
from cvmatcher.store import ledger
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from tests.browser.conftest import OpenContext, drop_onto, sign_in
from tests.browser.test_search_page import _violations
from tests.ingesting import make_parts
from tests.site import PASSWORD, Scripted, person, services_of, serving

pytestmark = pytest.mark.browser


@dataclass
class Site:
    base: str
    parts: IngestParts

    async def work(self) -> None:
        for row in await ledger.due(100):
            await ingest.run(row.key, self.parts)


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    uploads = UploadsSource("uploads", tmp_path / "uploads")
    services = services_of(database, queue, tmp_path)
    services.sources["uploads"] = uploads
    await person("ada", Role.ADMIN)
    async with services.follower, serving(create_app(services, Scripted().run)) as base:
        yield Site(base, make_parts(uploads))
    await jobs.close_queue(queue)


def _files(folder: Path) -> list[Path]:
    texts = {"ada.txt": "Ada Lovelace\nAnalyst", "locked.txt": "!encrypted", "virus.exe": "MZ"}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return [folder / name for name in texts]


async def test_cvs_dropped_beside_the_composer_are_added(site: Site, visit: OpenContext, tmp_path: Path) -> None:
    async with visit(site.base, viewport={"width": 1280, "height": 900}) as page:
        await sign_in(page, "ada", PASSWORD)
        await drop_onto(page, ".nav", *_files(tmp_path))
        added = page.locator("#added li")
        await expect(added).to_have_count(3)
        await expect(added.filter(has_text="virus.exe")).to_contain_text("Not taken.")
        await expect(added.filter(has_text="is being read…")).to_have_count(2)
        await expect(page.locator(".dropzone.is-over")).to_be_hidden()
        await site.work()
        await expect(added.filter(has_text="ada.txt")).to_contain_text("In the search: Ada Lovelace")
        await expect(added.filter(has_text="locked.txt")).to_contain_text("Set aside.")
        await page.get_by_role("link", name="See all").click()
        await expect(page.locator("#added li")).to_have_count(2)
        await page.get_by_role("button", name="Take ada.txt back").click()
        await expect(page.locator("#added")).to_contain_text("Taken back: no longer in the search.")
        assert await _violations(page, "uploads") == []
        await page.goto("/admin/files")
        assert await _violations(page, "files") == []
        await page.get_by_role("link", name="locked.txt").click()
        await expect(page.get_by_role("heading", name="What happened")).to_be_visible()
        assert await _violations(page, "receipt") == []


async def test_the_same_without_javascript(site: Site, visit: OpenContext, tmp_path: Path) -> None:
    async with visit(site.base, java_script_enabled=False) as page:
        await sign_in(page, "ada", PASSWORD)
        await page.goto("/uploads")
        await page.locator("main [data-each]").set_input_files(_files(tmp_path)[:2])
        await page.get_by_role("button", name="Add these files").click()
        await expect(page.locator("#added li")).to_have_count(2)
        await site.work()
        await page.reload()
        await expect(page.locator("#added")).to_contain_text("In the search: Ada Lovelace")
