"""What can be done from a turn, in a real Chromium: by keyboard, by dropping a file, without JavaScript, under axe."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from cvmatcher import jobs, store
from cvmatcher.domain import Profile
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from tests.browser.conftest import OpenContext, Site, drop_onto, sign_in
from tests.browser.test_search_page import ASK, _violations, ask
from tests.odd_files import text_pdf
from tests.site import PASSWORD, WHOLE, Scripted, candidate, person, scripted, services_of, serving

pytestmark = pytest.mark.browser


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    search = Scripted(list(WHOLE))
    await person("rita", Role.ADMIN)
    for number, title in enumerate(("Nurse", "Data engineer", "Accountant"), start=1):
        await candidate(
            number, profile=Profile(name=f"Person {number}", headline=title, location="Lyon", skills=("Python",))
        )
    async with services.follower, serving(create_app(services, search.run)) as base:
        scripted(services).bytes_of = {}
        yield Site(base, search)
    await jobs.close_queue(queue)


async def _settled(page: Page, turns: int) -> None:
    await expect(page.locator(".turn")).to_have_count(turns)
    await expect(page.locator(".stream")).to_have_count(0)


async def test_from_a_turn_by_keyboard(site: Site, visit: OpenContext) -> None:
    async with visit(site.base, viewport={"width": 1400, "height": 900}) as page:
        await sign_in(page, "rita", PASSWORD)
        await ask(page, "python in Lyon")
        await _settled(page, 1)
        await page.get_by_label("More to do with Person 1").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="More like this one")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("button", name="More like this one")).to_be_hidden()
        await expect(page.get_by_label("More to do with Person 1")).to_be_focused()
        await page.keyboard.press("a")
        await page.get_by_role("button", name="More like this one").press("Enter")
        await _settled(page, 2)
        await expect(page.get_by_text("more like Person 1", exact=True)).to_be_visible()
        await page.get_by_label("Add a criterion").last.fill("fluent German")
        await page.keyboard.press("Enter")
        await _settled(page, 3)
        assert [one.kind for one in site.search.asked[-1].criteria or ()][-1] == "language"
        await page.get_by_role("button", name="Undo").last.click()
        await _settled(page, 4)
        assert [one.value for one in site.search.asked[-1].criteria or ()] == ["python", "lyon"]


async def test_a_pdf_dropped_onto_the_composer(site: Site, visit: OpenContext, tmp_path: Path) -> None:
    advert = tmp_path / "advert.pdf"
    advert.write_bytes(text_pdf("Backend developer with Python in Lyon"))
    async with visit(site.base) as page:
        await sign_in(page, "rita", PASSWORD)
        await drop_onto(page, "#composer", advert)
        await expect(page.get_by_text("read from advert.pdf")).to_be_visible()
        await _settled(page, 1)
        assert "Backend developer" in site.search.asked[0].message


async def test_the_same_without_javascript(site: Site, visit: OpenContext, tmp_path: Path) -> None:
    advert = tmp_path / "advert.pdf"
    advert.write_bytes(text_pdf("Backend developer with Python in Lyon"))
    async with visit(site.base, java_script_enabled=False) as page:
        await sign_in(page, "rita", PASSWORD)
        await page.locator("[data-document]").set_input_files(advert)
        await page.get_by_role("button", name="Search with the file").click()
        await expect(page.get_by_text("read from advert.pdf")).to_be_visible()
        await page.get_by_label("More to do with Person 1").click()
        await page.get_by_role("button", name="Not like this one").click()
        await expect(page.get_by_text("not like Person 1", exact=True)).to_be_visible()
        await page.get_by_label("Add a criterion").last.fill("German")
        await page.get_by_role("button", name="Add this criterion and search again").last.click()
        await expect(page.locator(".turn")).to_have_count(3)
        await page.get_by_label(ASK).fill("plus comme le deuxième")
        await page.get_by_role("button", name="Search", exact=True).click()
        await expect(page.get_by_text("more like Person 1", exact=True)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
async def test_what_opens_is_accessible(site: Site, visit: OpenContext, scheme: str, width: int) -> None:
    async with visit(
        site.base, color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce"
    ) as page:
        await sign_in(page, "rita", PASSWORD)
        await ask(page, f"python in Lyon\n{'and more of it ' * 30}")
        await _settled(page, 1)
        await page.get_by_label("Add a criterion").fill("German")
        await page.keyboard.press("Enter")
        await _settled(page, 2)
        await page.locator(".whole summary").first.click()
        await page.locator(".kept-facts summary").first.click()
        await page.locator("[data-key=a]").first.click()
        await expect(page.get_by_role("button", name="Create and add")).to_be_visible()
        found = await _violations(page, "dialog")
        await page.keyboard.press("Escape")
        found += await _violations(page, "turn")
        wide = await page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0
        await page.get_by_role("link", name="Link to these criteria").click()
        await expect(page.get_by_role("button", name="Search with these criteria")).to_be_visible()
        found += await _violations(page, "link")
    assert found == []
