"""Industries and kinds of firm: "dans la banque", "fintech background", "pas d'ESN", "fashion or beauty"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from cvmatcher.domain import CriterionKind
from cvmatcher.query.item import Item, alone, continues
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import sectors, skills

_ARTICLES = r"(?:(?:le |la |les |l'|the |an? |une? |des |du |de la |de l'|d'|de )\s*)*"
_PLACES = (
    r"(?:secteurs?|domaines?|industrie|industries|univers|milieux?|mondes?|sector|field|industry|profils?|background)"
)
_BEFORE = re.compile(
    rf"\b(?:(?:dans |du |le |en |from |in )?{_ARTICLES}{_PLACES}\s*(?:d'activite )?(?:de la |de l'|du |des |de |d'"
    rf"|of |in |:)?\s*|ex[- ]"
    rf"|(?:(?:une? )?(?:experience|exp|parcours|carriere|background|expertise|experienced|passage|vecu|worked|works"
    rf"|working)"
    rf"\s+(?:\w+ )?)?(?:dans|en|in|from|chez|pour|for|at|par|au sein d[eu']|passee?s? (?:par|dans)|venant d[eu']"
    rf"|venue?s? d[eu']"
    rf"|issu\w* d[eu']|sorti\w* d'une?|coming from|across|ayant (?:fait|connu)(?: du| de)?|inside"
    rf"|within)\s*{_ARTICLES}"
    rf"(?:(?:secteur|domaine|industrie|monde|univers|entreprise|grande?|large|small|big|petite?|leading"
    rf"|environnement)\s+)*"
    rf"{_ARTICLES})$"
)
_AFTER = re.compile(
    r"\s+(?:sector|industry|industries|oems?|multiples|domain|space|field|background|companies|company|world|experience|exp|clients?"
    r"|environment|players?|start-?ups?|firms?|agency|agencies|settings?|people|profiles?|backgrounds?|brands?"
    r"|retailers?"
    r"|stores?|plants?|sites?|projects?|groups?|business(?:es)?|organi[sz]ations?|customers?|exige\w*|obligatoire)\b"
)
_GENERIC = frozenset(["client", "clients", "customer", "customers"])
_HOLDS = re.compile(r"\w+ing an? ")  # "holding a BTS" names no sector
_JOIN = re.compile(r"\s*(?:,|/|&|\bet\b|\band\b|\bou\b|\bor\b|\bni\b|\bnor\b|\bde\b|\bd')?\s*")


def find(message: Message) -> Iterator[Item]:
    last, longer = -1, skills.find(message.text)
    matches = [m for m in sectors.find(message.text) if message.free(m.start, m.end)]
    listed = _lists(message, {(m.start, m.end) for m in matches})
    for match in matches:
        if any(
            s.start <= match.start and match.end <= s.end and s.end - s.start > match.end - match.start for s in longer
        ):
            continue  # "droit social" is a skill, not two sectors
        if not message.free(match.start, match.end):
            continue
        lead = _BEFORE.search(message.folded, max(0, match.start - 70), match.start)
        tail = _AFTER.match(message.folded, match.end)
        goes_on = last >= 0 and (continues(message, last, match.start) or message.folded[last : match.start] == " ")
        goes_on = goes_on or _behind_a_title(message, match.start)
        if not (
            lead or tail or goes_on or (match.start, match.end) in listed or alone(message, match.start, match.end)
        ):
            continue
        if message.folded[match.start : match.end] in _GENERIC or _HOLDS.match(message.folded, match.start):
            continue
        last = tail.end() if tail else match.end
        message.use(lead.start() if lead else match.start, last)
        yield Item(CriterionKind.SECTOR, message.text[match.start : match.end], match.start, match.end)


def _behind_a_title(message: Message, start: int) -> bool:
    """Whether the word right before is used up: "responsable qualité agroalimentaire"."""
    return (
        start > 1
        and message.text[start - 1] == " "
        and message.text[start - 2].isalnum()
        and not message.free(start - 2, start - 1)
    )


def _lists(message: Message, named: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Those that make up a whole clause with others: "fashion or beauty"."""
    found: set[tuple[int, int]] = set()
    for start, end in message.clauses():
        inside = sorted((a, b) for a, b in named if start <= a and b <= end)
        if (
            len(inside) < 2
            or message.folded[start : inside[0][0]].strip()
            or message.folded[inside[-1][1] : end].strip()
        ):
            continue
        if all(_JOIN.fullmatch(message.folded, a[1], b[0]) for a, b in pairwise(inside)):
            found.update(inside)
    return found
