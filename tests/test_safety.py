"""The safety baseline, line by line, where test_web_access does not hold it already."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import bson
import httpx
import pytest
from litestar import get

from cvmatcher import jobs, start, store
from cvmatcher.domain import Misconfigured
from cvmatcher.settings import Settings
from cvmatcher.store import people
from cvmatcher.store.people import Role, User
from cvmatcher.web.app import create_app
from cvmatcher.web.auth import open_to_all
from cvmatcher.web.security import HEADERS, Cookies
from cvmatcher.wiring import Services
from tests.site import (
    PASSWORD,
    WHOLE,
    Browser,
    Scripted,
    candidate,
    person,
    script,
    scripted,
    services_of,
    serving,
    turn_in,
    until,
)
from tests.test_web_access import ROUTES, address


@dataclass
class Site:
    base: str
    services: Services
    ada: User


@pytest.fixture
async def site(database: store.Database, tmp_path: Path) -> AsyncIterator[Site]:
    """With Redis away: nothing of the baseline rests on it."""
    queue = await jobs.open_queue("redis://127.0.0.1:1")
    services = services_of(database, queue, tmp_path)
    app = create_app(services, Scripted(WHOLE).run)

    @get("/bug", guards=[open_to_all], sync_to_thread=False)
    def bug() -> None:
        raise RuntimeError("a secret of the inside")

    app.register(bug)
    async with services.follower, serving(app) as base:
        yield Site(base, services, await person("ada", Role.ADMIN, can_export=True))
    await jobs.close_queue(queue)


def _wrong(answer: httpx.Response) -> list[str]:
    """Which of the promised headers an answer lacks or spoils."""
    wrong = [name for name in HEADERS if name not in answer.headers]
    policy = answer.headers.get("content-security-policy", "")
    wrong += [] if "default-src 'none'" in policy and "frame-ancestors 'none'" in policy else ["policy"]
    kept = answer.headers.get("cache-control", "")
    static = answer.request.url.path.startswith("/static/")
    wrong += [] if static or kept == "no-store" else [f"cache-control: {kept}"]
    return wrong


async def test_every_answer_of_every_route_has_its_headers(site: Site) -> None:
    """For strangers and for an administrator, with ids that exist and that do not; refusals and bugs too."""
    await candidate(1)
    scripted(site.services).bytes_of["1"] = b"%PDF-1.4"
    headers = script(await people.new_token(site.ada.id, "t"))
    wrong = []
    real = ["/cv/cand1", "/cv/cand1/pdf", "/cv/cand1/download", "/download/1.pdf", "/bug", "/static/app.js?v=1"]
    asked = [address(route) for route in ROUTES if route != "POST /settings/token"] + [("GET", path) for path in real]
    async with httpx.AsyncClient(base_url=site.base) as http:
        for method, path in asked:
            for sent in ({}, headers, {**headers, "Accept": "text/html"}):
                answer = await http.request(method, path, headers=sent)
                wrong += [(method, path, answer.status_code, one) for one in _wrong(answer)]
                assert "a secret of the inside" not in answer.text
                http.cookies.clear()
        large = await http.post("/privacy/find", headers=headers, data={"who": "x" * 70_000})
        assert large.status_code == 413
        assert _wrong(large) == []
    assert wrong == []


async def test_a_stream_and_the_candidate_s_pages_are_kept_by_nobody(site: Site) -> None:
    async with Browser(site.base) as browser:
        await browser.sign_in("ada")
        turn = turn_in((await browser.htmx("/turns", {"message": "python"})).text)
        stream = await browser.get(f"/turns/{turn}/events", Accept="text/event-stream")
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert _wrong(stream) == []


async def test_guessing_is_slowed_down_without_redis(site: Site) -> None:
    async with Browser(site.base) as browser:
        await browser.get("/login")
        tries = [browser.post("/login", {"name": "ada", "password": f"guess {n}"}) for n in range(14)]
        codes = sorted([one.status_code for one in await asyncio.gather(*tries)])
    assert codes == [422] * 10 + [429] * 4


async def test_secrets_of_people_are_kept_as_digests(site: Site, database: store.Database) -> None:
    token = await people.new_token(site.ada.id, "t")
    session = await people.start_session(site.ada.id)
    names = await database.list_collection_names()
    stored = b"".join([bson.encode(raw) for name in names for raw in await database[name].find({}).to_list()])
    for secret in (token, session, PASSWORD):
        assert secret.encode() not in stored
    row = await people.UserDocument.get(site.ada.id)
    assert row is not None
    assert row.password.startswith("$argon2id$")


def test_the_cookie_is_bound_to_its_host_and_to_https() -> None:
    """__Host-: Secure, the whole site, no domain; out of reach of scripts and of other sites' forms."""
    told = Cookies(https=True).holding("s").to_header(header="")
    assert told.startswith("__Host-session=s")
    for flag in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert flag.lower() in told.lower()
    assert "domain" not in told.lower()


@pytest.mark.parametrize(
    ("host", "public_url", "fine"),
    [
        ("127.0.0.1", None, True),
        ("0.0.0.0", "https://cv.example.org", True),  # noqa: S104 - never listened on here
        ("0.0.0.0", None, False),  # noqa: S104
        ("192.168.1.4", "http://cv.example.org", False),
    ],
)
def test_sessions_travel_in_the_clear_on_loopback_only(host: str, public_url: str | None, *, fine: bool) -> None:
    settings = Settings(_env_file=None, host=host, public_url=public_url)
    if fine:
        start.refuse_plain(settings)
        return
    with pytest.raises(Misconfigured, match="PUBLIC_URL=https"):
        start.refuse_plain(settings)


@pytest.mark.parametrize(("trusted", "believed"), [("", False), ("10.9.9.9", False), ("127.0.0.1", True)])
async def test_only_the_trusted_proxy_says_who_comes(
    site: Site, tmp_path: Path, trusted: str, *, believed: bool
) -> None:
    settings = site.services.settings.model_copy(update={"trusted_proxy": trusted, "port": 0, "log_level": "ERROR"})
    server = start.server_of(create_app(site.services, Scripted().run), settings)
    running = asyncio.create_task(start.serve(server))

    async def started() -> bool:
        return server.started

    await until(started)
    port = server.servers[0].sockets[0].getsockname()[1]
    forged = {"X-Forwarded-For": "203.0.113.9"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=forged) as http:
        await http.get("/login")
        sent = {"name": "ada", "password": "no", "_csrf_token": http.cookies["csrf"]}
        assert (await http.post("/login", data=sent)).status_code == 422
    server.should_exit = True
    await running
    counted = [raw["_id"] async for raw in people.TriesDocument.get_pymongo_collection().find({})]
    assert any(people._digest("203.0.113.9") in one for one in counted) is believed
    assert any(people._digest("127.0.0.1") in one for one in counted) is not believed


async def test_export_is_apart_from_roles(site: Site) -> None:
    headers = script(await people.new_token(site.ada.id, "t"))
    async with httpx.AsyncClient(base_url=site.base, headers=headers) as http:
        assert (await http.get("/likes.csv")).status_code == 200
        assert (await http.post(f"/users/{site.ada.id}/export")).status_code == 303
        assert (await http.get("/likes.csv")).status_code == 403
        assert (await http.post(f"/users/{site.ada.id}/export", data={"allowed": "yes"})).status_code == 303
        assert (await http.get("/likes.csv")).status_code == 200


async def test_a_disabled_account_is_shut_out_everywhere(site: Site) -> None:
    rita = await person("rita")
    session, token = await people.start_session(rita.id), await people.new_token(rita.id, "t")
    await people.set_disabled(rita.id, disabled=True)
    assert await people.session_user(session) is None
    assert await people.token_user(token) is None
    assert await people.check_password("rita", PASSWORD) is None
    await people.set_disabled(rita.id, disabled=False)
    assert await people.session_user(session) is None  # ended, not asleep
    assert await people.check_password("rita", PASSWORD) is not None
