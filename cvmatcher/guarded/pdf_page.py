"""PDF bytes -> one page as a picture, and where its words stand. Runs inside the guarded child only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cvmatcher.domain import QuarantineReason, Unreadable
from cvmatcher.guarded import clean, mupdf, order
from cvmatcher.guarded.mupdf import pymupdf
from cvmatcher.guarded.pdf_text import open_pdf, words_on
from cvmatcher.guarded.words import Word

MOST_PIXELS = 12_000_000


def render(data: bytes, *, page: int, scale: float, max_pages: int) -> bytes:
    """PNG of the page, `scale` pixels per point."""
    try:
        shown = _load(open_pdf(data, max_pages=max_pages), page)
        most = math.sqrt(MOST_PIXELS / max(1.0, shown.rect.width * shown.rect.height))
        factor = min(scale, most)
        png: bytes = shown.get_pixmap(matrix=pymupdf.Matrix(factor, factor), alpha=False).tobytes("png")
    except mupdf.ERRORS as error:
        raise mupdf.failure(error) from error
    return png


def words(data: bytes, *, pages: Sequence[int], max_pages: int, max_chars: int) -> list[dict[str, Any]]:
    """Of each page {"width", "height", "rows": [[[x0, y0, x1, y1, text], …], …]} in points, in reading order."""
    document = open_pdf(data, max_pages=max_pages)
    return [_words(_load(document, page), max_chars) for page in pages]


def _words(page: Any, max_chars: int) -> dict[str, Any]:
    try:
        seen, _ = words_on(page, max_chars)
        width, height = page.rect.width, page.rect.height
    except mupdf.ERRORS as error:
        raise mupdf.failure(error) from error
    rows = [[_box(word) for word in row] for row in order.rows_of(seen) if row]
    return {"width": width, "height": height, "rows": rows}


def _box(word: Word) -> list[float | str]:
    return [word.x0, word.y0, word.x1, word.y1, clean.clean_line(word.text)]


def _load(document: Any, page: int) -> Any:
    if not 0 <= page < document.page_count:
        raise Unreadable(QuarantineReason.NO_PAGES, f"no page {page}")
    return document[page]
