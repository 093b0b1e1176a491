"""One candidate: profile, pages as pictures, the file itself. Every look is written to the audit log."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import quote

from litestar import Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from cvmatcher import pdf
from cvmatcher.blind import HIDDEN
from cvmatcher.domain import Candidate, FileGone, NotFound, NotSignedIn, Unavailable, Unreadable
from cvmatcher.pdf import PageWords
from cvmatcher.store import audit, candidates, comparisons, ledger, likes, people, same_person, shortlisted, shortlists
from cvmatcher.store import turns as store
from cvmatcher.store.audit import AuditRow
from cvmatcher.store.ledger import LedgerRow
from cvmatcher.store.people import User
from cvmatcher.store.same_person import Linked
from cvmatcher.store.shortlisted import Entry
from cvmatcher.store.shortlists import Shortlist
from cvmatcher.web.above import Above, above
from cvmatcher.web.auth import signed_in
from cvmatcher.web.compare import tray_of
from cvmatcher.web.pages import Page, drawn, marks_of, words_of
from cvmatcher.web.parts import Web
from cvmatcher.web.render import Viewer
from cvmatcher.web.request import WebRequest
from cvmatcher.web.sight import Sight, sight
from cvmatcher.web.trail import From, Trail, trail
from cvmatcher.web.turnview import Card, TurnView

Tab = FromQuery[Literal["profile", "cv", "why", "history"]]
Zoom = FromQuery[Literal["fit", "125", "150", "200"]]  # per cent of the width there is
At = Annotated[str, QueryParameter(name="at", max_length=16)]  # the criterion whose quotation is looked at
TurnId = Annotated[str, QueryParameter(name="turn", max_length=64)]

PDF_POLICY = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
MOST_LOOKS = 200
PAGE_SCALE = 2.0  # of 72 dpi: sharp at twice the width of the panel


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


async def _candidate(candidate_id: str) -> Candidate:
    found = await candidates.get(candidate_id)
    if found is None:
        raise NotFound("no such candidate")
    return found


async def _place(turn_id: str, candidate: Candidate, seen_as: Sight, user_id: str, *, compared: bool) -> Place | None:
    """None without a turn, or when it is another person's or gone: the profile stands on its own then."""
    if not turn_id:
        return None
    try:
        turn = await store.turn(turn_id, user_id)
    except NotFound:
        return None
    view = await seen_as.turn(TurnView(turn).take(await store.events(turn_id)))
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
        above=await _above(view, candidate, below, seen_as.name(below)) if below else None,
    )


async def _above(view: TurnView, candidate: Candidate, below: Candidate, name: str) -> Above:
    """Why `candidate` stands above: its criteria, unless an admin's word put it there."""
    if candidate.id in (await same_person.superseded([candidate, below])).get(below.id, ()):
        return Above(below.id, name, same_person=True)
    return above(view, candidate, below, name)


@dataclass(frozen=True, slots=True)
class History:
    """`acts`: who, the last time of a day, and how often that day; newest first. `kept`: lists that the reader sees."""

    files: list[LedgerRow]
    acts: list[tuple[str, AuditRow, int]]
    kept: list[tuple[Shortlist, Entry, str]]  # with who put the candidate there


@dataclass(frozen=True, slots=True)
class Opened:
    """All that the profile's templates show."""

    candidate: Candidate
    place: Place | None
    tab: str
    is_liked: bool
    is_compared: bool
    is_masked: bool = False
    trail: Trail | None = None
    others: tuple[Linked, ...] = ()  # CVs that may be the same person's
    history: History | None = None
    pages: tuple[Page, ...] = ()
    trouble: str = ""  # why there are no pictures: code of an error
    zoom: str = "fit"
    at: str = ""


TAB = re.compile(r"#profile-(?:profile|cv|why|history)\b")


async def opened(web: Web, viewer: Viewer, candidate: Candidate, turn_id: str, tab: str = "profile") -> Opened:
    """What this reader may see of the candidate. Raises NotSignedIn."""
    user, seen_as = viewer.user, await sight(viewer)
    if user is None:
        raise NotSignedIn
    place = await _place(turn_id, candidate, seen_as, user.id, compared=tab == "why")
    shown = Opened(
        candidate=seen_as.candidate(candidate),
        place=place,
        tab=tab,
        is_masked=seen_as.hides(candidate.id),
        others=tuple(await same_person.linked(candidate)),
        is_liked=bool(await likes.liked_among(user.id, [candidate.id])),
        is_compared=candidate.id in await comparisons.picked_in(user.id, place.conversation if place else ""),
        history=await _history(candidate, seen_as, user) if tab == "history" else None,
    )
    return await _with_pages(web, shown) if tab == "cv" else shown


async def _with_pages(web: Web, shown: Opened) -> Opened:
    """A file that cannot be had or drawn now leaves the text, and is said. Nobody draws a page in blind mode."""
    candidate, trouble, words = shown.candidate, "", list[PageWords]()
    try:
        words = [] if shown.is_masked else await _words(web, candidate)
    except (FileGone, Unavailable, Unreadable) as error:
        trouble = error.code
    marks = marks_of(shown.place.card if shown.place else None)
    return replace(shown, pages=drawn(candidate.pages, marks, words), trouble=trouble)


async def _words(web: Web, candidate: Candidate) -> list[PageWords]:
    key = (candidate.id, candidate.content_hash, 0)
    words = web.words.get(key)
    if words is None:
        turn = web.words.turn
        candidate = await _candidate(candidate.id)  # still there, now that the turn is known
        words = await words_of(await file_of(web, candidate), len(candidate.pages))
        web.words.put(key, words, turn)
    return words


@get("/cv/{candidate_id:str}", guards=[signed_in])
async def profile(
    request: WebRequest,
    web: Web,
    candidate_id: FromPath[str],
    *,
    turn_id: TurnId = "",
    tab: Tab = "profile",
    zoom: Zoom = "fit",
    at: At = "",
    origin: From = "",
) -> Response[Any]:
    """The profile; beside the list as a fragment, elsewhere as a page, for a script as JSON.

    `from` is the page that it was opened from, when that is no search.
    """
    candidate = await _candidate(candidate_id)
    if not TAB.search(request.source):  # another tab of the same profile is the same look
        await audit.append(request.person.id, "viewed", candidate_id)
    shown = replace(await opened(web, request.viewer, candidate, turn_id, tab), zoom=zoom, at=at)
    if request.wants_json:
        return Response(shown.candidate.model_dump(mode="json", exclude={"pages", "passages"}))
    shown = replace(shown, trail=await trail(request, web, origin, candidate_id) if origin else None)
    context: dict[str, Any] = {name: getattr(shown, name) for name in Opened.__slots__}
    if not request.is_partial:
        tray = await tray_of(request, shown.place.conversation if shown.place else "")
        return web.render.page(request.viewer, "cvs/profile.html", beside=False, focus=False, tray=tray, **context)
    place = shown.place
    beside = f"/c/{place.conversation}?t={place.turn}&cv={candidate.id}&tab={tab}" if place else ""
    return web.render.fragment(
        request.viewer,
        "cvs/_profile.html",
        headers={"HX-Replace-Url": beside} if beside else None,
        beside=True,
        focus="#profile-" not in request.source,
        **context,
    )


async def _history(candidate: Candidate, seen_as: Sight, user: User) -> History:
    """The candidate's files, the lists with status and note, and for admins who looked."""
    files = await ledger.by_candidate(candidate.id)
    if seen_as.hides(candidate.id):
        files = [one.model_copy(update={"name": HIDDEN, "path": ""}) for one in files]
    acts = await audit.about(candidate.id, MOST_LOOKS) if user.is_admin else []
    held = await shortlisted.holding(candidate.id)
    lists = [one for one in await shortlists.seen_by(user.id) if one.id in held]
    entries = [await shortlisted.get(one.id, candidate.id) for one in lists]
    known = await people.names({one.actor for one in acts} | {one.added_by for one in entries})
    kept = [
        (where, entry.model_copy(update={"note": seen_as.text(entry.note, candidate)}), known.get(entry.added_by, "?"))
        for where, entry in zip(lists, entries, strict=True)
    ]
    days: dict[tuple[str, str, date], list[AuditRow]] = {}
    for one in acts:
        days.setdefault((one.actor, one.act, one.at.date()), []).append(one)
    looks = [(known.get(rows[0].actor, "?"), rows[0], len(rows)) for rows in days.values()]
    return History(files, looks, kept)


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
    (await sight(request.viewer)).check(candidate.id)
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
    seen_as = await sight(request.viewer)
    for one in found:
        seen_as.check(one.id)
    if request.wants_json:
        links = [{"id": one.id, "name": one.profile.name, "url": f"/cv/{one.id}/download"} for one in found]
        return Response({"error": "conflict", "message": "several CVs bear this name", "links": links}, status_code=409)
    return web.render.page(request.viewer, "cvs/namesakes.html", status=409, name=name, found=found)


@get("/cv/{candidate_id:str}/pages/{number:int}", guards=[signed_in])
async def page_image(
    request: WebRequest, web: Web, candidate_id: FromPath[str], number: FromPath[int]
) -> Response[bytes]:
    """Page `number` (from 1) as a PNG."""
    turn = web.pictures.turn
    candidate = await _candidate(candidate_id)
    (await sight(request.viewer)).check(candidate.id)
    if not 1 <= number <= max(1, len(candidate.pages)):
        raise NotFound("no such page")
    key = (candidate.id, candidate.content_hash, number)
    image = web.pictures.get(key)
    if image is None:
        image = await pdf.render_page(await file_of(web, candidate), number - 1, scale=PAGE_SCALE)
        web.pictures.put(key, image, turn)
    return Response(image, media_type="image/png")


HANDLERS = (profile, inline, download, download_by_name, page_image)
