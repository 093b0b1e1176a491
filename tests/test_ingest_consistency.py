"""`check` sees each kind of difference, and `repair` mends it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cvmatcher import consistency, ingest, listing
from cvmatcher.consistency import CheckParts
from cvmatcher.domain import FileState
from cvmatcher.ingest import IngestParts
from cvmatcher.ports import VectorEntry
from cvmatcher.store import Database, candidates, ledger, vectors
from tests.fakes import FakeVectorIndex
from tests.ingesting import assert_sound, folder_source, make_parts, states, write


@pytest.fixture
async def parts(database: Database, tmp_path: Path) -> IngestParts:
    made = make_parts(folder_source(tmp_path))
    for name, text in (("a.txt", "Ada"), ("b.txt", "Bea"), ("copy.txt", "Ada")):
        write(tmp_path, name, text)
    await _work(made)
    return made


async def _work(parts: IngestParts) -> None:
    async def nothing(_due: object) -> None:
        return

    await listing.look(parts.sources["folder"], nothing, secret=parts.secret)
    for due in await ledger.due(100):
        await ingest.run(due.key, parts)


def _check_parts(parts: IngestParts) -> CheckParts:
    return CheckParts(parts.sources, model_id=parts.embedder.model_id, secret=parts.secret)


async def kinds(parts: IngestParts) -> set[str]:
    report = await consistency.check(_check_parts(parts))
    assert report["ok"] == (not report["differences"])
    return {difference["kind"] for difference in report["differences"]}


async def test_a_sound_pool_has_no_differences(parts: IngestParts) -> None:
    assert await kinds(parts) == set()


async def test_each_damage_is_seen_and_mended(parts: IngestParts) -> None:
    ada, bea = await candidates.by_file_key("folder:a.txt"), await candidates.by_file_key("folder:b.txt")
    assert ada is not None
    assert bea is not None
    people, rows, entries = (
        candidates.collection(),
        ledger.collection(),
        vectors.VectorsDocument.get_pymongo_collection(),
    )
    damages = {
        "candidate_missing": people.delete_one({"_id": bea.id}),
        "vectors_missing": entries.delete_one({"_id": ada.id}),
        "vectors_differ": entries.update_one({"_id": ada.id}, {"$set": {"content_hash": "other"}}),
        "vectors_stray": entries.insert_one(
            {"_id": "stray", "content_hash": "x", "model_id": "fake/hash", "n": 0, "dimension": 1, "vectors": b""}
        ),
        "other_model": entries.update_one({"_id": ada.id}, {"$set": {"model_id": "other"}}),
        "file_held_in_vain": rows.delete_one({"_id": "folder:a.txt"}),
        "state_differs": rows.update_one({"_id": "folder:copy.txt"}, {"$set": {"state": FileState.SEARCHABLE}}),
        "content_differs": rows.update_one({"_id": "folder:a.txt"}, {"$set": {"content_hash": "other"}}),
    }
    for kind, damage in damages.items():
        await damage
        assert kind in await kinds(parts), kind
        await consistency.repair(_check_parts(parts))
        await _work(parts)
        assert await kinds(parts) == set(), kind
        await assert_sound()


async def test_what_the_source_and_the_ledger_do_not_share_is_told(parts: IngestParts, tmp_path: Path) -> None:
    write(tmp_path, "new.txt", "Cleo")
    (tmp_path / "b.txt").unlink()
    assert await kinds(parts) == {"file_not_listed", "file_gone"}
    await _work(parts)
    await _work(parts)
    assert await kinds(parts) == set()
    assert (await states())["folder:b.txt"] is FileState.REMOVED


async def test_an_index_that_lags_is_told(parts: IngestParts) -> None:
    index = FakeVectorIndex()
    everything = [entry async for entry in vectors.each()]
    index.apply([*everything[1:], VectorEntry("ghost", "x", "fake/hash", np.ones((1, 64), np.float32))], [])
    report = await consistency.check(CheckParts({}, {"vectors": index}))
    assert sorted(d["about"] for d in report["differences"]) == sorted([everything[0].candidate_id, "ghost"])
