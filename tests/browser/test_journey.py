"""The whole way on real parts: invented CVs, real ingestion, real search, and a recruiter in a real Chromium."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from cvmatcher import demo, store
from tests.browser.conftest import OpenContext, sign_in
from tests.browser.real import Site, ask, real_site, truths
from tests.site import PASSWORD

pytestmark = pytest.mark.browser

POOL = 18
ASK = "Who are you looking for?"


@pytest.fixture
async def site(database: store.Database, mongo_uri: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with real_site(mongo_uri, redis_url, database.name, tmp_path, POOL) as made:
        yield made


async def test_from_a_folder_of_pdfs_to_a_shortlist(site: Site, visit: OpenContext) -> None:
    wanted = truths(site.folder)[0]
    name = str(wanted["name"])
    question = f"{wanted['headline']}, {wanted['location']}"
    async with visit(site.base, viewport={"width": 1400, "height": 900}, accept_downloads=True) as page:
        await sign_in(page, "rita", PASSWORD)

        # an admin of an empty app is shown the first steps, starts the first reading and watches it
        await expect(page.get_by_role("heading", name="Waiting for the first CV")).to_be_visible()
        await expect(page.get_by_text("GEMINI_API_KEY=…")).to_be_visible()
        await page.get_by_role("link", name="CV files").click()
        job = page.locator("#job-ingest")
        await job.get_by_role("button", name="Start").click()
        await expect(job.get_by_role("progressbar")).to_be_visible()
        await site.ingest()
        await expect(job.get_by_text("finished")).to_be_visible()
        await expect(page.get_by_text(f"{POOL} candidates in the search; every file is accounted for.")).to_be_visible()

        # a recruiter asks, reads a reason, opens the profile, keeps the person, takes the PDF
        await page.get_by_role("link", name="New search").first.click()
        await ask(page, question)
        first = page.locator("[data-card]").first
        await expect(first.get_by_role("link", name=name, exact=True)).to_be_visible()
        await expect(first.locator("mark").first).to_be_visible()
        await first.get_by_role("link", name=name, exact=True).click()
        panel = page.get_by_role("complementary", name="Profile")
        await expect(panel.get_by_role("heading", name=name)).to_be_visible()
        await panel.get_by_role("link", name="CV", exact=True).click()
        picture = panel.get_by_role("img", name="Page 1 of the CV")
        await expect(picture).to_have_js_property("complete", value=True)
        assert await picture.evaluate("one => one.naturalWidth") > 500
        async with page.expect_download() as download:
            await panel.get_by_role("link", name="Download the PDF").click()
        saved = await (await download.value).path()
        assert saved.read_bytes().startswith(b"%PDF-")
        await first.locator("[data-like]").click()
        await page.get_by_role("link", name="Shortlist").click()
        await expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()


async def test_files_dropped_into_the_folder_are_found(site: Site, visit: OpenContext, tmp_path: Path) -> None:
    await site.ingest()
    fresh = tmp_path / "fresh"
    await asyncio.to_thread(demo.make_pool, fresh, 3, 99)
    wanted = truths(fresh)[0]
    async with visit(site.base) as page:
        await sign_in(page, "rita", PASSWORD)
        await ask(page, f"{wanted['headline']}, {wanted['location']}")
        await expect(page.get_by_role("link", name=str(wanted["name"]), exact=True)).to_have_count(0)
        for pdf in fresh.glob("*.pdf"):
            pdf.rename(site.folder / f"new-{pdf.name}")
        await page.goto("/admin")
        job = page.locator("#job-ingest")
        await job.get_by_role("button", name="Start").click()
        await expect(job.get_by_role("progressbar")).to_be_visible()
        await site.ingest()
        await expect(job.get_by_text("finished")).to_be_visible()
        await page.goto("/")
        await ask(page, f"{wanted['headline']}, {wanted['location']}")
        await expect(page.get_by_role("link", name=str(wanted["name"]), exact=True)).to_be_visible()


async def test_the_same_without_javascript(site: Site, visit: OpenContext) -> None:
    await site.ingest()
    wanted = truths(site.folder)[0]
    async with visit(site.base, java_script_enabled=False) as page:
        await sign_in(page, "rita", PASSWORD)
        await page.get_by_label(ASK).fill(f"{wanted['headline']}, {wanted['location']}")
        await page.get_by_role("button", name="Search", exact=True).click()
        await page.get_by_role("link", name=str(wanted["name"]), exact=True).click()
        await expect(page.get_by_role("heading", name=str(wanted["name"]))).to_be_visible()
        await page.get_by_role("button", name="Shortlist").click()
        await page.goto("/likes")
        await expect(page.get_by_role("link", name=str(wanted["name"]), exact=True)).to_be_visible()
