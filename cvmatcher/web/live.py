"""A turn's events as swaps for its article: what the stream sends, each by the fragments that the page includes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing

from cvmatcher.domain import (
    Ended,
    HitsFound,
    Judged,
    NothingFound,
    Ordered,
    SearchEvent,
    Status,
    StatusCode,
    Understood,
)
from cvmatcher.store.turns import Turn
from cvmatcher.web.marks import marks
from cvmatcher.web.parts import Web
from cvmatcher.web.render import Partial, Viewer, sse
from cvmatcher.web.sight import Sight
from cvmatcher.web.turnview import Card, TurnView


class Live:
    """Follows one turn for one reader."""

    def __init__(self, web: Web, viewer: Viewer, turn: Turn, seen_as: Sight) -> None:
        self._web = web
        self._viewer = viewer
        self._sight = seen_as
        self._view = TurnView(turn, seen_as)
        self._id = f"#t-{turn.id}"

    async def messages(self, after: int) -> AsyncIterator[bytes]:
        """Stream messages for the events after number `after`; a comment when nothing happens for long."""
        turn_id = self._view.turn.id
        async with aclosing(self._web.turns.follow(turn_id, 0)) as batches:  # type: ignore[type-var]
            async for batch in batches:
                if not batch:
                    yield b": still working\n\n"
                    continue
                await self._sight.learn(
                    hit.candidate_id for _, one in batch if isinstance(one, HitsFound) for hit in one.hits
                )
                self._view.take(one for one in batch if one[0] <= after)
                news = await self._news([one for one in batch if one[0] > after])
                last = batch[-1][0]
                if last > after:
                    yield sse(last, self._web.render.join(news))
        yield sse(max(after, self._view.last), event="done")

    def _text(self, template: str, **context: object) -> str:
        return self._web.render.text(self._viewer, template, view=self._view, **context)

    async def _news(self, batch: list[tuple[int, SearchEvent]]) -> list[Partial]:
        """The swaps for events that this reader has not had.

        All of them are taken in first: a card that comes with its verdicts needs no second swap, and htmx looks for the
        targets of a message before it has made the first swap, so none may aim at a card of the same message.
        """
        there = set(self._view.hits)
        self._view.take(batch)
        fresh = [event for _, event in batch]
        ordered = any(isinstance(event, Ordered) for event in fresh)
        found = [hit.candidate_id for event in fresh if isinstance(event, HitsFound) for hit in event.hits]
        news: list[Partial] = []
        if any(isinstance(event, Understood) for event in fresh):
            news.append(Partial(f"{self._id}-criteria", self._text("search/_criteria.html"), "innerMorph"))
        if found and (there or not ordered):  # a list being read may refuse the order, not who is new
            news.append(
                await self._cards([self._view.card(one) for one in found if one in self._view.order], "beforeend")
            )
        if ordered:
            news.append(await self._cards(self._view.cards(), "innerMorph"))
        judged = dict.fromkeys(event.candidate_id for event in fresh if isinstance(event, Judged))
        news += [self._why(one) for one in judged if one in there and one in self._view.order]
        return news + await self._said(fresh, first=bool(found) and not there)

    async def _said(self, fresh: list[SearchEvent], *, first: bool) -> list[Partial]:
        """What the turn says in words; three times at most: found, in trouble, ended."""
        news: list[Partial] = []
        if any(isinstance(event, NothingFound) for event in fresh):
            news.append(Partial(f"{self._id}-nothing", self._text("search/_nothing.html")))
        if any(isinstance(event, Ended) for event in fresh):
            return news + await self._end()
        trouble = any(isinstance(event, Status) and event.code is StatusCode.SIMPLE_ORDER for event in fresh)
        return [*news, self._status()] if first or trouble else news

    def _why(self, candidate_id: str) -> Partial:
        html = self._text("search/_why.html", card=self._view.card(candidate_id))
        return Partial(f"{self._id}-{candidate_id} .why", html, "innerMorph")

    async def _cards(self, cards: list[Card], swap: str) -> Partial:
        own = await marks(self._view.turn.owner, [self._view])
        html = self._text("search/_cards.html", cards=cards, **own)
        return Partial(f"{self._id}-list", html, swap)

    def _status(self) -> Partial:
        return Partial(f"{self._id}-status", self._text("search/_status.html"))

    async def _end(self) -> list[Partial]:
        own = await marks(self._view.turn.owner, [self._view])
        unmet = [Partial(f"{self._id}-nothing", self._text("search/_nothing.html"))] if self._view.unmet() else []
        return [
            *unmet,
            self._status(),
            Partial(f"{self._id}-after", self._text("search/_after.html", **own)),
            Partial(f"{self._id}-kept", self._text("search/_kept.html")),
            Partial(f"#stop-{self._view.turn.id}", self._text("search/_send.html"), "outerHTML"),
            Partial(f"{self._id}-stream", "", "delete"),
        ]
