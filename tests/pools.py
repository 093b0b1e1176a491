"""Small pools of candidates in the fake indexes, for tests of the search."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cvmatcher import passages
from cvmatcher.adapters.rules_interpreter import RulesInterpreter
from cvmatcher.adapters.rules_reranker import RulesReranker
from cvmatcher.domain import (
    Candidate,
    Criterion,
    CVText,
    Dossier,
    Experience,
    Profile,
    SearchEvent,
    SpokenLanguage,
    Verdict,
)
from cvmatcher.ports import VectorEntry
from cvmatcher.search import SearchParts, SearchRequest, run
from tests.fakes import FakeVectorIndex, FakeWordIndex, HashEmbedder

WRITTEN = datetime(2025, 1, 1, tzinfo=UTC)


def candidate(name: str, text: str, **profile: object) -> Candidate:
    """A CV of one page; `profile` as a structurer would have read it."""
    cv = CVText(pages=(text,))
    known = Profile(name=name, **profile)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Candidate(
        id=f"id-{name.split(maxsplit=1)[0].lower()}",
        content_hash=digest,
        file_key=f"folder:{name}",
        file_name=f"{name}.pdf",
        profile=known,
        pages=cv.pages,
        passages=passages.split(cv, known),
        ingested_at=WRITTEN,
    )


def developer(name: str, place: str, language: str = "", skill: str = "Python", extra: str = "") -> Candidate:
    """A developer who lives in `place`, with one skill and perhaps a language "de:Allemand : courant"."""
    code, _, said = language.partition(":")
    lines = [
        name,
        f"Développeur {skill}",
        place,
        f"Développeur {skill} chez Acme, 2018 - 2024",
        f"Compétences : {skill}",
        said,
        extra,
    ]
    return candidate(
        name,
        "\n".join(line for line in lines if line),
        headline=f"Développeur {skill}",
        location=place,
        skills=(skill,),
        experiences=(Experience(title=f"Développeur {skill}", employer="Acme", start="2018", end="2024"),),
        languages=(SpokenLanguage(code=code, text=said),) if code else (SpokenLanguage(code="fr", text="Français"),),
        years_experience=6.0,
        language="fr",
    )


@dataclass
class Pool:
    """Candidates in memory, and the parts that search them."""

    candidates: Sequence[Candidate]
    read: list[str] = field(default_factory=list)  # ids asked of the store

    async def parts(self) -> SearchParts:
        embedder, vectors, words = HashEmbedder(), FakeVectorIndex(), FakeWordIndex()
        for c in self.candidates:
            rows = await embedder.embed([p.text for p in c.passages], "passage")
            vectors.apply([VectorEntry(c.id, c.content_hash, embedder.model_id, rows)], [])
        words.apply(self.candidates, [])
        return SearchParts(
            embedder=embedder,
            vectors=vectors,
            words=words,
            rules=RulesInterpreter(),
            judge_by_rules=RulesReranker(),
            read_candidates=self._by_ids,
        )

    async def _by_ids(self, ids: Sequence[str]) -> dict[str, Candidate]:
        self.read += ids
        known = {c.id: c for c in self.candidates}
        return {i: known[i] for i in ids if i in known}


async def events_of(pool: Pool, message: str, k: int = 20, **changed: object) -> list[SearchEvent]:
    """All events of one turn; `changed` replaces parts."""
    parts = replace(await pool.parts(), **changed)  # type: ignore[arg-type]
    return [event async for event in run(SearchRequest(message, k=k), parts)]


Script = Callable[[Sequence[Criterion], Sequence[Dossier]], AsyncIterator[Verdict]]


@dataclass
class Scripted:
    """A Reranker that does what the test says."""

    script: Script
    name: str = "scripted"

    def judge(self, criteria: Sequence[Criterion], dossiers: Sequence[Dossier]) -> AsyncIterator[Verdict]:
        return self.script(criteria, dossiers)
