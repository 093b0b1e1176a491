"""The search page in a real Chromium with a scripted search: order, resume, stop, keyboard, without JavaScript."""

from __future__ import annotations

import asyncio

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

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

ASK = "Who are you looking for?"


async def ask(page: Page, question: str) -> None:
    await page.get_by_label(ASK).fill(question)
    await page.keyboard.press("Enter")


async def test_cards_come_before_reasons_and_the_order_last(site: Site, visit: OpenContext) -> None:
    judge, order = asyncio.Event(), asyncio.Event()
    site.search.steps = [UNDERSTOOD, HITS, judge, judged(1), judged(3), order, ORDERED, DONE]
    async with visit(site.base) as page:
        await sign_in(page, "rita", PASSWORD)
        await ask(page, "python in Lyon")
        cards = page.locator("[data-card]")
        await expect(cards).to_have_count(3)
        await expect(page.locator("mark")).to_have_count(0)
        await expect(page.get_by_role("button", name="Stop")).to_be_visible()
        before = await cards.nth(0).bounding_box()
        judge.set()
        await expect(page.locator("mark")).to_have_count(2)
        after = await cards.nth(0).bounding_box()
        assert before is not None
        assert after is not None
        assert before["height"] == after["height"]
        order.set()
        await expect(cards.locator("h3")).to_have_text(["Person 3", "Person 1", "Person 2"])
        await expect(page.get_by_role("button", name="Search", exact=True)).to_be_visible()
        await expect(page.locator(".stream")).to_have_count(0)
        assert "/c/" in page.url


async def test_a_list_that_is_being_read_keeps_its_order(site: Site, visit: OpenContext) -> None:
    order = asyncio.Event()
    site.search.steps = [UNDERSTOOD, HITS, order, ORDERED, DONE]
    async with visit(site.base) as page:
        await sign_in(page, "rita", PASSWORD)
        await ask(page, "python in Lyon")
        cards = page.locator("[data-card] h3")
        await expect(cards).to_have_count(3)
        await page.locator("[data-card]").first.hover()
        await page.mouse.wheel(0, 10)
        await expect(page.locator("[data-touched]")).to_have_count(1)
        order.set()
        apply = page.get_by_role("button", name="New order")
        await expect(apply).to_be_visible()
        await expect(cards).to_have_text(["Person 1", "Person 2", "Person 3"])
        await apply.click()
        await expect(cards).to_have_text(["Person 3", "Person 1", "Person 2"])
        await expect(apply).to_be_hidden()


async def test_reload_back_and_stop(site: Site, visit: OpenContext) -> None:
    go_on = asyncio.Event()
    site.search.steps = [UNDERSTOOD, HITS, judged(1), go_on, judged(3), ORDERED, DONE]
    async with visit(site.base) as page:
        await sign_in(page, "rita", PASSWORD)
        await ask(page, "first question")
        await expect(page.locator("mark")).to_have_count(1)
        await page.reload()
        await expect(page.locator("mark")).to_have_count(1)
        await expect(page.locator("[data-card]")).to_have_count(3)
        go_on.set()
        await expect(page.locator("mark")).to_have_count(2)
        first = page.url
        site.search.steps = [UNDERSTOOD, HITS, asyncio.Event()]
        await page.locator("#message").fill("second question")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="second question", level=2)).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_text("Stopped.")).to_be_visible()
        await site.search.cancelled.wait()
        assert page.url != first
        await page.go_back()
        await expect(page.get_by_role("heading", name="second question", level=2)).to_have_count(0)
        await expect(page.get_by_role("heading", name="first question", level=2)).to_be_visible()
        assert page.url == first


async def test_a_conversation_opens_at_its_last_question(site: Site, visit: OpenContext) -> None:
    async with visit(site.base, viewport={"width": 1280, "height": 420}) as page:
        await sign_in(page, "rita", PASSWORD)
        await ask(page, "first question")
        await expect(page.locator("[data-card]")).to_have_count(3)
        await expect(page.locator(".stream")).to_have_count(0)
        await page.reload()
        first = page.get_by_role("heading", name="first question", level=2)
        await expect(first).to_be_in_viewport()
        assert await page.evaluate("scrollY") == 0
        await page.locator("#message").fill("second question")
        await page.keyboard.press("Enter")
        second = page.get_by_role("heading", name="second question", level=2)
        for _ in range(2):  # as it is asked, and as it is opened again
            await expect(second).to_be_in_viewport()
            await expect(page.locator(".stream")).to_have_count(0)
            box = await second.bounding_box()
            assert box is not None
            assert 0 <= box["y"] < 120
            await page.reload()


async def test_a_dialog_that_was_closed_does_not_come_back(site: Site, visit: OpenContext) -> None:
    async with visit(site.base, viewport={"width": 1400, "height": 900}) as page:
        await sign_in(page, "rita", PASSWORD)
        await ask(page, "python")
        await expect(page.locator("[data-card]")).to_have_count(3)
        await expect(page.locator(".stream")).to_have_count(0)
        dialog = page.locator("dialog:has(#dialog)")
        for close in ("Escape", "button", "outside"):
            await page.get_by_role("link", name="More to do with Person 3").click()
            await expect(dialog).to_be_visible()
            if close == "button":
                await dialog.get_by_role("button", name="Close").click()
            elif close == "outside":
                await page.mouse.click(20, 20)
            else:
                await page.keyboard.press(close)
            await expect(dialog).to_be_hidden()
            await page.get_by_role("link", name="Person 1", exact=True).click()
            await expect(page.locator("#panel").get_by_role("heading", name="Person 1")).to_be_visible()
            await expect(dialog).to_be_hidden()
            await page.get_by_role("button", name="Close", exact=True).click()


async def test_the_keyboard_is_enough(site: Site, visit: OpenContext) -> None:
    async with visit(site.base, viewport={"width": 1400, "height": 900}) as page:
        await sign_in(page, "rita", PASSWORD)
        await ask(page, "python")
        await expect(page.locator("[data-card] h3")).to_have_text(["Person 3", "Person 1", "Person 2"])
        await expect(page.locator(".stream")).to_have_count(0)  # else Escape stops the turn
        await page.keyboard.press("Escape")  # out of the composer
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await expect(page.get_by_role("link", name="Person 1", exact=True)).to_be_focused()
        await page.keyboard.press("l")
        await expect(page.locator("[data-like]").nth(1)).to_have_attribute("aria-pressed", "true")
        await page.keyboard.press("Enter")
        panel = page.get_by_role("complementary", name="Profile")
        await expect(panel.get_by_role("heading", name="Person 1")).to_be_visible()
        await expect(page.locator("[data-card].is-open")).to_have_count(1)
        assert "cv=cand1" in page.url
        await page.reload()
        await panel.get_by_role("link", name="Why").click()
        await expect(panel.locator("blockquote")).to_have_count(2)
        await page.keyboard.press("Escape")
        await expect(page.locator("#panel")).to_be_empty()
        assert "cv=" not in page.url
        await page.keyboard.press("?")
        await expect(page.get_by_role("heading", name="Keyboard")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("heading", name="Keyboard")).to_be_hidden()
        await page.keyboard.press("/")
        await expect(page.locator("#message")).to_be_focused()
        await page.keyboard.type("jkl")
        await expect(page.locator("#message")).to_have_value("jkl")


async def test_liking_can_be_undone_and_noted(site: Site, visit: OpenContext) -> None:
    async with visit(site.base) as page:
        await sign_in(page, "rita", PASSWORD)
        await ask(page, "python")
        await expect(page.locator("[data-card] h3")).to_have_text(["Person 3", "Person 1", "Person 2"])
        heart = page.locator("[data-like]").first
        await heart.click()
        await expect(heart).to_have_attribute("aria-pressed", "true")
        await page.get_by_role("link", name="Shortlists").click()
        await expect(page.get_by_role("link", name="Person 3", exact=True)).to_be_visible()
        await page.get_by_label("Note").fill("call on Monday")
        await page.get_by_label("Note").blur()
        await expect(page.get_by_text("Note saved.")).to_be_visible()
        await page.locator("[role=status] [data-dismiss]").last.click()
        await page.get_by_label("Take Person 3 off this list").click()
        await expect(page.get_by_text("Nobody here yet")).to_be_visible()
        await page.get_by_role("button", name="Undo").click()
        await expect(page.get_by_label("Note")).to_have_value("call on Monday")


async def test_a_chip_and_an_example_ask_anew(site: Site, visit: OpenContext) -> None:
    async with visit(site.base) as page:
        await sign_in(page, "rita", PASSWORD)
        await page.get_by_role("button", name="Python developer in Lyon").click()
        await expect(page.locator("[data-card]")).to_have_count(3)
        await expect(page.get_by_text(ASK)).to_have_count(1)  # the composer's label: the welcome is gone
        await page.get_by_role("button", name="Search again without “Lyon”").click()
        await expect(page.get_by_text("without “Lyon”", exact=True)).to_be_visible()
        await expect(page.locator(".turn")).to_have_count(2)


async def test_without_javascript(site: Site, visit: OpenContext) -> None:
    async with visit(site.base, java_script_enabled=False) as page:
        await sign_in(page, "rita", PASSWORD)
        await page.get_by_label(ASK).fill("python in Lyon")
        await page.get_by_role("button", name="Search", exact=True).click()
        await expect(page.locator("[data-card] h3")).to_have_text(["Person 3", "Person 1", "Person 2"])
        await expect(page.locator("mark")).to_have_count(2)
        await page.locator("[data-like]").first.click()
        await expect(page.locator("[data-like]").first).to_have_attribute("aria-pressed", "true")
        await page.get_by_role("link", name="Person 3", exact=True).click()
        await expect(page.get_by_role("heading", name="Person 3")).to_be_visible()
        await page.get_by_role("link", name="Back to the list").click()
        await page.get_by_role("button", name="Search again without “Lyon”").click()
        await expect(page.locator(".turn")).to_have_count(2)
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_session_that_ended_leads_to_the_login_and_back(site: Site, visit: OpenContext) -> None:
    async with visit(site.base) as page:
        await sign_in(page, "rita", PASSWORD)
        await page.goto("/likes")
        await page.context.clear_cookies(name="session")
        await page.goto("/likes?sort=name")
        await page.get_by_label("Name").fill("rita")
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url("**/likes?sort=name")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
async def test_every_screen_is_accessible(site: Site, visit: OpenContext, scheme: str, width: int) -> None:
    found = []
    async with visit(
        site.base, color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce"
    ) as page:
        await page.goto("/login")
        found += await _violations(page, "/login")
        await sign_in(page, "rita", PASSWORD)
        found += await _violations(page, "/")
        await ask(page, "python in Lyon")
        await expect(page.locator("[data-card] h3")).to_have_text(["Person 3", "Person 1", "Person 2"])
        await page.locator("[data-like]").first.click()
        found += await _violations(page, "turn")
        link = await page.locator("[data-open]").first.get_attribute("href")
        for path in (
            f"{link}",
            f"{link}&tab=why",
            f"{link}&tab=history",
            "/likes",
            "/admin",
            "/users",
            "/privacy",
            "/audit?verify=yes",
            "/decisions",
            "/settings",
            "/diagnostic-ui",
            "/welcome/checks",
        ):
            await page.goto(path)
            found += await _violations(page, path)
            wide = await page.evaluate(
                "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, f"{path} scrolls sideways at {width}"
    assert found == []


async def _violations(page: Page, where: str) -> list[str]:
    results = await Axe().run(page)
    return [
        f"{where}: {one['id']}: {node['target']}" for one in results.response["violations"] for node in one["nodes"]
    ]
