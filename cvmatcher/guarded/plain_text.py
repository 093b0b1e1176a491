"""Bytes of a plain text file -> its text. Runs inside the guarded child only."""

from __future__ import annotations

from typing import Any

from charset_normalizer import from_bytes

from cvmatcher.domain import QuarantineReason, Unreadable
from cvmatcher.guarded import clean

MOST_CONTROLS = 0.01  # of all characters; more is no text
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read(data: bytes, *, max_chars: int) -> dict[str, Any]:
    """{"pages": [text, one a form feed], "hidden": ""}. Raises Unreadable."""
    if len(data) > 4 * max_chars:
        raise Unreadable(QuarantineReason.TOO_MUCH_TEXT)
    text = _decoded(data)
    controls = sum(char < " " and char not in "\t\n\r\f" for char in text)
    if controls > MOST_CONTROLS * len(text):
        raise Unreadable(QuarantineReason.UNSUPPORTED_TYPE, "not text")
    if len(text) > max_chars:
        raise Unreadable(QuarantineReason.TOO_MUCH_TEXT)
    pages = [clean.clean_lines(page.splitlines()) for page in text.split("\f")]
    if not any(pages):
        raise Unreadable(QuarantineReason.NO_TEXT)
    return {"pages": pages, "hidden": ""}


def _decoded(data: bytes) -> str:
    """UTF-8 where it is UTF-8; else by the marks at its start; else the likeliest of what French and English use."""
    if not data.startswith(_MARKS):
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            if b"\0" in data:
                raise Unreadable(QuarantineReason.UNSUPPORTED_TYPE, "not text") from None
    best = from_bytes(data, cp_isolation=["utf_8", "utf_16", "cp1252", "mac_roman", "cp850"]).best()
    if best is None:
        raise Unreadable(QuarantineReason.UNSUPPORTED_TYPE, "text in no known encoding")
    return str(best)
