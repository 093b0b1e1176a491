"""The embedded servers answer to their owner and to nobody else."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure
from redis.asyncio import Redis

from cvmatcher import embedded
from cvmatcher.domain import Unavailable


async def test_data_survives_a_restart_and_strangers_are_refused(tmp_path: Path) -> None:
    async with embedded.running(tmp_path) as (mongo, redis), AsyncMongoClient[dict[str, object]](mongo) as client:
        await client.kept.things.insert_one({"_id": 1})
        port = urlsplit(mongo).port
        async with AsyncMongoClient[dict[str, object]](
            f"mongodb://127.0.0.1:{port}/?directConnection=true"
        ) as stranger:
            with pytest.raises(OperationFailure):
                await stranger.kept.things.find_one({})
        socket = Path(redis.removeprefix("unix://"))
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        queue = Redis.from_url(redis)
        assert await queue.ping()
        await queue.aclose()
    async with embedded.running(tmp_path) as (mongo, _), AsyncMongoClient[dict[str, object]](mongo) as client:
        assert await client.kept.things.find_one({}) == {"_id": 1}


def test_secrets_are_readable_by_the_owner_only(tmp_path: Path) -> None:
    embedded.write_private(tmp_path / "secret", "s")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


async def test_who_slipped_in_before_the_door_was_locked_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first start has no password for a moment: nobody else may have made an account in it."""
    ready = embedded.mongo_ready

    async def and_a_stranger(server: embedded.Server, process: asyncio.subprocess.Process) -> None:
        await ready(server, process)
        async with AsyncMongoClient[dict[str, object]](server.url) as client:
            await client.admin.command("createUser", "eve", pwd="x", roles=[{"role": "root", "db": "admin"}])

    monkeypatch.setattr(embedded, "mongo_ready", and_a_stranger)
    with pytest.raises(Unavailable, match="somebody else"):
        await embedded.prepare_mongo(tmp_path)
    assert not (tmp_path / "mongo" / "data").exists()
    monkeypatch.setattr(embedded, "mongo_ready", ready)
    await embedded.prepare_mongo(tmp_path)
