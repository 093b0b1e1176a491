"""Entries of a section: which lines make one job or one degree, by where its dates stand.

Owns the layouts: dates beside, before, after or far below a title. Says nothing of what the header lines mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from cvmatcher.career import GONE, Span, cut, find_date, find_range, without_durations
from cvmatcher.cvparse.lines import Line
from cvmatcher.cvparse.words import is_about_employer, org_score, starts_like_a_sentence, title_score
from cvmatcher.folding import fold

_MAX_HEADER = 4
_ABBREVIATED = re.compile(
    r"(?:\b(?:inc|ltd|corp|co|llc|sa|sr|jr|dept|univ|etc|s\.a|b\.?s|m\.?s|m\.? ?sc|b\.? ?sc|ph\.? ?d|st|cie)|\b\w)\.$",
    re.IGNORECASE,
)
_EDGE = f" \t{GONE},;:|·•–—-()[]/"


@dataclass(slots=True)
class Entry:
    """`header` holds the lines that name the entry, dates cut out (`GONE` stands there); `body` the rest."""

    span: Span | None = None
    header: list[str] = field(default_factory=list)
    body: list[Line] = field(default_factory=list)
    far_below: list[str] = field(default_factory=list)  # header lines that stood with dates below the body


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A line that carries an entry's dates; `rest` is what else it says."""

    at: int
    span: Span
    rest: str


def split_entries(
    lines: Sequence[Line], names: Callable[[str], float], partner: Callable[[str], bool] = lambda _: False
) -> list[Entry]:
    """The entries of a section in order; without any date, [] (the caller knows what else may tell entries apart).

    `names`: how much a text looks like what every header has, a job title or a degree; 0 is not at all. `partner`:
    whether a text surely is what stands with it, a school.
    """
    anchors = _anchors(lines)
    if not anchors:
        return []
    if _dates_close_entries(lines, anchors):
        return list(_closed_by_dates(lines, anchors))
    return list(_opened_by_dates(lines, anchors, names, partner))


def is_body(line: Line) -> bool:
    """Surely a description: a bullet, a sentence, a long line."""
    text = line.text
    if line.bullet or len(text) > 110 or is_about_employer(text):
        return True
    if text.endswith((".", ";", "!", "?", ":")) and not _ABBREVIATED.search(text):
        return True
    return text[:1].islower() or (len(text) > 45 and starts_like_a_sentence(text) and title_score(text) < 1)


# ------------------------------------------------------------------------------------------------------------ anchors


def _anchors(lines: Sequence[Line]) -> list[_Anchor]:
    ranges = [a for i, line in enumerate(lines) if (a := _range_anchor(i, line))]
    singles = [a for i, line in enumerate(lines) if (a := _single_anchor(i, line)) and not _near(a, ranges)]
    if ranges and len(singles) > len(ranges):
        singles = [a for a in singles if not a.rest]
    found = sorted([*ranges, *singles], key=lambda a: a.at)
    bulleted = [a for a in found if lines[a.at].bullet]
    return found if len(bulleted) == len(found) else [a for a in found if not lines[a.at].bullet or a.span.at[0] == 0]


def _near(anchor: _Anchor, others: Sequence[_Anchor]) -> bool:
    """A single date directly at a range's line is more of the same entry ("2019 – 2021", then "Master, 2021")."""
    return any(abs(anchor.at - other.at) <= 1 and not (anchor.rest and other.rest) for other in others)


def _range_anchor(at: int, line: Line) -> _Anchor | None:
    span = find_range(line.text)
    if span is None:
        return None
    rest = cut(line.text, span)
    words = rest.strip(_EDGE)
    if not words:
        return _Anchor(at, span, "")
    before, _, after = rest.partition(GONE)
    inside = before.strip(_EDGE) and after.strip(_EDGE)
    if len(words) > 120 or line.text[:1].islower() or (inside and len(words) > 60 and "\t" not in line.text):
        return None
    if line.text.endswith(".") and not _ABBREVIATED.search(line.text) and len(words.split()) > 7:
        return None
    if line.bullet and before.strip(_EDGE) and after.strip(_EDGE):
        return None
    return _Anchor(at, span, rest)


def _single_anchor(at: int, line: Line) -> _Anchor | None:
    """A lone date counts when the line is nothing else, or when it stands apart at one of the line's ends."""
    span = None if line.bullet else find_date(line.text)
    if span is None or span.start is None or find_range(line.text):
        return None
    rest = cut(line.text, span)
    words = rest.strip(_EDGE)
    if not words:
        return _Anchor(at, span, "")
    before, _, after = rest.partition(GONE)
    if (before.strip(_EDGE) and after.strip(_EDGE)) or len(words) > 100 or is_body(Line(words.capitalize())):
        return None
    first, last = span.at
    apart = line.text[:first].rstrip()[-1:] in set(",(|·–—-:") and not line.text[last:].strip(_EDGE)
    apart = apart or (not line.text[:first].strip(_EDGE) and line.text[last:].lstrip()[:1] in set(")|·–—-:,\t"))
    apart = apart or "\t" in line.text or (len(span.start) > 4 and len(words.split()) <= 8)
    starts = not before.strip(_EDGE) and len(words.split()) <= 10 and not starts_like_a_sentence(words)
    return _Anchor(at, span, rest) if apart or starts else None


# ------------------------------------------------------------------------------------------------- dates below the body


def _dates_close_entries(lines: Sequence[Line], anchors: Sequence[_Anchor]) -> bool:
    """Whether each entry's dates stand below its body, as a right-hand column read last does."""
    closing = 0
    for number, anchor in enumerate(anchors):
        start = anchors[number - 1].at + 1 if number else 0
        between = lines[start : anchor.at]
        if anchor.rest.strip(_EDGE) or not any(is_body(line) for line in between) or not between or is_body(between[0]):
            continue
        closing += 1
    tail = [line for line in lines[anchors[-1].at + 1 :] if without_durations(line.text).strip(_EDGE)]
    return (
        closing >= max(1, 0.6 * len(anchors))
        and len(tail) <= 1
        and closing + 1 >= len(anchors)
        and _first_closes(lines, anchors)
    )


def _first_closes(lines: Sequence[Line], anchors: Sequence[_Anchor]) -> bool:
    """The first date has a header and a body above it: an introduction alone would have no header."""
    above = lines[: anchors[0].at]
    return any(is_body(line) for line in above) and bool(above) and not is_body(above[0])


def _closed_by_dates(lines: Sequence[Line], anchors: Sequence[_Anchor]) -> Iterator[Entry]:
    start = 0
    for anchor in anchors:
        block = [line for line in lines[start : anchor.at] if without_durations(line.text).strip(_EDGE)]
        first_body = next((i for i, line in enumerate(block) if is_body(line)), len(block))
        last_body = max((i for i, line in enumerate(block) if is_body(line)), default=first_body - 1)
        last_body = _with_wrapped(block, last_body)
        head, body, below = block[:first_body], block[first_body : last_body + 1], block[last_body + 1 :]
        yield Entry(
            anchor.span, [line.text for line in head], list(body), [line.text for line in below] + _said(anchor)
        )
        start = anchor.at + 1


def _with_wrapped(block: Sequence[Line], last_body: int) -> int:
    """The index of the body's real last line: a bullet's second line carries no bullet."""
    width = max((len(line.text) for line in block), default=0)
    while (
        0 <= last_body < len(block) - 1
        and _runs_on(block[last_body], block[last_body + 1], width)
        and last_body + 2 < len(block)
    ):
        last_body += 1
    return last_body


def _runs_on(first: Line, second: Line, width: int) -> bool:
    """Whether `second` is the rest of `first`, which was too long for its line of about `width` characters."""
    if second.bullet or first.text.endswith((".", ";", "!", "?")):
        return False
    if second.text[:1].islower() or first.text.endswith((",", " and", " et", " de", " of", " the", "-")):
        return True
    word = second.text.split(maxsplit=1)[0] if second.text else ""
    return len(first.text) + len(word) >= 0.92 * width and len(first.text) > 60


# ---------------------------------------------------------------------------------------------- dates beside the header


def _opened_by_dates(
    lines: Sequence[Line], anchors: Sequence[_Anchor], names: Callable[[str], float], partner: Callable[[str], bool]
) -> Iterator[Entry]:
    above = _lines_above(lines, anchors)
    starts = [_start_of(lines, anchors, number, above) for number in range(len(anchors))]
    ends = [*starts[1:], len(lines)]
    for anchor, start, end in zip(anchors, starts, ends, strict=True):
        head = _rejoined([line.text for line in lines[start : anchor.at]] + _said(anchor))
        if start and start == starts[0] and not any(map(names, head)):
            head = _stray_header(lines[:start], names) + head
        taken = _header_below(lines[anchor.at + 1 : end], head, names, partner)
        body = [line for line in lines[anchor.at + 1 + len(taken) : end] if without_durations(line.text).strip(_EDGE)]
        yield Entry(anchor.span, [*head, *taken], body)


def _rejoined(head: Sequence[str]) -> list[str]:
    """A header that runs on in a second line, which starts in lower case, on one line."""
    whole: list[str] = []
    for text in head:
        if whole and text[:1].islower() and "\t" not in whole[-1] and GONE not in whole[-1]:
            whole[-1] = f"{whole[-1]} {text}"
        else:
            whole.append(text)
    return whole


def _stray_header(lines: Sequence[Line], names: Callable[[str], float]) -> list[str]:
    """The last line above the first entry that names one, though other lines came between them."""
    return [line.text for line in lines if not is_body(line) and len(line.text) <= 70 and names(line.text) >= 1][-1:]


def _said(anchor: _Anchor) -> list[str]:
    return [anchor.rest] if anchor.rest.strip(_EDGE) else []


def _lines_above(lines: Sequence[Line], anchors: Sequence[_Anchor]) -> int:
    """How many header lines stand above the dates: what the first entry shows, since nothing comes before it."""
    anchor = anchors[0]
    count = 0
    while count < min(3, anchor.at):
        if is_body(lines[anchor.at - count - 1]) or _opens_block(lines, anchor.at - count, anchor):
            break
        count += 1
    return count


def _opens_block(lines: Sequence[Line], at: int, anchor: _Anchor) -> bool:
    """An empty line stands before line `at`, and the entry may begin with it: more than bare dates."""
    return lines[at].gap and (at < anchor.at or bool(anchor.rest.strip(_EDGE)))


def _start_of(lines: Sequence[Line], anchors: Sequence[_Anchor], number: int, above: int) -> int:
    """Index of the first line of entry `number`: up to `above` lines before its dates, none of them a description."""
    anchor = anchors[number]
    floor = anchors[number - 1].at + 1 if number else 0
    start = _block_start(lines, anchor, floor)
    if start is not None:
        return start
    start = anchor.at
    while start > floor and anchor.at - start < above:
        line = lines[start - 1]
        if is_body(line) or not without_durations(line.text).strip(_EDGE) or _opens_block(lines, start, anchor):
            break
        start -= 1
    return start


def _block_start(lines: Sequence[Line], anchor: _Anchor, floor: int) -> int | None:
    """Where the entry starts when an empty line says so: a few header lines above the dates and nothing else."""
    for at in range(anchor.at, max(floor, anchor.at - 3) - 1, -1):
        if is_body(lines[at]) and at != anchor.at:
            return None
        if _opens_block(lines, at, anchor):
            return at
    return None


def _header_below(
    lines: Sequence[Line], head: Sequence[str], names: Callable[[str], float], partner: Callable[[str], bool]
) -> list[str]:
    """Header lines right below the dates, as long as something is still missing from `head`."""
    taken: list[str] = []
    bulleted = any(line.bullet for line in lines)
    for at, line in enumerate(lines[:4]):
        text = without_durations(line.text).strip(_EDGE)
        if not text:
            taken.append("")
            continue
        known = [*head, *[t for t in taken if t]]
        if is_body(line) or len(known) >= _MAX_HEADER or len(text) > 90 or (line.gap and len(known) > 1):
            break
        wanted = _incomplete(known, names) or (bulleted and len(known) < 3 and _only_heads(lines[at : at + 3]))
        wanted = wanted or (partner(text) and len(known) < 3 and not any(map(partner, known)))
        if not wanted or _describes(line, known):
            break
        taken.append(line.text)
    return taken


def _incomplete(known: Sequence[str], names: Callable[[str], float]) -> bool:
    """Fewer than two parts so far, or two without any that `names` knows among them."""
    parts = [
        part for text in known for part in re.split(r"[\t\x1f]|\s[-–—|·@]\s|, | chez | at ", text) if part.strip(_EDGE)
    ]
    if len(parts) < 2:
        return True
    return len(known) < 3 and not any(names(part) for part in parts)


def _only_heads(lines: Sequence[Line]) -> bool:
    """From here only short lines until the first bullet, and soon."""
    for line in lines:
        if line.bullet:
            return True
        if is_body(line) or len(line.text) > 70:
            return False
    return False


def _describes(line: Line, known: Sequence[str]) -> bool:
    """A short line that starts like a description, when there is a header already."""
    if not known:
        return False
    names = title_score(line.text) >= 1 or org_score(line.text) >= 0.8
    return starts_like_a_sentence(line.text) and not names and not fold(line.text).startswith(("the ", "i "))
