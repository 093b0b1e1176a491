"""Years of experience, in all or with a skill or a title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cvmatcher import career
from cvmatcher.domain import Criterion, Experience
from cvmatcher.query.evidence.names import skill_names
from cvmatcher.query.evidence.reading import (
    CV,
    LONGEST_QUOTATION,
    MET,
    NOTHING,
    PARTLY,
    Finding,
    Line,
    cut_line,
    holds,
    quote,
    quote_value,
)
from cvmatcher.query.evidence.titles import title_names
from cvmatcher.vocabulary import skills, titles
from cvmatcher.vocabulary.folding import fold, stems

_YEAR_STEMS = ("an", "ans", "annee", "year", "yr", "yrs")  # words of three letters are not stemmed
_STATED_YEARS = re.compile(
    r"\b(\d{1,2})\s*\+?\s*(?:ans|annees|years|yrs)\b(?:\s+(?:d'|of\s+)?(?:\w+\s+){0,2}experience)?"
)


MOST_JOBS = 4  # quoted for a sum of years, the longest first
SHORT = 90  # characters of one job's quotation, where several stand together
NEAR_ENOUGH = 2.5  # years: a career that the CV counts itself, and dates to the year allow for no more


def years(criterion: Criterion, cv: CV) -> Finding:
    if criterion.value:
        return _years_with(criterion, cv)
    total = cv.profile.years_experience
    if total is None:
        return _stated(criterion, cv)
    told, line = _told_years(cv)
    if told is not None and 0 <= total - told <= NEAR_ENOUGH:  # its own count is surer than dates to the year
        total = min(total, told + 0.9)
        return _compared(criterion, total, (line,))
    return _compared(criterion, total, _quote_jobs(cv, cv.profile.experiences), counted=total)


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
            at = next((i for i, word in enumerate(line.words) if said[1] in re.findall(r"\d+", word.text)), None)
            if at is not None:
                return _compared(criterion, float(said[1]), (cut_line(line, at, at),))
    return NOTHING


def _years_with(criterion: Criterion, cv: CV) -> Finding:
    """Years of the jobs that name the skill or bear the title; what no job names counts the whole career, partly."""
    is_skill = skills.canonical(criterion.value) is not None
    names = skill_names(criterion.value) if is_skill else title_names(criterion.value)
    keys = [stems(name) for name in names[:40]]
    told = [
        (job, job.title if titles.ids(criterion.value) else f"{job.title}\n{job.text}")
        for job in cv.profile.experiences
    ]
    jobs = [job for job, text in told if any(holds(stems(text), key) for key in keys)]
    as_of = cv.profile.cv_date or max((job.end or job.start or "" for job in cv.profile.experiences), default="")
    total = career.years_of_experience(jobs, as_of) if jobs and as_of else None
    if total is not None:
        return _compared(criterion, total, _quote_jobs(cv, jobs), counted=total)
    if quotation := quote(cv, names):
        whole = _compared(criterion, cv.profile.years_experience, (quotation,))
        return Finding(PARTLY, whole.quotation) if whole.state is MET else whole
    return NOTHING


def _compared(
    criterion: Criterion, years: float | None, quotations: Sequence[str], counted: float | None = None
) -> Finding:
    """`counted`: the sum to be told beside the jobs that make it."""
    if years is None or not quotations:
        return NOTHING
    first, *others = quotations
    low, high = criterion.minimum or 0.0, criterion.maximum if criterion.maximum is not None else float("inf")
    if low <= years + 0.05 and years <= high + 0.95:  # "at most 5 years" takes someone in the sixth
        return Finding(MET, first, tuple(others), counted)
    if years >= low * 0.75 and years <= high * 1.25 + 1:
        return Finding(PARTLY, first, tuple(others), counted)
    return NOTHING


def _dated(quotation: str) -> tuple[int, int] | None:
    """First and last year of a quotation that names two or more and does not go on to this day."""
    years = [int(year) for year in re.findall(r"\b(?:19|20)\d\d\b", quotation)]
    return (min(years), max(years)) if len(years) > 1 and not _TODAY.search(fold(quotation)) else None


_TODAY = re.compile(
    r"\b(?:present|today|now|current(?:ly)?|ongoing|aujourd'hui|actuel(?:le(?:ment)?)?|en cours|ce jour|depuis|since)\b"
)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b|\b(?:0?[1-9]|1[0-2])/\d\d\b")


def tells_of(criterion: Criterion, quotation: str) -> bool:
    """Whether a quotation may show the years: it states about as many as are asked, or dates something that long."""
    said = _STATED_YEARS.search(fold(quotation))
    if said:
        most = criterion.maximum if criterion.maximum is not None else float("inf")
        return (criterion.minimum or 0.0) <= float(said[1]) + 0.95 and float(said[1]) <= most + 0.95
    if (dated := _dated(quotation)) is not None:
        span = dated[1] - dated[0] + 1  # dates to the year
        low, high = criterion.minimum or 0.0, criterion.maximum if criterion.maximum is not None else float("inf")
        return low * 0.75 <= span and span - 1 <= high * 1.25 + 1
    return _YEAR.search(quotation) is not None


def _told_years(cv: CV) -> tuple[float | None, str]:
    """The years of experience that the CV states itself, and the line."""
    for number in sorted({n for stem in _YEAR_STEMS for n in cv.with_stem(stem)}):
        line = cv.lines[number]
        said = _STATED_YEARS.search(fold(line.text))
        if said and "xperience" in fold(line.text):
            at = next((i for i, word in enumerate(line.words) if word.text == said[1]), 0)
            return float(said[1]), cut_line(line, at, at)
    return None, ""


def _quote_jobs(cv: CV, jobs: Sequence[Experience]) -> list[str]:
    """The lines that date the jobs, newest first; of many jobs the longest. Without dates, a line that names one."""
    dated = [job for job in jobs if job.start]
    longest = sorted(dated, key=_length, reverse=True)[:MOST_JOBS]
    found = [_quote_dates(cv, job, SHORT if len(longest) > 1 else LONGEST_QUOTATION) for job in dated if job in longest]
    told = list(dict.fromkeys(one for one in found if one))
    return told or [one for job in dated if (one := quote_value(cv, job.title, job.employer))][:1]


def _length(job: Experience) -> int:
    """Years, roughly; a running job is the longest."""
    return int((job.end or "9999")[:4]) - int((job.start or "9999")[:4])


def _quote_dates(cv: CV, job: Experience, longest: int) -> str:
    year = (job.start or "")[:4]
    end = (job.end or "")[:4]
    numbers = cv.with_stem(year)
    best = max(numbers, key=lambda n: (end in cv.lines[n].stems, _shared(cv.lines[n], job), -n), default=None)
    if best is None:
        return ""
    line = cv.lines[best]
    at = line.stems.index(year)
    last = line.stems.index(end, at) if end in line.stems[at:] else at
    return cut_line(line, at, last, longest)


def _shared(line: Line, job: Experience) -> int:
    return len({*stems(f"{job.title} {job.employer}")} & {*line.stems})
