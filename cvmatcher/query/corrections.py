"""What somebody takes back in the same breath: "a private chef, no wait, a house manager", "Lyon, je veux dire Lille".

Owns the words that correct. What stands before them is not asked, where the same kind of thing stands behind.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cvmatcher.query.item import Item
from cvmatcher.query.message import Message

_CORRECTS = re.compile(
    r"\b(?:(?:enfin|ah|euh|non|oh|er|um)[, ]+)?(?:enfin non|non pardon|pardon non|non attend\w*|non plutot|je veux dire"
    r"|ou plutot|enfin plutot|correction|no[, ]+wait|wait[, ]+no|no[, ]+sorry|sorry[, ]+no|scrap that|strike that"
    r"|i mean(?: to say)?|or rather|make that|no[, ]+make that)\b(?:\s*,?\s*(?:plutot|rather|it's|c'est))?"
)
_FARTHEST = 60  # characters between what is taken back and the words that say so


def marks(message: Message) -> list[tuple[int, int]]:
    """Where the message corrects itself; its words are used up, so that "plutôt" is no wish there."""
    found = [match.span() for match in _CORRECTS.finditer(message.folded) if message.folded[: match.start()].strip()]
    for span in found:
        message.use(*span)
    return found


def without_taken_back(message: Message, spans: Sequence[tuple[int, int]], items: Sequence[Item]) -> list[Item]:
    """The items without those right before a correction whose kind stands right behind it."""
    kept = sorted(items, key=lambda item: item.start)
    for start, end in spans:
        behind = next((item for item in kept if item.start >= end), None)
        before = [item for item in kept if item.end <= start and behind is not None and item.kind is behind.kind]
        near = behind is not None and before and start - before[-1].end < _FARTHEST and behind.start - end < _FARTHEST
        if near and not re.search(r"[.!?]\s", message.text[before[-1].end : start]):
            kept = [item for item in kept if item is not before[-1] and not _inside(item, before[-1])]
    return kept


def _inside(item: Item, whole: Item) -> bool:
    """Whether it is a part of what is taken back: "Python" of "développeur Python"."""
    return whole.start <= item.start and item.end <= whole.end
