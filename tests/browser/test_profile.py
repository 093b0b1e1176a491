"""The profile in a real Chromium: keys and focus, quotations on the page, selectable text, print."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pymupdf
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from cvmatcher import jobs, store
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from tests import odd_files
from tests.browser.conftest import OpenContext, sign_in
from tests.site import PASSWORD, WHOLE, Scripted, candidate, person, scripted, services_of, serving

pytestmark = pytest.mark.browser

LINES = "Ada Byron\nLyon\nShe wrote services in Python\nfor many years"
WIDE = {"width": 1400, "height": 900}


@pytest.fixture
async def base(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """Three candidates, each with a PDF of one page; the quotation stands in its middle."""
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    await person("rita", Role.ADMIN)
    data = odd_files.boxed(((50, 100, 250, 250), LINES))
    for number in (1, 2, 3):
        await candidate(number, pages=(LINES,))
    scripted(services).bytes_of = {str(number): data for number in (1, 2, 3)}
    async with services.follower, serving(create_app(services, Scripted(list(WHOLE)).run)) as address:
        yield address
    await jobs.close_queue(queue)


async def _listed(page: Page) -> None:
    await sign_in(page, "rita", PASSWORD)
    await page.get_by_label("Who are you looking for?").fill("python in Lyon")
    await page.keyboard.press("Enter")
    await expect(page.locator("li[data-card] h3")).to_have_text(["Person 3", "Person 1", "Person 2"])
    await expect(page.locator(".stream")).to_have_count(0)  # while a turn runs, Escape stops it


async def test_from_card_to_profile_and_back_by_keys(base: str, visit: OpenContext) -> None:
    async with visit(base, viewport=WIDE) as page:
        await _listed(page)
        await page.keyboard.press("Escape")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        panel = page.get_by_role("complementary", name="Profile")
        await expect(panel.get_by_role("heading", name="Person 3")).to_be_focused()
        await page.keyboard.press("j")  # in the profile: the next candidate
        await expect(panel.get_by_role("heading", name="Person 1")).to_be_visible()
        await expect(page.locator("li.is-open h3")).to_have_text("Person 1")
        await panel.get_by_role("link", name="CV", exact=True).focus()
        await page.keyboard.press("Enter")
        await expect(panel.locator(".paper img")).to_have_js_property("complete", value=True)
        await expect(panel.get_by_role("link", name="CV", exact=True)).to_be_focused()
        await panel.get_by_text("150 %").click()
        await page.keyboard.press("k")
        await expect(panel.get_by_role("heading", name="Person 3")).to_be_visible()
        await expect(panel.get_by_role("link", name="CV", exact=True)).to_have_attribute("aria-current", "page")
        await expect(panel.get_by_label("150 %")).to_be_checked()
        await page.keyboard.press("Escape")
        await expect(page.locator("#panel")).to_be_empty()
        await expect(page.get_by_role("link", name="Person 3", exact=True)).to_be_focused()
        assert "tab=" not in page.url


async def test_a_quotation_leads_to_its_place_on_the_page(base: str, visit: OpenContext) -> None:
    async with visit(base, viewport=WIDE) as page:
        await _listed(page)
        await page.locator("[data-open]").first.click()
        await page.get_by_role("link", name="Why").click()
        await page.locator("blockquote cite a").first.click()
        place = page.locator("#q-c1.quoted.is-here")
        await expect(place).to_be_in_viewport()
        box, paper = await place.bounding_box(), await page.locator(".paper").bounding_box()
        assert box is not None
        assert paper is not None
        assert paper["x"] < box["x"] < box["x"] + box["width"] < paper["x"] + paper["width"]
        assert paper["y"] < box["y"] < paper["y"] + paper["height"] / 2
        await page.locator(".words text").nth(2).dblclick(position={"x": 4, "y": 4})  # selects a word of the page
        await expect(page.locator("body")).to_be_attached()
        assert (await page.evaluate("() => getSelection().toString()")).strip() == "She"


async def test_pages_grow_and_shrink_by_keys(base: str, visit: OpenContext) -> None:
    async with visit(base, viewport=WIDE) as page:
        await _listed(page)
        await page.locator("[data-open]").first.click()
        panel = page.locator("#panel")
        await panel.get_by_role("link", name="CV", exact=True).click()
        paper = panel.locator(".paper")
        await expect(paper.locator("img")).to_have_js_property("complete", value=True)
        fitted = await paper.bounding_box()
        for keys, chosen in (
            ("-", "Fit"),
            ("++", "150 %"),
            ("+++", "200 %"),
            ("-", "150 %"),
            ("0", "Fit"),
            ("+", "125 %"),
        ):
            for key in keys:
                await page.keyboard.press(key)
            await expect(panel.get_by_label(chosen)).to_be_checked()
        grown = await paper.bounding_box()
        assert fitted is not None
        assert grown is not None
        assert grown["width"] == pytest.approx(fitted["width"] * 1.25, abs=2)


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 1400)])
async def test_the_profile_is_accessible_also_in_blind_mode(
    base: str, visit: OpenContext, scheme: str, width: int
) -> None:
    wrong = []
    async with visit(
        base, color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce"
    ) as page:
        await _listed(page)
        link = await page.locator("[data-open]").first.get_attribute("href")
        for blind in (False, True):
            if blind:
                await page.goto("/settings")
                await page.get_by_role("button", name="Turn on").click()
            for tab in ("cv", "why", "history"):
                await page.goto(f"{link}&tab={tab}&zoom=200")
                found = (await Axe().run(page)).response["violations"]
                wrong += [f"{tab}: {one['id']}: {node['target']}" for one in found for node in one["nodes"]]
                wide = await page.evaluate(
                    "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                assert wide <= 0, f"{tab} scrolls sideways at {width}"
    assert wrong == []


async def test_a_profile_prints_on_a4(base: str, visit: OpenContext) -> None:
    async with visit(base, viewport=WIDE) as page:
        await _listed(page)
        await page.locator("[data-open]").first.click()
        await page.get_by_role("link", name="CV", exact=True).click()
        await expect(page.locator(".paper img")).to_have_js_property("complete", value=True)
        data = await page.pdf(format="A4", prefer_css_page_size=True)
        with pymupdf.open(stream=data) as printed:  # type: ignore[no-untyped-call]
            assert len(printed) == 1
            text = printed[0].get_text()
            assert "Person 3" in text
            assert "Skip to content" not in text
            assert "New search" not in text
            assert printed[0].get_images()
