"""The page for people's rights, the retention clock, the model's switch, and the two logs."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from cvmatcher import jobs, retention, store
from cvmatcher.adapters.gemini import Gemini
from cvmatcher.domain import Profile
from cvmatcher.store import audit, candidates, contacts, decisions, likes, preferences, shortlisted
from cvmatcher.store.people import Role
from cvmatcher.store.preferences import Preferences
from cvmatcher.store.shortlisted import Stage
from cvmatcher.web.app import create_app
from cvmatcher.wiring import Services
from tests.site import WHOLE, Browser, Scripted, candidate, person, scripted, services_of, serving, until


@dataclass
class Site:
    ada: Browser
    rita: Browser
    services: Services


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    app = create_app(services, Scripted(WHOLE).run)
    async with services.follower, serving(app) as base, Browser(base) as ada, Browser(base) as rita:
        await person("rita")
        await person("ada", Role.ADMIN)
        await rita.sign_in("rita")
        await ada.sign_in("ada")
        yield Site(ada, rita, services)
    await jobs.close_queue(queue)


async def _asked(site: Site) -> None:
    await site.rita.get("/")
    await site.rita.post("/turns", {"message": "python in Lyon"})

    async def written() -> bool:
        return bool(await decisions.latest())

    await until(written)


async def test_a_person_is_found_shown_what_goes_and_erased(site: Site) -> None:
    zoe = Profile(name="Zoe Zed", emails=("zoe@example.org",), headline="Developer")
    await candidate(1, profile=zoe)
    await candidate(2, profile=zoe.model_copy(update={"name": "Z. Zed"}))
    await candidate(3)
    await likes.like("someone", "cand1")
    await _asked(site)
    page = await site.ada.get("/privacy")
    assert "Nobody has been kept" in page.text
    found = await site.ada.post("/privacy/find", {"who": "zoe ZED"})
    assert found.text.count("Zoe Zed") == 1
    seen = await site.ada.post("/privacy/preview", {"candidate": "cand1"})
    assert seen.status_code == 200
    assert "Z. Zed" in seen.text  # the same e-mail
    assert await candidates.get("cand1") is not None
    done = await site.ada.post("/privacy/erase", {"candidate": "cand1"})
    assert done.status_code == 200
    assert await candidates.get("cand1") is None
    assert await candidates.get("cand2") is not None
    assert (await site.ada.post("/privacy/erase", {"candidate": "cand1"})).status_code == 404
    assert (await site.ada.post("/privacy/erase")).status_code == 422
    assert [row.act for row in await audit.about("cand1")] == ["erased"]

    kept = (await decisions.latest(candidate_id="cand1"))[0]  # a random id is left, and no question, no evidence
    assert kept.question == ""
    assert kept.criteria == ()
    assert {one.candidate for one in kept.evidence} == {"cand2", "cand3"}
    assert "(erased)" in (await site.ada.get("/decisions")).text


async def test_what_goes_is_said_in_words_whatever_a_collection_is_called(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = store.candidates.CandidateDocument.get_settings()
    monkeypatch.setattr(settings, "pymongo_collection", site.services.database["MesCV"])
    await candidate(1, profile=Profile(name="Zoe Zed", emails=("zoe@example.org",)))
    await likes.like("someone", "cand1")
    for name in ("lists_of_tomorrow", "original_cvs", "plans"):
        await site.services.database[name].insert_one({"candidate": "cand1", "of": "Zoe Zed"})
    seen = (await site.ada.post("/privacy/preview", {"candidate": "cand1"})).text
    told = dict(re.findall(r"<div><dt>([^<]+)</dt><dd>(\d+)</dd></div>", seen))
    assert told == {
        "CV and profile": "1",
        "shortlists and notes": "1",
    }
    elsewhere = re.findall(r"And wherever else the person stands: ([^<]+)\.</p>", seen)[0].split(", ")
    assert sorted(elsewhere) == ["documents of the original CVmatcher", "other records"]


async def test_a_decision_says_what_was_shown_and_why(site: Site) -> None:
    await _asked(site)
    (kept,) = await decisions.latest()
    assert kept.question == "python in Lyon"
    assert kept.candidates == ("cand3", "cand1", "cand2")
    assert kept.ordered_by == "rules"
    assert kept.reader
    assert kept.embedder == "fake/hash"
    shown = {(one.candidate, one.verdict, one.quotation) for one in kept.evidence}
    assert ("cand1", "met", "services in Python") in shown
    assert ("cand2", "not_found", "") in shown
    assert await decisions.drop_old() == 0
    old = {"$set": {"at": datetime.now(UTC) - timedelta(days=400)}}
    await decisions.DecisionDocument.get_pymongo_collection().update_many({}, old)
    assert await decisions.drop_old() == 1


async def test_what_is_known_of_a_person_comes_as_a_zip(site: Site) -> None:
    zoe = Profile(name="Zoe Zed", emails=("zoe@example.org",))
    await candidate(1, profile=zoe)
    await candidate(2, "Other Person")
    await likes.like("someone", "cand1")
    await shortlisted.write("someone", "cand1", Stage.NEW, "a good one")
    scripted(site.services).bytes_of["1"] = b"%PDF-1.4 hers"
    await _asked(site)
    answer = await site.ada.post("/privacy/access", {"candidate": "cand1"})
    assert answer.headers["content-disposition"] == 'attachment; filename="access.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        told = archive.read("data.json").decode()
        (file,) = json.loads(told)["files"]
        assert archive.read(file["in_zip"]) == b"%PDF-1.4 hers"
    for word in ("Zoe Zed", "zoe@example.org", "a good one", "services in Python", "python in Lyon"):
        assert word in told
    assert "Other Person" not in told
    assert "cand2" not in told
    assert [row.act for row in await audit.about("cand1")] == ["exported"]


async def test_the_retention_clock_asks_first(site: Site) -> None:
    old = datetime.now(UTC) - timedelta(days=800)
    await candidate(1, "Old One", modified=old)
    await candidate(2, "Old But Met", modified=old)
    await candidate(3, "New One", modified=datetime.now(UTC))
    page = (await site.ada.get("/privacy")).text
    assert "Old One" in page
    assert "New One" not in page
    await site.rita.get("/cv/cand2?tab=history")
    assert (await site.rita.post("/cv/cand2/contact", {"back": "/likes"})).headers["location"] == "/likes"
    assert await contacts.of("cand2") is not None
    assert [one.candidate_id for one in await retention.due(24)] == ["cand1"]
    assert await retention.due(30) == []
    saved = await site.ada.post("/privacy/preferences", {"retention_months": "30", "ai": "on"})
    assert saved.status_code == 303
    assert await retention.erase(["cand1"], site.services.erasure, by="x") == (0, [])  # no longer due
    assert (await site.ada.post("/privacy/preferences", {"retention_months": "0"})).status_code == 422
    await preferences.save(Preferences(retention_months=24))
    assert (await retention.erase(["cand1", "cand2", "cand3"], site.services.erasure, by="x"))[0] == 1
    assert await candidates.get("cand2") is not None


async def test_a_search_says_that_the_model_is_switched_off(site: Site) -> None:
    site.services.gemini = cast("Gemini", object())  # set up, but asked for nothing
    site.services.rules_structurer = site.services.structurer
    await _asked(site)
    address = (await site.rita.get("/")).text
    conversation = re.findall(r"/c/[0-9a-f]+", address)[0]
    assert "AI is switched off" not in (await site.rita.get(conversation)).text
    page = await site.ada.get("/privacy")
    assert "gemini" in page.text
    await site.ada.post("/privacy/preferences", {"retention_months": "24"})
    await site.rita.post("/turns", {"message": "python in Lille"})
    conversation = re.findall(r"/c/[0-9a-f]+", (await site.rita.get("/")).text)[0]
    assert "AI is switched off" in (await site.rita.get(conversation)).text


async def test_the_audit_log_shows_who_did_what_and_that_it_is_whole(site: Site) -> None:
    await candidate(1, "Zoe Zed")
    await site.rita.get("/cv/cand1")
    page = (await site.ada.get("/audit?verify=yes&act=viewed")).text
    assert "cand1" in page
    assert "rita" in page
    assert "nothing was changed" in page
    rows = audit.AuditDocument.get_pymongo_collection()
    await rows.update_one({"act": "viewed"}, {"$set": {"subject": "cand9"}})
    assert "The chain breaks at row" in (await site.ada.get("/audit?verify=yes")).text
    await rows.delete_one({"act": "viewed"})
    assert await audit.broken_at() is not None
