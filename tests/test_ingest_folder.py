"""What is particular to a local folder: odd names, links, files half written, a folder that cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cvmatcher.adapters.folder import FolderSource, id_of, path_of
from cvmatcher.domain import FileGone, NotAllowed, Unavailable
from tests.ingesting import write


def source(root: Path, settle_seconds: float = 0.0) -> FolderSource:
    return FolderSource("folder", root, settle_seconds=settle_seconds)


async def ids(folder: FolderSource) -> list[str]:
    return [file.file_id for file in (await folder.changes(None)).files]


async def test_only_files_that_may_be_cvs_are_listed(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.DOCX", "sub/deep/c.txt"):
        write(tmp_path, name, "x")
    for name in (".hidden.pdf", "~$b.docx", "d.json", "e.pdf.part", "f.pdf.crdownload", "g.tmp", "noext", ".git/h.pdf"):
        write(tmp_path, name, "x")
    os.mkfifo(tmp_path / "pipe.pdf")
    assert await ids(source(tmp_path)) == ["a.pdf", "b.DOCX", "sub/deep/c.txt"]


@pytest.mark.parametrize(
    "name", [b"caf\xe9.pdf", "é à.pdf".encode(), b"100%.pdf", b"%41.pdf", b"new\nline.pdf", "\u202egnp.pdf".encode()]
)
async def test_any_file_name_survives_the_round_trip(tmp_path: Path, name: bytes) -> None:
    (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    (file,) = (await source(tmp_path).changes(None)).files
    file.model_dump_json().encode()  # no lone surrogate anywhere
    assert path_of(file.file_id) == os.fsdecode(name)
    assert path_of(id_of(os.fsdecode(name))) == os.fsdecode(name)
    assert await source(tmp_path).fetch(file.file_id) == b"x"


async def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "cvs"
    write(tmp_path, "secret.pdf", "secret")
    write(tmp_path, "other/x.pdf", "x")
    write(root, "a.pdf", "x")
    (root / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    (root / "nowhere.pdf").symlink_to(root / "gone.pdf")
    (root / "loop.pdf").symlink_to(root / "loop.pdf")
    (root / "folder").symlink_to(tmp_path / "other")
    (root / "inside.pdf").symlink_to(root / "a.pdf")
    assert await ids(source(root)) == ["a.pdf", "inside.pdf"]
    for file_id in ("link.pdf", "../secret.pdf", "folder/x.pdf", "/etc/passwd", "a%00.pdf"):
        with pytest.raises((NotAllowed, FileGone)):
            await source(root).fetch(file_id)


async def test_a_file_still_being_written_is_left_and_nothing_is_taken_for_gone(tmp_path: Path) -> None:
    write(tmp_path, "old.pdf", "x")
    os.utime(tmp_path / "old.pdf", (0, 0))
    growing = source(tmp_path, settle_seconds=0.05)
    settled = growing._settled

    def grow_between(unsure: object) -> object:
        with (tmp_path / "new.pdf").open("a") as file:
            file.write("more")
        return settled(unsure)  # type: ignore[arg-type]

    growing._settled = grow_between  # type: ignore[assignment, method-assign]
    write(tmp_path, "new.pdf", "half")
    page = await growing.changes(None)
    assert "new.pdf" not in [file.file_id for file in page.files]
    assert not page.full
    growing._settled = settled  # type: ignore[method-assign]
    page = await growing.changes(None)
    assert "new.pdf" in [file.file_id for file in page.files]
    assert page.full


async def test_an_absent_folder_is_unavailable_not_empty(tmp_path: Path) -> None:
    absent = source(tmp_path / "absent")
    with pytest.raises(Unavailable):
        await absent.changes(None)
    with pytest.raises(Unavailable):
        await absent.fetch("a.pdf")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
async def test_an_unreadable_subfolder_makes_the_listing_incomplete(tmp_path: Path) -> None:
    write(tmp_path, "a.pdf", "x")
    (write(tmp_path, "sub/b.pdf", "x").parent).chmod(0)
    page = await source(tmp_path).changes(None)
    (tmp_path / "sub").chmod(0o700)
    assert [file.file_id for file in page.files] == ["a.pdf"]
    assert not page.full
