"""Shortlists: the overview, one list, its name and who may use it, away and back. Who is on it: `entries`."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from cvmatcher.domain import InvalidInput
from cvmatcher.store import audit, likes, people, shortlisted, shortlists
from cvmatcher.store.shortlists import Access, Shortlist
from cvmatcher.web import entries
from cvmatcher.web.auth import may_export, signed_in
from cvmatcher.web.compare import tray_of
from cvmatcher.web.listed import Row, listing, name_of, table
from cvmatcher.web.parts import Web
from cvmatcher.web.request import WebRequest, clean

DeletedId = Annotated[str, QueryParameter(name="deleted", max_length=64)]


# ----------------------------------------------------------------------------------------------------------- pages


async def page(request: WebRequest, web: Web, shortlist: Shortlist) -> Response[Any]:
    """The list with its people; a first list that nobody has named is "Shortlist". After an act without JavaScript
    the address has `done`, and the page a way to undo it.
    """
    done = clean(request.query_params.get("done", ""))
    return web.render.page(
        request.viewer,
        "lists/list.html",
        listing=await listing(shortlist, request),
        url=request.absolute(web.services.settings.public_url, f"/lists/{shortlist.id}"),
        tray=await tray_of(request),
        lists=await shortlists.seen_by(request.person.id),
        done=done if shortlist.id in await shortlisted.lists_of(done) else "",
    )


@get("/lists", guards=[signed_in])
async def overview(request: WebRequest, web: Web, deleted: DeletedId = "") -> Response[Any]:
    """All lists that the reader may see; with `deleted`, a way to bring that one back."""
    user = request.person
    current = await likes.current(user.id)
    found = await shortlists.seen_by(user.id)
    counts = await shortlisted.counts([one.id for one in found])
    if request.wants_json:
        return Response({"lists": [_list_as_json(one, counts.get(one.id, {})) for one in found]})
    return web.render.page(
        request.viewer,
        "lists/overview.html",
        lists=found,
        counts=counts,
        current=current,
        owners=await people.names({one.owner for one in found}),
        deleted=(deleted, await shortlists.deleted_name(deleted, user.id)) if deleted else ("", None),
    )


@get("/lists/{list_id:str}", guards=[signed_in])
async def show(request: WebRequest, web: Web, list_id: FromPath[str]) -> Response[Any]:
    found = await shortlists.readable(list_id, request.person.id)
    if request.wants_json:
        rows = (await listing(found, request)).rows
        return Response(_list_as_json(found, {}) | {"entries": [as_json(row) for row in rows]})
    return await page(request, web, found)


def _list_as_json(one: Shortlist, counts: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.name,
        "access": {"recruiter": one.recruiters, "admin": one.admins},
        "owner": one.owner,
        "counts": counts,
    }


def as_json(row: Row) -> dict[str, Any]:
    return {
        "id": row.entry.candidate_id,
        "name": row.candidate.profile.name if row.candidate else None,
        "file": row.candidate.file_name if row.candidate else None,
        "status": row.entry.status,
        "note": row.entry.note,
        "created": row.entry.added.isoformat(),
    }


@get("/lists/{list_id:str}/csv", guards=[may_export])
async def export(request: WebRequest, web: Web, list_id: FromPath[str]) -> Response[bytes]:
    return await spreadsheet(request, web, await shortlists.readable(list_id, request.person.id))


async def spreadsheet(request: WebRequest, web: Web, shortlist: Shortlist) -> Response[bytes]:
    """What the reader sees, as CSV; each candidate in the audit log."""
    rows = (await listing(shortlist, request)).rows
    await audit.append_each(request.person.id, "exported", [row.entry.candidate_id for row in rows])
    viewer = request.viewer
    data = table(rows, viewer.language, lambda one: web.render.say(viewer, one))
    named = quote(f"{name_of(shortlist, web, viewer)}.csv", safe="")
    headers = {"Content-Disposition": f"attachment; filename=\"shortlist.csv\"; filename*=UTF-8''{named}"}
    return Response(data, media_type="text/csv", headers=headers)


# ----------------------------------------------------------------------------------------------- a list as a whole


@post("/lists", guards=[signed_in], status_code=200)
async def create(request: WebRequest, web: Web) -> Response[Any]:
    """A new list; with candidates chosen, they are on it."""
    made = await shortlists.create(request.person.id, (await request.fields()).get("name", ""))
    chosen = await entries.chosen(request)
    return await entries.added(request, web, made, chosen) if chosen else _to(request, f"/lists/{made.id}")


@post("/lists/{list_id:str}/settings", guards=[signed_in], status_code=200)
async def change(request: WebRequest, list_id: FromPath[str]) -> Response[Any]:
    """Name and what each role may do: the owner's."""
    fields = await request.fields()
    recruiters, admins = fields.get("recruiters", ""), fields.get("admins", "")
    if not {recruiters, admins} <= set(Access):
        raise InvalidInput("no such access")
    await shortlists.rename(list_id, request.person.id, fields.get("name", ""))
    await shortlists.share(list_id, request.person.id, recruiters=Access(recruiters), admins=Access(admins))
    return _to(request, f"/lists/{list_id}")


@post("/lists/{list_id:str}/choose", guards=[signed_in], status_code=200)
async def choose(request: WebRequest, list_id: FromPath[str]) -> Response[Any]:
    """From now on the heart fills this list."""
    await likes.choose(request.person.id, list_id)
    return _to(request, f"/lists/{list_id}")


@post("/lists/{list_id:str}/delete", guards=[signed_in], status_code=200)
async def delete(request: WebRequest, list_id: FromPath[str]) -> Response[Any]:
    gone = await shortlists.delete(list_id, request.person.id)
    on_it = [one.candidate_id for one in await shortlisted.entries(gone.id)]
    await shortlisted.remove(gone.id, on_it, f"deleted:{gone.id}")
    await audit.append_each(request.person.id, "taken off a list", on_it)
    return _to(request, f"/lists?deleted={gone.id}")


@post("/lists/{list_id:str}/restore", guards=[signed_in], status_code=200)
async def restore(request: WebRequest, list_id: FromPath[str]) -> Response[Any]:
    back = await shortlists.restore(list_id, request.person.id)
    people = await shortlisted.undo(f"deleted:{back.id}")
    await audit.append_each(request.person.id, "undone on a list", people)
    return _to(request, f"/lists/{back.id}")


def _to(request: WebRequest, address: str) -> Response[Any]:
    if request.wants_json:
        return Response({"url": address})
    if request.htmx:
        return Response("", media_type="text/html", headers={"HX-Redirect": address})
    return Redirect(address, status_code=303)


HANDLERS = (overview, show, export, create, change, choose, delete, restore)
