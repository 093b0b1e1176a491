"""Sections of a CV: which lines stand under which kind of heading.

Owns the headings of both languages and how they are recognised. Knows nothing of what a section holds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from rapidfuzz import fuzz, process

from cvmatcher.cvparse.lines import Line
from cvmatcher.cvparse.lists import phrases, sections_of, words
from cvmatcher.cvparse.spoken import names_language
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


def split_sections(lines: Sequence[Line], name_at: int = -1) -> list[Section]:
    """The lines under their headings, in order; the first section is the header, perhaps empty.

    `name_at`: index of the line with the person's name; a header starts there too, as below a sidebar.
    """
    shouting = _headings_shout(lines)
    sections = [Section(HEADER)]
    name = lines[name_at] if name_at >= 0 else None
    for line in _side_by_side(lines):
        if line is name and sections[-1].kind != HEADER:
            sections.append(Section(HEADER))
        kinds, rest = _heading(line, sections[-1], shouting)
        if kinds:
            sections.append(Section(kinds[0], line.text, [], kinds[1:]))
        if rest:
            sections[-1].lines.append(Line(rest, line.bullet, line.page, line.gap))
    return sections


def with_whole_headings(lines: Sequence[Line]) -> list[Line]:
    """A heading that a narrow column broke in two ("CENTRES", "D'INTÉRÊT") on one line."""
    whole: list[Line] = []
    for line in lines:
        before = whole[-1] if whole else None
        if before and _is_rest_of_heading(before, line):
            whole[-1] = replace(before, text=f"{before.text} {line.text}")
        else:
            whole.append(line)
    return whole


def _is_rest_of_heading(first: Line, second: Line) -> bool:
    if first.bullet or second.bullet or second.gap or len(first.text) + len(second.text) > 40:
        return False
    alike = first.text.isupper() == second.text.isupper() and (first.text.isupper() or second.text[:1].islower())
    both = bool(kinds_of(first.text) and kinds_of(second.text))
    return alike and not both and _plain(f"{first.text} {second.text}") in _PHRASES


def _side_by_side(lines: Sequence[Line]) -> list[Line]:
    """Two sections under headings on one row ("Formation<tab>Langues"): the left one, then the right one."""
    ordered: list[Line] = []
    right: list[Line] = []
    for line in lines:
        cells = [cell.strip() for cell in line.text.split("\t") if cell.strip()]
        kinds = [kinds_of(cell) for cell in cells]
        if len(cells) >= 2 and kinds[0] and kinds[1]:
            ordered += [*right, replace(line, text=cells[0])]
            right = [replace(line, text=cell) for cell in cells[1:]]
        elif right and ((kinds and kinds[0]) or line.page != right[0].page):
            ordered += [*right, line]
            right = []
        elif right and len(cells) == 2:
            ordered.append(replace(line, text=cells[0]))
            right.append(replace(line, text=cells[1], gap=line.gap or bool(kinds[1])))
        else:
            (right if right and _of_languages(right, line) else ordered).append(line)
    return ordered + right


def _of_languages(column: Sequence[Line], line: Line) -> bool:
    """Whether the column is one of languages and the line names one."""
    return any("languages" in kinds_of(above.text) for above in column) and names_language(line.text)


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
        return ((), text) if weak and shouting and not text.isupper() and not line.gap else (kinds, "")
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
