"""One turn of a search: a message in, events out. Knows no HTML, no vendor and no document.

Owns the order of the steps: rules understand at once, the indexes answer, hits go out, rules judge and order; a model
refines both when it can, within MODEL_SECONDS, and whatever it fails at leaves the rules' answer standing.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from cvmatcher import akin, blind, mentions, ranking, verdicts
from cvmatcher.alternatives import Group, groups
from cvmatcher.domain import (
    AppError,
    Candidate,
    Criterion,
    CriterionKind,
    DroppedCriterion,
    EarlierTurn,
    Ended,
    EndState,
    Hit,
    HitsFound,
    Judged,
    Need,
    NothingFound,
    Ordered,
    Profile,
    SearchEvent,
    Status,
    StatusCode,
    Understanding,
    Understood,
    Verdict,
    VerdictState,
)
from cvmatcher.grounding import ground
from cvmatcher.identity import mask
from cvmatcher.ports import Embedder, Interpreter, Reranker, VectorIndex, WordIndex
from cvmatcher.query import evidence
from cvmatcher.query.plan import Plan, is_listed, plan
from cvmatcher.ranking import Standing
from cvmatcher.reach import beyond
from cvmatcher.retrieval import Retrieved, retrieve

log = logging.getLogger(__name__)

MODEL_SECONDS = 20.0  # over all calls of a turn
BATCH = 10  # hits of one event
PASSAGE_LETTERS = 280  # of the passage a hit shows
RECENT = 0.6  # what being now what the titles ask adds to the score of the indexes
_POOL = 3  # times k candidates are read and judged by rules

_TOKEN = re.compile(r"\[\w+\]")  # what a mask leaves

ReadCandidates = Callable[[Sequence[str]], Awaitable[Mapping[str, Candidate]]]
Superseded = Callable[[Sequence[Candidate]], Awaitable[Mapping[str, Sequence[str]]]]  # older CV -> newer ones


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is asked. `criteria`: asked by hand (chips), the message is then not interpreted again.

    `blind`: asked by someone who may not know who people are; names move no order then.
    """

    message: str
    conversation: tuple[EarlierTurn, ...] = ()
    criteria: tuple[Criterion, ...] | None = None
    k: int = 20
    blind: bool = False


@dataclass(frozen=True)
class SearchParts:
    """What a search works with; without `model` and `judge_by_model` rules do all."""

    embedder: Embedder
    vectors: VectorIndex
    words: WordIndex
    rules: Interpreter
    judge_by_rules: Reranker
    read_candidates: ReadCandidates
    model: Interpreter | None = None
    judge_by_model: Reranker | None = None
    superseded: Superseded | None = None
    model_seconds: float = MODEL_SECONDS
    names: akin.NameVectors = field(default_factory=akin.NameVectors)


@dataclass
class _Turn:
    """What a turn has come to so far."""

    request: SearchRequest
    parts: SearchParts
    criteria: tuple[Criterion, ...] = ()
    unused: tuple[str, ...] = ()
    retrieved: dict[str, Retrieved] = field(default_factory=dict)
    candidates: dict[str, Candidate] = field(default_factory=dict)
    standings: dict[str, Standing] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)
    _model_until: float | None = None

    @property
    def model_until(self) -> float:
        """When the last call to a model ends, by the event loop's clock: understanding and judging share the time."""
        if self._model_until is None:
            self._model_until = asyncio.get_running_loop().time() + self.parts.model_seconds
        return self._model_until


async def run(request: SearchRequest, parts: SearchParts) -> AsyncIterator[SearchEvent]:
    """The events of one turn, ending with Ended. Closing the generator cancels all that is under way.

    Raises what the embedder and `read_candidates` raise; a model's failures become a Status.
    """
    turn = _Turn(request, parts)
    understanding = await _understand(request, parts)
    turn.criteria, turn.unused = understanding.criteria, understanding.not_understood
    yield Understood(understanding=understanding)
    refining = _start_refining(turn)
    try:
        async for event in _find(turn):
            yield event
        if refining is not None:
            refined, failure = await refining
            if failure:
                yield Status(code=StatusCode.SIMPLE_ORDER, detail=failure)
            if refined is not None and _differs(refined.criteria, turn.criteria):
                turn.criteria, turn.unused = refined.criteria, refined.not_understood
                yield Understood(understanding=refined)
                async for event in _find(turn):
                    yield event
    finally:
        if refining is not None:
            refining.cancel()
            await asyncio.gather(refining, return_exceptions=True)
    if parts.judge_by_model is not None and turn.shown and turn.criteria:
        async with aclosing(_judge_by_model(turn, parts.judge_by_model)) as events:
            async for event in events:
                yield event
    yield Ended(state=EndState.DONE)


async def warm(parts: SearchParts) -> None:
    """Has the rules read a message once, away from the event loop: the vocabularies load at their first use, and that
    takes seconds in which the loop would serve nobody.
    """
    await asyncio.to_thread(lambda: asyncio.run(_read_once(parts.rules)))


async def _read_once(rules: Interpreter) -> None:
    await rules.interpret("Java, Paris", ())


# ------------------------------------------------------------------------------------------------------- understanding


async def _understand(request: SearchRequest, parts: SearchParts) -> Understanding:
    if request.criteria is not None:
        return Understanding(criteria=request.criteria)
    understanding = await parts.rules.interpret(request.message, request.conversation)
    if request.conversation:  # names in a follow-up may be there to go
        return understanding
    return await asyncio.to_thread(ground, request.message, understanding, parts.words)


Refined = tuple[Understanding | None, str]


def _start_refining(turn: _Turn) -> asyncio.Task[Refined] | None:
    if turn.parts.model is None or turn.request.criteria is not None:
        return None
    return asyncio.create_task(_refine(turn, turn.parts.model))


async def _refine(turn: _Turn, model: Interpreter) -> Refined:
    """The model's criteria, or why there are none: first hits never wait for this. What names somebody of the pool is
    not shown to it: the rules' criteria stay.
    """
    request, parts = turn.request, turn.parts
    told = [request.message, *(turn.message for turn in request.conversation)]
    told += [c.label for turn in request.conversation for c in turn.criteria]
    try:
        async with asyncio.timeout_at(turn.model_until):
            if await mentions.named(told, parts.words, parts.read_candidates):
                return None, ""
            understanding = await model.interpret(request.message, request.conversation)
    except (AppError, TimeoutError) as error:
        log.info("rules' criteria stay: %s", error)
        return None, getattr(error, "code", "slow")
    return (understanding if understanding.criteria else None), ""


def _differs(one: Sequence[Criterion], other: Sequence[Criterion]) -> bool:
    """Whether two understandings ask for different things; ids and labels do not count."""

    def asked(criteria: Sequence[Criterion]) -> set[frozenset[str]]:
        return {
            frozenset(criterion.model_dump_json(exclude={"id", "label", "either"}) for criterion in group)
            for group in groups(criteria)
        }

    return asked(one) != asked(other)


# ------------------------------------------------------------------------------------------------------- finding


async def _find(turn: _Turn) -> AsyncIterator[SearchEvent]:
    """Hits in the indexes' order first, then the rules' verdicts and order over a larger pool."""
    parts, k = turn.parts, turn.request.k
    asked = await asyncio.to_thread(_planned, turn)
    found = await retrieve(asked, parts.embedder, parts.vectors, parts.words)
    turn.retrieved = {r.candidate_id: r for r in found}
    pool = [r.candidate_id for r in found[: max(_POOL * k, 60)]]
    for start in range(0, k, BATCH):
        for event in await _show(turn, pool[start : min(start + BATCH, k)]):
            yield event
    if not turn.shown:
        yield NothingFound(without=())
        return
    await _read(turn, pool)
    await _judge_by_rules(turn, pool)
    if _emptied(turn):
        pool += await _beyond(turn)
    order = ranking.by_rules(turn.criteria, [turn.standings[c] for c in pool if c in turn.standings])
    order = (await _newer_first(turn, order))[:k]
    for event in await _show(turn, order):
        yield event
    dropped = _emptied(turn)
    if dropped:
        yield NothingFound(without=dropped)
    turn.shown = order
    yield Ordered(candidate_ids=tuple(order), by="rules" if turn.criteria else "index")
    for candidate_id in order if turn.criteria else ():
        standing = turn.standings[candidate_id]
        yield Judged(candidate_id=candidate_id, verdicts=tuple(standing.verdicts.values()))


def _planned(turn: _Turn) -> Plan:
    """What is asked of the indexes; of a blind request without contacts and the names of people in the pool."""
    if not turn.request.blind:
        return plan(turn.criteria, turn.request.message, turn.unused)
    known = " ".join(f"{c.label} {c.value}" for c in turn.criteria if is_listed(c))

    def without(text: str) -> str:
        return mentions.without_names(_TOKEN.sub(" ", mask(text, Profile())), known, turn.parts.words)

    cleaned = [c if is_listed(c) else c.model_copy(update={"value": without(c.value)}) for c in turn.criteria]
    kept = [c for c in cleaned if c.value or c.kind is CriterionKind.YEARS]
    return plan(kept, without(turn.request.message), [without(one) for one in turn.unused])


async def _newer_first(turn: _Turn, order: list[str]) -> list[str]:
    """An older CV behind the newer ones of the same person, where an admin has said that they are the same."""
    if turn.parts.superseded is None:
        return order
    newer = await turn.parts.superseded([turn.candidates[one] for one in order if one in turn.candidates])
    return ranking.behind(order, newer)


async def _beyond(turn: _Turn) -> list[str]:
    """Judges those whom the retrieval ranked too low to be read and who may answer more; gives their ids."""
    musts = [c for c in turn.criteria if c.need is Need.MUST]
    found = await asyncio.to_thread(beyond, musts, turn.parts.words, turn.standings.keys())
    for candidate_id, content_hash in found.items():
        turn.retrieved.setdefault(candidate_id, Retrieved(candidate_id, content_hash, 0.0))
    await _read(turn, list(found))
    await _judge_by_rules(turn, list(found))
    return list(found)


async def _show(turn: _Turn, ids: Sequence[str]) -> list[SearchEvent]:
    """Reads candidates and gives those not shown yet as one event; one whose CV has changed since is left out."""
    await _read(turn, ids)
    fresh = [c for c in ids if c in turn.candidates and c not in turn.shown]
    turn.shown += fresh
    return [HitsFound(hits=tuple(_hit(turn, c) for c in fresh))] if fresh else []


async def _read(turn: _Turn, ids: Sequence[str]) -> None:
    missing = [c for c in ids if c not in turn.candidates]
    if missing:
        for candidate in (await turn.parts.read_candidates(missing)).values():
            if candidate.content_hash == turn.retrieved[candidate.id].content_hash:
                turn.candidates[candidate.id] = candidate


def _hit(turn: _Turn, candidate_id: str) -> Hit:
    candidate = turn.candidates[candidate_id]
    profile, passage = candidate.profile, turn.retrieved[candidate_id].passage
    text = candidate.passages[passage].text if passage is not None and passage < len(candidate.passages) else ""
    latest = next((job.title for job in profile.experiences if job.title), "")
    return Hit(
        candidate_id=candidate.id,
        name=profile.name,
        title=profile.headline or latest,
        place=profile.location,
        years=profile.years_experience,
        cv_date=profile.cv_date,
        file_name=candidate.file_name,
        passage=_shortened(" ".join(text.split())),
        language=profile.language,
        hidden_words=candidate.hidden_words,
        unread_pages=len(candidate.unread.pages) if candidate.unread else 0,
    )


def _shortened(text: str) -> str:
    return text if len(text) <= PASSAGE_LETTERS else text[:PASSAGE_LETTERS].rsplit(" ", 1)[0] + " …"


def _emptied(turn: _Turn) -> tuple[DroppedCriterion, ...]:
    """When nobody answers every must: how many would without each one; () when somebody does."""
    musts = groups([c for c in turn.criteria if c.need is Need.MUST])
    if len(musts) < 2:
        return ()
    failing = [_failing(musts, standing) for standing in turn.standings.values()]
    if any(not fails for fails in failing):
        return ()
    return tuple(
        DroppedCriterion(criterion_id=group[0].id, count=sum(fails <= {group} for fails in failing)) for group in musts
    )


def _failing(musts: Sequence[Group], standing: Standing) -> set[Group]:
    """The musts that a candidate does not answer; alternatives fail when none of them is answered."""
    return {group for group in musts if all(_fails(c, standing) for c in group)}


def _fails(criterion: Criterion, standing: Standing) -> bool:
    verdict = standing.verdicts.get(criterion.id)
    return criterion.id not in standing.silent and (verdict is None or verdict.state is VerdictState.NOT_FOUND)


# ------------------------------------------------------------------------------------------------------- judging


async def _judge_by_rules(turn: _Turn, pool: Sequence[str]) -> None:
    """Verdicts with proved quotations for everyone in the pool, and with them the standings."""
    judged = [turn.candidates[c] for c in pool if c in turn.candidates]
    desk = verdicts.Desk(turn.criteria, judged, masked=False)
    async for verdict in turn.parts.judge_by_rules.judge(turn.criteria, desk.dossiers):
        desk.take(verdict)
    said = {candidate.id: _seen(turn, candidate, desk.of(candidate.id)) for candidate in judged}
    near = await akin.find(turn.criteria, judged, said, turn.parts.names, turn.parts.embedder)
    asked = [c for c in turn.criteria if is_listed(c)] if turn.request.blind else turn.criteria
    for candidate in judged:
        silent = frozenset(c.id for c in turn.criteria if evidence.silent(c, candidate.profile))
        score = turn.retrieved[candidate.id].score + RECENT * evidence.has_been(turn.criteria, candidate.profile)
        cv = evidence.read(candidate.profile, candidate.pages)
        hinted = frozenset(c.id for c in asked if evidence.hinted(c, cv))
        found = {**said[candidate.id], **near.get(candidate.id, {})}
        turn.standings[candidate.id] = Standing(
            candidate.id, score, found, silent, hinted, evidence.fineness(turn.criteria, cv)
        )


def _seen(turn: _Turn, candidate: Candidate, said: Mapping[str, Verdict]) -> Mapping[str, Verdict]:
    """The verdicts; in a blind request those that only a name answers are not found, as they are shown."""
    if not turn.request.blind:
        return said
    asked = {c.id: c for c in turn.criteria}
    shown = {key: blind.verdict(verdict, asked[key], candidate) for key, verdict in said.items()}
    return {key: one if one.state is VerdictState.NOT_FOUND else said[key] for key, one in shown.items()}


async def _nameless(turn: _Turn) -> tuple[Criterion, ...]:
    """The criteria that name nobody of the pool: what a language model may judge."""
    texts = [f"{c.label} {c.value}" for c in turn.criteria]
    names = await mentions.named(texts, turn.parts.words, turn.parts.read_candidates)
    return tuple(c for c, text in zip(turn.criteria, texts, strict=True) if not mentions.names_one(text, names))


async def _judge_by_model(turn: _Turn, judge: Reranker) -> AsyncGenerator[SearchEvent]:
    """Verdicts as they come, until all are there or the time is up; then the order with what came."""
    criteria = await _nameless(turn)
    if not criteria:
        return
    yield Status(code=StatusCode.JUDGING, detail=judge.name)
    shown = [turn.candidates[c] for c in turn.shown]
    desk = verdicts.Desk(criteria, shown, masked=True)
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    reading = asyncio.create_task(_take_all(turn, judge, criteria, desk, queue))
    try:
        while (candidate_id := await queue.get()) is not None:
            merged = verdicts.together(turn.standings[candidate_id].verdicts, desk.of(candidate_id))
            yield Judged(candidate_id=candidate_id, verdicts=tuple(merged.values()))
        failure = await reading
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
    if failure:
        yield Status(code=StatusCode.SIMPLE_ORDER, detail=failure)
    said: dict[str, Mapping[str, Verdict]] = {c.id: desk.of(c.id) for c in shown if desk.of(c.id)}
    if said:
        standings = [turn.standings[c] for c in turn.shown]
        order = await _newer_first(turn, ranking.by_model(turn.criteria, standings, said, desk.untrusted()))
        turn.shown = order
        yield Ordered(candidate_ids=tuple(order), by=judge.name)


async def _take_all(
    turn: _Turn,
    judge: Reranker,
    criteria: Sequence[Criterion],
    desk: verdicts.Desk,
    queue: asyncio.Queue[str | None],
) -> str:
    """Takes the model's verdicts; puts the id of each candidate fully judged. Gives why it broke off, or ""."""
    try:
        async with asyncio.timeout_at(turn.model_until):
            async for verdict in judge.judge(criteria, desk.dossiers):
                candidate_id = desk.take(verdict)
                if candidate_id is not None and desk.complete(candidate_id):
                    await desk.check_meaning(candidate_id, turn.parts.embedder)
                    queue.put_nowait(candidate_id)
    except TimeoutError:
        return "slow"
    except AppError as error:
        log.info("the rules' order stays where the model is silent: %s", error)
        return error.code
    finally:
        queue.put_nowait(None)
    return ""
