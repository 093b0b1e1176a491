"""Every kind of file through `read_cv`: what is read, and why the rest is not."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
from docx import Document
from docx.shared import Cm, Pt, RGBColor

from cvmatcher import guard
from cvmatcher.domain import CVText, QuarantineReason, Unread, Unreadable
from cvmatcher.guarded.mupdf import pymupdf
from cvmatcher.reading import mended, read_cv, supported_suffixes
from tests import odd_files
from tests.odd_files import SAMPLE

RTF = rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0 Arial;}}\f0\fs24 Ada Lovelace\par\par D\'e9veloppeuse Python\par}"
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)

needs_libreoffice = pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed here")
needs_tesseract = pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed here")


async def reason_of(data: bytes, name: str = "cv", mime: str = "") -> QuarantineReason:
    with pytest.raises(Unreadable) as caught:
        await read_cv(data, name, mime)
    return caught.value.reason


def docx(write: Any) -> bytes:
    document = Document()
    write(document)
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def packed(*entries: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return target.getvalue()


async def test_pdf_is_read_whatever_it_is_called() -> None:
    for name in ("cv.pdf", "cv", "cv.docx"):
        assert (await read_cv(odd_files.text_pdf(), name)).text == SAMPLE


async def test_wrong_names_and_unknown_kinds_are_told_apart() -> None:
    assert await reason_of(b"", "cv.pdf") is QuarantineReason.EMPTY_FILE
    assert await reason_of(SAMPLE.encode(), "cv.pdf") is QuarantineReason.NOT_A_PDF
    assert await reason_of(SAMPLE.encode(), "cv", "application/pdf") is QuarantineReason.NOT_A_PDF
    assert await reason_of(b"\x7fELF" + bytes(100), "cv.exe") is QuarantineReason.UNSUPPORTED_TYPE
    assert await reason_of(bytes(range(256)) * 9, "cv.txt") is QuarantineReason.UNSUPPORTED_TYPE
    assert await reason_of(packed(("a.txt", b"a")), "cv.zip") is QuarantineReason.UNSUPPORTED_TYPE


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
async def test_plain_text_in_any_usual_encoding(encoding: str) -> None:
    text = f"{SAMPLE}\nIngénieure à l'atelier, œuvre dès l'été ; maîtrise l'anglais, déjà présentée à Besançon.\n"
    assert (await read_cv(text.encode(encoding), "cv.txt")).text == text.strip()


async def test_docx_paragraphs_lists_and_tables_in_order() -> None:
    def write(document: Any) -> None:
        document.sections[0].header.paragraphs[0].text = "Camille Durand"
        document.add_heading("Expérience")
        table = document.add_table(rows=1, cols=2)
        table.rows[0].cells[0].text, table.rows[0].cells[1].text = "2019 - 2023", "Développeuse, Acme"
        document.add_paragraph("Python et Django")

    lines = [line for line in (await read_cv(docx(write), "cv.docx")).text.split("\n") if line]
    assert lines == ["Camille Durand", "Expérience", "2019 - 2023\tDéveloppeuse, Acme", "Python et Django"]


async def test_docx_hidden_text_is_kept_apart() -> None:
    def write(document: Any) -> None:
        paragraph = document.add_paragraph(SAMPLE)
        paragraph.add_run("un").font.hidden = True
        paragraph.add_run(" deux").font.color.rgb = RGBColor(255, 255, 255)
        paragraph.add_run(" trois").font.size = Pt(1)

    text = await read_cv(docx(write), "cv.docx")
    assert (text.text, text.hidden_text.split()) == (SAMPLE, ["un", "deux", "trois"])


async def test_docx_bombs_are_refused_unopened() -> None:
    large = ("word/document.xml", b" " * (30 << 20))
    assert await reason_of(packed(large), "cv.docx") is QuarantineReason.TOO_LARGE
    many = [(f"word/{number}", b"") for number in range(3000)]
    assert await reason_of(packed(("word/document.xml", b""), *many), "cv.docx") is QuarantineReason.TOO_LARGE


async def test_damaged_docx() -> None:
    whole = docx(lambda document: document.add_paragraph(SAMPLE))
    assert await reason_of(whole[: len(whole) // 2], "cv.docx") is QuarantineReason.DAMAGED
    assert await reason_of(packed(("word/document.xml", b"<w:a")), "cv.docx") is QuarantineReason.DAMAGED


async def test_without_ocr_and_libreoffice_it_is_said_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    guard.close()
    picture = pymupdf.open(stream=odd_files.text_pdf())[0].get_pixmap().tobytes("png")
    for data in (picture, odd_files.scan()):
        assert await reason_of(data, "scan") is QuarantineReason.NEEDS_OCR
    assert await reason_of(RTF, "cv.rtf") is QuarantineReason.NEEDS_LIBREOFFICE
    assert await reason_of(OLE, "cv.doc") is QuarantineReason.NEEDS_LIBREOFFICE
    guard.close()


@needs_tesseract
async def test_scans_and_pictures_are_read_by_ocr() -> None:
    picture = pymupdf.open(stream=odd_files.text_pdf())[0].get_pixmap(dpi=150).tobytes("jpg")
    for data in (picture, odd_files.scan()):
        assert (await read_cv(data, "scan")).text == SAMPLE


@needs_tesseract
async def test_a_scanned_page_among_pages_of_text_is_read_too() -> None:
    text = await read_cv(mixed(odd_files.scan()), "cv.pdf")
    assert (text.pages, text.unread) == (("page one", SAMPLE), None)


def mixed(*scans: bytes) -> bytes:
    """A page of text, then these scanned ones."""
    document = pymupdf.open(stream=odd_files.text_pdf("page one"))
    for scan in scans:
        document.insert_pdf(pymupdf.open(stream=scan))
    data: bytes = document.tobytes()
    return data


async def test_scanned_pages_of_a_mixed_cv_that_nothing_here_can_read_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    guard.close()
    text = await read_cv(mixed(odd_files.scan(), odd_files.scan()), "cv.pdf")
    assert text.pages == ("page one", "", "")
    assert text.unread == Unread(pages=(1, 2), reason=QuarantineReason.NEEDS_OCR)
    assert await mended() == frozenset()
    guard.close()


def _reads_once(monkeypatch: pytest.MonkeyPatch, folder: Path, words: str) -> None:
    """A tesseract of our own: it reads these words in the first picture, and fails on every other."""
    program = folder / "tesseract"
    program.write_text(
        f"""#!/bin/sh
if [ "$1" = --list-langs ]; then echo Langs; echo eng; exit; fi
cat > /dev/null
if mkdir {folder}/once 2> /dev/null; then echo {words}; else echo broken >&2; exit 3; fi
"""
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    guard.close()


async def test_a_page_on_which_ocr_fails_takes_no_other_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _reads_once(monkeypatch, tmp_path, "Camille")
    text = await read_cv(mixed(odd_files.scan(), odd_files.scan()), "cv.pdf")
    assert text.pages == ("page one", "Camille", "")
    assert text.unread == Unread(pages=(2,), reason=QuarantineReason.READER_CRASHED)
    assert QuarantineReason.NEEDS_OCR in await mended()
    guard.close()


def profiles() -> set[Path]:
    """LibreOffice's profiles, which last as long as one document."""
    return set(Path(gettempdir()).glob("cvmatcher-office-*"))


@needs_libreoffice
async def test_what_only_libreoffice_reads_is_read_by_it() -> None:
    before = profiles()
    assert (await read_cv(RTF, "cv.doc")).text == "Ada Lovelace\nDéveloppeuse Python"
    assert await reason_of(OLE, "cv.doc") is QuarantineReason.DAMAGED
    assert profiles() <= before


@pytest.fixture(scope="session")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes, str], bytes]:
    """A DOCX as LibreOffice saves it in another format: real files of other programs."""
    folder = tmp_path_factory.mktemp("office")

    def convert(data: bytes, suffix: str) -> bytes:
        source = folder / "cv.docx"
        source.write_bytes(data)
        command = ["soffice", "--headless", f"-env:UserInstallation=file://{folder / 'profile'}"]
        command += ["--convert-to", suffix, "--outdir", str(folder), str(source)]
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own words
        return (folder / f"cv.{suffix}").read_bytes()

    return convert


@needs_libreoffice
@pytest.mark.parametrize("suffix", ["doc", "odt"])  # RTF: above
async def test_real_office_files_are_read_whatever_they_are_called(
    suffix: str, converted: Callable[[bytes, str], bytes]
) -> None:
    def write(document: Any) -> None:
        document.add_heading("Camille Durand")
        document.add_paragraph("Développeuse Python à Lyon, 2019 – 2023")
        document.add_paragraph("Gestion d'équipe", style="List Bullet")

    data = converted(docx(write), suffix)
    text = await read_cv(data, "cv.bin")
    lines = [line.strip("•· \t") for line in text.text.splitlines() if line]
    assert lines == ["Camille Durand", "Développeuse Python à Lyon, 2019 – 2023", "Gestion d'équipe"]
    assert not text.hidden_text


def pasted(document: Any) -> None:
    """A scan in a document without a word of text."""
    picture = pymupdf.open(stream=odd_files.text_pdf())[0].get_pixmap(dpi=150).tobytes("png")
    document.add_picture(io.BytesIO(picture), width=Cm(15))


@needs_libreoffice
@needs_tesseract
async def test_scans_pasted_into_office_files_are_read_by_ocr(converted: Callable[[bytes, str], bytes]) -> None:
    whole = docx(pasted)
    for data in (whole, converted(whole, "odt")):
        assert (await read_cv(data, "cv")).text == SAMPLE


def illustrated(document: Any) -> None:
    """Words, then a picture of others, and one of none."""
    document.add_paragraph("Ada Lovelace, analyst")
    pasted(document)
    noise = pymupdf.Pixmap(pymupdf.csGRAY, 400, 300, bytes(number * number % 251 for number in range(120_000)), False)
    document.add_picture(io.BytesIO(noise.tobytes("png")), width=Cm(15))


@needs_tesseract
async def test_words_in_pictures_of_a_docx_are_read_too() -> None:
    data = docx(illustrated)
    text = await read_cv(data, "cv.docx")
    assert (text.pages, text.unread) == (("Ada Lovelace, analyst", SAMPLE, ""), None)


@needs_libreoffice
@needs_tesseract
async def test_words_in_pictures_of_an_odt_are_read_too(converted: Callable[[bytes, str], bytes]) -> None:
    def write(document: Any) -> None:
        document.add_paragraph("Ada Lovelace, analyst")
        document.add_picture(cut_out(), width=Cm(15))

    text = await read_cv(converted(docx(write), "odt"), "cv.odt")
    assert text.unread is None
    assert [line for line in text.text.splitlines() if line] == ["Ada Lovelace, analyst", SAMPLE]


def cut_out() -> io.BytesIO:
    """A picture of SAMPLE, wide and not high."""
    page = pymupdf.open(stream=odd_files.text_pdf())[0]
    return io.BytesIO(page.get_pixmap(dpi=150, clip=pymupdf.Rect(60, 40, 400, 150)).tobytes("png"))


async def test_pictures_of_a_docx_that_nothing_here_can_read_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    guard.close()
    text = await read_cv(docx(illustrated), "cv.docx")
    assert text.pages == ("Ada Lovelace, analyst", "", "")
    assert text.unread == Unread(pages=(1, 2), reason=QuarantineReason.NEEDS_OCR)
    guard.close()


async def test_what_is_known_of_a_scan_is_not_recognised_once_more(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _reads_once(monkeypatch, tmp_path, "again")
    slow = Unread(pages=(2,), reason=QuarantineReason.TOO_SLOW)
    before = CVText(pages=("page one", "first", ""), unread=slow)
    text = await read_cv(mixed(odd_files.scan(), odd_files.scan()), "cv.pdf", known=before)
    assert (text.pages, text.unread) == (("page one", "first", "again"), None)
    guard.close()


async def test_scans_pasted_into_word_wait_for_libreoffice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    guard.close()
    assert await reason_of(docx(pasted), "cv.docx") is QuarantineReason.NEEDS_LIBREOFFICE
    assert await reason_of(docx(lambda _: None), "cv.docx") is QuarantineReason.NO_TEXT
    guard.close()


def test_supported_suffixes_are_lower_case_with_their_dot() -> None:
    assert {".pdf", ".docx", ".txt"} <= supported_suffixes
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in supported_suffixes)
