"""CVs per day as the numbers an SVG needs: bars of files by what became of them. Knows no HTML and no store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from cvmatcher.domain import FileState

WIDTH, HEIGHT = 720, 120  # of the drawing, in its own units
GAP = 0.28  # of a day's width

PARTS = {  # what a bar is made of, from its foot up
    "read": (FileState.SEARCHABLE, FileState.DUPLICATE),
    "waiting": (FileState.IN_PROGRESS,),
    "aside": (FileState.QUARANTINED,),
    "removed": (FileState.REMOVED,),
}


@dataclass(frozen=True, slots=True)
class Bar:
    part: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    x: float  # middle
    counts: dict[str, int]  # part -> files

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Chart:
    days: list[Day]
    bars: list[Bar]
    top: int  # files that the full height stands for

    @property
    def total(self) -> int:
        return sum(day.total for day in self.days)

    @property
    def parts(self) -> list[str]:
        """Those that occur."""
        return [part for part in PARTS if any(day.counts[part] for day in self.days)]


def chart(per_day: Mapping[date, Mapping[FileState, int]]) -> Chart:
    """Stacked bars in a drawing of WIDTH x HEIGHT units, y downwards."""
    step = WIDTH / max(1, len(per_day))
    days = [
        Day(
            day, (place + 0.5) * step, {part: sum(by_state.get(s, 0) for s in states) for part, states in PARTS.items()}
        )
        for place, (day, by_state) in enumerate(sorted(per_day.items()))
    ]
    top = max((day.total for day in days), default=0)
    return Chart(days, [bar for day in days for bar in _bars(day, step, top)], top)


def _bars(day: Day, step: float, top: int) -> list[Bar]:
    found, foot = [], float(HEIGHT)
    for part, count in day.counts.items():
        height = HEIGHT * count / top if top else 0.0
        foot -= height
        if count:
            width = step * (1 - GAP)
            found.append(Bar(part, round(day.x - width / 2, 1), round(foot, 1), round(width, 1), round(height, 1)))
    return found
