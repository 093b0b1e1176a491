"""Years of experience, in all or with a skill or a title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cvmatcher import career
from cvmatcher.domain import Criterion, Experience
from cvmatcher.query.evidence.names import skill_names
from cvmatcher.query.evidence.reading import (
    CV,
    MET,
    NOTHING,
    PARTLY,
    Finding,
    Line,
    cut_line,
    found,
    holds,
    quote,
    quote_value,
)
from cvmatcher.query.evidence.titles import title_names
from cvmatcher.vocabulary import skills
from cvmatcher.vocabulary.folding import fold, stems

_YEAR_STEMS = ("an", "ans", "annee", "year", "yr", "yrs")  # words of three letters are not stemmed
_STATED_YEARS = re.compile(
    r"\b(\d{1,2})\s*\+?\s*(?:ans|annees|years|yrs)\b(?:\s+(?:d'|of\s+)?(?:\w+\s+){0,2}experience)?"
)


def years(criterion: Criterion, cv: CV) -> Finding:
    if criterion.value:
        return _years_with(criterion, cv)
    if cv.profile.years_experience is None:
        return _stated(criterion, cv)
    return _compared(criterion, cv.profile.years_experience, _quote_years(cv, cv.profile.experiences))


# "15 ans d'expérience", "14 years of", "3 years behind them": never an age, which nothing of the kind follows.
_CAREER_YEARS = re.compile(
    r"\b(\d{1,2})\s*\+?\s*(?:ans?|annees?|years?|yrs?)\s+(?:d'|de |of |in |dans |en |comme |as |behind )"
)


def _stated(criterion: Criterion, cv: CV) -> Finding:
    """What the CV says of its years in words, where its jobs carry no dates that could be read."""
    for number in sorted({n for stem in _YEAR_STEMS for n in cv.with_stem(stem)}):
        line = cv.lines[number]
        said = _CAREER_YEARS.search(fold(line.text).replace("’", "'"))
        if said and "old" not in line.stems:
            at = next(i for i, word in enumerate(line.words) if word.text == said[1])
            return _compared(criterion, float(said[1]), cut_line(line, at, at))
    return NOTHING


def _years_with(criterion: Criterion, cv: CV) -> Finding:
    """Years of the jobs that name the skill or the title; a skill that no job names counts the whole career, partly."""
    names = skill_names(criterion.value) if skills.canonical(criterion.value) else title_names(criterion.value)
    keys = [stems(name) for name in names[:40]]
    jobs = [job for job in cv.profile.experiences if any(holds(stems(f"{job.title}\n{job.text}"), key) for key in keys)]
    as_of = cv.profile.cv_date or max((job.end or job.start or "" for job in cv.profile.experiences), default="")
    if jobs and as_of:
        return _compared(criterion, career.years_of_experience(jobs, as_of), _quote_years(cv, jobs))
    if quote(cv, names):
        whole = _compared(criterion, cv.profile.years_experience, quote(cv, names))
        return Finding(PARTLY, whole.quotation) if whole.state is MET else whole
    return NOTHING


def _compared(criterion: Criterion, years: float | None, quotation: str) -> Finding:
    if years is None:
        return NOTHING
    low, high = criterion.minimum or 0.0, criterion.maximum if criterion.maximum is not None else float("inf")
    if low <= years + 0.05 and years <= high + 0.95:  # "at most 5 years" takes someone in the sixth
        return found(MET, quotation)
    if years >= low * 0.75 and years <= high * 1.25 + 1:
        return found(PARTLY, quotation)
    return NOTHING


def _quote_years(cv: CV, jobs: Sequence[Experience]) -> str:
    """A line that states years, else the line that dates the earliest of the jobs."""
    if len(jobs) == len(cv.profile.experiences):
        for number in {n for stem in _YEAR_STEMS for n in cv.with_stem(stem)}:
            line = cv.lines[number]
            if _STATED_YEARS.search(fold(line.text)) and "xperience" in fold(line.text):
                return cut_line(line, 0, 0)
    dated = sorted((job for job in jobs if job.start), key=lambda job: job.start or "")
    for job in dated:
        if quotation := _quote_dates(cv, job):
            return quotation
    return next((q for job in dated if (q := quote_value(cv, job.title, job.employer))), "")


def _quote_dates(cv: CV, job: Experience) -> str:
    year = (job.start or "")[:4]
    end = (job.end or "")[:4]
    numbers = cv.with_stem(year)
    best = max(numbers, key=lambda n: (end in cv.lines[n].stems, _shared(cv.lines[n], job), -n), default=None)
    if best is None:
        return ""
    line = cv.lines[best]
    at = line.stems.index(year)
    return cut_line(line, at, at)


def _shared(line: Line, job: Experience) -> int:
    return len({*stems(f"{job.title} {job.employer}")} & {*line.stems})
