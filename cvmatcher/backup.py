"""`cvmatcher backup` and `restore`: the whole database, the uploads and the secret key in one file, and back.

Owns the archive's format: a gzipped tar of one BSON stream a collection, the uploaded files, and a manifest written
last that names each member's SHA-256. Two things it knows of the content: sessions are not kept (everybody signs in
again), and tombstones of the database that is restored into outlive the restore, so that nobody erased comes back.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import Any

import bson
from pymongo import ReplaceOne

from cvmatcher import embedded, erasure, store
from cvmatcher.domain import Conflict, InvalidInput, Value
from cvmatcher.ports import CVSource
from cvmatcher.store import candidates, ledger, tombstones
from cvmatcher.store.values import now

FORMAT = 1
NOT_KEPT = frozenset({"sessions", "login_tries", "workers"})
BATCH = 500
MANIFEST = "manifest.json"
SECRET_FILE = "secret_key"  # noqa: S105 - its name
UPLOADS = "uploads"

Raw = dict[str, Any]


class BackupReport(Value):
    """Documents by collection, and uploaded files."""

    file: str
    documents: dict[str, int]
    uploads: int
    erased_again: int = 0  # files of the archive that a later tombstone keeps away


class _Member(Value):
    sha256: str
    count: int = 0


# ------------------------------------------------------------------------------------------------------------ backup


async def backup(database: store.Database, home: Path, archive: Path) -> BackupReport:
    """Writes the archive whole or not at all, readable by its owner only.

    Collections are read one after the other while the app goes on; what changes meanwhile is what `check --repair`
    mends after a restore. Raises Conflict when the file is there already.
    """
    if await asyncio.to_thread(archive.exists):
        raise Conflict(f"{archive} is there already; name another file")
    temporary = archive.with_name(f".{archive.name}.part")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            members = await _write(database, home, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(archive)
    finally:
        temporary.unlink(missing_ok=True)
    counts = {name.removesuffix(".bson"): one.count for name, one in members.items() if name.endswith(".bson")}
    uploads = sum(name.startswith(f"{UPLOADS}/") for name in members)
    return BackupReport(file=str(archive), documents=counts, uploads=uploads)


async def _write(database: store.Database, home: Path, file: io.BufferedWriter) -> dict[str, _Member]:
    members: dict[str, _Member] = {}
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name in sorted(await database.list_collection_names()):
            if name in NOT_KEPT or name.startswith("system."):
                continue
            documents = [bson.encode(raw) async for raw in database[name].find({})]
            members[f"{name}.bson"] = _add(tar, f"{name}.bson", b"".join(documents), len(documents))
        for path in _files(home):
            name = str(path.relative_to(home))
            members[name] = _add(tar, name, path.read_bytes())
        about = {"format": FORMAT, "made": datetime.now(UTC).isoformat()}
        about["members"] = {name: one.model_dump() for name, one in members.items()}
        _add(tar, MANIFEST, json.dumps(about).encode())
    return members


def _files(home: Path) -> Iterator[Path]:
    if (home / SECRET_FILE).is_file():
        yield home / SECRET_FILE
    yield from sorted(path for path in (home / UPLOADS).rglob("*") if path.is_file())


def _add(tar: tarfile.TarFile, name: str, data: bytes, count: int = 0) -> _Member:
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(data), 0o600
    tar.addfile(info, io.BytesIO(data))
    return _Member(sha256=hashlib.sha256(data).hexdigest(), count=count)


# ----------------------------------------------------------------------------------------------------------- restore


async def restore(
    database: store.Database,
    home: Path,
    archive: Path,
    secret: bytes,
    sources: Mapping[str, CVSource] = MappingProxyType({}),
) -> BackupReport:
    """Fills an opened store without candidates, and the home's uploads, from an archive, after checking all of it.

    Whoever was erased since the backup, by the tombstones of this database or of this home, is erased again before
    anybody is served. `secret` is the key of the tombstones, `sources` those whose files may be ours to delete.
    Raises InvalidInput for an archive that is torn, changed or of another format, and Conflict for a database that
    already holds candidates: nothing is written then.
    """
    if await candidates.count():
        raise Conflict(f"The database {database.name} holds candidates; restore into an empty one (DB_NAME=…)")
    members = _checked(archive)
    noted = await asyncio.to_thread(erasure.noted, home)
    later = [*await database["tombstones"].find({}).to_list(), *({"_id": mark, "at": now()} for mark in noted)]
    counts: dict[str, int] = {}
    for name, data in members.items():
        if name.endswith(".bson"):
            collection = name.removesuffix(".bson")
            counts[collection] = await _fill(database, collection, data)
        else:
            _put_back(home, name, data)
    for raw in later:
        await database["tombstones"].replace_one({"_id": raw["_id"]}, raw, upsert=True)
    uploads = sum(name.startswith(f"{UPLOADS}/") for name in members)
    erased = await _erase_again(erasure.ErasureParts(database, home, secret, sources))
    return BackupReport(file=str(archive), documents=counts, uploads=uploads, erased_again=erased)


def restore_secret(home: Path, archive: Path) -> None:
    """Puts the backup's secret key into a home that has none. Raises InvalidInput as `restore` does."""
    if data := _checked(archive).get(SECRET_FILE):
        _put_back(home, SECRET_FILE, data)


def _checked(archive: Path) -> dict[str, bytes]:
    """The archive's members, each as its manifest says."""
    try:
        with tarfile.open(archive, mode="r:gz") as tar:
            members = {info.name: _content(tar, info) for info in tar if info.isfile()}
            _read_out(tar)
        about = json.loads(members.pop(MANIFEST))
    except (tarfile.TarError, zlib.error, OSError, EOFError, KeyError, ValueError) as error:
        raise InvalidInput(f"{archive} is no whole backup: {error}") from error
    if about.get("format") != FORMAT:
        raise InvalidInput(f"{archive} is of format {about.get('format')}; this version reads format {FORMAT}")
    promised = {name: one["sha256"] for name, one in about["members"].items()}
    if promised != {name: hashlib.sha256(data).hexdigest() for name, data in members.items()}:
        raise InvalidInput(f"{archive} was changed or is damaged: its manifest says otherwise")
    return members


def _read_out(tar: tarfile.TarFile) -> None:
    """Reads to the end of the compressed stream: its checksum is compared only there."""
    while tar.fileobj is not None and tar.fileobj.read(1 << 20):
        pass


def _content(tar: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(info)
    return file.read() if file else b""


async def _fill(database: store.Database, collection: str, data: bytes) -> int:
    count = 0
    for batch in batched(bson.decode_file_iter(io.BytesIO(data)), BATCH):
        await database[collection].bulk_write([ReplaceOne({"_id": raw["_id"]}, raw, upsert=True) for raw in batch])
        count += len(batch)
    return count


async def _erase_again(parts: erasure.ErasureParts) -> int:
    """Erases again, everywhere, whoever was erased after the backup was made; returns how many files that were."""
    secret = parts.secret
    rows = await ledger.each()
    keys = await tombstones.erased(secret, [row.key for row in rows])
    contents = await tombstones.erased(secret, [row.content_hash for row in rows if row.content_hash])
    gone = [row for row in rows if row.key in keys or row.content_hash in contents]
    if gone:
        people = {row.candidate_id for row in gone if row.candidate_id}
        person = await erasure.person_of(people, [row.key for row in gone])
        await erasure.erase(person, parts, by="restore")
    return len(gone)


def batched(items: Iterable[Raw], size: int) -> Iterator[list[Raw]]:
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch


def _put_back(home: Path, name: str, data: bytes) -> None:
    """A file of the home; one that is there stays. Names that lead out of the home are refused."""
    path = home / name
    if not path.resolve().is_relative_to(home.resolve()):
        raise InvalidInput(f"the backup names a file outside its home: {name}")
    if path.exists():
        return
    embedded.private_folder(path.parent)
    temporary = path.with_name(f".{path.name}.part")
    temporary.write_bytes(data)
    temporary.chmod(0o600)
    temporary.replace(path)
