"""What "or" leaves out of a trade: "math or science teacher" asks for two, "développeur Java ou Python" for neither.

Owns how the words that two trades share are given back to both, and that a tool with another beside it is no part of
the trade: who writes Python is not half a Java developer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from cvmatcher.domain import CriterionKind
from cvmatcher.query.item import Item
from cvmatcher.query.kinds.reach import SENIORITY
from cvmatcher.query.kinds.skills import TOOLS
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import skills, titles, words

_OR = re.compile(r"\s*(?:/|\b(?:ou|or)\b)\s*(?:de |d'|du |des |en )?")
_LISTED = re.compile(r"\s*(?:,|/|\b(?:ou|or)\b)\s*")
_NAMES = frozenset([CriterionKind.SKILL, CriterionKind.SECTOR, CriterionKind.LANGUAGE])


def filled(message: Message, items: Sequence[Item]) -> list[Item]:
    """The items, trades of one "or" each with all their words, those of tools alternatives without them."""
    found = list(items)
    for title in (item for item in items if item.kind is CriterionKind.TITLE):
        bare = _without_tool(message, title, found)
        if bare:
            found = [*bare, *(one for one in found if one is not title and one not in bare)]
            continue
        other = _before(message, title, found) or _behind(message, title, found)
        if other is not None:
            message.use(other.start, other.end)
            found = [one for one in found if not (other.start <= one.start < other.end and one.kind in _NAMES)]
            found.append(other)
    return found


# ------------------------------------------------------------------------------------------------------- tools


def _without_tool(message: Message, title: Item, items: Sequence[Item]) -> list[Item]:
    """The trade without the tool that "or" joins to another, and that tool; [] where the title stands as it is."""
    tools = [item for item in items if item.kind is CriterionKind.SKILL and _is_tool(item)]
    inside = next(
        (tool for tool in (*tools, *_last(title)) if title.start <= tool.start and tool.end <= title.end), None
    )
    if inside is None or not any(_joined(message, inside, tool, tools) for tool in tools if tool is not inside):
        return []
    rest = f"{message.text[title.start : inside.start]} {message.text[inside.end : title.end]}"
    value = " ".join(rest.replace("/", " ").split())
    return [replace(title, value=value, label=value), inside] if value else []


def _last(title: Item) -> Iterator[Item]:
    """The last word of a title where it names a tool or a process: "TIG" of "soudeur TIG"."""
    start = title.end - len(title.value.split()[-1])
    tool = Item(CriterionKind.SKILL, title.value.split()[-1], start, title.end)
    if title.start < start and skills.canonical(tool.value) and _is_tool(tool):
        yield tool


def _is_tool(item: Item) -> bool:
    return skills.area(item.value) in TOOLS or not item.value.islower()


def _joined(message: Message, one: Item, other: Item, tools: Sequence[Item]) -> bool:
    """Whether the two stand in one list of tools that holds an "or"."""
    low, high = sorted((one, other), key=lambda tool: tool.start)
    between = [low, *(tool for tool in tools if low.end <= tool.start and tool.end <= high.end)]
    gaps = [message.folded[a.end : b.start] for a, b in pairwise(between)]
    return all(map(_LISTED.fullmatch, gaps)) and any(map(_OR.fullmatch, gaps))


# ------------------------------------------------------------------------------------------------------- shared words


def _before(message: Message, title: Item, items: Sequence[Item]) -> Item | None:
    """The trade whose end stands behind the next one: "math" of "math or science teacher", "directeur" of
    "directeur ou responsable commercial".
    """
    joined = re.search(rf"({_OR.pattern})$", message.folded[: title.start])
    span = _named_before(message, joined.start(), items) if joined else None
    if span is None or " " not in title.value:
        return None
    narrow = message.text[slice(*span)]
    tails = title.value.split()[1:]
    if not message.english:
        own = _is_head(narrow, message) and titles.ids(title.value)
        return _trade(f"{narrow} {' '.join(tails)}", *span) if own else None
    if _AGENT.fullmatch(narrow):
        return _trade(narrow, *span)  # "trichologist or hair specialist": a trade of its own
    names = [f"{narrow} {' '.join(tails[cut:])}" for cut in range(len(tails))]
    known = next((name for name in names if titles.ids(name)), "")
    alone = not re.search(r"[a-z]{3,} $", _SMALL_BEFORE.sub("", message.folded[: span[0]]))
    return _trade(known or names[-1], *span) if known or alone else None  # "ward sister or charge nurse"


_AGENT = re.compile(r"[a-z]{3,}(?:er|or|ist|ian|ician|wright|smith|keeper)s?")
_SMALL_BEFORE = re.compile(
    r"\b(?:the|for|need|find|and|our|want|looking|seeking|either|hire|experienced|senior|junior) $"
)


def _behind(message: Message, title: Item, items: Sequence[Item]) -> Item | None:
    """The trade whose beginning stands before: "director" of "IT manager or director", "électrique" of "ingénieur
    mécanique ou électrique".
    """
    joined = _OR.match(message.folded, title.end)
    span = _named_behind(message, joined.end(), items) if joined else None
    if span is None or " " not in title.value:
        return None
    narrow = message.text[slice(*span)]
    shared = re.sub(r" (?:de |d'|du |des )?\S+$", "", title.value)
    linked = re.match(r" (?:de |d'|du |des )", title.value[len(shared) :])
    if message.english:
        return _trade(f"{shared} {narrow}", *span) if _is_head(narrow, message) else None
    whole = f"{shared}{linked.group() if linked else ' '}{narrow}"
    adjective = _ADJECTIVE.fullmatch(narrow) is not None
    return _trade(whole, *span) if titles.ids(whole) or adjective else None


_ADJECTIVE = re.compile(
    r"\w{3,}(?:if|ifs|ive|ives|ique|iques|al|ale|aux|ales|aire|aires|el|elle|iel|ielle|el|eux|euse)"
)


def _trade(value: str, start: int, end: int) -> Item:
    return Item(CriterionKind.TITLE, value, start, end, label=value)


def _is_head(word: str, message: Message) -> bool:
    heads = words.of("english heads" if message.english else "french heads")
    return word.lower() in heads or word.lower() in words.of("wide heads")


def _named_before(message: Message, end: int, items: Sequence[Item]) -> tuple[int, int] | None:
    """A name, or a word that nothing has claimed, that ends at `end`."""
    for item in items:
        if item.end == end and item.kind in _NAMES:
            return (item.start, end) if _plain(item) else None
    return next((span for span in _free(message) if span[1] == end), None)


def _named_behind(message: Message, start: int, items: Sequence[Item]) -> tuple[int, int] | None:
    for item in items:
        if item.start == start and item.kind in _NAMES:
            return (start, item.end) if _plain(item) else None
    return next((span for span in _free(message) if span[0] == start), None)


def _plain(item: Item) -> bool:
    return item.level is None and not (item.kind is CriterionKind.SKILL and _is_tool(item) and len(item.value) > 2)


def _free(message: Message) -> Iterator[tuple[int, int]]:
    """Words that may narrow a trade and are used for nothing yet."""
    uses = ("filler", "articles", "prepositions", "manners", "conditions", "deeds", "statuses", "somewhere", "calendar")
    for word in message.words:
        small = word.text.isdigit() or len(word.text) < 3 or any(word.text in words.of(use) for use in uses)
        if not small and message.free(word.start, word.end) and not SENIORITY.fullmatch(word.text):
            yield word.start, word.end
