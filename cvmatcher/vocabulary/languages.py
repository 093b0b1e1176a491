"""Names of languages in French and English, and their ISO codes. Names come from Unicode's CLDR by Babel."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from babel import Locale

from cvmatcher.vocabulary.folding import Lexicon, Match, fold, names_in, read_lines

_NORWEGIAN = {"nb": "no", "nn": "no"}
# Names that are everyday words or surnames in one of the two languages: never languages in running text.
_EVERYDAY = frozenset(
    [
        "ha",
        "ho",
        "vai",
        "son",
        "mon",
        "ga",
        "tiv",
        "bas",
        "li",
        "ewe",
        "even",
        "ka",
        "fan",
        "mar",
        "masai",
        "ido",
        "man",
        "manx",
    ]
)


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
