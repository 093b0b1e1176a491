"""Criteria as a compact parameter of a URL, for a link that a colleague can open: "must:skill:python:Python;…".

Owns that spelling, both ways. A link starts nothing: it fills in a search that a person then sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote, unquote

from pydantic import ValidationError

from cvmatcher.domain import Criterion, InvalidInput

MOST_CRITERIA = 30
MOST_LETTERS = 200  # of a value or a label
EXTRAS = ("minimum", "maximum", "level", "within_km", "or_remote", "either")


def encoded(criteria: Sequence[Criterion]) -> str:
    """The parameter's value; still to be escaped as one where it stands in a URL."""
    return ";".join(map(_spelt, criteria))


def _spelt(criterion: Criterion) -> str:
    extras = criterion.model_dump(mode="json", include=set(EXTRAS), exclude_defaults=True)
    parts = [criterion.need, criterion.kind, criterion.value, criterion.label]
    limits = [f"{name}={value}" for name, value in extras.items()]
    return ":".join([quote(one, safe=" ") for one in parts] + [quote(one, safe=" =") for one in limits])


def decoded(text: str) -> tuple[Criterion, ...]:
    """The criteria of a link. Raises InvalidInput where it is none of ours."""
    pieces = [one for one in text.split(";") if one]
    if len(pieces) > MOST_CRITERIA:
        raise InvalidInput("too many criteria")
    return tuple(_read(f"c{number}", piece) for number, piece in enumerate(pieces, start=1))


def _read(name: str, piece: str) -> Criterion:
    parts = [unquote(one) for one in piece.split(":")]
    extras = dict(one.partition("=")[::2] for one in parts[4:])
    if len(parts) < 4 or set(extras) - set(EXTRAS) or max(map(len, parts)) > MOST_LETTERS:
        raise InvalidInput("no criterion")
    if not parts[3].strip() or not all(map(str.isprintable, parts)):
        raise InvalidInput("no criterion")
    fields = dict(zip(("need", "kind", "value", "label"), parts, strict=False)) | extras
    try:
        return Criterion.model_validate_strings({"id": name, **fields})
    except ValidationError as error:
        raise InvalidInput("no criterion") from error
