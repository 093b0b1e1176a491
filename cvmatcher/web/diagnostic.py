"""Is it alive, is it ready, and what is wrong: one list of checks for people, machines and probes."""

from __future__ import annotations

import asyncio
import platform
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Literal

import pymongo
from litestar import Response, get
from pymongo.errors import PyMongoError
from redis.exceptions import RedisError

from cvmatcher.domain import AppError
from cvmatcher.store import candidates, sources, speed, workers
from cvmatcher.store import live as live_model
from cvmatcher.web.auth import admin, open_to_all
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.parts import Web
from cvmatcher.web.request import WebRequest
from cvmatcher.wiring import Services

State = Literal["ok", "warn", "fail"]
PATIENCE = 5.0  # seconds a check may take
LOW_DISK = 2 << 30
FULL_DISK = 200 << 20
PACKAGES = ("cvmatcher", "litestar", "pymongo", "beanie", "faiss-cpu", "pymupdf", "tantivy", "arq")


@dataclass(frozen=True, slots=True)
class Check:
    """One check. `title` and `remedy` are sentences of the catalogs, `detail` is a fact without language."""

    name: str
    title: str
    state: State
    detail: str = ""
    remedy: str = ""
    ms: int = 0


@dataclass(frozen=True, slots=True)
class Found:
    state: State
    detail: str = ""
    remedy: str = ""


async def _mongo(services: Services) -> Found:
    with pymongo.timeout(PATIENCE / 2):
        info = await services.database.client.server_info()
    return Found("ok", str(info.get("version", "?")))


async def _redis(services: Services) -> Found:
    await services.queue.ping()
    info = await services.queue.info("server")
    return Found("ok", str(info.get("redis_version", "?")))


async def _worker(_services: Services) -> Found:
    alive = await workers.alive()
    if not alive:
        return Found("fail", "0", _("Start one with “cvmatcher worker”, or the whole with “cvmatcher up”."))
    return Found("ok", str(len(alive)))


async def _index(services: Services) -> Found:
    stored = await candidates.count()
    indexed = len(services.vectors.stats().candidates)
    worded = len(services.words.stats().candidates)
    detail = f"{indexed} / {worded} / {stored}"
    if indexed == worded == stored:
        return Found("ok", detail)
    return Found("warn", detail, _("It follows within seconds. If it does not, run “cvmatcher check --repair”."))


async def _embedder(services: Services) -> Found:
    await services.embedder.embed(["bonjour"], "query")
    detail = f"{services.embedder.model_id} · {services.embedder.dimension}"
    state = await live_model.get()
    if state is None or state.model_id == services.embedder.model_id:
        return Found("ok", detail)
    remedy = _("The vectors are of another model, which cannot be loaded here: people are found by words only.")
    return Found("fail", f"{detail} ≠ {state.model_id}", remedy)


async def _gemini(services: Services) -> Found:
    if services.gemini is None:
        return Found("warn", "", _("Rules read and judge the CVs. For the language model, set GEMINI_API_KEY."))
    if await services.ai_is_off():
        return Found("warn", services.settings.gemini_model, _("Switched off under “Personal data”: rules do all."))
    await services.gemini.check()
    return Found("ok", services.settings.gemini_model)


async def _sources(services: Services) -> Found:
    known = {one.name: one for one in await sources.all_states()}
    failing = [name for name in services.sources if name in known and known[name].error]
    if failing:
        said = "; ".join(f"{name}: {known[name].error}" for name in failing)
        return Found(
            "fail", said, _("Check the folder, or the sharing and token of Drive; it is tried again by itself.")
        )
    unseen = [name for name in services.sources if name not in known or known[name].done_at is None]
    if unseen:
        return Found("warn", ", ".join(unseen), _("Not looked at yet; the worker does it every SCAN_SECONDS."))
    return Found("ok", ", ".join(services.sources))


async def _drive(services: Services) -> Found:
    if services.drive is None:
        remedy = _("The local folder is used. For Drive, set GOOGLE_TOKEN_JSON and GOOGLE_DRIVE_FOLDER_ID.")
        return Found("warn", str(services.settings.folder), remedy)
    await services.drive.check()
    return Found("ok", services.settings.google_drive_folder_id or "")


async def _disk(services: Services) -> Found:
    usage = await asyncio.to_thread(shutil.disk_usage, services.settings.cvmatcher_home)
    detail = f"{usage.free / (1 << 30):.1f} GB / {usage.total / (1 << 30):.1f} GB"
    remedy = _("Make room on the disk of CVMATCHER_HOME.")
    if usage.free < FULL_DISK:
        return Found("fail", detail, remedy)
    return Found("warn", detail, remedy) if usage.free < LOW_DISK else Found("ok", detail)


Look = Callable[[Services], Awaitable[Found]]
CHECKS: tuple[tuple[str, str, Look, str], ...] = (
    ("mongodb", _("Documents (MongoDB)"), _mongo, _("Start MongoDB or correct MONGO_URI.")),
    ("redis", _("Queue (Redis)"), _redis, _("Start Redis or correct REDIS_URL. Search goes on without it.")),
    ("worker", _("Worker"), _worker, ""),
    ("index", _("Index (vectors / words / documents)"), _index, ""),
    ("embedder", _("Embedding model"), _embedder, _("Check EMBEDDING_MODEL and the disk space of CVMATCHER_HOME.")),
    ("gemini", _("Language model (Gemini)"), _gemini, ""),
    ("sources", _("Sources of CVs"), _sources, ""),
    ("drive", _("Google Drive"), _drive, ""),
    ("disk", _("Disk"), _disk, ""),
)


async def _checked(services: Services, name: str, title: str, look: Look, remedy: str) -> Check:
    begun = time.perf_counter()
    try:
        async with asyncio.timeout(PATIENCE):
            found = await look(services)
    except (AppError, PyMongoError, RedisError, OSError, TimeoutError, ValueError) as error:
        found = Found("fail", f"{type(error).__name__}: {error}"[:300], remedy)
    ms = round((time.perf_counter() - begun) * 1000)
    return Check(name, title, found.state, found.detail, found.remedy, ms)


async def checks(services: Services) -> list[Check]:
    """All checks at once, each bounded in time."""
    return list(await asyncio.gather(*(_checked(services, *one) for one in CHECKS)))


async def check(services: Services, name: str) -> Check:
    """One of CHECKS by its name."""
    return await _checked(services, *next(one for one in CHECKS if one[0] == name))


async def _speed() -> dict[str, list[speed.Stage]]:
    """Milliseconds by stage; none of either where MongoDB does not answer, which is a check's business to say."""
    try:
        with pymongo.timeout(PATIENCE):
            return {"turns": await speed.of_turns(), "files": await speed.of_reading()}
    except PyMongoError:
        return {"turns": [], "files": []}


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in PACKAGES}


@get("/diagnostic", guards=[admin])
async def diagnostic(request: WebRequest, web: Web) -> Response[Any]:
    found = await checks(web.services)
    ok = all(one.state != "fail" for one in found)
    say = web.render.say
    rows = [
        asdict(one)
        | {"title": say(request.viewer, one.title), "remedy": one.remedy and say(request.viewer, one.remedy)}
        for one in found
    ]
    taken = {name: [one.model_dump() for one in stages] for name, stages in (await _speed()).items()}
    body = {"ok": ok, "checks": rows, "milliseconds": taken, "versions": _versions()}
    return Response(body, status_code=200 if ok else 503)


@get("/diagnostic-ui", guards=[admin])
async def diagnostic_page(request: WebRequest, web: Web) -> Response[Any]:
    found = await checks(web.services)
    taken = await _speed()
    return web.render.page(
        request.viewer, "diagnostic/diagnostic.html", checks=found, speed=taken, days=speed.DAYS, versions=_versions()
    )


# ---------------------------------------------------------------------------------------------------------- probes


@get("/health", guards=[open_to_all])
async def health(web: Web) -> Response[Any]:
    """Live: this answers. Ready: documents can be read and the index is filled. Says nothing else to strangers."""
    documents = (await _checked(web.services, "mongodb", "", _mongo, "")).state == "ok"
    index = web.services.follower.stats().ready
    ready = documents and index
    body = {"live": True, "ready": ready, "documents": documents, "index": index}
    return Response(body, status_code=200 if ready else 503)


@get("/health/live", guards=[open_to_all])
async def live() -> Response[Any]:
    return Response({"live": True})


HANDLERS = (diagnostic, diagnostic_page, health, live)
