"""A turn's way: article, stream, replay, stop, another process, lost owner; with and without JavaScript."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from cvmatcher import jobs, store
from cvmatcher.domain import (
    Criterion,
    CriterionKind,
    DroppedCriterion,
    Ended,
    EndState,
    Judged,
    Need,
    NothingFound,
    Quotation,
    SearchEvent,
    Status,
    StatusCode,
    Understanding,
    Understood,
    Verdict,
    VerdictState,
)
from cvmatcher.search import SearchRequest
from cvmatcher.store import turns
from cvmatcher.web.app import create_app
from cvmatcher.web.turns import Turns
from tests.site import (
    DONE,
    HITS,
    ORDERED,
    UNDERSTOOD,
    WHOLE,
    Browser,
    Scripted,
    candidate,
    judged,
    messages,
    person,
    services_of,
    serving,
    turn_in,
    until,
)


@dataclass
class Site:
    base: str
    rita: Browser
    search: Scripted
    turns: Turns
    other: str = ""  # a second process on the same database
    other_search: Scripted = field(default_factory=Scripted)


@asynccontextmanager
async def a_site(database: store.Database, redis_url: str, home: Path, *, processes: int = 1) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, home)
    await person("rita")
    async with AsyncExitStack() as stack:
        searches = [Scripted(list(WHOLE)) for _ in range(processes)]
        apps = [create_app(services, one.run) for one in searches]
        bases = [await stack.enter_async_context(serving(app)) for app in apps]
        rita = await stack.enter_async_context(Browser(bases[0]))
        await rita.sign_in("rita")
        yield Site(bases[0], rita, searches[0], apps[0].state.web.turns, bases[-1], searches[-1])
    await jobs.close_queue(queue)


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with a_site(database, redis_url, tmp_path) as made:
        yield made


@pytest.fixture
async def two_processes(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with a_site(database, redis_url, tmp_path, processes=2) as made:
        yield made


async def events(
    browser: Browser, turn: str, *, after: int = 0, last: str = "", base: str = ""
) -> list[dict[str, str]]:
    """The whole stream of a turn, up to its end."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last} if last else {})
    answer = await browser.http.get(f"{base}/turns/{turn}/events?after={after}", headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["x-accel-buffering"] == "no"
    return messages(answer.text)


# ------------------------------------------------------------------------------------------------- article and stream


async def test_the_article_comes_with_the_hits_that_are_there(site: Site) -> None:
    wait = asyncio.Event()
    site.search.steps = [UNDERSTOOD, HITS, wait, *WHOLE[2:]]
    answer = await site.rita.htmx("/turns", {"message": "python in Lyon"})
    turn = turn_in(answer.text)
    assert answer.text.count('<li class="card"') == 3
    assert re.fullmatch(rf"/c/[0-9a-f]+\?t={turn}", answer.headers["hx-push-url"])
    assert f'hx-sse:connect="/turns/{turn}/events?after=2"' in answer.text
    assert 'class="reason passage"' in answer.text
    assert "<mark>" not in answer.text
    wait.set()
    seen = await events(site.rita, turn, after=2)
    assert [int(one["id"]) for one in seen] == sorted(int(one["id"]) for one in seen)
    data = "".join(one.get("data", "") for one in seen)
    assert "<mark>services in Python</mark>" in data
    assert data.count(' .why" hx-swap="innerMorph"') == 3  # the cards are there: each gets its reason
    assert data.count('-list" hx-swap="innerMorph"') == 1
    assert seen[-1]["event"] == "done"


async def test_a_slow_first_hit_does_not_hold_the_article_back(site: Site) -> None:
    wait = asyncio.Event()
    site.search.steps = [wait, *WHOLE]
    answer = await site.rita.htmx("/turns", {"message": "python"})
    assert '<li class="card"' not in answer.text
    assert "events?after=0" in answer.text
    wait.set()
    seen = await events(site.rita, turn_in(answer.text))
    data = "".join(one.get("data", "") for one in seen)
    assert data.count('<li class="card"') == 3  # once, in order, with their reasons: no swap aims at its own message
    assert "<mark>services in Python</mark>" in data
    assert "is-pending" not in data


async def test_a_reload_shows_the_same_and_the_stream_only_what_is_new(site: Site) -> None:
    wait = asyncio.Event()
    site.search.steps = [UNDERSTOOD, HITS, judged(1), wait, *WHOLE[3:]]
    answer = await site.rita.htmx("/turns", {"message": "python"})
    turn, place = turn_in(answer.text), answer.headers["hx-push-url"]
    await until(lambda: _reached(turn, 3))
    page = await site.rita.get(place)
    assert page.text.count("<mark>") == 1
    assert "events?after=3" in page.text
    wait.set()
    assert min(int(one["id"]) for one in await events(site.rita, turn, after=3)) > 3
    resumed = await events(site.rita, turn, after=1, last="5")
    assert min(int(one["id"]) for one in resumed) > 5
    assert "-criteria" not in "".join(one.get("data", "") for one in resumed)
    assert [one.get("event") for one in await events(site.rita, turn, after=99)] == ["done"]
    done = await site.rita.get(place)
    assert "hx-sse:connect" not in done.text
    names = re.findall(r"Person \d(?=</a>)", done.text)
    assert names == ["Person 3", "Person 1", "Person 2"]


async def _reached(turn: str, number: int) -> bool:
    return await turns.last_number(turn) >= number


async def test_nothing_of_a_cv_is_markup(site: Site) -> None:
    evil = HITS.hits[0].model_copy(update={"name": "<script>alert(1)</script>", "passage": "<img src=x onerror=y>"})
    site.search.steps = [UNDERSTOOD, HITS.model_copy(update={"hits": (evil,)}), DONE]
    answer = await site.rita.htmx("/turns", {"message": "<b>bold</b>"})
    assert "<script>alert" not in answer.text
    assert "<img src=x" not in answer.text
    assert "&lt;b&gt;bold" in answer.text


async def test_without_javascript_the_whole_turn_is_on_the_page(site: Site) -> None:
    answer = await site.rita.post("/turns", {"message": "python in Lyon"})
    assert answer.status_code == 303
    page = await site.rita.get(answer.headers["location"])
    assert page.text.count("<mark>") == 2
    assert "simple ranking" in page.text


# ---------------------------------------------------------------------------------------------------- ending a turn


async def test_stop_ends_the_work_and_tells_every_reader(site: Site) -> None:
    site.search.steps = [UNDERSTOOD, HITS, asyncio.Event()]
    turn = turn_in((await site.rita.htmx("/turns", {"message": "python"})).text)
    reading = asyncio.create_task(events(site.rita, turn))
    answer = await site.rita.htmx(f"/turns/{turn}/stop")
    assert answer.status_code == 200
    seen = await reading
    assert seen[-1]["event"] == "done"
    assert "Stopped." in "".join(one.get("data", "") for one in seen)
    await site.search.cancelled.wait()
    page = await site.rita.get("/")
    assert "data-stop" not in page.text


class Deaf:
    """A search whose driver swallows its first cancellations, as `asyncio.wait_for` of Python 3.11 may."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.over = asyncio.Event()

    async def run(self, _: SearchRequest) -> AsyncIterator[SearchEvent]:
        yield UNDERSTOOD
        try:
            while True:
                try:
                    await asyncio.Event().wait()
                except asyncio.CancelledError:
                    self.times -= 1
                    if self.times < 0:
                        raise
        finally:
            self.over.set()


@pytest.mark.usefixtures("database")
async def test_stop_ends_work_that_loses_a_cancellation() -> None:
    deaf, rita = Deaf(times=2), await person("rita")
    running = Turns(deaf.run)
    async with asyncio.timeout(30), running.open():
        place = await turns.new_conversation(rita.id, "python")
        turn = await turns.add(turns.NewTurn(place.id, rita.id, "python", running.process))
        running.begin(turn, SearchRequest("python"))
        await until(lambda: _reached(turn.id, 1))
        await running.stop(turn.id)
        await deaf.over.wait()
        await until(lambda: _ended(turn.id))
    assert (await turns.events(turn.id))[-1][1] == Ended(state=EndState.STOPPED)


@pytest.mark.usefixtures("database")
async def test_a_turn_stopped_before_it_has_begun_is_stopped() -> None:
    rita = await person("rita")
    running = Turns(Deaf(times=0).run)
    async with asyncio.timeout(30), running.open():
        place = await turns.new_conversation(rita.id, "python")
        turn = await turns.add(turns.NewTurn(place.id, rita.id, "python", running.process))
        running.begin(turn, SearchRequest("python"))
        await running.stop(turn.id)
        await until(lambda: _ended(turn.id))
    assert (await turns.events(turn.id))[-1][1] == Ended(state=EndState.STOPPED)


async def test_a_new_question_stops_the_one_before(site: Site) -> None:
    site.search.steps = [UNDERSTOOD, HITS, asyncio.Event()]
    first = await site.rita.htmx("/turns", {"message": "python"})
    place = re.search(r"/c/([0-9a-f]+)", first.headers["hx-push-url"])
    assert place
    site.search.steps = list(WHOLE)
    second = await site.rita.htmx("/turns", {"message": "java", "conversation": place.group(1)})
    await until(lambda: _ended(turn_in(second.text)))
    assert (await turns.events(turn_in(first.text)))[-1][1] == Ended(state=EndState.STOPPED)
    assert site.search.asked[1].conversation[0].message == "python"
    page = await site.rita.get(first.headers["hx-push-url"])
    assert page.text.count('class="turn"') == 1  # up to that turn, so that Back goes back
    assert "1 later search" in page.text
    assert (await site.rita.get(f"/c/{place.group(1)}")).text.count('class="turn"') == 2


async def _ended(turn: str) -> bool:
    seen = await turns.events(turn)
    return bool(seen) and isinstance(seen[-1][1], Ended)


async def test_a_search_that_fails_keeps_its_hits_and_can_be_relaunched(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.search.steps = [UNDERSTOOD, HITS, RuntimeError("boom")]
    answer = await site.rita.htmx("/turns", {"message": "python"})
    turn = turn_in(answer.text)
    await until(lambda: _ended(turn))
    assert "boom" in caplog.text
    page = await site.rita.get(answer.headers["hx-push-url"])
    assert page.text.count('<li class="card"') == 3
    assert "This search failed" in page.text
    assert 'value="again"' in page.text
    site.search.steps = list(WHOLE)
    again = await site.rita.htmx("/turns", {"from": turn, "act": "again"})
    assert "once more" in again.text


async def test_a_model_that_fails_is_said_and_can_be_retried(site: Site) -> None:
    site.search.steps = [UNDERSTOOD, HITS, judged(1), Status(code=StatusCode.SIMPLE_ORDER), ORDERED, DONE]
    answer = await site.rita.post("/turns", {"message": "python"})
    page = await site.rita.get(answer.headers["location"])
    assert "simple ranking" in page.text
    assert "the language model did not answer" in page.text
    assert "Retry</button>" in page.text
    assert "<mark>" in page.text


async def test_no_hit_names_the_criteria_to_give_up(site: Site) -> None:
    found = NothingFound(
        without=(DroppedCriterion(criterion_id="c1", count=2), DroppedCriterion(criterion_id="c2", count=7))
    )
    site.search.steps = [UNDERSTOOD, found, DONE]
    answer = await site.rita.htmx("/turns", {"message": "python in Lyon"})
    ways = answer.text.partition("Nobody meets all of this.")[2]
    assert ways.index("without “Lyon”") < ways.index("without “Python”")
    assert "7 candidates" in answer.text


async def test_a_sum_of_years_shows_every_job_that_makes_it(site: Site) -> None:
    asked = Criterion(id="c1", kind=CriterionKind.YEARS, value="", label="5 years", minimum=5)
    first, second = (Quotation(text=one) for one in ("2018 – now", "2014 – 2016"))
    said = Verdict(
        candidate_id="cand1", criterion_id="c1", state=VerdictState.MET, quotation=first, also=(second,), years=6.5
    )
    known = Understood(understanding=Understanding(criteria=(asked,)))
    site.search.steps = [known, HITS, Judged(candidate_id="cand1", verdicts=(said,)), ORDERED, DONE]
    answer = await site.rita.htmx("/turns", {"message": "5 years"})
    turn = turn_in(answer.text)
    await until(lambda: _ended(turn))
    card = (await site.rita.get(answer.headers["hx-push-url"])).text.partition(f'id="t-{turn}-cand1"')[2]
    assert card.index("6.5 years:") < card.index("<mark>2018 – now</mark>") < card.index("<mark>2014 – 2016</mark>")
    await candidate(1)
    why = (await site.rita.get(f"/cv/cand1?turn={turn}&tab=why")).text
    assert "6.5 years, counted from the dates of these jobs:" in why
    assert why.count("<mark>2014 – 2016</mark>") == 1


async def test_alternatives_are_one_thing_on_the_page(site: Site) -> None:
    """Joined by "or", given up together, and one that a CV does not need is no mark against it."""
    java, kotlin = (
        Criterion(id=f"c{number}", kind=CriterionKind.SKILL, value=name, label=name, either="java")
        for number, name in ((1, "Java"), (2, "Kotlin"))
    )
    lyon = Criterion(id="c3", kind=CriterionKind.PLACE, value="Lyon", label="Lyon")
    met, missing = VerdictState.MET, VerdictState.NOT_FOUND
    said = {"c1": met, "c2": missing, "c3": missing}
    verdicts = tuple(Verdict(candidate_id="cand1", criterion_id=one, state=state) for one, state in said.items())
    site.search.steps = [
        Understood(understanding=Understanding(criteria=(java, kotlin, lyon))),
        HITS,
        Judged(candidate_id="cand1", verdicts=verdicts),
        NothingFound(
            without=(DroppedCriterion(criterion_id="c1", count=2), DroppedCriterion(criterion_id="c3", count=0))
        ),
        DONE,
    ]
    answer = await site.rita.htmx("/turns", {"message": "Java or Kotlin in Lyon"})
    turn = turn_in(answer.text)
    await until(lambda: _ended(turn))
    page = (await site.rita.get(answer.headers["hx-push-url"])).text
    assert "<i>or</i>" in page.partition("Kotlin</button>")[0]
    card = page.partition('id="t-' + turn + '-cand1"')[2].partition("</ul>")[0]
    assert ("Java" in card, "Kotlin" in card, "Lyon" in card) == (True, False, True)
    assert "without “Java or Kotlin”" in page
    await site.rita.htmx("/turns", {"from": turn, "act": "drop:c1,c2"})
    assert [one.id for one in site.search.asked[-1].criteria or ()] == ["c3"]


# ------------------------------------------------------------------------------------------------------ two processes


async def test_another_process_follows_and_stops_a_turn(two_processes: Site) -> None:
    site, wait = two_processes, asyncio.Event()
    site.search.steps = [UNDERSTOOD, HITS, wait, judged(1), asyncio.Event()]
    turn = turn_in((await site.rita.htmx("/turns", {"message": "python"})).text)
    async with Browser(site.other) as elsewhere:
        elsewhere.http.cookies = site.rita.http.cookies
        reading = asyncio.create_task(events(elsewhere, turn, base=site.other))
        wait.set()
        await until(lambda: _reached(turn, 3))
        page = await elsewhere.get("/")
        assert page.status_code == 200
        await elsewhere.htmx(f"/turns/{turn}/stop")
        seen = await reading
    await site.search.cancelled.wait()
    assert "<mark>" in "".join(one.get("data", "") for one in seen)
    assert "Stopped." in seen[-2]["data"]
    assert site.other_search.asked == []


async def test_a_turn_whose_owner_is_gone_is_interrupted(site: Site) -> None:
    place = await turns.new_conversation((await _rita()), "python")
    turn = await turns.add(turns.NewTurn(place.id, await _rita(), "python", "a process that was killed"))
    await turns.append(turn.id, 1, UNDERSTOOD)
    reading = asyncio.create_task(events(site.rita, turn.id))
    await turns.TurnDocument.get_pymongo_collection().update_one(
        {"_id": turn.id}, {"$set": {"lease_until": datetime.now(UTC) - timedelta(seconds=1)}}
    )
    seen = await reading
    assert "restarted in the middle" in "".join(one.get("data", "") for one in seen)
    assert "Relaunch" in seen[-2]["data"]
    with pytest.raises(turns.LeaseLost):  # the owner comes back and may not go on
        await turns.append(turn.id, 2, HITS)


async def _rita() -> str:
    found = await turns.ConversationDocument.get_pymongo_collection().database["users"].find_one({"name": "rita"})
    assert found
    return str(found["_id"])


async def test_a_server_that_ends_says_interrupted(database: store.Database, redis_url: str, tmp_path: Path) -> None:
    async with a_site(database, redis_url, tmp_path) as site:
        site.search.steps = [UNDERSTOOD, HITS, asyncio.Event()]
        turn = turn_in((await site.rita.htmx("/turns", {"message": "python"})).text)
    assert (await turns.events(turn))[-1][1] == Ended(state=EndState.INTERRUPTED)


# ------------------------------------------------------------------------------------------------ chips, conversations


async def test_a_chip_asks_anew_with_changed_criteria(site: Site) -> None:
    first = turn_in((await site.rita.htmx("/turns", {"message": "python in Lyon"})).text)
    await until(lambda: _ended(first))
    without = await site.rita.htmx("/turns", {"from": first, "act": "drop:c2"})
    assert "without “Lyon”" in without.text
    asked = site.search.asked[-1].criteria
    assert asked is not None
    assert [one.id for one in asked] == ["c1"]
    await until(lambda: _ended(turn_in(without.text)))
    nice = await site.rita.htmx("/turns", {"from": first, "act": "nice:c1"})
    asked = site.search.asked[-1].criteria
    assert asked is not None
    assert [one.need for one in asked] == [Need.NICE, Need.MUST]
    assert "would be nice" in nice.text
    refused = await site.rita.htmx("/turns", {"from": first, "act": "drop:c9"})
    assert refused.status_code == 422
    assert 'hx-target="#toasts"' in refused.text


async def test_conversations_are_renamed_and_deleted(site: Site) -> None:
    answer = await site.rita.htmx("/turns", {"message": "python in Lyon"})
    place = answer.headers["hx-push-url"].partition("?")[0]
    turn = turn_in(answer.text)
    await until(lambda: _ended(turn))
    renamed = await site.rita.htmx(f"{place}/rename", {"title": "Backend"})
    assert renamed.headers["hx-redirect"] == place
    assert "Backend" in (await site.rita.get("/")).text
    assert (await site.rita.post(f"{place}/delete")).status_code == 303
    assert "Backend" not in (await site.rita.get("/")).text
    assert await turns.events(turn) == []
    assert (await site.rita.get(place)).status_code == 404


async def test_a_deleted_turn_ends_its_stream_and_its_work(site: Site) -> None:
    site.search.steps = [UNDERSTOOD, HITS, asyncio.Event()]
    answer = await site.rita.htmx("/turns", {"message": "python"})
    await site.rita.htmx(answer.headers["hx-push-url"].partition("?")[0] + "/delete")
    await site.search.cancelled.wait()


async def test_a_reader_who_leaves_leaves_nothing_behind(site: Site) -> None:
    site.search.steps = [UNDERSTOOD, HITS, asyncio.Event()]
    turn = turn_in((await site.rita.htmx("/turns", {"message": "python"})).text)
    headers = {"Accept": "text/event-stream"}
    async with site.rita.http.stream("GET", f"/turns/{turn}/events", headers=headers) as answer:
        await anext(answer.aiter_bytes())
        assert site.turns.readers == 1
    await until(lambda: _none_reads(site))
    assert not site.search.cancelled.is_set()  # the work goes on without its readers


async def _none_reads(site: Site) -> bool:
    return site.turns.readers == 0


async def test_a_turn_is_its_owner_s(site: Site) -> None:
    turn = turn_in((await site.rita.htmx("/turns", {"message": "python"})).text)
    await person("hugo")
    async with Browser(site.base) as hugo:
        await hugo.sign_in("hugo")
        for path in (f"/turns/{turn}/events", f"/turns/{turn}/list"):
            assert (await hugo.get(path)).status_code == 404
        assert (await hugo.htmx(f"/turns/{turn}/stop")).status_code == 404
        assert (await hugo.htmx("/turns", {"from": turn, "act": "again"})).status_code == 404


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("", 422),
        ("   \n ", 422),
        ("é" * 3000, 422),
        ("x" * 200_000, 413),
        ("a\x00b \ud83d\ude00", 200),
        ("\U0001f600", 200),
    ],
)
async def test_odd_messages(site: Site, message: str, status: int) -> None:
    answer = await site.rita.htmx(
        "/turns", {"message": message.encode("utf-16", "surrogatepass").decode("utf-16", "replace")}
    )
    assert answer.status_code == status
    assert ("hx-partial" in answer.text) == (status != 200) or status == 200
    assert "\x00" not in answer.text


async def test_back_gets_a_page_and_a_lost_session_the_login(site: Site) -> None:
    asked = await site.rita.htmx("/turns", {"message": "python in Lyon"})
    address = asked.headers["hx-push-url"]
    restored = await site.rita.get(
        address, **{"HX-Request": "true", "HX-Request-Type": "full", "HX-History-Restore-Request": "true"}
    )
    assert "<html" in restored.text
    assert turn_in(restored.text) == turn_in(asked.text)
    assert {"HX-Request", "HX-Request-Type"} <= set(restored.headers["vary"].split(", "))
    site.rita.http.cookies.delete("session")
    refused = await site.rita.htmx("/turns", {"message": "python"})
    assert refused.status_code == 401
    assert refused.headers["hx-redirect"].startswith("/login?next=")
    assert "<form" not in refused.text  # nothing that could be swapped into the page


async def test_the_reply_to_the_enter_key_needs_no_second_look(site: Site) -> None:
    """Everything else on the page that a turn changes comes with its article."""
    answer = await site.rita.htmx("/turns", {"message": "python"})
    for target in ("#composer-go", "#composer-text", "#conversations", "#welcome"):
        assert f'hx-target="{target}"' in answer.text
    assert httpx.URL(answer.headers["hx-push-url"]).path.startswith("/c/")


async def test_a_list_in_its_newest_order(site: Site) -> None:
    turn = turn_in((await site.rita.htmx("/turns", {"message": "python"})).text)
    await until(lambda: _ended(turn))
    cards = await site.rita.get(f"/turns/{turn}/list", **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert re.findall(r"Person \d(?=</a>)", cards.text) == ["Person 3", "Person 1", "Person 2"]
    assert "<html" not in cards.text
    assert (await site.rita.get(f"/turns/{turn}/list")).status_code == 303
    assert VerdictState.MET in cards.text
