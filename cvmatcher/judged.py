"""Judged sets on disk: documents (also as candidates), queries and grades, and the measures over rankings.

Knows no search.

A set is a folder of docs.jsonl (id, text), queries.jsonl (id, text, lang, kind) and qrels.tsv (query, 0, document,
grade). Gain is 2^grade − 1.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cvmatcher import passages
from cvmatcher.domain import Candidate, CVText, InvalidInput
from cvmatcher.ports import Structurer


@dataclass(frozen=True, slots=True)
class JudgedQuery:
    id: str
    text: str
    language: str = ""
    kind: str = ""
    grades: Mapping[str, int] = field(default_factory=dict)  # document id -> grade > 0


@dataclass(frozen=True, slots=True)
class JudgedSet:
    documents: Mapping[str, str]  # id -> text
    queries: Sequence[JudgedQuery]


async def candidate(document_id: str, text: str, structurer: Structurer) -> Candidate:
    """A document as the candidate that ingestion would make of its text; its id is the document's."""
    cv = CVText(pages=(text,))
    profile = await structurer.structure(cv)
    return Candidate(
        id=document_id,
        content_hash=hashlib.sha256(text.encode()).hexdigest(),
        file_key=f"judged:{document_id}",
        file_name=document_id,
        profile=profile,
        pages=cv.pages,
        passages=passages.split(cv, profile),
        structured_by=structurer.version,
        ingested_at=datetime.now(UTC),
    )


def load(folder: Path) -> JudgedSet:
    """Raises InvalidInput when a file is missing or a line of it is not what it should be."""
    try:
        documents = {str(row["id"]): str(row["text"]) for row in _rows(folder / "docs.jsonl")}
        grades: dict[str, dict[str, int]] = {}
        for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines():
            parts = line.split()
            if len(parts) == 4 and int(parts[3]) > 0:
                grades.setdefault(parts[0], {})[parts[2]] = int(parts[3])
        queries = [
            JudgedQuery(
                str(row["id"]),
                str(row["text"]),
                str(row.get("lang", "")),
                str(row.get("kind", "")),
                grades[str(row["id"])],
            )
            for row in _rows(folder / "queries.jsonl")
            if str(row["id"]) in grades
        ]
    except (OSError, ValueError, KeyError) as error:
        raise InvalidInput(f"{folder} is not a judged set: {error}") from error
    return JudgedSet(documents, queries)


def _rows(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def ndcg(ranking: Sequence[str], grades: Mapping[str, int], depth: int = 10) -> float:
    """Normalised discounted cumulative gain of the first `depth`, 0 to 1."""
    gained = sum((2 ** grades.get(doc, 0) - 1) / math.log2(rank + 2) for rank, doc in enumerate(ranking[:depth]))
    best = sorted(grades.values(), reverse=True)[:depth]
    ideal = sum((2**grade - 1) / math.log2(rank + 2) for rank, grade in enumerate(best))
    return gained / ideal if ideal else 0.0


def recall(ranking: Sequence[str], grades: Mapping[str, int], depth: int = 50) -> float:
    """Share of the relevant documents among the first `depth`."""
    return len(grades.keys() & set(ranking[:depth])) / len(grades) if grades else 0.0


def reciprocal_rank(ranking: Sequence[str], grades: Mapping[str, int]) -> float:
    """1 / rank of the first relevant document, 0 without one."""
    return next((1 / rank for rank, doc in enumerate(ranking, start=1) if doc in grades), 0.0)
