"""The bench of searches over many CVs: it counts what it made, and every question is answered."""

from cvmatcher.bench import search
from tests.fakes import HashEmbedder


async def test_the_same_seed_makes_the_same_pool_and_all_questions_are_answered() -> None:
    reports = [await search.measure(HashEmbedder(384), 12, 2, seed) for seed in (1, 1, 2)]
    assert [report["candidates"] for report in reports] == [12, 12, 12]
    assert reports[0]["passages"] == reports[1]["passages"] != reports[2]["passages"]
    for report in reports:
        assert 0 < report["first_hits_ms"]["p50"] <= report["order_ms"]["p50"]
