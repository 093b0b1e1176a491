"""The embedding models of a process, each loaded once, by its id. Knows no library: how one is loaded is handed in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Protocol

from cvmatcher.domain import Misconfigured
from cvmatcher.ports import Embedder


class Loaded(Embedder, Protocol):
    def close(self) -> None: ...


class Embedders:
    def __init__(self, load: Callable[[str | None], Loaded]) -> None:
        """`load` blocks; None asks for the default. It raises AppError, or ValueError for what names no model."""
        self.loaded: dict[str, Loaded] = {}
        self._load = load
        self._lock = asyncio.Lock()

    async def of(self, model: str | None) -> Loaded:
        """Raises Unavailable or Misconfigured when the model cannot be loaded here."""
        async with self._lock:
            if model in self.loaded:
                return self.loaded[model]
            try:
                embedder = await asyncio.to_thread(self._load, model)
            except ValueError as error:
                raise Misconfigured(f"{model} is no embedding model: {error}") from error
            return self.loaded.setdefault(embedder.model_id, embedder)

    def keep_only(self, model_ids: Collection[str]) -> None:
        """Forgets the others: their memory is free when the last search that uses them has ended."""
        self.loaded = {key: embedder for key, embedder in self.loaded.items() if key in model_ids}

    def close(self) -> None:
        for embedder in self.loaded.values():
            embedder.close()
