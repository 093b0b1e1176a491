"""VectorIndex in memory by FAISS, exact: 100,000 passages take milliseconds.

Owns the FAISS index, which row is whose, and the local snapshot. MongoDB holds the truth: a snapshot that its manifest
does not vouch for is thrown away. Knows nothing of where entries come from.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import faiss
import numpy as np

from cvmatcher.ports import IndexStats, PassageHit, VectorEntry, Vectors

log = logging.getLogger(__name__)
_FORMAT = 1
_HASH, _FIRST, _COUNT = range(3)  # what is kept of a candidate: content hash, id of its first row, number of rows


class FaissIndex:
    """Safe to use from several threads: a reader sees an `apply` whole or not at all."""

    def __init__(self, model_id: str, dimension: int, folder: Path | None = None) -> None:
        """`folder` is where snapshots lie; None keeps none."""
        self.model_id = model_id
        self.dimension = dimension
        self._folder = folder
        self._lock = Lock()
        self._owners: dict[int, tuple[str, int]] = {}  # row id -> candidate, passage
        self._candidates: dict[str, list[Any]] = {}
        self._reset()

    def search(self, vector: Vectors, k: int) -> list[PassageHit]:
        if vector.shape != (self.dimension,) or not np.isfinite(vector).all():
            raise ValueError(f"a query is {self.dimension} finite numbers, not {vector.shape}")
        query = np.ascontiguousarray(vector[None], dtype=np.float32)
        with self._lock:
            wanted = min(k, self._index.ntotal)
            if wanted < 1:
                return []
            scores, rows = self._index.search(query, wanted)
            hits = [self._hit(row, score) for row, score in zip(rows[0].tolist(), scores[0].tolist(), strict=True)]
        return sorted(hits, key=lambda hit: (-hit.score, hit.candidate_id, hit.passage))

    def scores(self, vector: Vectors, candidate_ids: Iterable[str]) -> dict[str, Vectors]:
        with self._lock:
            kept = {key: self._candidates[key] for key in candidate_ids if key in self._candidates}
            rows = [row for held in kept.values() for row in range(held[_FIRST], held[_FIRST] + held[_COUNT])]
            if not rows:
                return {}
            values = self._index.reconstruct_batch(np.asarray(rows, dtype=np.int64)) @ vector
        ends = np.cumsum([held[_COUNT] for held in kept.values()])
        return dict(zip(kept, np.split(values, ends[:-1]), strict=True))

    def apply(self, upserts: Sequence[VectorEntry], removals: Sequence[str]) -> None:
        for entry in upserts:
            self._check(entry)
        latest = {entry.candidate_id: entry for entry in upserts}
        with self._lock:
            self._remove({*removals, *latest})
            for entry in latest.values():
                self._add(entry)

    def stats(self) -> IndexStats:
        with self._lock:
            hashes = {candidate_id: kept[_HASH] for candidate_id, kept in self._candidates.items()}
            return IndexStats(hashes, int(self._index.ntotal), self.model_id)

    # ------------------------------------------------------------------------------------------------ snapshot

    def save(self, position: str) -> None:
        """Writes the snapshot beside the old one and switches. `position` comes back from `load`. Raises OSError."""
        if self._folder is None:
            return
        with self._lock:
            data = faiss.serialize_index(self._index).tobytes()
            about = {**self._about(), "position": position, "next": self._next, "candidates": dict(self._candidates)}
        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"vectors-{hashlib.sha256(data).hexdigest()[:16]}.faiss"
        _write(self._folder / name, data)
        manifest = {**about, "file": name, "sha256": _digest(data, about)}
        _write(self._folder / "manifest.json", json.dumps(manifest).encode())
        for old in self._folder.glob("vectors-*"):
            if old.name != name:
                old.unlink(missing_ok=True)

    def load(self) -> str | None:
        """Takes the snapshot's place in the stream of changes and its vectors; None when there is none to trust."""
        if self._folder is None or not (self._folder / "manifest.json").exists():
            return None
        try:
            return self._load(self._folder)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            log.warning("index snapshot thrown away: %s", error)
            self._reset()
            (self._folder / "manifest.json").unlink(missing_ok=True)
            return None

    def _load(self, folder: Path) -> str:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        name, digest = manifest.pop("file"), manifest.pop("sha256")
        data = (folder / Path(name).name).read_bytes()
        if digest != _digest(data, manifest):
            raise ValueError("its content is not what the manifest says")
        if {key: manifest[key] for key in self._about()} != self._about():
            raise ValueError(f"it is of the model {manifest['model']}, format {manifest['format']}")
        index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
        with self._lock:
            self._index, self._next, self._candidates = index, manifest["next"], manifest["candidates"]
            self._owners = {
                kept[_FIRST] + number: (candidate_id, number)
                for candidate_id, kept in self._candidates.items()
                for number in range(kept[_COUNT])
            }
        return str(manifest["position"])

    def _about(self) -> dict[str, Any]:
        return {"format": _FORMAT, "model": self.model_id, "dimension": self.dimension}

    # ---------------------------------------------------------------------------------------------------- rows

    def _reset(self) -> None:
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(self.dimension))
        self._owners, self._candidates, self._next = {}, {}, 0

    def _check(self, entry: VectorEntry) -> None:
        if entry.model_id != self.model_id:
            raise ValueError(f"{entry.candidate_id}: vectors of {entry.model_id}, the index is of {self.model_id}")
        if entry.vectors.ndim != 2 or entry.vectors.shape[1] != self.dimension:
            raise ValueError(f"{entry.candidate_id}: {entry.vectors.shape}, the index has dimension {self.dimension}")
        if not np.isfinite(entry.vectors).all():
            raise ValueError(f"{entry.candidate_id}: vectors that are not finite")

    def _add(self, entry: VectorEntry) -> None:
        count = len(entry.vectors)
        rows = np.arange(self._next, self._next + count, dtype=np.int64)
        self._index.add_with_ids(np.ascontiguousarray(entry.vectors, dtype=np.float32), rows)
        self._owners.update({row: (entry.candidate_id, number) for number, row in enumerate(rows.tolist())})
        self._candidates[entry.candidate_id] = [entry.content_hash, self._next, count]
        self._next += count

    def _remove(self, candidate_ids: set[str]) -> None:
        gone = [self._candidates.pop(candidate_id) for candidate_id in candidate_ids & self._candidates.keys()]
        rows = [row for kept in gone for row in range(kept[_FIRST], kept[_FIRST] + kept[_COUNT])]
        if rows:
            self._index.remove_ids(faiss.IDSelectorBatch(np.asarray(rows, dtype=np.int64)))
        for row in rows:
            del self._owners[row]

    def _hit(self, row: int, score: float) -> PassageHit:
        candidate_id, number = self._owners[row]
        return PassageHit(candidate_id, self._candidates[candidate_id][_HASH], number, score)


def _digest(data: bytes, about: Mapping[str, Any]) -> str:
    """Of the vectors and of all that the manifest says about them."""
    return hashlib.sha256(data + json.dumps(about, sort_keys=True).encode()).hexdigest()


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing, also when the machine stops: temporary name, fsync, rename."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
