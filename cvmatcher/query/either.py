"""Which criteria of a message are alternatives: "Java or Kotlin", "Lyon, Grenoble ou Annecy", "bac+5 ou 5 ans".

Owns what "or" joins. A group is named by its first member: groups of several messages never share a name by chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from cvmatcher.domain import Criterion, CriterionKind, Need
from cvmatcher.folding import fold
from cvmatcher.query.item import continues
from cvmatcher.query.message import Message

Placed = tuple[int, int, Criterion]  # where in the message it stands
_OR = re.compile(r"\b(?:ou|or|soit)\b")
_AND = re.compile(r"\b(?:et|and|plus)\b|[+&]")
_OPENS = re.compile(r"\s*(?:ou|or)\b")


def marked(message: Message, placed: Sequence[Placed]) -> list[Criterion]:
    """The criteria, in the order given, alternatives with their group's name."""
    names: dict[Placed, str] = {}
    for chain in (*_lists(message, placed), *_pairs(message, placed)):
        name = next((names[one] for one in chain if one in names), _name(chain[0][2]))
        names |= dict.fromkeys(chain, name)
    return [one[2].model_copy(update={"either": names[one]}) if one in names else one[2] for one in placed]


def _lists(message: Message, placed: Sequence[Placed]) -> Iterator[list[Placed]]:
    """Lists of one kind and need that end in "or": joined by commas and "or", never across an "and"."""
    for kind, need in dict.fromkeys((one.kind, one.need) for *_, one in placed if one.need is not Need.MUST_NOT):
        chain: list[Placed] = []
        joined = False
        for one in sorted((p for p in placed if (p[2].kind, p[2].need) == (kind, need)), key=_where):
            gap = message.folded[chain[-1][1] : one[0]] if chain else ""
            listed = chain and continues(message, chain[-1][1], one[0])
            if not listed or not (_OR.search(gap) or not (joined or _AND.search(gap))):
                if joined:
                    yield chain
                chain, joined = [], False
                gap = ""
            chain.append(one)
            joined = joined or _OR.search(gap) is not None
        if joined:
            yield chain


def _pairs(message: Message, placed: Sequence[Placed]) -> Iterator[list[Placed]]:
    """Two of different kinds with nothing but "or" between them; a title stands alone, for it holds what is asked."""
    for one, other in pairwise(sorted((p for p in placed if p[2].kind is not CriterionKind.TITLE), key=_where)):
        gap = message.folded[one[1] : other[0]]
        same = one[2].need is other[2].need is not Need.MUST_NOT
        if same and one[2].kind is not other[2].kind and _OR.search(gap) and continues(message, one[1], other[0]):
            yield [one, other]


def beside(text: str, new: Sequence[Criterion], earlier: Sequence[Criterion]) -> list[Criterion]:
    """Both, where the text opens with "or" as alternatives: the first new one and the last of its kind before it."""
    first = new[0] if new and _OPENS.match(fold(text)) else None
    twin = next((one for one in reversed(earlier) if first and one.kind is first.kind and one.need is first.need), None)
    if first is None or twin is None or first.need is Need.MUST_NOT:
        return [*earlier, *new]
    name = twin.either or _name(twin)
    together = (twin, *(one for one in new if one.kind is first.kind and one.need is first.need))
    return [one.model_copy(update={"either": name}) if one in together else one for one in (*earlier, *new)]


def _where(placed: Placed) -> tuple[int, int]:
    return placed[:2]


def _name(criterion: Criterion) -> str:
    return " ".join(fold(criterion.value or criterion.label).split())[:60]
