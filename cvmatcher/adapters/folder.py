"""A local folder as a source of CVs, read recursively; a file's id is its path below the folder.

Every listing is complete. It is told to be incomplete (so that nothing is taken for gone) while a file is still being
written or a subfolder cannot be read. Knows only the file system.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import stat
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes
from uuid import uuid4

from watchfiles import awatch

from cvmatcher.domain import (
    FileGone,
    ListingPage,
    NotAllowed,
    QuarantineReason,
    SourceFile,
    StaleCursor,
    Unavailable,
    Unreadable,
)

log = logging.getLogger(__name__)

MIMES = {
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".doc": "application/msword",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".rtf": "application/rtf",
    ".txt": "text/plain",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}
UNFINISHED = (".tmp", ".part", ".crdownload")
PAGE = 1000  # files
LARGEST = 50 * 1024 * 1024  # bytes


@dataclass
class _Listing:
    """One walk over the folder, handed out page by page."""

    files: list[SourceFile]
    complete: bool
    id: str = field(default_factory=lambda: uuid4().hex)


class FolderSource:
    """CVSource over a folder. `settle_seconds`: a file changed more recently than that is looked at twice."""

    def __init__(self, name: str, root: Path, *, settle_seconds: float = 1.0, page: int = PAGE) -> None:
        self.name = name
        self.root = Path(root)
        self._settle_seconds = settle_seconds
        self._page = page
        self._listing: _Listing | None = None

    async def changes(self, cursor: str | None) -> ListingPage:
        """Raises Unavailable when the folder is absent or unreadable, StaleCursor in a listing of another process."""
        listing_id, _, start = (cursor or "").partition(":")
        if not start:
            self._listing = await self._walk()
        elif self._listing is None or self._listing.id != listing_id:
            raise StaleCursor("the listing was begun by another process")
        listing, first = self._listing, int(start or 0)
        end = first + self._page
        more = end < len(listing.files)
        return ListingPage(
            files=tuple(listing.files[first:end]),
            cursor=f"{listing.id}:{end}" if more else listing.id,
            more=more,
            full=listing.complete,
        )

    async def fetch(self, file_id: str) -> bytes:
        """Raises FileGone, NotAllowed, Unavailable (try again), Unreadable (too large)."""
        return await asyncio.to_thread(self._read, file_id)

    async def watch(self) -> AsyncIterator[None]:
        """Yields soon after something below the folder has changed; ends when the folder goes away."""
        async for _ in awatch(self.root, debounce=400, step=100, recursive=True, ignore_permission_denied=True):
            yield

    async def _walk(self) -> _Listing:
        files, unsure, complete = await asyncio.to_thread(self._scan)
        if unsure:
            await asyncio.sleep(self._settle_seconds)
            settled, all_settled = await asyncio.to_thread(self._settled, unsure)
            files, complete = files + settled, complete and all_settled
        return _Listing(sorted(files, key=lambda file: file.file_id), complete)

    def _scan(self) -> tuple[list[SourceFile], list[tuple[Path, SourceFile]], bool]:
        """(files at rest, files changed just now, whether every folder could be read)."""
        files: list[SourceFile] = []
        unsure: list[tuple[Path, SourceFile]] = []
        trouble: list[OSError] = []
        recent = time.time() - self._settle_seconds
        for path in self._paths(trouble):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue  # gone since it was listed, or a link to nowhere
            except OSError as error:
                trouble.append(error)
                continue
            if not stat.S_ISREG(status.st_mode):
                continue
            file = self._file(path, status)
            if max(status.st_mtime, status.st_ctime) > recent:
                unsure.append((path, file))
            else:
                files.append(file)
        for why in {unread.strerror for unread in trouble}:
            log.warning("%s: nothing is taken for gone while something cannot be read: %s", self.name, why)
        return files, unsure, not trouble

    def _settled(self, unsure: list[tuple[Path, SourceFile]]) -> tuple[list[SourceFile], bool]:
        settled: list[SourceFile] = []
        for path, before in unsure:
            try:
                after = self._file(path, path.stat())
            except OSError:
                continue
            if after.version == before.version:
                settled.append(after)
        return settled, len(settled) == len(unsure)

    def _paths(self, trouble: list[OSError]) -> Iterator[Path]:
        """Files that may be CVs. Raises Unavailable when the folder itself cannot be read."""
        try:
            root = self.root.resolve(strict=True)
            os.scandir(root).close()
        except OSError as error:
            raise Unavailable(f"folder {self.root}: {error.strerror}", retry_after=5) from error
        folders = [root]
        while folders:
            try:
                with os.scandir(folders.pop()) as entries:
                    listed = [entry for entry in entries if not entry.name.startswith((".", "~$"))]
            except OSError as error:
                trouble.append(error)
                continue
            for entry in listed:
                path = Path(entry.path)
                if entry.is_dir(follow_symlinks=False):
                    folders.append(path)
                elif _may_be_cv(entry.name) and _inside(path, root):
                    yield path

    def _file(self, path: Path, status: os.stat_result) -> SourceFile:
        relative = path.relative_to(self.root.resolve()).as_posix()
        return SourceFile(
            source=self.name,
            file_id=id_of(relative),
            name=_readable(path.name),
            path=_readable(relative),
            mime=MIMES[path.suffix.lower()],
            size=status.st_size,
            version=f"{status.st_mtime_ns}-{status.st_size}",
            modified=_moment(status.st_mtime),
        )

    def _read(self, file_id: str) -> bytes:
        try:
            root = self.root.resolve(strict=True)
        except OSError as error:
            raise Unavailable(f"folder {self.root}: {error.strerror}", retry_after=5) from error
        path = root / path_of(file_id)
        if not _inside(path, root):
            raise NotAllowed("the file lies outside the folder")
        try:
            if path.stat().st_size > LARGEST:
                raise Unreadable(QuarantineReason.TOO_LARGE)
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise FileGone(file_id) from error
        except (PermissionError, IsADirectoryError) as error:
            raise NotAllowed(f"{error.strerror}") from error
        except OSError as error:
            raise Unavailable(f"{error.strerror}", retry_after=5) from error


def id_of(relative: str) -> str:
    """The path, with `%` and bytes that are not text percent-encoded, so that it can be undone."""
    return re.sub(r"%|[\udc80-\udcff]", lambda match: quote(os.fsencode(match[0])), relative)


def path_of(file_id: str) -> str:
    return os.fsdecode(unquote_to_bytes(file_id))


def _readable(text: str) -> str:
    """For people and for the database: no lone surrogates, no control characters."""
    whole = os.fsencode(text).decode(errors="replace")
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in whole)


def _may_be_cv(name: str) -> bool:
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - no Path for every entry of a large folder
    return suffix in MIMES and not name.lower().endswith(UNFINISHED)


def _inside(path: Path, root: Path) -> bool:
    """Whether the file, links followed, lies below the folder."""
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError, ValueError):  # a loop of links, a NUL in an id
        return False


def _moment(timestamp: float) -> datetime | None:
    try:
        moment = datetime.fromtimestamp(timestamp, UTC)
    except (OverflowError, ValueError, OSError):  # dates beyond the calendar exist on disks
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
