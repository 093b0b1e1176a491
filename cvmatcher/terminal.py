"""How a command talks: one JSON object or a table on standard output, progress and errors on standard error."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

out = Console()
err = Console(stderr=True)


def start_logging(level: str) -> None:
    """Log lines go to standard error, so that standard output stays one answer; into a file each is one line."""
    if err.is_terminal:
        handler: logging.Handler = RichHandler(console=err, show_path=False, rich_tracebacks=False, markup=False)
        form = "%(name)s: %(message)s"
    else:
        handler, form = logging.StreamHandler(), "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=level, format=form, handlers=[handler], force=True)
    for noisy in (
        "arq",
        "google_genai",
        "googleapiclient.discovery_cache",
        "httpx",
        "httpx2",
        "pymongo",
        "sentence_transformers",
        "stamina",
        "watchfiles",
    ):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def answer_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str))  # noqa: T201 - rich would wrap the line


def table(title: str, rows: Mapping[str, object], to: Console = out) -> None:
    """Two columns of names and values."""
    shown = Table(title=title, show_header=False, title_justify="left")
    for name, value in rows.items():
        shown.add_row(name.replace("_", " "), str(value))
    to.print(shown)


def embedding_model(report: Mapping[str, Any]) -> None:
    """Which model answers, which one is next and whether the search is as good with it."""
    out.print(f"{report['answers'] or 'No model yet: no worker has run'} answers", highlight=False, markup=False)
    following, found = report["next"], report["report"]
    if following:
        waits = following["state"] == "waiting"
        said = (
            "is ready but worse, and waits for your word" if waits else f"is made ready, {following['missing']} to go"
        )
        out.print(f"{following['model_id']} {said}", highlight=False, markup=False)
    if report["discarded"]:
        out.print(f"{report['discarded']} was discarded; a rebuild tries it again", highlight=False, markup=False)
    compared = {name: found[name] for name in ("built_in", "likes") if found[name]} if found else {}
    for name, one in compared.items():
        low, high = one["interval"]
        figures = (
            f"{one['old']:.3f} -> {one['new']:.3f} (difference {low:+.3f} to {high:+.3f}, {one['queries']} questions)"
        )
        out.print(f"nDCG@10, {name.replace('_', ' ')}: {figures}{', falls' if one['falls'] else ''}", highlight=False)
    if found and not found["likes"]:
        out.print(f"nDCG@10, likes: not compared, {found['liked_searches']} searches with a like", highlight=False)


def people(one: Mapping[str, Any]) -> None:
    """Somebody found, for a question that follows: on standard error."""
    about = [one["name"] or "?", *one["contacts"], *one["files"], one["candidate_id"] or "no candidate"]
    err.print(" · ".join(about), highlight=False, markup=False)


def figures(title: str, report: Mapping[str, Any]) -> None:
    """The figures of an evaluation: ours first, by language and kind, then each simpler method."""
    shown = Table(title=title or None, title_justify="left")
    for name in ("", "nDCG@10", "recall@50", "MRR", "n", "p50 ms", "p95 ms"):
        shown.add_column(name, justify="left" if not name else "right")
    groups = {
        "all": report["all"] | {"latency_ms": report["latency_ms"]},
        **report["by_language"],
        **report["by_kind"],
        **report["baselines"],
    }
    for name, values in groups.items():
        cells = (f"{values[key]:.3f}" if key in values else "" for key in ("ndcg@10", "recall@50", "mrr"))
        spent = values.get("latency_ms", {})
        times = (f"{spent[key]:.0f}" if key in spent else "" for key in ("p50", "p95"))
        shown.add_row(name, *cells, str(values.get("n", "")), *times)
    out.print(shown)


def macro(report: Mapping[str, Any]) -> None:
    """Means over sets: ours, then each simpler method with our ratio to it."""
    shown = Table("all sets", "nDCG@10", "ratio", "95 %")
    shown.add_row("search", f"{report['ndcg@10']:.3f}", "", "")
    for name, other in report["baselines"].items():
        low, high = other["interval"]
        shown.add_row(name, f"{other['ndcg@10']:.3f}", f"{other['ratio']:.2f}", f"{low:.2f} to {high:.2f}")
    out.print(shown)


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar with count, rate and time left; silent where standard error is no terminal."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as bar:
        yield bar


def advance(bar: Progress, task: Any, done: int, total: int) -> None:
    shown = bar.tasks[task]
    rate = f"{shown.speed:.1f}/s" if shown.speed else ""
    bar.update(task, completed=done, total=total, rate=rate)
