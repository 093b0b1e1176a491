"""The two logs, for admins: who did what (audit), and what each search showed and why (decisions)."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, get
from litestar.params import QueryParameter

from cvmatcher.store import audit, candidates, decisions, people
from cvmatcher.store.decisions import Decision
from cvmatcher.web.auth import admin
from cvmatcher.web.parts import Web
from cvmatcher.web.request import WebRequest
from cvmatcher.web.sentences import ACTS
from cvmatcher.web.sight import Sight, sight

PAGE = 100

Text = Annotated[str, QueryParameter(max_length=100)]


@get("/audit", guards=[admin])
async def audit_page(  # noqa: PLR0917 - Litestar passes them by name
    request: WebRequest,
    web: Web,
    act: Text = "",
    actor: Text = "",
    before: Annotated[int, QueryParameter(ge=0)] = 0,
    verify: Text = "",
) -> Response[Any]:
    """Newest first; with `verify`, whether the chain of all rows holds."""
    rows = await audit.latest(act=act, actor=actor, before=before or None, limit=PAGE)
    broken = await audit.broken_at() if verify else None
    if request.wants_json:
        told: dict[str, Any] = {"rows": [one.model_dump(mode="json") for one in rows]}
        return Response(told | ({"ok": broken is None, "broken_at": broken} if verify else {}))
    everyone, seen_as = await people.users(), await sight(request.viewer)
    about = await candidates.by_ids({one.subject for one in rows})
    return web.render.page(
        request.viewer,
        "records/audit.html",
        rows=rows,
        names={one.id: one.name for one in everyone},
        candidates={one.id: seen_as.name(one) for one in about.values()},
        act=act,
        actor=actor,
        acts=sorted(ACTS),
        more=rows[-1].number if len(rows) == PAGE else None,
        verified=bool(verify),
        broken=broken,
        count=await audit.count(),
    )


@get("/decisions", guards=[admin])
async def decisions_page(request: WebRequest, web: Web, candidate: Text = "") -> Response[Any]:
    """What the latest searches showed, of all or of those that showed one candidate."""
    seen_as = await sight(request.viewer)
    rows = [_as_seen(one, seen_as) for one in await decisions.latest(PAGE, candidate_id=candidate)]
    if request.wants_json:
        return Response({"decisions": [one.model_dump(mode="json") for one in rows]})
    names = await people.names({one.actor for one in rows})
    return web.render.page(request.viewer, "records/decisions.html", rows=rows, names=names, candidate=candidate)


def _as_seen(decision: Decision, seen_as: Sight) -> Decision:
    """Without the words of CVs whose person this reader does not see."""
    shown = [
        one.model_copy(update={"quotation": ""}) if seen_as.hides(one.candidate) else one for one in decision.evidence
    ]
    return decision.model_copy(update={"evidence": tuple(shown)})


HANDLERS = (audit_page, decisions_page)
