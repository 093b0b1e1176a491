"""Signing in and out; the session or token of each request; the guards that routes name."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pymongo
from litestar import Response, get, post
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.middleware.authentication import AbstractAuthenticationMiddleware, AuthenticationResult
from litestar.params import QueryParameter
from litestar.response import Redirect

from cvmatcher.domain import InvalidInput, NotAllowed, NotSignedIn, PasswordIsTemporary, TooManyTries
from cvmatcher.store import audit, people
from cvmatcher.store.people import User
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.parts import Web
from cvmatcher.web.request import WebRequest, bearer, own_path

PATIENCE = 2.5  # seconds that a request waits for MongoDB before it answers 503

Connection = ASGIConnection[Any, Any, Any, Any]


class WhoAsks(AbstractAuthenticationMiddleware):
    """Puts the user of the session or of the bearer token into the scope, or None. Guards decide what that means."""

    async def authenticate_request(self, connection: Connection) -> AuthenticationResult:
        with pymongo.timeout(PATIENCE):
            token = bearer(connection.headers.get("authorization", ""))
            if token:
                return AuthenticationResult(user=await people.token_user(token), auth=None)
            secret = connection.cookies.get(connection.app.state.web.cookies.name, "")
            return AuthenticationResult(user=await people.session_user(secret) if secret else None, auth=secret or None)


# ---------------------------------------------------------------------------------------------------------- guards


def open_to_all(connection: Connection, handler: BaseRouteHandler) -> None:
    """Named by the few routes that need no login, so that a route without a guard is a mistake."""


def known(connection: Connection, _: BaseRouteHandler) -> None:
    """Signed in, be it with a password that has to be changed first."""
    if not isinstance(connection.scope.get("user"), User):
        raise NotSignedIn


def signed_in(connection: Connection, handler: BaseRouteHandler) -> None:
    known(connection, handler)
    if connection.scope["user"].temporary and connection.scope["auth"]:  # a token is no password
        raise PasswordIsTemporary


def admin(connection: Connection, handler: BaseRouteHandler) -> None:
    signed_in(connection, handler)
    if not connection.scope["user"].is_admin:
        raise NotAllowed


def may_export(connection: Connection, handler: BaseRouteHandler) -> None:
    signed_in(connection, handler)
    if not connection.scope["user"].may_export:
        raise NotAllowed


def may_upload(connection: Connection, handler: BaseRouteHandler) -> None:
    signed_in(connection, handler)
    if not connection.scope["user"].may_upload:
        raise NotAllowed


# ------------------------------------------------------------------------------------------------------ in and out

Next = Annotated[str, QueryParameter(name="next", max_length=2000)]


@get("/login", guards=[open_to_all])
async def login_page(request: WebRequest, web: Web, next_url: Next = "/") -> Response[Any]:
    if request.scope.get("user"):
        return Redirect(own_path(next_url), status_code=303)
    return web.render.page(request.viewer, "auth/login.html", next_url=own_path(next_url), problem="", name="")


@post("/login", guards=[open_to_all], status_code=200)
async def login(request: WebRequest, web: Web) -> Response[Any]:
    """A new session id, whatever the visitor came with; the count of tries comes before the password is looked at."""
    fields = await request.fields()
    name, next_url = fields.get("name", ""), own_path(fields.get("next", "/"))
    problem: Literal["", "wrong", "slow"] = ""
    user, wait = None, 0
    try:
        await people.count_try(name, web.address_of(request))
        user = await people.check_password(name, fields.get("password", "")[:1000])
        problem = "" if user else "wrong"
    except TooManyTries as refused:
        problem, wait = "slow", int(refused.details["retry_after"])
    if user is None:
        page = web.render.page(
            request.viewer,
            "auth/login.html",
            status=429 if wait else 422,
            next_url=next_url,
            problem=problem,
            name=name,
        )
        if wait:
            page.headers["Retry-After"] = str(wait)
        return page
    if request.auth:
        await people.end_session(request.auth)
    secret = await people.start_session(user.id)
    await audit.append(user.id, "signed in")
    return Redirect(next_url, status_code=303, cookies=[web.cookies.holding(secret)])


@get("/password", guards=[known])
async def password_page(request: WebRequest, web: Web, next_url: Next = "/") -> Response[Any]:
    """Where whoever signed in with a password that an admin made chooses one of their own; others have settings."""
    if not request.person.temporary:
        return Redirect("/settings", status_code=303)
    return web.render.page(request.viewer, "auth/password.html", next_url=own_path(next_url), problem="")


@post("/password", guards=[known], status_code=200)
async def choose_password(request: WebRequest, web: Web) -> Response[Any]:
    """Only in place of a temporary password, which was asked for at the door: a changed one needs the old one."""
    fields, user = await request.fields(), request.person
    if not user.temporary:
        raise InvalidInput("the password is one's own")
    new, next_url = fields.get("password", "")[:1000], own_path(fields.get("next", "/"))
    problem = ""
    if await people.check_password(user.name, new):
        problem = SAME_AGAIN
    else:
        try:
            await people.set_password(user.id, new)
        except InvalidInput:
            problem = TOO_SHORT
    if problem:
        return web.render.page(
            request.viewer,
            "auth/password.html",
            status=422,
            next_url=next_url,
            problem=web.render.say(request.viewer, problem),
        )
    await audit.append(user.id, "changed password", user.id)
    return Redirect(next_url, status_code=303, cookies=[web.cookies.holding(await people.start_session(user.id))])


SAME_AGAIN, TOO_SHORT = (
    _("This is the password you were given. Choose another."),
    _("A password has at least 8 characters."),
)


@post("/logout", guards=[open_to_all], status_code=200)
async def logout(request: WebRequest, web: Web) -> Response[Any]:
    if request.scope.get("auth"):
        await people.end_session(request.scope["auth"])
    cookies = [web.cookies.gone()]
    if request.htmx:
        return Response("", media_type="text/html", cookies=cookies, headers={"HX-Redirect": "/login"})
    return Redirect("/login", status_code=303, cookies=cookies)


HANDLERS = (login_page, login, password_page, choose_password, logout)
