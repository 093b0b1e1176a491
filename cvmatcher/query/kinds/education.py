"""Degrees, schools and fields of study: "bac+5", "BTS MCO", "law degree", "graduated from X", "diplômé de l'INSA"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cvmatcher.domain import CriterionKind
from cvmatcher.query.item import Item
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import sectors, skills, titles, words

_STOP = (
    r"(?=\s*(?:[,;.!?()\n/:]|$|\s(?:et|and|ou|or|avec|with|qui|who|a|au|parlant|speaking|basee?|based|ayant|having|from"
    r"|minimum|mini|min|preferred|needed|mandatory|is|are|would|souhaitee?s?|appreciee?s?|un plus|from|chez|at|near"
    r"|pres"
    r"|obligatoire|or equivalent|ou equivalent|obtenue?|exige\w*|required|plus|\d+ (?:ans|years))\b))"
)
_FIELD = rf"(?:(?:\s+(?:d'|(?:en|in|of|de|du|des)\s+)(?:l'|la |le |the )?(?P<field>[^,;.!?()\n:/]*?)){_STOP})?"
_FRENCH_LEVELS = r"bac\s?\+\s?\d(?:\s?/\s?\+?\d)?|niveau bac\b|bac pro(?:fessionnel)?|baccalaureat|bac(?= \w)"
_DEGREES = (
    r"master'?s?(?: degree)?(?: \d)?(?: (?:pro|recherche))?|m[12](?= [a-z])|mba|these|doctorat|ph\.?d|doctorate"
    r"|licence(?: pro(?:fessionnelle)?)?|bts|dut|but(?= en| [A-Z])|cap(?![ -]?table)|cap petite enfance|bep"
    r"|bp(?= [a-z])"
    r"|(?:grande )?ecoles? (?:d'ingenieurs?|de commerce|de management|d'architecture|de journalisme|d'art|de design"
    r"|de communication|hoteliere|superieure \w+)|grande ecole|engineering (?:degree|school|diploma)|business school"
    r"|post[- ]?graduate (?:degree|qualification|diploma|certificate)|bachelor'?s?(?: of \w+)?(?: degree)?|bsc"
    r"|ba(?= in| \(hons)|beng|meng|llb|llm|bsn|msn|dnp|bba|bfa|mfa|msc|m\.sc|b\.sc|pgce|qts|hnc|hnd"
    r"|nvq"
    r"(?: level)?(?: \d)?|associate'?s? degree|university degree|college degree|advanced degree|first class degree"
    r"|degree"
    r"|diploma|diplome(?! de|e| d')|diplome d'(?:etat|ingenieur)(?: d'[\w-]+| de [\w-]+)?|diplome (?:universitaire"
    r"|d'ecole)"
    r"|high school diploma|ged|gcses?|a-levels?|dess|deug|dea|dcg|dscg|dec(?= \w| obtenu)|capes|agregation|agregee?"
    r"|dnsep"
    r"|dnmade|deust|desu|deejeps|dejeps|bpjeps|cafep|dplg|hmonp|diplome de \w+|titre (?:rncp|professionnel)(?: \w+)?"
)
_EDUCATION = re.compile(rf"\b(?P<what>{_FRENCH_LEVELS}|{_DEGREES})(?![\w-])" + _FIELD)
_SCHOOLS = re.compile(
    r"\b(?:(?:[Uu]niversit[eé]|[EÉeé]cole|[Ii]nstitut|[Uu]niversity|[Cc]ollege|[Ss]chool|[Ii]nstitute) (?:(?:de |d'"
    r"|du |des "
    r"|of )(?:la |l'|the )?)?[A-ZÀ-Ý][\w'-]*(?: [A-ZÀ-Ý][\w'-]*)*|(?:[A-Z][\w'-]* ){1,3}(?:University|College"
    r"|Business School"
    r"|Institute|School of (?:Art|Design|Economics|Business|Law|Medicine|Music|Mines|Management))|Polytechnique"
    r"|CentraleSup[ée]lec|Centrale(?: [A-Z]\w+)?|Mines(?: de)? [A-Z]\w+|Ponts|HEC|ESSEC|ESCP"
    r"|EDHEC"
    r"|EM Lyon|Sciences Po|ENSAM|Arts et M[ée]tiers|INSA(?: [A-Z]\w+)?|UTC|UTT|ENSTA|T[ée]l[ée]com Paris|Supa[ée]ro"
    r"|Sup[ée]lec|ENS|ENA|AgroParisTech|(?:Montpellier |Bordeaux )?SupAgro|Institut Agro|ENSAE|ENSAI|ENSEEIHT|ENSIMAG"
    r"|ENAC|ISAE|SupOptique"
    r"|EPITA|Epitech|ESIEA|ESILV|EFREI|CPE Lyon|(?:Grenoble |Bordeaux |Lorraine )?INP|IMT(?: [A-Z]\w+)?|Kedge|Neoma"
    r"|Audencia|Skema|IESEG|CELSA"
    r"|IFM|Gobelins|Penninghen|ENSAD|Beaux-Arts|Ferrandi|Vatel|Glion|Le Wagon|Normale Sup|IEP(?: (?:de )?[A-Z]\w+)?"
    r"|Assas|UCL"
    r"|Imperial College|Imperial|King's College|Caltech|Georgia Tech|Carnegie Mellon|CMU|NYU|UCLA|Wharton|Kellogg"
    r"|McGill|Dauphine|Sorbonne|Harvard|Yale|MIT|Stanford|LSE|INSEAD|EPFL"
    r"|ETH|IAE|IUT|Ivy League|Russell Group(?: universit(?:y|ies))?|Oxbridge|CFA(?: [Ll]evel (?:I{1,3}|\d))?|ACCA|ACA"
    r"|CPA|CIMA|FRM|TOEIC|TOEFL"
    r"|IELTS|CAPES|BAFA|BAFD|BNSSA|DEAS|DEAP|DEES|DEJEPS|BPJEPS|CAFDES|CAFERUIS|AMF)\b"
)
_SCHOOLED = re.compile(
    r"\b(?:diplomee?s?|graduated?s?|graduates|grads?|alumn\w+|issue?s?|formee?s?|degree|formation|sorti\w*|etudes"
    r"|(?:a )?first)\s+(?:superieures? )?(?:de l'|de la |de |d'une? |d'|du |en |of |from |in |at |a l'|a |an? )+"
    r"(?P<value>[^,;.!?()\n]*?)" + _STOP
)
_TOWN_SCHOOLS = re.compile(
    r"\b(?:from|at|of|de|d'|a|degree|graduate|grad|alumn\w+)\s+(oxford|cambridge|princeton|berkeley)\b(?! based)"
)
_QUALIFIED = re.compile(
    r"\b(?:chartered(?: status)?(?=\s*(?:[,;.!?()\n]|$|(?:or|and|preferred|desirable|is|would|a plus)\b))|(?:dual "
    r"|fully |newly |part )?(?:qualified|licensed|registered|admitted) in"
    r" (?P<where>[a-z]+(?:(?:,| and| or|,? et|,? ou)? [a-z]+){0,3}?)(?=\s*(?:[,;.!?()\n]|$))"
    r"|inscrite? au barreau(?: d[eu'] ?\w+)?"
    r"|barreau d[eu'] ?\w+|bar(?: admission|[ -]qualified)|admitted to the \w+ bar)"
)


def find(message: Message) -> Iterator[Item]:
    yield from _degrees(message)
    for match in _SCHOOLS.finditer(message.text):
        if match.group() == "CFA" and re.search(
            r"\b(?:pour|en|au|dans un|d'un)(?: un)? $", message.folded[: match.start()]
        ):
            continue  # the school of apprentices, as a place of work
        if message.free(match.start(), match.end()) and not _an_employer(message, match.start()):
            message.use(match.start(), match.end())
            yield Item(CriterionKind.EDUCATION, match.group(), match.start(), match.end())
    for pattern, group in ((_TOWN_SCHOOLS, 1), (_QUALIFIED, 0)):
        for match in pattern.finditer(message.folded):
            start, end = match.span(group)
            if message.free(start, end) and (group or not titles.ids(message.text[start:end])):
                message.use(start, end)
                yield Item(CriterionKind.EDUCATION, message.text[start:end], start, end)
    yield from _graduates(message)
    yield from _schooled(message)


def _graduates(message: Message) -> Iterator[Item]:
    """Who has studied something: "physics graduate", "economics grads"."""
    for match in re.finditer(
        r"\b(?:(?P<other>[a-z]+) (?:or|and) )?(?P<field>[a-z]+) (?:graduates?"
        r"|grads?)\b",
        message.folded,
    ):
        start = match.start("other") if match["other"] and skills.canonical(match["other"]) else match.start("field")
        subject = skills.canonical(match["field"]) or sectors.ids(match["field"])
        if subject and message.free(start, match.end()):
            message.use(start, match.end())
            yield Item(CriterionKind.EDUCATION, message.text[start : match.end()], start, match.end())


def _an_employer(message: Message, start: int) -> bool:
    return (
        re.search(r"\b(?:chez|worked (?:at|for)|work(?:ing|s) (?:at|for)|ex[- ])\s*$", message.folded[:start])
        is not None
    )


def _degrees(message: Message) -> Iterator[Item]:
    longer = [(s.start, s.end) for s in skills.find(message.text)]
    for match in _EDUCATION.finditer(message.folded):
        start, end = match.start(), match.end()
        if not message.free(*match.span("what")) or any(a <= start and match.end("what") <= b for a, b in longer):
            continue  # "driving licence" is a skill
        if re.search(r"\b(?:scrum|web|product|head|station|yacht|quarter|cash|market)\s$", message.folded[:start]):
            continue
        if match["what"] in {"cap", "but"} and message.text[start].islower() and message.english:
            continue  # "a cap of ten", "but English"
        if match["what"].startswith("licence") and message.english:
            continue
        if not match["field"] or not message.free(*match.span("field")) or len(match["field"].split()) > 5:
            start, end = _with_field(message, start, match.end("what"))
        message.use(start, end)
        yield Item(CriterionKind.EDUCATION, message.text[start:end].strip(), start, end)


def _with_field(message: Message, start: int, end: int) -> tuple[int, int]:
    """A field without a linking word: "BTS MCO", "BP coiffure", "biology degree"."""
    if re.search(r"(?:degree|diploma)$", message.folded[start:end]) and " " not in message.folded[start:end]:
        before = message.words_in(message.clause_start(start), start)
        field = before[-2:]
        while field and (_small(field[0].text) or not message.free(field[0].start, field[0].end)):
            field = field[1:]
        return (field[0].start if field else start), end
    behind = message.words_in(end, message.clause_end(end))[:1]
    if behind and message.text[end : behind[0].start] == " " and not _small(behind[0].text):
        word = message.text[behind[0].start : behind[0].end]
        named = word.isupper() and len(word) > 1
        if named or (
            skills.canonical(word) and message.folded[start:end] in {"cap", "bp", "bep", "bts", "dut", "bac pro"}
        ):
            return start, behind[0].end
    return start, end


def _small(word: str) -> bool:
    return word in words.of("filler") or word in words.of("articles") or word in words.of("prepositions")


def _schooled(message: Message) -> Iterator[Item]:
    trades = [(t.start, t.end) for t in titles.find(message.text)]
    for match in _SCHOOLED.finditer(message.folded):
        start, end = match.span("value")
        trade = any(a < match.end() and match.start() < b for a, b in trades)
        if not trade and message.free(start, end) and 0 < len(match["value"].split()) <= 6:
            if re.match(r"(?:issue?s?|sorti\w*)\b", match.group()) and not _SCHOOL_WORD.search(match["value"]):
                continue  # "issue de la maroquinerie" comes from a trade, not from a school
            message.use(match.start(), match.end())
            yield Item(CriterionKind.EDUCATION, message.text[start:end].strip(), start, end)


_SCHOOL_WORD = re.compile(
    r"\b(?:ecole \w|universite|institut|iut|iae|formation|faculte|fac|prepa|hec|insa|mines|centrale)"
)
