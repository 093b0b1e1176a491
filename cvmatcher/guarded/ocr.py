"""Pictures of pages -> their text, by tesseract. Runs inside the guarded child only.

What tesseract reads is what the picture shows, so none of it is hidden.
"""

from __future__ import annotations

import io
import math
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from cvmatcher.domain import QuarantineReason, Unreadable
from cvmatcher.guarded import clean, mupdf
from cvmatcher.guarded.mupdf import pymupdf
from cvmatcher.guarded.pdf_text import open_pdf

DPI = 200
MOST_PIXELS = 12_000_000
MOST_SOURCE_PIXELS = 80_000_000  # of a picture sent to us
MOST_BYTES = 30 << 20  # of a picture in an office file, unpacked
SURE = 60.0  # per cent: words of text are well above, those seen in a photograph below
FEWEST_LETTERS = 12  # of a picture of words
TSV_COLUMNS = 12


def read_page(data: bytes, *, page: int, max_pages: int, languages: str) -> dict[str, Any]:
    """{"text": text of that page of a PDF}. Raises Unreadable."""
    try:
        shown = open_pdf(data, max_pages=max_pages)[page]
        most = math.sqrt(MOST_PIXELS / max(1.0, shown.rect.width * shown.rect.height))
        scale = min(DPI / 72, most)
        png: bytes = shown.get_pixmap(
            matrix=pymupdf.Matrix(scale, scale), alpha=False, colorspace=pymupdf.csGRAY
        ).tobytes("png")
    except mupdf.ERRORS as error:
        raise mupdf.failure(error) from error
    return {"text": _recognised(png, languages)}


def read_part(data: bytes, *, page: int, box: list[float], max_pages: int, languages: str) -> dict[str, Any]:
    """{"text": words of the picture in that box of a page, in points}. Raises Unreadable."""
    try:
        shown, part = open_pdf(data, max_pages=max_pages)[page], pymupdf.Rect(box)
        scale = min(DPI / 72, math.sqrt(MOST_PIXELS / max(1.0, part.width * part.height)))
        picture = shown.get_pixmap(
            matrix=pymupdf.Matrix(scale, scale), alpha=False, colorspace=pymupdf.csGRAY, clip=part
        )
        return {"text": _sure_words(picture.tobytes("png"), languages)}
    except mupdf.ERRORS as error:
        raise mupdf.failure(error) from error


def read_entry(data: bytes, *, entry: str, languages: str) -> dict[str, Any]:
    """{"text": words of that picture in an office file's package}. Raises Unreadable."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package, package.open(entry) as file:
            packed = file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError) as error:
        raise Unreadable(QuarantineReason.DAMAGED, str(error)[:200]) from error
    if len(packed) > MOST_BYTES:
        raise Unreadable(QuarantineReason.TOO_LARGE, "too many bytes")
    try:
        pictures = [_sure_words(png, languages) for png in _drawn(pymupdf.open(stream=packed))]
    except mupdf.ERRORS as error:
        raise mupdf.failure(error) from error
    return {"text": "\n\n".join(filter(None, pictures))}


def read_picture(data: bytes, *, languages: str) -> dict[str, Any]:
    """{"pages": [text], "hidden": ""} of a PNG, JPEG, TIFF or the like. Raises Unreadable."""
    try:
        pages = [_recognised(png, languages) for png in _drawn(pymupdf.open(stream=data))]
    except mupdf.ERRORS as error:
        raise mupdf.failure(error) from error
    if not any(pages):
        raise Unreadable(QuarantineReason.NO_TEXT, "nothing to read in the picture")
    return {"pages": pages, "hidden": ""}


def _drawn(document: Any) -> Iterator[bytes]:
    """Each page of a picture, large enough for tesseract and no larger, as PNG. Raises Unreadable."""
    for shown in document:
        if shown.rect.width * shown.rect.height > MOST_SOURCE_PIXELS:
            raise Unreadable(QuarantineReason.TOO_LARGE, "too many pixels")
        most = math.sqrt(MOST_PIXELS / max(1.0, shown.rect.width * shown.rect.height))
        scale = min(max(1.0, 1600 / max(1.0, shown.rect.width)), most)
        picture = shown.get_pixmap(matrix=pymupdf.Matrix(scale, scale), alpha=False, colorspace=pymupdf.csGRAY)
        yield picture.tobytes("png")


def languages(data: bytes) -> list[str]:  # noqa: ARG001 - every guarded function takes bytes
    """The languages that tesseract knows on this machine; none where it is not installed."""
    try:
        done = subprocess.run(["tesseract", "--list-langs"], capture_output=True, check=False)  # noqa: S607 - from PATH
    except FileNotFoundError:
        return []
    return done.stdout.decode("utf-8", "replace").split("\n")[1:]


def _recognised(png: bytes, languages: str) -> str:
    return clean.clean_lines(_tesseract(png, languages).replace("\f", "").splitlines())


def _sure_words(png: bytes, languages: str) -> str:
    """What is recognised for sure: a photograph among the words of a CV gives letters too. "" when that is hardly any.

    Columns of tesseract's table: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.
    """
    lines: dict[tuple[str, ...], list[str]] = {}
    for row in _tesseract(png, languages, "tsv").splitlines()[1:]:
        columns = row.split("\t")
        if len(columns) == TSV_COLUMNS and float(columns[10]) >= SURE and columns[11].strip():
            lines.setdefault(tuple(columns[1:5]), []).append(columns[11])
    text = clean.clean_lines([" ".join(words) for words in lines.values()])
    return text if sum(map(str.isalpha, text)) >= FEWEST_LETTERS else ""


def _tesseract(png: bytes, languages: str, *form: str) -> str:
    """The guard's limits hold for tesseract too: it inherits them, and dies with the child that started it."""
    command = ["tesseract", "stdin", "stdout", "-l", languages, "--dpi", str(DPI), *form]
    done = subprocess.run(command, input=png, capture_output=True, check=False)  # noqa: S603 - our own words, no shell
    if done.returncode:
        raise (
            MemoryError
            if b"memory" in done.stderr.lower()
            else RuntimeError(done.stderr.decode("utf-8", "replace")[:200])
        )
    return done.stdout.decode("utf-8", "replace")
