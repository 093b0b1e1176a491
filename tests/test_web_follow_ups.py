"""What people type after a first search, through the page: criteria follow, and what was not used is said there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cvmatcher import jobs, store
from cvmatcher.adapters.rules_interpreter import RulesInterpreter
from cvmatcher.domain import Ended, EndState, HitsFound, Ordered, Profile, SearchEvent, Understanding, Understood
from cvmatcher.search import SearchRequest
from cvmatcher.store import turns
from cvmatcher.web.app import create_app
from tests.odd_files import text_pdf
from tests.site import HTMX, Browser, candidate, hit, person, services_of, serving, turn_in, until
from tests.test_follow_ups import shown

FIRST = "développeur Java à Lyon parlant allemand"
ADVERT = Path(__file__).parent / "truth" / "adverts" / "fr_headings.txt"


async def by_rules(request: SearchRequest) -> AsyncIterator[SearchEvent]:
    """A search that understands as the real one does, and always finds the same person."""
    understanding = (
        await RulesInterpreter().interpret(request.message, request.conversation)
        if request.criteria is None
        else Understanding(criteria=request.criteria)
    )
    yield Understood(understanding=understanding)
    yield HitsFound(hits=(hit(1).model_copy(update={"name": "Ada Martin"}),))
    yield Ordered(candidate_ids=("cand1",), by="rules")
    yield Ended(state=EndState.DONE)


class Talk:
    """One conversation on the page of one browser."""

    def __init__(self, rita: Browser) -> None:
        self.rita = rita
        self.turn = ""

    async def say(self, message: str) -> tuple[set[str], str]:
        """The criteria after the message, and the page of its turn."""
        fields = {"message": message}
        if self.turn:
            fields["conversation"] = await self._conversation()
        answer = await self.rita.htmx("/turns", fields)
        assert answer.status_code == 200, answer.text
        return await self.seen(turn_in(answer.text))

    async def drop(self, data: bytes, name: str) -> tuple[set[str], str]:
        answer = await self.rita.http.post(
            "/turns/document",
            data={"_csrf_token": self.rita.token, "conversation": ""},
            files={"file": (name, data, "application/pdf")},
            headers=HTMX,
        )
        return await self.seen(turn_in(answer.text))

    async def seen(self, turn: str) -> tuple[set[str], str]:
        self.turn = turn
        await until(self._ended)
        page = await self.rita.get(f"/c/{await self._conversation()}")
        last = page.text.partition(f'id="t-{turn}')[2]
        return shown(await turns.criteria_of(turn)), last

    async def _ended(self) -> bool:
        seen = await turns.events(self.turn)
        return bool(seen) and isinstance(seen[-1][1], Ended)

    async def _conversation(self) -> str:
        found = await turns.TurnDocument.get(self.turn)
        assert found
        return found.conversation


@asynccontextmanager
async def talking(database: store.Database, redis_url: str, home: Path) -> AsyncIterator[Talk]:
    queue = await jobs.open_queue(redis_url)
    await person("rita")
    await candidate(1, profile=Profile(name="Ada Martin", headline="Infirmière", location="Lyon", skills=("Triage",)))
    async with serving(create_app(services_of(database, queue, home), by_rules)) as base, Browser(base) as rita:
        await rita.sign_in("rita")
        yield Talk(rita)
    await jobs.close_queue(queue)


@pytest.fixture
async def talk(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Talk]:
    async with talking(database, redis_url, tmp_path) as made:
        yield made


async def test_a_conversation_narrows_widens_replaces_and_goes_back(talk: Talk) -> None:
    asked, _ = await talk.say(FIRST)
    assert asked == {"title:développeur Java", "skill:Java", "place:Lyon", "language:de"}
    asked, _ = await talk.say("plutôt à Lille")
    assert {"place:Lille"} == {one for one in asked if one.startswith("place")}
    asked, _ = await talk.say("drop the German")
    assert not [one for one in asked if one.startswith("language")]
    asked, page = await talk.say("élargis à 50 km")
    assert "place:Lille+50km" in asked
    assert "Lille + 50 km" in page
    asked, _ = await talk.say("sans freelances, et 5 ans d'expérience")
    assert {"!text:freelances", "years:5"} <= asked
    asked, _ = await talk.say("undo")
    assert not {"!text:freelances", "years:5"} & asked
    asked, _ = await talk.say("annule")
    assert "place:Lille" in asked


async def test_what_a_message_did_not_change_is_said_on_the_page(talk: Talk) -> None:
    first, _ = await talk.say(FIRST)
    after, page = await talk.say("oublie l'espagnol")
    assert after == first
    assert re.search(r"Not used in this search:.{0,80}oublie l(?:&#39;|')espagnol", page, re.DOTALL)
    after, page = await talk.say("not like him")
    assert after == first
    assert "<q>not like him</q>" in page


async def test_a_misspelt_word_is_offered_as_what_it_means(talk: Talk) -> None:
    """Whether it was not used at all or became a criterion that no CV shows, one press searches with what was meant."""
    for message in ("anglais et acountant à Lyon", "infirmere"):
        talk.turn = ""
        asked, page = await talk.say(message)
        assert not any(one.startswith("title") for one in asked)
        assert "Did you mean" in page
        act = re.search(r'name="act" value="(mend:[^"]+)"', page)
        assert act is not None
        answer = await talk.rita.htmx("/turns", {"from": talk.turn, "act": act[1]})
        after, page = await talk.seen(turn_in(answer.text))
        assert {one.partition(":")[2] for one in after - asked} <= {"accountant", "infirmière"}
        assert any(one.startswith("title") for one in after)
        assert not any("infirmere" in one for one in after)
        assert asked - after <= {"text:infirmere", "skill:infirmere"}
    refused = await talk.rita.htmx("/turns", {"from": talk.turn, "act": "mend:c9:infirmière"})
    assert refused.status_code == 422


async def test_a_message_points_at_a_person_of_the_list(talk: Talk) -> None:
    await talk.say(FIRST)
    asked, page = await talk.say("plus comme la première")
    assert "title:Infirmière" in asked
    assert "Ada Martin" in page
    await talk.say(FIRST)
    asked, _ = await talk.say("not like Ada")
    assert "!title:Infirmière" in asked
    after, page = await talk.say("not like Zoé")
    assert after == asked
    assert "<q>not like Zoé</q>" in page


async def test_a_dropped_advert_asks_for_what_matters(talk: Talk) -> None:
    text = ADVERT.read_text(encoding="utf-8").partition("\n")[2]
    asked, page = await talk.drop(text_pdf(text), "offre.pdf")
    assert {"title:Développeur Back-end", "place:Nantes", "years:4", "language:en", "~skill:Kafka"} <= asked
    assert not [one for one in asked if "Python" in one or "Berlin" in one or one == "language:de"]
    assert "offre.pdf" in page
