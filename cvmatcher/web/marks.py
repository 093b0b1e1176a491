"""What a reader's own doings add to a search: hearts, lists, the comparison, who is new, what is saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cvmatcher.domain import Criterion
from cvmatcher.store import candidates, comparisons, likes, saved_searches, shortlisted, shortlists
from cvmatcher.web.turnview import TurnView


async def marks(user_id: str, views: Iterable[TurnView]) -> dict[str, Any]:
    """For the templates: `liked`, `compared`, `fresh`, each a set of candidate ids; `listed`, see below; `saved`: turn
    id -> the saved search with that turn's criteria.
    """
    shown = list(views)
    ids = sorted({candidate for view in shown for candidate in view.order})
    fresh = [await candidates.fresh_among(view.order, view.turn.since) for view in shown if view.turn.since]
    return {
        "liked": await likes.liked_among(user_id, ids),
        "listed": await listed(user_id, ids),
        "compared": await comparisons.picked_in(user_id, shown[0].turn.conversation if shown else ""),
        "fresh": frozenset().union(*fresh),
        "saved": await _saved(user_id, shown),
    }


async def listed(user_id: str, candidate_ids: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Candidate id -> names of the lists that the reader sees them on, but for the one that the heart fills."""
    heart = (await likes.current(user_id)).id
    names = {one.id: one.name for one in await shortlists.seen_by(user_id) if one.id != heart}
    held = await shortlisted.lists_by_candidate(candidate_ids)
    return {one: tuple(name for id_, name in names.items() if id_ in lists) for one, lists in held.items()}


async def _saved(user_id: str, views: Iterable[TurnView]) -> dict[str, saved_searches.SavedSearch]:
    kept = {_asked(one.criteria): one for one in await saved_searches.of(user_id)}
    return {one.turn.id: kept[_asked(one.criteria)] for one in views if _asked(one.criteria) in kept}


def _asked(criteria: Iterable[Criterion]) -> frozenset[str]:
    """The same for the same criteria, in whatever order and under whatever ids."""
    return frozenset(one.model_dump_json(exclude={"id"}) for one in criteria)
