"""What a stranger's file may make a reader do; called by name inside the guarded child."""

from __future__ import annotations

import ctypes
import itertools
import os
import subprocess
import sys
import time
from typing import Any

from cvmatcher.domain import QuarantineReason, Unreadable


def echo(data: bytes, **arguments: Any) -> Any:
    return {"length": len(data), "pid": os.getpid(), **arguments}


def environment(data: bytes) -> dict[str, str]:
    return dict(os.environ)


def refuse(data: bytes) -> None:
    raise Unreadable(QuarantineReason.ENCRYPTED, "says who")


def hang(data: bytes) -> None:
    """Never comes back, and leaves a process of its own behind; its number is written to the file named by data."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(data.decode(), "w", encoding="ascii") as note:  # noqa: PTH123
        note.write(f"{child.pid}\n")
    time.sleep(600)


def spin(data: bytes) -> None:
    for _ in itertools.count():
        pass


def grow(data: bytes) -> int:
    return len([bytearray(1 << 24) for _ in range(1 << 16)])


def crash(data: bytes) -> None:
    ctypes.string_at(0)


def fail(data: bytes) -> None:
    raise KeyError("a bug of ours")


def talk(data: bytes, *, length: int) -> bytes:
    return bytes(length)


def write(data: bytes, *, length: int) -> int:
    with open(data.decode(), "wb") as file:  # noqa: PTH123
        return file.write(bytes(length))


def die_quietly(data: bytes) -> None:
    os._exit(0)


def crash_if_used(data: bytes) -> int:
    """As after a file that damaged the reader's memory: this process lives through no second call."""
    if hasattr(sys, "used"):
        ctypes.string_at(0)
    sys.used = True  # type: ignore[attr-defined]
    return os.getpid()
