"""The command line: thin commands over the same functions that the web and the worker use.

JSON answers (--json) are a contract: their shapes stand in docs/commands.md. Exit codes: 0 done, 1 differences or
failures found, 2 refused with one clear line.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.markup import escape

from cvmatcher.domain import AppError, Conflict, InvalidInput, Misconfigured, NotFound
from cvmatcher.settings import Settings
from cvmatcher.terminal import answer_json, embedding_model, err, figures, macro, out, people, start_logging, table

app = typer.Typer(
    help="Find people in a folder of CVs, in plain language.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # they hold settings and CVs
)
users = typer.Typer(help="Who may sign in.", no_args_is_help=True)
app.add_typer(users, name="users")
model = typer.Typer(help="Which embedding model answers, and which waits.", no_args_is_help=True)
app.add_typer(model, name="model")
audit = typer.Typer(help="Who viewed, downloaded, exported, erased.", no_args_is_help=True)
app.add_typer(audit, name="audit")
bench = typer.Typer(help="Measure this very machine.", no_args_is_help=True)
app.add_typer(bench, name="bench")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]


def main() -> None:
    """Runs a command; what the app refuses on purpose is one clear line and exit code 2."""
    try:
        app()
    except AppError as error:
        err.print(f"[bold red]{type(error).__name__}:[/] {escape(str(error))}", highlight=False)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _settings() -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        wrong = (f"{'_'.join(map(str, one['loc'])).upper()}: {one['msg']}" for one in error.errors())
        raise Misconfigured("; ".join(wrong)) from error
    start_logging(settings.log_level)
    return settings


def _print_report(title: str, report: dict[str, Any], *, json: bool) -> None:
    if json:
        answer_json(report)
    else:
        table(title, report)


@app.command()
def up(
    demo: Annotated[bool, typer.Option("--demo", help="Fill an empty CV folder with invented candidates.")] = False,
) -> None:
    """Start everything: database and queue where none is named, worker, web."""
    from cvmatcher import start  # noqa: PLC0415 - each command loads only what it needs

    asyncio.run(start.up(_settings(), demo=demo))


@app.command()
def web() -> None:
    """Start the web server alone."""
    from cvmatcher import start  # noqa: PLC0415

    start.web(_settings())


@app.command()
def worker() -> None:
    """Start one worker alone."""
    from cvmatcher import start  # noqa: PLC0415

    asyncio.run(start.worker(_settings()))


@app.command()
def ingest(
    directory: Annotated[Path | None, typer.Argument(help="Watch and read this folder as well.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Return when every listed file has been dealt with.")] = False,
    json: Json = False,
) -> None:
    """List the sources now and read what is new."""
    from cvmatcher import commands  # noqa: PLC0415

    report = asyncio.run(commands.ingest(_settings(), directory, wait=wait))
    if json:
        answer_json(report)
        return
    table("Files", report["ledger"])
    if report["quarantine"]:
        table("Quarantine", report["quarantine"])


@app.command()
def search(
    message: Annotated[str, typer.Argument(help="What you look for, in French or English.")],
    k: Annotated[int | None, typer.Option("-k", min=1, max=100, help="How many candidates (TOP_K).")] = None,
    json: Json = False,
) -> None:
    """Ask for people, as in the chat."""
    from cvmatcher import commands  # noqa: PLC0415

    report = asyncio.run(commands.search(_settings(), message, k))
    if json:
        answer_json(report)
        return
    for hit in report["hits"]:
        out.print(f"[bold]{hit['rank']}. {hit['name'] or hit['file']}[/]  {hit['file']}", highlight=False)
        for verdict in hit["criteria"]:
            quotation = f" « {verdict['quotation']} »" if verdict["quotation"] else ""
            out.print(f"   {verdict['criterion']}: {verdict['verdict']}{quotation}", highlight=False, markup=False)


@app.command()
def status(json: Json = False) -> None:
    """How many files stand where, and whether the sums balance."""
    from cvmatcher import commands  # noqa: PLC0415

    report = asyncio.run(commands.status(_settings()))
    if json:
        answer_json(report)
    else:
        sums = {"listed": report["listed"], **report["ledger"], "waiting_for_the_model": report["enriching"]}
        table("Files", sums | {"candidates": report["candidates"]})
        out.print(
            "[green]The sums balance.[/]"
            if report["balanced"]
            else "[bold red]The sums do not balance: run `cvmatcher check`.[/]"
        )
    if not report["balanced"]:
        sys.exit(1)


@app.command()
def check(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what differs.")] = False,
    json: Json = False,
) -> None:
    """Prove that sources, MongoDB and both indexes agree; exit code 1 when they do not."""
    from cvmatcher import commands  # noqa: PLC0415

    report = asyncio.run(commands.check(_settings(), repair=repair))
    if json:
        answer_json(report)
    else:
        for difference in report["differences"]:
            out.print(str(difference), highlight=False, markup=False)
        out.print("[green]Everything agrees.[/]" if report["ok"] else "[red]There are differences.[/]")
    if not report["ok"]:
        sys.exit(1)


@app.command("eval")
def evaluate(
    directories: Annotated[
        list[Path],
        typer.Argument(metavar="DIR…", help="Folders with docs.jsonl, queries.jsonl and qrels.tsv; or CVs with truths"),
    ],
    profiles: Annotated[bool, typer.Option("--profiles", help="Accuracy of the structured fields instead.")] = False,
    peers: Annotated[bool, typer.Option("--peers", help="Beside txtai and LanceDB, installed apart.")] = False,
    json: Json = False,
) -> None:
    """Measure the search on judged sets, beside simpler methods."""
    from cvmatcher import commands  # noqa: PLC0415

    settings = _settings()
    if profiles:
        for directory in directories:
            report = asyncio.run(commands.evaluate_profiles(directory))
            answer_json(report) if json else out.print(commands.profiles_as_text(report), highlight=False, markup=False)
        return
    report = asyncio.run(commands.evaluate(settings, directories, peers=peers))
    if json:
        answer_json(report)
        return
    for name, one in report.get("sets", {"": report}).items():
        figures(name, one)
    if "macro" in report:
        macro(report["macro"])


@app.command("demo-cvs")
def demo_cvs(
    directory: Annotated[Path, typer.Argument()],
    count: Annotated[int, typer.Option("--count", min=1)] = 120,
    seed: Annotated[int, typer.Option("--seed")] = 1,
) -> None:
    """Write invented CVs as PDFs, each with its truth as JSON beside it."""
    from cvmatcher import commands  # noqa: PLC0415

    out.print(f"{commands.demo_cvs(directory, count, seed)} CVs in {directory}", highlight=False)


@app.command()
def backup(archive: Annotated[Path, typer.Argument(help="The file to write.")], json: Json = False) -> None:
    """Write the database, the uploads and the secret key into one file."""
    from cvmatcher import commands  # noqa: PLC0415

    _print_report("Backup", asyncio.run(commands.backup(_settings(), archive)), json=json)


@app.command()
def restore(archive: Annotated[Path, typer.Argument(help="A file of `backup`.")], json: Json = False) -> None:
    """Fill an empty database from a backup."""
    from cvmatcher import commands  # noqa: PLC0415

    _print_report("Restored", asyncio.run(commands.restore(_settings(), archive)), json=json)


def _one_person(found: list[dict[str, Any]], who: str, *, every: bool) -> list[dict[str, Any]]:
    """Those found, shown. Raises NotFound, or InvalidInput when several are and `every` was not said."""
    if not found:
        raise NotFound(f"Nobody is known by {who}")
    for one in found:
        people(one)
    if len(found) > 1 and not every:
        raise InvalidInput(f"{len(found)} are found: name one by id or file, or take all of them with --all")
    return found


@app.command()
def erase(
    who: Annotated[str, typer.Argument(help="A candidate's id, or a name, an e-mail or a phone.")],
    every: Annotated[bool, typer.Option("--all", help="All that are found, as one person.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Erase a person everywhere, after saying what goes; the source's own file is named, not touched."""
    from cvmatcher import commands  # noqa: PLC0415

    settings = _settings()
    found = _one_person(asyncio.run(commands.find_person(settings, who)), who, every=every)
    ids = [one["candidate_id"] for one in found if one["candidate_id"]]
    keys = [key for one in found if not one["candidate_id"] for key in one["keys"]]
    table("What goes", asyncio.run(commands.preview_erasure(settings, ids, keys))["traces"], to=err)
    if not yes and not typer.confirm("Erase this for ever?", err=True):
        raise Conflict("Nothing was erased")
    report = asyncio.run(commands.erase(settings, ids, keys))
    if json:
        answer_json(report)
        return
    out.print(f"Erased: {report['candidates']} candidates", highlight=False)
    for place in report["left"]:
        out.print(f"Delete this file at its source yourself: {place}", highlight=False, markup=False)


@app.command()
def access(
    who: Annotated[str, typer.Argument(help="A candidate's id, or a name, an e-mail or a phone.")],
    archive: Annotated[Path, typer.Argument(help="The zip to write.")],
    every: Annotated[bool, typer.Option("--all", help="All that are found, as one person.")] = False,
    json: Json = False,
) -> None:
    """Write what is known of one person, and their files, into a zip for them."""
    from cvmatcher import commands  # noqa: PLC0415

    settings = _settings()
    found = _one_person(asyncio.run(commands.find_person(settings, who)), who, every=every)
    ids = [one["candidate_id"] for one in found if one["candidate_id"]]
    _print_report("Access", asyncio.run(commands.access(settings, ids, archive)), json=json)


@app.command()
def retention(
    erase_them: Annotated[bool, typer.Option("--erase", help="Erase them, after asking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Whose CV has been kept long enough after the last contact."""
    from cvmatcher import commands  # noqa: PLC0415

    settings = _settings()
    report = asyncio.run(commands.retention(settings, apply=False))
    for one in report["due"] if not json else []:
        out.print(f"{one['last_contact'][:10]}  {one['name'] or one['file_name']}  {one['candidate_id']}", markup=False)
    if erase_them and report["due"]:
        if not yes and not typer.confirm(f"Erase {len(report['due'])} for ever?", err=True):
            raise Conflict("Nothing was erased")
        report = asyncio.run(commands.retention(settings, apply=True))
        for place in report["left"] if not json else []:
            out.print(f"Delete this file at its source yourself: {place}", highlight=False, markup=False)
    if json:
        answer_json(report)


def _print_model(report: dict[str, Any], *, json: bool) -> None:
    if json:
        answer_json(report)
    else:
        embedding_model(report)


@model.command("status")
def model_status(json: Json = False) -> None:
    """The embedding model that answers, the one that is made ready, and how they compared."""
    from cvmatcher import commands  # noqa: PLC0415

    _print_model(asyncio.run(commands.model_status(_settings())), json=json)


@model.command("switch")
def switch_model(json: Json = False) -> None:
    """Let the model that waits answer, although the search is worse with it."""
    from cvmatcher import commands  # noqa: PLC0415

    _print_model(asyncio.run(commands.switch_model(_settings())), json=json)


@model.command("discard")
def discard_model(json: Json = False) -> None:
    """Remove the vectors of the model that waits, or is being made ready."""
    from cvmatcher import commands  # noqa: PLC0415

    _print_model(asyncio.run(commands.discard_model(_settings())), json=json)


@audit.command("verify")
def verify_audit(json: Json = False) -> None:
    """Prove that no row of the audit log was changed, taken out or put in; exit code 1 when one was."""
    from cvmatcher import commands  # noqa: PLC0415

    report = asyncio.run(commands.verify_audit(_settings()))
    broken = report["broken_at"]
    if json:
        answer_json(report | {"ok": broken is None})
    elif broken is None:
        out.print(f"[green]The chain of {report['rows']} rows holds.[/]")
    else:
        out.print(f"[red]The chain breaks at row {broken}.[/]")
    if broken is not None:
        sys.exit(1)


@app.command()
def migrate(
    dry_run: Annotated[bool, typer.Option("--dry-run/--apply", help="Only say what would be done.")] = True,
    json: Json = False,
) -> None:
    """Take over a database written by the original CVmatcher; --apply does it."""
    from cvmatcher import commands  # noqa: PLC0415

    report = asyncio.run(commands.migrate(_settings(), dry_run=dry_run))
    _print_report("Migration" + (" (dry run)" if dry_run else ""), report, json=json)


@bench.command("search")
def bench_search(
    candidates: Annotated[int, typer.Option(min=1, help="How many invented CVs.")] = 10_000,
    questions: Annotated[int, typer.Option(min=1, help="Asked one after another.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed makes the same CVs and questions.")] = 1,
    json: Json = False,
) -> None:
    """Time to the first hits and to the order over many CVs, and the memory they need."""
    from cvmatcher import commands  # noqa: PLC0415

    report = asyncio.run(commands.bench_search(_settings(), candidates, questions, seed))
    _print_report(f"{questions} questions over {candidates:,} CVs", report, json=json)


@bench.command()
def soak(
    minutes: Annotated[float, typer.Option(min=0.1, help="How long.")] = 10.0,
    seed: Annotated[int, typer.Option(help="The same seed makes the same faults and changes.")] = 1,
    json: Json = False,
) -> None:
    """Searches, likes, files that come and go, and random faults together, on a temporary home; then check."""
    from cvmatcher import commands  # noqa: PLC0415

    report = asyncio.run(commands.soak(_settings(), minutes, seed))
    _print_report(f"{minutes:g} minutes of everything", report, json=json)
    if not report["ok"]:
        raise typer.Exit(1)


@users.command("add")
def add_user(
    name: str,
    admin: Annotated[bool, typer.Option("--admin", help="May also run jobs and manage users.")] = False,
    export: Annotated[bool, typer.Option("--export", help="May export shortlists.")] = False,
    upload: Annotated[bool, typer.Option("--upload", help="May add CVs by hand.")] = False,
    json: Json = False,
) -> None:
    """Add a user; prints the password that was made, once."""
    from cvmatcher import commands  # noqa: PLC0415

    report = asyncio.run(commands.add_user(_settings(), name, admin=admin, export=export, upload=upload))
    _print_report("New user", report, json=json)


@users.command("password")
def reset_password(name: str, json: Json = False) -> None:
    """Make a new password for a user, shown once; sessions and tokens end, and the user has to change it."""
    from cvmatcher import commands  # noqa: PLC0415

    report = asyncio.run(commands.reset_password(_settings(), name))
    _print_report("New password", report, json=json)


@users.command("list")
def list_users(json: Json = False) -> None:
    """Everybody who may sign in."""
    from cvmatcher import commands  # noqa: PLC0415

    found = asyncio.run(commands.list_users(_settings()))
    if json:
        answer_json({"users": found})
    for one in [] if json else found:
        disabled = " (disabled)" if one["disabled"] else ""
        out.print(f"{one['name']}  {one['role']}{disabled}", highlight=False, markup=False)


@users.command("disable")
def disable_user(name: str) -> None:
    """End a user's sessions and refuse further ones."""
    from cvmatcher import commands  # noqa: PLC0415

    asyncio.run(commands.disable_user(_settings(), name))
    out.print(f"{name} is disabled", highlight=False, markup=False)


@users.command("token")
def new_token(name: str, label: Annotated[str, typer.Option("--label")] = "script", json: Json = False) -> None:
    """Make a bearer token for a user's scripts; shown once."""
    from cvmatcher import commands  # noqa: PLC0415

    token = asyncio.run(commands.new_token(_settings(), name, label))
    answer_json({"token": token}) if json else out.print(token, highlight=False, markup=False)
