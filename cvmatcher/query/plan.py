"""Criteria -> what to ask of the indexes: texts to embed, and words with the fields they stand in.

The kinds decide which leg counts: titles and descriptions by meaning and across languages, names of skills, firms,
places and languages by word and field.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cvmatcher.domain import Criterion, CriterionKind, Need
from cvmatcher.vocabulary import education, languages, places, sectors, skills, titles, words
from cvmatcher.vocabulary.folding import stems, tokens

_SMALL = words.of("small")

# What finding a title's names adds, beside its meaning's 1.0: in jobs' titles, the headline, the text; its words apart.
IN_TITLES, IN_HEADLINE, IN_TEXT, WORD_BY_WORD = 0.3, 0.2, 0.1, 0.5
DESCRIBED = 2.0  # of a description's meaning as a whole
LEFT_OVER = 0.3  # of words that no criterion stands for
NAMES_BY_WORD = 30  # of an occupation, and of those near it
NEAR = 0.3  # of a title's weight for the name of a near occupation
NAMES = 4  # of an occupation, in each language, that join its meaning


@dataclass(frozen=True, slots=True)
class WordLeg:
    """Words asked of one field ("" is the whole text); `weight` is what a perfect match adds."""

    field: str
    terms: tuple[tuple[str, float], ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Meaning:
    """A text to embed as a query, with others that say the same: their mean joins the text's own vector.

    `described`: it tells of a whole person, whose headline, digest and text are near to it together; else it is a name,
    and the one passage that is nearest counts.
    """

    text: str
    weight: float
    also: tuple[str, ...] = ()
    described: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The scores of each meaning and each word leg, scaled to 0..1, add up by weight."""

    meanings: tuple[Meaning, ...]
    words: tuple[WordLeg, ...]


def plan(criteria: Sequence[Criterion], message: str = "", unused: Sequence[str] = ()) -> Plan:
    """What retrieves the candidates for these criteria; without any, the message itself by words and meaning.

    `unused`: stretches of the message that no criterion stands for; their words still count.
    """
    wanted = [criterion for criterion in criteria if criterion.need is not Need.MUST_NOT]
    if not wanted:
        text = " ".join(message.split()) or "cv"
        return Plan((Meaning(text, 1.0),), (WordLeg("", _content(text), 0.5),))
    asked = [leg for criterion in wanted for leg in legs(criterion)]
    if left := _content(" ".join(unused)):
        asked.append(WordLeg("", left, LEFT_OVER))
    return Plan(tuple(_meanings(wanted, message)), tuple(asked))


def described(criteria: Sequence[Criterion]) -> frozenset[str]:
    """Ids of the criteria that are parts of a description rather than names: such a request is led by its meaning.

    Free text makes a description, and so do several names that no list knows without an occupation that one does. A
    few words are a name that no list knows, though, and beside a fact of somebody's life words are what else to check.
    """
    wanted = [c for c in criteria if c.need is not Need.MUST_NOT and c.kind in _TELLING]
    unlisted = [c for c in wanted if not _listed(c)]
    if len(_content(" ".join(c.value for c in unlisted))) < _LONG:
        return frozenset()
    text = any(c.kind is CriterionKind.TEXT for c in wanted)
    named = any(c.kind is CriterionKind.TITLE and _listed(c) for c in wanted)
    facts = any(c.need is not Need.MUST_NOT and _fact(c) for c in criteria)
    loose = not facts and (text or (len(unlisted) >= _SEVERAL and not named))
    return frozenset(c.id for c in wanted) if loose else frozenset()


_TELLING = frozenset([CriterionKind.TEXT, CriterionKind.TITLE, CriterionKind.SKILL, CriterionKind.SECTOR])
_SEVERAL = 3
_LONG = 4  # words that no list knows, from which they describe


def is_listed(criterion: Criterion) -> bool:
    """Whether what is asked stands in a vocabulary, so that its words are more than somebody's name."""
    match criterion.kind:
        case CriterionKind.PLACE:
            return places.get(criterion.value) is not None
        case CriterionKind.LANGUAGE:
            return True
    return _listed(criterion)


def _fact(criterion: Criterion) -> bool:
    """Whether it asks for what is no telling: a language, years, a known place, a degree or school, a firm's name."""
    match criterion.kind:
        case CriterionKind.LANGUAGE | CriterionKind.YEARS:
            return True
        case CriterionKind.PLACE:
            return places.get(criterion.value) is not None
        case CriterionKind.EDUCATION:
            return bool(education.find(criterion.value))
        case CriterionKind.EMPLOYER:  # a word in small letters may be any word that a firm's name holds
            return " " in criterion.value or not criterion.value.islower()
    return False


def _listed(criterion: Criterion) -> bool:
    match criterion.kind:
        case CriterionKind.TITLE:
            return bool(titles.ids(criterion.value))
        case CriterionKind.SKILL:
            return skills.canonical(criterion.value) is not None
        case CriterionKind.SECTOR:
            return bool(sectors.ids(criterion.value))
    return False


def _meanings(criteria: Sequence[Criterion], message: str) -> Iterable[Meaning]:
    """What is searched by meaning: titles under their names in both languages, and the rest as it was said."""
    if loose := described(criteria):
        telling = [c for c in criteria if c.id in loose]
        whole = all(c.label in message for c in telling)
        yield Meaning(
            " ".join(message.split()) if whole else ", ".join(c.value for c in telling), DESCRIBED, described=True
        )
    named = [c for c in criteria if c.kind is CriterionKind.TITLE]
    others = [c for c in criteria if c.kind in {CriterionKind.TEXT, CriterionKind.SECTOR, CriterionKind.SKILL}]
    for criterion in named:
        yield Meaning(
            criterion.value, 1.0 / len(named), _other_names(criterion.value), described=not _listed(criterion)
        )
    if others:
        free = any(c.kind is CriterionKind.TEXT for c in others)
        yield Meaning(", ".join(c.value for c in (*named, *others)), 0.6 if free else 0.4)
    if not named and not others:
        yield Meaning(" ".join(message.split()) or ", ".join(c.label for c in criteria), 0.3)


def _other_names(title: str) -> tuple[str, ...]:
    """The occupation's first names in each language."""
    return (*titles.names(title, "en")[:NAMES], *titles.names(title, "fr")[:NAMES])


def legs(criterion: Criterion) -> Iterable[WordLeg]:
    """The words of one criterion, and the fields they are asked of."""
    share = 0.4 if criterion.need is Need.NICE else 1.0
    value = criterion.value
    match criterion.kind:
        case CriterionKind.TITLE:
            names = _title_terms(value)
            yield WordLeg("title", names, IN_TITLES * share)
            yield WordLeg("headline", names, IN_HEADLINE * share)
            yield WordLeg("", names, IN_TEXT * share)
            yield WordLeg("", _content(value), WORD_BY_WORD * share)
        case CriterionKind.SKILL:
            names = _named(value, skills.names(value)[:12], 0.9)
            yield WordLeg("", names, 0.8 * share)
            yield WordLeg("skills", names, 0.4 * share)
        case CriterionKind.LANGUAGE:
            terms = (value, languages.name(value, "fr"), languages.name(value, "en"))
            yield WordLeg("languages", tuple((term, 1.0) for term in dict.fromkeys(terms)), 1.0 * share)
        case CriterionKind.PLACE if value:
            place = places.get(value)
            yield WordLeg("places", _named(value, (place.name,) if place else (), 1.0), 1.0 * share)
        case CriterionKind.SECTOR:
            names = _named(value, sectors.names(value)[:20], 0.6)
            yield WordLeg("sectors", names, 1.0 * share)
            yield WordLeg("", names[:6], 0.3 * share)
        case CriterionKind.EMPLOYER:
            yield WordLeg("employers", ((value, 1.0),), 1.0 * share)
            yield WordLeg("", ((value, 1.0),), 0.5 * share)
        case CriterionKind.EDUCATION:
            yield WordLeg("education", ((value, 1.0), *_content(value, 0.5)), 0.8 * share)
        case CriterionKind.TEXT:
            yield WordLeg("", ((value, 1.0), *_content(value, 0.6)), 0.6 * share)
        case CriterionKind.YEARS if value:
            yield WordLeg("", _named(value, skills.names(value)[:6], 0.9), 0.5 * share)


def _title_terms(value: str) -> tuple[tuple[str, float], ...]:
    """The title, other names of the occupation and of its special cases, and at a little the occupations near it."""
    known = dict(_named(value, (*titles.names(value), *titles.special(value))[:NAMES_BY_WORD], 0.8))
    return tuple((known | {name: NEAR for name in titles.near(value)[:NAMES_BY_WORD] if name not in known}).items())


def _named(value: str, others: Iterable[str], boost: float) -> tuple[tuple[str, float], ...]:
    """The asked name at full weight, its other names at `boost`, each once."""
    terms = {stems(value): (value, 1.0)}
    for other in others:
        terms.setdefault(stems(other), (other, boost))
    return tuple(terms.values())


def _content(text: str, boost: float = 1.0) -> tuple[tuple[str, float], ...]:
    kept = (token.text for token in tokens(text) if token.text not in _SMALL and len(token.text) > 1)
    return tuple((word, boost) for word in dict.fromkeys(kept))
