"""HTML: pages, fragments and stream messages. The only module that calls templates.

A page and its update use the same fragment: `fragment()` renders `_x.html`, a page includes it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from gettext import NullTranslations
from typing import Any
from urllib.parse import quote

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Response
from markupsafe import Markup, escape

from cvmatcher.alternatives import groups
from cvmatcher.store.people import User
from cvmatcher.store.shortlisted import Stage
from cvmatcher.web import links, sentences
from cvmatcher.web.catalogs import LANGUAGES, translations
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.places import folder
from cvmatcher.web.turnview import state_of


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, and how: what every template needs to know of the request."""

    language: str
    user: User | None = None
    csrf: str = ""
    path: str = "/"


@dataclass(frozen=True, slots=True)
class Partial:
    """One swap of a reply that has several: `html` goes to `target` in htmx's `swap` style."""

    target: str
    html: str
    swap: str = "innerHTML"

    def __html__(self) -> str:
        return f'<hx-partial hx-target="{escape(self.target)}" hx-swap="{escape(self.swap)}">{self.html}</hx-partial>'


MARKS = {  # icons of what `state_of` gives
    "met": "circle-check",
    "partly": "contrast",
    "not_found": "circle-dashed",
    "pending": "circle-dashed",
    "absent": "circle-check",
    "present": "ban",
}
OR = _(" or ")
Catalog = Callable[[str], NullTranslations]

JUST_NOW, SOON = _("just now"), _("in a moment")
MINUTE = timedelta(minutes=1)


class Renderer:
    """Jinja environments, one per language. `catalog` gives a language's sentences; tests bring their own."""

    def __init__(self, catalog: Catalog = translations) -> None:
        self._catalog = catalog

    @cached_property
    def _environments(self) -> dict[str, Environment]:
        return {language: _environment(language, self._catalog(language)) for language in LANGUAGES}

    def text(self, viewer: Viewer, template: str, **context: Any) -> Markup:
        """One template as HTML."""
        environment = self._environments[viewer.language]
        return Markup(environment.get_template(template).render(viewer=viewer, **context))  # noqa: S704  # autoescaped

    def page(self, viewer: Viewer, template: str, *, status: int = 200, **context: Any) -> Response[str]:
        """A whole page."""
        return _html(self.text(viewer, template, **context), status)

    def fragment(
        self,
        viewer: Viewer,
        template: str,
        *,
        partials: tuple[Partial, ...] = (),
        headers: dict[str, str] | None = None,
        title: str = "",
        **context: Any,
    ) -> Response[str]:
        """A fragment for its target, with further swaps after it; `title` becomes the page's."""
        named = Markup("<title>{} · CVmatcher</title>").format(title) if title else Markup("")
        body = named + self.text(viewer, template, **context) + self.join(partials)
        return _html(body, 200, headers)

    def partials(self, *partials: Partial, status: int = 200, headers: dict[str, str] | None = None) -> Response[str]:
        """Swaps only; the element that asked stays as it is."""
        return _html(self.join(partials), status, headers)

    def toast(self, viewer: Viewer, message: str, **context: Any) -> Partial:
        """A note at the bottom of the page. Context: `undo` (URL to post to), `kind` ("info", "error")."""
        return Partial("#toasts", self.text(viewer, "_toast.html", message=message, **context), "beforeend")

    def say(self, viewer: Viewer, sentence: str, **values: Any) -> str:
        """A marked sentence in the viewer's language."""
        return self._catalog(viewer.language).gettext(sentence) % values

    @staticmethod
    def join(partials: tuple[Partial, ...] | list[Partial]) -> Markup:
        return Markup("").join(partials)


def _html(body: str, status: int, headers: dict[str, str] | None = None) -> Response[str]:
    return Response(body, media_type="text/html", status_code=status, headers=headers)


def sse(number: int, data: str = "", event: str = "") -> bytes:
    """One message of an event stream, in wire format. `data` may have several lines."""
    lines = [f"id: {number}"]
    if event:
        lines.append(f"event: {event}")
    lines += [f"data: {line}" for line in data.splitlines()] or (["data:"] if event else [])
    return ("\n".join(lines) + "\n\n").encode()


# ------------------------------------------------------------------------------------------------ what templates see


def _environment(language: str, catalog: NullTranslations) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder("templates")),
        autoescape=True,
        extensions=["jinja2.ext.i18n"],
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["ext.i18n.trimmed"] = True
    environment.install_gettext_translations(catalog, newstyle=True)  # type: ignore[attr-defined]
    environment.filters.update(
        {
            "ago": partial(_ago, language=language, near=(catalog.gettext(JUST_NOW), catalog.gettext(SOON))),
            "day": partial(_day, language=language),
            "moment": partial(_moment, language=language),
            "month": partial(_month, language=language),
            "tongue": partial(_tongue, language=language),
            "duration": partial(_duration, language=language),
            "grammar": partial(_grammar, language=language),
            "figure": partial(_figure, language=language),
            "signed": partial(_signed, language=language),
            "number": partial(_number, language=language),
            "sentence": lambda code, table: catalog.gettext(sentences.TABLES[table].get(str(code), str(code))),
            "alternatives": groups,
            "either": lambda group: catalog.gettext(OR).join(one.label for one in group),
            "link": lambda criteria: f"/?criteria={quote(links.encoded(criteria), safe='')}",
            "linked": links.encoded,
            "compact_json": lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":")),
            "unwrapped": _unwrapped,
            "unbulleted": lambda text: re.sub(r"^[•◦▪▸‣●○■·*–—-]\s+", "", text),  # the mark of a list is no word
            "dialled": lambda value: re.sub(r"(?<!^)\D|^[^\d+]", "", str(value)),
            "url_part": lambda value: quote(str(value), safe=""),
        }
    )
    environment.globals.update(
        {
            "asset": _asset,
            "icon": _icon,
            "other_language": _other(language),
            "state_of": state_of,
            "mark_icon": MARKS.get,
            "stages": tuple(Stage),
        }
    )
    return environment


def _other(language: str) -> str:
    return next(one for one in LANGUAGES if one != language)


def _ago(moment: datetime, language: str, near: tuple[str, str]) -> str:
    """No seconds: the page stands while they go on."""
    passed = datetime.now(UTC) - moment
    if abs(passed) < MINUTE:
        return near[passed < timedelta(0)]
    return format_timedelta(-passed, add_direction=True, locale=language)


def _day(moment: datetime, language: str) -> str:
    return format_date(moment, "long", locale=language)


def _moment(moment: datetime, language: str) -> str:
    return format_datetime(moment, "medium", locale=language)


def _month(stamp: str | None, language: str) -> str:
    """Stamp "2024-03" -> "Mar 2024"; "2024" stays; anything else is shown as it is."""
    try:
        return format_date(datetime.strptime(stamp or "", "%Y-%m").date(), "MMM y", locale=language)  # noqa: DTZ007
    except ValueError:
        return stamp or ""


def _number(value: float, language: str) -> str:
    return format_decimal(value, format="#,##0.#", locale=language)


def _unwrapped(text: str) -> str:
    """Lines that a narrow page broke off, whole again: one that begins small goes on the line before it."""
    return re.sub(r"(?<![.;:!?\s])[ \t]*\n[ \t]*(?=[a-zà-ÿ(])", " ", text)


def _figure(value: float, language: str) -> str:
    """A measure between -1 and 1, three places."""
    return format_decimal(value, format="0.000", locale=language)


def _signed(value: float, language: str) -> str:
    """A difference of two measures."""
    return format_decimal(value, format="+0.000;−0.000", locale=language)


def _duration(ms: int, language: str) -> str:
    """Milliseconds as people read them: "85 ms", "1,2 s"."""
    return f"{_number(ms, language)} ms" if ms < 1000 else f"{_number(ms / 1000, language)} s"


def _grammar(value: float, language: str) -> int:
    """1 where the language says it in the singular, else 2: 1.2 years, but 1,2 an."""
    return 1 if Locale(language).plural_form(value) == "one" else 2


def _tongue(code: str, language: str) -> str:
    """ISO 639-1 -> "German", "allemand"."""
    return str(Locale(language).languages.get(code, code))


_digests: dict[str, str] = {}


def _asset(name: str) -> str:
    """The URL of a static file, with its content's digest so that it may be kept for a year."""
    if name not in _digests:
        _digests[name] = hashlib.sha256((folder("static") / name).read_bytes()).hexdigest()[:8]
    return f"/static/{name}?v={_digests[name]}"


def _icon(name: str, label: str = "") -> Markup:
    """An icon of the sprite; without a label, which is its tooltip too, it is decoration."""
    named = Markup(' role="img"><title>{}</title>').format(label) if label else Markup(' aria-hidden="true">')
    return Markup('<svg class="icon"{}<use href="{}#{}"/></svg>').format(named, _asset("icons.svg"), name)
