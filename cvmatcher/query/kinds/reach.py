"""How far the name of a trade reaches: in English to the words before its noun, in French to those behind it.

Owns the words of seniority, and what beside a noun is said of a person and is no part of the trade.
"""

from __future__ import annotations

import re
from functools import lru_cache

from cvmatcher.query import openings
from cvmatcher.query.kinds.skills import TOOLS
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import employers, languages, places, sectors, skills, titles, words
from cvmatcher.vocabulary.folding import Token

SENIORITY = re.compile(
    r"\b(?:seniors?|sr|juniors?|jr|confirmee?s?|experimentee?s?|experienced|debutante?s?|entry[ -]level|mid[ -]level"
    r"|seasoned|aguerrie?s?|graduate)\b\.?"
)
_ARTICLE = words.of("articles")
_STOPS = words.of("title ends")
_FILLER = words.of("filler")
_MANNERS = words.of("manners")
# Nouns that name a trade only with what they are about, be it a skill: "technicien hydraulique", "ingénieur R&D".
_WIDE = words.of("wide heads")
_CONDITIONS = words.of("conditions")
_CALENDAR = words.of("calendar")
_A_STOPS = words.of("not after a")


def left(message: Message, start: int, end: int) -> int:
    """English puts what narrows a title before it: "senior pediatric nurse", "Scala developer"."""
    if not message.english:
        return start
    bare = not re.search(r"\W", message.text[start:end])
    before = message.words_in(message.clause_start(start), start)
    while before and _belongs_before(message, before[-1], start, bare=bare):
        start = before.pop().start
    return start


def _belongs_before(message: Message, word: Token, start: int, *, bare: bool) -> bool:
    if message.text[word.end : start].strip(" -/") or not message.free(word.start, start):
        return False
    behind = message.words_in(word.end, start + 1)[:1]
    compound = bool(behind) and (word.stem, behind[0].stem) in titles.pairs()
    if not compound and (word.text in _ARTICLE | _STOPS | _FILLER | _CONDITIONS or _says_of_a_person(message, word)):
        return False
    skilled = any(a <= word.start < b for a, b in skill_spans(message.text))
    opening = any(a <= word.start < b for a, b in openings.found(message.folded, message.text))
    return not opening and (bare or not skilled or _shared(message, word, start))


def _says_of_a_person(message: Message, word: Token) -> bool:
    """Whether the word says how good, where from or of which firm someone is, or how many: no part of a trade."""
    shape = message.text[word.start : word.end]
    if word.text in _MANNERS or word.text.isdigit() or SENIORITY.fullmatch(word.text):
        return True
    return employers.known(shape) or speaks_or_lies(shape)


def _shared(message: Message, word: Token, start: int) -> bool:
    """Whether a skill's name holds the word and goes on into the title: "fire safety engineer"."""
    return any(a <= word.start and start < b for a, b in skill_spans(message.text))


def speaks_or_lies(word: str) -> bool:
    if languages.code(word) is not None or places.countries_named(word):
        return True
    return word[0].isupper() and bool(places.all_named(word)) and not skills.canonical(word)


def right(message: Message, end: int) -> int:
    """French puts it behind: "ingénieur commercial export", "responsable de magasin bio"."""
    head, joined = end, False
    first = message.words_in(0, end)[-1].start
    after = message.words_in(end, message.clause_end(end))
    while after:
        known = bool(titles.ids(message.text[first:end]))
        wide = not known or (not joined and _wide(message, first, head) and _common(message, after[0]))
        width = _belongs_behind(message, after, end, bare=(end == head or known) and wide)
        several = " " in message.text[first:end]
        name = message.text[after[0].start : after[width - 1].end] if width else ""
        if not width or (known and several and not skills.canonical(name) and sectors.ids(name)):
            break
        end = after[width - 1].end
        skill = next((b for a, b in skill_spans(message.text) if a < end < b), end)
        joined = joined or any(a == after[0].start for a, _ in skill_spans(message.text))
        end, after = skill, [word for word in after[width:] if word.start >= skill]
    return end


def _wide(message: Message, start: int, end: int) -> bool:
    return any(word.stem in _WIDE or word.text in _WIDE for word in message.words_in(start, end))


def _common(message: Message, word: Token) -> bool:
    """Whether the skill that begins with the word is a subject and no tool."""
    name = next((message.text[a:b] for a, b in skill_spans(message.text) if a == word.start), "")
    return name in {"R&D", "RH", "HR"} or (
        name.islower() and skills.area(name) not in TOOLS | {"office", "design and media"}
    )


def _belongs_behind(message: Message, after: list[Token], end: int, *, bare: bool) -> int:
    """How many of the next words go on with the title: 1, or 2 with a linking "de"."""
    word = after[0]
    if message.text[end : word.start].strip(" -/'’&") or not message.free(word.start, word.end):
        return 0
    if word.text == "a" and len(after) > 1 and not message.english:
        return _behind_a(message, after)
    if word.text in {"de", "du", "d", "des", "of"} and len(after) > 1:
        follower = after[1:]
        while follower and follower[0].text in {"la", "l", "le", "les", "the"}:
            follower = follower[1:]
        fits = follower and _content(message, follower[0], after[0].end, bare=bare)
        return after.index(follower[0]) + 1 if fits else 0
    return 1 if _content(message, word, end, bare=bare) else 0


def _behind_a(message: Message, after: list[Token]) -> int:
    """As in "chef à sushi", but not in "chef à Lyon" or "à temps plein"."""
    noun = after[1]
    plain = message.text[noun.start].islower() and noun.text not in _MANNERS | _FILLER | _A_STOPS
    known = places.all_named(message.text[noun.start : noun.end])
    return 2 if plain and not known and _content(message, noun, after[0].end, bare=False) else 0


def _content(message: Message, word: Token, after: int, *, bare: bool) -> bool:
    if len(message.text[after : word.start].strip(" -/'’&")) > 3 or not message.free(word.start, word.end):
        return False
    if word.text in _STOPS | _ARTICLE | _CALENDAR or word.stem in _STOPS:
        return False
    if not bare and any(a <= word.start < b for a, b in skill_spans(message.text)):
        return False  # a skill is asked for beside the trade
    if message.english and not re.search(r"\bof(?: the)?$", message.folded[: word.start].rstrip()):
        return False  # English titles end with their noun
    before = message.words_in(0, after)[-1:]
    if message.text[word.start].isupper() and before and _is_plain(message, before[0]):
        shape = message.text[word.start : word.end]
        if not shape.isupper() and not skills.canonical(shape):
            return False  # "technicien ascenseurs Otis"
    taught = languages.code(message.text[word.start : word.end]) and _TEACHES.search(message.folded, 0, word.start)
    return bool(taught) or not _says_of_a_person(message, word)  # "prof d'anglais" names a trade


def _is_plain(message: Message, word: Token) -> bool:
    """Whether it is a word in small letters that is no link between others."""
    return len(word.text) > 3 and message.text[word.start].islower()


_TEACHES = re.compile(
    r"\b(?:prof|professeure?s?|enseignante?s?|format(?:eur|rice)s?|teachers?|trainers?) (?:d'|de |en |of )$"
)


@lru_cache(maxsize=64)
def skill_spans(text: str) -> tuple[tuple[int, int], ...]:
    return tuple((m.start, m.end) for m in skills.find(text))


@lru_cache(maxsize=64)
def sector_spans(text: str) -> tuple[tuple[int, int], ...]:
    return tuple((m.start, m.end) for m in sectors.find(text))
