"""Follow-ups: a message after others narrows, widens, replaces or takes back what was asked.

Owns the words that tell which. The earlier criteria come in, the criteria now in force go out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cvmatcher.domain import Criterion, CriterionKind, Need
from cvmatcher.folding import fold
from cvmatcher.query import either
from cvmatcher.query.kinds import places
from cvmatcher.query.phrases import understand
from cvmatcher.vocabulary import skills, titles
from cvmatcher.vocabulary.folding import stems

Answer = tuple[tuple[Criterion, ...], tuple[str, ...]]

_ANEW = re.compile(
    r"\b(?:nouvelle recherche|new search|start(?:ing)? over|recommen\w+|(?:on )?repart\w* de zero|from scratch"
    r"|autre (?:recherche|poste)|rien a voir|(?:maintenant|now)[, ]+(?=je cherche|il me faut|i(?:'m| am)? look\w* for"
    r"|i need"
    r"|find me)|forget (?:all|everything)(?: that)?|oublie\w* tout(?: ca)?)\b(?:\s*[:,;])?"
)
_KIND_WORDS = {
    CriterionKind.LANGUAGE: r"langues?|languages?",
    CriterionKind.PLACE: r"lieux?|villes?|places?|locations?|localisation|where|endroit|distance|zone|region|area"
    r"|cit(?:y|ies)",
    CriterionKind.YEARS: r"experience|annees|years|anciennete|seniority",
    CriterionKind.SECTOR: r"secteurs?|sectors?|industr(?:y|ies)|domaines?",
    CriterionKind.EDUCATION: r"diplomes?|degrees?|education|etudes|qualifications?",
    CriterionKind.SKILL: r"competences?|skills?",
    CriterionKind.EMPLOYER: r"employeurs?|employers?|entreprises?|compan(?:y|ies)",
    CriterionKind.TITLE: r"postes?|metiers?|titles?|roles?|intitules?",
}
_ANY_KIND = "|".join(_KIND_WORDS.values())
_REPLACE = re.compile(
    r"\b(?:(?:mais |ou )?plutot|finalement|a la place|instead|rather|actually|make (?:it|that)|change(?:r|z)? (?:en"
    r"|pour|to"
    r"|it to|(?:le lieu|la ville|the (?:place|location|city)) (?:en|to|pour))|switch(?: it)? to|what about|how about"
    r"|et si"
    r"|en fait|disons|let'?s say|(?:no|non),(?= \w))(?!\w)"
)
_INSTEAD = re.compile(r"\b(?:au lieu d[eu]s?|a la place d[eu]s?|instead of|rather than|plutot que)(?!\w)|\bau lieu d'")
_SWAP = re.compile(
    r"\b(?:replace|remplace\w*|swap|change\w*)\s+(?P<old>.+?)\s+(?:by|with|par|for|pour|en|to)\s+(?P<new>.+)"
)
_DROP = re.compile(
    r"\b(?:oublie\w*|enleve\w*|retire\w*|supprime\w*|laisse\w* tomber|abandonne\w*|(?:on s'en fiche"
    r"|je m'en fiche) d[eu]?"
    r"|peu (?:m')?importe\w*|qu'importe|plus besoin d[eu]?|pas besoin d[eu]?|sans tenir compte d[eu]?"
    r"|n'importe quel\w*"
    r"|inutile d[eu]?|(?:je|on) ne (?:veux|veut|demande|tiens|tient) plus|tant pis pour|ne (?:tiens"
    r"|tenez) pas compte d[eu]?"
    r"|enlevons|retirons|forget(?: about)?|drop|remove|ignore|no need (?:for|of)|(?:i |we )?no longer (?:need"
    r"|want)\w*"
    rf"|regardless of|any(?= (?:{_ANY_KIND}))|never ?mind|(?:don'?t|do not) (?:care about|need|mind)|skip|take out"
    rf"|leave out"
    r"|without the|scrap)(?!\w)"
)
_DROP_BEHIND = re.compile(
    r"\b(?:(?:doesn'?t|does not) matter|(?:n'est|est) plus (?:utile|la peine)|is no longer (?:needed"
    r"|wanted)|not needed (?:any ?more|any longer)|ne compte (?:pas|plus)|n'a pas d'importance)\b"
)
_WIDER = re.compile(
    r"\b(?:elargi\w*|widen|broaden|etend\w*|expand|extend|wider|look further|plus large|plus loin|up to|jusqu'a)\b"
)
_LOOSER = re.compile(
    r"\b(?:pas (?:forcement|obligatoire\w*|indispensable\w*|necessaire\w*|un must)|(?:serait|est"
    r"|n'est qu')? ?(?:plus )?"
    r"(?:juste |seulement |qu')?un plus|(?:is |are )?(?:just |only )?(?:a plus|a bonus|nice[ -]to[ -]have|optional)"
    r"|facultati\w+"
    r"|optionnel\w*|(?:is |are )?not (?:required|mandatory|essential|necessary|a must|so important)|would be (?:nice"
    r"|a plus)"
    r"|n'est plus (?:obligatoire|necessaire|indispensable|exige\w*|requis\w*)|(?:is )?no longer (?:required|mandatory"
    r"|a must"
    r"|essential|necessary)|isn'?t (?:required|mandatory|a must|essential|necessary)|pas si important\w*"
    r"|secondaire)\b"
)
_STRICTER = re.compile(
    r"\b(?:est |devient |becomes |is (?:now )?|must be |doit etre |make )?(?:obligatoires?|indispensables?"
    r"|imperati\w+"
    r"|exigee?s?|requise?s?|mandatory|required|essential|compulsory|a must|must[ -]have)\b"
)
_ALSO = re.compile(
    r"\b(?:ou(?: bien| alors| aussi)?|or(?: else| also)?|et aussi|also|aussi|as well|egalement|en plus|too|fine|ok"
    r"|possible)\b"
)
_ONLY = re.compile(
    r"\b(?:uniquement|seulement|only|just|keep(?: only)?|garde\w*|restrict\w*(?: it)? to|limit\w*(?: it)? (?:to"
    r"|a|aux)"
    r"|parmi (?:eux|elles|ceux-ci)|(?:among|of) (?:them|these)|which (?:of them|ones)|lesquel(?:le)?s)\b"
    r"(?:\s+(?:those|the ones|people|ceux|celles|the|que))*|\b(?:ceux|celles|the ones|those)\b(?= (?:qui|who|that"
    r"|avec|with|in|a)\b)"
)
_SOMEONE = re.compile(r"\b(?:(?:not|nothing|nobody|no one|pas|rien) (?:like|comme)|unlike) ")
_JOIN = re.compile(r"\s*(?:[;,.]|\b(?:et|and|mais|but|puis|then)\b)\s*(?:(?:et|and|mais|but|puis|then)\s+)?")
_ONE_OF_A_KIND = frozenset([CriterionKind.TITLE, CriterionKind.PLACE, CriterionKind.YEARS])
# Nobody is refused for these: "no German" after German was asked takes the wish back.
_NEVER_REFUSED = frozenset([CriterionKind.LANGUAGE, CriterionKind.YEARS, CriterionKind.EDUCATION])


def follow_up(message: str, earlier: Sequence[Criterion]) -> Answer:
    """All criteria in force after the message, ids c1, c2… anew, and the stretches that no rule could use."""
    if not earlier or _ANEW.search(_folded(message)) or _another_need(message, earlier):
        return understand(_blank(message, _ANEW))
    criteria, unused = tuple(earlier), tuple[str, ...]()
    for part in _commands(message):
        criteria, more = _after(part, criteria)
        unused += more
    return _numbered(criteria), unused


_GOES_ON = re.compile(r"\s*(?:who|which|that|qui|ayant|having|with|avec|et|and|but|mais|if|si|as|en tant que)\b")


def _another_need(message: str, earlier: Sequence[Criterion]) -> bool:
    """Whether it opens with an occupation of another family than all that were asked, and says more: another vacancy.

    "teacher in Dublin" after "data scientist with Python" asks for no Python; "rather a teacher", or the trade by
    itself, changes the trade alone.
    """
    folded = _folded(message)
    if _GOES_ON.match(folded) or any(p.search(folded) for p in (_REPLACE, _INSTEAD, _SWAP, _DROP, _ONLY, _ALSO)):
        return False
    asked = understand(message)[0]
    before = [c for c in earlier if c.kind is CriterionKind.TITLE and c.need is Need.MUST]
    if not before or not asked or asked[0].kind is not CriterionKind.TITLE or asked[0].need is not Need.MUST:
        return False
    families = titles.families(asked[0].value) if len(asked) > 1 else frozenset()
    return bool(families) and not any(families & titles.families(c.value) or not titles.ids(c.value) for c in before)


_BACK = re.compile(
    r"(?:please )?(?:undo(?: (?:that|this|it))?|go back|back(?: to the (?:last|previous) one)?|annule[rz]?(?: ca"
    r"| cela)?"
    r"|(?:reviens|revenir|retour)(?: en)?(?: arriere)?|as before|comme avant)"
)


def goes_back(message: str) -> bool:
    """Whether the message asks for no more than to undo the last change."""
    return _BACK.fullmatch(_folded(message).strip(" .!,")) is not None


def _folded(message: str) -> str:
    return fold(message).replace("’", "'")


def _blank(message: str, pattern: re.Pattern[str]) -> str:
    """The message without what the pattern finds in its folded twin, which has the same length."""
    for match in pattern.finditer(_folded(message)):
        message = message[: match.start()] + " " * len(match.group()) + message[match.end() :]
    return message.strip(" ,;:")


def _commands(message: str) -> list[str]:
    """The message cut where "and" is followed by another word of command: "drop the German and make it Lille"."""
    folded, parts, start = _folded(message), [], 0
    for match in _JOIN.finditer(folded):
        if match.start() > start and any(p.match(folded, match.end()) for p in (_DROP, _REPLACE, _ONLY)):
            parts.append(message[start : match.start()])
            start = match.end()
    return [part for part in (*parts, message[start:]) if part.strip()]


def _after(message: str, earlier: Sequence[Criterion]) -> Answer:
    folded = _folded(message)
    if (someone := _SOMEONE.search(folded)) and message[someone.end() : someone.end() + 1].isupper():
        return tuple(earlier), (message.strip(),)  # nobody of that name is in the list
    swap = _SWAP.search(folded)
    if swap and understand(message[slice(*swap.span("old"))])[0]:
        return _exchanged(message[slice(*swap.span("old"))], message[slice(*swap.span("new"))], earlier)
    if instead := _INSTEAD.search(folded):
        before, behind = message[: instead.start()].strip(" ,"), message[instead.end() :]
        old, _, new = behind.partition(",") if not before else (behind, "", before)
        return _exchanged(old, new, earlier)
    if (_DROP.search(folded) or _DROP_BEHIND.search(folded)) and not _REPLACE.search(folded):
        return _taken_back(message, earlier)
    for pattern, need in ((_LOOSER, Need.NICE), (_STRICTER, Need.MUST)):
        named = understand(_blank(message, pattern))[0] if pattern.search(folded) else ()
        if named and all(_twin(criterion, earlier) for criterion in named):
            return tuple(c.model_copy(update={"need": need}) if _twin(c, named) else c for c in earlier), ()
    return _further(message, earlier) or _changed(message, earlier)


# ------------------------------------------------------------------------------------------------------- change


def _changed(message: str, earlier: Sequence[Criterion]) -> Answer:
    """New criteria beside the old, or in the place of those of their kind."""
    folded = _folded(message)
    replaces, wider = _REPLACE.search(folded) is not None, _WIDER.search(folded) is not None
    new, unused = understand(_blank(_blank(_blank(message, _REPLACE), _ONLY), _WIDER))
    unused = unused or (() if new else (message.strip(),))
    also = wider or _ALSO.search(folded) is not None
    if also and len(new) == 1 and new[0].or_remote and not new[0].value:
        return _or_remote(new, earlier), unused
    back = [c for c in new if c.need is Need.MUST_NOT and c.kind in _NEVER_REFUSED and _twin(c, earlier)]
    new = tuple(c for c in new if c not in back)
    kept = [old for old in earlier if not _twin(old, back) and not any(_replaces(n, old, replaces, also) for n in new)]
    return tuple(either.beside(message, new, kept)), unused


def _replaces(new: Criterion, old: Criterion, replaces: bool, also: bool) -> bool:
    """A second title, place or number of years replaces the first; anything of the same name does."""
    if new.kind is not old.kind:
        return False
    if stems(new.value) == stems(old.value) and (new.kind is not CriterionKind.PLACE or new.value or not also):
        return True
    if new.need is Need.MUST_NOT or old.need is Need.MUST_NOT:
        return False
    if new.kind is CriterionKind.YEARS:
        return replaces
    return replaces or (new.kind in _ONE_OF_A_KIND and not also)


def _or_remote(new: Sequence[Criterion], earlier: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """Beside the place there is, not instead of it: "remote is fine too"."""
    placed = [c for c in earlier if c.kind is CriterionKind.PLACE and c.need is not Need.MUST_NOT and c.value]
    if not placed:
        return (*earlier, *new)
    return tuple(
        c.model_copy(update={"or_remote": True, "label": places.limited(c.value, c.within_km, new[0].label)})
        if c in placed
        else c
        for c in earlier
    )


def _further(message: str, earlier: Sequence[Criterion]) -> Answer | None:
    """A distance with no place is said of the place there is: "widen to 50 km"."""
    km = places.distance(_folded(message))
    if km is None or any(c.kind is CriterionKind.PLACE for c in understand(message)[0]):
        return None
    if not any(c.kind is CriterionKind.PLACE and c.value for c in earlier):
        return None
    return tuple(
        c.model_copy(update={"within_km": km, "label": places.limited(c.value, km, "")})
        if c.kind is CriterionKind.PLACE and c.value
        else c
        for c in earlier
    ), ()


def _exchanged(old: str, new: str, earlier: Sequence[Criterion]) -> Answer:
    """The old one goes, the new one comes: "Lille instead of Lyon"."""
    gone, (come, unused) = understand(old)[0], understand(new)
    kept = [
        c for c in earlier if not _twin(c, gone) and not any(_replaces(n, c, replaces=False, also=False) for n in come)
    ]
    return (*kept, *come), unused


def _taken_back(message: str, earlier: Sequence[Criterion]) -> Answer:
    """What the message names goes: by value, or by the name of its kind."""
    rest = _blank(_blank(message, _DROP), _DROP_BEHIND)
    named = [c for c in understand(rest)[0] if _twin(c, earlier)]
    kinds = {kind for kind, words in _KIND_WORDS.items() if re.search(rf"\b(?:{words})\b", _folded(rest))}
    kept = tuple(c for c in earlier if not _twin(c, named) and not (c.kind in kinds and not named))
    return kept, () if len(kept) < len(earlier) else (message.strip(),)


# ------------------------------------------------------------------------------------------------------- compare


def _twin(criterion: Criterion, others: Sequence[Criterion]) -> bool:
    return any(_means(criterion) == _means(other) for other in others)


def _means(criterion: Criterion) -> tuple[object, ...]:
    known = skills.canonical(criterion.value) or next(iter(titles.ids(criterion.value)), None)
    return known or stems(criterion.value), None if known else criterion.kind


def _numbered(criteria: Sequence[Criterion]) -> tuple[Criterion, ...]:
    return tuple(
        criterion.model_copy(update={"id": f"c{number}"}) for number, criterion in enumerate(criteria, start=1)
    )
