"""PDF bytes -> the text a person sees, and pictures of pages. Every look into a PDF happens in a guarded child.

Owns the limits on a PDF. Knows nothing of MuPDF: that is the child's (cvmatcher.guarded).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
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
    """`scans` are the zero-based pages that are pictures without text; `pictures` the large ones on pages with text,
    each as its page and its box in points.
    """

    text: CVText
    scans: tuple[int, ...] = ()
    pictures: tuple[tuple[int, list[float]], ...] = ()


async def read_pdf(data: bytes, *, limits: Limits | None = None) -> CVText:
    """Visible text in reading order; a blank line is a vertical gap, a tab a wide gap in a row.

    Raises Unreadable with the reason, Unavailable when no child can be started.
    """
    return (await _read(data, limits or Limits(), scans_too=False)).text


async def read_pdf_and_scans(data: bytes, *, limits: Limits | None = None, pictures_too: bool = False) -> PDFText:
    """As read_pdf, but a PDF of scans alone is no refusal: its pages are empty and listed in `scans`.

    `pictures_too`: `pictures` are looked for, as in what LibreOffice made of a text document, where they are content;
    a designer's PDF is full of pictures that are ground and ornament.
    """
    return await _read(data, limits or Limits(), scans_too=True, pictures_too=pictures_too)


async def _read(data: bytes, limits: Limits, *, scans_too: bool, pictures_too: bool = False) -> PDFText:
    check_size(data, limits)
    read: dict[str, Any] = await guard.run(
        _READER,
        data,
        limits=limits.child,
        max_pages=limits.max_pages,
        max_chars=limits.max_chars,
        scans_too=scans_too,
        pictures_too=pictures_too,
    )
    text = CVText(pages=tuple(read["pages"]), hidden_text=read["hidden"])
    return PDFText(text, tuple(read["scans"]), tuple((page, box) for page, box in read["pictures"]))


def is_pdf(data: bytes) -> bool:
    """By its first bytes: a name may lie."""
    return b"%PDF-" in data[:1024]


def check_size(data: bytes, limits: Limits) -> None:
    if not data:
        raise Unreadable(QuarantineReason.EMPTY_FILE)
    if len(data) > limits.max_bytes:
        raise Unreadable(QuarantineReason.TOO_LARGE, f"{len(data)} bytes")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a page and its box, in points from the page's top left."""

    x0: float
    y0: float
    x1: float
    y1: float
    text: str


@dataclass(frozen=True, slots=True)
class PageWords:
    """Where the words of a page stand: rows in reading order. `width` and `height` in points."""

    width: float
    height: float
    rows: tuple[tuple[Word, ...], ...]

    @property
    def words(self) -> list[Word]:
        return [word for row in self.rows for word in row]

    def where(self, text: str) -> list[list[Word]]:
        """Each place where `text` stands, as its words.

        Compared by letters and digits alone: line breaks, hyphens and everything that cleaning changed do not count.
        """
        words, wanted = self.words, _letters(text)
        own = [_letters(word.text) for word in words]
        ends = list(accumulate(map(len, own)))
        page, found = "".join(own), []
        start = page.find(wanted) if wanted else -1
        while start >= 0:
            stop = start + len(wanted)
            found.append(
                [
                    word
                    for word, end, part in zip(words, ends, own, strict=True)
                    if part and end > start and end - len(part) < stop
                ]
            )
            start = page.find(wanted, stop)
        return found


def _letters(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


async def render_page(data: bytes, page: int, *, scale: float = 1.5, limits: Limits | None = None) -> bytes:
    """Page `page` (zero-based) as PNG, `scale` pixels per point (less for huge pages).

    Raises Unreadable as `read_pdf` does, NO_PAGES for a page that is not there.
    """
    limits = limits or Limits()
    check_size(data, limits)
    png: bytes = await guard.run(
        _RENDERER, data, limits=limits.child, page=page, scale=scale, max_pages=limits.max_pages
    )
    return png


async def page_words(data: bytes, pages: Sequence[int], *, limits: Limits | None = None) -> list[PageWords]:
    """The visible words of `pages` (zero-based), for a text layer over their pictures. Raises Unreadable."""
    limits = limits or Limits()
    check_size(data, limits)
    found: list[dict[str, Any]] = await guard.run(
        _LOCATOR, data, limits=limits.child, pages=list(pages), max_pages=limits.max_pages, max_chars=limits.max_chars
    )
    return [
        PageWords(one["width"], one["height"], tuple(tuple(Word(*word) for word in row) for row in one["rows"]))
        for one in found
    ]
