"""PyMuPDF without the parts that a reader of text has no use for, and quiet.

PyMuPDF 2 loads layout models and onnxruntime when it is imported: 0.5 s and 100 MB. Told that they are missing, it
starts in 0.1 s and 47 MB.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from cvmatcher.domain import QuarantineReason, Unreadable

for _name in ("pymupdf.layout", "pymupdf4llm"):
    sys.modules[_name] = None  # type: ignore[assignment]  # what Python itself takes as "cannot be imported"

pymupdf: Any = importlib.import_module("pymupdf")  # Any: its functions are half annotated

pymupdf.TOOLS.mupdf_display_errors(False)
pymupdf.TOOLS.mupdf_display_warnings(False)
pymupdf.no_recommend_layout()

ERRORS: tuple[type[Exception], ...] = (
    pymupdf.mupdf.FzErrorBase,
    RuntimeError,
    ValueError,
)  # what it raises at bad files
OUT_OF_MEMORY = ("malloc", "calloc", "out of memory", "bad_alloc")


def warnings() -> str:
    """What MuPDF complained of since the last call."""
    return str(pymupdf.TOOLS.mupdf_warnings())


def check_memory(complaint: str) -> None:
    """MuPDF goes on with half a page when memory runs out; that half must not pass for the whole."""
    if any(sign in complaint for sign in OUT_OF_MEMORY):
        raise MemoryError(complaint[:200])


def failure(error: Exception) -> Unreadable:
    """What one of ERRORS says about the file. Raises MemoryError when memory was the cause."""
    check_memory(f"{error} {warnings()}")
    return Unreadable(QuarantineReason.DAMAGED, str(error)[:200])
