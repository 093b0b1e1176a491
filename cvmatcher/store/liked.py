"""What the team asked and whom it liked of the answers: searches judged by use. Only reads, shortlists and turns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cvmatcher.domain import Criterion
from cvmatcher.store import turns
from cvmatcher.store.shortlisted import EntryDocument
from cvmatcher.store.turns import EventDocument, TurnDocument
from cvmatcher.store.values import aware

_MOST_LIKES = 400  # the newest
_MOST_TURNS = 200  # of one person, the newest


@dataclass(frozen=True, slots=True)
class LikedSearch:
    """`criteria` as the turn understood them; `liked` are among `shown`. Candidate ids."""

    message: str
    criteria: tuple[Criterion, ...]
    shown: frozenset[str]
    liked: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Turn:
    id: str
    message: str
    created: datetime
    shown: frozenset[str]


async def searches(limit: int) -> list[LikedSearch]:
    """For each like, the last search of that person before it that showed the candidate; newest likes first."""
    liked: dict[str, set[str]] = {}
    found: dict[str, _Turn] = {}
    known: dict[str, list[_Turn]] = {}
    async for like in EntryDocument.find({"gone": None}).sort("-added").limit(_MOST_LIKES):
        if like.added_by not in known:
            known[like.added_by] = await _turns_of(like.added_by)
        turn = _led_to(like.candidate, aware(like.added), known[like.added_by])
        if turn is not None and (turn.id in found or len(found) < limit):
            found[turn.id] = turn
            liked.setdefault(turn.id, set()).add(like.candidate)
    return [
        LikedSearch(one.message, await turns.criteria_of(key), one.shown, frozenset(liked[key]))
        for key, one in found.items()
    ]


def _led_to(candidate_id: str, at: datetime, newest_first: Iterable[_Turn]) -> _Turn | None:
    return next((turn for turn in newest_first if turn.created <= at and candidate_id in turn.shown), None)


async def _turns_of(user: str) -> list[_Turn]:
    latest = TurnDocument.find({"owner": user}).sort("-created").limit(_MOST_TURNS)
    return [_Turn(one.id, one.message, aware(one.created), await _shown(one.id)) async for one in latest]


async def _shown(turn_id: str) -> frozenset[str]:
    hits = EventDocument.find({"turn": turn_id, "event.type": "hits"})
    return frozenset([hit["candidate_id"] async for one in hits for hit in one.event["hits"]])
