"""A small judged set of invented CVs: what the gate before a change of model asks both models.

Who works in an occupation is known exactly, since the CVs were made so. A third of the questions name the occupation,
the others describe a piece of its work, which no list of words knows; each is asked in French or English of CVs in both
languages. Texts only, no PDFs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from random import Random
from typing import Any

from cvmatcher.demo.people import PersonMaker, Sheet
from cvmatcher.demo.words import LANGUAGES, SENIORITIES, Language, occupations
from cvmatcher.domain import Profile
from cvmatcher.judged import JudgedQuery, JudgedSet

_SEED = 7  # the same set for ever: figures of two days can be compared


@cache
def judged_set() -> JudgedSet:
    """46 CVs, one of each occupation and language, and 69 questions; grade 1 for who works in the occupation."""
    rng = Random(f"asked {_SEED}")  # noqa: S311  reproducible on purpose, nothing secret
    documents: dict[str, str] = {}
    queries: list[JudgedQuery] = []
    for number, (key, kinds) in enumerate(sorted(occupations().items())):
        grades = {f"{key}.{language}": 1 for language in LANGUAGES}
        for language in LANGUAGES:
            words = kinds[language]
            documents[f"{key}.{language}"] = _text(PersonMaker(rng, words, "mid").make("classic"))
            work = _said(rng.choice(words.bullets), words.language)
            queries.append(JudgedQuery(f"{key}.{language}.work", work, language, "work", grades))
        words = kinds[LANGUAGES[number % len(LANGUAGES)]]
        title = rng.choice(sorted({name for pair in words.titles["mid"] for name in pair}))
        queries.append(JudgedQuery(f"{key}.title", title, words.language, "title", grades))
    return JudgedSet(documents, queries)


def written(seed: int) -> Iterator[tuple[str, Profile]]:
    """Texts of invented CVs without end, each with the profile that a perfect reader takes from it; no page is set."""
    rng = Random(f"written {seed}")  # noqa: S311  as above
    kinds = occupations()
    while True:
        words = kinds[rng.choice(sorted(kinds))][rng.choice(LANGUAGES)]
        sheet = PersonMaker(rng, words, rng.choice(SENIORITIES)).make("classic")
        yield _text(sheet), sheet.truth.profile


def _said(bullet: str, language: Language) -> str:
    """A bullet as somebody would ask for it: its skills in plain words, its numbers left out."""
    plain = re.sub(r"\{[^}]*\}", "plusieurs" if language == "fr" else "several", bullet)
    return re.sub(r"\[([^\]]*)\]", r"\1", plain)


def _text(sheet: Sheet) -> str:
    """The sheet's words in the order of a one-column page."""
    content: dict[str, Any] = sheet.content
    headings = content["headings"]
    lines = [content["name"], content["headline"], *content["contact"], *content["extra"], content["summary"]]
    lines.append(headings["experience"])
    for job in content["jobs"]:
        lines += [
            job["title"],
            job["employer"],
            job["place"],
            job["dates"],
            job["context"],
            *job["bullets"],
            job["tools"],
        ]
    lines.append(headings["education"])
    for entry in content["education"]:
        lines.append(", ".join(part for part in (entry["degree"], entry["school"], entry["dates"]) if part))
    lines += [headings["skills"], ", ".join(content["skills"]), headings["languages"]]
    lines += [f"{spoken['name']} : {spoken['level']}" for spoken in content["languages"]]
    return "\n".join(line for line in lines if line)
