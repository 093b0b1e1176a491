"""What a degree is of: "master en droit social", "BTS électrotechnique", "BSc Computer Science", "biology degree".

Owns how far the name of a field of study reaches, behind a degree or before it.
"""

from __future__ import annotations

import re

from cvmatcher.query.kinds.skills import TOOLS
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import employers, languages, places, sectors, skills, titles, words
from cvmatcher.vocabulary.folding import Token

STOP = (
    r"(?=\s*(?:[,;.!?()\n/:]|$|\s(?:et|and|ou|or|avec|with|qui|who|a|au|parlant|speaking|basee?|based|ayant"
    r"|having|from"
    r"|minimum|mini|min|preferred|needed|mandatory|is|are|would|souhaitee?s?|appreciee?s?|un plus|from|chez|at|near"
    r"|pres|obligatoire|or equivalent|ou equivalent|obtenue?|exige\w*|required|plus|\d+ (?:ans|years))\b))"
)
_LINKED = re.compile(rf"\s+(?:d'|(?:en|in|of|de|du|des)\s+)(?:l'|la |le |the )?(?P<field>[^,;.!?()\n:/]*?){STOP}")
_LONGEST = 5  # words of a field
# Degrees that are named by the trade they are for.
_OF_A_TRADE = re.compile(r"(?:cap|bep|bpa?|mc|cqp|cfc|dep|aec|bac pro\w*|titre pro\w*|mention complementaire)\b")
_FRENCH = re.compile(
    rf"(?:{_OF_A_TRADE.pattern}|bts\w*|dut|but|bac|licence|m[12]|master [12]|du|deust|dess|dea|doctorat)\b"
)
_BEFORE = re.compile(r"(?:degree|diploma|master'?s|bachelor'?s|phd)")


def linked(message: Message, end: int) -> int | None:
    """Where a field that "en", "in" or "of" ties to what ends at `end` comes to its end; None where there is none."""
    match = _LINKED.match(message.folded, end)
    if match is None or not match["field"] or not message.free(*match.span("field")):
        return None
    return match.end("field") if len(match["field"].split()) <= _LONGEST else None


def behind(message: Message, start: int, end: int) -> int:
    """Where a field right behind the degree `start:end` ends, `end` itself where there is none: "BTS MCO"."""
    after = message.words_in(end, message.clause_end(end))[:_LONGEST]
    if not after or message.text[end : after[0].start] != " ":
        return end
    if not message.free(after[0].start, after[0].end):
        return end
    named = _named(message, after[0].start)
    if message.english and not _FRENCH.match(message.folded, start):
        return named or _capitals(message, after, end)
    trade = any(title.start == 0 for title in titles.find(message.text[after[0].start :]))
    if trade and not _OF_A_TRADE.match(message.folded, start):
        return end  # "BTS, assistante de direction" without its comma
    return _run(message, after, end)


def _named(message: Message, start: int) -> int | None:
    """The end of a listed subject that begins at `start`: no tool, and in free words."""
    for match in (*skills.find(message.text[start:]), *sectors.find(message.text[start:])):
        tool = skills.area(match.canonical) in TOOLS
        if match.start == 0 and not tool and message.free(start, start + match.end):
            return start + match.end
    return None


def _capitals(message: Message, after: list[Token], end: int) -> int:
    """English writes subjects with capitals: "BSc Computer Science"."""
    position = end
    for word in after:
        shape = message.text[word.start : word.end]
        gap = message.text[position : word.start]
        if gap not in {" ", " & "} or not message.free(word.start, word.end) or not shape[0].isupper():
            break
        if len(shape) < 2 or _something_else(message, word):
            break
        position = word.end
    return position


def _run(message: Message, after: list[Token], end: int) -> int:
    """The words behind a French degree as long as they can belong to its field."""
    reached = position = end
    for word in after:
        if message.text[position : word.start].strip(" -'’") or not message.free(word.start, word.end):
            break
        position = word.end
        if word.text in {"de", "des", "du", "d", "l", "la", "les"} and reached > end:
            continue
        if _something_else(message, word) or _small(word):
            break
        reached = word.end
    return reached


def _small(word: Token) -> bool:
    uses = ("filler", "articles", "prepositions", "manners", "conditions", "title ends", "deeds")
    return word.text.isdigit() or any(word.text in words.of(use) for use in uses)


def _something_else(message: Message, word: Token) -> bool:
    """Whether the word is a town, a firm, a language or a tool: never what a degree is of."""
    shape = message.text[word.start : word.end]
    if languages.code(shape) or skills.area(shape) in TOOLS:
        return True
    return (
        shape[0].isupper() and not skills.canonical(shape) and bool(employers.known(shape) or places.all_named(shape))
    )


def before(message: Message, start: int, end: int) -> int:
    """Where a field before the degree begins, `start` itself where there is none: "biology degree"."""
    if not _BEFORE.fullmatch(message.folded[start:end]):
        return start
    field = message.words_in(message.clause_start(start), start)[-2:]
    while field and (_small(field[0]) or not message.free(field[0].start, start)):
        field = field[1:]
    if not field:
        return start
    bare = message.folded[start:end] in {"degree", "diploma"}
    subject = message.text[field[0].start : field[-1].end]
    known = skills.canonical(subject) or sectors.ids(subject)
    return field[0].start if bare or known else start
