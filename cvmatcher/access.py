"""What the app knows of one person, for that person: one JSON and the files themselves, as a zip.

Walks the very places that an erasure walks, so that what is told is what would go. Of others nothing is told.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bson import json_util

from cvmatcher import erasure
from cvmatcher.domain import AppError
from cvmatcher.erasure import ErasureParts
from cvmatcher.ports import CVSource
from cvmatcher.store import audit, decisions, ledger, traces
from cvmatcher.store.traces import Person
from cvmatcher.store.values import now

NUMBERS = frozenset({"vectors"})  # fields that mean nothing to a person


async def export(candidate_ids: Iterable[str], parts: ErasureParts) -> bytes:
    """The zip. Raises NotFound."""
    person = await erasure.person_of(candidate_ids)
    told = {
        "made": now().isoformat(),
        "data": {
            place.collection: said
            for place in await traces.places(parts.database)
            if (said := [entry async for entry in _said(place, person, parts)])
        },
        "decisions": [
            one.model_dump(mode="json") | {"candidates": [], "evidence": _own(one.evidence, person)}
            for candidate_id in sorted(person.candidate_ids)
            for one in await decisions.latest(1000, candidate_id=candidate_id)
        ],
        "acts": [
            {"at": row.at.isoformat(), "act": row.act}
            for candidate_id in sorted(person.candidate_ids)
            for row in await audit.about(candidate_id, 1000)
        ],
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        told["files"] = [await _add_file(archive, number, key, parts.sources) for number, key in _numbered(person)]
        archive.writestr("data.json", json_util.dumps(told, ensure_ascii=False, indent=1))
    return out.getvalue()


def _own(evidence: Iterable[decisions.Evidence], person: Person) -> list[dict[str, Any]]:
    return [one.model_dump() for one in evidence if one.candidate in person.candidate_ids]


def _numbered(person: Person) -> Iterator[tuple[int, str]]:
    return iter(enumerate(sorted(person.file_keys), start=1))


async def _add_file(
    archive: zipfile.ZipFile, number: int, key: str, sources: Mapping[str, CVSource]
) -> dict[str, str | None]:
    row = await ledger.get(key)
    name = row.name if row else key
    source, _, file_id = key.partition(":")
    try:
        if source not in sources:
            return {"name": name, "in_zip": None, "why": "its source is not set up"}
        data = await sources[source].fetch(file_id)
    except AppError as error:
        return {"name": name, "in_zip": None, "why": error.code}
    plain = "".join(char if char.isalnum() or char in " ._-" else "_" for char in name)
    archive.writestr(f"files/{number} {plain}", data)
    return {"name": name, "in_zip": f"files/{number} {plain}", "why": None}


async def _said(place: traces.Place, person: Person, parts: ErasureParts) -> Any:
    if place.collection == decisions.DecisionDocument.get_pymongo_collection().name:
        return  # told apart: its rows name others as well
    async for raw in traces.touched(parts.database, place, person):
        for entry in _entries(raw, person):
            yield json.loads(json_util.dumps(entry))


def _entries(value: Any, person: Person) -> Iterator[Any]:
    """What is said of the person: documents and rows that name them, and texts that do."""
    if isinstance(value, Mapping):
        if any(isinstance(one, str) and one in person.ids for one in value.values()):
            yield {key: one for key, one in value.items() if key not in NUMBERS}
            return
        for key, one in value.items():
            yield from [one] if key in person.ids else _entries(one, person)
    elif isinstance(value, list):
        for one in value:
            yield from _entries(one, person)
    elif isinstance(value, str) and person.masked(value) != value:
        yield value
