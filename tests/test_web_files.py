"""The list of files ever seen and the receipt of each, behind the real app and the real ingestion."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cvmatcher import ingest, jobs, listing, store
from cvmatcher.domain import CVText, FileState, OutOfQuota, QuarantineReason, Unread
from cvmatcher.ingest import IngestParts
from cvmatcher.store import ledger
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from tests.ingesting import FirstLineStructurer, all_candidates, folder_source, make_parts, write
from tests.site import HTMX, Browser, Scripted, person, services_of, serving


@dataclass
class Site:
    rita: Browser
    folder: Path
    parts: IngestParts
    model: FirstLineStructurer

    async def look(self) -> None:
        due: list[ledger.Due] = []

        async def keep(rows: Sequence[ledger.Due]) -> None:
            due.extend(rows)

        await listing.look(self.parts.sources["folder"], keep)
        for row in due:
            await ingest.run(row.key, self.parts)


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    folder = tmp_path / "cvs"
    folder.mkdir()
    model = FirstLineStructurer("model/1")
    parts = make_parts(folder_source(folder), structurer=model)
    services = services_of(database, queue, tmp_path)
    await person("rita", Role.ADMIN)
    async with services.follower, serving(create_app(services, Scripted().run)) as base, Browser(base) as rita:
        await rita.sign_in("rita")
        yield Site(rita, folder, parts, model)
    await jobs.close_queue(queue)


def shown(html: str) -> list[str]:
    """The names of the files that the list shows."""
    return re.findall(r'<h2><a href="/admin/file\?key=[^"]+">([^<]+)</a>', html)


async def test_every_file_is_found_by_state_and_by_name(site: Site) -> None:
    write(site.folder, "team/ada.txt", "Ada Lovelace\nAnalyst")
    write(site.folder, "copy.txt", "Ada Lovelace\nAnalyst")
    write(site.folder, "locked (1).txt", "!encrypted")
    await site.look()
    everything = await site.rita.get("/admin/files", **{"Accept-Language": "en"})
    assert sorted(shown(everything.text)) == ["ada.txt", "copy.txt", "locked (1).txt"]
    aside = await site.rita.get("/admin/files?state=quarantined&reason=encrypted")
    assert shown(aside.text) == ["locked (1).txt"]
    assert "protected by a password" in aside.text
    assert "1 try" in aside.text
    doubled = await site.rita.get("/admin/files?state=duplicate")
    assert re.search(r"the very same file as <a href=[^>]+>(ada|copy).txt</a>", doubled.text)
    assert shown((await site.rita.get("/admin/files?q=TEAM")).text) == ["ada.txt"]
    assert shown((await site.rita.get("/admin/files?q=(1)")).text) == ["locked (1).txt"]
    assert shown((await site.rita.get("/admin/files?q=.*")).text) == []
    assert (await site.rita.get("/admin/files?state=$ne")).status_code == 422
    part = await site.rita.get("/admin/files?q=ada", **HTMX)
    assert "<html" not in part.text


async def test_pages_of_the_list_hold_fifty(site: Site) -> None:
    for number in range(52):
        write(site.folder, f"{number}.txt", f"Person {number}\nwelder")
    await site.look()
    first, second = await site.rita.get("/admin/files"), await site.rita.get("/admin/files?page=2")
    assert len(shown(first.text)) == 50
    assert len({*shown(first.text), *shown(second.text)}) == 52


async def test_a_receipt_tells_the_whole_story_of_a_file(site: Site) -> None:
    path = write(site.folder, "a b%/ada.txt", "Ada Lovelace\nAnalyst")
    await site.look()
    write(site.folder, "a b%/ada.txt", "Ada Lovelace\nAnalyst and countess")
    await site.look()
    path.unlink()
    await site.look()
    (row,) = await ledger.each()
    assert row.state is FileState.REMOVED
    assert [step.name for step in row.receipt] == [
        *("listed", "fetched", "read", "structured", "embedded"),
        *("replaced", "fetched", "read", "structured", "embedded"),
        "removed",
    ]
    address = re.search(r"/admin/file\?key=[^\"]+", (await site.rita.get("/admin/files")).text)
    assert address is not None
    page = await site.rita.get(address[0])
    assert "gone from the source, out of the search" in page.text
    assert "model/1" in page.text
    assert (await site.rita.get("/admin/file?key=nothing")).status_code == 404


async def test_a_receipt_of_a_file_set_aside_offers_another_try(site: Site) -> None:
    write(site.folder, "late.txt", "!damaged")
    await site.look()
    page = await site.rita.get("/admin/file?key=folder%3Alate.txt")
    assert "Retry now" in page.text
    back = "/admin/file?key=folder%3Alate.txt"
    again = await site.rita.post("/admin/retry", {"key": "folder:late.txt", "back": back})
    assert (again.status_code, again.headers["location"]) == (303, back)
    running = await site.rita.get(back)
    assert 'hx-trigger="every 2s"' in running.text
    assert "another try asked for" in running.text


async def test_cvs_that_wait_for_the_model_are_counted_and_listed(site: Site) -> None:
    site.model.fault = OutOfQuota("used up")
    write(site.folder, "ada.txt", "Ada Lovelace\nAnalyst")
    await site.look()
    assert "1 searchable CV was read by rules so far" in (await site.rita.get("/admin")).text
    waiting = await site.rita.get("/admin/files?state=enriching")
    assert shown(waiting.text) == ["ada.txt"]
    assert "by rules so far, waiting for the model" in waiting.text
    site.model.fault = None
    await ledger.collection().update_many({}, {"$set": {"next_try": datetime.now(UTC)}})
    await ingest.run("folder:ada.txt", site.parts)
    assert shown((await site.rita.get("/admin/files?state=enriching")).text) == []
    row = await ledger.get("folder:ada.txt")
    assert row is not None
    assert [step.version for step in row.receipt if step.name == "structured"] == ["rules/1", "model/1"]


async def test_pages_that_could_not_be_read_are_said_wherever_the_cv_is_shown(site: Site) -> None:
    async def read(data: bytes, _name: str, _mime: str) -> CVText:
        unread = Unread(pages=(1, 4), reason=QuarantineReason.NEEDS_OCR)
        return CVText(pages=(data.decode(), "", "Skills", "Python", ""), unread=unread)

    site.parts = replace(site.parts, read=read)
    write(site.folder, "ada.txt", "Ada Lovelace\nAnalyst")
    await site.look()
    said = "2 of 5 pages could not be read (2, 5): scan, no text recognition here."
    assert "1 searchable CV has pages that could not be read." in (await site.rita.get("/admin")).text
    listed = await site.rita.get("/admin/files?state=partly")
    assert shown(listed.text) == ["ada.txt"]
    key = "/admin/file?key=folder%3Aada.txt"
    (cv,) = await all_candidates()
    for page in (listed, await site.rita.get(key), await site.rita.get(f"/cv/{cv.id}")):
        assert said in page.text
    assert "Read again" in listed.text
    again = await site.rita.post("/admin/retry", {"key": "folder:ada.txt", "back": key})
    assert again.status_code == 303
    assert "It is being read again." in (await site.rita.get(key)).text
    assert shown((await site.rita.get("/admin/files?state=enriching")).text) == []
    site.parts = replace(site.parts, read=make_parts().read)
    await ingest.run("folder:ada.txt", site.parts)
    assert shown((await site.rita.get("/admin/files?state=partly")).text) == []
    assert "could not be read" not in (await site.rita.get(f"/cv/{cv.id}")).text
