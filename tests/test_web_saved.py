"""Saved searches: kept, counted, run with the new ones marked, deleted and brought back."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cvmatcher import jobs, newcomers, ranking, store
from cvmatcher.adapters.rules_reranker import RulesReranker
from cvmatcher.domain import Criterion, CriterionKind, Need, Profile, Verdict, VerdictState
from cvmatcher.store import candidates, saved_searches
from cvmatcher.store.people import User
from cvmatcher.web.app import create_app
from tests.site import CRITERIA, HTMX, WHOLE, Browser, Scripted, candidate, person, services_of, serving, turn_in

PAGES = {"Lyon": ("New One, Lyon\nwrote services in Python",), "Brest": ("Far One, Brest\nwrote services in Python",)}
IN_LYON = Profile(name="New One", headline="Developer", location="Lyon", skills=("Python",))
IN_BREST = Profile(name="Far One", headline="Developer", location="Brest", skills=("Python",))


@dataclass
class Site:
    rita: Browser
    hugo: Browser
    user: User
    search: Scripted


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    user = await person("rita")
    other = await person("hugo")
    for number in (1, 2, 3):
        await candidate(number, profile=IN_LYON.model_copy(update={"name": f"Person {number}"}), pages=PAGES["Lyon"])
    search = Scripted(list(WHOLE))
    app = create_app(services, search.run)
    async with services.follower, serving(app) as base, Browser(base) as rita, Browser(base) as hugo:
        await rita.signed_in(user)
        await hugo.signed_in(other)
        yield Site(rita, hugo, user, search)
    await jobs.close_queue(queue)


async def _saved(site: Site, name: str = "Python, Lyon") -> str:
    asked = await site.rita.post("/turns", {"message": "python in Lyon"})
    turn = turn_in((await site.rita.get(asked.headers["location"])).text)
    made = await site.rita.post("/searches", {"from": turn, "name": name})
    return str(made.headers["location"])


async def _fresh(site: Site) -> list[tuple[str, ...]]:
    answer = await site.rita.get("/searches", Accept="application/json")
    return [tuple(one["new"]) for one in answer.json()["searches"]]


async def _moved(candidate_id: str, **fields: object) -> None:
    await candidates.collection().update_one({"_id": candidate_id}, {"$set": fields})


async def test_a_search_counts_who_is_new(site: Site) -> None:
    address = await _saved(site)
    assert await _fresh(site) == [()]
    await candidate(7, profile=IN_LYON, pages=PAGES["Lyon"])
    await candidate(8, profile=IN_BREST, pages=PAGES["Brest"])
    assert await _fresh(site) == [("cand7",)]
    rail = await site.rita.get("/searches", **HTMX)
    assert '<b class="new" aria-hidden="true">1</b>' in rail.text
    assert "<html" not in rail.text
    page = (await site.rita.get(address)).text
    assert "New One" in page
    assert "Far One" not in page
    await _moved("cand1", ingested_at=datetime.now(UTC))  # read anew
    assert await _fresh(site) == [("cand1", "cand7")]
    await _moved(
        "cand7", **{"profile.location": "Brest", "pages": PAGES["Brest"], "ingested_at": datetime.now(UTC)}
    )  # meets it no more
    assert await _fresh(site) == [("cand1",)]
    await candidates.collection().delete_one({"_id": "cand1"})
    assert await _fresh(site) == [()]


async def test_running_it_marks_the_new_ones_and_counts_anew(site: Site) -> None:
    address = await _saved(site)
    await _moved("cand3", ingested_at=datetime.now(UTC) + timedelta(milliseconds=5))
    assert await _fresh(site) == [("cand3",)]
    ran = await site.rita.post(f"{address}/run")
    assert [one.label for one in site.search.asked[-1].criteria or ()] == [one.label for one in CRITERIA]
    page = (await site.rita.get(ran.headers["location"])).text
    assert "saved search “Python, Lyon”" in page
    cards = re.findall(r'<li class="card" id="t-[0-9a-f]+-(cand\d)".*?</li>', page, re.DOTALL)
    marked = re.findall(r'id="t-[0-9a-f]+-(cand\d)"(?:(?!<li).)*?<b class="new">', page, re.DOTALL)
    assert (len(cards), marked) == (3, ["cand3"])
    assert await _fresh(site) == [()]
    swapped = await site.rita.htmx(f"{address}/run")
    assert swapped.headers["hx-redirect"].startswith("/c/")
    turn = turn_in(page)
    follow_up = await site.rita.post("/turns", {"from": turn, "act": "nice:c2"})
    assert (await site.rita.get(follow_up.headers["location"])).text.count('<b class="new">') == 2


async def test_it_is_renamed_deleted_and_brought_back(site: Site) -> None:
    address = await _saved(site)
    await site.rita.post(f"{address}/rename", {"name": "Lyonnais"})
    assert "<h1>Lyonnais</h1>" in (await site.rita.get(address)).text
    assert (await site.rita.post(f"{address}/rename", {"name": ""})).status_code == 422
    gone = await site.rita.post(f"{address}/delete")
    assert "“Lyonnais” was deleted." in (await site.rita.get(gone.headers["location"])).text
    assert (await site.rita.get(address)).status_code == 404
    assert (await site.rita.post(f"{address}/run")).status_code == 404
    back = await site.rita.htmx(f"{address}/restore")
    assert "Lyonnais" in back.text
    toast = await site.rita.htmx(f"{address}/delete")
    assert f'formaction="{address}/restore"' in toast.text


async def test_it_is_its_owner_s(site: Site) -> None:
    address = await _saved(site)
    turn = turn_in((await site.rita.get((await site.rita.post(f"{address}/run")).headers["location"])).text)
    for what in ("", "/run", "/rename", "/delete", "/restore"):
        asked = site.hugo.post if what else site.hugo.get
        assert (await asked(f"{address}{what}")).status_code == 404, what
    assert (await site.hugo.post("/searches", {"from": turn, "name": "mine"})).status_code == 404
    assert (await site.hugo.get(f"/searches/new?turn={turn}")).status_code == 404
    assert await saved_searches.of(site.user.id) != []


async def test_a_count_goes_on_where_the_last_one_stopped(site: Site) -> None:
    """A pool that grew by more than one count may judge: every CV is counted once, whatever the cut."""
    moment = datetime.now(UTC) - timedelta(hours=2)
    found = await saved_searches.save(site.user.id, "Python", CRITERIA[:1])
    since = {"looked": moment, "counted_until": moment}
    await saved_searches.SavedSearchDocument.get_pymongo_collection().update_one({"_id": found.id}, {"$set": since})
    for number in range(20, 30):
        await candidate(number, profile=IN_LYON, pages=PAGES["Lyon"])
        await _moved(f"cand{number}", ingested_at=moment + timedelta(minutes=number))
    rounds = 0
    while not await newcomers.count(await saved_searches.of(site.user.id), RulesReranker(), seconds=0):
        rounds += 1
    (counted,) = await saved_searches.of(site.user.id)
    assert rounds >= 10
    assert set(counted.fresh) == {f"cand{number}" for number in (1, 2, 3, *range(20, 30))}


def _said(**states: VerdictState) -> dict[str, Verdict]:
    return {one: Verdict(candidate_id="x", criterion_id=one, state=state) for one, state in states.items()}


def test_what_meets_the_musts() -> None:
    met, partly, missing = VerdictState.MET, VerdictState.PARTLY, VerdictState.NOT_FOUND
    skill = Criterion(id="a", kind=CriterionKind.SKILL, value="python", label="Python")
    lyon = Criterion(id="b", kind=CriterionKind.PLACE, value="lyon", label="Lyon")
    nantes = Criterion(id="c", kind=CriterionKind.PLACE, value="nantes", label="Nantes")
    nice = Criterion(id="d", kind=CriterionKind.SKILL, value="go", label="Go", need=Need.NICE)
    never = Criterion(id="e", kind=CriterionKind.TITLE, value="lead", label="lead", need=Need.MUST_NOT)
    everything = (skill, lyon, nantes, nice, never)
    assert ranking.meets(everything, _said(a=met, b=missing, c=partly, d=missing, e=missing))
    assert not ranking.meets(everything, _said(a=met, b=missing, c=missing))
    assert not ranking.meets(everything, _said(a=missing, b=met))
    assert not ranking.meets(everything, _said(a=met, b=met, e=met))
    assert ranking.meets((nice,), _said(d=partly))
    assert not ranking.meets((nice,), _said())
    assert not ranking.meets((never,), _said(e=missing))
