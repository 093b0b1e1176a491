"""CVs added by hand: kept whole under a safe name, a source like any other; the page and its rights."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmatcher import consistency, ingest, jobs, listing, reading, store
from cvmatcher.adapters.uploads import ABANDONED, UploadsSource, safe_name
from cvmatcher.consistency import CheckParts
from cvmatcher.domain import FileGone, FileState, NotFound, QuarantineReason, Unreadable
from cvmatcher.ingest import IngestParts
from cvmatcher.store import audit, ledger, people, tombstones
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from cvmatcher.web.parts import Parts
from cvmatcher.wiring import Services
from tests import odd_files
from tests.ingesting import all_candidates, assert_sound, make_parts
from tests.site import HTMX, Browser, Scripted, person, services_of, serving, until

# ---------------------------------------------------------------------------------------------------------- source


async def test_an_upload_is_a_file_of_its_source(tmp_path: Path) -> None:
    source = UploadsSource("uploads", tmp_path)
    file = await source.add("../../Ada Lovelace.PDF", b"%PDF-1.7 ada")
    twin = await source.add("Ada Lovelace.PDF", b"%PDF-1.7 another")
    assert (file.name, file.size, file.mime) == ("Ada Lovelace.PDF", 12, "application/pdf")
    assert await source.fetch(file.file_id) == b"%PDF-1.7 ada"
    page = await source.changes(None)
    assert sorted(page.files, key=str) == sorted((file, twin), key=str)
    assert page.full
    await source.remove(file.file_id)
    await source.remove(file.file_id)
    assert (await source.changes(None)).files == (twin,)
    with pytest.raises(FileGone):
        await source.fetch(file.file_id)


@pytest.mark.parametrize("file_id", ["", ".", "..", "../x", "a", "/etc/passwd", "a/b/c", "a/../b"])
async def test_nothing_but_an_upload_is_deleted(tmp_path: Path, file_id: str) -> None:
    outside = tmp_path / "x"
    outside.mkdir()
    source = UploadsSource("uploads", tmp_path / "uploads")
    kept = await source.add("a.pdf", b"%PDF-")
    with pytest.raises(NotFound):
        await source.remove(file_id)
    assert outside.exists()
    assert await source.fetch(kept.file_id) == b"%PDF-"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.pdf", b"", QuarantineReason.EMPTY_FILE),
        ("a.exe", b"MZ", QuarantineReason.UNSUPPORTED_TYPE),
        ("a", b"%PDF-", QuarantineReason.UNSUPPORTED_TYPE),
        ("a.pdf", bytes(UploadsSource.largest + 1), QuarantineReason.TOO_LARGE),
    ],
)
async def test_what_cannot_be_a_cv_is_refused_at_the_door(
    tmp_path: Path, name: str, data: bytes, reason: QuarantineReason
) -> None:
    with pytest.raises(Unreadable) as refused:
        await UploadsSource("uploads", tmp_path).add(name, data)
    assert refused.value.reason is reason
    assert (await UploadsSource("uploads", tmp_path).changes(None)).files == ()


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=300))
def test_any_name_becomes_one_that_a_disk_takes_and_that_hides_nothing(name: str) -> None:
    safe = safe_name(f"{name}.pdf")
    assert safe.endswith(".pdf")
    assert 0 < len(safe.encode()) < 200
    assert not safe.startswith((".", "~$"))
    assert not re.search(r'[\x00-\x1f\x7f/\\<>:"|?*\u202a-\u202e\u2066-\u2069\u200b]', safe)


async def test_half_an_upload_whose_writer_died_is_found_and_deleted(database: store.Database, tmp_path: Path) -> None:
    del database
    source = UploadsSource("uploads", tmp_path)
    kept = await source.add("a.pdf", b"%PDF-")
    for name, age in (("young", 0.0), ("old", ABANDONED + 60)):
        (tmp_path / f".{name}").mkdir()
        for path in (tmp_path / f".{name}" / "b.pdf", tmp_path / f".{name}"):
            path.touch()
            os.utime(path, (time.time() - age,) * 2)
    seen = await consistency.check(CheckParts({"uploads": source}))
    halves = [one["about"] for one in seen["differences"] if one["kind"] == "file_half_written"]
    assert halves == ["uploads:.old"]
    mended = await consistency.repair(CheckParts({"uploads": source}))
    assert "file_half_written" not in {one["kind"] for one in mended["differences"]}
    assert not (tmp_path / ".old").exists()
    assert (tmp_path / ".young").exists(), "it may still be written"
    assert await source.fetch(kept.file_id) == b"%PDF-"


# ------------------------------------------------------------------------------------------------------------ page


@dataclass
class Site:
    base: str
    parts: IngestParts
    uploads: UploadsSource
    services: Services
    web: Parts

    async def work(self) -> None:
        for row in await ledger.due(100):
            await ingest.run(row.key, self.parts)

    async def look(self) -> None:
        async def none(_: object) -> None: ...

        await listing.look(self.uploads, none)


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    uploads = UploadsSource("uploads", tmp_path / "uploads")
    services = services_of(database, queue, tmp_path)
    services.sources["uploads"] = uploads
    await person("ada", Role.ADMIN)
    await person("uma", can_upload=True)
    await person("rita")
    app = create_app(services, Scripted().run)
    async with services.follower, serving(app) as base:
        yield Site(base, make_parts(uploads), uploads, services, app.state.web)
    await jobs.close_queue(queue)


async def send(browser: Browser, *files: tuple[str, bytes], **headers: str) -> httpx.Response:
    """The form with its files, as a browser sends it."""
    sent = [("file", (name, data, "application/pdf")) for name, data in files]
    return await browser.http.post("/uploads", data={"_csrf_token": browser.token}, files=sent, headers=headers)


async def test_files_of_a_plain_form_show_what_became_of_each(site: Site) -> None:
    async with Browser(site.base) as uma:
        await uma.sign_in("uma")
        sent = await send(uma, ("ada.txt", b"Ada Lovelace\nAnalyst"), ("locked.txt", b"!encrypted"))
        assert (sent.status_code, sent.headers["location"]) == (303, "/uploads")
        assert (await uma.get("/uploads")).text.count("is being read…") == 2
        await site.work()
        await send(uma, ("ada again.txt", b"Ada Lovelace\nAnalyst"))
        await site.work()
        page = (await uma.get("/uploads")).text
        (candidate,) = await all_candidates()
        assert f'In the search: <a href="/cv/{candidate.id}?from=/uploads">Ada Lovelace</a>' in page
        assert f'the very same file: <a href="/cv/{candidate.id}?from=/uploads">Ada Lovelace</a>' in page
        assert "protected by a password" in page
        assert "load delay" not in page
    await assert_sound()
    await site.look()  # the folder names what the form brought: nothing is new, nothing gone
    await assert_sound()
    assert [row.added_by != "" for row in await ledger.each()] == [True] * 3


async def test_one_refused_file_keeps_no_other_back(site: Site) -> None:
    async with Browser(site.base) as uma:
        await uma.sign_in("uma")
        answer = await send(uma, ("virus.exe", b"MZ"), ("ada.txt", b"Ada"), ("empty.pdf", b""))
        assert answer.status_code == 422
        assert "2 files were not taken." in answer.text
        assert "<b>virus.exe</b>" in answer.text
        assert "<b>ada.txt</b>" in answer.text
        assert (await send(uma)).status_code == 422
    (row,) = await ledger.each()
    assert row.state is FileState.IN_PROGRESS
    assert [step.name for step in row.receipt] == ["uploaded"]


async def test_the_script_gets_a_row_that_follows_its_file(site: Site) -> None:
    async with Browser(site.base) as uma:
        await uma.sign_in("uma")
        answer = await send(uma, ("<b>.txt", b"Ada Lovelace"), **HTMX)
        assert "<html" not in answer.text
        follow = re.search(r'hx-get="(/uploads/row\?key=[^"]+)"', answer.text)
        assert follow is not None
        await site.work()
        settled = await uma.get(follow[1], **HTMX)
        assert "In the search:" in settled.text
        assert "hx-trigger" not in settled.text
        refused = await send(uma, ("x.exe", b"MZ"), **HTMX)
        assert "Not taken." in refused.text


async def test_an_upload_is_taken_back(site: Site) -> None:
    async with Browser(site.base) as uma:
        await uma.sign_in("uma")
        await send(uma, ("ada.txt", b"Ada"), ("copy.txt", b"Ada"), ("bob.txt", b"Bob"))
        await site.work()
        keys = {row.name: row.key for row in await ledger.each()}
        gone = await uma.htmx("/uploads/remove", {"key": keys["ada.txt"]})
        assert "Taken back" in gone.text
        plain = await uma.post("/uploads/remove", {"key": keys["bob.txt"]})
        assert plain.status_code == 303
        assert (await uma.htmx("/uploads/remove", {"key": "uploads:none/x.pdf"})).status_code == 404
    (candidate,) = await all_candidates()
    assert candidate.file_key == keys["copy.txt"]
    await assert_sound()
    assert [one.name for one in (await site.uploads.changes(None)).files] == ["copy.txt"]
    await site.look()
    await assert_sound()
    assert await audit.broken_at() is None


async def test_one_sees_and_takes_back_ones_own_only(site: Site) -> None:
    second = await person("ugo", can_upload=True)
    async with Browser(site.base) as uma, Browser(site.base) as ugo, Browser(site.base) as ada:
        for browser, name in ((uma, "uma"), (ugo, "ugo"), (ada, "ada")):
            await browser.sign_in(name)
        await send(uma, ("ada.txt", b"Ada"))
        (row,) = await ledger.each()
        assert "ada.txt" not in (await ugo.get("/uploads")).text
        assert (await ugo.htmx("/uploads/remove", {"key": row.key})).status_code == 403
        assert (await ugo.get(f"/uploads/row?key={row.key}", **HTMX)).status_code == 403
        assert "ada.txt" in (await ada.get("/uploads")).text
        await ada.post(f"/users/{second.id}/uploads", {})
        assert (await ugo.get("/uploads")).status_code == 403
        await ada.post(f"/users/{second.id}/uploads", {"allowed": "yes"})
        assert (await ugo.get("/uploads")).status_code == 200
        assert (await ada.htmx("/uploads/remove", {"key": row.key})).status_code == 200


async def test_many_files_at_once_lose_none(site: Site) -> None:
    async with Browser(site.base) as uma:
        await uma.sign_in("uma")
        files = [(f"{number}.txt", f"Person {number}".encode()) for number in range(12)]
        answers = await asyncio.gather(*(send(uma, file, **HTMX) for file in files))
        assert {answer.status_code for answer in answers} == {200}
        await site.work()
    assert len(await all_candidates()) == 12
    await assert_sound()


async def test_only_those_allowed_see_where_to_drop(site: Site) -> None:
    async with Browser(site.base) as rita, Browser(site.base) as uma:
        await rita.sign_in("rita")
        await uma.sign_in("uma")
        assert "data-each" not in (await rita.get("/")).text
        assert (await rita.get("/uploads")).status_code == 403
        assert "data-each" in (await uma.get("/")).text
    assert (await people.add_user("ursula", "correct horse", Role.ADMIN)).may_upload


async def test_a_file_kept_but_not_noted_is_found_by_the_next_look(site: Site) -> None:
    """The process died between the disk and the ledger."""
    await site.uploads.add("ada.txt", b"Ada")
    await site.look()
    await site.work()
    assert len(await all_candidates()) == 1
    await assert_sound()


async def test_an_erased_upload_leaves_no_byte_in_any_process_and_does_not_come_back(
    site: Site, database: store.Database, tmp_path: Path
) -> None:
    """Two web processes have drawn its pages."""
    site.parts = replace(site.parts, read=reading.read_cv, secret=site.services.erasure.secret)
    second = services_of(database, site.services.queue, tmp_path)
    second.sources["uploads"] = site.uploads
    app = create_app(second, Scripted().run)
    data = odd_files.text_pdf("Zoe Quetzalcoatl")
    async with second.follower, serving(app) as base, Browser(site.base) as ada, Browser(base) as there:
        await ada.sign_in("ada")
        await there.sign_in("ada")
        await send(ada, ("zoe.pdf", data))
        await site.work()
        (zoe,) = await all_candidates()
        for browser in (ada, there):
            assert (await browser.get(f"/cv/{zoe.id}?tab=cv")).status_code == 200
            assert (await browser.get(f"/cv/{zoe.id}/pages/1")).status_code == 200
        memories = [kept for web in (site.web, app.state.web) for kept in (web.pictures, web.words)]
        assert [len(kept) for kept in memories] == [1, 1, 1, 1]
        erased = await ada.post("/privacy/erase", {"candidate": zoe.id})
        assert erased.status_code == 200
        assert "Still to delete by hand" not in erased.text

        async def forgotten() -> bool:
            return not any(map(len, memories))

        await until(forgotten)
        assert (await there.get(f"/cv/{zoe.id}/pages/1")).status_code == 404
        assert (await ada.post("/privacy/find", {"who": "zoe quetzalcoatl"})).text.count("Zoe Quetzalcoatl") == 0
        refused = await send(ada, ("again.pdf", data))
        assert refused.status_code == 422
        assert "the same file is not read again" in refused.text
        assert [path for path in site.uploads.root.rglob("*") if path.is_file()] == []
        parts = CheckParts(site.parts.sources, model_id=site.parts.embedder.model_id, secret=site.parts.secret)
        assert (await consistency.check(parts))["ok"]
        await send(ada, ("newer.pdf", odd_files.text_pdf("Zoe Quetzalcoatl, 2026")))
        await site.work()
    assert len(await all_candidates()) == 1
    await assert_sound()


async def test_bytes_of_an_erased_person_that_got_past_the_door_are_deleted(site: Site) -> None:
    """Erased between the door and the worker."""
    file = await site.uploads.add("ada.txt", b"Ada")
    await ledger.uploaded(file, "uma")
    await tombstones.add(site.parts.secret, hashlib.sha256(b"Ada").hexdigest())
    await site.work()
    assert await ledger.each() == []
    assert [path for path in site.uploads.root.rglob("*") if path.is_file()] == []
