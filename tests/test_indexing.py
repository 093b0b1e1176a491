"""The indexes of a process and MongoDB: equal after every change, fault and start."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from cvmatcher import store
from cvmatcher.adapters.faiss_index import FaissIndex
from cvmatcher.adapters.word_index import TantivyIndex
from cvmatcher.domain import Candidate, Passage, Profile
from cvmatcher.indexing import Follower
from cvmatcher.ports import VectorEntry, WordQuery
from cvmatcher.store import candidates, vectors
from cvmatcher.store.transactions import Session, in_transaction
from tests.fakes import HashEmbedder

EMBEDDER = HashEmbedder()
pytestmark = pytest.mark.usefixtures("database")


async def write(
    session: Session, key: str, text: str, *, model: str = EMBEDDER.model_id, profile: Profile | None = None
) -> str:
    """What ingestion writes of a CV; its content hash."""
    content = f"hash of {text}"
    rows = await EMBEDDER.embed([text], "passage")
    await vectors.put(VectorEntry(key, content, model, rows), "1", session=session)
    await candidates.put(
        Candidate(
            id=key,
            content_hash=content,
            file_key=f"folder:{key}",
            file_name=f"{key}.pdf",
            profile=profile or Profile(),
            pages=(text,),
            passages=(Passage(text=text),),
            ingested_at=datetime(2026, 1, 1, tzinfo=UTC),
        ),
        session=session,
    )
    return content


async def put(key: str, text: str, *, model: str = EMBEDDER.model_id) -> str:
    return await in_transaction(candidates.CandidateDocument, lambda session: write(session, key, text, model=model))


async def remove(key: str) -> None:
    async def work(session: Session) -> None:
        await vectors.delete(key, session=session)
        await candidates.delete(key, session=session)

    await in_transaction(candidates.CandidateDocument, work)


class Process:
    """One process's indexes and follower; `compare_seconds` so long that only the stream can be at work."""

    def __init__(self, folder: Path | None = None, compare_seconds: float = 3600) -> None:
        self.vectors = FaissIndex(EMBEDDER.model_id, EMBEDDER.dimension, folder)
        self.words = TantivyIndex()
        self.follower = Follower(self.vectors, self.words, compare_seconds=compare_seconds)

    async def find(self, text: str) -> list[str]:
        query = (await EMBEDDER.embed([text], "query"))[0]
        near = [hit.candidate_id for hit in self.vectors.search(query, 5) if hit.score > 0.9]
        named = [hit.candidate_id for hit in self.words.search(WordQuery(((text, 1.0),)), 5)]
        assert sorted(near) == sorted(named)
        return sorted(near)

    async def reaches(self, key: str, content: str | None) -> None:
        async with asyncio.timeout(20):
            await self.follower.wait_until(key, content)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - what is waited for tells nobody
                await asyncio.sleep(0.01)


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    process = Process()
    async with process.follower:
        yield process


async def test_what_is_there_at_the_start_is_found() -> None:
    await put("a", "java developer")
    process = Process()
    async with process.follower:
        assert await process.find("java developer") == ["a"]
        assert process.follower.stats().ready


async def test_new_replaced_and_removed(process: Process) -> None:
    await process.reaches("a", await put("a", "java developer"))
    assert await process.find("java developer") == ["a"]
    await process.reaches("a", await put("a", "pastry chef"))
    assert await process.find("java developer") == []
    assert await process.find("pastry chef") == ["a"]
    await remove("a")
    await process.reaches("a", None)
    assert await process.find("pastry chef") == []


async def test_a_better_profile_of_the_same_text_is_found(process: Process) -> None:
    """The model's profile replaces the rules' one; the vectors may be the same to the last bit."""
    await process.reaches("a", await put("a", "java developer"))

    async def enrich(session: Session) -> str:
        return await write(session, "a", "java developer", profile=Profile(sectors=("fintech",)))

    await in_transaction(candidates.CandidateDocument, enrich)
    fintech = WordQuery((("fintech", 1.0),), "sectors")
    await process.until(lambda: bool(process.words.search(fintech, 5)))


async def test_many_changes_at_once(process: Process) -> None:
    contents = dict(
        zip(keys := [f"c{n}" for n in range(40)], [await put(key, f"cv {key}") for key in keys], strict=True)
    )
    await process.reaches("c39", contents["c39"])
    assert process.vectors.stats().candidates == contents
    assert process.words.stats().candidates == contents
    assert process.follower.position


async def test_a_transaction_that_commits_late_is_not_missed(database: store.Database) -> None:
    """Written before the index was filled, committed after."""
    process = Process()
    async with database.client.start_session() as session, await session.start_transaction():
        content = await write(session, "late", "late bird")
        async with process.follower:
            assert await process.find("late bird") == []
            await session.commit_transaction()
            await process.reaches("late", content)
            assert await process.find("late bird") == ["late"]


async def test_two_processes_agree(process: Process) -> None:
    other = Process()
    async with other.follower:
        content = await put("a", "java developer")
        await asyncio.gather(process.reaches("a", content), other.reaches("a", content))
        assert process.vectors.stats() == other.vectors.stats()


async def test_vectors_of_another_model_or_damaged_are_counted_and_not_searched(process: Process) -> None:
    await put("other", "java developer", model="another/model")
    await process.reaches("good", await put("good", "pastry chef"))
    assert set(process.vectors.stats().candidates) == {"good"}
    assert set(process.words.stats().candidates) == {"good", "other"}
    assert process.follower.stats().refused == 1
    assert await process.follower.compare() == 0
    await process.reaches("other", await put("other", "java developer, embedded again"))
    assert process.follower.stats().refused == 0


async def test_damaged_vectors_do_not_stop_the_others(process: Process, database: store.Database) -> None:
    await put("bad", "java developer")
    raw = HashEmbedder(8)
    rows = await raw.embed(["x"], "passage")
    broken = {"n": 1, "dimension": 8, "vectors": rows.tobytes(), "content_hash": "broken"}
    await database["faiss_index"].update_one({"_id": "bad"}, {"$set": broken})
    await process.reaches("good", await put("good", "pastry chef"))
    assert set(process.vectors.stats().candidates) == {"good"}
    assert process.follower.stats().refused == 1


# --------------------------------------------------------------------------------------------------- comparison


async def test_comparison_mends_what_the_stream_never_told(process: Process) -> None:
    await process.reaches("a", await put("a", "java developer"))
    await process.reaches("b", await put("b", "pastry chef"))
    process.vectors.apply([], ["a"])
    process.words.apply([], ["b"])
    ghost = VectorEntry("ghost", "x", EMBEDDER.model_id, await EMBEDDER.embed(["ghost"], "passage"))
    process.vectors.apply([ghost], [])
    assert await process.follower.compare() == 3
    assert process.vectors.stats().candidates == process.words.stats().candidates
    assert set(process.vectors.stats().candidates) == {"a", "b"}
    assert await process.follower.compare() == 0
    assert process.follower.stats().corrected == 3


async def test_comparison_takes_nobody_out_whose_old_vectors_were_tidied_away(process: Process) -> None:
    """Another model answers since, and this process has not yet changed: until it does, it finds everybody."""
    content = await put("a", "java developer")
    await process.reaches("a", content)
    made = await vectors.made_with("a")
    assert made is not None
    following = HashEmbedder(8, "another/model")
    rows = await following.embed(["java developer"], "passage")
    await vectors.put_beside(VectorEntry("a", content, following.model_id, rows), made)
    await vectors.tidy("a", following.model_id)
    assert await vectors.hashes(EMBEDDER.model_id) == {}
    assert await process.follower.compare() == 0
    assert await process.find("java developer") == ["a"]
    await remove("a")
    await process.reaches("a", None)


async def test_comparison_runs_by_itself() -> None:
    process = Process(compare_seconds=0.05)
    async with process.follower:
        await process.reaches("a", await put("a", "java developer"))
        process.words.apply([], ["a"])
        await process.until(lambda: "a" in process.words.stats().candidates)


# ---------------------------------------------------------------------------------------- a lost place in the stream


async def test_a_dropped_collection_is_read_again(process: Process, database: store.Database) -> None:
    await process.reaches("a", await put("a", "java developer"))
    await database["faiss_index"].drop()
    await candidates.collection().delete_one({"_id": "a"})
    await process.reaches("a", None)
    await process.reaches("b", await put("b", "pastry chef"))
    assert set(process.vectors.stats().candidates) == {"b"}


@pytest.mark.parametrize("token", ['{"_data": "820000"}', '{"_data": "nonsense"}', "{}"])
async def test_a_resume_token_that_the_server_lost_leads_to_a_full_reading(tmp_path: Path, token: str) -> None:
    first = Process(tmp_path)
    async with first.follower:
        await first.reaches("a", await put("a", "java developer"))
        await first.reaches("gone", await put("gone", "gone"))
    first.vectors.save(token)
    await remove("gone")
    await put("b", "pastry chef")
    second = Process(tmp_path)
    async with second.follower:
        await second.reaches("gone", None)
        await second.until(lambda: set(second.vectors.stats().candidates) == {"a", "b"})
        assert await second.find("pastry chef") == ["b"]


# ------------------------------------------------------------------------------------------------------ snapshot


async def test_a_start_from_the_snapshot_reads_only_what_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Process(tmp_path)
    async with first.follower:
        for key in "abc":
            await first.reaches(key, await put(key, f"cv of {key}"))
    await remove("a")
    changed = await put("b", "embedded anew")
    monkeypatch.setattr(vectors, "each", None)  # reading everything would fail
    second = Process(tmp_path)
    async with second.follower:
        await second.reaches("b", changed)
        await second.reaches("a", None)
        assert set(second.vectors.stats().candidates) == {"b", "c"}


async def test_a_torn_snapshot_is_rebuilt_from_mongodb(tmp_path: Path) -> None:
    first = Process(tmp_path)
    async with first.follower:
        await first.reaches("a", await put("a", "java developer"))
    next(tmp_path.glob("*.faiss")).write_bytes(b"torn")  # noqa: ASYNC240
    second = Process(tmp_path)
    async with second.follower:
        assert await second.find("java developer") == ["a"]


async def test_who_was_removed_leaves_the_disk_with_the_next_comparison(tmp_path: Path) -> None:
    process = Process(tmp_path, compare_seconds=0.05)
    async with process.follower:
        await process.reaches("erased", await put("erased", "java developer"))
        await process.reaches("kept", await put("kept", "pastry chef"))
        process.vectors.save(process.follower.position)
        assert "erased" in (tmp_path / "manifest.json").read_text()
        await remove("erased")
        await process.until(lambda: "erased" not in json.loads((tmp_path / "manifest.json").read_text())["candidates"])
        assert len(list(tmp_path.glob("vectors-*"))) == 1  # noqa: ASYNC240


async def test_a_full_disk_does_not_stop_the_search(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file where a folder should be")
    process = Process(tmp_path / "file")
    async with process.follower:
        await process.reaches("a", await put("a", "java developer"))
        assert await process.find("java developer") == ["a"]
        assert "no snapshot" in process.follower.stats().last_error


# ------------------------------------------------------------------------------------------------- MongoDB away


class Line:
    """A line to MongoDB that can be cut: bytes pass through while it is open."""

    def __init__(self, host: str, port: int) -> None:
        self._there = host, port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(*self._there)
        self._writers |= {writer, there[1]}
        await asyncio.gather(self._copy(reader, there[1]), self._copy(there[0], writer))

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()
            self._writers.discard(writer)


async def test_mongodb_away_and_back(database: store.Database, mongo_uri: str) -> None:
    host, port = next(iter(database.client.nodes))
    assert port is not None
    line = Line(host, port)
    await line.open()
    uri = mongo_uri.replace(f"{host}:{port}", f"127.0.0.1:{line.port}")
    options: dict[str, Any] = {"directConnection": True, "serverSelectionTimeoutMS": 300, "tz_aware": True}
    through: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(uri, **options)
    process = Process()
    try:
        await store.open_store(through, database.name, "CVExtractionCollection")
        async with process.follower:
            await process.reaches("a", await put("a", "java developer"))
            await line.cut()
            await process.until(lambda: not process.follower.stats().connected)
            assert await process.find("java developer") == ["a"]
            assert process.follower.stats().last_error
            await line.open()
            await process.until(lambda: process.follower.stats().connected)
            await process.reaches("b", await put("b", "pastry chef"))
            assert await process.find("java developer") == ["a"]
    finally:
        await through.close()
        await line.cut()


async def test_a_quiet_stream_goes_on(
    database: store.Database, mongo_uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The client's limit for one operation does not end it."""
    impatient: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongo_uri, timeoutMS=1500, tz_aware=True)
    process = Process()
    try:
        await store.open_store(impatient, database.name, "CVExtractionCollection")
        async with process.follower:
            await asyncio.sleep(2.5)
            await process.reaches("a", await put("a", "java developer"))
    finally:
        await impatient.close()
    assert "MongoDB" not in caplog.text
    assert "reading everything again" not in caplog.text
