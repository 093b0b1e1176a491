"""multilingual-e5-small's forward pass in torch, over the weights of nano_weights.

Owns the arithmetic: texts in, normalised vectors out, synchronous and safe to call from several threads. Texts are laid
end to end without padding, so a batch costs its own tokens only; those longer than the model's 512 tokens are cut in
windows whose means are weighted by length, as the package's C engine does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import gelu, layer_norm, linear, scaled_dot_product_attention

from cvmatcher.adapters.nano_weights import Floats, NanoWeights

_BATCH_TOKENS = 1024  # tokens of one pass: bounds memory


@dataclass(frozen=True, slots=True)
class Linear:
    weight: Tensor
    bias: Tensor

    def __call__(self, rows: Tensor) -> Tensor:
        return linear(rows.to(self.weight.dtype), self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class Norm:
    weight: Tensor
    bias: Tensor
    eps: float

    def __call__(self, rows: Tensor) -> Tensor:
        return layer_norm(rows, self.weight.shape, self.weight, self.bias, self.eps)


@dataclass(frozen=True, slots=True)
class Layer:
    """One transformer layer; the residual stream stays in float32 whatever the matrices are in."""

    attend: Linear  # query, key and value side by side
    gather: Linear
    after_attention: Norm
    widen: Linear
    narrow: Linear
    after_inner: Norm
    heads: int

    def __call__(self, rows: Tensor, lengths: list[int]) -> Tensor:
        mixed = torch.cat([self._attention(part) for part in torch.split(self.attend(rows), lengths)])
        rows = self.after_attention(rows + self.gather(mixed))
        return self.after_inner(rows + self.narrow(gelu(self.widen(rows))))

    def _attention(self, part: Tensor) -> Tensor:
        """(length, 3 x hidden) -> (length, hidden): one text attends to itself."""
        query, key, value = part.view(len(part), 3, self.heads, -1).permute(1, 2, 0, 3).unsqueeze(1)
        return scaled_dot_product_attention(query, key, value)[0].transpose(0, 1).reshape(len(part), -1)


class NanoEngine:
    """Texts -> vectors, with the prefix already in front of each text."""

    def __init__(self, weights: NanoWeights, dtype: torch.dtype = torch.float32) -> None:
        self.dimension = weights.shape.hidden
        self._weights = weights
        self._dtype = dtype
        self._positions = torch.from_numpy(weights.vector("emb.pos").reshape(weights.shape.positions, -1))
        self._type = torch.from_numpy(weights.vector("emb.type")[: self.dimension])
        self._norm = self._load_norm("emb.ln")
        self._layers = [self._load_layer(f"l{number}") for number in range(weights.shape.layers)]

    @classmethod
    def load(cls, path: Path) -> NanoEngine:
        """In bfloat16 where the processor multiplies it (twice as fast, cosine > 0.9999), else in float32."""
        able = torch.cpu.get_capabilities()
        return cls(NanoWeights(path), torch.bfloat16 if able.get("avx512_bf16") else torch.float32)

    def embed(self, texts: Sequence[str]) -> Floats:
        """(len(texts), dimension) float32, rows of length 1."""
        windows = [(row, window) for row, text in enumerate(texts) for window in self._windows(text)]
        windows.sort(key=lambda item: len(item[1]))
        sums = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for batch in _batches(windows):
            means = self._forward([window for _, window in batch])
            for (row, window), mean in zip(batch, means, strict=True):
                sums[row] += mean * max(len(window) - 2, 1)
        return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True), dtype=np.float32)

    def _windows(self, text: str) -> Iterator[list[int]]:
        tokens = self._weights.tokens(text)
        size = self._weights.shape.positions - 2
        for at in range(0, max(len(tokens), 1), size):
            yield [self._weights.start, *tokens[at : at + size], self._weights.end]

    @torch.inference_mode()
    def _forward(self, windows: list[list[int]]) -> Floats:
        lengths = [len(window) for window in windows]
        words = torch.from_numpy(self._weights.words([token for window in windows for token in window]))
        places = torch.cat([self._positions[:length] for length in lengths])
        rows = self._norm(words + places + self._type)
        for layer in self._layers:
            rows = layer(rows, lengths)
        means: Floats = torch.stack([part.mean(dim=0) for part in torch.split(rows, lengths)]).numpy()
        return means

    def _load_layer(self, name: str) -> Layer:
        hidden, inner = self.dimension, self._weights.shape.inner
        return Layer(
            attend=self._load_linear([f"{name}.q", f"{name}.k", f"{name}.v"], hidden),
            gather=self._load_linear([f"{name}.ao"], hidden),
            after_attention=self._load_norm(f"{name}.aln"),
            widen=self._load_linear([f"{name}.fi"], inner),
            narrow=self._load_linear([f"{name}.fo"], hidden),
            after_inner=self._load_norm(f"{name}.oln"),
            heads=self._weights.shape.heads,
        )

    def _load_linear(self, names: list[str], rows: int) -> Linear:
        weight = np.concatenate([self._weights.matrix(f"{name}.w", rows) for name in names])
        bias = np.concatenate([self._weights.vector(f"{name}.b") for name in names])
        return Linear(torch.from_numpy(weight).to(self._dtype), torch.from_numpy(bias).to(self._dtype))

    def _load_norm(self, name: str) -> Norm:
        weight, bias = (torch.from_numpy(self._weights.vector(f"{name}.{part}")) for part in ("w", "b"))
        return Norm(weight, bias, self._weights.shape.eps)


def _batches(windows: list[tuple[int, list[int]]]) -> Iterator[list[tuple[int, list[int]]]]:
    batch: list[tuple[int, list[int]]] = []
    tokens = 0
    for item in windows:
        if batch and tokens + len(item[1]) > _BATCH_TOKENS:
            yield batch
            batch, tokens = [], 0
        batch.append(item)
        tokens += len(item[1])
    if batch:
        yield batch
