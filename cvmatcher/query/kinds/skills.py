"""Skills, tools, methods and certifications that the vocabulary knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cvmatcher.domain import CriterionKind
from cvmatcher.query.item import Item
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import skills, titles
from cvmatcher.vocabulary.folding import Match

TOOLS = frozenset(["programming", "web", "data", "cloud and operations"])
PRODUCTS = TOOLS | {"office", "design and media"}


def find(message: Message) -> Iterator[Item]:
    start = -1  # of a name that narrows the one right behind it
    for match in skills.find(message.text):
        alone = match.end - match.start > 1 or message.text[match.end : match.end + 1] not in {"-", "'", "’"}
        elided = re.fullmatch(r"[a-z]['’]\w", message.text[match.start : match.end], re.IGNORECASE)
        if message.free(match.start, match.end) and alone and not elided:  # no "C-level", "C'est", "m'a"
            end = _with_grade(message, match)
            message.use(match.start, end)
            start = match.start if start < 0 else start
            if _narrows(message, match, end):
                continue
            yield Item(CriterionKind.SKILL, message.text[start:end], start, end)
            yield from _more_numbers(message, start, end)
        start = -1


_NUMBERED = re.compile(r"(?P<family>[A-Z]{2,5}) ?(?P<number>\d{4,5})")
_MORE_NUMBERS = re.compile(r"(?:,|/| et| and| ou| or|,? &) ?(?P<number>\d{4,5})(?![\w.])")


def _more_numbers(message: Message, start: int, end: int) -> Iterator[Item]:
    """Standards of one family name it once: "ISO 9001 et 14001"."""
    named = _NUMBERED.fullmatch(message.text[start:end])
    while named and (more := _MORE_NUMBERS.match(message.text, end)):
        message.use(*more.span("number"))
        end = more.end()
        yield Item(CriterionKind.SKILL, f"{named['family']} {more['number']}", more.start("number"), end)


_ANNOUNCED = re.compile(r"\b(?:logiciels?|progiciels?|outils?|software|tools?)\s+(?=\w)")
_PRODUCT = re.compile(r"[A-Z][\w.+#-]*(?: [A-Z\d][\w.+#-]*){0,2}")
_NEXT = re.compile(r"\s*(?:,|/|\+|&|\bet\b|\band\b|\bou\b|\bor\b)\s*")


def announced(message: Message) -> Iterator[Item]:
    """Products behind the word for them: "logiciels Robot et Advance Design", be they firms or towns elsewhere."""
    for match in _ANNOUNCED.finditer(message.folded):
        position = match.end()
        while (named := _PRODUCT.match(message.text, position)) and message.free(*named.span()):
            message.use(match.start() if position == match.end() else named.start(), named.end())
            yield Item(CriterionKind.SKILL, named.group(), *named.span())
            joined = re.match(_NEXT, message.folded[named.end() :])
            position = named.end() + joined.end() if joined and "," not in joined.group() else len(message.text)


def _narrows(message: Message, match: Match, end: int) -> bool:
    """Whether it is one name with the skill right behind it: "embedded Linux", "robotic milking"; never a product."""
    name = message.text[match.start : end]
    if not message.english or not name.islower() or message.telegraphic or skills.area(match.canonical) in PRODUCTS:
        return False
    return message.text[end : end + 1] == " " and any(
        behind.start == end + 1 and message.free(behind.start, behind.end) for behind in skills.find(message.text)
    )


_MORE_GRADES = re.compile(r"(?:(?:, ?|[-/]| | et | and )[A-Z]?\d(?!\w))+")
_CERTIFIED = {"certifications", "regulation and tools"}
_GRADE = re.compile(
    r" (?:(?:niveau|level|class|classe|cat[ée]gorie|[Pp]art) )?(?:[A-Z]{0,2}\d{1,5}[A-Z]?(?:\.\d)?|I{1,3}V?|[A-E])"
    r"(?:(?:, ?|[-/]| | et | and )\d(?!\w))*(?![\w+])(?! (?:ans?"
    r"|years?|km)\b)"
)


def _with_grade(message: Message, match: Match) -> int:
    """Certificates have grades: "SSIAP 2", "CACES R482"."""
    name = message.text[match.start : match.end]
    graded = name.isupper() or match.canonical.isupper() or skills.area(match.canonical) in _CERTIFIED
    acronym = graded and skills.area(match.canonical) not in TOOLS
    pattern = _MORE_GRADES if name[-1:].isdigit() else _GRADE
    grade = pattern.match(message.text, match.end) if acronym else None
    return grade.end() if grade and message.free(match.end, grade.end()) else match.end


_COOKS = ("cuisinier", "chef", "second de cuisine", "chef de partie", "commis de cuisine", "private chef")
_FEMININE = ("e", "ne", "")  # "japonais": "cuisine japonaise"; "coréen": "cuisine coréenne"


def cuisines(message: Message, named: Sequence[Item]) -> Iterator[Item]:
    """What a cook cooks, by the word beside the trade: "cuisinier japonais", "Italian chef". No language is meant."""
    cooks = {title_id for name in _COOKS for title_id in titles.ids(name)}
    for title in named:
        if title.kind is not CriterionKind.TITLE or not cooks & {*titles.ids(title.value)}:
            continue
        for word in message.words:
            beside = (word.end, title.start) if message.english else (title.end, word.start)
            if message.text[slice(*beside)] != " " or not message.free(word.start, word.end):
                continue
            known = _cuisine(message.text[word.start : word.end], english=message.english)
            if known:
                message.use(word.start, word.end)
                yield Item(CriterionKind.SKILL, known, word.start, word.end, label=known)


def _cuisine(word: str, *, english: bool) -> str:
    names = [f"{word} cuisine"] if english else [f"cuisine {word.lower()}{ending}" for ending in _FEMININE]
    return next((name for name in names if skills.canonical(name)), "")


def within(title: Item) -> Iterator[Item]:
    """A title such as "développeur Python" asks for Python as well."""
    for match in skills.find(title.value):
        names_a_trade = (match.start, match.end) == (0, len(title.value))
        if skills.area(match.canonical) in TOOLS and not title.value[match.start].islower() and not names_a_trade:
            start, end = title.start + match.start, title.start + match.end
            yield Item(CriterionKind.SKILL, title.value[match.start : match.end], start, end)
