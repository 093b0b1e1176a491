"""Trades that a message speaks of and does not ask for: who asks, who leaves, whose team it is.

Owns the words by which somebody in a story is no one searched for: "our caretaker is retiring", "le chef nous demande".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cvmatcher.domain import CriterionKind
from cvmatcher.query import openings
from cvmatcher.query.item import Item, continues
from cvmatcher.query.message import Message
from cvmatcher.vocabulary.folding import tokens

_OWN = r"(?:our|their|his|her|my|the client's|notre|nos|votre|vos|leurs?|mon|ma|mes|sa|son|ses)"
_SOMEBODYS = re.compile(rf"\b{_OWN}\s+(?:\w+\s+)?$")
# What somebody does who asks for another person, or who makes room for one.
_TELLS = re.compile(
    r"(?:\s+(?:du|de la|de l'|des|de|d'|of|at|in|from|for|on|near|a|au)\s?[^,;.!?\n]{1,40}?)?"
    r"(?:\s+(?:qui|who|has|have|had|is|are|was|will|a|est|va|vient de|just|now|finally|still|always))*\s+"
    r"(?:(?:nous|me|m'|te|t'|lui|vous|s'|les|l'|us|me)\s*)?"
    r"(?:demand\w+|veut|veulent|voudrai\w+|cherch(?:e|ent)|recherch(?:e|ent)|recrut(?:e|ent)|souhait(?:e|ent)"
    r"|insist\w+"
    r"|quitt\w+|part(?:ent)?|partie?s?|partira|s'en va|va partir|arret\w+|mutee?s?|promue?s?|absente?s?|malade"
    r"|prend sa retraite"
    r"|mont(?:e|ent)|perd(?:ent)?|prepar(?:e|ent)|appel\w+|rappel\w+|dit|disait|ecrit|tient|tombe|accouche|change"
    r"|wants?|needs?|asked|asks|wanted|called|rang|wrote|says?|said|told|walked|left|leaves|leaving|quit"
    r"|retir\w+|goes|going"
    r"|moved|moving|was|were|came|comes|trusts?|keeps?|resign\w+|cancelled|canceled|lasted|died|prefers?"
    r"|insists?|reckons?|thinks?|has had enough"
    r"|went)\b"
)
_REPLACES = re.compile(
    r"\b(?:remplacer|succeder a|en remplacement d[eu']|replac(?:e|ing)|to cover for|cover(?:ing)? for"
    r"|take over from|reporting to"
    r"|reports to|rattachee? (?:a|au)|sous (?:les ordres|la responsabilite) d[eu']|aupres d[eu'])\s*(?:la |le "
    r"|l'|les |the |our |notre"
    r"|an? |une? )?$"
)


def asked(message: Message, trades: Sequence[Item]) -> list[Item]:
    """The trades without those of the people in the story; all of them where no other would be left."""
    titles = [item for item in trades if item.kind is CriterionKind.TITLE]
    told = [item for item in titles if _in_the_story(message, item) or _dealt_with(message, item, titles)]
    return [item for item in trades if item not in told] if len(told) < len(titles) else list(trades)


_DEALT_WITH = re.compile(
    r"(?:\b(?:with|avec|for|of|to|aux|des|de|d'|by|from|bother|train|trained|forme\w*|encadre\w*|manag\w+|lead"
    r"|led)\s+(?:the |les |des |our |nos )?"
    r"|\b(?:\d+|deux|trois|quatre|cinq|six|sept|huit|dix|two|three|four|five|six|seven|eight|ten"
    r"|vingtaine d[e']|dizaine d[e'])\s*)"
    r"(?:\w+ )?$"
)


_REFUSED = re.compile(r"\b(?:pas|plus|no|not|sans|ni|nor|jamais|never|hors|sauf|except|ou|or)\b[^,.;!?]*$")


def _dealt_with(message: Message, item: Item, trades: Sequence[Item]) -> bool:
    """Whether several of them stand behind another trade as those whom it leads or serves: "workshops with brokers"."""
    several = any(token.stem != token.text and token.text.endswith(("s", "x")) for token in tokens(item.value))
    asked_before = any(other.end < item.start and not continues(message, other.end, item.start) for other in trades)
    before = message.folded[max(0, item.start - 40) : item.start]
    opening = openings.found(message.folded, message.text)
    announced = any(0 <= item.start - end < 12 for _, end in opening)
    dealt = _DEALT_WITH.search(before) is not None and not _REFUSED.search(before)
    return several and asked_before and not announced and dealt


def _in_the_story(message: Message, item: Item) -> bool:
    before = message.folded[max(0, item.start - 45) : item.start]
    if _REPLACES.search(before):
        return True
    tells = _TELLS.match(message.folded, item.end, item.end + 80) is not None
    return tells and (_SOMEBODYS.search(before) is not None or _begins_a_sentence(message, item.start))


def _begins_a_sentence(message: Message, start: int) -> bool:
    """Whether only "the" stands between the trade and the beginning of its sentence."""
    return _BEGINS.search(message.folded[:start]) is not None


_BEGINS = re.compile(r"(?:^|[.!?:;,\n«\"]\s*|\b(?:so|alors|que|and|et|but|mais)\s+)(?:the|le|la|l'|les)\s*$")
