"""The home folder (CVMATCHER_HOME): who runs on it, where its servers answer, its secret key.

One `up`, or one short command with servers of its own, holds the home at a time. Knows nothing of what they hold.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

from pydantic import SecretStr

from cvmatcher import embedded
from cvmatcher.domain import Conflict, Misconfigured, Unavailable
from cvmatcher.settings import Settings


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Holds the home for the block. Raises Conflict, with where the holder answers, when another process holds it."""
    embedded.private_folder(home)
    descriptor = os.open(home / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            running = addresses(home)
            where = f" and answers at {running['web']}" if running and running.get("web") else ""
            raise Conflict(f"CVmatcher already runs on {home.resolve()}{where}") from error
        yield
    finally:
        os.close(descriptor)


def announce(home: Path, **where: str) -> None:
    """Writes where the servers of this home answer, for the commands that look for them."""
    embedded.write_private(home / "run.json", json.dumps(where))


def withdraw(home: Path) -> None:
    (home / "run.json").unlink(missing_ok=True)


def addresses(home: Path) -> dict[str, str] | None:
    """What the process that holds the home announced, or None."""
    with suppress(FileNotFoundError):
        found: dict[str, str] = json.loads((home / "run.json").read_text())
        return found
    return None


def secret_key(settings: Settings) -> SecretStr:
    """SECRET_KEY, or the one that `up` has made in this home. Raises Misconfigured without either."""
    if settings.secret_key is not None:
        return settings.secret_key
    path = settings.cvmatcher_home / "secret_key"
    if not path.exists():
        raise Misconfigured("SECRET_KEY is needed: 32 characters or more, the same for every process of this database")
    return SecretStr(path.read_text())


def make_secret_key(settings: Settings) -> None:
    """Makes the key of a home whose servers are its own, once."""
    path = embedded.private_folder(settings.cvmatcher_home) / "secret_key"
    if settings.secret_key is None and not path.exists():
        embedded.write_private(path, secrets.token_urlsafe(48))


def located(settings: Settings, where: dict[str, str]) -> Settings:
    """The settings with the addresses of servers that were found or started."""
    return settings.model_copy(
        update={
            "mongo_uri": settings.mongo_uri or SecretStr(where["mongo"]),
            "redis_url": settings.redis_url or SecretStr(where["redis"]),
            "secret_key": secret_key(settings),
        }
    )


@asynccontextmanager
async def servers(settings: Settings) -> AsyncIterator[Settings]:
    """Servers for a short command: those of the environment, of a running `up`, or embedded ones for the block.

    Yields the settings with their addresses. Raises Unavailable when an `up` is just starting or stopping.
    """
    if settings.mongo_uri and settings.redis_url:
        yield located(settings, {})
        return
    home = settings.cvmatcher_home
    async with AsyncExitStack() as stack:
        try:
            stack.enter_context(held(home))
        except Conflict:
            where = addresses(home)
            if where is None:
                raise Unavailable(f"CVmatcher is just starting or stopping on {home.resolve()}; try again") from None
        else:
            mongo, redis = await stack.enter_async_context(embedded.running(home))
            where = {"mongo": mongo, "redis": redis}
            announce(home, **where)
            make_secret_key(settings)
            stack.callback(withdraw, home)
        yield located(settings, where)
