"""What people and scripts see when something is refused or fails: a page, a toast, or JSON; never a trace."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect
from pymongo.errors import ConnectionFailure, ExecutionTimeout, NetworkTimeout
from redis.exceptions import ConnectionError as RedisDown

from cvmatcher.domain import (
    AppError,
    Conflict,
    FileGone,
    InvalidInput,
    Misconfigured,
    NotAllowed,
    NotFound,
    NotSignedIn,
    PasswordIsTemporary,
    TooManyTries,
    Unavailable,
    Unreadable,
)
from cvmatcher.web import sentences
from cvmatcher.web.render import Renderer
from cvmatcher.web.request import WebRequest, json_error, own_path, path_of

log = logging.getLogger(__name__)

STATUS: dict[type[AppError], int] = {
    InvalidInput: 422,
    NotSignedIn: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    TooManyTries: 429,
    FileGone: 410,
    Unreadable: 422,
    Misconfigured: 503,
    Unavailable: 503,
}

HTTP_SENTENCES = {400: "invalid_input", 403: "csrf", 404: "not_found", 405: "method", 413: "too_large"}


def on_app_error(request: WebRequest, error: AppError) -> Response[Any]:
    if isinstance(error, NotSignedIn):
        return _to(request, "/login", 401, error)
    if isinstance(error, PasswordIsTemporary):
        return _to(request, "/password", 403, error)
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)
    if status == 500:
        log.error("%s %s: %s", request.method, _route(request), error, exc_info=error)
    sentence = error.details.get("sentence") or error.code
    headers = {}
    if status in {429, 503}:
        headers["Retry-After"] = str(error.details.get("retry_after", 5))
    return _answer(request, status, error.code, sentence, headers)


def on_http_error(request: WebRequest, error: HTTPException) -> Response[Any]:
    code = HTTP_SENTENCES.get(error.status_code, "error" if error.status_code >= 500 else "invalid_input")
    if error.status_code >= 500:
        log.error("%s %s: %s", request.method, _route(request), error, exc_info=error)
    return _answer(request, error.status_code, code, code, dict(error.headers or {}))


def on_lost_server(request: WebRequest, error: Exception) -> Response[Any]:
    """MongoDB or Redis away: not our bug, and it passes."""
    log.warning("%s %s: %s", request.method, _route(request), error)
    return _answer(request, 503, "unavailable", "unavailable", {"Retry-After": "5"})


def on_bug(request: WebRequest, error: Exception) -> Response[Any]:
    log.error("%s %s", request.method, _route(request), exc_info=error)
    return _answer(request, 500, "error", "error", {})


HANDLERS: dict[int | type[Exception], Any] = {
    AppError: on_app_error,
    HTTPException: on_http_error,
    ConnectionFailure: on_lost_server,
    NetworkTimeout: on_lost_server,
    ExecutionTimeout: on_lost_server,
    RedisDown: on_lost_server,
    Exception: on_bug,
}


def _route(request: WebRequest) -> str:
    """The route, not the address: an address may name a file, and with it a person."""
    return request.scope.get("path_template") or "?"


def _to(request: WebRequest, page: str, status: int, error: AppError) -> Response[Any]:
    """That page and back to the same place; htmx would swap a redirect's page into the target, so it is told to go."""
    if request.wants_json:
        return Response(json_error(error.code, sentences.ERRORS[error.code]), status_code=status)
    if request.htmx:
        back = path_of(request.headers.get("hx-current-url", "/"))
        headers = {"HX-Redirect": f"{page}?next={quote(back, safe='/')}"}
        return Response("", media_type="text/html", status_code=status, headers=headers)
    if request.headers.get("accept", "").startswith("text/event-stream"):
        return Response("", media_type="text/plain", status_code=status)
    back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    back = own_path(back) if request.method == "GET" else "/"
    return Redirect(f"{page}?next={quote(back, safe='/')}" if back != "/" else page, status_code=303)


def _answer(request: WebRequest, status: int, code: str, sentence: str, headers: dict[str, str]) -> Response[Any]:
    viewer = request.viewer
    render: Renderer = request.app.state.web.render
    said = render.say(viewer, sentences.ERRORS.get(sentence, sentence))
    if request.wants_json:
        return Response(json_error(code, said), status_code=status, headers=headers)
    if request.htmx and request.headers.get("hx-request-type") != "full":
        return render.partials(render.toast(viewer, said, kind="error"), status=status, headers=headers)
    page = render.page(viewer, "error.html", status=status, number=status, message=said)
    page.headers.update(headers)
    return page
