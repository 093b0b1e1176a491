"""Whether a PDF still has all its pages. Runs inside the guarded child only.

A repaired file is fine when a person can read all of it in a viewer. A file that was cut short is not, and its page
tree does not say so by itself: MuPDF rebuilds what it finds. So a repaired file is followed from its page tree: each
page that was promised is there, and each object that a page draws on is there, whole.
"""

from __future__ import annotations

import re
from typing import Any

from cvmatcher.domain import QuarantineReason, Unreadable

_OBJECT = re.compile(rb"(?:^|[\r\n\s])(\d{1,10})\s+\d{1,5}\s+obj\b")
_REFERENCE = re.compile(r"\b(\d{1,10}) \d{1,5} R\b")
_FOLLOWED = ("Contents", "Resources", "MediaBox", "Rotate")  # of a page: not Parent, not Annots
MOST_OBJECTS = 20_000
MOST_NODES = 2_000  # of the page tree


def check(document: Any, data: bytes) -> None:
    """Raises Unreadable: DAMAGED when something is missing, NO_PAGES when the file never had a page."""
    repaired = bool(document.is_repaired)
    if document.page_count == 0:
        promised = repaired or _promised_pages(document) > 0 or b"/Contents" in data
        raise Unreadable(QuarantineReason.DAMAGED if promised else QuarantineReason.NO_PAGES)
    if not repaired:
        return
    if _promised_pages(document) > document.page_count:
        raise Unreadable(QuarantineReason.DAMAGED, "pages are missing")
    torn = _torn_object(data)
    for number in range(document.page_count):
        missing = _missing(document, document.page_xref(number), torn)
        if missing:
            raise Unreadable(QuarantineReason.DAMAGED, f"page {number} lacks object {missing}")


def _promised_pages(document: Any) -> int:
    """How many leaves the page tree names, found or not, or its own count if that is more."""
    kind, root = document.xref_get_key(document.pdf_catalog(), "Pages")
    if kind != "xref":
        return 0
    top = int(root.split()[0])
    leaves, waiting, known = 0, [top], set[int]()
    while waiting and len(known) < MOST_NODES:
        node = waiting.pop()
        if node in known:
            continue
        known.add(node)
        kids = _references(document.xref_get_key(node, "Kids")[1]) if _is_there(document, node) else []
        waiting.extend(kids)
        leaves += not kids and node != top
    _, count = document.xref_get_key(top, "Count")
    return max(leaves, min(int(count), 10_000) if count.isdigit() else 0)


def _missing(document: Any, page: int, torn: int) -> int:
    """The number of an object that the page needs and that is gone or torn, or 0."""
    known = set[int]()
    waiting = [ref for key in _FOLLOWED for ref in _references(document.xref_get_key(page, key)[1])]
    while waiting and len(known) < MOST_OBJECTS:
        number = waiting.pop()
        if number in known:
            continue
        known.add(number)
        if number == torn or not _is_there(document, number):
            return number
        waiting.extend(_references(re.sub(r"/Parent \d+ \d+ R", "", document.xref_object(number, compressed=True))))
    return 0


def _references(text: str) -> list[int]:
    return [int(number) for number in _REFERENCE.findall(text)]


def _is_there(document: Any, number: int) -> bool:
    return 0 < number < document.xref_length() and document.xref_object(number, compressed=True).strip() not in (
        "null",
        "",
    )


def _torn_object(data: bytes) -> int:
    """The number of the object in whose middle the file ends, or 0."""
    tail_start = data.rfind(b"endobj")
    last = None
    for last in _OBJECT.finditer(data, max(0, tail_start)):  # noqa: B007 - the last one counts
        pass
    return int(last[1]) if last is not None else 0
