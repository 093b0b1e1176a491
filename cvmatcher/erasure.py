"""Erasing a person everywhere: found, previewed, erased, and kept away.

Owns the order of the steps: tombstones first, so that no sync brings the files back; the pool; every collection; what
lies on this disk; last the word that it is done. Whatever cuts it short, `finish` ends it. Knows no HTTP and no vendor.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from cvmatcher import embedded
from cvmatcher.domain import Candidate, FileGone, NotFound, Value
from cvmatcher.folding import fold
from cvmatcher.ports import CVSource
from cvmatcher.store import audit, candidates, erasures, ledger, originals, pool, tombstones, traces, turns
from cvmatcher.store.candidates import Known
from cvmatcher.store.erasures import Erasure
from cvmatcher.store.ledger import LedgerRow
from cvmatcher.store.traces import Database, Person

ERASED_FILE = "erased"  # in the home: the tombstones once more, for a restore after the database was lost
MOST_FOUND = 50


@runtime_checkable
class Removing(Protocol):
    """A source whose files are ours to delete."""

    async def remove(self, file_id: str) -> None: ...


async def _nothing_queued(_keys: Iterable[str]) -> None:
    """Stands for the queue where there is none."""


@dataclass(frozen=True)
class ErasureParts:
    """Where a person may have left something. `secret` is the key of the tombstones."""

    database: Database
    home: Path
    secret: bytes
    sources: Mapping[str, CVSource]
    unqueue: Callable[[Iterable[str]], Awaitable[None]] = _nothing_queued


class Found(Value):
    """Someone that a search for a person came upon: a candidate, or a file that never became one."""

    candidate_id: str | None = None
    name: str = ""
    contacts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()  # where they lie, for people
    keys: tuple[str, ...] = ()


class Preview(Value):
    """What an erasure would take: the files at their sources, and documents by collection."""

    found: tuple[Found, ...]
    traces: dict[str, int]


class Receipt(Value):
    """What was erased. `left` names the files that only their owner can delete: at sources that we may only read."""

    candidates: int
    traces: dict[str, int]
    deleted: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


# ------------------------------------------------------------------------------------------------------------ finding


async def find(text: str) -> list[Found]:
    """Candidates whose name, e-mail, phone or id is meant, and files of such a name that are no candidate."""
    wanted = " ".join(text.split()).casefold()
    if len(_spaced(wanted).strip()) < 3:
        return []
    meant = [one.id async for one in candidates.each_known() if _meant(one, wanted)][:MOST_FOUND]
    found = [await _found(one) for one in (await candidates.by_ids(meant)).values()]
    held = {key for one in found for key in one.keys}
    rows = [row for row in await ledger.each() if _spaced(wanted) in _spaced(row.name) and row.candidate_id is None]
    files = [Found(name=row.name, files=(_place(row),), keys=(row.key,)) for row in rows if row.key not in held]
    return [*found, *files][:MOST_FOUND]


def _meant(one: Known, wanted: str) -> bool:
    digits = _digits(wanted)
    return (
        wanted == one.id
        or set(_spaced(wanted).split()) <= set(_spaced(one.name).split())
        or wanted in {mail.casefold() for mail in one.emails}
        or (len(digits) >= 8 and any(_digits(phone)[-8:] == digits[-8:] for phone in one.phones))
        or _spaced(wanted) in _spaced(one.file_name)
    )


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _spaced(text: str) -> str:
    return fold(" ".join(re.split(r"[\s_.,'’-]+", text)))


async def same_person(candidate: Candidate) -> list[Found]:
    """The candidate, and others with an e-mail or a phone of theirs: another CV of the same person, it may be."""
    mails = {mail.casefold() for mail in candidate.profile.emails}
    phones = {_digits(phone)[-8:] for phone in candidate.profile.phones if len(_digits(phone)) >= 8}
    alike = [
        one.id
        async for one in candidates.each_known()
        if one.id != candidate.id
        and (mails & {mail.casefold() for mail in one.emails} or phones & {_digits(phone)[-8:] for phone in one.phones})
    ]
    return [await _found(one) for one in (candidate, *(await candidates.by_ids(alike)).values())]


async def _found(candidate: Candidate) -> Found:
    rows = await ledger.by_candidate(candidate.id)
    profile = candidate.profile
    return Found(
        candidate_id=candidate.id,
        name=profile.name,
        contacts=(*profile.emails, *profile.phones),
        files=tuple(_place(row) for row in rows) or (candidate.file_name,),
        keys=tuple({candidate.file_key, *candidate.other_files, *(row.key for row in rows)}),
    )


def _place(row: LedgerRow) -> str:
    return f"{row.source}: {row.path or row.name}"


async def person_of(candidate_ids: Iterable[str], file_keys: Iterable[str] = ()) -> Person:
    """All that the database knows these candidates and files by. Raises NotFound when none of them exists."""
    known = await candidates.by_ids(candidate_ids)
    rows = [row for one in known.values() for row in await ledger.by_candidate(one.id)]
    rows += [row for row in [await ledger.get(key) for key in file_keys] if row is not None]
    if not known and not rows:
        raise NotFound("no such candidate and no such file")
    profiles = [one.profile for one in known.values()]
    hashes = {one.content_hash for one in known.values()} | {row.content_hash for row in rows if row.content_hash}
    return Person(
        candidate_ids=frozenset(known),
        file_keys=frozenset(
            {key for one in known.values() for key in (one.file_key, *one.other_files)} | {row.key for row in rows}
        ),
        content_hashes=frozenset(hashes),
        names=frozenset(profile.name for profile in profiles if profile.name),
        contacts=frozenset(
            one for profile in profiles for one in (*profile.emails, *profile.phones, *profile.links) if one
        ),
        file_names=frozenset({one.file_name for one in known.values()} | {row.name for row in rows}),
    )


# ------------------------------------------------------------------------------------------------------------ erasing


async def preview(candidate_ids: Iterable[str], file_keys: Iterable[str], database: Database) -> Preview:
    """Raises NotFound."""
    ids, keys = list(candidate_ids), list(file_keys)
    person = await person_of(ids, keys)
    counted = {place.collection: await traces.count(database, place, person) for place in await traces.places(database)}
    found = [await _found(one) for one in (await candidates.by_ids(ids)).values()]
    rows = [row for row in [await ledger.get(key) for key in keys] if row is not None]
    found += [Found(name=row.name, files=(_place(row),), keys=(row.key,)) for row in rows]
    return Preview(found=tuple(found), traces={name: n for name, n in counted.items() if n})


async def erase(person: Person, parts: ErasureParts, *, by: str) -> Receipt:
    """Takes the person out of everything this app keeps. Safe to repeat; raises what a store or a disk raises."""
    return await _carry_out(await erasures.begin(person, by), parts)


async def finish(parts: ErasureParts) -> int:
    """Ends erasures that were cut short; how many."""
    left = await erasures.unfinished()
    for erasure in left:
        await _carry_out(erasure, parts)
    return len(left)


async def _carry_out(erasure: Erasure, parts: ErasureParts) -> Receipt:
    person = erasure.person
    marked = sorted(person.file_keys | person.content_hashes)
    await tombstones.add(parts.secret, *marked)
    await asyncio.to_thread(_note, parts.home, [tombstones.mark(parts.secret, text) for text in marked])
    rows = [await ledger.get(key) for key in sorted(person.file_keys)]
    places = {row.key: _place(row) for row in rows if row is not None}
    for candidate_id in person.candidate_ids:
        await originals.erase(candidate_id)
    gone = await pool.erase(person)
    await turns.erase_when_ended(person)
    counted = {
        place.collection: await traces.erase(parts.database, place, person)
        for place in await traces.places(parts.database)
    }
    await parts.unqueue(person.file_keys)
    deleted = [key async for key in _delete_ours(person, parts)]
    await asyncio.to_thread(clean_disk, parts.home, person)
    for candidate_id in sorted(person.candidate_ids):
        await audit.append(erasure.by, "erased", candidate_id)
    await erasures.end(erasure)
    return Receipt(
        candidates=gone,
        traces={name: n for name, n in counted.items() if n},
        deleted=tuple(places.get(key, key) for key in deleted),
        left=tuple(place for key, place in places.items() if key not in deleted),
    )


async def _delete_ours(person: Person, parts: ErasureParts) -> AsyncIterator[str]:
    """Deletes the files of sources that are ours; their keys."""
    for key in sorted(person.file_keys):
        name, _, file_id = key.partition(":")
        source = parts.sources.get(name)
        if not isinstance(source, Removing):
            continue
        with suppress(FileGone, NotFound):
            await source.remove(file_id)
        yield key


# --------------------------------------------------------------------------------------------------------- on the disk


def _note(home: Path, marks: Iterable[str]) -> None:
    """Adds tombstones to the home's own list, and has the disk keep them before anything is erased."""
    path = embedded.private_folder(home) / ERASED_FILE
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.writelines(f"{mark}\n" for mark in marks)
        file.flush()
        os.fsync(file.fileno())


def noted(home: Path) -> set[str]:
    """The tombstones of the home's own list."""
    path = home / ERASED_FILE
    return set(path.read_text().split()) if path.is_file() else set()


def clean_disk(home: Path, person: Person) -> None:
    """The index's snapshot goes (it is made again without the person); log lines lose what names them."""
    for file in (home / "index").rglob("*"):
        if file.is_file():
            file.unlink(missing_ok=True)
    for log in [*(home / "logs").glob("*"), *home.glob("*/log.txt")]:
        _mask_in_place(log, person)


def _mask_in_place(log: Path, person: Person) -> None:
    """Overwrites byte by byte: whoever has the log open goes on writing at its end."""
    told = Person(names=person.names, contacts=person.contacts | person.file_names | person.file_keys)
    with log.open("r+b") as file:
        text = file.read().decode(errors="surrogateescape")
        at, place = 0, 0
        for start, stop in told.spans(text):
            place += len(text[at:start].encode(errors="surrogateescape"))
            length = len(text[start:stop].encode(errors="surrogateescape"))
            file.seek(place)
            file.write(b"*" * length)
            at, place = stop, place + length
