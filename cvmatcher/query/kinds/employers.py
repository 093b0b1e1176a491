"""Firms that someone has or has not worked at: "ex-Vinci", "passé par Decathlon", "worked for Siemens", "Meta alumni"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from cvmatcher.domain import CriterionKind
from cvmatcher.query.item import Item, continues
from cvmatcher.query.message import Message
from cvmatcher.vocabulary import languages, places, sectors, skills, titles

_SURE = (
    r"(?:chez|ex[- ]|anciens? (?:de chez |de la |de l'|de |d'|du |des |chez )|anciennes? (?:de |d'|du |chez )"
    r"|passee?s? (?:par|chez)(?: la| l'| le)?|venant de chez|venue?s? de chez|issue?s? de chez"
    r"|(?:have|has|having|who) (?:already )?(?:been|spent time) (?:at|with)|(?:'ve|'s) been (?:at|with)"
    r"|work(?:ed|ing|s)?(?: before)? (?:at|for|with the)|previously (?:at|with|of)|formerly (?:at|with|of)"
    r"|employed (?:by|at)|alumni of|alumn\w+ from|stint at|years at|time at|experience (?:at|chez)|never (?:at|with)"
    r"|travaille (?:chez|pour)|employee?s? (?:de|chez|par)|been (?:at|with))"
)
_MAYBE = r"(?:venant d[e']u?|issue?s? d[e']u?|experience with|background at|from|at)"
_LEAD = re.compile(rf"\b(?:(?P<sure>{_SURE})|{_MAYBE})\s*$")
_NAME = re.compile(r"[A-ZÀ-Ý][\w&.+'’-]*(?:\s+(?:&\s+)?(?:de |du |des |la |le |of )?[A-ZÀ-Ý&][\w&.+'’-]*){0,3}")
_TAIL = re.compile(r"\s+(?:alumn(?:i|us|a)|veterans?|background|experience|employees|staff)\b")


def find(message: Message) -> Iterator[Item]:
    last, last_sure = -1, False
    for match in _NAME.finditer(message.text):
        name = re.sub(r"^(?:Ex-|ex-)", "", match.group().rstrip(".'’-"))
        start = match.start() + match.group().index(name)
        if start != match.start():  # "Ex-Vinci" opens the message
            lead_start, sure = match.start(), True
        else:
            lead = _LEAD.search(message.folded, max(0, start - 40), start)
            lead_start, sure = (lead.start(), bool(lead["sure"])) if lead else (start, False)
        listed = last >= 0 and continues(message, last, start)
        tail = _TAIL.match(message.folded, start + len(name))
        veteran = tail is not None and re.match(r"\s+(?:alumn|veteran)", tail.group()) is not None
        if not (lead_start < start or listed or veteran) or not message.free(start, start + len(name)):
            continue
        if not (sure or veteran or (listed and last_sure and not _is_placed(name))) and _something_else(name):
            continue
        last, last_sure = start + len(name), sure or last_sure
        message.use(lead_start, tail.end() if tail else last)
        yield Item(CriterionKind.EMPLOYER, name, start, last)


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
