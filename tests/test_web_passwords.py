"""A password that an administrator made: shown once, changed at the first sign-in, and nothing else until then."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from cvmatcher import jobs, store
from cvmatcher.store import audit, people
from cvmatcher.store.people import Role, User
from cvmatcher.web.app import create_app
from tests.site import HTMX, Browser, Scripted, person, script, services_of, serving

OWN = "a password of my own"


@dataclass
class Site:
    base: str
    ada: Browser
    admin: User
    hugo: User


@pytest.fixture
async def site(database: store.Database, redis_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    queue = await jobs.open_queue(redis_url)
    app = create_app(services_of(database, queue, tmp_path), Scripted().run)
    admin, hugo = await person("ada", Role.ADMIN), await person("hugo")
    async with serving(app) as base, Browser(base) as ada:
        await ada.signed_in(admin)
        await ada.get("/users")  # its forms have the token
        yield Site(base, ada, admin, hugo)
    await jobs.close_queue(queue)


def _given(answer: httpx.Response) -> str:
    found = re.search(r'<input readonly value="([^"]+)"', answer.text)
    assert found is not None
    return found[1]


async def _walk_in(browser: Browser, name: str, password: str) -> None:
    """With the password made by an admin, then with one of their own."""
    await browser.sign_in(name, password)
    stopped = await browser.get("/likes?sort=name")
    assert stopped.headers["location"] == "/password?next=/likes%3Fsort%3Dname"
    assert (await browser.get("/", **HTMX)).headers["hx-redirect"].startswith("/password")
    await browser.get("/password")
    for bad in ("short", password):
        assert (await browser.post("/password", {"password": bad, "next": "/likes"})).status_code == 422
    chosen = await browser.post("/password", {"password": OWN, "next": "/likes"})
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/likes")
    assert (await browser.get("/likes")).status_code == 200


async def test_a_new_account_chooses_its_password_at_the_first_sign_in(site: Site) -> None:
    made = await site.ada.post("/users", {"name": "nina", "role": "recruiter"})
    assert "has not chosen a password yet" in made.text
    async with Browser(site.base) as nina:
        await _walk_in(nina, "nina", _given(made))
    assert "has not chosen a password yet" not in (await site.ada.get("/users")).text
    assert await people.check_password("nina", OWN)
    assert await people.check_password("nina", _given(made)) is None


async def test_a_reset_ends_sessions_and_tokens_and_stands_in_the_audit_log(site: Site) -> None:
    token = await people.new_token(site.hugo.id, "t")
    async with Browser(site.base) as hugo, httpx.AsyncClient(base_url=site.base, headers=script(token)) as http:
        await hugo.signed_in(site.hugo)
        made = await site.ada.post(f"/users/{site.hugo.id}/password")
        assert "hugo can sign in" in made.text
        assert (await hugo.get("/likes")).headers["location"].startswith("/login")
        assert (await http.get("/likes")).status_code == 401
        assert _given(made) not in (await site.ada.get("/users")).text  # shown once
        await _walk_in(hugo, "hugo", _given(made))
    acts = [row.act for row in await audit.about(site.hugo.id)]
    assert acts.count("reset password") == 1
    assert acts.count("changed password") == 1


async def test_nobody_resets_their_own_nor_changes_an_own_one_without_the_old(site: Site) -> None:
    assert (await site.ada.post(f"/users/{site.admin.id}/password")).status_code == 403
    assert (await site.ada.post("/users/nobody/password")).status_code == 404
    assert (await site.ada.get("/password")).headers["location"] == "/settings"
    assert (await site.ada.post("/password", {"password": OWN})).status_code == 422
    assert await people.check_password("ada", OWN) is None


async def test_a_script_s_token_does_not_wait_for_the_password(site: Site) -> None:
    made = await people.add_user("robot", "made by an admin", Role.RECRUITER, temporary=True)
    token = await people.new_token(made.id, "t")
    async with httpx.AsyncClient(base_url=site.base, headers=script(token)) as http:
        assert (await http.get("/likes")).status_code == 200
