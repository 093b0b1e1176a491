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
from cvmatcher.store import likes
from cvmatcher.store.turns import Turn
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
                news: list[Partial] = []
                for number, event in batch:
                    self._view.take([(number, event)])
                    if isinstance(event, HitsFound):
                        await self._sight.learn(self._view.order)
                    if number > after:
                        news += await self._partials(event)
                last = batch[-1][0]
                if last > after:
                    yield sse(last, self._web.render.join(news))
        yield sse(max(after, self._view.last), event="done")

    def _text(self, template: str, **context: object) -> str:
        return self._web.render.text(self._viewer, template, view=self._view, **context)

    async def _liked(self) -> frozenset[str]:
        return await likes.liked_among(self._view.turn.owner, self._view.order)

    async def _partials(self, event: SearchEvent) -> list[Partial]:
        news: list[Partial] = []
        match event:
            case Understood():
                news.append(Partial(f"{self._id}-criteria", self._text("search/_criteria.html"), "innerMorph"))
            case HitsFound(hits=hits):
                cards = [self._view.card(hit.candidate_id) for hit in hits]
                news.append(await self._cards(cards, "beforeend"))
                if len(hits) == len(self._view.hits):  # a turn speaks three times at most: found, in trouble, ended
                    news.append(self._status())
            case Judged(candidate_id=candidate) if candidate in self._view.hits:
                html = self._text("search/_why.html", card=self._view.card(candidate))
                news.append(Partial(f"{self._id}-{candidate}-why", html, "innerMorph"))
            case Ordered():
                news.append(await self._cards(self._view.cards(), "innerMorph"))
            case NothingFound():
                news.append(Partial(f"{self._id}-nothing", self._text("search/_nothing.html")))
            case Status(code=StatusCode.SIMPLE_ORDER):
                news.append(self._status())
            case Ended():
                news += self._end()
        return news

    async def _cards(self, cards: list[Card], swap: str) -> Partial:
        html = self._text("search/_cards.html", cards=cards, liked=await self._liked())
        return Partial(f"{self._id}-list", html, swap)

    def _status(self) -> Partial:
        return Partial(f"{self._id}-status", self._text("search/_status.html"))

    def _end(self) -> list[Partial]:
        unmet = [Partial(f"{self._id}-nothing", self._text("search/_nothing.html"))] if self._view.unmet() else []
        return [
            *unmet,
            self._status(),
            Partial(f"{self._id}-after", self._text("search/_after.html")),
            Partial(f"{self._id}-kept", self._text("search/_kept.html")),
            Partial(f"#stop-{self._view.turn.id}", self._text("search/_send.html"), "outerHTML"),
            Partial(f"{self._id}-stream", "", "delete"),
        ]
