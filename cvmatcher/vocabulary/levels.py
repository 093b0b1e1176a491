"""How well a language is spoken, as French and English words, the framework's letters, tests and exams say it.

One ladder for CVs and requests. What only words say ("courant", "fluent") is near a level of the Common European
Framework and no more: whoever shows it says so.
"""

from __future__ import annotations

import re

from cvmatcher.domain import LanguageLevel
from cvmatcher.vocabulary.folding import fold

_N, _C2, _C1, _B2, _B1, _A2, _A1 = reversed(LanguageLevel)

# The first row that matches tells: longer names stand before the shorter ones that they hold ("limited working" before
# "working", "débutant avancé" before "avancé"), then the highest first.
_WORDS: tuple[tuple[LanguageLevel, str], ...] = (
    (_A1, r"debutant\w* avance\w*|faux[ -]debutant\w*"),
    (
        _A2,
        (
            r"pre[ -]intermediate|pre[ -]intermediaire|low(?:er)?[ -]intermediate|advanced beginner"
            r"|bonnes? (?:notions?|bases?)|good basics?|bases? solides?|basic (?:working )?(?:knowledge|command)"
        ),
    ),
    (
        _B1,
        (
            r"limited (?:working|professional)(?: proficiency)?|professionnelle? limitee?|conversational\w*"
            r"|conversationn?el\w*|working knowledge|intermediaire faible"
        ),
    ),
    (
        _B2,
        (
            r"(?:upper|high)[ -]intermediate|advanced[ -]intermediate|intermediaire (?:superieur|avance|fort|\+)\w*"
            r"|near[ -]fluent|semi[ -](?:fluent|courant)\w*"
            r"|(?:presque|quasi(?:ment)?|almost|nearly) (?:courant\w*|fluent\w*)"
        ),
    ),
    (
        _C2,
        (
            r"bilingues?|bilingual|trilingu\w+|near[ -]native|quasi[ -]nati\w+|mastery|maitrise parfaite|niveau expert"
            r"|parfaite(?:ment)? (?:maitris\w+|courant\w*|bilingue)"
        ),
    ),
    (
        _N,
        (
            r"langues? maternelles?|maternel(?:le)?s?|mother[ -]?tongue|native(?:[ -]speaker|ly)?|natif|natives?"
            r"|first language|langue natale"
        ),
    ),
    (
        _C1,
        (
            r"full professional(?: proficiency)?|professionnelle? complete?|courant\w*|couramment|fluen\w+|fluid\w+"
            r"|advanced|avancee?s?|tres bon\w*|excellent\w*|very good|strong"
            r"|proficient|parfait\w*|perfect\w*|maitris\w+|expert"
        ),
    ),
    (
        _B2,
        (
            r"operationnel\w*|profession+el\w*|professional\w*|working(?: proficiency)?|bon niveau"
            r"|bonnes? (?:maitrise|connaissances?|niveau)|bon(?:ne)?|good|technique|technical|business"
            r"|autonome|independent"
        ),
    ),
    (_B1, r"intermediate|intermediaire|moyen\w*|correct\w*|niveau bac|medium|pratique|usuel\w*|fair"),
    (
        _A2,
        (
            r"scolaires?|school level|elementary|elementaires?|notions?|basic\w*|basiques?|bases?|limited|limitee?"
            r"|some knowledge|debrouill\w+|connaissances?|rudiment\w*"
        ),
    ),
    (_A1, r"beginner\w*|debutant\w*|initiation|starter|faible|learning|apprentissage"),
)
_WORD_PATTERNS = tuple((level, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for level, words in _WORDS)
# "not fluent", "pas courant": what is denied is no level.
_DENIED = re.compile(r"\b(?:not|non|pas|peu|sans|without)[ -](?:yet |fully |encore |tout a fait |tres )?[a-z]+")
_LETTERS = re.compile(r"(?<![a-z0-9])([abc][12])(?![a-z0-9])")
_TOEIC = ((945, _C1), (785, _B2), (550, _B1), (225, _A2), (120, _A1))
_TESTS: tuple[tuple[re.Pattern[str], tuple[tuple[float, LanguageLevel], ...]], ...] = (
    (re.compile(r"toeic\D{0,20}?(\d{3})\b"), _TOEIC),
    (re.compile(r"(?<![\d/])(\d{3})(?: ?/ ?990)? (?:points? )?(?:au |at |in |of )?(?:the )?toeic"), _TOEIC),
    (re.compile(r"ielts\D{0,20}?(\d(?:[.,]\d)?)\b"), ((8.5, _C2), (7, _C1), (5.5, _B2), (4, _B1))),
    # on paper, up to 677, and on the internet, up to 120
    (re.compile(r"toefl\D{0,20}?([3-6]\d{2})\b"), ((627, _C1), (543, _B2), (460, _B1), (337, _A2))),
    (re.compile(r"toefl\D{0,20}?(\d{2,3})\b"), ((114, _C2), (95, _C1), (72, _B2), (42, _B1), (20, _A2))),
)
_EXAMS = (
    (re.compile(r"\bcpe\b|proficiency exam|dalf c2"), _C2),
    (re.compile(r"\bcae\b|dalf"), _C1),
    (re.compile(r"\bfce\b|first certificate"), _B2),
    (re.compile(r"\bpet\b"), _B1),
)


def level(text: str) -> LanguageLevel | None:
    """The level a stretch of text says: the framework's own letters, a test's score, then words, most exact first."""
    folded = fold(text)
    if found := _LETTERS.search(folded):
        return LanguageLevel(found[1].upper())
    for pattern, steps in _TESTS:
        if score := pattern.search(folded):
            value = float(score[1].replace(",", "."))
            return next((level for least, level in steps if value >= least), None)
    told = _DENIED.sub(" ", folded)
    said = next((level for level, pattern in _WORD_PATTERNS if pattern.search(told)), None)
    return said or next((level for pattern, level in _EXAMS if pattern.search(folded)), None)
