"""Find, compare, shortlist and export in a real Chromium; the new screens under axe, wide and narrow, both schemes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pymupdf
import pytest
from axe_playwright_python.async_playwright import Axe
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


async def _asked(page: Page, at: str = "") -> None:
    if at:
        await page.goto(at)
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
        await expect(page.get_by_text(": added to “Java, Lyon”.")).to_be_visible()
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


async def test_a_comparison_prints(site: Site, visit: OpenContext) -> None:
    async with visit(site.base, viewport={"width": 1400, "height": 900}) as page:
        await sign_in(page, "rita", PASSWORD)
        await _asked(page)
        for place in (0, 1):
            await page.locator("[data-key=c]").nth(place).click()
        await page.get_by_role("link", name="Compare 2").click()
        await expect(page.locator(".comparison")).to_be_visible()
        data = await page.pdf(format="A4", prefer_css_page_size=True)
        with pymupdf.open(stream=data) as printed:  # type: ignore[no-untyped-call]
            assert len(printed) == 1
            text = printed[0].get_text()
            right = max(word[2] for word in printed[0].get_text("words"))
            assert right < printed[0].rect.width
        assert {"Person 3", "Person 1", "What was asked"} <= set(text.split("\n"))
        assert "New search" not in text
        assert "Differences only" not in text


async def test_several_of_a_search_go_onto_a_list_at_once(site: Site, visit: OpenContext) -> None:
    async with visit(site.base, viewport={"width": 1400, "height": 900}) as page:
        await sign_in(page, "rita", PASSWORD)
        await _asked(page)
        await page.keyboard.press("Escape")
        bar = page.locator("#picked")
        await expect(bar).to_be_hidden()
        for key in "jxjx":
            await page.keyboard.press(key)
        await expect(bar).to_be_visible()
        await page.keyboard.press("A")
        dialog = page.locator("#dialog")
        await expect(dialog.get_by_role("heading", name="Person 3, Person 1")).to_be_visible()
        await dialog.get_by_label("New list").fill("Java, Lyon")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("2 people added to “Java, Lyon”.")).to_be_visible()
        await expect(bar).to_be_hidden()
        on_it = page.locator("li[data-card] .listed", has_text="on “Java, Lyon”")
        await expect(on_it).to_have_count(2)
        await page.get_by_role("button", name="Undo").last.click()
        await expect(on_it).to_have_count(0)
        await page.keyboard.press("j")
        await page.keyboard.press("x")
        await expect(page.locator(".rank :checked")).to_have_count(1)
        await page.get_by_role("button", name="Select nobody").click()
        await expect(page.locator(".rank :checked")).to_have_count(0)


async def test_a_saved_search_in_the_rail(site: Site, visit: OpenContext) -> None:
    async with visit(site.base, viewport={"width": 1400, "height": 900}) as page:
        await sign_in(page, "rita", PASSWORD)
        await _asked(page)
        await page.get_by_role("link", name="Save this search").click()
        await page.get_by_label("Name", exact=True).fill("Lyon")
        await page.keyboard.press("Enter")
        rail = page.locator("#saved")
        await expect(rail.get_by_role("button", name="Lyon")).to_be_visible()
        for again in (False, True):  # now, and when the conversation is opened again
            if again:
                await page.reload()
            await expect(page.get_by_role("link", name="Saved", exact=True)).to_be_visible()
            await expect(page.get_by_role("link", name="Save this search")).to_have_count(0)
        await candidate(
            9, profile=Profile(name="Fresh", location="Lyon", skills=("Python",)), pages=("Fresh, Lyon\nPython",)
        )
        await page.goto("/")
        await expect(rail.get_by_role("button", name="Lyon 1 new")).to_be_visible()
        await rail.get_by_role("button", name="Lyon").click()
        await expect(page.get_by_text("saved search “Lyon”")).to_be_visible()
        await expect(rail.get_by_role("button", name="Lyon", exact=True)).to_be_visible()


async def test_the_same_without_javascript(site: Site, visit: OpenContext) -> None:
    async with visit(site.base, java_script_enabled=False) as page:
        await sign_in(page, "rita", PASSWORD)
        await page.get_by_label(ASK).fill("python in Lyon")
        await page.get_by_role("button", name="Search", exact=True).click()
        for place in (0, 1):
            await page.locator("[data-key=c]").nth(place).click()
        await page.get_by_label("More to do with Person 3").click()
        await page.get_by_label("New list").fill("Java, Lyon")
        await page.get_by_role("button", name="Create and add").click()
        await page.get_by_role("link", name="Compare 2").click()
        await expect(page.get_by_role("columnheader", name="Person 3")).to_be_visible()
        await page.goto("/lists")
        await page.get_by_role("link", name="Java, Lyon").click()
        await page.get_by_label("Select Person 3").check()
        await page.get_by_role("combobox", name="Status", exact=True).select_option("hired")
        await page.get_by_role("button", name="Set status").click()
        await expect(page.get_by_role("link", name="Hired 1")).to_be_visible()
        await page.get_by_text("Share…").click()
        await page.get_by_role("button", name="Delete the list").click()
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_role("link", name="Person 3", exact=True)).to_be_visible()


async def test_a_list_goes_to_a_new_colleague_who_works_through_it_on_a_phone(site: Site, visit: OpenContext) -> None:
    """A password and an address are copied; the colleague chooses a password and goes from profile to profile."""
    async with visit(site.base) as page:
        await sign_in(page, "rita", PASSWORD)
        await page.goto("/users")
        await page.get_by_label("Name").fill("hugo")
        await page.get_by_role("button", name="Add", exact=True).click()
        await page.get_by_label("hugo: new password…").click()
        assert await _violations(page) == []
        await page.get_by_role("button", name="Make a new password").click()
        password = await _copied(page)
        await _asked(page, at="/")
        for name in ("Person 3", "Person 1"):
            await page.locator("[data-card]", has_text=name).locator("[data-like]").click()
            await expect(page.get_by_text(f"{name}: added to “Shortlist”.")).to_be_visible()
        await page.goto("/likes")
        await page.get_by_text("Share…").click()
        await page.get_by_label("Recruiters").select_option("edit")
        await page.get_by_role("button", name="Save", exact=True).click()
        await page.get_by_text("Share…").click()
        address = await _copied(page)
    async with visit(site.base, viewport={"width": 360, "height": 780}, color_scheme="dark") as page:
        await page.goto(address)
        await page.get_by_label("User name").fill("hugo")
        await page.get_by_label("Password", exact=True).fill(password)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="Choose your password")).to_be_visible()
        assert await _violations(page) == []
        await page.get_by_label("New password").fill("a password of my own")
        await page.keyboard.press("Enter")
        await page.get_by_role("link", name="Person 1", exact=True).click()
        assert await _violations(page) == []
        await page.get_by_label("Status of Person 1").select_option("interview")
        await expect(page.get_by_text("Person 1: Interview.")).to_be_visible()
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_label("Status of Person 1")).to_have_value("new")
        await page.keyboard.press("j")
        await expect(page.get_by_role("heading", name="Person 3")).to_be_visible()
        await page.get_by_role("link", name="Back to “Shortlist”").click()
        assert page.url == address


async def _copied(page: Page) -> str:
    """What the one button on the page copies: selected, so that it can be copied by hand too."""
    await page.get_by_role("button", name="Copy", exact=True).and_(page.locator("[data-copy]")).click()
    return str(await page.evaluate("document.getSelection().toString()"))


async def _violations(page: Page) -> list[str]:
    found = (await Axe().run(page)).response["violations"]
    return [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
async def test_the_new_screens_are_accessible(site: Site, visit: OpenContext, scheme: str, width: int) -> None:
    found: list[str] = []
    async with visit(
        site.base, color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce"
    ) as page:

        async def look(where: str) -> None:
            results = await Axe().run(page)
            found.extend(
                f"{where}: {one['id']}: {node['target']}"
                for one in results.response["violations"]
                for node in one["nodes"]
            )
            wide = await page.evaluate(
                "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, f"{where} scrolls sideways at {width}"

        await sign_in(page, "rita", PASSWORD)
        await _asked(page)
        for place in (0, 1):
            await page.locator("[data-key=c]").nth(place).click()
            await page.locator("[data-like]").nth(place).click()
        go = page.get_by_role("link", name="Compare 2")
        await expect(go).to_be_visible()
        await expect(page.locator("[data-like][aria-pressed=true]")).to_have_count(2)
        await look("tray")
        await page.locator("[data-key=a]").first.click()
        await expect(page.get_by_role("button", name="Create and add")).to_be_visible()
        await look("dialog")
        await page.keyboard.press("Escape")
        await page.get_by_role("link", name="Save this search").click()
        await page.get_by_role("button", name="Save", exact=True).click()
        await expect(page.locator("#dialog")).to_be_hidden()
        await go.click()
        await expect(page.locator(".comparison")).to_be_visible()
        await look("compare")
        await page.goto("/likes")
        await page.locator("[data-key=x]").first.check()
        await look("list")
        for path in ("/lists", "/searches", "/compare"):
            await page.goto(path)
            await look(path)
        await page.goto("/searches")
        await page.locator(".lists a").first.click()
        await look("saved search")
    assert found == []
