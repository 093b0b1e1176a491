"""Rows: damaged snapshots of the index, two workers and two admins, readers who leave, orderly ends."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import psutil

from cvmatcher import jobs
from cvmatcher.domain import Conflict, Ended, EndState
from cvmatcher.store import jobs as job_store
from cvmatcher.store import turns, workers
from tests.faults.case import Run, case
from tests.faults.stores import searches
from tests.faults.world import Lost, Scene, ended, until
from tests.ingesting import write
from tests.servers import gemini as wire
from tests.servers.gemini import GeminiServer
from tests.site import Browser, turn_in

INDEX = "torn, bit-flipped or missing index file; web reloading during a save"
TWO = "two workers, two admins"
LEAVES = "reader leaves mid-stream, reads slowly, SIGTERM"


# --------------------------------------------------------------------------------------------------------- snapshot


async def _with_a_snapshot(scene: Scene) -> Path:
    """Five people searchable, and a web server that has ended and left its snapshot."""
    scene.people(5, extra=False)
    scene.worker()
    web, _ = await scene.web()
    await scene.recovered()
    web.terminate()
    await ended(web)
    folder = scene.home / "index" / "vectors"
    if not (folder / "manifest.json").exists():
        raise Lost("no snapshot was left")
    return folder


def _damaged(damage: Callable[[Scene, Path], None]) -> Run:
    async def run(scene: Scene) -> None:
        folder = await _with_a_snapshot(scene)
        damage(scene, folder)
        write(scene.folder, "new.txt", "Person new\nwrote services in Python")
        scene.broken()
        _, base = await scene.web()
        async with scene.reader(base) as rita:
            if await searches(rita) < 5:
                raise Lost("a search over a damaged snapshot finds too few")
            await scene.recovered()
            await until(lambda: _shows(rita, 6), "the new person in a search", 20)

    return run


async def _shows(rita: Browser, count: int) -> bool:
    return await searches(rita) >= count


def _vectors(folder: Path) -> Path:
    return next(folder.glob("vectors-*.faiss"))


def _tear(scene: Scene, path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: scene.random.randrange(len(data))])


def _flip(scene: Scene, path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[scene.random.randrange(len(data))] ^= 1 << scene.random.randrange(8)
    path.write_bytes(bytes(data))


DAMAGE: dict[str, Callable[[Scene, Path], None]] = {
    "vectors torn": lambda scene, folder: _tear(scene, _vectors(folder)),
    "vectors: one bit flipped": lambda scene, folder: _flip(scene, _vectors(folder)),
    "vectors missing": lambda _, folder: _vectors(folder).unlink(),
    "manifest torn": lambda scene, folder: _tear(scene, folder / "manifest.json"),
    "manifest: one bit flipped": lambda scene, folder: _flip(scene, folder / "manifest.json"),
    "manifest missing": lambda _, folder: (folder / "manifest.json").unlink(),
}
for _name, _damage in DAMAGE.items():
    case(INDEX, _name, quick=_name in {"vectors torn", "vectors: one bit flipped"})(_damaged(_damage))


@case(INDEX, "killed while it saves", quick=False)
async def killed_in_a_save(scene: Scene) -> None:
    """Every removal makes the next comparison save: killed at random times among many saves."""
    scene.people(8, extra=False)
    scene.worker()
    await scene.recovered()
    for number in range(3 if scene.short else 6):
        web, _ = await scene.web()
        write(scene.folder, f"n{number}.txt", f"Person new {number}\nwrote services in Python")
        (scene.folder / f"p{number}.txt").unlink()
        await asyncio.sleep(scene.random.uniform(0, 2.0))
        scene.broken()
        web.kill()
        await ended(web)
    _, base = await scene.web()
    await scene.recovered()
    async with scene.reader(base) as rita:
        await until(lambda: _shows(rita, 8), "everybody in a search", 20)


# --------------------------------------------------------------------------------------------------------- two


@case(TWO, "two workers share the work, one dies")
async def two_workers(scene: Scene) -> None:
    scene.people(16)
    first, _ = scene.worker(), scene.worker()
    await asyncio.sleep(scene.random.uniform(0.2, 1.5))
    scene.broken()
    first.kill()
    await scene.recovered()


@case(TWO, "the second admin is told who runs it")
async def two_admins(scene: Scene) -> None:
    scene.people(6)
    scene.worker()
    queue = await jobs.open_queue(scene.plan.redis)
    scene.broken()
    asked = await asyncio.gather(
        *(jobs.request_rebuild(queue, by=f"admin {n}") for n in range(4)), return_exceptions=True
    )
    begun = [one for one in asked if isinstance(one, job_store.Job)]
    refused = [one for one in asked if isinstance(one, Conflict)]
    await jobs.close_queue(queue)
    if len(begun) != 1 or len(refused) != 3:
        raise Lost(f"{len(begun)} jobs of a kind were started")
    if any(one.details.get("started_by") != begun[0].started_by for one in refused):
        raise Lost("the second admin is not told who runs it")
    await until(lambda: _over(begun[0].id), "the end of the job")
    await scene.recovered()


async def _over(job_id: str) -> bool:
    job = await job_store.get(job_id)
    return job is not None and job.state in {"done", "failed", "cancelled"}


@case(TWO, "two web processes")
async def two_web_processes(scene: Scene) -> None:
    """Both follow, a turn begun on one is read on the other, and when one is killed the other goes on."""
    scene.people(6, extra=False)
    scene.worker()
    first, one = await scene.web()
    _, other = await scene.web()
    await scene.recovered()
    async with scene.reader(one) as rita, scene.reader(other, "rita2") as ruth:
        for number in range(2):
            write(scene.folder, f"new{number}.txt", f"Person new {number}\nwrote services in Python")
            await until(lambda: _shows(rita, 7 + number), "the new person on the first", 20)  # noqa: B023 - awaited here
            await until(lambda: _shows(ruth, 7 + number), "the new person on the second", 20)  # noqa: B023
        rita.http.base_url, begun = httpx.URL(other), rita.http.base_url
        if not await searches(rita):
            raise Lost("a session of one process means nothing to the other")
        rita.http.base_url = begun
        (scene.folder / "p0.txt").unlink()
        scene.broken()
        first.kill()
        await ended(first)
        await scene.recovered()
        if not await searches(ruth):
            raise Lost("the second process finds nobody")


@case(INDEX, "a web process starts while another saves", quick=False)
async def loads_while_another_saves(scene: Scene) -> None:
    """Both keep one folder; every removal makes the running one save."""
    scene.people(12, extra=False)
    scene.worker()
    await scene.web()
    await scene.recovered()
    for number in range(4):
        (scene.folder / f"p{number}.txt").unlink()
        await asyncio.sleep(scene.random.uniform(0, 1.0))
        scene.broken()
        web, base = await scene.web()
        async with scene.reader(base, f"rita{number}") as rita:
            if await searches(rita) < 8:
                raise Lost("a search finds too few")
        web.terminate()
        await ended(web)
    await scene.recovered()


# --------------------------------------------------------------------------------------------------------- leaving


@case(LEAVES, "stop cancels the model's calls; a reader who leaves cancels nothing")
async def leaves(scene: Scene) -> None:
    with GeminiServer() as server:
        server.always(wire.hang())
        scene.plan = replace(scene.plan, gemini="")
        scene.people(5, extra=False)
        scene.worker()
        await scene.recovered()
        web, base = await scene.web(gemini=server.url)
        async with scene.reader(base) as rita:
            turn = turn_in((await rita.htmx("/turns", {"message": "services in Python, Lyon"})).text)
            await server.arrived(1)
            for _ in range(20):
                await _leave_early(rita, turn)
            if await _is_over(turn):
                raise Lost("a reader who left ended the turn")
            scene.broken()
            await rita.htmx(f"/turns/{turn}/stop")
            await until(lambda: _is_over(turn), "the turn's end", 5)
            await until(lambda: _no_connection(web.pid or 0, server.url), "the model's calls cancelled", 5)
        await scene.recovered()


async def _leave_early(rita: Browser, turn: str) -> None:
    with suppress(httpx.HTTPError):
        async with rita.http.stream("GET", f"/turns/{turn}/events", headers={"Accept": "text/event-stream"}) as stream:
            async for _ in stream.aiter_bytes():
                return


async def _is_over(turn: str) -> bool:
    seen = await turns.events(turn)
    return bool(seen) and isinstance(seen[-1][1], Ended)


async def _no_connection(pid: int, url: str) -> bool:
    port = int(url.rpartition(":")[2])
    found = psutil.Process(pid).net_connections()
    return not [one for one in found if one.raddr and one.raddr.port == port and one.status == psutil.CONN_ESTABLISHED]


SLOW_READERS, MOST_GROWTH = 40, 100 << 20  # bytes


@case(LEAVES, "readers who take a byte at a time", quick=False)
async def read_slowly(scene: Scene) -> None:
    """Forty of them on one turn: the turn ends in its time, others are served, memory stays, and when they go
    no task of theirs is left.
    """
    with GeminiServer() as server:
        server.always(wire.drip({"verdicts": []}))
        scene.people(30, extra=False)
        scene.worker()
        await scene.recovered()
        web, base = await scene.web(gemini=server.url)
        async with scene.reader(base) as rita:
            await searches(rita, "Java")  # what the first search loads is not the readers' doing
            before = _memory(web.pid or 0)
            turn = turn_in((await rita.htmx("/turns", {"message": "services in Python, Lyon"})).text)
            scene.broken()
            readers = [asyncio.create_task(_sip(base, rita, turn)) for _ in range(SLOW_READERS)]
            await until(lambda: _is_over(turn), "the turn's end", 22)
            if await searches(rita) < 1:
                raise Lost("no hits beside slow readers")
            growth = _memory(web.pid or 0) - before
            for reader in readers:
                reader.cancel()
            taken = sum(
                each for each in await asyncio.gather(*readers, return_exceptions=True) if isinstance(each, int)
            )
            await until(lambda: _few_readers(web.pid or 0, base), "their connections closed", 40)
        scene.notes.append(f"memory grew by {growth >> 20} MB, {taken} bytes taken")
        if growth > MOST_GROWTH or not taken:
            raise Lost(f"{SLOW_READERS} slow readers took {taken} bytes and cost {growth >> 20} MB")
        await scene.recovered()


def _memory(pid: int) -> int:
    return int(psutil.Process(pid).memory_info().rss)


async def _few_readers(pid: int, base: str) -> bool:
    """Hardly anyone is connected to the web server any more."""
    port = httpx.URL(base).port
    there = [one for one in psutil.Process(pid).net_connections() if one.laddr.port == port and one.raddr]
    return len(there) <= 3


async def _sip(base: str, rita: Browser, turn: str) -> int:
    """A byte at a time from a socket that holds next to nothing, until cancelled; how many were taken."""
    address = httpx.URL(base)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    connection.setblocking(False)
    loop, taken = asyncio.get_running_loop(), 0
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in rita.http.cookies.jar)
    lines = (f"GET /turns/{turn}/events HTTP/1.1", f"Host: {address.host}:{address.port}", f"Cookie: {cookies}")
    with closing(connection), suppress(asyncio.CancelledError):
        await loop.sock_connect(connection, (address.host, address.port or 80))
        await loop.sock_sendall(connection, "\r\n".join([*lines, "Accept: text/event-stream", "", ""]).encode())
        while await loop.sock_recv(connection, 1):
            taken += 1
            await asyncio.sleep(0.02)
    return taken


@case(LEAVES, "SIGTERM of the web server in the middle of a turn")
async def web_ends(scene: Scene) -> None:
    with GeminiServer() as server:
        server.always(wire.hang())
        scene.people(5, extra=False)
        scene.worker()
        await scene.recovered()
        web, base = await scene.web(gemini=server.url)
        async with scene.reader(base) as rita:
            turn = turn_in((await rita.htmx("/turns", {"message": "services in Python, Lyon"})).text)
            await server.arrived(1)
            reading = asyncio.create_task(_leave_at_the_end(rita, turn))
            scene.broken()
            web.terminate()
            code = await ended(web, 15)
            await reading
        if code != 0:
            raise Lost(f"the web server ended with {code}")
        if (await turns.events(turn))[-1][1] != Ended(state=EndState.INTERRUPTED):
            raise Lost("the turn was not told to be interrupted")
        _, base = await scene.web()
        async with scene.reader(base, "rita2") as rita:
            if not await searches(rita):
                raise Lost("no hits after the restart")
        await scene.recovered()


async def _leave_at_the_end(rita: Browser, turn: str) -> None:
    with suppress(httpx.HTTPError):
        await rita.http.get(f"/turns/{turn}/events", headers={"Accept": "text/event-stream"})


@case(LEAVES, "SIGTERM of a worker in the middle of its files")
async def worker_ends(scene: Scene) -> None:
    scene.people(16)
    first = scene.worker()
    await scene.some(scene.random.randint(1, 8))
    scene.broken()
    first.terminate()
    code = await ended(first, 15)
    if code != 0 or await workers.alive():
        raise Lost(f"the worker ended with {code}")
    await scene.sound_so_far()
    scene.worker()
    await scene.recovered()
