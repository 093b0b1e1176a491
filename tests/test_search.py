"""One turn of a search: what comes in which order, and what a failing model leaves standing."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from cvmatcher.domain import (
    BadAnswer,
    Criterion,
    CriterionKind,
    Dossier,
    EarlierTurn,
    Ended,
    HitsFound,
    Judged,
    Need,
    NothingFound,
    Ordered,
    Quotation,
    SearchEvent,
    Status,
    StatusCode,
    Unavailable,
    Understanding,
    Understood,
    Verdict,
    VerdictState,
)
from cvmatcher.search import SearchRequest, run, warm
from tests.pools import Pool, Scripted, developer, events_of

MESSAGE = "développeur Python à Lyon qui parle allemand"
PEOPLE = (
    developer("Zoe Martin", "Lyon", "de:Allemand : courant"),
    developer("Ali Benali", "Lyon"),
    developer("Eva Novak", "Paris", "de:Allemand : courant"),
    developer("Tom Durand", "Paris"),
    developer("Lea Petit", "Lyon", "de:Allemand : courant", skill="Paie"),
)


@pytest.fixture
def pool() -> Pool:
    return Pool(PEOPLE)


def last_order(events: Sequence[SearchEvent]) -> Ordered:
    return [event for event in events if isinstance(event, Ordered)][-1]


async def test_understood_then_hits_then_the_order_then_verdicts(pool: Pool) -> None:
    events = await events_of(pool, MESSAGE)
    kinds = [event.type for event in events]
    assert kinds[:2] == ["understood", "hits"]
    assert kinds.index("hits") < kinds.index("ordered") < kinds.index("judged")
    assert events[-1] == Ended(state="done")


async def test_who_meets_all_comes_first_and_who_misses_one_is_not_lost(pool: Pool) -> None:
    order = last_order(await events_of(pool, MESSAGE))
    assert order.by == "rules"
    assert order.candidate_ids[0] == "id-zoe"
    assert order.candidate_ids[-1] == "id-lea"  # in Lyon, with German, and of another trade
    assert set(order.candidate_ids) == {person.id for person in PEOPLE}


async def test_every_reason_shown_stands_in_its_cv(pool: Pool) -> None:
    pages = {person.id: " ".join(person.pages[0].split()) for person in PEOPLE}
    judged = [event for event in await events_of(pool, MESSAGE) if isinstance(event, Judged)]
    shown = [v for event in judged for v in event.verdicts if v.state is not VerdictState.NOT_FOUND]
    assert shown
    for verdict in shown:
        assert verdict.quotation is not None
        assert verdict.quotation.text in pages[verdict.candidate_id]


async def test_the_same_request_gives_the_same_events(pool: Pool) -> None:
    assert await events_of(pool, MESSAGE) == await events_of(Pool(tuple(reversed(PEOPLE))), MESSAGE)


async def test_what_must_not_be_sinks(pool: Pool) -> None:
    order = last_order(await events_of(pool, "développeur Python, pas à Lyon"))
    assert {*order.candidate_ids[:2]} == {"id-eva", "id-tom"}


async def test_criteria_set_by_hand_are_not_interpreted(pool: Pool) -> None:
    by_hand = (Criterion(id="c1", kind=CriterionKind.PLACE, value="Paris", label="Paris"),)
    parts = await pool.parts()
    events = [event async for event in run(SearchRequest(MESSAGE, criteria=by_hand), parts)]
    assert events[0] == Understood(understanding=Understanding(criteria=by_hand))
    assert {*last_order(events).candidate_ids[:2]} == {"id-eva", "id-tom"}


async def test_nobody_in_the_pool() -> None:
    events = await events_of(Pool(()), MESSAGE)
    assert [event.type for event in events] == ["understood", "nothing", "ended"]


async def test_the_criterion_that_empties_the_list_is_named(pool: Pool) -> None:
    events = await events_of(pool, "développeur Python à Marseille qui parle allemand")
    nothing = next(event for event in events if isinstance(event, NothingFound))
    understood = next(event for event in events if isinstance(event, Understood)).understanding.criteria
    counts = {d.criterion_id: d.count for d in nothing.without}
    place = next(c.id for c in understood if c.kind is CriterionKind.PLACE)
    assert counts[place] == 2
    assert sum(counts.values()) == 2


async def test_the_counts_are_of_the_whole_pool() -> None:
    """More candidates miss the town than a search reads."""
    many = tuple(developer(f"P{number} Martin", "Paris", "de:Allemand : courant") for number in range(90))
    events = await events_of(Pool(many), "développeur Python à Marseille qui parle allemand")
    nothing = next(event for event in events if isinstance(event, NothingFound))
    assert max(dropped.count for dropped in nothing.without) == 90


async def test_whoever_answers_all_is_found_however_low_they_were_ranked() -> None:
    crowd = tuple(
        developer(f"P{number} Martin", "Paris", "de:Allemand : courant", extra="Python Python allemand")
        for number in range(90)
    )
    odd = developer("Zoe Lang", "Marseille", "de:Allemand : courant")
    events = await events_of(Pool((*crowd, odd)), "développeur Python à Marseille qui parle allemand")
    assert last_order(events).candidate_ids[0] == odd.id


async def test_one_of_two_towns_is_enough(pool: Pool) -> None:
    events = await events_of(pool, "développeur Python à Lyon ou à Paris")
    assert not any(isinstance(event, NothingFound) for event in events)


async def test_one_of_two_skills_is_enough() -> None:
    """Neither sinks below the other for the alternative that it lacks, and nobody is said to miss it."""
    people = (developer("Ann Roy", "Lyon", skill="Java"), developer("Bob Roy", "Lyon", skill="Kotlin"))
    events = await events_of(Pool((*people, developer("Cid Roy", "Lyon", skill="PHP"))), "Java ou Kotlin, à Lyon")
    assert not any(isinstance(event, NothingFound) for event in events)
    assert set(last_order(events).candidate_ids[:2]) == {one.id for one in people}


async def test_alternatives_are_given_up_together() -> None:
    many = tuple(developer(f"P{number} Roy", "Lyon") for number in range(3))
    events = await events_of(Pool(many), "Java ou Kotlin, à Lyon")
    understood = next(event for event in events if isinstance(event, Understood)).understanding.criteria
    nothing = next(event for event in events if isinstance(event, NothingFound))
    assert {d.criterion_id: d.count for d in nothing.without} == {understood[0].id: 3, understood[2].id: 0}


async def test_a_cv_that_changed_since_it_was_indexed_is_left_out(pool: Pool) -> None:
    parts = await pool.parts()
    pool.candidates = (PEOPLE[0].model_copy(update={"content_hash": "other"}), *PEOPLE[1:])
    events = [event async for event in run(SearchRequest(MESSAGE), parts)]
    assert "id-zoe" not in last_order(events).candidate_ids


async def test_hits_carry_what_a_card_shows(pool: Pool) -> None:
    hits = next(event for event in await events_of(pool, MESSAGE) if isinstance(event, HitsFound)).hits
    zoe = next(hit for hit in hits if hit.candidate_id == "id-zoe")
    assert (zoe.name, zoe.title, zoe.place, zoe.years) == ("Zoe Martin", "Développeur Python", "Lyon", 6.0)
    assert zoe.passage


# ------------------------------------------------------------------------------------------------------- the model


async def honest(criteria: Sequence[Criterion], dossiers: Sequence[Dossier]) -> AsyncIterator[Verdict]:
    for dossier in dossiers:
        for criterion in criteria:
            yield verdict(dossier, criterion, "Développeur")


def verdict(dossier: Dossier, criterion: Criterion, quotation: str, state: VerdictState = VerdictState.MET) -> Verdict:
    return Verdict(
        candidate_id=dossier.id,
        criterion_id=criterion.id,
        state=state,
        quotation=Quotation(text=quotation),
        by="scripted",
    )


async def down(criteria: Sequence[Criterion], dossiers: Sequence[Dossier]) -> AsyncIterator[Verdict]:
    yield verdict(dossiers[0], criteria[0], "Développeur Python")
    raise Unavailable("down")


async def rubbish(criteria: Sequence[Criterion], dossiers: Sequence[Dossier]) -> AsyncIterator[Verdict]:
    raise BadAnswer("not JSON")
    yield  # an async generator


async def test_the_model_sees_no_name_and_no_known_id(pool: Pool) -> None:
    seen: list[Dossier] = []

    async def look(criteria: Sequence[Criterion], dossiers: Sequence[Dossier]) -> AsyncIterator[Verdict]:
        seen.extend(dossiers)
        async for said in honest(criteria, dossiers):
            yield said

    await events_of(pool, MESSAGE, judge_by_model=Scripted(look))
    await events_of(pool, MESSAGE, judge_by_model=Scripted(look))
    assert len({dossier.id for dossier in seen}) == len(seen) == 2 * len(PEOPLE)
    assert not {dossier.id for dossier in seen} & {person.id for person in PEOPLE}
    assert not any("Martin" in dossier.model_dump_json() for dossier in seen)


@pytest.mark.parametrize(("script", "detail"), [(down, "unavailable"), (rubbish, "bad_answer")])
async def test_a_failing_judge_leaves_the_rules_order(pool: Pool, script: object, detail: str) -> None:
    events = await events_of(pool, MESSAGE, judge_by_model=Scripted(script))  # type: ignore[arg-type]
    assert Status(code=StatusCode.SIMPLE_ORDER, detail=detail) in events
    assert last_order(events).candidate_ids[0] == "id-zoe"
    assert events[-1] == Ended(state="done")


async def test_a_slow_judge_is_cut_and_what_came_stays(pool: Pool) -> None:
    left = asyncio.Event()

    async def slow(criteria: Sequence[Criterion], dossiers: Sequence[Dossier]) -> AsyncIterator[Verdict]:
        for criterion in criteria:
            yield verdict(dossiers[0], criterion, "Développeur Python")
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    events = await events_of(pool, MESSAGE, judge_by_model=Scripted(slow), model_seconds=0.05)
    assert Status(code=StatusCode.SIMPLE_ORDER, detail="slow") in events
    by_model = [v for e in events if isinstance(e, Judged) for v in e.verdicts if v.by == "scripted"]
    assert by_model
    assert left.is_set()


async def test_understanding_and_judging_share_the_model_s_time(pool: Pool) -> None:
    class Never:
        async def interpret(self, message: str, conversation: Sequence[EarlierTurn]) -> Understanding:
            await asyncio.Event().wait()
            raise AssertionError

    async def in_a_moment(criteria: Sequence[Criterion], dossiers: Sequence[Dossier]) -> AsyncIterator[Verdict]:
        await asyncio.sleep(0.001)
        for criterion in criteria:
            yield verdict(dossiers[0], criterion, "Développeur Python")

    events = await events_of(pool, MESSAGE, model=Never(), judge_by_model=Scripted(in_a_moment), model_seconds=0.05)
    assert events.count(Status(code=StatusCode.SIMPLE_ORDER, detail="slow")) == 2
    assert last_order(events).by == "rules"
    assert events[-1] == Ended(state="done")


async def test_a_reader_who_leaves_takes_the_model_s_work_along(pool: Pool) -> None:
    left = asyncio.Event()

    async def endless(criteria: Sequence[Criterion], dossiers: Sequence[Dossier]) -> AsyncIterator[Verdict]:
        for criterion in criteria:
            yield verdict(dossiers[0], criterion, "Développeur Python")
        try:
            await asyncio.Event().wait()
        finally:
            left.set()

    before = asyncio.all_tasks()
    parts = replace(await pool.parts(), judge_by_model=Scripted(endless))
    events = run(SearchRequest(MESSAGE), parts)
    async for event in events:
        if isinstance(event, Judged) and any(v.by == "scripted" for v in event.verdicts):
            break
    await events.aclose()  # type: ignore[attr-defined]
    assert left.is_set()
    assert asyncio.all_tasks() <= before


class Refines:
    """An Interpreter that understands more than the rules, once it is let."""

    def __init__(self, criteria: tuple[Criterion, ...] = (), error: Exception | None = None) -> None:
        self.criteria, self.error = criteria, error

    async def interpret(self, message: str, conversation: Sequence[EarlierTurn]) -> Understanding:
        if self.error:
            raise self.error
        return Understanding(criteria=self.criteria, by="model")


async def test_the_model_s_criteria_refine_after_the_first_hits(pool: Pool) -> None:
    paris = (Criterion(id="c1", kind=CriterionKind.PLACE, value="Paris", label="Paris", need=Need.MUST),)
    events = await events_of(pool, MESSAGE, model=Refines(paris))
    kinds = [event.type for event in events]
    assert kinds.index("hits") < len(kinds) - 1 - kinds[::-1].index("understood")
    assert {*last_order(events).candidate_ids[:2]} == {"id-eva", "id-tom"}


async def test_vocabularies_are_loaded_before_anyone_searches_and_off_the_loop(pool: Pool) -> None:
    read_in: list[threading.Thread] = []

    class Loading:
        async def interpret(self, message: str, conversation: Sequence[EarlierTurn]) -> Understanding:
            read_in.append(threading.current_thread())
            return Understanding(criteria=())

    await warm(replace(await pool.parts(), rules=Loading()))
    assert len(read_in) == 1
    assert read_in[0] is not threading.current_thread()


async def test_a_model_that_does_not_understand_changes_nothing(pool: Pool) -> None:
    events = await events_of(pool, MESSAGE, model=Refines(error=Unavailable("down")))
    assert last_order(events).candidate_ids[0] == "id-zoe"
    assert Status(code=StatusCode.SIMPLE_ORDER, detail="unavailable") in events


# ---------------------------------------------------------------------------------------------------- blind requests


async def _blind(pool: Pool, message: str, *, blind: bool = True) -> tuple[Ordered, set[VerdictState]]:
    """The order, and what was said of the people's names."""
    events = [event async for event in run(SearchRequest(message, blind=blind), await pool.parts())]
    asked = [e.understanding.criteria for e in events if isinstance(e, Understood)][-1]
    named = {c.id for c in asked if "Durand" in c.label or "durand" in c.label}
    said = {v.state for e in events if isinstance(e, Judged) for v in e.verdicts if v.criterion_id in named}
    return last_order(events), said


@pytest.mark.parametrize("asked", ["Tom Durand", "tom durand", "profil de Tom Durand", "durand, Python, 0612345678"])
async def test_a_name_moves_no_order_in_a_blind_request(asked: str) -> None:
    """As if it had not been said; with sight it is found."""
    durand = developer("Tom Durand", "Paris", extra="tom durand, 06 12 34 56 78, references: Durand")
    pool = Pool((*(one for one in PEOPLE if one.id != durand.id), durand))
    seen, _ = await _blind(pool, asked, blind=False)
    assert seen.candidate_ids[0] == durand.id
    unseen, said = await _blind(pool, asked)
    nobody, _ = await _blind(pool, re.sub(r"(?i)tom|durand|\d+", "", asked))
    assert unseen.candidate_ids == nobody.candidate_ids
    assert said <= {VerdictState.NOT_FOUND}


async def test_a_trade_that_is_also_somebody_s_name_is_still_searched_in_a_blind_request() -> None:
    baker = developer("Ann Roy", "Lyon", extra="Boulanger de 2010 à 2017")
    named = developer("Luc Boulanger", "Lyon", skill="Paie")
    order, _ = await _blind(Pool((named, baker)), "boulanger")
    assert order.candidate_ids[0] == baker.id
