"""A real Chromium. Every page of every test is watched: a policy violation or a console error fails the test."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error, Page, async_playwright, expect

from cvmatcher import jobs, store
from cvmatcher.domain import FileGone
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from tests.site import WHOLE, Scripted, candidate, person, scripted, services_of, serving

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_path() -> str | None:
    """A browser of the system; None leaves it to Playwright."""
    return next((found for found in map(shutil.which, NAMES) if found), None)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium or another that is there, else Playwright's own; without any the tests are skipped."""
    async with async_playwright() as playwright:
        try:
            browser = await playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        except Error as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(f"no Chromium: {error.message.splitlines()[0]}")
        yield browser
        await browser.close()


OpenContext = Callable[..., Any]


@pytest.fixture
async def visit(chromium: Browser) -> AsyncIterator[OpenContext]:
    """`async with visit(base, **options) as page`; what went wrong in the console is asserted at the end."""
    wrong: list[str] = []

    def watch(page: Page) -> None:
        page.on("console", lambda message: _note(message, wrong))
        page.on("pageerror", lambda error: wrong.append(str(error)))

    @asynccontextmanager
    async def opened(base: str, **options: Any) -> AsyncIterator[Page]:
        context: BrowserContext = await chromium.new_context(
            base_url=base, locale=options.pop("locale", "en-GB"), **options
        )
        context.set_default_timeout(20_000)
        context.on("page", watch)
        try:
            yield await context.new_page()
        finally:
            await context.close()

    yield opened
    assert wrong == []


def _note(message: ConsoleMessage, wrong: list[str]) -> None:
    if message.type in {"error", "warning"}:
        wrong.append(message.text)


@dataclass
class Site:
    base: str
    search: Scripted


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """An administrator, three candidates, and a search that says what the test wants."""
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    search = Scripted(list(WHOLE))
    await person("rita", Role.ADMIN)
    for number in (1, 2, 3):
        await candidate(number)
    async with services.follower, serving(create_app(services, search.run)) as base:
        scripted(services).bytes_of = {"1": FileGone(), "3": FileGone()}
        yield Site(base, search)
    await jobs.close_queue(queue)


async def sign_in(page: Page, name: str, password: str) -> None:
    await page.goto("/login")
    await page.locator("[name=name]").fill(name)
    await page.locator("[name=password]").fill(password)
    await page.locator("form button").click()
    await page.wait_for_url(lambda url: "/login" not in url)


async def drop_onto(page: Page, selector: str, *files: Path) -> None:
    """Drags files from outside and lets them go over the middle of an element, as a person does."""
    box = await page.locator(selector).bounding_box()
    assert box is not None
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
    devtools = await page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver"):
        await devtools.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})
    await expect(page.locator("body[data-dragging]")).to_be_visible()
    for kind in ("dragOver", "drop"):
        await devtools.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})
