"""Reranker by rules: no key, no network, no model. Adapter of query.evidence to the seam."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from cvmatcher.domain import Criterion, Dossier, Quotation, Verdict
from cvmatcher.query import evidence

_AT_ONCE = 8  # dossiers judged before the event loop gets its turn


class RulesReranker:
    """Every candidate by every criterion, in the order given."""

    name = "rules"

    async def judge(self, criteria: Sequence[Criterion], dossiers: Sequence[Dossier]) -> AsyncIterator[Verdict]:
        """Never fails. `met` and `partly` carry words of the CV."""
        for number, dossier in enumerate(dossiers):
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            cv = evidence.read(dossier.profile, dossier.pages)
            for criterion in criteria:
                finding = evidence.judge(criterion, cv)
                yield Verdict(
                    candidate_id=dossier.id,
                    criterion_id=criterion.id,
                    state=finding.state,
                    quotation=Quotation(text=finding.quotation) if finding.quotation else None,
                    by=self.name,
                    also=tuple(Quotation(text=one) for one in finding.also),
                    years=finding.years,
                    level=finding.level,
                )
