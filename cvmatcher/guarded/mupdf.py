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
OUT_OF_MEMORY = ("alloc", "out of memory")


def text_page(page: Any, flags: int, *, notes: bool) -> Any:
    """The page's text, also what lies off the page; `notes` brings that of form fields and notes too.

    PyMuPDF's own call keeps a page's rotation out of the coordinates and drops what is off the page; not so this one.
    """
    raw, everywhere = pymupdf.mupdf, pymupdf.INFINITE_RECT()
    text = raw.FzStextPage(raw.FzRect(everywhere.x0, everywhere.y0, everywhere.x1, everywhere.y1))
    device = raw.fz_new_stext_device(text, raw.FzStextOptions(flags))
    run = raw.fz_run_page if notes else raw.fz_run_page_contents
    run(pymupdf._as_fz_page(page), device, raw.FzMatrix(), raw.FzCookie())  # noqa: SLF001 - what its own calls use
    raw.fz_close_device(device)
    return pymupdf.TextPage(text)


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
