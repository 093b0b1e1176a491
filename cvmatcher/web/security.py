"""Headers on every answer, and which writes are refused before any handler sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.middleware.csrf import CSRFMiddleware
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from cvmatcher.domain import NotAllowed, NotFound
from cvmatcher.web.request import bearer

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def add_headers(*, https: bool) -> Any:
    """A before_send hook; Litestar runs it for errors and static files too."""

    async def before_send(message: Message, scope: Scope) -> None:
        if message["type"] != "http.response.start":
            return
        headers = MutableScopeHeaders.from_message(message)
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        if https:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        if scope["path"].startswith("/static/"):
            kept = b"v=" in scope.get("query_string", b"") and message["status"] == 200
            headers["Cache-Control"] = "public, max-age=31536000, immutable" if kept else "no-cache"
            return
        headers.setdefault("Cache-Control", "no-store")
        headers["Vary"] = "HX-Request, HX-Request-Type, Accept, Accept-Language, Cookie"

    return before_send


def _header(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name), "")


class Head:
    """HEAD is GET without the body, which the server leaves out. Outside the routes: they are made for GET alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and scope["method"] == "HEAD":
            scope = cast(HTTPScope, {**scope, "method": "GET"})
        await self._app(scope, receive, send)


class Impossible:
    """A NUL in a path names nothing, and the file system would raise a ValueError over it. Raises NotFound."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == ScopeType.HTTP and "\0" in scope["path"]:
            raise NotFound("no such page")
        await self.app(scope, receive, send)


class CrossSite:
    """Refuses writes that another site's page sends, whatever token they carry."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == ScopeType.HTTP
            and scope["method"] not in SAFE_METHODS
            and _header(scope, b"sec-fetch-site") == "cross-site"
        ):
            raise NotAllowed("cross-site write", sentence="cross_site")
        await self.app(scope, receive, send)


class CSRF(CSRFMiddleware):
    """Litestar's check, except that a script with a bearer token and no cookie has nothing to forge."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        script = scope["type"] == ScopeType.HTTP and bearer(_header(scope, b"authorization"))
        if script and not _header(scope, b"cookie"):
            await self.app(scope, receive, send)
            return
        await super().__call__(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Cookies:
    """How the session's cookie is named and flagged: plain only on http, which only loopback should be."""

    https: bool

    @property
    def name(self) -> str:
        return "__Host-session" if self.https else "session"

    def holding(self, secret: str) -> Cookie:
        return Cookie(
            key=self.name, value=secret, path="/", secure=self.https, httponly=True, samesite="lax", max_age=14 * 86400
        )

    def gone(self) -> Cookie:
        return Cookie(key=self.name, value="", path="/", secure=self.https, httponly=True, samesite="lax", max_age=0)
