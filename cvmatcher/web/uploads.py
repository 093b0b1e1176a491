"""CVs added by hand: each file's way from the browser to the search, and back out of it.

Owns the forms and what is said of each file. What becomes of a file stands in the ledger, so a reload shows it again.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.params import QueryParameter
from litestar.response import Redirect

from cvmatcher import jobs
from cvmatcher.domain import Candidate, InvalidInput, NotAllowed, NotFound, QuarantineReason, Unreadable
from cvmatcher.store import audit, candidates, ledger, people, pool, tombstones
from cvmatcher.store.ledger import LedgerRow, Wanted
from cvmatcher.store.people import User
from cvmatcher.web.auth import may_upload
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.parts import Web
from cvmatcher.web.request import WebRequest, clean
from cvmatcher.web.sight import sight
from cvmatcher.wiring import UPLOADS

ROWS = 100  # of a page
BODY_LIMIT = 200 << 20  # bytes of one form; it goes to the disk as it comes
MOST_FILES = 200  # of one form

Number = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]
Key = Annotated[str, QueryParameter(name="key", max_length=1000)]


@dataclass(frozen=True, slots=True)
class Upload:
    """One file that was added, with the candidate it stands for, if it does."""

    row: LedgerRow
    candidate: Candidate | None = None
    by: str = ""

    @property
    def mark(self) -> str:
        """Its id in the page."""
        return self.row.file_id.split("/")[0]


@dataclass(frozen=True, slots=True)
class Refused:
    """One file that was not taken."""

    name: str
    reason: QuarantineReason


@get("/uploads", guards=[may_upload])
async def page(request: WebRequest, web: Web, number: Number = 1) -> Response[Any]:
    """The form, and what became of the files added: one's own; for admins everybody's."""
    return await _page(request, web, number=number)


async def _page(request: WebRequest, web: Web, *, number: int = 1, refused: Sequence[Refused] = ()) -> Response[Any]:
    person = request.person
    wanted = Wanted(source=UPLOADS, added_by=None if person.is_admin else person.id)
    rows = await ledger.page(wanted, skip=(number - 1) * ROWS, limit=ROWS)
    return web.render.page(
        request.viewer,
        "uploads/uploads.html",
        status=422 if refused else 200,
        uploads=await _shown(rows, request),
        refused=refused,
        number=number,
        more=await ledger.count(wanted) > number * ROWS,
        folder=web.services.settings.folder if person.is_admin else None,
        megabytes=web.services.uploads.largest >> 20,
    )


async def _shown(rows: Sequence[LedgerRow], request: WebRequest) -> list[Upload]:
    person, seen_as = request.person, await sight(request.viewer)
    held = await candidates.by_ids({row.candidate_id for row in rows if row.candidate_id})
    found = {one.id: seen_as.candidate(one) for one in held.values()}
    known = await people.names({row.added_by for row in rows}) if person.is_admin else {}
    return [Upload(seen_as.file(row), found.get(row.candidate_id or ""), known.get(row.added_by, "")) for row in rows]


@post("/uploads", guards=[may_upload], status_code=200, request_max_body_size=BODY_LIMIT)
async def add(request: WebRequest, web: Web) -> Response[Any]:
    """Files of a form, or one at a time by the page's script, which gets a row for each."""
    files = [one for one in (await request.form()).getall("file", []) if isinstance(one, UploadFile) and one.filename]
    if not files or len(files) > MOST_FILES:
        raise InvalidInput("no file, or too many", sentence=_("Choose between 1 and 200 files."))
    kept, refused = [], []
    for file in files:
        try:
            kept.append(await _keep(request, web, file))
        except Unreadable as error:
            refused.append(Refused(clean(file.filename)[:200], error.reason))
    if request.is_partial:
        shown = [*(Upload(row) for row in kept), *refused]
        return web.render.fragment(request.viewer, "uploads/_rows.html", uploads=shown)
    if refused:
        return await _page(request, web, refused=refused)
    return Redirect("/uploads", status_code=303)


async def _keep(request: WebRequest, web: Web, upload: UploadFile) -> LedgerRow:
    """On the disk, then in the ledger, then in the queue: what dies in between is found by a look at the folder.

    Raises Unreadable for what is refused at the door.
    """
    source, data = web.services.uploads, await upload.read(web.services.uploads.largest + 1)
    content = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
    if await tombstones.erased(web.services.erasure.secret, [content]):
        raise Unreadable(QuarantineReason.ERASED)
    file = await source.add(upload.filename, data)
    due = await ledger.uploaded(file, request.person.id)
    await jobs.enqueue_files(web.services.queue, [due])
    await audit.append(request.person.id, "uploaded", file.file_id.split("/")[0])
    row = await ledger.get(file.key)
    assert row is not None  # noqa: S101 - written above
    return row


async def _own(person: User, key: str) -> LedgerRow:
    """An upload that the person may look after. Raises NotFound, NotAllowed."""
    row = await ledger.get(key)
    if row is None or row.source != UPLOADS:
        raise NotFound("no such upload")
    if row.added_by != person.id and not person.is_admin:
        raise NotAllowed("another's upload")
    return row


@get("/uploads/row", guards=[may_upload])
async def row(request: WebRequest, web: Web, key: Key = "") -> Response[Any]:
    """One file as it stands now: what its row asks for until it is settled."""
    found = await _own(request.person, clean(key))
    if not request.is_partial:
        return Redirect("/uploads", status_code=303)
    shown = await _shown([found], request)
    return web.render.fragment(request.viewer, "uploads/_rows.html", uploads=shown)


@post("/uploads/remove", guards=[may_upload], status_code=200)
async def remove(request: WebRequest, web: Web) -> Response[Any]:
    """Takes an upload back: its file is deleted, and the search forgets it unless another file has the same bytes."""
    found = await _own(request.person, (await request.fields()).get("key", ""))
    await web.services.uploads.remove(found.file_id)  # first: a look at the folder would take it up again
    await pool.remove(found.key)
    await audit.append(request.person.id, "removed upload", found.file_id.split("/")[0])
    if not request.htmx:
        return Redirect("/uploads", status_code=303)
    after = await ledger.get(found.key)
    shown = await _shown([after], request) if after else []
    return web.render.fragment(request.viewer, "uploads/_rows.html", uploads=shown)


HANDLERS = (page, add, row, remove)
