"""A page's words with what decides whether a person sees them: place, size, colour, opacity, how they were drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FILLED, STROKED = 16, 32  # bits of MuPDF's char_flags
MOST_BETWEEN = 200  # words between a word and the same word drawn again


@dataclass(slots=True)
class Word:
    """One word as drawn. Lengths in points, y downwards; `base` is its baseline, `line` MuPDF's line number."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    base: float
    size: float
    colour: int  # 0xRRGGBB
    alpha: int  # 255 is opaque
    painted: bool  # False: render mode 3, ink-less
    line: int
    upright: bool  # runs from left to right
    glued: bool  # follows the word before it without a space: one word that changes its style midway
    wraps: bool = False  # goes on, on a new line, with what a narrow left column began; order.py finds out


def words_of(raw: dict[str, Any]) -> list[Word]:
    """The words of a `rawdict`, in the order of the file; spaces separate, and so does a change of style.

    A word drawn twice at one place, to look bold or to throw a shadow, is one word.
    """
    found: list[Word] = []
    for word in _all_words(raw):
        if not any(_same_place(word, other) for other in found[-MOST_BETWEEN:] if other.text == word.text):
            found.append(word)
    return found


def _same_place(one: Word, other: Word) -> bool:
    near = 0.12 * one.size
    return one.colour == other.colour and abs(one.x0 - other.x0) < near and abs(one.base - other.base) < near


def _all_words(raw: dict[str, Any]) -> list[Word]:
    found: list[Word] = []
    number = 0
    for block in raw["blocks"]:
        for line in block.get("lines", ()):
            number += 1
            glued = False
            for span in line["spans"]:
                for letters in _runs(span["chars"]):
                    if letters is None:
                        glued = False
                    else:
                        found.append(_word(letters, span, number, upright=line["dir"][0] > 0.9, glued=glued))
                        glued = True
    return found


def _runs(chars: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]] | None]:
    """Letters without a space between them; None for each space."""
    letters: list[dict[str, Any]] = []
    for char in chars:
        if not char["c"].isspace():
            letters.append(char)
            continue
        if letters:
            yield letters
            letters = []
        yield None
    if letters:
        yield letters


def _word(letters: list[dict[str, Any]], span: dict[str, Any], line: int, *, upright: bool, glued: bool) -> Word:
    boxes = [letter["bbox"] for letter in letters]
    return Word(
        text="".join(letter["c"] for letter in letters),
        x0=min(box[0] for box in boxes),
        y0=min(box[1] for box in boxes),
        x1=max(box[2] for box in boxes),
        y1=max(box[3] for box in boxes),
        base=letters[0]["origin"][1],
        size=span["size"],
        colour=span["color"],
        alpha=span["alpha"],
        painted=bool(span["char_flags"] & (FILLED | STROKED)),
        line=line,
        upright=upright,
        glued=glued,
    )
