"""Rows: Redis killed, restarted, flushed, forged; MongoDB away; a disk without room."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from time import monotonic

import httpx
from redis.asyncio import Redis

from cvmatcher import jobs, store
from tests.faults.case import case
from tests.faults.world import Lost, Scene, World, a_world, until
from tests.ingesting import write
from tests.site import Browser

REDIS, FORGED, MONGO, DISK = (
    "Redis killed, restarted, flushed",
    "forged payload in Redis",
    "MongoDB stopped 30 s",
    "disk full",
)


async def searches(rita: Browser, message: str = "services in Python") -> int:
    """How many candidates a search shows, waiting for its end."""
    answer = await rita.post("/turns", {"message": message})
    if answer.status_code != 303:
        raise Lost(f"a search was answered {answer.status_code}")
    page = await rita.get(answer.headers["location"])
    async with asyncio.timeout(20):
        while "data-stop" in page.text:  # still under way
            await asyncio.sleep(0.1)
            page = await rita.get(answer.headers["location"])
    return page.text.count("data-card")


# --------------------------------------------------------------------------------------------------------- Redis


@case(REDIS, "killed and away for seconds")
async def redis_killed(scene: Scene) -> None:
    """The worker ends and is started again until Redis is back; meanwhile people go on searching."""
    scene.people(12)
    scene.keep_worker()
    _, base = await scene.web()
    await scene.some(4)
    async with scene.reader(base) as rita:
        scene.broken()
        await scene.world.redis.kill()
        begun = monotonic()
        if not await searches(rita):
            raise Lost("no hits while Redis was away")
        if monotonic() - begun > 8:
            raise Lost(f"a search took {monotonic() - begun:.1f} s while Redis was away")
        write(scene.folder, "meanwhile.txt", "Person meanwhile")
        await asyncio.sleep(1.0 if scene.short else scene.random.uniform(1, 12))
    await scene.world.redis.start()
    await scene.recovered()


@case(REDIS, "restarted at once")
async def redis_restarted(scene: Scene) -> None:
    scene.people(12)
    scene.keep_worker()
    await scene.some(scene.random.randint(1, 6))
    scene.broken()
    await scene.world.redis.kill()
    await scene.world.redis.start()
    await scene.recovered()


@case(REDIS, "flushed")
async def redis_flushed(scene: Scene) -> None:
    scene.people(12)
    scene.keep_worker()
    await scene.some(scene.random.randint(1, 6))
    client = Redis.from_url(scene.world.redis.server.url)
    for _ in range(3):
        scene.broken()
        await client.flushall()
        await asyncio.sleep(scene.random.uniform(0, 0.5))
    await client.aclose()
    await scene.recovered()


@case(FORGED, "pickle, rubbish, unknown functions, wrong arguments")
async def forged(scene: Scene) -> None:
    """Nothing of it runs, and the worker that met it goes on."""
    scene.people(4)
    marker = scene.home / "forged"
    worker = scene.worker()
    await scene.some(2)

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {marker}",)

    payloads = [
        pickle.dumps(Evil()),
        b"cposix\nsystem\n(S'touch " + os.fsencode(marker) + b"'\ntR.",
        b"\xff\x00 rubbish",
        b"",
        b"[]",
        b"null",
        json.dumps({"t": 1, "f": "os.system", "a": [f"touch {marker}"], "k": {}, "et": 1}).encode(),
        json.dumps({"t": 1, "f": "ingest", "a": [{"$ne": 1}], "k": {"x": 1}, "et": 1}).encode(),
        json.dumps({"t": "x", "f": None, "a": "no list", "k": 7, "et": None}).encode(),
        json.dumps({"t": 1, "f": "ingest", "a": ["folder:p0.txt"], "k": {}, "et": None}).encode(),
        json.dumps({"t": "x", "f": "ingest", "a": ["folder:p0.txt"], "k": {}, "et": 1}).encode(),
        json.dumps({"t": 1, "f": "ingest", "a": ["no such file"], "k": {}, "et": 1}).encode(),
    ]
    client = Redis.from_url(scene.world.redis.server.url)
    scene.broken()
    for queue in (jobs.FILES, jobs.CONTROL):
        for number, payload in enumerate(payloads):
            await client.set(f"arq:job:forged{number}", payload)
            await client.zadd(queue, {f"forged{number}": 1})
    await client.zadd(jobs.FILES, {"no payload at all": 1, b"\xff\xfe": 1})
    write(scene.folder, "after.txt", "Person after")
    await client.aclose()
    await scene.recovered()
    if marker.exists():
        raise Lost("a forged payload ran")
    if worker.exitcode is not None:
        raise Lost(f"the worker ended with {worker.exitcode}")


# --------------------------------------------------------------------------------------------------------- MongoDB


async def _says_unavailable(rita: Browser) -> None:
    """503 with Retry-After, and soon."""
    for path in ("/", "/likes"):
        begun = monotonic()
        answer = await rita.get(path)
        seconds = monotonic() - begun
        if answer.status_code != 503 or not answer.headers.get("retry-after"):
            raise Lost(f"{path} answered {answer.status_code} with MongoDB away")
        if seconds > 3.5:
            raise Lost(f"{path} answered after {seconds:.1f} s with MongoDB away")


async def _answers(rita: Browser) -> bool:
    try:
        return (await rita.get("/")).status_code == 200
    except httpx.HTTPError:
        return False


async def _mongo_away(scene: Scene, *, frozen: bool) -> None:
    scene.people(12)
    scene.keep_worker()
    web, base = await scene.web()
    await scene.some(scene.random.randint(2, 6))
    mongo = scene.world.mongo
    async with scene.reader(base) as rita:
        begun = monotonic()
        if frozen:
            mongo.freeze()
        else:
            await mongo.kill()
        write(scene.folder, "meanwhile.txt", "Person meanwhile")
        await _says_unavailable(rita)
        away = 4.0 if scene.short else 30.0
        await asyncio.sleep(max(0.0, away - (monotonic() - begun)))
        scene.broken()
        await mongo.alive()
        await scene.recovered()
        await until(lambda: _answers(rita), "a web server that answers again", 20)
        if not await searches(rita):
            raise Lost("no hits after MongoDB came back")
    if web.exitcode is not None:
        raise Lost("the web server ended")


@case(MONGO, "killed")
async def mongo_killed(scene: Scene) -> None:
    await _mongo_away(scene, frozen=False)


@case(MONGO, "frozen: it takes connections and does not answer")
async def mongo_frozen(scene: Scene) -> None:
    await _mongo_away(scene, frozen=True)


# --------------------------------------------------------------------------------------------------------- disk


@asynccontextmanager
async def _small_disk(where: Path, megabytes: int) -> AsyncIterator[Path]:
    """A file system of its own. Raises CannotMount where this user may not mount one."""
    where.mkdir(parents=True)  # noqa: ASYNC240 - a moment
    options = ["-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(where)]
    mounted = await asyncio.to_thread(subprocess.run, ["mount", *options], capture_output=True, check=False)
    if mounted.returncode:
        raise CannotMount(mounted.stderr.decode().strip())
    try:
        yield where
    finally:
        await asyncio.to_thread(subprocess.run, ["umount", "-l", str(where)], check=True)


class CannotMount(Exception):
    """Only root may mount; the case is then not tried."""


def _fill(disk: Path) -> Path:
    """Takes all the room that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        block = b"x" * 4096
        try:
            while True:
                file.write(block)
        except OSError:
            return filler


@case(DISK, "of the index", quick=os.geteuid() == 0)
async def disk_of_the_index_full(scene: Scene) -> None:
    """No snapshot can be written: the old one stays whole, searches go on, and a snapshot is written by and by."""
    scene.people(6)
    scene.worker()
    async with _small_disk(scene.home / "index", 1) as disk:
        web, base = await scene.web()
        await scene.some(9)
        async with scene.reader(base) as rita:
            await until(lambda: _shows(rita, 3), "hits", 20)
        web.terminate()
        await until(lambda: _gone(web), "the end of the web server", 20)
        old = {path.name: path.read_bytes() for path in (disk / "vectors").iterdir()}
        if not old:
            raise Lost("no snapshot was written at the end")
        filler = _fill(disk)
        web, base = await scene.web()
        write(scene.folder, "more.txt", "Person more\nwrote services in Python")
        scene.broken()
        await scene.recovered()
        async with scene.reader(base, "rita2") as rita:
            await until(lambda: _shows(rita, 4), "hits while the disk is full", 20)
        web.terminate()
        await until(lambda: _gone(web), "the end of the web server", 20)
        now = {path.name: path.read_bytes() for path in (disk / "vectors").iterdir()}
        if now != old:
            raise Lost(f"the old snapshot was touched: {sorted(now)}")
        filler.unlink()
        web, base = await scene.web()
        async with scene.reader(base, "rita3") as rita:
            await until(lambda: _shows(rita, 4), "hits after the disk had room again", 20)
        web.terminate()
        await until(lambda: _gone(web), "the end of the web server", 20)
        if {path.name: path.read_bytes() for path in (disk / "vectors").iterdir()} == old:
            raise Lost("no new snapshot was written")


async def _shows(rita: Browser, count: int) -> bool:
    return await searches(rita) >= count


async def _gone(process: object) -> bool:
    return getattr(process, "exitcode", None) is not None


@case(DISK, "of MongoDB", quick=False)
async def disk_of_mongo_full(scene: Scene) -> None:
    """Nothing can be saved; when there is room again, all goes on by itself."""
    async with _small_disk(scene.home / "disk", 400) as disk, a_world(disk) as world, _on(scene, world):
        filler = _fill(disk)
        scene.people(20)
        for number in range(8):
            write(scene.folder, f"long{number}.txt", f"Person long {number}\n" + f"Python {number} " * 2_000)
        scene.keep_worker()
        await asyncio.sleep(5.0)
        scene.broken()
        filler.unlink()
        if world.mongo.process is not None and world.mongo.process.returncode is not None:
            scene.notes.append("MongoDB had ended and was started again")
        await world.mongo.alive()
        await scene.recovered()
        await scene.close()


@asynccontextmanager
async def _on(scene: Scene, world: World) -> AsyncIterator[None]:
    """The scene moves to other servers for the block."""
    before = scene.database, scene.plan
    client = store.connect(world.mongo.server.url)
    scene.database = await store.open_store(client, "faults", "CVExtractionCollection")
    scene.plan = replace(scene.plan, mongo=world.mongo.server.url, redis=world.redis.server.url, database="faults")
    try:
        yield
    finally:
        await scene.close()
        await client.close()
        scene.database, scene.plan = before
