"""What a peer's process is given and gives back: a folder of plain files. Standard library only, as it runs in both.

Vectors are float32, row after row, in the order of the lines beside them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DEPTH = 50  # candidates of a ranking
PASSAGES = 400  # asked of a peer for each query, so that DEPTH candidates are among them


@dataclass(frozen=True, slots=True)
class Row:
    """A passage (`id` is its candidate's) or a query, with its vector's bytes."""

    id: str
    text: str
    vector: bytes


@dataclass(frozen=True, slots=True)
class Ranked:
    """Query id -> candidate ids, best first; and the milliseconds of each query, in their order."""

    rankings: Mapping[str, Sequence[str]]
    milliseconds: Sequence[float]


def write(folder: Path, passages: Sequence[Row], queries: Sequence[Row]) -> None:
    for name, rows in (("passages", passages), ("queries", queries)):
        lines = (json.dumps({"id": row.id, "text": row.text}) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text("".join(lines), encoding="utf-8")
        (folder / f"{name}.f32").write_bytes(b"".join(row.vector for row in rows))


def read(folder: Path, name: str) -> list[Row]:
    """`name`: "passages" or "queries"."""
    lines = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    vectors = (folder / f"{name}.f32").read_bytes()
    width = len(vectors) // len(lines) if lines else 0
    return [Row(line["id"], line["text"], vectors[n * width : (n + 1) * width]) for n, line in enumerate(lines)]


def answers(folder: Path) -> Ranked:
    found = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    return Ranked(found["rankings"], found["milliseconds"])


def candidates(owners: Iterable[str]) -> list[str]:
    """The owners of passages in the order of the best passage of each."""
    return list(dict.fromkeys(owners))[:DEPTH]


def serve(open_index: Callable[[Path, Sequence[Row]], Callable[[Row], Iterable[str]]]) -> None:
    """A peer's whole process: `open_index` takes the passages and gives what answers a query with passages' owners."""
    folder = Path(sys.argv[1])
    search = open_index(folder, read(folder, "passages"))
    rankings: dict[str, list[str]] = {}
    milliseconds: list[float] = []
    for query in read(folder, "queries"):
        start = time.perf_counter()
        rankings[query.id] = candidates(search(query))
        milliseconds.append(1000 * (time.perf_counter() - start))
    found = json.dumps({"rankings": rankings, "milliseconds": milliseconds})
    (folder / "answers.json").write_text(found, encoding="utf-8")
