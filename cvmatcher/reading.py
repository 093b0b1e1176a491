"""A file of any supported kind -> the text that a person sees in it.

Owns the choice of reader, made by looking into the file: a name may lie. Every reader works in a guarded child with
limits of its own. Knows no source and no store.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import PurePath
from typing import Any

from cvmatcher import guard, pdf
from cvmatcher.domain import CVText, QuarantineReason, Unread, Unreadable

VERSION = f"reader/1, PyMuPDF {version('pymupdf')}"

supported_suffixes = frozenset(
    {".pdf", ".docx", ".doc", ".odt", ".rtf", ".txt", ".md", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp"}
)

LIMITS = pdf.Limits()
OCR_LANGUAGES = ("fra", "eng")
OFFICE = guard.Limits(seconds=20.0)
OCR_PAGE = guard.Limits(seconds=20.0)
OCR_SECONDS = 35.0  # all scanned pages of a file together: an ingest job lives 60 s

_PICTURE = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|II\*\0|MM\0\*|BM|RIFF....WEBP", re.DOTALL)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OPENDOCUMENT = b"application/vnd.oasis.opendocument.text"
_PLAIN_SUFFIXES = frozenset({"", ".txt", ".md", ".text"})


async def read_cv(data: bytes, name: str, mime: str = "") -> CVText:
    """`name` and `mime` decide only where the bytes leave it open, and tell a PDF that is none.

    Raises Unreadable with the reason for the quarantine, Unavailable when no child can be started.
    """
    pdf.check_size(data, LIMITS)
    suffix = PurePath(name).suffix.lower()
    if pdf.is_pdf(data) or not data.strip(b"\0\t\n\r\f "):
        return await _read_pdf(data)
    if suffix == ".pdf" or mime == "application/pdf":
        raise Unreadable(QuarantineReason.NOT_A_PDF)
    if written_by := _office_suffix(data):
        return await _read_office(data, written_by)
    if data.startswith(b"PK\x03\x04"):
        text = await _read_by("docx_text:read", data, max_chars=LIMITS.max_chars)
        return text if text.pages else await _read_office(data, ".docx")  # scans, pasted into Word
    if _PICTURE.match(data):
        languages = await _ocr_languages()
        if not languages:
            raise Unreadable(QuarantineReason.NEEDS_OCR, "scan, no OCR here")
        return await _read_by("ocr:read_picture", data, OCR_PAGE, languages=languages)
    if suffix in _PLAIN_SUFFIXES or mime.startswith("text/plain"):
        return await _read_by("plain_text:read", data, max_chars=LIMITS.max_chars)
    raise Unreadable(QuarantineReason.UNSUPPORTED_TYPE)


def _office_suffix(data: bytes) -> str:
    """The suffix by which LibreOffice knows what only it reads; "" for everything else."""
    if data.startswith(b"{\\rtf"):
        return ".rtf"
    if data.startswith(_OLE):
        return ".doc"
    is_text = data.startswith(b"PK\x03\x04") and _OPENDOCUMENT in data[:200]
    return ".odt" if is_text else ""


async def _read_office(data: bytes, suffix: str) -> CVText:
    if not await guard.run("cvmatcher.guarded.office:installed", limits=OFFICE):
        raise Unreadable(QuarantineReason.NEEDS_LIBREOFFICE)
    made = await guard.run(
        "cvmatcher.guarded.office:to_pdf", data, limits=OFFICE, suffix=suffix, seconds=OFFICE.seconds - 3
    )
    return await _read_pdf(made)


async def _read_by(function: str, data: bytes, limits: guard.Limits | None = None, **arguments: Any) -> CVText:
    read = await guard.run(f"cvmatcher.guarded.{function}", data, limits=limits or LIMITS.child, **arguments)
    return CVText(pages=tuple(read["pages"]), hidden_text=read["hidden"])


async def _read_pdf(data: bytes) -> CVText:
    read = await pdf.read_pdf_and_scans(data, limits=LIMITS)
    if not read.scans:
        return read.text
    pages = list(read.text.pages)
    left = await _read_scans(data, read.scans, pages)
    if not any(pages):
        raise Unreadable(*next(iter(left.values()), (QuarantineReason.NO_TEXT, "")))
    unread = Unread(pages=tuple(left), reason=next(iter(left.values()))[0]) if left else None
    return CVText(pages=tuple(pages), hidden_text=read.text.hidden_text, unread=unread)


async def _read_scans(data: bytes, scans: Sequence[int], pages: list[str]) -> dict[int, tuple[QuarantineReason, str]]:
    """Writes into `pages` what tesseract reads of the scanned ones; those it could not read, and why."""
    languages = await _ocr_languages()
    if not languages:
        return dict.fromkeys(scans, (QuarantineReason.NEEDS_OCR, "scan, no OCR here"))
    left = dict.fromkeys(scans, (QuarantineReason.TOO_SLOW, f"{len(scans)} scanned pages"))
    with suppress(TimeoutError):
        async with asyncio.timeout(OCR_SECONDS):
            for number in scans:
                try:
                    pages[number] = await _read_scan(data, number, languages)
                except Unreadable as error:
                    left[number] = (error.reason, str(error))
                else:
                    del left[number]
    return left


async def _read_scan(data: bytes, page: int, languages: str) -> str:
    read = await guard.run(
        "cvmatcher.guarded.ocr:read_page",
        data,
        limits=OCR_PAGE,
        page=page,
        max_pages=LIMITS.max_pages,
        languages=languages,
    )
    text: str = read["text"]
    return text


async def mended() -> frozenset[QuarantineReason]:
    """The reasons for a quarantine that lay in this machine and no longer hold: what was missing is installed now."""
    ocr, office = await _ocr_languages(), await guard.run("cvmatcher.guarded.office:installed", limits=OFFICE)
    here = {QuarantineReason.NEEDS_OCR: bool(ocr), QuarantineReason.NEEDS_LIBREOFFICE: bool(office)}
    return frozenset(reason for reason, there in here.items() if there)


async def _ocr_languages() -> str:
    """As tesseract wants them ("fra+eng"), those it has; "" without it. Asked each time: it may come meanwhile."""
    installed = await guard.run("cvmatcher.guarded.ocr:languages", limits=OCR_PAGE)
    return "+".join(language for language in OCR_LANGUAGES if language in installed)
