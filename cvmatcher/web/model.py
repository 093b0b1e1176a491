"""Which embedding model answers and which waits beside it, as the admin panel shows it."""

from __future__ import annotations

from dataclasses import dataclass

from cvmatcher.gate import FEWEST_SEARCHES
from cvmatcher.store import live, people
from cvmatcher.store.live import Comparison, Live, Report


@dataclass(frozen=True, slots=True)
class ModelView:
    live: Live
    by: str  # name of who switched last, "" when nobody has

    @property
    def waits(self) -> bool:
        return self.live.next is not None and self.live.next.state == "waiting"

    @property
    def report(self) -> Report | None:
        """Of the model that waits, or else of the one that answers."""
        shown = self.live.next.model_id if self.live.next else self.live.model_id
        found = self.live.report
        return found if found is not None and found.model_id == shown else None

    @property
    def rows(self) -> list[tuple[str, Comparison]]:
        """(what was asked, what came out) of each comparison that was made."""
        found = self.report
        named = [("built_in", found.built_in), ("likes", found.likes)] if found else []
        return [(name, one) for name, one in named if one is not None]

    @property
    def too_few(self) -> int | None:
        """Searches that led to a like, where these were too few to compare by."""
        found = self.report
        return found.liked_searches if found is not None and found.likes is None and found.built_in else None

    @property
    def fewest(self) -> int:
        return FEWEST_SEARCHES


async def view() -> ModelView | None:
    """None before a worker has run on this database."""
    state = await live.get()
    if state is None:
        return None
    names = await people.names({state.by}) if state.by else {}
    return ModelView(state, names.get(state.by, state.by))
