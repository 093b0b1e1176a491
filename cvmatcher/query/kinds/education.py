"""Degrees, schools and fields of study: "bac+5", "BTS MCO", "law degree", "graduated from X", "diplômé de l'INSA"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cvmatcher.domain import CriterionKind
from cvmatcher.query.item import Item, continues
from cvmatcher.query.kinds.skills import TOOLS
from cvmatcher.query.kinds.subjects import STOP, before, behind, linked
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import education, employers, places, sectors, skills, titles
from cvmatcher.vocabulary.education import Kind

# What is put together from a level or a kind of school, and so stands in no list.
_COMPOSED = re.compile(
    r"\b(?:bac\s?\+\s?\d(?:\s?/\s?\+?\d)?|(?<!\d )(?<!\d)m[12](?= [a-z])|master (?:1|2|i|ii)\b|l3(?= (?:en|de) )"
    r"|niveau (?:bac|cap|bep|bts|licence|master|ingenieur)\b"
    r"|(?:grande )?ecoles? (?:d'inge(?:nieurs?|s)?|de commerce|de management|d'architecture|de journalisme|d'arts?"
    r"|de design|de communication|hoteliere|d'hotellerie|superieure \w+|de cuisine|de mode|de cinema|de musique"
    r"|de theatre|d'art dramatique|d'infirmieres?|d'aides?[ -]soignantes?|veterinaire|des beaux[ -]arts)"
    r"|lycee (?:hotelier|agricole|professionnel)|diplome d'inge\b"
    r"|(?:engineering|business|art|law|drama|film|culinary|catering|medical|nursing|grad(?:uate)?|vet(?:erinary)?)"
    r" (?:school|college)|engineering (?:degree|diploma)"
    r"|(?:s?nvq|btec|svq|qqi|fetac) ?(?:level )?[1-8]\b|level [1-8] (?:nvq|svq|btec|diploma|award|certificate"
    r"|apprenticeship)"
    r"|titre (?:rncp|pro(?:fessionnel)?)(?: de)? niveau (?:\d|i{1,3}v?)|bachelor'?s?(?: of \w+)?(?: degree)?"
    r"|degree|diploma|diplome(?! de|e| d')|diplome d'(?:etat|ingenieur)(?: d'[\w-]+| de [\w-]+)?|diplome de \w+"
    r"|diplome d'ecole)(?![\w-])"
)
_NAMED_SCHOOLS = re.compile(
    r"\b(?:(?:[Uu]niversit[eé]|[EÉeé]cole|[Ii]nstitut|[Uu]niversity|[Cc]ollege|[Ss]chool|[Ii]nstitute) (?:(?:de |d'"
    r"|du |des |of )(?:la |l'|the )?)?[A-ZÀ-Ý][\w'-]*(?: [A-ZÀ-Ý][\w'-]*| \d{1,2}\b(?! ans| years))*"
    r"|(?:[A-Z][\w'-]* ){1,3}(?:University|College|Business School|Institute"
    r"|School of (?:Art|Design|Economics|Business|Law|Medicine|Music|Mines|Management))"
    r"|INP(?: [A-Z]\w+)?|IMT(?: [A-Z]\w+)?|IEP (?:de )?[A-Z]\w+|IAE (?:de )?[A-Z]\w+|IUT (?:de )?[A-Z]\w+"
    r"|(?:INSA|Polytech|Sciences Po|CREPS|Conservatoire) (?:de )?[A-Z]\w+|CFA(?: [Ll]evel (?:I{1,3}|\d))?)\b"
)
_SCHOOLED = re.compile(
    r"\b(?:diplomee?s?|graduated?s?|graduates|grads?|alumn\w+|issue?s?|formee?s?|degree|formation|sorti\w*|etudes"
    r"|(?:a )?first)\s+(?:superieures? )?(?:de l'|de la |de |d'une? |d'|du |en |of |from |in |at |a l'|a |an? )+"
    r"(?P<value>[^,;.!?()\n]*?)" + STOP
)
_SCHOOL_WORD = re.compile(
    r"\b(?:ecole \w|universite|institut|iut|iae|formation|faculte|fac|prepa|hec|insa|mines|centrale)"
)
# Oxford and Mines are a town and a trade as well: a school where the words around them say so.
_STUDIED = re.compile(
    r"\b(?:graduat\w+|degree|studied|studies|alumn\w+|diplom\w+|sorti\w*|master'?s?|mba|phd|doctorat|ecole|forme\w*"
    r"|inge(?:nieure?)?s?|university)\s*(?:(?:from|at|of|de|des|du|par|a|en|the|la)\s+|d'|l')*$"
)
_STUDENTS = re.compile(r"\s+(?:(?:or|and|ou|et|/)\s+\w+\s+)?(?:grad(?:uate)?s?|alumn\w+|degree|educated)\b")
_OLD_TOWN_SCHOOLS = frozenset(["oxford", "cambridge", "princeton", "berkeley"])
_FROM = re.compile(r"\b(?:from|at|of|de|d'|a)\s+$")
_QUALIFIED = re.compile(
    r"\b(?:chartered(?: status)?(?=\s*(?:[,;.!?()\n]|$|(?:or|and|preferred|desirable|is|would|a plus)\b))|(?:dual "
    r"|fully |newly |part )?(?:qualified|licensed|registered|admitted) in"
    r" (?P<where>[a-z]+(?:(?:,| and| or|,? et|,? ou)? [a-z]+){0,3}?)(?=\s*(?:[,;.!?()\n]|$))"
    r"|inscrite? au barreau(?: d[eu'] ?\w+)?|inscrite? (?:a|au tableau de) l'ordre(?: d\w+ \w+)?"
    r"|barreau d[eu'] ?\w+|bar(?: admission|[ -]qualified)|admitted to the \w+ bar)"
)
_HELD = re.compile(r"\s+(?:qualified|registered|registration|accredited|accreditation|membership|charter\w*)\b")
_MASTER_OF = re.compile(r"\b(?:scrum|web|product|head|station|yacht|quarter|cash|market)\s$")
_OF_DATA = re.compile(r"\s(?:data|plans?|planning|schedules?|scheduling|craftsman|chef)\b")


def find(message: Message) -> Iterator[Item]:
    for start, end, kind in _candidates(message):
        if message.free(start, end):
            yield from _of_kind(message, start, end, kind)
    for match in _QUALIFIED.finditer(message.folded):
        if message.free(*match.span()) and not titles.ids(message.text[match.start() : match.end()]):
            yield _item(message, match.start(), match.end())
    yield from _graduates(message)
    yield from _schooled(message)


def _item(message: Message, start: int, end: int) -> Item:
    message.use(start, end)
    return Item(CriterionKind.EDUCATION, message.text[start:end].strip(), start, end)


def _candidates(message: Message) -> list[tuple[int, int, Kind]]:
    """What may be a degree, a school or a qualification, in order, the longest first."""
    found = [(m.start, m.end, education.kind(m.canonical)) for m in education.find(message.text)]
    found += [(*m.span(), Kind.DEGREE) for m in _COMPOSED.finditer(message.folded)]
    found += [(*m.span(), Kind.SCHOOL) for m in _NAMED_SCHOOLS.finditer(message.text)]
    if not found:
        return []
    others = (*skills.find(message.text), *titles.find(message.text), *employers.find(message.text))
    longer = [(m.start, m.end) for m in others]
    inside = ((s, e) for s, e, _ in found if any(a <= s and e <= b and (a, b) != (s, e) for a, b in longer))
    hidden = {*inside}  # "driving licence" is a skill, "station master" a trade
    return sorted({f for f in found if f[:2] not in hidden}, key=lambda f: (f[0], -f[1], f[2]))


def _of_kind(message: Message, start: int, end: int, kind: Kind) -> Iterator[Item]:
    match kind:
        case Kind.SCHOOL:
            yield from _school(message, start, end)
        case Kind.TOWN_SCHOOL:
            yield from _town_school(message, start, end)
        case Kind.QUALIFICATION | Kind.ENGLISH_QUALIFICATION:
            yield from _qualification(message, start, end, kind)
        case _:
            yield from _degree(message, start, end, kind)


def _school(message: Message, start: int, end: int) -> Iterator[Item]:
    name = message.text[start:end]
    apprentices = name == "CFA" and re.search(r"\b(?:pour|en|au|dans un|d'un)(?: un)? $", message.folded[:start])
    if not apprentices and not _an_employer(message, start):
        yield _item(message, start, end)


def _an_employer(message: Message, start: int) -> bool:
    lead = r"\b(?:chez|worked (?:at|for)|work(?:ing|s) (?:at|for)|ex[- ])\s*$"
    return re.search(lead, message.folded[:start]) is not None


def _town_school(message: Message, start: int, end: int) -> Iterator[Item]:
    old = message.folded[start:end] in _OLD_TOWN_SCHOOLS and not message.folded.startswith(" based", end)
    lead = message.folded[max(0, start - 40) : start]
    said = _STUDIED.search(lead) or _STUDENTS.match(message.folded, end) or (old and _FROM.search(lead))
    if said or _beside_a_school(message, start):
        yield _item(message, start, end)


def _beside_a_school(message: Message, start: int) -> bool:
    """Whether it goes on with a list of schools: "sorti de Centrale ou des Mines"."""
    schools = {Kind.SCHOOL, Kind.TOWN_SCHOOL}
    return any(
        education.kind(match.canonical) in schools
        and not message.free(match.start, match.end)
        and continues(message, match.end, start)
        for match in education.find(message.text[:start])
    )


def _qualification(message: Message, start: int, end: int, kind: Kind) -> Iterator[Item]:
    name = message.text[start:end]
    if kind is Kind.ENGLISH_QUALIFICATION and not (message.english and name.isupper()):
        return
    if titles.ids(name) and all((t.start, t.end) == (start, end) for t in titles.find(message.text)):
        return  # "looking for a CPA"
    held = _HELD.match(message.folded, end)
    if held:
        message.use(end, held.end())
    yield _item(message, start, end)


_BARE = re.compile(r"diplomee?s?|degree|diploma")


def _of_a_school(message: Message, end: int) -> bool:
    """Whether a school's name stands right behind."""
    link = re.match(r" (?:(?:from|at|of|de|des|du) |d'|de l')?(?:the |la )?", message.folded[end:])
    schools = {Kind.SCHOOL, Kind.TOWN_SCHOOL}
    behind = education.find(message.text[end : end + 60]) if link else []
    return any(link is not None and m.start == link.end() and education.kind(m.canonical) in schools for m in behind)


def _degree(message: Message, start: int, end: int, kind: Kind) -> Iterator[Item]:
    word = message.folded[start:end]
    if word.startswith("diplome de") and message.text[start + 6].lower() == "é":
        return  # "diplômé de l'INSA"
    if _of_a_school(message, end) and _BARE.fullmatch(word):
        message.use(start, end)  # "diplômé ESTP", "a degree from Imperial": the school is what is asked
        return
    if _MASTER_OF.search(message.folded[:start]) or (word == "master" and _OF_DATA.match(message.folded, end)):
        return
    stop = linked(message, end) or behind(message, start, end)
    if kind is Kind.SUBJECT_DEGREE and (stop == end or message.text.isupper()):
        return
    if kind is Kind.CAPITAL_DEGREE and message.english and not message.text[start:end].isupper():
        known = skills.canonical(message.text[end:stop].strip()) or titles.ids(message.text[end:stop].strip())
        if word == "licence" or not known:
            return  # "a cap of ten", "driving licence"
    if word.startswith(("lycee", "ecole")):  # what is behind is its name, and no skill that follows
        stop = min([stop, *(m.start - 1 for m in skills.find(message.text) if m.start > end + 1)])
    yield _item(message, before(message, start, end), stop)


def _graduates(message: Message) -> Iterator[Item]:
    """Who has studied something: "physics graduate", "economics grads"."""
    for match in re.finditer(
        r"\b(?:(?P<other>[a-z]+) (?:or|and) )?(?P<field>[a-z]+) (?:graduates?|grads?)\b", message.folded
    ):
        start = match.start("other") if match["other"] and skills.canonical(match["other"]) else match.start("field")
        subject = skills.canonical(match["field"]) or sectors.ids(match["field"])
        if subject and skills.area(match["field"]) not in TOOLS and message.free(start, match.end()):
            yield _item(message, start, match.end())


def _schooled(message: Message) -> Iterator[Item]:
    trades = [(t.start, t.end) for t in titles.find(message.text)]
    for match in _SCHOOLED.finditer(message.folded):
        start, end = match.span("value")
        trade = any(a < match.end() and match.start() < b for a, b in trades)
        if not trade and message.free(start, end) and 0 < len(match["value"].split()) <= 6:
            if re.search(r"\b(?:in|a) $", message.folded[:start]) and places.all_named(match["value"]):
                continue  # "graduates in London"
            if re.match(r"(?:issue?s?|sorti\w*)\b", match.group()) and not _SCHOOL_WORD.search(match["value"]):
                continue  # "issue de la maroquinerie" comes from a trade, not from a school
            message.use(match.start(), match.end())
            yield Item(CriterionKind.EDUCATION, message.text[start:end].strip(), start, end)
