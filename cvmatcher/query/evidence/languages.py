"""Languages spoken, and how well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from cvmatcher.cvparse.spoken import of_others
from cvmatcher.domain import Criterion, LanguageLevel, SpokenLanguage
from cvmatcher.query.evidence.names import denied
from cvmatcher.query.evidence.reading import (
    CV,
    LONGEST_QUOTATION,
    MET,
    NOTHING,
    PARTLY,
    Finding,
    Line,
    cut_line,
    phrase,
    quote,
    quote_value,
)
from cvmatcher.vocabulary import languages, levels
from cvmatcher.vocabulary.folding import fold, stems


def language(criterion: Criterion, cv: CV) -> Finding:
    spoken = next((s for s in cv.profile.languages if s.code == criterion.value), None)
    names = language_names(criterion.value)
    if spoken is not None:
        return _compared(criterion, spoken, quote_value(cv, spoken.text) or quote(cv, names))
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


def _compared(criterion: Criterion, spoken: SpokenLanguage, quotation: str) -> Finding:
    """Spoken answers; less well than asked, or who knows how well, answers partly. A level read from words is told."""
    if not quotation:
        return NOTHING
    asked, held = criterion.level, spoken.level
    enough = asked is None or (held is not None and held.rank >= asked.rank)
    return Finding(
        MET if enough else PARTLY, quotation, level=held if asked is not None and spoken.is_inferred else None
    )


@lru_cache(maxsize=512)
def language_names(code: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((languages.name(code, "fr"), languages.name(code, "en"))))


_SPEAKS = re.compile(r"\b(?:parl\w+|speak\w*|spoken|langues?|languages?|lu|ecrit|fluent)\b")


def _told(criterion: Criterion, cv: CV, names: Iterable[str]) -> Finding:
    """A line that names the language with a level behind it, or says that it is spoken."""
    for line, at, last in _named(cv, names):
        said = _behind(line, last)
        spoken = SpokenLanguage(code=criterion.value, level=levels.level(said), text=said)
        if denied(line, line.words[at].start, line.words[last].end) or of_others(line.text):
            continue
        if spoken.level is not None or (_SPEAKS.search(fold(line.text)) and len(line.text) <= LONGEST_QUOTATION):
            return _compared(criterion, spoken, cut_line(line, at, at))
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


def falls_short(criterion: Criterion, line: Line) -> bool:
    """Whether a line states, of the language asked for, a level below the one asked for."""
    told = (levels.level(_behind(line, last)) for last in _last_words(line, language_names(criterion.value)))
    held = next((level for level in told if level is not None), None)
    return held is not None and criterion.level is not None and held.rank < criterion.level.rank


def _last_words(line: Line, names: Iterable[str]) -> Iterator[int]:
    for key in map(stems, names):
        yield from (at + len(key) - 1 for at in range(len(line.stems)) if line.stems[at : at + len(key)] == key)


def level_of(criterion: Criterion, cv: CV) -> LanguageLevel | None:
    """How well the language asked for is spoken, as far as the CV says."""
    for spoken in cv.profile.languages:
        if spoken.code == criterion.value:
            return spoken.level
    if cv.profile.languages:
        return None
    told = (levels.level(_behind(line, last)) for line, _, last in _named(cv, language_names(criterion.value)))
    return next((level for level in told if level is not None), None)
