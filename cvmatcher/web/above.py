"""Why one candidate stands above the next: one sentence's worth of facts, from the verdicts that made the order."""

from __future__ import annotations

from dataclasses import dataclass

from cvmatcher.alternatives import Group
from cvmatcher.domain import Candidate, VerdictState
from cvmatcher.query import evidence
from cvmatcher.ranking import Standing, why_above
from cvmatcher.web.turnview import TurnView


@dataclass(frozen=True, slots=True)
class Above:
    """`criteria`, one or several alternatives, tell most for the order; () where all checked ones are met alike."""

    candidate_id: str
    name: str
    criteria: Group = ()
    here: VerdictState = VerdictState.NOT_FOUND
    there: VerdictState = VerdictState.NOT_FOUND
    same_person: bool = False  # an admin said so, and this CV is the newer one


def above(view: TurnView, candidate: Candidate, below: Candidate, name: str) -> Above:
    """Both stand in the view's list, `candidate` before `below`, whom the reader knows as `name`."""
    upper, lower = _standing(view, candidate), _standing(view, below)
    criteria = why_above(view.criteria, upper, lower)
    if not criteria:
        return Above(below.id, name)
    return Above(below.id, name, criteria, _state(upper, criteria), _state(lower, criteria))


def _standing(view: TurnView, candidate: Candidate) -> Standing:
    silent = frozenset(one.id for one in view.criteria if evidence.silent(one, candidate.profile))
    return Standing(candidate.id, 0.0, view.told(candidate), silent)


def _state(standing: Standing, criteria: Group) -> VerdictState:
    """The best of alternatives."""
    states = {standing.verdicts[one.id].state for one in criteria if one.id in standing.verdicts}
    return next((state for state in (VerdictState.MET, VerdictState.PARTLY) if state in states), VerdictState.NOT_FOUND)
