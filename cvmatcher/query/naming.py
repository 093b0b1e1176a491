"""Where the name of an occupation begins and ends in a message: "un chef de projet marketing confirmé à Lille".

Owns the words that open a request ("je cherche", "we need"), those that end a title, and those of seniority.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from cvmatcher.domain import CriterionKind
from cvmatcher.query.items import Item
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import languages, places, sectors, skills, titles, words
from cvmatcher.vocabulary.folding import Token

OPENING = re.compile(
    r"\b(?:(?:je|nous|on|j'ai|i|we|i'd|we'd|i'm|we're|we are|i am)\s+)?(?:(?:suis|sommes"
    r"|est)\s+(?:a la recherche|en recherche|en quete) (?:de |d'|du )|(?:cherch\w+|recherch\w+|besoin (?:de |d')"
    r"|voudrais|voudrions|veux|voulons|aimerais|aimerions|souhait\w+|recrut\w+|embauch\w+|trouv\w+|montr\w+"
    r"|donne\w*|propose\w*|affiche\w*|liste\w*|il (?:me|nous) faut(?:drait)?|(?<=re )after|(?<=m )after|faut"
    r"|looking(?: to hire)? for"
    r"|look for|looking to hire|need\w*|want\w*|seek\w*|search\w* for|hir\w+|recruit\w+|find(?:ing)?|show|give"
    r"|get|list|like to (?:see|find|hire|meet)|would like))"
    r"(?:[ -](?:moi|me|nous|us|a|recruter|trouver|embaucher|voir|to (?:find|hire|recruit|see)|for|all|tous les"
    r"|toutes les|recruitment of|des profils|candidates?|candidats?|profils?|people|someone|quelqu'un|who (?:has"
    r"|have) (?:worked|been)(?: as)?|(?:who|that) (?:is|are)|qui (?:est|soit|sont)|ayant (?:travaille"
    r"|exerce)(?: comme| en tant que)?|as|comme|en tant que|de|d'|du))*\b"
    r"|\b(?:candidat\w*|candidates?|profils?|profiles?|people|someone|somebody|anyone|quelqu'un|personnes?|gens"
    r"|cvs?|resumes?)\b\s*(?:(?:de |d'|du |des |of |for |pour |who (?:has|have) (?:already )?(?:worked"
    r"|been)(?: as)?|who (?:is|are)|that (?:is|are)|with experience as|qui (?:est|soit|sont|a travaille comme"
    r"|ont travaille comme|ont deja ete)|ayant (?:deja )?(?:travaille|exerce|ete)(?: comme| en tant que)?"
    r"|working as|as|comme|en tant que)\s*)*"
    r"|\b(?:postes? d[e']|role of|position of|a travaille comme|ont travaille comme|worked as|experience (?:as"
    r"|en tant que|comme)|en tant que|as an?|ayant ete|has been|bonjour|hello|hi|salut|merci|please|svp"
    r"|s'il (?:vous|te) plait|thanks|urgent\w*)\b"
)
_ARTICLE = words.of("articles")
SENIORITY = re.compile(
    r"\b(?:seniors?|sr|juniors?|jr|confirmee?s?|experimentee?s?|experienced|debutante?s?|entry[ -]level"
    r"|mid[ -]level|seasoned|aguerrie?s?)\b\.?"
)
_STOPS = words.of("title ends")
FILLER = words.of("filler")
# What is said of a person beside the trade, and never belongs to its name.
_MANNERS = words.of("manners")
# Nouns that make a trade of whatever narrows them, in front of it in French and behind it in English.
_HEADS = {"fr": words.of("french heads"), "en": words.of("english heads")}
_A_STOPS = words.of("not after a")
_GLUE = words.of("glue")


def title(message: Message) -> Iterator[Item]:
    """Known occupations with the words that belong to them; then whatever a request opens with."""
    for start, end in _known(message):
        yield _item(message, start, end)
    yield from _opened(message)


def _item(message: Message, start: int, end: int) -> Item:
    message.use(start, end)
    led = SENIORITY.match(message.folded, start, end)
    if led and message.folded[led.end() : end].strip():  # "senior accountant" is an accountant
        start = led.end() + len(message.folded[led.end() : end]) - len(message.folded[led.end() : end].lstrip())
    return Item(CriterionKind.TITLE, " ".join(message.text[start:end].split()), start, end)


def _known(message: Message) -> Iterator[tuple[int, int]]:
    reached = 0
    spans = sorted(
        {*((m.start, m.end) for m in titles.find(message.text)), *_headed(message)}, key=lambda s: (s[0], -s[1])
    )
    for start, end in spans:
        if (
            start < reached
            or not message.free(start, end)
            or _breaks(message, start, end)
            or _within_a_skill(message.text, start, end)
        ):
            continue
        reached = end
        yield _left(message, start), end


def _headed(message: Message) -> Iterator[tuple[int, int]]:
    """Nouns such as "inspecteur" or "advocate" that become a trade with the words beside them."""
    english = _looks_english(message)
    for word in message.words:
        if word.stem in _HEADS["en" if english else "fr"] or word.text in _HEADS["en" if english else "fr"]:
            left, right = (_left(message, word.start), word.end) if english else (word.start, _right(message, word.end))
            if english and re.match(r"\s+of\s+\w", message.folded[word.end :]):
                right = _right(message, word.end)
            if (left, right) != (word.start, word.end):
                yield left, right


def _breaks(message: Message, start: int, end: int) -> bool:
    return re.search(r"[,;.!?\n()]", message.text[start:end].replace(".NET", "")) is not None


def _left(message: Message, start: int) -> int:
    """English puts what narrows a title before it: "senior pediatric nurse"."""
    before = [w for w in message.words if w.end <= start]
    while before and _belongs_before(message, before[-1], start):
        start = before.pop().start
    return start


def _belongs_before(message: Message, word: Token, start: int) -> bool:
    gap = message.text[word.end : start]
    if gap.strip(" -/") or not message.free(word.start, start) or message.free(word.start, word.end) is False:
        return False
    if word.text in _ARTICLE or word.text in _STOPS or word.text in FILLER or word.text in _MANNERS:
        return False
    if word.text.isdigit() or SENIORITY.fullmatch(word.text) or _in_a_skill(message.text, word.start):
        return False
    if any(m.start() <= word.start < m.end() for m in OPENING.finditer(message.folded)):
        return False
    return not _speaks_or_lies(message.text[word.start : word.end]) and _looks_english(message)


def _looks_english(message: Message) -> bool:
    accents = any(ord(character) > 191 for character in message.text)
    return not accents and not any(word.text in _FRENCH for word in message.words)


_FRENCH = words.of("french")


def _speaks_or_lies(word: str) -> bool:
    return languages.code(word) is not None or (
        word[0].isupper() and bool(places.all_named(word)) and not skills.canonical(word)
    )


def _right(message: Message, end: int) -> int:
    """French puts it behind: "ingénieur commercial export", "responsable de magasin bio"."""
    after = [w for w in message.words if w.start >= end]
    while after:
        width = _belongs_behind(message, after, end)
        if not width:
            break
        end = after[width - 1].end
        after = after[width:]
    return end


def _belongs_behind(message: Message, after: list[Token], end: int) -> int:
    """How many of the next words go on with the title: 1, or 2 with a linking "de"."""
    word = after[0]
    if message.text[end : word.start].strip(" -/'’") or not message.free(word.start, word.end):
        return 0
    if (
        word.text == "a" and len(after) > 1 and not _looks_english(message)
    ):  # "chef à sushi", but "chef à Lyon", "à temps plein"
        noun = after[1]
        plain = (
            message.text[noun.start].islower()
            and noun.text not in _MANNERS
            and noun.text not in FILLER
            and noun.text not in _A_STOPS
        )
        known = places.all_named(message.text[noun.start : noun.end])
        return 2 if plain and not known and _content(message, noun, word.end) else 0
    if word.text in {"de", "du", "d", "des", "of"} and len(after) > 1:
        follower = after[1:]
        while follower and follower[0].text in {"la", "l", "le", "les", "the"}:
            follower = follower[1:]
        return after.index(follower[0]) + 1 if follower and _content(message, follower[0], after[0].end) else 0
    return 1 if _content(message, word, end) else 0


def _content(message: Message, word: Token, after: int) -> bool:
    if len(message.text[after : word.start].strip(" -/'’")) > 3 or not message.free(word.start, word.end):
        return False
    if word.text in _STOPS or word.text in _ARTICLE or word.text in _MANNERS or word.text.isdigit():
        return False
    if SENIORITY.fullmatch(word.text) or _in_a_skill(message.text, word.start):
        return False  # a skill is asked for beside the trade
    if _looks_english(message) and not re.search(r"\bof(?: the)?$", message.folded[: word.start].rstrip()):
        return False  # English titles end with their noun
    return not _speaks_or_lies(message.text[word.start : word.end])


@lru_cache(maxsize=64)
def _skill_spans(text: str) -> tuple[tuple[int, int], ...]:
    return tuple((m.start, m.end) for m in skills.find(text))


def _in_a_skill(text: str, position: int) -> bool:
    return any(start <= position < end for start, end in _skill_spans(text))


def _within_a_skill(text: str, start: int, end: int) -> bool:
    """Whether it is part of a longer name of a skill: "Adobe Illustrator" names no trade."""
    return any(a <= start and end <= b and b - a > end - start for a, b in _skill_spans(text))


def _opened(message: Message) -> Iterator[Item]:
    """An occupation no list knows: the words right behind "je cherche un", when nothing else claims them."""
    for match in OPENING.finditer(message.folded):
        behind = [w for w in message.words if w.start >= match.end()]
        while behind and (behind[0].text in _ARTICLE or SENIORITY.fullmatch(behind[0].text)):
            behind.pop(0)
        if (
            not behind
            or message.text[match.end() : behind[0].start].strip(" '’unedslaith")
            or not message.free(behind[0].start, behind[0].end)
        ):
            continue
        end = _phrase_end(message, behind)
        name = message.text[behind[0].start : end]
        if end and re.match(r"profils?\b", match.group()):  # "profil technologie": a field, not a trade
            message.use(behind[0].start, end)
            yield Item(CriterionKind.SECTOR, name, behind[0].start, end)
        elif end and not _something_else(name):
            yield _item(message, behind[0].start, end)


def _phrase_end(message: Message, behind: list[Token]) -> int:
    end = 0
    for number, word in enumerate(behind[:6]):
        gap = message.text[end : word.start] if end else ""
        if gap.strip(" -/'’") or not message.free(word.start, word.end):
            break
        if (
            word.text in _STOPS
            or word.text.isdigit()
            or SENIORITY.fullmatch(word.text)
            or _speaks_or_lies(message.text[word.start : word.end])
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
    )
