"""The traps of htmx 4's streams and of history in a real Chromium, and what every screen keeps to: targets, hosts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, Request, Route, expect

from tests.browser.conftest import OpenContext, Site, sign_in
from tests.site import (
    DONE,
    HITS,
    ORDERED,
    PASSWORD,
    UNDERSTOOD,
    judged,
)

pytestmark = pytest.mark.browser

STREAMS = "**/turns/*/events*"


@asynccontextmanager
async def _unwatched(chromium: Browser, base: str) -> AsyncIterator[Page]:
    """For what the console has to complain of: an answer that is an error."""
    page = await chromium.new_page(base_url=base, locale="en-GB")
    page.set_default_timeout(20_000)
    try:
        yield page
    finally:
        await page.close()


async def _ask(page: Page, question: str) -> None:
    await page.locator("#message").fill(question)
    await page.keyboard.press("Enter")


async def test_a_turn_is_one_stream_and_one_step_of_history(site: Site, visit: OpenContext) -> None:
    judge, order = asyncio.Event(), asyncio.Event()
    site.search.steps = [UNDERSTOOD, HITS, judge, judged(1), judged(3), order, ORDERED, DONE]
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    async with visit(site.base) as page:
        await sign_in(page, "rita", PASSWORD)
        page.on("request", note)
        before = await page.evaluate("history.length")
        await _ask(page, "python in Lyon")
        await expect(page.locator("#welcome")).to_have_count(0)
        assert await page.evaluate("scrollY") == 0  # a first answer stands at the top of its page
        await expect(page.locator("[data-card]")).to_have_count(3)
        judge.set()
        await expect(page.locator("mark")).to_have_count(2)
        order.set()
        await expect(page.locator("[data-card] h3").first).to_have_text("Person 3")
        await expect(page.locator(".stream")).to_have_count(0)
        assert await page.evaluate("history.length") == before + 1
        await page.locator("[data-open]").first.click()  # whatever comes after, no stream is opened again
        await expect(page.locator("#panel h1, h1").first).to_be_attached()
        assert sum("/events" in one for one in asked) == 1
        assert {one.split("/")[2] for one in asked} == {site.base.split("/")[2]}  # and no other host is asked


async def test_a_lost_stream_is_said_and_goes_on(site: Site, chromium: Browser) -> None:
    go_on = asyncio.Event()
    site.search.steps = [UNDERSTOOD, HITS, judged(1), go_on, judged(3), ORDERED, DONE]
    tries, cut = 0, True

    async def busy(route: Route) -> None:
        nonlocal tries
        tries += 1
        if not cut:
            await route.continue_()
        elif tries == 1:  # it begins, and breaks off
            await route.fulfill(content_type="text/event-stream", body=": here\n\n")
        else:
            await route.fulfill(status=502)

    async with _unwatched(chromium, site.base) as page:
        await sign_in(page, "rita", PASSWORD)
        await page.route(STREAMS, busy)
        await _ask(page, "python in Lyon")
        lost = page.get_by_text("The connection was lost. Trying again…")
        await expect(lost).to_be_visible(timeout=20_000)  # after three tries, further and further apart
        cut = False
        go_on.set()
        await expect(page.locator(".stream")).to_have_count(0, timeout=20_000)  # the next try comes within 8 s
        await expect(page.locator("[data-card] h3")).to_have_text(["Person 3", "Person 1", "Person 2"])
        await expect(page.locator("mark")).to_have_count(2)


async def test_a_stream_without_a_session_leads_to_the_login_and_back(site: Site, chromium: Browser) -> None:
    site.search.steps = [UNDERSTOOD, HITS, asyncio.Event()]

    async def ended(route: Route) -> None:
        await page.context.clear_cookies(name="session")
        await route.continue_()

    async with _unwatched(chromium, site.base) as page:
        await sign_in(page, "rita", PASSWORD)
        await page.route(STREAMS, ended)
        await _ask(page, "python in Lyon")
        await page.wait_for_url("**/login?next=/c/*")
        await page.unroute(STREAMS)
        await page.locator("[name=name]").fill("rita")
        await page.locator("[name=password]").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="python in Lyon", level=2)).to_be_visible()


@pytest.mark.parametrize("width", [1280, 360])
async def test_the_first_page_does_not_move_while_it_comes(site: Site, visit: OpenContext, width: int) -> None:
    """A browser paints what it has: the beginning stands where it will stand once the rest is there."""
    async with visit(site.base, viewport={"width": width, "height": 740}) as page:
        await sign_in(page, "rita", PASSWORD)
        heading = page.locator("#welcome h2")
        whole = await heading.bounding_box()
        await page.evaluate("() => document.querySelectorAll('.examples, #composer').forEach(one => one.remove())")
        assert await heading.bounding_box() == whole


async def test_letter_keys_can_be_turned_off(site: Site, visit: OpenContext) -> None:
    async with visit(site.base) as page:
        await sign_in(page, "rita", PASSWORD)
        await _ask(page, "python in Lyon")
        await expect(page.locator("[data-card] h3").first).to_have_text("Person 3")
        await expect(page.locator(".stream")).to_have_count(0)
        conversation = page.url
        for off in (False, True):
            if off:
                await page.goto("/settings")
                await page.locator("[name=letter_keys]").uncheck()
                await page.locator("form:has([name=letter_keys]) button").first.click()
                await expect(page.locator("body[data-letter-keys]")).to_have_count(0)
                await page.goto(conversation)
            await page.keyboard.press("Escape")
            await page.keyboard.press("j")
            await expect(page.locator("[data-card] a:focus")).to_have_count(0 if off else 1)


SMALL = """least => [...document.querySelectorAll('a, button, input, select, textarea, summary')]
  .filter(one => one.checkVisibility({ visibilityProperty: true, opacityProperty: true }))
  .map(one => [one, one.matches('input[type=checkbox], input[type=radio]') ? one.closest('label') ?? one : one])
  .map(([one, area]) => [one, area.getBoundingClientRect(), getComputedStyle(one).display])
  .filter(([one, area, display]) => area.width > 1 && area.height > 1 && display !== 'inline'
    && (area.width < least || area.height < least))
  .map(([one, area]) => `${one.outerHTML.slice(0, 90)} ${area.width | 0} x ${area.height | 0}`)"""


@pytest.mark.parametrize(("width", "touch"), [(1280, False), (360, True)])
async def test_targets_are_large_enough(site: Site, visit: OpenContext, width: int, *, touch: bool) -> None:
    """24 px everywhere; on a phone the acts of a card, the tabs and the composer have 44."""
    async with visit(site.base, viewport={"width": width, "height": 800}, has_touch=touch) as page:
        await sign_in(page, "rita", PASSWORD)
        await _ask(page, "python in Lyon")
        await expect(page.locator("[data-card] h3").first).to_have_text("Person 3")
        await expect(page.locator(".stream")).to_have_count(0)
        assert await page.locator("[role=status] [data-card], [aria-live] [data-card]").count() == 0
        link = await page.locator("[data-open]").first.get_attribute("href")
        found = {"turn": await page.evaluate(SMALL, 24)}
        if touch:
            for one in await page.locator(".acts > *, .go, .attach, .top .quiet").all():
                box = await one.bounding_box()
                assert box is not None
                assert min(box["width"], box["height"]) >= 44, await one.evaluate("one => one.outerHTML")
        for path in (f"{link}&tab=why", f"{link}&tab=cv", "/", "/likes", "/settings", "/admin", "/users", "/searches"):
            await page.goto(path)
            found[path] = await page.evaluate(SMALL, 24)
        assert {path: small for path, small in found.items() if small} == {}
