"""A recruiter's message while it is being read: what is used up already, and how much each stretch is wanted.

Owns the words for wishes and refusals ("idéalement", "un plus", "no", "sauf") and how far each of them reaches.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from cvmatcher.domain import Need
from cvmatcher.folding import fold
from cvmatcher.vocabulary.folding import Token, tokens

_BREAK = re.compile(r"[;!?\n()•]|[,:](?!\d)|\.(?=\s|$)|\s[-–—]\s")
_SENTENCE_BREAK = re.compile(r"[;!?\n]|\.(?=\s|$)")

_NICE_BEFORE = re.compile(
    r"\b(?:maybe|perhaps|possibly|peut[ -]etre|dans l'ideal|(?:would |'d )love|extra credit|pluses?(?=\s*:)"
    r"|idealement|si possible|de preference|preferablement|eventuellement|bonus|facultati\w+|optionnel\w*|en bonus"
    r"|ideally|preferably|if possible|nice[ -]to[ -]have|optional(?:ly)?|would be (?:nice|great|good|a plus)(?: if)?"
    r"|(?:serait|ce serait) (?:bien|mieux|top|ideal)(?: s['i])?|(?:un |les |a )?(?:plus(?=\s*:)|atouts?(?=\s*:))"
    r"|souhaites?(?=\s*:)|apprecies?(?=\s*:)|pourquoi pas|bonus points?(?: for)?|appreciated|with a preference for"
    r"|avec une preference pour|on apprecierait|j'apprecierais|nous apprecierions|extra points?(?: for)?)\b"
)
_NICE_AFTER = re.compile(
    r"\b(?:(?:est|serait|seraient|sont|constitue\w*|sera|seront)\s+(?:aussi |egalement |vraiment )?(?:un(?:e)? )?"
    r"(?:vrai |reel |gros |petit |serieux )?(?:plus|atouts?|bonus|apprecie\w*|souhaite\w*|souhaitable\w*"
    r"|bienvenue?s?|bienvenu|valorise\w*|optionnel\w*|facultati\w*|preferable\w*)"
    r"|(?:un|des) (?:vrai |gros |petit )?(?:plus|atouts?|bonus)\b|apprecie\w*|souhaite\w*|souhaitable\w*"
    r"|bienvenue?s?|facultati\w+|optionnel\w*"
    r"|(?:non|pas) (?:un pre[ -]?requis|un must|obligatoires?|indispensables?|requise?s?|necessaires?)"
    r"|(?:is|are|would be|will be|as)\s+(?:also |really |definitely )?(?:a |an )?(?:big |strong |real |nice "
    r"|huge |definite )?(?:plus|bonus|asset|advantage|advantageous|appreciated|welcome|desirable|desired"
    r"|preferred|optional|beneficial|nice to have|helpful|useful)"
    r"|(?:a|an) (?:big |strong |real |nice |huge |definite )?(?:plus|bonus|asset|advantage)\b|preferred"
    r"|desirable|appreciated|welcome"
    r"|would help|(?:is|would be) helpful"
    r"|not (?:a must|a requirement|strictly \w+|mandatory|required|essential|necessary)|if possible|si possible"
    r"|de preference|preferably)(?!\s*:)\b"
)
_REFUSED = re.compile(
    r"\b(?:pas (?:de |d'|du |un |une |en |dans |a |chez )|pas(?= \w)|sans |sauf |hors |excepte "
    r"|a l'exception d\w+ |aucune? |jamais (?:de |chez |en )?|exclure |exclus?(?: les?)? |exclue?s? "
    r"|exclu[ar]nt |surtout pas (?:de |d')?|ni |plutot que |eviter? |en evitant |non[ -](?=issu)"
    r"|no |not |without |except(?: for)? |excluding |exclude |avoid(?:ing)? |other than |never (?:a |in |at )?"
    r"|rather than |nor |anything but |don'?t want |do not want |isn'?t |aren'?t |je ne veux pas (?:de |d')?"
    r"|on ne veut pas (?:de |d')?)"
)
_REFUSED_BEHIND = re.compile(
    r"\b(?:exclue?s?|s'abstenir|non acceptee?s?|(?:not accepted|excluded|need not apply))(?=\s*(?:[,;.!)]|$))"
)
_NOT_A_REFUSAL = re.compile(
    r"\b(?:pas (?:forcement|necessairement|obligatoire\w*|indispensable\w*|besoin|plus de|moins de|seulement"
    r"|uniquement|grave|mal)"
    r"|sans (?:forcement|necessairement)|not (?:only|just|necessarily|mandatory|required|essential|necessary"
    r"|more than|less than)|no (?:more|less|need|matter|later|problem)"
    r"|non obligatoire|pas trop|pas loin|pas a pas)"
)
_STOPS_REFUSAL = re.compile(r"\b(?:mais|but|et(?! pas| non| sans)|and(?! no| not)|avec|with|qui|who)\b")


_JOINS = re.compile(
    r"\b(?:et|and|avec|with|plus|parlant|qui parlent?|speaking|who speaks?|maitrisant|ayant|having|(?:base"
    r"|basee) (?:a|en)|based in)\b"
)


@dataclass(frozen=True, slots=True)
class Scope:
    """A stretch and how much it is wanted. `behind`: the word that says so follows it; `plural`: it is of several."""

    start: int
    end: int
    need: Need
    behind: bool = False
    plural: bool = False


@dataclass(slots=True)
class Message:
    """The text, its folded twin of the same length, its words, what is used, and where wishes and refusals reach."""

    text: str
    folded: str = ""
    words: list[Token] = field(default_factory=list)
    used: list[bool] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)

    @classmethod
    def of(cls, text: str) -> Message:
        message = cls(text, fold(text).replace("’", "'"), tokens(text), [False] * len(text))
        message._find_needs()
        return message

    # ------------------------------------------------------------------------------------------------ using up

    def free(self, start: int, end: int) -> bool:
        return not any(self.used[start:end])

    def use(self, start: int, end: int) -> None:
        self.used[start:end] = [True] * (end - start)

    def need(self, start: int, end: int) -> Need:
        """How much the stretch is wanted; a refusal wins over a wish."""
        found = {scope.need for scope in self.scopes if scope.start < end and start < scope.end}
        if Need.MUST_NOT in found:
            return Need.MUST_NOT
        return Need.NICE if Need.NICE in found else Need.MUST

    # ------------------------------------------------------------------------------------------------ clauses

    def clause_end(self, position: int) -> int:
        found = _BREAK.search(self.folded, position)
        return found.start() if found else len(self.text)

    def clause_start(self, position: int) -> int:
        starts = [match.end() for match in _BREAK.finditer(self.folded, 0, position)]
        return starts[-1] if starts else 0

    def clauses(self) -> list[tuple[int, int]]:
        edges = [(0, 0), *((m.start(), m.end()) for m in _BREAK.finditer(self.folded)), (len(self.text),) * 2]
        return [(a[1], b[0]) for a, b in pairwise(edges) if self.text[a[1] : b[0]].strip()]

    # ------------------------------------------------------------------------------------------------ needs

    def _find_needs(self) -> None:
        for match in _NICE_BEFORE.finditer(self.folded):
            self._wish_before(match)
        for match in _NICE_AFTER.finditer(self.folded):
            if self.free(match.start(), match.end()):
                self._wish_after(match)
        for match in _REFUSED_BEHIND.finditer(self.folded):
            if self.free(match.start(), match.end()):
                self._refusal_behind(match)
        for match in _REFUSED.finditer(self.folded):
            if self.free(match.start(), match.end()) and not _NOT_A_REFUSAL.match(self.folded, match.start()):
                self._refusal(match)

    def _refusal_behind(self, match: re.Match[str]) -> None:
        """The word that refuses follows what it refuses: "cabinets exclus", "juniors s'abstenir"."""
        self.use(match.start(), match.end())
        self.scopes.append(Scope(self.clause_start(match.start()), match.start(), Need.MUST_NOT))

    def _wish_before(self, match: re.Match[str]) -> None:
        rest = self.folded[match.end() :]
        if re.match(r"\s*:", rest):
            stop = _SENTENCE_BREAK.search(self.folded, match.end())
            end = stop.start() if stop else len(self.text)
        else:
            # "Idéalement, il parle allemand": the comma right behind the word is no border
            skip = re.match(r"\s*,\s*", rest)
            end = self.clause_end(match.end() + (skip.end() if skip else 0))
        self.use(match.start(), match.end())
        if not self.folded[match.end() : end].strip(" ,.:"):  # "…, si possible": it speaks of what is before it
            start = self._last_wish(self.clause_start(match.start()), match.start())
            self.scopes.append(Scope(start, match.start(), Need.NICE, behind=True))
        else:
            self.scopes.append(Scope(match.end(), end, Need.NICE))

    def _wish_after(self, match: re.Match[str]) -> None:
        start = self.clause_start(match.start())
        if not self.folded[start : match.start()].strip() and start > 0:
            # "(un plus)", "allemand, un plus": it speaks of the clause before
            start = self.clause_start(start - 1)
        plural = re.match(r"(?:sont|seraient|seront|are)\b", match.group()) or re.fullmatch(
            r"(?:apprecie|souhaite|bienvenue?|souhaitable|optionnel|facultatif)\w*s", match.group()
        )
        if not plural:
            start = self._last_wish(start, match.start())
        self.use(match.start(), match.end())
        self.scopes.append(Scope(start, match.start(), Need.NICE, behind=True, plural=plural is not None))

    def _last_wish(self, start: int, end: int) -> int:
        """Where the last thing named before `end` begins: "comptable parlant anglais si possible" wishes English.

        A short clause is one thing: "anglais et allemand appréciés".
        """
        joins = list(_JOINS.finditer(self.folded, start, end))
        if not joins or len(self.folded[start:end].split()) <= 4:
            return start
        return joins[-1].end()

    def _refusal(self, match: re.Match[str]) -> None:
        end = self.clause_end(match.end())
        stop = _STOPS_REFUSAL.search(self.folded, match.end(), end)
        self.use(match.start(), match.end())
        self.scopes.append(Scope(match.end(), stop.start() if stop else end, Need.MUST_NOT))
