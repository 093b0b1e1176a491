"""Interpreter by rules: no key, no network, no model. Adapter of query.phrases and query.conversation to the seam."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from cvmatcher.domain import EarlierTurn, Understanding
from cvmatcher.query import advert
from cvmatcher.query import conversation as conversation_so_far
from cvmatcher.query.phrases import understand


class RulesInterpreter:
    """French and English, in about two milliseconds once the vocabulary is loaded (a second, in the background)."""

    def __init__(self) -> None:
        threading.Thread(target=understand, args=("comptable à Lyon",), daemon=True, name="vocabulary").start()

    async def interpret(self, message: str, conversation: Sequence[EarlierTurn]) -> Understanding:
        """Never fails; what no rule could use is in `not_understood`."""
        if advert.is_advert(message):
            criteria, unused = advert.understand(message)
        elif conversation:
            criteria, unused = conversation_so_far.follow_up(message, conversation[-1].criteria)
        else:
            criteria, unused = understand(message)
        return Understanding(criteria=criteria, not_understood=unused, by="rules")
