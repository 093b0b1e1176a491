"""Degrees and schools."""

from __future__ import annotations

import re
from functools import lru_cache

from cvmatcher.domain import Criterion
from cvmatcher.query.evidence.reading import (
    CV,
    MET,
    NOTHING,
    PARTLY,
    Finding,
    content_stems,
    cut_line,
    found,
    quote,
    quote_value,
)
from cvmatcher.vocabulary.folding import fold, stems

_DEGREES: tuple[tuple[int, str], ...] = (
    (8, r"doctorat\w*|ph\.?d|doctorate|these\b|bac\s?\+\s?8"),
    (5, (
        r"masters?|mba|msc|m\.sc|dess|dea|ingenieur\w*|engineering (?:degree|school)|grande ecole|ecole de commerce"
        r"|business school|bac\s?\+\s?5|diplome d'etudes approfondies|maitrise|meng|bac\s?\+\s?4")),
    (3, (
        r"licence|bachelor\w*|bsc|b\.sc|b\.?a\b|bac\s?\+\s?3|undergraduate|but\b|university degree|college degree"
        r"|degree")),
    (2, r"bts|dut|deug|deust|associate\w*|hnd|bac\s?\+\s?2"),
    (1, r"bac(?:calaureat)?\b(?!\s?\+)|high school|ged|a-levels?|bac pro\w*"),
    (0, r"cap\b|bep\b"),
)  # fmt: skip


@lru_cache(maxsize=4096)
def _degree(text: str) -> int | None:
    folded = fold(text)
    return next((level for level, pattern in _DEGREES if re.search(rf"\b(?:{pattern})", folded)), None)


def named(criterion: Criterion, cv: CV) -> str:
    """The line with the very degree or school asked for; a short one needs its capitals ("BUT", "CAP")."""
    value = criterion.value
    short = len(value) <= 4 and _degree(value) is not None
    return quote(cv, [value.upper() if short else value], exact=short)


def education(criterion: Criterion, cv: CV) -> Finding:
    if quotation := named(criterion, cv):
        return Finding(MET, quotation)
    asked = _degree(criterion.value)
    subject = {
        stem
        for stem in content_stems(criterion.value)
        if _degree(stem) is None and not stem.isdigit() and stem not in {"bac", "diplome", "ecole"}
    }
    for study in cv.profile.education:
        held = _degree(study.degree)
        enough = asked is None or (held is not None and held >= asked)
        on_subject = not subject or bool(subject & set(stems(f"{study.degree} {study.school}")))
        if enough and on_subject and (asked is not None or subject):
            return found(MET, quote_value(cv, study.degree, study.school))
        if asked is not None and enough and not on_subject:
            return found(PARTLY, quote_value(cv, study.degree, study.school))
    return _in_a_line(asked, subject, cv) if not cv.profile.education else NOTHING


_STUDIES = re.compile(
    r"\b(?:etudes|formations?|diplomes?|education|studie[sd]|studies|degrees?|qualifications?|graduat\w+)\b"
)


def _in_a_line(asked: int | None, subject: set[str], cv: CV) -> Finding:
    """A line on someone's studies that names a degree as high, where none could be read into the profile."""
    for line in cv.lines:
        held = _degree(line.text)
        if asked is not None and held is not None and held >= asked and _STUDIES.search(fold(line.text)):
            return found(MET if not subject or subject & set(line.stems) else PARTLY, cut_line(line, 0, 0))
    return NOTHING
