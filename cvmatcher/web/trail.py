"""The page that a profile was opened from, named by its own address: the way back, and who comes before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from litestar.params import QueryParameter

from cvmatcher.domain import NotFound
from cvmatcher.store import candidates, likes, saved_searches, shortlists
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.listed import Listing, Row, listing, name_of
from cvmatcher.web.parts import Web
from cvmatcher.web.request import WebRequest, own_path

From = Annotated[str, QueryParameter(name="from", max_length=2000)]

PAGES = {  # by the beginning of its path
    "/compare": _("Compare"),
    "/admin/file": _("CV files"),
    "/uploads": _("Add CVs"),
    "/privacy": _("Personal data"),
    "/audit": _("Audit log"),
    "/decisions": _("Decisions"),
}


@dataclass(frozen=True, slots=True)
class Trail:
    """Where the reader comes from, and where the candidate stands in what that page shows.

    `rank` is 0 where the page has no order, or the candidate is not (or no longer) in it.
    """

    origin: str  # path and query of the page
    name: str
    order: tuple[str, ...]
    candidate_id: str
    listing: Listing | None = None  # a shortlist
    row: Row | None = None  # the candidate on it

    @property
    def rank(self) -> int:
        return self.order.index(self.candidate_id) + 1 if self.candidate_id in self.order else 0

    @property
    def total(self) -> int:
        return len(self.order)

    @property
    def before(self) -> str | None:
        return self.order[self.rank - 2] if self.rank > 1 else None

    @property
    def after(self) -> str | None:
        return self.order[self.rank] if 0 < self.rank < self.total else None


async def trail(request: WebRequest, web: Web, origin: str, candidate_id: str) -> Trail | None:
    """None for an address that is none of ours, or whose list or search the reader may not see (any more)."""
    origin = own_path(origin)
    path = urlsplit(origin).path
    try:
        if path == "/likes" or path.startswith("/lists/"):
            return await _on_list(request, web, origin, candidate_id)
        if path.startswith("/searches/"):
            return await _in_saved(request, origin, candidate_id)
    except NotFound:
        return None
    name = next((name for start, name in PAGES.items() if path.startswith(start)), "")
    if not name:
        return None
    return Trail(origin, web.render.say(request.viewer, name), await _compared(origin), candidate_id)


async def _on_list(request: WebRequest, web: Web, origin: str, candidate_id: str) -> Trail:
    list_id, user_id = urlsplit(origin).path.removeprefix("/lists/"), request.person.id
    shortlist = await (likes.current(user_id) if list_id == "/likes" else shortlists.readable(list_id, user_id))
    shown = await listing(shortlist, request, origin)
    row = next((one for one in shown.rows if one.entry.candidate_id == candidate_id), None)
    order = [one.entry.candidate_id for one in shown.rows if one.candidate]
    return Trail(origin, name_of(shortlist, web, request.viewer), tuple(order), candidate_id, shown, row)


async def _in_saved(request: WebRequest, origin: str, candidate_id: str) -> Trail:
    found = await saved_searches.get(urlsplit(origin).path.removeprefix("/searches/"), request.person.id)
    return Trail(origin, found.name, await _in_pool(found.fresh), candidate_id)


async def _compared(origin: str) -> tuple[str, ...]:
    """Those side by side on a page that compares; other pages have no order."""
    return await _in_pool(parse_qs(urlsplit(origin).query).get("c", [])[:10])


async def _in_pool(ids: Sequence[str]) -> tuple[str, ...]:
    known = await candidates.by_ids(ids)
    return tuple(one for one in dict.fromkeys(ids) if one in known)
