"""Proof that words said to be a CV's stand in its visible text, and what they are worth as a reason.

Owns the rule: normalised white space, everything else as written (accents, case). Also says which lines read like an
instruction to a judge. Pure: knows neither models nor how a verdict is used.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from cvmatcher.domain import Quotation
from cvmatcher.vocabulary.folding import fold

CONTEXT = 70  # characters of the page shown on either side
SHORTEST = 2  # letters or digits: "R" alone proves nothing
LONGEST = 240  # characters

_ORDER = re.compile(
    r"""
    \b(?:ignor\w+|disregard\w*|forget|oubli\w+|override|bypass\w*|outrepass\w+|contourn\w+)\b.{0,60}
        \b(?:instruct\w+|prompts?|consignes?|rules?|regles?|criter\w+|above|previous|precedent\w*|ci-dessus
            |guidelines?)\b
    | \b(?:you\s+are|you're|vous\s+etes|tu\s+es)\b.{0,30}
        \b(?:an?\s+ai|ai|language\s+model|llm|une?\s+ia|modele\s+de\s+langage|judge|juge|ranker|evaluat\w+|recruiting)\b
    | \b(?:act(?:ing)?\s+as|as|en\s+tant\s+que)\s+(?:an?\s+|un\s+|une\s+)?
        (?:ai\b|ia\b|ai\s+model|language\s+model|llm\b|assistant\s+ia|modele\s+de\s+langage)
    | ^\W*(?:system|user|instructions?|prompt|admin)\s*(?:message|prompt)?\s*[:>\]]
    | </?(?:system|assistant|user|cv|instructions?|prompt)\b | \[/?inst\] | <\|
    | \b(?:rank|rate|score|place|classe[zr]?|note[zr]|mark|put|select|choose|choisi\w+|selectionne\w+|recommend
            |recommande\w*
        |prefer|privilegi\w+|favou?rs?|favorise\w*|evaluate|evalue[zr]?|consider|considere[zr]?|treat
            |traite[zr]?|judge|juge[zr]?
        |declare[zr]?)\b .{0,30} \b(?:this|ce|cette|my|mon|ma|all|tou\w+|every|chaque)\s+
        (?:candidat\w*|cv|resume|applicant|profile?|application|candidature|criter\w+|requirements?)\b
    | \b(?:answer|repond(?:s|ez|re)|reply|respond|output|return|say|dis|dites|indique[zr]?)\b .{0,40}
        \b(?:met|satisfied|yes|oui|verdict|criter\w+|requirements?)\b .{0,40}
        \b(?:all|every|each|tous|toutes|chaque|criter\w+|requirements?|candidat\w*)\b
    | \b(?:this|ce|cette)\s+(?:candidat\w*|applicant|cv|resume|profile?)\b.{0,40}
        \b(?:meets?|satisf\w+|fulfil\w*|remplit|repond|correspond|match\w*|must\s+be|should\s+be|doit\s+etre
            |is\s+the\s+best
        |est\s+le\s+meilleur|deserves?|merite)\b
    | \b(?:all|every|each|tous|toutes|chaque|chacun\w*)\b.{0,25}\b(?:criteri\w+|crite\w+|exigences)\b.{0,40}
        \b(?:met|satisf\w+|fulfil\w*|remplis?|valides?|ok|yes|oui|true|atteints?|respecte\w*)\b
    | \b(?:mark|consider)\b.{0,15}\b(?:all|every|each)\b.{0,25}\b(?:requirements?)\b
    | \b(?:note|message|attention|important|urgent)\b.{0,15}\b(?:to|for|a|au|aux|pour|l)\b.{0,12}
        \b(?:ai|ia|llm|model|modele|reviewer|recruiter|recruteur|evaluat\w+|grader|screening|algorithm\w*|bot
            |judge|juge)\b
    | \b(?:verdict|criterion_id|not_found|json)\b.{0,30}[:=]
    | \b(?:system\s+prompt|prompt\s+injection|hidden\s+(?:text|instruction)|large\s+language\s+model)\b.{0,20}[:!]
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


@lru_cache(maxsize=512)
def _flat(page: str) -> str:
    """The page with every run of white space as one space."""
    return " ".join(page.split())


def prove(text: str, pages: Sequence[str]) -> Quotation | None:
    """The quotation as it stands in the pages, with what is before and after it; None where it does not stand.

    None as well for one too short to say anything or too long to be a quotation, or cut inside a word.
    """
    wanted = " ".join(text.split())
    if sum(c.isalnum() for c in wanted) < SHORTEST or len(wanted) > LONGEST:
        return None
    for number, page in enumerate(pages):
        flat = _flat(page)
        start = _whole_words(flat, wanted)
        if start >= 0:
            end = start + len(wanted)
            before, after = _trim_left(flat[max(0, start - CONTEXT) : start], start), flat[end : end + CONTEXT]
            return Quotation(text=wanted, page=number, before=before, after=_trim_right(after, len(flat) - end))
    return None


def _whole_words(flat: str, wanted: str) -> int:
    start = flat.find(wanted)
    while start >= 0:
        end = start + len(wanted)
        cut_left = start > 0 and flat[start - 1].isalnum() and wanted[0].isalnum()
        cut_right = end < len(flat) and flat[end].isalnum() and wanted[-1].isalnum()
        if not cut_left and not cut_right:
            return start
        start = flat.find(wanted, start + 1)
    return -1


def _trim_left(context: str, available: int) -> str:
    if available <= CONTEXT:
        return context
    return "… " + context.partition(" ")[2]


def _trim_right(context: str, available: int) -> str:
    if available <= CONTEXT:
        return context
    return context.rpartition(" ")[0] + " …"


def lines_of(quotation: Quotation, pages: Sequence[str]) -> list[str]:
    """The lines of the page that the quotation touches, with one line on either side."""
    lines = [" ".join(line.split()) for line in pages[quotation.page].splitlines() if line.strip()]
    start = _flat(pages[quotation.page]).find(quotation.text)
    end = start + len(quotation.text)
    touched: list[int] = []
    position = 0
    for number, line in enumerate(lines):
        if position < end and position + len(line) > start:
            touched.append(number)
        position += len(line) + 1
    if not touched:
        return []
    return lines[max(0, touched[0] - 1) : touched[-1] + 2]


_PROSE = 40  # characters: shorter lines are items of a list, and each stands for itself
_JOINS = frozenset(["a", "au", "aux", "d", "de", "des", "du", "en", "et", "in", "l", "la", "le", "of", "the", "with"])


def goes_on(above: str, line: str) -> bool:
    """Whether a line is the next part of the sentence of the one above it."""
    if not above or above.rstrip()[-1:] in ".!?;:":
        return False
    wraps = line[:1].islower() and len(above) >= _PROSE
    return wraps or fold(re.split(r"[\s'’]", above.strip())[-1]) in _JOINS


def line_around(quotation: Quotation, pages: Sequence[str]) -> tuple[str, str]:
    """What the quotation's lines say before and behind it; the line above as well where the sentence began there."""
    page = pages[quotation.page]
    start = _whole_words(_flat(page), quotation.text)
    end, position, before, above = start + len(quotation.text), 0, "", ""
    for raw in page.splitlines():
        line = " ".join(raw.split())
        if not line:
            continue
        if position <= start < position + len(line):
            before = f"{above} {line[: start - position]}" if goes_on(above, line) else line[: start - position]
        if position < end <= position + len(line):
            return before, line[end - position :]
        position, above = position + len(line) + 1, line
    return before, ""


def reads_like_an_order(text: str) -> bool:
    """Whether a line addresses a judge or a model instead of describing a person."""
    return _ORDER.search(fold(text)) is not None


def suspicious(quotation: Quotation, pages: Sequence[str]) -> bool:
    """Whether the quotation lies in, or right beside, lines that read like an instruction to a judge."""
    lines = lines_of(quotation, pages)
    return (
        reads_like_an_order(quotation.text)
        or reads_like_an_order(" ".join(lines))
        or any(map(reads_like_an_order, lines))
    )


@lru_cache(maxsize=4096)
def has_orders(pages: tuple[str, ...]) -> bool:
    """Whether any line of a CV reads like an instruction to a judge: the model then moves it no place up."""
    return any(reads_like_an_order(line) for page in pages for line in page.splitlines() if line.strip())
