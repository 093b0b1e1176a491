"""The order of a list: tiers made by code, and how far verdicts of a model may move a candidate within one.

Owns the rule and nothing else: criteria, verdicts and places in, an order out. The same input gives the same order.
Criteria that code itself checks move a candidate as far as they like; a model's verdicts at most MOST_PLACES, never
across a tier, and never up for one whose CV holds an instruction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cvmatcher.alternatives import Group, groups
from cvmatcher.domain import Criterion, CriterionKind, Need, Verdict, VerdictState
from cvmatcher.query.plan import described

MOST_PLACES = 5

# Kinds that code checks against facts of the profile: they make the tiers.
CHECKED = frozenset(
    [
        CriterionKind.TITLE,
        CriterionKind.PLACE,
        CriterionKind.LANGUAGE,
        CriterionKind.YEARS,
        CriterionKind.SKILL,
        CriterionKind.EMPLOYER,
        CriterionKind.EDUCATION,
        CriterionKind.SECTOR,
    ]
)
_SHARE = {VerdictState.MET: 1.0, VerdictState.PARTLY: 0.5, VerdictState.NOT_FOUND: 0.0}
_UNKNOWN = 0.2  # a CV that is silent stands between one that answers partly and one that says otherwise
_HINTED = 0.5  # of a title that a CV only speaks of: no reason is shown, but it stands before those without a word
_NICE = 0.25  # what a wish weighs beside a must
# What someone is counts before what they also have: no fact outweighs the title or the sector asked for.
_WEIGHT = {CriterionKind.SECTOR: 2.0, CriterionKind.TITLE: 2.0}
_SKILL_WEIGHT = 1.5  # what someone can do counts before where they live
_PARTLY = {
    CriterionKind.SECTOR: 0.3,
    CriterionKind.TITLE: 0.6,
}  # a neighbouring sector is another; a wider title is near


_TOLD = 1.0  # what the mean part of a description, found, adds to the score


@dataclass(frozen=True, slots=True)
class Standing:
    """One candidate: its retrieval score, verdicts by criterion id, criteria that its CV says nothing about.

    `hinted`: criteria of which the CV only has words, without showing them.
    `fineness` tells apart those of one tier before the score does: levels and degrees beyond what was asked.
    """

    candidate_id: str
    score: float
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    hinted: frozenset[str] = frozenset()
    fineness: float = 0.0


def tier(criteria: Sequence[Criterion], standing: Standing) -> float:
    """How well the checkable criteria are met: musts count 1, wishes a quarter, what must not be is taken off.

    Of alternatives the best one counts. The parts of a description make no tier.
    """
    loose = described(criteria)
    return _sum([c for c in criteria if c.id not in loose], standing)


def _sum(criteria: Sequence[Criterion], standing: Standing) -> float:
    total = 0.0
    for group in groups(criteria):
        worths = [_worth(c, standing) for c in group if c.kind in CHECKED or _told(c, standing)]
        total += max(worths, default=0.0)
    return round(total, 6)


def _told(criterion: Criterion, standing: Standing) -> bool:
    """Whether free words stand in the CV as they were asked for: rules are sure of that, and of no less."""
    verdict = standing.verdicts.get(criterion.id)
    return criterion.need is not Need.MUST_NOT and verdict is not None and verdict.state is VerdictState.MET


def _worth(criterion: Criterion, standing: Standing) -> float:
    verdict = standing.verdicts.get(criterion.id)
    state = verdict.state if verdict else VerdictState.NOT_FOUND
    if criterion.need is Need.MUST_NOT:
        return -2.0 * _SHARE[state]
    if criterion.kind in _WEIGHT:
        partly = state is VerdictState.PARTLY
        share = (_PARTLY[criterion.kind] if partly else _SHARE[state]) * _WEIGHT[criterion.kind]
        if state is VerdictState.NOT_FOUND and criterion.id in standing.hinted:
            share = _HINTED * _WEIGHT[criterion.kind]
    else:
        share = _UNKNOWN if state is VerdictState.NOT_FOUND and criterion.id in standing.silent else _SHARE[state]
        share *= _SKILL_WEIGHT if criterion.kind is CriterionKind.SKILL else 1.0
    return share * (_NICE if criterion.need is Need.NICE else 1.0)


def sunk(criteria: Sequence[Criterion], standing: Standing) -> float:
    """What a refused title or text costs: it shows the unwanted thing, so it goes below all that do not."""
    refused = (c for c in criteria if c.need is Need.MUST_NOT and c.kind not in CHECKED)
    return sum(2.0 for c in refused if (v := standing.verdicts.get(c.id)) and v.state is VerdictState.MET)


def by_rules(criteria: Sequence[Criterion], standings: Sequence[Standing]) -> list[str]:
    """Candidate ids, best first: tier, then fineness, then retrieval score, then id.

    What of a description was found adds to the score, which its meaning leads.
    """
    loose = described(criteria)
    parts = [c for c in criteria if c.id in loose]

    def place(standing: Standing) -> tuple[float, float, float, str]:
        worth = tier(criteria, standing) - sunk(criteria, standing)
        score = standing.score + (_TOLD * _sum(parts, standing) / len(parts) if parts else 0.0)
        return -worth, -standing.fineness, -score, standing.candidate_id

    return [standing.candidate_id for standing in sorted(standings, key=place)]


def by_model(
    criteria: Sequence[Criterion],
    standings: Sequence[Standing],
    verdicts: Mapping[str, Mapping[str, Verdict]],
    untrusted: frozenset[str] = frozenset(),
) -> list[str]:
    """The rules' order with each candidate moved at most MOST_PLACES places by the model's verdicts, inside its tier.

    `verdicts`: candidate id -> criterion id -> checked verdict. Those of flagged verdicts and `untrusted` ids go no
    place up.
    """
    known = {standing.candidate_id: standing for standing in standings}
    order = by_rules(criteria, standings)
    held = frozenset(c for c in order if c in untrusted or any(v.flagged for v in verdicts.get(c, {}).values()))
    result: list[str] = []
    for same in _runs(order, {c: tier(criteria, known[c]) - sunk(criteria, known[c]) for c in order}):
        worth = {c: _model_worth(criteria, verdicts.get(c, {}), known[c]) for c in same}
        result += _moved(same, worth, held)
    return result


def _model_worth(criteria: Sequence[Criterion], said: Mapping[str, Verdict], standing: Standing) -> float:
    """Where the model said nothing, what the rules said counts, so that silence moves nobody."""
    total = 0.0
    for group in groups(criteria):
        told = [said.get(c.id) or standing.verdicts.get(c.id) for c in group]
        share = max(_SHARE[verdict.state] if verdict else 0.0 for verdict in told)
        total += share * {Need.MUST: 1.0, Need.NICE: _NICE, Need.MUST_NOT: -1.0}[group[0].need]
    return total


def _runs(order: Sequence[str], tiers: Mapping[str, float]) -> list[list[str]]:
    runs: list[list[str]] = []
    for candidate in order:
        if runs and tiers[runs[-1][-1]] == tiers[candidate]:
            runs[-1].append(candidate)
        else:
            runs.append([candidate])
    return runs


def _moved(order: Sequence[str], worth: Mapping[str, float], held: frozenset[str]) -> list[str]:
    """Fills the places from the top: whoever would sink too far comes first, else the worthiest who may rise so far."""
    waiting = list(enumerate(order))
    placed: list[str] = []
    for place in range(len(order)):
        overdue = [entry for entry in waiting if entry[0] <= place - MOST_PLACES]
        able = [e for e in waiting if e[0] <= place + (0 if e[1] in held else MOST_PLACES)]
        chosen = min(overdue or able, key=lambda e: (-worth[e[1]], e[0]))
        waiting.remove(chosen)
        placed.append(chosen[1])
    return placed


def why_above(criteria: Sequence[Criterion], above: Standing, below: Standing) -> Group:
    """The criterion, or the alternatives, that tell most for why one stands above the other; () where none does."""
    checked = groups([c for c in criteria if c.kind in CHECKED])

    def gain(group: Group) -> float:
        return max(_worth(c, above) for c in group) - max(_worth(c, below) for c in group)

    best = max(checked, key=lambda group: (gain(group), group[0].id), default=())
    return best if best and gain(best) > 0 else ()


def behind(order: Sequence[str], newer: Mapping[str, Sequence[str]]) -> list[str]:
    """The order with each id of `newer` right behind the last of those it names, if it stood before one."""
    moved = list(order)
    for older, later in newer.items():
        last = max((moved.index(one) for one in later if one in moved), default=-1)
        if older in moved and moved.index(older) < last:
            moved.remove(older)
            moved.insert(last, older)
    return moved


def meets(criteria: Sequence[Criterion], said: Mapping[str, Verdict]) -> bool:
    """Whether verdicts answer every must at least partly, one of alternatives, and show nothing that was refused.

    Where nothing is a must, one answered wish is enough.
    """
    states = {c.id: said[c.id].state if c.id in said else VerdictState.NOT_FOUND for c in criteria}
    if any(c.need is Need.MUST_NOT and states[c.id] is VerdictState.MET for c in criteria):
        return False
    answered = [c for c in criteria if c.need is not Need.MUST_NOT and states[c.id] is not VerdictState.NOT_FOUND]
    musts = groups([c for c in criteria if c.need is Need.MUST])
    return bool(answered) and all(any(c in answered for c in group) for group in musts)
