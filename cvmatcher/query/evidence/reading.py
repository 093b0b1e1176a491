"""A CV cut into lines for judging, and the words of it that are quoted.

Owns what a line is (a sentence, where a line holds several) and how much of it a quotation shows. Lines that read like
an instruction to a judge are left out: they show nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from cvmatcher.cvparse.sections import kinds_of
from cvmatcher.domain import LanguageLevel, Profile, VerdictState
from cvmatcher.quotations import goes_on, reads_like_an_order
from cvmatcher.vocabulary import words
from cvmatcher.vocabulary.folding import Token, fold, stems, tokens

MET, PARTLY, NOT_FOUND = VerdictState.MET, VerdictState.PARTLY, VerdictState.NOT_FOUND
LONGEST_QUOTATION = 200  # characters
LONG = 120  # characters: a longer line may hold several sentences
_SENTENCE_END = re.compile(r"(?<=\w\w\w[.!?])\s+(?=[A-ZÀ-Ý])|(?<=\)[.!?])\s+(?=[A-ZÀ-Ý])")


@dataclass(frozen=True, slots=True)
class Finding:
    """A state with the words of the CV that show it; "" only for not found.

    `also`: further words, where it takes several to show it; `years`: what code summed up from all of them; `level`:
    what words that state no level of a language come near.
    """

    state: VerdictState
    quotation: str = ""
    also: tuple[str, ...] = ()
    years: float | None = None
    level: LanguageLevel | None = None

    @property
    def quotations(self) -> tuple[str, ...]:
        return (self.quotation, *self.also) if self.quotation else ()


NOTHING = Finding(NOT_FOUND)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page, white space normalised. `before`: the line above, where this one goes on in its sentence."""

    text: str
    words: tuple[Token, ...]
    stems: tuple[str, ...]
    before: str = ""

    def up_to(self, start: int) -> str:
        """What the sentence says, folded, before the character at `start`."""
        return fold(f"{self.before} {self.text[:start]}" if self.before else self.text[:start])


@dataclass(frozen=True)
class CV:
    """A profile and its pages, cut into lines once. Lines that read like orders are left out."""

    profile: Profile
    lines: tuple[Line, ...]
    places_of: dict[str, list[int]] = field(default_factory=dict)  # stem -> numbers of lines

    def with_stem(self, stem: str) -> list[int]:
        return self.places_of.get(stem, [])


def read(profile: Profile, pages: tuple[str, ...]) -> CV:
    """The CV ready for judging. Cutting it costs a millisecond or two and is kept for the CVs judged last."""
    lines, index = _lines(pages)
    return CV(profile, lines, index)


@lru_cache(maxsize=600)
def _lines(pages: tuple[str, ...]) -> tuple[tuple[Line, ...], dict[str, list[int]]]:
    lines: list[Line] = []
    index: dict[str, list[int]] = {}
    for page in pages:
        above = ""
        for text in _sentences(page):
            before, above = (above if goes_on(above, text) else ""), text
            if reads_like_an_order(text):
                continue
            lines.append(line_of(text, before))
            for stem in set(lines[-1].stems):
                index.setdefault(stem, []).append(len(lines) - 1)
    return tuple(lines), index


# What stands in a mail address or a link says nothing of a person: "git.example.org", "r.martin@example.org".
_ADDRESS = re.compile(r"\S+@\S+|(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,6}/\S+", re.IGNORECASE)


def _outside_addresses(text: str) -> Iterator[Token]:
    spans = [match.span() for match in _ADDRESS.finditer(text)]
    return (word for word in tokens(text) if not any(start <= word.start < end for start, end in spans))


_OPENERS = frozenset(["experience", "education", "languages", "summary", "contact", "interests"])
_BULLETS = "•-–—*▪●◦‣·"


def _opens_a_section(raw: str) -> bool:
    """Whether the line is a heading, or several side by side: "Formation" teaches nobody anything."""
    cells = [cell for cell in raw.split("\t") if cell.strip()]
    return not raw.lstrip().startswith(tuple(_BULLETS)) and all(_OPENERS & {*kinds_of(cell)} for cell in cells)


def _sentences(page: str) -> Iterator[str]:
    """The page's lines with white space normalised; long ones sentence by sentence, for prose has few lines.

    Headings are left out.
    """
    for raw in page.splitlines():
        text = " ".join(raw.split())
        if text and not _opens_a_section(raw):
            yield from _SENTENCE_END.split(text) if len(text) > LONG else (text,)


def line_of(text: str, before: str = "") -> Line:
    cut = tuple(_outside_addresses(text))
    return Line(text, cut, tuple(word.stem for word in cut), before)


def is_bullet(line: Line) -> bool:
    """Whether the line is an item of a list: what was done in a job, rather than the job."""
    return line.text.startswith(tuple(_BULLETS))


def cut_line(line: Line, first: int, last: int, longest: int = LONGEST_QUOTATION) -> str:
    """The line, or as much of it around words first..last as `longest` characters hold."""
    if len(line.text) <= longest:
        return line.text
    start, end = line.words[first].start, line.words[last].end
    room = max(0, (longest - (end - start)) // 2)
    left = max(0, start - room)
    right = min(len(line.text), end + room)
    left = (
        line.text.find(" ", left) + 1
        if 0 < left < start and " " in line.text[left:start]
        else (0 if left == 0 else start)
    )
    right = (
        line.text.rfind(" ", end, right)
        if right < len(line.text) and " " in line.text[end:right]
        else (right if right == len(line.text) else end)
    )
    return line.text[left:right].strip()


def phrase(cv: CV, key: tuple[str, ...]) -> Iterator[tuple[Line, int]]:
    """Lines where the stems stand in a row, and where in the line."""
    if not key:
        return
    rarest = min(key, key=lambda stem: len(cv.with_stem(stem)))
    for number in cv.with_stem(rarest):
        line = cv.lines[number]
        for at in range(len(line.stems) - len(key) + 1):
            if line.stems[at : at + len(key)] == key:
                yield line, at
                break


def quote(cv: CV, names: Iterable[str], *, exact: bool = False) -> str:
    """The first line that holds one of the names; `exact`: with its capitals."""
    for name in names:
        key = stems(name)
        for line, at in phrase(cv, key):
            start, end = line.words[at].start, line.words[at + len(key) - 1].end
            if not exact or line.text[start:end] == name:
                return cut_line(line, at, at + len(key) - 1)
    return ""


def quote_value(cv: CV, *values: str) -> str:
    """The line that holds most of a profile's own value, e.g. an experience's title."""
    for value in values:
        if value and (found := quote(cv, [value])):
            return found
    for value in values:
        wanted = set(stems(value))
        numbers = {n for stem in wanted for n in cv.with_stem(stem)}
        best = max(numbers, key=lambda n: (len(wanted & set(cv.lines[n].stems)), -n), default=None)
        if best is not None and len(wanted & set(cv.lines[best].stems)) * 2 >= len(wanted):
            line = cv.lines[best]
            at = next(i for i, stem in enumerate(line.stems) if stem in wanted)
            return cut_line(line, at, at)
    return ""


def found(state: VerdictState, quotation: str) -> Finding:
    """Without words of the CV there is no reason to show, so nothing counts as found."""
    return Finding(state, quotation) if quotation else NOTHING


_SMALL = words.of("small")


@lru_cache(maxsize=4096)
def content_stems(text: str) -> tuple[str, ...]:
    """The stems of a text's words that say something."""
    return tuple(token.stem for token in tokens(text) if token.text not in _SMALL)


def holds(held: Sequence[str], key: tuple[str, ...]) -> bool:
    """Whether the stems of `key` stand in a row in `held`."""
    return bool(key) and any(tuple(held[at : at + len(key)]) == key for at in range(len(held) - len(key) + 1))
