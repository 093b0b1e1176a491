"""txtai's hybrid search: its BM25 and a FAISS index of our vectors, joined by its own default weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from txtai.embeddings import Embeddings

from cvmatcher.peers.exchange import PASSAGES, Row, serve


def open_index(folder: Path, passages: Sequence[Row]) -> Callable[[Row], Iterable[str]]:
    del folder
    known = {row.text: row.vector for row in passages}

    def vectors(texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return np.stack([np.frombuffer(known[text], dtype=np.float32) for text in texts])

    embeddings = Embeddings({"method": "external", "transform": vectors, "hybrid": True, "content": False})
    embeddings.index([(number, row.text, None) for number, row in enumerate(passages)])

    def search(query: Row) -> Iterable[str]:
        known[query.text] = query.vector  # passages are indexed by now: the text is a query from here on
        return [passages[number].id for number, _ in embeddings.search(query.text, PASSAGES)]

    return search


if __name__ == "__main__":
    serve(open_index)
