"""People on a shortlist: put on, taken off, moved, copied, given a status or a note, one or several, and undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from cvmatcher.domain import InvalidInput, NotFound
from cvmatcher.store import audit, candidates, contacts, likes, shortlisted, shortlists
from cvmatcher.store.shortlisted import Entry, Stage
from cvmatcher.store.shortlists import Shortlist
from cvmatcher.store.values import now
from cvmatcher.web.auth import signed_in
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.listed import listing, name_of
from cvmatcher.web.marks import listed
from cvmatcher.web.parts import Web
from cvmatcher.web.render import Partial
from cvmatcher.web.request import WebRequest, own_path, path_of
from cvmatcher.web.sentences import PROGRESS
from cvmatcher.web.sight import sight
from cvmatcher.web.trail import trail

MOST = 500  # people of one act
GONE = _("No longer in the pool")

# What a toast says of one person, and of several.
SAID = {
    "add": (_("%(name)s: added to “%(list)s”."), _("%(n)s people added to “%(list)s”.")),
    "remove": (_("%(name)s: taken off “%(list)s”."), _("%(n)s people taken off “%(list)s”.")),
    "move": (_("%(name)s: moved to “%(list)s”."), _("%(n)s people moved to “%(list)s”.")),
    "copy": (_("%(name)s: copied to “%(list)s”."), _("%(n)s people copied to “%(list)s”.")),
    "status": (_("%(name)s: %(status)s."), _("Status of %(n)s people: %(status)s.")),
    "note": (_("%(name)s: note saved."), _("Note saved.")),
}

TurnId = Annotated[str, QueryParameter(name="turn", max_length=64)]
ChosenIds = Annotated[list[str] | None, QueryParameter(name="c", max_items=MOST)]
Back = Annotated[str, QueryParameter(name="back", max_length=2000)]


@dataclass(frozen=True, slots=True)
class Done:
    """What was done to whom, for saying it. `place` is the list that they are on now, or were taken off."""

    kind: str
    place: Shortlist
    change: str
    people: tuple[str, ...]
    status: Stage | None = None
    quiet: bool = False  # the rows stay as they are


async def chosen(request: WebRequest) -> tuple[str, ...]:
    """The candidates that a form names, each once."""
    found = [value for name, value in (await request.form()).multi_items() if name == "c" and isinstance(value, str)]
    if len(found) > MOST:
        raise InvalidInput("too many at once")
    return tuple(dict.fromkeys(found))


def _status(fields: dict[str, str]) -> Stage:
    try:
        return Stage(fields.get("status", ""))
    except ValueError as error:
        raise InvalidInput("no such status") from error


# ------------------------------------------------------------------------------------------------------------ acts


@post("/lists/{list_id:str}/entries", guards=[signed_in], status_code=200)
async def act(request: WebRequest, web: Web, list_id: FromPath[str]) -> Response[Any]:
    """`act` upon the candidates `c`: add, remove, status, or move and copy to the list `to`."""
    place = await shortlists.editable(list_id, request.person.id)
    people = await chosen(request)
    if not people:
        raise InvalidInput("nobody is selected", sentence="nobody_selected")
    fields, change, status = await request.fields(), shortlisted.new_change(), None
    held = await shortlisted.among(list_id, people)
    on_it = [one for one in people if one in held]
    match fields.get("act", ""):
        case "add":
            return await added(request, web, place, people)
        case "remove":
            await shortlisted.remove(place.id, people, change)
            await audit.append_each(request.person.id, "taken off a list", on_it)
        case "status":
            status = _status(fields)
            await shortlisted.set_status(place.id, people, status, change)
            await _keep(request, on_it, status, change)
        case "move" | "copy" as way:
            place = await shortlists.editable(fields.get("to", ""), request.person.id)
            await (shortlisted.move if way == "move" else shortlisted.copy)(list_id, place.id, people, change)
            await audit.append_each(request.person.id, "put on a list", on_it)
        case _unknown:
            raise InvalidInput("no such act")
    return await _after(request, web, Done(fields["act"], place, change, people, status))


async def _keep(request: WebRequest, people: Sequence[str], status: Stage, change: str) -> None:
    """What was said of these people goes into the audit log; that there was contact starts the retention clock anew."""
    await audit.append_each(request.person.id, f"status {status}", people)
    if status in shortlisted.IN_CONTACT:
        for one in people:
            await contacts.note(one, request.person.id, change)


async def added(request: WebRequest, web: Web, place: Shortlist, people: tuple[str, ...]) -> Response[Any]:
    """Puts people on a list. Raises NotFound where none of them is in the pool."""
    known = await candidates.by_ids(people)
    if not known:
        raise NotFound("no such candidate")
    new = [Entry(candidate_id=one, added=now(), added_by=request.person.id) for one in people if one in known]
    change = shortlisted.new_change()
    await shortlisted.add(place.id, new, change)
    await audit.append_each(request.person.id, "put on a list", [one.candidate_id for one in new])
    return await _after(request, web, Done("add", place, change, people))


@post("/lists/{list_id:str}/entries/{candidate_id:str}", guards=[signed_in], status_code=200)
async def write(request: WebRequest, web: Web, list_id: FromPath[str], candidate_id: FromPath[str]) -> Response[Any]:
    """Status and note of one person."""
    place = await shortlists.editable(list_id, request.person.id)
    fields, change = await request.fields(), shortlisted.new_change()
    status, note = _status(fields), fields.get("note", "").strip()
    before = await shortlisted.get(place.id, candidate_id)
    seen_as = await sight(request.viewer)
    if note == seen_as.text(before.note, await candidates.get(candidate_id)):
        note = before.note  # blind mode shows less of a note than there is: what was not changed stays
    await shortlisted.write(place.id, candidate_id, status, note, change)
    kind = "status" if status is not before.status else "note"
    if status is not before.status:
        await _keep(request, [candidate_id], status, change)
    return await _after(request, web, Done(kind, place, change, (candidate_id,), status, quiet=True))


@post("/lists/{list_id:str}/entries/{candidate_id:str}/remove", guards=[signed_in], status_code=200)
async def take_off(request: WebRequest, web: Web, list_id: FromPath[str], candidate_id: FromPath[str]) -> Response[Any]:
    place = await shortlists.editable(list_id, request.person.id)
    change = shortlisted.new_change()
    await shortlisted.remove(place.id, [candidate_id], change)
    await audit.append(request.person.id, "taken off a list", candidate_id)
    return await _after(request, web, Done("remove", place, change, (candidate_id,)))


@post("/lists/undo/{change:str}", guards=[signed_in], status_code=200)
async def undo(request: WebRequest, web: Web, change: FromPath[str]) -> Response[Any]:
    """Takes one act back, on every list that it touched. Raises NotFound, NotAllowed."""
    touched = await shortlisted.lists_of(change)
    for list_id in touched:
        await shortlists.editable(list_id, request.person.id)
    people = await shortlisted.undo(change)
    await contacts.undo(change)
    if not touched:
        raise NotFound("nothing to undo")
    await audit.append_each(request.person.id, "undone on a list", people)
    if request.wants_json:
        return Response({"lists": sorted(touched)})
    if not request.htmx:
        return Redirect(await request.back(), status_code=303)
    return web.render.partials(*await _refreshed(request, web), *await _cards(request, web, people))


async def _after(request: WebRequest, web: Web, done: Done) -> Response[Any]:
    """A toast that says what was done and undoes it, and the list that is looked at, anew."""
    if request.wants_json:
        return Response({"list": done.place.id, "change": done.change})
    if not request.htmx:
        return Redirect(_undoable(await _return(request), done.change), status_code=303)
    viewer, render = request.viewer, web.render
    said = render.say(
        viewer,
        SAID[done.kind][len(done.people) > 1],
        n=len(done.people),
        name=await _name(request, web, done.people[0]),
        list=name_of(done.place, web, viewer),
        status=render.say(viewer, PROGRESS[done.status]) if done.status else "",
    )
    news = await _stages(request, web, done) if done.quiet else await _refreshed(request, web)
    if done.kind == "add":
        news += [Partial("#dialog", ""), *await _cards(request, web, done.people)]
    return render.partials(*news, render.toast(viewer, said, undo=f"/lists/undo/{done.change}"))


def _is_list(url: str) -> bool:
    path = url.partition("?")[0]
    return path == "/likes" or path.startswith("/lists/")


async def _return(request: WebRequest) -> str:
    """Where the form says, else the page it stood on: the page that chooses a list has a page before it."""
    back = (await request.fields()).get("return", "")
    return own_path(back) if back else await request.back()


async def _name(request: WebRequest, web: Web, candidate_id: str) -> str:
    """As the reader may call someone; who is gone is called that."""
    found = await candidates.get(candidate_id)
    return (await sight(request.viewer)).name(found) if found else web.render.say(request.viewer, GONE)


async def _stages(request: WebRequest, web: Web, done: Done) -> list[Partial]:
    """How many have each status, and the look of the one that was chosen; the rows stay where they are."""
    url = path_of(request.headers.get("hx-current-url", ""))
    shown = await listing(done.place, request, url)
    row = next((one for one in shown.rows if one.entry.candidate_id == done.people[0]), None)
    text, viewer = web.render.text, request.viewer
    counts = Partial("#stages", text(viewer, "lists/_stages.html", listing=shown), "outerMorph")
    news = [] if url.startswith("/cv/") else [counts]
    if row:
        news.append(Partial(f"#status-{done.people[0]}", text(viewer, "lists/_stage.html", row=row), "outerMorph"))
    return news


def _undoable(address: str, change: str) -> str:
    """A list's page says that something was done, and undoes it: for a browser that shows no toast."""
    path = address.partition("?")[0]
    if not _is_list(path):
        return address
    kept = [pair for pair in parse_qsl(urlsplit(address).query) if pair[0] != "done"]
    return f"{path}?{urlencode([*kept, ('done', change)])}"


async def _cards(request: WebRequest, web: Web, people: Sequence[str]) -> list[Partial]:
    """On their cards: the heart, the lists they are on, and no longer chosen. Nothing on a list's own page."""
    if _is_list(path_of(request.headers.get("hx-current-url", ""))):
        return []
    user, viewer, text = request.person.id, request.viewer, web.render.text
    liked, on = await likes.liked_among(user, people), await listed(user, people)
    news: list[Partial] = []
    for id_ in await candidates.by_ids(people):
        heart = text(viewer, "liked/_like.html", candidate_id=id_, is_liked=id_ in liked)
        pick = text(viewer, "search/_pick.html", id=id_)
        news += [
            Partial(f".like-{id_}", heart, "outerMorph"),
            Partial(f"[id$='-{id_}'] .listed", text(viewer, "lists/_listed.html", names=on.get(id_, ()))),
            Partial(f".rank [value='{id_}']", pick, "outerHTML"),
        ]
    return news


async def _refreshed(request: WebRequest, web: Web) -> list[Partial]:
    """The people of the list that the reader looks at, if it is one; of a profile opened from a list, its note."""
    url = path_of(request.headers.get("hx-current-url", ""))
    address = url.partition("?")[0]
    if address == "/likes":
        place = await likes.current(request.person.id)
    elif address.startswith("/lists/"):
        place = await shortlists.readable(address.removeprefix("/lists/"), request.person.id)
    else:
        return await _beside_profile(request, web, url)
    shown = await listing(place, request, url)
    return [Partial("#shortlist", web.render.text(request.viewer, "lists/_entries.html", listing=shown))]


async def _beside_profile(request: WebRequest, web: Web, url: str) -> list[Partial]:
    """Status and note on the page of a profile that was opened from a list."""
    address, query = urlsplit(url).path, dict(parse_qsl(urlsplit(url).query))
    found = await candidates.get(address.removeprefix("/cv/")) if address.startswith("/cv/") else None
    come = await trail(request, web, query.get("from", ""), found.id) if found else None
    if come is None or come.row is None:
        return []
    return [Partial("#on-list", web.render.text(request.viewer, "cvs/_on_list.html", trail=come, candidate=found))]


# -------------------------------------------------------------------------------------------------- choosing a list


@get("/lists/choose", guards=[signed_in])
async def choosing(
    request: WebRequest, web: Web, candidate_ids: ChosenIds = None, turn_id: TurnId = "", back: Back = ""
) -> Response[Any]:
    """The lists that somebody can be put on; with `turn`, ways to look for others like them. A dialog, or a page."""
    user = request.person
    await likes.current(user.id)  # makes the first list where there is none
    seen_as, people = await sight(request.viewer), await candidates.by_ids(candidate_ids or [])
    if not candidate_ids:
        raise InvalidInput("nobody is selected", sentence="nobody_selected")
    if not people:
        raise NotFound("no such candidate")
    lists = [one for one in await shortlists.seen_by(user.id) if one.may_edit]
    on = await shortlisted.holding(next(iter(people))) if len(people) == 1 else frozenset()
    context: dict[str, Any] = {
        "people": [seen_as.candidate(people[one]) for one in candidate_ids if one in people],
        "lists": lists,
        "on": on,
        "turn": turn_id,
    }
    context["back"] = own_path(back or path_of(request.headers.get("referer", "")))
    if request.is_partial:
        return web.render.fragment(request.viewer, "lists/_choose.html", **context)
    return web.render.page(request.viewer, "lists/choose.html", **context)


HANDLERS = (act, write, take_off, undo, choosing)
