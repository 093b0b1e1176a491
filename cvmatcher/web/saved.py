"""Saved searches: kept under a name, counted, run, renamed, deleted and brought back. Running one starts a turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from cvmatcher import newcomers, verdicts
from cvmatcher.domain import Candidate, InvalidInput
from cvmatcher.store import candidates, turns
from cvmatcher.store import saved_searches as store
from cvmatcher.store.saved_searches import SavedSearch
from cvmatcher.store.turns import Change, NewTurn
from cvmatcher.web import links, search
from cvmatcher.web.auth import signed_in
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.parts import Web
from cvmatcher.web.render import Partial
from cvmatcher.web.request import WebRequest
from cvmatcher.web.sight import Sight, sight

TurnId = Annotated[str, QueryParameter(name="turn", max_length=64)]
DeletedId = Annotated[str, QueryParameter(name="deleted", max_length=64)]


# ----------------------------------------------------------------------------------------------------------- pages


@get("/searches", guards=[signed_in])
async def overview(request: WebRequest, web: Web, deleted: DeletedId = "") -> Response[Any]:
    """All saved searches with how many are new; for the rail as a fragment; with `deleted`, a way to bring it back."""
    user = request.person
    complete = await newcomers.count(await store.of(user.id), web.services.search.judge_by_rules)
    found = await store.of(user.id)
    if request.wants_json:
        return Response({"searches": [_as_json(one) for one in found], "complete": complete})
    if request.is_partial:
        return web.render.fragment(
            request.viewer, "saved/_rail.html", searches=found, stale=not complete, shown=None, delay=1
        )
    gone = await store.deleted_name(deleted, user.id) if deleted else None
    return web.render.page(
        request.viewer, "saved/overview.html", searches=found, conversations=[], deleted=(deleted, gone)
    )


def _as_json(one: SavedSearch) -> dict[str, Any]:
    criteria = [criterion.model_dump(mode="json", exclude_defaults=True) for criterion in one.criteria]
    return {"id": one.id, "name": one.name, "criteria": criteria, "new": list(one.fresh)}


@get("/searches/new", guards=[signed_in])
async def naming(request: WebRequest, web: Web, turn_id: TurnId = "") -> Response[Any]:
    """Asks for the name under which a turn's criteria are kept; a dialog, or a page without JavaScript."""
    turn = await turns.turn(turn_id, request.person.id)
    criteria = await turns.criteria_of(turn.id)
    context: dict[str, Any] = {"turn": turn, "criteria": criteria}
    if request.is_partial:
        return web.render.fragment(request.viewer, "saved/_new.html", **context)
    return web.render.page(request.viewer, "saved/new.html", **context)


@get("/searches/{search_id:str}", guards=[signed_in])
async def show(request: WebRequest, web: Web, search_id: FromPath[str]) -> Response[Any]:
    """One saved search: its criteria, who is new, and the button that runs it."""
    user = request.person
    found = await store.get(search_id, user.id)
    await newcomers.count([found], web.services.search.judge_by_rules)
    found = await store.get(search_id, user.id)
    if request.wants_json:
        return Response(_as_json(found))
    people, seen_as = await candidates.by_ids(found.fresh), await sight(request.viewer)
    people = await _not_by_name(web, found, people, seen_as)
    return web.render.page(
        request.viewer,
        "saved/search.html",
        search=found,
        url=request.absolute(
            web.services.settings.public_url, f"/?criteria={quote(links.encoded(found.criteria), safe='')}"
        ),
        people=[seen_as.candidate(people[one]) for one in found.fresh if one in people],
        searches=await store.of(user.id),
    )


async def _not_by_name(
    web: Web, found: SavedSearch, people: Mapping[str, Candidate], seen_as: Sight
) -> dict[str, Candidate]:
    """In blind mode without those who are hidden and whom only their name makes answer: it would tell who they are."""
    hidden = [one for one in people.values() if seen_as.hides(one.id)]
    said = await verdicts.judged(found.criteria, hidden, web.services.search.judge_by_rules)
    shown = {one.id: seen_as.verdicts(said[one.id], found.criteria, one) for one in hidden}
    named = {
        who for who, those in said.items() if any(shown[who][c].state is not one.state for c, one in those.items())
    }
    return {who: one for who, one in people.items() if who not in named}


# ------------------------------------------------------------------------------------------------------------ doing


@post("/searches", guards=[signed_in], status_code=200)
async def save(request: WebRequest, web: Web) -> Response[Any]:
    """Keeps the criteria of the turn `from` under `name`."""
    fields = await request.fields()
    turn = await turns.turn(fields.get("from", ""), request.person.id)
    criteria = await turns.criteria_of(turn.id)
    if not criteria:
        raise InvalidInput("nothing to look for")
    saved = await store.save(request.person.id, fields.get("name", ""), criteria)
    if request.wants_json:
        return Response(_as_json(saved))
    if not request.htmx:
        return Redirect(f"/searches/{saved.id}", status_code=303)
    said = web.render.say(
        request.viewer, _("Saved as “%(name)s”. It says in the menu how many are new."), name=saved.name
    )
    toast = web.render.toast(request.viewer, said, undo=f"/searches/{saved.id}/delete?turn={turn.id}")
    link = _link(request, web, turn.id, saved)
    return web.render.partials(Partial("#dialog", ""), link, await _rail(request, web), toast)


def _link(request: WebRequest, web: Web, turn_id: str, saved: SavedSearch | None) -> Partial:
    """What stands beside a turn: that its search is saved, or the way to save it."""
    html = web.render.text(request.viewer, "search/_save.html", turn_id=turn_id, one=saved)
    return Partial(f"#t-{turn_id}-after .save-search", html, "outerHTML")


@post("/searches/{search_id:str}/run", guards=[signed_in], status_code=200)
async def run(request: WebRequest, web: Web, search_id: FromPath[str]) -> Response[Any]:
    """A new conversation with these criteria, in which those who are new since the last run are marked."""
    user = request.person
    before = await store.look(search_id, user.id)
    place = await turns.new_conversation(user.id, before.name)
    new = NewTurn(
        place.id,
        user.id,
        message=", ".join(one.label for one in before.criteria),
        process=web.turns.process,
        criteria=before.criteria,
        change=Change(kind="saved", label=before.name),
        kept=await search.kept(web),
        since=before.looked,
    )
    return await search.elsewhere(request, web, new)


@post("/searches/{search_id:str}/rename", guards=[signed_in], status_code=200)
async def rename(request: WebRequest, search_id: FromPath[str]) -> Response[Any]:
    await store.rename(search_id, request.person.id, (await request.fields()).get("name", ""))
    return Redirect(f"/searches/{search_id}", status_code=303)


@post("/searches/{search_id:str}/delete", guards=[signed_in], status_code=200)
async def delete(request: WebRequest, web: Web, search_id: FromPath[str], turn_id: TurnId = "") -> Response[Any]:
    """With `turn`, which it was just saved from, that turn offers again to save it."""
    gone = await store.delete(search_id, request.person.id)
    if not request.htmx:
        return Redirect(f"/searches?deleted={gone.id}", status_code=303)
    said = web.render.say(request.viewer, _("“%(list)s” was deleted."), list=gone.name)
    toast = web.render.toast(request.viewer, said, undo=f"/searches/{gone.id}/restore")
    link = [_link(request, web, (await turns.turn(turn_id, request.person.id)).id, None)] if turn_id else []
    return web.render.partials(*link, await _rail(request, web), toast)


@post("/searches/{search_id:str}/restore", guards=[signed_in], status_code=200)
async def restore(request: WebRequest, web: Web, search_id: FromPath[str]) -> Response[Any]:
    back = await store.restore(search_id, request.person.id)
    if not request.htmx:
        return Redirect(f"/searches/{back.id}", status_code=303)
    return web.render.partials(await _rail(request, web))


async def _rail(request: WebRequest, web: Web) -> Partial:
    html = web.render.text(
        request.viewer, "saved/_rail.html", searches=await store.of(request.person.id), stale=False, shown=None, delay=1
    )
    return Partial("#saved", html, "outerMorph")


HANDLERS = (overview, naming, show, save, run, rename, delete, restore)
