"""PDF bytes -> the text a person sees, and pictures of pages. Every look into a PDF happens in a guarded child.

Owns the limits on a PDF. Knows nothing of MuPDF: that is the child's (cvmatcher.guarded).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cvmatcher import guard
from cvmatcher.domain import CVText, QuarantineReason, Unreadable

_READER = "cvmatcher.guarded.pdf_text:read"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a CV may be. An academic's, with all publications, reached 45 pages and 150,000 characters."""

    max_bytes: int = 30 << 20
    max_pages: int = 60
    max_chars: int = 400_000  # all pages together, hidden text included
    child: guard.Limits = field(default_factory=guard.Limits)


async def read_pdf(data: bytes, *, limits: Limits | None = None) -> CVText:
    """Visible text in reading order; a blank line is a vertical gap, a tab a wide gap in a row.

    Raises Unreadable with the reason, Unavailable when no child can be started.
    """
    limits = limits or Limits()
    check_size(data, limits)
    read: dict[str, Any] = await guard.run(
        _READER, data, limits=limits.child, max_pages=limits.max_pages, max_chars=limits.max_chars
    )
    return CVText(pages=tuple(read["pages"]), hidden_text=read["hidden"])


def check_size(data: bytes, limits: Limits) -> None:
    if not data:
        raise Unreadable(QuarantineReason.EMPTY_FILE)
    if len(data) > limits.max_bytes:
        raise Unreadable(QuarantineReason.TOO_LARGE, f"{len(data)} bytes")
