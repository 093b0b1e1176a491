"""What someone has done, in free words: "who has led teams of ten", "ayant ouvert des magasins"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cvmatcher.domain import CriterionKind
from cvmatcher.query.item import Item
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import words
from cvmatcher.vocabulary.folding import Token

_WHO = re.compile(
    r"(?:(?<=[,;(]) ?(?:a|has|have) |^(?:a|has|have) )(?:deja |already )?(?=\w)|\b(?:(?:who|that|qui)(?:\s+(?:has"
    r"|have|had|s'est|a|ont|avait|est|sont|can|peut))?|(?:who|they|he|she)'(?:s|ve)"
    r"|ayant|having"
    r"|has (?:anyone|anybody|someone)|(?:quelqu'un|someone|anyone|somebody|people|profils?) (?:having|ayant))"
    r"(?:\s+(?:already|previously|personally|successfully|actually|recently|deja|recemment"
    r"|personnellement))*\s+(?=\w)"
)
_ENDS = frozenset(
    ["dans", "chez", "at", "in", "for", "pour", "avec", "with", "en", "within", "au", "aux", "as", "comme", "and", "et"]
)
# "who has worked", "qui a fait": what follows is what counts, and other kinds know it.
_EMPTY = frozenset(
    [
        "worked",
        "working",
        "work",
        "wants",
        "willing",
        "travaille",
        "fait",
        "faire",
        "experience",
        "experiences",
        "people",
        "personne",
        "personnes",
        "team",
        "teams",
        "own",
        "use",
        "used",
        "lived",
        "joined",
        "trained",
    ]
)


_LIMITS = frozenset(["au", "moins", "plus", "at", "least", "more", "than", "environ", "about", "jusqu", "up", "to"])
_DONE = re.compile(
    r"[a-z]{2,}ed|given|written|driven|shown|spoken|kept|brought|bought|held|taught|sung|drawn|ridden|flown"
)
_SHARE = re.compile(r"(?:\b(?:temps partiel|part[ -]time) (?:a |at )?)?\b\d{1,3} ?%(?: (?:de |d'|of )?\w+)?")


# Terms of work that are made of small words.
_TERMS = re.compile(
    r"(?<![\w/])[pf]/t(?![\w/])|\b(?:(?:\d in \d )?on[ -]call(?: \d in \d)?|(?:travail )?de nuit|nights only"
    r"|\d on \d off|live[ -]in|in[ -]house(?! (?:at|with))|sur le terrain|\d[x*]\d(?: ?h)?)\b(?! (?:shift|auditor)\b)"
)


def find(message: Message) -> Iterator[Item]:
    for match in _SHARE.finditer(message.folded):  # "80 %", "50 % de déplacements"
        if message.free(*match.span()):
            message.use(*match.span())
            yield Item(CriterionKind.TEXT, message.text[match.start() : match.end()], *match.span())
    for match in _TERMS.finditer(message.folded):
        message.use(*match.span())
        yield Item(CriterionKind.TEXT, message.text[match.start() : match.end()], *match.span())
    for match in _WHO.finditer(message.folded):
        behind = message.words_in(match.end(), message.clause_end(match.end()))
        if not behind or behind[0].start != match.end() or not message.free(behind[0].start, behind[0].end):
            continue
        deed = behind[0].text
        if deed in _EMPTY or not (deed in words.of("deeds") or _DONE.fullmatch(deed)):
            continue
        told = _told(message, behind)
        if len(told) > 1:
            message.use(match.start(), told[-1].end)
            start, end = told[0].start, told[-1].end
            yield Item(CriterionKind.TEXT, " ".join(message.text[start:end].split()), start, end)


def _told(message: Message, behind: list[Token]) -> list[Token]:
    """The deed with its object, up to where, for whom or with what."""
    told: list[Token] = []
    for word in behind[:10]:
        free = message.free(word.start, word.end)
        if not free and word.text not in _LIMITS:
            break
        limits = message.folded.startswith(("au moins", "at least"), word.start)
        if free and told[1:] and word.text in _ENDS and not limits:
            break
        told.append(word)
    return told
