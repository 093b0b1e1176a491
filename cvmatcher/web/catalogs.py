"""The gettext catalogs, read at start from .po files, and which language a person gets. English is the source text."""

from __future__ import annotations

import io
import re
from functools import cache
from gettext import GNUTranslations, NullTranslations

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from cvmatcher.web.places import folder

LANGUAGES = ("en", "fr")
LOOSE = re.compile("(?<=«) | (?=[:;?!»])")  # a space of French at which no line may break


@cache
def translations(language: str) -> NullTranslations:
    """The catalog of one of LANGUAGES; nothing is compiled to disk."""
    with (folder("locales") / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    for one in catalog if language == "fr" else ():
        one.string = _tied(one.string) if isinstance(one.string, str) else tuple(map(_tied, one.string or ()))
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _tied(text: str) -> str:
    return LOOSE.sub("\N{NO-BREAK SPACE}", text)


def mark(text: str) -> str:
    """Marks a sentence for the catalogs where it stands; it is translated where it is shown."""
    return text


def negotiated(accept_language: str) -> str:
    """The first of LANGUAGES that a browser's Accept-Language asks for, by its weights; English otherwise."""
    wishes = []
    for place, part in enumerate(accept_language.split(",")[:20]):
        tag, _, parameters = part.strip().partition(";")
        try:
            weight = float(parameters.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        wishes.append((-weight, place, tag.strip().lower().split("-")[0]))
    return next((tag for _, _, tag in sorted(wishes) if tag in LANGUAGES), "en")
