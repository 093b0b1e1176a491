# ruff: noqa: T201 - a command line prints
"""`python -m tests.faults`: every case with many seeds, and the table of what came out."""

from __future__ import annotations

import argparse
import asyncio
import logging
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic

from tests.faults import rows
from tests.faults.case import CASES, Case
from tests.faults.report import Result, as_table, keep, kept, write_report
from tests.faults.world import Lost, World, a_scene, a_world


async def one(world: World, case: Case, seed: int, *, short: bool) -> Result:
    """One try of a case. Whatever goes wrong in it is its result."""
    begun = monotonic()
    async with a_scene(world, seed, short=short, keep=False) as scene:
        try:
            async with asyncio.timeout(case.seconds):
                await case.run(scene)
        except Exception as error:  # noqa: BLE001 - a try that fails is a finding, and the others go on
            lost, doubled = (error.lost, error.doubled) if isinstance(error, Lost) else (0, 0)
            tail = await scene.told()
            return Result(
                case.row, case.name, seed, False, monotonic() - begun, scene.recovery, lost, doubled, _line(error), tail
            )
        return Result(
            case.row, case.name, seed, True, monotonic() - begun, scene.recovery, 0, 0, "; ".join(scene.notes), ""
        )


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:400]}"


def tries(arguments: argparse.Namespace) -> list[tuple[int, Case]]:
    """(seed, case) in the order in which they run: every case once before any a second time; this lane's share.

    What `--save` holds already is left out, so that a run which was cut goes on by the same command.
    """
    ordered = sorted(CASES, key=lambda case: rows.ROWS.index(case.row))
    named = [case for case in ordered if not arguments.rows or any(word in case.id for word in arguments.rows)]
    chosen = [case for case in named if case.quick or not arguments.quick]
    done = {(one.seed, one.id) for one in kept(arguments.save)}
    all_tries = [
        (arguments.first + number, case)
        for number in range(arguments.seeds)
        for case in chosen
        if case.most_seeds is None or number < case.most_seeds
    ]
    return [one for one in all_tries[arguments.lane :: arguments.lanes] if (one[0], one[1].id) not in done]


async def run(arguments: argparse.Namespace) -> None:
    """This lane's tries, each kept as soon as it has ended."""
    end = monotonic() + arguments.seconds
    async with a_world() as world:
        for seed, case in tries(arguments):
            if monotonic() > end:
                print("the time is up", file=sys.stderr)
                return
            result = await one(world, case, seed, short=arguments.short)
            keep(arguments.save, result)
            mark = "ok  " if result.survived else "LOST"
            print(f"{mark} {case.id} seed {seed}: {result.seconds:.1f} s, recovered in {result.recovery:.1f} s "
                  f"{result.said}", flush=True)  # fmt: skip
            if not result.survived and arguments.logs:
                print(result.log)


def run_lanes(arguments: argparse.Namespace) -> None:
    """Each lane is a process with servers of its own: what one breaks, the others do not feel."""
    command = [sys.executable, "-m", "tests.faults", *sys.argv[1:], "--save", str(arguments.save)]
    lanes = [subprocess.Popen([*command, "--lane", str(number)]) for number in range(arguments.lanes)]  # noqa: S603
    for lane in lanes:
        lane.wait()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="tries per case; 0 only writes the report of --save")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--rows", nargs="*", default=[], help="only cases whose name contains one of these")
    parser.add_argument("--report", type=Path, help="the file whose table is written anew")
    parser.add_argument("--quick", action="store_true", help="only the cases that CI has too, without those of minutes")
    parser.add_argument(
        "--save", type=Path, help="a file that collects the tries of several runs, for --report; none is done twice"
    )
    parser.add_argument("--seconds", type=float, default=6 * 3600, help="no further try is begun after these")
    parser.add_argument("--lanes", type=int, default=1, help="how many tries at a time, each on servers of its own")
    parser.add_argument("--lane", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--short", action="store_true", help="shorter faults, as in CI")
    parser.add_argument("--logs", action="store_true", help="print the end of the worker's log of a failed try")
    parser.add_argument("--list", action="store_true", help="print the cases and end")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.CRITICAL)
    if arguments.list:
        print("\n".join(case.id for case in CASES))
        return 0
    if arguments.lane is not None:
        asyncio.run(run(arguments))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        arguments.save = arguments.save or Path(folder) / "tries.jsonl"
        before = len(kept(arguments.save))
        if arguments.seeds:
            run_lanes(arguments)
        everything = kept(arguments.save)
    results = everything[before:]
    print(as_table(results))
    if arguments.report:
        write_report(arguments.report, everything, [case.id for case in CASES])
    return 0 if results and all(result.survived for result in results) else 1


if __name__ == "__main__":
    assert rows.ALL
    sys.exit(main())
