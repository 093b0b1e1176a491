"""`cvmatcher check`: do sources, ledger, candidates, vectors and the indexes tell the same? And `--repair`.

Owns what a difference is and how each is mended. Reads everything; meant for a command and an admin's button, not for
every request. Knows no queue: repairs are written into the ledger, from where the worker takes them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cvmatcher.domain import Candidate, FileState, StaleCursor, Unavailable
from cvmatcher.ports import CVSource, IndexStats, Keeper
from cvmatcher.store import candidates, ledger, live, mending, tombstones, vectors
from cvmatcher.store.ledger import LedgerRow
from cvmatcher.store.values import tag

log = logging.getLogger(__name__)

SETTLED = (FileState.SEARCHABLE, FileState.DUPLICATE)
MOST_PAGES = 10_000


class Index(Protocol):
    """A VectorIndex or a WordIndex."""

    def stats(self) -> IndexStats: ...


@dataclass(frozen=True)
class CheckParts:
    """`indexes` by name, those of this process; `sources` that can be listed as often as one likes (folders).

    `model_id` is the model that answers where the database does not say so yet.
    """

    sources: Mapping[str, CVSource]
    indexes: Mapping[str, Index] = field(default_factory=dict)
    model_id: str = ""
    secret: bytes = b""


@dataclass(frozen=True)
class Difference:
    """`about` is a file key, a candidate id or a source; `kind` names a repair."""

    kind: str
    about: str
    detail: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"kind": self.kind, "about": self.about, "detail": self.detail}


async def check(parts: CheckParts) -> dict[str, Any]:
    """`{"ok": bool, "differences": [{"kind", "about", "detail"}]}`; files in progress are none."""
    return _report(await differences(parts))


async def repair(parts: CheckParts) -> dict[str, Any]:
    """Mends what can be mended here, then checks again; what the worker has to read again is listed until it has."""
    for difference in await differences(parts):
        log.info("repairing %s of %s", difference.kind, tag(difference.about))
        await _mend(difference)
    for source in parts.sources.values():
        if isinstance(source, Keeper):
            await source.clear_abandoned()
    return _report(await differences(parts))


def _report(found: Sequence[Difference]) -> dict[str, Any]:
    return {"ok": not found, "differences": [difference.as_dict() for difference in found]}


async def differences(parts: CheckParts) -> list[Difference]:
    rows = {row.key: row for row in await ledger.each()}
    people = {candidate.id: candidate async for candidate in candidates.each()}
    hashes = await vectors.hashes()
    found = [*_of_rows(rows, people), *_of_candidates(rows, people), *_of_vectors(people, hashes)]
    state = await live.get()
    if answering := state.model_id if state else parts.model_id:
        ours = await vectors.hashes(answering)
        found += [Difference("other_model", key) for key in sorted(hashes.keys() & people.keys() - ours.keys())]
    for name, index in parts.indexes.items():
        found += _of_index(name, index.stats(), {c.id: c.content_hash for c in people.values()})
    for source in parts.sources.values():
        found += await _of_source(source, rows, parts.secret)
        if isinstance(source, Keeper):
            found += [Difference("file_half_written", f"{source.name}:{name}") for name in await source.abandoned()]
    return found


# --------------------------------------------------------------------------------------------------------- comparing


def _of_rows(rows: Mapping[str, LedgerRow], people: Mapping[str, Candidate]) -> Iterable[Difference]:
    for key, row in rows.items():
        person = people.get(row.candidate_id or "")
        holds = person is not None and key in (person.file_key, *person.other_files)
        if row.state in SETTLED and not holds:
            yield Difference("candidate_missing", key, f"{row.state} without its candidate")
        elif row.state in SETTLED and person is not None:
            primary = person.file_key == key
            if row.content_hash != person.content_hash:
                yield Difference("content_differs", key, "the row's hash is not the candidate's")
            elif primary != (row.state is FileState.SEARCHABLE):
                yield Difference("state_differs", key, f"{row.state}, and primary: {primary}")


def _of_candidates(rows: Mapping[str, LedgerRow], people: Mapping[str, Candidate]) -> Iterable[Difference]:
    holders: dict[str, str] = {}
    for person in people.values():
        for key in (person.file_key, *person.other_files):
            row = rows.get(key)
            if key in holders:
                yield Difference("file_held_twice", key, f"by {holders[key]} and {person.id}")
            elif row is None or row.state in (FileState.REMOVED, FileState.QUARANTINED):
                yield Difference("file_held_in_vain", key, "a candidate stands on a file that is not there")
            holders[key] = person.id


def _of_vectors(people: Mapping[str, Candidate], hashes: Mapping[str, str]) -> Iterable[Difference]:
    for candidate_id in sorted(people.keys() - hashes.keys()):
        yield Difference("vectors_missing", candidate_id)
    for candidate_id in sorted(hashes.keys() - people.keys()):
        yield Difference("vectors_stray", candidate_id)
    for candidate_id in sorted(people.keys() & hashes.keys()):
        if people[candidate_id].content_hash != hashes[candidate_id]:
            yield Difference("vectors_differ", candidate_id)


def _of_index(name: str, stats: IndexStats, wanted: Mapping[str, str]) -> list[Difference]:
    held = stats.candidates
    wrong = [key for key in wanted.keys() | held.keys() if wanted.get(key) != held.get(key)]
    return [Difference("index_differs", key, name) for key in sorted(wrong)]


async def _of_source(source: CVSource, rows: Mapping[str, LedgerRow], secret: bytes) -> list[Difference]:
    """A complete listing beside the ledger; what was never listed and what is gone without being removed."""
    try:
        there = await _listed(source)
    except (Unavailable, StaleCursor) as error:
        return [Difference("source_unavailable", source.name, str(error))]
    if there is None:
        return [Difference("source_unavailable", source.name, "no complete listing to be had now")]
    erased = await tombstones.erased(secret, there)
    standing = {key for key, row in rows.items() if row.source == source.name and row.state is not FileState.REMOVED}
    unknown = [Difference("file_not_listed", key) for key in sorted(there - standing - erased)]
    return unknown + [Difference("file_gone", key) for key in sorted(standing - there)]


async def _listed(source: CVSource) -> set[str] | None:
    keys: set[str] = set()
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = await source.changes(cursor)
        if not page.full:
            return None
        keys |= {file.key for file in page.files}
        if not page.more:
            return keys
        cursor = page.cursor
    return None


# --------------------------------------------------------------------------------------------------------- mending


async def _mend(difference: Difference) -> None:
    """A file concerned is read again, strays are dropped. Listings and indexes mend themselves at their next turn."""
    match difference.kind:
        case "candidate_missing" | "content_differs" | "state_differs" | "file_held_twice":
            await mending.read_again(difference.about)
        case "file_held_in_vain":
            await mending.let_go(difference.about)
        case "vectors_missing" | "vectors_differ" | "other_model":
            await mending.read_candidate_again(difference.about)
        case "vectors_stray":
            await mending.drop_stray_vectors(difference.about)
        case "file_gone":
            log.info("%s goes with the next complete listing", tag(difference.about))
        case _:
            log.info("%s mends itself at the next look", difference.kind)
