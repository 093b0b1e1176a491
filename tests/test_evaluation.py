"""Measures over judged sets, and the way a set goes through the search that serves users."""

import json
from pathlib import Path
from typing import Any

import pytest

from cvmatcher import judged
from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.domain import InvalidInput, Unavailable
from cvmatcher.evaluation import evaluate, macro, ratio
from cvmatcher.peers import venvs
from cvmatcher.peers.venvs import Peer
from tests.fakes import HashEmbedder

DOCUMENTS = {
    "d1": "Comptable\nNantes\nComptable chez Acme, 2018 - 2024\nAnglais : courant",
    "d2": "Boulanger\nLyon\nBoulanger chez Durand, 2019 - 2024\nAllemand : courant",
    "d3": "Registered nurse\nLeeds\nNurse at St Mary's, 2015 - 2024",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [{"id": i, "text": text} for i, text in DOCUMENTS.items()]
    queries = [
        {"id": "q1", "text": "comptable à Nantes", "lang": "fr", "kind": "title"},
        {"id": "q2", "text": "I need a nurse", "lang": "en", "kind": "title"},
    ]
    (tmp_path / "docs.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (tmp_path / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)), encoding="utf-8")
    (tmp_path / "qrels.tsv").write_text("q1\t0\td1\t2\nq2\t0\td3\t1\nq1\t0\td2\t0\n", encoding="utf-8")
    return tmp_path


def test_ndcg_uses_graded_gain() -> None:
    grades = {"a": 2, "b": 1}
    assert judged.ndcg(["a", "b"], grades) == 1.0
    assert judged.ndcg(["b", "a"], grades) == pytest.approx((1 + 3 / 1.5849625) / (3 + 1 / 1.5849625))
    assert judged.ndcg(["x"] * 10 + ["a"], grades) == 0.0
    assert judged.recall(["a", "x"], grades) == 0.5
    assert judged.reciprocal_rank(["x", "b"], grades) == 0.5


async def test_a_set_goes_through_the_search(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    report = await evaluate(folder, structurer=RulesStructurer(), embedder=HashEmbedder(), cache=cache)
    again = await evaluate(folder, structurer=RulesStructurer(), embedder=HashEmbedder(), cache=cache)
    assert report["all"] == again["all"] == {"ndcg@10": 1.0, "recall@50": 1.0, "mrr": 1.0, "n": 2}
    assert {*report["by_language"]} == {"fr", "en"}
    assert {*report["baselines"]} == {"bm25", "vectors", "rrf", "original"}
    json.dumps(report)


PEER = """
from array import array
from cvmatcher.peers.exchange import serve

def open_index(folder, passages):
    def search(query):
        asked = array("f", query.vector)
        near = lambda row: -sum(a * b for a, b in zip(asked, array("f", row.vector)))
        return [row.id for row in sorted(passages, key=near)]
    return search

serve(open_index)
"""


async def test_a_peer_runs_apart_on_the_same_vectors(folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "nearest.py"
    script.write_text(PEER, encoding="utf-8")
    report = await evaluate(
        folder,
        structurer=RulesStructurer(),
        embedder=HashEmbedder(),
        cache=tmp_path / "home" / "eval",
        peers=[Peer("nearest", script)],
    )
    baselines = report["baselines"]
    assert baselines["nearest"]["ndcg@10"] == baselines["vectors"]["ndcg@10"] > 0
    assert set(baselines["nearest"]["latency_ms"]) == {"p50", "p95"}
    assert (tmp_path / "home" / "peers" / "nearest" / "installed").exists()


async def test_a_peer_that_fails_says_why(folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "broken.py"
    script.write_text("raise SystemExit('no such index')", encoding="utf-8")
    with pytest.raises(Unavailable, match="broken cannot be measured: no such index"):
        await venvs.rank(Peer("broken", script), [], [], tmp_path)


@pytest.mark.parametrize("missing", ["docs.jsonl", "queries.jsonl", "qrels.tsv"])
def test_what_is_no_judged_set_is_refused(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    with pytest.raises(InvalidInput, match="judged set"):
        judged.load(folder)


def test_the_ratio_s_interval_holds_it() -> None:
    found = ratio([0.9, 0.8, 0.7, 0.9], [0.6, 0.5, 0.6, 0.4])
    assert found["interval"][0] <= found["ratio"] <= found["interval"][1]
    assert found["ratio"] == pytest.approx(0.825 / 0.525, abs=0.001)


def test_the_mean_over_sets_counts_each_set_the_same() -> None:
    def report(ours: list[float], words: list[float]) -> dict[str, Any]:
        means = {"ndcg@10": sum(words) / len(words)}
        return {"all": {"n": len(ours)}, "baselines": {"bm25": means}, "queries": {"search": ours, "bm25": words}}

    found = macro([report([1.0, 1.0], [0.5, 0.5]), report([0.2] * 8, [0.1] * 8)])
    assert found["ndcg@10"] == 0.6
    assert found["baselines"]["bm25"] == {"ndcg@10": 0.3, "ratio": 2.0, "interval": [2.0, 2.0]}
    assert found["baselines"]["best"] == found["baselines"]["bm25"]
