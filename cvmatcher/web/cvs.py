"""One candidate: profile, pages as pictures, the file itself. Every look is written to the audit log."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from cvmatcher import pdf
from cvmatcher.domain import Candidate, FileGone, NotFound, Unavailable, Verdict
from cvmatcher.store import audit, candidates, ledger, likes, people
from cvmatcher.store import turns as store
from cvmatcher.store.audit import AuditRow
from cvmatcher.store.ledger import LedgerRow
from cvmatcher.store.people import User
from cvmatcher.web.above import Above, above
from cvmatcher.web.auth import signed_in
from cvmatcher.web.parts import Web
from cvmatcher.web.request import WebRequest
from cvmatcher.web.turnview import Card, TurnView

Tab = FromQuery[Literal["profile", "cv", "why", "history"]]
TurnId = Annotated[str, QueryParameter(name="turn", max_length=64)]

PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
PAGE_SCALE = 1.6  # of 72 dpi: sharp at the width of the panel


@dataclass(frozen=True, slots=True)
class Place:
    """Where the candidate stands in the search that the reader comes from."""

    turn: str
    conversation: str
    card: Card | None
    before: str | None
    after: str | None
    total: int
    above: Above | None = None  # why the candidate stands above `after`; None unless asked for

    @property
    def verdicts(self) -> list[Verdict]:
        return [one for _, one in self.card.marks if one] if self.card else []


async def _candidate(candidate_id: str) -> Candidate:
    found = await candidates.get(candidate_id)
    if found is None:
        raise NotFound("no such candidate")
    return found


async def _place(turn_id: str, candidate: Candidate, user_id: str, *, compared: bool = False) -> Place | None:
    """None without a turn, or when it is another person's or gone: the profile stands on its own then."""
    if not turn_id:
        return None
    try:
        turn = await store.turn(turn_id, user_id)
    except NotFound:
        return None
    view = TurnView(turn).take(await store.events(turn_id))
    if candidate.id not in view.order:
        return None
    rank = view.order.index(candidate.id)
    after = view.order[rank + 1] if rank + 1 < len(view.order) else None
    below = await candidates.get(after) if after and compared and view.verdicts else None
    return Place(
        turn=turn_id,
        conversation=turn.conversation,
        card=view.card(candidate.id),
        before=view.order[rank - 1] if rank else None,
        after=after,
        total=len(view.order),
        above=above(view, candidate, below) if below else None,
    )


@dataclass(frozen=True, slots=True)
class Opened:
    """All that the profile's templates show."""

    candidate: Candidate
    place: Place | None
    tab: str
    is_liked: bool
    history: tuple[list[LedgerRow], list[tuple[str, AuditRow]]] | None = None


async def opened(user: User, candidate: Candidate, turn_id: str, tab: str = "profile") -> Opened:
    """Writes the look to the audit log."""
    await audit.append(user.id, "viewed", candidate.id)
    return Opened(
        candidate=candidate,
        place=await _place(turn_id, candidate, user.id, compared=tab == "why"),
        tab=tab,
        is_liked=bool(await likes.liked_among(user.id, [candidate.id])),
        history=await _history(candidate, admin=user.is_admin) if tab == "history" else None,
    )


@get("/cv/{candidate_id:str}", guards=[signed_in])
async def profile(
    request: WebRequest, web: Web, candidate_id: FromPath[str], turn_id: TurnId = "", tab: Tab = "profile"
) -> Response[Any]:
    """The profile; beside the list as a fragment, elsewhere as a page, for a script as JSON."""
    candidate = await _candidate(candidate_id)
    shown = await opened(request.person, candidate, turn_id, tab)
    if request.wants_json:
        return Response(candidate.model_dump(mode="json", exclude={"pages", "passages"}))
    context: dict[str, Any] = {name: getattr(shown, name) for name in Opened.__slots__}
    if not request.is_partial:
        return web.render.page(request.viewer, "cvs/profile.html", beside=False, **context)
    place = shown.place
    headers = {"HX-Replace-Url": f"/c/{place.conversation}?t={place.turn}&cv={candidate.id}"} if place else None
    return web.render.fragment(request.viewer, "cvs/_profile.html", headers=headers, beside=True, **context)


async def _history(candidate: Candidate, *, admin: bool) -> tuple[list[LedgerRow], list[tuple[str, AuditRow]]]:
    """The candidate's files, and for admins who looked at them."""
    files = await ledger.by_candidate(candidate.id)
    acts = await audit.about(candidate.id) if admin else []
    known = await people.names({one.actor for one in acts})
    return files, [(known.get(one.actor, "?"), one) for one in acts]


# ----------------------------------------------------------------------------------------------------------- files


async def file_of(web: Web, candidate: Candidate) -> bytes:
    """The CV's bytes from its source, or from a copy's source. Raises FileGone when all are gone."""
    gone: FileGone | None = None
    for key in (candidate.file_key, *candidate.other_files):
        source, _, file_id = key.partition(":")
        if source not in web.services.sources:
            continue
        try:
            return await web.services.sources[source].fetch(file_id)
        except FileGone as error:
            gone = error
    if gone:
        raise gone
    raise Unavailable(f"the source of {candidate.file_key} is not configured")


def disposition(name: str, *, attachment: bool) -> str:
    """A Content-Disposition that no file name can break out of or disguise (quotes, line ends, bidi marks)."""
    shown = "".join(one for one in name if unicodedata.category(one)[0] != "C").strip() or "cv.pdf"
    shown = shown if shown.lower().endswith(".pdf") else f"{shown}.pdf"
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", unicodedata.normalize("NFKD", shown).encode("ascii", "ignore").decode())
    kind = "attachment" if attachment else "inline"
    return f"{kind}; filename=\"{plain or 'cv.pdf'}\"; filename*=UTF-8''{quote(shown, safe='')}"


async def _file(request: WebRequest, web: Web, candidate: Candidate, *, attachment: bool) -> Response[bytes]:
    data = await file_of(web, candidate)
    await audit.append(request.person.id, "downloaded" if attachment else "opened", candidate.id)
    headers = {
        "Content-Disposition": disposition(candidate.file_name, attachment=attachment),
        "Content-Security-Policy": PDF_POLICY,
    }
    return Response(data, media_type="application/pdf", headers=headers)


@get("/cv/{candidate_id:str}/pdf", guards=[signed_in])
async def inline(request: WebRequest, web: Web, candidate_id: FromPath[str]) -> Response[bytes]:
    return await _file(request, web, await _candidate(candidate_id), attachment=False)


@get("/cv/{candidate_id:str}/download", guards=[signed_in])
async def download(request: WebRequest, web: Web, candidate_id: FromPath[str]) -> Response[bytes]:
    return await _file(request, web, await _candidate(candidate_id), attachment=True)


@get("/download/{name:str}", guards=[signed_in])
async def download_by_name(request: WebRequest, web: Web, name: FromPath[str]) -> Response[Any]:
    """The original's address, by file name. 409 with a link each when several CVs bear that name."""
    found = await candidates.by_file_name(name)
    if not found:
        raise NotFound("no CV of that name")
    if len(found) == 1:
        return await _file(request, web, found[0], attachment=True)
    if request.wants_json:
        links = [{"id": one.id, "name": one.profile.name, "url": f"/cv/{one.id}/download"} for one in found]
        return Response({"error": "conflict", "message": "several CVs bear this name", "links": links}, status_code=409)
    return web.render.page(request.viewer, "cvs/namesakes.html", status=409, name=name, found=found)


@get("/cv/{candidate_id:str}/pages/{number:int}", guards=[signed_in])
async def page_image(
    request: WebRequest, web: Web, candidate_id: FromPath[str], number: FromPath[int], turn_id: TurnId = ""
) -> Response[bytes]:
    """Page `number` (from 1) as a PNG, the quotations of the reader's search marked on it."""
    candidate = await _candidate(candidate_id)
    if not 1 <= number <= max(1, len(candidate.pages)):
        raise NotFound("no such page")
    place = await _place(turn_id, candidate, request.person.id)
    quoted = [one.quotation for one in place.verdicts if one.quotation] if place else []
    marks = [one.text for one in quoted if one.page == number - 1]
    key = (candidate.content_hash, number, tuple(marks))
    image = web.pictures.get(key)
    if image is None:
        data = await file_of(web, candidate)
        image = await pdf.render_page(data, number - 1, scale=PAGE_SCALE, marks=marks)
        web.pictures.put(key, image)
    return Response(image, media_type="image/png")


HANDLERS = (profile, inline, download, download_by_name, page_image)
