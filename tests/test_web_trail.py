"""A profile opened from a list, a saved search, a comparison or the files: the way back, next, note and status."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from cvmatcher import jobs, store
from cvmatcher.domain import Criterion, CriterionKind, Profile
from cvmatcher.store import saved_searches, shortlisted
from cvmatcher.store.people import Role, User
from cvmatcher.store.shortlisted import Stage
from cvmatcher.web.app import create_app
from tests.site import HTMX, Browser, Scripted, candidate, person, services_of, serving


@dataclass
class Site:
    rita: Browser
    hugo: Browser
    user: User


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    user, other = await person("rita", Role.ADMIN), await person("hugo")
    for number, name in ((1, "Zoé"), (2, "Alma"), (3, "Marc")):
        await candidate(number, profile=Profile(name=name, headline="Developer", skills=("Python",)))
    app = create_app(services, Scripted().run)
    async with services.follower, serving(app) as base, Browser(base) as rita, Browser(base) as hugo:
        await rita.signed_in(user)
        await hugo.signed_in(other)
        yield Site(rita, hugo, user)
    await jobs.close_queue(queue)


async def _list(browser: Browser, *who: str) -> str:
    address = str((await browser.post("/lists", {"name": "Java, Lyon"})).headers["location"])
    for one in who:
        await browser.post(f"{address}/entries", {"act": "add", "c": one})
    return address


def _profile(candidate_id: str, origin: str) -> str:
    return f"/cv/{candidate_id}?from={quote(origin, safe='')}"


async def test_a_list_leads_to_a_profile_and_back_and_on_in_its_own_order(site: Site) -> None:
    address = await _list(site.rita, "cand1", "cand2", "cand3")
    origin = f"{address}?sort=name"
    assert _profile("cand3", origin) in (await site.rita.get(origin)).text
    page = (await site.rita.get(_profile("cand3", origin))).text.replace("&amp;", "&")  # Alma, Marc, Zoé
    assert f'href="{origin}"' in page
    assert "Back to “Java, Lyon”" in page
    assert "2 of 3" in page
    assert f"{_profile('cand2', origin)}&tab=profile" in page
    assert f"{_profile('cand1', origin)}&tab=profile" in page
    assert f"{_profile('cand3', origin)}&tab=cv" in page  # the tabs keep it


async def test_a_list_s_status_and_note_are_written_beside_the_profile_and_undone(site: Site) -> None:
    address = await _list(site.rita, "cand1")
    place = _profile("cand1", address)
    page = (await site.rita.get(place)).text
    assert f'hx-post="{address}/entries/cand1"' in page
    here = HTMX | {"HX-Current-URL": f"http://x{place}"}
    said = await site.rita.post(f"{address}/entries/cand1", {"status": "interview", "note": "call her"}, **here)
    assert 'hx-target="#stages"' not in said.text  # that is not on this page
    assert "call her" in (await site.rita.get(place)).text
    change = said.text.partition("/lists/undo/")[2].partition('"')[0]
    undone = await site.rita.post(f"/lists/undo/{change}", None, **here)
    assert 'hx-target="#on-list"' in undone.text
    (kept,) = await shortlisted.entries(address.removeprefix("/lists/"))
    assert (kept.status, kept.note) == (Stage.NEW, "")


async def test_without_javascript_a_note_leads_back_to_the_profile(site: Site) -> None:
    address = await _list(site.rita, "cand1")
    place = _profile("cand1", address)
    fields = {"status": "new", "note": "kind", "return": place}
    assert (await site.rita.post(f"{address}/entries/cand1", fields)).headers["location"] == place


@pytest.mark.parametrize(
    "foreign",
    [
        "https://example.org/lists/x",
        "https://example.org/compare?c=cand1",
        "//example.org/audit",
        "/nowhere",
        "/searches/none",
    ],
)
async def test_an_address_that_is_none_of_ours_leads_nowhere(site: Site, foreign: str) -> None:
    page = (await site.rita.get(_profile("cand1", foreign))).text
    assert "Zoé" in page
    assert "Back to" not in page


async def test_a_colleague_s_private_list_is_no_way_in(site: Site) -> None:
    address = await _list(site.rita, "cand1", "cand2")
    page = (await site.hugo.get(_profile("cand1", address))).text
    assert "Java, Lyon" not in page
    assert "of 2" not in page


async def test_one_who_was_taken_off_still_leads_back(site: Site) -> None:
    address = await _list(site.rita, "cand1", "cand2")
    await site.rita.post(f"{address}/entries/cand1/remove")
    page = (await site.rita.get(_profile("cand1", address))).text
    assert "Back to “Java, Lyon”" in page
    assert 'id="on-list"' not in page


async def test_comparison_saved_search_and_files_are_ways_back(site: Site) -> None:
    asked = (Criterion(id="c1", kind=CriterionKind.SKILL, value="python", label="Python"),)
    saved = await saved_searches.save(site.user.id, "Pythonists", asked)
    beside = "/compare?c=cand2&c=cand1"
    assert _profile("cand2", beside) in (await site.rita.get(beside)).text.replace("&amp;", "&")
    assert "1 of 2" in (await site.rita.get(_profile("cand2", beside))).text
    for origin, name in (("/admin/files?state=searchable", "CV files"), (f"/searches/{saved.id}", "Pythonists")):
        assert f"Back to “{name}”" in (await site.rita.get(_profile("cand1", origin))).text


async def test_those_picked_on_a_list_are_compared_and_the_way_leads_back_to_it(site: Site) -> None:
    address = await _list(site.rita, "cand1", "cand2")
    seen = HTMX | {"HX-Current-URL": f"http://x{address}?sort=name"}
    for one in ("cand1", "cand2"):
        picked = await site.rita.post(f"/compare/{one}/pick", None, **seen)
    place = f"/compare?c=cand1&c=cand2&from={quote(f'{address}?sort=name', safe='')}"
    assert place in picked.text.replace("&amp;", "&")
    page = (await site.rita.get(place)).text
    assert f'<a href="{address}?sort=name">Back to “Java, Lyon”</a>' in page
    assert "Back to “Compare”" in (await site.rita.get(_profile("cand1", place))).text
