"""What no list knows: names with capitals, plain nouns, and free text about a person or a job.

Owns the shapes by which an unknown stretch is a skill, a sector, a text to be searched as it stands, or not understood.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from cvmatcher.domain import CriterionKind, Need
from cvmatcher.query import openings, wishes
from cvmatcher.query.item import Item, continues
from cvmatcher.query.kinds.reach import SENIORITY
from cvmatcher.query.message import SENTENCE_BREAK, SUBJECT, Message
from cvmatcher.query.wishes import Scope
from cvmatcher.vocabulary import sectors, skills, words
from cvmatcher.vocabulary.folding import Token

_SKILL_LEAD = re.compile(
    r"\b(?:competences? (?:en |in |de )?|connaissances? (?:en |de |du |des |d')?|maitris\w+ (?:de |du |d'|des )?"
    r"|expertise (?:en |in )?|expert\w* (?:en |in |de )?|specialis\w+ (?:en |dans |in )|experience (?:en |avec |with "
    r"|in "
    r"|using |of |de |sur |du )|experienced (?:in|with)|skilled in|skills? in|proficient (?:in|with)|knowledge of"
    r"|familiar with|know(?:s|ing)?|using|uses|sachant|sait|savoir|connaissant|connait|pratiquant|maitrise|avec|with"
    r"|certifie\w*|certified(?: in)?|titulaire (?:du|de la|de l'|d'une?|des)|habilite\w*|background in|notions (?:de "
    r"|d'|en ))"
    r"\s*(?:le |la |les |l'|du |de la |des |the |an? |une? )?$"
)
_SECTOR_LEAD = re.compile(
    r"\b(?:pour (?:une? |des |la |le |l')?|for (?:an? |the )?|dans (?:une? |des |la |le |les |l')|au sein d'une? "
    r"|in an? "
    r"|secteur |venant d[e']u? ?|issue?s? d[e']u? ?(?:la |l')?)\s*$"
)
_FIELD_LEAD = re.compile(r"\b(?:en|in|of|de|sur|on)\s+(?:la |le |les |l')?$")
_VERSION = re.compile(r"[A-Z]{1,3}\d{0,2}|v?\d{1,4}(?:\.\d)?|[A-Z]\d{1,2}")
_LISTED = re.compile(r"[\s,/&+]*(?:\b(?:et|and|ou|or|de|d'|du|des|la|le|les|l'|the|en|in)\b[\s,/&+]*)*")
_AMPERSAND = re.compile(r"&\w{1,3}\b")  # one name: "GD&T"
_SHOUTED = frozenset(["ok", "cv", "asap", "xp", "yoe"])
_JOINS = frozenset(["et", "and", "ou", "or", "ni", "nor", "plus", "puis", "then"])
_BEGINS = re.compile(r"(?:[.!?…:]\s|\n)[\s\"'«“(]*$")
_CODE = re.compile(r"(?=.*[A-Z])(?:.*[A-Z0-9+#].*)")
_FIGURE = re.compile(r"\d+(?:x\d+|h|\+|%|k|k€|€|£|\$)?|\d+(?:st|nd|rd|th|e|eme)")


def items(message: Message, scopes: list[Scope], named: Sequence[Item]) -> tuple[list[Item], list[Item], list[str]]:
    """`named` again, some wider by words beside them; items made of what is left; stretches that say nothing."""
    for start, end in openings.found(message.folded, message.text):
        message.use(start, end)
    found: list[Item] = []
    unused: list[str] = []
    known = list(named)
    found += _ranks(message, scopes, named)
    for start, end in _stretches(message):
        wider = _widened(message, known, start, end)
        if wider is not None:
            known = wider
            continue
        refused = wishes.need(scopes, start, end) is not Need.MUST
        item = _item(message, start, end, [*known, *found], alone=refused)
        if item is None:
            unused.append(message.text[start:end])
        else:
            found.append(item)
    return known, found, unused


def _ranks(message: Message, scopes: list[Scope], named: Sequence[Item]) -> Iterator[Item]:
    """Seniority that belongs to no title: "someone senior", "no juniors"."""
    titled = any(item.kind is CriterionKind.TITLE for item in named)
    for match in SENIORITY.finditer(message.folded):
        start, end = match.span()
        if message.free(start, end) and (not titled or wishes.need(scopes, start, end) is Need.MUST_NOT):
            message.use(start, end)
            yield Item(CriterionKind.TEXT, message.text[start:end], start, end)


# ------------------------------------------------------------------------------------------------------- stretches


def _stretches(message: Message) -> Iterator[tuple[int, int]]:
    """Runs of free words in a clause that say something, cut at "and" and "or"."""
    for start, end in message.clauses():
        run: list[Token] = []
        for word in message.words_in(start, end):
            cut = word.text in _JOINS or word.text == "ex" or (bool(run) and _slashed(message, run[-1], word))
            if cut and run and word.text != "ex" and not _splits(message, run, word, end):
                cut = False
            if message.free(word.start, word.end) and not (cut and word.text in _JOINS | {"ex"}):
                if cut:
                    yield from _trimmed(message, run)
                    run = []
                run.append(word)
                continue
            yield from _trimmed(message, run)
            run = []
        yield from _trimmed(message, run)


def _slashed(message: Message, one: Token, other: Token) -> bool:
    """Whether a slash stands between two names, and not within one ("FI/CO", "CIPP/E")."""
    gap = message.text[one.end : other.start]
    return "/" in gap and (gap != "/" or min(len(one.text), len(other.text)) > 3)


def _splits(message: Message, run: list[Token], join: Token, end: int) -> bool:
    """Whether the words on both sides of "and" are short names of things, and not one sentence."""
    behind = message.words_in(join.end if join.text in _JOINS else join.start, end)
    if all(_tells(word) for word in run) and behind and _tells(behind[0]):
        return False  # "mercredi et samedi"
    short = len(run) <= 3 and len(behind) <= 4 and not any(_tells(word) for word in run)
    return short or (len(run) <= 2 and len(behind) <= 2)


def _trimmed(message: Message, run: list[Token]) -> Iterator[tuple[int, int]]:
    while run and _is_filler(message, run[0]):
        run = run[1:]
    while run and _is_filler(message, run[-1]) and not (len(run) > 1 and run[-2].text.isdigit()):
        run = run[:-1]
    if run and not (len(run) == 1 and run[0].text.isdigit()):
        joined = _AMPERSAND.match(message.text, run[-1].end)
        yield run[0].start, joined.end() if joined else run[-1].end


def _is_filler(message: Message, word: Token) -> bool:
    shape = message.text[word.start : word.end]
    if shape.isdigit() or (shape.isupper() and len(shape) > 1 and word.text not in _SHOUTED):
        return False
    return word.text in words.of("filler") or word.text in words.of("articles") or len(word.text) < 2


# ------------------------------------------------------------------------------------------------------- what it is


def _item(message: Message, start: int, end: int, named: Sequence[Item], *, alone: bool) -> Item | None:
    """The item that a stretch is, None where it says nothing. `alone`: a wish or a refusal speaks of just this."""
    value = " ".join(message.text[start:end].split())
    inside = message.words_in(start, end)
    own = _own_clause(message, start, end, named)
    talk = message.is_prose and not (_demanded(message, start, inside) or (own and _of_work(message, inside)))
    if re.search(r"\bex[- ]$", message.folded[:start]):
        return Item(CriterionKind.EMPLOYER, value, start, end)
    if sectors.ids(value) or (len(inside) <= 4 and _names_firms(inside)):
        kind: CriterionKind | None = CriterionKind.SECTOR
    elif _is_text(message, inside):
        tells = alone or inside[0].text in words.of("terms") or (not talk and (own or len(inside) > 1))
        kind = CriterionKind.TEXT if len(value) > 2 and tells else None
    else:
        kind = _of_a_thing(message, start, inside, named)
        if kind is None and own and not alone and len(inside) <= 4 and _names_a_craft(message, inside):
            kind = CriterionKind.SKILL
        talk = talk and not (own and _listed(message, start, end, named))
        if kind is None and not talk and len(value) > 3 and (len(inside) > 1 or alone or own):
            kind = CriterionKind.TEXT
    return Item(kind, value, start, end) if kind else None


# What a sentence asks of somebody, and not what it tells.
_DEMAND = re.compile(
    r"\b(?:doit|doivent|devra(?:it|ient)?|faut|faudrait|faudra|exig\w+|capables? d[e']|habitue\w* (?:a|aux?)|a l'aise"
    r"|sach\w+|sait|savoir|ayant|avec|must|needs?(?: to)?|has to|have to|should|able to|capable of|used to"
    r"|comfortable|happy to|willing to|with|who(?:'s| is| has| can)|qui (?:a|est|ait|soit|peut|accepte))\b"
)


def _demanded(message: Message, start: int, inside: Sequence[Token]) -> bool:
    """Whether few words stand behind what asks for them, or all say how someone is or works."""
    clause = message.folded[message.clause_start(start) : start]
    told = [word for word in inside if not _is_filler(message, word)]
    return (len(told) < 6 and _DEMAND.search(clause) is not None) or (len(told) > 1 and all(map(_tells, told)))


def _of_work(message: Message, inside: Sequence[Token]) -> bool:
    """Whether a clause without a subject says only how someone is or works: "Nights, permanent."."""
    first, last = message.clause_start(inside[0].start), message.clause_end(inside[-1].end)
    said = words.of("manners") | words.of("conditions")
    return SUBJECT.search(message.folded, first, last) is None and all(word.text in said for word in inside)


_OF_LISTS = frozenset([CriterionKind.SKILL, CriterionKind.EDUCATION, CriterionKind.LANGUAGE])


def _listed(message: Message, start: int, end: int, named: Sequence[Item]) -> bool:
    """Whether it is an element of a list that asks: "Boiler checks, minor repairs, key holding."."""
    first = max((m.end() for m in SENTENCE_BREAK.finditer(message.folded, 0, start)), default=0)
    stop = SENTENCE_BREAK.search(message.folded, end)
    last = stop.start() if stop else len(message.text)
    parts = message.folded[first:last].count(",") + 1
    asked = sum(first <= item.start < last and item.kind in _OF_LISTS for item in named)
    clause = message.clause_start(start), message.clause_end(end)
    opens = not message.folded[first : clause[0]].strip()  # "Anyway, …" says nothing
    apart = message.text[max(0, clause[0] - 1) : clause[0]] == "(" or SUBJECT.search(message.folded, *clause)
    return parts > 1 and asked * 3 >= parts and not (opens or apart) and len(message.words_in(start, end)) < 5


_CRAFT = {
    "fr": re.compile(r".{3,}(?:tion|sion|ment|age|ure|graphie|logie|metrie|therapie|ique|isme|erie|ance)s?"),
    "en": re.compile(r".{3,}(?:ing|tion|sion|ment|ity|graphy|logy|metry|therapy|ics|ysis|ship|ance)"),
}


def _names_firms(inside: Sequence[Token]) -> bool:
    """Whether it is a kind of place of work, and not what goes with the work: "company van"."""
    return any(word.text in words.of("firm nouns") for word in inside) and not any(
        word.text in words.of("conditions") for word in inside
    )


def _names_a_craft(message: Message, inside: Sequence[Token]) -> bool:
    """Whether its noun is made as those of what one can do are: "lecture de schémas", "model making"."""
    noun = inside[-1] if message.english else inside[0]
    return _CRAFT["en" if message.english else "fr"].fullmatch(noun.text) is not None


# Firms are seldom spelt like that, products never.
_HYPHENATED = re.compile(r"[A-ZÀ-Ý][a-zà-ÿ']+(?:-(?:[A-ZÀ-Ý][a-zà-ÿ']+|sur|sous|en|le|la|les|lès|de|du|des|aux))+")


def _of_a_thing(message: Message, start: int, inside: Sequence[Token], named: Sequence[Item]) -> CriterionKind | None:
    """What the words before it and the list that it stands in make of a name: an employer, a skill, a sector."""
    lead = message.folded[max(message.clause_start(start), start - 40) : start]
    coded, width = _coded(message, inside), len(inside)
    titled = any(item.kind is CriterionKind.TITLE for item in named)
    if coded and any(item.kind is CriterionKind.EMPLOYER and _follows(message, item, start) for item in named):
        return CriterionKind.EMPLOYER
    town = _HYPHENATED.fullmatch(message.text[start : inside[-1].end])
    if town or (coded and any(i.kind is CriterionKind.PLACE and _either(message, i, start) for i in named)):
        return CriterionKind.PLACE
    if _of_a_skill(message, inside, lead, coded=coded):
        return CriterionKind.SKILL
    numbered = any(character.isdigit() for word in inside for character in word.text)
    if width <= 3 and titled and not numbered and _SECTOR_LEAD.search(lead) and not _generic(inside):
        return CriterionKind.SECTOR
    listed = width <= 2 and _an_element(message, start, inside[-1].end, named)
    return CriterionKind.SKILL if listed and _among_skills(message, start, inside[-1].end, named) else None


def _of_a_skill(message: Message, inside: Sequence[Token], lead: str, *, coded: bool) -> bool:
    """Whether it is written as a product's name, stands behind "knows" or, made as a craft's name is, behind "in"."""
    if len(inside) <= 4 and (coded or (_SKILL_LEAD.search(lead) and not _generic(inside))):
        return True
    return len(inside) <= 3 and _FIELD_LEAD.search(lead) is not None and _names_a_craft(message, inside)


def _follows(message: Message, item: Item, start: int) -> bool:
    return item.end <= start and continues(message, item.end, start)


def _either(message: Message, item: Item, start: int) -> bool:
    """Whether "or" joins it to the item before: "Lyon ou Zorville"."""
    joined = re.search(r"\b(?:ou|or)\b|/", message.folded[item.end : start])
    return joined is not None and _follows(message, item, start)


def _is_text(message: Message, inside: Sequence[Token]) -> bool:
    """Whether the words say how someone is or works, how much, or what someone has done: no name of a thing."""
    shapes = [message.text[word.start : word.end] for word in inside]
    if any(_tells(word) for word in inside):
        return True
    if SENIORITY.fullmatch(" ".join(word.text for word in inside)):
        return True
    figures = any(_FIGURE.fullmatch(shape) for shape in shapes)
    return figures and not any(_CODE.fullmatch(shape) for shape in shapes)


def _generic(inside: Sequence[Token]) -> bool:
    return all(word.text in words.of("somewhere") for word in inside)


def _tells(word: Token) -> bool:
    return word.text in words.of("manners") or word.text in words.of("conditions") or word.text in words.of("deeds")


def _begins(message: Message, start: int) -> bool:
    """Whether the message begins there or, in prose, a sentence."""
    before = message.text[:start]
    return not before.strip() or (message.is_prose and _BEGINS.search(before) is not None)


def _coded(message: Message, inside: Sequence[Token]) -> bool:
    """Whether every word is written as names of products and certificates are: "CISSP", "B2V BR", "Zorglub 3"."""
    shapes = [message.text[word.start : word.end] for word in inside]
    if not any(_CODE.fullmatch(shape) for shape in shapes):
        return False
    if _begins(message, inside[0].start) and shapes[0].istitle() and not any(map(_CODE.fullmatch, shapes[1:])):
        return False  # the capital of a first word
    return all(_CODE.fullmatch(shape) or shape.isdigit() or len(shape) < 3 for shape in shapes) or len(inside) <= 3


def _an_element(message: Message, start: int, end: int, named: Sequence[Item]) -> bool:
    """Whether it is an element of a list by itself: no "corridor" behind "M25", no "blue" before "CSCS card"."""
    if message.telegraphic:
        return True
    return not any(
        (item.end < start and message.text[item.end : start] == " ")
        or (end < item.start and message.text[end : item.start] == " ")
        for item in named
    )


def _among_skills(message: Message, start: int, end: int, named: Sequence[Item]) -> bool:
    """Whether nothing but a comma or "and" stands between the stretch and a skill."""
    for item in named:
        if item.kind is not CriterionKind.SKILL:
            continue
        if item.end <= start:
            gap = message.folded[item.end : start]
        elif end <= item.start:
            gap = message.folded[end : item.start]
        else:
            continue
        if _LISTED.fullmatch(gap) and (re.search(r"[,/&+]|\b(?:et|and|ou|or)\b", gap) or message.telegraphic):
            return True
    return False


def _own_clause(message: Message, start: int, end: int, named: Sequence[Item]) -> bool:
    """Whether the clause says nothing else but how much it is wanted."""
    first, last = message.clause_start(start), message.clause_end(end)
    if any(first <= item.start < last for item in named):
        return False
    small = words.of("filler") | words.of("articles") | words.of("prepositions")
    around = (word for word in message.words_in(first, last) if not start <= word.start < end)
    return all(word.text in small or _tells(word) or not message.free(word.start, word.end) for word in around)


# ------------------------------------------------------------------------------------------------------- widening


_OF = frozenset([" de ", " d'", " d’", " du ", " des ", " de la "])  # "couverture de change"


def _widened(message: Message, named: Sequence[Item], start: int, end: int) -> list[Item] | None:
    """A plain noun beside a skill or sector belongs to its name: "group consolidation", "charpente métallique"."""
    inside = message.words_in(start, end)
    if _VERSION.fullmatch(message.text[start:end]):
        return _with_version(message, named, start, end)
    small = words.of("prepositions") | words.of("filler")
    if len(inside) > 2 or any(w.text in small for w in inside) or _is_text(message, inside) or message.telegraphic:
        return None
    for number, item in enumerate(named):
        if item.kind not in {CriterionKind.SKILL, CriterionKind.SECTOR}:
            continue
        gap = message.text[item.end : start] if item.end <= start else message.text[end : item.start]
        linked = item.end <= start and not message.english and gap in _OF
        if gap == " " and _is_product(item) and _only_one(message, named, item):
            return [*named[:number], _shown_with(message, item, start, end), *named[number + 1 :]]
        if (gap != " " and not linked) or _is_product(item) or not message.text[start:end].islower():
            continue
        low, high = min(item.start, start), max(item.end, end)
        message.use(low, high)
        wider = replace(item, value=message.text[low:high], start=low, end=high)
        return [*named[:number], wider, *named[number + 1 :]]
    return None


def _only_one(message: Message, named: Sequence[Item], item: Item) -> bool:
    """Whether its clause names nothing else."""
    first, last = message.clause_start(item.start), message.clause_end(item.end)
    return not any(first <= other.start < last for other in named if other is not item)


def _shown_with(message: Message, item: Item, start: int, end: int) -> Item:
    """What stands beside a product's name is shown with it, and the product asked for: "blue CSCS card"."""
    low, high = min(item.start, start), max(item.end, end)
    message.use(low, high)
    return replace(item, label=" ".join(message.text[low:high].split()))


def _with_version(message: Message, named: Sequence[Item], start: int, end: int) -> list[Item] | None:
    """An edition or a level behind a name is shown with it, and asked for without: "Splunk ES", "analyste SOC N2"."""
    for number, item in enumerate(named):
        if (
            item.kind in {CriterionKind.SKILL, CriterionKind.TITLE}
            and message.text[item.end : start] == " "
            and item.end < start
        ):
            message.use(start, end)
            return [*named[:number], replace(item, label=message.text[item.start : end]), *named[number + 1 :]]
    return None


def _is_product(item: Item) -> bool:
    return not item.value.islower() or skills.area(item.value) in {"programming", "web", "cloud and operations"}
