"""`cvmatcher up`: the embedded servers, the worker and the web server as children of one process.

A child that dies is started again within 5 s; at the end those that use a server end before the server.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from cvmatcher import embedded, home
from cvmatcher.domain import Conflict, Unavailable
from cvmatcher.embedded import Server
from cvmatcher.settings import Settings

log = logging.getLogger(__name__)

RESTART_SECONDS = (0.2, 0.5, 1.0, 2.0, 4.0)  # waits before each further try; the last one stays
STEADY_SECONDS = 30.0  # a child that lived this long starts again with the shortest wait
WEB_START_SECONDS = 90.0

Ready = Callable[[Server, asyncio.subprocess.Process], Awaitable[None]]


async def _at_once(_server: Server, _process: asyncio.subprocess.Process) -> None:
    return


async def _keep_alive(
    server: Server, ready: Ready, environment: dict[str, str] | None, first_ready: asyncio.Event
) -> None:
    """Starts the child again whenever it ends; cancelling ends the child."""
    clock = asyncio.get_running_loop().time
    failures = 0
    while True:
        started = clock()
        process = await embedded.spawn(server, environment)
        try:
            await ready(server, process)
            first_ready.set()
            code = await process.wait()
            log.warning("%s ended (exit code %s); starting it again. Its log: %s", server.name, code, server.log)
        except Unavailable as error:
            log.warning("%s", error)
        finally:
            await embedded.terminate(process)
        failures = 0 if clock() - started > STEADY_SECONDS else failures + 1
        await asyncio.sleep(RESTART_SECONDS[min(failures, len(RESTART_SECONDS) - 1)])


@asynccontextmanager
async def kept_alive(
    server: Server, *, ready: Ready = _at_once, environment: dict[str, str] | None = None
) -> AsyncIterator[None]:
    """The child, ready and watched, for the block. Raises Unavailable when it is not ready in time."""
    first_ready = asyncio.Event()
    task = asyncio.create_task(_keep_alive(server, ready, environment, first_ready), name=server.name)
    try:
        try:
            async with asyncio.timeout(WEB_START_SECONDS):
                await first_ready.wait()
        except TimeoutError as error:
            raise Unavailable(f"{server.name} did not start; see {server.log}") from error
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _own(name: str, settings: Settings) -> Server:
    """One of our own commands as a child."""
    folder = embedded.private_folder(settings.cvmatcher_home / "logs")
    return Server(name, (sys.executable, "-m", "cvmatcher", name), address(settings), folder / f"{name}.log")


def address(settings: Settings) -> str:
    return settings.public_url or f"http://{settings.host}:{settings.port}"


async def _web_ready(server: Server, process: asyncio.subprocess.Process) -> None:
    """Returns once /health answers at all: what is not ready yet is said there and on the page."""
    while process.returncode is None:
        try:
            await asyncio.to_thread(urllib.request.urlopen, f"{server.url}/health", timeout=5)
        except urllib.error.HTTPError:
            return
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return
    raise Unavailable(f"The web server stopped at its start; see {server.log}")


def claim_port(settings: Settings) -> Settings:
    """The settings with a port that is free. Raises Conflict when the wanted one is taken."""
    if settings.port == 0:
        return settings.model_copy(update={"port": embedded.free_port()})
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Conflict(f"Port {settings.port} is taken; choose another with PORT=… (0 takes any)") from error
    return settings


@asynccontextmanager
async def up(settings: Settings, prepare: Callable[[Settings], Awaitable[None]]) -> AsyncIterator[Settings]:
    """Everything running for the block; yields the settings with the addresses.

    `prepare` runs once the database answers and before anything of ours is started. Raises Conflict when another `up`
    holds the home or the port is taken, Misconfigured or Unavailable when a part cannot start.
    """
    folder = settings.cvmatcher_home
    async with AsyncExitStack() as stack:
        stack.enter_context(home.held(folder))
        home.withdraw(folder)
        settings = claim_port(settings)
        where: dict[str, str] = {}
        if settings.mongo_uri is None:
            mongo = await embedded.prepare_mongo(folder)
            await stack.enter_async_context(kept_alive(mongo, ready=embedded.mongo_ready))
            where["mongo"] = mongo.url
        if settings.redis_url is None:
            redis = embedded.prepare_redis(folder)
            stack.callback(embedded.discard_socket, redis)
            await stack.enter_async_context(kept_alive(redis, ready=embedded.redis_ready))
            where["redis"] = redis.url
        home.make_secret_key(settings)
        settings = home.located(_absolute(settings), where)
        await prepare(settings)
        environment = settings.environment()
        await stack.enter_async_context(kept_alive(_own("worker", settings), environment=environment))
        local = Server("web", _own("web", settings).command, local_address(settings), _own("web", settings).log)
        await stack.enter_async_context(kept_alive(local, ready=_web_ready, environment=environment))
        home.announce(folder, **where, web=address(settings))
        stack.callback(home.withdraw, folder)
        yield settings


def local_address(settings: Settings) -> str:
    """Where this machine reaches the web server, whatever address the public types."""
    host = "127.0.0.1" if settings.host == "0.0.0.0" else settings.host  # noqa: S104 - only compared
    return f"http://{host}:{settings.port}"


def _absolute(settings: Settings) -> Settings:
    """Paths that mean the same to a child, wherever it runs."""
    paths: dict[str, Path] = {
        "cvmatcher_home": settings.cvmatcher_home.resolve(),
        "cv_folder": settings.folder.resolve(),
    }
    return settings.model_copy(update=paths)
