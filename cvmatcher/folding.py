"""Folding of text for comparison: lower case, no accents, one character for one, so that positions stay true."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


def fold(text: str) -> str:
    """Lower case without accents, of the same length as `text`."""
    return text.lower() if text.isascii() else "".join(map(_fold, text))


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    return unicodedata.normalize("NFKD", char)[0].lower()[0]
