"""Rows: everything that Gemini and Drive may answer, through the real adapters and their real clients."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic

from cvmatcher import jobs, search
from cvmatcher.domain import Ended, EndState, HitsFound, QuarantineReason
from cvmatcher.search import SearchRequest
from cvmatcher.store import sources
from tests.faults import processes
from tests.faults.case import Run, case
from tests.faults.world import Lost, Scene, ended, until
from tests.ingesting import all_candidates
from tests.servers import drive as drive_wire
from tests.servers import gemini as wire
from tests.servers.drive import DriveServer
from tests.servers.gemini import GeminiServer
from tests.servers.http import Reply

GEMINI = "Gemini 429, 503, hang, drip, HTML, fenced or truncated JSON, safety block"
DRIVE_FAULTS = "Drive 403 quota, 429, 5xx"
DRIVE_LIFE = "Drive file trashed, unshared, renamed, replaced, copied; token refused; listing breaks off"
PARTIAL = "partial download"
LATEST_HITS, LATEST_END = 3.0, 20.5  # seconds, of a turn

MODES: dict[str, Reply] = {
    "429": wire.out_of_quota(),
    "429 for an hour": wire.out_of_quota(3600),
    "503": wire.status(503),
    "hang": wire.hang(),
    "drip": wire.drip({"name": "Zoé", "headline": "x" * 400}),
    "HTML": wire.html(200),
    "fenced": wire.fenced({"headline": "Developer", "criteria": [], "verdicts": [], "name": ""}),
    "truncated": wire.truncated({"headline": "Developer"}),
    "safety block": wire.blocked(),
    "refused prompt": wire.refused_prompt(),
    "no candidate": wire.empty(),
    "prose": wire.said("Certainly! Here is the profile you asked for."),
    "another schema": wire.answer({"nom": ["Zoé"]}),
    "breaks off": Reply(body=b'{"candidates": [', promise=500),
    "key refused": wire.status(403, "PERMISSION_DENIED", "API key expired"),
}


async def _turn(scene: Scene) -> None:
    """A search while Gemini misbehaves: hits soon, an end in time, never empty."""
    async with processes.services(scene.plan, scene.database) as made, made.follower:
        await _warm(made.search)
        begun, hits, first, end = monotonic(), 0, 0.0, None
        async for event in search.run(SearchRequest("services in Python, Lyon"), made.search):
            if isinstance(event, HitsFound):
                hits += len(event.hits)
                first = first or monotonic() - begun
            end = event
        seconds = monotonic() - begun
    scene.notes.append(f"first hits {first:.2f} s, end {seconds:.1f} s")
    if not hits or first > LATEST_HITS:
        raise Lost(f"{hits} hits after {first:.1f} s")
    if not isinstance(end, Ended) or end.state is not EndState.DONE or seconds > LATEST_END:
        raise Lost(f"the turn ended after {seconds:.1f} s with {end}")


async def _warm(parts: search.SearchParts) -> None:
    """The first search of a process loads the vocabularies; that is no vendor's fault."""
    async for _ in search.run(SearchRequest("Java, Paris"), replace(parts, model=None, judge_by_model=None)):
        pass


def _gemini(name: str) -> Run:
    async def run(scene: Scene) -> None:
        with GeminiServer() as server:
            server.always(MODES[name])
            patient = replace(scene.plan.pace, job=20)  # the model's own time comes on top, and a busy machine's
            scene.plan = replace(scene.plan, gemini=server.url, pace=patient)
            scene.people(4, extra=False)
            scene.broken()
            scene.worker()
            await scene.recovered()  # searchable by the rules
            await _turn(scene)
            if name == "429 for an hour":
                return  # the model is asked again in an hour: nothing to wait for here
            server.decide(wire.honest)
            scene.broken()
            await until(_nothing_waits, "the model's profiles, later")
            await scene.recovered()

    return run


async def _nothing_waits() -> bool:
    return not any(candidate.enrichment_waits for candidate in await all_candidates())


for _name in MODES:
    case(GEMINI, _name, quick=_name in {"503", "truncated"}, most_seeds=2)(_gemini(_name))


# --------------------------------------------------------------------------------------------------------- Drive


@contextmanager
def _drive(scene: Scene) -> Iterator[tuple[DriveServer, str]]:
    """A Drive with a watched folder; the scene expects what lies in it."""
    with DriveServer() as drive:
        folder = drive.folder("CVs")
        scene.plan = replace(scene.plan, drive=(drive.authorised_user(), folder, drive.url))

        def contents() -> dict[str, bytes]:
            inside = {folder, *(i.id for i in drive.items.values() if i.parents == [folder] and _visible(i))}
            files = [i for i in drive.items.values() if i.mime != drive_wire.FOLDER and inside & set(i.parents)]
            return {i.id: i.content for i in files if _visible(i)}

        scene.contents = contents
        yield drive, folder


def _visible(item: drive_wire.Item) -> bool:
    return not item.trashed and not item.unshared


def _some(drive: DriveServer, folder: str, count: int, begin: int = 0) -> list[str]:
    numbers = range(begin, begin + count)
    return [drive.file(f"p{n}.pdf", f"Person {n}\nwrote services in Python {n}".encode(), folder) for n in numbers]


def _faulty(name: str, reply: Reply) -> Run:
    async def run(scene: Scene) -> None:
        with _drive(scene) as (drive, folder):
            files = _some(drive, folder, 6)
            for path in ("/files", "/startPageToken", *(f"/files/{f}" for f in scene.random.sample(files, 3))):
                drive.fail(path, *[reply] * scene.random.randint(1, 4))
            scene.broken()
            scene.worker()
            await scene.recovered()
            drive.fail("/changes", *[reply] * scene.random.randint(1, 4))
            _some(drive, folder, 2, 6)
            drive.change(files[0], content=b"Person 0 again")
            await scene.recovered()

    return run


for _name, _reply in {
    "403 quota": drive_wire.error(403, "userRateLimitExceeded"),
    "429": drive_wire.error(429, "rateLimitExceeded", headers={"Retry-After": "1"}),
    "500": drive_wire.error(500, "backendError"),
    "503": drive_wire.error(503, "backendError"),
    "HTML": drive_wire.html(502),
}.items():
    case(DRIVE_FAULTS, _name, quick=_name == "403 quota")(_faulty(_name, _reply))


@case(DRIVE_FAULTS, "another 403 quarantines that file and goes on")
async def refused(scene: Scene) -> None:
    with _drive(scene) as (drive, folder):
        files = _some(drive, folder, 5)
        bad = scene.random.choice(files)
        scene.refused[bad] = QuarantineReason.NOT_ALLOWED
        drive.fail(f"/files/{bad}", *[drive_wire.error(403, "cannotDownloadAbusiveFile")] * 8)
        scene.broken()
        scene.worker()
        await scene.recovered()


@case(DRIVE_LIFE, "a random walk with kills")
async def life(scene: Scene) -> None:
    """Files come and go in every way that Drive knows, while workers are killed and requests fail."""
    with _drive(scene) as (drive, folder):
        below = drive.folder("below", folder)
        files = _some(drive, folder, 8)
        steps = 8 if scene.short else 20
        scene.worker()
        for number in range(steps):
            _change_something(scene, drive, (folder, below), files, number)
            if scene.random.random() < 0.3:
                path = scene.random.choice(["/files", "/changes", f"/files/{scene.random.choice(files)}"])
                drive.fail(path, *[drive_wire.error(500, "backendError")] * scene.random.randint(1, 4))
            await asyncio.sleep(scene.random.uniform(0, 0.4))
            if scene.random.random() < 0.2:
                scene.processes[-1].kill()
                await ended(scene.processes[-1])
                await scene.sound_so_far()  # only while nobody writes: several reads make one picture
                scene.worker()
        scene.broken()
        await scene.recovered()


def _change_something(
    scene: Scene, drive: DriveServer, folders: tuple[str, str], files: list[str], number: int
) -> None:
    chance, one = scene.random, scene.random.choice(files)
    match chance.randrange(8):
        case 0:
            files.append(drive.file(f"n{number}.pdf", f"Person new {number}".encode(), chance.choice(folders)))
        case 1:
            files.append(drive.file(f"c{number}.pdf", drive.items[one].content, chance.choice(folders)))
        case 2:
            drive.change(one, content=f"Person changed {number}".encode())
        case 3:
            drive.change(one, name=f"renamed {number}.pdf")
        case 4:
            drive.change(one, trashed=not drive.items[one].trashed)
        case 5:
            drive.change(one, unshared=not drive.items[one].unshared)
        case 6:
            drive.change(one, parents=[chance.choice([*folders, drive_wire.ROOT])])
        case _:
            drive.refusal, drive.oldest_change = chance.choice([400, 410]), 10**6


@case(DRIVE_LIFE, "each in turn", quick=False)
async def each_in_turn(scene: Scene) -> None:
    """One file in every way that the row names; the primary of a pair goes, and its copy takes over."""
    with _drive(scene) as (drive, folder):
        files = _some(drive, folder, 12)
        scene.worker()
        await scene.recovered()
        scene.broken()
        drive.change(files[0], trashed=True)
        drive.change(files[1], unshared=True)
        drive.change(files[2], name="renamed.pdf")
        drive.change(files[3], content=b"Person replaced\nPython")
        drive.file("copy.pdf", drive.items[files[4]].content, folder)
        await scene.recovered()
        drive.change(files[0], trashed=False)
        drive.change(files[4], trashed=True)
        await scene.recovered()
        for refusal in (400, 410):
            drive.refusal, drive.oldest_change = refusal, 10**6
            drive.change(files[5], content=f"Person {refusal}".encode())
            await scene.recovered()


@case(DRIVE_LIFE, "listings that break off remove nobody", quick=False)
async def broken_listing(scene: Scene) -> None:
    with _drive(scene) as (drive, folder):
        _some(drive, folder, 12)
        scene.worker()
        await scene.recovered()
        drive.most_per_page = 3
        drive.oldest_change = 10**6  # only complete listings from here on
        scene.broken()
        for _ in range(4):
            drive.fail("/files", *[drive_wire.error(500, "backendError")] * scene.random.randint(1, 9))
            await asyncio.sleep(scene.random.uniform(0.1, 0.8))
            if len(await all_candidates()) != 12:
                raise Lost("somebody was removed", 12 - len(await all_candidates()))
        drive.oldest_change = 0
        await scene.recovered()


@case(DRIVE_LIFE, "a mass disappearance waits for an admin's word")
async def mass(scene: Scene) -> None:
    with _drive(scene) as (drive, folder):
        files = _some(drive, folder, 12)
        scene.worker()
        await scene.recovered()
        gone = scene.random.sample(files, 8)
        for file_id in gone:
            drive.change(file_id, trashed=True)
        await until(_waits, "removals that wait for a word")
        if len(await all_candidates()) != 12:
            raise Lost("removed without a word", 12 - len(await all_candidates()))
        queue = await jobs.open_queue(scene.plan.redis)
        scene.broken()
        await jobs.confirm_removals(queue, "drive", by="admin")
        await jobs.close_queue(queue)
        await scene.recovered()


async def _waits() -> bool:
    return (await sources.get("drive")).removals_wait == 8


@case(PARTIAL, "short, broken off, other bytes")
async def partial(scene: Scene) -> None:
    with _drive(scene) as (drive, folder):
        files = _some(drive, folder, 6)
        for file_id in files[:4]:
            whole = drive.items[file_id].content
            cut = scene.random.randrange(1, len(whole))
            broken = [
                Reply(206, whole[:cut], "application/octet-stream", {"Content-Range": f"bytes 0-{cut - 1}/{cut}"}),
                Reply(200, whole[:cut], "application/octet-stream", promise=len(whole)),
                Reply(200, b"x" * len(whole), "application/octet-stream"),
                Reply(200, b"", "application/octet-stream"),
            ]
            drive.fail(f"/files/{file_id}", *scene.random.choices(broken, k=scene.random.randint(1, 4)))
        scene.broken()
        scene.worker()
        await scene.recovered()
