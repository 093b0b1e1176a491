"""Blind mode: a planted identity is on no screen and in no export until one person unmasks one candidate."""

from __future__ import annotations

import asyncio
import html as markup
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmatcher import blind, jobs, store
from cvmatcher.adapters.uploads import UploadsSource
from cvmatcher.domain import (
    Candidate,
    Criterion,
    CriterionKind,
    Education,
    Experience,
    FileState,
    Hit,
    HitsFound,
    Judged,
    Ordered,
    Profile,
    Quotation,
    SearchEvent,
    Understanding,
    Understood,
    Verdict,
    VerdictState,
)
from cvmatcher.store import audit, candidates, ledger, people, saved_searches, shortlisted
from cvmatcher.store.people import Role
from cvmatcher.vocabulary.folding import fold
from cvmatcher.web.app import create_app
from tests.site import (
    DONE,
    HTMX,
    UNDERSTOOD,
    Browser,
    Scripted,
    candidate,
    messages,
    person,
    script,
    scripted,
    services_of,
    serving,
    turn_in,
)
from tests.test_web_access import ROUTES
from tests.test_web_cvs import Site

TEXT = """Mme Hélène CASTELNAU
Développeuse web confirmée, 39 ans, mariée, née le 12/03/1984
Cheffe comptable, infirmière référente, habituée à travailler seule
14 rue des Lilas, 69003 Lyon
helene.castelnau@example.org | +33 6 12 34 56 78 | linkedin.com/in/hcastelnau

EXPÉRIENCE
Développeuse Python chez Acme, Lyon\t2011 - 2019
Hélène a écrit des services en Python, seule puis à trois.

FORMATION
2007\tDiplôme d'ingénieur
Université Claude Bernard"""

PROFILE = Profile(
    name="Hélène Castelnau",
    emails=("helene.castelnau@example.org",),
    phones=("+33 6 12 34 56 78",),
    links=("linkedin.com/in/hcastelnau",),
    location="14 rue des Lilas, 69003 Lyon",
    headline="Développeuse web confirmée",
    biography="Mme Castelnau, 39 ans, développeuse passionnée.",
    experiences=(
        Experience(title="Développeuse Python", employer="Acme", start="2011", end="2019", text="Hélène a écrit…"),
    ),
    education=(Education(degree="Diplôme d'ingénieur", school="Université Claude Bernard", end="2007"),),
    language="fr",
)
PLANTED = (
    "helene", "castelnau", "6 12 34 56 78", "34 56 78", "lilas", "39 ans", "12/03/1984", "1984", "mme", "mariee",
    "2007", "developpeuse", "confirmee", "cheffe", "referente", "habituee",
)  # fmt: skip

QUOTED = Quotation(
    text="Hélène a écrit des services en Python", before="+33 6 12 34 56 78 Castelnau", after="2007 Diplôme"
)
HIT = Hit(
    candidate_id="cand1",
    name="Hélène Castelnau",
    title="Développeuse web confirmée",
    place="14 rue des Lilas, 69003 Lyon",
    years=8.0,
    file_name="CV_Helene_Castelnau.pdf",
    passage="Mme Castelnau, née le 12/03/1984, Diplôme d'ingénieur 2007",
    language="fr",
)
EVENTS: list[SearchEvent | Exception | asyncio.Event] = [
    UNDERSTOOD,
    HitsFound(hits=(HIT, HIT.model_copy(update={"candidate_id": "cand2"}))),
    Judged(
        candidate_id="cand1",
        verdicts=(Verdict(candidate_id="cand1", criterion_id="c1", state=VerdictState.MET, quotation=QUOTED),),
    ),
    Ordered(candidate_ids=("cand1", "cand2"), by="rules"),
    DONE,
]


NAMED = Criterion(id="named", kind=CriterionKind.TEXT, label="Castelnau", value="castelnau")
FOR_A_NAME: list[SearchEvent | Exception | asyncio.Event] = [
    Understood(understanding=Understanding(criteria=(NAMED,))),
    EVENTS[1],
    *(
        Judged(
            candidate_id=one,
            verdicts=(Verdict(candidate_id=one, criterion_id="named", state=state, quotation=said),),
        )
        for one, state, said in (("cand1", VerdictState.MET, QUOTED), ("cand2", VerdictState.NOT_FOUND, None))
    ),
    *EVENTS[3:],
]


@pytest.fixture
def search(request: pytest.FixtureRequest) -> Scripted:
    return Scripted(list(getattr(request, "param", EVENTS)))


@pytest.fixture
async def site(search: Scripted, database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """Two CVs of the planted person; rita, an administrator, is in blind mode."""
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    user = await person("rita", Role.ADMIN, can_export=True)
    for number in (1, 2):
        await candidate(number, profile=PROFILE, pages=(TEXT,), file_name="CV_Helene_Castelnau.pdf")
    services.sources["uploads"] = UploadsSource("uploads", tmp_path)
    scripted(services).bytes_of = {"1": b"%PDF-1.7", "2": b"%PDF-1.7"}
    await _file("uploads:1/Castelnau.pdf", "cand1", FileState.SEARCHABLE)
    await _file("folder:helene/Castelnau.pdf", "cand1", FileState.DUPLICATE)
    async with (
        services.follower,
        serving(create_app(services, search.run)) as base,
        Browser(base) as rita,
    ):
        await rita.sign_in("rita")
        assert (await rita.post("/settings/blind", {"blind": "on"})).status_code == 303
        yield Site(base, rita, user, scripted(services))
    await jobs.close_queue(queue)


async def _file(key: str, candidate_id: str, state: FileState) -> None:
    source, _, file_id = key.partition(":")
    row = ledger.LedgerRow(
        key=key, source=source, file_id=file_id, name="Castelnau.pdf", path=file_id, version="1", state=state,
        since=datetime.now(UTC), first_seen=datetime.now(UTC), candidate_id=candidate_id,
        duplicate_of="uploads:1/Castelnau.pdf" if state is FileState.DUPLICATE else None,
    )  # fmt: skip
    fields = row.model_dump(exclude={"key"}, mode="python")
    await ledger.collection().insert_one({"_id": key} | fields | {"receipt": []})


def found(answer: httpx.Response) -> list[str]:
    """What of the planted identity an answer holds, in its body or its headers, however written."""
    said = fold(unquote(markup.unescape(answer.text)) + str(answer.headers))
    return [f"{answer.request.url}: {one}" for one in PLANTED if one in said]


async def _asked(site: Site) -> str:
    placed = await site.rita.post("/turns", {"message": "python"})
    return turn_in((await site.rita.get(placed.headers["location"])).text)


async def _refused(rita: Browser) -> list[httpx.Response]:
    """What shows a person whole is not shown at all."""
    paths = ("/cv/cand1/pdf", "/cv/cand1/download", "/cv/cand1/pages/1", "/admin/file?key=uploads:1/Castelnau.pdf")
    answers = [await rita.get(path) for path in paths]
    acts = ("find", "preview", "erase", "access")
    answers += [await rita.post(f"/privacy/{act}", {"who": "someone", "candidate": "cand1"}) for act in acts]
    assert [one.status_code for one in answers] == [403] * len(answers)
    return answers


async def _seen(site: Site) -> list[httpx.Response]:
    """Every screen and export that shows candidates."""
    rita, turn = site.rita, await _asked(site)
    conversation = (await rita.get(f"/cv/cand1?turn={turn}", **HTMX)).headers["hx-replace-url"]
    answers = [await rita.get(conversation)]
    answers.append(await rita.htmx("/turns", {"from": turn, "act": "like:cand1"}))
    tabs = ("profile", "cv", "why", "history")
    answers += [await rita.get(f"/cv/cand1?turn={turn}&tab={tab}") for tab in tabs]
    answers += [await rita.get(f"/cv/cand1?turn={turn}&tab={tab}", **HTMX) for tab in tabs]
    answers += [await rita.get(f"/turns/{turn}/events?after=0"), await rita.get(f"/turns/{turn}/list", **HTMX)]
    answers.append(await rita.htmx("/cv/cand1/like"))
    mine = f"/lists/{site.user.id}"
    note = f"{mine}/entries/cand1"
    answers.append(await rita.htmx(note, {"status": "new", "note": "Hélène plaît"}))
    answers.append(await rita.htmx(note, {"status": "offer", "note": f"{blind.HIDDEN} plaît"}))
    (entry,) = await shortlisted.entries(site.user.id)
    assert entry.note == "Hélène plaît"
    answers += [await rita.htmx(f"/compare/cand{number}/pick?turn={turn}") for number in (1, 2)]
    compared = f"/compare?c=cand1&c=cand2&turn={turn}"
    answers += [await rita.get(compared), await rita.get(f"{compared}&only=differences", **HTMX)]
    answers += [await rita.get(path) for path in ("/lists", "/lists/choose?c=cand1", note.partition("/entries")[0])]
    answers.append(await rita.post("/searches", {"from": turn, "name": "x"}))
    await candidates.collection().update_many({}, {"$set": {"ingested_at": datetime.now(UTC)}})
    (saved,) = (await rita.get("/searches", Accept="application/json")).json()["searches"]
    answers += [await rita.get("/searches"), await rita.get(f"/searches/{saved['id']}")]
    answers += [await rita.get("/likes"), await rita.get("/likes.csv"), await rita.get("/")]
    answers += [await rita.get("/decisions"), await rita.get("/audit"), await rita.get("/decisions?candidate=cand1")]
    answers += [await rita.get(f"{mine}/csv"), await rita.get(f"/searches/new?turn={turn}")]
    answers += [await rita.get(f"/searches/{saved['id']}", **HTMX), await rita.htmx(f"/searches/{saved['id']}/run")]
    answers += [await rita.htmx("/turns", {"from": turn, "act": act}) for act in ("unlike:cand1", "again", "drop:c2")]
    answers += [await rita.post("/cv/cand1/contact"), await rita.post("/cv/cand1/others/cand2", {"word": "same"})]
    answers += [await rita.get("/cv/cand1"), await rita.htmx("/cv/cand1/unlike"), await rita.htmx("/cv/cand1/like")]
    answers += [await rita.htmx("/compare/cand1/put-back"), await rita.htmx("/compare/clear")]
    answers += [await rita.htmx(f"{mine}/{act}") for act in ("choose", "settings", "delete")]
    for act in ("", "/choose", "/entries"):
        fields = {
            "c": "cand1",
            "name": "Nord",
            "to": site.user.id,
            "act": "status",
            "status": "offer",
            "list": site.user.id,
        }
        answers.append(await rita.htmx(f"/lists{f'/{site.user.id}{act}' if act else ''}", fields))
    removed = await rita.htmx(f"{note}/remove")
    undo = re.search(r"/lists/undo/[\w:-]+", removed.text)
    assert undo is not None
    answers += [removed, await rita.htmx(undo[0]), await rita.get("/lists")]
    answers += await _refused(rita)
    paths = ("/uploads", "/admin", "/admin/panel", "/admin/files", "/privacy", "/users", "/settings", "/diagnostic-ui")
    answers += [await rita.get(path) for path in (*paths, "/welcome", "/welcome/checks", "/update-status")]
    answers += [
        await rita.get("/admin/files", **HTMX),
        await rita.get("/uploads/row?key=uploads:1/Castelnau.pdf", **HTMX),
    ]
    token = await people.new_token(site.user.id, "t")
    async with httpx.AsyncClient(base_url=site.base, headers=script(token)) as http:
        answers += [await http.get("/cv/cand1"), await http.get("/likes"), await http.get("/cv/cand1/pdf")]
        answers += [await http.get("/decisions")]
    return answers


async def test_the_planted_identity_is_nowhere(site: Site) -> None:
    answers = await _seen(site)
    assert [one for answer in answers for one in found(answer)] == []
    name = f"Candidate {blind.code('cand1')}"
    stream = next(one for one in answers if "/events" in str(one.request.url))
    assert any(name in message.get("data", "") for message in messages(stream.text))
    shown = {answer.request.url.path for answer in answers if name in answer.text}
    named = {"/cv/cand1", "/likes", "/likes.csv", "/compare", "/compare/cand2/pick", "/lists/choose", "/admin/files"}
    assert named | {"/uploads", "/uploads/row"} <= shown
    assert sum("services en Python" in answer.text for answer in answers) > 3  # what is no identity stays


# Routes that name no candidate: those of accounts and settings, of signing in, of the machine.
NOBODY = re.compile(
    r"/(?:login|password|logout|health.*|static.*|settings.*|users.*|update-.*|clean-index|diagnostic.*|welcome.*"
    r"|turns/document|admin/(?:jobs|retry|removals|model).*|privacy/preferences|uploads(?:/remove)?"
    r"|searches/.*/(?:rename|delete|restore)|c/.*/(?:rename|delete)|turns/.*/stop|cv/.*/(?:un)?mask|lists/.*/restore|download/.*)"
)


async def test_every_route_that_can_show_a_candidate_was_looked_at(site: Site) -> None:
    """A new route is walked by `_seen`, or named among those that show nobody."""
    asked = {f"{one.request.method} {one.request.url.path}" for one in await _seen(site)}
    forgotten = [
        route
        for route in ROUTES
        if not NOBODY.fullmatch(route.partition(" ")[2])
        and not any(re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", route), one) for one in asked)
    ]
    assert forgotten == []


@pytest.mark.parametrize("search", [FOR_A_NAME], ids=("for a name",), indirect=True)
async def test_a_search_for_a_name_tells_nobody_whose_card_it_is(site: Site) -> None:
    """Of two CVs that bear it one was judged to: both say the same, on every screen that shows verdicts."""
    turn = await _asked(site)
    looks = (f"/turns/{turn}/list", f"/cv/cand1?turn={turn}&tab=why", f"/compare?c=cand1&c=cand2&turn={turn}")
    for look in looks:
        page = (await site.rita.get(look, **HTMX)).text
        assert "is-not_found" in page, look
        assert "is-met" not in page, look
    assert "checked are met alike" in (await site.rita.get(looks[1])).text  # nothing puts the one above the other
    await site.rita.post("/cv/cand1/unmask")
    for look in looks:
        assert "is-met" in (await site.rita.get(look, **HTMX)).text, look


async def test_a_saved_search_for_a_name_shows_nobody_as_new(site: Site) -> None:
    skill = Criterion(id="c1", kind=CriterionKind.SKILL, label="Python", value="python")
    for criterion, is_shown in ((NAMED, False), (skill, True)):
        saved = await saved_searches.save(site.user.id, "one", (criterion,))
        await candidates.collection().update_many({}, {"$set": {"ingested_at": datetime.now(UTC)}})
        assert ('href="/cv/cand1' in (await site.rita.get(f"/searches/{saved.id}")).text) is is_shown
    await site.rita.post("/settings/blind", {"blind": ""})
    saved = await saved_searches.save(site.user.id, "two", (NAMED,))
    await candidates.collection().update_many({}, {"$set": {"ingested_at": datetime.now(UTC)}})
    assert 'href="/cv/cand1' in (await site.rita.get(f"/searches/{saved.id}")).text


async def test_what_streams_in_blind_mode_is_what_the_page_shows(site: Site) -> None:
    """Titles and quotations too: a stream that did not read the people said that nothing was found."""
    turn = await _asked(site)
    page = (await site.rita.get(f"/turns/{turn}/list", **HTMX)).text
    stream = "".join(
        one.get("data", "") for one in messages((await site.rita.get(f"/turns/{turn}/events?after=0")).text)
    )
    shown = re.findall(r"<mark>.*?</mark>|<p class=\"facts\">.*?</p>", page)
    assert any("<mark>" in one for one in shown)
    assert [one for one in shown if one not in stream] == []


async def test_a_question_in_blind_mode_is_asked_without_names_and_says_so(site: Site, search: Scripted) -> None:
    turn = (await site.rita.post("/turns", {"message": "Castelnau"})).headers["location"]
    assert search.asked[-1].blind
    said = "names and contacts in the question count for nothing"
    assert said in (await site.rita.get(turn)).text
    await site.rita.post("/settings/blind", {"blind": ""})
    assert said in (await site.rita.get(turn)).text  # why nobody of that name is first
    seeing = (await site.rita.post("/turns", {"message": "Castelnau"})).headers["location"]
    assert not search.asked[-1].blind
    await site.rita.post("/settings/blind", {"blind": "on"})
    assert "Asked before blind mode" in (await site.rita.get(seeing)).text


async def test_a_file_s_name_is_asked_for_in_vain(site: Site) -> None:
    await _file("folder:helene/Castelnau_2.pdf", "", FileState.QUARANTINED)  # nobody's yet
    there, not_there = [await site.rita.get(f"/admin/files?q={name}") for name in ("Castelnau", "Nobody")]
    assert found(await site.rita.get("/admin/files")) == []
    assert there.text.count("<li>") == not_there.text.count("<li>")
    for key in ("uploads:1/Castelnau.pdf", "folder:helene/Castelnau_2.pdf"):
        assert (await site.rita.get(f"/admin/file?key={key}")).status_code == 403
    await site.rita.post("/cv/cand1/unmask")
    assert (await site.rita.get("/admin/file?key=uploads:1/Castelnau.pdf")).status_code == 200


async def test_no_file_and_no_picture_of_a_masked_candidate(site: Site) -> None:
    for path in ("/cv/cand1/pdf", "/cv/cand1/download", "/cv/cand1/pages/1", "/download/CV_Helene_Castelnau.pdf"):
        answer = await site.rita.get(path)
        assert answer.status_code == 403, path
        assert "content-disposition" not in answer.headers
    page = (await site.rita.get("/cv/cand1?tab=cv")).text
    assert "<img" not in page
    assert "/pdf" not in page
    assert "/download" not in page


async def test_one_candidate_is_unmasked_for_one_person_and_the_log_keeps_it(site: Site) -> None:
    other = await person("hugo")
    await people.set_blind(other.id, on=True)
    await site.rita.post("/cv/cand1/unmask")
    page = (await site.rita.get("/cv/cand1")).text
    assert "Hélène Castelnau" in page
    assert "helene.castelnau@example.org" in page
    assert (await site.rita.get("/cv/cand1/pdf")).status_code == 200
    assert "Castelnau" not in (await site.rita.get("/cv/cand2")).text
    async with Browser(site.base) as hugo:
        await hugo.sign_in("hugo")
        assert "Castelnau" not in (await hugo.get("/cv/cand1")).text
        assert (await hugo.get("/cv/cand1/pdf")).status_code == 403
    await site.rita.post("/cv/cand1/mask")
    assert "Castelnau" not in (await site.rita.get("/cv/cand1")).text
    acts = [row.act for row in await audit.about("cand1") if row.act in {"masked", "unmasked"}]
    assert acts == ["masked", "unmasked"]
    assert [row.act for row in await audit.about(site.user.id)][:1] == ["blind on"]
    assert (await site.rita.post("/cv/nobody/unmask")).status_code == 404


async def test_blind_mode_ends_for_the_one_who_ends_it(site: Site) -> None:
    await site.rita.post("/settings/blind", {"blind": ""})
    assert "Hélène Castelnau" in (await site.rita.get("/cv/cand1")).text
    assert [row.act for row in await audit.about(site.user.id)][:2] == ["blind off", "blind on"]
    assert await shortlisted.entries(site.user.id) == []


def test_a_person_without_a_name_found_is_masked_by_the_file_s_name_and_loses_the_head() -> None:
    one = blind.candidate(_person(Profile(language="fr"), TEXT), "X")
    assert "castelnau" not in fold(one.model_dump_json())
    assert "Python chez Acme" in one.pages[0]


@settings(max_examples=80, deadline=None)
@given(
    first=st.from_regex(r"[A-ZÉ][a-zéèïç]{3,9}", fullmatch=True),
    last=st.from_regex(r"[A-Z][a-zé]{4,11}", fullmatch=True),
    shout=st.booleans(),
)
def test_a_name_is_gone_in_any_case_with_or_without_accents(first: str, last: str, shout: bool) -> None:
    written = f"{first} {last}"
    said = f"CV de {written.upper() if shout else written}\nmail {fold(first)}.{fold(last)}@example.org et {fold(last)}"
    one = blind.candidate(_person(Profile(name=written, language="fr"), said), "X")
    assert fold(last) not in fold(one.pages[0])
    assert fold(f"{first} {last}") not in fold(one.pages[0])


def _person(profile: Profile, text: str) -> Candidate:
    return Candidate(
        id="cand9",
        content_hash="h",
        file_key="folder:CV_Helene_Castelnau.pdf",
        file_name="CV_Helene_Castelnau.pdf",
        profile=profile,
        pages=(text,),
        ingested_at=datetime.now(UTC),
    )
