"""Sections of a CV: which lines stand under which kind of heading.

Owns the headings of both languages and how they are recognised. Knows nothing of what a section holds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from rapidfuzz import fuzz, process

from cvmatcher.cvparse.lines import Line
from cvmatcher.cvparse.lists import phrases, sections_of, words
from cvmatcher.folding import fold

HEADER = "header"  # what stands before the first heading

_KINDS = tuple(sections_of("headings.txt"))
_PHRASES = {phrase: kind for kind in _KINDS for phrase in phrases("headings.txt", kind)}
# They also stand in lists of skills or tools: believed as headings only when they look like the other headings.
_COMMON = words("common heading")
_LONG = [phrase for phrase in _PHRASES if len(phrase) >= 7]
_ORDER = ("experience", "education", "skills", "languages", "summary")


@dataclass(slots=True)
class Section:
    """`kind` is a key of the headings or HEADER; `also` further kinds of a heading like "Skills & languages"."""

    kind: str
    heading: str = ""
    lines: list[Line] = field(default_factory=list)
    also: tuple[str, ...] = ()

    def holds(self, kind: str) -> bool:
        return kind == self.kind or kind in self.also


def split_sections(lines: Sequence[Line]) -> list[Section]:
    """The lines under their headings, in order; the first section is the header, perhaps empty."""
    shouting = _headings_shout(lines)
    sections = [Section(HEADER)]
    for line in lines:
        kinds, rest = _heading(line, sections[-1], shouting)
        if kinds:
            sections.append(Section(kinds[0], line.text, [], kinds[1:]))
        if rest:
            sections[-1].lines.append(Line(rest, line.bullet, line.page, line.gap))
    return sections


def kinds_of(text: str) -> tuple[str, ...]:
    """The kinds a heading names, () when it is no heading. Spelling may be a little off."""
    return _kinds(_plain(text))


def _headings_shout(lines: Sequence[Line]) -> bool:
    """Whether this CV writes its headings in capitals."""
    sure = [line.text for line in lines if not line.bullet and kinds_of(line.text) and _plain(line.text) not in _COMMON]
    return len(sure) >= 2 and sum(text.isupper() for text in sure) >= 0.7 * len(sure)


def _heading(line: Line, current: Section, shouting: bool) -> tuple[tuple[str, ...], str]:
    """(kinds, what else the line says)."""
    text = line.text
    looks = (
        not line.bullet and len(text) <= 60 and not text[:1].islower() and (text[-1:] != "." or len(text.split()) > 3)
    )
    if looks and (kinds := kinds_of(text)):
        if current.kind == HEADER and len(current.lines) < 4 and _plain(text) in {"resume", "cv", "curriculum vitae"}:
            return (), text
        weak = _plain(text) in _COMMON or (len(kinds) == 1 and current.kind == kinds[0] == "skills")
        return ((), text) if weak and shouting and not text.isupper() else (kinds, "")
    label, colon, rest = text.partition(":")
    if colon and rest.strip() and len(label) <= 40 and (kinds := kinds_of(label)) and _opens(kinds[0], current):
        return kinds, rest.strip()
    return (), text


def _opens(kind: str, current: Section) -> bool:
    """Whether "Label: content" starts a section, or belongs to the one it stands in."""
    if kind == "languages":
        return current.kind in {HEADER, "contact", "other", "summary", "certifications", "education"}
    if kind == "summary":
        return current.kind in {HEADER, "contact"}
    return kind in {"skills", "sectors"} and current.kind in {HEADER, "contact", "other", "summary", "sectors"}


def _plain(text: str) -> str:
    text = re.sub(r"[^\w'’& ]+", " ", fold(text).replace("’", "'"))
    text = re.sub(r"\d+|_", " ", text).replace("&", " and ")
    return " ".join(text.split())


@lru_cache(maxsize=4096)
def _kinds(plain: str) -> tuple[str, ...]:
    if not plain or len(plain.split()) > 6:
        return ()
    plain = plain.replace(" et ", " and ") if plain not in _PHRASES else plain
    for form in (plain, plain.replace(" and ", " et "), plain.replace(" and ", " ")):
        if kind := _PHRASES.get(form):
            return (kind,)
    parts = [_PHRASES.get(part.strip()) for part in re.split(r"\band\b|\bor\b", plain)]
    if len(parts) >= 2 and all(parts):
        return tuple(dict.fromkeys(sorted((p for p in parts if p), key=_rank)))
    if len(plain) >= 7 and (match := process.extractOne(plain, _LONG, scorer=fuzz.ratio, score_cutoff=91)):
        return (_PHRASES[match[0]],)
    return ()


def _rank(kind: str) -> int:
    return _ORDER.index(kind) if kind in _ORDER else len(_ORDER)
