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
from cvmatcher.vocabulary.folding import stems

_FILLER = frozenset(
    """le la les l un une des du de d et ou a au aux en dans sur pour par avec sans qui que quoi dont ce cette ces cet il elle ils elles on nous
    je tu vous me moi mon ma mes notre nos votre vos son sa ses leur leurs est sont soit soient etre ete ayant avoir a ai as avons ont aurait serait
    tres bien bon bonne plus moins assez aussi tout tous toute toutes si ne pas mais donc car ni y deja encore seulement uniquement comme chez
    cherche recherche profil profils candidat candidate candidats personne quelqu quelqu'un poste besoin experience experiences experimente experimentee
    competence competences connaissance connaissances maitrise maitrisant maitrisent maitriser parle parlant parlent parler pratique sachant sait savoir
    niveau base basee basees bases habitant residant situe situee possible requis exige exigee obligatoire imperatif imperativement indispensable
    minimum maximum environ ans annees an mois solide solides forte fort bonne bonnes merci bonjour svp secteur domaine langue langues
    travaille travaillant exerce travail metier idealement confirme confirmee senior junior debutant notamment surtout type genre niveau region ville
    the a an and or of in on at for to with without who that which is are be been being has have had having do does it this these those we i you he she they
    my our your their as by from about into very good great strong solid some any all also only just more less than at least most
    looking search searching need needs want wants find show me us please candidate candidates profile profiles people someone person anyone experience experienced
    knowledge skills skill speaks speaking speak fluent based near located living works working worked work years year level required must should can could would
    mandatory essential needed able ability proficient familiar hello hi thanks job role position preferably ideally background proven hands minimum maximum ideal""".split()
)
_SKILL_LEAD = re.compile(
    r"\b(?:competences? (?:en |in |de )?|connaissances? (?:en |de |du |des |d')?|maitris\w+ (?:de |du |d'|des )?|expertise (?:en |in )?|expert\w* (?:en |in |de )?|specialis\w+ (?:en |dans |in )|experience (?:en |avec |with |in |using |of |de |sur |du )|experienced (?:in|with)|skilled in|skills? in|proficient (?:in|with)|knowledge of|familiar with|know(?:s|ing)?|using|uses|sachant|sait|savoir|connaissant|connait|pratiquant|maitrise)\s*(?:le |la |les |l'|du |des |the )?$"
)


def understand(text: str) -> tuple[tuple[Criterion, ...], tuple[str, ...]]:
    """Criteria in the order of the message, ids c1, c2…, and the stretches of it that no rule could use."""
    message = Message.of(text)
    found = sorted(_items(message), key=lambda item: (item.start, item.end))
    rest = list(_leftovers(message))
    found += [item for item in map(_as_text, rest) if item is not None]
    kept = {(i.start, i.end, i.kind): i for i in found}.values()
    criteria = _unique(_criterion(message, item) for item in sorted(kept, key=lambda item: item.start))
    unused = tuple(
        stretch for stretch, item in ((text[a:b], _as_text((message, a, b))) for _, a, b in rest) if item is None
    )
    return tuple(c.model_copy(update={"id": f"c{n}"}) for n, c in enumerate(criteria, start=1)), unused


def _items(message: Message) -> Iterator[Item]:
    for _ in _claim(message, naming.SENIORITY):
        pass
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


def _claim(message: Message, pattern: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Nothing is claimed for seniority yet: it stays readable for the retrieval, and is no criterion of its own."""
    del message, pattern
    return iter(())


def _skills_within(title: Item) -> Iterator[Item]:
    """ "développeur Python" asks for Python as well."""
    for match in skills.find(title.value):
        if skills.area(match.canonical) in {"programming", "web", "data", "cloud and operations"} and stems(
            match.canonical
        ) != stems(title.value):
            yield Item(
                CriterionKind.SKILL,
                title.value[match.start : match.end],
                title.start + match.start,
                title.start + match.end,
            )


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
    return word in _FILLER or len(word) < 2


def _as_text(stretch: tuple[Message, int, int]) -> Item | None:
    """What is left: a skill behind a word that asks for one, else free text if it has some words."""
    message, start, end = stretch
    value = " ".join(message.text[start:end].split())
    lead = _SKILL_LEAD.search(message.folded[max(0, start - 40) : start])
    if lead and len(value.split()) <= 4:
        return Item(CriterionKind.SKILL, value, start, end)
    if sectors.ids(value):
        return Item(CriterionKind.SECTOR, value, start, end)
    if len(value) < 4:
        return None
    return Item(CriterionKind.TEXT, value, start, end)


def _criterion(message: Message, item: Item) -> Criterion:
    return Criterion(
        id="c0",
        kind=item.kind,
        need=message.need(item.start, item.end),
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
