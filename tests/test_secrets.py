"""No secret of a setting in logs, documents, pages or command output, whatever fails: a canary in each, and faults."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import bson
import httpx
import pytest
from pydantic import SecretStr

from cvmatcher import jobs, listing, search, store, worker
from cvmatcher.domain import Candidate, CVText, Unavailable
from cvmatcher.search import SearchRequest
from cvmatcher.settings import Settings
from cvmatcher.store import people, sources
from cvmatcher.store.people import Role
from cvmatcher.web.app import create_app
from cvmatcher.wiring import Services, open_services
from tests.servers.gemini import GeminiServer
from tests.servers.http import LocalServer, as_json
from tests.site import person, script, serving

KEY = "canary-gemini-7f3a"
SECRET_KEY = "canary-secret-key-91bd-" + "x" * 20
HUB = "canary-hub-token-55e1"
REDIS = "canary-redis-0c4e"
REFRESH, CLIENT = "canary-refresh-d07b", "canary-client-secret-2a9f"
CANARIES = (KEY, SECRET_KEY, HUB, REDIS, REFRESH, CLIENT)


@pytest.fixture
def refusing() -> Iterator[LocalServer]:
    """Google's token endpoint and Drive, which refuse and repeat what they were told."""

    def refuse(request: Any) -> Any:
        return as_json({"error": "invalid_grant", "error_description": request.body.decode()[:300]}, 400)

    with LocalServer(refuse) as server:
        yield server


@pytest.fixture
async def services(
    database: store.Database, servers: tuple[str, str], refusing: LocalServer, tmp_path: Path
) -> AsyncIterator[Services]:
    token = {
        "type": "authorized_user",
        "client_id": "id",
        "client_secret": CLIENT,
        "refresh_token": REFRESH,
        "token_uri": f"{refusing.url}/token",
    }
    with GeminiServer(key="another key") as gemini:
        values: dict[str, Any] = {
            "_env_file": None,
            "cvmatcher_home": tmp_path,
            "mongo_uri": SecretStr(servers[0]),
            "redis_url": SecretStr(f"redis://:{REDIS}@127.0.0.1:1/0"),
            "db_name": database.name,
            "secret_key": SecretStr(SECRET_KEY),
            "hf_token": SecretStr(HUB),
            "embedding_model": "minilm",
            "gemini_api_key": SecretStr(KEY),
            "gemini_base_url": gemini.url,
            "google_token_json": SecretStr(json.dumps(token)),
            "google_drive_folder_id": "folder",
            "drive_base_url": refusing.url,
        }
        async with open_services(Settings(**values)) as made:
            yield made


async def test_faults_tell_no_secret(
    services: Services, database: store.Database, servers: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "cvmatcher")
    password = urlsplit(servers[0]).password
    said = [repr(services.settings), str(services.settings.model_dump())]
    await _everything_fails(services)
    ada = await person("ada", Role.ADMIN)
    headers = script(await people.new_token(ada.id, "t"))
    async with services.follower, serving(create_app(services)) as base, httpx.AsyncClient(base_url=base) as http:
        for path in ("/diagnostic", "/diagnostic-ui", "/admin", "/welcome", "/update-status", "/privacy", "/health"):
            for accept in ("text/html", "application/json"):
                answer = await http.get(path, headers={**headers, "Accept": accept}, timeout=60)
                said.append(answer.text)
        said.append((await http.post("/admin/jobs/ingest", headers=headers)).text)
    assert any("GEMINI_API_KEY" in text for text in said)  # the faults were met, and are named by their setting
    said.append(caplog.text)
    for name in await database.list_collection_names():
        said += [bson.encode(raw).decode("latin-1") for raw in await database[name].find({}).to_list()]
    told = [canary for canary in (*CANARIES, password or REDIS) for text in said if canary in text]
    assert told == []


async def _everything_fails(services: Services) -> None:
    with pytest.raises(Unavailable):
        await services.ingest.structurer.structure(CVText(pages=("Ada Example\nPython developer",)))
    request = SearchRequest(message="python in Lyon", k=3)
    assert [event async for event in search.run(request, await services.search_parts())]

    async def never(_: Any) -> None:
        raise AssertionError

    drive = services.sources["drive"]
    await listing.look(drive, never, secret=b"s", seconds=5, lease_seconds=5)
    assert (await sources.get("drive")).error
    await jobs.enqueue_scan(services.queue, "drive")
    parts = worker.WorkerParts(services.ingest, services.queue, "redis://127.0.0.1:1")
    await worker.sweep(parts)


# ---------------------------------------------------------------------------------------------------------- commands


async def _command(home: Path, *arguments: str, **environment: str) -> str:
    """What a command says, of which nothing is to come: it is refused."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cvmatcher", *arguments),
        env={"PATH": "/usr/bin:/bin", "CVMATCHER_HOME": str(home), "PYTHONPATH": ":".join(sys.path), **environment},
        cwd=home,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode not in {0, None}
    return out.decode()


async def test_refused_commands_tell_no_secret(tmp_path: Path) -> None:
    short, wrong = "canary-short", "canary-mongo-77"
    commands = [
        _command(tmp_path, "status", SECRET_KEY=short),
        _command(tmp_path, "status", SECRET_KEY=SECRET_KEY, GEMINI_API_KEY=KEY, HF_TOKEN=HUB, PORT="many"),
        _command(
            tmp_path,
            "status",
            MONGO_URI=f"mongodb://me:{wrong}@127.0.0.1:1/?serverSelectionTimeoutMS=300",
            REDIS_URL=f"redis://:{REDIS}@127.0.0.1:1",
            SECRET_KEY=SECRET_KEY,
        ),
        _command(
            tmp_path,
            "status",
            MONGO_URI=f"mongodb://me:{wrong}@:@nowhere",
            REDIS_URL=f"redis://:{REDIS}@127.0.0.1:1",
            SECRET_KEY=SECRET_KEY,
        ),
    ]
    said = await asyncio.gather(*commands)
    assert "SECRET_KEY" in said[0]
    assert "PORT" in said[1]
    told = [canary for canary in (*CANARIES, short, wrong) for text in said if canary in text]
    assert told == []


def test_a_setting_that_does_not_fit_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "canary-short")
    with pytest.raises(ValueError, match="SECRET_KEY") as refused:
        Settings(_env_file=None)
    assert "canary-short" not in str(refused.value)


def test_a_candidate_s_text_is_in_no_error_of_ours() -> None:
    """A value that does not fit is named by its field; what it held is the CV's."""
    with pytest.raises(ValueError, match="Candidate") as refused:
        Candidate.model_validate({"id": "1", "pages": 5, "profile": {"name": ["Zoe Quetzalcoatl"]}})
    assert "Quetzalcoatl" not in str(refused.value)
