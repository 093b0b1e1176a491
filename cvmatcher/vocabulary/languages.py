"""Names of languages in French and English, their ISO codes, and the words people use for levels.

Names come from Unicode's CLDR by Babel; the words for levels are here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from babel import Locale

from cvmatcher.domain import LanguageLevel
from cvmatcher.vocabulary.folding import Lexicon, Match, fold, names_in, read_lines

_NORWEGIAN = {"nb": "no", "nn": "no"}
# Names that are everyday words or surnames in one of the two languages: never languages in running text.
_EVERYDAY = frozenset(
    ["ha", "ho", "vai", "son", "mon", "ga", "tiv", "bas", "li", "ewe", "even", "ka", "fan", "mar", "masai"]
)

_LEVELS: tuple[tuple[LanguageLevel, str], ...] = (
    (
        LanguageLevel.NATIVE,
        (
            r"langues? maternelles?|mother[ -]tongue|native(?:[ -]speaker|ly)?|natif|maternel(?:le)?|first language"
            r"|langue natale|bilingu\w*"
        ),
    ),
    (
        LanguageLevel.C2,
        (
            r"c2|mastery|maitrise parfaite|parfaite(?:ment)? (?:maitris\w+|courant)|near[ -]native"
            r"|full professional proficiency|niveau expert"
        ),
    ),
    (
        LanguageLevel.C1,
        (
            r"c1|courant\w*|fluen\w+|couramment|advanced|avance\w*|tres bon\w*|excellent\w*|proficient|expert"
            r"|maitris\w+|perfect\w*|parfait\w*|very good|strong"
        ),
    ),
    (
        LanguageLevel.B2,
        (
            r"b2|upper[ -]intermediate|operationnel\w*|professional\w*|professionnel\w*|working proficiency"
            r"|good|bon(?:ne)?s?|autonome|independent user|business(?: level)?|technique"
        ),
    ),
    (
        LanguageLevel.B1,
        (
            r"b1|intermediate|intermediaire|conversational|conversationnel|moyen\w*|limited working|correct\w*|pratique"
            r"|medium|usuel"
        ),
    ),
    (
        LanguageLevel.A2,
        (
            r"a2|elementary|elementaire\w*|pre[ -]intermediate|scolaire\w*|notions?|basic\w*|bases?|rudiment\w*"
            r"|school level|limited|some knowledge"
        ),
    ),
    (LanguageLevel.A1, r"a1|beginner\w*|debutant\w*|initiation|faible"),
)
_LEVEL_PATTERNS = tuple((level, re.compile(rf"(?<![a-z])(?:{words})(?![a-z])")) for level, words in _LEVELS)


@cache
def _names() -> dict[str, dict[str, str]]:
    """Locale -> code -> name, as CLDR has them."""
    return {
        locale: {code: str(name) for code, name in Locale(locale).languages.items() if "_" not in code}
        for locale in ("fr", "en")
    }


@cache
def _others() -> dict[str, tuple[str, ...]]:
    """Code -> names that CLDR lacks or spells otherwise."""
    text = (files("cvmatcher.vocabulary") / "data" / "languages.txt").read_text(encoding="utf-8")
    found: dict[str, tuple[str, ...]] = {}
    for _, line in read_lines(text):
        code, _, names = line.partition("|")
        found[code.strip()] = (*found.get(code.strip(), ()), *names_in(names))
    return found


@cache
def _lexicon() -> Lexicon:
    lexicon = Lexicon()
    for by_code in _names().values():
        for code, name in by_code.items():
            if len(code) == 2 and fold(name) not in _EVERYDAY:  # rarer languages bear the names of everyday words
                lexicon.add(name, _NORWEGIAN.get(code, code))
                lexicon.add(f"{name}e", _NORWEGIAN.get(code, code))  # the French feminine: "langue allemande"
    for code, names in _others().items():
        for name in names:
            lexicon.add(name, code)
    return lexicon


def everyday_names() -> Iterator[str]:
    """The French and English names of the languages that have a code of two letters."""
    for by_code in _names().values():
        yield from (name for code, name in by_code.items() if len(code) == 2 and fold(name) not in _EVERYDAY)


def find(text: str) -> list[Match]:
    """Languages named in running text; `canonical` is the ISO 639 code."""
    return list(_lexicon().find(text))


def code(name: str) -> str | None:
    """ISO 639 code (639-1 where there is one) of a language's French or English name."""
    return next(iter(_lexicon().get(name)), None)


def name(code: str, locale: str = "en") -> str:
    """The language's name in French ("fr") or English ("en"); the code itself where it is unknown."""
    return _names()[locale].get(code) or next(iter(_others().get(code, ())), code)


def level(text: str) -> LanguageLevel | None:
    """The level that words such as "courant", "B2", "mother tongue" say; the first kind found, highest first."""
    folded = fold(text)
    for found, pattern in _LEVEL_PATTERNS:
        if pattern.search(folded):
            return found
    return None
