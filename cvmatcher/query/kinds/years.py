"""Years of experience, overall or with a skill or in a trade: "5+ years of Java", "entre 3 et 7 ans"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cvmatcher.domain import CriterionKind
from cvmatcher.query.item import Item
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import places, sectors, skills, titles, words

_NUMBER_WORDS = """1 un une one|2 deux two|3 trois three|4 quatre four
5 cinq five|6 six|7 sept seven|8 huit eight|9 neuf nine
10 dix ten|11 onze eleven|12 douze twelve|15 quinze fifteen|20 vingt twenty|25 vingt-cinq|30 trente thirty"""
_NUMBERS = {word: int(row.split()[0]) for row in re.split(r"[|\n]", _NUMBER_WORDS) for word in row.split()[1:]}
_N = rf"(?:\d{{1,2}}(?:[.,]5)?|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_UNIT = r"(?:bonnes annees|ans?|annees?|(?:full |solid )?years?'?|yrs?\.?|yoe|pqe)(?!\w)"
_YEARS = re.compile(
    rf"(?P<low>\b(?:(?:d')?au moins|au minimum|minimum(?: de| of)?|min\.?|plus d[e']|a partir de|superieure? a"
    rf"|depuis(?: plus de| au moins)?|(?:with )?at least|a minimum of|more than|over|no less than|not less than"
    rf"|pas moins d[e']|from|env\.|environ|about|around|some|roughly|circa|~)\s*)?"
    rf"(?P<high>\b(?:moins d[e']|au plus|au maximum|maximum(?: de)?|max\.?|pas plus d[e']|jusqu'a|inferieure? a"
    rf"|at most|sub[- ]?|less than|fewer than|under|up to|no more than|not more than|below|a maximum of)\s*)?"
    rf"(?:(?:entre|between|de|from)\s+)?(?<![\w.,])(?P<a>{_N})(?:-?ish)?\s*(?P<plus>\+|et plus|or more"
    rf"|ou plus)?\s*(?:(?:-|–|/|a|et|to"
    rf"|and|ou|or)\s*(?P<b>{_N})\s*)?\+?\s*{_UNIT}"
    rf"(?P<after>\s*(?:\+|et plus|et \+|ou plus|or more|and more|and up|minimum|mini\b|min\b|maximum|maxi?\b|at least"
    rf"|at most"
    rf"|plus\b))?"
)
_OF_EXPERIENCE = re.compile(
    r"\s*(?:(?:d'|de |of |')?\s*(?:(?:solid|solide|proven|hands-on|professional|work|relevant|commercial|practical"
    r"|post[- ]qualification|total)\s+)*(?:experiences?|exp\b\.?|pratique|anciennete|metier|carriere|bouteille"
    r"|practice"
    r"|career|track record|pqe|xp)"
    r"(?:\s+(?:professionnelles?|confirmees?|solides?|significatives?|reussies?|minimum|mini|au total|in total"
    r"|overall))*"
    r"|pqe|post[- ](?:\w+ )?(?:qualifi\w+|experience|diplome|registration|grad\w*|doc\w*))?"
)
_IN_WHAT = re.compile(
    r"\s*(?:en tant que|comme|as an?|as|sur|en|avec|with|in|using|on|de|du|of|dans|chez|working with|working as an?"
    r"|doing|au poste de|d(?='))\b'?\s*(?:l'|(?:le|la|les|du|des|un|une|the|a|an|developpement|development"
    r"|poste de)\s+)?"
)
_GROWN = 25
_OF_EXPERIENCE_SAID = re.compile(r"\s*(?:d'|de |of )?\s*(?:\w+ )?(?:experience|exp|xp)\b")
_AGE = re.compile(r"\b(?:age|aged|agee)\s*$")
_CONTRACT = re.compile(r"\s*(?:contract|contrat|cdd|mission|lease|old)\b")


def find(message: Message) -> Iterator[Item]:
    for match in _YEARS.finditer(message.folded):
        if not message.free(match.start("a"), match.end()) or _CONTRACT.match(message.folded, match.end()):
            continue
        if _AGE.search(message.folded, max(0, match.start() - 8), match.start()):
            continue
        if re.search(
            r"\b(?:within|in the (?:last|next|past)|dans les|sous|d'ici)\s*$", message.folded[: match.start()]
        ):
            continue  # a term, no experience
        low, high = _bounds(match)
        if high and low and low >= _GROWN and not _OF_EXPERIENCE_SAID.match(message.folded, match.end()):
            continue  # "30-40 ans" is an age
        experience = _OF_EXPERIENCE.match(message.folded, match.end())
        end = experience.end() if experience else match.end()
        value, until = _in_what(message, end)
        end = until if value else end
        message.use(match.start(), end)
        yield Item(CriterionKind.YEARS, value, match.start(), end, minimum=low, maximum=high)
        yield from _of_which(message, end)
        if value and titles.ids(value):  # who has two years "as a buyer" is asked to be one
            yield Item(CriterionKind.TITLE, value, until - len(value), until)


_OF_WHICH = re.compile(
    rf"\s*,?\s*(?:dont|including|incl\.?|of which|with)\s+(?:au moins |at least )?(?P<n>{_N})\s*"
    r"(?:ans |annees |years? )?"
    r"(?=(?:en|comme|as|in|sur|dans|chez|de)\b|d')"
)


def _of_which(message: Message, end: int) -> Iterator[Item]:
    """The part of the years that is of something: "6 ans dont 2 en paie", "8 years including 3 in Go"."""
    part = _OF_WHICH.match(message.folded, end)
    if part is None or not message.free(*part.span()):
        return
    value, until = _in_what(message, part.end())
    link = _IN_WHAT.match(message.folded, part.end())
    if not value and link:
        words_behind = message.words_in(link.end(), message.clause_end(link.end()))[:1]
        value, until = (
            (message.text[link.end() : words_behind[0].end], words_behind[0].end) if words_behind else ("", end)
        )
    if value:
        message.use(part.start(), until)
        yield Item(CriterionKind.YEARS, value, part.start("n"), until, minimum=_number(part["n"]))


def _number(text: str) -> float:
    return float(_NUMBERS.get(text, 0)) or float(text.replace(",", "."))


def _bounds(match: re.Match[str]) -> tuple[float | None, float | None]:
    a = _number(match["a"])
    if match["b"]:
        return a, _number(match["b"])
    after = (match["after"] or "").strip()
    if match["high"] or after.startswith("max") or after == "at most":
        return None, a
    return a, None


def _in_what(message: Message, end: int) -> tuple[str, int]:
    """The skill or title that the years are counted with, and where its name ends."""
    link = _IN_WHAT.match(message.folded, end)
    if not link:
        beside = next((m for m in skills.find(message.text) if m.start == end + 1 and message.text[end] == " "), None)
        return (message.text[beside.start : beside.end], beside.end) if beside else ("", end)
    stop = message.clause_end(link.end())
    rest = message.text[link.end() : stop]
    for match in (*titles.find(rest), *skills.find(rest)):
        if match.start == 0 and not _a_company(rest[: match.end]):
            return rest[: match.end], link.end() + match.end
    return _product(message, link.end(), stop)


def _a_company(name: str) -> bool:
    return bool(sectors.ids(name)) and not skills.canonical(name) and not name[:1].isupper()


def _product(message: Message, start: int, stop: int) -> tuple[str, int]:
    """A name with a capital that no list knows: "three years with Zorglub"."""
    named = [word for word in message.words_in(start, stop) if message.text[word.start].isupper()]
    if not named or named[0].start != start or len(named[0].text) < 2:
        return "", start
    word = message.text[named[0].start : named[0].end]
    known = places.all_named(word) or sectors.ids(word) or named[0].text in words.of("filler")
    return ("", start) if known else (word, named[0].end)
