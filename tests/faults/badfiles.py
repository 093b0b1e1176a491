"""Rows: bad input, through the whole way: from the folder by a worker into MongoDB, and out again on a page."""

from __future__ import annotations

import asyncio
import io
import json
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from docx.shared import Cm

from cvmatcher.adapters.faiss_index import FaissIndex
from cvmatcher.adapters.folder import MIMES
from cvmatcher.domain import QuarantineReason
from cvmatcher.guarded.mupdf import pymupdf
from cvmatcher.ports import VectorEntry
from cvmatcher.store import likes, people
from tests import odd_files
from tests.faults.case import case
from tests.faults.world import Lost, Scene, until
from tests.ingesting import all_candidates
from tests.site import PASSWORD, Browser
from tests.test_pdf import REFUSED, SECRET, UNSEEN
from tests.test_reading import docx, packed

UNREADABLE = "0 bytes, truncated, encrypted, no text, wrong extension, polyglot"
BOMBS = "decompression bomb, 10,000 pages, a hang, a crash in the reader"
DOCX = "docx bomb"
ACTIVE = "JavaScript, embedded files"
HIDDEN = "hidden text"
MARKUP = "markup in a name, javascript: links"
OPERATORS = "MongoDB operators in JSON or form fields"
TRAVERSAL = "traversal, another's id, odd file names"
MESSAGES = "a message of 1 MB, NUL, lone surrogates, emoji, empty"
CELLS = "formulas in exported cells"
NAN = "NaN vector"

MOST_MEMORY, MOST_SECONDS = 1 << 30, 20.0
ODD_NAME = 'a"b\u202efdp.\u00e9 =1+1;x.pdf'


def _put(scene: Scene, name: str, data: bytes, reason: QuarantineReason | None = None) -> None:
    beside = scene.folder / f".{name}.new"
    beside.write_bytes(data)
    beside.replace(scene.folder / name)
    if reason is not None:
        scene.refused[name] = reason


async def _taken_in(scene: Scene) -> None:
    """All files through a worker with the guarded reader: accounted for, the worker alive, its children in bounds."""
    scene.plan = replace(scene.plan, pdf=True, pace=replace(scene.plan.pace, lease=5.0, job=60))
    _put(scene, "good.pdf", odd_files.text_pdf(f"Good Person\n{odd_files.SAMPLE}"))
    scene.broken()
    worker = scene.worker()
    seen = Children()
    watching = asyncio.create_task(seen.watch(worker.pid or 0, scene.home / "readers"))
    try:
        await scene.recovered()
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
    if worker.exitcode is not None:
        raise Lost(f"the worker ended with {worker.exitcode}")
    scene.notes.append(f"largest child {seen.memory >> 20} MB, longest at one file {seen.seconds:.1f} s")
    if seen.memory > MOST_MEMORY:
        raise Lost("a child took more than 1 GB")
    if seen.seconds > MOST_SECONDS + 2 * LOOK:
        raise Lost(f"a child was at one file for {seen.seconds:.1f} s")
    if seen.programs:
        scene.notes.append(f"{len(seen.programs)} programs started by them")
        await until(seen.none_outlives, "the end of what the children started", 10)


LOOK = 0.05  # seconds between two looks at the children


@dataclass
class Children:
    """What a worker's readers take, seen from the outside."""

    memory: int = 0  # bytes, of the largest with all that it has started: LibreOffice, tesseract
    programs: set[psutil.Process] = field(default_factory=set)  # these
    seconds: float = 0.0  # of the longest at one file; starting Python and waiting for work are none of it

    async def watch(self, pid: int, notes: Path) -> None:
        """`notes`: where the worker says since when each child has been at its file."""
        while True:
            with suppress(psutil.Error):
                for child in psutil.Process(pid).children():
                    started = child.children(recursive=True)
                    self.programs.update(started)
                    self.memory = max(self.memory, sum(map(_resident, (child, *started))))
                    self._at_a_file(child, notes / str(child.pid))
            await asyncio.sleep(LOOK)

    def _at_a_file(self, child: psutil.Process, note: Path) -> None:
        with suppress(FileNotFoundError, ValueError):  # just ended, just begun
            seconds = time.monotonic() - float(note.read_text())
            if child.status() != psutil.STATUS_ZOMBIE:
                self.seconds = max(self.seconds, seconds)

    async def none_outlives(self) -> bool:
        return not any(map(_runs, self.programs))


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


# --------------------------------------------------------------------------------------------------------- files


@case(UNREADABLE, "each with its own reason", most_seeds=2)
async def unreadable(scene: Scene) -> None:
    for number, (name, (make, reason)) in enumerate(REFUSED.items()):
        if name != "scan" or not shutil.which("tesseract"):
            _put(scene, f"bad{number}.pdf", make(), reason)
    _put(scene, "text.pdf", b"no PDF at all", QuarantineReason.NOT_A_PDF)
    await _taken_in(scene)


ODD_FILES = os.environ.get("ODD_FILES", "")


async def named_directory(scene: Scene) -> None:
    """Every file of the directory that ODD_FILES names, whatever it is, is accounted for and nobody dies."""
    paths = _files_below(Path(ODD_FILES))
    for number, path in enumerate(paths):
        if path.suffix.lower() in MIMES:
            _put(scene, f"{number} {path.name}", path.read_bytes())
    scene.any_reason, scene.patience = True, 20.0 * len(paths)
    await _taken_in(scene)
    scene.notes.append(f"{len(scene.wanted()) - 1} files of {len(paths)}")


def _files_below(directory: Path) -> list[Path]:
    return [path for path in sorted(directory.rglob("*")) if path.is_file()]


if ODD_FILES:
    case(UNREADABLE, "files of a named directory", quick=False, most_seeds=1, seconds=7200)(named_directory)


@case(UNREADABLE, "files cut and bent at random", quick=False)
async def bent(scene: Scene) -> None:
    """Whatever comes of each, all are accounted for and nobody dies."""
    whole = odd_files.text_pdf("page one", "page two", deflate=True)
    for number in range(12):
        data = bytearray(whole[: scene.random.randrange(10, len(whole))])
        for _ in range(scene.random.randrange(6)):
            data[scene.random.randrange(len(data))] = scene.random.randrange(256)
        _put(scene, f"bent{number}.pdf", bytes(data) + str(number).encode())
    scene.any_reason = True
    await _taken_in(scene)


@case(BOMBS, "bomb, endless pages, a page without end", quick=False, most_seeds=2)
async def bombs(scene: Scene) -> None:
    _put(scene, "bomb.pdf", odd_files.bomb(), QuarantineReason.TOO_MUCH_MEMORY)
    _put(scene, "pages.pdf", odd_files.raw_pdf(b"", pages=10_000), QuarantineReason.TOO_MANY_PAGES)
    _put(scene, "hang.pdf", odd_files.forms_in_forms(), QuarantineReason.TOO_SLOW)
    scene.any_reason = True  # a bomb may end by memory, by time or by its letters
    await _taken_in(scene)


async def converters(scene: Scene) -> None:
    """What keeps LibreOffice and tesseract busy for longer than they have, or asks for much memory.

    The limits are the guard's, of each call; a file may take several.
    """
    noise = scene.random.randbytes
    _put(scene, "deep.rtf", b"{\\rtf1 " + b"{" * 20_000 + b"Ada" + b"}" * 20_000 + b"}")
    _put(scene, "noise.rtf", b"{\\rtf1 " + noise(900_000).hex().encode() + b"}")
    _put(scene, "noise.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + noise(3_000_000))
    _put(scene, "large.odt", _odt(b"<text:p>" + b"Ada " * 250 + b"</text:p>", 60_000))
    photograph = _photograph(noise, 5_600, 4_000)
    _put(scene, "photograph.png", photograph)
    _put(scene, "photographs.docx", docx(lambda document: _paste(document, photograph)))
    scene.any_reason, scene.patience = True, 300.0
    await _taken_in(scene)


def _odt(paragraph: bytes, count: int) -> bytes:
    """A text document with that paragraph so often."""
    names = "office:1.0", "text:1.0"
    spaces = " ".join(f'xmlns:{n.split(":")[0]}="urn:oasis:names:tc:opendocument:xmlns:{n}"' for n in names)
    body = b"<office:body><office:text>" + paragraph * count + b"</office:text></office:body>"
    whole = f"<office:document-content {spaces} office:version='1.2'>".encode() + body + b"</office:document-content>"
    mime = ("mimetype", b"application/vnd.oasis.opendocument.text")
    kind = 'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"'
    entry = '<manifest:file-entry manifest:full-path="{}" manifest:media-type="{}"/>'
    entries = entry.format("/", mime[1].decode()) + entry.format("content.xml", "text/xml")
    manifest = f"<manifest:manifest {kind}>{entries}</manifest:manifest>".encode()
    return packed(mime, ("content.xml", whole), ("META-INF/manifest.xml", manifest))


def _photograph(noise: Callable[[int], bytes], width: int, height: int) -> bytes:
    """Specks, in which tesseract looks for letters without end."""
    picture: bytes = pymupdf.Pixmap(pymupdf.csGRAY, width, height, noise(width * height), False).tobytes("jpg")
    return picture


def _paste(document: Any, picture: bytes) -> None:
    document.add_paragraph("Docx Person, Python")
    for _ in range(2):
        document.add_picture(io.BytesIO(picture), width=Cm(15))


if shutil.which("soffice") and shutil.which("tesseract"):
    case(BOMBS, "what LibreOffice and tesseract do not come to an end of", quick=False, most_seeds=2)(converters)


@case(BOMBS, "the reader is killed at its work")
async def reader_killed(scene: Scene) -> None:
    """Its file is tried again or quarantined; every other is read, and the service notices nothing."""
    for number in range(8):
        _put(scene, f"p{number}.pdf", odd_files.text_pdf(f"Person {number}\nPython"))
    scene.any_reason = True
    killing = asyncio.create_task(_kill_readers(scene))
    try:
        await _taken_in(scene)
    finally:
        killing.cancel()
    if len(await all_candidates()) < 7:
        raise Lost("a killed reader took other files along")


async def _kill_readers(scene: Scene) -> None:
    killed = 0
    while killed < 2:
        await asyncio.sleep(0.05)
        for process in scene.processes:
            with suppress(psutil.Error, ValueError):
                for child in psutil.Process(process.pid).children():
                    if child.memory_info().rss > 40 << 20 and killed < 2:
                        child.kill()
                        killed += 1


@case(DOCX, "unpacked size and entries", most_seeds=1)
async def docx_bombs(scene: Scene) -> None:
    large = packed(("word/document.xml", b" " * (30 << 20)))
    many = packed(("word/document.xml", b""), *[(f"word/{number}", b"") for number in range(3000)])
    _put(scene, "large.docx", large, QuarantineReason.TOO_LARGE)
    _put(scene, "many.docx", many, QuarantineReason.TOO_LARGE)
    _put(scene, "good.docx", docx(lambda document: document.add_paragraph("Docx Person, Python")))
    await _taken_in(scene)


@case(HIDDEN, "white, tiny, transparent, covered, off the page", most_seeds=1)
async def hidden(scene: Scene) -> None:
    def with_secret(add: Callable[[object], object]) -> bytes:
        def draw(page: object) -> None:
            page.insert_text((72, 72), odd_files.SAMPLE, fontsize=12)  # type: ignore[attr-defined]
            add(page)

        return odd_files.pdf(draw)

    for number, add in enumerate(UNSEEN.values()):
        _put(scene, f"hidden{number}.pdf", with_secret(add))
    await _taken_in(scene)
    for candidate in await all_candidates():
        shown = "\n".join([*candidate.pages, *(passage.text for passage in candidate.passages)])
        if SECRET in shown or (candidate.file_name.startswith("hidden") and not candidate.hidden_words):
            raise Lost(f"hidden text of {candidate.file_name} counts as visible")


# --------------------------------------------------------------------------------------------------------- pages


def _active(document_name: str) -> bytes:
    def draw(page: object) -> None:
        page.insert_text((72, 72), f"{document_name}\nPython developer in Lyon", fontsize=12)  # type: ignore[attr-defined]
        page.parent.embfile_add("evil.exe", b"MZ")  # type: ignore[attr-defined]

    return odd_files.pdf(draw).replace(b"/Type/Catalog", b"/Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>")


@case(ACTIVE, "served apart, as what it is", most_seeds=1)
async def active(scene: Scene) -> None:
    _put(scene, ODD_NAME, _active("Active Person"))
    await _taken_in(scene)
    _, base = await scene.web()
    candidate = next(one for one in await all_candidates() if one.file_name != "good.pdf")
    async with scene.reader(base) as rita:
        for path in ("pdf", "download"):
            answer = await rita.get(f"/cv/{candidate.id}/{path}")
            headers = answer.headers
            if headers.get("x-content-type-options") != "nosniff" or "default-src 'none'" not in str(headers):
                raise Lost(f"a file is served without its fences: {headers}")
            name = headers["content-disposition"]
            if "\u202e" in name or "\n" in name or name.count('"') > 2:
                raise Lost(f"a file name breaks out: {name!r}")
        if not (await rita.get(f"/cv/{candidate.id}/download")).headers["content-disposition"].startswith("attachment"):
            raise Lost("a download is shown in the page")


@case(MARKUP, "on every page", most_seeds=1)
async def markup(scene: Scene) -> None:
    evil = "<script>alert(1)</script> <img src=x onerror=alert(1)>"
    text = f"{evil}\njavascript:alert(1)\nhttps://example.org/ana\nPython developer in Lyon\n{{{{7*7}}}}"
    _put(scene, "<b>x.pdf", odd_files.text_pdf(text))
    await _taken_in(scene)
    _, base = await scene.web()
    async with scene.reader(base) as rita:
        turn = await rita.post("/turns", {"message": f"Python {evil}"})
        pages = [(await rita.get(turn.headers["location"])).text]
        for candidate in await all_candidates():
            pages += [
                (await rita.get(f"/cv/{candidate.id}?tab={tab}")).text for tab in ("profile", "cv", "why", "history")
            ]
    for page in pages:
        if "<script>alert" in page or "<img src=x" in page or 'href="javascript:' in page or "<b>x" in page:
            raise Lost("markup of a CV or a message reached the page")


@case(OPERATORS, "in forms, JSON and addresses", most_seeds=1)
async def operators(scene: Scene) -> None:
    await _taken_in(scene)
    _, base = await scene.web()
    async with scene.reader(base) as rita, Browser(base) as stranger:
        await stranger.get("/login")
        for fields in ({"name[$ne]": "x", "password[$ne]": "x"}, {"name": '{"$ne": null}', "password": '{"$gt": ""}'}):
            answer = await stranger.post("/login", fields)
            _no_bug(answer.status_code, f"login with {fields}")
        if (await stranger.get("/likes")).status_code == 200:
            raise Lost("operators signed somebody in")
        token = {"Content-Type": "application/json", "X-CSRF-Token": rita.token}
        for body in ({"message": {"$ne": 1}}, {"message": ["a"]}, {"conversation": {"$gt": ""}, "message": "x"}):
            answer = await rita.http.post("/turns", content=json.dumps(body), headers=token)
            _no_bug(answer.status_code, f"a turn of {body}")
        for path in ("/cv/{$ne:1}", "/cv/%7B%22$gt%22:%22%22%7D/download", "/turns/$where/events", "/c/$ne"):
            _no_bug((await rita.get(path)).status_code, path)


def _no_bug(status: int, what: str) -> None:
    if status >= 500:
        raise Lost(f"{what} was answered {status}")


@case(TRAVERSAL, "by id only", most_seeds=1)
async def traversal(scene: Scene) -> None:
    (scene.home / "outside.pdf").write_bytes(odd_files.text_pdf("Outside Person"))
    (scene.folder / "link.pdf").symlink_to(scene.home / "outside.pdf")
    _put(scene, "%2e%2e%2foutside.pdf", odd_files.text_pdf("Percent Person\nPython"))
    names = {"line\nbreak.pdf": "Line Person", "\u202egnp.pdf": "Turned Person", "a;b'c\"d.pdf": "Quoted Person"}
    for name, person in names.items():
        _put(scene, name, odd_files.text_pdf(f"{person}\nPython"))
    scene.plan = replace(scene.plan, pdf=True)
    wanted = scene.wanted
    scene.contents = lambda: {
        key.replace("%", "%25"): data for key, data in _only(wanted, scene).items() if key != "link.pdf"
    }
    await _taken_in(scene)
    _, base = await scene.web()
    async with scene.reader(base) as rita, Browser(base) as stranger:
        for path in ("..%2foutside.pdf", "%2e%2e%2foutside.pdf", "..%5c..%5cetc%5cpasswd", "%00", "folder:good.pdf"):
            for place in ("/cv/{}/download", "/cv/{}/pages/0", "/download/{}", "/static/{}", "/c/{}"):
                answer = await rita.get(place.format(path))
                _no_bug(answer.status_code, place.format(path))
                if b"Outside" in answer.content or b"root:" in answer.content:
                    raise Lost(f"{place.format(path)} gave a file from outside")
        for candidate in await all_candidates():
            answer = await rita.get(f"/cv/{candidate.id}/download")
            named = answer.headers.get("content-disposition", "")
            if answer.status_code != 200 or any(mark in named for mark in ("\n", "\r", "\u202e")):
                raise Lost(f"{candidate.file_name!r} is served as {answer.status_code} {named!r}")
            if (await stranger.get(f"/cv/{candidate.id}/download")).status_code == 200:
                raise Lost("a stranger got a CV")


def _only(wanted: Callable[[], dict[str, bytes]], scene: Scene) -> dict[str, bytes]:
    """The folder's files, asked for without the scene's own list."""
    mine, scene.contents = scene.contents, None
    try:
        return wanted()
    finally:
        scene.contents = mine


@case(MESSAGES, "a clear error or an answer, never a 500", most_seeds=1)
async def messages(scene: Scene) -> None:
    await _taken_in(scene)
    _, base = await scene.web()
    odd = [
        "",
        " \n\t",
        "x" * (1 << 20),
        "é" * 3000,
        "a\x00b",
        "\ud800 lone",
        "\U0001f600" * 50,
        "((((",
        "NOT",
        "'\"`$%",
    ]
    async with scene.reader(base) as rita:
        for message in odd:
            body = {"message": message.encode("utf-8", "surrogatepass")}
            answer = await rita.http.post("/turns", data={"_csrf_token": rita.token, **body})
            _no_bug(answer.status_code, f"a message of {len(message)} letters, {message[:9]!r}")
        for raw in (b"message=%ED%A0%80", b"message=%00", b"message=%ff%fe", b"\xff\xfe=\x00", b"message"):
            form = {"Content-Type": "application/x-www-form-urlencoded", "X-CSRF-Token": rita.token}
            answer = await rita.http.post("/turns", content=raw + b"&_csrf_token=" + rita.token.encode(), headers=form)
            _no_bug(answer.status_code, f"a form of {raw!r}")
        if (await rita.get("/")).status_code != 200:
            raise Lost("the web server does not answer any more")


@case(CELLS, "neutralised", most_seeds=1)
async def cells(scene: Scene) -> None:
    _put(scene, "=cmd.pdf", odd_files.text_pdf("Formula Person\nPython developer"))
    await _taken_in(scene)
    _, base = await scene.web()
    user = await people.add_user("exporter", PASSWORD, people.Role.RECRUITER, can_export=True)
    candidate = next(one for one in await all_candidates() if one.file_name == "=cmd.pdf")
    for text in ("=1+1", "+1", "-1", "@x", "\tx"):
        await likes.like(user.id, candidate.id)
        async with Browser(base) as reader:
            await reader.sign_in("exporter")
            await reader.get(f"/cv/{candidate.id}")
            await reader.post(f"/lists/{user.id}/entries/{candidate.id}", {"status": "new", "note": text})
            table = (await reader.get("/likes.csv")).text
        found = [cell for line in table.lstrip("\ufeff").splitlines() for cell in line.replace('"', "").split(",")]
        if not any("cmd.pdf" in cell for cell in found) or any(cell[:1] in "=+-@\t" for cell in found if cell):
            raise Lost(f"a cell is a formula: {found}")


@case(NAN, "refused, by the index and by a search", most_seeds=1)
async def nan(scene: Scene) -> None:
    index = FaissIndex("fake/hash", 4)
    good = np.eye(2, 4, dtype=np.float32)
    index.apply([VectorEntry("a", "h", "fake/hash", good)], [])
    for bad in (np.nan, np.inf, -np.inf):
        rows = good.copy()
        rows[1, 2] = bad
        for act in (
            lambda rows=rows: index.apply([VectorEntry("b", "h", "fake/hash", rows)], []),
            lambda rows=rows: index.search(rows[1], 3),
        ):
            try:
                act()
            except ValueError:
                continue
            raise Lost(f"a vector of {bad} was taken")
    if set(index.stats().candidates) != {"a"}:
        raise Lost("the index changed")
    scene.people(2)
    scene.worker()
    await scene.recovered()
