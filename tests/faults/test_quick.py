"""One try of every row that can be had in seconds; `python -m tests.faults --seeds 20` is the long form."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cvmatcher import failpoint
from tests.faults import adding, changing, kills, rows
from tests.faults.case import CASES, Case
from tests.faults.world import World, a_scene, a_world

pytestmark = pytest.mark.faults
QUICK = [case for case in CASES if case.quick]


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[World]:
    async with a_world() as made:
        yield made


@pytest.mark.parametrize("case", QUICK, ids=[case.id for case in QUICK])
async def test_nothing_is_lost(world: World, case: Case) -> None:
    async with a_scene(world, seed=0, short=True) as scene:
        await case.run(scene)


def test_every_row_of_the_tables_has_a_case() -> None:
    assert {case.row for case in CASES} == set(rows.ROWS)


def test_every_named_kill_point_has_a_case() -> None:
    kill_rows = (kills.KILL, adding.UPLOADS, changing.MODEL)
    assert set(failpoint.STEPS) <= {case.name for case in CASES if case.row in kill_rows}
