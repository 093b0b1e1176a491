"""A file of any supported kind -> the text that a person sees in it.

Owns the choice of reader, made by looking into the file: a name may lie. Every reader works in a guarded child with
limits of its own. Knows no source and no store.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
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
OFFICE = OCR_PAGE = guard.Limits()
OCR_SECONDS = 35.0  # from the beginning of a file, for all its pictures of words: an ingest job lives 60 s

_PICTURE = re.compile(rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|II\*\0|MM\0\*|BM|RIFF....WEBP", re.DOTALL)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OPENDOCUMENT = b"application/vnd.oasis.opendocument.text"
_PLAIN_SUFFIXES = frozenset({"", ".txt", ".md", ".text"})


async def read_cv(data: bytes, name: str, mime: str = "", known: CVText | None = None) -> CVText:
    """`name` and `mime` decide only where the bytes leave it open, and tell a PDF that is none. `known`: what was read
    of the same bytes before; pictures of words that it has are not recognised once more.

    Raises Unreadable with the reason for the quarantine, Unavailable when no child can be started.
    """
    pdf.check_size(data, LIMITS)
    ocr = _Recognition(known)
    suffix = PurePath(name).suffix.lower()
    if pdf.is_pdf(data) or not data.strip(b"\0\t\n\r\f "):
        return await _read_pdf(data, ocr)
    if suffix == ".pdf" or mime == "application/pdf":
        raise Unreadable(QuarantineReason.NOT_A_PDF)
    if written_by := _office_suffix(data):
        return await _read_office(data, written_by, ocr)
    if data.startswith(b"PK\x03\x04"):
        return await _read_docx(data, ocr)
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


async def _read_office(data: bytes, suffix: str, ocr: _Recognition) -> CVText:
    if not await guard.run("cvmatcher.guarded.office:installed", limits=OFFICE):
        raise Unreadable(QuarantineReason.NEEDS_LIBREOFFICE)
    made = await guard.run(
        "cvmatcher.guarded.office:to_pdf", data, limits=OFFICE, suffix=suffix, seconds=OFFICE.seconds - 3
    )
    return await _read_pdf(made, ocr, pictures_too=True)


async def _read_by(function: str, data: bytes, limits: guard.Limits | None = None, **arguments: Any) -> CVText:
    read = await guard.run(f"cvmatcher.guarded.{function}", data, limits=limits or LIMITS.child, **arguments)
    return CVText(pages=tuple(read["pages"]), hidden_text=read["hidden"])


async def _read_docx(data: bytes, ocr: _Recognition) -> CVText:
    """Its text is one page; each large picture that it shows beside is one more."""
    read = await guard.run("cvmatcher.guarded.docx_text:read", data, limits=LIMITS.child, max_chars=LIMITS.max_chars)
    if not read["pages"]:  # scans, pasted into Word
        return await _read_office(data, ".docx", ocr)
    pages = [*read["pages"], *("" for _ in read["pictures"])]
    pictures = [_Picture(1 + number, "read_entry", {"entry": name}) for number, name in enumerate(read["pictures"])]
    return await ocr.fill(CVText(pages=tuple(pages), hidden_text=read["hidden"]), data, pictures)


async def _read_pdf(data: bytes, ocr: _Recognition, *, pictures_too: bool = False) -> CVText:
    read = await pdf.read_pdf_and_scans(data, limits=LIMITS, pictures_too=pictures_too)
    whole = {"max_pages": LIMITS.max_pages}
    pictures = [_Picture(page, "read_page", whole | {"page": page}) for page in read.scans]
    pictures += [_Picture(page, "read_part", whole | {"page": page, "box": box}) for page, box in read.pictures]
    text = await ocr.fill(read.text, data, pictures)
    if not any(text.pages):
        raise Unreadable(*next(iter(ocr.left.values()), (QuarantineReason.NO_TEXT, "")))
    return text


# --------------------------------------------------------------------------------------------------------- pictures


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture of words on a page: what of cvmatcher.guarded.ocr reads it, and by which arguments."""

    page: int
    function: str
    arguments: dict[str, Any]


@dataclass
class _Recognition:
    """What tesseract reads of one file, in the time that it has. `left`: pages it could not read, and why."""

    known: CVText | None
    until: float = field(default_factory=lambda: asyncio.get_running_loop().time() + OCR_SECONDS)
    left: dict[int, tuple[QuarantineReason, str]] = field(default_factory=dict)

    async def fill(self, text: CVText, data: bytes, pictures: list[_Picture]) -> CVText:
        """The text with the words of the pictures on their pages."""
        pages = list(text.pages)
        todo = [one for one in pictures if not self._has(one.page, len(pages))]
        for page in {one.page for one in pictures} - {one.page for one in todo}:
            pages[page] = self.known.pages[page] if self.known else ""
        languages = await _ocr_languages() if todo else ""
        if languages:
            await self._read(data, todo, pages, languages)
        else:
            self.left = {one.page: (QuarantineReason.NEEDS_OCR, "scan, no OCR here") for one in todo}
        left = dict(sorted(self.left.items()))
        unread = Unread(pages=tuple(left), reason=next(iter(left.values()))[0]) if left else None
        return CVText(pages=tuple(pages), hidden_text=text.hidden_text, unread=unread)

    def _has(self, page: int, count: int) -> bool:
        known = self.known
        if known is None or len(known.pages) != count:
            return False
        return page not in (known.unread.pages if known.unread else ())

    async def _read(self, data: bytes, pictures: list[_Picture], pages: list[str], languages: str) -> None:
        """One after another until the time is up; a picture that fails takes no other with it."""
        self.left = {one.page: (QuarantineReason.TOO_SLOW, f"{len(pictures)} pictures of words") for one in pictures}
        parts: dict[int, list[str]] = {one.page: [pages[one.page]] for one in pictures}
        open_on = Counter(one.page for one in pictures)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self.until):
                for one in pictures:
                    try:
                        parts[one.page].append(await _words_of(data, one, languages))
                    except Unreadable as error:
                        self.left[one.page] = (error.reason, str(error))
                        continue
                    open_on[one.page] -= 1
                    if not open_on[one.page]:
                        del self.left[one.page]
        for page, found in parts.items():
            pages[page] = "\n\n".join(filter(None, found))


async def _words_of(data: bytes, picture: _Picture, languages: str) -> str:
    read = await guard.run(
        f"cvmatcher.guarded.ocr:{picture.function}", data, limits=OCR_PAGE, languages=languages, **picture.arguments
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
