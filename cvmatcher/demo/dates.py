"""Months, and the many ways in which people write them in a CV. Knows nothing of jobs or layouts.

A month is a whole number: 12 × year + month − 1, so that durations are differences.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cvmatcher.demo.words import Language

_LONG: dict[Language, tuple[str, ...]] = {
    "fr": (
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ),
    "en": (
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
}
_SHORT: dict[Language, tuple[str, ...]] = {
    "fr": ("janv.", "févr.", "mars", "avril", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"),
}


@dataclass(frozen=True, slots=True)
class DateStyle:
    """How one CV writes all of its periods. Placeholders of `month`: {long}, {short}, {mm}, {yyyy}."""

    month: str
    span: str  # {start}, {end}
    open: str  # {start}, of a period that goes on

    @property
    def yearly(self) -> bool:
        return self.month == "{yyyy}"


STYLES: dict[Language, tuple[DateStyle, ...]] = {
    "fr": (
        DateStyle("{long} {yyyy}", "{start} – {end}", "{start} – aujourd'hui"),
        DateStyle("{mm}/{yyyy}", "{start} - {end}", "{start} - Présent"),
        DateStyle("{yyyy}", "{start}–{end}", "depuis {start}"),
        DateStyle("{long} {yyyy}", "De {start} à {end}", "Depuis {start}"),
        DateStyle("{short} {yyyy}", "{start} – {end}", "{start} – à ce jour"),
        DateStyle("{mm}.{yyyy}", "{start} – {end}", "{start} – en cours"),
        DateStyle("{yyyy}", "{start} - {end}", "{start} - aujourd'hui"),
    ),
    "en": (
        DateStyle("{long} {yyyy}", "{start} – {end}", "{start} – present"),
        DateStyle("{short} {yyyy}", "{start} - {end}", "{start} - Present"),
        DateStyle("{mm}/{yyyy}", "{start} – {end}", "{start} – now"),
        DateStyle("{yyyy}", "{start}–{end}", "{start}–present"),
        DateStyle("{short} {yyyy}", "{start} to {end}", "{start} to present"),
        DateStyle("{yyyy}", "{start} - {end}", "Since {start}"),
        DateStyle("{yyyy}-{mm}", "{start} – {end}", "{start} – current"),
    ),
}


def month_of(year: int, month: int = 1) -> int:
    return 12 * year + month - 1


def stated(month: int, *, yearly: bool) -> str:
    """The month as the truth says it: what the CV states, "YYYY-MM" or only "YYYY"."""
    year, zero_based = divmod(month, 12)
    return f"{year}" if yearly else f"{year}-{zero_based + 1:02}"


def write_month(month: int, language: Language, pattern: str) -> str:
    year, zero_based = divmod(month, 12)
    return pattern.format(
        long=_LONG[language][zero_based], short=_SHORT[language][zero_based], mm=f"{zero_based + 1:02}", yyyy=year
    )


def write_span(start: int, end: int | None, language: Language, style: DateStyle) -> str:
    """A period as the CV writes it; `end` None goes on. Within one year, yearly styles write that year alone."""
    begin = write_month(start, language, style.month)
    if end is None:
        text = style.open.format(start=begin)
    elif style.yearly and start // 12 == end // 12:
        text = begin
    else:
        text = style.span.format(start=begin, end=write_month(end, language, style.month))
    return text[0].upper() + text[1:]


def _month(text: str) -> int:
    return month_of(int(text[:4]), int(text[5:]))


def _bounds(start: str, end: str) -> tuple[int, int]:
    """[first month, month after the last). A bare year starts in July and ends with June: 2017–2019 is two years."""
    first = month_of(int(start), 7) if len(start) == 4 else _month(start)
    after = max(month_of(int(end), 7), first + 6) if len(end) == 4 else _month(end) + 1
    return first, after


def years_covered(periods: Iterable[tuple[str, str]]) -> float:
    """Years inside at least one of the stated periods (both months count), overlaps once; one decimal."""
    covered: set[int] = set()
    for start, end in periods:
        covered.update(range(*_bounds(start, end)))
    return round(len(covered) / 12, 1)
