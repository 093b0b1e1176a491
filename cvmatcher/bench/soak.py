"""Everything at once, for minutes: searches, likes, uploads, files that come and go, random faults (`bench soak`).

Runs what `cvmatcher up` runs, on a temporary home. At the end nobody may be lost or doubled, every acknowledged like
and upload must be there, nobody who was taken back may return, and `check` must find no difference.
"""

from __future__ import annotations

import asyncio
import os
import platform
import random
import secrets
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import psutil

from cvmatcher import consistency, demo, store, supervisor
from cvmatcher.bench.visitors import Files, Uploader, Visitor, summed
from cvmatcher.domain import FileState
from cvmatcher.settings import Settings
from cvmatcher.store import candidates, ledger, likes, people, pool, shortlisted
from cvmatcher.wiring import UPLOADS, open_services

PEOPLE, VISITORS = 80, 3
PATIENCE = 300.0  # seconds that all may take to be searchable at the beginning and at the end
PAUSE = (10.0, 25.0)  # seconds between two faults
FROZEN = (1.0, 8.0)  # seconds
PARTS = {"web": "cvmatcher web", "worker": "cvmatcher worker", "mongo": "secantusd", "redis": "redis-server"}
HARMLESS = {"answered", "told to wait (503)", "no connection", "gone (404)"}  # while servers are being killed

Report = dict[str, Any]


@dataclass(frozen=True)
class Crowd:
    """All who use the app at once."""

    visitors: list[Visitor]
    uploader: Uploader
    files: Files


async def soak(settings: Settings, minutes: float, seed: int) -> Report:
    """The report; `ok` says whether all that must hold does."""
    with tempfile.TemporaryDirectory(prefix="cvm-soak-") as folder:
        home = Path(folder)
        (home / "cvs").mkdir()
        own = {"cvmatcher_home": home, "cv_folder": home / "cvs", "port": 0, "mongo_uri": None, "redis_url": None}
        none = {"gemini_api_key": None, "google_token_json": None, "google_drive_folder_id": None, "public_url": None}
        quiet = settings.model_copy(update={name: own.get(name) for name in own | none})
        spare = await asyncio.to_thread(_make_files, home, seed, minutes)
        token, user = "", ""

        async def prepare(located: Settings) -> None:
            nonlocal token, user
            async with _opened(located):
                user = (await people.add_user("soak", secrets.token_urlsafe(12), people.Role.ADMIN)).id
                token = await people.new_token(user, "soak")

        async with supervisor.up(quiet, prepare) as running, _opened(running):
            chance = random.Random(seed)  # noqa: S311 - it must repeat
            address = supervisor.local_address(running)
            visitors = [Visitor(address, token, random.Random(seed + n)) for n in range(VISITORS)]  # noqa: S311
            files = Files(home / "cvs", spare[::2], chance)
            uploader = Uploader(address, token, spare[1::2], random.Random(seed))  # noqa: S311
            faults = Faults(random.Random(seed))  # noqa: S311
            ran = await _run(Crowd(visitors, uploader, files), faults, minutes * 60)
            about = {"minutes": minutes, "seed": seed, "machine": machine()}
            return about | ran | await _report(running, Crowd(visitors, uploader, files), user)


def _make_files(home: Path, seed: int, minutes: float) -> list[Path]:
    """Fills the folder; returns files to be dropped later."""
    made = demo.make_pool(home / "spare", PEOPLE + round(40 * minutes) + 20, seed)
    for path in made[:PEOPLE]:
        shutil.copyfile(path, home / "cvs" / path.name)
    return made[PEOPLE:]


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[None]:
    assert settings.mongo_uri is not None  # noqa: S101 - supervisor.up has set it
    async with store.connect(settings.mongo_uri.get_secret_value()) as client:
        await store.open_store(client, settings.db_name, settings.collection_name)
        yield


async def _run(crowd: Crowd, faults: Faults, seconds: float) -> Report:
    await _settled(crowd.files)
    for visitor in crowd.visitors:
        await visitor.search()  # what a first search loads is not counted as growth
    before = _processes()
    highest = dict(before)
    staying = [crowd.uploader.stay(), *(visitor.stay() for visitor in crowd.visitors)]
    work = [*staying, crowd.files.stir(), faults.happen(), _watch(highest)]
    tasks = [asyncio.create_task(each) for each in work]
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
    faults.thaw()
    ended = monotonic()
    await _settled(crowd.files)
    return {
        "faults": dict(faults.done),
        "settled_after_seconds": round(monotonic() - ended, 1),
        "processes": {
            name: {"before": before[name], "highest": highest[name], "after": after}
            for name, after in _processes().items()
        },
    }


async def _report(settings: Settings, crowd: Crowd, user: str) -> Report:
    visitors, uploader, files = crowd.visitors, crowd.uploader, crowd.files
    wanted = Counter([*files.hashes().values(), *uploader.kept.values()])
    held = Counter([candidate.content_hash async for candidate in candidates.each()])
    refused = [row for row in await ledger.each() if row.state is FileState.QUARANTINED]
    missing = wanted.keys() - held.keys() - {row.content_hash for row in refused}
    returned = uploader.removed & held.keys()
    there = {candidate.id async for candidate in candidates.each()}
    kept = {one.candidate_id for one in await shortlisted.entries((await likes.current(user)).id)}
    lost_likes = {one for visitor in visitors for one in visitor.liked} & there - kept
    balanced = bool((await pool.balance())["balanced"])
    async with open_services(settings) as services, services.follower:
        checked = await consistency.check(services.consistency)
    asked = summed(visitors)
    asked |= {"uploads": dict(uploader.uploads), "removals": dict(uploader.removals)}
    outcomes = sum((Counter(asked[kind]) for kind in ("searches", "likes", "uploads", "removals")), Counter[str]())
    bad = {name: n for name, n in outcomes.items() if name not in HARMLESS}
    doubled = sum(n - 1 for n in held.values())
    return asked | {
        "ok": checked["ok"] and balanced and not (missing or doubled or returned or lost_likes or bad),
        "files": dict(files.done),
        "candidates": sum(held.values()),
        "quarantined": len(refused),
        "lost": len(missing),
        "doubled": doubled,
        "likes_lost": len(lost_likes),
        "uploads_returned": len(returned),
        "check": "no difference" if checked["ok"] else checked["differences"],
        "balanced": balanced,
        "wrong_answers": bad,
    }


async def _settled(files: Files) -> None:
    """Until the ledger holds what the folder holds. Raises TimeoutError."""
    async with asyncio.timeout(PATIENCE):
        while True:
            wanted = await asyncio.to_thread(files.hashes)
            standing = [row for row in await ledger.each() if row.state is not FileState.REMOVED]
            rows = {row.file_id: row for row in standing if row.source != UPLOADS}
            added = all(row.state is not FileState.IN_PROGRESS for row in standing if row.source == UPLOADS)
            dropped = all(_is_done(row, wanted[name]) for name, row in rows.items() if name in wanted)
            if rows.keys() == wanted.keys() and dropped and added:
                return
            await asyncio.sleep(1.0)


def _is_done(row: ledger.LedgerRow, content_hash: str) -> bool:
    settled = row.state is FileState.QUARANTINED or row.content_hash == content_hash
    return settled and row.state is not FileState.IN_PROGRESS


# --------------------------------------------------------------------------------------------------------- processes


def _found() -> dict[str, psutil.Process]:
    """Our children, by the names of PARTS."""
    found: dict[str, psutil.Process] = {}
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            line = " ".join(child.cmdline())
            found |= {name: child for name, words in PARTS.items() if words in line}
    return found


def _processes() -> dict[str, dict[str, int]]:
    """Memory in MB and open files of each."""
    seen = {name: {"mb": 0, "files": 0} for name in PARTS}
    for name, process in _found().items():
        with suppress(psutil.Error):
            seen[name] = {"mb": process.memory_info().rss >> 20, "files": process.num_fds()}
    return seen


async def _watch(highest: dict[str, dict[str, int]]) -> None:
    while True:
        for name, now in _processes().items():
            highest[name] = {what: max(value, highest[name][what]) for what, value in now.items()}
        await asyncio.sleep(1.0)


@dataclass
class Faults:
    """One after another, at random."""

    random: random.Random
    done: Counter[str] = field(default_factory=Counter)
    _frozen: list[psutil.Process] = field(default_factory=list)

    async def happen(self) -> None:
        while True:
            await asyncio.sleep(self.random.uniform(*PAUSE))
            name = self.random.choice(sorted(PARTS))
            process = _found().get(name)
            if process is None:
                continue
            if self.random.random() < 0.7:
                self.done[f"{name} killed"] += 1
                _send(process, signal.SIGKILL)
                continue
            self.done[f"{name} frozen"] += 1
            self._frozen.append(process)
            _send(process, signal.SIGSTOP)
            await asyncio.sleep(self.random.uniform(*FROZEN))
            self.thaw()

    def thaw(self) -> None:
        while self._frozen:
            _send(self._frozen.pop(), signal.SIGCONT)


def _send(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.Error):
        process.send_signal(number)


def machine() -> str:
    """Where a figure was measured, and how busy it was."""
    memory = psutil.virtual_memory().total / 2**30
    load = os.getloadavg()[0]
    return (
        f"{psutil.cpu_count()} cores, {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}, "
        f"load {load:.1f} at the end"
    )
