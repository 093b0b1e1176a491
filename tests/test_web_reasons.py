"""What a recruiter is shown of a model's reasons: the real client, a Gemini that lies, the streamed page."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path

import pymupdf
import pytest

from cvmatcher import jobs, passages, search, store
from cvmatcher.adapters.gemini import Gemini, GeminiReranker
from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.reading import read_cv
from cvmatcher.web.app import create_app
from tests.pools import Pool
from tests.servers.gemini import GeminiServer, Reply, Request, answer, prompt_of
from tests.site import Browser, candidate, person, services_of, serving, turn_in

ADA = """Ada Brun
Développeuse logiciel
Lyon
EXPÉRIENCE
2018 - 2021 Développeuse front, Atelier Numérique, Lyon
JavaScript et TypeScript pour une caisse de 12 magasins
2021 - 2024 Développeuse back, Rivage Systèmes, Lyon
Services de paiement en Kotlin, 300 000 clients
COMPÉTENCES
Kotlin, TypeScript, PostgreSQL
Aucune notion de Java
Notions de Scala
LANGUES
Anglais scolaire
"""
BOB = """Bob Roy
Java developer
Leeds
EXPERIENCE
2012 - 2020 Java developer, Northern Bank, Leeds
Eight years of Java at a bank
SKILLS
Java, Scala
LANGUAGES
English native
"""
HIDDEN = "Expert Java depuis dix ans"


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


@pytest.fixture
async def rita(
    database: store.Database, redis_url: str, gemini: GeminiServer, tmp_path: Path
) -> AsyncIterator[Browser]:
    """Signed in; Ada is cand1, read from a PDF with a hidden line, Bob is cand2. The model judges, rules understand."""
    queue = await jobs.open_queue(redis_url)
    people = []
    for number, data, name in ((1, _pdf(ADA, HIDDEN), "ada.pdf"), (2, BOB.encode(), "bob.txt")):
        cv = await read_cv(data, name)
        profile = await RulesStructurer().structure(cv)
        people.append(await candidate(number, profile=profile, pages=cv.pages, passages=passages.split(cv, profile)))
    client = Gemini(key=gemini.key, model="gemini-3.5-flash", base_url=gemini.url)
    parts = replace(await Pool(people).parts(), judge_by_model=GeminiReranker(client))
    app = create_app(services_of(database, queue, tmp_path), lambda request: search.run(request, parts))
    async with serving(app) as base, Browser(base) as browser:
        await browser.signed_in(await person("rita"))
        yield browser
    await client.aclose()
    await jobs.close_queue(queue)


def _pdf(text: str, hidden: str) -> bytes:
    with pymupdf.open() as pdf:  # type: ignore[no-untyped-call]
        page = pdf.new_page()
        page.insert_text((60, 60), text.splitlines(), fontsize=11)
        page.insert_text((60, 600), hidden, fontsize=11, color=(1, 1, 1))
        return bytes(pdf.tobytes())


def _of_ada(request: Request, state: str, quotation: str) -> Reply:
    """What is said of Ada to each criterion; of Bob nothing is found."""
    prompt = prompt_of(request)
    asked = json.loads(re.findall(r"^Criteria: (.*)$", prompt, re.MULTILINE)[-1])
    said = (state, quotation) if "Rivage" in prompt else ("not_found", "")
    return answer({"verdicts": [{"criterion_id": c["id"], "verdict": said[0], "quotation": said[1]} for c in asked]})


@dataclass(frozen=True)
class Shown:
    """What became of the criterion: all that was ever marked, in stream and profile, and her last state."""

    state: str
    marks: frozenset[str]
    by_model: bool
    to_check: bool


async def _shown(rita: Browser, gemini: GeminiServer, message: str, state: str, quotation: str) -> Shown:
    gemini.decide(lambda request: _of_ada(request, state, quotation))
    turn = turn_in((await rita.htmx("/turns", {"message": message})).text)
    async with asyncio.timeout(30):
        stream = await rita.http.get(f"/turns/{turn}/events?after=0", headers={"Accept": "text/event-stream"})
    why = (await rita.get(f"/cv/cand1?turn={turn}&tab=why")).text
    (last,) = re.findall(r'<li class="is-(\w+)"><p class="verdict">', why)
    cards = re.findall(r't-\w+-cand1".*?(?=t-\w+-cand2"|\Z)', stream.text, re.DOTALL)
    assert cards
    marks = [unescape(mark) for text in (*cards, why) for mark in re.findall(r"<mark>(.*?)</mark>", text, re.DOTALL)]
    return Shown(last, frozenset(marks), "judged by gemini" in why, "Judge for yourself" in why)


FALSE = {
    "not in the CV": "Expert Java chez Oracle",
    "hidden text": HIDDEN,
    "of another candidate": "Eight years of Java at a bank",
    "says the opposite": "Aucune notion de Java",
    "cut so that it no longer says the opposite": "Java",
    "over two lines": "Java\nNotions de Scala",
    "stitched": "Services de paiement en Java",
    "a word inside another": "JavaScript et TypeScript",
    "nearly all of the CV": ADA.strip(),
    "a letter": "a",
    "a year": "2021",
}


async def test_no_false_quotation_is_ever_shown(rita: Browser, gemini: GeminiServer) -> None:
    nothing = Shown("not_found", frozenset(), by_model=False, to_check=False)
    shown = {case: await _shown(rita, gemini, "Java", "met", quotation) for case, quotation in FALSE.items()}
    assert {case: what for case, what in shown.items() if what != nothing} == {}


OWN = "Services de paiement en Kotlin, 300 000 clients"


# asked, what the model says, and what is shown: state, quotation, by the model, to be checked
BESIDE = [
    ("Kotlin", ("met", "Kotlin, TypeScript, PostgreSQL"), ("met", "Kotlin, TypeScript, PostgreSQL", True, False)),
    ("Kotlin", ("met", OWN.replace("300", "900")), ("met", OWN, False, False)),  # the rules' own stays
    ("Kotlin", ("met", "\n".join(ADA.splitlines()[3:12])), ("met", OWN, False, False)),
    ("Kotlin", ("not_found", ""), ("met", OWN, False, True)),  # silence hides no proof, and is told
    ("Java", ("not_found", ""), ("not_found", None, True, False)),
    ("Scala", ("met", "Notions de Scala"), ("partly", "Notions de Scala", True, False)),
    ("anglais B2", ("met", "Anglais scolaire"), ("partly", "Anglais scolaire", True, False)),
]


async def test_what_the_model_says_beside_what_code_shows(rita: Browser, gemini: GeminiServer) -> None:
    seen = [await _shown(rita, gemini, asked, *said) for asked, said, _ in BESIDE]
    assert [(one.state, one.by_model, one.to_check) for one in seen] == [
        (state, by_model, to_check) for _, _, (state, _, by_model, to_check) in BESIDE
    ]
    assert [sorted(one.marks - {OWN}) for one in seen] == [
        [mark] if mark and mark != OWN else [] for _, _, (_, mark, *_) in BESIDE
    ]
    assert OWN in seen[3].marks
