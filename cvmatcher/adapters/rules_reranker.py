"""Reranker by rules: no key, no network, no model. Adapter of query.evidence to the seam."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence

from cvmatcher.domain import Criterion, Dossier, Quotation, Verdict
from cvmatcher.query import evidence

log = logging.getLogger(__name__)
_AT_ONCE = 8  # dossiers judged before the event loop gets its turn


class RulesReranker:
    """Every candidate by every criterion, in the order given."""

    name = "rules"

    async def judge(self, criteria: Sequence[Criterion], dossiers: Sequence[Dossier]) -> AsyncIterator[Verdict]:
        """Never fails: what a rule breaks on stays without a verdict, and the log says so. `met` and `partly` carry
        words of the CV.
        """
        for number, dossier in enumerate(dossiers):
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)
            cv = evidence.read(dossier.profile, dossier.pages)
            for criterion in criteria:
                try:
                    finding = evidence.judge(criterion, cv)
                except Exception:  # one odd CV must not take every search that finds it
                    log.exception("a CV could not be judged on %s", criterion.kind)
                    continue
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
