"""The guarded child: takes one request after another from its standard input and answers on its standard output.

Owns the limits that the child sets on itself. It says `{"state": "ready"}` first, and ends when its input closes.
"""

from __future__ import annotations

import importlib
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

from cvmatcher.domain import Unreadable
from cvmatcher.guarded import frames


def limit(limits: dict[str, Any]) -> None:
    """Lowers what this process may use from here on; the kernel holds it, whatever C code does.

    CPU counts from the process's start, so its limit moves with every request. The alarm ends this process in time also
    where the parent has died or, on a machine that is too busy, looks late.
    """
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = int(used.ru_utime + used.ru_stime + limits["seconds"]) + 2
    unlimited = resource.RLIM_INFINITY
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], unlimited))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, unlimited))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits["file_size"], unlimited))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.setitimer(signal.ITIMER_REAL, limits["seconds"])


def answer(request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """Calls the named function; a failure becomes an answer too, but of the kind that ends this child."""
    module, name = request["function"].split(":")
    function: Callable[..., Any] = getattr(importlib.import_module(module), name)
    try:
        value = function(data, **request["arguments"])
    except Unreadable as refusal:
        return {"state": "unreadable", "reason": refusal.reason.value, "message": str(refusal)}, b""
    except MemoryError:
        return {"state": "memory"}, b""
    except Exception as error:  # noqa: BLE001 - whatever a stranger's file provokes is told to the parent
        return {"state": "failed", "message": f"{type(error).__name__}: {error}"[:500]}, b""
    if isinstance(value, bytes):
        return {"state": "bytes"}, value
    return {"state": "value", "value": value}, b""


def _resource_peak() -> int:
    """Bytes; on Linux a new program starts with the peak of the one that started it."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _peak() -> int:
    """Peak of resident memory of the program itself, in bytes."""
    if sys.platform != "linux":
        return _resource_peak()
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib is not loaded here
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


def main() -> None:
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # C libraries print; nobody reads
        os.dup2(silence, stream)
    os.write(answers.fileno(), frames.pack({"state": "ready", "inherited": _resource_peak()}))
    while (frame := frames.read(requests)) is not None:
        limit(frame[0]["limits"])
        head, blob = answer(*frame)
        signal.setitimer(signal.ITIMER_REAL, 0)
        head["peak"] = _peak()
        packed = memoryview(frames.pack(head, blob))
        while packed:
            packed = packed[os.write(answers.fileno(), packed) :]


if __name__ == "__main__":
    main()
