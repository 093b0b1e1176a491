"""What a shortlist shows: its people in an order, one status or all, and the same as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from urllib.parse import parse_qs, urlsplit

from cvmatcher.domain import Candidate, Profile
from cvmatcher.store import candidates, comparisons, likes, people, shortlisted, shortlists
from cvmatcher.store.shortlisted import Entry, Stage
from cvmatcher.store.shortlists import Shortlist
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.parts import Web
from cvmatcher.web.render import Viewer
from cvmatcher.web.request import WebRequest
from cvmatcher.web.sentences import PROGRESS
from cvmatcher.web.sight import Sight, sight

Sort = Literal["added", "name", "years", "place", "status"]

COLUMNS = (
    _("Name"),
    _("Title"),
    _("Place"),
    _("Years of experience"),
    _("E-mail"),
    _("Phone"),
    _("Status"),
    _("Note"),
    _("Added on"),
    _("File"),
)

PHONE = re.compile(r"\+\d[\d ().-]+(?:, \+?\d[\d ().-]+)*")
FIRST = _("Shortlist")  # what a first list is called until it is renamed
LAST = "\uffff"  # sorts behind every name


def name_of(shortlist: Shortlist, web: Web, viewer: Viewer) -> str:
    return shortlist.name or web.render.say(viewer, FIRST)


@dataclass(frozen=True, slots=True)
class Row:
    """A person on a list. One that has left the pool meanwhile is shown as gone, the note kept."""

    entry: Entry
    candidate: Candidate | None
    by: str = ""  # name of the colleague who added them, on a shared list
    is_masked: bool = False  # blind mode hides who it is

    @property
    def profile(self) -> Profile:
        return self.candidate.profile if self.candidate else Profile()

    @property
    def name(self) -> str:
        return self.profile.name or (self.candidate.file_name if self.candidate else "")


_ORDERS: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: row.name.casefold() or LAST,
    "place": lambda row: row.profile.location.casefold() or LAST,
    "years": lambda row: -(row.profile.years_experience or -1.0),
    "status": lambda row: list(Stage).index(row.entry.status),
}


@dataclass(frozen=True, slots=True)
class Listing:
    """One list as one reader sees it."""

    shortlist: Shortlist
    rows: tuple[Row, ...]
    counts: Mapping[Stage, int]
    sort: Sort
    status: Stage | None
    may_edit: bool
    fills: bool  # whether the reader's heart fills it
    targets: tuple[Shortlist, ...] = ()  # where people can be moved or copied to
    compared: frozenset[str] = frozenset()
    owner_name: str = ""

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def stages(self) -> list[tuple[Stage, int]]:
        """The statuses that somebody has, and the one asked for."""
        return [(one, self.counts.get(one, 0)) for one in Stage if self.counts.get(one) or one is self.status]

    def address(self, **changed: str) -> str:
        """The list's URL with its order and status, some of them changed."""
        asked = {"sort": "" if self.sort == "added" else self.sort, "status": self.status or ""} | changed
        query = "&".join(f"{name}={value}" for name, value in asked.items() if value)
        return f"/lists/{self.shortlist.id}" + (f"?{query}" if query else "")


async def listing(shortlist: Shortlist, request: WebRequest, url: str = "") -> Listing:
    """The list as this reader may see it, in the order and with the status that `url`, else the request, asks for."""
    user_id, seen_as, asked = request.person.id, await sight(request.viewer), _asked(url or str(request.url))
    found = await shortlisted.entries(shortlist.id)
    counts = {stage: sum(one.status is stage for one in found) for stage in Stage}
    kept = [one for one in found if asked.status is None or one.status is asked.status]
    seen = await shortlists.seen_by(user_id)
    names = await people.names({one.added_by for one in found} | {shortlist.owner})
    shared = shortlist.is_shared
    known = await candidates.by_ids([one.candidate_id for one in kept])
    rows = [
        _row(one, known.get(one.candidate_id), seen_as, names.get(one.added_by, "") if shared else "") for one in kept
    ]
    return Listing(
        shortlist=shortlist,
        rows=tuple(sorted(rows, key=_ORDERS[asked.sort]) if asked.sort in _ORDERS else rows),
        counts={stage: number for stage, number in counts.items() if number},
        sort=asked.sort,
        status=asked.status,
        may_edit=shortlist.may_edit,
        fills=shortlist.id == (await likes.current(user_id)).id,
        targets=tuple(one for one in seen if one.id != shortlist.id and one.may_edit),
        compared=await comparisons.picked_in(user_id, ""),
        owner_name=names.get(shortlist.owner, ""),
    )


def _row(entry: Entry, found: Candidate | None, seen_as: Sight, by: str) -> Row:
    shown = entry.model_copy(update={"note": seen_as.text(entry.note, found)})
    return Row(shown, seen_as.candidate(found) if found else None, by, is_masked=seen_as.hides(entry.candidate_id))


@dataclass(frozen=True, slots=True)
class _Asked:
    """The order and the status that an address asks for."""

    sort: Sort = "added"
    status: Stage | None = None


def _asked(url: str) -> _Asked:
    """What the address of a list's page asks for; nonsense asks for nothing."""
    query = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
    sort, status = query.get("sort", ""), query.get("status", "")
    known: tuple[Sort, ...] = get_args(Sort)
    return _Asked(
        sort=next((one for one in known if one == sort), "added"),
        status=Stage(status) if status in list(Stage) else None,
    )


# ---------------------------------------------------------------------------------------------------------- export


def safe_cell(value: object) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    if PHONE.fullmatch(text):
        return f"\N{NO-BREAK SPACE}{text}"  # nobody sees it, and the number keeps its plus
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def table(rows: Iterable[Row], language: str, say: Callable[[str], str]) -> bytes:
    """UTF-8 with BOM, with the separator that a spreadsheet in the reader's language expects."""
    out = io.StringIO()
    lines = csv.writer(out, delimiter=";" if language == "fr" else ",")
    lines.writerow([say(one) for one in COLUMNS])
    for row in rows:
        lines.writerow([safe_cell(cell) for cell in _cells(row, say)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _cells(row: Row, say: Callable[[str], str]) -> list[object]:
    profile, entry = row.profile, row.entry
    return [
        profile.name,
        profile.headline,
        profile.location,
        profile.years_experience,
        ", ".join(profile.emails),
        ", ".join(profile.phones),
        say(PROGRESS[entry.status]),
        entry.note,
        _day(entry.added),
        row.candidate.file_name if row.candidate else "",
    ]


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
