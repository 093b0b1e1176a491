"""A change of embedding model: beside, compared, switched; search goes on, nothing is mixed, nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

import cvmatcher.gate
from cvmatcher import consistency, ingest, jobs, passages, switching, worker
from cvmatcher.adapters.faiss_index import FaissIndex
from cvmatcher.adapters.rules_interpreter import RulesInterpreter
from cvmatcher.adapters.rules_reranker import RulesReranker
from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.adapters.word_index import TantivyIndex
from cvmatcher.cancelling import end
from cvmatcher.domain import (
    Conflict,
    Criterion,
    CriterionKind,
    Ended,
    EndState,
    FileState,
    Hit,
    HitsFound,
    Ordered,
    SearchEvent,
    Unavailable,
    Understanding,
    Understood,
)
from cvmatcher.embedders import Embedders
from cvmatcher.gate import Gate, compared
from cvmatcher.indexing import Follower
from cvmatcher.ports import Embedder, Vectors
from cvmatcher.search import SearchParts, SearchRequest
from cvmatcher.search import run as search
from cvmatcher.store import Database, audit, candidates, ledger, liked, likes, live, turns, vectors
from cvmatcher.store import jobs as job_store
from cvmatcher.store.live import Comparison
from cvmatcher.wiring import Services
from tests import site
from tests.ingesting import (
    FirstLineStructurer,
    Started,
    assert_sound,
    folder_source,
    make_parts,
    start_worker,
    until,
    write,
)
from tests.models import NEW, OLD, SIZES, Blind, Knowing, either, named, neither

KNOWN_FOR = {"Ada": "basalt", "Bea": "quartz", "Cleo": "limestone", "Dora": "marble", "Elia": "slate", "Fara": "flint"}
PEOPLE = tuple(KNOWN_FOR)[:5]  # Fara comes later
Parts = worker.WorkerParts


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[jobs.Queue]:
    queue = await jobs.open_queue(redis_url)
    yield queue
    await jobs.close_queue(queue)


@pytest.fixture
async def parts(database: Database, queue: jobs.Queue, redis_url: str, tmp_path: Path) -> Parts:
    """A worker of the old model, after it has read five CVs."""
    del database
    folder = tmp_path / "cvs"
    for name in PEOPLE:
        write(folder, f"{name}.txt", _text(name))
    reading = replace(make_parts(folder_source(folder)), embedder=named(OLD), other=either)
    made = Parts(reading, queue, redis_url, tick_seconds=0.2)
    await jobs.request_scan(queue, by="admin")
    await worker.drain(made)
    assert await candidates.count() == len(PEOPLE)
    return made


def _text(name: str) -> str:
    return f"{name}\nworks with {KNOWN_FOR[name]}"


def wishing(parts: Parts, model: Embedder | str, **changed: Any) -> Parts:
    """The worker, started again with another EMBEDDING_MODEL."""
    embedder = named(model) if isinstance(model, str) else model
    return replace(parts, ingest=replace(parts.ingest, embedder=embedder), **changed)


@dataclass
class Passing:
    """A gate that finds both equal, and lets a test look around while the new model waits for it."""

    look: Callable[[], Coroutine[Any, Any, None]] | None = None
    found: Comparison = field(default_factory=lambda: compared([(1.0, 1.0)]))

    async def built_in(self, old: Embedder, new: Embedder, deadline: float) -> Comparison:
        del deadline
        assert (old.model_id, new.model_id) == (OLD, NEW)
        if self.look:
            await self.look()
        return self.found

    async def likes(self, old: Embedder, new: Embedder) -> tuple[None, int]:
        del old, new
        return None, 0


def gate(**about: Any) -> Gate:
    return cast("Gate", Passing(**about))


# ------------------------------------------------------------------------------------------- a process that searches


@asynccontextmanager
async def searching(
    database: Database, queue: jobs.Queue, home: Path, load: Callable[[str | None], Any] = named
) -> AsyncIterator[Services]:
    """A web process of the old model, its services as wiring makes them, with small models."""
    services = site.services_of(database, queue, home)
    services.embedders = Embedders(load)
    services.embedder = await services.embedders.of(OLD)
    services.vectors = FaissIndex(OLD, SIZES[OLD], home / "index")
    services.words = TantivyIndex()
    services.ingest = make_parts()
    services.search = SearchParts(
        embedder=services.embedder,
        vectors=services.vectors,
        words=services.words,
        rules=RulesInterpreter(),
        judge_by_rules=RulesReranker(),
        read_candidates=candidates.by_ids,
    )
    services.follower = Follower(services.vectors, services.words, compare_seconds=3600, look_seconds=0.05)
    services.follower.models = services
    async with services.follower:
        yield services


async def found(services: Services, message: str) -> list[str]:
    """Names, best first. The index refuses a question of another model's size."""
    names: dict[str, str] = {}
    order: tuple[str, ...] = ()
    async for event in search(SearchRequest(message), services.search):
        if isinstance(event, HitsFound):
            names |= {hit.candidate_id: hit.name for hit in event.hits}
        elif isinstance(event, Ordered):
            order = event.candidate_ids
    return [names[key] for key in order]


async def _ask_without_end(services: Services, answered: set[str]) -> None:
    while True:
        for name in PEOPLE:
            parts = services.search
            assert parts.embedder.model_id == parts.vectors.stats().model_id
            assert (await found(services, KNOWN_FOR[name]))[0] == name
            assert len(parts.vectors.stats().candidates) >= len(PEOPLE), "an index that is not full must not answer"
            answered.add(parts.embedder.model_id)


async def _checked(services: Services) -> None:
    report = await consistency.check(consistency.CheckParts({}, {"vectors": services.vectors}, OLD))
    assert report["ok"], report["differences"]


async def answers_by(services: Services, model: str) -> None:
    await until(lambda: _true(services.embedder.model_id == model))


async def _true(value: bool) -> bool:
    return value


async def only(model: str) -> None:
    """Every candidate has vectors of this model and of no other."""
    everyone = await vectors.hashes()
    assert len(everyone) == await candidates.count()
    for key in everyone:
        made = await vectors.made_with(key)
        assert made is not None
        assert made.models == {model}
    state = await live.get()
    assert state is not None
    assert (state.model_id, state.next) == (model, None)


async def _nothing_is_under_way() -> bool:
    return not await job_store.running()


async def _is_searchable(name: str) -> bool:
    return (await row_of(name)).state is FileState.SEARCHABLE


async def row_of(name: str) -> ledger.LedgerRow:
    (row,) = [row for row in await ledger.each() if row.file_id == name]
    return row


# ------------------------------------------------------------------------------------------------------ the switch


async def test_search_answers_before_during_and_after(
    parts: Parts, database: Database, queue: jobs.Queue, tmp_path: Path
) -> None:
    answered: set[str] = set()
    async with searching(database, queue, tmp_path / "one") as one, searching(database, queue, tmp_path / "two") as two:
        asking = asyncio.create_task(_ask_without_end(one, answered))

        async def look() -> None:
            """Both models' vectors are there; the old one answers, also for a CV that comes now."""
            write(tmp_path / "cvs", "Fara.txt", _text("Fara"))
            await worker.scan({"parts": parts}, "folder")
            await until(lambda: _is_searchable("Fara.txt"))  # read by the worker that is at it
            fara = (await row_of("Fara.txt")).candidate_id or ""
            made = await vectors.made_with(fara)
            assert made is not None
            assert made.models == {OLD, NEW}
            await one.follower.wait_until(fara, made.content_hash)
            assert (await found(one, KNOWN_FOR["Fara"]))[0] == "Fara"
            assert one.embedder.model_id == OLD
            await _checked(one)

        mine = wishing(parts, NEW, gate=gate(look=look), slice_seconds=-1)
        await worker.drain(mine)
        await asyncio.gather(answers_by(one, NEW), answers_by(two, NEW))
        await until(lambda: _true(NEW in answered or asking.done()))
        assert (await found(two, KNOWN_FOR["Fara"]))[0] == "Fara"
        await _checked(two)
        assert not asking.done(), asking.exception()
        await end(asking)
    assert answered == {OLD, NEW}
    await only(NEW)
    await assert_sound()
    assert [(row.actor, row.act) for row in await audit.about(NEW)] == [("CVmatcher", "switched model")]


@pytest.mark.faults
@pytest.mark.parametrize("step", ["beside:kill:3", "judged:kill", "switched:kill", "tidied:kill:2"])
async def test_killed_at_any_step_it_goes_on(
    parts: Parts, database: Database, mongo_uri: str, tmp_path: Path, step: str
) -> None:
    async def begun(failpoint: str = "") -> Started:
        where = mongo_uri, database.name, parts.redis_url, tmp_path / "cvs"
        return await start_worker(*where, failpoint, model=NEW)

    async with searching(database, parts.queue, tmp_path / "web") as services:
        assert await (await begun(step)).killed()
        assert [(await found(services, KNOWN_FOR[name]))[0] for name in PEOPLE] == list(PEOPLE)
        last = await begun()
        await answers_by(services, NEW)
        await until(_nothing_is_under_way)
        last.process.kill()
        await last.process.wait()
        assert [(await found(services, KNOWN_FOR[name]))[0] for name in PEOPLE] == list(PEOPLE)
        await _checked(services)
    await only(NEW)
    await assert_sound()


async def test_cancelled_it_leaves_nothing_and_does_not_come_back(parts: Parts) -> None:
    async def cancel() -> None:
        (job,) = await job_store.running()
        await job_store.ask_cancel(job.id)

    mine = wishing(parts, NEW, gate=gate(look=cancel))
    await worker.drain(mine)
    await only(OLD)
    assert [job.state for job in await job_store.recent(1)] == ["cancelled"]
    await worker.drain(mine)  # started again with the same setting
    await only(OLD)
    await jobs.request_rebuild(parts.queue, by="admin")  # asked for by hand
    await worker.drain(wishing(parts, NEW, gate=gate()))
    await only(NEW)


async def test_the_setting_put_back_ends_it(parts: Parts) -> None:
    fallen = compared([(1.0, 0.0)])
    await worker.drain(wishing(parts, NEW, gate=gate(found=fallen)))
    await worker.drain(wishing(parts, OLD))
    await only(OLD)
    state = await live.get()
    assert state is not None
    assert state.discarded == "", "the next wish for it is heard"


async def test_a_file_read_while_the_switch_comes_is_of_the_model_that_answers(parts: Parts, tmp_path: Path) -> None:
    """The old model embeds, the new one answers before the candidate is saved."""

    class Slow(type(named(OLD))):  # type: ignore[misc]
        async def embed(self, texts: Any, role: Any) -> Vectors:
            state = await live.get()
            if state is not None and state.model_id == OLD:
                await live.switch(OLD, NEW, "admin")
            return cast("Vectors", await super().embed(texts, role))

    async def slow_or_new(model: str) -> Embedder:
        return Slow() if model == OLD else named(model)

    write(tmp_path / "cvs", "Fara.txt", _text("Fara"))
    await worker.scan({"parts": parts}, "folder")
    mine = replace(wishing(parts, NEW).ingest, other=slow_or_new)
    await ingest.run("folder:Fara.txt", mine)
    made = await vectors.made_with((await row_of("Fara.txt")).candidate_id or "")
    assert made is not None
    assert made.models == {NEW}
    await worker.drain(wishing(parts, NEW))  # and whoever is of the old one follows
    await only(NEW)


# ---------------------------------------------------------------------------------------------------------- the gate


def real_gate() -> Gate:
    parts = SearchParts(
        embedder=Knowing(),
        vectors=FaissIndex(OLD, 1),
        words=TantivyIndex(),
        rules=RulesInterpreter(),
        judge_by_rules=RulesReranker(),
        read_candidates=candidates.by_ids,
    )
    return Gate(
        parts, RulesStructurer(), lambda model: FaissIndex(model.model_id, model.dimension), TantivyIndex, lambda m: m
    )


async def test_a_worse_model_waits_for_an_admins_word(parts: Parts) -> None:
    async def good(_model: str) -> Embedder:
        return Knowing()

    everything = replace(wishing(parts, Blind(), gate=real_gate()), slice_seconds=60)
    everything = replace(everything, ingest=replace(everything.ingest, other=good))
    await worker.drain(everything)
    state = await live.get()
    assert state is not None
    assert state.next is not None
    assert (state.model_id, state.next.model_id, state.next.state) == (OLD, NEW, "waiting")
    assert state.report is not None
    assert state.report.built_in is not None
    assert state.report.built_in.new < state.report.built_in.old - 0.02
    assert (state.report.likes, state.report.liked_searches) == (None, 0)
    assert await vectors.hashes(OLD) == await vectors.hashes(NEW), "it waits, ready"
    assert await vectors.hashes(OLD) == {person.id: person.content_hash async for person in candidates.each()}
    switched = await switching.switch("admin")
    assert (switched.model_id, switched.before, switched.by) == (NEW, OLD, "admin")
    await jobs.request_tidying(parts.queue, "admin")
    await worker.drain(everything)
    await only(NEW)
    assert [(row.actor, row.act) for row in await audit.about(NEW)] == [("admin", "switched model")]


async def test_a_discarded_model_leaves_nothing(parts: Parts) -> None:
    mine = wishing(parts, NEW, gate=gate(found=compared([(1.0, 0.5)])))
    await worker.drain(mine)
    await switching.discard("admin")
    await jobs.request_tidying(parts.queue, "admin")
    await worker.drain(mine)
    await only(OLD)
    with pytest.raises(Conflict):
        await switching.switch("admin")


async def test_a_model_that_is_not_ready_cannot_be_switched_to(parts: Parts) -> None:
    await switching.begin(wishing(parts, NEW).ingest, parts.queue)
    with pytest.raises(Conflict) as refused:
        await switching.switch("admin")
    assert refused.value.details == {"missing": len(PEOPLE)}


@pytest.mark.parametrize(
    ("scores", "falls"),
    [([(0.5, 0.5)] * 20, False), ([(0.5, 0.496)] * 20, False), ([(0.5, 0.49)] * 20, True), ([(0.2, 0.9)], False)],
)
def test_a_mean_that_falls_refuses(scores: list[tuple[float, float]], *, falls: bool) -> None:
    assert compared(scores).falls is falls


async def _searched_and_liked(who: str, name: str) -> None:
    """A search that showed everybody, and of whom the person liked one."""
    everybody = [person async for person in candidates.each()]
    conversation = await turns.new_conversation(who, name)
    turn = await turns.add(turns.NewTurn(conversation.id, who, KNOWN_FOR[name], "a process"))
    asked = Criterion(id="c", kind=CriterionKind.TEXT, value=f"works with {KNOWN_FOR[name]}", label=KNOWN_FOR[name])
    events: tuple[SearchEvent, ...] = (
        Understood(understanding=Understanding(criteria=(asked,))),
        HitsFound(hits=tuple(Hit(candidate_id=person.id, name="") for person in everybody)),
        Ended(state=EndState.DONE),
    )
    for number, event in enumerate(events, start=1):
        await turns.append(turn.id, number, event)
    (liked,) = [person.id for person in everybody if person.profile.name == name]
    await likes.like(who, liked)


async def test_the_team_is_asked_when_it_has_liked_enough(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cvmatcher.gate, "FEWEST_SEARCHES", len(PEOPLE))
    await worker.drain(wishing(parts, NEW, gate=gate(found=compared([(1.0, 0.0)]))))  # both models' vectors are there
    for name in PEOPLE[1:]:
        await _searched_and_liked("rita", name)
    assert await real_gate().likes(named(OLD), named(NEW)) == (None, len(PEOPLE) - 1)
    await _searched_and_liked("sam", PEOPLE[0])
    (search,) = [one for one in await liked.searches(99) if one.message == KNOWN_FOR["Ada"]]
    assert len(search.shown) == len(PEOPLE)
    assert len(search.liked) == 1
    same, count = await real_gate().likes(named(OLD), named(NEW))
    assert same is not None
    assert (same.old, same.falls, same.queries, count) == (1.0, False, len(PEOPLE), len(PEOPLE))


# --------------------------------------------------------------------------------------------- what begins by itself


async def test_a_home_that_does_not_say_what_answers_stays_searchable(parts: Parts, database: Database) -> None:
    """As a version before this one left it: no document of the live model, vectors as ever."""
    await database["live_model"].drop()
    await worker.drain(parts)
    assert await job_store.running() == []
    await only(OLD)
    await database["live_model"].drop()
    await worker.drain(wishing(parts, NEW, gate=gate()))
    await only(NEW)


async def test_without_the_old_model_the_new_one_answers_at_once(
    parts: Parts, database: Database, tmp_path: Path
) -> None:
    mine = wishing(parts, NEW)
    mine = replace(mine, ingest=replace(mine.ingest, other=neither), gate=gate())
    await worker.drain(mine)
    await only(NEW)
    state = await live.get()
    assert state is not None
    assert "no fake/hash here" in state.lost
    assert state.report is None, "nothing was compared, and nothing pretends so"


async def test_a_web_process_without_the_new_model_goes_on_with_what_it_holds(
    parts: Parts, database: Database, tmp_path: Path
) -> None:
    def old_only(model: str | None) -> Any:
        if model != OLD:
            raise Unavailable("the hub is out of reach")
        return named(model)

    async with searching(database, parts.queue, tmp_path / "web", old_only) as services:
        await worker.drain(wishing(parts, NEW, gate=gate()))
        await until(lambda: _true("hub is out of reach" in services.follower.stats().last_error))
        await services.follower.compare()
        assert services.vectors.stats().candidates == await vectors.hashes(NEW), "what it holds of them is still right"
        assert services.vectors.stats().model_id == OLD
        assert (await found(services, KNOWN_FOR["Ada"]))[0] == "Ada"


async def test_another_cut_of_passages_is_taken_up_by_itself(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passages, "PASSAGES_VERSION", "3")
    await worker.drain(parts)
    for key in await vectors.hashes():
        made = await vectors.made_with(key)
        assert made is not None
        assert made.passages_version == "3"
    await only(OLD)
    assert len(await job_store.recent(10)) == 2
    await worker.drain(parts)
    assert len(await job_store.recent(10)) == 2, "done once"


async def test_a_new_version_of_the_structurer_is_taken_up_another_structurer_is_not(parts: Parts) -> None:
    def structured_by(version: str) -> Parts:
        newer = FirstLineStructurer(version)
        return replace(parts, ingest=replace(parts.ingest, structurer=newer, rules=newer))

    await worker.drain(structured_by("rules/2"))
    assert {person.structured_by async for person in candidates.each()} == {"rules/2"}
    await worker.drain(structured_by("gemini-x/1"))
    assert {person.structured_by async for person in candidates.each()} == {"rules/2"}
    await assert_sound()
