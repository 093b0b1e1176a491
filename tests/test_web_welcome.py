"""First steps of an empty app, the chart of new files, and how long things took."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from cvmatcher import jobs, store
from cvmatcher.domain import FileState, ListingPage, SourceFile
from cvmatcher.settings import Settings
from cvmatcher.store import ledger, sources
from cvmatcher.store.people import Role
from cvmatcher.store.speed import percentile
from cvmatcher.web.app import create_app
from cvmatcher.web.chart import HEIGHT, chart
from cvmatcher.web.welcome import missing_lines
from tests.site import HTMX, WHOLE, Browser, Scripted, candidate, person, services_of, serving, turn_in


@dataclass
class Site:
    admin: Browser
    rita: Browser


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    app = create_app(services_of(database, queue, tmp_path), Scripted(list(WHOLE)).run)
    await person("ada", Role.ADMIN)
    await person("rita")
    async with serving(app) as base, Browser(base) as admin, Browser(base) as rita:
        await admin.sign_in("ada")
        await rita.sign_in("rita")
        yield Site(admin, rita)
    await jobs.close_queue(queue)


async def listed(*ids: str) -> None:
    """Files that a source has named and that wait for a worker."""
    state = await sources.take("drive", 30)
    assert state is not None
    begun = await sources.begin(state, full=True)
    assert begun is not None
    files = tuple(SourceFile(source="drive", file_id=one, name=f"{one}.pdf", version="1") for one in ids)
    await sources.save_page(begun, ListingPage(files=files, cursor="1", more=False, full=True))


async def test_an_admin_of_an_empty_app_starts_with_first_steps(site: Site) -> None:
    answer = await site.admin.get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/welcome")
    assert "Waiting for the first CV" in (await site.admin.get("/welcome")).text
    empty = (await site.rita.get("/")).text
    assert "No CV can be searched yet" in empty
    await candidate(1)
    assert (await site.admin.get("/")).status_code == 200
    assert "No CV can be searched yet" not in (await site.rita.get("/")).text


async def test_first_steps_name_the_missing_lines_and_what_fails(site: Site) -> None:
    """With and without JavaScript the same checks."""
    for answer in (await site.admin.get("/welcome/checks"), await site.admin.get("/welcome/checks", **HTMX)):
        assert "GEMINI_API_KEY=…" in answer.text
        assert "CV_FOLDER=/path/to/your/cvs" in answer.text
    assert "<html" not in answer.text


def test_a_line_is_missing_only_while_its_setting_is() -> None:
    settings = Settings(_env_file=None, gemini_api_key=SecretStr("k"), google_drive_folder_id="f")
    lines = missing_lines(settings)
    assert lines["gemini"] == ()
    assert lines["drive"] == ("GOOGLE_TOKEN_JSON=…",)


async def test_progress_of_the_first_ingestion(site: Site) -> None:
    await listed("a", "b")
    page = (await site.admin.get("/welcome/progress", **HTMX)).text
    assert "Reading CVs" in page
    assert 'value="0" max="2"' in page
    assert (await site.admin.get("/welcome/progress")).headers["location"] == "/welcome"


async def test_the_ledger_counts_new_files_by_day(site: Site) -> None:
    await listed("a", "b", "c")
    days = await ledger.per_day(30)
    assert len(days) == 30
    assert list(days.values())[-1] == {FileState.IN_PROGRESS: 3}
    page = (await site.admin.get("/admin")).text
    assert "3 new files in the last 30 days" in page
    assert len(re.findall(r"<rect class=\"is-waiting\"", page)) == 1


def test_bars_stand_on_each_other_and_fill_the_height() -> None:
    first = date(2026, 1, 1)
    drawn = chart(
        {
            first: {FileState.SEARCHABLE: 6, FileState.QUARANTINED: 4},
            first + timedelta(days=1): {FileState.DUPLICATE: 5},
            first + timedelta(days=2): {},
        }
    )
    read, aside, second = drawn.bars
    assert (drawn.top, drawn.total) == (10, 15)
    assert (aside.y, aside.y + aside.height, read.y + read.height) == (0, read.y, HEIGHT)
    assert second.height == HEIGHT / 2
    assert drawn.parts == ["read", "aside"]


@pytest.mark.parametrize(("share", "expected"), [(0.5, 10), (0.95, 19), (1.0, 20)])
def test_a_percentile_is_the_least_value_that_holds_for_so_many(share: float, expected: int) -> None:
    assert percentile(list(range(20, 0, -1)), share) == expected
    assert percentile([7], share) == 7


async def test_a_turn_leaves_how_long_its_stages_took(site: Site) -> None:
    answer = await site.rita.htmx("/turns", {"message": "python"})
    await site.rita.get(f"/turns/{turn_in(answer.text)}/events")  # up to its end
    taken = (await site.admin.http.get("/diagnostic", headers={"Accept": "application/json"})).json()["milliseconds"]
    assert [one["name"] for one in taken["turns"]] == ["understood", "hits", "ordered", "judged", "ended"]
    assert all(one["count"] == 1 and one["p50"] <= one["p95"] for one in taken["turns"])
    page = (await site.admin.get("/diagnostic-ui")).text
    assert "first candidates" in page
