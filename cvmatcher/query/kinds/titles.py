"""Where the name of an occupation begins and ends in a message: "un chef de projet marketing confirmé à Lille".

Owns the nouns that make a trade and what a request opens with; how far a name reaches is told by `kinds.reach`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from cvmatcher.domain import CriterionKind
from cvmatcher.query import openings
from cvmatcher.query.item import Item
from cvmatcher.query.kinds.reach import SENIORITY, left, right, sector_spans, skill_spans, speaks_or_lies
from cvmatcher.query.kinds.skills import TOOLS
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import employers, languages, places, sectors, skills, titles, words
from cvmatcher.vocabulary.folding import Token, stems, tokens

_PROFILE = re.compile(r"(?:.*\s)?profils?\s*$")
_ARTICLE = words.of("articles")
_STOPS = words.of("title ends")
_FILLER = words.of("filler")
# What is said of a person beside the trade, and never belongs to its name.
_MANNERS = words.of("manners")
# Nouns that make a trade of whatever narrows them, in front of it in French and behind it in English.
_HEADS = {"fr": words.of("french heads"), "en": words.of("english heads")}
_NOT_ALONE = words.of("heads with company")
_CONDITIONS = words.of("conditions")
_CALENDAR = words.of("calendar")
_GLUE = words.of("glue")


def find(message: Message) -> Iterator[Item]:
    """Known occupations with the words that belong to them; then whatever a request opens with."""
    known = [_with_object(message, _item(message, start, end)) for start, end in _known(message)]
    yield from known
    opened = [_with_object(message, item) for item in _opened(message)]
    yield from (item for item in opened if not known or _before_all(item, known))
    if known or opened:
        return
    bare = list(_bare(message))
    yield from bare or _first_words(message)


def _first_words(message: Message) -> Iterator[Item]:
    """What a list begins with, where nothing else names a trade: "yard groom, live in, Newmarket"."""
    behind = message.words_in(0, message.clause_end(0))
    stop = _phrase_end(message, behind) if behind and message.free(behind[0].start, behind[0].end) else 0
    if not stop or len(message.breaks) < 2:
        return
    inside = message.words_in(behind[0].start, stop)
    told = words.of("deeds") | _CONDITIONS | _MANNERS | _FILLER | _ARTICLE
    name = message.text[behind[0].start : stop]
    skilled = any(a < stop and behind[0].start < b for a, b in skill_spans(message.text))
    if len(inside) > 4 or skilled or any(word.text in told for word in inside):
        return
    if not employers.known(name) and not _something_else(name):
        yield _item(message, behind[0].start, stop)


def _before_all(item: Item, known: list[Item]) -> bool:
    """What a request opens with is a trade, be it unknown; further on it is not, beside one that is known."""
    return item.kind is not CriterionKind.TITLE or item.start < min(title.start for title in known)


def _item(message: Message, start: int, end: int) -> Item:
    message.use(start, end)
    led = SENIORITY.match(message.folded, start, end)
    if led and message.folded[led.end() : end].strip():  # "senior accountant" is an accountant
        start = led.end() + len(message.folded[led.end() : end]) - len(message.folded[led.end() : end].lstrip())
    return Item(CriterionKind.TITLE, " ".join(message.text[start:end].split()), start, end)


# ------------------------------------------------------------------------------------------------------- known


def _known(message: Message) -> Iterator[tuple[int, int]]:
    reached = 0
    known = {(m.start, m.end) for m in titles.find(message.text)}
    spans = sorted({*(_with_tool(message, *span) for span in known), *_headed(message)}, key=lambda s: (s[0], -s[1]))
    for start, end in spans:
        if (
            start < reached
            or not message.free(start, end)
            or _breaks(message, start, end)
            or re.search(r"\b(?:s'|se |to )$", message.folded[:start])  # "prêt à s'installer"
            or _a_participle(message.text[start:end])
            or re.search(r"\b(?:first|second|single|sole|co)-$", message.folded[:start])  # "first-author papers"
            or _within_another(message.text, start, end)
            or _describes(message, start, end)
            or re.search(r"\bex[- ]$", message.folded[:start])  # "ex DAF", the maker of trucks
        ):
            continue
        reached = _through_the_next(message, spans, end)
        first = left(message, start, reached)
        if not _OBJECT.search(f"{message.folded[:first]}|{message.folded[first:reached]}"):
            yield first, reached


def _with_object(message: Message, item: Item) -> Item:
    """French says of what: "relecteur d'épreuves". It is shown; asked is the trade by itself where a list knows it."""
    linked = re.match(r" (?:de la |de l'|de |d'|du |des |en )(?=[a-z])", message.folded[item.end :])
    if message.english or not linked or " " in item.value:
        return item
    behind = message.words_in(item.end + linked.end(), message.clause_end(item.end))[:1]
    if not behind or len(behind[0].text) < 4 or not message.free(item.end, behind[0].end):
        return item
    word, name = behind[0], message.text[behind[0].start : behind[0].end]
    no_noun = words.of("somewhere") | _CALENDAR | _CONDITIONS | _MANNERS | _FILLER | _STOPS | _ARTICLE
    listed = any(a <= word.start < b for a, b in (*skill_spans(message.text), *sector_spans(message.text)))
    placed = places.countries_named(name) or places.regions_named(name)
    if word.text in no_noun or listed or placed or languages.code(name) or not name.islower():
        return item
    message.use(item.end, word.end)
    whole = " ".join(message.text[item.start : word.end].split())
    return replace(item, end=word.end, label=whole, value=item.value if titles.ids(item.value) else whole)


def _a_participle(name: str) -> bool:
    """Whether an accent makes a verb of it that no trade has: "piloté" is no pilot."""
    meant = (titles.everything()[title_id] for title_id in titles.ids(name))
    return (
        " " not in name
        and name.endswith("é")
        and not any(other.endswith("é") for title in meant for other in title.french)
    )


def _describes(message: Message, start: int, end: int) -> bool:
    """Whether "commercial" says of what kind the noun before it is: "froid commercial", "relation commerciale"."""
    before = message.words_in(message.clause_start(start), start)[-1:]
    if (
        not before
        or not message.folded[start:end].startswith("commercial")
        or message.text[before[0].end : start] != " "
    ):
        return False
    word = before[0]
    small = words.of("filler") | words.of("articles") | words.of("prepositions") | words.of("manners")
    plain = message.text[word.start].islower() and message.free(word.start, word.end) and word.text not in small
    return plain and not any(a <= word.start < b for a, b in openings.found(message.folded, message.text))


def _through_the_next(message: Message, spans: list[tuple[int, int]], end: int) -> int:
    """A trade beside a trade narrows it: "HGV class 1 driver", "ouvrier paysagiste"."""
    behind = next((b for a, b in spans if a == end + 1 and message.text[end:b].lower() == message.text[end:b]), end)
    status = all(stem in words.of("statuses") for stem in stems(message.text[end:behind]))
    return end if message.telegraphic or status or not message.free(end, behind) else behind


# What somebody does something to or with: "good at coaching agents".
_OBJECT = re.compile(
    r"\b(?:at|of|in|by|to)\s+\|[a-z]+ing\s+\w+s$"
    r"|\b(?:assistant\w* (?:to|d[e'])|maitris\w+ d[e'u]|connaissances? d[e'u])\s*(?:an?|the|our|la|le|l')?\s*\|"
    r"|\b(?:formation|encadrement|management|animation|coordination|accompagnement|recrutement|gestion)"
    r" (?:de |des |d')\|\w+s$"
)


def _with_tool(message: Message, start: int, end: int) -> tuple[int, int]:
    """French says "développeur Rust": a trade of one word takes the tool right behind it."""
    if re.search(r"\W", message.text[start:end]) or message.english:
        return start, end
    for match in skill_spans(message.text):
        if match[0] == end + 1 and message.text[end] == " " and skills.area(message.text[match[0] : match[1]]) in TOOLS:
            return start, match[1]
    return start, end


def _headed(message: Message) -> Iterator[tuple[int, int]]:
    """Nouns such as "inspecteur" or "advocate" that become a trade with the words beside them."""
    english = message.english
    for word in message.words:
        if _is_head(word, english=english) and not _goes_on(message, word):
            if english:
                start, end = left(message, word.start, word.end), word.end
                if re.match(r"\s+of\s+\w", message.folded[word.end :]):
                    end = right(message, word.end)
            else:
                start, end = word.start, right(message, word.end)
            if (start, end) != (word.start, word.end):
                yield start, end


def _goes_on(message: Message, word: Token) -> bool:
    """Whether an English noun that seldom makes a trade narrows the next one: "hand stitching"."""
    if not message.english or message.telegraphic or not {word.text, word.stem} & _NOT_ALONE:
        return False
    behind = message.words_in(word.end, message.clause_end(word.end))[:1]
    small = _FILLER | _STOPS | words.of("prepositions") | _CONDITIONS | _MANNERS | {"and", "or"}
    return (
        bool(behind)
        and message.text[word.end : behind[0].start] == " "
        and (
            message.text[behind[0].start].islower()
            and behind[0].text not in small
            and not _is_head(behind[0], english=True)
            and message.free(behind[0].start, behind[0].end)
        )
    )


def _is_head(word: Token, *, english: bool) -> bool:
    heads = _HEADS["en" if english else "fr"]
    return word.stem in heads or word.text in heads


def _bare(message: Message) -> Iterator[Item]:
    """A noun such as "ingénieur" with nothing beside it is a trade where the message names no other."""
    for word in message.words:
        head = _is_head(word, english=message.english)
        if head and word.text not in _NOT_ALONE and word.stem not in _NOT_ALONE and message.free(word.start, word.end):
            yield _item(message, word.start, word.end)


def _breaks(message: Message, start: int, end: int) -> bool:
    return re.search(r"[,;.!?\n()]", message.text[start:end].replace(".NET", "")) is not None


def _within_another(text: str, start: int, end: int) -> bool:
    """Whether it is part of a longer name ("Adobe Illustrator", "expertise comptable") or a skill by its capitals."""
    if any(a <= start and end <= b and b - a > end - start for a, b in (*skill_spans(text), *sector_spans(text))):
        return True
    capitals = text[start:end].isupper() or any((a, b) == (start, end) for a, b in _exact(text))
    return capitals and (start, end) in skill_spans(text)


@lru_cache(maxsize=64)
def _exact(text: str) -> tuple[tuple[int, int], ...]:
    return tuple((m.start, m.end) for m in skills.find(text) if m.exact_case)


# ------------------------------------------------------------------------------------------------------- opened


def _opened(message: Message) -> Iterator[Item]:
    """An occupation no list knows: the words right behind "je cherche un", when nothing else claims them."""
    for start, end in openings.found(message.folded, message.text):
        if not openings.opens_clause(message, start) or not openings.announces(message, start, end):
            continue
        behind = message.words_in(end, message.clause_end(end))
        while behind and (behind[0].text in _ARTICLE or SENIORITY.fullmatch(behind[0].text)):
            behind.pop(0)
        if not behind or not message.free(behind[0].start, behind[0].end):
            continue
        if behind[0].text in words.of("deeds"):
            continue
        stop = _phrase_end(message, behind)
        if employers.known(message.text[behind[0].start : stop]):
            continue
        name = message.text[behind[0].start : stop]
        if _PROFILE.match(message.folded[start:end]) and start and not message.free(max(0, start - 2), start):
            continue  # "pas de profils surdiplômés" says how, not in what
        if stop and _PROFILE.match(message.folded[start:end]):  # "profil technologie": a field, not a trade
            message.use(behind[0].start, stop)
            yield Item(CriterionKind.SECTOR, name, behind[0].start, stop)
        elif stop and not _something_else(name):
            yield _item(message, behind[0].start, stop)


def _phrase_end(message: Message, behind: list[Token]) -> int:
    end = 0
    for number, word in enumerate(behind[:6]):
        gap = message.text[end : word.start] if end else ""
        if gap.strip(" -/'’") or not message.free(word.start, word.end):
            break
        if (
            word.text in _STOPS
            or word.text.isdigit()
            or (word.text in _FILLER and word.text not in _GLUE)
            or SENIORITY.fullmatch(word.text)
            or speaks_or_lies(message.text[word.start : word.end])
        ):
            break
        if word.text in _GLUE and (number + 1 >= len(behind) or behind[number + 1].text in _STOPS):
            break
        end = word.end
    return end


def _something_else(name: str) -> bool:
    return (
        bool(sectors.ids(name) or skills.canonical(name) or languages.code(name) or places.all_named(name))
        or len(name) < 3
        or tokens(name)[-1].text in _ARTICLE  # "the last one"
    )
