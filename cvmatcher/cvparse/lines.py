"""Lines of a CV, cleaned for reading by rules.

Owns what is noise between characters and words: bullets, icons, spaced-out capitals, broken words, page footers, dates
cut in two. Knows no section.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from cvmatcher.career import GONE, find_date, find_range, without_durations

_ICONS = re.compile("[\ue000-\uf8ff\U000f0000-\U0010ffff\ufeff\u200b-\u200f\u2060\ufe0f]+")
_BULLET = re.compile(
    r"^\s*(?:[•·∙◆◇◦‣▪▫■□●○◉►▶➢➤➔➜✓✔✦❖⁃∗★☆⬤⚫§¤\uf0b7\uf0a7\uf0d8](?![\w-]*@)|[-–—*+>»](?=\s)|o(?=\s+[A-ZÀ-Ý]))\s*"
)
_SPACED = re.compile(r"(?:[^\W\d_] ){3,}[^\W\d_](?: |$)")
_FOOTER = re.compile(
    r"(?:page\s*)?\d{1,2}\s*(?:/|of|sur|de)\s*\d{1,2}|page\s*\d{1,2}|[-–—]?\s*\d{1,2}\s*[-–—]?", re.IGNORECASE
)
_NUMBERED = re.compile(r".{0,60}?\s[-–—|]\s(?:page\s*)?\d{1,2}\s*/\s*\d{1,2}", re.IGNORECASE)
_NOTHING = f" (){GONE}"
_BROKEN_LINK = re.compile(r"(?:https?://|www\.|\w\.(?:com|org|net|fr|io)/)\S*[./_-]$")
_LINK_REST = re.compile(r"[a-z0-9][\w./-]{1,40}(?=\s*(?:[|·•,]|/\s|$))")
_TRAILING_RANGE = re.compile(r"(?:[-–—]|\b(?:to|à|au))\s*$")


@dataclass(frozen=True, slots=True)
class Line:
    """One line as a person reads it: without its bullet, which `bullet` remembers. `page` is zero-based.

    A tab stands between cells of one line; `gap`: an empty line stands before it.
    """

    text: str
    bullet: bool = False
    page: int = 0
    gap: bool = False


def read_lines(pages: Iterable[str]) -> list[Line]:
    """Every line that says something, in order."""
    cleaned = [_page_lines(page) for page in pages]
    repeated = _repeated(cleaned)
    lines: list[Line] = []
    for number, page in enumerate(cleaned):
        kept = [text for i, text in enumerate(page) if not _is_footer(text, i, len(page), repeated)]
        lines.extend(_with_bullets(kept, number))
    return _mended([part for line in lines for part in _without_margin(line)])


def _page_lines(page: str) -> list[str]:
    return [_clean(line) for line in page.replace("\r", "\n").split("\n")]


def _clean(line: str) -> str:
    """Icons become bullets-free space; "E X P E R I E N C E" becomes a word."""
    line = _ICONS.sub("  ", line)
    line = re.sub(r"[\u00a0\u2000-\u200a\u202f\u3000]", " ", line).replace("\x00", "")
    line = re.sub(r" {3,}", "\t", line.replace("ï¼", " – ")).strip()
    if _SPACED.match(line + " ") and max(map(len, line.split())) <= 2:
        line = " ".join("".join(word.split(" ")) for word in re.split(r"\t|  +", line))
    return line


def _repeated(pages: list[list[str]]) -> set[str]:
    """What stands at the top or bottom of at least two pages, digits apart."""
    edges = Counter(shape for page in pages for shape in {_shape(t) for t in (page[:2] + page[-2:]) if t})
    return {shape for shape, times in edges.items() if times >= 2 and len(pages) >= 2}


def _shape(text: str) -> str:
    return re.sub(r"\d+", "#", text)


def _is_footer(text: str, at: int, of: int, repeated: set[str]) -> bool:
    """Page numbers anywhere at an edge; what repeats, only at the bottom (the top of the first page is the header)."""
    at_edge = at < 2 or at >= of - 2
    if at_edge and (_FOOTER.fullmatch(text) or _NUMBERED.fullmatch(text)):
        return True
    return at >= of - 2 and at > 3 and "/" in text and _shape(text) in repeated


def _with_bullets(texts: list[str], page: int) -> Iterator[Line]:
    """A bullet that stands alone belongs to the next line."""
    waiting, gap = False, False
    for text in texts:
        if not text:
            gap = True
            continue
        found = _BULLET.match(text)
        rest = text[found.end() :] if found else text
        if not rest.strip():
            waiting = True
            continue
        yield Line(rest.strip(), bool(found) or waiting, page, gap)
        waiting = gap = False


def _without_margin(line: Line) -> Iterator[Line]:
    """Dates of a margin that share a row with a description get their own line above it; durations go."""
    text, _, cell = line.text.rpartition("\t")
    if not text.strip():
        yield line
        return
    span = find_range(cell)
    alone = span is not None and not without_durations(cell[: span.at[0]] + cell[span.at[1] :]).strip(_NOTHING)
    if alone and (line.bullet or len(text) > 60):
        yield Line(cell.strip(), False, line.page, line.gap)
        yield Line(text.strip(), line.bullet, line.page)
    elif not without_durations(cell).strip(_NOTHING):
        yield Line(text.strip(), line.bullet, line.page, line.gap)
    else:
        yield line


def _mended(lines: list[Line]) -> list[Line]:
    """Words broken at a line's end by a soft hyphen and ranges broken at their dash are put together again."""
    mended: list[Line] = []
    for line in lines:
        before = mended[-1] if mended else None
        if before and _BROKEN_LINK.search(before.text) and _LINK_REST.match(line.text):
            mended[-1] = replace(before, text=before.text + line.text)
        elif before and before.text.endswith("\u00ad"):
            mended[-1] = replace(before, text=before.text[:-1] + line.text)
        elif before and not line.bullet and (rows := _margin_range(before.text, line.text)):
            mended[-1] = replace(before, text=rows[0])
            mended += [replace(line, text=rows[1])] if rows[1] else []
        else:
            mended.append(line)
    return [replace(line, text=line.text.replace("\u00ad", "")) for line in mended]


def _margin_range(first: str, second: str) -> tuple[str, str] | None:
    """Two rows whose first cells make one range ("Sept 2018 –", "May 2023"), with the range whole in the first row."""
    start, tab, title = first.partition("\t")
    end, _, rest = second.partition("\t")
    if len(start) > 40 or len(end) > 30 or find_range(start) or (len(end) > 20 and not tab):
        return None
    joined = find_range(f"{start} {end}") if find_date(f"{start} {end}") else None
    if joined is None or joined.at[0] > 3 or joined.at[1] < len(start) + len(end):
        return None
    if not tab and not (_TRAILING_RANGE.search(start) and find_date(start)):
        return None
    return f"{start} {end}{tab}{title}", rest
