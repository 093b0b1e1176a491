"""The store's own promises: the stream of vectors, what it refuses, jobs one at a time, tombstones."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
import warnings
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pymongo
import pymongo.asynchronous.pool
import pytest
from pymongo.errors import ServerSelectionTimeoutError
from pymongo.pool_options import PoolOptions

from cvmatcher import cancelling
from cvmatcher.domain import Conflict, NotFound, StaleCursor
from cvmatcher.ports import VectorEntry
from cvmatcher.store import Database, connect, jobs, ledger, sources, tombstones, vectors
from cvmatcher.store.leases import renewed
from cvmatcher.store.transactions import Session, in_transaction
from cvmatcher.store.upserts import upserted
from tests.ingesting import until


def entry(candidate_id: str, content: str = "h") -> VectorEntry:
    return VectorEntry(candidate_id, content, "m", np.eye(2, 4, dtype=np.float32))


async def put(*entries: VectorEntry) -> None:
    async def work(session: Session) -> None:
        for each in entries:
            await vectors.put(each, "1", session=session)

    await in_transaction(vectors.VectorsDocument, work)


async def delete(candidate_id: str) -> None:
    await in_transaction(vectors.VectorsDocument, lambda session: vectors.delete(candidate_id, session=session))


async def take(stream: AsyncIterator[tuple[vectors.Token, str, VectorEntry | None]], count: int) -> list[str]:
    seen: list[str] = []
    async with asyncio.timeout(20):
        while len(seen) < count:
            _, candidate_id, found = await anext(stream)
            seen.append(f"{candidate_id}:{found.content_hash if found else 'gone'}")
    return seen


async def test_vectors_come_back_as_they_were_put(database: Database) -> None:
    await put(entry("a"), entry("b"))
    (a, b) = [found async for found in vectors.each()]
    assert (a.candidate_id, b.candidate_id) == ("a", "b")
    assert np.array_equal(a.vectors, entry("a").vectors)
    assert a.vectors.dtype == np.float32
    assert await vectors.hashes("m") == {"a": "h", "b": "h"}
    assert await vectors.hashes("another") == {}


async def test_vectors_that_are_not_finite_are_refused(database: Database) -> None:
    bad = VectorEntry("a", "h", "m", np.array([[np.nan, 1.0]], dtype=np.float32))
    with pytest.raises(ValueError, match="not finite"):
        await put(bad)
    assert await vectors.hashes() == {}


async def test_nothing_is_missed_between_the_position_and_the_watching(database: Database) -> None:
    await put(entry("before"))
    position = await vectors.position()
    await put(entry("a"), entry("b"))
    await delete("a")
    stream = vectors.watch(position)
    seen = await take(stream, 3)
    assert (seen[1], seen[2]) == ("b:h", "a:gone")
    assert seen[0] in ("a:h", "a:gone")  # the document is looked up when the change is told
    await put(entry("b"))  # the same again is a change as well: its candidate may have another profile
    assert await take(stream, 1) == ["b:h"]
    await stream.aclose()  # type: ignore[attr-defined]


async def test_a_token_nobody_knows_is_stale(database: Database) -> None:
    with pytest.raises(StaleCursor):
        await anext(vectors.watch({"_data": "00"}))


async def test_a_collection_that_was_dropped_makes_the_stream_stale(database: Database) -> None:
    await put(entry("a"))
    position = await vectors.position()
    await vectors.VectorsDocument.get_pymongo_collection().drop()
    stream = vectors.watch(position)
    with pytest.raises(StaleCursor):
        await take(stream, 9)


async def test_one_job_of_a_kind_at_a_time(database: Database) -> None:
    first = await jobs.start("sync", "ada")
    with pytest.raises(Conflict):
        await jobs.start("sync", "bea")
    await jobs.start("rebuild", "bea")
    piece = await jobs.take(first.id, 10)
    assert piece is not None
    await jobs.finish(piece, "done")
    assert (await jobs.start("sync", "bea")).started_by == "bea"
    assert [job.kind for job in await jobs.running()] == ["rebuild", "sync"]
    assert len(await jobs.recent(10)) == 3


async def test_a_slice_that_was_overtaken_writes_nothing(database: Database) -> None:
    job = await jobs.start("rebuild", "ada")
    late = await jobs.take(job.id, 0)
    current = await jobs.take(job.id, 30)
    assert late is not None
    assert current is not None
    assert await jobs.take(job.id, 30) is None, "the current slice holds it"
    assert await jobs.progress(late, done=9, total=9) is None
    await jobs.finish(late, "failed")
    assert (await jobs.progress(current, done=1, total=2)) is not None
    assert await jobs.stalled() == []
    assert await jobs.pause(current)
    assert await jobs.stalled() == [(job.id, 2)]


async def test_a_lease_is_given_up_although_its_renewal_lost_a_cancellation() -> None:
    begun = asyncio.Event()

    async def renew() -> bool:
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return True

    async with asyncio.timeout(20), renewed(renew, 0.003):
        await begun.wait()


async def test_who_makes_a_document_while_others_do_gets_it(database: Database) -> None:
    for number in range(20):
        racing = (upserted(database["made"], f"key{number}", {"$inc": {"n": 1}}) for _ in range(8))
        made = [raw["n"] for raw in await asyncio.gather(*racing)]
        assert all(1 <= n <= 8 for n in made)
        assert max(made) == 8, "each is counted, and once"


async def test_only_marks_of_the_erased_are_kept(database: Database) -> None:
    await tombstones.add(b"key", "folder:Ada Lovelace.pdf", "hash")
    await tombstones.add(b"key", "hash")
    assert await tombstones.erased(b"key", ["folder:Ada Lovelace.pdf", "other", "hash"]) == {
        "folder:Ada Lovelace.pdf",
        "hash",
    }
    assert await tombstones.erased(b"another key", ["hash"]) == set()
    kept = await database["tombstones"].find().to_list()
    assert len(kept) == 2
    assert "Ada" not in str(kept)


async def test_a_file_that_is_fine_is_not_retried(database: Database) -> None:
    with pytest.raises(NotFound):
        await ledger.retry("folder:nobody.pdf")


async def test_a_folder_has_the_same_name_each_time(database: Database, tmp_path: Path) -> None:
    resolved = tmp_path.resolve()  # noqa: ASYNC240
    name = await sources.register_folder(tmp_path)
    assert await sources.register_folder(tmp_path / "sub" / "..") == name
    assert await sources.folders() == {name: resolved}


async def test_a_wait_for_mongodb_cancelled_again_and_again_leaves_the_client_usable() -> None:
    """As when many readers leave while MongoDB is away: once, every later request then waited for ever."""
    async with connect("mongodb://127.0.0.1:9/?directConnection=true") as client:  # nobody listens there

        async def ask() -> None:
            with pymongo.timeout(1):
                await client.admin.command("ping")

        tasks = [asyncio.create_task(ask()) for _ in range(5)]
        while not client._topology._condition._waiters:  # noqa: ASYNC110
            await asyncio.sleep(0)
        while not all(task.done() for task in tasks):
            for task in tasks:
                task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(ServerSelectionTimeoutError):
            await asyncio.wait_for(ask(), 20)


async def test_a_cancel_is_heard_whenever_it_comes(database: Database) -> None:
    """At every turn of the loop of an operation, also in the one in which its bytes are out."""
    await database.command("ping")
    for turns in range(40):
        task = asyncio.create_task(database.command("ping"))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.cancel():
            await asyncio.wait([task])
            assert task.cancelled(), f"swallowed after {turns} turns of the loop"


async def test_a_connection_that_is_cancelled_while_it_is_made_is_closed() -> None:
    """By the driver, to a server that takes no connection: its queue of waiting ones is full."""
    cancelling.mend()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", ResourceWarning)
        before = asyncio.all_tasks()
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as stack:
            for _ in range(2):
                waiting = stack.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(full.getsockname())
            driver: Any = pymongo.asynchronous.pool
            connecting = driver._configured_protocol_interface(full.getsockname(), PoolOptions(connect_timeout=3))
            task = asyncio.create_task(connecting)
            await until(lambda: _is_connecting(2))
            task.cancel()
            await asyncio.wait([task])
            del task  # its error holds the frames, and with them the socket
        await until(lambda: _are_over(before))
        gc.collect()
    assert [str(one.message) for one in seen] == []


async def _is_connecting(count: int) -> bool:
    """Whether so many connections of this machine wait for their first answer (SYN_SENT)."""
    table = await asyncio.to_thread(Path("/proc/net/tcp").read_text)
    return sum(line.split()[3] == "02" for line in table.splitlines()[1:]) >= count


async def _are_over(before: set[asyncio.Task[Any]]) -> bool:
    return asyncio.all_tasks() <= before
