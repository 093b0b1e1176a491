"""Degrees of a CV: degree, school, place and dates of each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cvmatcher.career import Span
from cvmatcher.cvparse.entries import Entry, is_body, split_entries
from cvmatcher.cvparse.lines import Line
from cvmatcher.cvparse.parts import IsPlace, Part, split_parts
from cvmatcher.cvparse.words import is_degree, is_school
from cvmatcher.domain import Education
from cvmatcher.vocabulary import places

_TOWN_LEAST = 50_000  # people; the names of smaller ones are also names of saints and poets, as schools have them
_NOTE = re.compile(
    r"^(?:gpa|mention|grade|thesis|these|memoire|advisor|honou?rs|dean'?s list|coursework|minor|option|with )\b",
    re.IGNORECASE,
)
_DEGREE_THEN_SCHOOL = re.compile(
    r"(ph\.?d\.?|m\.?sc?\.?|b\.?sc?\.?|b\.?a\.?|m\.?a\.?|mba|bachelor|master|licence|bts|dut|doctorat)\s+"
    r"((?:\S+\s+){0,3}(?:university|université|college|school|institute)\b.*)",
    re.IGNORECASE,
)


def study_entries(lines: Sequence[Line]) -> list[Entry]:
    """The entries of a section of degrees, in its order."""
    return split_entries(lines, is_degree, is_school) or _undated(lines)


def degree_of(entry: Entry, is_place: IsPlace) -> Education | None:
    """One entry as a degree; None when it names neither a degree nor a school."""
    parts, place = split_parts([*entry.header, *entry.far_below], is_place)
    parts = [p for part in parts for p in _apart(part)]
    school = next((i for i in _schools_first(parts)), None)
    degrees = [part.text for i, part in enumerate(parts) if i != school and not _NOTE.match(part.text)]
    start, end = _dates(entry.span)
    study = Education(
        degree=_degree(degrees),
        school=_tidy(parts[school].text) if school is not None else "",
        place=_tidy(place) or (town_in(parts[school].text) if school is not None else ""),
        start=start,
        end=end,
    )
    return study if study.degree or study.school else None


def town_in(school: str) -> str:
    """The town a school's name says ("University of London", "IUT de Nantes"), "" when it says none."""
    towns = [
        school[match.start : match.end]
        for place, match in places.find(school)
        if place.kind == "city" and place.population >= _TOWN_LEAST
    ]
    return next((town for town in reversed(towns) if not is_school(town)), "")


def _dates(span: Span | None) -> tuple[str | None, str | None]:
    """A lone date is when the degree was had."""
    if span is None:
        return None, None
    return (None, span.end) if span.single else (span.start, span.end)


def _apart(part: Part) -> list[Part]:
    """As in "Master Finance, Université Lyon 2" holds both: cut at the comma between them."""
    if found := _DEGREE_THEN_SCHOOL.match(part.text):
        return [Part(found[1], part.line), *_apart(Part(found[2], part.line))]
    if not (is_school(part.text) and "," in part.text):
        return [part]
    pieces = [p.strip() for p in part.text.split(",") if p.strip()]
    kinds = [is_school(p) for p in pieces]
    if len(pieces) < 2 or all(kinds):
        return [part]
    groups: list[tuple[bool, str]] = []
    for text, school in zip(pieces, kinds, strict=True):
        if groups and groups[-1][0] == school and not is_degree(text):
            groups[-1] = (school, f"{groups[-1][1]}, {text}")
        else:
            groups.append((school, text))
    return [Part(text, part.line) for _, text in groups]


def _schools_first(parts: Sequence[Part]) -> list[int]:
    """Indices of what may be the school: named as one and no degree, named as one, the part that is no degree."""
    plain = [i for i, p in enumerate(parts) if is_school(p.text) and not is_degree(p.text)]
    mixed = [i for i, p in enumerate(parts) if is_school(p.text)]
    degrees = [i for i, p in enumerate(parts) if is_degree(p.text)]
    others = [i for i, p in enumerate(parts) if i not in degrees] if degrees and len(parts) > 1 else []
    if not plain and len(mixed) == len(parts) and len(parts) > 1:
        mixed = [i for i in mixed if i != degrees[0]] if degrees else mixed
    if len(parts) == 1:
        return plain
    if not plain and not degrees and len(parts) == 2:
        return [1]
    return plain or mixed or others


def _degree(texts: Sequence[str]) -> str:
    """The degree and its subject; a repeated half ("PhD" beside "PhD in Physics") once."""
    kept: list[str] = []
    for text in map(_tidy, texts):
        if text and not any(text.lower() in other.lower() for other in kept):
            kept = [other for other in kept if other.lower() not in text.lower()] + [text]
    return ", ".join(kept[:3])


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" ,;:|·–—-")


def _undated(lines: Sequence[Line]) -> list[Entry]:
    """Degrees without dates: a line opens one when it names what the open one has already."""
    entries: list[Entry] = []
    has: set[str] = set()
    for line in lines:
        names = {kind for kind, test in (("degree", is_degree), ("school", is_school)) if test(line.text)}
        if (line.bullet and is_body(Line(line.text))) or (not names and (not entries or is_body(line))):
            if entries:
                entries[-1].body.append(line)
            continue
        if not entries or (names & has):
            entries.append(Entry())
            has = set()
        if len(entries[-1].header) < 3:
            entries[-1].header.append(line.text)
        has |= names
    return entries
