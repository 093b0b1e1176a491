"""The servers of the harness, which a case may kill, freeze and start again, and the scene of one try.

Owns what is checked after every fault: each file of the source is where it belongs, nobody is lost or doubled, and the
indexes hold what MongoDB holds.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import secrets
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from time import monotonic
from typing import Any

from redis.asyncio import Redis

from cvmatcher import consistency, embedded, failpoint, store
from cvmatcher.domain import FileState, QuarantineReason
from cvmatcher.store import ledger, vectors
from tests.faults import processes
from tests.faults.processes import Plan
from tests.ingesting import all_candidates, assert_sound, write
from tests.site import PASSWORD, Browser, person

PATIENCE = 90.0  # seconds for a recovery, as issue 4 sets it


class Lost(AssertionError):
    """The invariant does not hold. `lost` and `doubled` count people."""

    def __init__(self, message: str, lost: int = 0, doubled: int = 0) -> None:
        super().__init__(message)
        self.lost, self.doubled = lost, doubled


async def until(condition: Callable[[], Awaitable[bool]], what: str, seconds: float = PATIENCE) -> None:
    """Waits until the condition holds. Raises Lost after `seconds`, also where a library swallows the timeout."""
    over = monotonic() + seconds
    try:
        async with asyncio.timeout(seconds):
            while not (met := await condition()) and monotonic() < over:  # noqa: ASYNC110 - in other processes
                await asyncio.sleep(0.03)
    except TimeoutError:
        met = False
    if not met:
        raise Lost(f"never saw {what}")


# --------------------------------------------------------------------------------------------------------- servers


@dataclass
class Served:
    """One embedded server, as often as it is started."""

    server: embedded.Server
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self.process = await embedded.spawn(self.server)
        await embedded.READY[self.server.name](self.server, self.process)

    async def kill(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    def freeze(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGCONT)

    async def alive(self) -> None:
        """Running and answering, whatever a case has done to it."""
        if self.process is None or self.process.returncode is not None:
            await self.start()
        self.thaw()

    async def stop(self) -> None:
        if self.process is not None:
            self.thaw()
            await embedded.terminate(self.process)


@dataclass
class World:
    """MongoDB and Redis on a temporary home."""

    home: Path
    mongo: Served
    redis: Served


@asynccontextmanager
async def a_world(home: Path | None = None) -> AsyncIterator[World]:
    """Both servers, for the block. `home`: where they keep their files, instead of a temporary folder."""
    folder = home or Path(tempfile.mkdtemp(prefix="cvm-faults-"))
    async with AsyncExitStack() as stack:
        if home is None:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        mongo, redis = Served(await embedded.prepare_mongo(folder)), Served(embedded.prepare_redis(folder))
        stack.callback(embedded.discard_socket, redis.server)
        for one in (mongo, redis):
            stack.push_async_callback(one.stop)
            await one.start()
        yield World(folder, mongo, redis)


# --------------------------------------------------------------------------------------------------------- the scene


@dataclass
class Scene:
    """One try: a database, a folder, processes, and what ought to be found in the end."""

    world: World
    database: store.Database
    plan: Plan
    random: random.Random
    short: bool  # the quick form: shorter waits, fewer repetitions
    refused: dict[str, QuarantineReason] = field(default_factory=dict)  # file id -> why
    contents: Callable[[], dict[str, bytes]] | None = None  # file id -> bytes, where the source is no folder
    any_reason: bool = False  # what cannot be read may have any reason
    patience: float = PATIENCE  # seconds for a recovery
    processes: list[ForkServerProcess] = field(default_factory=list)
    broken_at: float = 0.0
    recovery: float = 0.0  # seconds from the fault to the invariant
    notes: list[str] = field(default_factory=list)
    _keepers: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return Path(self.plan.folder)

    @property
    def home(self) -> Path:
        return Path(self.plan.home)

    # ----------------------------------------------------------------------------------------------------- files

    def people(self, count: int, *, extra: bool = True) -> None:
        """Plain-text CVs, and among them copies, a file that cannot be read and one that needs several tries."""
        for number in range(count):
            write(self.folder, f"p{number}.txt", f"Person {number}\nwrote services in Python in Lyon, year {number}")
        if extra:
            write(self.folder, "below/copy of 0.txt", (self.folder / "p0.txt").read_text())
            write(self.folder, "later.txt", "~1 Person later\nPython")
            self.refuse("broken.txt", "!damaged", QuarantineReason.DAMAGED)

    def refuse(self, name: str, text: str, reason: QuarantineReason) -> None:
        write(self.folder, name, text)
        self.refused[name] = reason

    def wanted(self) -> dict[str, bytes]:
        """What the source holds: file id -> bytes."""
        if self.contents is not None:
            return self.contents()
        paths = [path for path in self.folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
        return {path.relative_to(self.folder).as_posix(): path.read_bytes() for path in paths}

    # ----------------------------------------------------------------------------------------------------- processes

    def worker(self, failpoint: str = "", **changes: Any) -> ForkServerProcess:
        process = replace(self.plan, failpoint=failpoint, **changes).start(processes.work)
        self.processes.append(process)
        return process

    def keep_worker(self, **changes: Any) -> None:
        """A worker that is started again whenever it ends, as the supervisor does."""

        async def keep() -> None:
            while True:
                process = self.worker(**changes)
                await ended(process, seconds=3600)
                await asyncio.sleep(0.2)

        self._keepers.append(asyncio.create_task(keep()))

    async def web(self, failpoint: str = "", **changes: Any) -> tuple[ForkServerProcess, str]:
        """A web process that answers, and its address."""
        where = self.home / "web.url"
        where.unlink(missing_ok=True)
        process = replace(self.plan, failpoint=failpoint, **changes).start(processes.serve)
        self.processes.append(process)
        await until(_is(lambda: where.exists() or process.exitcode is not None), "a web server that answers", 60)
        if not where.exists():
            raise Lost(f"the web server ended at its start ({process.exitcode})")
        return process, where.read_text()

    @asynccontextmanager
    async def reader(self, base: str, name: str = "rita") -> AsyncIterator[Browser]:
        """Somebody signed in."""
        await person(name)
        async with Browser(base) as browser:
            await browser.sign_in(name, PASSWORD)
            yield browser

    # ----------------------------------------------------------------------------------------------------- the check

    def broken(self) -> None:
        """The fault happens now."""
        self.broken_at = monotonic()

    async def some(self, count: int) -> None:
        """Until so many files are done."""

        async def reached() -> bool:
            sums = await ledger.sums()
            return sum(n for state, n in sums.items() if state is not FileState.IN_PROGRESS) >= count

        await until(reached, f"{count} files done")

    async def recovered(self) -> None:
        """Waits until everything is where it belongs, and checks that it is. Raises Lost."""
        try:
            await until(self._settled, "every file of the source dealt with", self.patience)
        except Lost as error:
            raise Lost(f"{error}: {await self._unsettled()}") from error
        self.recovery = monotonic() - self.broken_at if self.broken_at else 0.0
        lost, doubled = await self._counted()
        if lost or doubled:
            raise Lost(f"{lost} lost, {doubled} doubled", lost, doubled)
        for row in await ledger.each():
            expected = self.refused.get(row.file_id)
            if not self.any_reason and (row.reason or None) is not expected:
                raise Lost(f"{row.key}: {row.reason}, not {expected}: {row.detail}")
        await assert_sound()
        await self._agree()

    async def sound_so_far(self) -> None:
        """What must hold even in the middle of a mess."""
        await assert_sound(settled=False)
        _, doubled = await self._counted()
        if doubled:
            raise Lost(f"{doubled} doubled in the middle", 0, doubled)

    async def _settled(self) -> bool:
        return not await self._unsettled()

    async def _unsettled(self) -> list[str]:
        """What is still to be dealt with, in words."""
        rows = {row.file_id: row for row in await ledger.each() if row.state is not FileState.REMOVED}
        hashes = {file_id: hashlib.sha256(data).hexdigest() for file_id, data in self.wanted().items()}
        settled = (FileState.SEARCHABLE, FileState.DUPLICATE)
        busy = FileState.IN_PROGRESS
        return [
            *(f"{key} is in progress ({row.detail})" for key, row in rows.items() if row.state is busy),
            *(f"{key} is not known" for key in hashes.keys() - rows.keys()),
            *(f"{key} is still there" for key in rows.keys() - hashes.keys()),
            *(f"{key} is an old one" for key, row in rows.items()
              if row.state in settled and key in hashes and row.content_hash != hashes[key]),
        ]  # fmt: skip

    async def _counted(self) -> tuple[int, int]:
        """(contents of the source without a candidate, candidates too many)."""
        refused = set(self.refused)
        if self.any_reason:
            refused = {row.file_id for row in await ledger.each() if row.state is FileState.QUARANTINED}
        readable = {key: data for key, data in self.wanted().items() if key not in refused}
        hashes = {hashlib.sha256(data).hexdigest() for data in readable.values()}
        held = Counter(candidate.content_hash for candidate in await all_candidates())
        return len(hashes - held.keys()), sum(count - 1 for count in held.values())

    async def _agree(self) -> None:
        """A follower that starts now, and `check`, both see that index = database = source."""
        plan = replace(self.plan, home=str(self.home / "check"))
        async with processes.services(plan, self.database) as fresh, fresh.follower as follower:
            held = fresh.vectors.stats().candidates
            if held != await vectors.hashes() or fresh.words.stats().candidates != held:
                raise Lost(f"a fresh index holds other candidates than MongoDB: {follower.stats()}")
            folders = {} if self.plan.drive else fresh.sources
            parts = consistency.CheckParts(
                sources=folders,
                indexes={"vectors": fresh.vectors, "words": fresh.words},
                model_id=fresh.embedder.model_id,
                secret=fresh.ingest.secret,
            )
            report = await consistency.check(parts)
            if not report["ok"]:
                raise Lost(f"check: {report['differences']}")

    async def told(self) -> str:
        """The ends of the processes' logs, with where each of their tasks stands now."""
        for process in self.processes:
            with suppress(ProcessLookupError):
                os.kill(process.pid or 0, signal.SIGUSR1)
        await asyncio.sleep(0.5)
        logs = [self.home / f"{name}.log" for name in ("worker", "web")]
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-20_000:]}" for log in logs if log.exists())

    async def close(self) -> None:
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        for process in self.processes:
            if process.exitcode is None:
                process.kill()
            await ended(process)
            process.close()
        self.processes.clear()
        self._keepers.clear()


def _is(condition: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return condition()

    return holds


async def ended(process: ForkServerProcess, seconds: float = 30.0) -> int:
    """Waits for the end of a process; its exit code, negative for a signal."""
    await until(_is(lambda: process.exitcode is not None), f"the end of process {process.pid}", seconds)
    return int(process.exitcode or 0)


async def killed(process: ForkServerProcess) -> None:
    """Waits until the process has died by its failpoint. Raises Lost when it ended otherwise."""
    code = await ended(process, PATIENCE)
    if code != -signal.SIGKILL:
        raise Lost(f"the process was to be killed and ended with {code}")


@asynccontextmanager
async def a_scene(world: World, seed: int, *, short: bool = False, keep: bool = False) -> AsyncIterator[Scene]:
    """A fresh database (it goes with the world), an empty Redis, empty folders. `keep` leaves the home for a look."""
    await world.mongo.alive()
    await world.redis.alive()
    redis = Redis.from_url(world.redis.server.url)
    await redis.flushall()
    await redis.aclose()
    home = Path(tempfile.mkdtemp(prefix="try-", dir=world.home))
    (home / "cvs").mkdir()
    client = store.connect(world.mongo.server.url)
    name = f"faults_{secrets.token_hex(6)}"
    database = await store.open_store(client, name, "CVExtractionCollection")
    plan = Plan(world.mongo.server.url, world.redis.server.url, name, str(home / "cvs"), str(home))
    scene = Scene(world, database, plan, random.Random(seed), short)  # noqa: S311 - it must repeat
    try:
        yield scene
    finally:
        failpoint.configure(None)
        await scene.close()
        await world.mongo.alive()
        await world.redis.alive()
        await client.close()
        if not keep:
            shutil.rmtree(home, ignore_errors=True)
