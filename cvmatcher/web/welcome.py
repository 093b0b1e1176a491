"""First steps: from nothing to a first search. What an admin sees until there is a candidate, and at /welcome after.

Owns which lines of `.env` each step still misses. The checks themselves are the diagnostic's.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from litestar import Response, get
from litestar.response import Redirect

from cvmatcher.domain import FileState
from cvmatcher.settings import Settings
from cvmatcher.store import candidates, jobs, ledger
from cvmatcher.web.auth import admin
from cvmatcher.web.diagnostic import Check, check
from cvmatcher.web.parts import Web
from cvmatcher.web.request import WebRequest

CHECKS = ("sources", "drive", "gemini")


@dataclass(frozen=True, slots=True)
class Step:
    """A check of the diagnostic, with the very lines of `.env` that are missing for it; () when none is."""

    check: Check
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the first ingestion is."""

    searchable: int
    settled: int
    files: int
    aside: int
    looking: bool  # a listing is under way

    @property
    def active(self) -> bool:
        return self.looking or self.settled < self.files


def missing_lines(settings: Settings) -> dict[str, tuple[str, ...]]:
    """By check: what to add to `.env`, an ellipsis where a value of one's own goes."""
    wanted: dict[str, dict[str, object]] = {
        "sources": {"CV_FOLDER=/path/to/your/cvs": settings.cv_folder},
        "drive": {
            "GOOGLE_TOKEN_JSON=…": settings.google_token_json,
            "GOOGLE_DRIVE_FOLDER_ID=…": settings.google_drive_folder_id,
        },
        "gemini": {"GEMINI_API_KEY=…": settings.gemini_api_key},
    }
    return {name: tuple(line for line, value in lines.items() if value is None) for name, lines in wanted.items()}


async def _steps(web: Web) -> list[Step]:
    lines = missing_lines(web.services.settings)
    found = await asyncio.gather(*(check(web.services, name) for name in CHECKS))
    return [Step(one, lines[one.name]) for one in found]


async def first_progress() -> Progress:
    sums = await ledger.sums()
    running = await jobs.active("ingest") or await jobs.active("sync")
    known = sum(sums.values()) - sums[FileState.REMOVED]
    return Progress(
        searchable=await candidates.count(),
        settled=known - sums[FileState.IN_PROGRESS],
        files=known,
        aside=sums[FileState.QUARANTINED],
        looking=running is not None and running.total == 0,
    )


@get("/welcome", guards=[admin])
async def page(request: WebRequest, web: Web) -> Response[Any]:
    folder = web.services.settings.folder
    return web.render.page(
        request.viewer, "welcome/welcome.html", progress=await first_progress(), folder=folder, steps=None
    )


@get("/welcome/progress", guards=[admin])
async def progress(request: WebRequest, web: Web) -> Response[Any]:
    """What the page fetches every two seconds."""
    if not request.is_partial:
        return Redirect("/welcome", status_code=303)
    return web.render.fragment(request.viewer, "welcome/_progress.html", progress=await first_progress())


@get("/welcome/checks", guards=[admin])
async def checks(request: WebRequest, web: Web) -> Response[Any]:
    """The checks, which may take seconds; the whole page for a browser without JavaScript."""
    steps, folder = await _steps(web), web.services.settings.folder
    if request.is_partial:
        return web.render.fragment(request.viewer, "welcome/_steps.html", steps=steps, folder=folder)
    return web.render.page(
        request.viewer, "welcome/welcome.html", progress=await first_progress(), folder=folder, steps=steps
    )


HANDLERS = (page, progress, checks)
