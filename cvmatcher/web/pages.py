"""A CV's pages as pictures with their words over them, what a search found marked at its place; else as marked text.

Owns the geometry of the marks. Pure, but for the words, which a guarded child reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from cvmatcher import pdf
from cvmatcher.domain import CriterionKind, Need
from cvmatcher.pdf import PageWords, Word
from cvmatcher.vocabulary.folding import stems, tokens
from cvmatcher.web.turnview import Card

MOST_LAYERS = 12  # pages with words over them: more would make a page of megabytes
LONGEST_NAME = 6  # words of a criterion that are looked for as they stand


@dataclass(frozen=True, slots=True)
class Mark:
    """Words to be marked: a criterion's quotation on its page, or the name of what was asked, wherever it stands."""

    criterion_id: str
    text: str
    page: int | None = None  # zero-based; None for a name


@dataclass(frozen=True, slots=True)
class Box:
    """A marked stretch of a row, in points. `id` names the first of a quotation: links lead there."""

    x: float
    y: float
    width: float
    height: float
    quoted: bool
    id: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a page's text; plain without `kind`, which is "quoted" or "matched"."""

    text: str
    kind: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page as the CV tab shows it. Without `words` there is no picture and the text stands for it."""

    number: int  # from 1
    pieces: tuple[Piece, ...]
    words: PageWords | None = None
    boxes: tuple[Box, ...] = ()

    @property
    def is_scan(self) -> bool:
        """A picture whose words only OCR knows: nothing can be marked on it."""
        return self.words is not None and not self.words.rows and any(one.text.strip() for one in self.pieces)


def marks_of(card: Card | None) -> list[Mark]:
    """Quotations first: they win where both would mark the same words."""
    if card is None:
        return []
    quoted = [Mark(one.criterion_id, said.text, said.page) for _, one in card.marks if one for said in one.quotations]
    named = [
        Mark(criterion.id, name)
        for criterion, _ in card.marks
        if criterion.need is not Need.MUST_NOT and criterion.kind is not CriterionKind.YEARS
        for name in {criterion.label} | ({criterion.value} if criterion.kind is not CriterionKind.LANGUAGE else set())
        if 0 < len(stems(name)) <= LONGEST_NAME
    ]
    return quoted + named


def drawn(texts: Sequence[str], marks: Sequence[Mark], words: Sequence[PageWords]) -> tuple[Page, ...]:
    """The pages; `words` are those of the first ones that have a picture."""
    return tuple(_page(number, text, marks, words) for number, text in enumerate(texts))


def _page(number: int, text: str, marks: Sequence[Mark], words: Sequence[PageWords]) -> Page:
    here = [one for one in marks if one.page in {number, None}]
    layer = words[number] if number < len(words) else None
    boxes = tuple(_boxes(here, layer)) if layer else ()
    drawn_ids = {box.id for box in boxes}
    pieces = tuple(Piece(one.text, one.kind, "" if one.id in drawn_ids else one.id) for one in _pieces(text, here))
    return Page(number + 1, pieces, layer, boxes)


async def words_of(data: bytes, count: int) -> list[PageWords]:
    """The words of the first pages of a PDF. [] for other files. Raises Unreadable, Unavailable."""
    return await pdf.page_words(data, range(min(count, MOST_LAYERS))) if pdf.is_pdf(data) else []


# ------------------------------------------------------------------------------------------------- on the picture


def _boxes(marks: Sequence[Mark], page: PageWords) -> Iterator[Box]:
    taken: set[Word] = set()
    for mark in marks:
        places = _named(mark.text, page) if mark.page is None else page.where(mark.text)[:1]
        for place in places:
            free = [word for word in place if word not in taken]
            taken.update(free)
            yield from _stretches(free, page, mark)


def _named(name: str, page: PageWords) -> list[list[Word]]:
    flat = [(stem, word) for word in page.words for stem in stems(word.text)]
    return [[word for _, word in flat[a:b]] for a, b in _runs([stem for stem, _ in flat], stems(name))]


def _runs(found: Sequence[str], wanted: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where `wanted` stands in `found`, as half-open ranges; nothing stands nowhere."""
    for start in range(len(found) - len(wanted) + 1) if wanted else ():
        if tuple(found[start : start + len(wanted)]) == tuple(wanted):
            yield start, start + len(wanted)


def _stretches(words: Sequence[Word], page: PageWords, mark: Mark) -> Iterator[Box]:
    """One box for neighbours of a row."""
    row_of = {word: number for number, row in enumerate(page.rows) for word in row}
    quoted = mark.page is not None
    for number, (_, group) in enumerate(groupby(words, key=lambda word: row_of[word])):
        row = list(group)
        x, y = min(word.x0 for word in row), min(word.y0 for word in row)
        name = f"q-{mark.criterion_id}" if quoted and not number else ""
        yield Box(x, y, max(word.x1 for word in row) - x, max(word.y1 for word in row) - y, quoted, name)


# --------------------------------------------------------------------------------------------------- in the text


def _pieces(text: str, marks: Sequence[Mark]) -> Iterator[Piece]:
    at = 0
    for start, end, mark in _spans(text, marks):
        if start > at:
            yield Piece(text[at:start])
        quoted = mark.page is not None
        yield Piece(text[start:end], "quoted" if quoted else "matched", f"q-{mark.criterion_id}" if quoted else "")
        at = end
    if at < len(text):
        yield Piece(text[at:])


def _spans(text: str, marks: Sequence[Mark]) -> list[tuple[int, int, Mark]]:
    """Where the marks stand, in order, none over another: what comes first in `marks` stays."""
    kept: list[tuple[int, int, Mark]] = []
    for mark in marks:
        for start, end in _found(text, mark):
            if all(end <= other[0] or start >= other[1] for other in kept):
                kept.append((start, end, mark))
    return sorted(kept, key=lambda span: span[0])


def _found(text: str, mark: Mark) -> Iterable[tuple[int, int]]:
    if mark.page is not None:
        place = re.search(r"\s+".join(map(re.escape, mark.text.split())), text)
        return [place.span()] if place and place.group() else []
    words = tokens(text)
    return [(words[a].start, words[b - 1].end) for a, b in _runs([one.stem for one in words], stems(mark.text))]
