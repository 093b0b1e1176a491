"""Row: another embedding model, made ready beside the one that answers, by workers that are killed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from cvmatcher import search
from cvmatcher.cancelling import end
from cvmatcher.domain import HitsFound, Ordered
from cvmatcher.search import SearchRequest
from cvmatcher.store import jobs as job_store
from cvmatcher.store import live, vectors
from cvmatcher.wiring import Services
from tests.faults import processes
from tests.faults.case import Run, case
from tests.faults.world import Lost, Scene, ended, killed, until
from tests.ingesting import all_candidates, write
from tests.models import NEW, OLD

MODEL = "change of embedding model: killed beside, at the gate, at the switch, at the tidying"
STEPS = ("beside", "judged", "switched", "tidied")


def _known_for(number: int) -> str:
    """A word that nobody else uses."""
    return "".join(chr(ord("a") + int(digit)) * 2 for digit in f"{number:04d}") + "ite"


def _pool(scene: Scene) -> int:
    count = 30 if scene.short else 200
    for number in range(count):
        write(scene.folder, f"m{number}.txt", f"Person {number}\nworks with {_known_for(number)}")
    return count


async def _names(services: Services, message: str) -> list[str]:
    """Best first. The index refuses a question of another model's size."""
    names: dict[str, str] = {}
    order: tuple[str, ...] = ()
    async for event in search.run(SearchRequest(message), services.search):
        if isinstance(event, HitsFound):
            names |= {hit.candidate_id: hit.name for hit in event.hits}
        elif isinstance(event, Ordered):
            order = event.candidate_ids
    return [names[key] for key in order]


async def _ask_without_end(services: Services, people: int, asked: list[str]) -> None:
    """Each question has one right answer, and is asked of one model's whole index."""
    number = 0
    while True:
        parts = services.search
        stats = parts.vectors.stats()
        if parts.embedder.model_id != stats.model_id or len(stats.candidates) < people:
            raise Lost(f"{len(stats.candidates)} of {stats.model_id} answer a question of {parts.embedder.model_id}")
        found = await _names(services, _known_for(number % people))
        if found[:1] != [f"Person {number % people}"]:
            raise Lost(f"{found[:1]} found for Person {number % people} by {parts.embedder.model_id}")
        asked.append(parts.embedder.model_id)
        number += 1


@asynccontextmanager
async def _searched(scene: Scene, people: int) -> AsyncIterator[Services]:
    """A process of the old model that is searched all the while."""
    asked: list[str] = []
    async with processes.services(scene.plan, scene.database) as services, services.follower:
        asking = asyncio.create_task(_ask_without_end(services, people, asked))
        try:
            yield services
            begun = len(asked)
            await until(lambda: _more(asked, begun, asking), "searches that go on", 30)
        finally:
            await end(asking)
    if set(asked) != {OLD, NEW}:
        raise Lost(f"only {set(asked)} answered")
    scene.notes.append(f"{len(asked)} searches meanwhile")


async def _more(asked: list[str], begun: int, asking: asyncio.Task[None]) -> bool:
    if asking.done():
        asking.result()
    return len(asked) > begun + 1


async def _read(scene: Scene) -> int:
    """Everybody searchable by the old model; how many."""
    people = _pool(scene)
    worker = scene.worker()
    await scene.recovered()
    worker.terminate()
    await ended(worker)
    return people


async def _switched(scene: Scene, services: Services) -> None:
    """The new model answers, alone; nothing of the old one is left, neither in the database nor in who searches."""

    async def over() -> bool:
        state = await live.get()
        done = state is not None and (state.model_id, state.next) == (NEW, None) and not await job_store.running()
        return done and services.embedder.model_id == NEW

    await until(over, "the new model answering")
    scene.plan = replace(scene.plan, model=NEW)
    await scene.recovered()
    for candidate in await all_candidates():
        made = await vectors.made_with(candidate.id)
        if made is None or made.models != {NEW}:
            raise Lost(f"{candidate.id} has vectors of {made and made.models}")


def _at(step: str) -> Run:
    async def run(scene: Scene) -> None:
        people = await _read(scene)
        several = step in ("beside", "tidied")
        reach = scene.random.randint(2, people - 1) if several else 1
        async with _searched(scene, people) as services:
            await killed(scene.worker(f"{step}:kill:{reach}", model=NEW))
            scene.broken()
            scene.worker(model=NEW)
            await _switched(scene, services)

    return run


for _step in STEPS:
    case(MODEL, _step, quick=False)(_at(_step))  # CI has tests/test_switching.py for each


@case(MODEL, "killed at random times, while files come and go")
async def killed_at_random(scene: Scene) -> None:
    """Several workers in a row, each killed at a random moment; the last one ends it."""
    people = await _read(scene)
    kills = 2 if scene.short else 8
    async with _searched(scene, people) as services:
        for number in range(kills):
            doomed = scene.worker(model=NEW)
            write(scene.folder, f"new{number}.txt", f"Person new {number}\nJava")
            await asyncio.sleep(scene.random.uniform(0.1, 1.5))
            (scene.folder / f"new{number - 1}.txt").unlink(missing_ok=True)
            scene.broken()
            doomed.kill()
            await ended(doomed)
            await scene.sound_so_far()
        scene.notes.append(f"{kills} kills")
        scene.worker(model=NEW)
        await _switched(scene, services)
