"""Languages a person speaks, with levels of the Common European Framework.

Owns what French and English words and test scores say of a level; the names of languages are vocabulary's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from cvmatcher.cvparse.lines import Line
from cvmatcher.domain import LanguageLevel, SpokenLanguage
from cvmatcher.folding import fold
from cvmatcher.vocabulary import languages
from cvmatcher.vocabulary.folding import Match

_N, _C2, _C1, _B2, _B1, _A2, _A1 = reversed(LanguageLevel)
_NATIVE = (
    r"langues? maternelles?|maternelles?|mother[ -]?tongue|native(?:[ -]speaker|ly)?|natif|natives?|"
    r"first language|langue natale"
)
_WORDS: tuple[tuple[re.Pattern[str], LanguageLevel], ...] = tuple(
    (re.compile(rf"(?<![a-z])(?:{words})(?![a-z])"), level)
    for words, level in (
        (_NATIVE, _N),
        (
            (
                r"bilingues?|bilingual|trilingu\w+|near[ -]native|quasi[ -]natif|mastery|maitrise parfaite|"
                r"parfaite(?:ment)? maitris\w+"
            ),
            _C2,
        ),
        (
            (
                r"full professional(?: proficiency)?|courant\w*|couramment|fluen\w+|advanced|avancee?|"
                r"tres bon\w*|excellent\w*|very good|proficient|parfait\w*|perfect\w*|maitris\w+|expert"
            ),
            _C1,
        ),
        (r"limited working(?: proficiency)?|conversational\w*|conversationnel\w*", _B1),
        (
            (
                r"upper[ -]intermediate|intermediaire (?:superieur|avance)|operationnel\w*|profession+el\w*|"
                r"professional\w*|working(?: proficiency)?|bon niveau|bonnes? (?:maitrise|connaissances?|niveau)|"
                r"bonne?|good|technique|technical|business|autonome|independent"
            ),
            _B2,
        ),
        (r"pre[ -]intermediate|pre[ -]intermediaire", _A2),
        (r"intermediate|intermediaire|scolaires?|moyen\w*|school level|correct\w*|niveau bac|medium|pratique", _B1),
        (
            (
                r"elementary|elementaires?|notions?|basic\w*|basiques?|bases?|limited|some knowledge|"
                r"debrouill\w+|connaissances?"
            ),
            _A2,
        ),
        (r"beginner\w*|debutant\w*|rudiment\w*|initiation|starter|faible", _A1),
    )
)
_FRAMEWORK = re.compile(r"(?<![a-z0-9])([abc][12])(?![a-z0-9])")
_TESTS: tuple[tuple[re.Pattern[str], tuple[tuple[float, LanguageLevel], ...]], ...] = (
    (re.compile(r"toeic\D{0,20}?(\d{3})\b"), ((945, _C1), (785, _B2), (550, _B1), (225, _A2), (120, _A1))),
    (
        re.compile(r"(?<![\d/])(\d{3})(?: ?/ ?990)? (?:points? )?(?:au |at |in |of )?(?:the )?toeic"),
        ((945, _C1), (785, _B2), (550, _B1), (225, _A2), (120, _A1)),
    ),
    (re.compile(r"ielts\D{0,20}?(\d(?:[.,]\d)?)\b"), ((8.5, _C2), (7, _C1), (5.5, _B2), (4, _B1))),
    (re.compile(r"toefl\D{0,20}?(\d{2,3})\b"), ((114, _C2), (95, _C1), (72, _B2), (42, _B1), (20, _A2))),
)
_EXAMS = (
    (re.compile(r"\bcpe\b|proficiency exam|dalf c2"), _C2),
    (re.compile(r"\bcae\b|dalf"), _C1),
    (re.compile(r"\bfce\b|first certificate"), _B2),
    (re.compile(r"\bpet\b"), _B1),
)
_SPEAKS = re.compile(
    r"\b(?:fluent|bilingual|bilingue|native|speak(?:s|ing)?|spoken|courant|parle|parlant|couramment|"
    r"mother tongue|langue maternelle|"
    r"proficient in|conversational|trilingual|trilingue|languages? ?:|langues? ?:)"
)


def level_of(text: str) -> LanguageLevel | None:
    """The level a stretch of text says: the framework's own letters, a test's score, then words, most exact first."""
    folded = fold(text)
    if found := _FRAMEWORK.search(folded):
        return LanguageLevel(found[1].upper())
    for pattern, steps in _TESTS:
        if score := pattern.search(folded):
            value = float(score[1].replace(",", "."))
            return next((level for least, level in steps if value >= least), None)
    for pattern, level in (*_WORDS, *_EXAMS):
        if pattern.search(folded):
            return level
    return None


def read_languages(lines: Sequence[Line]) -> list[SpokenLanguage]:
    """The languages of a section: each name with the level beside it, before it or on the next line."""
    joined = "\n".join(line.text for line in lines)
    found = [match for match in languages.find(joined) if len(match.canonical) <= 3]
    found = [m for at, m in enumerate(found) if at == 0 or m.start >= found[at - 1].end]
    if not found:
        return []
    if paired := _in_two_lists(joined, found):
        return paired
    before = level_of(joined[: found[0].start]) is not None and level_of(joined[found[-1].end :]) is None
    spoken: dict[str, SpokenLanguage] = {}
    for at, match in enumerate(found):
        left = found[at - 1].end if at else 0
        right = found[at + 1].start if at + 1 < len(found) else len(joined)
        stretch = joined[left : match.start] if before else _reach(joined[match.end : right])
        text = (
            f"{joined[match.start : match.end]} {stretch}"
            if not before
            else f"{stretch} {joined[match.start : match.end]}"
        )
        language = SpokenLanguage(code=match.canonical, level=level_of(stretch), text=_tidy(text))
        if language.code not in spoken or (spoken[language.code].level is None and language.level):
            spoken[language.code] = language
    return list(spoken.values())


def _in_two_lists(joined: str, found: Sequence[Match]) -> list[SpokenLanguage]:
    """Names in one column and as many levels in another, in the order of the names; [] where they do not pair so."""
    cells = [cell.strip() for cell in re.split(r"[\n\t]", joined) if cell.strip()]
    alone = [cell for cell in cells if not languages.find(cell) and level_of(cell)]
    beside = [cell for cell in cells if languages.find(cell) and level_of(cell)]
    if beside or len(alone) != len(found) or len({match.canonical for match in found}) != len(found):
        return []
    pairs = zip(found, alone, strict=True)
    return [
        SpokenLanguage(code=m.canonical, level=level_of(cell), text=_tidy(f"{joined[m.start : m.end]} {cell}"))
        for m, cell in pairs
    ]


def _reach(stretch: str) -> str:
    """What may tell of the language before it: its line and, when that says no level, the next one."""
    lines = stretch.split("\n")
    first = lines[0].strip(" :–—-()|·,")
    return stretch if len(lines) < 2 or not first else (lines[0] if level_of(lines[0]) else "\n".join(lines[:2]))


def mentioned(lines: Iterable[Line]) -> list[SpokenLanguage]:
    """Languages that sentences speak of, where a CV has no section for them: "Fluent in English and Spanish"."""
    spoken: dict[str, SpokenLanguage] = {}
    for line in lines:
        if len(line.text) < 300 and (found := _SPEAKS.search(fold(line.text))):
            start = max(0, found.start() - 30)
            end = len(line.text) if found.group().endswith(":") else found.end() + 80  # a list goes to its end
            for language in _in_sentence(line.text[start:end]):
                spoken.setdefault(language.code, language)
    return list(spoken.values())


def _in_sentence(text: str) -> list[SpokenLanguage]:
    """As in "Fluent in English and Spanish": one level said of all of them."""
    found = read_languages([Line(text)])
    if len(found) > 1 and sum(language.level is not None for language in found) == 1:
        level = next(language.level for language in found if language.level)
        found = [language.model_copy(update={"level": level}) for language in found]
    return found


@lru_cache(maxsize=512)
def names_language(text: str) -> bool:
    """Whether a short text names a language and, beside its level, nothing much else."""
    return len(text) < 60 and bool(languages.find(text))


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" :–—-|·,;")[:120]
