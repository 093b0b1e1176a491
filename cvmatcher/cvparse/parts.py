"""Header lines of an entry -> their parts: what may be a title, an employer or school, a place.

Owns separators and the look of places. Pure; the gazetteer is a question it is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cvmatcher.cvparse.words import is_country, is_degree, is_region, is_remote, is_school, org_score, title_score

IsPlace = Callable[[str], bool]

_STRONG = re.compile(
    r"[\t\x1f]+|\s{2,}|\s+[|·•∙◦►▪@]\s+|\s*[—]\s*|\s+[-–―]\s+|\s+[-–]\s*$|^\s*[-–]\s+|\s*;\s+|"
    r"\s*City ?, ?State\s*|\s+(?=Company Name\b)|(?<=Company Name)\s+|\s+:\s+|\s:$|:\s+"
)
_AT = re.compile(r"\s+(?:chez|at|@|pour le compte de|auprès de)\s+(?=[A-ZÀ-Ý0-9L])")
_BRACKETS = re.compile(r"\s*[(\[]([^()\[\]]{2,60})[)\]]\s*$")
_EDGE = " \t\x1f,;:|·•–—-/"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a header; `line` is the index of its line, `after_at` when "chez" or "at" stood before it."""

    text: str
    line: int
    after_at: bool = False


def split_parts(header: Sequence[str], is_place: IsPlace) -> tuple[list[Part], str]:
    """(parts, place): the parts in reading order, the place taken out of them ("" when none is named)."""
    parts = [part for number, line in enumerate(header) for part in _strong_parts(line, number)]
    parts, place = _take_place(parts, is_place)
    if len(parts) < 2:
        parts = [piece for part in parts for piece in _at_commas(part)]
    return parts, place


def looks_like_place(text: str, is_place: IsPlace) -> bool:
    """A town the gazetteer knows, "Town, Region", a country, or working from home."""
    text = text.strip(_EDGE)
    if not text or len(text) > 60:
        return False
    if is_remote(text) or is_country(text) or is_place(text):
        return True
    first = text.split(",")[0]
    if title_score(text) >= 1 or is_school(first) or is_degree(first):
        return False
    pieces = [p.strip() for p in re.split(r",|\s[-–]\s|/|\((?=[^)]*\)$)", text) if p.strip(" )")]
    if len(pieces) < 2 or len(pieces) > 4:
        found = re.fullmatch(r"([A-ZÀ-Ý][\w'’À-ÿ -]+?),? \(?(\d{2,5}|2[AB])\)?", text) or re.fullmatch(
            r"(\d{5}) ([A-ZÀ-Ý][\w'’À-ÿ -]+)", text
        )
        return bool(found) and org_score(text) < 0.8
    return (
        bool(is_region(pieces[-1].strip(" )")) or is_place(pieces[0]) or pieces[-1] == "State")
        and org_score(pieces[0]) < 0.8
    )


def _strong_parts(line: str, number: int) -> list[Part]:
    found: list[Part] = []
    for stretch in _STRONG.split(line):
        inner = _BRACKETS.search(stretch)
        outer = stretch[: inner.start()] if inner else stretch
        for i, text in enumerate(_AT.split(outer)):
            if text.strip(_EDGE):
                found.append(Part(text.strip(_EDGE), number, after_at=i > 0))
        if inner and not re.fullmatch(r"(?:e|ne|se|[hfm] ?/ ?[hfm]|[\d ,.%]+)", inner[1], re.IGNORECASE):
            found.append(Part(inner[1].strip(_EDGE), number))
        elif inner and found and outer.strip(_EDGE):
            found[-1] = Part(f"{found[-1].text} ({inner[1]})", number, found[-1].after_at)
    return [part for part in found if part.text]


def _take_place(parts: list[Part], is_place: IsPlace) -> tuple[list[Part], str]:
    """The last part that is a place; else a place behind a part's comma ("Capgemini, Lyon")."""
    for at in range(len(parts) - 1, -1, -1):
        others = len(parts) - 1
        if (
            others
            and looks_like_place(parts[at].text, is_place)
            and not (others == 1 and _employer_in(parts[at].text, is_place))
        ):
            place = parts[at].text
            if at and is_country(place) and looks_like_place(parts[at - 1].text, is_place) and others > 1:
                return parts[: at - 1] + parts[at + 1 :], f"{parts[at - 1].text}, {place}"
            return parts[:at] + parts[at + 1 :], place
    for at in range(len(parts) - 1, -1, -1):
        name, place = _at_last_commas(parts[at].text, is_place)
        if place:
            return [*parts[:at], replace(parts[at], text=name), *parts[at + 1 :]], place
    return parts, ""


def _at_last_commas(text: str, is_place: IsPlace) -> tuple[str, str]:
    """("Capgemini", "Lyon, France") of "Capgemini, Lyon, France"; ("", "") where no place ends the text."""
    pieces = [piece.strip(_EDGE) for piece in text.split(",")]
    taken = 0
    for count in range(1, min(4, len(pieces))):
        tail = ", ".join(pieces[-count:])
        whole = is_place(tail) or is_remote(tail) or (count == 1 and is_country(tail))
        if whole or (count > 1 and looks_like_place(tail, is_place) and (not taken or is_place(pieces[-count]))):
            taken = count
    return (", ".join(pieces[:-taken]), ", ".join(pieces[-taken:])) if taken else ("", "")


def _employer_in(text: str, is_place: IsPlace) -> bool:
    """Whether "X, Singapore" may well be an employer and its country: X is no known town."""
    first, comma, last = text.rpartition(",")
    return bool(comma) and is_country(last) and not is_place(first.strip()) and not is_place(text)


def _at_commas(part: Part) -> list[Part]:
    """As in "Nexus AI, Co-Founder" -> both; a list of three or more is split once, where a title ends or begins."""
    pieces = [p.strip(_EDGE) for p in part.text.split(",") if p.strip(_EDGE)]
    if len(pieces) < 2:
        return [part]
    if len(pieces) == 2:
        return [Part(p, part.line) for p in pieces]
    scores = [title_score(p) for p in pieces]
    cut = 1 if scores[0] >= scores[-1] else len(pieces) - 1
    return [Part(", ".join(pieces[:cut]), part.line), Part(", ".join(pieces[cut:]), part.line)]
