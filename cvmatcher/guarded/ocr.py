"""Pictures of pages -> their text, by tesseract. Runs inside the guarded child only.

What tesseract reads is what the picture shows, so none of it is hidden.
"""

from __future__ import annotations

import math
import subprocess
from typing import Any

from cvmatcher.domain import QuarantineReason, Unreadable
from cvmatcher.guarded import clean, mupdf
from cvmatcher.guarded.mupdf import pymupdf
from cvmatcher.guarded.pdf_text import open_pdf

DPI = 200
MOST_PIXELS = 12_000_000
MOST_SOURCE_PIXELS = 80_000_000  # of a picture sent to us


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


def read_picture(data: bytes, *, languages: str) -> dict[str, Any]:
    """{"pages": [text], "hidden": ""} of a PNG, JPEG, TIFF or the like. Raises Unreadable."""
    try:
        document = pymupdf.open(stream=data)
        pages = []
        for shown in document:
            if shown.rect.width * shown.rect.height > MOST_SOURCE_PIXELS:
                raise Unreadable(QuarantineReason.TOO_LARGE, "too many pixels")
            most = math.sqrt(MOST_PIXELS / max(1.0, shown.rect.width * shown.rect.height))
            scale = min(max(1.0, 1600 / max(1.0, shown.rect.width)), most)
            picture = shown.get_pixmap(matrix=pymupdf.Matrix(scale, scale), alpha=False, colorspace=pymupdf.csGRAY)
            pages.append(_recognised(picture.tobytes("png"), languages))
    except mupdf.ERRORS as error:
        raise mupdf.failure(error) from error
    if not any(pages):
        raise Unreadable(QuarantineReason.NO_TEXT, "nothing to read in the picture")
    return {"pages": pages, "hidden": ""}


def languages(data: bytes) -> list[str]:  # noqa: ARG001 - every guarded function takes bytes
    """The languages that tesseract knows on this machine; none where it is not installed."""
    try:
        done = subprocess.run(["tesseract", "--list-langs"], capture_output=True, check=False)  # noqa: S607 - from PATH
    except FileNotFoundError:
        return []
    return done.stdout.decode("utf-8", "replace").split("\n")[1:]


def _recognised(png: bytes, languages: str) -> str:
    """The guard's limits hold for tesseract too: it inherits them, and dies with the child that started it."""
    command = ["tesseract", "stdin", "stdout", "-l", languages, "--dpi", str(DPI)]
    done = subprocess.run(command, input=png, capture_output=True, check=False)  # noqa: S603 - our own words, no shell
    if done.returncode:
        raise (
            MemoryError
            if b"memory" in done.stderr.lower()
            else RuntimeError(done.stderr.decode("utf-8", "replace")[:200])
        )
    return clean.clean_lines(done.stdout.decode("utf-8", "replace").replace("\f", "").splitlines())
