"""What a case is: one way in which a row's fault happens, run once per seed. The rows stand in the modules beside."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.world import Scene

Run = Callable[[Scene], Awaitable[None]]


@dataclass(frozen=True)
class Case:
    """`quick`: also in CI. `most_seeds`: runs no more often than this, where a try takes long or no chance is in it.
    `seconds`: a try that lasts longer has failed.
    """

    row: str
    name: str
    run: Run
    quick: bool
    most_seeds: int | None
    seconds: float

    @property
    def id(self) -> str:
        return f"{self.row}/{self.name}"


CASES: list[Case] = []


def case(
    row: str, name: str, *, quick: bool = True, most_seeds: int | None = None, seconds: float = 400
) -> Callable[[Run], Run]:
    def add(run: Run) -> Run:
        CASES.append(Case(row, name, run, quick, most_seeds, seconds))
        return run

    return add
