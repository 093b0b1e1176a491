"""Two CVs of one person: linked by what they share, and nothing more until an admin says so."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvmatcher import jobs, ranking, store
from cvmatcher.domain import Profile
from cvmatcher.store import audit, same_person, turns
from cvmatcher.store.candidates import comparable
from cvmatcher.store.people import Role
from cvmatcher.store.same_person import Word
from cvmatcher.web.app import create_app
from tests.site import WHOLE, Browser, Scripted, candidate, person, services_of, serving, turn_in, until

MAIL = ("ada@example.org",)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Profile(emails=("Ada@Example.org ",)), Profile(emails=("ada@example.org",))),
        (Profile(phones=("+33 6 12 34 56 78",)), Profile(phones=("06.12.34.56.78",))),
        (Profile(phones=("0033612345678",)), Profile(phones=("+33 (0)6 12 34 56 78",))),
    ],
)
def test_the_same_contact_is_equal_however_it_is_written(one: Profile, other: Profile) -> None:
    assert comparable(one) == comparable(other) != []


def test_what_is_no_whole_number_links_nobody() -> None:
    assert comparable(Profile(phones=("112", "12 34"), emails=(" ",))) == []


@given(st.permutations("abcdef"), st.dictionaries(st.sampled_from("abcxyz"), st.lists(st.sampled_from("defx"))))
def test_only_the_older_ones_move_and_nobody_is_lost(order: list[str], newer: dict[str, list[str]]) -> None:
    moved = ranking.behind(order, newer)
    assert sorted(moved) == sorted(order)
    assert [one for one in moved if one not in newer] == [one for one in order if one not in newer]
    for older, later in newer.items():
        assert all(moved.index(older) > moved.index(one) for one in later if one in moved and older in moved)


async def test_a_link_moves_nothing_until_an_admin_says_so(database: store.Database) -> None:
    old = await candidate(1, profile=Profile(name="Ada", emails=MAIL, cv_date="2021-05"))
    new = await candidate(2, profile=Profile(name="Ada L.", emails=MAIL, cv_date="2024-03"))
    await candidate(3, profile=Profile(name="Bob", emails=("bob@example.org",)))
    (link,) = await same_person.linked(old)
    assert (link.candidate.id, link.newer, link.word) == (new.id, True, None)
    assert await same_person.superseded([old, new]) == {}
    await same_person.say(old.id, new.id, Word.DIFFERENT, "rita")
    assert await same_person.superseded([old, new]) == {}
    await same_person.say(new.id, old.id, Word.SAME, "rita")
    assert await same_person.superseded([new, old]) == {old.id: [new.id]}
    assert await same_person.superseded([old]) == {}
    assert [one.word for one in await same_person.linked(new)] == [Word.SAME]
    await same_person.unsay(new.id, old.id)
    assert await same_person.superseded([old, new]) == {}


@dataclass
class Site:
    ada: Browser
    rita: Browser


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    await person("ada", Role.ADMIN)
    await person("rita")
    app = create_app(services, Scripted(list(WHOLE)).run)
    async with services.follower, serving(app) as base, Browser(base) as ada, Browser(base) as rita:
        await ada.sign_in("ada")
        await rita.sign_in("rita")
        yield Site(ada, rita)
    await jobs.close_queue(queue)


async def test_a_profile_says_it_and_an_admin_decides(site: Site) -> None:
    await candidate(1, profile=Profile(name="Ada", emails=MAIL, cv_date="2021-05"))
    await candidate(2, profile=Profile(name="Ada L.", emails=MAIL, cv_date="2024-03"))
    seen = (await site.rita.get("/cv/cand1")).text
    assert "Another CV with the same e-mail or phone, of Mar 2024" in seen
    assert "Not verified" in seen
    assert "/others/" not in seen
    assert (await site.rita.post("/cv/cand1/others/cand2", {"word": "same"})).status_code == 403
    assert "Same person: newer first" in (await site.ada.get("/cv/cand1")).text
    said = await site.ada.post("/cv/cand1/others/cand2", {"word": "same"})
    assert (said.status_code, said.headers["location"]) == (303, "/cv/cand1")
    assert "Another CV of this person, of May 2021" in (await site.rita.get("/cv/cand2")).text
    await site.ada.post("/cv/cand2/others/cand1", {"word": ""})
    assert "Not verified" in (await site.rita.get("/cv/cand1")).text
    await site.ada.post("/cv/cand2/others/cand1", {"word": "different"})
    assert "same e-mail or phone" not in (await site.rita.get("/cv/cand1")).text
    assert "is another person’s" in (await site.ada.get("/cv/cand1")).text
    acts = [row.act for row in await audit.about("cand2") if row.act not in ("viewed", "signed in")]
    assert acts == ["not the same person", "took a word back", "same person"]
    for pair, word in (("cand1/others/cand1", "same"), ("cand1/others/none", "same")):
        assert (await site.ada.post(f"/cv/{pair}", {"word": word})).status_code == 404
    assert (await site.ada.post("/cv/cand1/others/cand2", {"word": "merge"})).status_code == 422


async def test_what_an_admin_moved_is_given_as_the_reason(site: Site) -> None:
    """The scripted order is 3, 1, 2: without the word, a criterion would be named for 3 above 1."""
    await candidate(3, profile=Profile(name="Ada L.", emails=MAIL, cv_date="2024-03"))
    await candidate(1, profile=Profile(name="Ada", emails=MAIL, cv_date="2021-05"))
    await candidate(2)
    asked = await site.ada.htmx("/turns", {"message": "python lyon"})
    turn = turn_in(asked.text)

    async def ended() -> bool:
        return bool([one for one in await turns.events(turn) if '"ended"' in str(one) or "Ended" in repr(one)])

    await until(ended)
    why = f"/cv/cand3?turn={turn}&tab=why"
    assert "an older CV of the same person" not in (await site.ada.get(why)).text
    await site.ada.post("/cv/cand1/others/cand3", {"word": "same"})
    page = (await site.ada.get(why)).text
    assert re.search(r"Above <a [^>]+>Ada</a>: an older CV of the same person", page)
