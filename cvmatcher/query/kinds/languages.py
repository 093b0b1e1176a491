"""Spoken languages with their levels: "fluent German and Dutch", "anglais C1", "bilingue italien"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from cvmatcher.domain import CriterionKind, LanguageLevel
from cvmatcher.query.item import Item, continues
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import languages, levels, skills
from cvmatcher.vocabulary.folding import Match

_NOT_SPOKEN = re.compile(
    r"\s*(?:market|marche|compan|entreprise|client|cuisine|law|press|food|team|equipe|groupe|group|culture|gaap"
    r"|literature|school|army|citizen|passport|national|labou?r|tax|payroll|restaurant|wine|bulldog|driving|teacher)"
)
_SCALE = re.compile(r"\s*\(\s*(?:niveau |level )?([abc][12])\b[^)]*\)")
_AND = re.compile(r"\b(?:et|and|ou|or)\b|[/&+]")
_SEVERAL = re.compile(r"\b(?:trilingu\w+|quadrilingu\w+|multilingu\w+)\b")


def find(message: Message) -> Iterator[Item]:
    longer = [(m.start, m.end) for m in skills.find(message.text)]
    found = [
        m
        for m in languages.find(message.text)
        if message.free(m.start, m.end)
        and not _NOT_SPOKEN.match(message.folded, m.end)
        and not any(a < m.start and m.end <= b for a, b in longer)  # "cuisine italienne"
    ]
    yield from _levelled(message, list(_with_levels(message, found)))


_SCALED = re.compile(
    r"\s*[,;(]\s*(?:niveau |level |minimum )?(?P<level>[abc][12])(?: minimum| mini)?\s*(?=[,;).!?\n]|$)"
)


def _levelled(message: Message, spoken: list[Item]) -> Iterator[Item]:
    """With the levels that stand behind: "German speaker, C1", and "French and English fluent" is fluent in both."""
    for number, item in enumerate(spoken):
        after = spoken[number + 1] if number + 1 < len(spoken) else None
        end = after.start if after else len(message.text)
        scaled = next(
            (m for m in _SCALED.finditer(message.folded, item.end, end) if message.free(*m.span("level"))), None
        )
        level = item.level
        if scaled and (level is None or not after):
            message.use(*scaled.span("level"))
            level = level or levels.level(scaled["level"])
        elif level is None and after and _fluent(message, item, after):
            level = after.level
        yield replace(item, level=level)


def _fluent(message: Message, one: Item, other: Item) -> bool:
    """Whether "and" joins them before one word for both: "anglais et allemand courants"."""
    joined = re.fullmatch(r"\s*(?:et|and|&|\+)\s*(?:l'|le )?", message.folded[one.end : other.start])
    return (
        joined is not None
        and re.search(r"(?:fluent|courants|couramment|bilingu\w*)$", message.folded[: other.end]) is not None
    )


def _with_levels(message: Message, found: list[Match]) -> Iterator[Item]:
    shared: LanguageLevel | None = None
    for number, match in enumerate(found):
        before = found[number - 1].end if number else 0
        after = found[number + 1].start if number + 1 < len(found) else len(message.text)
        level, start, end = _level(message, match.start, match.end, before, after)
        if level is None and number and _shares(message, found[number - 1 :]):
            level = shared  # "bilingual French/English", "fluent in German and Dutch"
        if level is None:
            level = _several(message, match.start)
        shared = level if start < match.start or (number and level is shared) else None
        message.use(start, end)
        yield Item(CriterionKind.LANGUAGE, match.canonical, start, end, level=level)


def _shares(message: Message, listed: list[Match]) -> bool:
    """Whether the second of the languages stands in one list with the first: commas alone make none."""
    gaps = [(a.end, b.start) for a, b in pairwise(listed)]
    joined = next((n for n, gap in enumerate(gaps) if _AND.search(message.folded, *gap)), None)
    return joined is not None and all(continues(message, *gap) for gap in gaps[: joined + 1])


def _several(message: Message, position: int) -> LanguageLevel | None:
    """Who asks for someone "trilingue" asks for fluency in each language that follows."""
    start = message.clause_start(position)
    found = _SEVERAL.search(message.folded, start, position)
    if found is None:
        return None
    message.use(found.start(), found.end())
    return LanguageLevel.C1


_LEVEL_AFTER = re.compile(
    r"(?:[\s:(-]|niveau|level|au niveau|a un niveau|minimum|au moins|est|is|tres|very|de|d'|langue|mother"
    r"|parle\w*|lu|ecrit|et|and|at|least|spoken|written|vraiment|parfaitement){0,6}?"
    r"\b(courant\w*|couramment|fluent\w*|fluency|bilingue?\w*|bilingual|natif|native|maternelle?|tongue"
    r"|professionnel\w*"
    r"|professional\w*|business|pro|operationnel\w*|technique|intermediaire|intermediate|scolaire|notions|basics?"
    r"|avance\w*"
    r"|advanced|conversational|debutant|beginner|[abc][12])\b(?:\s*(?:ou|or|/|-|a"
    r"|to)\s*[abc][12]\b)?(?:\s+(?:proficiency|working proficiency|level"
    r"|minimum|mini|ou plus|or above|or better|or higher|speaker|language|et professionnel))?"
)
_LEVEL_BEFORE = re.compile(
    r"\b(?:(courant\w*|fluent|fluency|bilingue?\w*|bilingual|native|natif|professional|professionnel|working|business"
    r"|conversational|intermediate|basic|basics|notions?|bases|scolaire|advanced|good|strong|excellent\w*|bon\w*"
    r"|tres bon\w*|maitrise\w*|maitrisant|couramment|[abc][12])"
    r"(?:\s+(?:niveau|level|knowledge|command|proficiency|working|connaissances?|maitrise|parfaite|speaker"
    r"|courante?|minimum))*\s*(?:en|in|of|de|d'|du|l'|de l'|d'un|un|le|the|-|:)*\s*(?:l')?)$"
)


def _level_of(word: str) -> LanguageLevel | None:
    """Who asks for someone bilingual asks for fluency, not for a birthplace."""
    if word.startswith("biling"):
        return LanguageLevel.C1
    if word == "tongue":
        return LanguageLevel.NATIVE
    return LanguageLevel.B2 if word in {"business", "pro"} else levels.level(word)


def _level(message: Message, start: int, end: int, before: int, after: int) -> tuple[LanguageLevel | None, int, int]:
    stop = min(after, message.clause_end(end))
    later = _LEVEL_AFTER.match(message.folded, end, stop)
    if later is None and message.folded[end : end + 2] == " (":
        later = _LEVEL_AFTER.match(message.folded, end + 2, after)
    if later and message.free(*later.span(1)):
        scale = _SCALE.match(message.folded, later.end())
        return (_level_of(scale[1]), start, scale.end()) if scale else (_level_of(later[1]), start, later.end())
    earlier = _LEVEL_BEFORE.search(message.folded, max(before, message.clause_start(start)), start)
    if earlier:
        return _level_of(earlier[1]), earlier.start(), end
    return None, start, end
