"""Wild input, bounded: every route by schemathesis with a script's token, and what meets strangers' text."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cvmatcher import jobs, passages, store
from cvmatcher.adapters.folder import id_of, path_of
from cvmatcher.adapters.word_index import TantivyIndex
from cvmatcher.domain import (
    Candidate,
    Criterion,
    CriterionKind,
    CVText,
    Education,
    Experience,
    LanguageLevel,
    Profile,
    SpokenLanguage,
    VerdictState,
)
from cvmatcher.identity import mask
from cvmatcher.ports import WordQuery
from cvmatcher.query import evidence
from cvmatcher.query.phrases import understand
from cvmatcher.search import SearchRequest
from cvmatcher.store import people
from cvmatcher.store.people import Role
from cvmatcher.store.traces import Person, forgotten
from cvmatcher.store.values import now
from cvmatcher.web.app import create_app
from cvmatcher.web.cvs import disposition
from cvmatcher.web.listed import safe_cell
from tests.site import WHOLE, Scripted, candidate, person, script, services_of, serving
from tests.test_web_access import ROUTES

BOUNDED = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), database=None)
A_FEW = settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck), database=None)
NOT_ASKED = {"POST /settings/token", "POST /settings/password", "POST /logout"}  # they would end the script's own token
FIELDS = (
    "act", "ai", "back", "candidate", "candidates", "conversation", "criteria", "criterion", "from", "key", "language",
    "list", "message", "name", "next", "note", "reason", "retention_months", "role", "source", "status", "theme",
    "title", "who",
)  # fmt: skip

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
anything = st.one_of(
    words,
    st.sampled_from(["cand1", "\0", "$where", '{"$gt": ""}', "../../etc/passwd", "=1+1", "\u202efdp.exe", "𝕏" * 40]),
)


# ------------------------------------------------------------------------------------------------------------- routes


def _openapi() -> dict[str, Any]:
    """The routes as schemathesis wants them told: every path part and field a free text."""
    paths: dict[str, Any] = {}
    for route in sorted(set(ROUTES) - NOT_ASKED):
        method, _, path = route.partition(" ")
        parts = re.findall(r"{(\w+):(\w+)}", path)
        text = {"type": "string", "maxLength": 80}
        told: dict[str, Any] = {
            "parameters": [
                *({"name": name, "in": "path", "required": True, "schema": _kind(kind)} for name, kind in parts),
                *({"name": name, "in": "query", "schema": text} for name in ("t", "turn", "sort", "after", "next")),
            ],
            "responses": {"200": {"description": "fine"}},
        }
        if method == "POST":
            fields = {"type": "object", "properties": dict.fromkeys(FIELDS, text)}
            told["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": fields}}}
        paths.setdefault(re.sub(r":\w+}", "}", path), {})[method.lower()] = told
    return {"openapi": "3.0.2", "info": {"title": "CVmatcher", "version": "1"}, "paths": paths}


def _kind(kind: str) -> dict[str, Any]:
    return {"type": "integer"} if kind == "int" else {"type": "string", "minLength": 1, "maxLength": 40}


async def test_no_route_answers_with_a_bug(database: store.Database, redis_url: str, tmp_path: Path) -> None:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    async with services.follower, serving(create_app(services, Scripted(WHOLE).run)) as base:
        ada = await person("ada", Role.ADMIN, can_export=True)
        await candidate(1)
        headers = script(await people.new_token(ada.id, "fuzz"))
        bugs = await asyncio.to_thread(_asked, base, headers)
    await jobs.close_queue(queue)
    assert bugs == []


def _asked(base: str, headers: dict[str, str]) -> list[tuple[str, int, str]]:
    bugs: list[tuple[str, int, str]] = []
    for found in schemathesis.openapi.from_dict(_openapi()).get_all_operations():
        operation: Any = found.ok()  # type: ignore[union-attr]

        @A_FEW
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            answer = case.call(base_url=base, headers=headers, timeout=30)
            told = answer.status_code == 503 and case.path.startswith("/diagnostic")  # what fails is its answer
            if answer.status_code >= 500 and not told:
                bugs.append((case.method + " " + case.path, answer.status_code, answer.text[:200]))

        ask()
    return bugs


# ---------------------------------------------------------------------------------------------------- strangers' text


@BOUNDED
@given(st.one_of(anything, st.text(max_size=2000)))
def test_any_question_is_understood_or_not_but_never_a_bug(message: str) -> None:
    criteria, _ = understand(message)
    assert len({one.id for one in criteria}) == len(criteria)
    assert SearchRequest(message=message, criteria=tuple(criteria)).criteria == tuple(criteria)
    mask(message, Profile(name=message[:50], emails=(message[:30],)))


@BOUNDED
@given(anything)
def test_no_file_name_breaks_out_of_its_header_or_its_folder(name: str) -> None:
    header = disposition(name, attachment=True)
    assert header.isascii()
    assert not re.search(r"[\r\n\0]", header)
    quoted = re.fullmatch(r"attachment; filename=\"([^\"\\/]*)\"; filename\*=UTF-8''[\w.!~*()%-]+", header)
    assert quoted, header
    assert path_of(id_of(name)) == name


@BOUNDED
@given(st.lists(anything, min_size=1, max_size=6))
def test_no_cell_is_a_formula(cells: list[str]) -> None:
    out = io.StringIO()
    csv.writer(out).writerow([safe_cell(cell) for cell in cells])
    assert all(safe_cell(cell)[:1] not in {"=", "+", "-", "@", "\t", "\r"} for cell in cells)


profiles = st.builds(
    Profile,
    name=anything,
    emails=st.tuples(anything),
    location=anything,
    headline=anything,
    skills=st.lists(anything, max_size=3).map(tuple),
    experiences=st.lists(st.builds(Experience, title=anything, employer=anything, text=anything), max_size=2).map(
        tuple
    ),
    education=st.lists(st.builds(Education, degree=anything, school=anything), max_size=2).map(tuple),
    languages=st.lists(st.builds(SpokenLanguage, code=anything, text=anything), max_size=2).map(tuple),
    years_experience=st.none() | st.floats(0, 60),
    cv_date=st.none() | anything,
)


@BOUNDED
@given(profiles, st.lists(st.text(max_size=200), min_size=1, max_size=2).map(tuple), anything)
def test_any_profile_is_cut_indexed_and_judged(profile: Profile, pages: tuple[str, ...], asked: str) -> None:
    one = Candidate(
        id="1", content_hash="h", file_key="a:b", file_name="f", profile=profile, pages=pages, ingested_at=now(),
        passages=passages.split(CVText(pages=pages), profile),
    )  # fmt: skip
    index = TantivyIndex()
    index.apply([one], [])
    index.search(WordQuery(((asked, 1.0),)), 5)
    cv = evidence.read(profile, pages)
    for criterion in understand(asked)[0]:
        evidence.judge(criterion, cv)


def _said(*parts: str) -> st.SearchStrategy[str]:
    """A phrase as CVs have it: one of each part's choices, which a bar divides."""
    return st.tuples(*(st.sampled_from(part.split("|")) for part in parts)).map("".join)


pieces = st.one_of(
    _said("5|12|2,5|½|Ⅳ", "|+| +|-", " | ", "ans|years|yrs|année", "|:| d'expérience| of experience| in sales| old"),
    _said("2018|03/2020|mars 2019|since 2021|depuis", "| - |–| to |/", "2022|12/2023|today|aujourd'hui|", "| : | | |"),
    _said("anglais|German|arabe|LSF", "| |: |(", "C1|courant|notions|fluent|scolaire|42|", "|)"),
    _said(
        "|no |pas de |client : |ex-|• |- ", "Java|C++|développeuse|Senior nurse|SNCF|banque|freelance|Lyon|Master 2|BTS"
    ),
    _said("CACES|Band|Bac|permis|ISO", " |+|-|", "1, 3|R489|9001|+|C/E|²"),
    st.sampled_from(["\t", "\n", "’", "…", "ﬁ", "İ", "\u202e", "a@b.fr", "www.", "%", "|", "&", "n°"]),
    st.text(max_size=3),
)
ASKED = tuple(
    Criterion(id=f"c{n}", kind=kind, value=value, label=value, minimum=minimum, level=level)
    for n, (kind, value, minimum, level) in enumerate([
        (CriterionKind.TITLE, "développeur Java", None, None), (CriterionKind.SKILL, "C++", None, None),
        (CriterionKind.YEARS, "", 5.0, None), (CriterionKind.YEARS, "Java", 3.0, None),
        (CriterionKind.PLACE, "Lyon", None, None), (CriterionKind.LANGUAGE, "en", None, LanguageLevel.B2),
        (CriterionKind.SECTOR, "banque", None, None), (CriterionKind.EMPLOYER, "SNCF", None, None),
        (CriterionKind.EDUCATION, "BTS", None, None), (CriterionKind.TEXT, "freelance", None, None),
        (CriterionKind.TEXT, "notions d'allemand", None, None), (CriterionKind.SKILL, "CACES 3", None, None),
    ])
)  # fmt: skip


@settings(BOUNDED, max_examples=100)
@given(st.lists(pieces, max_size=25).map(" ".join) | st.lists(pieces, max_size=25).map("".join), profiles)
def test_any_cv_is_judged_by_each_kind(page: str, profile: Profile) -> None:
    for bare in (Profile(), profile):
        cv = evidence.read(bare, (page,))
        for criterion in ASKED:
            finding = evidence.judge(criterion, cv)
            assert (finding.state is VerdictState.NOT_FOUND) or finding.quotation
            evidence.silent(criterion, bare)
        assert 0 <= evidence.has_been(ASKED, bare) <= 1
        assert evidence.fineness(ASKED, cv) >= 0


# --------------------------------------------------------------------------------------------- jobs, erased documents


@BOUNDED
@given(
    st.one_of(
        st.binary(max_size=200),
        st.recursive(anything, lambda kids: st.lists(kids) | st.dictionaries(words, kids)).map(
            lambda value: json.dumps(value).encode()
        ),
    )
)
def test_a_forged_job_is_refused_and_nothing_else(data: bytes) -> None:
    try:
        job = jobs.deserialize(data)
    except ValueError:
        return
    assert isinstance(job["f"], str)


json_values = st.recursive(
    st.one_of(anything, st.integers(), st.none(), st.just("cand1"), st.just("Zoe Quetzalcoatl")),
    lambda kids: st.lists(kids, max_size=4) | st.dictionaries(anything, kids, max_size=4),
    max_leaves=20,
)


@BOUNDED
@given(st.dictionaries(anything, json_values, max_size=5))
def test_nothing_of_a_person_is_left_in_any_document(raw: dict[str, Any]) -> None:
    person = Person(candidate_ids=frozenset({"cand1"}), names=frozenset({"Zoe Quetzalcoatl"}))
    left = forgotten({"_id": "1", **raw}, person)
    told = json.dumps(left, ensure_ascii=False)
    assert "zoe quetzalcoatl" not in told.casefold()
    assert '"cand1"' not in re.sub(r'"[^"]*": "cand1"', "", told)


@pytest.mark.parametrize(
    "text",
    [
        "Zoé  QUETZALCOATL",
        "zoe\nquetzalcoatl",
        "« Zoe Quetzalcoatl »",
        "CV_Zoe-Quetzalcoatl_2024.pdf",
        "Zoë Quetzalcóatl",
    ],
)
def test_a_name_is_masked_however_it_is_written(text: str) -> None:
    person = Person(names=frozenset({"Zoe Quetzalcoatl"}), contacts=frozenset({"zoe@example.org"}))
    assert "quetzalcoatl" not in person.masked(text).casefold()
    assert person.masked("Zoey Quetzalcoatlus") == "Zoey Quetzalcoatlus"


@pytest.mark.parametrize("text", ["06 98 76 54 32", "+33698765432", "0033 (0)6.98.76.54.32", "06-98-76-54-32"])
def test_a_phone_is_masked_however_it_is_written(text: str) -> None:
    person = Person(contacts=frozenset({"+33 6 98 76 54 32"}))
    assert "76" not in person.masked(f"call {text} today")
    assert person.masked("from 2014 to 2016, 06 98 76 54 33") == "from 2014 to 2016, 06 98 76 54 33"
