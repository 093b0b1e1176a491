"""Skills as a CV lists them, one by one, in its own words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cvmatcher.cvparse.lines import Line
from cvmatcher.folding import fold

_SEPARATORS = re.compile(r"[,;|·•∙◦●▪■►\t]|\s{2,}|\s[-–—/]\s|(?<=\w)\.(?:\s|$)")
_LABEL = re.compile(r"^[^:,;|]{2,45}?\s?:(?!//)\s*")
_LEVEL = re.compile(
    r"\s*(?:\(?(?:\d+\+? ?(?:ans?|years?|yrs?)(?: d['’]experience| of experience)?|\d{1,3} ?%|"
    r"\d ?/ ?\d{1,2})\)?|[★☆⋆●○◦■□▪▫◉⬤✦✩•]{2,}|"
    r"\((?:basique|basic|expert\w*|avancee?|advanced|intermediaire|intermediate|confirmee?|debutant|"
    r"beginner|notions|maitrise|bon|courant)\)|"
    r"\s[-–:] ?(?:basique|basic|expert\w*|avancee?|advanced|intermediaire|intermediate|confirmee?|"
    r"debutant|beginner|notions|maitrise)$)\s*"
)
_LEVEL_ONLY = re.compile(
    r"(?:basique|basic|expert\w*|avancee?|advanced|intermediaire|intermediate|confirmee?|debutant|"
    r"beginner|notions|maitrise|bon niveau|good|"
    r"\d+\+? ?(?:ans?|years?|yrs?)|\d{1,3} ?%|[a-z]|\W+|none)"
)


def read_skills(lines: Sequence[Line]) -> list[str]:
    """Every item of the lists, in order, once; labels ("Langages : …") and levels taken off."""
    found: dict[str, str] = {}
    for text in _unwrapped(lines):
        for item in _items(text):
            found.setdefault(fold(item), item)
    return list(found.values())


def _unwrapped(lines: Sequence[Line]) -> list[str]:
    """Lists that run over several lines, whole again."""
    texts: list[str] = []
    for line in lines:
        before = texts[-1] if texts else ""
        goes_on = before and not line.bullet and not _LABEL.match(line.text)
        if goes_on and (before.endswith((",", ";", "/", "&", " et", " and")) or _broken_item(before, line.text)):
            texts[-1] = f"{before} {line.text}"
        else:
            texts.append(line.text)
    return texts


def _broken_item(first: str, second: str) -> bool:
    """A comma list cut inside an item: a long line of several items, then lower case or more commas."""
    return (
        first.count(",") >= 2
        and len(first) > 55
        and (second[:1].islower() or "," in second or len(second.split()) <= 2)
    )


def _items(text: str) -> list[str]:
    text = _LABEL.sub("", text)
    depth_safe = re.sub(r"\(([^()]*)\)", lambda m: "(" + re.sub(r"[,;/|]", "\u0001", m[1]) + ")", text)
    items = []
    for piece in _SEPARATORS.split(depth_safe):
        item = _stripped(piece.replace("\u0001", ","))
        if item and len(item) <= 80 and not _LEVEL_ONLY.fullmatch(fold(item)):
            items.append(item)
    return items


def _stripped(item: str) -> str:
    folded = fold(item)
    for found in reversed(list(_LEVEL.finditer(folded))):
        item = item[: found.start()] + " " + item[found.end() :]
    return re.sub(r"\s+", " ", item).strip(" ,;:|·•–—-/.⋆")
