"""PDF bytes -> the text a person sees, and pictures of pages. Every look into a PDF happens in a guarded child.

Owns the limits on a PDF. Knows nothing of MuPDF: that is the child's (cvmatcher.guarded).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cvmatcher import guard
from cvmatcher.domain import CVText, QuarantineReason, Unreadable

_READER = "cvmatcher.guarded.pdf_text:read"
_RENDERER = "cvmatcher.guarded.pdf_page:render"
_LOCATOR = "cvmatcher.guarded.pdf_page:words"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a CV may be. An academic's, with all publications, reached 45 pages and 150,000 characters."""

    max_bytes: int = 30 << 20
    max_pages: int = 60
    max_chars: int = 400_000  # all pages together, hidden text included
    child: guard.Limits = field(default_factory=guard.Limits)


@dataclass(frozen=True, slots=True)
class PDFText:
    """`scans` are the zero-based pages that are pictures without text."""

    text: CVText
    scans: tuple[int, ...] = ()


async def read_pdf(data: bytes, *, limits: Limits | None = None) -> CVText:
    """Visible text in reading order; a blank line is a vertical gap, a tab a wide gap in a row.

    Raises Unreadable with the reason, Unavailable when no child can be started.
    """
    return (await _read(data, limits or Limits(), scans_too=False)).text


async def read_pdf_and_scans(data: bytes, *, limits: Limits | None = None) -> PDFText:
    """As read_pdf, but a PDF of scans alone is no refusal: its pages are empty and listed in `scans`."""
    return await _read(data, limits or Limits(), scans_too=True)


async def _read(data: bytes, limits: Limits, *, scans_too: bool) -> PDFText:
    check_size(data, limits)
    read: dict[str, Any] = await guard.run(
        _READER,
        data,
        limits=limits.child,
        max_pages=limits.max_pages,
        max_chars=limits.max_chars,
        scans_too=scans_too,
    )
    return PDFText(CVText(pages=tuple(read["pages"]), hidden_text=read["hidden"]), tuple(read["scans"]))


def check_size(data: bytes, limits: Limits) -> None:
    if not data:
        raise Unreadable(QuarantineReason.EMPTY_FILE)
    if len(data) > limits.max_bytes:
        raise Unreadable(QuarantineReason.TOO_LARGE, f"{len(data)} bytes")


@dataclass(frozen=True, slots=True)
class PageWords:
    """Where the words of a page stand: (x0, y0, x1, y1, text), points from the top left, in reading order."""

    width: float
    height: float
    words: tuple[tuple[float, float, float, float, str], ...]


async def render_page(
    data: bytes, page: int, *, scale: float = 1.5, marks: Sequence[str] = (), limits: Limits | None = None
) -> bytes:
    """Page `page` (zero-based) as PNG, `scale` pixels per point (less for huge pages), each mark highlighted.

    Marks are found whatever the line breaks and hyphens are. Raises Unreadable as `read_pdf` does, NO_PAGES for a page
    that is not there.
    """
    limits = limits or Limits()
    check_size(data, limits)
    png: bytes = await guard.run(
        _RENDERER,
        data,
        limits=limits.child,
        page=page,
        scale=scale,
        marks=list(marks),
        max_pages=limits.max_pages,
        max_chars=limits.max_chars,
    )
    return png


async def page_words(data: bytes, page: int, *, limits: Limits | None = None) -> PageWords:
    """The visible words of page `page` (zero-based), for a text layer over its picture. Raises Unreadable."""
    limits = limits or Limits()
    check_size(data, limits)
    found: dict[str, Any] = await guard.run(
        _LOCATOR, data, limits=limits.child, page=page, max_pages=limits.max_pages, max_chars=limits.max_chars
    )
    return PageWords(found["width"], found["height"], tuple((*box, text) for *box, text in found["words"]))
