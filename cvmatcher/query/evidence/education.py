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
    Line,
    content_stems,
    cut_line,
    found,
    quote,
    quote_value,
)
from cvmatcher.vocabulary import education as vocabulary
from cvmatcher.vocabulary.folding import fold, stems

# (level, names of one degree), most specific first; the names of a row mean the same degree.
_DEGREES: tuple[tuple[int, re.Pattern[str]], ...] = tuple(
    (level, re.compile(rf"\b(?:{names})"))
    for level, names in (
        (8, r"doctorat\w*|ph\.?d\b|doctorate|these\b|bac\s?\+\s?8"),
        (5, r"mba\b"),
        (5, r"dess\b|dea\b|diplome d'etudes approfondies|maitrise"),
        (5, r"ingenieur\w*|engineering (?:degree|school)|meng\b"),
        (5, r"grande ecole|ecole de commerce|business school"),
        (5, r"masters?\b|msc\b|m\.sc\b|bac\s?\+\s?[45]"),
        (2, r"hnd\b|higher national diploma"),
        (1, r"hnc\b|higher national certificate"),
        (2, r"associate\w*"),
        (2, r"bts\b|brevet de technicien superieur|(?:advanced|higher) technician'?s? (?:certificate|dip)"),
        (2, r"dut\b|diplome universitaire de technologie|university (?:diploma|degree) (?:of|in) technology"),
        (2, r"deug\b|deust\b|bac\s?\+\s?2"),
        (3, r"but\b|bachelor universitaire de technologie"),
        (3, r"licence|bachelor\w*|bsc\b|b\.sc\b|b\.?a\b|bac\s?\+\s?3"),
        (3, r"undergraduate|university degree|college degree|degree"),
        (1, r"bac(?:calaureat)?\b(?!\s?\+)|high school|ged\b|a-levels?|bac pro\w*"),
        (
            0,
            r"cap\b|certificat d'aptitude professionnelle|(?:vocational|professional) aptitude certificate",
        ),
        (0, r"bep\b|brevet d'etudes professionnelles|vocational studies certificate"),
    )
)
_LETTERS = 5  # another name as short as this may be a word of its own: it counts with its capitals only
_CAPITALS = frozenset(["but", "cap", "dea", "ged", "bac"])  # words of their own in small letters


@lru_cache(maxsize=8192)
def _kind(text: str) -> tuple[int, re.Pattern[str]] | None:
    """The first degree of _DEGREES that a text names, and its level."""
    folded = fold(text).replace("’", "'")
    return next(((level, pattern) for level, pattern in _DEGREES if pattern.search(folded)), None)


def _degree(text: str) -> int | None:
    kind = _kind(text)
    return kind[0] if kind else None


def named(criterion: Criterion, cv: CV) -> str:
    """The line with the very degree or school asked for, under any of the degree's names."""
    value = criterion.value
    kind = _kind(value)
    if kind is None or len(stems(value)) > 2:
        others = vocabulary.names(value)[1:]
        return quote(cv, [value]) or next(filter(None, (quote(cv, [n], exact=len(n) <= _LETTERS) for n in others)), "")
    for line in cv.lines:
        match = kind[1].search(fold(line.text).replace("’", "'"))
        if match is None or (match.group() in _CAPITALS and match.group().upper() not in line.text):
            continue
        if _of_studies(line, match):
            at = next((i for i, word in enumerate(line.words) if word.start >= match.start()), 0)
            return cut_line(line, at, at)
    return ""


_STUDIES = re.compile(
    r"\b(?:etudes|formations?|diplomes?|education|studie[sd]|studies|degrees?|qualifications?|graduat\w+)\b"
)
_ASKED_FOR = re.compile(r"\b(?:requirements?|requir(?:e[ds]?|ing)|requis\w*|exige\w*|pre-?requis\w*)\b")
_SUBJECT = re.compile(r"(?:'s)?\s*(?:\(|in\b|en\b|of\b|de\b|d'|[,;:–-]|$|degree|pro\b|\d)")


def _of_studies(line: Line, match: re.Match[str]) -> bool:
    """Whether the degree stands in a line on studies, or begins what looks like one: "MSc in …", "CAP (…)".

    Not where it is what a post asked for: "requirements include a bachelor's degree".
    """
    folded = fold(line.text).replace("’", "'")
    if _ASKED_FOR.search(folded, 0, match.start()):
        return False
    return _STUDIES.search(folded) is not None or _SUBJECT.match(folded, match.end()) is not None


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


def falls_short(criterion: Criterion, quotation: str) -> bool:
    """Whether the quotation names a degree, and one below the one asked for."""
    asked, held = _degree(criterion.value), _degree(quotation)
    return asked is not None and held is not None and held < asked


def _in_a_line(asked: int | None, subject: set[str], cv: CV) -> Finding:
    """A line on someone's studies that names a degree as high, where none could be read into the profile."""
    for line in cv.lines if asked is not None else ():
        held = _kind(line.text)
        if held is None or held[0] < (asked or 0):
            continue
        match = held[1].search(fold(line.text).replace("’", "'"))
        if match is not None and _of_studies(line, match):
            return found(MET if not subject or subject & set(line.stems) else PARTLY, cut_line(line, 0, 0))
    return NOTHING
