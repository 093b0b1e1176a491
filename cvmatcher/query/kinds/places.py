"""Where someone should be: towns, regions and countries, how far around them, and work from afar."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cvmatcher.domain import CriterionKind
from cvmatcher.query.item import Item, alone, continues
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import languages, places, sectors, skills, titles, words
from cvmatcher.vocabulary.folding import Token, fold

_REMOTE = re.compile(
    r"\b(?:\d(?:(?: a | ou |[-/])\d)? (?:jours?|days?) (?:de |of |en )?)?(?:(?:en |full[ -]|100 ?% "
    r"|entierement (?:en |a )?|fully |totalement (?:en |a )?|partial(?:ly)? |anywhere )?"
    r"(?:teletravail(?: total| complet| partiel| possible)?|remote(?:ly)?(?: work(?:ing)?)?|home[ -]office"
    r"|full[ -]?remote)"
    r"(?: only| ok| possible| uniquement)?(?: \d(?:(?: a | ou |[-/])\d)? (?:j\b|jours?|days?)"
    r"(?:(?: par | a |/| per )(?:la )?(?:semaine|week))?)?|(?:entierement |travail )?a distance|travail a domicile"
    r"|work(?:ing)? from (?:home|anywhere)"
    r"|wfh|home[- ]based"
    r"|from anywhere|distanciel)\b"
)
_KM = re.compile(
    r"\b(?:(?:dans un |in a |a |with(?:in)? a )?(?:rayon|radius) (?:de|of)\s*|(?:a )?(?:moins de|maximum|max) "
    r"|within(?: a| about)? |no more than |up to |a |less than )?(?P<n>\d{1,3})\s*(?:-| )?"
    r"(?P<unit>km|kilometres?|kms|kilometers?|miles?|mi)\b(?: max\w*| maximum)?(?: radius)?"
    r"(?:\s*(?:autour|alentour|a la ronde|around|of|from|de|d'|du)\b\s*(?:d[eu']\s*)?)?"
)
_AREA = r"(?:region|agglomeration|metropole|ville|area|city|greater|secteur|banlieue|periphery|suburbs?|outskirts|cote)"
_NEAR = (
    r"(?:pres d[eu']|proche d[eu']|autour d[eu']|aux (?:alentours|environs) d[eu']|environs d[eu']|alentours d[eu']"
    r"|basee?s? (?:a|en|au|aux|sur|dans|pres d[eu'])|situee?s? (?:a|en|au|pres d[eu'])|habit(?:e|ent|ant|er"
    r"|antes?)(?: (?:a|en|sur|dans|pres d[eu']))?"
    r"|residant (?:a|en|pres d[eu'])|vivant (?:a|en)|agglomeration d[eu']|bassin d[eu']|a proximite d[eu']"
    r"|quartier(?: d[eu']s?)?|near|around|close to|(?:based|located|living|lives|live|resident|settled) (?:in|near"
    r"|around|close to)"
    r"|within reach of|commut\w+ (?:distance )?(?:to|of|from)|relocat\w+ to|move to|outskirts of|south of|north of"
    r"|east of|west of|relocat\w+ (?:in|near)|au nord d[eu']|au sud d[eu']|a l'ouest d[eu']|a l'est d[eu'])"
)
_LED = re.compile(
    rf"(?:\b(?P<sure>{_NEAR}|a|au|aux|en|dans|sur|vers|cote|region d[eu']|region|secteur d[eu']|secteur|in|outside"
    rf"|across|throughout|departement d[eu']|departement|partout en|anywhere in|toute?)|\b(?:from|of|at|to|for|pour"
    rf"|de|d'"
    rf"))\s*(?:(?:la |le |les |l'|the )?{_AREA}\s*(?:de |d'|du |of )?)?(?:la |le |les |l'|the )?(?:(?:east|west|north"
    rf"|south|central|inner|outer) )?$"
)
_BESIDE = re.compile(
    rf"\s*(?:\(?\b(?:\d{{2,3}}|2[ab])\)|\d{{1,2}}(?:e|eme|er|nd|rd|th)\b(?: arrondissement)?|intra[ -]muros"
    rf"|(?:and |et )?(?:its |sa )?(?:surroundings|environs|alentours|{_AREA}|centre(?:-ville)?|center|nord|sud|est"
    rf"|ouest|ou environs|et region|region"
    rf"|et sa region|and around)\b|,?\s*(?-i:[A-Z]{{2}})\b(?=\s*(?:[,;.!?()\n/]|$))|\b(?:metropole"
    rf"|metropolitan area))",
    re.IGNORECASE,
)
_AROUND = re.compile(
    r"\s*(?:(?:ou|et|and|or|\+|/)\s*)?(?:(?:ses|les|its|the|region)\s*)*(?:environs?|alentours?|surroundings?"
    r"|surrounding area)\b"
    r"|\s*\(?\d{1,3} ?(?:km|kms|miles?|mi)\b"
)
_IMPOSSIBLE = re.compile(r" (?:is |work )?(?:impossible|not (?:possible|an option|available)|exclu|pas possible)\b")
_HOME = {"FR", "BE", "CH", "LU", "GB", "IE"}


def find(message: Message) -> Iterator[Item]:
    distances = list(_KM.finditer(message.folded))
    remotes = [m for m in _REMOTE.finditer(message.folded) if message.free(m.start(), m.end())]
    for match in (*remotes,):
        if refused := _IMPOSSIBLE.match(message.folded, match.end()):  # nobody is asked to come from afar
            message.use(match.start(), refused.end())
            remotes.remove(match)
    for match in (*distances, *remotes):
        message.use(match.start(), match.end())
    found: list[tuple[int, int]] = []
    for finder in (_named, _unlisted, _departments):  # a number behind a town ("Lyon (69)") only narrows it
        for start, end in finder(message):
            message.use(_from(message, start), _until(message, end))
            found.append((start, end))
    found.sort()
    joined = {m.start() for m in remotes for start, end in found if _joined(message, m, start, end)}
    for start, end in found:
        near = next((_kilometres(m) for m in distances if abs(m.end() - start) < 30 or 0 <= m.start() - end < 30), None)
        if near is None and len(found) == len(distances) == 1:
            near = _kilometres(distances[0])  # "Ils doivent habiter à moins de 25 km", a sentence after the only town
        afar = next((m for m in remotes if _joined(message, m, start, end)), None)
        name, words_afar = message.text[start:end], message.text[afar.start() : afar.end()] if afar else ""
        yield Item(
            CriterionKind.PLACE,
            _with_article(message, name, start),
            start,
            end,
            within_km=near,
            or_remote=afar is not None,
            label=limited(name, near, words_afar),
        )
    for match in remotes:
        if match.start() not in joined:
            yield Item(CriterionKind.PLACE, "", match.start(), match.end(), or_remote=True)


def _with_article(message: Message, name: str, start: int) -> str:
    """French melts the article of a town into the word before it: "site du Havre", "au Mans"."""
    melted = re.search(r"\b(?:du|au) $", message.folded[:start]) is not None
    return (
        f"Le {name}"
        if melted and any(fold(p.name) == fold(f"le {name}") for p in places.all_named(f"Le {name}"))
        else name
    )


def limited(name: str, within_km: int | None, remote: str) -> str:
    """How a place is shown with what widens it: "Lyon + 30 km / télétravail"."""
    near = f"{name} + {within_km} km" if within_km else name
    return f"{near} / {remote}" if remote else near


def distance(folded: str) -> int | None:
    """Kilometres that a folded message names, None if it names none."""
    match = _KM.search(folded)
    return _kilometres(match) if match else None


def _kilometres(match: re.Match[str]) -> int:
    return round(int(match["n"]) * (1.609 if match["unit"].startswith("mi") else 1))


def _joined(message: Message, remote: re.Match[str], start: int, end: int) -> bool:
    """Whether "or" stands between the place and the word for working from afar."""
    between = message.folded[end : remote.start()] if end <= remote.start() else message.folded[remote.end() : start]
    refused = re.search(r"\b(?:not|no|pas|sans|hors)\b", between)
    beside = re.fullmatch(r" \(?(?:(?:with)?in |from |en |depuis |dans )?(?:the |la |le |l')?", between)
    if between.strip() in {",", "+", "&"} or (beside and remote.end() <= start):
        return True  # "Nantes, télétravail partiel", "fully remote EU"
    return len(between) < 40 and not refused and re.search(r"\b(?:ou|or|sinon|otherwise|else)\b|/", between) is not None


def _from(message: Message, start: int) -> int:
    led = _LED.search(message.folded, max(0, start - 45), start)
    return led.start() if led else start


def _until(message: Message, end: int) -> int:
    """Behind what narrows a town: "Paris 9e", "Lyon (69)", "Houston, TX", "Munich area"."""
    country = re.match(r",? ((?:[A-ZÀ-Ý][\w.]+ ?){1,3})", message.text[end:])
    if country and places.countries_named(country[1].strip()):
        return end + country.end(1)  # "Cambridge UK", "Lyon, France"
    beside = _BESIDE.match(message.text, end)
    return beside.end() if beside and message.free(end, beside.end()) else end


# ------------------------------------------------------------------------------------------------------- listed


def _named(message: Message) -> Iterator[tuple[int, int]]:
    position, last = 0, -1
    while position < len(message.words):
        width = next(
            (w for w in range(min(6, len(message.words) - position), 0, -1) if _is_place(message, position, w, last)), 0
        )
        if width:
            last = message.words[position + width - 1].end
            yield message.words[position].start, last
        position += width or 1


def _is_place(message: Message, position: int, width: int, last: int) -> bool:
    named = message.words[position : position + width]
    start, end = named[0].start, named[-1].end
    name = message.text[start:end]
    if not message.free(start, end) or re.search(r"[,;.!?\n()/]", name.replace("St.", "")):
        return False
    if len(name) < 4 and not name.isupper() and not name.istitle():
        return False  # "us" is no country
    if _within_a_name(message, named, end):
        return False
    if re.match(r"-\w", message.text[end:]) or re.search(r"\w-$", message.text[:start]):
        return False  # "Croix-Rousse" is no Croix
    known = [p for p in places.all_named(name) if p.kind != "city" or _spelt(p.name, name)]
    return bool(known) and _stands_as_a_place(message, start, end, known[0], last)


def _within_a_name(message: Message, named: list[Token], end: int) -> bool:
    """Whether it is part of a longer name: "Social Care Wales", "UK driving licence"."""
    before = message.words_in(message.clause_start(named[0].start), named[0].start)[-2:]
    if any(m.start == end + 1 and message.free(m.start, m.end) for m in skills.find(message.text)):
        behind = message.text[end + 1 : end + 2]
        if behind.islower() and places.countries_named(message.text[named[0].start : end]):
            return True
    if _begins_a_name(message, end) and _LED.search(message.folded, 0, named[0].start) is None:
        return True
    return len(before) == 2 and all(
        message.text[word.start].isupper()
        and not message.text[word.start : word.end].isupper()
        and message.free(word.start, word.end)
        and message.text[word.end] == " "
        and not skills.canonical(message.text[word.start : word.end])
        and not places.all_named(message.text[word.start : word.end])
        for word in before
    )


def _stands_as_a_place(message: Message, start: int, end: int, known: places.Place, last: int) -> bool:
    """By its capital, its size, what leads it, whether it stands alone or in a list of places."""
    name, word = message.text[start:end], message.words_in(start, end)[0].text
    lead = _LED.search(message.folded, max(0, start - 45), start)
    sure = lead is not None and (lead["sure"] is not None or _of_a_house(message, lead.start()))
    lonely = start > 0 and alone(message, start, end)
    listed = (last >= 0 and continues(message, last, start)) or _goes_on(message, end)
    capital, home = name[0].isupper(), known.country in _HOME
    big = known.kind != "city" or known.population >= 90_000
    around = _AROUND.match(message.folded, end) is not None
    led_there = capital and (sure or around) and (big or not skills.canonical(name))
    if not led_there and not _is_mainly_a_place(name, word, lonely=capital and (lonely or listed)):
        return False
    if known.small:
        return capital and (sure or lonely or listed)
    if lead or lonely or listed or around:
        return capital or big
    if known.kind == "country":
        return True  # "relecteur france italien"
    return (capital and start > 0 and (big or home)) or (big and (known.kind == "city" or not home))


def _of_a_house(message: Message, start: int) -> bool:
    """Whether a kind of place of work stands right before: "l'EHPAD de Vannes", "our lab in Pau"."""
    house = message.words_in(max(0, start - 30), start)[-1:]
    if not house or message.text[house[0].end : start].strip():
        return False
    name = message.text[house[0].start : house[0].end]
    return house[0].text in words.of("firm nouns") or any(len(name) > 2 for _ in sectors.ids(name))


def _goes_on(message: Message, end: int) -> bool:
    """Whether a list goes on with another place: "Bath/Bristol", "Aix ou Arles"."""
    behind = message.words_in(end, message.clause_end(end))
    while behind and behind[0].text in {"ou", "or", "et", "and", "a", "in", "en"}:
        behind = behind[1:]
    if not behind or not continues(message, end, behind[0].start):
        return False
    names = [message.text[behind[0].start : word.end] for word in behind[:3]]
    return names[0][:1].isupper() and any(places.all_named(name) for name in names)


def _spelt(listed: str, written: str) -> bool:
    """Stems of names meet too easily ("sales" and "Sale"): a city's name must be spelt, or be a known other name."""
    squeeze = str.maketrans({"-": " ", "'": " ", "’": " "})
    one, other = fold(listed).translate(squeeze), fold(written).translate(squeeze)
    return one == other or abs(len(one) - len(other)) > 2 or not one.startswith(other.rstrip("s"))


def _begins_a_name(message: Message, end: int) -> bool:
    """Whether a word with a capital that is none of what else is asked follows: "Soho House", "Manhattan WMS"."""
    behind = message.words_in(end, end + 2)
    if not behind or message.text[end : behind[0].start] != " " or not message.free(behind[0].start, behind[0].end):
        return False
    word = message.text[behind[0].start : behind[0].end]
    if not word[0].isupper() or (word.isupper() and len(word) < 3):
        return False
    known = behind[0].text in words.of("conditions") | words.of("calendar") | words.of("filler")
    if skills.canonical(word):
        return word.isupper() and len(word) > 2 and not message.telegraphic  # "Manhattan WMS"
    return not (known or places.all_named(word) or languages.code(word) or titles.ids(word))


def _is_mainly_a_place(name: str, word: str, *, lonely: bool) -> bool:
    if name.isupper() and len(name) <= 4 and not places.lettered(name):
        return False  # "IFS", "CHU": letters that some town's name happens to be
    if any(m.start == 0 and m.end == len(name) for m in skills.find(name)) or titles.ids(name):
        return False
    if languages.code(name) and not (lonely and places.regions_named(name)):
        return False  # "Corse" is a region where it stands alone, French speaks "corse"
    if lonely:
        return True
    short = len(name) < 4 and not (name.isupper() and places.lettered(name))
    if short or (word in words.of("everyday places") and fold(name) == word):
        return False
    return not sectors.ids(name)


_DEPARTMENT = re.compile(
    r"(?:\b(?:dans le|du|le|secteur|dept\.?|departements?|dep\.?)\s+|\()(?P<first>\d{2}|2[ab])(?P<more>(?:(?:,"
    r"| et| ou"
    r"|/) ?(?:le )?(?:\d{2}|2[ab]))*)"
    r"(?!\w|[.,]\d| ?(?:ans?|%|h|heures|km|k?€|euros|personnes|jours|mois|janvier|fevrier|mars|avril|mai|juin|juillet"
    r"|aout)\b)"
)


def _departments(message: Message) -> Iterator[tuple[int, int]]:
    """French departments by their number: "dans le 92", "le 33 ou le 40"."""
    for match in _DEPARTMENT.finditer(message.folded):
        for number in re.finditer(r"\d{2}|2[ab]", match.group()):
            start, end = match.start() + number.start(), match.start() + number.end()
            if places.regions_named(message.text[start:end]) and message.free(start, end) and not message.english:
                yield start, end


# ------------------------------------------------------------------------------------------------------- unlisted


def _unlisted(message: Message) -> Iterator[tuple[int, int]]:
    """Names with a capital that no list has, where only a place can stand: "basé à Courchevel", "near Tunbury"."""
    for match in re.finditer(rf"\b(?:{_NEAR}|a|au|aux)\s+(?:la |le |les |l')?(?=\w)", message.folded):
        if match.group().strip() == "a" and message.text[match.start()] not in "àÀ":
            continue  # the English article
        named: list[Token] = []
        for word in message.words_in(match.end(), message.clause_end(match.end())):
            gap = message.text[named[-1].end : word.start] if named else message.text[match.end() : word.start]
            if gap.strip(" -'’") or not message.text[word.start].isupper() or not message.free(word.start, word.end):
                break
            named.append(word)
        if not named:
            continue
        start, end = named[0].start, named[-1].end
        name = message.text[start:end]
        known = places.all_named(name) or skills.canonical(name) or titles.ids(name) or languages.code(name)
        if len(name) > 3 and not known and not name.isupper() and not sectors.ids(name):
            yield start, end
