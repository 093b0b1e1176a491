"""A file of any supported kind -> the text that a person sees in it.

Owns the choice of reader, made by looking into the file and not at its name. Knows no source and no store.
"""

from __future__ import annotations

from cvmatcher import pdf
from cvmatcher.domain import CVText, QuarantineReason, Unreadable

supported_suffixes = frozenset({".pdf"})


async def read_cv(data: bytes, name: str, mime: str = "") -> CVText:  # noqa: ARG001 - other kinds come
    """Raises Unreadable with the reason for the quarantine."""
    if not data:
        raise Unreadable(QuarantineReason.EMPTY_FILE)
    return await pdf.read_pdf(data)
