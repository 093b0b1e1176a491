"""The CV tab: pictures with their words over them, marks at their place, and the text where there is no picture."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmatcher import jobs, pdf, store
from cvmatcher.domain import FileGone, Judged, Quotation, Verdict, VerdictState
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from cvmatcher.web.pages import Mark, drawn
from tests import odd_files
from tests.site import (
    CRITERIA,
    DONE,
    HITS,
    HTMX,
    UNDERSTOOD,
    Browser,
    Scripted,
    candidate,
    person,
    scripted,
    services_of,
    serving,
    turn_in,
)
from tests.test_web_cvs import Site

LINES = "Ada Byron\nLyon\nShe led a team of twelve en-\ngineers who wrote Python.\nNext: python scripts"
QUOTED = Quotation(text="team of twelve en- gineers", page=0)


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    verdict = Verdict(candidate_id="cand1", criterion_id="c1", state=VerdictState.MET, quotation=QUOTED)
    judged = Judged(candidate_id="cand1", verdicts=(verdict,))
    user = await person("rita", Role.ADMIN)
    async with (
        services.follower,
        serving(create_app(services, Scripted([UNDERSTOOD, HITS, judged, DONE]).run)) as base,
        Browser(base) as rita,
    ):
        await rita.sign_in("rita")
        yield Site(base, rita, user, scripted(services))
    await jobs.close_queue(queue)


async def _turn(site: Site) -> str:
    placed = await site.rita.post("/turns", {"message": "python"})
    return turn_in((await site.rita.get(placed.headers["location"])).text)


async def test_marks_lie_over_the_picture_where_the_words_stand(site: Site) -> None:
    for number in (1, 2, 3):
        await candidate(number, pages=(LINES,))
    data = odd_files.boxed(((50, 100, 250, 250), LINES))
    site.source.bytes_of = {str(number): data for number in (1, 2, 3)}
    turn = await _turn(site)
    html = (await site.rita.get(f"/cv/cand1?turn={turn}&tab=cv&at=c1")).text
    (words,) = await pdf.page_words(data, [0])
    first = words.where(QUOTED.text)[0][0]
    box = re.search(r'<rect id="q-c1" class="quoted is-here" x="([\d.]+)" y="([\d.]+)"', html)
    assert box is not None
    assert float(box[1]) == pytest.approx(first.x0 - 1.5, abs=0.1)
    assert float(box[2]) == pytest.approx(first.y0 - 0.5, abs=1)
    assert html.count('<rect class="quoted"') == 1  # the rest of the quotation, on the next row
    assert html.count('<rect class="matched"') == 3  # Lyon, and Python twice
    assert ">gineers</tspan>" in html
    assert "style=" not in html
    picture = await site.rita.get("/cv/cand1/pages/1")
    assert picture.content.startswith(b"\x89PNG")
    assert (await site.rita.get("/cv/cand1/pages/2")).status_code == 404
    why = (await site.rita.get(f"/cv/cand1?turn={turn}&tab=why")).text
    assert f"/cv/cand1?turn={turn}&amp;tab=cv&amp;at=c1#q-c1" in why


async def test_what_has_no_picture_shows_its_text_with_the_marks(site: Site) -> None:
    for number in (1, 2, 3):
        await candidate(number, pages=(LINES,))
    turn = await _turn(site)
    for content, said in (
        (FileGone(), "no longer at its source"),
        (b"%PDF- damaged", "cannot be drawn"),
        (b"PK\x03\x04 a DOCX", "Pages of the CV"),
    ):
        site.source.bytes_of = {"1": content}
        html = (await site.rita.get(f"/cv/cand1?turn={turn}&tab=cv")).text
        assert '<mark class="quoted" id="q-c1">team of twelve en-\ngineers</mark>' in html
        assert '<mark class="matched">python</mark> scripts' in html
        assert "<img" not in html
        assert said in html


async def test_a_scan_shows_its_picture_and_the_text_that_was_read_from_it(site: Site) -> None:
    for number in (1, 2, 3):
        await candidate(number, pages=(LINES,))
    site.source.bytes_of = {"1": odd_files.pdf(lambda _page: None)}
    html = (await site.rita.get(f"/cv/cand1?turn={await _turn(site)}&tab=cv")).text
    assert "<img" in html
    assert "is a scan" in html
    assert 'id="q-c1">team of twelve' in html


async def test_the_tab_and_the_zoom_stay_from_one_candidate_to_the_next(site: Site) -> None:
    for number in (1, 2, 3):
        await candidate(number, pages=(LINES,))
    site.source.bytes_of = {str(number): odd_files.boxed(((50, 100, 250, 250), LINES)) for number in (1, 2, 3)}
    turn = await _turn(site)
    panel = await site.rita.get(f"/cv/cand2?turn={turn}&tab=cv&zoom=150", **HTMX)
    assert 'value="150" checked' in panel.text
    assert f'hx-get="/cv/cand3?turn={turn}&amp;tab=cv"' in panel.text
    assert panel.headers["hx-replace-url"].endswith("&cv=cand2&tab=cv")
    beside = await site.rita.get(panel.headers["hx-replace-url"])
    assert 'id="profile-cv"' in beside.text
    assert '<svg class="words"' in beside.text


@settings(max_examples=60)
@given(st.text(max_size=200), st.lists(st.tuples(st.text(max_size=30), st.sampled_from([0, None])), max_size=4))
def test_marking_loses_and_invents_no_character(text: str, wanted: list[tuple[str, int | None]]) -> None:
    (page,) = drawn([text], [Mark(CRITERIA[0].id, words, where) for words, where in wanted], [])
    assert "".join(piece.text for piece in page.pieces) == text
