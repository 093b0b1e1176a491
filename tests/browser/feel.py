"""How the pages feel on a processor four times slower: `python -m tests.browser.feel` prints INP, layout shift, order.

Interactions and shifts are Chromium's own measures (Event Timing, Layout Instability). A visit signs in, asks, moves by
keyboard, likes, opens profiles and tabs, zooms a CV's pages, puts several on a list, compares, works on a shortlist,
looks at the lists and changes a criterion. Shifts are summed by page; a visit counts with its worst one.
"""

from __future__ import annotations

import asyncio
import platform
import sys
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, Page, expect

from cvmatcher.store.speed import percentile
from tests.browser.conftest import sign_in
from tests.browser.real import ask, demo_in_chromium
from tests.site import PASSWORD

SLOWER = 4
PATIENCE = 30_000  # milliseconds for any one thing
POOL = 60
QUESTIONS = ("nurse with experience in intensive care", "développeur Python à Lyon", "accountant with SAP", "teacher")
SIZES = {"wide": (1360, 850), "phone": (360, 740)}

# Kept across pages of a visit in sessionStorage: every interaction's longest event, shifts without input, first things.
WATCH = """
(() => {
  const kept = () => JSON.parse(sessionStorage.getItem('feel') || '{"taps":{},"shifts":{},"moved":[],"seen":[]}');
  const keep = change => { const all = kept(); change(all); sessionStorage.setItem('feel', JSON.stringify(all)); };
  const named = node => String(node?.className?.baseVal ?? (node?.className || node?.nodeName || '?'));
  const observe = (type, options, take) =>
    new PerformanceObserver(list => keep(all => list.getEntries().forEach(one => take(all, one))))
      .observe({ type, buffered: true, ...options });

  observe('event', { durationThreshold: 16 }, (all, one) => {
    const key = one.interactionId + ':' + location.pathname;
    if (!one.interactionId || all.taps[key]?.ms >= one.duration) return;
    all.taps[key] = { ms: one.duration, name: `${one.name} ${named(one.target)}` };
  });
  observe('layout-shift', {}, (all, one) => {
    if (one.hadRecentInput) return;
    const page = location.pathname.replace(/[0-9a-f]{20,}/g, '…');
    all.shifts[page] = (all.shifts[page] ?? 0) + one.value;
    for (const { node, previousRect: was, currentRect: is } of one.sources)
      all.moved.push(`${one.value.toFixed(4)} ${page} ${named(node)} from ${was.y | 0} to ${is.y | 0}`);
  });

  const first = { card: '[data-card]', reason: '.why mark' };
  const look = () => {
    const seen = Object.keys(first).filter(name => document.querySelector(first[name]));
    if (seen.length) keep(all => { all.seen = [...new Set([...all.seen, ...seen])]; });
  };
  addEventListener('DOMContentLoaded', () => {
    look();
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  });
})();
"""


@dataclass
class Felt:
    """What the visits of one size came to."""

    interactions: list[tuple[int, str]] = field(default_factory=list)  # milliseconds, what was touched
    shifts: list[tuple[float, str]] = field(default_factory=list)  # the worst page of each visit
    moved: list[str] = field(default_factory=list)
    card_first: list[bool] = field(default_factory=list)

    def take(self, raw: dict[str, Any]) -> None:
        self.interactions += [(round(one["ms"]), one["name"]) for one in raw["taps"].values()]
        self.shifts.append(max(((value, page) for page, value in raw["shifts"].items()), default=(0.0, "nothing")))
        self.moved += raw["moved"]
        self.card_first.append(raw["seen"][:1] == ["card"])


async def visit(browser: Browser, base: str, size: tuple[int, int], question: str) -> dict[str, Any]:
    """One visit by one person; gives what WATCH kept."""
    width, height = size
    context = await browser.new_context(base_url=base, viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = await context.new_page()
    await page.add_init_script(WATCH)
    session = await context.new_cdp_session(page)
    await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    try:
        await _walk(page, question, narrow=width < 600)
        await page.wait_for_timeout(500)  # the last events are reported a frame or two later
        return dict(await page.evaluate("() => JSON.parse(sessionStorage.getItem('feel'))"))
    finally:
        await context.close()


async def _walk(page: Page, question: str, *, narrow: bool) -> None:
    await sign_in(page, "rita", PASSWORD)
    await page.goto("/")
    await ask(page, question)
    turns = page.locator(".turn")
    await page.keyboard.press("Escape")
    for key in "jjkl":
        await page.keyboard.press(key)
    await page.locator("[data-like]").nth(1).click()
    await page.locator("[data-open]").first.click()
    if narrow:
        await expect(page.get_by_role("link", name="CV", exact=True).first).to_be_visible()
        await page.go_back()
    else:
        panel = page.locator("#panel")
        for tab in ("Why", "CV", "Profile"):
            await panel.get_by_role("link", name=tab, exact=True).click()
            await expect(panel.get_by_role("link", name=tab, exact=True)).to_have_attribute("aria-current", "page")
        await page.keyboard.press("Escape")
    await _choose(page)
    await page.locator(".chip button").last.click()
    await expect(turns).to_have_count(2)
    await expect(page.locator(".stream")).to_have_count(0)
    await _compare(page)
    await _profile(page)
    await _lists(page)


async def _choose(page: Page) -> None:
    """Two of the search at once onto a list."""
    picks = page.locator(".rank")
    for place in (0, 1):
        await picks.nth(place).click()
    await page.locator("[data-many]").click()
    await page.locator("#dialog ul button:enabled").first.click()
    await expect(page.locator("#picked")).to_be_hidden()


async def _compare(page: Page) -> None:
    cards = page.locator(".turn").last.locator("[data-card]")
    for place in (0, 1):
        await cards.nth(place).locator("[data-key=c]").click()
        await expect(cards.nth(place).locator("[data-key=c]")).to_have_attribute("aria-pressed", "true")
    await page.locator("#compare-go").click()
    await page.locator("#only-differences").click()
    await expect(page.locator("#only-differences")).to_have_attribute("aria-current", "true")
    await page.locator("#only-all").click()
    await expect(page.locator("#only-all")).to_have_attribute("aria-current", "true")


async def _profile(page: Page) -> None:
    """As a page, all tabs, with the pages of the CV made larger."""
    await page.locator(".comparison .who").first.click()
    for tab in ("Why", "History", "CV"):
        await page.get_by_role("link", name=tab, exact=True).click()
        await expect(page.get_by_role("link", name=tab, exact=True)).to_have_attribute("aria-current", "page")
    await expect(page.locator(".paper img").first).to_have_js_property("complete", value=True)
    for key in "++0":
        await page.keyboard.press(key)


async def _lists(page: Page) -> None:
    await page.goto("/lists")
    await page.goto("/likes")
    for key in "jx":
        await page.keyboard.press(key)
    await page.locator(".note select").first.select_option("contacted")
    await expect(page.locator(".toast")).not_to_have_count(0)
    await page.goto("/searches")


def report(name: str, felt: Felt) -> list[str]:
    times = [ms for ms, _ in felt.interactions]
    slow = sorted(felt.interactions, reverse=True)[:3]
    return [
        f"{name}: {len(felt.shifts)} visits, {len(times)} interactions",
        f"  interaction to next paint: p75 {percentile(times, 0.75)} ms, p98 {percentile(times, 0.98)} ms",
        f"  slowest: {'; '.join(f'{ms} ms {what}' for ms, what in slow)}",
        f"  layout shift of each visit's worst page: {', '.join(f'{one:.3f} {page}' for one, page in felt.shifts)}",
        f"  moved most: {'; '.join(sorted(felt.moved, reverse=True)[:4]) or 'nothing'}",
        f"  first card before first reason: {sum(felt.card_first)} of {len(felt.card_first)} visits",
    ]


async def main() -> None:
    async with demo_in_chromium(POOL) as (site, browser):
        sys.stdout.write(f"{SLOWER}x slower, {POOL} CVs, {platform.processor() or platform.machine()}\n")
        for name, size in SIZES.items():
            felt = Felt()
            for question in QUESTIONS:
                felt.take(await visit(browser, site.base, size, question))
            sys.stdout.write("\n".join(report(name, felt)) + "\n")


if __name__ == "__main__":
    asyncio.run(main())
