"""The shortlist: like and unlike with undo, notes, order, export."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from litestar import Response, get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect

from cvmatcher.domain import Candidate, NotFound
from cvmatcher.store import audit, candidates
from cvmatcher.store import likes as store
from cvmatcher.store.likes import Like
from cvmatcher.web.auth import may_export, signed_in
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.parts import Web
from cvmatcher.web.render import Partial, Viewer
from cvmatcher.web.request import WebRequest, own_path, path_of
from cvmatcher.web.sight import Sight, sight

Sort = Literal["added", "name", "years", "place"]
SortBy = Annotated[Sort, QueryParameter(name="sort")]

COLUMNS = (
    _("Name"),
    _("Title"),
    _("Place"),
    _("Years of experience"),
    _("E-mail"),
    _("Phone"),
    _("Note"),
    _("Added on"),
    _("File"),
    _("Id"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A liked candidate. One that has left the pool meanwhile is shown as gone, its note kept."""

    like: Like
    candidate: Candidate | None


async def _rows(viewer: Viewer, user_id: str, sort: Sort = "added") -> list[Row]:
    """As this reader may see them."""
    found, seen_as = await store.likes_of(user_id), await sight(viewer)
    known = await candidates.by_ids([one.candidate_id for one in found])
    rows = [_row(one, known.get(one.candidate_id), seen_as) for one in found]
    if sort == "name":
        return sorted(rows, key=lambda row: row.candidate.profile.name.casefold() if row.candidate else "\uffff")
    if sort == "place":
        return sorted(rows, key=lambda row: row.candidate.profile.location.casefold() if row.candidate else "\uffff")
    if sort == "years":
        return sorted(rows, key=lambda row: -((row.candidate and row.candidate.profile.years_experience) or -1.0))
    return rows


def _row(like: Like, found: Candidate | None, seen_as: Sight) -> Row:
    note = seen_as.text(like.note, found)
    return Row(like.model_copy(update={"note": note}), seen_as.candidate(found) if found else None)


@get("/likes", guards=[signed_in])
async def shortlist(request: WebRequest, web: Web, sort: SortBy = "added") -> Response[Any]:
    rows = await _rows(request.viewer, request.person.id, sort)
    if request.wants_json:
        return Response({"likes": [_as_json(row) for row in rows]})
    return web.render.page(request.viewer, "liked/shortlist.html", rows=rows, sort=sort)


def _as_json(row: Row) -> dict[str, Any]:
    return {
        "id": row.like.candidate_id,
        "name": row.candidate.profile.name if row.candidate else None,
        "file": row.candidate.file_name if row.candidate else None,
        "note": row.like.note,
        "created": row.like.created.isoformat(),
    }


@post("/cv/{candidate_id:str}/like", guards=[signed_in], status_code=200)
async def like(request: WebRequest, web: Web, candidate_id: FromPath[str]) -> Response[Any]:
    if await candidates.get(candidate_id) is None:
        raise NotFound("no such candidate")
    await store.like(request.person.id, candidate_id)
    return await _after(request, web, candidate_id, liked=True)


@post("/cv/{candidate_id:str}/unlike", guards=[signed_in], status_code=200)
async def unlike(request: WebRequest, web: Web, candidate_id: FromPath[str]) -> Response[Any]:
    await store.unlike(request.person.id, candidate_id)
    return await _after(request, web, candidate_id, liked=False)


async def _after(request: WebRequest, web: Web, candidate_id: str, *, liked: bool) -> Response[Any]:
    if request.wants_json:
        return Response({"id": candidate_id, "liked": liked})
    if not request.htmx:
        return Redirect(await _back(request), status_code=303)
    viewer, render = request.viewer, web.render
    button = render.text(viewer, "liked/_like.html", candidate_id=candidate_id, is_liked=liked)
    news = [Partial(f".like-{candidate_id}", button, "outerMorph")]
    if path_of(request.headers.get("hx-current-url", "")).startswith("/likes"):
        rows = await _rows(viewer, request.person.id)
        news.append(Partial("#shortlist", render.text(viewer, "liked/_rows.html", rows=rows), "innerMorph"))
    if not liked:
        said = render.say(viewer, _("Taken off the shortlist."))
        news.append(render.toast(viewer, said, undo=f"/cv/{candidate_id}/like"))
    return render.partials(*news)


async def _back(request: WebRequest) -> str:
    referrer = path_of(request.headers.get("referer", ""))
    return referrer if referrer != "/" else own_path((await request.fields()).get("back", "/"))


@post("/cv/{candidate_id:str}/note", guards=[signed_in], status_code=200)
async def note(request: WebRequest, web: Web, candidate_id: FromPath[str]) -> Response[Any]:
    written = (await request.fields()).get("note", "").strip()
    if not await store.write_note(request.person.id, candidate_id, written):
        raise NotFound("not on the shortlist")
    if not request.htmx:
        return Redirect("/likes", status_code=303)
    return web.render.partials(web.render.toast(request.viewer, web.render.say(request.viewer, _("Note saved."))))


# ---------------------------------------------------------------------------------------------------------- export


def safe_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


@get("/likes.csv", guards=[may_export])
async def export(request: WebRequest, web: Web, sort: SortBy = "added") -> Response[bytes]:
    """UTF-8 with BOM, the separator that the reader's spreadsheet expects; each candidate in the audit log."""
    viewer = request.viewer
    rows = await _rows(request.viewer, request.person.id, sort)
    out = io.StringIO()
    table = csv.writer(out, delimiter=";" if viewer.language == "fr" else ",")
    table.writerow([web.render.say(viewer, one) for one in COLUMNS])
    for row in rows:
        table.writerow([safe_cell(cell) for cell in _cells(row)])
        await audit.append(request.person.id, "exported", row.like.candidate_id)
    headers = {"Content-Disposition": 'attachment; filename="shortlist.csv"'}
    return Response(b"\xef\xbb\xbf" + out.getvalue().encode(), media_type="text/csv", headers=headers)


def _cells(row: Row) -> list[object]:
    added = row.like.created.date().isoformat()
    if row.candidate is None:
        return ["", "", "", "", "", "", row.like.note, added, "", row.like.candidate_id]
    profile = row.candidate.profile
    return [
        profile.name,
        profile.headline,
        profile.location,
        profile.years_experience,
        ", ".join(profile.emails),
        ", ".join(profile.phones),
        row.like.note,
        added,
        row.candidate.file_name,
        row.candidate.id,
    ]


HANDLERS = (shortlist, like, unlike, note, export)
