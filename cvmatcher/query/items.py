"""The kinds of things a recruiter names, found in a message one kind after the other; each uses up its words.

Owns the patterns for years, places, languages, employers, education, sectors, titles and skills in French and English.
The order in `find_all` matters: what is most certain comes first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cvmatcher.domain import CriterionKind, LanguageLevel
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import languages, places, sectors, skills, titles, words
from cvmatcher.vocabulary.folding import fold


@dataclass(frozen=True, slots=True)
class Item:
    """One thing named at `start:end`; the fields of a Criterion that its kind needs."""

    kind: CriterionKind
    value: str
    start: int
    end: int
    minimum: float | None = None
    maximum: float | None = None
    level: LanguageLevel | None = None
    within_km: int | None = None
    or_remote: bool = False


Finder = Callable[[Message], Iterator[Item]]

_NUMBER_WORDS = """1 un une one|2 deux two|3 trois three|4 quatre four
5 cinq five|6 six|7 sept seven|8 huit eight|9 neuf nine
10 dix ten|12 douze twelve|15 quinze fifteen|20 vingt twenty"""
_NUMBERS = {word: int(row.split()[0]) for row in re.split(r"[|\n]", _NUMBER_WORDS) for word in row.split()[1:]}
_N = rf"(?:\d{{1,2}}(?:[.,]5)?|{'|'.join(_NUMBERS)})"
_UNIT = r"(?:ans?|annees?|years?'?|yrs?\.?|yoe)\b"
_YEARS = re.compile(
    rf"(?P<low>\b(?:au moins|au minimum|minimum(?: de)?|min\.?|plus d[e']|a partir de|superieure? a"
    rf"|depuis(?: plus de)?|at least|a minimum of|more than|over|minimum of|from)\s*)?"
    rf"(?P<high>\b(?:moins d[e']|au plus|au maximum|maximum(?: de)?|max\.?|pas plus d[e']|jusqu'a|inferieure? a"
    rf"|at most|less than|fewer than|under|up to|no more than|not more than|below)\s*)?"
    rf"(?:(?:entre|between|de|from)\s+)?\b(?P<a>{_N})\s*(?P<plus>\+|et plus|or more|ou plus)?\s*(?:(?:-|–|a|et|to"
    rf"|and|ou|or)\s*(?P<b>{_N})\s*)?\+?\s*{_UNIT}"
    rf"(?P<after>\s*(?:\+|et plus|ou plus|or more|minimum|mini\b|min\b|maximum|maxi?\b|at least|at most|plus))?"
)
_OF_EXPERIENCE = re.compile(
    r"\s*(?:(?:d'|de |of |')?\s*(?:(?:solid|proven|hands-on|professional|work|relevant"
    r"|total)\s+)?(?:experiences?|exp\b\.?|pratique|anciennete|metier|carriere|bouteille|practice|career"
    r"|track record)"
    r"(?:\s+(?:professionnelles?|confirmees?|solides?|significatives?|reussies?|minimum|au total|in total|overall))*)?"
)
_IN_WHAT = re.compile(
    r"\s*(?:en tant que|comme|as an?|as|sur|en|avec|with|in|using|on|de|d'|of|dans|chez|working with"
    r"|doing)\s+(?:(?:le|la|les|l'|du|des|un|une|the|a|an|developpement|development)\s*)?"
)


def _number(text: str) -> float:
    return float(_NUMBERS.get(text, 0)) or float(text.replace(",", "."))


def years(message: Message) -> Iterator[Item]:
    for match in _YEARS.finditer(message.folded):
        if not message.free(match.start("a"), match.end()) or re.search(
            r"\b(?:age|aged)\b", message.folded[max(0, match.start() - 8) : match.start()]
        ):
            continue
        low, high = _bounds(match)
        experience = _OF_EXPERIENCE.match(message.folded, match.end())
        end = experience.end() if experience else match.end()
        value, until = _years_in(message, end)
        message.use(match.start(), max(end, until if value else end))
        yield Item(
            CriterionKind.YEARS, value, match.start(), max(end, until if value else end), minimum=low, maximum=high
        )


def _bounds(match: re.Match[str]) -> tuple[float | None, float | None]:
    a = _number(match["a"])
    if match["b"]:
        return a, _number(match["b"])
    after = (match["after"] or "").strip()
    if match["high"] or after.startswith("max") or after == "at most":
        return None, a
    return a, None


def _years_in(message: Message, end: int) -> tuple[str, int]:
    """The skill or title that the years are counted with, and where its name ends."""
    link = _IN_WHAT.match(message.folded, end)
    if not link:
        return "", end
    stop = message.clause_end(link.end())
    rest = message.text[link.end() : stop]
    for match in (*titles.find(rest), *skills.find(rest)):
        if match.start == 0:
            return rest[: match.end], link.end() + match.end
    return "", end


# ------------------------------------------------------------------------------------------------------- places

_REMOTE = re.compile(
    r"\b(?:(?:en |full[ -]|100 ?% |entierement (?:en |a )?|fully |totalement (?:en "
    r"|a )?)?(?:teletravail(?: total| complet| partiel)?|remote(?:ly)?(?: work)?|home[ -]office|full[ -]?remote)"
    r"|(?:entierement |travail )?a distance|work(?:ing)? from home|wfh|from anywhere)\b"
)
_KM = re.compile(
    r"\b(?:(?:dans un |in a )?(?:rayon|radius) (?:de|of)\s*|(?:a )?(?:moins de|maximum|max) |within(?: a)? "
    r"|a )?(?P<n>\d{1,3})\s*(?:-| )?(?P<unit>km|kilometres?|kms|kilometers?|miles?|mi)\b(?: max\w*)?(?: radius)?"
)
_BEFORE_PLACE = re.compile(
    r"(?:\b(?:a|au|aux|en|dans|sur|pres d[eu']|proche d[eu']|autour d[eu']|aux alentours d[eu']|environs d[eu']"
    r"|vers|cote|region d[eu']|region|basee?s? (?:a|en|au|sur)|situee?s? (?:a|en)|habit\w+ (?:a|en|sur)?"
    r"|residant a|secteur d[eu']|agglomeration d[eu']|bassin d[eu']"
    r"|in|near|around|close to|based in|located in|living in|lives in|within reach of|outside|from|of"
    r"|at)\s*(?:(?:la |le |les |l'|the )?(?:region|agglomeration|metropole|ville|area|city|greater|secteur"
    r"|banlieue)\s*(?:de |d'|du |of )?)?(?:la |le |les |l'|the )?)$"
)
_EVERYDAY_PLACES = words.of("everyday places")


def place(message: Message) -> Iterator[Item]:
    distances = [(m, _kilometres(m)) for m in _KM.finditer(message.folded)]
    remotes = [m for m in _REMOTE.finditer(message.folded) if message.free(m.start(), m.end())]
    found = list(_places_named(message))
    for start, end in found:
        message.use(start, end)
    for match, _ in distances:
        message.use(match.start(), match.end())
    for match in remotes:
        message.use(match.start(), match.end())
    joined = {m.start() for m in remotes for start, end in found if _joined(message, m, start, end)}
    for start, end in found:
        near = next((km for m, km in distances if abs(m.end() - start) < 30 or 0 <= m.start() - end < 30), None)
        remote = any(_joined(message, m, start, end) for m in remotes)
        yield Item(CriterionKind.PLACE, message.text[start:end], start, end, within_km=near, or_remote=remote)
    for match in remotes:
        if match.start() not in joined:
            yield Item(CriterionKind.PLACE, "", match.start(), match.end(), or_remote=True)


def _kilometres(match: re.Match[str]) -> int:
    return round(int(match["n"]) * (1.609 if match["unit"].startswith("mi") else 1))


def _joined(message: Message, remote: re.Match[str], start: int, end: int) -> bool:
    """Whether "or" stands between the place and the word for working from afar."""
    between = message.folded[end : remote.start()] if end <= remote.start() else message.folded[remote.end() : start]
    return len(between) < 40 and re.search(r"\b(?:ou|or|sinon|otherwise)\b|/", between) is not None


def _places_named(message: Message) -> Iterator[tuple[int, int]]:
    position = 0
    while position < len(message.words):
        width = next(
            (w for w in range(min(6, len(message.words) - position), 0, -1) if _is_place(message, position, w)), 0
        )
        if width:
            yield message.words[position].start, message.words[position + width - 1].end
        position += width or 1


def _is_place(message: Message, position: int, width: int) -> bool:
    named = message.words[position : position + width]
    start, end = named[0].start, named[-1].end
    name = message.text[start:end]
    if not message.free(start, end) or re.search(r"[,;.!?\n]", name.replace("St.", "").replace("-", "")):
        return False
    known = [p for p in places.all_named(name) if p.kind != "city" or _spelt(p.name, name)]
    if not known:
        return False
    capital = name[0].isupper()
    led = _BEFORE_PLACE.search(message.folded[max(0, start - 45) : start]) is not None
    alone = _alone(message, start, end) and start > 0
    if not _is_mainly_a_place(name, named[0].text, certain=capital and (led or alone)):
        return False
    big = known[0].kind != "city" or known[0].population >= 90_000
    first = not message.text[message.clause_start(start) : start].strip() and start == 0
    return (
        (led and (capital or big))
        or (capital and not first and (big or known[0].country in {"FR", "BE", "CH"}))
        or (big and _alone(message, start, end))
        or (big and known[0].kind == "city" and known[0].country in {"FR", "BE", "CH"})
    )


def _spelt(listed: str, written: str) -> bool:
    """Stems of names meet too easily ("sales" and "Sale"): a city's name must be spelt, or be a known other name."""
    squeeze = str.maketrans({"-": " ", "'": " ", "’": " "})
    one, other = fold(listed).translate(squeeze), fold(written).translate(squeeze)
    return one == other or not one.startswith(other.rstrip("s"))


def _is_mainly_a_place(name: str, word: str, *, certain: bool) -> bool:
    if certain:
        return True
    if (word in _EVERYDAY_PLACES and fold(name) == word) or (len(name) < 4 and not places.countries_named(name)):
        return False
    return not (skills.canonical(name) or titles.ids(name) or sectors.ids(name) or languages.code(name))


def _alone(message: Message, start: int, end: int) -> bool:
    return (
        message.clause_start(start)
        + len(message.text[message.clause_start(start) : start])
        - len(message.text[message.clause_start(start) : start].lstrip())
        == start
        and not message.text[end : message.clause_end(end)].strip()
    )


# ------------------------------------------------------------------------------------------------------- languages

_NOT_SPOKEN = re.compile(
    r"\s*(?:market|marche|compan|entreprise|client|cuisine|law|press|food|team|equipe|groupe|group|culture"
    r"|literature|school|army)"
)


def language(message: Message) -> Iterator[Item]:
    found = [
        m
        for m in languages.find(message.text)
        if message.free(m.start, m.end) and not _NOT_SPOKEN.match(message.folded, m.end)
    ]
    shared: LanguageLevel | None = None
    for number, match in enumerate(found):
        before = found[number - 1].end if number else 0
        after = found[number + 1].start if number + 1 < len(found) else len(message.text)
        level, start, end = _level(message, match.start, match.end, before, after)
        if level is None and number and continues(message, before, match.start):
            level = shared  # "bilingual French/English", "fluent in German and Dutch"
        shared = level if start < match.start or (number and level is shared) else None
        message.use(start, end)
        yield Item(CriterionKind.LANGUAGE, match.canonical, start, end, level=level)


_LEVEL_AFTER = re.compile(
    r"(?:[\s:(-]|niveau|level|au niveau|a un niveau|minimum|au moins|est|is|tres|very|de|d'|langue|mother"
    r"|parle\w*|lu|ecrit|et|and|at|least|spoken|written){0,6}?"
    r"\b(courant\w*|couramment|fluent\w*|bilingue?\w*|bilingual|natif|native|maternelle?|tongue|professionnel\w*"
    r"|professional\w*|operationnel\w*|technique|intermediaire|intermediate|scolaire|notions|basic\w*|avance\w*"
    r"|advanced|conversational|debutant|beginner|[abc][12])\b(?:\s+(?:proficiency|working proficiency|level"
    r"|minimum|ou plus|or above|or higher|speaker|language|et professionnel))?"
)
_LEVEL_BEFORE = re.compile(
    r"\b(?:(courant\w*|fluent|fluency|bilingue?\w*|bilingual|native|natif|professional|professionnel|working"
    r"|conversational|intermediate|basic|basics|notions?|bases|scolaire|advanced|good|strong|excellent\w*|bon\w*"
    r"|tres bon\w*|maitrise\w*|maitrisant|couramment|[abc][12])"
    r"(?:\s+(?:niveau|level|knowledge|command|proficiency|working|connaissances?|maitrise|parfaite|speaker"
    r"|courante?|minimum))*\s*(?:en|in|of|de|d'|du|l'|de l'|d'un|un|le|the|-|:)*\s*(?:l')?)$"
)


def _level_of(word: str) -> LanguageLevel | None:
    """Who asks for someone bilingual asks for fluency, not for a birthplace."""
    return LanguageLevel.C1 if word.startswith("biling") else languages.level(word)


def _level(message: Message, start: int, end: int, before: int, after: int) -> tuple[LanguageLevel | None, int, int]:
    stop = min(after, message.clause_end(end))
    later = _LEVEL_AFTER.match(message.folded, end, stop)
    if later is None and message.folded[end : end + 2] == " (":
        later = _LEVEL_AFTER.match(message.folded, end + 2, after)
    if later:
        return _level_of(later[1]), start, later.end()
    earlier = _LEVEL_BEFORE.search(message.folded[max(before, message.clause_start(start)) : start])
    if earlier:
        return _level_of(earlier[1]), start - (len(earlier.group())), end
    return None, start, end


# ------------------------------------------------------------------------------------------------------- employers

_EMPLOYER = re.compile(
    r"(?:\b(?:chez|ex[- ]|anciens? (?:de |d'|du |chez )|anciennes? (?:de |d'|du |chez )|passee?s? (?:par|chez)"
    r"|venant de|issue?s? de(?: chez)?|work(?:ed|ing|s) (?:at|for)|previously (?:at|with)|formerly (?:at|with)"
    r"|experience (?:at|with)|employed (?:by|at)|alumni of|stint at|background at|from|at|time at)\s*)$"
)
_NAME = re.compile(r"[A-ZÀ-Ý][\w&.+'’-]*(?:\s+(?:&\s+)?(?:de |du |des |la |le |of )?[A-ZÀ-Ý&][\w&.+'’-]*){0,3}")


_SURE_EMPLOYER = re.compile(r"(?:chez|ex|ancien|passe|worked|working|works|previously|formerly|employed|alumni|stint)")


def employer(message: Message) -> Iterator[Item]:
    last = -1
    for match in _NAME.finditer(message.text):
        lead = _EMPLOYER.search(message.folded[max(0, match.start() - 40) : match.start()])
        listed = last >= 0 and continues(message, last, match.start())
        if not (lead or listed) or not message.free(match.start(), match.end()):
            continue
        name = match.group().rstrip(".")
        led = lead.group() if lead else ""
        certain = _SURE_EMPLOYER.match(led)
        if not certain and (
            places.all_named(name) or languages.code(name) or sectors.ids(name) or skills.canonical(name)
        ):
            continue
        last = match.start() + len(name)
        message.use(match.start() - len(led), last)
        yield Item(CriterionKind.EMPLOYER, name, match.start(), match.start() + len(name))


# ------------------------------------------------------------------------------------------------------- education

_FIELD = r"(?:\s+(?:en|in|of|de|d'|du)\s*(?:l'|la |le |the )?(?P<field>[^,;.!?()\n]*?))?"
_STOP = (
    r"(?=\s*(?:[,;.!?()\n]|$|\s(?:et|and|ou|or|avec|with|qui|who|a|au|parlant|speaking|basee?|based|ayant|having"
    r"|minimum|preferred|needed|mandatory|is|are|would|souhaitee?s?|appreciee?s?"
    r"|obligatoire|or equivalent|ou equivalent|obtenue?|exige\w*|required|plus|\d+ (?:ans|years))\b))"
)
_EDUCATION = re.compile(
    r"\b(?P<what>bac\s?\+\s?\d|master'?s?(?: degree)?(?: \d)?(?: (?:pro|recherche))?|mba|these|doctorat|ph\.?d"
    r"|doctorate|licence(?: pro(?:fessionnelle)?)?|bts|dut|but(?= en| [A-Z])|cap|bep|bac pro(?:fessionnel)?"
    r"|baccalaureat|"
    r"(?:grande )?ecoles? (?:d'ingenieurs?|de commerce|de management|d'architecture|de journalisme"
    r"|superieure \w+)|grande ecole|engineering (?:degree|school|diploma)|business school|"
    r"bachelor'?s?(?: degree)?|bsc|msc|m\.sc|b\.sc|associate'?s? degree|university degree|college degree|degree"
    r"|diploma|diplome(?! de|e| d')|diplome d'(?:etat|ingenieur)(?: d'[\w-]+| de [\w-]+)?"
    r"|diplome (?:universitaire|d'ecole)|"
    r"high school diploma|gcse|hnd|a-levels?|dess|deug|dea|dcg|dscg|capes|agregation|dnsep|dnmade|deust|desu"
    r"|deejeps|bpjeps|diplome de \w+|certification \w+|certificat de \w+|titre (?:rncp"
    r"|professionnel)(?: \w+)?)\b" + _FIELD + _STOP
)


_SCHOOLS = re.compile(
    r"\b(?:(?:universite|ecole|institut|university|college|school|institute) (?:(?:de |d'|du |des |of )(?:la |l'"
    r"|the )?)?[A-ZÀ-Ý][\w'-]*(?: [A-ZÀ-Ý][\w'-]*)*"
    r"|[A-Z][\w'-]* (?:University|College|Business School|Institute)"
    r"|Polytechnique|CentraleSup[ée]lec|Centrale(?: \w+)?|Mines(?: de)? \w+|Ponts|HEC|ESSEC|ESCP|EDHEC|EM Lyon"
    r"|Sciences Po|ENSAM|Arts et M[ée]tiers|INSA(?: [A-Z]\w+)?|Sup[ée]lec|ENS|Oxford|Cambridge|Harvard|MIT"
    r"|Stanford|LSE|INSEAD|EPFL|ETH|IAE"
    r"|CFA|ACCA|CPA|CIMA|FRM|TOEIC|TOEFL|IELTS|CAPES|BAFA|BAFD|BNSSA|DEAS|DEAP|DEES|DEJEPS|BPJEPS|CAFDES"
    r"|CAFERUIS|AMF)\b"
)
_SCHOOLED = re.compile(
    r"\b(?:diplomee?s?|graduated?s?|graduates|alumn\w+|issue?s?|formee?s?|degree|formation"
    r"|etudes)\s+(?:superieures? )?(?:de l'|de la |de |d'une? |d'|du |en |of |from |in |at |a l'|a "
    r"|an? )+(?P<value>[^,;.!?()\n]*?)" + _STOP
)


def education(message: Message) -> Iterator[Item]:
    yield from _degrees(message)
    for match in _SCHOOLS.finditer(message.text):
        if message.free(match.start(), match.end()):
            message.use(match.start(), match.end())
            yield Item(CriterionKind.EDUCATION, match.group(), match.start(), match.end())
    for match in _SCHOOLED.finditer(message.folded):
        start, end = match.span("value")
        trade = any(t.start < match.end() and match.start() < t.end for t in titles.find(message.text))
        if not trade and message.free(match.start(), match.end()) and 0 < len(match["value"].split()) <= 6:
            message.use(match.start(), match.end())
            yield Item(CriterionKind.EDUCATION, message.text[start:end].strip(), start, end)


def _degrees(message: Message) -> Iterator[Item]:
    for match in _EDUCATION.finditer(message.folded):
        if not message.free(match.start(), match.end()):
            continue
        if any(
            s.start <= match.start() and match.end() <= s.end for s in skills.find(message.text)
        ):  # "driving licence"
            continue
        if re.search(r"\b(?:scrum|web|product|head|station)\s$", message.folded[: match.start()]):
            continue
        end = match.end()
        message.use(match.start(), end)
        yield Item(CriterionKind.EDUCATION, message.text[match.start() : end].strip(), match.start(), end)


# ------------------------------------------------------------------------------------------------------- sectors

_SECTOR_BEFORE = re.compile(
    r"\b(?:(?:dans |du |le |en |from |in )?(?:le |the )?(?:secteurs?|domaines?|industries?|industrie|univers"
    r"|milieux?|mondes?|sector|field|industry|profils?|background)\s*(?:d'activite )?(?:de la |de l'|du |des "
    r"|de |d'|of |in |:)?\s*"
    r"|(?:(?:une? )?(?:experience|exp|parcours|carriere|background|expertise|experienced|passage|vecu|worked"
    r"|works|working)\s+(?:\w+ )?)?(?:dans|en|in|from|chez|passee?s? (?:par|dans)|venant d[eu]|issu\w* d[eu]"
    r"|coming from)\s+(?:(?:le |la |les |l'|the |an |a |un |une |des |du )?(?:secteur |domaine "
    r"|industrie )?(?:de la |de l'|du |des |de "
    r"|d')?)?|(?:pour|for|at|chez|par|au sein d.?)\s+(?:une? |an? )(?:\w+ )?)$"
)
_SECTOR_AFTER = re.compile(
    r"\s+(?:sector|industry|industries|domain|space|field|background|companies|company|world|experience|exp"
    r"|clients?|environment|players?|start-?ups?|firms?|agency|agencies|settings?)\b"
)


_LIST_GAP = re.compile(
    r"\s*(?:,|/|\bou\b|\bor\b|\bet\b|\band\b)+\s*(?:ou |or |et |and )?(?:in |en |dans )?(?:le |la |les |l'|the |du "
    r"|de |des )?"
)


def continues(message: Message, end: int, start: int) -> bool:
    """Whether what starts at `start` goes on with the list that has come to `end`."""
    return end <= start and _LIST_GAP.fullmatch(message.folded[end:start]) is not None


def sector(message: Message) -> Iterator[Item]:
    last, longer = -1, skills.find(message.text)
    for match in sectors.find(message.text):
        if not message.free(match.start, match.end):
            continue
        if any(
            s.start <= match.start and match.end <= s.end and s.end - s.start > match.end - match.start for s in longer
        ):
            continue  # "droit social" is a skill, not two sectors
        lead = _SECTOR_BEFORE.search(message.folded[max(0, match.start - 70) : match.start])
        tail = _SECTOR_AFTER.match(message.folded, match.end)
        listed = last >= 0 and continues(message, last, match.start)
        if not (lead or tail or listed or _alone(message, match.start, match.end)):
            continue
        last = tail.end() if tail else match.end
        message.use(match.start - (len(lead.group()) if lead else 0), last)
        yield Item(CriterionKind.SECTOR, message.text[match.start : match.end], match.start, match.end)


# ------------------------------------------------------------------------------------------------------- skills


def skill(message: Message) -> Iterator[Item]:
    for match in skills.find(message.text):
        if message.free(match.start, match.end):
            message.use(match.start, match.end)
            yield Item(CriterionKind.SKILL, message.text[match.start : match.end], match.start, match.end)
