"""A message in a recruiter's words -> criteria and what was not understood. Rules only; French and English.

Owns the order in which kinds are looked for and what is left over. Knows nothing of earlier turns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cvmatcher.domain import Criterion, CriterionKind, Need
from cvmatcher.query import items, naming
from cvmatcher.query.items import Item
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import sectors, skills
from cvmatcher.vocabulary import words as words_of_use
from cvmatcher.vocabulary.folding import stems

_SKILL_LEAD = re.compile(
    r"\b(?:competences? (?:en |in |de )?|connaissances? (?:en |de |du |des |d')?|maitris\w+ (?:de |du |d'|des )?"
    r"|expertise (?:en |in )?|expert\w* (?:en |in |de )?|specialis\w+ (?:en |dans |in )|experience (?:en |avec "
    r"|with |in |using |of |de |sur |du )|experienced (?:in|with)|skilled in|skills? in|proficient (?:in|with)"
    r"|knowledge of|familiar with|know(?:s|ing)?|using|uses|sachant|sait|savoir|connaissant|connait|pratiquant"
    r"|maitrise)\s*(?:le |la |les |l'|du |des |the )?$"
)


def understand(text: str) -> tuple[tuple[Criterion, ...], tuple[str, ...]]:
    """Criteria in the order of the message, ids c1, c2…, and the stretches of it that no rule could use."""
    message = Message.of(text)
    found = sorted(_items(message), key=lambda item: (item.start, item.end))
    rest = list(_leftovers(message))
    named = list(found)
    found += [item for item in (_as_text(stretch, named) for stretch in rest) if item is not None]
    kept = {(i.start, i.end, i.kind): i for i in found}.values()
    wanted = _needs(message, sorted(kept, key=lambda item: item.start))
    criteria = _unique(_criterion(message, item, wanted[item]) for item in sorted(kept, key=lambda item: item.start))
    unused = tuple(text[a:b] for _, a, b in rest if _as_text((message, a, b), named) is None)
    return tuple(c.model_copy(update={"id": f"c{n}"}) for n, c in enumerate(criteria, start=1)), unused


def _items(message: Message) -> Iterator[Item]:
    yield from items.years(message)
    yield from items.education(message)
    named = list(naming.title(message))
    yield from named
    yield from items.employer(message)
    yield from items.place(message)
    yield from items.language(message)
    yield from items.sector(message)
    yield from items.skill(message)
    for title in named:
        yield from _skills_within(title)


_OF_TOOLS = frozenset(["programming", "web", "data", "cloud and operations"])


def _skills_within(title: Item) -> Iterator[Item]:
    """A title such as "développeur Python" asks for Python as well."""
    for match in skills.find(title.value):
        tool = skills.area(match.canonical) in _OF_TOOLS and not title.value[match.start].islower()
        if tool and stems(match.canonical) != stems(title.value):
            start, end = title.start + match.start, title.start + match.end
            yield Item(CriterionKind.SKILL, title.value[match.start : match.end], start, end)


def _leftovers(message: Message) -> Iterator[tuple[Message, int, int]]:
    """Stretches of words that nothing has used and that say something, clause by clause."""
    for match in naming.OPENING.finditer(message.folded):
        message.use(match.start(), match.end())
    for start, end in message.clauses():
        run: list[tuple[int, int]] = []
        for word in (w for w in message.words if start <= w.start < end):
            if message.free(word.start, word.end):
                run.append((word.start, word.end))
                continue
            yield from _stretch(message, run)
            run = []
        yield from _stretch(message, run)


def _stretch(message: Message, run: list[tuple[int, int]]) -> Iterator[tuple[Message, int, int]]:
    while run and _is_filler(message, run[0]):
        run = run[1:]
    while run and _is_filler(message, run[-1]):
        run = run[:-1]
    if run:
        yield message, run[0][0], run[-1][1]


def _is_filler(message: Message, span: tuple[int, int]) -> bool:
    word = message.folded[span[0] : span[1]]
    return word in naming.FILLER or len(word) < 2


def _as_text(stretch: tuple[Message, int, int], named: list[Item]) -> Item | None:
    """What is left: a skill behind a word that asks for one or in a list of them, a sector, or free text."""
    message, start, end = stretch
    value = " ".join(message.text[start:end].split())
    words = len(value.split())
    lead = _SKILL_LEAD.search(message.folded[max(0, start - 40) : start])
    if words <= 4 and lead:
        return Item(CriterionKind.SKILL, value, start, end)
    if sectors.ids(value):
        return Item(CriterionKind.SECTOR, value, start, end)
    if words <= 2 and _among_skills(message, start, end, named) and not _of_a_person(message, start, end):
        return Item(CriterionKind.SKILL, value, start, end)
    if len(value) < 4 or (words == 1 and not _own_clause(message, start, end)):
        return None
    return Item(CriterionKind.TEXT, value, start, end)


_LISTED = re.compile(r"[\s,/&+]*(?:\b(?:et|and|ou|or|de|d'|du|des|la|le|les|l'|the|en|in)\b[\s,/&+]*)*")


def _among_skills(message: Message, start: int, end: int, named: list[Item]) -> bool:
    """Whether nothing but a comma or "and" stands between the stretch and a skill."""
    for item in named:
        if item.kind is CriterionKind.SKILL:
            gap = (
                message.folded[item.end : start]
                if item.end <= start
                else message.folded[end : item.start]
                if item.start >= end
                else None
            )
            if gap is not None and _LISTED.fullmatch(gap) and re.search(r"[,/&+]|\b(?:et|and|ou|or)\b", gap):
                return True
    return False


def _of_a_person(message: Message, start: int, end: int) -> bool:
    """Whether the words say how someone is or works ("disponible", "mobile"), which is no skill."""
    return any(w.text in words_of_use.of("manners") for w in message.words if start <= w.start < end)


def _own_clause(message: Message, start: int, end: int) -> bool:
    """Whether the clause says nothing else, or says that this is refused or wished for."""
    if message.need(start, end) is not Need.MUST:
        return True
    first, last = message.clause_start(start), message.clause_end(end)
    around = [w for w in message.words if first <= w.start < last and not start <= w.start < end]
    return all(w.text in naming.FILLER for w in around)


_LEADING = frozenset([CriterionKind.TITLE, CriterionKind.PLACE, CriterionKind.YEARS])


def _needs(message: Message, found: list[Item]) -> dict[Item, Need]:
    """How much each thing is wanted: as its words say, and lists of one kind share a wish.

    "comptable Lille anglais apprécié" wishes the English only; "idéalement Docker, Helm" wishes both.
    """
    needs = {item: message.need(item.start, item.end) for item in found}
    for scope in (scope for scope in message.scopes if scope.need is Need.NICE):
        inside = [item for item in found if scope.start <= item.start and item.end <= scope.end]
        if not inside:
            continue
        if scope.behind:
            needs |= {i: Need.MUST for i in inside[:-1] if i.kind in _LEADING and i.kind is not inside[-1].kind}
        edge, others = (inside[0], found[::-1]) if scope.behind else (inside[-1], found)
        if scope.behind and not scope.plural:
            continue
        for other in others:
            before, after = (other, edge) if scope.behind else (edge, other)
            if (
                other.kind is edge.kind
                and items.continues(message, before.end, after.start)
                and needs[other] is Need.MUST
            ):
                needs[other], edge = Need.NICE, other
    return needs


def _criterion(message: Message, item: Item, need: Need) -> Criterion:
    return Criterion(
        id="c0",
        kind=item.kind,
        need=need,
        value=item.value,
        label=" ".join(message.text[item.start : item.end].split()),
        minimum=item.minimum,
        maximum=item.maximum,
        level=item.level,
        within_km=item.within_km,
        or_remote=item.or_remote,
    )


def _unique(criteria: Iterator[Criterion]) -> list[Criterion]:
    kept: dict[tuple[CriterionKind, tuple[str, ...], float | None], Criterion] = {}
    for criterion in criteria:
        key = (criterion.kind, stems(criterion.value) or (criterion.label,), criterion.minimum)
        known = kept.get(key)
        if known is None or (known.need is Need.NICE and criterion.need is Need.MUST):
            kept[key] = criterion
    return list(kept.values())
