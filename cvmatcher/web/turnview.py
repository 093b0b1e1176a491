"""What a turn looks like after some of its events: a fold, pure, the same for a saved turn and for a stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cvmatcher.alternatives import Group, groups
from cvmatcher.domain import (
    Candidate,
    Criterion,
    CriterionKind,
    Ended,
    EndState,
    Hit,
    HitsFound,
    Judged,
    Need,
    NothingFound,
    Ordered,
    SearchEvent,
    Status,
    StatusCode,
    Understanding,
    Understood,
    Verdict,
    VerdictState,
)
from cvmatcher.query.spelling import Suggestion, suggestion
from cvmatcher.store.turns import Turn

SAID_BY_FACTS = {CriterionKind.TITLE, CriterionKind.PLACE, CriterionKind.YEARS}
FULL = {"met", "absent"}
UNSURE = {CriterionKind.TEXT, CriterionKind.SKILL}  # kinds that a misspelt word becomes
LEAD_IN = 6  # words
LEAD_IN_LETTERS = 40
SHOWN_LETTERS = 240  # of a reason, at most: more than two lines hold


def state_of(criterion: Criterion, verdict: Verdict | None) -> str:
    """What a reader is told: a verdict's state, "pending" without one; what is excluded is "absent" or "present"."""
    if verdict is None:
        return "pending"
    if criterion.need is Need.MUST_NOT:
        return "absent" if verdict.state is VerdictState.NOT_FOUND else "present"
    return str(verdict.state)


@dataclass(frozen=True, slots=True)
class Card:
    """One candidate in a turn's list. `marks` keep the criteria's order, with None for what is not judged yet."""

    rank: int
    hit: Hit
    marks: tuple[tuple[Criterion, Verdict | None], ...]
    judged: bool
    is_masked: bool = False  # blind mode hides who it is

    @property
    def needed(self) -> list[tuple[Criterion, Verdict | None]]:
        """The marks without alternatives that the CV does not show while it shows another: one is enough."""
        said = dict(self.marks)
        kept = [one for group in groups(list(said)) for one in _answering(group, said)]
        return [(one, said[one]) for one in said if one in kept]

    @property
    def is_whole(self) -> bool:
        """Whether the CV shows everything that is a must, and nothing that is excluded."""
        groups_of_marks = groups([one for one, _ in self.marks if one.need is not Need.NICE])
        states = {one.id: state_of(one, verdict) for one, verdict in self.marks}
        return all(any(states[one.id] in FULL for one in group) for group in groups_of_marks)

    @property
    def reason(self) -> Verdict | None:
        """The verdict that says most: met before partly, and what the card's own facts do not say already."""
        quoted = [
            (one, verdict) for one, verdict in self.marks if verdict and verdict.quotation and not verdict.flagged
        ]
        quoted.sort(key=lambda pair: (pair[1].state is not VerdictState.MET, pair[0].kind in SAID_BY_FACTS))
        return quoted[0][1] if quoted else None

    @property
    def proven(self) -> Criterion | None:
        """What the reason's quotation belongs to."""
        return next((one for one, verdict in self.marks if verdict and verdict is self.reason), None)

    @property
    def lead_out(self) -> str:
        """The words after the reason's quotation that the lines have room for."""
        if self.reason is None or self.reason.quotation is None:
            return ""
        room = max(0, SHOWN_LETTERS - len(self.lead_in) - len(self.reason.quotation.text))
        after = self.reason.quotation.after
        return after if len(after) <= room else after[:room].rpartition(" ")[0]

    @property
    def lead_in(self) -> str:
        """The last words before the reason's quotation: few, so that the quotation itself stands in the two lines."""
        words = self.reason.quotation.before.split() if self.reason and self.reason.quotation else []
        kept = words[-LEAD_IN:]
        while kept and len(" ".join(kept)) > LEAD_IN_LETTERS:
            del kept[0]
        return f"… {' '.join(kept)}" if kept and len(kept) < len(words) else " ".join(kept)


def _answering(group: Group, said: Mapping[Criterion, Verdict | None]) -> list[Criterion]:
    """Those of the group that the CV shows, or the whole group where it shows none."""
    shown = [one for one in group if (v := said[one]) is None or v.state is not VerdictState.NOT_FOUND]
    return shown or list(group)


class Seen(Protocol):
    """What a reader may see of candidates."""

    def card(self, card: Card, /) -> Card: ...

    def verdicts(
        self, said: Mapping[str, Verdict], criteria: Iterable[Criterion], person: Candidate, /
    ) -> dict[str, Verdict]: ...

    def named(self, candidate_id: str, name: str, /) -> str: ...


@dataclass(slots=True)
class TurnView:
    """`seen_as` is whoever it is shown to: without one there are no cards, so that none can be shown by mistake."""

    turn: Turn
    seen_as: Seen | None = None
    last: int = 0  # number of the last event taken in
    understanding: Understanding | None = None
    hits: dict[str, Hit] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    verdicts: dict[str, tuple[Verdict, ...]] = field(default_factory=dict)
    ordered_by: str = ""
    simple: bool = False  # the model failed, rules ordered
    nothing: NothingFound | None = None
    ended: Ended | None = None

    def take(self, numbered: Iterable[tuple[int, SearchEvent]]) -> TurnView:
        for number, event in numbered:
            self.apply(event)
            self.last = number
        return self

    def apply(self, event: SearchEvent) -> None:
        match event:
            case Understood(understanding=understanding):
                self.understanding = understanding
            case HitsFound(hits=hits):
                for hit in hits:
                    self.hits[hit.candidate_id] = hit
                    if hit.candidate_id not in self.order:
                        self.order.append(hit.candidate_id)
            case Judged(candidate_id=candidate, verdicts=verdicts):
                self.verdicts[candidate] = verdicts
            case Ordered(candidate_ids=ids, by=by):
                self.order = [one for one in ids if one in self.hits]
                self.ordered_by = by
            case Status(code=code):
                self.simple = self.simple or code is StatusCode.SIMPLE_ORDER
            case NothingFound():
                self.nothing = event
            case Ended():
                self.ended = event

    @property
    def criteria(self) -> tuple[Criterion, ...]:
        return self.understanding.criteria if self.understanding else (self.turn.criteria or ())

    @property
    def running(self) -> bool:
        return self.ended is None

    @property
    def end(self) -> EndState | None:
        return self.ended.state if self.ended else None

    def card(self, candidate_id: str) -> Card:
        verdicts = {one.criterion_id: one for one in self.verdicts.get(candidate_id, ())}
        return self._reader.card(
            Card(
                rank=self.order.index(candidate_id) + 1,
                hit=self.hits[candidate_id],
                marks=tuple((criterion, verdicts.get(criterion.id)) for criterion in self.criteria),
                judged=candidate_id in self.verdicts,
            )
        )

    def told(self, person: Candidate) -> dict[str, Verdict]:
        """What the reader may know of how someone met the criteria, by criterion."""
        said = {one.criterion_id: one for one in self.verdicts.get(person.id, ())}
        return self._reader.verdicts(said, self.criteria, person)

    @property
    def _reader(self) -> Seen:
        if self.seen_as is None:
            raise TypeError("cards are made for a reader")
        return self.seen_as

    @property
    def alike(self) -> str:
        """Whom this turn's people resemble, or not, as the reader may call them."""
        change = self.turn.change
        return self._reader.named(change.candidate, change.label) if change else ""

    def cards(self) -> list[Card]:
        return [self.card(one) for one in self.order]

    @property
    def whole(self) -> int:
        """How many show everything asked for."""
        return sum(one.is_whole for one in self.cards())

    def misspelt(self) -> list[tuple[Suggestion, Criterion | None]]:
        """What was probably meant: by words not used at all, and by criteria that are words nobody knows."""
        stretches: list[tuple[str, Criterion | None]] = [
            (one.value, one) for one in self.criteria if one.kind in UNSURE
        ]
        if self.understanding:
            stretches += [(part, None) for part in self.understanding.not_understood]
        found = ((suggestion(stretch), criterion) for stretch, criterion in stretches)
        return [(meant, criterion) for meant, criterion in found if meant]

    def dropped(self) -> list[tuple[Group, int]]:
        """Which criterion, or which alternatives together, to give up, and how many that would find, most first.

        Beside hits only what helps.
        """
        if self.nothing is None:
            return []
        known = {group[0].id: group for group in self._musts}
        found = [(known[one.criterion_id], one.count) for one in self.nothing.without if one.criterion_id in known]
        found = [pair for pair in found if pair[1] or not self.hits]
        return sorted(found, key=lambda pair: -pair[1])

    @property
    def _musts(self) -> tuple[Group, ...]:
        return groups([one for one in self.criteria if one.need is Need.MUST])

    def unmet(self) -> list[Group]:
        """The musts that nobody shown meets even partly: what to give up where no single one would help."""
        if self.nothing is None or not self.verdicts or self.dropped():
            return []
        marks = (mark for card in self.cards() for mark in card.marks)
        shown = {one.id for one, verdict in marks if verdict and verdict.state is not VerdictState.NOT_FOUND}
        return [group for group in self._musts if not any(one.id in shown for one in group)]
