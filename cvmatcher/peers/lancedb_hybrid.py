"""LanceDB's hybrid search: its full-text index and our vectors, joined by reciprocal rank fusion, its default."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import lancedb
import numpy as np

from cvmatcher.peers.exchange import PASSAGES, Row, serve


def open_index(folder: Path, passages: Sequence[Row]) -> Callable[[Row], Iterable[str]]:
    rows = [
        {"owner": row.id, "text": row.text, "vector": np.frombuffer(row.vector, dtype=np.float32)} for row in passages
    ]
    table = lancedb.connect(folder / "lancedb").create_table("passages", rows)
    table.create_fts_index("text")

    def search(query: Row) -> Iterable[str]:
        vector = np.frombuffer(query.vector, dtype=np.float32)
        asked = table.search(query_type="hybrid", vector_column_name="vector", fts_columns="text")
        found = asked.vector(vector).text(query.text).distance_type("cosine").limit(PASSAGES).to_list()
        return [row["owner"] for row in found]

    return search


if __name__ == "__main__":
    serve(open_index)
