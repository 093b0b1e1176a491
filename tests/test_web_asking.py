"""What can be done from a turn: resemble, add, undo, ask with a document, see why and on what; words that point."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from cvmatcher import store
from cvmatcher.domain import Criterion, CriterionKind, Ended, LanguageLevel, Need, Profile
from cvmatcher.store import turns
from cvmatcher.web.likeness import Pointed, like, pointed, unlike
from cvmatcher.web.links import decoded, encoded
from tests.odd_files import text_pdf
from tests.site import HTMX, candidate, turn_in, until
from tests.test_web_turns import Site, a_site

BACKEND = Profile(
    name="Ada Martin", headline="Backend developer", location="Lyon, France", skills=("Python", "Django", "Pottery")
)
DATA = Profile(name="Bob Roy", headline="Data engineer", location="Paris", skills=("Python", "Spark", "Kafka"))
NURSE = Profile(name="Cleo Noir", headline="Nurse", location="Lille", skills=("Triage",))


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    async with a_site(database, redis_url, tmp_path) as made:
        for number, profile in enumerate((BACKEND, DATA, NURSE), start=1):
            await candidate(number, profile=profile)
        yield made


async def asked(site: Site, fields: dict[str, str]) -> tuple[str, str]:
    """Sends the form and waits for the turn's end: its id and the article."""
    answer = await site.rita.htmx("/turns", fields)
    assert answer.status_code == 200, answer.text
    turn = turn_in(answer.text)
    await until(lambda: _ended(turn))
    return turn, answer.text


async def _ended(turn: str) -> bool:
    seen = await turns.events(turn)
    return bool(seen) and isinstance(seen[-1][1], Ended)


def wanted(site: Site) -> list[tuple[str, str, str]]:
    return [(one.kind, one.need, one.value) for one in site.search.asked[-1].criteria or ()]


# ---------------------------------------------------------------------------------------------------- from a card


async def test_more_like_one_and_not_like_one(site: Site) -> None:
    first, _ = await asked(site, {"message": "python in Lyon"})
    _, page = await asked(site, {"from": first, "act": "like:cand2"})
    assert wanted(site) == [
        ("title", "must", "Data engineer"),
        ("skill", "nice", "Python"),
        ("skill", "nice", "Spark"),
        ("skill", "nice", "Kafka"),
        ("place", "nice", "Paris"),
    ]
    assert "more like Bob Roy" in page
    _, page = await asked(site, {"from": first, "act": "unlike:cand3"})
    assert wanted(site) == [("skill", "must", "python"), ("place", "must", "lyon"), ("title", "must_not", "Nurse")]
    assert "not like Cleo Noir" in page
    refused = await site.rita.htmx("/turns", {"from": first, "act": "like:cand9"})
    assert refused.status_code == 404


async def test_a_message_points_at_a_row_of_the_list_before_it(site: Site) -> None:
    first, _ = await asked(site, {"message": "python in Lyon"})
    conversation = (await _turn(first)).conversation
    _, page = await asked(site, {"message": "more like the first one, but in Nantes", "conversation": conversation})
    assert "more like Person 3" not in page  # it is named as its CV names it
    assert "more like Cleo Noir" in page  # the first of the order, not of the hits
    assert wanted(site) == [("title", "must", "Nurse"), ("skill", "nice", "Triage"), ("place", "must", "Nantes")]
    await asked(site, {"message": "who likes Python", "conversation": conversation})
    assert site.search.asked[-1].criteria is None


async def _turn(turn_id: str) -> turns.Turn:
    found = await turns.TurnDocument.get(turn_id)
    assert found
    return await turns.turn(turn_id, found.owner)


# -------------------------------------------------------------------------------------------------------- chips


async def test_a_criterion_is_added_and_undone(site: Site) -> None:
    first, page = await asked(site, {"message": "python in Lyon"})
    assert 'value="undo"' not in page
    added, page = await asked(site, {"from": first, "act": "add", "criterion": "at least 5 years of experience"})
    assert wanted(site)[:2] == [("skill", "must", "python"), ("place", "must", "lyon")]
    assert wanted(site)[2][:2] == ("years", "must")
    assert "with “at least 5 years of experience”" in page
    assert 'value="undo"' in page
    await asked(site, {"from": first, "act": "add", "criterion": "qzxv wprt"})
    assert wanted(site)[2] == ("text", "must", "qzxv wprt")
    undone, page = await asked(site, {"from": added, "act": "undo"})
    assert wanted(site) == [("skill", "must", "python"), ("place", "must", "lyon")]
    assert 'value="undo"' not in page
    assert (await site.rita.htmx("/turns", {"from": undone, "act": "undo"})).status_code == 422
    for criterion in ("", "x" * 300):
        answer = await site.rita.htmx("/turns", {"from": first, "act": "add", "criterion": criterion})
        assert answer.status_code == 422


# ---------------------------------------------------------------------------------------------------- long messages

ADVERT = "Backend developer\n\nYour profile:\n- Python, 5 years of experience\n- fluent English"


async def test_a_job_description_is_a_message(site: Site) -> None:
    await asked(site, {"message": ADVERT})
    assert site.search.asked[-1].message == ADVERT
    long = await site.rita.htmx("/turns", {"message": "Python and more. " * 300})
    assert long.status_code == 422
    assert "longer than 4,096 bytes" in long.text


async def test_a_dropped_pdf_is_a_message(site: Site) -> None:
    answer = await dropped(site, text_pdf(ADVERT), "advert.pdf")
    assert answer.status_code == 200
    assert "read from advert.pdf" in answer.text
    assert "Python, 5 years of experience" in site.search.asked[-1].message
    answer = await dropped(site, text_pdf(*["\n".join(["Python and a line more of it"] * 50)] * 4), "long.pdf")
    assert "only the beginning" in answer.text
    assert 3900 < len(site.search.asked[-1].message.encode()) <= 4096
    before = len(site.search.asked)
    answer = await dropped(site, b"MZ no document", "advert.pdf")
    assert answer.status_code == 422
    assert "cannot be read" in answer.text
    assert (await dropped(site, b"x" * (9 << 20), "advert.pdf")).status_code == 413
    assert len(site.search.asked) == before


async def dropped(site: Site, data: bytes, name: str) -> httpx.Response:
    return await site.rita.http.post(
        "/turns/document",
        data={"_csrf_token": site.rita.token, "conversation": ""},
        files={"file": (name, data, "application/pdf")},
        headers=HTMX,
    )


# ------------------------------------------------------------------------------------------------------ why, on what


async def test_why_one_stands_above_the_next(site: Site) -> None:
    turn, _ = await asked(site, {"message": "python in Lyon"})
    page = await site.rita.get(f"/cv/cand1?turn={turn}&tab=why")
    assert "Bob Roy</a> by “Python”: met here, not found in the CV there." in page.text
    page = await site.rita.get(f"/cv/cand3?turn={turn}&tab=why")
    assert "the criteria that can be checked are met alike" in page.text
    page = await site.rita.get(f"/cv/cand2?turn={turn}&tab=why")  # the last
    assert 'class="above"' not in page.text


async def test_a_turn_keeps_what_it_ran_on(site: Site) -> None:
    answer = await site.rita.post("/turns", {"message": "python in Lyon"})
    page = await site.rita.get(answer.headers["location"])
    kept = (await _turn(turn_in(page.text))).kept
    assert kept.embedder == "fake/hash"
    assert kept.reader.startswith("rules/")
    details = page.text.partition("How this was searched")[2]
    assert kept.embedder in details
    assert kept.reader in details
    assert "Lyon (a must)" in details


# ------------------------------------------------------------------------------------------------------------ words

NAMES = ["Ada Martin", "Bob Roy", "Cleo Noir"]


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("more like the second one", Pointed(True, 1, "")),
        ("More like the 3rd", Pointed(True, 2, "")),
        ("plus comme le deuxième", Pointed(True, 1, "")),
        ("pas comme le premier", Pointed(False, 0, "")),
        ("not like the last one", Pointed(False, 2, "")),
        ("d’autres comme Cléo", Pointed(True, 2, "")),
        ("someone like #2, but in Lyon", Pointed(True, 1, "but in Lyon")),
        ("people like Bob Roy who speak German", Pointed(True, 1, "who speak German")),
        ("more like the ninth", None),
        ("I like Python", None),
        ("a developer with tools like 3 engineers use", None),
        ("un développeur comme freelance", None),
    ],
)
def test_who_a_message_points_at(message: str, found: Pointed | None) -> None:
    assert pointed(message, NAMES) == found


def test_what_was_refused_stays_refused_and_what_is_shared_tells_nothing() -> None:
    refused = Criterion(id="c1", kind=CriterionKind.SKILL, need=Need.MUST_NOT, value="Django", label="Django")
    assert "Django" not in [one.value for one in like(BACKEND, [refused]) if one.need is not Need.MUST_NOT]
    trade = Criterion(id="c1", kind=CriterionKind.TITLE, value="Data engineer", label="Data engineer")
    twin = DATA.model_copy(update={"skills": ("Python", "Kafka")})
    made = unlike(DATA, [trade], [twin])
    assert [(one.need, one.value) for one in made] == [(Need.MUST, "Data engineer"), (Need.MUST_NOT, "Spark")]
    assert unlike(twin, [trade], [DATA]) == ()


# ------------------------------------------------------------------------------------------------------------ links


async def test_a_link_fills_in_a_search_and_starts_none(site: Site) -> None:
    answer = await site.rita.post("/turns", {"message": "python in Lyon"})
    link = re.search(r'href="(/\?criteria=[^"]+)"', (await site.rita.get(answer.headers["location"])).text)
    assert link
    before = len(site.search.asked)
    page = await site.rita.get(link.group(1))
    assert "Search with these criteria" in page.text
    assert len(site.search.asked) == before
    kept = re.search(r'name="criteria" value="([^"]+)"', page.text)
    assert kept
    await asked(site, {"criteria": kept.group(1)})
    assert wanted(site) == [("skill", "must", "python"), ("place", "must", "lyon")]


def test_a_link_keeps_all_of_a_criterion() -> None:
    odd = Criterion(id="c1", kind=CriterionKind.TEXT, need=Need.MUST_NOT, value="a:b;c%3A=é", label="“a”: b; c")
    full = Criterion(
        id="c2",
        kind=CriterionKind.PLACE,
        value="",
        label="remote",
        minimum=2.5,
        level=LanguageLevel.B2,
        within_km=30,
        or_remote=True,
        either="a:b; c=d",
    )
    assert decoded(encoded((odd, full))) == (odd, full)


@pytest.mark.parametrize(
    "text",
    ["x", "must:skill:a", "must:nothing:a:a", "must:skill:a:a:id=c9", "must:skill:a:%00", "must:skill:a:a;" * 40],
)
async def test_a_link_that_is_none_of_ours_is_refused(site: Site, text: str) -> None:
    assert (await site.rita.get(f"/?criteria={quote(text)}")).status_code in {400, 422}
    assert (await site.rita.htmx("/turns", {"criteria": text})).status_code == 422
