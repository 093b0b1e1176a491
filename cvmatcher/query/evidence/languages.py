"""Languages spoken, and how well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from cvmatcher.domain import Criterion, LanguageLevel, VerdictState
from cvmatcher.query.evidence.reading import (
    CV,
    LONGEST_QUOTATION,
    MET,
    NOTHING,
    PARTLY,
    Finding,
    Line,
    cut_line,
    found,
    phrase,
    quote,
    quote_value,
)
from cvmatcher.vocabulary import languages
from cvmatcher.vocabulary.folding import fold, stems


def language(criterion: Criterion, cv: CV) -> Finding:
    spoken = next((s for s in cv.profile.languages if s.code == criterion.value), None)
    names = language_names(criterion.value)
    if spoken is not None:
        quotation = quote_value(cv, spoken.text) or quote(cv, names)
        return found(_level_state(criterion.level, spoken.level), quotation)
    if cv.profile.languages:
        return NOTHING  # it lists what it speaks
    told = _told(criterion, cv, names)
    if told.state is not NOTHING.state:
        return told
    if cv.profile.language == criterion.value:
        sentence = max(
            (line for line in cv.lines[:60] if len(line.text) <= LONGEST_QUOTATION),
            key=lambda line: len(line.text),
            default=None,
        )
        return Finding(PARTLY, sentence.text) if sentence else NOTHING
    return NOTHING


def _level_state(asked: LanguageLevel | None, held: LanguageLevel | None) -> VerdictState:
    if asked is None:
        return MET
    return MET if held is not None and held.rank >= asked.rank else PARTLY


@lru_cache(maxsize=512)
def language_names(code: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((languages.name(code, "fr"), languages.name(code, "en"))))


_SPEAKS = re.compile(r"\b(?:parl\w+|speak\w*|spoken|langues?|languages?|lu|ecrit|fluent)\b")


def _told(criterion: Criterion, cv: CV, names: Iterable[str]) -> Finding:
    """A line that names the language with a level behind it, or says that it is spoken."""
    for line, at, last in _named(cv, names):
        level = languages.level(_behind(line, last))
        if level is not None or (_SPEAKS.search(fold(line.text)) and len(line.text) <= LONGEST_QUOTATION):
            return found(_level_state(criterion.level, level), cut_line(line, at, at))
    return NOTHING


def _named(cv: CV, names: Iterable[str]) -> Iterator[tuple[Line, int, int]]:
    """Lines that name the language, with the numbers of the name's first and last word."""
    for name in names:
        key = stems(name)
        for line, at in phrase(cv, key):
            yield line, at, at + len(key) - 1


def _behind(line: Line, last: int) -> str:
    """What is said of the language that ends at word `last`: up to the next comma or the next language."""
    rest = line.text[line.words[last].end :]
    end = min((m.start for m in languages.find(rest)), default=len(rest))
    return re.split(r"[,;/|]|\s(?:et|and)\s", rest[:end], maxsplit=1)[0][:40]


def level_of(criterion: Criterion, cv: CV) -> LanguageLevel | None:
    """How well the language asked for is spoken, as far as the CV says."""
    for spoken in cv.profile.languages:
        if spoken.code == criterion.value:
            return spoken.level
    if cv.profile.languages:
        return None
    levels = (languages.level(_behind(line, last)) for line, _, last in _named(cv, language_names(criterion.value)))
    return next((level for level in levels if level is not None), None)
