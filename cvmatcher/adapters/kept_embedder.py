"""An Embedder that keeps what it has embedded on disk: measurements over the same texts need not wait again.

Two files per model and role: digests of the texts, and the rows in the same order. Not for serving.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from cvmatcher.ports import Embedder, Vectors

_DIGEST = 16  # bytes


class KeptEmbedder:
    """Same vectors as `embedder`; files cut short by a crash lose their last rows, no more. One process at a time."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self.model_id, self.dimension = embedder.model_id, embedder.dimension
        self._embedder = embedder
        self._folder = folder / re.sub(r"\W+", "-", embedder.model_id)
        self._rows: dict[str, dict[bytes, Vectors]] = {}

    async def embed(self, texts: Sequence[str], role: Literal["query", "passage"]) -> Vectors:
        known = self._load(role)
        digests = [hashlib.blake2b(text.encode(), digest_size=_DIGEST).digest() for text in texts]
        missing = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in known}
        names = list(missing)
        for at in range(0, len(names), 64):
            part = names[at : at + 64]
            rows = await self._embedder.embed([missing[name] for name in part], role)
            self._keep(role, part, rows)
            known.update(zip(part, rows, strict=True))
        return np.array([known[digest] for digest in digests], dtype=np.float32).reshape(-1, self.dimension)

    def _load(self, role: str) -> dict[bytes, Vectors]:
        if role not in self._rows:
            digests, rows = self._paths(role)
            known: dict[bytes, Vectors] = {}
            if digests.exists() and rows.exists():
                names, values = digests.read_bytes(), np.fromfile(rows, dtype=np.float32)
                count = min(len(names) // _DIGEST, len(values) // self.dimension)
                os.truncate(digests, count * _DIGEST)  # what is appended next must lie at the same place in both
                os.truncate(rows, count * self.dimension * values.itemsize)
                table = values[: count * self.dimension].reshape(count, self.dimension)
                known = {names[i * _DIGEST : (i + 1) * _DIGEST]: table[i] for i in range(count)}
            self._rows[role] = known
        return self._rows[role]

    def _keep(self, role: str, names: Sequence[bytes], rows: Vectors) -> None:
        digests, values = self._paths(role)
        digests.parent.mkdir(parents=True, exist_ok=True)
        with values.open("ab") as file:
            file.write(np.ascontiguousarray(rows, dtype=np.float32).tobytes())
        with digests.open("ab") as file:
            file.write(b"".join(names))

    def _paths(self, role: str) -> tuple[Path, Path]:
        return self._folder / f"{role}.digests", self._folder / f"{role}.rows"
