"""Comparing 2 to 4 people: the tray in which they are gathered, and the page that shows them side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect

from cvmatcher import verdicts
from cvmatcher.domain import Candidate, Criterion, InvalidInput, NotFound, Verdict
from cvmatcher.store import audit, candidates, likes, turns
from cvmatcher.store import comparisons as store
from cvmatcher.web.auth import signed_in
from cvmatcher.web.comparing import compare
from cvmatcher.web.parts import Web
from cvmatcher.web.render import Partial
from cvmatcher.web.request import WebRequest, path_of
from cvmatcher.web.sight import sight
from cvmatcher.web.trail import From, trail
from cvmatcher.web.turnview import TurnView

TurnId = Annotated[str, QueryParameter(name="turn", max_length=64)]
Ids = Annotated[list[str] | None, QueryParameter(name="c")]
Only = FromQuery[Literal["", "differences"]]


def address(ids: Sequence[str], turn: str, origin: str = "") -> str:
    """`origin` is the list that the people were picked on, for the way back."""
    where = ([f"turn={turn}"] if turn else []) + ([f"from={quote(origin, safe='')}"] if origin else [])
    return "/compare?" + "&".join([*(f"c={one}" for one in ids), *where])


def _list_before(request: WebRequest) -> str:
    """The list's page that is looked at, or nothing."""
    seen = path_of(request.headers.get("hx-current-url", "")) if request.htmx else path_of(str(request.url))
    return seen if seen.partition("?")[0] == "/likes" or seen.startswith("/lists/") else ""


@dataclass(frozen=True, slots=True)
class Tray:
    """Who is gathered, and where comparing them leads."""

    people: tuple[Candidate, ...]
    address: str


async def tray_of(request: WebRequest, place: str = "") -> Tray:
    """The reader's tray as they may see it, where it was filled and while it has not done its work; else an empty one.

    `place`: the conversation that is looked at.
    """
    picked = await store.of(request.person.id)
    return await _tray(request) if picked.place == place and not picked.done else Tray((), "")


async def _tray(request: WebRequest) -> Tray:
    picked, seen_as = await store.of(request.person.id), await sight(request.viewer)
    known = await candidates.by_ids(picked.candidates)
    people = tuple(seen_as.candidate(known[one]) for one in picked.candidates if one in known)
    return Tray(people, address([one.id for one in people], picked.turn, _list_before(request)))


# --------------------------------------------------------------------------------------------------------- gathering


@post("/compare/{candidate_id:str}/pick", guards=[signed_in], status_code=200)
async def pick(request: WebRequest, web: Web, candidate_id: FromPath[str], turn_id: TurnId = "") -> Response[Any]:
    """Raises Conflict when four are there already."""
    if await candidates.get(candidate_id) is None:
        raise NotFound("no such candidate")
    were = (await store.of(request.person.id)).candidates
    await store.keep_only(request.person.id, list(await candidates.by_ids(were)))
    await store.pick(request.person.id, candidate_id, turn_id, await _place(turn_id, request.person.id))
    now = (await store.of(request.person.id)).candidates
    return await _after(request, web, [candidate_id, *(one for one in were if one not in now)])


async def _place(turn_id: str, user_id: str) -> str:
    """The conversation of the reader's turn; "" without one."""
    try:
        return (await turns.turn(turn_id, user_id)).conversation if turn_id else ""
    except NotFound:
        return ""


@post("/compare/{candidate_id:str}/put-back", guards=[signed_in], status_code=200)
async def put_back(request: WebRequest, web: Web, candidate_id: FromPath[str]) -> Response[Any]:
    await store.put_back(request.person.id, candidate_id)
    return await _after(request, web, [candidate_id])


@post("/compare/clear", guards=[signed_in], status_code=200)
async def clear(request: WebRequest, web: Web) -> Response[Any]:
    were = (await store.of(request.person.id)).candidates
    await store.clear(request.person.id)
    return await _after(request, web, were)


async def _after(request: WebRequest, web: Web, changed: Sequence[str]) -> Response[Any]:
    """The tray anew, and the buttons of those who went in or out."""
    tray = await _tray(request)
    picked = [one.id for one in tray.people]
    if request.wants_json:
        return Response({"compared": picked})
    if not request.htmx:
        return Redirect(await request.back(), status_code=303)
    turn, viewer, render = (await store.of(request.person.id)).turn, request.viewer, web.render
    buttons = [
        Partial(
            f".compare-{one}",
            render.text(viewer, "compare/_pick.html", candidate_id=one, turn_id=turn, is_compared=one in picked),
            "outerMorph",
        )
        for one in changed
    ]
    return render.partials(*buttons, Partial("#tray", render.text(viewer, "compare/_picked.html", tray=tray)))


# -------------------------------------------------------------------------------------------------------- comparing


@get("/compare", guards=[signed_in])
async def side_by_side(
    request: WebRequest, web: Web, *, ids: Ids = None, turn_id: TurnId = "", only: Only = "", origin: From = ""
) -> Response[Any]:
    """The people `c` side by side, with the criteria of the reader's search `turn`; looks go to the audit log."""
    wanted = list(dict.fromkeys(ids or []))
    if len(wanted) > store.MOST:
        raise InvalidInput("four people at most", sentence="tray_full")
    user = request.person
    known = await candidates.by_ids(wanted)
    people = [known[one] for one in wanted if one in known]
    seen_as = await sight(request.viewer)
    for one in people:
        await audit.append(user.id, "compared", one.id)
    await store.compared(user.id, [one.id for one in people])
    view = await _view(turn_id, user.id)
    criteria = view.criteria if view else ()
    said = await _judged(web, people, criteria, view)
    shown = {one.id: seen_as.verdicts(said.get(one.id, {}), criteria, one) for one in people}
    comparison = compare([seen_as.candidate(one) for one in people], criteria, shown)
    context: dict[str, Any] = {
        "comparison": comparison.differences() if only else comparison,
        "only": only,
        "here": address([one.id for one in people], turn_id if view else "", origin),
        "without": {
            one.id: address([other.id for other in people if other is not one], turn_id if view else "", origin)
            for one in people
        },
        "turn": view.turn if view else None,
        "trail": await trail(request, web, origin, "") if origin else None,
        "masked": {one.id for one in people if seen_as.hides(one.id)},
        "liked": await likes.liked_among(user.id, [one.id for one in people]),
    }
    if request.is_partial:
        return web.render.fragment(request.viewer, "compare/_table.html", **context)
    return web.render.page(request.viewer, "compare/compare.html", **context)


async def _view(turn_id: str, user_id: str) -> TurnView | None:
    """None without a turn, or when it is another person's or gone: the CVs are compared without criteria then."""
    if not turn_id:
        return None
    try:
        turn = await turns.turn(turn_id, user_id)
    except NotFound:
        return None
    return TurnView(turn).take(await turns.events(turn_id))


async def _judged(
    web: Web, people: Sequence[Candidate], criteria: Sequence[Criterion], view: TurnView | None
) -> dict[str, Mapping[str, Verdict]]:
    """The search's verdicts; by rules for those whom the search did not show."""
    if view is None or not criteria:
        return {}
    said: dict[str, Mapping[str, Verdict]] = {
        one.id: {verdict.criterion_id: verdict for verdict in view.verdicts[one.id]}
        for one in people
        if one.id in view.verdicts
    }
    others = [one for one in people if one.id not in said]
    return said | await verdicts.judged(criteria, others, web.services.search.judge_by_rules)


HANDLERS = (pick, put_back, clear, side_by_side)
