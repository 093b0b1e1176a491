"""The heart, and `/likes`: the list that it fills, under the address that the original had for it."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from cvmatcher.domain import NotFound
from cvmatcher.store import audit, candidates
from cvmatcher.store import likes as store
from cvmatcher.store.shortlists import Shortlist
from cvmatcher.web import lists
from cvmatcher.web.auth import may_export, signed_in
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.entries import GONE
from cvmatcher.web.listed import listing, name_of
from cvmatcher.web.parts import Web
from cvmatcher.web.render import Partial
from cvmatcher.web.request import WebRequest
from cvmatcher.web.sight import sight


@get("/likes", guards=[signed_in])
async def shortlist(request: WebRequest, web: Web) -> Response[Any]:
    """The list that the heart fills: a page, or `{"likes": […]}` for a script."""
    current = await store.current(request.person.id)
    if request.wants_json:
        rows = (await listing(current, request)).rows
        return Response({"likes": [lists.as_json(row) for row in rows]})
    return await lists.page(request, web, current)


@get("/likes.csv", guards=[may_export])
async def export(request: WebRequest, web: Web) -> Response[bytes]:
    return await lists.spreadsheet(request, web, await store.current(request.person.id))


@post("/cv/{candidate_id:str}/like", guards=[signed_in], status_code=200)
async def like(request: WebRequest, web: Web, candidate_id: FromPath[str]) -> Response[Any]:
    if await candidates.get(candidate_id) is None:
        raise NotFound("no such candidate")
    filled = await store.like(request.person.id, candidate_id)
    await audit.append(request.person.id, "liked", candidate_id)
    return await _after(request, web, candidate_id, filled, liked=True)


@post("/cv/{candidate_id:str}/unlike", guards=[signed_in], status_code=200)
async def unlike(request: WebRequest, web: Web, candidate_id: FromPath[str]) -> Response[Any]:
    emptied = await store.unlike(request.person.id, candidate_id)
    await audit.append(request.person.id, "no longer liked", candidate_id)
    return await _after(request, web, candidate_id, emptied, liked=False)


async def _after(request: WebRequest, web: Web, candidate_id: str, target: Shortlist, *, liked: bool) -> Response[Any]:
    if request.wants_json:
        return Response({"id": candidate_id, "liked": liked})
    if not request.htmx:
        return Redirect(await request.back(), status_code=303)
    viewer, render = request.viewer, web.render
    button = render.text(viewer, "liked/_like.html", candidate_id=candidate_id, is_liked=liked)
    news = [Partial(f".like-{candidate_id}", button, "outerMorph")]
    sentence, way_back = (_("%(name)s: added to “%(list)s”."), "unlike") if liked else (TAKEN_OFF, "like")
    found = await candidates.get(candidate_id)
    name = (await sight(viewer)).name(found) if found else render.say(viewer, GONE)
    said = render.say(viewer, sentence, name=name, list=name_of(target, web, viewer))
    return render.partials(*news, render.toast(viewer, said, undo=f"/cv/{candidate_id}/{way_back}"))


TAKEN_OFF = _("%(name)s: taken off “%(list)s”.")


HANDLERS = (shortlist, export, like, unlike)
