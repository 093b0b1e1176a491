"""CVs that people add by hand, kept in a folder of our own: a source like any other.

Owns how an upload is named and written. Each lies in a folder of its own, so that two of one name do not meet, and is
moved there whole: a listing never sees half of one. What a killed process has left half written is nobody's, and goes.
Knows only the file system.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import time
import unicodedata
from pathlib import Path, PurePath
from uuid import uuid4

from cvmatcher import failpoint
from cvmatcher.adapters.folder import MIMES, FolderSource, path_of
from cvmatcher.domain import NotFound, QuarantineReason, SourceFile, Unavailable, Unreadable

LARGEST = 30 << 20  # bytes, as for any PDF
ABANDONED = 600.0  # seconds without a byte: nobody writes it any more
LONGEST_NAME = 120  # bytes in UTF-8, of the 255 that file systems allow


class UploadsSource(FolderSource):
    """CVSource over the uploads. Makes its folder."""

    largest = LARGEST

    def __init__(self, name: str, root: Path) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        super().__init__(name, root, settle_seconds=0.0)

    async def add(self, name: str, data: bytes) -> SourceFile:
        """Keeps a file for good before it returns.

        Raises Unreadable for what can be refused at the door (empty, too large, a type that is never read), Unavailable
        when the disk refuses.
        """
        kept = safe_name(name)
        if PurePath(kept).suffix.lower() not in MIMES:
            raise Unreadable(QuarantineReason.UNSUPPORTED_TYPE)
        if not data:
            raise Unreadable(QuarantineReason.EMPTY_FILE)
        if len(data) > LARGEST:
            raise Unreadable(QuarantineReason.TOO_LARGE)
        return await asyncio.to_thread(self._write, kept, data)

    async def remove(self, file_id: str) -> None:
        """Deletes an upload; it may be gone already. Raises NotFound for a path that is no upload."""
        await asyncio.to_thread(self._delete, file_id)

    async def abandoned(self) -> list[str]:
        """The names of folders in which a file was begun and will never be whole."""
        return await asyncio.to_thread(self._abandoned)

    async def clear_abandoned(self) -> int:
        """Deletes them; how many are gone."""
        return await asyncio.to_thread(self._clear_abandoned)

    def _abandoned(self) -> list[str]:
        """None that is still written to: its bytes are all there before the writing begins."""
        before = time.time() - ABANDONED
        return sorted(place.name for place in self.root.glob(".*") if _last_written(place) < before)

    def _clear_abandoned(self) -> int:
        names = self._abandoned()
        for name in names:
            shutil.rmtree(self.root / name, ignore_errors=True)
        return sum(not (self.root / name).exists() for name in names)

    def _write(self, name: str, data: bytes) -> SourceFile:
        number = uuid4().hex
        incoming, place = self.root / f".{number}", self.root / number
        try:
            incoming.mkdir(mode=0o700)
            with (incoming / name).open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            _sync(incoming)
            failpoint.reach("incoming")
            incoming.rename(place)
            _sync(self.root)
            failpoint.reach("kept")
        except OSError as error:
            shutil.rmtree(incoming, ignore_errors=True)
            raise Unavailable(f"the upload could not be kept: {error.strerror}") from error
        path = self.root.resolve() / number / name
        return self._file(path, path.stat())

    def _delete(self, file_id: str) -> None:
        parts = PurePath(path_of(file_id)).parts
        if len(parts) != 2 or ".." in parts or PurePath(file_id).is_absolute():
            raise NotFound("no such upload")
        shutil.rmtree(self.root / parts[0], ignore_errors=True)
        if (self.root / parts[0]).exists():
            raise Unavailable("the upload could not be deleted")


def safe_name(name: str) -> str:
    """The last part of a name as a browser sends it, fit for any file system: no control or bidi mark, not hidden."""
    last = unicodedata.normalize("NFC", name.encode("utf-8", "ignore").decode()).replace("\\", "/").rsplit("/", 1)[-1]
    shown = "".join(one for one in last if unicodedata.category(one)[0] != "C" and one not in '<>:"|?*')
    stem, dot, suffix = shown.strip().rpartition(".")
    if not dot:
        stem, suffix = suffix, ""
    stem = stem.strip(" .~$").encode()[:LONGEST_NAME].decode("utf-8", "ignore").strip()
    return f"{stem or 'cv'}{dot}{suffix.strip()[:10]}"


def _last_written(place: Path) -> float:
    """When something in the folder last changed, in seconds since the epoch; now, when it has just gone."""
    try:
        return max(path.lstat().st_mtime for path in (place, *place.iterdir()))
    except OSError:
        return time.time()


def _sync(folder: Path) -> None:
    """A rename lasts once its folder is on the disk."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
