"""Named points at which a test kills this very process, as a crash would. Inert unless configured from the settings."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass

_OF_A_FILE = ("listed", "fetched", "read", "structured", "embedded", "saved", "indexed", "cursor_saved")
_OF_A_MODEL = ("beside", "judged", "switched", "tidied")
_OF_AN_UPLOAD = ("incoming", "kept")
STEPS = _OF_A_FILE + _OF_A_MODEL + _OF_AN_UPLOAD


@dataclass
class _Armed:
    step: str = ""
    reaches: int = 1  # killed at this one


_armed = _Armed()


def configure(spec: str | None) -> None:
    """`step:kill` kills at the first reach of the step, `step:kill:3` at the third; None disarms. Raises ValueError."""
    if not spec:
        _armed.step = ""
        return
    step, _, rest = spec.partition(":")
    act, _, reaches = rest.partition(":")
    if step not in STEPS or act != "kill":
        raise ValueError(f"FAILPOINT={spec}: one of {', '.join(STEPS)}, then :kill")
    _armed.step, _armed.reaches = step, int(reaches or 1)


def reach(step: str) -> None:
    """Kills the process (SIGKILL: no handler, no clean-up) when this step is armed."""
    if step != _armed.step:
        return
    _armed.reaches -= 1
    if _armed.reaches <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
