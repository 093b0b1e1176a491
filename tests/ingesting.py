"""What the tests of ingestion share: plain text as CVs, a folder as their source, and the invariant."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from cvmatcher.adapters.folder import FolderSource
from cvmatcher.domain import (
    Candidate,
    CVText,
    FileState,
    ListingPage,
    Profile,
    QuarantineReason,
    SourceFile,
    Unreadable,
)
from cvmatcher.ingest import IngestParts
from cvmatcher.ports import CVSource
from cvmatcher.store import candidates, ledger, pool, vectors
from tests.fakes import HashEmbedder


async def read_plain(data: bytes, _name: str, _mime: str) -> CVText:
    """Bytes are text; what begins with `!` cannot be read, for the reason that follows."""
    if not data:
        raise Unreadable(QuarantineReason.EMPTY_FILE)
    text = data.decode()
    if text.startswith("!"):
        raise Unreadable(QuarantineReason(text[1:].strip()))
    return CVText(pages=(text,))


class FirstLineStructurer:
    """The first line is the name. Counts its calls; raises what `fault` holds."""

    def __init__(self, version: str = "first-line/1") -> None:
        self.version = version
        self.calls = 0
        self.fault: Exception | None = None

    async def structure(self, text: CVText) -> Profile:
        self.calls += 1
        if self.fault is not None:
            raise self.fault
        return Profile(name=text.text.splitlines()[0], biography=text.text)


@dataclass
class ScriptedSource:
    """A source whose listing and bytes a test writes down."""

    name: str = "drive"
    pages: list[ListingPage | Exception] = field(default_factory=list)
    bytes_of: dict[str, bytes | Exception] = field(default_factory=dict)
    cursors: list[str | None] = field(default_factory=list)

    async def changes(self, cursor: str | None) -> ListingPage:
        self.cursors.append(cursor)
        page = self.pages.pop(0)
        if isinstance(page, Exception):
            raise page
        return page

    async def fetch(self, file_id: str) -> bytes:
        data = self.bytes_of[file_id]
        if isinstance(data, Exception):
            raise data
        return data


def listed(file_id: str, *, version: str = "1", name: str = "", source: str = "drive") -> SourceFile:
    return SourceFile(source=source, file_id=file_id, name=name or f"{file_id}.pdf", version=version)


def full_page(*ids: str, more: bool = False, cursor: str = "c") -> ListingPage:
    return ListingPage(files=tuple(listed(file_id) for file_id in ids), cursor=cursor, more=more, full=True)


def make_parts(*sources: CVSource, structurer: FirstLineStructurer | None = None) -> IngestParts:
    rules = FirstLineStructurer("rules/1")
    return IngestParts(
        sources={source.name: source for source in sources},
        read=read_plain,
        structurer=structurer or rules,
        rules=rules,
        embedder=HashEmbedder(),
        secret=b"secret",
        lease_seconds=5.0,
    )


def folder_source(root: Path) -> FolderSource:
    return FolderSource("folder", root, settle_seconds=0.0)


def write(root: Path, name: str, text: str) -> Path:
    """A file as it comes when it was written beside and moved into place."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text)
    temporary.replace(path)
    return path


async def states(source: str = "") -> dict[str, FileState]:
    return {row.key: row.state for row in await ledger.each(source=source or None)}


async def all_candidates() -> list[Candidate]:
    return [candidate async for candidate in candidates.each()]


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 30.0) -> None:
    """Waits until the condition holds; the time is only where a broken test stops waiting."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.05)


async def assert_sound(*, settled: bool = True) -> None:
    """reliability.md's invariant, as far as MongoDB tells: nothing lost, nothing doubled, everything adds up."""
    rows = {row.key: row for row in await ledger.each()}
    people = {candidate.id: candidate for candidate in await all_candidates()}
    holder = {key: c.id for c in people.values() for key in (c.file_key, *c.other_files)}
    held = [key for c in people.values() for key in (c.file_key, *c.other_files)]
    assert len(held) == len(set(held)), "a file stands for two candidates"
    assert len({c.content_hash for c in people.values()}) == len(people), "two candidates of the same content"
    for key, row in rows.items():
        if row.state in (FileState.SEARCHABLE, FileState.DUPLICATE):
            assert holder.get(key) == row.candidate_id, f"{key} is {row.state} without its candidate"
            primary = people[holder[key]].file_key
            assert (row.state is FileState.SEARCHABLE) == (primary == key)
            assert row.duplicate_of == (None if primary == key else primary)
            assert row.content_hash == people[holder[key]].content_hash
        if row.state in (FileState.QUARANTINED, FileState.REMOVED):
            assert key not in holder, f"{key} is {row.state} and still stands for a candidate"
        if settled:
            assert row.state is not FileState.IN_PROGRESS, f"{key}: {row.detail}"
    assert await vectors.hashes() == {c.id: c.content_hash for c in people.values()}
    assert set(holder) <= set(rows)
    assert (await pool.balance())["balanced"]


@dataclass
class Started:
    """A worker process of its own, killed at the end of the test at the latest."""

    process: asyncio.subprocess.Process

    async def killed(self) -> bool:
        """Waits for its end; whether it was SIGKILL."""
        return await self.process.wait() == -9


async def start_worker(
    database_uri: str,
    database: str,
    redis_url: str,
    root: Path,
    failpoint: str = "",
    *,
    drain: bool = False,
    model: str = "",
) -> Started:
    environment = os.environ | {
        "T_MONGO": database_uri,
        "T_DB": database,
        "T_REDIS": redis_url,
        "T_ROOT": str(root),
        "T_FAILPOINT": failpoint,
        "T_DRAIN": "1" if drain else "",
        "T_MODEL": model,
    }
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.worker_process", env=environment)
    return Started(process)
