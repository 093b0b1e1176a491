"""Skills, tools, methods and certifications that the vocabulary knows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cvmatcher.domain import CriterionKind
from cvmatcher.query.item import Item
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import skills
from cvmatcher.vocabulary.folding import Match

TOOLS = frozenset(["programming", "web", "data", "cloud and operations"])


def find(message: Message) -> Iterator[Item]:
    for match in skills.find(message.text):
        if message.free(match.start, match.end):
            end = _with_grade(message, match)
            message.use(match.start, end)
            yield Item(CriterionKind.SKILL, message.text[match.start : end], match.start, end)


_GRADE = re.compile(
    r" (?:(?:niveau|level|class|classe|cat[ée]gorie) )?(?:[A-Z]?\d{1,5}[A-Z]?|I{1,3}V?|[A-E])(?:(?:, ?|/| | et "
    r"| and )\d(?!\w))*(?![\w+])(?! (?:ans?"
    r"|years?|km)\b)"
)


def _with_grade(message: Message, match: Match) -> int:
    """Certificates have grades: "SSIAP 2", "CACES R482"."""
    acronym = message.text[match.start : match.end].isupper() and skills.area(match.canonical) not in TOOLS
    grade = _GRADE.match(message.text, match.end) if acronym else None
    return grade.end() if grade and message.free(match.end, grade.end()) else match.end


def within(title: Item) -> Iterator[Item]:
    """A title such as "développeur Python" asks for Python as well."""
    for match in skills.find(title.value):
        names_a_trade = (match.start, match.end) == (0, len(title.value))
        if skills.area(match.canonical) in TOOLS and not title.value[match.start].islower() and not names_a_trade:
            start, end = title.start + match.start, title.start + match.end
            yield Item(CriterionKind.SKILL, title.value[match.start : match.end], start, end)
