"""What every VectorIndex promises, over FAISS and the fake; and what FAISS's snapshot must survive."""

import json
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cvmatcher.adapters.faiss_index import FaissIndex
from cvmatcher.ports import VectorEntry, VectorIndex, Vectors
from tests.fakes import FakeVectorIndex

MODEL, SIZE = "fake/hash", 8
random = np.random.default_rng(7)


def rows(count: int) -> Vectors:
    made = random.standard_normal((count, SIZE)).astype(np.float32)
    return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)


def entry(candidate: str, vectors: Vectors, content: str = "v1", model: str = MODEL) -> VectorEntry:
    return VectorEntry(candidate, content, model, vectors)


@pytest.fixture(params=[FaissIndex, FakeVectorIndex])
def index(request: pytest.FixtureRequest) -> VectorIndex:
    make: Callable[[str, int], VectorIndex] = request.param
    return make(MODEL, SIZE)


def test_nearest_first_with_hash_and_passage(index: VectorIndex) -> None:
    a, b = rows(5), rows(3)
    index.apply([entry("a", a, "ha"), entry("b", b, "hb")], [])
    hits = index.search(b[2], 8)
    assert (hits[0].candidate_id, hits[0].content_hash, hits[0].passage) == ("b", "hb", 2)
    assert hits[0].score == pytest.approx(1, abs=1e-5)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({(hit.candidate_id, hit.passage) for hit in hits}) == 8


def test_scores_of_some_candidates_are_those_of_the_search(index: VectorIndex) -> None:
    index.apply([entry("a", rows(4)), entry("b", rows(1)), entry("c", rows(3))], [])
    index.apply([entry("a", rows(2), "v2")], [])
    query = rows(1)[0]
    found = index.scores(query, ["c", "a", "unknown"])
    assert {key: len(values) for key, values in found.items()} == {"c": 3, "a": 2}
    for hit in index.search(query, 9):
        if hit.candidate_id in found:
            assert found[hit.candidate_id][hit.passage] == pytest.approx(hit.score, abs=1e-5)
    assert index.scores(query, []) == {}


def test_k_is_at_most_what_there_is(index: VectorIndex) -> None:
    assert index.search(rows(1)[0], 5) == []
    index.apply([entry("a", rows(2))], [])
    assert len(index.search(rows(1)[0], 5)) == 2
    assert len(index.search(rows(1)[0], 1)) == 1


def test_a_replaced_candidate_keeps_nothing_old(index: VectorIndex) -> None:
    old, new = rows(6), rows(2)
    index.apply([entry("a", old, "v1"), entry("b", rows(1))], [])
    index.apply([entry("a", new, "v2")], [])
    assert index.stats().candidates == {"a": "v2", "b": "v1"}
    assert index.stats().passages == 3
    assert {hit.content_hash for hit in index.search(old[0], 9) if hit.candidate_id == "a"} == {"v2"}


def test_a_removed_candidate_is_never_found(index: VectorIndex) -> None:
    gone = rows(3)
    index.apply([entry("a", gone), entry("b", rows(3))], [])
    index.apply([], ["a", "never there"])
    assert {hit.candidate_id for hit in index.search(gone[0], 9)} == {"b"}
    assert index.stats().candidates == {"b": "v1"}


@pytest.mark.parametrize(
    "bad",
    [
        entry("x", rows(2), model="another/model"),
        entry("x", np.ones((2, SIZE + 1), dtype=np.float32)),
        entry("x", np.full((1, SIZE), np.nan, dtype=np.float32)),
        entry("x", np.full((1, SIZE), np.inf, dtype=np.float32)),
    ],
    ids=["model", "dimension", "nan", "infinite"],
)
def test_bad_vectors_are_refused_and_change_nothing(index: VectorIndex, bad: VectorEntry) -> None:
    index.apply([entry("a", rows(2))], [])
    with pytest.raises(ValueError):  # noqa: PT011 - the fake words it differently
        index.apply([entry("b", rows(1)), bad], ["a"])
    assert index.stats().candidates == {"a": "v1"}


def test_a_bad_query_is_refused(index: VectorIndex) -> None:
    for bad in (np.full(SIZE, np.nan, dtype=np.float32), np.ones(SIZE + 1, dtype=np.float32)):
        with pytest.raises(ValueError):  # noqa: PT011 - the fake words it differently
            index.search(bad, 3)


def test_the_same_candidate_twice_in_one_call_counts_once(index: VectorIndex) -> None:
    index.apply([entry("a", rows(2), "v1"), entry("a", rows(3), "v2")], [])
    assert (index.stats().candidates, index.stats().passages) == ({"a": "v2"}, 3)


def test_equal_scores_come_in_the_same_order(index: VectorIndex) -> None:
    same = rows(1)
    index.apply([entry(name, same) for name in "cab"], [])
    assert [hit.candidate_id for hit in index.search(same[0], 3)] == ["a", "b", "c"]


def test_readers_see_a_change_whole(index: VectorIndex) -> None:
    """Each version of "a" has one hash; a reader never sees two, nor none."""
    vectors, seen, done = rows(4), set[int](), threading.Event()

    def read() -> None:
        while not done.is_set():
            hits = index.search(vectors[0], 8)
            seen.add(len({hit.content_hash for hit in hits}) * 10 + len(hits))

    index.apply([entry("a", vectors, "0")], [])
    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(300):
        index.apply([entry("a", vectors, str(number))], [])
    done.set()
    for reader in readers:
        reader.join()
    assert seen <= {14}


# --------------------------------------------------------------------------------------------------- snapshots


def saved(folder: Path) -> FaissIndex:
    index = FaissIndex(MODEL, SIZE, folder)
    index.apply([entry("a", rows(4), "ha"), entry("b", rows(3), "hb"), entry("c", rows(2), "hc")], [])
    index.apply([], ["b"])
    index.save('{"_data": "82"}')
    return index


def test_a_snapshot_gives_the_same_index_back(tmp_path: Path) -> None:
    before, after = saved(tmp_path), FaissIndex(MODEL, SIZE, tmp_path)
    assert after.load() == '{"_data": "82"}'
    query = rows(1)[0]
    assert after.stats() == before.stats()
    assert after.search(query, 9) == before.search(query, 9)
    after.apply([entry("d", rows(2))], ["a"])
    assert set(after.stats().candidates) == {"c", "d"}
    assert len(after.search(query, 9)) == 4


def test_no_folder_or_no_snapshot_is_no_position(tmp_path: Path) -> None:
    assert FaissIndex(MODEL, SIZE, tmp_path / "none").load() is None
    index = FaissIndex(MODEL, SIZE)
    index.save("x")
    assert index.load() is None


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def _vectors(folder: Path) -> Path:
    return next(folder.glob("vectors-*.faiss"))


def _edit(folder: Path, key: str, value: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {key: value}))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "bit flipped in a vector": lambda folder: _flip(_vectors(folder), -40),
    "bit flipped in the head": lambda folder: _flip(_vectors(folder), 3),
    "torn": lambda folder: _vectors(folder).write_bytes(_vectors(folder).read_bytes()[:-100]),
    "emptied": lambda folder: _vectors(folder).write_bytes(b""),
    "missing": lambda folder: _vectors(folder).unlink(),
    "manifest torn": lambda folder: (folder / "manifest.json").write_text('{"format": 1'),
    "manifest not ours": lambda folder: (folder / "manifest.json").write_text("[]"),
    "ids swapped": lambda folder: _edit(folder, "candidates", {"a": ["hc", 0, 4], "c": ["ha", 7, 2]}),
    "another position": lambda folder: _edit(folder, "position", "later"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_snapshot_is_thrown_away(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    saved(tmp_path)
    damage(tmp_path)
    index = FaissIndex(MODEL, SIZE, tmp_path)
    assert index.load() is None
    assert index.stats().candidates == {}
    index.apply([entry("z", rows(1))], [])
    index.save("again")
    assert FaissIndex(MODEL, SIZE, tmp_path).load() == "again"


def test_a_snapshot_of_another_model_is_thrown_away(tmp_path: Path) -> None:
    saved(tmp_path)
    assert FaissIndex("another/model", SIZE, tmp_path).load() is None


def test_only_one_snapshot_stays(tmp_path: Path) -> None:
    index = saved(tmp_path)
    index.apply([], ["a"])
    index.save("later")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".faiss", ".json"]
