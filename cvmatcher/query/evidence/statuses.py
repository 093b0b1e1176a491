"""Whether someone works, or has worked, in the way of being employed that a request names: freelance, interim, …

A job says it in its title ("Consultant freelance") or in the place of its firm ("Self-employed"). Elsewhere the words
may be about others ("hired freelances").
"""

from __future__ import annotations

from cvmatcher.domain import Criterion
from cvmatcher.query.evidence.reading import CV, MET, NOTHING, PARTLY, Finding, found, holds, quote_value
from cvmatcher.query.evidence.titles import title_names
from cvmatcher.vocabulary.folding import stems


def status(criterion: Criterion, cv: CV) -> Finding:
    """Met by the headline or a job of today, partly by a job that is over."""
    keys = [stems(name) for name in title_names(criterion.value)]

    def says(value: str) -> bool:
        return any(holds(stems(value), key) for key in keys)

    if says(cv.profile.headline):
        return found(MET, quote_value(cv, cv.profile.headline))
    jobs = sorted(cv.profile.experiences, key=lambda job: not job.current)
    for job in jobs:
        if saying := next((value for value in (job.title, job.employer) if says(value)), ""):
            return found(MET if job.current else PARTLY, quote_value(cv, saying))
    return NOTHING
