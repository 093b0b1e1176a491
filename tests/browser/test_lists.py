"""Find, compare, shortlist and export in a real Chromium, by keyboard; a saved search in the rail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from cvmatcher import jobs, store
from cvmatcher.domain import Profile
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from tests.browser.conftest import OpenContext, sign_in
from tests.site import PASSWORD, WHOLE, Scripted, candidate, person, services_of, serving

pytestmark = pytest.mark.browser

ASK = "Who are you looking for?"


@dataclass
class Site:
    base: str


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    await person("rita", Role.ADMIN, can_export=True)
    for number, skills in ((1, ("Python", "Go")), (2, ("Python", "Rust")), (3, ("Python",))):
        profile = Profile(name=f"Person {number}", headline="Developer", skills=skills, years_experience=float(number))
        await candidate(number, profile=profile)
    async with services.follower, serving(create_app(services, Scripted(list(WHOLE)).run)) as base:
        yield Site(base)
    await jobs.close_queue(queue)


async def _asked(page: Page) -> None:
    await page.get_by_label(ASK).fill("python in Lyon")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-card] h3")).to_have_text(["Person 3", "Person 1", "Person 2"])
    await expect(page.locator(".stream")).to_have_count(0)


async def test_find_compare_shortlist_export_by_keyboard(site: Site, visit: OpenContext) -> None:
    async with visit(site.base, viewport={"width": 1400, "height": 900}, accept_downloads=True) as page:
        await sign_in(page, "rita", PASSWORD)
        await _asked(page)
        await page.keyboard.press("Escape")  # out of the composer

        # compare: j and c for two people, then the bar
        for name in ("Person 3", "Person 1"):
            await page.keyboard.press("j")
            await page.keyboard.press("c")
            await expect(page.locator("#tray")).to_contain_text(name)
        await page.get_by_role("link", name="Compare 2").press("Enter")
        await expect(page.get_by_role("columnheader", name="Person 3")).to_be_visible()
        await expect(page.locator("mark")).to_have_count(4)
        only = page.get_by_role("link", name="Differences only")
        await only.press("Enter")
        await expect(page.get_by_role("rowheader", name="Title")).to_have_count(0)
        await expect(page.get_by_role("rowheader", name="Experience")).to_be_visible()
        await expect(only).to_be_focused()
        assert "only=differences" in page.url

        # a list of its own for one of them, from the dialog; the focus comes back
        more = page.get_by_label("Add Person 3 to a list")
        await more.press("Enter")
        await page.get_by_label("New list").fill("Java, Lyon")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("Added to “Java, Lyon”.")).to_be_visible()
        await expect(page.locator("#dialog")).to_be_hidden()
        await expect(more).to_be_focused()

        # the heart for two, then several at once
        await page.go_back()
        await page.get_by_role("link", name="Back to the list").click()
        for place in (0, 1):
            await page.locator("[data-like]").nth(place).click()
        await expect(page.locator("[data-like][aria-pressed=true]")).to_have_count(2)
        await page.goto("/likes")
        await page.keyboard.press("j")
        await page.keyboard.press("x")
        await page.keyboard.press("j")
        await page.keyboard.press("x")
        await expect(page.locator("[data-key=x]:checked")).to_have_count(2)
        await page.locator("#bulk-status").select_option("contacted")
        await page.locator("#bulk-set").press("Enter")
        await expect(page.get_by_role("link", name="Contacted 2")).to_be_visible()
        await expect(page.locator("#bulk-set")).to_be_focused()
        await page.get_by_role("button", name="Undo").last.click()
        await expect(page.get_by_role("link", name="New 2")).to_be_visible()

        # one is taken off by its letter: the focus goes to the next row
        await page.get_by_role("link", name="Person 1", exact=True).focus()
        await page.keyboard.press("l")
        await expect(page.locator("li[data-card]")).to_have_count(1)
        await expect(page.get_by_role("link", name="Person 3", exact=True)).to_be_focused()
        async with page.expect_download() as download:
            await page.get_by_role("link", name="CSV").click()
        saved = await (await download.value).path()
        assert "Person 3" in saved.read_text(encoding="utf-8-sig")


async def test_a_saved_search_in_the_rail(site: Site, visit: OpenContext) -> None:
    async with visit(site.base, viewport={"width": 1400, "height": 900}) as page:
        await sign_in(page, "rita", PASSWORD)
        await _asked(page)
        await page.get_by_role("link", name="Save this search").click()
        await page.get_by_label("Name", exact=True).fill("Lyon")
        await page.keyboard.press("Enter")
        rail = page.locator("#saved")
        await expect(rail.get_by_role("button", name="Lyon")).to_be_visible()
        await candidate(
            9, profile=Profile(name="Fresh", location="Lyon", skills=("Python",)), pages=("Fresh, Lyon\nPython",)
        )
        await page.goto("/")
        await expect(rail.get_by_role("button", name="Lyon 1 new")).to_be_visible()
        await rail.get_by_role("button", name="Lyon").click()
        await expect(page.get_by_text("saved search “Lyon”")).to_be_visible()
        await expect(rail.get_by_role("button", name="Lyon", exact=True)).to_be_visible()
