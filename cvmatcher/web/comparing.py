"""People side by side: what each CV says, line by line, and where they differ. Pure; knows no request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cvmatcher.domain import Candidate, Criterion, Profile, Verdict
from cvmatcher.folding import fold
from cvmatcher.vocabulary import skills

JOBS = 3  # the last ones
SCHOOLS = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One thing said of everybody, in the order of the people. `kind` says how it is shown."""

    kind: str
    cells: tuple[Any, ...]
    same: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """One criterion of a search, with everybody's verdict."""

    criterion: Criterion
    cells: tuple[Verdict | None, ...]

    @property
    def same(self) -> bool:
        return len({cell.state if cell else None for cell in self.cells}) == 1


@dataclass(frozen=True, slots=True)
class Skill:
    name: str
    shared: bool  # everybody has it


@dataclass(frozen=True, slots=True)
class Comparison:
    people: tuple[Candidate, ...]
    asked: tuple[Asked, ...]
    lines: tuple[Line, ...]

    def differences(self) -> Comparison:
        """Without what is the same for everybody."""
        lines = tuple(_without_shared(one) for one in self.lines if not one.same)
        return Comparison(self.people, tuple(one for one in self.asked if not one.same), lines)


def compare(
    people: Sequence[Candidate], criteria: Sequence[Criterion], verdicts: Mapping[str, Mapping[str, Verdict]]
) -> Comparison:
    """`verdicts`: candidate id -> criterion id -> verdict."""
    asked = [Asked(one, tuple(verdicts.get(person.id, {}).get(one.id) for person in people)) for one in criteria]
    return Comparison(tuple(people), tuple(asked), _lines([person.profile for person in people]))


def _lines(profiles: Sequence[Profile]) -> tuple[Line, ...]:
    def line(kind: str, of: Callable[[Profile], Any], meaning: Callable[[Any], Any] = lambda cell: cell) -> Line:
        cells = tuple(of(one) for one in profiles)
        return Line(kind, cells, len({meaning(cell) for cell in cells}) == 1)

    return (
        line("title", lambda one: one.headline or next((job.title for job in one.experiences if job.title), ""), fold),
        line("place", lambda one: one.location, fold),
        line("years", lambda one: one.years_experience),
        line("cv_date", lambda one: one.cv_date),
        line("languages", lambda one: one.languages, lambda cell: frozenset((one.code, one.level) for one in cell)),
        _skills(profiles),
        line("jobs", lambda one: one.experiences[:JOBS]),
        line("education", lambda one: one.education[:SCHOOLS]),
    )


def _skills(profiles: Sequence[Profile]) -> Line:
    """Those that everybody has come first, under whatever name a CV gives them."""
    held = [{_skill(name) for name in one.skills} for one in profiles]
    common = frozenset.intersection(*map(frozenset, held)) if held else frozenset()
    cells = tuple(
        tuple(sorted((Skill(name, _skill(name) in common) for name in one.skills), key=lambda skill: not skill.shared))
        for one in profiles
    )
    return Line("skills", cells, all(one == common for one in held))


def _skill(name: str) -> str:
    return str(skills.canonical(name) or fold(name).strip())


def _without_shared(line: Line) -> Line:
    if line.kind != "skills":
        return line
    return Line(line.kind, tuple(tuple(one for one in cell if not one.shared) for cell in line.cells), line.same)
