"""Row: CVs added by hand, with the web server killed or the reader gone in the middle of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from multiprocessing.context import ForkServerProcess

import httpx
import psutil

from cvmatcher.store.people import User
from tests.faults.case import Run, case
from tests.faults.world import Lost, Scene, ended, killed, until
from tests.ingesting import all_candidates
from tests.site import Browser, person

UPLOADS = "upload of several files: killed half-way, broken off"
SIZE = 100_000  # bytes of a file
PIECES = 40  # of a body on its way
Files = Mapping[str, bytes]


def _files(batch: str, count: int = 6) -> Files:
    return {f"{batch}-{n}.txt": f"Person {batch} {n}\nPython".encode().ljust(SIZE, b"\n") for n in range(count)}


async def _begin(scene: Scene) -> User:
    """A worker, and somebody who may upload; the scene expects what lies whole among the uploads."""
    root = scene.plan.uploads

    def contents() -> dict[str, bytes]:
        files = [path.relative_to(root) for path in root.glob("[!.]*/*")]
        return {file.as_posix(): (root / file).read_bytes() for file in files}

    scene.contents = contents
    scene.worker()
    return await person("uma", can_upload=True)


async def _browser(base: str, uma: User) -> Browser:
    """On the page of uploads. The password is left out: more than ten tries in minutes are throttled, right or not."""
    browser = Browser(base)
    await browser.signed_in(uma)
    if (status := (await browser.get("/uploads")).status_code) != 200:
        raise Lost(f"the page of uploads was answered {status}")
    return browser


async def _send(uma: Browser, files: Files, seconds: float = 0.0) -> int:
    """The form with its files, its bytes spread over so many seconds; the status, 0 when nothing was answered.

    Raises Lost when it is sent elsewhere than to the uploads, as whoever is not signed in.
    """
    parts = [("file", (name, data, "text/plain")) for name, data in files.items()]
    form = uma.http.build_request("POST", "/uploads", data={"_csrf_token": uma.token}, files=parts)
    body = await form.aread()

    async def slowly() -> AsyncIterator[bytes]:
        size = len(body) // PIECES + 1
        for begin in range(0, len(body), size):
            yield body[begin : begin + size]
            await asyncio.sleep(seconds / PIECES)

    headers = {name: form.headers[name] for name in ("content-type", "content-length")}
    try:
        answer = await uma.http.post("/uploads", content=slowly(), headers=headers)
    except httpx.HTTPError:
        return 0
    if answer.has_redirect_location and answer.headers["location"] != "/uploads":
        raise Lost(f"sent to {answer.headers['location']}")
    return answer.status_code


async def _everybody(scene: Scene, sent: list[Files]) -> None:
    """Nothing half is left, every file sent is one candidate, and what was answered as kept is kept."""
    await until(lambda: _nothing_half(scene), "half files deleted")
    await scene.recovered()
    wanted = {hashlib.sha256(data).hexdigest(): name for files in sent for name, data in files.items()}
    held = {candidate.content_hash for candidate in await all_candidates()}
    if missing := [name for content, name in wanted.items() if content not in held]:
        raise Lost(f"sent and kept, and nobody's: {missing}", len(missing))
    if held - wanted.keys():
        raise Lost("half a file became a candidate")


async def _nothing_half(scene: Scene) -> bool:
    return not list(scene.plan.uploads.glob(".*"))


async def _again(scene: Scene, user: User, sent: list[Files]) -> None:
    """Who got no answer sends all of it once more, to a new web server."""
    _, base = await scene.web()
    uma = await _browser(base, user)
    for files in sent:
        if (status := await _send(uma, files)) != 303:
            raise Lost(f"a second try was answered {status}")
    await uma.http.aclose()


def _at(step: str) -> Run:
    async def run(scene: Scene) -> None:
        user = await _begin(scene)
        web, base = await scene.web(f"{step}:kill:{scene.random.randint(1, 6)}")
        uma, files = await _browser(base, user), _files("a")
        status = await _send(uma, files)
        await uma.http.aclose()
        scene.broken()
        await killed(web)
        if status:
            raise Lost(f"answered {status} before it was killed")
        await _again(scene, user, [files])
        await _everybody(scene, [files])

    return run


for _step in ("incoming", "kept"):
    case(UPLOADS, _step, quick=_step == "kept")(_at(_step))


@case(UPLOADS, "killed at random times")
async def killed_at_random(scene: Scene) -> None:
    """Now while it takes the bytes, now while it keeps them; what was acknowledged is not sent again."""
    user = await _begin(scene)
    sent, again = [], []
    kills = 3 if scene.short else 10
    for number in range(kills):
        web, base = await scene.web()
        uma, files = await _browser(base, user), _files(f"b{number}")
        sending = asyncio.create_task(_send(uma, files, scene.random.choice([0.0, 1.0])))
        await asyncio.sleep(scene.random.uniform(0, 1.2))
        scene.broken()
        web.kill()
        await ended(web)
        sent.append(files)
        again += [] if await sending == 303 else [files]
        await uma.http.aclose()
    scene.notes.append(f"{kills} kills, {len(again)} of them before the answer")
    await _again(scene, user, again)
    await _everybody(scene, sent)


@case(UPLOADS, "the reader breaks off")
async def broken_off(scene: Scene) -> None:
    """Nothing of it is kept, no file of the process stays open, and the next one is taken."""
    user = await _begin(scene)
    web, base = await scene.web()
    uma = await _browser(base, user)
    await _send(uma, _files("whole"))
    before = _open_files(web)
    for number in range(4 if scene.short else 20):
        broken = asyncio.create_task(_send(await _browser(base, user), _files(f"c{number}"), 1.0))
        await asyncio.sleep(scene.random.uniform(0.1, 0.8))
        broken.cancel()
        with suppress(asyncio.CancelledError):
            await broken
    scene.broken()
    await until(lambda: _no_more(web, before), "the files of those who left closed", 30)
    await _everybody(scene, [_files("whole")])
    if (status := await _send(uma, _files("after"))) != 303:
        raise Lost(f"the next upload was answered {status}")
    await uma.http.aclose()
    await _everybody(scene, [_files("whole"), _files("after")])
    if web.exitcode is not None:
        raise Lost("the web server ended")


def _open_files(web: ForkServerProcess) -> int:
    """Files, not connections: a browser keeps those."""
    return len([one for one in psutil.Process(web.pid).open_files() if "index" not in one.path])


async def _no_more(web: ForkServerProcess, before: int) -> bool:
    return _open_files(web) <= before
