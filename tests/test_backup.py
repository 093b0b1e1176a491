"""A backup brings everything back on an empty database, and nobody who was erased since."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cvmatcher import backup, erasure, ingest, listing, store
from cvmatcher.domain import Conflict, InvalidInput
from cvmatcher.ingest import IngestParts
from cvmatcher.store import Database, candidates, likes, shortlisted, tombstones, vectors
from tests.ingesting import all_candidates, assert_sound, folder_source, make_parts, write

CVS = {"ada.txt": "Ada\nPython in Lyon", "bob.txt": "Bob\nnurse in Lille", "copy.txt": "Ada\nPython in Lyon"}


@pytest.fixture
async def other_database(mongo_uri: str, database: Database) -> AsyncIterator[Database]:
    """An empty one; opening it turns the store away from `database`."""
    client = store.connect(mongo_uri)
    name = f"test_{secrets.token_hex(6)}"
    yield client[name]
    await client.drop_database(name)
    await client.close()


async def _ingested(folder: Path) -> IngestParts:
    for name, text in CVS.items():
        write(folder, name, text)
    source = folder_source(folder)
    parts = make_parts(source)
    found: list[str] = []

    async def enqueue(due: object) -> None:
        found.extend(one.key for one in due)  # type: ignore[attr-defined]

    await listing.look(source, enqueue, secret=parts.secret, seconds=30, lease_seconds=5)
    for key in found:
        await ingest.run(key, parts)
    return parts


async def test_everything_comes_back(database: Database, other_database: Database, tmp_path: Path) -> None:
    await _ingested(tmp_path / "cvs")
    (tmp_path / "home" / "uploads").mkdir(parents=True)
    (tmp_path / "home" / "uploads" / "one.pdf").write_bytes(b"%PDF")
    before, hashes = await all_candidates(), await vectors.hashes()
    made = await backup.backup(database, tmp_path / "home", tmp_path / "b.tar.gz")
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o077 == 0

    await store.open_store(other_database.client, other_database.name, "CVExtractionCollection")
    report = await backup.restore(other_database, tmp_path / "new", tmp_path / "b.tar.gz", b"secret")
    assert report.documents == made.documents
    assert await all_candidates() == before
    assert await vectors.hashes() == hashes
    assert (tmp_path / "new" / "uploads" / "one.pdf").read_bytes() == b"%PDF"
    await assert_sound()


async def test_the_erased_stay_away(database: Database, other_database: Database, tmp_path: Path) -> None:
    parts = await _ingested(tmp_path / "cvs")
    ada = next(one for one in await all_candidates() if one.profile.name == "Ada")
    await likes.like("rita", ada.id)
    await backup.backup(database, tmp_path / "home", tmp_path / "b.tar.gz")
    await store.open_store(other_database.client, other_database.name, "CVExtractionCollection")
    await tombstones.add(parts.secret, ada.content_hash)
    report = await backup.restore(other_database, tmp_path / "new", tmp_path / "b.tar.gz", parts.secret)
    assert report.erased_again == 2  # both files with her bytes
    assert [one.profile.name for one in await all_candidates()] == ["Bob"]
    assert await shortlisted.entries("rita") == []
    await assert_sound()


async def test_the_home_remembers_the_erased_when_the_database_is_lost(
    database: Database, other_database: Database, tmp_path: Path
) -> None:
    parts = await _ingested(tmp_path / "cvs")
    await backup.backup(database, tmp_path / "home", tmp_path / "b.tar.gz")
    ada = next(one for one in await all_candidates() if one.profile.name == "Ada")
    erasing = erasure.ErasureParts(database, tmp_path / "home", parts.secret, parts.sources)
    await erasure.erase(await erasure.person_of([ada.id]), erasing, by="ada")
    await store.open_store(other_database.client, other_database.name, "CVExtractionCollection")
    report = await backup.restore(other_database, tmp_path / "home", tmp_path / "b.tar.gz", parts.secret)
    assert report.erased_again == 2
    assert [one.profile.name for one in await all_candidates()] == ["Bob"]


async def test_a_changed_archive_or_a_full_database_is_refused(database: Database, tmp_path: Path) -> None:
    await _ingested(tmp_path / "cvs")
    archive = tmp_path / "b.tar.gz"
    await backup.backup(database, tmp_path / "home", archive)
    with pytest.raises(Conflict, match="holds candidates"):
        await backup.restore(database, tmp_path / "home", archive, b"secret")
    with pytest.raises(Conflict, match="there already"):
        await backup.backup(database, tmp_path / "home", archive)
    for one in await all_candidates():
        await candidates.collection().delete_one({"_id": one.id})
    whole = archive.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", whole[:-40] + bytes(40)):
        archive.write_bytes(broken)
        with pytest.raises(InvalidInput):
            await backup.restore(database, tmp_path / "home", archive, b"secret")
    assert not await all_candidates()
