"""What `cvmatcher up`, `web` and `worker` start, and what a first start makes: an administrator, demo CVs."""

from __future__ import annotations

import asyncio
import logging
import secrets
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from litestar import Litestar

from cvmatcher import demo, erasure, home, retention, store, supervisor
from cvmatcher import worker as work
from cvmatcher.cancelling import end
from cvmatcher.domain import Misconfigured
from cvmatcher.migrate import needs_migration
from cvmatcher.settings import Settings
from cvmatcher.store import people
from cvmatcher.terminal import err, out
from cvmatcher.web.app import create_app
from cvmatcher.wiring import open_services

log = logging.getLogger(__name__)

DEMO_CVS = 120
DEMO_SEED = 1


@contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """An event that SIGINT and SIGTERM set."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    try:
        yield stop
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


async def up(settings: Settings, *, demo: bool) -> None:
    """Runs everything until SIGINT or SIGTERM."""
    refuse_plain(settings)
    settings.folder.mkdir(parents=True, exist_ok=True)
    with _stop_signals() as stop:
        starting = asyncio.create_task(_up(settings, stop, demo=demo))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done() and not stop.is_set():
            starting.cancel()
        stopping.cancel()
        await starting


async def _up(settings: Settings, stop: asyncio.Event, *, demo: bool) -> None:
    async with supervisor.up(settings, _first_start) as running:
        out.print(f"CVmatcher answers at [bold]{supervisor.address(running)}[/]", highlight=False)
        out.print(f"CVs are read from {running.folder}", highlight=False)
        if demo:
            await _fill_with_demo(running)
        await stop.wait()
        err.print("Stopping …")


async def _first_start(settings: Settings) -> None:
    """Refuses an unmigrated database; makes an administrator where there is no user and prints the password once."""
    assert settings.mongo_uri is not None  # noqa: S101 - supervisor.up has set it
    async with store.connect(settings.mongo_uri.get_secret_value()) as client:
        await refuse_unmigrated(client[settings.db_name], settings)
        await store.open_store(client, settings.db_name, settings.collection_name)
        if await people.users():
            return
        password = secrets.token_urlsafe(12)
        await people.add_user("admin", password, people.Role.ADMIN, can_export=True)
        out.print("[bold]First start.[/] Sign in with this account; the password is shown only now:", highlight=False)
        out.print(
            f"  address   {supervisor.address(settings)}\n  name      admin\n  password  {password}", highlight=False
        )


async def refuse_unmigrated(database: store.Database, settings: Settings) -> None:
    """Raises Misconfigured, with the command to run, for a database that the original CVmatcher wrote."""
    if await needs_migration(database, settings.collection_name):
        raise Misconfigured(
            f"The database {settings.db_name} was written by the original CVmatcher. Look first with "
            "`cvmatcher migrate --dry-run`, then take it over with `cvmatcher migrate --apply`; nothing is lost."
        )


async def _fill_with_demo(settings: Settings) -> None:
    folder = settings.folder
    if any(folder.iterdir()):
        return
    out.print(f"Writing {DEMO_CVS} invented CVs into {folder} …", highlight=False)
    await asyncio.to_thread(demo.make_pool, folder, DEMO_CVS, DEMO_SEED)


def refuse_plain(settings: Settings) -> None:
    """Sessions go over plain http on the loopback address only. Raises Misconfigured."""
    loopback = settings.host in {"127.0.0.1", "::1", "localhost"}
    if not loopback and not (settings.public_url or "").startswith("https://"):
        raise Misconfigured(
            f"HOST={settings.host} can be reached by others: put a proxy with TLS in front and say its address, "
            "PUBLIC_URL=https://…"
        )


def web(settings: Settings) -> None:
    """Runs the web server until SIGINT or SIGTERM. Raises Misconfigured without servers to talk to."""
    asyncio.run(_web(settings))


def server_of(app: Litestar, settings: Settings) -> uvicorn.Server:
    """Only the trusted proxy's word on who the reader is counts."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level=settings.log_level.lower(),
        proxy_headers=bool(settings.trusted_proxy),
        forwarded_allow_ips=settings.trusted_proxy or None,
        timeout_graceful_shutdown=5,
        server_header=False,
        access_log=False,  # addresses hold names of files and what was searched for; nginx says who came
    )
    return uvicorn.Server(config)


async def _web(settings: Settings) -> None:
    refuse_plain(settings)
    async with home.servers(settings) as located, open_services(located) as services:
        await refuse_unmigrated(services.database, located)
        async with services.follower:
            await serve(server_of(create_app(services), located))


async def serve(server: uvicorn.Server) -> None:
    """Serves until SIGINT or SIGTERM, and returns: uvicorn raises the signal again at its end, which would kill this
    process before what the server stands on (the index and its snapshot) has been closed.
    """
    with _stop_signals():
        await server.serve()


async def worker(settings: Settings) -> None:
    """Runs one worker until SIGINT or SIGTERM."""
    async with home.servers(settings) as located, open_services(located) as services:
        await refuse_unmigrated(services.database, located)
        await erasure.finish(services.erasure)
        clock = asyncio.create_task(retention.keep_to_it(services.erasure))
        try:
            await work.run(services, burst=False)
        finally:
            await end(clock)
