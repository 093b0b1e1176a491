"""What a reader's own doings add to the cards of a search: the heart, the comparison, what is new to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cvmatcher.store import candidates, comparisons, likes
from cvmatcher.web.turnview import TurnView


async def marks(user_id: str, views: Iterable[TurnView]) -> dict[str, Any]:
    """For the templates of cards: `liked`, `compared`, `fresh`, each a set of candidate ids."""
    shown = list(views)
    ids = sorted({candidate for view in shown for candidate in view.order})
    fresh = [await candidates.fresh_among(view.order, view.turn.since) for view in shown if view.turn.since]
    return {
        "liked": await likes.liked_among(user_id, ids),
        "compared": frozenset((await comparisons.of(user_id)).candidates),
        "fresh": frozenset().union(*fresh),
    }
