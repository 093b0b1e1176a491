"""Dates of a career: reading them in French and English, and counting years.

Owns partial dates ("YYYY-MM" or "YYYY", so they sort as text), the spans a line of a CV states, and years of experience
with overlaps counted once. Pure; knows no section, no layout and no clock.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cvmatcher.domain import Experience
from cvmatcher.folding import fold

_MONTHS: dict[str, int] = {
    name: number
    for number, names in enumerate(
        (
            "january jan janvier janv",
            "february feb fevrier fevr fev",
            "march mar mars",
            "april apr avril avr",
            "may mai",
            "june jun juin",
            "july jul juillet juil",
            "august aug aout aou",
            "september sept sep septembre",
            "october oct octobre",
            "november nov novembre",
            "december dec decembre",
        ),
        start=1,
    )
    for name in names.split()
}
_SEASONS = {
    **dict.fromkeys(("winter", "hiver"), 1),
    **dict.fromkeys(("spring", "printemps"), 4),
    **dict.fromkeys(("summer", "ete"), 7),
    **dict.fromkeys(("fall", "autumn", "automne"), 10),
}

_YEAR = r"(?:19[4-9]\d|20[0-4]\d)"
_MONTH = rf"(?:{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\b\.?"
_DAY = r"(?:[12]\d|3[01]|0?[1-9])"
_MM = r"(?:1[0-2]|0?[1-9])"
_DATE = (
    rf"(?:{_DAY}[/.-]{_MM}[/.-]{_YEAR}"
    rf"|{_YEAR}[-/.]{_MM}[-/.]{_DAY}(?!\d)"
    rf"|{_YEAR}(?:[-.]| ?/ ?){_MM}(?!\d)"
    rf"|{_MM}(?:[-.]| ?/ ?){_YEAR}"
    rf"|(?:{_DAY}(?:er|st|nd|rd|th)? )?{_MONTH},? ?(?:{_DAY}(?:st|nd|rd|th)?,? )?(?:[-/] ?|de |of )?{_YEAR}"
    rf"|{_YEAR} {_MONTH}"
    rf"|(?:{'|'.join(_SEASONS)}) (?:de )?{_YEAR}"
    rf"|[qt][1-4][ /-]?{_YEAR}"
    rf"|{_YEAR})"
)
_SHORT = rf"(?:{_MONTH} ?['’]?\d\d|{_MM}/\d\d)(?![\d/])"  # "Sep 15", "09/15": only believed inside a range
_NOW = (
    r"(?:present(?:ly|e)?|current(?:ly)?|now|today|to ?date|till date|date|on-?going|auj(?:ourd['’ ]?hui)?|"
    r"(?:a )?ce jour|actuel(?:lement|le)?|en cours|maintenant|en poste|en activite)\b"
)
_TO = (
    r"(?: *(?:-+>?|–|—|−|‒|―|‐|‑|→|>|~) *| +(?:to|until|till|through|thru|a|au|jusqu['’ ]?(?:a|au|en)) +(?:le |the )?|"
    r" ?(?:-|–|—) ?(?:jusqu['’ ]?(?:a|au|en)|to|a|au) | ?\((?=en cours|actuel|current|ongoing))"
)
_FROM = r"(?:\b(?:from|de|du|entre|between|depuis|since) (?:le |the )?)?"
_SINCE = r"\b(?:depuis|since|a partir de|a compter de|des|starting|from) (?:le |l['’]|the )?"

_RANGE = re.compile(
    rf"{_FROM}(?<![\d/.])(?P<start>{_DATE}|{_SHORT}|{_MONTH}(?={_TO}(?!{_YEAR}){_DATE}))(?:{_TO})(?P<end>{_NOW}|{_DATE}|{_SHORT})(?!\d)"
)
_YEARS = re.compile(rf"(?<![\d/.])(?P<start>{_YEAR}) ?/ ?(?P<end>{_YEAR}|(?:1[3-9]|[2-9]\d))(?![\d/])")
_SHORT_YEARS = re.compile(rf"(?<![\d/.])(?P<start>{_YEAR}) ?[-–] ?(?P<end>(?:1[3-9]|[2-9]\d))(?!\d)")
_FROM_ON = re.compile(rf"{_SINCE}(?P<start>{_DATE})(?![\d])")
_OPEN = re.compile(rf"(?<![\d/.])(?P<start>{_DATE}) ?(?:-|–|—|→) ?(?=$|[|)\]])")
_NOW_FIRST = re.compile(rf"{_NOW} ?(?:-|–|—) ?(?P<start>{_DATE})(?!\d)")
_SINGLE = re.compile(rf"(?<![\d/.,-])(?P<start>{_DATE})(?![\d/]|[.,]\d|-\d)")
_DURATION = re.compile(
    r"\(?\b\d{1,2}(?:[.,]\d)? ?(?:years?|yrs?|ans?|annees?|months?|mos?|mois)\b"
    r"(?:,? ?(?:and|et|&)? ?\d{1,2} ?(?:months?|mos?|mois)\b)?\)?"
)


_DIGITS = re.compile(r"\d\d")
GONE = "\x1f"  # stands where `cut` took something out


@dataclass(frozen=True, slots=True)
class Span:
    """What a stretch of a line says of time. `at` are its bounds in that line; `single` when it is one date."""

    start: str | None
    end: str | None
    current: bool
    at: tuple[int, int]
    single: bool = False


def find_span(line: str) -> Span | None:
    """The first range of a line ("05/2019 – présent"), else its first date, else None."""
    return find_range(line) or find_date(line)


def find_range(line: str) -> Span | None:
    """The first range of a line, an open one ("depuis 2019", "2019 –") included."""
    if not _DIGITS.search(line):
        return None
    folded = _flat(line)
    for pattern in (_RANGE, _YEARS, _SHORT_YEARS):
        for found in pattern.finditer(folded):
            if span := _closed(found):
                return span
    starts = (pattern.search(folded) for pattern in (_NOW_FIRST, _FROM_ON, _OPEN))
    return next((Span(_partial(s["start"]), None, True, s.span()) for s in starts if s), None)


def find_date(line: str) -> Span | None:
    """The first date of a line."""
    found = _SINGLE.search(_flat(line)) if _DIGITS.search(line) else None
    if not found:
        return None
    date = _partial(found["start"])
    return Span(date, date, False, found.span(), single=True)


def find_dates(line: str) -> list[str]:
    """Every date of a line, as partial dates."""
    return [date for found in _SINGLE.finditer(_flat(line)) if (date := _partial(found["start"]))]


def without_durations(line: str) -> str:
    """The line without "2 years 10 months", "(3 ans)"."""
    return _cut(line, [found.span() for found in _DURATION.finditer(_flat(line))])


def cut(line: str, span: Span) -> str:
    """The line without that span and without durations; what a date column leaves of it."""
    return without_durations(_cut(line, [span.at]))


def years_of_experience(experiences: Sequence[Experience], as_of: str) -> float | None:
    """Years with a job, months counted once however many jobs they had; a running job ends with `as_of`.

    None when no experience is dated. One decimal.
    """
    spans = [months for job in experiences if (months := _months(job, as_of))]
    if not spans:
        return None
    total, reached = 0, 0
    for first, last in sorted(spans):
        total += max(0, last - max(first, reached))
        reached = max(reached, last)
    return round(total / 12, 1)


def newest_first(experiences: Iterable[Experience]) -> tuple[Experience, ...]:
    """Running jobs, then by end, then by start; undated ones last, in their order."""

    def key(job: Experience) -> tuple[bool, bool, str, str]:
        return (job.start is not None or job.end is not None, job.current, job.end or job.start or "", job.start or "")

    return tuple(sorted(experiences, key=key, reverse=True))


def _flat(line: str) -> str:
    """Folded, every white space a plain space; same length, so positions hold."""
    return re.sub(r"\s", " ", fold(line))


def _closed(found: re.Match[str]) -> Span | None:
    """A range whose two ends make sense together."""
    end_text = found["end"]
    end = None if re.match(_NOW, end_text) else _partial(end_text, century_of=found["start"])
    start = _partial(found["start"]) or _same_year(found["start"], end)
    if start is None:
        return None
    if end is not None and end < start[: len(end)]:
        return None
    return Span(start, end, end is None, found.span())


def _same_year(month: str, end: str | None) -> str | None:
    """As in "mars" of "mars – juin 2019"."""
    number = _MONTHS.get(month.strip(". "))
    return f"{end[:4]}-{number:02d}" if end and number else None


def _partial(text: str, century_of: str = "") -> str | None:
    """A date as written (folded) -> "YYYY-MM" or "YYYY"; None for what is no whole date."""
    words: list[str] = re.findall(r"[a-z]+|\d+", text)
    year = next((w for w in words if re.fullmatch(_YEAR, w)), None)
    if year is None:
        return _short(text, century_of)
    for word in words:
        if number := _MONTHS.get(word) or _SEASONS.get(word):
            return f"{year}-{number:02d}"
    if quarter := re.match(r"[qt]([1-4])", text):
        return f"{year}-{int(quarter[1]) * 3 - 2:02d}"
    numbers = [w for w in words if w.isdigit()]
    if len(numbers) == 1:
        return year
    month = numbers[1] if numbers[0] == year or len(numbers) == 3 else numbers[0]
    return f"{year}-{int(month):02d}" if 1 <= int(month) <= 12 else year


def _short(text: str, century_of: str) -> str | None:
    """Two-digit years: "sep 15", "09/15", and "19" of "2018-19"."""
    words = re.findall(r"[a-z]+|\d+", text)
    if not words or not words[-1].isdigit():
        return None
    year = int(words[-1])
    if len(words) == 1:
        return f"{century_of[:2]}{words[-1]}" if century_of[:4].isdigit() else None
    whole = 2000 + year if year < 50 else 1900 + year
    month = _MONTHS.get(words[0]) or (int(words[0]) if words[0].isdigit() else 0)
    return f"{whole}-{month:02d}" if 1 <= month <= 12 else None


def _months(job: Experience, as_of: str) -> tuple[int, int] | None:
    """First month and the month after the last, counted from year 0. A bare end year ends where a bare start begins.

    Months are inclusive ("05/2019 - 08/2019" is four months); a single bare year counts as half of it.
    """
    start = job.start or job.end
    end = as_of if job.current else job.end or job.start
    if start is None or end is None:
        return None
    first = _ordinal(start, 1)
    if len(end) == 4:
        last = _ordinal(end, 1 if len(start) == 4 else 7)
        last = first + 6 if last <= first else last
    else:
        last = _ordinal(end, 1) + 1
    return (first, last) if last > first else None


def _ordinal(date: str, default_month: int) -> int:
    month = int(date[5:7]) if len(date) >= 7 else default_month
    return int(date[:4]) * 12 + month - 1


def _cut(line: str, bounds: Iterable[tuple[int, int]]) -> str:
    for first, last in sorted(bounds, reverse=True):
        if line[:first].endswith(("(", "[")) and line[last:].startswith((")", "]")):
            first, last = first - 1, last + 1  # noqa: PLW2901 - the brackets go with what they held
        line = line[:first] + GONE + line[last:]
    return line
