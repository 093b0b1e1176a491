"""Pictures of every screen for the docs, from the real app on invented CVs: `python -m tests.browser.screens [DIR]`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from playwright.async_api import Page, expect

from tests.browser.conftest import sign_in
from tests.browser.real import ask, demo_in_chromium
from tests.site import PASSWORD

QUESTIONS = {"en": "nurse with experience in intensive care", "fr": "infirmière avec une expérience en réanimation"}
LOCALES = {"en": "en-GB", "fr": "fr-FR"}
SERIES = (  # suffix of the names, language, width, scheme
    ("", "en", 1360, "light"),
    ("-dark", "en", 1360, "dark"),
    ("-phone", "en", 360, "light"),
    ("-fr", "fr", 1360, "light"),
)
POOL = 60
PAGES = {
    "shortlist": "/likes",
    "lists": "/lists",
    "searches": "/searches",
    "first-steps": "/welcome/checks",
    "admin": "/admin",
    "files": "/admin/files",
    "uploads": "/uploads",
    "privacy": "/privacy",
    "audit": "/audit",
    "decisions": "/decisions",
    "diagnostic": "/diagnostic-ui",
    "people": "/users",
    "settings": "/settings",
}


async def main(out: Path) -> None:
    async with demo_in_chromium(POOL) as (site, browser):
        for suffix, language, width, scheme in SERIES:
            context = await browser.new_context(
                base_url=site.base,
                locale=LOCALES[language],
                color_scheme="dark" if scheme == "dark" else "light",
                viewport={"width": width, "height": 850},
                reduced_motion="reduce",
            )
            page = await context.new_page()
            await _walk(page, out, suffix, QUESTIONS[language])
            await context.close()


async def _walk(page: Page, out: Path, suffix: str, question: str) -> None:
    async def shot(name: str) -> None:
        await page.screenshot(path=out / f"{name}{suffix}.png")

    await page.goto("/login")
    await shot("login")
    await sign_in(page, "rita", PASSWORD)
    await page.goto("/")
    await shot("home")
    await ask(page, question)
    await shot("search")
    for place in (0, 2):
        heart = page.locator("[data-card] [data-like]").nth(place)
        if await heart.get_attribute("aria-pressed") == "false":
            await heart.click()
            await expect(heart).to_have_attribute("aria-pressed", "true")
    compared = page.locator("[data-card] [data-key=c]")
    for place in (0, 1):
        if await compared.nth(place).get_attribute("aria-pressed") == "false":
            await compared.nth(place).click()
            await expect(compared.nth(place)).to_have_attribute("aria-pressed", "true")
    tray = page.locator("#tray a[href^='/compare']").last
    comparison = str(await tray.get_attribute("href"))
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
    for name, path in {**PAGES, "compare": comparison}.items():
        await page.goto(path)
        await page.wait_for_load_state("networkidle")
        await shot(name)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screens")
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(target))
