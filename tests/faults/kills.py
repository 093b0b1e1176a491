"""Rows: a process killed at each step and at random times, one whose loop stands still, jobs that raise."""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import replace

from cvmatcher import jobs
from cvmatcher.domain import QuarantineReason
from cvmatcher.store import candidates, vectors
from cvmatcher.store import jobs as job_store
from tests.faults.case import Run, case
from tests.faults.processes import PRODUCTION
from tests.faults.stores import searches
from tests.faults.world import Lost, Scene, ended, killed, until
from tests.ingesting import write

KILL, BLOCKED, RAISES = "kill -9 after each ingest step", "event loop blocked", "a job raises"
STEPS = ("listed", "fetched", "read", "structured", "embedded", "saved", "cursor_saved")


def _at(step: str) -> Run:
    async def run(scene: Scene) -> None:
        scene.people(6)
        once = step in ("listed", "cursor_saved")
        doomed = scene.worker(f"{step}:kill:{1 if once else scene.random.randint(1, 6)}")
        await killed(doomed)
        scene.broken()
        await scene.sound_so_far()
        scene.worker()
        await scene.recovered()

    return run


for _step in STEPS:
    case(KILL, _step)(_at(_step))


@case(KILL, "indexed")
async def killed_while_indexing(scene: Scene) -> None:
    """The web process dies after a change has reached its index; its successor holds what MongoDB holds."""
    scene.people(3)
    scene.worker()
    await scene.some(6)
    doomed, _ = await scene.web("indexed:kill")
    write(scene.folder, "new.txt", "Person new")
    await killed(doomed)
    scene.broken()
    _, base = await scene.web()
    await scene.recovered()
    async with scene.reader(base) as rita:
        if await searches(rita) < 3:
            raise Lost("a search finds too few")


@case(KILL, "in production's timing", quick=False, most_seeds=2)
async def killed_in_production(scene: Scene) -> None:
    """Leases of 20 s, a look every 30 s: how long a recovery really takes."""
    scene.people(6)
    scene.plan = replace(scene.plan, pace=PRODUCTION)
    doomed = scene.worker(f"{scene.random.choice(STEPS[1:5])}:kill:2")
    await killed(doomed)
    scene.broken()
    scene.worker()
    await scene.recovered()


@case(KILL, "rebuild")
async def killed_in_a_rebuild(scene: Scene) -> None:
    scene.people(12, extra=False)
    worker = scene.worker()
    await scene.recovered()
    os.kill(worker.pid or 0, signal.SIGKILL)
    await ended(worker)
    queue = await jobs.open_queue(scene.plan.redis)
    job = await jobs.request_rebuild(queue, by="admin")
    await jobs.close_queue(queue)
    before = {c.id async for c in candidates.each()}
    doomed = scene.worker(structurer="rules/2")
    await until(lambda: _under_way(job.id), "a rebuild under way")
    scene.broken()
    doomed.kill()
    await ended(doomed)
    scene.worker(structurer="rules/2")
    await until(lambda: _done(job.id), "the end of the rebuild")
    await scene.recovered()
    people = [c async for c in candidates.each()]
    if {c.id for c in people} != before:
        raise Lost("a rebuild changed who there is")


async def _under_way(job_id: str) -> bool:
    job = await job_store.get(job_id)
    return job is not None and (job.done > 0 or job.state == "done")


async def _done(job_id: str) -> bool:
    job = await job_store.get(job_id)
    return job is not None and job.state == "done"


@case(KILL, "random times")
async def killed_at_random_times(scene: Scene) -> None:
    """A worker is killed again and again while files come, change, are renamed and go; at the end all is checked."""
    scene.people(8)
    kills = 3 if scene.short else 10
    for number in range(kills):
        _stir(scene, number)
        doomed = scene.worker()
        await asyncio.sleep(scene.random.uniform(0.05, 1.8))
        scene.broken()
        doomed.kill()
        await ended(doomed)
        await scene.sound_so_far()
    scene.notes.append(f"{kills} kills")
    scene.worker()
    await scene.recovered()
    if len(await vectors.hashes()) != await candidates.count():
        raise Lost("vectors and candidates differ")


@case(KILL, "200 kills at uniformly random times", quick=False, most_seeds=1, seconds=1200)
async def two_hundred_kills(scene: Scene) -> None:
    """Worker and web are killed by turns, each at a uniformly random moment of its life, while files come and go."""
    scene.people(8)
    web, _ = await scene.web()
    lives = {"web": web, "worker": scene.worker()}
    for number in range(200):
        _stir(scene, number)
        await asyncio.sleep(scene.random.uniform(0, 1.2))
        name = "web" if number % 4 == 3 else "worker"
        scene.broken()
        lives[name].kill()
        await ended(lives[name])
        if name == "worker":
            await scene.sound_so_far()
        lives[name] = scene.worker() if name == "worker" else (await scene.web())[0]
    scene.notes.append("200 kills")
    await scene.recovered()


def _stir(scene: Scene, number: int) -> None:
    """Some files change: always in the way that a folder's files do, at once and whole."""
    files = sorted(path for path in scene.folder.glob("p*.txt"))
    write(scene.folder, f"pnew{number}.txt", f"Person new {number}\nJava")
    chosen = scene.random.choice(files)
    match scene.random.randrange(4):
        case 0:
            chosen.rename(chosen.with_name(f"p-renamed-{number}-{chosen.name}"))
        case 1:
            write(scene.folder, chosen.name, f"{chosen.read_text()}\nand more {number}")
        case 2:
            chosen.unlink()
        case _:
            write(scene.folder, f"pcopy{number}.txt", chosen.read_text())


# --------------------------------------------------------------------------------------------------------- blocked


@case(BLOCKED, "stopped beyond its lease, then going on")
async def blocked(scene: Scene) -> None:
    """A worker that stands still is taken for dead; when it goes on, what it writes is late and is refused."""
    scene.people(10)
    first = scene.worker()
    await asyncio.sleep(scene.random.uniform(0.2, 1.2))
    scene.broken()
    os.kill(first.pid or 0, signal.SIGSTOP)
    try:
        scene.keep_worker()  # the stopped one's open transaction may hold its start up beyond the driver's patience
        await scene.recovered()
    finally:
        os.kill(first.pid or 0, signal.SIGCONT)
    write(scene.folder, "after.txt", "Person after")
    await scene.recovered()
    if first.exitcode is not None:
        raise Lost("the worker that stood still ended")


@case(BLOCKED, "from within, by a step that does not give way")
async def blocked_from_within(scene: Scene) -> None:
    """A worker's loop stands still beyond its lease, in the middle of a file; another worker takes over meanwhile."""
    scene.people(6)
    seconds = round(scene.random.uniform(2.0, 4.0) * scene.plan.pace.lease)
    write(scene.folder, "blocks.txt", f"#{seconds} Person who blocks\nPython")
    first = scene.worker()
    await until(lambda: asyncio.to_thread((scene.home / "tries" / "blocks.txt").exists), "a loop that is blocked")
    scene.broken()
    second = scene.worker()
    await scene.recovered()
    write(scene.folder, "after.txt", "Person after")
    await scene.recovered()
    if first.exitcode is not None or second.exitcode is not None:
        raise Lost("a worker ended")


# --------------------------------------------------------------------------------------------------------- raises


@case(RAISES, "passing faults are tried again")
async def passing(scene: Scene) -> None:
    scene.people(2)
    write(scene.folder, "bug.txt", "?2 Person with a bug")
    write(scene.folder, "away.txt", "~3 Person away")
    scene.broken()
    scene.worker()
    await scene.recovered()


@case(RAISES, "lasting faults are quarantined")
async def lasting(scene: Scene) -> None:
    scene.people(2)
    for reason in (QuarantineReason.ENCRYPTED, QuarantineReason.NO_TEXT, QuarantineReason.POLYGLOT):
        scene.refuse(f"{reason}.txt", f"!{reason}", reason)
    scene.broken()
    scene.worker()
    await scene.recovered()


@case(RAISES, "asked for in the middle of a run")
async def dirty(scene: Scene) -> None:
    """Looks are asked for while looks run; the last file is found without the next regular look."""
    scene.plan = replace(scene.plan, pace=replace(scene.plan.pace, scan=3600.0))
    scene.people(4)
    scene.worker()
    await scene.some(7)
    queue = await jobs.open_queue(scene.plan.redis)
    scene.broken()
    for number in range(10):
        write(scene.folder, f"late{number}.txt", f"Person late {number}")
        await jobs.enqueue_scan(queue, "folder")
        await asyncio.sleep(scene.random.uniform(0, 0.1))
    await jobs.close_queue(queue)
    await scene.recovered()
