"""Why one candidate stands above the next: one sentence's worth of facts, from the verdicts that made the order."""

from __future__ import annotations

from dataclasses import dataclass

from cvmatcher.domain import Candidate, Criterion, Verdict, VerdictState
from cvmatcher.query import evidence
from cvmatcher.ranking import Standing, why_above
from cvmatcher.web.turnview import TurnView


@dataclass(frozen=True, slots=True)
class Above:
    """`criterion` tells most for the order; None where all checked criteria are met alike."""

    candidate_id: str
    name: str
    criterion: Criterion | None
    here: VerdictState = VerdictState.NOT_FOUND
    there: VerdictState = VerdictState.NOT_FOUND
    same_person: bool = False  # an admin said so, and this CV is the newer one


def above(view: TurnView, candidate: Candidate, below: Candidate, name: str) -> Above:
    """Both stand in the view's list, `candidate` before `below`, whom the reader knows as `name`."""
    upper, lower = _standing(view, candidate), _standing(view, below)
    criterion = why_above(view.criteria, upper, lower)
    if criterion is None:
        return Above(below.id, name, None)
    return Above(below.id, name, criterion, _state(upper, criterion), _state(lower, criterion))


def _standing(view: TurnView, candidate: Candidate) -> Standing:
    verdicts: dict[str, Verdict] = {one.criterion_id: one for one in view.verdicts.get(candidate.id, ())}
    silent = frozenset(one.id for one in view.criteria if evidence.silent(one, candidate.profile))
    return Standing(candidate.id, 0.0, verdicts, silent)


def _state(standing: Standing, criterion: Criterion) -> VerdictState:
    verdict = standing.verdicts.get(criterion.id)
    return verdict.state if verdict else VerdictState.NOT_FOUND
