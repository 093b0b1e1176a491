"""What came out, as a table per row, and the place of that table in docs/reliability.md."""

from __future__ import annotations

import json
import platform
import re
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

BEGIN, END = "<!-- results: written by python -m tests.faults -->", "<!-- end of results -->"


def _command() -> str:
    """The command as it was typed, without what the lanes are told besides."""
    return re.sub(r" --lane \d+| --save \S+", "", " ".join(["python -m tests.faults", *sys.argv[1:]]))


@dataclass(frozen=True)
class Result:
    """One try of a case, named by its row and name."""

    row: str
    name: str
    seed: int
    survived: bool
    seconds: float
    recovery: float
    lost: int
    doubled: int
    said: str
    log: str
    command: str = field(default_factory=_command)

    @property
    def id(self) -> str:
        return f"{self.row}/{self.name}"

    @property
    def random_kills(self) -> int:
        """How many processes the try has killed at random times: `12 kills` among what it says."""
        found = re.search(r"\b(\d+) kills\b", self.said)
        return int(found[1]) if found else 0


def keep(path: Path, result: Result) -> None:
    """Adds a try to a file of tries, so that several runs can make one report."""
    with path.open("a") as file:
        file.write(json.dumps(asdict(result) | {"log": ""}) + "\n")


def kept(path: Path) -> list[Result]:
    if not path.exists():
        return []
    return [Result(**json.loads(line)) for line in path.read_text().splitlines()]


def as_table(results: Sequence[Result]) -> str:
    """One line per case, in the order in which they ran first."""
    grouped: dict[str, list[Result]] = {}
    for result in results:
        grouped.setdefault(result.id, []).append(result)
    lines = [
        "| row | case | tries | survived | recovery p50 | p95 | lost | doubled |",
        "|---|---|---:|---:|---:|---:|---:|---:|",
    ]
    for tries in grouped.values():
        survived = sum(one.survived for one in tries)
        times = sorted(one.recovery for one in tries if one.recovery)
        p50, p95 = (f"{quantile(times, q):.1f} s" if times else "–" for q in (0.5, 0.95))
        lost, doubled = sum(one.lost for one in tries), sum(one.doubled for one in tries)
        lines.append(
            f"| {tries[0].row} | {tries[0].name} | {len(tries)} | {survived} | {p50} | {p95} | {lost} | {doubled} |"
        )
    return "\n".join(lines)


def quantile(values: Sequence[float], share: float) -> float:
    if len(values) < 2:
        return values[0]
    return statistics.quantiles(values, n=100, method="inclusive")[round(share * 100) - 1]


def summary(results: Sequence[Result]) -> str:
    """The command, the machine, the sums, and each failed try by name."""
    times = [one.recovery for one in results if one.recovery]
    survived = sum(one.survived for one in results)
    commands = ", ".join(f"`{command}`" for command in dict.fromkeys(one.command for one in results))
    memory = psutil.virtual_memory().total / 2**30
    sums = (
        f"{len(results)} tries of {len({one.id for one in results})} cases in "
        f"{len({one.row for one in results})} rows: {survived} survived, "
        f"{sum(one.lost for one in results)} lost, {sum(one.doubled for one in results)} doubled; "
        f"{sum(one.random_kills for one in results)} kills at random times among them"
    )
    machine = f"{psutil.cpu_count()} cores, {memory:.0f} GB, {platform.system()}, Python {platform.python_version()}"
    lines = [
        f"{commands}, {datetime.now(UTC):%Y-%m-%d}, {machine}; {sum(one.seconds for one in results) / 60:.0f} minutes.",
        "",
        sums + (f"; recovery p50 {quantile(times, 0.5):.1f} s, p95 {quantile(times, 0.95):.1f} s." if times else "."),
    ]
    failed = [one for one in results if not one.survived]
    lines += ["", *(f"- not survived: {one.id}, seed {one.seed}: {one.said}" for one in failed)] if failed else []
    return "\n".join(lines)


def write_report(path: Path, results: Sequence[Result], cases: Sequence[str]) -> None:
    """Replaces the results between the marks; the words around them stay. `cases`: all that there are, by their ids."""
    text = path.read_text() if path.exists() else f"# Faults\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    tried = {one.id for one in results}
    missing = [case for case in cases if case not in tried]
    untried = f"\nNot tried in these runs ({len(missing)} cases): {'; '.join(missing)}.\n" if missing else ""
    body = f"\n{summary(results)}\n\n{as_table(results)}\n{untried}"
    path.write_text(f"{before}{BEGIN}{body}{END}{after}")
