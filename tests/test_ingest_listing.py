"""Listings: what is new, what is gone, what breaks off, and the word an admin must give."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvmatcher import ingest, listing
from cvmatcher.domain import FileState, ListingPage, StaleCursor, Unavailable
from cvmatcher.ingest import IngestParts
from cvmatcher.listing import Outcome
from cvmatcher.store import Database, ledger, sources, tombstones
from tests.ingesting import (
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

ABC = {"a": b"Ada", "b": b"Bea", "c": b"Cleo", "d": b"Dora"}


@pytest.fixture
def drive(database: Database) -> ScriptedSource:
    return ScriptedSource(bytes_of=dict(ABC))


@pytest.fixture
def parts(drive: ScriptedSource) -> IngestParts:
    return make_parts(drive)


async def look(parts: IngestParts, name: str = "drive", *, seconds: float = 25.0) -> Outcome:
    async def work(due: object) -> None:
        for row in due:  # type: ignore[attr-defined]
            await ingest.run(row.key, parts)

    return await listing.look(parts.sources[name], work, secret=parts.secret, seconds=seconds)


def changed(*files: str, gone: tuple[str, ...] = (), cursor: str = "c2", more: bool = False) -> ListingPage:
    page = full_page(*files, cursor=cursor, more=more)
    return page.model_copy(update={"full": False, "gone": gone})


async def test_what_a_complete_listing_does_not_name_is_removed(drive: ScriptedSource, parts: IngestParts) -> None:
    drive.pages = [full_page("a", "b", more=True, cursor="p1"), full_page("c", cursor="c1")]
    assert await look(parts) is Outcome.DONE
    assert drive.cursors == [None, "p1"]
    await sources.ask("drive", full=True)
    drive.pages = [full_page("a", more=True), full_page("c")]
    await look(parts)
    assert (await states())["drive:b"] is FileState.REMOVED
    await assert_sound()


@pytest.mark.parametrize("fault", [Unavailable("503"), StaleCursor("410")])
async def test_a_listing_that_breaks_off_removes_nothing(
    drive: ScriptedSource, parts: IngestParts, fault: Exception
) -> None:
    drive.pages = [full_page("a", "b", "c")]
    await look(parts)
    await sources.ask("drive", full=True)
    drive.pages = [full_page("a", more=True, cursor="p1"), fault]
    if isinstance(fault, StaleCursor):
        drive.pages += [full_page("a", "b", more=True, cursor="q1"), Unavailable("503")]
    assert await look(parts) is Outcome.FAILED
    assert set((await states()).values()) == {FileState.SEARCHABLE}
    assert "503" in (await sources.get("drive")).error
    drive.pages = [full_page("c")]  # it goes on where it stopped
    await look(parts)
    expected = FileState.SEARCHABLE if isinstance(fault, StaleCursor) else FileState.REMOVED
    assert (await states())["drive:b"] is expected
    assert (await sources.get("drive")).error == ""
    await assert_sound()


async def test_changes_add_and_remove_what_they_name(drive: ScriptedSource, parts: IngestParts) -> None:
    drive.pages = [full_page("a", "b", "d", cursor="c1")]
    await look(parts)
    drive.pages = [changed("c", gone=("a",), more=True), changed("b", gone=("b",), cursor="c3")]
    await look(parts)
    assert drive.cursors == [None, "c1", "c2"]
    assert await states() == {
        "drive:a": FileState.REMOVED,
        "drive:b": FileState.SEARCHABLE,  # named behind its going
        "drive:c": FileState.SEARCHABLE,
        "drive:d": FileState.SEARCHABLE,  # not named, and so not changed
    }
    await assert_sound()


async def test_a_cursor_the_source_forgot_leads_to_a_complete_listing(
    drive: ScriptedSource, parts: IngestParts
) -> None:
    drive.pages = [full_page("a", "b", cursor="c1")]
    await look(parts)
    drive.pages = [StaleCursor("410"), full_page("a")]
    await look(parts)
    assert drive.cursors[-2:] == ["c1", None]
    assert (await states())["drive:b"] is FileState.REMOVED


async def _twenty(drive: ScriptedSource, parts: IngestParts) -> list[str]:
    ids = [f"f{n:02}" for n in range(20)]
    drive.bytes_of |= {file_id: f"Person {file_id}".encode() for file_id in ids}
    drive.pages = [full_page(*ids, cursor="c1")]
    await look(parts)
    return ids


async def test_a_mass_disappearance_waits_for_a_word(drive: ScriptedSource, parts: IngestParts) -> None:
    ids = await _twenty(drive, parts)
    await sources.ask("drive", full=True)
    drive.pages = [full_page(*ids[:12])]
    await look(parts)
    assert set((await states()).values()) == {FileState.SEARCHABLE}
    assert (await sources.get("drive")).removals_wait == 8
    await sources.confirm_removals("drive")
    drive.pages = [full_page(*ids[:11])]  # one more than was confirmed
    await look(parts)
    assert set((await states()).values()) == {FileState.SEARCHABLE}
    assert await sources.confirm_removals("drive") == 9
    drive.pages = [full_page(*ids[:11])]
    await look(parts)
    assert list((await states()).values()).count(FileState.REMOVED) == 9
    assert (await sources.get("drive")).removals_wait == 0
    await assert_sound()


async def test_a_mass_disappearance_told_by_changes_is_checked_by_a_complete_listing(
    drive: ScriptedSource, parts: IngestParts
) -> None:
    ids = await _twenty(drive, parts)
    drive.pages = [changed(gone=tuple(ids[12:]))]
    assert await look(parts) is Outcome.MORE
    assert set((await states()).values()) == {FileState.SEARCHABLE}
    drive.pages = [full_page(*ids)]  # it was a false alarm
    await look(parts)
    assert drive.cursors[-1] is None
    assert (await sources.get("drive")).removals_wait == 0


async def test_a_few_files_may_go_without_a_word(drive: ScriptedSource, parts: IngestParts) -> None:
    drive.pages = [full_page("a", "b", "c")]
    await look(parts)
    await sources.ask("drive", full=True)
    drive.pages = [full_page()]
    await look(parts)
    assert set((await states()).values()) == {FileState.REMOVED}
    await assert_sound()


async def test_a_moved_folder_is_no_disappearance(database: Database, tmp_path: Path) -> None:
    parts = make_parts(folder_source(tmp_path))
    for n in range(12):
        write(tmp_path, f"old/{n}.txt", f"Person {n}")
    await look(parts, "folder")
    before = {candidate.id for candidate in await all_candidates()}
    (tmp_path / "old").rename(tmp_path / "new")
    await look(parts, "folder")
    await look(parts, "folder")
    assert {candidate.id for candidate in await all_candidates()} == before
    assert (await sources.get("folder")).removals_wait == 0
    assert all((state is FileState.REMOVED) == key.startswith("folder:old") for key, state in (await states()).items())
    await assert_sound()


async def test_a_new_name_changes_metadata_only(drive: ScriptedSource, parts: IngestParts) -> None:
    drive.pages = [full_page("a", cursor="c1")]
    await look(parts)
    (before,) = await all_candidates()
    drive.pages = [changed().model_copy(update={"files": (listed("a", name="Ada 2026.pdf"),)})]
    await look(parts)
    (after,) = await all_candidates()
    assert after == before.model_copy(update={"file_name": "Ada 2026.pdf"})


async def test_a_second_look_at_the_same_time_is_told_so(drive: ScriptedSource, parts: IngestParts) -> None:
    held = await sources.take("drive", seconds=30)
    assert held is not None
    assert await look(parts) is Outcome.BUSY
    assert drive.cursors == []


async def test_a_look_that_was_overtaken_writes_nothing(drive: ScriptedSource, parts: IngestParts) -> None:
    late = await sources.take("drive", seconds=0)
    assert late is not None
    late = await sources.begin(late, full=True)
    assert late is not None
    drive.pages = [full_page("a")]
    assert await look(parts) is Outcome.DONE
    assert await sources.save_page(late, full_page("b")) is None
    assert list(await states()) == ["drive:a"]


async def test_an_erased_persons_file_is_not_even_listed(drive: ScriptedSource, parts: IngestParts) -> None:
    await tombstones.add(parts.secret, "drive:a")
    drive.pages = [full_page("a", "b")]
    await look(parts)
    assert list(await states()) == ["drive:b"]


async def test_a_slice_ends_and_the_next_goes_on(drive: ScriptedSource, parts: IngestParts) -> None:
    drive.pages = [full_page("a", more=True, cursor="p1"), full_page("b", "c")]
    assert await look(parts, seconds=-1) is Outcome.MORE
    assert list(await states()) == ["drive:a"]
    assert await look(parts, seconds=-1) is Outcome.DONE
    assert drive.cursors == [None, "p1"]
    assert set(await states()) == {"drive:a", "drive:b", "drive:c"}


async def test_a_restored_file_is_looked_at_again(drive: ScriptedSource, parts: IngestParts) -> None:
    drive.pages = [full_page("a", cursor="c1")]
    await look(parts)
    (ada,) = await all_candidates()
    drive.pages = [changed(gone=("a",))]
    await look(parts)
    assert await all_candidates() == []
    drive.pages = [changed("a", cursor="c3")]
    await look(parts)
    assert [candidate.id for candidate in await all_candidates()] == [ada.id]
    row = await ledger.get("drive:a")
    assert row is not None
    assert row.candidate_id == ada.id
    await assert_sound()
