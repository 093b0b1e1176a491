"""Who may do what: every route under every role, sign-in, sessions, CSRF, headers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from litestar._parsers import parse_url_encoded_form_data
from litestar.routes import HTTPRoute

from cvmatcher import jobs, store
from cvmatcher.store import people
from cvmatcher.store.people import Role, User
from cvmatcher.web.app import create_app
from cvmatcher.web.request import own_path
from tests.site import Browser, Scripted, person, script, services_of, serving

OPEN, SIGNED_IN, EXPORT, UPLOAD, ADMIN = "open", "signed in", "export", "upload", "admin"

ROUTES = {
    "GET /login": OPEN,
    "POST /login": OPEN,
    "POST /logout": OPEN,
    "GET /health": OPEN,
    "GET /health/live": OPEN,
    "GET /static/{file_path:path}": OPEN,
    "HEAD /static/{file_path:path}": OPEN,
    "GET /": SIGNED_IN,
    "GET /c/{conversation_id:str}": SIGNED_IN,
    "POST /c/{conversation_id:str}/rename": SIGNED_IN,
    "POST /c/{conversation_id:str}/delete": SIGNED_IN,
    "POST /turns": SIGNED_IN,
    "POST /turns/document": SIGNED_IN,
    "GET /turns/{turn_id:str}/events": SIGNED_IN,
    "GET /turns/{turn_id:str}/list": SIGNED_IN,
    "POST /turns/{turn_id:str}/stop": SIGNED_IN,
    "GET /cv/{candidate_id:str}": SIGNED_IN,
    "GET /cv/{candidate_id:str}/pdf": SIGNED_IN,
    "GET /cv/{candidate_id:str}/download": SIGNED_IN,
    "GET /cv/{candidate_id:str}/pages/{number:int}": SIGNED_IN,
    "GET /download/{name:str}": SIGNED_IN,
    "POST /cv/{candidate_id:str}/like": SIGNED_IN,
    "POST /cv/{candidate_id:str}/unlike": SIGNED_IN,
    "GET /likes": SIGNED_IN,
    "GET /likes.csv": EXPORT,
    "GET /lists": SIGNED_IN,
    "POST /lists": SIGNED_IN,
    "GET /lists/choose": SIGNED_IN,
    "POST /lists/undo/{change:str}": SIGNED_IN,
    "GET /lists/{list_id:str}": SIGNED_IN,
    "GET /lists/{list_id:str}/csv": EXPORT,
    "POST /lists/{list_id:str}/settings": SIGNED_IN,
    "POST /lists/{list_id:str}/choose": SIGNED_IN,
    "POST /lists/{list_id:str}/delete": SIGNED_IN,
    "POST /lists/{list_id:str}/restore": SIGNED_IN,
    "POST /lists/{list_id:str}/entries": SIGNED_IN,
    "POST /lists/{list_id:str}/entries/{candidate_id:str}": SIGNED_IN,
    "POST /lists/{list_id:str}/entries/{candidate_id:str}/remove": SIGNED_IN,
    "GET /compare": SIGNED_IN,
    "POST /compare/clear": SIGNED_IN,
    "POST /compare/{candidate_id:str}/pick": SIGNED_IN,
    "POST /compare/{candidate_id:str}/put-back": SIGNED_IN,
    "GET /searches": SIGNED_IN,
    "POST /searches": SIGNED_IN,
    "GET /searches/new": SIGNED_IN,
    "GET /searches/{search_id:str}": SIGNED_IN,
    "POST /searches/{search_id:str}/run": SIGNED_IN,
    "POST /searches/{search_id:str}/rename": SIGNED_IN,
    "POST /searches/{search_id:str}/delete": SIGNED_IN,
    "POST /searches/{search_id:str}/restore": SIGNED_IN,
    "GET /password": SIGNED_IN,
    "POST /password": SIGNED_IN,
    "GET /settings": SIGNED_IN,
    "POST /settings": SIGNED_IN,
    "POST /settings/password": SIGNED_IN,
    "POST /settings/token": SIGNED_IN,
    "POST /settings/blind": SIGNED_IN,
    "POST /cv/{candidate_id:str}/unmask": SIGNED_IN,
    "POST /cv/{candidate_id:str}/mask": SIGNED_IN,
    "GET /update-status": SIGNED_IN,
    "POST /update-cvs": ADMIN,
    "POST /clean-index": ADMIN,
    "GET /admin": ADMIN,
    "GET /admin/panel": ADMIN,
    "POST /admin/jobs/{kind:str}": ADMIN,
    "POST /admin/jobs/{job_id:str}/cancel": ADMIN,
    "POST /admin/retry": ADMIN,
    "POST /admin/removals": ADMIN,
    "POST /admin/model/switch": ADMIN,
    "POST /admin/model/discard": ADMIN,
    "POST /cv/{candidate_id:str}/others/{other_id:str}": ADMIN,
    "GET /admin/files": ADMIN,
    "GET /admin/file": ADMIN,
    "GET /uploads": UPLOAD,
    "POST /uploads": UPLOAD,
    "GET /uploads/row": UPLOAD,
    "POST /uploads/remove": UPLOAD,
    "GET /users": ADMIN,
    "POST /users/{user_id:str}/uploads": ADMIN,
    "POST /users": ADMIN,
    "POST /users/{user_id:str}/password": ADMIN,
    "POST /users/{user_id:str}/disable": ADMIN,
    "POST /users/{user_id:str}/enable": ADMIN,
    "POST /users/{user_id:str}/export": ADMIN,
    "GET /welcome": ADMIN,
    "GET /welcome/progress": ADMIN,
    "GET /welcome/checks": ADMIN,
    "GET /privacy": ADMIN,
    "POST /privacy/find": ADMIN,
    "POST /privacy/preview": ADMIN,
    "POST /privacy/erase": ADMIN,
    "POST /privacy/access": ADMIN,
    "POST /privacy/preferences": ADMIN,
    "POST /cv/{candidate_id:str}/contact": SIGNED_IN,
    "GET /audit": ADMIN,
    "GET /decisions": ADMIN,
    "GET /diagnostic": ADMIN,
    "GET /diagnostic-ui": ADMIN,
}


@dataclass
class Site:
    app: Litestar
    base: str
    rita: User
    ada: User


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path)
    app = create_app(services, Scripted().run)
    async with services.follower, serving(app) as base:
        yield Site(app, base, await person("rita"), await person("ada", Role.ADMIN))
    await jobs.close_queue(queue)


def routes_of(app: Litestar) -> set[str]:
    found = set()
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            found |= {f"{method} {route.path}" for handler in route.route_handlers for method in handler.http_methods}
    return {one for one in found if not one.startswith("OPTIONS ")}


def address(route: str) -> tuple[str, str]:
    """Method and a path whose ids do not exist."""
    method, _, path = route.partition(" ")
    parts = ["1" if "int" in part else "nothing" if part.startswith("{") else part for part in path.split("/")]
    return method, "/".join(parts)


def test_every_route_is_listed_here(site: Site) -> None:
    assert routes_of(site.app) == set(ROUTES)


async def test_head_answers_as_get(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.base) as http:
        for path, status in (("/login", 200), ("/health/live", 200), ("/nowhere", 404), ("/", 303)):
            answer = await http.head(path)
            assert answer.status_code == status, path
            assert answer.text == ""


async def test_every_route_lets_in_whom_it_should(site: Site) -> None:
    """Scripts of five kinds of people; what is behind the guard may be missing, but not forbidden."""
    gone, exporter = await person("gina"), await person("erik", can_export=True)
    uploader = await person("uma", can_upload=True)
    owners = {"recruiter": site.rita, "exporter": exporter, "uploader": uploader, "admin": site.ada, "disabled": gone}
    tokens = {who: await people.new_token(user.id, "t") for who, user in owners.items()} | {"nobody": "cvm_nonsense"}
    await people.set_disabled(gone.id, disabled=True)
    signed_in = {"recruiter", "exporter", "uploader", "admin"}
    allowed = {
        OPEN: set(tokens),
        SIGNED_IN: signed_in,
        EXPORT: {"exporter"},
        UPLOAD: {"uploader", "admin"},
        ADMIN: {"admin"},
    }
    wrong = []
    async with httpx.AsyncClient(base_url=site.base) as http:
        for route, need in sorted(ROUTES.items(), key=lambda one: one[0] == "POST /settings/token"):  # it ends tokens
            method, path = address(route)
            for who, token in tokens.items():
                code = (await http.request(method, path, headers=script(token))).status_code
                refused = 0 if who in allowed[need] else 403 if who in signed_in else 401
                if (code in {401, 403}) if refused == 0 else (code != refused):
                    wrong.append((route, who, code))
            http.cookies.clear()
    assert wrong == []


async def test_a_visitor_is_sent_to_the_login(site: Site) -> None:
    async with Browser(site.base) as browser:
        for route in sorted(one for one in ROUTES if ROUTES[one] != OPEN and one.startswith("GET")):
            _, path = address(route)
            answer = await browser.get(path)
            assert answer.status_code == 303, route
            assert answer.headers["location"].startswith("/login")
            fragment = await browser.get(
                path, **{"HX-Request": "true", "HX-Current-URL": f"{site.base}/likes?sort=name"}
            )
            assert fragment.status_code == 401, route
            assert fragment.headers["hx-redirect"] == "/login?next=/likes%3Fsort%3Dname"
            assert "<form" not in fragment.text


# --------------------------------------------------------------------------------------------------- signing in, out


async def test_a_login_makes_a_new_session(site: Site) -> None:
    async with Browser(site.base) as browser:
        await browser.sign_in("Rita")
        first = browser.http.cookies["session"]
        assert (await browser.get("/likes")).status_code == 200
        token = browser.token
        again = await browser.post("/login", {"name": "rita", "password": "correct horse", "_csrf_token": token})
        assert again.status_code == 303
        cookie = again.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert browser.http.cookies["session"] != first
        assert await people.session_user(first) is None
        await browser.post("/logout")
        assert (await browser.get("/likes")).status_code == 303


async def test_no_password_stays_in_memory(site: Site) -> None:
    before = parse_url_encoded_form_data.cache_info().misses
    async with Browser(site.base) as browser:
        assert (await browser.sign_in("rita")).status_code == 303
    assert parse_url_encoded_form_data.cache_info().misses == before


async def test_a_session_planted_before_the_login_is_worth_nothing(site: Site) -> None:
    async with Browser(site.base) as browser:
        browser.http.cookies.set("session", "planted", domain="127.0.0.1")
        await browser.sign_in("rita")
        assert await people.session_user("planted") is None
        assert await people.session_user(browser.http.cookies["session"]) is not None


async def test_behind_https_the_cookies_are_host_bound(
    database: store.Database, redis_url: str, tmp_path: Path
) -> None:
    queue = await jobs.open_queue(redis_url)
    services = services_of(database, queue, tmp_path, public_url="https://cv.example.org")
    async with serving(create_app(services, Scripted().run)) as base, httpx.AsyncClient(base_url=base) as http:
        answer = await http.get("/login", headers={"Accept": "text/html"})
    assert answer.headers["set-cookie"].startswith("__Host-csrf=")
    assert "secure" in answer.headers["set-cookie"].lower()
    assert "max-age" in answer.headers["strict-transport-security"]
    await jobs.close_queue(queue)


async def test_disabling_ends_a_session_at_once(site: Site) -> None:
    async with Browser(site.base) as rita, Browser(site.base) as ada:
        await rita.sign_in("rita")
        await ada.sign_in("ada")
        assert (await ada.post(f"/users/{site.rita.id}/disable")).status_code == 303
        assert (await rita.get("/likes")).status_code == 303
        assert (await rita.sign_in("rita")).status_code == 422
        assert (await ada.post(f"/users/{site.ada.id}/disable")).status_code == 403


async def test_wrong_passwords_are_counted_atomically(site: Site) -> None:
    async with Browser(site.base) as browser:
        await browser.get("/login")
        wrong = {"name": "rita", "password": "no"}
        answers = await asyncio.gather(*(browser.post("/login", wrong) for _ in range(15)))
        codes = sorted(one.status_code for one in answers)
        assert codes == [422] * 10 + [429] * 5
        right = await browser.post("/login", {"name": "RITA ", "password": "correct horse"})
        assert right.status_code == 429
        assert int(right.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("/likes?sort=name", "/likes?sort=name"),
        ("https://evil.example/x", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/login?next=/", "/"),
        ("", "/"),
    ],
)
def test_one_returns_only_to_our_own_pages(url: str, kept: str) -> None:
    assert own_path(url) == kept


# ------------------------------------------------------------------------------------------------------------ writes


async def test_a_write_needs_its_token(site: Site) -> None:
    async with Browser(site.base) as browser:
        await browser.sign_in("rita")
        bare = await browser.http.post("/turns", data={"message": "x"})
        assert bare.status_code == 403
        assert "Reload it" in bare.text
        forged = await browser.http.post("/turns", data={"message": "x", "_csrf_token": "0" * 128})
        assert forged.status_code == 403
        header = await browser.http.post("/settings", headers={"x-csrftoken": browser.token}, data={"theme": "dark"})
        assert header.status_code == 303


async def test_a_bearer_passes_without_a_token_only_without_a_cookie(site: Site) -> None:
    headers = script(await people.new_token(site.rita.id, "t"))
    async with httpx.AsyncClient(base_url=site.base) as http:
        assert (await http.post("/cv/none/unlike", headers=headers)).status_code == 200
        with_cookie = await http.post("/cv/none/unlike", headers=headers | {"Cookie": "session=x"})
        assert with_cookie.status_code == 403


async def test_writes_from_another_site_are_refused(site: Site) -> None:
    async with Browser(site.base) as browser:
        await browser.sign_in("rita")
        refused = await browser.post("/turns", {"message": "x"}, **{"Sec-Fetch-Site": "cross-site"})
        assert refused.status_code == 403
        assert "another website" in refused.text


# ----------------------------------------------------------------------------------------------------------- headers


@pytest.mark.parametrize("path", ["/login", "/", "/nowhere", "/static/app.css", "/static/none.css", "/health"])
async def test_every_answer_has_its_headers(site: Site, path: str) -> None:
    async with httpx.AsyncClient(base_url=site.base, headers={"Accept": "text/html"}) as http:
        answer = await http.get(path)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    if not path.startswith("/static"):
        assert answer.headers["cache-control"] == "no-store"
        assert "HX-Request-Type" in answer.headers["vary"]


async def test_health_says_alive_and_ready(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.base) as http:
        answer = await http.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"live": True, "ready": True, "documents": True, "index": True}


async def test_unknown_addresses_answer_in_the_reader_s_way(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.base) as http:
        page = await http.get("/nowhere", headers={"Accept": "text/html", "Accept-Language": "fr-FR,fr;q=0.9"})
        data = await http.get("/nowhere", headers={"Accept": "application/json"})
    assert page.status_code == data.status_code == 404
    assert "Il n’y a rien à cette adresse" in page.text
    assert data.json()["error"] == "not_found"


@pytest.mark.parametrize("path", ["/static/%00", "/cv/%00/download", "/%00"])
async def test_a_nul_in_an_address_is_no_bug(site: Site, path: str) -> None:
    async with Browser(site.base) as visitor:
        assert (await visitor.get(path)).status_code == 404
