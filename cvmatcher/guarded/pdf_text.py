"""PDF bytes -> visible text per page, hidden text apart. Runs inside the guarded child only.

Owns what makes a PDF unreadable, except running out of limits, which the guard sees.
"""

from __future__ import annotations

import re
from typing import Any

from cvmatcher.domain import QuarantineReason, Unreadable
from cvmatcher.guarded import clean, mupdf, order, visible, wholeness
from cvmatcher.guarded.mupdf import pymupdf
from cvmatcher.guarded.words import Word, words_of

_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_ACCURATE_BBOXES
_MARKUP = re.compile(rb"<\s*(!doctype|html|head|body|script|svg|\?php|iframe)\b", re.IGNORECASE)

_TORN = ("zlib error", "too many syntax errors", "treating as end of file")  # the page's own text did not come whole


def read(
    data: bytes, *, max_pages: int, max_chars: int, scans_too: bool = False, pictures_too: bool = False
) -> dict[str, Any]:
    """{"pages": [text of page 0, …], "hidden": text, "scans": [page, …], "pictures": [[page, box], …]}.

    `scans` are the pages that are a picture without text. `scans_too`: a file of nothing else is no refusal.
    `pictures_too`: the large pictures on pages with text are looked for. Raises Unreadable, or MemoryError.
    """
    mupdf.warnings()
    document = open_pdf(data, max_pages=max_pages)
    mupdf.warnings()
    pages: list[str] = []
    hidden: list[str] = []
    scans: list[int] = []
    pictures: list[tuple[int, list[float]]] = []
    try:
        for number in range(document.page_count):
            page = document[number]
            shown, unseen = _page(page, max_chars)
            pages.append(shown)
            hidden.append(unseen)
            if not shown and visible.is_picture(page):
                scans.append(number)
            elif shown and pictures_too:
                pictures += [(number, box) for box in visible.large_pictures(page)]
            max_chars -= len(shown) + len(unseen)
    except mupdf.ERRORS as error:
        raise mupdf.failure(error) from error
    hidden_text = "\n".join(text for text in hidden if text)
    if not any(pages) and not (scans and scans_too):
        raise Unreadable(QuarantineReason.HIDDEN_TEXT_ONLY if hidden_text else QuarantineReason.NO_TEXT)
    return {"pages": pages, "hidden": hidden_text, "scans": scans, "pictures": pictures}


def open_pdf(data: bytes, *, max_pages: int) -> Any:
    """The document, known to be a PDF with pages, whole and open to read."""
    _check_kind(data)
    try:
        document = pymupdf.open(stream=data, filetype="pdf")
        if document.needs_pass:
            raise Unreadable(QuarantineReason.ENCRYPTED)
        count = document.page_count
        if count <= max_pages:
            wholeness.check(document, data)
    except mupdf.ERRORS as error:
        raise mupdf.failure(error) from error
    if count > max_pages:
        raise Unreadable(QuarantineReason.TOO_MANY_PAGES, f"{count} pages")
    return document


def _check_kind(data: bytes) -> None:
    if not data.strip(b"\0\t\n\r\f "):
        raise Unreadable(QuarantineReason.EMPTY_FILE)
    start = data.find(b"%PDF-", 0, 1024)
    if _MARKUP.search(data[:1024]) and start >= 0:
        raise Unreadable(QuarantineReason.POLYGLOT)
    if start != 0:
        raise Unreadable(QuarantineReason.NOT_A_PDF)
    end_of_zip = data.rfind(b"PK\x05\x06", max(0, len(data) - 65_600))
    if end_of_zip >= 0 and len(data) - end_of_zip >= 22:
        comment = int.from_bytes(data[end_of_zip + 20 : end_of_zip + 22], "little")
        if end_of_zip + 22 + comment == len(data):
            raise Unreadable(QuarantineReason.POLYGLOT)


def _page(page: Any, max_chars: int) -> tuple[str, str]:
    """(what a person sees, what they do not). Takes the text off the page while it works."""
    seen, unseen = words_on(page, max_chars)
    hidden = " ".join(clean.clean_line(word.text) for word in unseen if any(map(str.isalnum, word.text)))
    return clean.clean_lines(order.lines_of(seen)), hidden.strip()


def words_on(page: Any, max_chars: int) -> tuple[list[Word], list[Word]]:
    """(words seen, words not seen), those of form fields and notes among them. Takes the text off the page."""
    written = _words(page, max_chars, notes=False)
    known = {(word.text, round(word.x0), round(word.base)) for word in written}
    filled_in = [
        word
        for word in (_words(page, max_chars, notes=True) if page.first_annot or page.first_widget else [])
        if (word.text, round(word.x0), round(word.base)) not in known
    ]
    return visible.sort_out(page, written, filled_in)


def _words(page: Any, max_chars: int, *, notes: bool) -> list[Word]:
    text_page = mupdf.text_page(page, _FLAGS, notes=notes)
    complaints = mupdf.warnings()
    mupdf.check_memory(complaints)
    if any(sign in complaints for sign in _TORN):
        raise Unreadable(QuarantineReason.DAMAGED, complaints[:200])
    if len(text_page.extractText()) > max_chars:
        raise Unreadable(QuarantineReason.TOO_MUCH_TEXT)
    return words_of(text_page.extractRAWDICT())
