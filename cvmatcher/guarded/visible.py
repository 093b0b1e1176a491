"""Which of a page's words a person sees. Runs inside the guarded child only.

Owns the judgement, and makes it as an eye would: the page is drawn as it is and again without its text, and a word is
seen where the two pictures differ. So white on white, transparent, covered, clipped, off the page or on a layer that is
off are all the same case: nothing shows. White on a dark sidebar shows. Two more questions need no picture: size, and
whether the word lies under another.

A page that is one picture with a text layer nobody sees is a scan that went through OCR: its words are taken as seen
where the picture shows something. What such a layer says need not be what the picture says; README and
docs/reliability.md name that risk.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cvmatcher.guarded import mupdf
from cvmatcher.guarded.mupdf import pymupdf
from cvmatcher.guarded.words import Word

SMALLEST = 2.0  # points; nobody reads what is no larger
CONTRAST = 30  # of 255, in the channel that differs most: #e1e1e1 on white is the limit
SCALE = 1.5  # pixels per point
MOST_PIXELS = 3_000_000  # of one picture
LARGE_PICTURE = 40_000  # square points, 50 cm²: a portrait or a logo is smaller
SCAN_SHARE = 0.5  # of the page that pictures cover when it is a scan
MANY = 4000  # words; beyond that overlaps are not looked for

Pixels = NDArray[np.uint8]  # (height, width, 3)
Difference = NDArray[np.uint8]  # (height, width)
Boxes = NDArray[np.float64]  # (words, 4): x0, y0, x1, y1 in points


def sort_out(page: Any, written: Sequence[Word], filled_in: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    """(words seen, words not seen). `written` is the page's own text, `filled_in` that of form fields and notes on it.

    Takes the text off the page while it works.
    """
    width, height = page.rect.width, page.rect.height
    scale = min(SCALE, math.sqrt(MOST_PIXELS / max(1.0, width * height)))
    seen: list[Word] = []
    unseen: list[Word] = []
    as_it_is = _picture(page, scale)
    for words, without in ((filled_in, _without_notes), (written, _without_text)):
        if words:
            bare = without(page, scale)
            shows = _judge(page, words, as_it_is, bare, scale)
            seen.extend(word for word, is_seen in zip(words, shows, strict=True) if is_seen)
            unseen.extend(word for word, is_seen in zip(words, shows, strict=True) if not is_seen)
    mupdf.check_memory(mupdf.warnings())
    return seen, unseen


def _judge(page: Any, words: Sequence[Word], as_it_is: Pixels, bare: Pixels, scale: float) -> NDArray[np.bool_]:
    boxes = np.array([_box(word) for word in words])
    possible = _on_page(boxes, page.rect.width, page.rect.height) & np.array([_is_large_enough(word) for word in words])
    shows: NDArray[np.bool_] = _shows(_difference(as_it_is, bare), boxes * scale) & possible
    for number in _overlapping(boxes, words):
        shows[number] &= _has_own_colour(words[number], boxes[number] * scale, as_it_is, bare)
    if shows.sum() <= 0.1 * len(words) and is_picture(page):
        shows |= _shows(_roughness(bare), boxes * scale) & possible
    return shows


def _without_notes(page: Any, scale: float) -> Pixels:
    return _picture(page, scale, annotations=False)


def _without_text(page: Any, scale: float) -> Pixels:
    """The same picture without the page's own text; pictures, lines, fields and notes stay."""
    page.add_redact_annot(
        pymupdf.Rect(-1000, -1000, 1000 + page.rect.x1, 1000 + page.rect.y1), fill=False, cross_out=False
    )
    page.apply_redactions(
        images=pymupdf.PDF_REDACT_IMAGE_NONE,
        graphics=pymupdf.PDF_REDACT_LINE_ART_NONE,
        text=pymupdf.PDF_REDACT_TEXT_REMOVE,
    )
    return _picture(page, scale)


def _picture(page: Any, scale: float, *, annotations: bool = True) -> Pixels:
    matrix = pymupdf.Matrix(scale, scale)
    return _pixels(page.get_pixmap(matrix=matrix, alpha=False, annots=annotations, colorspace=pymupdf.csRGB))


def _pixels(picture: Any) -> Pixels:
    flat = np.frombuffer(picture.samples, np.uint8).reshape(picture.height, picture.stride)
    return flat[:, : picture.width * 3].reshape(picture.height, picture.width, 3)


def _difference(one: Pixels, other: Pixels) -> Difference:
    """Of each pixel, in the channel that differs most."""
    apart = np.maximum(one, other) - np.minimum(one, other)
    most: Difference = np.maximum(np.maximum(apart[..., 0], apart[..., 1]), apart[..., 2])
    return most


def _box(word: Word) -> tuple[float, float, float, float]:
    """The word's box; where the font gives none (blank or broken glyphs), that of letters of its size."""
    if word.x1 - word.x0 < 0.3 or word.y1 - word.y0 < 0.3:
        return (word.x0, word.base - 0.7 * word.size, max(word.x1, word.x0 + 0.3 * word.size), word.base)
    return (word.x0, word.y0, word.x1, word.y1)


def _is_large_enough(word: Word) -> bool:
    """Size by the font, and by the box for letters squeezed flat or narrow."""
    squeezed = word.upright and len(word.text) > 2 and word.x1 - word.x0 < 0.08 * word.size * len(word.text)
    return word.size > SMALLEST and not squeezed


def _on_page(boxes: Boxes, width: float, height: float) -> NDArray[np.bool_]:
    middle_x, middle_y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    inside: NDArray[np.bool_] = (middle_x > 0) & (middle_x < width) & (middle_y > 0) & (middle_y < height)
    return inside


def _shows(difference: Difference, boxes: Boxes) -> NDArray[np.bool_]:
    """Whether each box (in pixels) holds enough pixels that differ by CONTRAST."""
    changed = difference > CONTRAST
    corners = zip(*(side.tolist() for side in _corners(boxes, difference.shape)), strict=True)
    counts = [
        int(np.count_nonzero(changed[y0:y1, x0:x1])) >= max(1.0, 0.02 * (x1 - x0) * (y1 - y0))
        for x0, y0, x1, y1 in corners
    ]
    return np.array(counts, np.bool_)


def _corners(boxes: Boxes, shape: tuple[int, ...]) -> list[NDArray[np.int64]]:
    """Boxes as whole pixels of a picture of that shape, at least one pixel each where they lie on it."""
    low, high = np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])
    limits = (shape[1], shape[0])
    return [np.clip(side[:, axis], 0, limits[axis]).astype(np.int64) for side in (low, high) for axis in (0, 1)]


def _overlapping(boxes: Boxes, words: Sequence[Word]) -> list[int]:
    """The words that share a third of their box with another one."""
    if len(words) > MANY:
        return []
    across = np.minimum(boxes[:, None, 2], boxes[None, :, 2]) - np.maximum(boxes[:, None, 0], boxes[None, :, 0])
    down = np.minimum(boxes[:, None, 3], boxes[None, :, 3]) - np.maximum(boxes[:, None, 1], boxes[None, :, 1])
    shared = np.clip(across, 0, None) * np.clip(down, 0, None)
    np.fill_diagonal(shared, 0)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return [int(number) for number in np.flatnonzero(shared.max(axis=1) > area / 3)]


def _has_own_colour(word: Word, box: NDArray[np.float64], as_it_is: Pixels, bare: Pixels) -> bool:
    """Whether what shows in the box is the word itself: its colour stands out there, and is there."""
    x0, y0, x1, y1 = (int(side[0]) for side in _corners(box[None, :], as_it_is.shape))
    ground, drawn = (picture[y0:y1, x0:x1].reshape(-1, 3).astype(np.int16) for picture in (bare, as_it_is))
    if not len(ground):
        return False
    own = np.array([word.colour >> 16 & 255, word.colour >> 8 & 255, word.colour & 255])
    apart = int(np.abs(np.median(ground, axis=0) - own).max())
    nearest = int(np.abs(drawn - own).max(axis=1).min())
    return word.painted and word.alpha > 25 and apart > CONTRAST and nearest < apart * 0.6


def is_picture(page: Any) -> bool:
    """Whether pictures cover most of the page."""
    whole = page.rect.width * page.rect.height
    covered = 0.0
    for kind, box, *_ in page.get_bboxlog():
        if kind in ("fill-image", "fill-imgmask"):
            part = pymupdf.Rect(box) & page.rect
            covered += max(0.0, part.width) * max(0.0, part.height)
    return bool(covered > SCAN_SHARE * whole)


def large_pictures(page: Any) -> list[list[float]]:
    """The boxes of pictures that are large enough to hold words worth reading, in reading order, each once."""
    found = {
        tuple(round(side, 1) for side in (pymupdf.Rect(box) & page.rect))
        for kind, box, *_ in page.get_bboxlog()
        if kind == "fill-image" and pymupdf.Rect(box).is_valid
    }
    large = [box for box in found if (box[2] - box[0]) * (box[3] - box[1]) >= LARGE_PICTURE]
    return [list(box) for box in sorted(large, key=lambda box: (box[1], box[0]))]


def _roughness(picture: Pixels) -> Difference:
    """How much each pixel differs from the one four to its right or below: ink on paper does, blank paper does not."""
    rough = np.zeros(picture.shape[:2], np.uint8)
    rough[:, :-4] = _difference(picture[:, 4:], picture[:, :-4])
    rough[:-4] = np.maximum(rough[:-4], _difference(picture[4:], picture[:-4]))
    return rough
