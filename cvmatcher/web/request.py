"""The request as this app reads it: htmx 4's headers, what the client wants back, form fields as clean text."""

from __future__ import annotations

import unicodedata
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from litestar.datastructures import FormMultiDict
from litestar.enums import RequestEncodingType
from litestar.utils.empty import value_or_default
from litestar.utils.scope.state import ScopeState
from litestar_htmx import HTMXRequest

from cvmatcher.domain import InvalidInput, NotSignedIn
from cvmatcher.store.people import User
from cvmatcher.web.catalogs import LANGUAGES, negotiated
from cvmatcher.web.render import Viewer

MESSAGE_BYTES = 4096


class WebRequest(HTMXRequest):
    """litestar-htmx 0.5 reads htmx 2's headers; these are htmx 4's."""

    @property
    def source(self) -> str:
        """The element that asked: `form#composer`."""
        return self.headers.get("hx-source", "")

    @property
    def is_partial(self) -> bool:
        """Whether a fragment is wanted: not by Back, not by a boosted page, not by a plain browser."""
        return self.headers.get("hx-request-type") == "partial"

    @property
    def wants_json(self) -> bool:
        accept = self.headers.get("accept", "")
        if "text/html" in accept:
            return False
        return "application/json" in accept or bool(bearer(self.headers.get("authorization", "")))

    @property
    def person(self) -> User:
        """Who asks. Raises NotSignedIn; behind a guard it never does."""
        user = self.scope.get("user")
        if not isinstance(user, User):
            raise NotSignedIn
        return user

    @property
    def viewer(self) -> Viewer:
        user = self.scope.get("user")
        user = user if isinstance(user, User) else None
        wish = (user.language if user else "") or self.cookies.get("language", "")
        language = wish if wish in LANGUAGES else negotiated(self.headers.get("accept-language", ""))
        csrf = value_or_default(ScopeState.from_scope(self.scope).csrf_token, "")
        return Viewer(language=language, user=user, csrf=csrf, path=self.url.path)

    async def form(self) -> FormMultiDict:
        """The form. Litestar would keep the last 1,024 bodies in memory, passwords included."""
        if self.content_type[0] != RequestEncodingType.URL_ENCODED:
            return await super().form()
        try:
            pairs = parse_qsl((await self.body()).decode("utf-8", "replace"), True, max_num_fields=1000)
        except ValueError as error:
            raise InvalidInput("too many fields") from error
        return FormMultiDict(pairs)

    async def fields(self) -> dict[str, str]:
        """The form's fields, the last of each name, as text that can be stored."""
        form = await self.form()
        return {name: clean(value) for name, value in form.multi_items() if isinstance(value, str)}

    def absolute(self, public_url: str | None, path: str) -> str:
        """One of our addresses to hand to a colleague: under PUBLIC_URL, else as the reader's browser has it."""
        return (public_url or str(self.base_url)).rstrip("/") + path

    async def back(self) -> str:
        """Where a form without JavaScript returns to: the page it stood on."""
        referrer = path_of(self.headers.get("referer", ""))
        return referrer if referrer != "/" else own_path((await self.fields()).get("back", "/"))


def bearer(authorization: str) -> str:
    """The token of an Authorization header, or nothing."""
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def clean(text: str) -> str:
    """NFC, no NUL or other control character but tab and newline, no lone surrogate."""
    text = text.replace("\r\n", "\n").encode("utf-8", "ignore").decode()
    kept = (one for one in text if one in "\n\t" or unicodedata.category(one) != "Cc")
    return unicodedata.normalize("NFC", "".join(kept))


def message_of(fields: dict[str, str]) -> str:
    """The question, or InvalidInput: empty, or more than 4 KB."""
    message = fields.get("message", "").strip()
    if not message:
        raise InvalidInput("empty message")
    if len(message.encode()) > MESSAGE_BYTES:
        raise InvalidInput("message too long", sentence="message_too_long")
    return message


def own_path(url: str) -> str:
    """The path of a URL if it is one of ours to return to, else "/"."""
    parts = urlsplit(url)
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    foreign = parts.scheme or parts.netloc or not path.startswith("/") or path.startswith("//") or "\\" in path
    return "/" if foreign or path.startswith("/login") else path


def path_of(url: str) -> str:
    """Path and query of an absolute URL that our own page sent (HX-Current-URL, Referer)."""
    parts = urlsplit(url)
    return own_path(parts.path + (f"?{parts.query}" if parts.query else ""))


def json_error(code: str, sentence: str, **details: Any) -> dict[str, Any]:
    return {"error": code, "message": sentence, **details}
