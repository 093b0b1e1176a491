"""Drive as a source, over the real client and a local Drive: what it lists, what it misses never, how it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from cvmatcher.adapters.drive import DriveSource
from cvmatcher.domain import (
    AppError,
    FileGone,
    ListingPage,
    Misconfigured,
    NotAllowed,
    OutOfQuota,
    QuarantineReason,
    StaleCursor,
    Unavailable,
    Unreadable,
)
from tests.servers import drive as wire
from tests.servers.drive import DriveServer

PDF = b"%PDF-1.4 one"


SOURCES: list[DriveSource] = []


@pytest.fixture
def drive() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server
        while SOURCES:
            SOURCES.pop().close()


@pytest.fixture
def folder(drive: DriveServer) -> str:
    return drive.folder("CVs")


@pytest.fixture
def source(drive: DriveServer, folder: str) -> DriveSource:
    return made(drive, folder)


def made(drive: DriveServer, folder: str, token: str | None = None) -> DriveSource:
    token = token or drive.authorised_user()
    SOURCES.append(DriveSource("drive", token, folder, base_url=drive.url, backoff=0.001, tries=3))
    return SOURCES[-1]


async def read(source: DriveSource, cursor: str | None = None) -> tuple[list[ListingPage], str]:
    """All pages up to the one after which there is nothing more, and the cursor behind them."""
    pages = [await source.changes(cursor)]
    while pages[-1].more:
        pages.append(await source.changes(pages[-1].cursor))
    return pages, pages[-1].cursor


def names(pages: list[ListingPage]) -> list[str]:
    return sorted(file.name for page in pages for file in page.files)


def gone(pages: list[ListingPage]) -> list[str]:
    return [file_id for page in pages for file_id in page.gone]


# ------------------------------------------------------------------------------------------------------------ listing


async def test_lists_the_tree_and_only_what_may_be_a_cv(drive: DriveServer, source: DriveSource, folder: str) -> None:
    below = drive.folder("2026", drive.folder("IT", folder))
    target = drive.file("a.pdf", PDF, folder)
    drive.file("b.docx", b"PK", below, "application/vnd.openxmlformats-officedocument.wordprocessingml.document")
    drive.doc("CV Zoé", b"text", below)
    drive.file("untyped.PDF", PDF, folder, "application/octet-stream")
    drive.shortcut("link to a.pdf", target, below)
    drive.file("budget", b"", folder, "application/vnd.google-apps.spreadsheet")
    drive.file("film.mp4", b"x", folder, "video/mp4")
    drive.file("elsewhere.pdf", PDF, drive.folder("Private"))
    drive.change(drive.file("trashed.pdf", PDF, folder), trashed=True)
    pages, _ = await read(source)
    assert names(pages) == ["CV Zoé.pdf", "a.pdf", "b.docx", "untyped.PDF"]
    assert all(page.full for page in pages)
    by_name = {file.name: file for page in pages for file in page.files}
    assert by_name["b.docx"].path == "IT/2026/b.docx"
    assert by_name["a.pdf"].key == f"drive:{target}"
    assert (by_name["a.pdf"].size, by_name["a.pdf"].md5) == (len(PDF), by_name["a.pdf"].version)
    assert (by_name["CV Zoé.pdf"].size, by_name["CV Zoé.pdf"].md5) == (None, None)
    assert by_name["untyped.PDF"].mime == by_name["CV Zoé.pdf"].mime == "application/pdf"


async def test_a_listing_goes_on_page_by_page_in_another_process(drive: DriveServer, folder: str) -> None:
    drive.most_per_page = 2
    for parent in (folder, drive.folder("sub", folder)):
        for n in range(5):
            drive.file(f"{parent}-{n}.pdf", f"{parent}{n}".encode(), parent)
    cursor, files, more = None, [], True
    while more:
        page = await made(drive, folder).changes(cursor)
        assert page.full
        files += [file.name for file in page.files]
        cursor, more = page.cursor, page.more
    assert len(files) == len(set(files)) == 10


async def test_what_changes_during_the_listing_is_not_missed(
    drive: DriveServer, source: DriveSource, folder: str
) -> None:
    drive.most_per_page = 1
    first, second = drive.file("a.pdf", PDF, folder), drive.file("b.pdf", PDF, folder)
    page = await source.changes(None)
    drive.change(first, trashed=True)
    drive.file("c.pdf", PDF, folder)
    drive.change(second, name="b2.pdf")
    _, cursor = await read(source, page.cursor)
    later, _ = await read(source, cursor)
    assert gone(later) == [first]
    assert names(later) == ["b2.pdf", "c.pdf"]


async def test_the_log_says_what_is_new_replaced_renamed_and_gone(
    drive: DriveServer, source: DriveSource, folder: str
) -> None:
    kept, replaced, renamed, trashed, unshared, moved = (
        drive.file(f"{n}.pdf", f"{n}".encode(), folder) for n in range(6)
    )
    before, cursor = await read(source)
    drive.change(replaced, content=b"other")
    drive.change(renamed, name="new name.pdf")
    drive.change(trashed, trashed=True)
    drive.change(unshared, unshared=True)
    drive.change(moved, parents=[drive.folder("Private")])
    new = drive.file("new.pdf", b"new", folder)
    drive.file("not ours.pdf", b"x", wire.ROOT)
    pages, cursor = await read(source, cursor)
    files = {file.file_id: file for page in pages for file in page.files}
    old = {file.file_id: file for page in before for file in page.files}
    assert files.keys() == {replaced, renamed, new}
    assert files[replaced].version != old[replaced].version
    assert files[renamed].version == old[renamed].version  # a rename changes no content
    assert {trashed, unshared, moved} <= set(gone(pages))
    assert kept not in gone(pages)
    assert not any(page.full for page in pages)
    drive.change(trashed, trashed=False)
    pages, _ = await read(source, cursor)
    assert [file.file_id for page in pages for file in page.files] == [trashed]


async def test_nothing_new_says_nothing(drive: DriveServer, source: DriveSource, folder: str) -> None:
    drive.file("a.pdf", PDF, folder)
    _, cursor = await read(source)
    pages, again = await read(source, cursor)
    assert (names(pages), gone(pages), again) == ([], [], cursor)


async def test_a_folder_that_comes_into_the_tree_brings_its_files(
    drive: DriveServer, source: DriveSource, folder: str
) -> None:
    outside = drive.folder("New hires")
    drive.file("old.pdf", PDF, drive.folder("deep", outside))
    _, cursor = await read(source)
    drive.file("fresh.pdf", PDF, outside)  # in the log before its folder
    drive.change(outside, parents=[folder])
    pages, cursor = await read(source, cursor)
    assert set(names(pages)) == {"fresh.pdf", "old.pdf"}
    drive.file("later.pdf", PDF, outside)
    pages, _ = await read(source, cursor)
    assert names(pages) == ["later.pdf"]


@pytest.mark.parametrize("how", ["moved", "trashed", "unshared"])
async def test_a_folder_that_leaves_the_tree_ends_in_a_complete_listing(
    drive: DriveServer, source: DriveSource, folder: str, how: str
) -> None:
    sub = drive.folder("sub", folder)
    drive.file("in sub.pdf", PDF, drive.folder("deep", sub))
    drive.file("stays.pdf", PDF, folder)
    _, cursor = await read(source)
    drive.change(sub, **({"parents": [wire.ROOT]} if how == "moved" else {how: True}))
    with pytest.raises(StaleCursor):
        await read(source, cursor)
    pages, _ = await read(source)
    assert names(pages) == ["stays.pdf"]


async def test_a_subfolder_that_goes_in_mid_listing_is_left_out(
    drive: DriveServer, source: DriveSource, folder: str
) -> None:
    subs = [drive.folder(f"sub{n}", folder) for n in range(3)]
    for sub in subs:
        drive.file(f"in {sub}.pdf", PDF, sub)
    page = await source.changes(None)
    drive.change(subs[1], unshared=True)
    pages, _ = await read(source, page.cursor)
    assert names(pages) == [f"in {subs[0]}.pdf", f"in {subs[2]}.pdf"]


async def test_a_shared_drive(drive: DriveServer) -> None:
    folder = drive.folder("Team CVs", drive_id="shared-1")
    shared = drive.file("a.pdf", PDF, folder)
    drive.file("mine.pdf", PDF, drive.folder("My own"))
    source = made(drive, folder)
    pages, cursor = await read(source)
    assert names(pages) == ["a.pdf"]
    assert await source.fetch(shared) == PDF
    drive.change(shared, trashed=True)
    drive.file("b.pdf", PDF, folder)
    pages, _ = await read(source, cursor)
    assert (names(pages), gone(pages)) == (["b.pdf"], [shared])


@pytest.mark.parametrize("status", [400, 410])
async def test_a_refused_page_token_is_a_stale_cursor(
    drive: DriveServer, source: DriveSource, folder: str, status: int
) -> None:
    _, cursor = await read(source)
    drive.oldest_change, drive.refusal = 10_000, status
    with pytest.raises(StaleCursor):
        await source.changes(cursor)


async def test_a_cursor_of_another_version_is_stale(source: DriveSource) -> None:
    with pytest.raises(StaleCursor):
        await source.changes("12345")


async def test_a_listing_that_breaks_off_says_so_and_goes_on_where_it_was(
    drive: DriveServer, source: DriveSource, folder: str
) -> None:
    drive.most_per_page = 1
    for n in range(3):
        drive.file(f"{n}.pdf", PDF, folder)
    page = await source.changes(None)
    drive.fail("/files", *[wire.error(503, "backendError")] * 3)
    with pytest.raises(Unavailable):
        await source.changes(page.cursor)
    rest, _ = await read(source, page.cursor)
    assert names([page, *rest]) == ["0.pdf", "1.pdf", "2.pdf"]


# -------------------------------------------------------------------------------------------------------- downloading


async def test_a_file_comes_whole_in_chunks(drive: DriveServer, source: DriveSource, folder: str) -> None:
    big = bytes(range(256)) * 4096 * 9  # 9 MiB: two chunks
    file_id = drive.file("big.pdf", big, folder)
    assert await source.fetch(file_id) == big
    assert sum("range" in request.headers for request in drive.requests) == 2
    assert await source.fetch(drive.file("empty.pdf", b"", folder)) == b""


async def test_a_google_doc_comes_as_pdf_each_time_with_other_bytes(
    drive: DriveServer, source: DriveSource, folder: str
) -> None:
    doc = drive.doc("CV", b"the text", folder)
    first, second = await source.fetch(doc), await source.fetch(doc)
    assert first.startswith(b"%PDF-")
    assert b"the text" in second
    assert first != second


async def test_a_partial_download_is_never_returned(drive: DriveServer, source: DriveSource, folder: str) -> None:
    file_id = drive.file("a.pdf", PDF, folder)
    broken = wire.Reply(200, PDF[:5], "application/octet-stream", promise=len(PDF))
    short = wire.Reply(200, PDF[:5], "application/octet-stream")
    for reply in (broken, short):
        drive.fail(f"/files/{file_id}", wire.as_json(drive._resource(drive.items[file_id])), reply)
        assert await source.fetch(file_id) == PDF  # asked again
    for _ in range(3):
        drive.fail(f"/files/{file_id}", wire.as_json(drive._resource(drive.items[file_id])), short)
    with pytest.raises(Unavailable):
        await source.fetch(file_id)


async def test_what_is_gone_is_gone(drive: DriveServer, source: DriveSource, folder: str) -> None:
    trashed, unshared = (drive.file(f"{n}.pdf", PDF, folder) for n in range(2))
    drive.change(trashed, trashed=True)
    drive.change(unshared, unshared=True)
    for file_id in (trashed, unshared, "never-was"):
        with pytest.raises(FileGone):
            await source.fetch(file_id)


async def test_too_large_is_not_downloaded(drive: DriveServer, source: DriveSource, folder: str) -> None:
    huge = drive.file("huge.pdf", b"", folder)
    drive.items[huge].extra["size"] = str(10**9)
    resource = drive._resource(drive.items[huge]) | {"size": str(10**9)}
    drive.fail(f"/files/{huge}", wire.as_json(resource))
    with pytest.raises(Unreadable) as refusal:
        await source.fetch(huge)
    assert refusal.value.reason is QuarantineReason.TOO_LARGE
    doc = drive.doc("long", b"text", folder)
    drive.fail("/export", wire.error(403, "exportSizeLimitExceeded"))
    with pytest.raises(Unreadable):
        await source.fetch(doc)


async def test_many_at_once(drive: DriveServer, source: DriveSource, folder: str) -> None:
    ids = [drive.file(f"{n}.pdf", f"{n}".encode(), folder) for n in range(12)]
    assert await asyncio.gather(*map(source.fetch, ids)) == [f"{n}".encode() for n in range(12)]


# ------------------------------------------------------------------------------------------------------------- faults

PASSING = {
    "403 rate": wire.error(403, "rateLimitExceeded"),
    "403 user rate": wire.error(403, "userRateLimitExceeded"),
    "429": wire.error(429, "rateLimitExceeded"),
    "429 with a delay": wire.error(429, "rateLimitExceeded", headers={"Retry-After": "0"}),
    "500": wire.error(500, "internalError"),
    "503": wire.error(503, "backendError"),
    "HTML with 502": wire.html(502),
    "HTML with 200": wire.html(200),
    "breaks off": wire.Reply(200, b'{"id": ', promise=900),
}


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING.keys())
async def test_what_passes_is_tried_again(
    drive: DriveServer, source: DriveSource, folder: str, reply: wire.Reply
) -> None:
    file_id = drive.file("a.pdf", PDF, folder)
    drive.fail(f"/files/{file_id}", reply, reply)
    drive.fail("/changes/startPageToken", reply, reply)
    assert await source.fetch(file_id) == PDF
    assert names((await read(source))[0]) == ["a.pdf"]


async def test_a_lasting_quota_is_out_of_quota(drive: DriveServer, source: DriveSource, folder: str) -> None:
    file_id = drive.file("a.pdf", PDF, folder)
    drive.fail(f"/files/{file_id}", *[wire.error(403, "userRateLimitExceeded")] * 3)
    with pytest.raises(OutOfQuota):
        await source.fetch(file_id)
    drive.fail(f"/files/{file_id}", wire.error(429, "rateLimitExceeded", headers={"Retry-After": "3600"}))
    with pytest.raises(OutOfQuota) as refusal:
        await source.fetch(file_id)
    assert refusal.value.details["retry_after"] == 3600


@pytest.mark.parametrize("reason", ["insufficientFilePermissions", "cannotDownloadAbusiveFile", "domainPolicy"])
async def test_any_other_403_is_not_allowed_at_once(
    drive: DriveServer, source: DriveSource, folder: str, reason: str
) -> None:
    file_id = drive.file("a.pdf", PDF, folder)
    drive.fail(f"/files/{file_id}", wire.error(403, reason))
    with pytest.raises(NotAllowed):
        await source.fetch(file_id)
    assert await source.fetch(file_id) == PDF  # one request was refused, none was repeated


# -------------------------------------------------------------------------------------------------------------- setup


@pytest.mark.parametrize("kind", ["service_account", "authorised_user"])
async def test_both_kinds_of_token(drive: DriveServer, folder: str, kind: str) -> None:
    drive.file("a.pdf", PDF, folder)
    token: str = getattr(drive, kind)()
    pages, _ = await read(made(drive, folder, token))
    assert names(pages) == ["a.pdf"]
    asked = next(request for request in drive.requests if request.path == "/token")
    assert ("assertion" in asked.form) == (kind == "service_account")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "not json",
        "[]",
        "{}",
        '{"installed": {"client_id": "x"}}',
        '{"type": "service_account"}',
        '{"type": "service_account", "client_email": "a", "token_uri": "b", "private_key": "SECRET"}',
        '{"refresh_token": "SECRET"}',
    ],
)
def test_a_wrong_token_is_said_clearly(token: str) -> None:
    with pytest.raises(Misconfigured, match="GOOGLE_TOKEN_JSON") as refusal:
        DriveSource("drive", token, "folder")
    assert "SECRET" not in str(refusal.value)


async def test_a_refused_token_names_the_setting(drive: DriveServer, source: DriveSource) -> None:
    drive.fail("/token", *[wire.as_json({"error": "invalid_grant"}, 400)] * 5)
    with pytest.raises(NotAllowed, match="GOOGLE_TOKEN_JSON"):
        await source.changes(None)


async def test_an_invisible_folder_names_whom_to_share_it_with(drive: DriveServer, folder: str) -> None:
    drive.change(folder, unshared=True)
    with pytest.raises(NotAllowed, match=r"robot@project\.iam\.example"):
        await made(drive, folder, drive.service_account()).changes(None)
    with pytest.raises(NotAllowed, match="GOOGLE_DRIVE_FOLDER_ID"):
        await made(drive, drive.file("a.pdf", PDF, wire.ROOT)).changes(None)


async def test_the_folder_itself_gone_removes_nothing(drive: DriveServer, source: DriveSource, folder: str) -> None:
    drive.file("a.pdf", PDF, folder)
    _, cursor = await read(source)
    drive.change(folder, trashed=True)
    with pytest.raises(StaleCursor):
        await source.changes(cursor)
    with pytest.raises(AppError):
        await source.changes(None)


async def test_nobody_listens(drive: DriveServer) -> None:
    source = DriveSource(
        "drive", drive.authorised_user(), "folder", base_url="http://127.0.0.1:1", backoff=0.001, tries=2
    )
    with pytest.raises(Unavailable):
        await source.changes(None)
