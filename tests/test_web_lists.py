"""Shortlists over HTTP: the heart, several lists, sharing, several people at once, undo, export."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from cvmatcher import jobs, store
from cvmatcher.domain import Profile
from cvmatcher.store import audit, contacts, likes, people, shortlisted, shortlists
from cvmatcher.store.people import Role, User
from cvmatcher.store.shortlisted import Stage
from cvmatcher.web import sentences
from cvmatcher.web.app import create_app
from cvmatcher.web.listed import safe_cell
from tests.site import HTMX, WHOLE, Browser, Scripted, candidate, person, script, services_of, serving

FORMULA = Profile(name="Ada Lovelace", headline="=HYPERLINK(1)", emails=("ada@example.org",), years_experience=6.5)


@dataclass
class Site:
    base: str
    rita: Browser
    hugo: Browser
    user: User


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    user = await person("rita", can_export=True)
    other = await person("hugo")
    for number, name in ((1, "Zoé"), (2, "Alma"), (3, "Marc")):
        await candidate(number, name)
    app = create_app(services, Scripted(list(WHOLE)).run)
    async with services.follower, serving(app) as base, Browser(base) as rita, Browser(base) as hugo:
        await rita.signed_in(user)
        await hugo.signed_in(other)
        yield Site(base, rita, hugo, user)
    await jobs.close_queue(queue)


async def _list(browser: Browser, name: str) -> str:
    made = await browser.post("/lists", {"name": name})
    assert made.status_code == 303
    return str(made.headers["location"])


async def _put(browser: Browser, address: str, act: str, *who: str, **fields: str) -> httpx.Response:
    """An act upon several, as the page's form sends it while the list is looked at."""
    seen = {**HTMX, "HX-Current-URL": f"http://x{address}"}
    pairs = {"_csrf_token": browser.token, "act": act, **fields}
    return await browser.http.post(f"{address.partition('?')[0]}/entries", data={**pairs, "c": list(who)}, headers=seen)


def _undo(answer: httpx.Response) -> str:
    found = re.search(r'formaction="(/lists/undo/[0-9a-f]+)"', answer.text)
    assert found is not None
    return found[1]


async def _on(address: str) -> dict[str, Stage]:
    return {one.candidate_id: one.status for one in await shortlisted.entries(address.removeprefix("/lists/"))}


# --------------------------------------------------------------------------------------------------------- the heart


async def test_the_heart_fills_the_first_list_and_undoes(site: Site) -> None:
    liked = await site.rita.htmx("/cv/cand1/like")
    assert 'aria-pressed="true"' in liked.text
    assert 'hx-target=".like-cand1"' in liked.text
    await site.rita.htmx("/cv/cand2/like")
    await site.rita.htmx(f"/lists/{site.user.id}/entries/cand1", {"status": "interview", "note": "call on Monday"})
    page = (await site.rita.get("/likes?sort=name")).text
    assert page.index("Alma") < page.index("Zoé")
    assert "call on Monday" in page
    gone = await site.rita.htmx("/cv/cand1/unlike")
    assert 'formaction="/cv/cand1/like"' in gone.text
    assert "Zoé" not in (await site.rita.get("/likes")).text
    await site.rita.htmx("/cv/cand1/like")
    assert "call on Monday" in (await site.rita.get("/likes")).text
    assert (await site.rita.htmx("/cv/nobody/like")).status_code == 404
    assert (await site.rita.post("/cv/cand1/unlike", {"back": "/likes"})).headers["location"] == "/likes"
    assert "Nobody here yet" in (await site.hugo.get("/likes")).text


async def test_scripts_keep_their_likes(site: Site) -> None:
    token = await people.new_token(site.user.id, "t")
    async with httpx.AsyncClient(base_url=site.base, headers=script(token)) as http:
        assert (await http.post("/cv/cand1/like")).json() == {"id": "cand1", "liked": True}
        (one,) = (await http.get("/likes")).json()["likes"]
        assert (one["id"], one["name"], one["file"], one["note"]) == ("cand1", "Zoé", "1.pdf", "")
        listed = (await http.get("/lists")).json()["lists"]
        assert [(one["id"], one["counts"]) for one in listed] == [(site.user.id, {"new": 1})]
        added = await http.post(f"/lists/{site.user.id}/entries", data={"act": "add", "c": ["cand1", "cand2"]})
        assert (await http.post(f"/lists/undo/{added.json()['change']}")).json() == {"lists": [site.user.id]}
        assert [one["id"] for one in (await http.get(f"/lists/{site.user.id}")).json()["entries"]] == ["cand1"]


async def test_likes_of_earlier_versions_are_the_first_list(site: Site) -> None:
    await shortlists.ShortlistDocument.find({}).delete()  # the pages seen so far have made it
    long_ago = datetime.now(UTC) - timedelta(days=90)
    old = {"user": site.user.id, "note": "an old note", "created": long_ago}
    await likes.LikeDocument.get_pymongo_collection().insert_many(
        [
            {"_id": f"{site.user.id}:cand1", "candidate": "cand1", **old, "gone": None},
            {"_id": f"{site.user.id}:cand2", "candidate": "cand2", **old, "gone": long_ago},
        ]
    )
    page = (await site.rita.get("/likes")).text
    assert "an old note" in page
    assert "3 months ago" in page
    assert "Alma" not in page
    assert await likes.LikeDocument.find({"user": site.user.id}).count() == 0


async def test_the_heart_can_fill_another_list(site: Site) -> None:
    address = await _list(site.rita, "Java, Lyon")
    assert (await site.rita.post(f"{address}/choose")).status_code == 303
    said = await site.rita.htmx("/cv/cand1/like")
    assert ": added to “Java, Lyon”." in said.text
    assert await _on(address) == {"cand1": Stage.NEW}
    assert await _on(f"/lists/{site.user.id}") == {}
    await site.rita.post(f"{address}/delete")
    await site.rita.htmx("/cv/cand2/like")
    assert await _on(f"/lists/{site.user.id}") == {"cand2": Stage.NEW}


# ----------------------------------------------------------------------------------------------------- whole lists


async def test_a_list_is_renamed_deleted_and_brought_back(site: Site) -> None:
    address = await _list(site.rita, "  Java,   Lyon ")
    await _put(site.rita, address, "add", "cand1", "cand2")
    await site.rita.post(f"{address}/settings", {"name": "Kotlin", "recruiters": "private", "admins": "private"})
    assert "<h1>Kotlin</h1>" in (await site.rita.get(address)).text
    assert (
        await site.rita.post(f"{address}/settings", {"name": " ", "recruiters": "private", "admins": "private"})
    ).status_code == 422
    assert (await site.rita.post("/lists", {"name": "x" * 81})).status_code == 422
    gone = await site.rita.post(f"{address}/delete")
    assert (await site.rita.get(address)).status_code == 404
    overview = await site.rita.get(gone.headers["location"])
    assert "“Kotlin” was deleted." in overview.text
    assert (await site.hugo.post(f"{address}/restore")).status_code == 404
    assert (await site.rita.post(f"{address}/restore")).headers["location"] == address
    assert await _on(address) == {"cand1": Stage.NEW, "cand2": Stage.NEW}
    assert (await site.rita.post(f"/lists/{site.user.id}/delete")).status_code == 422


@pytest.mark.parametrize(
    ("access", "sees", "acts", "owns"), [("private", 404, 404, 404), ("read", 200, 403, 403), ("edit", 200, 200, 403)]
)
async def test_who_may_do_what_with_a_colleague_s_list(
    site: Site, access: str, sees: int, acts: int, owns: int
) -> None:
    address = await _list(site.rita, "Java, Lyon")
    await _put(site.rita, address, "add", "cand1")
    await site.rita.post(f"{address}/settings", {"name": "Java, Lyon", "recruiters": access, "admins": "private"})
    assert (await site.hugo.get(address)).status_code == sees
    assert ("Java, Lyon" in (await site.hugo.get("/lists")).text) is (sees == 200)
    assert (await _put(site.hugo, address, "add", "cand2")).status_code == acts
    assert (await _put(site.hugo, address, "remove", "cand1")).status_code == acts
    assert (await site.hugo.htmx(f"{address}/entries/cand1/remove")).status_code == acts
    written = await site.hugo.htmx(f"{address}/entries/cand2", {"status": "hired", "note": "x"})
    assert written.status_code == acts
    assert (await site.hugo.post(f"{address}/choose")).status_code == (303 if acts == 200 else acts)
    for what in ("settings", "delete"):
        assert (
            await site.hugo.post(f"{address}/{what}", {"name": "x", "recruiters": "edit", "admins": "edit"})
        ).status_code == owns
    assert (await site.hugo.get(f"{address}/csv")).status_code == 403  # hugo may not export
    first = f"/lists/{(await people.user_by_name('hugo') or site.user).id}"
    assert (await _put(site.rita, address, "copy", "cand1", to=first.removeprefix("/lists/"))).status_code == 404


async def test_a_list_is_shared_with_one_role_by_its_address(site: Site) -> None:
    address = await _list(site.rita, "Java, Lyon")
    await _put(site.rita, address, "add", "cand1")
    shared = {"name": "Java, Lyon", "recruiters": "read", "admins": "private"}
    async with Browser(site.base) as ada:
        await ada.signed_in(await person("ada", Role.ADMIN))
        await site.rita.post(f"{address}/settings", shared)
        assert f'value="{site.base}{address}"' in (await site.rita.get(address)).text
        assert (await ada.get(address)).status_code == 404
        assert "Java, Lyon" not in (await ada.get("/lists")).text
        assert "you may read it" in (await site.hugo.get(address)).text
        await site.rita.post(f"{address}/settings", shared | {"recruiters": "private", "admins": "edit"})
        assert "you may change it" in (await ada.get(address)).text
        assert (await _put(ada, address, "add", "cand2")).status_code == 200
        assert (await site.hugo.get(address)).status_code == 404
        assert (await site.rita.post(f"{address}/settings", shared | {"admins": "all"})).status_code == 422


async def test_a_list_shared_by_an_earlier_version_stays_shared(site: Site) -> None:
    address = await _list(site.rita, "Java, Lyon")
    old = {"$set": {"access": "read"}, "$unset": {"recruiters": "", "admins": ""}}
    lists = shortlists.ShortlistDocument.get_pymongo_collection()
    await lists.update_one({"_id": address.removeprefix("/lists/")}, old)
    assert "you may read it" in (await site.hugo.get(address)).text
    assert "Java, Lyon" in (await site.hugo.get("/lists")).text
    await site.rita.post(f"{address}/settings", {"name": "Java", "recruiters": "private", "admins": "private"})
    assert (await site.hugo.get(address)).status_code == 404
    assert "Java" not in (await site.hugo.get("/lists")).text.partition("<main")[2]


async def test_a_colleague_s_undo_needs_the_list(site: Site) -> None:
    address = await _list(site.rita, "Java, Lyon")
    undo = _undo(await _put(site.rita, address, "add", "cand1"))
    assert (await site.hugo.htmx(undo)).status_code == 404
    assert await _on(address) == {"cand1": Stage.NEW}


# ------------------------------------------------------------------------------------------------ several at once


async def test_without_javascript_the_page_undoes_what_was_done(site: Site) -> None:
    address = await _list(site.rita, "Java, Lyon")
    await _put(site.rita, address, "add", "cand1", "cand2")
    taken = await site.rita.post(
        f"{address}/entries/cand1/remove", Referer=f"{site.rita.http.base_url}{address}?sort=name"
    )
    assert taken.status_code == 303
    page = await site.rita.get(taken.headers["location"])
    undo = re.search(r'action="(/lists/undo/[0-9a-f]+)"', page.text)
    assert undo is not None
    assert "sort=name" in taken.headers["location"]
    assert list(await _on(address)) == ["cand2"]
    back = await site.rita.post(undo[1], Referer=f"{site.rita.http.base_url}{taken.headers['location']}")
    assert back.status_code == 303
    assert sorted(await _on(address)) == ["cand1", "cand2"]
    assert "/lists/undo/" not in (await site.rita.get(back.headers["location"])).text  # once


async def test_a_status_written_in_a_row_counts_at_once(site: Site) -> None:
    address = await _list(site.rita, "Java, Lyon")
    await _put(site.rita, address, "add", "cand1", "cand2")
    here = {"HX-Current-URL": f"{site.rita.http.base_url}{address}"} | HTMX
    written = await site.rita.post(f"{address}/entries/cand1", {"status": "offer", "note": ""}, **here)
    assert 'hx-target="#stages"' in written.text
    assert "Offer <b>1</b>" in written.text
    assert 'hx-target="#shortlist"' not in written.text


async def test_several_change_status_and_back(site: Site) -> None:
    address = await _list(site.rita, "Java, Lyon")
    await _put(site.rita, address, "add", "cand1", "cand2", "cand3")
    await site.rita.htmx(f"{address}/entries/cand2", {"status": "offer", "note": ""})
    done = await _put(site.rita, address, "status", "cand1", "cand2", status="contacted")
    assert "Status of 2 people: Contacted." in done.text
    assert 'hx-target="#shortlist"' in done.text
    contacted = (await site.rita.get(f"{address}?status=contacted&sort=name")).text
    assert ("Zoé" in contacted, "Alma" in contacted, "Marc" in contacted) == (True, True, False)
    assert "Contacted <b>2</b>" in contacted
    await site.rita.htmx(_undo(done))
    assert await _on(address) == {"cand1": Stage.NEW, "cand2": Stage.OFFER, "cand3": Stage.NEW}
    assert (await site.rita.htmx(_undo(done))).status_code == 404
    assert (await _put(site.rita, address, "status", "cand1", status="rich")).status_code == 422
    nobody = await _put(site.rita, address, "remove")
    assert nobody.status_code == 422
    assert "Nobody is selected" in nobody.text


async def test_several_move_and_copy_with_note_and_status_and_back(site: Site) -> None:
    one, other = await _list(site.rita, "One"), await _list(site.rita, "Other")
    await _put(site.rita, one, "add", "cand1", "cand2")
    said = await site.rita.htmx(f"{one}/entries/cand1", {"status": "interview", "note": "Tuesday"})
    assert "Zoé: Interview." in said.text
    assert "Interview <b>1</b>" in said.text  # the counts above the list are right at once
    assert "stage is-interview" in said.text
    moved = await _put(site.rita, one, "move", "cand1", "cand2", to=other.removeprefix("/lists/"))
    assert "2 people moved to “Other”." in moved.text
    assert (await _on(one), await _on(other)) == ({}, {"cand1": Stage.INTERVIEW, "cand2": Stage.NEW})
    assert "Tuesday" in (await site.rita.get(other)).text
    await site.rita.htmx(_undo(moved))
    assert (await _on(one), await _on(other)) == ({"cand1": Stage.INTERVIEW, "cand2": Stage.NEW}, {})
    assert "Tuesday" in (await site.rita.get(one)).text
    copied = await _put(site.rita, one, "copy", "cand1", to=other.removeprefix("/lists/"))
    assert ": copied to “Other”." in copied.text
    assert (len(await _on(one)), await _on(other)) == (2, {"cand1": Stage.INTERVIEW})
    assert (await _put(site.rita, one, "move", "cand1", to="nowhere")).status_code == 404


async def test_an_undo_leaves_what_happened_since(site: Site) -> None:
    address = await _list(site.rita, "Java, Lyon")
    await _put(site.rita, address, "add", "cand1", "cand2")
    first = _undo(await _put(site.rita, address, "status", "cand1", "cand2", status="contacted"))
    await _put(site.rita, address, "status", "cand2", status="hired")
    await site.rita.htmx(first)
    assert await _on(address) == {"cand1": Stage.NEW, "cand2": Stage.HIRED}


async def test_one_is_taken_off_and_comes_back_with_the_note(site: Site) -> None:
    address = await _list(site.rita, "Java, Lyon")
    await _put(site.rita, address, "add", "cand1")
    await site.rita.htmx(f"{address}/entries/cand1", {"status": "offer", "note": "80k"})
    gone = await site.rita.post(
        f"{address}/entries/cand1/remove", None, **HTMX, **{"HX-Current-URL": f"http://x{address}"}
    )
    assert ": taken off “Java, Lyon”." in gone.text
    assert "Nobody here yet" in gone.text
    await site.rita.htmx(_undo(gone))
    (back,) = await shortlisted.entries(address.removeprefix("/lists/"))
    assert (back.status, back.note) == (Stage.OFFER, "80k")


# ---------------------------------------------------------------------------------------------- choosing a list


async def test_somebody_is_added_from_a_card(site: Site) -> None:
    address = await _list(site.rita, "Java, Lyon")
    await _put(site.rita, address, "add", "cand2")
    dialog = await site.rita.get("/lists/choose?c=cand2", **HTMX)
    assert "<html" not in dialog.text
    assert "already on it" in dialog.text
    page = await site.rita.get("/lists/choose?c=cand1&back=/cv/cand1")
    assert "<html" in page.text
    added = await site.rita.post(f"{address}/entries", {"act": "add", "c": "cand1", "return": "/cv/cand1"})
    assert added.headers["location"] == "/cv/cand1"
    evil = await site.rita.post(f"{address}/entries", {"act": "add", "c": "cand1", "return": "https://evil.example/"})
    assert evil.headers["location"] == "/"
    made = await site.rita.htmx("/lists", {"name": "Fresh", "c": "cand3"})
    assert ": added to “Fresh”." in made.text
    assert 'hx-target="#dialog"' in made.text
    assert (await site.rita.get("/lists/choose?c=nobody")).status_code == 404
    assert (await _put(site.rita, address, "add", "nobody")).status_code == 404


# ------------------------------------------------------------------------------------------------------- export


async def test_the_export_shows_what_is_seen_and_no_formula(site: Site) -> None:
    await candidate(9, profile=FORMULA)
    address = await _list(site.rita, "Java, Lyon")
    await _put(site.rita, address, "add", "cand1", "cand9")
    await _put(site.rita, address, "status", "cand9", status="to_contact")
    answer = await site.rita.get(f"{address}/csv?status=to_contact")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["Title"], row["Status"], row["File"]) for row in rows] == [("'=HYPERLINK(1)", "To contact", "9.pdf")]
    assert "exported" in {row.act for row in await audit.about("cand9")}
    assert "exported" not in {row.act for row in await audit.about("cand1")}
    await site.rita.post("/cv/cand9/like")
    french = await site.rita.get("/likes.csv", **{"Accept-Language": "fr"})
    assert french.content.decode("utf-8-sig").startswith("Nom;")
    assert "À voir" in french.content.decode()


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_a_dangerous_cell_is_neutralised(cell: str) -> None:
    assert safe_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("phone", ["+33 6 12 34 56 78", "+212 661-234567, 06 12 34 56 78"])
def test_a_phone_number_is_text_and_bears_no_mark(phone: str) -> None:
    assert safe_cell(phone) == f"\N{NO-BREAK SPACE}{phone}"


async def test_one_who_left_the_pool_is_shown_as_gone_with_the_note(site: Site) -> None:
    address = await _list(site.rita, "Java, Lyon")
    await _put(site.rita, address, "add", "cand1", "cand2")
    await site.rita.htmx(f"{address}/entries/cand1", {"status": "offer", "note": "80k"})
    await store.candidates.collection().delete_one({"_id": "cand1"})
    page = (await site.rita.get(f"{address}?sort=years")).text
    assert "No longer in the pool" in page
    assert "80k" in page
    assert (await site.rita.get(f"{address}/csv")).status_code == 200


async def test_nonsense_in_the_address_asks_for_nothing(site: Site) -> None:
    await site.rita.htmx("/cv/cand1/like")
    assert "Zoé" in (await site.rita.get("/likes?sort=nonsense&status=%00&status[$ne]=x")).text
    assert await shortlists.deleted_name("none", site.user.id) is None


async def test_what_people_do_with_a_candidate_stands_in_the_audit_log(site: Site) -> None:
    address = await _list(site.rita, "Lyon")
    await site.rita.htmx("/cv/cand1/like")
    await site.rita.htmx("/cv/cand1/unlike")
    await _put(site.rita, address, "add", "cand1", "cand2")
    await _put(site.rita, address, "status", "cand1", "cand3", status="interview")
    undone = await _put(site.rita, address, "remove", "cand1")
    await site.rita.htmx(_undo(undone))
    await site.rita.post(f"{address}/entries/cand1", {"status": "declined", "note": "salary"})
    await site.rita.post(f"{address}/entries/cand1", {"status": "declined", "note": "salary too low"})
    acts = [row.act for row in await audit.about("cand1")]
    assert acts[::-1] == [
        *("liked", "no longer liked", "put on a list", "status interview"),
        *("taken off a list", "undone on a list", "status declined"),
    ]
    assert [row.act for row in await audit.about("cand2")] == ["put on a list"]
    assert await audit.about("cand3") == []  # not on the list
    assert await audit.broken_at() is None


async def test_a_status_that_tells_of_contact_starts_the_retention_clock(site: Site) -> None:
    address = await _list(site.rita, "Lyon")
    await _put(site.rita, address, "add", "cand1", "cand2")
    await _put(site.rita, address, "status", "cand1", "cand2", status="to_contact")
    assert await contacts.last() == {}
    undone = await _put(site.rita, address, "status", "cand1", "cand2", status="contacted")
    assert set(await contacts.last()) == {"cand1", "cand2"}
    await contacts.note("cand2", "hugo")  # and then they met
    met = await contacts.of("cand2")
    await site.rita.htmx(_undo(undone))
    assert await contacts.last() == {"cand2": met}
    await site.rita.post(f"{address}/entries/cand2", {"status": "hired", "note": ""})
    hired = await _put(site.rita, address, "status", "cand2", status="offer")
    await site.rita.htmx(_undo(hired))
    assert await contacts.of("cand2") not in (None, met)  # of "hired", which was not undone


async def test_rows_written_at_once_by_many_are_one_chain(site: Site) -> None:
    subjects = [f"c{number}" for number in range(5)]
    await asyncio.gather(*(audit.append_each(f"u{number}", "liked", subjects) for number in range(6)))
    assert await audit.broken_at() is None
    for number in range(6):
        rows = await audit.latest(actor=f"u{number}")
        assert [row.subject for row in rows][::-1] == subjects


def test_every_act_has_its_words() -> None:
    code = "".join(path.read_text() for path in Path("cvmatcher").rglob("*.py"))
    acts = set(re.findall(r'audit\.append(?:_each)?\([^"()]*(?:\([^()]*\))?[^"()]*"([^"]+)"', code))
    assert len(acts) > 20
    assert acts - {"command line", "status {status}", "started {kind}"} <= set(sentences.ACTS)
    assert {f"status {stage}" for stage in Stage} <= set(sentences.ACTS)
