"""Runs one function on a stranger's bytes in a child process with limits on time, memory, files and answer.

Owns the children: they are started fresh (never forked from this process, which has threads), without the environment
and its secrets, used for several files, and killed with everything they started at the first sign of trouble. Knows
nothing of what the functions do. Blocking exchanges happen in threads of its own, so any event loop may call it.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, cast

from cvmatcher.domain import QuarantineReason, Unavailable, Unreadable
from cvmatcher.guarded import frames

START_SECONDS = 60.0  # a busy machine is slow to start Python; that is not the file's fault
FILES_PER_CHILD = 200  # leaks of C libraries end here
PEAK_TO_KEEP = 400 << 20  # a child that once grew beyond this many bytes of resident memory is not kept
_MAY_BE_ANOTHERS_FAULT = (QuarantineReason.READER_CRASHED, QuarantineReason.TOO_MUCH_MEMORY)
AT_ONCE = max(2, min(8, os.cpu_count() or 2))


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use."""

    seconds: float = 19.0  # wall time, CPU time the same: a killed child is gone within 20 s on a busy machine too
    memory: int = 1 << 30  # bytes of address space, all together
    file_size: int = 64 << 20  # bytes of any one file it writes
    answer: int = 32 << 20  # bytes


class _Child:
    """One process, used by one thread at a time. Any exception leaves it dead."""

    def __init__(self) -> None:
        root = str(Path(__file__).resolve().parent.parent)
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR", "TESSDATA_PREFIX") if name in os.environ}
        self.files = 0
        self.peak = 0
        self.killed = False
        self._inherited = 0  # bytes of peak that the kernel counts from before the child's own program began
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cvmatcher.guarded"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            cwd="/",
            env=kept | {"PYTHONPATH": root, "LANG": "C.UTF-8", "OMP_THREAD_LIMIT": "1"},
            start_new_session=True,
        )
        self._stdin = cast("IO[bytes]", self._process.stdin)
        self._stdout = cast("IO[bytes]", self._process.stdout)
        try:
            self._inherited = int(self._read(Limits(seconds=START_SECONDS))[0]["inherited"])
        except Unreadable as failure:
            raise Unavailable("the guarded reader does not start") from failure

    def call(self, function: str, data: bytes, arguments: dict[str, Any], limits: Limits) -> Any:
        request = {"function": function, "arguments": arguments, "limits": asdict(limits)}
        self.files += 1
        try:
            self._write(frames.pack(request, data))
            head, blob = self._read(limits)
        except BaseException:
            self.kill()
            raise
        self.peak = head["peak"]
        return self._judge(head, blob)

    def _judge(self, head: dict[str, Any], blob: bytes) -> Any:
        match head["state"]:
            case "value":
                return head["value"]
            case "bytes":
                return blob
            case "unreadable":
                raise Unreadable(QuarantineReason(head["reason"]), head["message"])
            case "memory":
                self.kill()
                raise Unreadable(QuarantineReason.TOO_MUCH_MEMORY)
            case _:
                self.kill()
                raise Unreadable(QuarantineReason.READER_CRASHED, head["message"])

    def _write(self, frame: bytes) -> None:
        rest = memoryview(frame)
        with suppress(BrokenPipeError):  # a dead child is noticed, with its cause, when its answer is read
            while rest:
                rest = rest[self._stdin.write(rest) :]

    def _read(self, limits: Limits) -> tuple[dict[str, Any], bytes]:
        deadline = time.monotonic() + limits.seconds
        json_length, blob_length = frames.HEAD.unpack(self._exactly(frames.HEAD.size, deadline, limits))
        if json_length + blob_length > limits.answer:
            self.kill()
            raise Unreadable(QuarantineReason.TOO_MUCH_TEXT, f"an answer of {json_length + blob_length} bytes")
        head = json.loads(self._exactly(json_length, deadline, limits))
        return head, self._exactly(blob_length, deadline, limits)

    def _exactly(self, size: int, deadline: float, limits: Limits) -> bytes:
        pipe, parts, missing = self._stdout.fileno(), [], size
        poll = select.poll()  # select() ends at file 1,024, and a web process may have more
        poll.register(pipe, select.POLLIN)
        while missing:
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                self.kill()
                raise Unreadable(QuarantineReason.TOO_SLOW, f"not read in {limits.seconds:g} s")
            part = os.read(pipe, min(missing, 1 << 20))
            if not part:
                raise Unreadable(self._cause_of_death(limits))
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _cause_of_death(self, limits: Limits) -> QuarantineReason:
        by_us = self.killed
        peak = self.kill()
        code = self._process.returncode
        if code in (-signal.SIGALRM, -signal.SIGXCPU):
            return QuarantineReason.TOO_SLOW
        if peak > limits.memory * 0.6 or (code == -signal.SIGKILL and not by_us):  # the kernel's own killer
            return QuarantineReason.TOO_MUCH_MEMORY
        return QuarantineReason.READER_CRASHED

    def kill(self) -> int:
        """Ends the process and all it started, whatever it does; returns its peak resident memory in bytes."""
        with self._lock:
            if self._process.returncode is None:
                self.killed = True
                with suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                _, status, usage = os.wait4(self._process.pid, 0)
                self._process.returncode = os.waitstatus_to_exitcode(status)
                highest = usage.ru_maxrss * 1024
                self.peak = max(self.peak, highest if highest > self._inherited else 0)
            return self.peak

    def close(self) -> None:
        """Kills it and gives its pipes back; for the thread that owns it."""
        self.kill()
        self._stdin.close()
        self._stdout.close()

    @property
    def alive(self) -> bool:
        """Whether it still runs (a child may die while it waits, killed by the kernel or a person)."""
        with self._lock:
            if self._process.returncode is None:
                self._process.poll()
            return self._process.returncode is None

    @property
    def worth_keeping(self) -> bool:
        return self._process.returncode is None and self.files < FILES_PER_CHILD and self.peak < PEAK_TO_KEEP


class _Call:
    """One call on its way through a thread, and how its caller takes it back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self._given_up = False

    def work(self, function: str, data: bytes, arguments: dict[str, Any], limits: Limits) -> Any:
        child = _take()
        used = child.files > 0
        try:
            return self._with(child, function, data, arguments, limits)
        except Unreadable as failure:
            if not used or failure.reason not in _MAY_BE_ANOTHERS_FAULT:
                raise
        return self._with(
            _start(), function, data, arguments, limits
        )  # what an earlier file left behind harms no other

    def _with(self, child: _Child, function: str, data: bytes, arguments: dict[str, Any], limits: Limits) -> Any:
        try:
            with self._lock:
                if self._given_up:
                    return None
                self._child = child
            return child.call(function, data, arguments, limits)
        finally:
            with self._lock:
                self._child = None
            _give_back(child)

    def give_up(self) -> None:
        """Kills the child at work, so that a cancelled call holds neither a thread nor a core."""
        with self._lock:
            self._given_up = True
            if self._child is not None:
                self._child.kill()


_idle: deque[_Child] = deque()
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="guard")


def _take() -> _Child:
    while True:
        try:
            child = _idle.pop()
        except IndexError:
            return _start()
        if child.alive:
            return child
        child.close()


def _start() -> _Child:
    try:
        return _Child()
    except OSError as error:  # no process, memory or file number left on this machine
        raise Unavailable("the guarded reader does not start") from error


def _give_back(child: _Child) -> None:
    if child.worth_keeping and len(_idle) < AT_ONCE:
        _idle.append(child)
    else:
        child.close()


def close() -> None:
    """Ends the children that wait for work."""
    while _idle:
        _idle.pop().close()


atexit.register(close)


async def run(function: str, data: bytes = b"", *, limits: Limits | None = None, **arguments: Any) -> Any:
    """Calls `function` ("cvmatcher.guarded.module:name") with `data` and JSON arguments in a child of its own.

    Returns the JSON value or the bytes it returned. Raises Unreadable: its own, or TOO_SLOW, TOO_MUCH_MEMORY,
    TOO_MUCH_TEXT (an answer past the limit), READER_CRASHED; Unavailable when no child can be started. Waiting for one
    of the AT_ONCE places does not count as time; a cancelled call kills its child.
    """
    call = _Call()
    try:
        return await asyncio.get_running_loop().run_in_executor(
            _threads, call.work, function, data, arguments, limits or Limits()
        )
    except asyncio.CancelledError:
        call.give_up()
        raise
