"""Verdicts as a judge hands them in, checked before anyone sees them.

Owns what a judge may see (dossiers under random ids, identity masked) and what counts of its answers: known ids, each
once, a quotation that stands in that CV, is no instruction, and speaks of the criterion. Knows no judge.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from cvmatcher.domain import Candidate, Criterion, Dossier, Quotation, Verdict, VerdictState
from cvmatcher.identity import mask
from cvmatcher.ports import Embedder, Reranker
from cvmatcher.query import evidence
from cvmatcher.quotations import has_orders, line_around, prove, suspicious

# Cosine from which words speak of a criterion without sharing one with it, by model. At 0.835 one in twenty unrelated
# pairs passes, and four in ten of those that answer (docs/decisions/0004-search.md). Other models: words only.
_NEAR_ENOUGH = {"e5": 0.835}


class Desk:
    """The candidates of one turn as a judge sees them, and what it said of each that passed the checks."""

    def __init__(self, criteria: Sequence[Criterion], candidates: Sequence[Candidate], *, masked: bool) -> None:
        self._criteria = {criterion.id: criterion for criterion in criteria}
        self._candidates = {secrets.token_hex(8): candidate for candidate in candidates}
        self._pages = {candidate.id: candidate.pages for candidate in candidates}
        self._said: dict[str, dict[str, Verdict]] = {candidate.id: {} for candidate in candidates}
        self._answered: dict[str, set[str]] = {candidate.id: set() for candidate in candidates}
        self._refused: dict[str, set[str]] = {candidate.id: set() for candidate in candidates}
        self.dossiers = tuple(_dossier(key, candidate, masked=masked) for key, candidate in self._candidates.items())

    def take(self, verdict: Verdict) -> str | None:
        """The candidate's id, or None for a verdict on somebody or something that was not asked."""
        candidate = self._candidates.get(verdict.candidate_id)
        if candidate is None or verdict.criterion_id not in self._criteria:
            return None
        answered = self._answered[candidate.id]
        if verdict.criterion_id in answered:  # said twice: neither counts
            self._said[candidate.id].pop(verdict.criterion_id, None)
            return candidate.id
        answered.add(verdict.criterion_id)
        checked = _checked(verdict, candidate)
        if checked is not None:
            self._said[candidate.id][verdict.criterion_id] = checked
        return candidate.id

    def complete(self, candidate_id: str) -> bool:
        return len(self._answered[candidate_id]) == len(self._criteria)

    def of(self, candidate_id: str) -> Mapping[str, Verdict]:
        """Criterion id -> verdict, in the order of the criteria."""
        said = self._said[candidate_id]
        return {criterion_id: said[criterion_id] for criterion_id in self._criteria if criterion_id in said}

    def untrusted(self) -> frozenset[str]:
        """Candidates whose CV holds a line that reads like an instruction to a judge."""
        return frozenset(c.id for c in self._candidates.values() if has_orders(c.pages))

    async def check_meaning(self, candidate_id: str, embedder: Embedder | None) -> None:
        """Drops verdicts whose quotation does not speak of its criterion: by its words, else by its meaning.

        What states less than was asked is met partly. Words alone count without an embedder, or with one whose
        similarities do not tell.
        """
        said = {v.criterion_id: self._speaks(v) for v in self._said[candidate_id].values() if v.quotation}
        for criterion_id in (one for one, speaks in said.items() if speaks is False):
            del self._said[candidate_id][criterion_id]
        doubtful = [self._said[candidate_id][one] for one, speaks in said.items() if speaks is None]
        near = await self._near(doubtful, embedder) if doubtful and embedder is not None else frozenset[str]()
        for verdict in doubtful:
            if verdict.criterion_id not in near:
                del self._said[candidate_id][verdict.criterion_id]
        for verdict in list(self._said[candidate_id].values()):
            if (
                verdict.state is VerdictState.MET
                and verdict.quotation
                and self._falls_short(verdict.quotation, verdict)
            ):
                partly = verdict.model_copy(update={"state": VerdictState.PARTLY})
                self._said[candidate_id][verdict.criterion_id] = partly

    async def _near(self, doubtful: Sequence[Verdict], embedder: Embedder) -> frozenset[str]:
        """Ids of the criteria whose quotation is near enough in meaning; none where no threshold is known."""
        enough = next((value for name, value in _NEAR_ENOUGH.items() if name in embedder.model_id.lower()), None)
        if enough is None:
            return frozenset()
        asked = await embedder.embed([self._criteria[v.criterion_id].label for v in doubtful], "query")
        quoted = await embedder.embed([v.quotation.text for v in doubtful if v.quotation], "passage")
        likeness = (asked * quoted).sum(axis=1)
        return frozenset(v.criterion_id for v, near in zip(doubtful, likeness, strict=True) if near >= enough)

    def _speaks(self, verdict: Verdict) -> bool | None:
        assert verdict.quotation is not None  # noqa: S101 - asked only of those that quote
        around = line_around(verdict.quotation, self._pages[verdict.candidate_id])
        return evidence.speaks_of(self._criteria[verdict.criterion_id], verdict.quotation.text, around)

    def _falls_short(self, quotation: Quotation, verdict: Verdict) -> bool:
        around = line_around(quotation, self._pages[verdict.candidate_id])
        return evidence.falls_short(self._criteria[verdict.criterion_id], quotation.text, around)


def _dossier(key: str, candidate: Candidate, *, masked: bool) -> Dossier:
    profile = candidate.profile.model_copy(update={"name": "", "emails": (), "phones": (), "links": ()})
    pages = tuple(mask(page, candidate.profile) for page in candidate.pages) if masked else candidate.pages
    if masked:
        profile = profile.model_copy(update={"biography": mask(profile.biography, candidate.profile)})
    return Dossier(id=key, profile=profile, pages=pages)


def _checked(verdict: Verdict, candidate: Candidate) -> Verdict | None:
    """The verdict with its quotation as the CV has it, under the candidate's own id; None if it does not count."""
    own = verdict.model_copy(update={"candidate_id": candidate.id})
    if verdict.state is VerdictState.NOT_FOUND:
        return own.model_copy(update={"quotation": None, "also": (), "years": None, "level": None})
    proved = [prove(one.text, candidate.pages) for one in verdict.quotations]
    sound = [one for one in proved if one is not None and not suspicious(one, candidate.pages)]
    if not sound or len(sound) < len(proved):
        return None
    return own.model_copy(update={"quotation": sound[0], "also": tuple(sound[1:])})


def together(by_rules: Mapping[str, Verdict], by_model: Mapping[str, Verdict]) -> dict[str, Verdict]:
    """What a reader is told: the model's word, but never in place of what code has shown.

    A model that does not find what the rules quote leaves their verdict, as contested: the words do stand in the CV,
    and whether they are enough is for the reader. Years that code has counted are not counted again by a model.
    """
    return {**by_rules, **{one: _told(by_rules.get(one), said) for one, said in by_model.items()}}


def _told(rules: Verdict | None, model: Verdict) -> Verdict:
    if rules is None or rules.quotation is None:
        return model
    if model.state is VerdictState.NOT_FOUND:
        return rules.model_copy(update={"contested": True})
    if rules.years is not None:
        return rules
    return model.model_copy(update={"level": rules.level}) if rules.state is model.state else model


async def judged(
    criteria: Sequence[Criterion], candidates: Sequence[Candidate], judge: Reranker
) -> dict[str, Mapping[str, Verdict]]:
    """Candidate id -> criterion id -> what `judge` says of it and passes the checks. For a judge that reads names."""
    desk = Desk(criteria, candidates, masked=False)
    async for verdict in judge.judge(criteria, desk.dossiers):
        desk.take(verdict)
    return {candidate.id: desk.of(candidate.id) for candidate in candidates}
