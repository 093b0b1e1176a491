"""Drive from its wire to the ledger: what people do in Drive is what search holds after the next look."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from cvmatcher import ingest, listing
from cvmatcher.adapters.drive import DriveSource
from cvmatcher.domain import CVText, FileState, QuarantineReason
from cvmatcher.ingest import IngestParts
from cvmatcher.listing import Outcome
from cvmatcher.store import Database, candidates, ledger
from tests.ingesting import all_candidates, assert_sound, make_parts, states
from tests.servers import drive as wire
from tests.servers.drive import DriveServer


class Team:
    """People at work in a Drive folder, and the app that follows it."""

    def __init__(self, drive: DriveServer) -> None:
        self.drive = drive
        self.folder = drive.folder("CVs")
        self.source = DriveSource(
            "drive", drive.authorised_user(), self.folder, base_url=drive.url, backoff=0.001, tries=2
        )
        self.parts: IngestParts = replace(make_parts(self.source), read=read_without_export_marks)

    async def look(self) -> Outcome:
        """One cycle: a look at Drive, then every file that waits."""
        due: list[ledger.Due] = []

        async def enqueue(rows: Sequence[ledger.Due]) -> None:
            due.extend(rows)

        outcome = await listing.look(self.source, enqueue, secret=b"secret")
        for row in due:
            await ingest.run(row.key, self.parts)
        return outcome

    async def state(self, file_id: str) -> FileState:
        return (await states())[f"drive:{file_id}"]

    async def names(self) -> list[str]:
        return sorted(candidate.profile.name for candidate in await all_candidates())


async def read_without_export_marks(data: bytes, _name: str, _mime: str) -> CVText:
    """Bytes are text, without what differs from one export of a Google Doc to the next."""
    lines = [line for line in data.decode().splitlines() if not line.startswith("%")]
    return CVText(pages=("\n".join(lines),))


@pytest.fixture
def team(database: Database) -> Iterator[Team]:
    with DriveServer() as drive:
        team = Team(drive)
        yield team
        team.source.close()


async def test_the_life_of_files(team: Team) -> None:
    drive = team.drive
    below = drive.folder("2026", team.folder)
    ana = drive.file("ana.pdf", b"Ana", team.folder)
    copy = drive.file("copy of ana.pdf", b"Ana", below)
    doc = drive.doc("Zoe", b"Zoe", below)
    paul = drive.file("paul.pdf", b"Paul", below)
    assert await team.look() is Outcome.DONE
    assert await team.names() == ["Ana", "Paul", "Zoe"]
    assert {await team.state(ana), await team.state(copy)} == {FileState.SEARCHABLE, FileState.DUPLICATE}
    await assert_sound()

    person = await candidates.by_file_key(f"drive:{paul}")
    assert person is not None
    drive.change(paul, name="Paul D.pdf")
    drive.change(doc, version=7)  # somebody looked at it: another version, another export, the same text
    drive.change(ana, trashed=True)
    assert await team.look() is Outcome.DONE
    assert await team.names() == ["Ana", "Paul", "Zoe"]
    assert (await team.state(ana), await team.state(copy)) == (FileState.REMOVED, FileState.SEARCHABLE)
    renamed = await candidates.get(person.id)
    assert renamed is not None
    assert renamed.file_name == "Paul D.pdf"
    await assert_sound()

    drive.change(paul, content=b"Paul with another CV")
    drive.change(doc, content=b"Zoe Martin")
    drive.change(copy, unshared=True)
    assert await team.look() is Outcome.DONE
    assert await team.names() == ["Paul with another CV", "Zoe Martin"]
    replaced = await candidates.by_file_key(f"drive:{paul}")
    assert replaced is not None
    assert replaced.id == person.id
    await assert_sound()

    drive.change(ana, trashed=False)
    assert await team.look() is Outcome.DONE
    assert await team.names() == ["Ana", "Paul with another CV", "Zoe Martin"]
    await assert_sound()


@pytest.mark.parametrize("how", ["moved", "trashed"])
async def test_a_folder_that_leaves_takes_its_files_along(team: Team, how: str) -> None:
    sub = team.drive.folder("sub", team.folder)
    inside = team.drive.file("a.pdf", b"Ana", sub)
    team.drive.file("b.pdf", b"Paul", team.folder)
    await team.look()
    team.drive.change(sub, **({"trashed": True} if how == "trashed" else {"parents": [wire.ROOT]}))
    assert await team.look() is Outcome.DONE
    assert await team.names() == ["Paul"]
    assert await team.state(inside) is FileState.REMOVED
    await assert_sound()


async def test_a_forgotten_page_token_loses_nothing(team: Team) -> None:
    team.drive.file("a.pdf", b"Ana", team.folder)
    gone = team.drive.file("b.pdf", b"Paul", team.folder)
    await team.look()
    team.drive.change(gone, trashed=True)
    team.drive.file("c.pdf", b"Zoe", team.folder)
    team.drive.oldest_change = 10**6
    assert await team.look() is Outcome.DONE
    assert await team.names() == ["Ana", "Zoe"]
    await assert_sound()


@pytest.mark.parametrize("log_refused", [False, True])
async def test_a_trashed_file_goes_though_a_new_one_of_its_size_comes(team: Team, log_refused: bool) -> None:
    """A folder's rename looks like that; Drive's log of changes names the trashed file once and never again."""
    gone = team.drive.file("a.pdf", b"Ana", team.folder)
    await team.look()
    team.drive.change(gone, trashed=True)
    team.drive.file("c.pdf", b"Zoe", team.folder)
    team.drive.oldest_change = 10**6 if log_refused else 0
    await team.look()
    team.drive.oldest_change = 0
    await team.look()
    assert await team.names() == ["Zoe"]
    await assert_sound()


async def test_the_watched_folder_unshared_removes_nobody(team: Team) -> None:
    team.drive.file("a.pdf", b"Ana", team.folder)
    await team.look()
    team.drive.change(team.folder, unshared=True)
    assert await team.look() is Outcome.FAILED
    assert await team.names() == ["Ana"]
    team.drive.change(team.folder, unshared=False)
    assert await team.look() is Outcome.DONE
    await assert_sound()


async def test_a_refused_file_is_quarantined_and_the_others_go_on(team: Team) -> None:
    refused = team.drive.file("a.pdf", b"Ana", team.folder)
    team.drive.file("b.pdf", b"Paul", team.folder)
    team.drive.fail(f"/files/{refused}", wire.error(403, "cannotDownloadAbusiveFile"))
    await team.look()
    assert await team.names() == ["Paul"]
    assert await ledger.quarantine_reasons() == {QuarantineReason.NOT_ALLOWED: 1}
    await assert_sound()


async def test_a_used_up_quota_only_delays(team: Team) -> None:
    file_id = team.drive.file("a.pdf", b"Ana", team.folder)
    team.drive.fail(f"/files/{file_id}", *[wire.error(403, "userRateLimitExceeded")] * 2)
    await team.look()
    assert await team.state(file_id) is FileState.IN_PROGRESS
    await ledger.retry(f"drive:{file_id}")
    await ingest.run(f"drive:{file_id}", team.parts)
    assert await team.names() == ["Ana"]
    await assert_sound()
