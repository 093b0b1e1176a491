"""One CV's way through the real store: identity rules, faults, and the same result when run twice."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest

from cvmatcher import ingest, listing
from cvmatcher.domain import (
    BadAnswer,
    FileGone,
    FileState,
    NotAllowed,
    NotFound,
    OutOfQuota,
    QuarantineReason,
    Unavailable,
)
from cvmatcher.ingest import IngestParts
from cvmatcher.listing import Outcome
from cvmatcher.ports import CVSource, Vectors
from cvmatcher.store import Database, candidates, ledger, pool, tombstones, vectors
from cvmatcher.store.values import now
from tests.fakes import HashEmbedder
from tests.ingesting import (
    FirstLineStructurer,
    ScriptedSource,
    all_candidates,
    assert_sound,
    folder_source,
    full_page,
    listed,
    make_parts,
    states,
    write,
)


@pytest.fixture
async def parts(database: Database, tmp_path: Path) -> IngestParts:
    return make_parts(folder_source(tmp_path))


async def look(parts: IngestParts, name: str = "folder") -> Outcome:
    """A whole look, its files ingested one after the other."""

    async def work(due: object) -> None:
        for row in due:  # type: ignore[attr-defined]
            await ingest.run(row.key, parts)

    source: CVSource = parts.sources[name]
    return await listing.look(source, work, secret=parts.secret)


async def id_of(key: str) -> str:
    candidate = await candidates.by_file_key(key)
    assert candidate is not None
    return candidate.id


async def test_a_file_becomes_a_candidate_with_vectors_and_a_receipt(parts: IngestParts, tmp_path: Path) -> None:
    write(tmp_path, "sub/ada.txt", "Ada Lovelace\nAnalyste")
    await look(parts)
    (candidate,) = await all_candidates()
    assert candidate.profile.name == "Ada Lovelace"
    assert (candidate.file_key, candidate.file_name) == ("folder:sub/ada.txt", "ada.txt")
    entry = (await vectors.by_ids([candidate.id]))[candidate.id]
    assert len(entry.vectors) == len(candidate.passages) > 0
    row = await ledger.get(candidate.file_key)
    assert row is not None
    assert [step.name for step in row.receipt] == ["listed", "fetched", "read", "structured", "embedded"]
    assert [step.version for step in row.receipt][3:] == ["rules/1", "fake/hash"]
    await assert_sound()


async def test_run_twice_is_run_once(parts: IngestParts, tmp_path: Path) -> None:
    write(tmp_path, "ada.txt", "Ada")
    await look(parts)
    before = (await all_candidates(), await states())
    assert await ingest.run("folder:ada.txt", parts) is FileState.SEARCHABLE
    assert await look(parts) is Outcome.DONE
    assert (await all_candidates(), await states()) == before


async def test_a_file_never_listed_is_not_found(parts: IngestParts) -> None:
    with pytest.raises(NotFound):
        await ingest.run("folder:nobody.txt", parts)


async def test_copies_are_one_candidate_and_a_copy_takes_over(parts: IngestParts, tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "Ada")
    await look(parts)
    ada = await id_of("folder:a.txt")
    write(tmp_path, "b.txt", "Ada")
    await look(parts)
    assert await states() == {"folder:a.txt": FileState.SEARCHABLE, "folder:b.txt": FileState.DUPLICATE}
    (tmp_path / "a.txt").unlink()
    await look(parts)
    assert await states() == {"folder:a.txt": FileState.REMOVED, "folder:b.txt": FileState.SEARCHABLE}
    assert await id_of("folder:b.txt") == ada
    write(tmp_path, "a.txt", "Ada")
    await look(parts)
    assert await states() == {"folder:a.txt": FileState.DUPLICATE, "folder:b.txt": FileState.SEARCHABLE}
    await assert_sound()


async def test_a_replaced_file_keeps_its_candidate(parts: IngestParts, tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "Ada")
    await look(parts)
    ada = await id_of("folder:a.txt")
    write(tmp_path, "a.txt", "Ada Lovelace")
    await look(parts)
    (candidate,) = await all_candidates()
    assert (candidate.id, candidate.profile.name) == (ada, "Ada Lovelace")
    await assert_sound()


async def test_a_copy_keeps_the_old_candidate_when_the_primary_is_replaced(parts: IngestParts, tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "Ada")
    write(tmp_path, "b.txt", "Ada")
    await look(parts)
    ada = await id_of("folder:a.txt")
    write(tmp_path, "a.txt", "Grace")
    await look(parts)
    assert await id_of("folder:b.txt") == ada
    assert await id_of("folder:a.txt") != ada
    assert {c.profile.name for c in await all_candidates()} == {"Ada", "Grace"}
    await assert_sound()


async def test_a_replaced_copy_leaves_the_primary_alone(parts: IngestParts, tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "Ada")
    write(tmp_path, "b.txt", "Ada")
    await look(parts)
    ada = await id_of("folder:a.txt")
    write(tmp_path, "b.txt", "Grace")
    await look(parts)
    assert await id_of("folder:a.txt") == ada
    assert (await candidates.by_ids([ada]))[ada].other_files == ()
    await assert_sound()


async def test_a_rename_keeps_the_candidate_and_never_leaves_search(parts: IngestParts, tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "Ada")
    await look(parts)
    ada = await id_of("folder:a.txt")
    path.rename(tmp_path / "new name.txt")
    source = parts.sources["folder"]
    await listing.look(source, _nothing, secret=b"")  # listed, not yet read
    assert await candidates.get(ada) is not None
    await ingest.run("folder:new name.txt", parts)
    await look(parts)
    assert await states() == {"folder:a.txt": FileState.REMOVED, "folder:new name.txt": FileState.SEARCHABLE}
    (candidate,) = await all_candidates()
    assert (candidate.id, candidate.file_name) == (ada, "new name.txt")
    await assert_sound()


async def _nothing(_due: object) -> None:
    return


async def test_a_removed_file_that_comes_back_under_another_key_is_the_same_candidate(
    parts: IngestParts, tmp_path: Path
) -> None:
    write(tmp_path, "a.txt", "Ada")
    await look(parts)
    ada = await id_of("folder:a.txt")
    (tmp_path / "a.txt").unlink()
    await look(parts)
    assert await all_candidates() == []
    write(tmp_path, "elsewhere/b.txt", "Ada")
    await look(parts)
    assert await id_of("folder:elsewhere/b.txt") == ada
    write(tmp_path, "a.txt", "Grace")  # the old place, another person
    await look(parts)
    assert await id_of("folder:a.txt") != ada
    await assert_sound()


class TogetherEmbedder(HashEmbedder):
    """Answers when `count` have asked, so that all of them save at the same time."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.barrier = asyncio.Barrier(count)

    async def embed(self, texts: Sequence[str], role: Literal["query", "passage"]) -> Vectors:
        await self.barrier.wait()
        return await super().embed(texts, role)


async def test_identical_bytes_at_the_same_time_are_one_candidate(parts: IngestParts, tmp_path: Path) -> None:
    parts = replace(parts, embedder=TogetherEmbedder(6))
    keys = [f"folder:{n}.txt" for n in range(6)]
    for n in range(6):
        write(tmp_path, f"{n}.txt", "Ada")
    await listing.look(parts.sources["folder"], _nothing, secret=b"")
    await asyncio.gather(*(ingest.run(key, parts) for key in keys))
    assert sorted((await states()).values()) == [FileState.DUPLICATE] * 5 + [FileState.SEARCHABLE]
    assert len(await all_candidates()) == 1
    await assert_sound()


async def test_two_workers_at_one_file_ingest_it_once(database: Database, tmp_path: Path) -> None:
    structurer = FirstLineStructurer()
    parts = make_parts(folder_source(tmp_path), structurer=structurer)
    write(tmp_path, "a.txt", "Ada")
    await listing.look(parts.sources["folder"], _nothing, secret=b"")
    await asyncio.gather(*(ingest.run("folder:a.txt", replace(parts, owner=f"w{n}")) for n in range(4)))
    assert structurer.calls == 1
    await assert_sound()


async def test_a_late_writer_is_refused(parts: IngestParts, tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "Ada")
    await listing.look(parts.sources["folder"], _nothing, secret=b"")
    late = await ledger.take("folder:a.txt", "late", seconds=0.0)
    assert late is not None
    assert await ingest.run("folder:a.txt", parts) is FileState.SEARCHABLE
    with pytest.raises(pool.LateWriter):
        await pool.quarantine(late, QuarantineReason.DAMAGED)
    await assert_sound()


# --------------------------------------------------------------------------------------------------------- faults


async def test_an_unreadable_file_is_quarantined_until_it_changes(parts: IngestParts, tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "Ada")
    await look(parts)
    ada = await id_of("folder:a.txt")
    write(tmp_path, "a.txt", "!encrypted")
    await look(parts)
    row = await ledger.get("folder:a.txt")
    assert row is not None
    assert (row.state, row.reason, row.next_try) == (FileState.QUARANTINED, QuarantineReason.ENCRYPTED, None)
    assert await all_candidates() == []
    assert await ledger.due(9) == []
    await assert_sound()
    write(tmp_path, "a.txt", "Ada again")
    await look(parts)
    assert await id_of("folder:a.txt") == ada
    await assert_sound()


@pytest.mark.parametrize("fault", [Unavailable("down"), FileGone("x"), ValueError("a bug")])
async def test_a_passing_fault_is_tried_later_and_given_up_in_the_end(database: Database, fault: Exception) -> None:
    source = ScriptedSource(pages=[full_page("a")], bytes_of={"a": fault})
    parts = make_parts(source)
    await look(parts, "drive")
    row = await ledger.get("drive:a")
    assert row is not None
    assert (row.state, row.tries) == (FileState.IN_PROGRESS, 1)
    assert row.next_try is not None
    assert row.next_try > now()
    for _ in range(ingest.MOST_TRIES - 1):
        await _due_now("drive:a")
        await ingest.run("drive:a", parts)
    row = await ledger.get("drive:a")
    assert row is not None
    assert (row.state, row.reason) == (FileState.QUARANTINED, QuarantineReason.GAVE_UP)
    source.bytes_of["a"] = b"Ada"
    await ledger.retry("drive:a")
    assert await ingest.run("drive:a", parts) is FileState.SEARCHABLE
    await assert_sound()


async def _due_now(key: str) -> None:
    await ledger.collection().update_one({"_id": key}, {"$set": {"next_try": now()}})


async def test_a_file_not_allowed_is_quarantined(database: Database) -> None:
    source = ScriptedSource(pages=[full_page("a", "b")], bytes_of={"a": NotAllowed(), "b": b"Bea"})
    await look(make_parts(source), "drive")
    assert await states() == {"drive:a": FileState.QUARANTINED, "drive:b": FileState.SEARCHABLE}


async def test_bytes_of_another_size_than_listed_are_not_believed(database: Database) -> None:
    file = listed("a").model_copy(update={"size": 99})
    page = full_page().model_copy(update={"files": (file,)})
    await look(make_parts(ScriptedSource(pages=[page], bytes_of={"a": b"half"})), "drive")
    assert await states() == {"drive:a": FileState.IN_PROGRESS}


@pytest.mark.parametrize("fault", [Unavailable("down"), OutOfQuota("429"), BadAnswer("{")])
async def test_without_the_model_the_rules_profile_is_searchable_and_enriched_later(
    database: Database, tmp_path: Path, fault: Exception
) -> None:
    model = FirstLineStructurer("model/1")
    model.fault = fault
    parts = make_parts(folder_source(tmp_path), structurer=model)
    write(tmp_path, "a.txt", "Ada")
    await look(parts)
    (before,) = await all_candidates()
    assert (before.structured_by, before.enrichment_waits) == ("rules/1", True)
    assert await states() == {"folder:a.txt": FileState.SEARCHABLE}
    model.fault = None
    await _due_now("folder:a.txt")
    assert [due.key for due in await ledger.due(9)] == ["folder:a.txt"]
    await ingest.run("folder:a.txt", parts)
    (after,) = await all_candidates()
    assert (after.id, after.structured_by, after.enrichment_waits) == (before.id, "model/1", False)
    assert await ledger.due(9) == []
    await assert_sound()


async def test_an_erased_persons_file_does_not_come_back(parts: IngestParts, tmp_path: Path) -> None:
    write(tmp_path, "a.txt", "Ada")
    await look(parts)
    (ada,) = await all_candidates()
    await tombstones.add(parts.secret, ada.content_hash)
    write(tmp_path, "copy of ada.txt", "Ada")
    await look(parts)
    assert "folder:copy of ada.txt" not in await states()
    await look(parts)
    assert "folder:copy of ada.txt" not in await states()
