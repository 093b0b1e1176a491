"""The files ever seen, for admins: a list to filter and search, and the receipt of each file.

Owns what the two pages show. Starts nothing itself: a retry goes through admin's form.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import QueryParameter

from cvmatcher.domain import Candidate, FileState, InvalidInput, NotAllowed, NotFound, QuarantineReason, Unread
from cvmatcher.store import candidates, ledger, people, pool, same_person
from cvmatcher.store.ledger import LedgerRow, Step, Wanted
from cvmatcher.store.same_person import Linked
from cvmatcher.web.auth import admin
from cvmatcher.web.parts import Web
from cvmatcher.web.request import WebRequest, clean
from cvmatcher.web.sight import Sight, sight

ROWS = 50  # of a page
ENRICHING = "enriching"  # shown beside the states: searchable, while the model's profile is still to come
PARTLY = "partly"  # likewise: searchable, but some of its pages could not be read

Where = Annotated[str, QueryParameter(name="state", max_length=20)]
Reason = Annotated[str, QueryParameter(name="reason", max_length=30)]
Name = Annotated[str, QueryParameter(name="q", max_length=200)]
Number = Annotated[int, QueryParameter(name="page", ge=1, le=100_000)]
Key = Annotated[str, QueryParameter(name="key", max_length=4000)]


@dataclass(frozen=True, slots=True)
class Files:
    """One page of the list. `primaries` are the files that duplicates on the page double, by key; `unread` what could
    not be read of the candidates on it and how many pages each has, by their ids, as `people` are.
    """

    rows: list[LedgerRow]
    people: dict[str, Candidate]
    unread: dict[str, tuple[Unread, int]]
    primaries: dict[str, str]
    sums: dict[FileState, int]
    enriching: int
    partly: int
    reasons: dict[QuarantineReason, int]
    balanced: bool
    state: str
    reason: str
    name: str
    number: int
    found: int

    @property
    def pages(self) -> int:
        return max(1, ceil(self.found / ROWS))

    def address(self, **changes: object) -> str:
        """The list with another filter or page."""
        fields = {"state": self.state, "reason": self.reason, "q": self.name} | changes
        return "/admin/files?" + urlencode({name: value for name, value in fields.items() if value})


@get("/admin/files", guards=[admin])
async def files(
    request: WebRequest, web: Web, *, where: Where = "", reason: Reason = "", name: Name = "", number: Number = 1
) -> Response[Any]:
    """Every file ever seen; a fragment for htmx, which narrows the list while one types."""
    wanted, partly = (
        _wanted(where, reason, "" if request.person.blind else clean(name)),
        tuple(await candidates.partly_read()),
    )
    if where == PARTLY:
        wanted = wanted.model_copy(update={"keys": partly})
    shown = await _files(wanted, where, number, len(partly), await sight(request.viewer))
    if request.is_partial:
        return web.render.fragment(request.viewer, "admin/_files.html", files=shown)
    return web.render.page(request.viewer, "admin/files.html", files=shown)


def _wanted(state: str, reason: str, name: str) -> Wanted:
    try:
        return Wanted(
            state=FileState(state) if state and state not in (ENRICHING, PARTLY) else None,
            reason=QuarantineReason(reason) if reason else None,
            name=name.strip(),
            enriching=state == ENRICHING,
        )
    except ValueError as error:
        raise InvalidInput("no such state or reason") from error


async def _files(wanted: Wanted, state: str, number: int, partly: int, seen_as: Sight) -> Files:
    rows = await ledger.page(wanted, skip=(number - 1) * ROWS, limit=ROWS)
    people = await candidates.by_ids({row.candidate_id for row in rows if row.candidate_id})
    return Files(
        rows=[seen_as.file(row) for row in rows],
        people={one.id: seen_as.candidate(one) for one in people.values()},
        unread=await candidates.unread({row.candidate_id for row in rows if row.candidate_id}),
        partly=partly,
        primaries=await ledger.names({row.duplicate_of for row in rows if row.duplicate_of}),
        sums=await ledger.sums(),
        enriching=await candidates.waiting_for_enrichment(),
        reasons=await ledger.quarantine_reasons(),
        balanced=bool((await pool.balance())["balanced"]),
        state=state,
        reason=wanted.reason or "",
        name=wanted.name,
        number=number,
        found=await ledger.count(wanted),
    )


# --------------------------------------------------------------------------------------------------------- receipt


@dataclass(frozen=True, slots=True)
class Line:
    """One step of a receipt; `opens` when it begins another run at the file."""

    step: Step
    opens: bool


@dataclass(frozen=True, slots=True)
class FileReceipt:
    row: LedgerRow
    lines: list[Line]
    primary: LedgerRow | None
    copies: list[LedgerRow]
    added_by: str
    others: list[Linked]
    unread: dict[str, tuple[Unread, int]]


PAUSE = 60.0  # seconds between two steps that do not belong together


@get("/admin/file", guards=[admin])
async def receipt(request: WebRequest, web: Web, key: Key = "") -> Response[Any]:
    """What happened to one file, by its key. By parameter: keys hold slashes and percent signs."""
    row = await ledger.get(clean(key))
    if row is None:
        raise NotFound("no such file")
    if not (await sight(request.viewer)).file(row).key:
        raise NotAllowed("hidden by blind mode", sentence="masked")
    candidate = await candidates.get(row.candidate_id) if row.candidate_id else None
    shown = FileReceipt(
        others=await same_person.linked(candidate) if candidate else [],
        row=row,
        unread={candidate.id: (candidate.unread, len(candidate.pages))} if candidate and candidate.unread else {},
        lines=_lines(row.receipt),
        primary=await ledger.get(row.duplicate_of) if row.duplicate_of else None,
        copies=await ledger.copies(row.key),
        added_by=(await people.names({row.added_by})).get(row.added_by, "") if row.added_by else "",
    )
    if request.is_partial:
        return web.render.fragment(request.viewer, "admin/_receipt.html", receipt=shown)
    return web.render.page(request.viewer, "admin/receipt.html", receipt=shown)


def _lines(steps: tuple[Step, ...]) -> list[Line]:
    if not steps:
        return []
    apart = ((later.at - earlier.at).total_seconds() > PAUSE for earlier, later in pairwise(steps))
    return [Line(step, opens) for step, opens in zip(steps, (False, *apart), strict=True)]


HANDLERS = (files, receipt)
