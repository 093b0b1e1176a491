"""The work of the short commands: open the services, do one thing, return plain data for cli.py to print."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from cvmatcher import access as telling
from cvmatcher import accuracy, consistency, demo, erasure, evaluation, home, jobs, store, switching, terminal
from cvmatcher import backup as keeping
from cvmatcher import migrate as takeover
from cvmatcher import retention as clock
from cvmatcher import search as searching
from cvmatcher import worker as work
from cvmatcher.bench import search as timing
from cvmatcher.bench import soak as soaking
from cvmatcher.domain import (
    Conflict,
    Criterion,
    FileState,
    Hit,
    HitsFound,
    InvalidInput,
    Judged,
    NotFound,
    Ordered,
    Understood,
    Verdict,
)
from cvmatcher.peers.venvs import PEERS
from cvmatcher.settings import Settings
from cvmatcher.start import refuse_unmigrated
from cvmatcher.store import audit, candidates, ledger, live, people, pool, preferences, sources, vectors
from cvmatcher.wiring import Services, open_offline_models, open_services, secret_of, sources_of

Report = dict[str, Any]


@asynccontextmanager
async def _services(settings: Settings) -> AsyncIterator[Services]:
    async with home.servers(settings) as located, open_services(located) as services:
        await refuse_unmigrated(services.database, located)
        yield services


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[tuple[store.Database, Settings]]:
    async with home.servers(settings) as located:
        assert located.mongo_uri is not None  # noqa: S101 - home.servers has set it
        async with store.connect(located.mongo_uri.get_secret_value()) as client:
            yield client[located.db_name], located


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[tuple[store.Database, Settings]]:
    """The opened database alone, for commands that need no model."""
    async with _database(settings) as (database, located):
        await refuse_unmigrated(database, located)
        await store.open_store(database.client, located.db_name, located.collection_name)
        yield database, located


# ------------------------------------------------------------------------------------------------------------ files


async def ingest(settings: Settings, directory: Path | None, *, wait: bool) -> Report:
    """Lists every source, `directory` among them, and reads what is new.

    With a worker running elsewhere the work is handed to it, and `wait` decides whether to stay until it is done;
    without one it is done here. Raises InvalidInput for a directory that is none.
    """
    extra = _extra_folder(settings, directory)
    async with _services(settings) as services:
        if extra is not None:
            await sources.register_folder(extra)
        await services.refresh_sources()
        await jobs.request_scan(services.queue, by="command line")
        if not await jobs.worker_is_alive(services.queue):
            await _work_here(services)
        elif wait:
            await _until_settled()
        return await _files()


def _extra_folder(settings: Settings, directory: Path | None) -> Path | None:
    """The folder to watch besides the one of the settings."""
    if directory is None or directory.resolve() == settings.folder.resolve():
        return None
    if not directory.is_dir():
        raise InvalidInput(f"{directory} is not a folder")
    return directory.resolve()


async def _work_here(services: Services) -> None:
    working = asyncio.create_task(work.run(services, burst=True))
    watching = asyncio.create_task(_show_progress())
    try:
        await working
    finally:
        watching.cancel()


async def _show_progress() -> None:
    await _until_settled(for_ever=True)


async def _until_settled(*, for_ever: bool = False) -> None:
    with terminal.progress() as bar:
        task = bar.add_task("Reading CVs", total=None, rate="")
        while True:
            sums = await ledger.sums()
            total, left = sum(sums.values()), sums[FileState.IN_PROGRESS]
            terminal.advance(bar, task, total - left, total)
            if not for_ever and not left and not await sources.listing_under_way():
                return
            await asyncio.sleep(0.5)


async def _files() -> Report:
    sums, reasons = await ledger.sums(), await ledger.quarantine_reasons()
    return {
        "ledger": {state.value: sums.get(state, 0) for state in FileState},
        "quarantine": {reason.value: n for reason, n in reasons.items()},
    }


async def status(settings: Settings) -> Report:
    """Ledger sums, what waits for the model, quarantine reasons, and whether the sums balance with the candidates."""
    async with _store(settings):
        balance = await pool.balance()
        return await _files() | {
            "enriching": await candidates.waiting_for_enrichment(),
            "candidates": balance["candidates"],
            "listed": balance["listed"],
            "balanced": bool(balance["balanced"]),
        }


async def check(settings: Settings, *, repair: bool) -> Report:
    """Compares sources, ledger, candidates, vectors and both indexes; `repair` mends what differs."""
    async with _services(settings) as services, services.follower:
        return await (consistency.repair if repair else consistency.check)(services.consistency)


def demo_cvs(directory: Path, count: int, seed: int) -> int:
    """Writes invented CVs; returns how many."""
    with terminal.progress() as bar:
        task = bar.add_task("Writing CVs", total=count, rate="")
        return len(
            demo.make_pool(
                directory, count, seed, progress=lambda done, total: terminal.advance(bar, task, done, total)
            )
        )


async def migrate(settings: Settings, *, dry_run: bool) -> Report:
    """Takes over a database of the original CVmatcher."""
    async with _database(settings) as (database, located):
        report = await takeover.migrate(database, located.collection_name, dry_run=dry_run)
        return report.model_dump(mode="json")


async def backup(settings: Settings, archive: Path) -> Report:
    async with _store(settings) as (database, located):
        report = await keeping.backup(database, located.cvmatcher_home, archive)
        return report.model_dump(mode="json")


async def restore(settings: Settings, archive: Path) -> Report:
    """Restores; without a key of its own the home takes the backup's, so that tombstones go on meaning the same."""
    await asyncio.to_thread(keeping.restore_secret, settings.cvmatcher_home, archive)
    async with _store(settings) as (database, located):
        secret = home.secret_key(located).get_secret_value().encode()
        report = await keeping.restore(database, located.cvmatcher_home, archive, secret, sources_of(located))
        return report.model_dump(mode="json")


# ---------------------------------------------------------------------------------------------------------- privacy


@asynccontextmanager
async def _erasing(settings: Settings) -> AsyncIterator[erasure.ErasureParts]:
    async with _store(settings) as (database, located):
        assert located.redis_url is not None  # noqa: S101 - home.servers has set it
        queue = await jobs.open_queue(located.redis_url.get_secret_value())
        try:
            yield erasure.ErasureParts(
                database=database,
                home=located.cvmatcher_home,
                secret=secret_of(located),
                sources=sources_of(located),
                unqueue=partial(jobs.drop_files, queue),
            )
        finally:
            await jobs.close_queue(queue)


async def find_person(settings: Settings, who: str) -> list[Report]:
    """Candidates and files that a name, an e-mail, a phone or an id means."""
    async with _store(settings):
        return [one.model_dump(mode="json") for one in await erasure.find(who)]


async def preview_erasure(settings: Settings, candidate_ids: Sequence[str], file_keys: Sequence[str]) -> Report:
    """What erasing them would take, by place. Raises NotFound."""
    async with _store(settings) as (database, _):
        return (await erasure.preview(candidate_ids, file_keys, database)).model_dump(mode="json")


async def erase(settings: Settings, candidate_ids: Sequence[str], file_keys: Sequence[str]) -> Report:
    """Erases them, as one person. Raises NotFound."""
    async with _erasing(settings) as parts:
        await erasure.finish(parts)
        person = await erasure.person_of(candidate_ids, file_keys)
        return (await erasure.erase(person, parts, by="command line")).model_dump(mode="json")


async def access(settings: Settings, candidate_ids: Sequence[str], archive: Path) -> Report:
    """Writes what is known of them, as one person, into a zip. Raises NotFound, Conflict when the file is there."""
    async with _erasing(settings) as parts:
        data = await telling.export(candidate_ids, parts)
        for candidate_id in candidate_ids:
            await audit.append("command line", "exported", candidate_id)
    await asyncio.to_thread(_write_new, archive, data)
    return {"file": str(archive), "bytes": len(data)}


def _write_new(path: Path, data: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict(f"{path} is there already; name another file") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


async def retention(settings: Settings, *, apply: bool) -> Report:
    """Whose time is over by the Preferences; `apply` erases them."""
    async with _erasing(settings) as parts:
        found = await clock.due((await preferences.get()).retention_months)
        report: Report = {"due": [one.model_dump(mode="json") for one in found]}
        if apply:
            gone, left = await clock.erase([one.candidate_id for one in found], parts, by="command line")
            report |= {"erased": gone, "left": left}
        return report


async def verify_audit(settings: Settings) -> Report:
    """Whether the audit log's chain holds, and the number of the first row that does not."""
    async with _store(settings):
        return {"rows": await audit.count(), "broken_at": await audit.broken_at()}


# ----------------------------------------------------------------------------------------------------------- search


async def search(settings: Settings, message: str, k: int | None) -> Report:
    """One turn as the chat runs it, to its end."""
    async with _services(settings) as services, services.follower:
        request = searching.SearchRequest(message=message, k=k or settings.top_k)
        criteria: dict[str, Criterion] = {}
        hits: dict[str, Hit] = {}
        verdicts: dict[str, tuple[Verdict, ...]] = {}
        order: tuple[str, ...] = ()
        async for event in searching.run(request, await services.search_parts()):
            match event:
                case Understood():
                    criteria = {criterion.id: criterion for criterion in event.understanding.criteria}
                case HitsFound():
                    hits |= {hit.candidate_id: hit for hit in event.hits}
                case Judged():
                    verdicts[event.candidate_id] = event.verdicts
                case Ordered():
                    order = event.candidate_ids
                case _:
                    pass
        ranked = [hits[one] for one in order if one in hits] or list(hits.values())
        return {
            "hits": [
                {
                    "id": hit.candidate_id,
                    "file": hit.file_name,
                    "name": hit.name,
                    "rank": rank,
                    "criteria": [_judged(criteria, verdict) for verdict in verdicts.get(hit.candidate_id, ())],
                }
                for rank, hit in enumerate(ranked, start=1)
            ]
        }


def _judged(criteria: dict[str, Criterion], verdict: Verdict) -> Report:
    asked = criteria.get(verdict.criterion_id)
    return {
        "criterion": asked.label if asked else verdict.criterion_id,
        "verdict": verdict.state.value,
        "quotation": " … ".join(one.text for one in verdict.quotations) or None,
    }


# ---------------------------------------------------------------------------------------------------------- measure


async def evaluate(settings: Settings, directories: Sequence[Path], *, peers: bool = False) -> Report:
    """Judged sets through the search that serves users; vectors are kept for the next run.

    `peers`: beside other search software, each installed once into an environment of its own under CVMATCHER_HOME.
    One set gives its report; several give `{"sets": {name: report}, "macro": {…}}`.
    """
    structurer, embedder = await asyncio.to_thread(open_offline_models, settings)
    reports: dict[str, Report] = {}
    with terminal.progress() as bar:
        for directory in directories:
            task = bar.add_task(directory.name, total=None, rate="")
            reports[directory.name] = await evaluation.evaluate(
                directory,
                structurer=structurer,
                embedder=embedder,
                cache=settings.cvmatcher_home / "eval",
                peers=PEERS if peers else (),
                progress=partial(terminal.advance, bar, task),
            )
    if len(reports) == 1:
        return reports[directories[0].name]
    return {"sets": reports, "macro": evaluation.macro(list(reports.values()))}


async def evaluate_profiles(directory: Path) -> Report:
    """Accuracy per field of the structured profiles over CVs with their truth beside them."""
    return await accuracy.measure(directory)


async def soak(settings: Settings, minutes: float, seed: int) -> Report:
    """Everything at once on a home of its own. Raises TimeoutError when it does not settle."""
    return await soaking.soak(settings, minutes, seed)


async def bench_search(settings: Settings, count: int, questions: int, seed: int) -> Report:
    """Searches over `count` invented CVs in memory, timed."""
    _, embedder = await asyncio.to_thread(open_offline_models, settings)
    return await timing.measure(embedder, count, questions, seed)


def profiles_as_text(report: Report) -> str:
    return accuracy.as_text(report)


# ------------------------------------------------------------------------------------------------ embedding model


async def model_status(settings: Settings) -> Report:
    """`answers`, `next` (`state`, `missing`), and `report` as the gate wrote it; null where there is none."""
    async with _store(settings):
        return await _model()


async def _model() -> Report:
    state = await live.get()
    if state is None:
        return {"answers": None, "next": None, "discarded": None, "report": None}
    following = state.next
    missing = await vectors.lacking(following.model_id) if following else 0
    return {
        "answers": state.model_id,
        "next": following.model_dump() | {"missing": missing} if following else None,
        "discarded": state.discarded or None,
        "report": state.report.model_dump(mode="json") if state.report else None,
    }


async def switch_model(settings: Settings) -> Report:
    """Raises Conflict when no model waits, or when it is not ready."""
    return await _decided(settings, switching.switch)


async def discard_model(settings: Settings) -> Report:
    """Raises Conflict when no other model is being made ready."""
    return await _decided(settings, switching.discard)


async def _decided(settings: Settings, decide: Callable[[str], Awaitable[object]]) -> Report:
    """What is left of the other model is removed by the worker, at once or when one runs."""
    async with _store(settings) as (_, located):
        await decide("command line")
        assert located.redis_url is not None  # noqa: S101 - home.servers has set it
        queue = await jobs.open_queue(located.redis_url.get_secret_value())
        try:
            with suppress(Conflict):  # a rebuild under way does it too
                await jobs.request_tidying(queue, by="command line")
        finally:
            await jobs.close_queue(queue)
        return await _model()


# ------------------------------------------------------------------------------------------------------------ users


async def add_user(settings: Settings, name: str, *, admin: bool, export: bool, upload: bool) -> Report:
    """A new user with a password made here. Raises Conflict when the name is taken."""
    password = secrets.token_urlsafe(12)
    async with _store(settings):
        user = await people.add_user(
            name,
            password,
            people.Role.ADMIN if admin else people.Role.RECRUITER,
            can_export=export,
            can_upload=upload,
        )
    return {"name": user.name, "role": user.role.value, "password": password}


async def reset_password(settings: Settings, name: str) -> Report:
    """A new password, to be changed at the next sign-in; sessions and tokens end. Raises NotFound."""
    password = secrets.token_urlsafe(12)
    async with _store(settings):
        found = await people.reset_password((await _user(name)).id, password)
        await audit.append("command line", "reset password", found.id)
    return {"name": found.name, "password": password}


async def list_users(settings: Settings) -> list[Report]:
    async with _store(settings):
        return [
            user.model_dump(mode="json", include={"id", "name", "role", "disabled"}) for user in await people.users()
        ]


async def _user(name: str) -> people.User:
    user = await people.user_by_name(name)
    if user is None:
        raise NotFound(f"There is no user named {name}")
    return user


async def disable_user(settings: Settings, name: str) -> None:
    async with _store(settings):
        await people.set_disabled((await _user(name)).id, disabled=True)


async def new_token(settings: Settings, name: str, label: str) -> str:
    async with _store(settings):
        return await people.new_token((await _user(name)).id, label)
