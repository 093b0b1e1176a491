"""No sentence outside the catalogs: with a catalog that marks all it says, a bare Latin word on a page is a mistake.

What is data here (names, CV text, file names, the question) is written in Greek, so that it is told apart.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path

import pytest
from litestar import Litestar

from cvmatcher import jobs, store
from cvmatcher.domain import (
    Criterion,
    CriterionKind,
    DroppedCriterion,
    Education,
    Ended,
    EndState,
    Experience,
    Hit,
    HitsFound,
    Judged,
    NothingFound,
    Ordered,
    Profile,
    Quotation,
    SearchEvent,
    Status,
    StatusCode,
    Understanding,
    Understood,
    Verdict,
    VerdictState,
)
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from cvmatcher.web.diagnostic import PACKAGES
from cvmatcher.web.render import Renderer
from tests.site import HTMX, Browser, Scripted, candidate, person, services_of, serving, turn_in
from tests.test_web_access import routes_of

NAME = "Αλέξης"
PROFILE = Profile(
    name=NAME,
    emails=("α@β.γρ",),
    location="Αθήνα",
    headline="Μηχανικός",
    biography="Γράφω προγράμματα.",
    skills=("Πύθων",),
    experiences=(Experience(title="Μηχανικός", employer="Έταιρία", start="2019", current=True, text="Λογισμικό"),),
    education=(Education(degree="Δίπλωμα", school="Πολυτεχνείο", end="2015"),),
    years_experience=6.5,
    language="el",
)
CRITERIA = tuple(
    Criterion(id=f"c{number}", kind=kind, value="Πύθων", label="Πύθων", minimum=3 if kind == "years" else None)
    for number, kind in enumerate(CriterionKind)
)
QUOTATION = Quotation(text="Πύθων", before="α", after="β")
EVENTS: list[SearchEvent | Exception | asyncio.Event] = [
    Understood(understanding=Understanding(criteria=CRITERIA)),
    HitsFound(hits=(Hit(candidate_id="cand1", name=NAME, title="Μηχανικός", place="Αθήνα", years=2, hidden_words=3),)),
    Ordered(candidate_ids=("cand1",), by="rules"),
    Judged(
        candidate_id="cand1",
        verdicts=tuple(
            Verdict(candidate_id="cand1", criterion_id=one.id, state=VerdictState.MET, quotation=QUOTATION)
            for one in CRITERIA
        ),
    ),
    NothingFound(without=tuple(DroppedCriterion(criterion_id=one.id, count=2) for one in CRITERIA[:2])),
    Status(code=StatusCode.SIMPLE_ORDER, detail="slow"),
    Ended(state=EndState.DONE),
]

# What no catalog says: names of products and settings, units, keys, and what Babel's own tables say (dates, tongues).
KNOWN = re.compile(
    r"\b(?:CVmatcher|PDF|JSON|CSV|API|CV|SAP|Python|Gemini|Drive|MongoDB|Redis|GB|MB|KB|ms|s|p50|p95|Enter|Esc|Shift|"
    r"English|Français|[A-Z][A-Z_]{3,}[A-Z]|"
    r"Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|January|February|March|April|June|July|August|September|October|"
    r"November|December|[AP]M|ago|in|now|seconds?|minutes?|hours?|days?|UTC)\b"
    r"|\bfake/hash\b|\brules(?:/\d+)?\b|\bdrive\b"  # ids of models, and of a source
    rf"|\b(?:{'|'.join(PACKAGES)}|python)\b"
    r"|\b[jklo]\b|https?://\S+|\.env\b|/tmp/\S*|\b\d+(?:\.\d+)+\w*"
)
SHOWN = ("aria-label", "title", "placeholder", "alt", "hx-confirm", "aria-description", "label")
VOID = ("br", "img", "input", "meta", "link", "hr", "use", "rect", "line", "path")
DATA = ("code", "pre", "kbd", "script", "style")  # elements whose text is for machines


class Pseudo(NullTranslations):
    """Says everything between marks."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧" if message else message

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


class Words(HTMLParser):
    """Texts and spoken attributes of a page, outside of DATA."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        self.texts += [str(known[name]) for name in SHOWN if known.get(name)]
        if (self._silent or tag in DATA) and tag not in VOID:
            self._silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)


def bare(html: str) -> set[str]:
    """Latin words that no catalog said."""
    words = Words()
    words.feed(html)
    found = set()
    for text in words.texts:
        rest = KNOWN.sub(" ", re.sub(r"⟦[^⟦⟧]*(?:⟦[^⟦⟧]*⟧[^⟦⟧]*)*⟧", " ", text))
        found |= set(re.findall(r"[A-Za-z][\w'’-]*", rest))
    return found


@dataclass
class Site:
    app: Litestar
    ada: Browser
    ids: dict[str, str]


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    app = create_app(services, Scripted(list(EVENTS)).run, Renderer(lambda _: Pseudo()))
    await person("άδα", Role.ADMIN)
    await candidate(1, profile=PROFILE, file_name="α.πδφ")
    async with services.follower, serving(app) as base, Browser(base) as ada:
        await ada.sign_in("άδα")
        answer = await ada.htmx("/turns", {"message": "Πύθων;"})
        turn = turn_in(answer.text)
        await ada.get(f"/turns/{turn}/events")
        conversation = re.findall(r"/c/([0-9a-f]+)\?t=", answer.headers["hx-push-url"])[0]
        yield Site(app, ada, {"candidate_id": "cand1", "conversation_id": conversation, "turn_id": turn})
    await jobs.close_queue(queue)


def addresses(site: Site) -> list[str]:
    """Every GET route whose ids are known, and what only a query shows."""
    found = []
    for route in sorted(routes_of(site.app)):
        method, _, path = route.partition(" ")
        filled = re.sub(r"\{(\w+):\w+\}", lambda name: site.ids.get(name.group(1), "{"), path)
        if method == "GET" and "{" not in filled and "pdf" not in filled and "download" not in filled:
            found.append(filled)
    turn = site.ids["turn_id"]
    tabs = [f"/cv/cand1?turn={turn}&tab={tab}" for tab in ("profile", "cv", "why", "history")]
    return [*found, *tabs, f"/c/{site.ids['conversation_id']}?t={turn}&cv=cand1", "/nothing-here"]


async def test_no_sentence_stands_outside_the_catalogs(site: Site) -> None:
    wrong: dict[str, set[str]] = {}
    await site.ada.htmx("/cv/cand1/like")
    for path in addresses(site):
        for headers in ({}, HTMX):
            answer = await site.ada.get(path, **headers)
            if "html" in answer.headers["content-type"] and (words := bare(answer.text)):
                wrong.setdefault(path, set()).update(words)
    assert wrong == {}


def test_a_bare_word_is_noticed() -> None:
    assert bare('<p title="Open">⟦Ask %(n)s⟧ now Save</p><code>ls</code>') == {"Open", "Save"}
