"""The embedded servers answer to their owner and to nobody else."""

from __future__ import annotations

import stat
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure
from redis.asyncio import Redis

from cvmatcher import embedded


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
