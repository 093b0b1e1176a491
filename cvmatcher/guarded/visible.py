"""Which of a page's words a person sees. Runs inside the guarded child only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvmatcher.guarded.words import Word

SMALLEST = 2.0  # points


def sort_out(page: Any, words: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    """(words seen, words not seen), each in the given order."""
    seen: list[Word] = []
    unseen: list[Word] = []
    for word in words:
        off = word.x1 < 0 or word.y1 < 0 or word.x0 > page.rect.width or word.y0 > page.rect.height
        gone = off or not word.painted or word.size <= SMALLEST or word.alpha < 25
        (unseen if gone else seen).append(word)
    return seen, unseen
