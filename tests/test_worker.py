"""Real worker processes, killed; Redis flushed; MongoDB restarted: nothing is lost, nothing is doubled."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cvmatcher import embedded, ingest, jobs, store, worker
from cvmatcher.cancelling import end
from cvmatcher.domain import Conflict, CVText, FileState, Profile, QuarantineReason, Unread, Unreadable
from cvmatcher.store import Database, candidates, ledger, same_person, sources, workers
from cvmatcher.store import jobs as job_store
from tests.ingesting import (
    FirstLineStructurer,
    Started,
    all_candidates,
    assert_sound,
    folder_source,
    make_parts,
    read_plain,
    start_worker,
    states,
    until,
    write,
)
from tests.site import candidate

KILLED_AT = ("listed", "cursor_saved", "fetched", "read", "structured", "embedded", "saved")

Start = Callable[..., Coroutine[Any, Any, Started]]


@pytest.fixture
async def start(database: Database, mongo_uri: str, redis_url: str, tmp_path: Path) -> AsyncIterator[Start]:
    """Starts workers on the test's folder; those still running are killed at the end."""
    begun: list[Started] = []

    async def begin(failpoint: str = "", *, drain: bool = False) -> Started:
        begun.append(await start_worker(mongo_uri, database.name, redis_url, tmp_path, failpoint, drain=drain))
        return begun[-1]

    yield begin
    for each in begun:
        if each.process.returncode is None:
            each.process.kill()
            await each.process.wait()


@pytest.fixture
async def parts(database: Database, redis_url: str, tmp_path: Path) -> AsyncIterator[worker.WorkerParts]:
    queue = await jobs.open_queue(redis_url)
    yield worker.WorkerParts(
        ingest=make_parts(folder_source(tmp_path)), queue=queue, redis_url=redis_url, tick_seconds=0.2
    )
    await jobs.close_queue(queue)


def _people(folder: Path, *names: str) -> None:
    for name in names:
        write(folder, f"{name}.txt", name)


async def _settled(count: int) -> bool:
    found = await states()
    return len(found) == count and FileState.IN_PROGRESS not in found.values()


@pytest.mark.faults
@pytest.mark.parametrize("step", KILLED_AT)
async def test_a_worker_killed_at_any_step_loses_and_doubles_nothing(start: Start, tmp_path: Path, step: str) -> None:
    _people(tmp_path, "Ada", "Bea", "Cleo")
    write(tmp_path, "copy of Ada.txt", "Ada")
    write(tmp_path, "broken.txt", "!damaged")
    doomed = await start(f"{step}:kill" if step in ("listed", "cursor_saved") else f"{step}:kill:2")
    assert await doomed.killed()
    await assert_sound(settled=False)
    await start()
    await until(lambda: _settled(5))
    assert {candidate.profile.name for candidate in await all_candidates()} == {"Ada", "Bea", "Cleo"}
    assert list((await states()).values()).count(FileState.QUARANTINED) == 1
    await assert_sound()


@pytest.mark.faults
async def test_a_flushed_redis_loses_nothing(start: Start, redis_url: str, tmp_path: Path) -> None:
    _people(tmp_path, *(f"Person {n}" for n in range(30)))
    await start()
    await until(lambda: _some_candidates(3))
    client = Redis.from_url(redis_url)
    await client.flushall()
    await client.aclose()
    await until(lambda: _settled(30))
    assert await candidates.count() == 30
    await assert_sound()


async def _some_candidates(count: int) -> bool:
    return await candidates.count() >= count


@pytest.mark.faults
async def test_mongodb_killed_and_restarted_loses_nothing(redis_url: str, tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "cvs"
    _people(folder, *(f"Person {n}" for n in range(20)))
    home.mkdir()
    server = await embedded.prepare_mongo(home)
    process = await embedded.spawn(server)
    await embedded.mongo_ready(server, process)
    client = store.connect(server.url)
    await store.open_store(client, "restarted", "CVExtractionCollection")
    begun = await start_worker(server.url, "restarted", redis_url, folder)
    try:
        await until(lambda: _some_candidates(3))
        process.kill()
        await process.wait()
        with pytest.raises(PyMongoError):
            await candidates.count()
        process = await embedded.spawn(server)
        await embedded.mongo_ready(server, process)
        await until(lambda: _settled(20))
        assert begun.process.returncode is None, "the worker waited for the database"
        assert await candidates.count() == 20
        await assert_sound()
    finally:
        if begun.process.returncode is None:
            begun.process.kill()
            await begun.process.wait()
        await client.close()
        await embedded.terminate(process)


async def test_a_drop_is_found_without_waiting_for_the_next_scan(parts: worker.WorkerParts, tmp_path: Path) -> None:
    serving = asyncio.create_task(worker.serve(replace(parts, scan_seconds=3600)))
    await until(_first_look_is_over)
    _people(tmp_path, "Ada", "Bea", "Cleo")
    try:
        await until(lambda: _settled(3), seconds=10)
    finally:
        await end(serving)
    assert await candidates.count() == 3


async def _first_look_is_over() -> bool:
    return (await sources.get("folder")).done_at is not None


async def test_sigterm_ends_a_worker_cleanly(start: Start) -> None:
    begun = await start()
    await until(jobs.worker_is_alive)
    begun.process.send_signal(signal.SIGTERM)
    assert await begun.process.wait() == 0
    assert await workers.alive() == []


async def test_a_worker_without_its_redis_ends(database: Database, tmp_path: Path) -> None:
    server = embedded.prepare_redis(tmp_path)
    process = await embedded.spawn(server)
    await embedded.redis_ready(server, process)
    queue = await jobs.open_queue(server.url)
    parts = worker.WorkerParts(make_parts(folder_source(tmp_path)), queue, server.url, tick_seconds=0.2)
    serving = asyncio.create_task(worker.serve(parts))
    await until(_first_look_is_over)
    await embedded.terminate(process)
    async with asyncio.timeout(20):
        with pytest.raises((RedisError, OSError)):
            await serving
    await jobs.close_queue(queue)
    embedded.discard_socket(server)


# --------------------------------------------------------------------------------------------------------- jobs


async def test_drain_brings_a_scan_to_its_end(parts: worker.WorkerParts, tmp_path: Path) -> None:
    _people(tmp_path, *(f"Person {n}" for n in range(8)))
    job = await jobs.request_scan(parts.queue, by="admin")
    with pytest.raises(Conflict) as refused:
        await jobs.request_scan(parts.queue, by="another")
    assert refused.value.details == {"job": job.id, "started_by": "admin"}
    await worker.drain(parts)
    ended = await job_store.get(job.id)
    assert ended is not None
    assert (ended.state, ended.done, ended.total) == ("done", 8, 8)
    assert await candidates.count() == 8
    await assert_sound()


async def test_a_job_survives_a_queue_that_was_away_when_it_was_asked_for(
    parts: worker.WorkerParts, redis_url: str, tmp_path: Path
) -> None:
    _people(tmp_path, "Ada")
    away = await jobs.open_queue(f"unix://{tmp_path}/nobody.sock")
    job = await jobs.request_sync(away, by="admin")
    await jobs.close_queue(away)
    await worker.drain(parts)
    ended = await job_store.get(job.id)
    assert ended is not None
    assert ended.state == "done"
    assert await candidates.count() == 1


async def test_rebuild_makes_every_candidate_anew_in_slices(parts: worker.WorkerParts, tmp_path: Path) -> None:
    _people(tmp_path, *(f"Person {n}" for n in range(6)))
    await jobs.request_scan(parts.queue, by="admin")
    await worker.drain(parts)
    before = {candidate.id: candidate.file_key for candidate in await all_candidates()}
    newer = FirstLineStructurer("rules/2")
    parts = replace(parts, ingest=replace(parts.ingest, structurer=newer, rules=newer), slice_seconds=-1)
    job = await jobs.request_rebuild(parts.queue, by="admin")
    await worker.drain(parts)
    ended = await job_store.get(job.id)
    assert ended is not None
    assert (ended.state, ended.done, ended.total) == ("done", 6, 6)
    after = await all_candidates()
    assert {candidate.id: candidate.file_key for candidate in after} == before
    assert {candidate.structured_by for candidate in after} == {"rules/2"}
    await assert_sound()


async def test_a_cancelled_rebuild_stops(parts: worker.WorkerParts, tmp_path: Path) -> None:
    _people(tmp_path, "Ada", "Bea")
    await jobs.request_scan(parts.queue, by="admin")
    await worker.drain(parts)
    job = await jobs.request_rebuild(parts.queue, by="admin")
    await job_store.ask_cancel(job.id)
    await worker.drain(parts)
    ended = await job_store.get(job.id)
    assert ended is not None
    assert ended.state == "cancelled"
    assert ended.done < 2


async def test_a_scan_tells_of_a_source_that_does_not_answer(parts: worker.WorkerParts, tmp_path: Path) -> None:
    absent = folder_source(tmp_path / "absent")
    parts = replace(parts, ingest=make_parts(absent))
    job = await jobs.request_scan(parts.queue, by="admin")
    await worker.drain(parts)
    ended = await job_store.get(job.id)
    assert ended is not None
    assert ended.state == "failed"
    assert "absent" in ended.message


async def test_retry_of_quarantined_files(parts: worker.WorkerParts, tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "!no_text")
    await jobs.request_scan(parts.queue, by="admin")
    await worker.drain(parts)
    assert await states() == {"folder:a.txt": FileState.QUARANTINED}

    async def with_ocr(_data: bytes, _name: str, _mime: str) -> Any:
        return CVText(pages=("Ada",))

    parts = replace(parts, ingest=replace(parts.ingest, read=with_ocr))
    assert await jobs.retry_quarantined(parts.queue, by="admin") == 1
    await worker.drain(parts)
    assert await states() == {"folder:a.txt": FileState.SEARCHABLE}


async def test_pages_that_could_not_be_read_are_read_once_they_can_be(
    parts: worker.WorkerParts, tmp_path: Path
) -> None:
    """A mixed CV and a picture, before tesseract is installed and after: by themselves, and the CV never leaves."""
    installed = set[QuarantineReason]()

    async def read(data: bytes, name: str, mime: str) -> CVText:
        first = (await read_plain(data, name, mime)).text
        if installed:
            return CVText(pages=(first, "speaks German"))
        if name == "scan.txt":
            raise Unreadable(QuarantineReason.NEEDS_OCR)
        return CVText(pages=(first, ""), unread=Unread(pages=(1,), reason=QuarantineReason.NEEDS_OCR))

    async def here() -> frozenset[QuarantineReason]:
        return frozenset(installed)

    write(tmp_path, "mixed.txt", "Ada")
    write(tmp_path, "scan.txt", "Bea")
    parts = replace(parts, ingest=replace(parts.ingest, read=read, mended=here))
    await jobs.request_scan(parts.queue, by="admin")
    await worker.drain(parts)
    await worker.drain(parts)
    (before,) = await all_candidates()
    assert before.unread == Unread(pages=(1,), reason=QuarantineReason.NEEDS_OCR)
    assert await states() == {"folder:mixed.txt": FileState.SEARCHABLE, "folder:scan.txt": FileState.QUARANTINED}

    installed |= {QuarantineReason.NEEDS_OCR}
    await worker.drain(parts)
    assert await states() == {"folder:mixed.txt": FileState.SEARCHABLE, "folder:scan.txt": FileState.SEARCHABLE}
    after = await candidates.get(before.id)
    assert after is not None
    assert (after.pages, after.unread, after.file_key) == (("Ada", "speaks German"), None, before.file_key)
    row = await ledger.get("folder:mixed.txt")
    assert row is not None
    assert (row.read_again, row.next_try) == (False, None)
    assert [step.name for step in row.receipt].count("asked again") == 1
    await assert_sound()


async def test_pages_that_took_too_long_come_back_by_themselves_a_few_times(
    parts: worker.WorkerParts, tmp_path: Path
) -> None:
    answers = [("Ada", "", ""), ("Ada", "", ""), ("Ada", "", "German"), ("Ada", "", "German")]
    seen: list[CVText] = []

    def text() -> CVText:
        pages = answers.pop(0)
        unread = tuple(number for number, page in enumerate(pages) if not page)
        return CVText(pages=pages, unread=Unread(pages=unread, reason=QuarantineReason.TOO_SLOW))

    async def read(_data: bytes, _name: str, _mime: str) -> CVText:
        return text()

    async def read_rest(_data: bytes, _name: str, _mime: str, known: CVText) -> CVText:
        seen.append(known)
        return text()

    write(tmp_path, "a.txt", "Ada")
    parts = replace(parts, ingest=replace(parts.ingest, read=read, read_rest=read_rest))
    await jobs.request_scan(parts.queue, by="admin")
    await worker.drain(parts)
    waits = []
    while await jobs.retry_slow():
        assert await jobs.retry_slow() == 0, "it is written down already"
        row = await ledger.get("folder:a.txt")
        assert row is not None
        assert row.next_try is not None
        assert not row.is_being_read_again
        waits.append(row.next_try - datetime.now(UTC))
        await ledger.collection().update_many({}, {"$set": {"next_try": datetime.now(UTC)}})
        assert await ingest.run("folder:a.txt", parts.ingest) is FileState.SEARCHABLE
    assert waits == sorted(waits)
    assert (len(waits), answers) == (len(jobs.REREADS), [])
    assert [len(known.unread.pages) for known in seen if known.unread] == [2, 2, 1]
    (cv,) = await all_candidates()
    assert (cv.pages[2], cv.unread) == ("German", Unread(pages=(1,), reason=QuarantineReason.TOO_SLOW))
    await assert_sound()


async def test_a_file_that_gives_less_when_it_is_read_again_keeps_what_is_known(
    parts: worker.WorkerParts, tmp_path: Path
) -> None:
    answers: list[CVText | Exception] = [
        CVText(pages=("Ada", "German", ""), unread=Unread(pages=(2,), reason=QuarantineReason.READER_CRASHED)),
        CVText(pages=("Ada", "", ""), unread=Unread(pages=(1, 2), reason=QuarantineReason.NEEDS_OCR)),
        Unreadable(QuarantineReason.TOO_SLOW),
    ]

    async def read(_data: bytes, _name: str, _mime: str) -> CVText:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    write(tmp_path, "a.txt", "Ada")
    parts = replace(parts, ingest=replace(parts.ingest, read=read))
    await jobs.request_scan(parts.queue, by="admin")
    await worker.drain(parts)
    before = await all_candidates()
    for _ in range(2):
        await jobs.retry_file(parts.queue, "folder:a.txt", by="admin")
        assert await ingest.run("folder:a.txt", parts.ingest) is FileState.SEARCHABLE
    assert answers == []
    assert await all_candidates() == before
    await assert_sound()


async def test_candidates_of_a_version_without_links_are_linked_when_a_worker_starts(
    parts: worker.WorkerParts, tmp_path: Path
) -> None:
    mail = Profile(name="Ada", emails=("Ada@Example.org",), phones=("06 12 34 56 78",))
    for number in (1, 2, 3):
        await candidate(number, profile=mail if number < 3 else Profile(name="Bob"))
    await candidates.collection().update_many({}, {"$unset": {"contacts": ""}})
    first, _second, third = [one async for one in candidates.each()]
    assert await same_person.linked(first) == []
    await worker.drain(parts)
    assert [link.candidate.id for link in await same_person.linked(first)] == ["cand2"]
    assert await same_person.linked(third) == []
    before = [raw async for raw in candidates.collection().find({})]
    await worker.drain(parts)
    assert [raw async for raw in candidates.collection().find({})] == before


# --------------------------------------------------------------------------------------------------------- the queue


async def test_what_is_asked_twice_is_queued_once_until_it_was_taken(parts: worker.WorkerParts) -> None:
    due = ledger.Due(key="folder:a", token=3)
    for _ in range(3):
        await jobs.enqueue_files(parts.queue, [due])
    assert await parts.queue.zcard(jobs.FILES) == 1
    await jobs.enqueue_files(parts.queue, [due.model_copy(update={"token": 4})])
    assert await parts.queue.zcard(jobs.FILES) == 2


async def test_the_queue_holds_json(parts: worker.WorkerParts, redis_url: str) -> None:
    await jobs.enqueue_files(parts.queue, [ledger.Due(key="folder:é", token=0)])
    (key,) = await parts.queue.keys("arq:job:*")
    assert json.loads(await parts.queue.get(key))["a"] == ["folder:é"]


async def test_a_forged_payload_runs_nothing(parts: worker.WorkerParts, tmp_path: Path) -> None:
    marker = tmp_path / "forged"
    forged = b"cposix\nsystem\n(S'touch " + os.fsencode(marker) + b"'\ntR."
    await parts.queue.set("arq:job:forged", forged)
    await parts.queue.zadd(jobs.FILES, {"forged": 1})
    await worker.drain(parts)
    assert not marker.exists()


async def test_an_absent_queue_is_no_error_for_who_asks(database: Database, tmp_path: Path) -> None:
    away = await jobs.open_queue(f"unix://{tmp_path}/nobody.sock")
    await jobs.enqueue_files(away, [ledger.Due(key="folder:a", token=0)])
    await jobs.close_queue(away)


@pytest.mark.faults
async def test_a_worker_killed_inside_a_transaction_leaves_nothing_locked(
    start: Start, mongo_uri: str, database: Database, tmp_path: Path
) -> None:
    _people(tmp_path, "Ada")
    code = (
        "import asyncio, os, signal\n"
        "from cvmatcher import store\n"
        "from cvmatcher.store import ledger, sources, transactions, workers\n"
        "from functools import partial\n"
        "async def main():\n"
        f"    client = store.connect({mongo_uri!r})\n"
        f"    await store.open_store(client, {database.name!r}, 'CVExtractionCollection')\n"
        "    owner = worker._owner()\n"
        "    transactions.tell_of_sessions(partial(workers.holds_session, owner))\n"
        "    await sources.ask('folder')\n"
        "    async def work(session):\n"
        "        change = {'$set': {'cursor': 'half done'}}\n"
        "        await sources.SourceDocument.get_pymongo_collection().update_one({}, change, session=session)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    await transactions.in_transaction(ledger.LedgerDocument, work)\n"
        "from cvmatcher import worker\n"
        "asyncio.run(main())\n"
    )
    doomed = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await doomed.wait() == -signal.SIGKILL
    await start()
    await until(lambda: _settled(1), seconds=25)
    await assert_sound()
