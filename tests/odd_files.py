"""Files that nobody should send: made here, byte by byte or by PyMuPDF, so that no bad file lies in the repository."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from cvmatcher.guarded.mupdf import pymupdf

SAMPLE = "Camille Durand, développeuse Python à Lyon"


def pdf(draw: Callable[[Any], object], **options: Any) -> bytes:
    """A one-page A4 PDF that `draw` has drawn on; options are those of saving."""
    document = pymupdf.open()
    draw(document.new_page())
    data: bytes = document.tobytes(**options)
    return data


def text_pdf(*pages: str, **options: Any) -> bytes:
    document = pymupdf.open()
    for text in pages or (SAMPLE,):
        document.new_page().insert_text((72, 72), text, fontsize=11)
    data: bytes = document.tobytes(**options)
    return data


def raw_pdf(content: bytes, *, pages: int = 1, compress: bool = False, size: tuple[int, int] = (595, 842)) -> bytes:
    """A PDF of `pages` pages that share one content stream, with Helvetica as /F1."""
    flate = b" /Filter /FlateDecode" if compress else b""
    body = zlib.compress(content, 9) if compress else content
    kids = b" ".join(b"%d 0 R" % (5 + number) for number in range(pages))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (pages, kids),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(body), flate, body),
    ]
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 4 0 R" % size
    objects += [page + b" /Resources << /Font << /F1 3 0 R >> >> >>"] * pages
    return _with_xref(objects)


def _with_xref(objects: list[bytes]) -> bytes:
    data, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(data)


def bomb() -> bytes:
    """Some kilobytes that unfold into 24 million letters."""
    line = b"(" + b"a" * 98 + b") Tj\n"
    return raw_pdf(b"BT /F1 8 Tf 20 800 Td\n" + line * 240_000 + b"ET", compress=True)


def forms_in_forms(depth: int = 12, times: int = 10) -> bytes:
    """A page that draws a form ten times, which draws a form ten times, and so on: 10^12 rectangles in 3 kilobytes."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <</XObject <</X 5 0 R>>>>>>",
        b"<< /Length 5 >>\nstream\n/X Do\nendstream",
    ]
    for level in range(depth):
        last = level == depth - 1
        content = b"0 0 1 1 re f\n" * times if last else b"/X Do\n" * times
        inner = b"" if last else b" /Resources << /XObject << /X %d 0 R >> >>" % (6 + level)
        head = b"<< /Type /XObject /Subtype /Form /BBox [0 0 595 842] /Length %d%s >>" % (len(content), inner)
        objects.append(head + b"\nstream\n" + content + b"\nendstream")
    return _with_xref(objects)


def scan(*, text_layer: str = "") -> bytes:
    """A page that is one picture of text, with an unseen text layer over it where OCR went over it."""
    picture = pymupdf.open(stream=text_pdf(SAMPLE), filetype="pdf")[0].get_pixmap(dpi=100).tobytes("png")

    def draw(page: Any) -> None:
        page.insert_image(page.rect, stream=picture)
        if text_layer:
            page.insert_text((72, 72), text_layer, fontsize=11, render_mode=3)

    return pdf(draw)


def boxed(*cells: tuple[tuple[float, float, float, float], str], fontsize: float = 10) -> bytes:
    """A page with each text wrapped in its box (x0, y0, x1, y1)."""

    def draw(page: Any) -> None:
        for box, text in cells:
            assert page.insert_textbox(pymupdf.Rect(box), text, fontsize=fontsize) >= 0

    return pdf(draw)
