"""Pictures of every screen for the docs, from the real app on invented CVs: `python -m tests.browser.screens [DIR]`."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect

from cvmatcher import embedded, store
from tests.browser.conftest import FLAGS, chromium_path, sign_in
from tests.browser.real import ask, real_site
from tests.site import PASSWORD

QUESTIONS = {"en": "Python developer who speaks German", "fr": "développeur Python qui parle allemand"}
LOCALES = {"en": "en-GB", "fr": "fr-FR"}
SIZES = {"wide": (1360, 850), "phone": (360, 780)}
POOL = 60


async def main(out: Path) -> None:
    async with AsyncExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        mongo, redis = await stack.enter_async_context(embedded.running(home))
        client = await stack.enter_async_context(store.connect(mongo))
        await store.open_store(client, "screens", "CVExtractionCollection")
        site = await stack.enter_async_context(real_site(mongo, redis, "screens", home / "home", POOL))
        await site.ingest()
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        for language in ("en", "fr"):
            for size, (width, height) in SIZES.items():
                for scheme in ("light", "dark"):
                    context = await browser.new_context(
                        base_url=site.base,
                        locale=LOCALES[language],
                        color_scheme="dark" if scheme == "dark" else "light",
                        viewport={"width": width, "height": height},
                        reduced_motion="reduce",
                    )
                    page = await context.new_page()
                    await _walk(page, out, f"{language}-{size}-{scheme}", QUESTIONS[language])
                    await context.close()
        await browser.close()


async def _walk(page: Page, out: Path, tag: str, question: str) -> None:
    async def shot(name: str) -> None:
        await page.screenshot(path=out / f"{name}-{tag}.png")

    await page.goto("/login")
    await shot("login")
    await sign_in(page, "rita", PASSWORD)
    await shot("welcome")
    await ask(page, question)
    await shot("search")
    await page.locator("[data-like]").nth(0).click()
    await page.locator("[data-like]").nth(2).click()
    await page.locator("[data-open]").first.click()
    await expect(page.locator("#profile")).to_be_visible()
    await shot("profile")
    link = await page.locator(".tabs a").nth(1).get_attribute("href")
    await page.locator(".tabs a").nth(1).click()
    picture = page.locator(".pages img").first
    await expect(picture).to_be_visible()
    await expect(picture).to_have_js_property("complete", value=True)
    await shot("cv")
    await page.goto(str(link).replace("tab=cv", "tab=why"))
    await shot("why")
    for name, path in (
        ("shortlist", "/likes"),
        ("admin", "/admin"),
        ("diagnostic", "/diagnostic-ui"),
        ("people", "/users"),
        ("settings", "/settings"),
    ):
        await page.goto(path)
        await shot(name)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screens")
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(target))
