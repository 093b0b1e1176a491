"""Jobs, the ledger and the files set aside: what an admin starts and watches. Also the original's three job routes."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from cvmatcher import jobs, switching
from cvmatcher.domain import Conflict, FileState, InvalidInput, NotFound, QuarantineReason
from cvmatcher.store import audit, candidates, ledger, people, sources
from cvmatcher.store import jobs as store
from cvmatcher.store.jobs import Job
from cvmatcher.store.ledger import LedgerRow
from cvmatcher.store.sources import SourceState
from cvmatcher.web.auth import admin, signed_in
from cvmatcher.web.catalogs import mark as _
from cvmatcher.web.chart import chart
from cvmatcher.web.model import ModelView, view
from cvmatcher.web.parts import Web
from cvmatcher.web.render import Partial, Viewer
from cvmatcher.web.request import WebRequest, own_path
from cvmatcher.web.sight import sight

STARTERS = {"ingest": jobs.request_scan, "sync": jobs.request_sync, "rebuild": jobs.request_rebuild}
CHART_DAYS = 30
SHOWN = 10  # files set aside that the panel lists; the page of all files has the rest


@dataclass(frozen=True, slots=True)
class JobCard:
    """One kind of job: its latest run, who started it, how fast it goes."""

    kind: str
    job: Job | None
    by: str = ""

    @property
    def active(self) -> bool:
        return self.job is not None and self.job.active

    @property
    def phase(self) -> str:
        """What a rebuild is at beside the candidates themselves: "compare" or "tidy"; "" otherwise."""
        phase = self.job.cursor.partition(":")[0] if self.job is not None and self.active else ""
        return {"compare": "compare", "decide": "compare", "tidy": "tidy"}.get(phase, "")

    @property
    def per_minute(self) -> float | None:
        """Steps a minute since the start; None before there is anything to say."""
        if self.job is None or not self.job.done:
            return None
        seconds = ((self.job.finished_at or datetime.now(UTC)) - self.job.started_at).total_seconds()
        return self.job.done / max(seconds, 1.0) * 60

    @property
    def minutes_left(self) -> float | None:
        rate = self.per_minute
        if not self.active or not rate or self.job is None or self.job.total <= self.job.done:
            return None
        return (self.job.total - self.job.done) / rate


@dataclass(frozen=True, slots=True)
class Ledger:
    """The files by state. Balanced: searchable files are the candidates, with duplicates the files they hold."""

    sums: dict[FileState, int]
    candidates: int
    held: int

    @property
    def total(self) -> int:
        return sum(self.sums.values())

    @property
    def balanced(self) -> bool:
        searchable = self.sums[FileState.SEARCHABLE]
        return searchable == self.candidates and searchable + self.sums[FileState.DUPLICATE] == self.held


@dataclass(frozen=True, slots=True)
class Panel:
    cards: list[JobCard]
    ledger: Ledger
    reasons: dict[QuarantineReason, int]
    aside: list[LedgerRow]
    waiting: list[SourceState]  # sources where many files went at once
    troubled: list[SourceState]
    enriching: int  # searchable by rules, the model's profile still to come
    partly: int  # searchable, but some pages could not be read
    worker: bool
    model: ModelView | None

    @property
    def active(self) -> bool:
        return any(card.active for card in self.cards) or self.ledger.sums[FileState.IN_PROGRESS] > 0


async def _cards() -> list[JobCard]:
    latest: dict[str, Job] = {}
    for one in [*await store.running(), *await store.recent(50)]:
        latest.setdefault(one.kind, one)
    known = await people.names({one.started_by for one in latest.values()})
    found = []
    for kind in STARTERS:
        job: Job | None = latest.get(kind)
        found.append(JobCard(kind, job, known.get(job.started_by, job.started_by) if job else ""))
    return found


async def _ledger() -> Ledger:
    return Ledger(await ledger.sums(), await candidates.count(), await candidates.files_held())


async def _panel(viewer: Viewer) -> Panel:
    seen_as = await sight(viewer)
    states = await sources.all_states()
    return Panel(
        cards=await _cards(),
        ledger=await _ledger(),
        reasons=await ledger.quarantine_reasons(),
        aside=[seen_as.file(row) for row in await ledger.page(ledger.Wanted(state=FileState.QUARANTINED), limit=SHOWN)],
        enriching=await candidates.waiting_for_enrichment(),
        partly=len(await candidates.partly_read()),
        waiting=[one for one in states if one.removals_wait > one.removals_confirmed],
        troubled=[one for one in states if one.error],
        worker=await jobs.worker_is_alive(),
        model=await view(),
    )


# ------------------------------------------------------------------------------------------------------------ page


@get("/admin", guards=[admin])
async def page(request: WebRequest, web: Web) -> Response[Any]:
    bars = chart(await ledger.per_day(CHART_DAYS))
    return web.render.page(request.viewer, "admin/admin.html", panel=await _panel(request.viewer), chart=bars)


@get("/admin/panel", guards=[admin])
async def panel(request: WebRequest, web: Web) -> Response[Any]:
    """What the page fetches every second or so."""
    if not request.is_partial:
        return Redirect("/admin", status_code=303)
    return web.render.fragment(request.viewer, "admin/_panel.html", panel=await _panel(request.viewer))


async def _after(request: WebRequest, web: Web, sentence: str, **values: Any) -> Response[Any]:
    if not request.htmx:
        return Redirect("/admin", status_code=303)
    viewer, render = request.viewer, web.render
    fresh = render.text(viewer, "admin/_panel.html", panel=await _panel(viewer))
    toasts = (render.toast(viewer, render.say(viewer, sentence, **values)),) if sentence else ()
    return render.partials(Partial("#admin", fresh, "outerMorph"), *toasts)


@post("/admin/jobs/{kind:str}", guards=[admin], status_code=200)
async def start(request: WebRequest, web: Web, kind: FromPath[str]) -> Response[Any]:
    if kind not in STARTERS:
        raise NotFound("no such job")
    try:
        job = await _start(request, web, kind)
    except Conflict as running:
        if request.wants_json:
            raise
        known = await people.names({running.details["started_by"]})
        name = known.get(running.details["started_by"], running.details["started_by"])
        return await _after(request, web, _("Already running, started by %(name)s."), name=name)
    if request.wants_json:
        return Response(job.model_dump(mode="json"), status_code=202)
    return await _after(request, web, "")


async def _start(request: WebRequest, web: Web, kind: str) -> Job:
    job = await STARTERS[kind](web.services.queue, request.person.id)
    await audit.append(request.person.id, f"started {kind}", job.id)
    return job


@post("/admin/jobs/{job_id:str}/cancel", guards=[admin], status_code=200)
async def cancel(request: WebRequest, web: Web, job_id: FromPath[str]) -> Response[Any]:
    if await store.ask_cancel(job_id) is None:
        raise NotFound("no such job")
    await audit.append(request.person.id, "cancelled job", job_id)
    return await _after(request, web, _("It stops after the step in hand."))


@post("/admin/retry", guards=[admin], status_code=200)
async def retry(request: WebRequest, web: Web) -> Response[Any]:
    """One file by its key, or all (of one reason)."""
    fields = await request.fields()
    by = request.person.id
    if fields.get("key"):
        await jobs.retry_file(web.services.queue, fields["key"], by)
        await audit.append(by, "retried", hashlib.sha256(fields["key"].encode()).hexdigest()[:16])
        if fields.get("back"):
            return Redirect(own_path(fields["back"]), status_code=303)
        return await _after(request, web, _("The file is read again."))
    reason = fields.get("reason", "")
    if reason and reason not in set(QuarantineReason):
        raise InvalidInput("no such reason")
    await jobs.retry_quarantined(web.services.queue, by, [QuarantineReason(reason)] if reason else [])
    return await _after(request, web, _("The files are read again."))


@post("/admin/removals", guards=[admin], status_code=200)
async def removals(request: WebRequest, web: Web) -> Response[Any]:
    """An admin's word that files which disappeared at once are gone."""
    source = (await request.fields()).get("source", "")
    if source not in web.services.sources:
        raise NotFound("no such source")
    await jobs.confirm_removals(web.services.queue, source, request.person.id)
    await audit.append(request.person.id, "confirmed removals", source)
    return await _after(request, web, _("They leave the search at the next look."))


# ------------------------------------------------------------------------------------------------ embedding model


@post("/admin/model/switch", guards=[admin], status_code=200)
async def switch_model(request: WebRequest, web: Web) -> Response[Any]:
    """An admin's word for the model that waits, although the search is worse with it."""
    state = await switching.switch(request.person.id, (await request.fields()).get("model", ""))
    return await _tidied(request, web, _("%(name)s answers from now on."), state.model_id)


@post("/admin/model/discard", guards=[admin], status_code=200)
async def discard_model(request: WebRequest, web: Web) -> Response[Any]:
    """An admin's word against the model that waits: its vectors go."""
    state = await switching.discard(request.person.id, (await request.fields()).get("model", ""))
    return await _tidied(request, web, _("%(name)s goes on answering."), state.model_id)


async def _tidied(request: WebRequest, web: Web, sentence: str, model_id: str) -> Response[Any]:
    with suppress(Conflict):  # a rebuild under way removes what is left as well
        await jobs.request_tidying(web.services.queue, request.person.id)
    if request.wants_json:
        return Response({"model": model_id})
    return await _after(request, web, sentence, name=model_id)


# ------------------------------------------------------------------------------------------------ original's routes


@post("/update-cvs", guards=[admin], status_code=202)
async def update_cvs(request: WebRequest, web: Web) -> Response[Any]:
    """Looks for new CVs now."""
    return await _original(request, web, "ingest")


@post("/clean-index", guards=[admin], status_code=202)
async def clean_index(request: WebRequest, web: Web) -> Response[Any]:
    """Makes the index anew from the documents; nothing is deleted, and search goes on meanwhile."""
    return await _original(request, web, "rebuild")


async def _original(request: WebRequest, web: Web, kind: str) -> Response[Any]:
    if not request.wants_json:
        return await start.fn(request, web, kind)  # type: ignore[no-any-return]
    job = await _start(request, web, kind)
    return Response({"status": "started", "job": job.model_dump(mode="json")}, status_code=202)


@get("/update-status", guards=[signed_in])
async def update_status(request: WebRequest) -> Response[Any]:
    """Jobs and ledger in JSON; a browser is sent to the panel."""
    if not request.wants_json and request.person.is_admin:
        return Redirect("/admin", status_code=303)
    sums = await ledger.sums()
    running = await store.running()
    return Response(
        {
            "running": bool(running) or sums[FileState.IN_PROGRESS] > 0,
            "jobs": [one.model_dump(mode="json") for one in running or await store.recent(3)],
            "ledger": {state.value: count for state, count in sums.items()},
            "quarantine": {reason.value: count for reason, count in (await ledger.quarantine_reasons()).items()},
        }
    )


HANDLERS = (
    page,
    panel,
    start,
    cancel,
    retry,
    removals,
    switch_model,
    discard_model,
    update_cvs,
    clean_index,
    update_status,
)
