"""Follow-ups: a message after others narrows, widens, replaces or takes back what was asked.

Owns the words that tell which. The earlier criteria come in, the criteria now in force go out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cvmatcher.domain import Criterion, CriterionKind, Need
from cvmatcher.folding import fold
from cvmatcher.query.phrases import understand
from cvmatcher.vocabulary import skills, titles
from cvmatcher.vocabulary.folding import stems

_ANEW = re.compile(
    r"\b(?:nouvelle recherche|new search|start over|recommen\w+|on repart de zero|from scratch"
    r"|maintenant je cherche|now i(?:'m| am)? look\w* for)\b"
)
_REPLACE = re.compile(
    r"\b(?:plutot|finalement|a la place|au lieu d\w+|instead|rather|actually|make it|change(?:r|z)? (?:en|pour"
    r"|to)|remplace\w*|replace|et (?:a|en|pour) |what about|how about|et si|en fait)\b"
)
_DROP = re.compile(
    r"\b(?:oublie\w*|enleve\w*|retire\w*|supprime\w*|laisse\w* tomber|peu importe|pas besoin d\w*"
    r"|sans tenir compte d\w*|n'importe quel\w*|forget|drop|remove|ignore|no need for|regardless of|any"
    r"|never mind|doesn't matter|elargi\w*|widen|broaden)\b"
)
_LOOSER = re.compile(
    r"\b(?:pas (?:forcement|obligatoire\w*|indispensable\w*)|serait un plus|is a plus|nice to have|optional"
    r"|facultatif\w*|optionnel\w*|not required|not mandatory|would be nice|seulement un plus)\b"
)
_ONE_OF_A_KIND = frozenset([CriterionKind.TITLE, CriterionKind.PLACE, CriterionKind.YEARS])


def follow_up(message: str, earlier: Sequence[Criterion]) -> tuple[tuple[Criterion, ...], tuple[str, ...]]:
    """All criteria in force after the message, ids c1, c2… anew, and the stretches that no rule could use."""
    new, unused = understand(message)
    folded = fold(message).replace("’", "'")
    if _ANEW.search(folded) or not earlier:
        return new, unused
    if _DROP.search(folded) and not _REPLACE.search(folded):
        return _numbered(_without(earlier, new, folded)), unused
    if _LOOSER.search(folded) and all(_twin(criterion, earlier) for criterion in new):
        return _numbered([_loosened(criterion, new) for criterion in earlier]), unused
    kept = [criterion for criterion in earlier if not any(_replaces(n, criterion, folded) for n in new)]
    return _numbered([*kept, *new]), unused


def _replaces(new: Criterion, old: Criterion, folded: str) -> bool:
    """A second title, place or number of years replaces the first; anything of the same name does."""
    if new.kind is not old.kind:
        return False
    if stems(new.value) == stems(old.value):
        return True
    if new.need is not old.need:
        return False
    if new.kind in _ONE_OF_A_KIND:
        return not re.match(r"\s*(?:ou|or|et aussi|also|aussi|plus)\b", folded)
    return _REPLACE.search(folded) is not None


def _without(earlier: Sequence[Criterion], new: Sequence[Criterion], folded: str) -> list[Criterion]:
    """What the message names goes: by value, or by the name of its kind."""
    named = {
        criterion.kind
        for word, kind in _KIND_WORDS
        for criterion in earlier
        if criterion.kind is kind and re.search(word, folded)
    }
    return [c for c in earlier if not _twin(c, new) and c.kind not in named]


_KIND_WORDS = (
    (r"\b(?:langues?|languages?)\b", CriterionKind.LANGUAGE),
    (r"\b(?:lieux?|ville|place|location|localisation|where|endroit)\b", CriterionKind.PLACE),
    (r"\b(?:experience|annees|years|anciennete)\b", CriterionKind.YEARS),
    (r"\b(?:secteur|sector|industry|domaine)\b", CriterionKind.SECTOR),
    (r"\b(?:diplomes?|degree|education|etudes)\b", CriterionKind.EDUCATION),
    (r"\b(?:competences?|skills?)\b", CriterionKind.SKILL),
)


def _twin(criterion: Criterion, others: Sequence[Criterion]) -> bool:
    return any(_means(criterion) == _means(other) for other in others)


def _means(criterion: Criterion) -> tuple[object, ...]:
    known = skills.canonical(criterion.value) or next(iter(titles.ids(criterion.value)), None)
    return known or stems(criterion.value), None if known else criterion.kind


def _loosened(criterion: Criterion, new: Sequence[Criterion]) -> Criterion:
    return criterion.model_copy(update={"need": Need.NICE}) if _twin(criterion, new) else criterion


def _numbered(criteria: Sequence[Criterion]) -> tuple[Criterion, ...]:
    return tuple(
        criterion.model_copy(update={"id": f"c{number}"}) for number, criterion in enumerate(criteria, start=1)
    )
