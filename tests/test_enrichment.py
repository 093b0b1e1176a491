"""Gemini's quota runs out and returns: CVs are searchable by the rules at once, and enriched later by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from cvmatcher import ingest, jobs, store, worker
from cvmatcher.adapters.breaker import Breaker
from cvmatcher.adapters.gemini import Gemini, GeminiStructurer
from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.cancelling import end
from cvmatcher.domain import Candidate, FileState, HitsFound
from cvmatcher.quota import CallQuota
from cvmatcher.search import SearchRequest, run
from cvmatcher.store import candidates, ledger
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from cvmatcher.wiring import Services
from tests.ingesting import all_candidates, assert_sound, folder_source, make_parts, states, until, write
from tests.servers.gemini import GeminiServer, honest, out_of_quota
from tests.site import Browser, Scripted, person, services_of, serving

CVS = {
    "ada.txt": "Ada Lovelace\nada@example.org\n\nCompétences\nPython, Django\n\nLangues\nAllemand C1\n",
    "bob.txt": "Bob Martin\nbob@example.org\n\nSkills\nWelding, TIG\n\nLanguages\nEnglish\n",
}


@dataclass
class Site:
    model: GeminiServer
    services: Services
    parts: worker.WorkerParts


@pytest.fixture
async def site(
    database: store.Database, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    """A worker's parts on the real adapter, and Gemini with nothing left of its quota."""
    monkeypatch.setattr(ingest, "FIRST_WAIT", 0.5)  # seconds before the next try, which double
    queue = await jobs.open_queue(redis_url)
    folder = tmp_path / "cvs"
    for name, text in CVS.items():
        write(folder, name, text)
    services = services_of(database, queue, tmp_path)
    with GeminiServer() as model:
        model.always(out_of_quota(0.2))
        quota = CallQuota(queue, name="gemini", per_minute=6000)
        gemini = Gemini(
            key=model.key,
            model="local-model",
            base_url=model.url,
            backoff=0.01,
            breaker=Breaker(pause=1.0),
            before_call=quota,
            after_refusal=quota.pause,
        )
        rules = RulesStructurer()
        ingesting = make_parts(folder_source(folder))
        ingesting = replace(ingesting, structurer=GeminiStructurer(gemini, rules), rules=rules)
        parts = worker.WorkerParts(ingesting, queue, redis_url, tick_seconds=0.2)
        async with services.follower:
            yield Site(model, services, parts)
        await gemini.aclose()
    await jobs.close_queue(queue)


async def _waiting(count: int) -> bool:
    return await candidates.waiting_for_enrichment() == count and len(await all_candidates()) == len(CVS)


async def _found(services: Services, message: str) -> list[str]:
    """Who is found, by name, best first."""
    events = [event async for event in run(SearchRequest(message), services.search)]
    return [hit.name for event in events if isinstance(event, HitsFound) for hit in event.hits]


async def test_a_quota_that_runs_out_delays_the_model_and_nothing_else(site: Site) -> None:
    working = asyncio.create_task(worker.serve(site.parts))
    try:
        await until(lambda: _waiting(2), seconds=90)
        assert set((await states()).values()) == {FileState.SEARCHABLE}
        before = {one.profile.name: one for one in await all_candidates()}
        assert {one.structured_by for one in before.values()} == {site.parts.ingest.rules.version}
        assert before["Ada Lovelace"].profile.skills == ("Python", "Django")
        await site.services.follower.wait_until(before["Ada Lovelace"].id, before["Ada Lovelace"].content_hash)
        assert (await _found(site.services, "Python"))[0] == "Ada Lovelace"
        refused = len(site.model.requests)
        await site.model.arrived(refused + 1)  # asked again by itself, and refused again
        await until(lambda: _waiting(2), seconds=90)

        site.model.decide(honest)  # the quota is back
        await until(lambda: _waiting(0), seconds=90)
    finally:
        await end(working)
    after = {one.profile.name: one for one in await all_candidates()}
    assert {name: one.id for name, one in after.items()} == {name: one.id for name, one in before.items()}
    assert {one.structured_by for one in after.values()} == {site.parts.ingest.structurer.version}
    await _receipts_show_both(site, after["Ada Lovelace"])
    await assert_sound()


async def _receipts_show_both(site: Site, candidate: Candidate) -> None:
    row = await ledger.get(candidate.file_key)
    assert row is not None
    versions = [step.version for step in row.receipt if step.name == "structured"]
    assert versions == [site.parts.ingest.rules.version, site.parts.ingest.structurer.version]
    assert "postponed" in [step.name for step in row.receipt]
    assert row.next_try is None
    await person("rita", Role.ADMIN)
    async with serving(create_app(site.services, Scripted().run)) as base, Browser(base) as rita:
        await rita.sign_in("rita")
        page = (await rita.get(f"/admin/file?key={candidate.file_key.replace(':', '%3A')}")).text
        assert all(version in page for version in versions)
        assert "waiting for the model" not in page
