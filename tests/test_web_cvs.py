"""Profiles, files, shortlist and the admin's panel, behind the real app."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from cvmatcher import jobs, store
from cvmatcher.domain import (
    Education,
    Experience,
    FileGone,
    FileState,
    LanguageLevel,
    Profile,
    QuarantineReason,
    SpokenLanguage,
)
from cvmatcher.store import audit, ledger, people
from cvmatcher.store import jobs as stored_jobs
from cvmatcher.store.people import Role, User
from cvmatcher.web.app import create_app
from cvmatcher.web.cvs import disposition
from tests.ingesting import ScriptedSource
from tests.site import (
    HTMX,
    WHOLE,
    Browser,
    Scripted,
    candidate,
    person,
    script,
    scripted,
    services_of,
    serving,
    turn_in,
)

FULL = Profile(
    name="Ada <b>Lovelace</b>",
    emails=("ada@example.org",),
    links=("https://example.org/ada", "javascript:alert(1)"),
    location="Lyon",
    headline="=HYPERLINK(1)",
    biography="Writes programs.",
    skills=("Python", "Analysis"),
    experiences=(Experience(title="Analyst", employer="Engine Ltd", start="2019-03", current=True, text="Programs."),),
    education=(Education(degree="MSc", school="London", end="2015"),),
    languages=(SpokenLanguage(code="de", level=LanguageLevel.B2),),
    years_experience=6.5,
    cv_date="2025-02",
    language="en",
)


@dataclass
class Site:
    base: str
    rita: Browser
    user: User
    source: ScriptedSource


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    user = await person("rita", Role.ADMIN, can_export=True)
    async with (
        services.follower,
        serving(create_app(services, Scripted(list(WHOLE)).run)) as base,
        Browser(base) as rita,
    ):
        await rita.sign_in("rita")
        yield Site(base, rita, user, scripted(services))
    await jobs.close_queue(queue)


# --------------------------------------------------------------------------------------------------------- profile


async def test_a_profile_shows_what_the_cv_says(site: Site) -> None:
    await candidate(1, profile=FULL, hidden_words=12)
    page = (await site.rita.get("/cv/cand1")).text
    for text in (
        "Engine Ltd",
        "Analysis",
        "German",
        "B2",
        "Feb 2025",
        "6.5 years",
        "12 words that a reader does not see",
    ):
        assert text in page
    assert "Ada &lt;b&gt;Lovelace" in page
    assert 'href="https://example.org/ada"' in page
    assert 'href="javascript' not in page
    assert [row.act for row in await audit.about("cand1")] == ["viewed"]
    tab = HTMX | {"HX-Source": "a#profile-cv"}
    await site.rita.get("/cv/cand1?tab=cv", **tab)
    assert len(await audit.about("cand1")) == 1  # another tab is the same look
    assert '<a href="/cv/cand1?from=/audit">Ada &lt;b&gt;Lovelace' in (await site.rita.get("/audit")).text
    assert (await site.rita.get("/cv/nobody")).status_code == 404


async def test_a_profile_beside_the_list_knows_its_neighbours(site: Site) -> None:
    for number in (1, 2, 3):
        await candidate(number)
    placed = await site.rita.post("/turns", {"message": "python"})
    turn = turn_in((await site.rita.get(placed.headers["location"])).text)
    panel = await site.rita.get(f"/cv/cand1?turn={turn}", **HTMX)
    assert "<html" not in panel.text
    assert "2 of 3" in panel.text
    assert f"/cv/cand3?turn={turn}" in panel.text
    assert f"/cv/cand2?turn={turn}" in panel.text
    why = await site.rita.get(f"/cv/cand1?turn={turn}&tab=why")
    assert why.text.count("<mark>services in Python</mark>") == 2
    assert "page 1" in why.text
    await site.rita.htmx("/cv/cand1/like")
    history = await site.rita.get("/cv/cand1?tab=history")
    assert "On your lists" in history.text
    assert "viewed the profile" in history.text
    restored = await site.rita.get(f"/cv/cand1?turn={turn}", **(HTMX | {"HX-Request-Type": "full"}))
    assert "<html" in restored.text


async def test_scripts_get_json(site: Site) -> None:
    await candidate(1, profile=FULL)
    async with httpx.AsyncClient(base_url=site.base, headers=script(await people.new_token(site.user.id, "t"))) as http:
        assert (await http.get("/cv/cand1")).json()["profile"]["name"] == FULL.name
        assert (await http.post("/cv/cand1/like")).json() == {"id": "cand1", "liked": True}
        assert [one["id"] for one in (await http.get("/likes")).json()["likes"]] == ["cand1"]
        assert (await http.get("/update-status")).json()["ledger"]["searchable"] == 0
        started = await http.post("/update-cvs")
        assert started.status_code == 202
        again = await http.post("/update-cvs")
        assert again.status_code == 409
        assert again.json()["error"] == "conflict"
        assert (await http.post("/clean-index")).status_code == 202
        report = await http.get("/diagnostic")
    assert {one["name"] for one in report.json()["checks"]} >= {"mongodb", "redis", "worker", "index", "embedder"}
    assert report.status_code == 503  # no worker runs here
    assert report.json()["ok"] is False


# ------------------------------------------------------------------------------------------------------------ files


async def test_the_file_comes_from_its_source_or_from_a_copy(site: Site) -> None:
    await candidate(1, other_files=("drive:copy",), file_name='CV "é"\r\nX: y.pdf')
    site.source.bytes_of = {"1": b"%PDF-1.7 first", "copy": b"%PDF-1.7 copy"}
    inline = await site.rita.get("/cv/cand1/pdf")
    assert inline.content == b"%PDF-1.7 first"
    assert inline.headers["content-type"] == "application/pdf"
    assert inline.headers["content-disposition"].startswith("inline; ")
    assert inline.headers["cache-control"] == "no-store"
    site.source.bytes_of["1"] = FileGone()
    saved = await site.rita.get("/cv/cand1/download")
    assert saved.content == b"%PDF-1.7 copy"
    assert saved.headers["content-disposition"].startswith("attachment; ")
    site.source.bytes_of["copy"] = FileGone()
    assert (await site.rita.get("/cv/cand1/pdf")).status_code == 410
    assert [row.act for row in await audit.about("cand1")] == ["downloaded", "opened"]


async def test_the_original_s_download_by_name(site: Site) -> None:
    await candidate(1, file_name="CV.pdf")
    site.source.bytes_of = {"1": b"%PDF-1.7"}
    assert (await site.rita.get("/download/CV.pdf")).content == b"%PDF-1.7"
    await candidate(2, file_name="CV.pdf")
    several = await site.rita.get("/download/CV.pdf", Accept="application/json")
    assert several.status_code == 409
    assert [one["url"] for one in several.json()["links"]] == ["/cv/cand1/download", "/cv/cand2/download"]
    assert (await site.rita.get("/download/CV.pdf")).text.count('/download"') == 2
    assert (await site.rita.get("/download/..%2f..%2fetc%2fpasswd")).status_code == 404


@pytest.mark.parametrize(
    "name", ['a"b.pdf', "a\r\nSet-Cookie: x.pdf", "\u202egpj.pdf", "Élodie CV.pdf", "", "日本.pdf", "../../etc/passwd"]
)
def test_no_file_name_breaks_out_of_its_header(name: str) -> None:
    header = disposition(name, attachment=True)
    assert header.isascii()
    assert header.isprintable()
    assert header.count('"') == 2
    assert ".pdf" in header


async def test_the_audit_log_notices_a_change(site: Site) -> None:
    await candidate(1)
    await site.rita.get("/cv/cand1")
    await site.rita.get("/cv/cand1")
    assert await audit.broken_at() is None
    await audit.AuditDocument.get_pymongo_collection().update_one({"_id": 2}, {"$set": {"actor": "someone else"}})
    assert await audit.broken_at() == 2


# ------------------------------------------------------------------------------------------------------------- admin


async def _set_aside(number: int, reason: QuarantineReason) -> None:
    now = datetime.now(UTC)
    await ledger.LedgerDocument(
        id=f"drive:{number}",
        source="drive",
        file_id=str(number),
        name=f"{number}.pdf",
        version="1",
        state=FileState.QUARANTINED,
        since=now,
        first_seen=now,
        reason=reason,
    ).insert()


async def test_the_panel_starts_shows_and_cancels(site: Site) -> None:
    started = await site.rita.htmx("/admin/jobs/ingest")
    assert "<progress" in started.text
    assert "started by rita" in started.text
    second = await site.rita.htmx("/admin/jobs/ingest")
    assert "Already running, started by rita." in second.text
    job = (await stored_jobs.running())[0]
    stopping = await site.rita.htmx(f"/admin/jobs/{job.id}/cancel")
    assert "stopping…" in stopping.text
    assert (await site.rita.htmx("/admin/jobs/nonsense")).status_code == 404
    panel = await site.rita.get("/admin/panel", **HTMX)
    assert "<html" not in panel.text
    assert 'hx-trigger="every 1s"' in panel.text


async def test_files_set_aside_say_why_and_are_retried(site: Site) -> None:
    await _set_aside(7, QuarantineReason.ENCRYPTED)
    page = await site.rita.get("/admin", **{"Accept-Language": "fr"})
    assert "protégé par un mot de passe" in page.text
    await site.rita.htmx("/admin/retry", {"key": "drive:7"})
    row = await ledger.get("drive:7")
    assert row is not None
    assert row.state is FileState.IN_PROGRESS
    assert (await site.rita.htmx("/admin/retry", {"key": "drive:none"})).status_code == 404
    assert (await site.rita.htmx("/admin/retry", {"reason": "$ne"})).status_code == 422


async def test_sums_that_do_not_agree_are_shouted(site: Site) -> None:
    await candidate(1)  # a candidate without a ledger row
    assert "The sums do not agree" in (await site.rita.get("/admin")).text


async def test_people_are_added_and_settings_kept(site: Site) -> None:
    made = await site.rita.post("/users", {"name": "nina", "role": "recruiter"})
    assert "nina can sign in" in made.text
    assert (await site.rita.post("/users", {"name": "NINA", "role": "recruiter"})).status_code == 409
    assert (await site.rita.post("/users", {"name": "x", "role": "root"})).status_code == 422
    await site.rita.post("/settings", {"language": "fr", "theme": "dark"})
    page = await site.rita.get("/settings")
    assert '<html lang="fr" data-theme="dark">' in page.text
    assert "data-letter-keys" not in page.text
    token = await site.rita.post("/settings/token")
    assert "cvm_" in token.text
