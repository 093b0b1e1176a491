"""The embedding model in the admin panel: what answers, what waits, how both compared, and an admin's word."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cvmatcher import jobs
from cvmatcher.store import Database, audit, live
from cvmatcher.store import jobs as job_store
from cvmatcher.store.live import Comparison, Report
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from tests.models import NEW, OLD
from tests.site import Browser, Scripted, person, services_of, serving


@pytest.fixture
async def browser(database: Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Browser]:
    """An admin's, while a worse model waits."""
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    await live.begin(OLD, "2", "rules/1")
    await live.build(NEW)
    fallen = Comparison(old=0.8321, new=0.7832, interval=(-0.089, -0.0131), queries=69, falls=True)
    await live.judged(Report(model_id=NEW, against=OLD, built_in=fallen, liked_searches=3))
    await live.wait(NEW)
    await person("ada", Role.ADMIN)
    async with serving(create_app(services, Scripted().run)) as base, Browser(base) as browser:
        await browser.sign_in("ada")
        yield browser
    await jobs.close_queue(queue)


async def test_both_figures_are_shown_and_nothing_else_is_said_of_likes(browser: Browser) -> None:
    page = (await browser.get("/admin")).text
    for shown in (OLD, NEW, "0.832", "0.783", "−0.089 … −0.013", "69", "3 searches of the team", "Switch anyway"):
        assert shown in page


async def test_an_admins_word_switches_without_javascript(browser: Browser) -> None:
    await browser.get("/admin")
    answer = await browser.post("/admin/model/switch", {"model": NEW})
    assert answer.status_code == 303
    state = await live.get()
    assert state is not None
    assert (state.model_id, state.next, state.before) == (NEW, None, OLD)
    assert [(row.act, row.subject) for row in await audit.about(NEW)] == [("switched model", NEW)]
    assert [job.kind for job in await job_store.running()] == ["rebuild"], "what is left of the old model goes"
    page = (await browser.get("/admin")).text
    assert "switched by ada" in page
    assert "Switch anyway" not in page


async def test_discarded_it_is_gone(browser: Browser) -> None:
    await browser.get("/admin")
    answer = await browser.htmx("/admin/model/discard", {"model": NEW})
    assert "goes on answering" in answer.text
    state = await live.get()
    assert state is not None
    assert (state.model_id, state.next, state.discarded) == (OLD, None, NEW)


async def test_another_model_than_the_one_on_the_screen_is_not_switched_to(browser: Browser) -> None:
    await browser.get("/admin")
    assert (await browser.post("/admin/model/switch", {"model": "a third"})).status_code == 409
    state = await live.get()
    assert state is not None
    assert state.model_id == OLD
