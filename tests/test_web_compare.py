"""Comparing over HTTP: the tray, the page, what differs, whose criteria."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cvmatcher import jobs, store
from cvmatcher.domain import Experience, LanguageLevel, Profile, SpokenLanguage
from cvmatcher.store import audit, comparisons
from cvmatcher.store.people import User
from cvmatcher.web.app import create_app
from cvmatcher.web.comparing import compare
from tests.site import HTMX, WHOLE, Browser, Scripted, candidate, person, services_of, serving, turn_in

GERMAN = SpokenLanguage(code="de", level=LanguageLevel.B2)


def _profile(name: str, years: float, *skills: str) -> Profile:
    jobs_ = (Experience(title="Developer", employer=f"{name}'s firm", start="2020", current=True),)
    return Profile(
        name=name, location="Lyon", years_experience=years, skills=skills, languages=(GERMAN,), experiences=jobs_
    )


@dataclass
class Site:
    rita: Browser
    hugo: Browser
    user: User


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    user = await person("rita")
    other = await person("hugo")
    await candidate(1, profile=_profile("Zoé", 4, "Python", "Go"))
    await candidate(2, profile=_profile("Alma", 9, "golang", "Rust"))
    for number in (3, 4, 5):
        await candidate(number, profile=_profile(f"Person {number}", 1))
    app = create_app(services, Scripted(list(WHOLE)).run)
    async with services.follower, serving(app) as base, Browser(base) as rita, Browser(base) as hugo:
        await rita.signed_in(user)
        await hugo.signed_in(other)
        yield Site(rita, hugo, user)
    await jobs.close_queue(queue)


async def test_a_tray_holds_two_to_four(site: Site) -> None:
    one = await site.rita.htmx("/compare/cand1/pick?turn=t1")
    assert 'hx-target=".compare-cand1"' in one.text
    assert 'aria-pressed="true"' in one.text
    assert "Pick one more" in one.text
    two = await site.rita.htmx("/compare/cand2/pick")
    assert "/compare?c=cand1&amp;c=cand2&amp;turn=t1" in two.text
    for number in (3, 4):
        await site.rita.htmx(f"/compare/cand{number}/pick")
    full = await site.rita.htmx("/compare/cand5/pick")
    assert full.status_code == 409
    assert "Four people can be compared at most" in full.text
    assert "Compare 4" in (await site.rita.get("/likes")).text  # t1 is no turn: they were picked outside of a search
    await site.rita.htmx("/compare/cand2/put-back")
    assert (await comparisons.of(site.user.id)).candidates == ("cand1", "cand3", "cand4")
    cleared = await site.rita.htmx("/compare/clear")
    assert cleared.text.count('aria-pressed="false"') == 3
    assert (await comparisons.of(site.user.id)).candidates == ()
    assert (await site.rita.htmx("/compare/nobody/pick")).status_code == 404
    assert (await site.rita.post("/compare/cand1/pick", {"back": "/likes"})).headers["location"] == "/likes"


async def test_the_tray_goes_when_its_work_is_done_and_elsewhere(site: Site) -> None:
    places = []
    for question in ("python in Lyon", "another search"):
        asked = await site.rita.post("/turns", {"message": question})
        places.append(asked.headers["location"])
    here, elsewhere = places
    turn = here.partition("t=")[2]
    for number in (1, 2):
        await site.rita.htmx(f"/compare/cand{number}/pick?turn={turn}")

    async def shown(address: str) -> bool:
        return "Compare 2" in (await site.rita.get(address)).text

    assert await shown(here)
    assert not await shown(elsewhere)
    assert not await shown("/")
    assert not await shown("/likes")
    pressed = 'formaction="/compare/cand1/put-back'
    assert pressed in (await site.rita.get(here)).text
    assert pressed not in (await site.rita.get(elsewhere)).text  # and no card says that they are picked
    await site.rita.get(f"/compare?c=cand2&c=cand1&turn={turn}")
    assert not await shown(here)
    assert "Compare 3" in (await site.rita.htmx(f"/compare/cand3/pick?turn={turn}")).text  # another is added
    await site.rita.get(f"/compare?c=cand1&c=cand2&c=cand3&turn={turn}")
    fresh = await site.rita.htmx(f"/compare/cand4/pick?turn={elsewhere.partition('t=')[2]}")
    assert "Pick one more" in fresh.text
    assert fresh.text.count('aria-pressed="false"') == 3  # the buttons of those before
    assert (await comparisons.of(site.user.id)).candidates == ("cand4",)


async def test_who_has_left_the_pool_makes_room(site: Site) -> None:
    for number in (1, 2, 3, 4):
        await site.rita.htmx(f"/compare/cand{number}/pick")
    await store.candidates.collection().delete_one({"_id": "cand1"})
    assert (await site.rita.htmx("/compare/cand5/pick")).status_code == 200
    assert (await comparisons.of(site.user.id)).candidates == ("cand2", "cand3", "cand4", "cand5")


async def test_people_stand_side_by_side_with_what_was_asked(site: Site) -> None:
    asked = await site.rita.post("/turns", {"message": "python in Lyon"})
    turn = turn_in((await site.rita.get(asked.headers["location"])).text)
    address = f"/compare?c=cand1&c=cand2&c=cand4&turn={turn}"
    page = (await site.rita.get(address)).text
    assert page.count('<th scope="col"') == 3
    assert page.index("Zoé") < page.index("Alma")
    assert page.count("<mark>services in Python</mark>") == 2  # cand1 by the search; cand2 shows nothing in it
    assert page.count("<mark>wrote services in Python</mark>") == 1  # cand4, whom the search did not show: by rules
    assert "9 years" in page
    assert "Alma&#39;s firm" in page
    assert f'href="/compare?c=cand1&amp;c=cand4&amp;turn={turn}"' in page  # without Alma
    assert {row.act for row in await audit.about("cand2")} == {"compared"}
    differences = await site.rita.get(f"{address}&only=differences", **HTMX)
    assert "<html" not in differences.text
    assert "German" not in differences.text
    assert "9 years" in differences.text


async def test_another_s_search_gives_no_criteria(site: Site) -> None:
    asked = await site.rita.post("/turns", {"message": "python in Lyon"})
    turn = turn_in((await site.rita.get(asked.headers["location"])).text)
    page = (await site.hugo.get(f"/compare?c=cand1&c=cand2&turn={turn}")).text
    assert "<mark>" not in page
    assert "python in Lyon" not in page
    assert turn not in page.replace(f"turn={turn}", "", 0).partition("<main")[2]
    assert "Zoé" in page


@pytest.mark.parametrize(
    ("query", "code"), [("", 200), ("?c=cand1", 200), ("?c=nobody&c=cand1", 200), ("?c=1&c=2&c=3&c=4&c=5", 422)]
)
async def test_too_few_or_too_many_are_said_so(site: Site, query: str, code: int) -> None:
    answer = await site.rita.get(f"/compare{query}")
    assert answer.status_code == code
    assert ("Two people at least" in answer.text) is (code == 200)


async def test_skills_are_the_same_under_other_names(site: Site) -> None:
    known = await store.candidates.by_ids(["cand1", "cand2"])
    comparison = compare([known["cand1"], known["cand2"]], (), {})
    skills = {line.kind: line for line in comparison.lines}["skills"]
    assert [[(one.name, one.shared) for one in cell] for cell in skills.cells] == [
        [("Go", True), ("Python", False)],
        [("golang", True), ("Rust", False)],
    ]
    different = {line.kind: line for line in comparison.differences().lines}
    assert [[one.name for one in cell] for cell in different["skills"].cells] == [["Python"], ["Rust"]]
    assert not {"place", "languages"} & set(different)
