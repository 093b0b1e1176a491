"""DOCX bytes -> its text. Runs inside the guarded child only.

A DOCX has no pages until something lays it out: its text is one page. Hidden text (the `hidden` mark, white, at most
2 points) is kept apart as in a PDF.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml.ns import qn

from cvmatcher.domain import QuarantineReason, Unreadable
from cvmatcher.guarded import clean
from cvmatcher.guarded.visible import LARGE_PICTURE

MOST_ENTRIES = 2_000
MOST_UNPACKED = 100 << 20  # bytes, all entries together
MOST_RATIO = 200  # unpacked to packed, for entries of more than a megabyte; text packs 10 to 30 times
SMALLEST = 4  # half points
POINT = 12_700  # of Word's units
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp")

_BROKEN = (
    PackageNotFoundError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    SyntaxError,
    ValueError,
)
_SKIPPED = {
    qn("w:del"),
    qn("w:instrText"),
    qn("w:delText"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",
}


def read(data: bytes, *, max_chars: int) -> dict[str, Any]:
    """{"pages": [text], "hidden": text, "pictures": [entry of the package, …]}; no page when pictures are all there is.

    `pictures` are the large ones, in reading order. Raises Unreadable, or MemoryError.
    """
    names = _check_package(data)
    try:
        document = Document(io.BytesIO(data))
    except _BROKEN as error:
        raise Unreadable(QuarantineReason.DAMAGED, str(error)[:200]) from error
    hidden: list[str] = []
    lines: list[str] = []
    for part in _parts(document):
        lines.extend(_lines(part, hidden))
    if sum(map(len, lines)) + sum(map(len, hidden)) > max_chars:
        raise Unreadable(QuarantineReason.TOO_MUCH_TEXT)
    text, unseen = clean.clean_lines(lines), clean.clean_line(" ".join(hidden))
    if not text and any(name.startswith("word/media/") for name in names):
        return {"pages": [], "hidden": unseen, "pictures": []}
    if not text:
        raise Unreadable(QuarantineReason.HIDDEN_TEXT_ONLY if unseen else QuarantineReason.NO_TEXT)
    return {"pages": [text], "hidden": unseen, "pictures": _large_pictures(document)}


def _large_pictures(document: Any) -> list[str]:
    """By the size at which they are shown: a portrait or a logo is smaller. Drawings in Word's own formats are left."""
    found: dict[str, None] = {}
    for drawing in document.element.body.iter(qn("w:drawing")):
        size, blip = next(drawing.iter(qn("wp:extent")), None), next(drawing.iter(qn("a:blip")), None)
        if size is None or blip is None or not _is_large(size):
            continue
        relation = document.part.rels.get(blip.get(qn("r:embed")) or "")
        if relation is None or relation.is_external:
            continue
        name = str(relation.target_part.partname).lstrip("/")
        if name.lower().endswith(PICTURES):
            found[name] = None
    return list(found)


def _is_large(size: Any) -> bool:
    try:
        return int(size.get("cx", "0")) * int(size.get("cy", "0")) >= LARGE_PICTURE * POINT**2
    except ValueError:
        return False


def _check_package(data: bytes) -> set[str]:
    """The names of its entries. By the archive's own list, before anything is unpacked; the limits on the child hold
    if that list lies.
    """
    try:
        entries = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Unreadable(QuarantineReason.DAMAGED, str(error)[:200]) from error
    names = {entry.filename for entry in entries}
    if "word/document.xml" not in names:
        raise Unreadable(QuarantineReason.UNSUPPORTED_TYPE, "a ZIP archive, but no Word document")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable(QuarantineReason.ENCRYPTED)
    unpacked = sum(entry.file_size for entry in entries)
    dense = any(entry.file_size > max(1 << 20, MOST_RATIO * max(1, entry.compress_size)) for entry in entries)
    if len(entries) > MOST_ENTRIES or unpacked > MOST_UNPACKED or dense:
        raise Unreadable(QuarantineReason.TOO_LARGE, f"{len(entries)} entries, {unpacked} bytes unpacked")
    return names


def _parts(document: Any) -> Iterator[Any]:
    """The XML roots in reading order: first header, body, first footer."""
    section = document.sections[0] if len(document.sections) else None
    if section is not None:
        yield section.header._element  # noqa: SLF001 - the library offers no reading order of its own
    yield document.element.body
    if section is not None:
        yield section.footer._element  # noqa: SLF001


def _lines(element: Any, hidden: list[str]) -> Iterator[str]:
    """One line a paragraph; a table row is one line, its cells set apart by tabs, when each has a single paragraph."""
    for child in element:
        if child.tag in _SKIPPED:
            continue
        if child.tag == qn("w:p"):
            boxes: list[Any] = []
            yield from _paragraph(child, hidden, boxes).split("\n")
            for box in boxes:
                yield from _lines(box, hidden)
        elif child.tag == qn("w:tr"):
            yield from _row(child, hidden)
        elif len(child):
            yield from _lines(child, hidden)


def _row(row: Any, hidden: list[str]) -> Iterator[str]:
    cells = [[line for line in _lines(cell, hidden) if line.strip()] for cell in row.iterchildren(qn("w:tc"))]
    filled = [cell for cell in cells if cell]
    if all(len(cell) == 1 for cell in filled):
        yield "\t".join(cell[0] for cell in filled)
        return
    for cell in filled:
        yield from cell


def _paragraph(paragraph: Any, hidden: list[str], boxes: list[Any]) -> str:
    parts: list[str] = []
    if paragraph.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None:
        parts.append("• ")
    _collect(paragraph, parts, hidden, boxes)
    return "".join(parts)


def _collect(element: Any, parts: list[str], hidden: list[str], boxes: list[Any]) -> None:
    for child in element:
        if child.tag in _SKIPPED:
            continue
        if child.tag == qn("w:txbxContent"):
            boxes.append(child)
        elif child.tag == qn("w:r") and _is_hidden(child):
            hidden.extend(text.text or "" for text in child.iter(qn("w:t")))
        elif child.tag == qn("w:t"):
            parts.append(child.text or "")
        elif child.tag in (qn("w:tab"), qn("w:br"), qn("w:cr")):
            parts.append("\t" if child.tag == qn("w:tab") else "\n")
        elif len(child) and child.tag not in (qn("w:pPr"), qn("w:rPr")):
            _collect(child, parts, hidden, boxes)


def _is_hidden(run: Any) -> bool:
    """By the run's own marks; white on a shaded ground is seen."""
    marks = run.find(qn("w:rPr"))
    if marks is None:
        return False
    vanish, size, colour = (marks.find(qn(f"w:{name}")) for name in ("vanish", "sz", "color"))
    if vanish is not None and vanish.get(qn("w:val"), "1") not in ("0", "false"):
        return True
    if size is not None and (size.get(qn("w:val")) or "99").isdigit() and int(size.get(qn("w:val")) or 99) <= SMALLEST:
        return True
    white = colour is not None and (colour.get(qn("w:val")) or "").upper() in ("FFFFFF", "FEFEFE", "FDFDFD")
    return white and not _is_on_shade(run)


def _is_on_shade(run: Any) -> bool:
    for around in (run, *run.iterancestors(qn("w:p"), qn("w:tc"), qn("w:tbl"), qn("w:txbxContent"))):
        if around.tag == qn("w:txbxContent"):
            return True  # a text box has a ground of its own, which is not looked into
        shade = around.find(f"*/{qn('w:shd')}")
        if shade is not None and (shade.get(qn("w:fill")) or "auto").upper() not in ("AUTO", "FFFFFF"):
            return True
    return False
