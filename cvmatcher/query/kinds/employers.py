"""Firms that someone has or has not worked at: "ex-Vinci", "passé par Decathlon", "Tesla or Rivian background"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from cvmatcher.domain import CriterionKind
from cvmatcher.folding import fold
from cvmatcher.query.item import Item, continues
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import employers, languages, places, sectors, skills, titles, words

_SURE = (
    r"(?:(?:de |venant de |vient de |venue?s? de |issue?s? de |sorti\w* de |fait (?:ses|leurs) armes |debute )?chez"
    r"|ex[- ]"
    r"|anciens? (?:de chez |de la |de l'|de |d'|du |des |chez )?|anciennes? (?:de |d'|du |chez )?"
    r"|passee?s? (?:par|chez)(?: la| l'| le)?|(?:have|has|having|who) (?:already )?(?:been|spent time) (?:at|with)"
    r"|(?:'ve|'s) been (?:at|with)|(?:currently|now|still) (?:at|with)|(?:actuellement|encore) (?:chez|a la|au)"
    r"|work(?:ed|ing|s)?(?: before)? (?:at|for|with the)|previously (?:at|with|of)|formerly (?:at|with|of)"
    r"|employed (?:by|at)|alumni of|alumn\w+ from|stint at|years at|time at|experience (?:at|chez)|never (?:at|with)"
    r"|travaille (?:chez|pour)(?: la| le| les| l')?|employee?s? (?:de|chez|par)|been (?:at|with)|(?:who |qui a "
    r"|ayant )?(?:left|quitte)"
    r"|(?:from )?the likes of|parcours (?:chez|au sein de)|(?:fait|faire) (?:ses|leurs) classes chez|career at"
    r"|spell at"
    r"|alums? of|references? chez|background chez|straight from|in[ -]house at|employed with"
    r"|no one from|nobody from|poach\w* from|hired from|debauch\w+ (?:chez|de)|moved on from|trained at"
    r"|forme\w* chez)"
)
_MAYBE = (
    r"(?:venant d[e']u?|vien(?:t|nent) d[e']u?|issue?s? d[e']u?|sorti\w* d[e']u?|com(?:ing|es?) from|experience with"
    r"|background at"
    r"|from|at|profils?|profiles?|not from|like|comme|such as|type)"
)
_LEAD = re.compile(rf"\b(?:(?P<sure>{_SURE})|{_MAYBE})\s*$")
_WORD = r"[\w&+'’-]*(?:\.[\w&+'’-]+)*"
_NAME = re.compile(rf"[A-ZÀ-Ý]{_WORD}(?:\s+(?:&\s+)?(?:de |du |des |la |le |of )?[A-ZÀ-Ý&]{_WORD}){{0,3}}")
_SURE_LENGTH = 7  # a shorter name without its capital is more likely an everyday word
_TAIL = re.compile(
    r"\s+(?P<sure>alumn(?:i|us|a)|veterans?)\b|\s+(?:backgrounds?|experience|employees|staff|people|profiles?|folks"
    r"|on (?:their|the|his|her)"
    r" (?:cv|resume)s?|sur (?:le|son|leur) cv)\b"
)


@dataclass(frozen=True, slots=True)
class _Name:
    """A name that may be a firm's, what the words around it say, and how it goes on with the list before it."""

    start: int
    end: int
    text: str
    listed: bool  # in the vocabulary
    lead: re.Match[str] | None
    tail: re.Match[str] | None
    ex: bool  # "ex-" stands before it
    gap: str | None  # what stands between it and the firm before, None where that is no list

    @property
    def said(self) -> bool:
        """Whether words around it make a firm of it."""
        return self.ex or self.lead is not None or self.tail is not None

    @property
    def sure(self) -> bool:
        """Whether it is a firm whatever else it may name."""
        return self.ex or self.listed or any(words and words["sure"] for words in (self.lead, self.tail))

    @property
    def joined(self) -> bool:
        return self.gap is not None and re.search(r"\b(?:ou|or|et|and)\b", self.gap) is not None


@dataclass(frozen=True, slots=True)
class _List:
    """The list of firms that the last one found stands in."""

    end: int = -1
    sure: bool = False
    led: bool = False  # words around one of its firms say that they are firms
    closed: bool = False  # by "or": "John Deere ou Claas, Beauce"

    def joined_by(self, name: _Name) -> _List:
        led = name.said or (self.led and name.gap is not None)
        return _List(name.end, name.sure or self.sure, led, name.joined)


def find(message: Message) -> Iterator[Item]:
    known = _List()
    for (start, end), listed in sorted(_spans(message).items()):
        name = _name(message, start, end, listed=listed, known=known)
        if not message.free(start, end) or not _is_firm(message, name, known):
            continue
        known = known.joined_by(name)
        message.use(name.lead.start() if name.lead else start, name.tail.end() if name.tail else end)
        if name.tail is not None and name.gap is None:
            yield from _listed_before(message, start)
        yield Item(CriterionKind.EMPLOYER, name.text, start, end)


def _spans(message: Message) -> dict[tuple[int, int], bool]:
    """Where names stand, and whether the vocabulary knows them for firms."""
    spans: dict[tuple[int, int], bool] = dict.fromkeys(_known(message), True)
    for match in _NAME.finditer(message.text):
        for start, end in _parts(message, match.start(), _through_nouns(message, match.end())):
            if not any(start < b and a < end for a, b in spans):
                spans[start, end] = False
    return spans


def _name(message: Message, start: int, end: int, *, listed: bool, known: _List) -> _Name:
    gap = message.folded[known.end : start] if known.end >= 0 and continues(message, known.end, start) else None
    return _Name(
        start,
        end,
        message.text[start:end],
        listed=listed,
        lead=_LEAD.search(message.folded, max(0, start - 40), start),
        tail=_TAIL.match(message.folded, end),
        ex=message.text[max(0, start - 3) : start].casefold() == "ex-",
        gap=None if known.closed and gap is not None and gap.strip() == "," else gap,
    )


def _is_firm(message: Message, name: _Name, known: _List) -> bool:
    if name.listed:
        return True
    if _no_firm(message, name.start, name.text, name.lead):
        return False
    if not name.said:  # a listed firm by itself makes no firm of the name behind a comma: "Notion, Spendesk"
        in_list = name.gap is not None and (known.led or (name.joined and not skills.canonical(name.text)))
        return in_list and ((known.sure and not _is_placed(name.text)) or not _something_else(name.text))
    listed = name.gap is not None and known.sure and not _is_placed(name.text)
    return name.sure or listed or not _something_else(name.text)


_BEFORE = re.compile(rf"({_NAME.pattern})\s*(?:,|/|\bor\b|\bou\b)\s*$")


def _listed_before(message: Message, start: int) -> Iterator[Item]:
    """Names in one list with the firm that they stand before: "ISS, Mitie or Sodexo background"."""
    while found := _BEFORE.search(message.text, message.clause_start(max(0, start - 60)), start):
        name, (first, end) = found[1], found.span(1)
        if not message.free(first, end) or _something_else(name) or _everyday(message, first, name):
            return
        message.use(first, end)
        yield Item(CriterionKind.EMPLOYER, name, first, end)
        start = first


def _no_firm(message: Message, start: int, name: str, lead: re.Match[str] | None) -> bool:
    """Whether an unlisted name is a sector or an everyday word, and nothing sure leads it."""
    return not (lead and lead["sure"]) and (bool(sectors.ids(name)) or _everyday(message, start, name))


def _everyday(message: Message, start: int, name: str) -> bool:
    """A month, or a word whose capital says only that a sentence begins with it: "Documentary background a plus"."""
    if all(word in words.of("calendar") for word in fold(name).split()):
        return True
    begins = start == 0 or re.search(r"[.!?\n]\s*$", message.text[:start]) is not None
    return begins and name[1:].islower()


def _known(message: Message) -> Iterator[tuple[int, int]]:
    """Listed firms, but where the name is part of a longer one ("Google Ads") or names a product or a town as well."""
    products = [(m.start, m.end) for m in (*skills.find(message.text), *sectors.find(message.text))]
    matches = employers.find(message.text)
    for match in matches:
        if any(a <= match.start and match.end <= b for a, b in products):
            continue
        name = message.text[match.start : match.end]
        if name.islower() and (len(name) < _SURE_LENGTH or re.match(r"(?:le|la|les|the|l['’]) ?", name)):
            continue  # "pas de coupure le soir"
        everyday = match.canonical.casefold() in words.of("everyday firms")
        ambiguous = everyday or (match.exact_case and (places.all_named(name) or titles.ids(name)))
        if not ambiguous or _beside_another(message, match.start, match.end, [(m.start, m.end) for m in matches]):
            yield match.start, _to_the_end(message, match.end)


_NOUNS = re.compile(r" (?:de |d'|d’)[a-zà-ÿ]{4,} (?:de |du |des |de la |d'|d’)[A-ZÀ-Ý][\w'’-]*")


def _through_nouns(message: Message, end: int) -> int:
    """A name goes on over a common noun: "Communauté de communes du Val-d'Orge"."""
    more = _NOUNS.match(message.text, end)
    return more.end() if more else end


def _to_the_end(message: Message, end: int) -> int:
    """A firm's name goes on with words in capitals that are nothing else: "Safran Nacelles"."""
    more = re.match(r"(?: [A-ZÀ-Ý][a-zà-ÿ]+)+", message.text[end:])
    if (
        more is None
        or any(_something_else(word) for word in more.group().split())
        or not message.free(end, end + more.end())
    ):
        return end
    return end + more.end()


def _beside_another(message: Message, start: int, end: int, spans: list[tuple[int, int]]) -> bool:
    if _LEAD.search(message.folded, max(0, start - 40), start):
        return True
    return any((start, end) in pair and continues(message, pair[0][1], pair[1][0]) for pair in pairwise(spans))


def _parts(message: Message, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A name without "Ex-" before it."""
    name = message.text[start:end].rstrip(".'’-")
    cut = len(name) - len(re.sub(r"^[Ee]x-", "", name))
    yield start + cut, start + len(name)


def _is_placed(name: str) -> bool:
    return bool(places.all_named(name) or languages.code(name))


def _something_else(name: str) -> bool:
    return bool(
        places.all_named(name)
        or any(places.all_named(part) for part in name.split())
        or languages.code(name)
        or sectors.ids(name)
        or skills.canonical(name)
        or titles.ids(name)
    )
