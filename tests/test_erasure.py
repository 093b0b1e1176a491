"""An erased person leaves no trace: a canary in everything that is kept, searched for after the erasure."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bson
import pytest

from cvmatcher import erasure, ingest, jobs, listing, store
from cvmatcher.adapters.faiss_index import FaissIndex
from cvmatcher.domain import (
    Candidate,
    CVText,
    Ended,
    EndState,
    FileState,
    Hit,
    HitsFound,
    Judged,
    NotFound,
    Ordered,
    Quotation,
    SearchEvent,
    Verdict,
    VerdictState,
)
from cvmatcher.erasure import ErasureParts
from cvmatcher.indexing import Follower
from cvmatcher.ingest import IngestParts
from cvmatcher.store import (
    audit,
    candidates,
    comparisons,
    erasures,
    ledger,
    likes,
    shortlisted,
    tombstones,
    traces,
    turns,
)
from cvmatcher.store.shortlisted import Stage
from cvmatcher.store.turns import Change, NewTurn
from tests.fakes import FakeWordIndex
from tests.ingesting import all_candidates, assert_sound, folder_source, make_parts, write

NAME, MAIL, PHONE = "Zoe Quetzalcoatl", "zoe@xyzzyplugh.example", "+33 6 98 76 54 32"
CV = f"{NAME}\n{MAIL}\n{PHONE}\nPython in Lyon, plover77 certified"
CANARIES = [b"quetzalcoatl", b"xyzzyplugh", b"98 76 54 32", b"plover77"]
FILE = "CV Zoe Quetzalcoatl.txt"


@dataclass
class Pool:
    parts: IngestParts
    erasing: ErasureParts
    queue: jobs.Queue
    folder: Path
    zoe: Candidate
    bob: Candidate

    async def look(self) -> None:
        """One look at the folder, and everything listed is read."""
        due: list[str] = []

        async def enqueue(rows: Sequence[ledger.Due]) -> None:
            due.extend(row.key for row in rows)

        for source in self.parts.sources.values():
            await listing.look(source, enqueue, secret=self.parts.secret, seconds=30, lease_seconds=5)
        for key in due:
            await ingest.run(key, self.parts)


@pytest.fixture
async def pool(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Pool]:
    folder, home = tmp_path / "cvs", tmp_path / "home"
    home.mkdir()
    parts = make_parts(folder_source(folder))
    queue = await jobs.open_queue(redis_url)

    async def unqueue(keys: Any) -> None:
        await jobs.drop_files(queue, keys)

    erasing = ErasureParts(database=database, home=home, secret=parts.secret, sources=parts.sources, unqueue=unqueue)
    made = Pool(parts, erasing, queue, folder, None, None)  # type: ignore[arg-type]
    write(folder, FILE, CV)
    write(folder, "bob.txt", f"Bob\nnurse in Lille; reference: {NAME}")
    await made.look()
    contacts = {"profile.emails": [MAIL], "profile.phones": [PHONE]}
    await candidates.collection().update_one({"profile.name": NAME}, {"$set": contacts})
    found = {one.profile.name: one for one in await all_candidates()}
    made.zoe, made.bob = found[NAME], found["Bob"]
    yield made
    await jobs.close_queue(queue)


def _hit(one: Candidate) -> Hit:
    return Hit(candidate_id=one.id, name=one.profile.name, file_name=one.file_name, passage=one.pages[0][:60])


async def _turn(pool: Pool, message: str, *, ended: bool = True) -> turns.Turn:
    """A turn that found both."""
    place = await turns.new_conversation("rita", message)
    change = Change(kind="like", label=NAME)
    turn = await turns.add(NewTurn(place.id, "rita", message, "process", change=change))
    quoted = Quotation(text="plover77 certified", before="Lyon,")
    verdict = Verdict(candidate_id=pool.zoe.id, criterion_id="c1", state=VerdictState.MET, quotation=quoted)
    events: list[SearchEvent] = [
        HitsFound(hits=(_hit(pool.bob), _hit(pool.zoe))),
        Judged(candidate_id=pool.zoe.id, verdicts=(verdict,)),
        Ordered(candidate_ids=(pool.zoe.id, pool.bob.id), by="rules"),
        *([Ended(state=EndState.DONE)] if ended else []),
    ]
    for number, event in enumerate(events, start=1):
        await turns.append(turn.id, number, event)
    return turn


async def _in_documents(database: store.Database, words: Sequence[bytes]) -> list[tuple[str, bytes]]:
    """(collection, word) wherever a document holds one of the words. Bob's CV may name his referee."""
    found = []
    for name in await database.list_collection_names():
        async for raw in database[name].find({}):
            if name == candidates.collection().name and raw["profile"]["name"] == "Bob":
                continue
            whole = bson.encode(raw).lower()
            found += [(name, word) for word in words if word in whole]
    return found


def _in_files(home: Path, words: Sequence[bytes]) -> list[tuple[str, bytes]]:
    files = [path for path in home.rglob("*") if path.is_file()]
    return [(path.name, word) for path in files for word in words if word in path.read_bytes().lower()]


async def _in_redis(queue: jobs.Queue, words: Sequence[bytes]) -> list[bytes]:
    found = []
    async for key in queue.scan_iter():
        kind = await queue.type(key)
        value = await queue.zrange(key, 0, -1) if kind == b"zset" else [await queue.get(key)]
        found += [word for word in words if word in b"".join([key, *value]).lower()]
    return found


async def test_nothing_is_left(database: store.Database, pool: Pool) -> None:
    home, zoe, bob = pool.erasing.home, pool.zoe, pool.bob
    await _turn(pool, f"python like {NAME} in Lyon")
    running = await _turn(pool, "python", ended=False)
    await likes.like("rita", zoe.id)
    await shortlisted.write("rita", zoe.id, Stage.NEW, f"call {PHONE}")
    await likes.like("rita", bob.id)
    await shortlisted.write("rita", bob.id, Stage.OFFER, f"knows {NAME}", "a change")
    await comparisons.pick("rita", zoe.id)
    await comparisons.pick("rita", bob.id)
    await audit.append("rita", "viewed", zoe.id)
    await database["lists_of_tomorrow"].insert_many(
        [
            {"_id": "1", "candidates": [bob.id, zoe.id], "title": f"not {MAIL.upper()}"},
            {"_id": "2", "rows": [{"who": zoe.id, "note": "plover77"}, {"who": bob.id, "note": "fine"}]},
            {"_id": "3", "candidate": zoe.id, "note": "plover77"},
            {"_id": f"rita:{zoe.id}", "note": "plover77"},
            {"_id": "4", "status": {zoe.id: "plover77", bob.id: "called"}},
        ]
    )
    queue = pool.queue
    await jobs.enqueue_files(queue, [ledger.Due(key=zoe.file_key, token=9)])
    (home / "logs").mkdir()
    (home / "logs" / "worker.log").write_text(f"at {zoe.file_key}: Zoe\n      Quetzalcoatl {MAIL}\nafter\n")
    index = FaissIndex("fake/hash", 64, home / "index" / "vectors")
    async with Follower(index, FakeWordIndex()):
        pass
    everything = [*CANARIES, zoe.id.encode(), zoe.content_hash.encode()]
    assert {name for name, _ in await _in_documents(database, everything)} >= {
        "CVExtractionCollection", "faiss_index", "seen_cvs", "conversations", "turns", "turn_events",
        "shortlist_entries", "comparisons",
    }  # fmt: skip
    assert await _in_redis(queue, CANARIES)
    assert {name for name, _ in _in_files(home, everything)} >= {"worker.log", "manifest.json"}

    before = await erasure.preview([zoe.id], [], database)
    assert [one.files for one in before.found] == [(f"folder: {FILE}",)]
    assert before.traces["shortlist_entries"] == 2
    receipt = await erasure.erase(await erasure.person_of([zoe.id]), pool.erasing, by="ada")
    assert receipt.candidates == 1
    assert receipt.left == (f"folder: {FILE}",)

    await turns.append(running.id, 4, HitsFound(hits=(_hit(zoe),)))  # its process had read her before
    await turns.append(running.id, 5, Ended(state=EndState.DONE))
    assert await _in_documents(database, CANARIES) == []
    with_ids = {name for name, _ in await _in_documents(database, everything)}
    assert with_ids == {"audit", "decisions", "turns"}  # a random id alone
    assert _in_files(home, everything) == []
    assert await _in_redis(queue, CANARIES) == []
    assert (home / "logs" / "worker.log").read_text().endswith("after\n")

    kept = [event for _, event in await turns.events(running.id)]
    assert [event.type for event in kept] == ["hits", "hits", "ordered", "hits", "ended"]
    assert isinstance(kept[2], Ordered)
    assert kept[2].candidate_ids == (bob.id,)
    assert [one.note for one in await shortlisted.entries("rita")] == [f"knows {traces.GONE}"]
    tomorrow = {raw.pop("_id"): raw async for raw in database["lists_of_tomorrow"].find({})}
    assert tomorrow == {
        "1": {"candidates": [bob.id], "title": f"not {traces.GONE}"},
        "2": {"rows": [{"who": bob.id, "note": "fine"}]},
        "4": {"status": {bob.id: "called"}},
    }
    assert [row.act for row in await audit.about(zoe.id)] == ["erased", "viewed"]
    assert await audit.broken_at() is None
    await assert_sound()


async def test_no_sync_brings_them_back(pool: Pool) -> None:
    await erasure.erase(await erasure.person_of([pool.zoe.id]), pool.erasing, by="ada")
    write(pool.folder, "another name.txt", CV)
    await pool.look()
    assert [one.profile.name for one in await all_candidates()] == ["Bob"]
    assert {row.name for row in await ledger.each()} == {"bob.txt"}
    await pool.look()  # the copy is known by its name as well now
    assert {row.name for row in await ledger.each()} == {"bob.txt"}
    await assert_sound()


async def test_who_is_at_the_file_comes_too_late(pool: Pool) -> None:
    """Erased while a worker has the same bytes, under another name, in its hands."""
    path = write(pool.folder, "copy.txt", CV.replace("plover77", "plover78"))
    read = pool.parts.read

    async def erased_meanwhile(data: bytes, name: str, mime: str) -> CVText:
        await tombstones.add(pool.parts.secret, hashlib.sha256(path.read_bytes()).hexdigest())
        return await read(data, name, mime)

    pool.parts = replace(pool.parts, read=erased_meanwhile)
    await pool.look()
    assert {row.name for row in await ledger.each()} == {FILE, "bob.txt"}
    await assert_sound()


async def test_one_that_was_cut_short_is_finished(pool: Pool, tmp_path: Path) -> None:
    person = await erasure.person_of([pool.zoe.id])
    nowhere = ErasureParts(
        database=pool.erasing.database, home=tmp_path / "cvs" / "bob.txt", secret=b"secret", sources=pool.parts.sources
    )
    with pytest.raises(FileExistsError):
        await erasure.erase(person, nowhere, by="ada")
    assert len(await erasures.unfinished()) == 1
    assert await erasure.finish(pool.erasing) == 1
    assert await _in_documents(pool.erasing.database, CANARIES) == []
    assert await erasure.finish(pool.erasing) == 0
    with pytest.raises(NotFound):
        await erasure.person_of([pool.zoe.id])


@pytest.mark.parametrize("who", ["zoé QUETZALCOATL", "Quetzalcoatl, Zoe", MAIL.upper(), FILE, "6 98 76 54 32"])
async def test_a_person_is_found(pool: Pool, who: str) -> None:
    assert [one.candidate_id for one in await erasure.find(who)] == [pool.zoe.id]
    assert [one.name for one in await erasure.find("zo")] == []


async def test_a_file_that_became_no_candidate_goes_as_well(pool: Pool) -> None:
    write(pool.folder, "Zoe Quetzalcoatl scan.txt", "!no_text")
    await pool.look()
    found = await erasure.find("zoe quetzalcoatl scan")
    assert [(one.candidate_id, one.files) for one in found] == [(None, ("folder: Zoe Quetzalcoatl scan.txt",))]
    await erasure.erase(await erasure.person_of([], found[0].keys), pool.erasing, by="ada")
    assert (await ledger.sums())[FileState.QUARANTINED] == 0
    await pool.look()
    assert (await ledger.sums())[FileState.QUARANTINED] == 0


async def test_every_collection_of_the_store_is_covered(database: store.Database) -> None:
    """By a rule of its own or by the general one; and whatever is exempt is named here, with a reason in its module."""
    for name in {document.get_pymongo_collection().name for document in store.documents()}:
        await database[name].insert_one({"_id": "x"})
    exempt = {place.collection for place in await traces.places(database) if place.rule is traces.NOBODY}
    assert exempt == {
        "audit", "audit_head", "erasures", "folders", "login_tries", "preferences",
        "sessions", "tokens", "tombstones", "users", "workers",
    }  # fmt: skip
