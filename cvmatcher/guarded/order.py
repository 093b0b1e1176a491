"""Words -> lines in the order a person reads them.

Owns the reading order: the page is cut where a gutter runs between two columns (the tallest empty band between text on
both sides, as in recursive XY-cut, Nagy and Seth 1984, but free to begin below a header and to end above a footer).
Left column first. A narrow side whose lines stand beside lines of the other side (dates of a timeline, labels, figures)
is no column: its lines stay with their rows. Knows neither PDF nor colours.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cvmatcher.guarded.words import Word

COLUMN_GAP = 1.5  # in ems: words of one row further apart than this are separated by a tab
NARROW = 0.4  # of both sides together: no wider is a column of dates or labels
GAP = 1.8  # in ems, from baseline to baseline: more sets lines apart
MOST_HEADING_ROWS = 5
MOST_GROUP_ROWS = 4
MOST_DATED_ROWS = 6  # a lower band with dates at one side is no pair of columns
BULLETS = "•●▪■◦‣∙⁃◆◇❖➢➤►▸▶·○□▫✓✔\uf0b7\uf0a7-–*"
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
OPEN_SPAN = re.compile(r"[-–—]|\b(?:à|au|to|until|bis)\b", re.IGNORECASE)
CLOSED_SPAN = re.compile(
    r"\b(?:pr[eé]sent|now|today|current|ongoing|aujourd'hui|jour|cours|actuel\w*)\b", re.IGNORECASE
)
MANY = 3000  # pieces; beyond that a page is no CV, and is read from top to bottom


@dataclass(slots=True)
class Piece:
    """Neighbouring words of one line, without a wide gap."""

    words: list[Word]
    x0: float
    y0: float
    x1: float
    y1: float
    base: float
    size: float
    row: float  # baseline of the row it is read with: its own, or that of the first line of its group
    side: int = 0  # -1, 1: one of a group at the left or right of what it speaks of


@dataclass(slots=True)
class Band:
    """A gutter at `x` with the pieces beside it, from the top of the band to its bottom."""

    left: list[Piece]
    right: list[Piece]
    top: float  # first baseline
    merit: tuple[float, int, float]  # how far both sides run beside each other, pieces, width


def lines_of(words: Sequence[Word]) -> list[str]:
    """The page's lines; "" stands for a vertical gap, a tab for a wide horizontal one."""
    return [_row_text(row) for row in rows_of(words)]


def rows_of(words: Sequence[Word]) -> Iterator[list[Word]]:
    """The page's rows in reading order, an empty one for a vertical gap. Turned text comes last."""
    begun = False
    for part in _cut(list(_pieces([word for word in words if word.upright]))):
        if begun:
            yield []
        yield from _rows_with_gaps(part)
        begun = True
    for piece in _pieces([word for word in words if not word.upright]):
        yield piece.words


def _pieces(words: Sequence[Word]) -> Iterator[Piece]:
    group: list[Word] = []
    for word in words:
        if group and not _continues(group[-1], word):
            yield _piece(group)
            group = []
        group.append(word)
    if group:
        yield _piece(group)


def _continues(last: Word, word: Word) -> bool:
    gap = word.x0 - last.x1
    return last.line == word.line and (not word.upright or abs(gap) < max(last.size, word.size))


def _piece(words: list[Word]) -> Piece:
    return Piece(
        words,
        min(word.x0 for word in words),
        min(word.y0 for word in words),
        max(word.x1 for word in words),
        max(word.y1 for word in words),
        words[0].base,
        max(word.size for word in words),
        words[0].base,
    )


# ------------------------------------------------------------------------------------------------------- columns


def _cut(pieces: list[Piece]) -> Iterator[list[Piece]]:
    """The page's parts in reading order, each to be read row by row."""
    band = _best_band(pieces) if 4 < len(pieces) < MANY else None
    if band is None:
        if pieces:
            yield pieces
        return
    inside = {id(piece) for piece in (*band.left, *band.right)}
    above = [piece for piece in pieces if id(piece) not in inside and piece.base <= band.top]
    below = [piece for piece in pieces if id(piece) not in inside and piece.base > band.top]
    for part in (above, band.left, band.right, below):
        yield from _cut(part)


def _best_band(pieces: list[Piece], *, tables: bool = False) -> Band | None:
    em = _em(pieces)
    ordered = sorted(pieces, key=lambda piece: piece.base)
    best: Band | None = None
    for x in sorted({round(piece.x1 + em * 0.4) for piece in pieces}):
        for band in _bands_at(ordered, x, em, tables=tables):
            if best is None or band.merit > best.merit:
                best = band
    return best


def _em(pieces: list[Piece]) -> float:
    return statistics.median(piece.size for piece in pieces)


def _bands_at(ordered: list[Piece], x: float, em: float, *, tables: bool) -> Iterator[Band]:
    """The stretches of the page in which nothing crosses the gutter at x and both sides are columns, or one table."""
    run: list[Piece] = []
    for piece in [*ordered, None]:
        if piece is not None and (piece.x1 <= x - em * 0.3 or piece.x0 >= x + em * 0.3):
            run.append(piece)
            continue
        band = _band(run, x, em, tables=tables, ended=piece is not None)
        if band is not None:
            yield band
        run = []


def _band(run: list[Piece], x: float, em: float, *, tables: bool, ended: bool) -> Band | None:
    run = _without_header(run, x, em)
    if ended:
        run = _without_next_heading(run, x, em)
    left = [piece for piece in run if piece.x0 < x]
    right = [piece for piece in run if piece.x0 >= x]
    if min(_rows(left), _rows(right)) < 2 or max(_rows(left), _rows(right)) < 3:
        return None
    if (
        not tables
        and max(_rows(left), _rows(right)) < MOST_DATED_ROWS
        and _dated_share(min(left, right, key=_rows)) > 0.3
    ):
        return None
    top = max(left[0].base, right[0].base)
    bottom = min(left[-1].base, right[-1].base)
    if bottom - top < em or _is_one_table(left, right, em) != tables:
        return None
    width = min(piece.x0 for piece in right) - max(piece.x1 for piece in left)
    merit = (round((bottom - top) / em), len(run), width)
    return Band(left, right, min(left[0].base, right[0].base) - em * 0.1, merit)


def _without_header(run: list[Piece], x: float, em: float) -> list[Piece]:
    """Drops the first pieces of a run that stand above the other side and apart from their own: a name over both."""
    sides = [piece.x0 < x for piece in run]
    if len(set(sides)) < 2:
        return run
    start_of_other = sides.index(not sides[0])
    for count in range(start_of_other, 0, -1):
        rest = [piece.base for piece in run[count:] if (piece.x0 < x) == sides[0]]
        above = run[count - 1].base + em * 0.5 < run[start_of_other].base
        if above and (not rest or rest[0] - run[count - 1].base > GAP * em):
            return run[count:]
    return run


def _without_next_heading(run: list[Piece], x: float, em: float) -> list[Piece]:
    """Drops a few last lines of one side, set apart from it, when full lines follow: they are what those belong to."""
    sides = [piece.x0 < x for piece in run]
    if len(set(sides)) < 2:
        return run
    after_other = len(sides) - sides[::-1].index(not sides[-1])
    for number in range(after_other, len(run)):
        if run[number].base - run[number - 1].base > GAP * em and _rows(run[number:]) <= MOST_HEADING_ROWS:
            return run[:number]
    return run


def _rows(pieces: list[Piece]) -> int:
    return len({round(piece.base / 3) for piece in pieces})


def _is_one_table(left: list[Piece], right: list[Piece], em: float) -> bool:
    """Whether the two sides belong together row by row: dates, labels or figures beside what they speak of."""
    few, many = sorted((left, right), key=_rows)
    bases = [piece.base for piece in many]
    # A piece in a gap of the other side (a heading, say) tells nothing.
    few = [piece for piece in few if any(other.y0 < piece.y1 and piece.y0 < other.y1 for other in many)]
    heads = [piece for piece in few if not _wraps(piece, few)]
    beside = sum(any(abs(piece.base - base) < em * 0.2 for base in bases) for piece in heads)
    if not heads or beside < len(heads) * 0.75:
        return False
    if sum(piece.words[0].text[0] in BULLETS for piece in few) > len(few) / 2:
        return False
    usual = _usual_words(few)
    sparse = _rows(few) <= _rows(many) * 0.7
    narrow = _width(few) <= NARROW * _width([*left, *right])
    if narrow and ((usual <= 5 and _dated_share(few) >= 0.5) or (usual <= 3 and sparse)):
        return True
    return beside == len(heads) and max(usual, _usual_words(many)) <= 4


def _wraps(piece: Piece, column: list[Piece]) -> bool:
    """Whether it is the next line of a label above it, as when a span of time wraps: it need not stand beside a row."""
    return any(0 < piece.base - above.base < 1.6 * above.size for above in column)


def _width(pieces: list[Piece]) -> float:
    return max(piece.x1 for piece in pieces) - min(piece.x0 for piece in pieces)


def _usual_words(pieces: list[Piece]) -> float:
    return statistics.median(len(piece.words) for piece in pieces)


def _dated_share(pieces: list[Piece]) -> float:
    """How many of the pieces hold a digit, as a share."""
    return sum(any(char.isdigit() for word in piece.words for char in word.text) for piece in pieces) / len(pieces)


# ---------------------------------------------------------------------------------------------------------- rows


def _rows_with_gaps(pieces: list[Piece]) -> Iterator[list[Word]]:
    _join_groups(pieces)
    rows = _group(pieces)
    pitches = [below[0].row - above[0].row for above, below in pairwise(rows)]
    usual = statistics.median(pitches) if pitches else 0.0
    for number, row in enumerate(rows):
        size = max(piece.size for piece in row)
        if number and pitches[number - 1] > max(1.5 * size, 1.35 * usual):
            yield []
        yield [word for piece in row for word in piece.words]


def _join_groups(pieces: list[Piece]) -> None:
    """Place and dates in two or three lines beside an entry go to the entry's first line, not between its sentences."""
    band = _best_band(pieces, tables=True) if 4 < len(pieces) < MANY else None
    if band is None:
        return
    few = min(band.left, band.right, key=_rows)
    em = _em(pieces)
    groups: list[list[Piece]] = []
    for piece in few:
        if groups and piece.base - groups[-1][-1].base < GAP * em and _goes_on(groups[-1], piece):
            groups[-1].append(piece)
        else:
            groups.append([piece])
    dated = sum(_dated_share(group) > 0 for group in groups)
    if len(groups) < 2 or max(map(_rows, groups)) > MOST_GROUP_ROWS or dated < len(groups) / 2:
        return
    for group in groups:
        for piece in group:
            piece.row, piece.side = group[0].base, -1 if few is band.left else 1
            piece.words[0].wraps = few is band.left and piece is not group[0]


def _goes_on(group: list[Piece], piece: Piece) -> bool:
    """Whether the piece belongs to the group: a second year does so only where a span of time is still open."""
    if not YEAR.search(_text(piece)):
        return True
    before = " ".join(map(_text, group))
    years = len(YEAR.findall(before))
    return years == 0 or (years == 1 and OPEN_SPAN.search(before) is not None and CLOSED_SPAN.search(before) is None)


def _text(piece: Piece) -> str:
    return " ".join(word.text for word in piece.words)


def _group(pieces: list[Piece]) -> list[list[Piece]]:
    rows: list[list[Piece]] = []
    for piece in sorted(pieces, key=lambda piece: (piece.row, piece.x0)):
        if rows and piece.row - rows[-1][0].row < 0.4 * min(piece.size, rows[-1][0].size):
            rows[-1].append(piece)
        else:
            rows.append([piece])
    for row in rows:
        row.sort(key=lambda piece: (piece.side, piece.base if piece.side else 0.0, piece.x0))
    return rows


def _row_text(row: list[Word]) -> str:
    parts = [row[0].text] if row else []
    for last, word in pairwise(row):
        parts += (_between(last, word), word.text)
    return "".join(parts)


def _between(last: Word, word: Word) -> str:
    """What stands between two words of a row: nothing where one word changes its style midway."""
    if word.glued and last.line == word.line:
        return ""
    size = max(last.size, word.size)
    if word.upright and abs(word.base - last.base) > 0.6 * size:  # the next line of a group
        return " " if word.wraps else "\t"
    return "\t" if word.upright and word.x0 - last.x1 > COLUMN_GAP * size else " "
