"""One bad file hurts neither the service nor another file."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import psutil
import pytest

from cvmatcher import guard
from cvmatcher.domain import QuarantineReason, Unreadable
from cvmatcher.guarded import frames

HERE = "tests.misbehaving:"
QUICK = guard.Limits(seconds=1.0)


async def reason_of(
    name: str, data: bytes = b"", limits: guard.Limits | None = None, **arguments: object
) -> QuarantineReason:
    with pytest.raises(Unreadable) as caught:
        await guard.run(HERE + name, data, limits=limits, **arguments)
    return caught.value.reason


async def test_value_and_bytes_come_back() -> None:
    answer = await guard.run(HERE + "echo", b"abc", word="é\ud800", numbers=[1, 2])
    assert (answer["length"], answer["word"], answer["numbers"]) == (3, "é\ud800", [1, 2])
    assert await guard.run(HERE + "talk", length=1 << 20) == bytes(1 << 20)


async def test_large_file_goes_through_the_pipe() -> None:
    assert (await guard.run(HERE + "echo", bytes(40 << 20)))["length"] == 40 << 20


async def test_refusal_keeps_reason_and_child() -> None:
    guard.close()
    first = (await guard.run(HERE + "echo"))["pid"]
    assert await reason_of("refuse") is QuarantineReason.ENCRYPTED
    assert (await guard.run(HERE + "echo"))["pid"] == first


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("spin", QuarantineReason.TOO_SLOW),
        ("crash", QuarantineReason.READER_CRASHED),
        ("die_quietly", QuarantineReason.READER_CRASHED),
        ("fail", QuarantineReason.READER_CRASHED),
    ],
)
async def test_each_end_has_its_reason_and_ends_the_child(name: str, reason: QuarantineReason) -> None:
    guard.close()
    first = (await guard.run(HERE + "echo"))["pid"]
    assert await reason_of(name, limits=QUICK) is reason
    assert not psutil.pid_exists(first)
    assert (await guard.run(HERE + "echo"))["pid"] != first


def test_a_child_that_nobody_looks_at_ends_in_time_too() -> None:
    command = [sys.executable, "-m", "cvmatcher.guarded"]
    request = {"function": f"{HERE}spin", "arguments": {}, "limits": asdict(QUICK)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # noqa: S603 - our own words
        child.communicate(frames.pack(request))
    assert child.returncode == -signal.SIGALRM, "by the clock: the limit of CPU time is later"


async def test_memory_ends_at_the_limit() -> None:
    assert await reason_of("grow", limits=guard.Limits(memory=300 << 20)) is QuarantineReason.TOO_MUCH_MEMORY


async def test_too_long_an_answer_is_not_taken() -> None:
    assert await reason_of("talk", limits=guard.Limits(answer=1000), length=2000) is QuarantineReason.TOO_MUCH_TEXT


async def test_no_large_file_is_written(tmp_path: Path) -> None:
    target = tmp_path / "large"
    limits = guard.Limits(file_size=1 << 20)
    assert await reason_of("write", str(target).encode(), limits, length=2 << 20) is QuarantineReason.READER_CRASHED
    assert target.stat().st_size <= 1 << 20


async def test_what_a_killed_child_started_is_killed_too(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    assert await reason_of("hang", str(note).encode(), QUICK) is QuarantineReason.TOO_SLOW
    grandchild = int(note.read_text())
    await asyncio.to_thread(psutil.wait_procs, _processes(grandchild), timeout=10)
    assert not _processes(grandchild)


def _processes(pid: int) -> list[psutil.Process]:
    """The process, unless it has ended (nobody may be there to collect it)."""
    try:
        process = psutil.Process(pid)
        return [] if process.status() == psutil.STATUS_ZOMBIE else [process]
    except psutil.NoSuchProcess:
        return []


async def test_cancelling_ends_the_child_at_once(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    task = asyncio.create_task(guard.run(HERE + "hang", str(note).encode(), limits=guard.Limits(seconds=300)))
    while not (note.exists() and note.read_text().endswith("\n")):  # noqa: ASYNC110 - a file has no event
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.to_thread(psutil.wait_procs, _processes(int(note.read_text())), timeout=10)
    assert not _processes(int(note.read_text()))


async def test_bad_files_beside_good_ones_hurt_only_themselves() -> None:
    limits = guard.Limits(seconds=3.0, memory=300 << 20)
    names = ["echo", "crash", "echo", "grow", "echo", "spin", "echo", "fail", "echo", "refuse"] * 2
    results = await asyncio.gather(
        *(guard.run(HERE + name, b"x", limits=limits) for name in names), return_exceptions=True
    )
    for name, result in zip(names, results, strict=True):
        assert isinstance(result, dict if name == "echo" else Unreadable), (name, result)


async def test_neither_files_nor_processes_are_left_behind() -> None:
    own = psutil.Process()
    guard.close()
    await guard.run(HERE + "echo")
    guard.close()
    files, children = own.num_fds(), {child.pid for child in own.children()}
    for name in ["echo", "crash", "fail", "refuse", "spin"]:
        await asyncio.gather(guard.run(HERE + name, limits=QUICK), return_exceptions=True)
    guard.close()
    assert own.num_fds() == files
    assert {child.pid for child in own.children()} == children


async def test_child_sees_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "canary")
    guard.close()
    assert "canary" not in str(await guard.run(HERE + "environment"))


async def test_a_child_found_dead_is_replaced() -> None:
    guard.close()
    first = (await guard.run(HERE + "echo"))["pid"]
    os.kill(first, 9)
    assert (await guard.run(HERE + "echo"))["pid"] != first


async def test_what_one_file_left_behind_harms_no_other() -> None:
    guard.close()
    pids = [await guard.run(HERE + "crash_if_used") for _ in range(3)]
    assert len(set(pids)) == 3


async def test_a_large_parent_is_not_taken_for_a_large_child() -> None:
    guard.close()
    ballast = bytearray(guard.PEAK_TO_KEEP + (64 << 20))
    ballast[::4096] = b"x" * len(ballast[::4096])
    first = (await guard.run(HERE + "echo"))["pid"]
    assert (await guard.run(HERE + "echo"))["pid"] == first
    del ballast
