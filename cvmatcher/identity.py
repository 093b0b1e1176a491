"""What says who a person is, taken out of a text before any model sees it.

Owns the masking: names, contact, address, birth, age, family, gender words and photo hints become tokens such as
`[name]`. Knows the Profile that the rules made of the CV, and no model. What must stay readable for judging stays:
towns, employers, schools, dates of jobs.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from cvmatcher.domain import Profile

NAME, EMAIL, PHONE, LINK = "[name]", "[email]", "[phone]", "[link]"
ADDRESS, BIRTH, PERSON, PHOTO = "[address]", "[birth]", "[personal]", "[photo]"

_PARTICLES = frozenset(
    "de la le les du des von van der den di da del della dos al el ben bin et and".split()  # noqa: SIM905
)
_EMAIL = re.compile(r"[\w.+%-]+ ?(?:@|\(at\)|\[at\]) ?[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_LINK = re.compile(
    r"(?:https?://|www\.)\S+|\b(?:linkedin|github|gitlab|twitter|x|facebook|instagram|viadeo|behance|xing|medium)"
    r"\.com/[^\s|,;·]+",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w.])@\w{3,}")
_PHONE = re.compile(r"(?<![\w/.-])(?:\+|00)?\(?\d[\d ().\u00a0-]{7,20}\d(?![\w/-])")
_THOUSANDS = re.compile(r"\d{1,3}(?:[\s\u00a0]\d{3})+")
_YEARS_ONLY = re.compile(r"\D*(?:(?:19|20)\d{2}|0?\d|1[0-2])(?:\D+(?:(?:19|20)\d{2}|0?\d|1[0-2]))*\D*")

_MONTHS = (
    "janv(?:ier)?|févr?(?:ier)?|fevr?(?:ier)?|mars|avr(?:il)?|mai|juin|juil(?:let)?|août|aout|sept(?:embre)?|"
    "oct(?:obre)?|nov(?:embre)?|déc(?:embre)?|dec(?:embre)?|"
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|october|november|december"
)
_DAY = (
    r"(?:\d{1,2}[/.\s-]\d{1,2}[/.\s-]\d{2,4}|\d{4}-\d{2}-\d{2}|"
    rf"(?:\d{{1,2}}(?:er|st|nd|rd|th)?\s+)?(?:{_MONTHS})\.?\s+(?:\d{{1,2}},?\s+)?\d{{4}}|\d{{4}})"
)
_BORN = re.compile(
    rf"\b(?:née?(?:\(e\))?\s+(?:le|en)|naissance|date\s+(?:et\s+lieu\s+)?de\s+naissance|date\s+of\s+birth|birth\s?date|d\.?o\.?b\.?|born(?:\s+(?:on|in))?)"
    rf"\s*[:\-]?\s*(?:le\s+)?{_DAY}(?:\s+(?:à|in|at)\s+[A-ZÀ-Ý][\w'’ -]{{1,40}})?",
    re.IGNORECASE,
)
_AGE = re.compile(
    r"\b(?:age|âge)d?\s*:?\s*\d{2}(?:\s+(?:ans|years(?:\s+old)?))?\b"
    r"|\b\d{2}\s+(?:years\s+old|years\s+of\s+age)\b|(?<![\w'’])\d{2}\s+ans(?=\s*(?:$|[,;|·•)/-]))(?!\s+d)",
    re.IGNORECASE | re.MULTILINE,
)
_YEARS_OF_CAREER = re.compile(r"exp[ée]rience|anciennet|career|carri[èe]re", re.IGNORECASE)

_WAY = (
    r"rue|avenue|av\.|boulevard|bd\.?|bld|chemin|impasse|place|allée|allee|quai|route|cours|square|passage|sentier|"
    r"résidence|residence|lotissement|faubourg|villa|esplanade|promenade"
)
_STREET_FR = re.compile(
    rf"\b\d{{1,4}}\s?(?:bis|ter|quater|[a-d])?\s?,?\s+(?:{_WAY})\b[^\n|·•;\d]{{0,60}}?(?=,|\s+\d{{5}}\b|\s[-–—|·•]|;|$)",
    re.IGNORECASE | re.MULTILINE,
)
_STREET_EN = re.compile(
    r"\b\d{1,5}[a-z]?\s+(?:[NSEW]\.?\s+)?(?:[A-Z][\w'’.-]*\s+){1,4}"
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Way|Terrace|Crescent|Close|Gardens|"
    r"Circle|Parkway|Pkwy|Highway|Hwy|Square|Sq)\b\.?(?:,?\s+(?:Apt|Apartment|Suite|Unit|Flat|#)\.?\s*\w+)?",
)
_ZIP = re.compile(
    r"\b(?:F-|FR-)?\d{5}(?=\s+[A-ZÀ-Ý][a-zà-ÿ'’A-ZÀ-Ý-]+)|(?<=,\s[A-Z]{2}\s)\d{5}(?:-\d{4})?\b|\b[A-Z]{1,2}\d[A-Z\d]?\s\d[A-Z]{2}\b"
)
_TITLES = re.compile(
    r"\b(?:Mme|Mlle|Madame|Mademoiselle|Monsieur|Mrs|Ms|Miss|Mister)\b\.?|\bMr\b\.?|(?<![\w.])M\.(?=\s+[A-ZÀ-Ý\[])"
)
_PRONOUNS = re.compile(
    r"\(?\b(?:he\s?/\s?(?:him|his)|she\s?/\s?hers?|they\s?/\s?them|il\s?/\s?lui|elle\s?/\s?(?:elle|la))(?:\s?/\s?\w+)?\b\)?",
    re.IGNORECASE,
)
_GENDER = re.compile(
    r"\b(?:sexe|sex|gender|genre)\s*:?\s*(?:masculin|féminin|feminin|homme|femme|male|female|man|woman|[mfh])\b"
    r"|^\s*(?:homme|femme|male|female)\s*$",
    re.IGNORECASE | re.MULTILINE,
)
_FAMILY = re.compile(
    r"\b(?:situation\s+(?:familiale|de\s+famille)|marital\s+status|état\s+civil|family\s+status)\s*:?\s*[^\n|·•;,]{0,40}"
    r"|\b(?:mariée?|mariéé?\(e\)|célibataire|divorcée?|pacsée?|veuve|veuf|married|divorced|widowed)\b"
    r"(?:\s*(?:,|et|and|-|/|\()?\s*\d+\s+(?:enfants?|children|child|kids?)\)?)?"
    r"|\b(?:(?:sans|deux|trois|quatre|un|une|\d+)\s+enfants?|(?:two|three|four|one|no|\d+)\s+(?:children|kids))\b"
    r"|\b(?:mère|père|mother|father)\s+(?:de|of)\s+\w+(?:\s+(?:enfants?|children|kids))?",
    re.IGNORECASE,
)
_PHOTO = re.compile(
    r"^\s*(?:photo(?:graphie)?(?:\s+d['’]identité)?|picture|portrait|headshot)\b[^\n]{0,40}$",
    re.IGNORECASE | re.MULTILINE,
)


def mask(text: str, profile: Profile) -> str:
    """`text` without what identifies the person `profile` describes. Lines stay lines."""
    for value, token in _known(profile):
        text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", token, text, flags=re.IGNORECASE)
    text = _EMAIL.sub(EMAIL, text)
    text = _LINK.sub(LINK, text)
    text = _HANDLE.sub(LINK, text)
    text = _BORN.sub(BIRTH, text)
    text = _STREET_FR.sub(ADDRESS, text)
    text = _STREET_EN.sub(ADDRESS, text)
    text = _ZIP.sub(ADDRESS, text)
    text = _PHONE.sub(_phone, text)
    for pattern in (_PRONOUNS, _GENDER, _FAMILY, _TITLES):
        text = pattern.sub(PERSON, text)
    text = _AGE.sub(_age, text)
    text = _PHOTO.sub(PHOTO, text)
    return _mask_name(text, profile.name)


def _known(profile: Profile) -> Iterable[tuple[str, str]]:
    """What the rules found, longest first, so that no part of a longer value is left standing."""
    found = (
        [(v, EMAIL) for v in profile.emails] + [(v, PHONE) for v in profile.phones] + [(v, LINK) for v in profile.links]
    )
    return sorted(((v, t) for v, t in found if v.strip()), key=lambda pair: -len(pair[0]))


def _phone(found: re.Match[str]) -> str:
    """Eight digits or more are a phone number, unless they are years ("2014 - 2016") or an amount ("12 500 000")."""
    value = found.group()
    digits = sum(c.isdigit() for c in value)
    other = not 8 <= digits <= 15 or _YEARS_ONLY.fullmatch(value) or _THOUSANDS.fullmatch(value)
    return value if other else PHONE


def _age(found: re.Match[str]) -> str:
    """An age, unless the line counts years of a career."""
    line_end = found.string.find("\n", found.end())
    rest = found.string[found.end() : line_end if line_end >= 0 else None]
    start = found.string.rfind("\n", 0, found.start()) + 1
    line = found.string[start : found.start()] + rest
    return found.group() if _YEARS_OF_CAREER.search(line) else BIRTH


def _mask_name(text: str, name: str) -> str:
    """Every part of the name, where it stands capitalised, with or without accents; particles only inside a name."""
    parts = [p for p in re.split(r"[\s.,'’]+|(?<=\w)-(?=\w)", name) if len(p) >= 2 and p.lower() not in _PARTICLES]
    if not parts:
        return text
    whole = r"[\s.,'’-]*".join(_loosely(c) for c in re.split(r"[\s.,'’-]+", name) if c)
    text = re.sub(rf"(?<!\w){whole}(?!\w)", NAME, text, flags=re.IGNORECASE)
    one_of = "|".join(
        f"{_loosely(p)}|{_loosely(p.capitalize())}|{_loosely(p.upper())}"
        for p in sorted(set(parts), key=len, reverse=True)
    )
    text = re.sub(rf"(?<![\w\[])(?:{one_of})(?!\w)", NAME, text)
    return re.sub(rf"{re.escape(NAME)}(?:[ \t-]+{re.escape(NAME)})+", NAME, text)


def _loosely(word: str) -> str:
    """A pattern for `word` whatever its accents: "Hélène" also finds "Helene" and "HELENE" also "HÉLÈNE"."""
    return "".join(_VARIANTS.get(_bare(c), re.escape(c)) if c.isalpha() else re.escape(c) for c in word)


def _bare(char: str) -> str:
    return unicodedata.normalize("NFD", char)[0]


_ACCENTED = {"a": "àáâãäå", "c": "ç", "e": "èéêë", "i": "ìíîï", "n": "ñ", "o": "òóôõö", "u": "ùúûü", "y": "ýÿ"}
_VARIANTS = {k: f"[{k}{v}]" for k, v in _ACCENTED.items()} | {
    k.upper(): f"[{k.upper()}{v.upper().replace('ß', '')}]" for k, v in _ACCENTED.items()
}
