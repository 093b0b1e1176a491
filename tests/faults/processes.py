"""The worker and the web server as processes of their own, to be killed at any moment.

They are forked from a server process that has loaded every library, so that a start takes a tenth of a second and a
hundred kills do not take an afternoon. All else in them is the app's own, but the embedder: a bag of hashed words.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import SecretStr

from cvmatcher import failpoint, guard, ingest, jobs, reading, start, store, wiring, worker
from cvmatcher.adapters import uploads
from cvmatcher.adapters.breaker import Breaker
from cvmatcher.adapters.drive import DriveSource
from cvmatcher.adapters.faiss_index import FaissIndex
from cvmatcher.adapters.gemini import Gemini, GeminiInterpreter, GeminiReranker, GeminiStructurer
from cvmatcher.adapters.rules_interpreter import RulesInterpreter
from cvmatcher.adapters.rules_reranker import RulesReranker
from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.adapters.uploads import UploadsSource
from cvmatcher.adapters.word_index import TantivyIndex
from cvmatcher.domain import CVText, Unavailable
from cvmatcher.embedders import Embedders
from cvmatcher.indexing import Follower
from cvmatcher.ingest import IngestParts
from cvmatcher.ports import CVSource, Embedder, Structurer
from cvmatcher.quota import CallQuota
from cvmatcher.search import SearchParts
from cvmatcher.settings import Settings
from cvmatcher.store import candidates
from cvmatcher.web.app import create_app
from tests.ingesting import FirstLineStructurer, folder_source, read_plain
from tests.models import OLD, either, named

SECRET = "the harness' own secret key, 32 letters and more"
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])


@dataclass(frozen=True)
class Pace:
    """How long things last: as in production, or as short as a test wants them."""

    lease: float = 1.0
    tick: float = 0.2
    scan: float = 0.5
    slice: float = 3.0
    job: int = 4  # the queue's timeout: it gives a dead worker's jobs back after these and 10 s more


PRODUCTION = Pace(lease=20.0, tick=2.0, scan=30.0, slice=20.0, job=60)


@dataclass(frozen=True)
class Plan:
    """All that a process must know. `pdf`: real files through the guarded reader, instead of plain text."""

    mongo: str
    redis: str
    database: str
    folder: str
    home: str
    pace: Pace = Pace()
    failpoint: str = ""
    pdf: bool = False
    drive: tuple[str, str, str] | None = None  # token, folder id, address
    gemini: str = ""  # address
    structurer: str = "rules/1"
    model: str = OLD  # of the settings
    structure_seconds: float = 2.0  # how long ingestion waits for the model
    burst: bool = False

    @property
    def uploads(self) -> Path:
        return Path(self.folder).parent / "uploads"

    def start(self, what: Callable[[Plan], None]) -> ForkServerProcess:
        process = FORKS.Process(target=what, args=(self,), daemon=False)
        process.start()
        return process


# --------------------------------------------------------------------------------------------------------- parts


def sources_of(plan: Plan) -> dict[str, CVSource]:
    if plan.drive is not None:
        token, folder, url = plan.drive
        return {"drive": DriveSource("drive", token, folder, base_url=url, backoff=0.02, tries=3)}
    return {"folder": folder_source(Path(plan.folder)), "uploads": UploadsSource("uploads", plan.uploads)}


def gemini_of(plan: Plan, queue: jobs.Queue) -> Gemini | None:
    if not plan.gemini:
        return None
    quota = CallQuota(queue, name="gemini", per_minute=6000)
    return Gemini(
        key="local-key",
        model="local",
        base_url=plan.gemini,
        before_call=quota,
        backoff=0.05,
        breaker=Breaker(pause=2.0),
    )


def parts_of(plan: Plan, gemini: Gemini | None) -> IngestParts:
    plain = FirstLineStructurer(plan.structurer)
    rules: Structurer = RulesStructurer() if plan.pdf or gemini else plain

    async def read(data: bytes, name: str, mime: str) -> CVText:
        if plan.pdf:
            return await reading.read_cv(data, name, mime)
        return await _read_moody(data, name, Path(plan.home))

    return IngestParts(
        sources=sources_of(plan),
        read=read,
        structurer=GeminiStructurer(gemini, rules) if gemini else rules,
        rules=rules,
        embedder=named(plan.model),
        other=either,
        secret=SECRET.encode(),
        lease_seconds=plan.pace.lease,
    )


async def _read_moody(data: bytes, name: str, home: Path) -> CVText:
    """Plain text; what begins with `~n` fails n times before it can be read, with `?n` it meets a bug n times, and
    with `#n` it blocks the loop for n seconds at its first try.
    """
    if data[:1] in (b"~", b"?", b"#"):
        notes = home / "tries" / name
        notes.mkdir(parents=True, exist_ok=True)
        tries = len(list(notes.iterdir()))
        (notes / str(tries)).touch()
        if data[:1] == b"#":
            time.sleep(0 if tries else int(data[1:2]))  # noqa: ASYNC251 - that is the fault
        elif tries < int(data[1:2]):
            raise Unavailable("not today") if data[:1] == b"~" else KeyError("a bug of ours")
    return await read_plain(data, name, "")


def _note_readers(home: Path) -> None:
    """Each guarded child's file is noted while it is at it, with the moment of its begin: `readers/PID` in the home."""
    whole = guard._Child.call

    def noted(child: guard._Child, function: str, data: bytes, arguments: dict[str, Any], limits: guard.Limits) -> Any:
        note = home / "readers" / str(child._process.pid)
        note.parent.mkdir(exist_ok=True)
        note.write_text(str(time.monotonic()))
        try:
            return whole(child, function, data, arguments, limits)
        finally:
            note.unlink()

    guard._Child.call = noted  # type: ignore[method-assign, assignment]


def _begin(plan: Plan, name: str) -> None:
    """What is printed goes to a log in the home, where a failed try can be understood."""
    faulthandler.enable()
    log = os.open(Path(plan.home) / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for standard in (1, 2):
        os.dup2(log, standard)
    sys.stdin.close()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(name)s %(message)s")
    failpoint.configure(plan.failpoint)


def _show_tasks_when_asked() -> None:
    """SIGUSR1 prints where each task stands."""

    def show() -> None:
        for task in asyncio.all_tasks():
            task.print_stack(limit=12)
        faulthandler.dump_traceback()

    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, show)


# --------------------------------------------------------------------------------------------------------- worker


def work(plan: Plan) -> None:
    """A worker, until it is told to end or killed; with `burst`, until there is nothing to do."""
    _begin(plan, "worker")
    if plan.pdf:
        _note_readers(Path(plan.home))
    worker.TIMEOUT = plan.pace.job
    ingest.STRUCTURE_SECONDS = min(ingest.STRUCTURE_SECONDS, plan.structure_seconds)
    uploads.ABANDONED = 2.0
    ingest.FIRST_WAIT = min(ingest.FIRST_WAIT, 4 * plan.pace.tick)
    asyncio.run(_work(plan))


async def _work(plan: Plan) -> None:
    _show_tasks_when_asked()
    client = store.connect(plan.mongo)
    await store.open_store(client, plan.database, "CVExtractionCollection")
    queue = await jobs.open_queue(plan.redis)
    gemini = gemini_of(plan, queue)
    parts = worker.WorkerParts(
        ingest=parts_of(plan, gemini),
        queue=queue,
        redis_url=plan.redis,
        scan_seconds=plan.pace.scan,
        concurrency=2,
        tick_seconds=plan.pace.tick,
        slice_seconds=plan.pace.slice,
    )
    try:
        await (worker.drain if plan.burst else worker.serve)(parts)
    finally:
        if gemini:
            await gemini.aclose()
        await jobs.close_queue(queue)
        await client.close()


# --------------------------------------------------------------------------------------------------------- web


def serve(plan: Plan) -> None:
    """The web server; its address is written to `web.url` in the home once it answers."""
    _begin(plan, "web")
    asyncio.run(_serve(plan))


@contextlib.asynccontextmanager
async def services(plan: Plan, database: store.Database) -> AsyncIterator[wiring.Services]:
    """Services as wiring makes them, with the light embedder; the follower is not started."""
    queue = await jobs.open_queue(plan.redis)
    gemini = gemini_of(plan, queue)
    made = _services(plan, database, queue, gemini)
    try:
        yield made
    finally:
        if gemini:
            await gemini.aclose()
        await jobs.close_queue(queue)


def _services(plan: Plan, database: store.Database, queue: jobs.Queue, gemini: Gemini | None) -> wiring.Services:
    embedder = named(plan.model)
    vectors = FaissIndex(embedder.model_id, embedder.dimension, Path(plan.home) / "index" / "vectors")
    words = TantivyIndex()
    parts = parts_of(plan, gemini)
    settings = Settings(
        _env_file=None,
        secret_key=SecretStr(SECRET),
        cvmatcher_home=Path(plan.home),
        cv_folder=Path(plan.folder),
    )
    services = wiring.Services(
        settings=settings,
        database=database,
        queue=queue,
        sources=dict(parts.sources),
        structurer=parts.structurer,
        rules_structurer=parts.rules,
        embedder=embedder,  # light: that is its point
        vectors=vectors,
        words=words,
        follower=Follower(vectors, words, compare_seconds=plan.pace.tick * 5),
        search=search_parts(embedder, vectors, words, gemini),
        ingest=parts,
        gemini=gemini,
        embedders=Embedders(named),
    )
    services.follower.models = services
    return services


def search_parts(embedder: Embedder, vectors: FaissIndex, words: TantivyIndex, gemini: Gemini | None) -> SearchParts:
    return SearchParts(
        embedder=embedder,
        vectors=vectors,
        words=words,
        rules=RulesInterpreter(),
        model=GeminiInterpreter(gemini) if gemini else None,
        judge_by_rules=RulesReranker(),
        judge_by_model=GeminiReranker(gemini) if gemini else None,
        read_candidates=candidates.by_ids,
    )


async def _serve(plan: Plan) -> None:
    _show_tasks_when_asked()
    client = store.connect(plan.mongo)
    database = await store.open_store(client, plan.database, "CVExtractionCollection")
    async with client, services(plan, database) as made, made.follower:
        server = uvicorn.Server(
            uvicorn.Config(create_app(made), host="127.0.0.1", port=0, timeout_graceful_shutdown=2, log_level="info")
        )
        telling = asyncio.create_task(_tell(server, Path(plan.home) / "web.url"))
        await start.serve(server)
        await telling


async def _tell(server: uvicorn.Server, where: Path) -> None:
    while not server.started:  # noqa: ASYNC110 - uvicorn tells no other way
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    beside = where.with_suffix(".new")
    beside.write_text(f"http://127.0.0.1:{port}")
    beside.replace(where)
