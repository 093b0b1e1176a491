"""How much each stretch of a message is wanted: wishes ("idéalement", "a plus") and refusals ("pas de", "not from").

Owns the words for both and how far each reaches. What no scope covers is a must.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cvmatcher.domain import Need
from cvmatcher.query.message import SENTENCE_BREAK, Message

# Says that what follows is a wish; where nothing follows in its clause, that what stands before it is.
_WISH = re.compile(
    r"\b(?:maybe|perhaps|possibly|peut[ -]etre|dans l'ideal|(?<!^i)(?<!^we)(?<!^i )(?<!^we )(?:would "
    r"|'d )(?:really )?(?:love|prefer)(?: it if| if)?"
    r"|extra credit(?: for)?|pluses?(?=\s*:)|idealement|l'ideal serait|ideal(?=\s*:)|si possible|de preference"
    r"|preferablement|preferences?(?=\s*:)|eventuellement|(?:en )?bonus(?: points?)?(?: if| for| si)?|facultati\w+"
    r"|optionnel\w*|ideally|preferably|if possible|(?:would be |a )?nice[ -]to[ -]haves?|optional(?:ly)?"
    r"|would be (?:nice|great|good|ideal|perfect|lovely|a plus|even better)(?: to have)?(?: if)?"
    r"|(?:serait|ce serait) (?:bien|mieux|top|ideal|parfait|un plus)(?: (?:si|que|s'))?"
    r"|(?:les? |des )?(?:atouts?|plus|\+)(?=\s*:)|nice(?=\s*:)|(?:souhaite|apprecie)e?s?(?=\s*:)|desirable(?=\s*:)"
    r"|pref(?:'d|d)?(?=\s*:)|preferred(?=\s*:)"
    r"|pourquoi pas|appreciated|(?:avec une|with a) preference (?:pour|for)|on apprecierait|j'apprecierais"
    r"|nous apprecierions|extra points?(?: for)?|(?:it )?(?:would|'d) help(?: a lot| us)? if|even better if"
    r"|better if|encore mieux si|good to have|plutot"
    r"|some exposure to|une premiere approche d\w+|brownie points?(?: for)?|it helps if|especially)\b"
)
_VALUED = (
    r"(?:plus|atouts?|bonus|apprecie\w*|souhaite\w*|souhaitable\w*|bienvenue?s?|valorise\w*|optionnel\w*|facultati\w*"
    r"|preferable\w*|privilegie\w*|prefere\w*|mieux|top|ideal\w*|bien|utiles?)"
)
_VALUABLE = (
    r"(?:plus(?:es)?|bonus|asset|dream|advantage|advantageous|appreciated|welcome|desirable|desired|preferred"
    r"|optional"
    r"|beneficial|nice[ -]to[ -]have|helpful|useful|handy|valued|favou?red|good(?! as)|great|nice"
    r"|perfect|ideal|preferable)"
)
# Says that what stands before it is a wish.
_WISHED = re.compile(
    rf"\b(?:(?:c'est|ce serait|it's|that's|it would be|that would be) (?:du |un |a |an )?(?:vrai |real )?(?:bonus"
    rf"|plus|atout)"
    rf"|(?:est|serait|seraient|sont|constitue\w*|sera|seront)\s+(?:aussi |egalement |vraiment |tres )*(?:une? )?"
    rf"(?:vrai |reel |gros |petit |serieux )?{_VALUED}|(?:un|des) (?:vrai |gros |petit |reel |serieux )?"
    rf"(?:plus|atouts?|bonus)\b|(?:gros |vrai |grand |big |huge )(?:plus|atout|bonus)\b|apprecie\w*|souhaite\w*"
    rf"|souhaitable\w*|bienvenue?s?|facultati\w+|optionnel\w*"
    rf"|privilegie\w*"
    rf"|(?:non|pas|ni) (?:un pre[ -]?requis|un must|obligatoires?|indispensables?|requise?s?|necessaires?|exigee?s?"
    rf"|bloquante?s?|eliminatoires?)"
    rf"|(?:is|are|would be|will be|as|'s)\s+(?:also |really |definitely |very )*(?:a |an )?(?:big |strong |real "
    rf"|nice "
    rf"|huge |definite |distinct )?{_VALUABLE}(?: to have)?"
    rf"|(?:a|an) (?:big |strong |real |nice |huge |definite |distinct )?(?:plus|bonus|asset|advantage"
    rf"|nice[ -]to[ -]have)"
    rf"|(?:would|wouldn't|'d)\s+(?:really |also |certainly )?(?:help|hurt|please (?:him|her|them|us)|impress"
    rf"|go (?:down (?:very )?well"
    rf"|amiss|a long way)|make (?:them|us|him|her|me|the \w+) \w+|speed things up|do no harm|come in (?:handy"
    rf"|useful)|count)"
    rf"|(?:l'|les |nous |lui |m')?(?:aiderait|plairait|rassurerait|compterait|ferait (?:la difference|plaisir"
    rf"|un carton|tres bien"
    rf"|bien|l'affaire)|tomberait bien|ne (?:gache|gate|gacherait|gaterait) rien|ne (?:nuirait"
    rf"|ferait) pas(?: de mal)?)"
    rf"|preferred|pref(?:'?d)?|desirable|desired|appreciated|welcome|helpful|advantageous|beneficial|would help"
    rf"|useful|handy"
    rf"|(?:ideal"
    rf"|nice)(?=\s*(?:[,;.)]|$))"
    rf"|(?:not|isn't|aren't) (?:a must|a requirement|a deal[ -]?breaker|(?:strictly |absolutely )?(?:mandatory"
    rf"|required"
    rf"|essential|necessary|needed|compulsory)))(?:\s+(?:too|though|aussi|as well))?(?!\s*:)\b"
)
_MUST = re.compile(
    r"\b(?:(?:is|are|est|sont|as) (?:a |an )?)?(?:obligatoires?|imperati(?:f|ve|fs|ves)|imperativement"
    r"|obligatoirement"
    r"|indispensables?|exigee?s?|requise?s?|absolument|required|mandatory|essential|compulsory|must[ -]have"
    r"|a must|absolutely|non[ -]negotiable|necessaires?)\b"
)
_REFUSED = re.compile(
    r"\b(?:(?:surtout )?pas (?:de |d'|du |des |un |une |en |dans |a |au |chez |par |la |le |les |issue?s? d[eu]s? "
    r"|venant d[eu]s? )?|sans |sauf |hors |hormis |excepte |tout sauf |a l'exception d\w+ |aucune? "
    r"|en dehors d[eu]s? "
    r"|a part |(?:n')?ayant jamais (?:fait |ete |travaille )?|(?<!si )jamais (?:de |chez |en |dans |ete |travaille )?"
    r"|exclu(?:re|ant)? |exclu[st]?(?: les?)? |exclue?s? |(?:a |on )?(?:eviter?|evitez|ecarter|proscrire"
    r"|bannir) (?:les? "
    r"|des? )?|ni |plutot que |en evitant |non[ -](?=issu)|inutile de (?:me )?(?:proposer |presenter )?(?:des? "
    r"|les? )?"
    r"|no (?:more )?|not (?:a |an |in |from |at |for |interested in |looking for |with |someone |anyone |into )?"
    r"|without |except(?: for)? |excluding |exclude |avoid(?:ing)? |other than |never (?:a |in |at |worked (?:at "
    r"|for |in "
    r")|been (?:at |with )?)?|rather than |nor |anything but |apart from |nobody (?:from |with |who |on |in )?"
    r"|no one "
    r"(?:from |with |who |in )?|nothing (?:from |in )|(?:don'?t|do not) (?:want|need|send(?: me)?|show(?: me)?"
    r"|consider) "
    r"|isn'?t (?:a |an |in )?|aren'?t |hasn'?t (?:worked |been )?(?:at |in |for )?|stay(?:ing)? away from "
    r"|steer clear of "
    r"|rul(?:e|ing) out |(?:je|on|nous) ne (?:veux|veut|voulons|cherche|cherchons) pas (?:de |d'|des |un |une )?"
    r"|n'est pas (?:un |une )?|ne vient pas d[eu]s? |n'a (?:pas|jamais) (?:fait (?:de |d'|du )?|travaille )?"
    r"(?:chez |en |dans )?)"
)
_REFUSED_BEHIND = re.compile(
    r"\b(?:(?:sont |est |are |is )?(?:exclue?s?|ecartee?s?|refusee?s?|proscrite?s?|a (?:eviter|exclure|proscrire"
    r"|bannir))|s'abstenir"
    r"|non (?:acceptee?s?|souhaitee?s?)|pas acceptee?s?|(?:are |is )?(?:not accepted|not wanted|excluded"
    r"|need not apply"
    r"|on (?:les |l')?evite|non merci|no thanks|no thank you|not considered|ruled out|not available|unavailable"
    r"|out of (?:the )?question))(?=\s*(?:[,;.!)\n]|$))"
)
_NOT_A_REFUSAL = re.compile(
    r"\b(?:pas (?:forcement|necessairement|obligatoire\w*|indispensable\w*|besoin|plus d[e']|moins d[e']|seulement"
    r"|uniquement|grave|mal|requis\w*|exige\w*|bloquant\w*|eliminatoire\w*|un (?:must|pre[ -]?requis))"
    r"|sans (?:condition|forcement|necessairement|souci|doute|faute|tenir compte)|not (?:only|just|necessarily"
    r"|mandatory|required"
    r"|(?:strictly |absolutely )?(?:essential|necessary|needed|compulsory)|more than|less than|sure|for profit|too"
    r"|a (?:must|requirement|deal))|no (?:more than|less than|need|matter|later|problem|idea|rush|preference|fewer"
    r"|worries"
    r"|longer)|(?:isn'?t|aren'?t) (?:(?:strictly |absolutely )?(?:required|essential|necessary|mandatory|needed)"
    r"|a must)"
    r"|non obligatoire|pas trop|pas loin|pas a pas|ni (?:plus|moins)|hors pair|no[ -]code)"
)
# "t'aurais pas un cariste ?"
_ASKS_POLITELY = re.compile(
    r"\b(?:aurai[st]|auriez|auraient|connaitrai[st]|connaitriez)(?:[ -](?:tu|vous|on|t-on))?\s*$"
)
# "no degree needed": nothing is refused, it is only not asked.
_NOT_NEEDED = re.compile(r"\s(?:needed|required|necessary|necessaires?|requise?s?|exigee?s?|obligatoires?)\b")
_STOPS_REFUSAL = re.compile(
    r"\b(?:mais|but|et(?! pas| non| sans| ni)|and(?! no| not)|avec|with|qui|who|juste|just|plutot|rather|instead"
    r"|(?:but )?only|a la place)\b"
)
_STOPS_WISH = re.compile(r"\b(?:mais|but|must|doit|obligatoire\w*|required|imperati\w+)\b")
_JOINS = re.compile(
    r"\b(?:et|and|avec|with|plus|parlant|qui parlent?|speaking|who speaks?|maitrisant|ayant|having|connaissant"
    r"|(?:base|basee) (?:a|en)|based in)\b"
)
_OF_SEVERAL = re.compile(r"(?:sont|seraient|seront|are)\b")
_PLURAL = re.compile(r"(?:apprecie|souhaite|bienvenue?|souhaitable|optionnel|facultatif)\w*s")


@dataclass(frozen=True, slots=True)
class Scope:
    """A stretch and how much it is wanted. `behind`: the word that says so follows it; `plural`: it is of several."""

    start: int
    end: int
    need: Need
    behind: bool = False
    plural: bool = False


# "sans condition de diplôme": nothing is asked, nor refused.
_IDLE = re.compile(r"\b(?:sans (?:condition|exigence)s? d(?:e |'|u |es )\w+|peu importe (?:le |la |l'|les )\w+)")


def scopes(message: Message) -> list[Scope]:
    """Every wish and refusal of the message; their words are used up."""
    for match in _IDLE.finditer(message.folded):
        message.use(match.start(), match.end())
    found = list(_wished(message))
    found += _wishes(message)
    found += _refusals(message)
    for match in _MUST.finditer(message.folded):
        message.use(match.start(), match.end())
    return found


def need(found: list[Scope], start: int, end: int) -> Need:
    """How much the stretch is wanted; a refusal wins over a wish."""
    needs = {scope.need for scope in found if scope.start < end and start < scope.end}
    return next((need for need in (Need.MUST_NOT, Need.NICE) if need in needs), Need.MUST)


# ------------------------------------------------------------------------------------------------------- wishes


def _wished(message: Message) -> Iterator[Scope]:
    for match in _WISHED.finditer(message.folded):
        if message.text[match.start() : match.end()] == "Nice":
            continue  # the town
        start = message.clause_start(match.start())
        if not message.folded[start : match.start()].strip():
            if start == 0:  # "Apprécié : …" opens the message
                continue
            start = _clause_before(message, start)  # "allemand, un plus": it speaks of the clause before
        plural = _OF_SEVERAL.match(match.group()) or _PLURAL.fullmatch(match.group())
        message.use(match.start(), match.end())
        first = start if plural else _last_wish(message, start, match.start())
        yield Scope(first, match.start(), Need.NICE, behind=True, plural=plural is not None)


def _wishes(message: Message) -> Iterator[Scope]:
    for match in _WISH.finditer(message.folded):
        if not message.free(match.start(), match.end()):
            continue
        message.use(match.start(), match.end())
        start = message.clause_start(match.start())
        before = bool(re.search(r"\w", message.folded[start : match.start()]))
        end = _reach(message, match.end(), opens=not before)
        if re.search(r"\w", message.folded[match.end() : end]):
            yield Scope(match.end(), end, Need.NICE)
        elif before:  # "…, si possible": it speaks of what is before it
            yield Scope(_last_wish(message, start, match.start()), match.start(), Need.NICE, behind=True)
        elif start:
            yield Scope(_clause_before(message, start), match.start(), Need.NICE, behind=True)


def _clause_before(message: Message, start: int) -> int:
    """Where the clause before begins; one in brackets belongs to what it explains: "Chinese (Mandarin) is a plus"."""
    before = message.clause_start(start - 1)
    return message.clause_start(before - 1) if before and message.text[before - 1] == "(" else before


def _reach(message: Message, position: int, *, opens: bool) -> int:
    """To the end of the clause; behind a colon, of the sentence; a comma right behind an opening word is no border."""
    rest = message.folded[position:]
    if re.match(r"\s*:", rest):
        stop = SENTENCE_BREAK.search(message.folded, position)
        return stop.start() if stop else len(message.text)
    skip = re.match(r"\s*,\s*", rest) if opens else None
    end = _through_brackets(message, message.clause_end(position + (skip.end() if skip else 0)))
    stop = _STOPS_WISH.search(message.folded, position, end)
    return stop.start() if stop else end


def _last_wish(message: Message, start: int, end: int) -> int:
    """Where the last thing named before `end` begins: "comptable parlant anglais si possible" wishes English.

    A short clause is one thing: "anglais et allemand appréciés".
    """
    joins = list(_JOINS.finditer(message.folded, start, end))
    if not joins or len(message.folded[start:end].split()) <= 4:
        return start
    return joins[-1].end()


# ------------------------------------------------------------------------------------------------------- refusals


def _refusals(message: Message) -> Iterator[Scope]:
    for match in _REFUSED_BEHIND.finditer(message.folded):
        if message.free(match.start(), match.end()):
            message.use(match.start(), match.end())
            yield Scope(message.clause_start(match.start()), match.start(), Need.MUST_NOT)
    for match in _REFUSED.finditer(message.folded):
        asks = _ASKS_POLITELY.search(message.folded, max(0, match.start() - 30), match.start())
        if (
            message.free(match.start(), match.end())
            and not asks
            and not _NOT_A_REFUSAL.match(message.folded, match.start())
        ):
            yield _refusal(message, match)


def _through_brackets(message: Message, end: int) -> int:
    """What stands in brackets right behind explains: "no chains (Starbucks, Costa)", "idéalement l'énergie (EDF)"."""
    if message.text[end : end + 1] != "(":
        return end
    closing = message.text.find(")", end)
    return closing if closing >= 0 else len(message.text)


def _refusal(message: Message, match: re.Match[str]) -> Scope:
    label = re.match(r"\s*:\s*", message.folded[match.end() :])  # "Pas de : consultants"
    end = message.clause_end(match.end() + (label.end() if label else 0))
    stop = _STOPS_REFUSAL.search(message.folded, match.end(), end)
    end = stop.start() if stop else _through_brackets(message, end)
    message.use(match.start(), match.end())
    idle = _NOT_NEEDED.search(message.folded, match.end(), end)
    if idle:
        message.use(idle.start(), idle.end())
    return Scope(match.end(), end, Need.NICE if idle else Need.MUST_NOT)
