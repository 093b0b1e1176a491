"""A message in a recruiter's words -> criteria and what was not understood. Rules only; French and English.

Owns the order in which kinds are looked for (what is most certain comes first) and how a wish spreads over a list.
Knows nothing of earlier turns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from cvmatcher.domain import Criterion, CriterionKind, Need
from cvmatcher.query import corrections, either, ellipsis, leftovers, openings, wishes
from cvmatcher.query.item import Item, continues
from cvmatcher.query.kinds import (
    deeds,
    education,
    employers,
    languages,
    mentioned,
    places,
    sectors,
    skills,
    titles,
    years,
)
from cvmatcher.query.message import Message
from cvmatcher.query.wishes import Scope
from cvmatcher.vocabulary import words
from cvmatcher.vocabulary.folding import stems


def understand(text: str) -> tuple[tuple[Criterion, ...], tuple[str, ...]]:
    """Criteria in the order of the message, ids c1, c2…, and the stretches of it that no rule could use."""
    message = Message.of(text)
    corrected = corrections.marks(message)
    scopes = wishes.scopes(message)
    items = ellipsis.filled(message, sorted(_items(message), key=_position))
    named, left, unused = leftovers.items(message, scopes, corrections.without_taken_back(message, corrected, items))
    found = sorted({(i.start, i.end, i.kind): i for i in [*named, *left]}.values(), key=_position)
    wanted = _needs(message, scopes, found)
    placed = [(item.start, item.end, _criterion(message, _employed(item), wanted[item])) for item in found]
    criteria = _unique(either.marked(message, placed))
    return tuple(c.model_copy(update={"id": f"c{n}"}) for n, c in enumerate(criteria, start=1)), tuple(unused)


def _employed(item: Item) -> Item:
    """Who says "freelance" or refuses "temps" speaks of how people are employed, and not of a trade."""
    names_work = item.kind in {CriterionKind.TITLE, CriterionKind.SECTOR}
    status = names_work and all(stem in words.of("statuses") for stem in stems(item.value))
    return replace(item, kind=CriterionKind.TEXT) if status else item


def _position(item: Item) -> tuple[int, int]:
    return item.start, item.end


def _items(message: Message) -> Iterator[Item]:
    openings.use_addresses(message)
    openings.use_labels(message)
    yield from years.find(message)
    yield from deeds.find(message)
    yield from education.find(message)
    named = mentioned.asked(message, list(titles.find(message)))
    yield from named
    yield from skills.cuisines(message, named)
    openings.use(message)
    yield from skills.announced(message)
    yield from employers.find(message)
    yield from places.find(message)
    yield from languages.find(message)
    yield from sectors.find(message)
    yield from skills.find(message)
    for title in named:
        yield from skills.within(title)


_LEADING = frozenset([CriterionKind.TITLE, CriterionKind.PLACE, CriterionKind.YEARS])


def _needs(message: Message, scopes: list[Scope], found: list[Item]) -> dict[Item, Need]:
    """How much each thing is wanted: as its words say, and lists of one kind share a wish or a refusal.

    "comptable Lille anglais apprécié" wishes the English only; "idéalement Docker, Helm" wishes both; "no recruiters,
    trainers or coaches" refuses all three.
    """
    needs = {item: wishes.need(scopes, item.start, item.end) for item in found}
    for scope in scopes:
        inside = [item for item in found if scope.start <= item.start and item.end <= scope.end]
        if not inside:
            continue
        if scope.need is Need.MUST_NOT:
            _spread(message, needs, found, inside[-1], Need.MUST_NOT)
        elif not scope.behind:
            _spread(message, needs, found, inside[-1], Need.NICE)
        else:
            needs |= {i: Need.MUST for i in inside[:-1] if i.kind in _LEADING and i.kind is not inside[-1].kind}
            if scope.plural:
                _spread_back(message, needs, found, inside[0])
    titles = [item for item in found if item.kind is CriterionKind.TITLE]
    if titles and all(needs[item] is Need.NICE for item in titles):
        needs |= dict.fromkeys(titles, Need.MUST)  # "they'd love a costume supervisor": that is whom they search for
    return needs


def _spread(message: Message, needs: dict[Item, Need], found: list[Item], edge: Item, need: Need) -> None:
    """On to what goes on with the list; a refusal only where "or" shows that it is one list."""
    chain: list[Item] = []
    for other in (item for item in found if item.start >= edge.end):
        last = chain[-1] if chain else edge
        if (
            other.kind is not edge.kind
            or needs[other] is not Need.MUST
            or not continues(message, last.end, other.start)
        ):
            break
        chain.append(other)
    whole = message.folded[edge.end : chain[-1].start] if chain else ""
    joins = ("ou", "or", "/", "ni", "nor") if need is Need.MUST_NOT else ("ou", "or", "/", "et", "and")
    listed = need is Need.NICE and edge.kind is CriterionKind.SKILL  # only skills are listed by commas alone
    if listed or any(word in whole.split() for word in joins):
        needs |= dict.fromkeys(chain, need)


def _spread_back(message: Message, needs: dict[Item, Need], found: list[Item], edge: Item) -> None:
    for other in reversed([item for item in found if item.end <= edge.start]):
        if other.kind is not edge.kind or not continues(message, other.end, edge.start):
            break
        needs[other], edge = Need.NICE, other


def _criterion(message: Message, item: Item, need: Need) -> Criterion:
    return Criterion(
        id="c0",
        kind=item.kind,
        need=need,
        value=item.value,
        label=item.label or " ".join(message.text[item.start : item.end].split()),
        minimum=item.minimum,
        maximum=item.maximum,
        level=item.level,
        within_km=item.within_km,
        or_remote=item.or_remote,
    )


def _unique(criteria: Iterable[Criterion]) -> list[Criterion]:
    kept: dict[tuple[CriterionKind, tuple[str, ...], float | None], Criterion] = {}
    for criterion in criteria:
        key = (criterion.kind, stems(criterion.value) or (criterion.label,), criterion.minimum)
        known = kept.get(key)
        if known is None or _says_more(criterion, known):
            kept[key] = criterion
    return list(kept.values())


def _says_more(one: Criterion, other: Criterion) -> bool:
    """Whether of two that ask for the same it is the stricter: a must before a wish, then with its level."""
    return (one.need is Need.MUST, one.level is not None) > (other.need is Need.MUST, other.level is not None) and (
        one.need is not Need.MUST_NOT and other.need is not Need.MUST_NOT
    )
