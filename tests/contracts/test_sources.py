"""What every CVSource promises: complete listings, whole files, changes seen, honest errors. Over folder and Drive."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest
from pytest import FixtureRequest  # noqa: PT013 - a type, not an API

from cvmatcher.adapters.drive import DriveSource
from cvmatcher.adapters.folder import FolderSource
from cvmatcher.domain import AppError, FileGone, ListingPage, SourceFile
from cvmatcher.ports import CVSource
from tests.servers.drive import DriveServer


class Place(Protocol):
    """A place where CVs lie, as people change it."""

    source: CVSource

    def add(self, name: str, content: bytes, *, below: str = "") -> None: ...
    def replace(self, name: str, content: bytes) -> None: ...
    def remove(self, name: str) -> None: ...
    def vanish(self) -> None: ...


class OnDisk:
    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.source: CVSource = FolderSource("folder", root, settle_seconds=0)

    def add(self, name: str, content: bytes, *, below: str = "") -> None:
        (self.root / below).mkdir(exist_ok=True)
        (self.root / below / name).write_bytes(content)

    def replace(self, name: str, content: bytes) -> None:
        self._path(name).write_bytes(content)

    def remove(self, name: str) -> None:
        self._path(name).unlink()

    def vanish(self) -> None:
        shutil.rmtree(self.root)

    def _path(self, name: str) -> Path:
        return next(self.root.rglob(name))


class OnDrive:
    def __init__(self, drive: DriveServer) -> None:
        self.drive = drive
        self.folder = drive.folder("CVs")
        self.client = DriveSource(
            "drive", drive.authorised_user(), self.folder, base_url=drive.url, backoff=0.001, tries=2
        )
        self.source: CVSource = self.client

    def add(self, name: str, content: bytes, *, below: str = "") -> None:
        self.drive.file(name, content, self.drive.folder(below, self.folder) if below else self.folder)

    def replace(self, name: str, content: bytes) -> None:
        self.drive.change(self._id(name), content=content)

    def remove(self, name: str) -> None:
        self.drive.change(self._id(name), trashed=True)

    def vanish(self) -> None:
        self.drive.change(self.folder, unshared=True)

    def _id(self, name: str) -> str:
        return next(item.id for item in self.drive.items.values() if item.name == name)


@pytest.fixture(params=["folder", "drive"])
def place(request: FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "folder":
        yield OnDisk(tmp_path / "cvs")
        return
    with DriveServer() as drive:
        drive.most_per_page = 2
        on_drive = OnDrive(drive)
        yield on_drive
        on_drive.client.close()


class Reader:
    """Follows a source as ingestion does: what is there now, by file id."""

    def __init__(self, source: CVSource) -> None:
        self.source = source
        self.cursor: str | None = None
        self.files: dict[str, SourceFile] = {}

    async def look(self) -> list[ListingPage]:
        pages = [await self.source.changes(self.cursor)]
        while pages[-1].more:
            pages.append(await self.source.changes(pages[-1].cursor))
        self.cursor = pages[-1].cursor
        listed = {file.file_id: file for page in pages for file in page.files}
        gone = {file_id for page in pages for file_id in page.gone}
        kept = {} if all(page.full for page in pages) else {i: f for i, f in self.files.items() if i not in gone}
        self.files = kept | listed
        return pages

    def named(self, name: str) -> SourceFile:
        return next(file for file in self.files.values() if file.name == name)


async def test_lists_everything_with_its_bytes(place: Place) -> None:
    content = {f"cv{n}.pdf": b"%PDF-1.4 " + str(n).encode() * n for n in range(5)}
    for n, (name, data) in enumerate(content.items()):
        place.add(name, data, below="sub" if n == 3 else "")
    reader = Reader(place.source)
    pages = await reader.look()
    assert all(page.full for page in pages)
    assert {file.name for file in reader.files.values()} == content.keys()
    for file in reader.files.values():
        assert file.source == place.source.name
        assert await place.source.fetch(file.file_id) == content[file.name]
        assert file.size == len(content[file.name])


async def test_an_empty_place_is_a_complete_listing_of_nothing(place: Place) -> None:
    pages = await Reader(place.source).look()
    assert (pages[-1].full, pages[-1].more, pages[-1].files) == (True, False, ())


async def test_sees_what_is_new_replaced_and_gone(place: Place) -> None:
    for name in ("kept.pdf", "replaced.pdf", "gone.pdf"):
        place.add(name, name.encode())
    reader = Reader(place.source)
    await reader.look()
    before = {file.name: file for file in reader.files.values()}
    place.add("new.pdf", b"new")
    place.replace("replaced.pdf", b"another content")
    place.remove("gone.pdf")
    await reader.look()
    assert {file.name for file in reader.files.values()} == {"kept.pdf", "replaced.pdf", "new.pdf"}
    assert reader.named("kept.pdf") == before["kept.pdf"]
    assert reader.named("replaced.pdf").file_id == before["replaced.pdf"].file_id
    assert reader.named("replaced.pdf").version != before["replaced.pdf"].version
    assert await place.source.fetch(reader.named("replaced.pdf").file_id) == b"another content"
    with pytest.raises(FileGone):
        await place.source.fetch(before["gone.pdf"].file_id)


async def test_a_file_that_never_was_is_gone(place: Place) -> None:
    with pytest.raises(FileGone):
        await place.source.fetch("never-was.pdf")


async def test_a_place_that_vanishes_is_an_error_and_no_empty_listing(place: Place) -> None:
    place.add("a.pdf", b"a")
    reader = Reader(place.source)
    await reader.look()
    place.vanish()
    reader.cursor = None
    with pytest.raises(AppError):
        await reader.look()
