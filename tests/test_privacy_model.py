"""What the language model is told: never who a person is; and nothing at all while it is switched off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from cvmatcher import jobs, search, store, worker
from cvmatcher.domain import Criterion, CriterionKind, CVText, EarlierTurn, Judged, Ordered, Status, StatusCode
from cvmatcher.search import SearchRequest
from cvmatcher.settings import Settings
from cvmatcher.store import preferences
from cvmatcher.store.preferences import Preferences
from cvmatcher.wiring import Services, open_services
from tests.ingesting import all_candidates
from tests.servers.gemini import GeminiServer, honest, prompt_of

CV = """Zoé Quetzalcoatl
12 rue Xyzzyplugh, 69003 Lyon
zoe.quetzalcoatl@xyzzymail.example | +33 6 98 76 54 32 | linkedin.com/in/zquetzal
Née le 14/03/1984, mariée, 2 enfants

Développeuse Python

EXPÉRIENCE PROFESSIONNELLE
2018 - 2024 Développeuse Python, Atelier Numérique, Lyon
Zoé Quetzalcoatl a conduit la refonte en Python d'un outil de paie.

COMPÉTENCES
Python, Django, PostgreSQL

LANGUES
Allemand courant
"""
IDENTITY = ["quetzalcoatl", "xyzzy", "98 76 54", "zquetzal", "14/03/1984", "mariée", "zoé", "zoe"]


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        server.decide(honest)
        yield server


@pytest.fixture
async def services(
    database: store.Database, servers: tuple[str, str], redis_url: str, gemini: GeminiServer, tmp_path: Path
) -> AsyncIterator[Services]:
    folder = tmp_path / "cvs"
    folder.mkdir()
    (folder / "CV Zoé Quetzalcoatl.txt").write_text(CV)
    values: dict[str, Any] = {
        "_env_file": None,
        "cvmatcher_home": tmp_path / "home",
        "cv_folder": folder,
        "mongo_uri": SecretStr(servers[0]),
        "redis_url": SecretStr(redis_url),
        "db_name": database.name,
        "secret_key": SecretStr("s" * 32),
        "embedding_model": "minilm",
        "gemini_api_key": SecretStr(gemini.key),
        "gemini_base_url": gemini.url,
    }
    async with open_services(Settings(**values)) as made:
        yield made


async def _read_all(services: Services) -> None:
    await jobs.request_scan(services.queue, "tests")
    await worker.run(services, burst=True)


def _told(gemini: GeminiServer) -> dict[str, list[str]]:
    """What the model was told so far, by the kind of answer that was asked for."""
    told: dict[str, list[str]] = {}
    for request in gemini.requests:
        if request.method == "POST":
            kind = request.json["generationConfig"]["responseJsonSchema"]["title"]
            told.setdefault(kind, []).append(prompt_of(request))
    return told


async def test_no_call_names_the_person_and_none_is_made_when_switched_off(
    services: Services, gemini: GeminiServer
) -> None:
    await preferences.save(Preferences(ai=False))
    await _read_all(services)
    (zoe,) = await all_candidates()
    assert zoe.profile.name == "Zoé Quetzalcoatl"
    assert zoe.structured_by.startswith("rules")
    async with services.follower:
        request = SearchRequest(message="développeuse Python à Lyon", k=3)
        events = [event async for event in search.run(request, await services.search_parts())]
        assert not [one for one in events if isinstance(one, Status) and one.code is StatusCode.SIMPLE_ORDER]
        assert [one.by for one in events if isinstance(one, Ordered)] == ["rules"]
        assert _told(gemini) == {}

        await preferences.save(Preferences(ai=True))
        await services.ingest.structurer.structure(CVText(pages=zoe.pages))
        earlier = EarlierTurn(
            message="comme Zoé Quetzalcoatl, zoe.quetzalcoatl@xyzzymail.example",
            criteria=(Criterion(id="c1", kind=CriterionKind.TEXT, value="zoé quetzalcoatl", label="Zoé Quetzalcoatl"),),
        )
        message = "Zoé Quetzalcoatl ou qui lui ressemble, développeuse Python, tél. +33 6 98 76 54 32"
        request = SearchRequest(message=message, conversation=(earlier,), k=3)
        events = [event async for event in search.run(request, await services.search_parts())]
        assert [one for one in events if isinstance(one, Judged)]
        assert "CriteriaAnswer" not in _told(gemini)  # a message that names somebody is understood by rules
        criteria = (earlier.criteria[0], Criterion(id="c2", kind=CriterionKind.SKILL, value="python", label="Python"))
        for request in (
            SearchRequest(message="développeuse Python, mail à moi@xyzzymail.example ou +33 6 98 76 54 32", k=3),
            SearchRequest(message="Zoé Quetzalcoatl", criteria=criteria, k=3),
        ):
            events = [event async for event in search.run(request, await services.search_parts())]
            assert [one for one in events if isinstance(one, Ordered)][-1].by == "gemini-3.5-flash"
    told = _told(gemini)
    assert set(told) == {"ProfileAnswer", "CriteriaAnswer", "VerdictsAnswer"}
    seen = [
        (kind, word) for kind, texts in told.items() for text in texts for word in IDENTITY if word in text.casefold()
    ]
    assert seen == []
    assert all("python" in text.casefold() for texts in told.values() for text in texts)
