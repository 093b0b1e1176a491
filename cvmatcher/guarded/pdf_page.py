"""PDF bytes -> one page as a picture, and where its words stand. Runs inside the guarded child only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from cvmatcher.domain import QuarantineReason, Unreadable
from cvmatcher.guarded import clean, mupdf, order
from cvmatcher.guarded.mupdf import pymupdf
from cvmatcher.guarded.pdf_text import open_pdf, words_on
from cvmatcher.guarded.words import Word

MOST_PIXELS = 12_000_000
MOST_MARKS = 100


def render(data: bytes, *, page: int, scale: float, marks: Sequence[str], max_pages: int, max_chars: int) -> bytes:
    """PNG of the page, `scale` pixels per point, the marks highlighted wherever they stand."""
    boxes = list(_found(_words_in_order(data, page, max_pages, max_chars), marks)) if marks else []
    try:
        shown = _load(data, page, max_pages)
        for box in boxes:
            shown.add_highlight_annot(pymupdf.Rect(box) * shown.derotation_matrix)
        most = math.sqrt(MOST_PIXELS / max(1.0, shown.rect.width * shown.rect.height))
        factor = min(scale, most)
        png: bytes = shown.get_pixmap(matrix=pymupdf.Matrix(factor, factor), alpha=False).tobytes("png")
    except mupdf.ERRORS as error:
        raise mupdf.failure(error) from error
    return png


def words(data: bytes, *, page: int, max_pages: int, max_chars: int) -> dict[str, Any]:
    """{"width", "height", "words": [[x0, y0, x1, y1, text], …]} in points, in reading order."""
    shown = _load(data, page, max_pages)
    found = _words_in_order(data, page, max_pages, max_chars)
    return {
        "width": shown.rect.width,
        "height": shown.rect.height,
        "words": [[word.x0, word.y0, word.x1, word.y1, clean.clean_line(word.text)] for word in found],
    }


def _load(data: bytes, page: int, max_pages: int) -> Any:
    document = open_pdf(data, max_pages=max_pages)
    if not 0 <= page < document.page_count:
        raise Unreadable(QuarantineReason.NO_PAGES, f"no page {page}")
    return document[page]


def _words_in_order(data: bytes, page: int, max_pages: int, max_chars: int) -> list[Word]:
    try:
        seen, _ = words_on(_load(data, page, max_pages), max_chars)
    except mupdf.ERRORS as error:
        raise mupdf.failure(error) from error
    return [word for row in order.rows_of(seen) for word in row]


def _found(words: Sequence[Word], marks: Sequence[str]) -> Iterator[tuple[float, float, float, float]]:
    """The boxes of the words that a mark covers.

    Compared by letters and digits alone: line breaks, hyphens and everything that cleaning changed do not count.
    """
    letters = [_letters(word.text) for word in words]
    ends = list(accumulate(map(len, letters)))
    text = "".join(letters)
    for mark in map(_letters, marks[:MOST_MARKS]):
        start = text.find(mark) if mark else -1
        while start >= 0:
            for word, end, own in zip(words, ends, letters, strict=True):
                if end > start and end - len(own) < start + len(mark) and own:
                    yield (word.x0, word.y0, word.x1, word.y1)
            start = text.find(mark, start + len(mark))


def _letters(text: str) -> str:
    return "".join(char for char in clean.clean_line(text).casefold() if char.isalnum())
