"""What a CV says to a criterion, by rules: met, partly or not found, with the words of the CV that show it.

One module for each kind of criterion owns what counts as showing it. They read the structured profile first, the
visible text where that is silent and for the quotation; a line that reads like an instruction to a judge shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cvmatcher.domain import Criterion, CriterionKind, Need, Profile
from cvmatcher.query.evidence import education, languages, names, places, statuses, titles, years
from cvmatcher.query.evidence.names import sectors_of
from cvmatcher.query.evidence.reading import CV, NOTHING, Finding, Line, content_stems, line_of, quote_value, read
from cvmatcher.query.evidence.titles import has_been
from cvmatcher.vocabulary import places as gazetteer
from cvmatcher.vocabulary import sectors, skills, words
from cvmatcher.vocabulary.folding import stems, tokens

__all__ = [
    "CV",
    "NOTHING",
    "Finding",
    "falls_short",
    "fineness",
    "has_been",
    "hinted",
    "judge",
    "quote_value",
    "read",
    "sectors_of",
    "silent",
    "speaks_of",
]


_JUDGES: dict[CriterionKind, Callable[[Criterion, CV], Finding]] = {
    CriterionKind.TITLE: titles.title,
    CriterionKind.SKILL: names.skill,
    CriterionKind.YEARS: years.years,
    CriterionKind.PLACE: places.place,
    CriterionKind.LANGUAGE: languages.language,
    CriterionKind.SECTOR: names.sector,
    CriterionKind.EMPLOYER: names.employer,
    CriterionKind.EDUCATION: education.education,
    CriterionKind.TEXT: lambda criterion, cv: (statuses.status if _is_status(criterion) else names.text)(criterion, cv),
}


def judge(criterion: Criterion, cv: CV) -> Finding:
    """What the CV says to one criterion; `need` plays no part."""
    return _JUDGES[criterion.kind](criterion, cv)


def _is_status(criterion: Criterion) -> bool:
    """Whether it is a way of being employed."""
    return all(stem in words.of("statuses") for stem in stems(criterion.value))


def silent(criterion: Criterion, profile: Profile) -> bool:
    """Whether the CV says nothing on the subject at all: then not found means unknown, not no."""
    says = {
        CriterionKind.PLACE: bool(profile.location) or any(job.place for job in profile.experiences),
        CriterionKind.LANGUAGE: bool(profile.languages),
        CriterionKind.YEARS: profile.years_experience is not None,
        CriterionKind.SKILL: bool(profile.skills),
        CriterionKind.SECTOR: bool(profile.sectors),
        CriterionKind.EDUCATION: bool(profile.education),
    }
    return not says.get(criterion.kind, True)


def hinted(criterion: Criterion, cv: CV) -> bool:
    """Whether the CV has words of what it does not show: no reason, but nearer than a CV without them."""
    return criterion.kind is CriterionKind.TITLE and titles.speaks_of(criterion, cv)


def fineness(criteria: Sequence[Criterion], cv: CV) -> float:
    """What tells apart those who meet the same: how well a language is spoken, the very degree. 0 to 1 each."""
    total = 0.0
    for criterion in criteria:
        if criterion.need is Need.MUST_NOT:
            continue
        if criterion.kind is CriterionKind.LANGUAGE:
            level = languages.level_of(criterion, cv)
            total += (level.rank + 1) / 10 if level is not None else 0.0
        elif criterion.kind is CriterionKind.EDUCATION:
            total += 1.0 if education.named(criterion, cv) else 0.0
    return total


def speaks_of(criterion: Criterion, quotation: str, around: tuple[str, str] = ("", "")) -> bool | None:
    """Whether a quotation has words of the criterion: its terms, their other names or translations.

    False as well where the words take it back or are another's ("would like to learn Python", "client: EDF"), and where
    they say nothing of their own ("in 2019"); `around` is what its lines say before and behind it. None where no name
    of it is known: then its meaning has to tell.
    """
    held, line = set(stems(quotation)), _whole(quotation, around)
    match criterion.kind:
        case CriterionKind.LANGUAGE:
            named = languages.language_names(criterion.value)
            return any(set(stems(name)) <= held for name in named) and not names.taken_back(line, named)
        case CriterionKind.YEARS:
            return years.tells_of(criterion, quotation)
        case CriterionKind.PLACE:
            return _names_the_place(criterion, quotation)
    return _has_words(criterion, quotation, line)


def _has_words(criterion: Criterion, quotation: str, line: Line) -> bool | None:
    held, named = set(stems(quotation)), _names_of(criterion)
    if criterion.kind is CriterionKind.TITLE and titles.names_another(line.text, named):
        return False
    if any(set(stems(name)) <= held for name in named if name):
        return not names.taken_back(line, named)
    content = set(content_stems(criterion.value))
    if content and len(content & held) * 2 > len(content):
        return not names.taken_back(line, [criterion.value, *_words_of(criterion.value)])
    says_nothing = not any(stem.isalpha() for stem in content_stems(quotation))
    return False if says_nothing or _is_listed(criterion) or names.denies(line) else None


def falls_short(criterion: Criterion, quotation: str, around: tuple[str, str] = ("", "")) -> bool:
    """Whether a quotation that speaks of the criterion states less than was asked: then it is met partly at most."""
    match criterion.kind:
        case CriterionKind.LANGUAGE:
            return languages.falls_short(criterion, _whole(quotation, around))
        case CriterionKind.EDUCATION:
            return education.falls_short(criterion, quotation)
        case CriterionKind.TITLE:
            return titles.of_a_helper(quotation, titles.title_names(criterion.value))
        case CriterionKind.SKILL:
            return names.only_in_others(_whole(quotation, around), criterion.value)
    return False


def _whole(quotation: str, around: tuple[str, str]) -> Line:
    before, behind = around
    return line_of(" ".join(part for part in (before.strip(), quotation, behind.strip()) if part))


def _words_of(value: str) -> list[str]:
    return [token.text for token in tokens(value) if token.stem in set(content_stems(value))]


def _names_of(criterion: Criterion) -> tuple[str, ...]:
    match criterion.kind:
        case CriterionKind.SKILL:
            return names.skill_names(criterion.value)
        case CriterionKind.TITLE:
            return titles.title_names(criterion.value)
        case CriterionKind.SECTOR:
            return sectors.shown_by(criterion.value)
    return (criterion.value,)


def _is_listed(criterion: Criterion) -> bool:
    """Whether all its names are known, so that words without one are about something else.

    A sector is also told by a firm's name, a title by what somebody did: there the meaning may tell.
    """
    if criterion.kind is CriterionKind.SKILL:
        return skills.canonical(criterion.value) is not None
    return criterion.kind is CriterionKind.EMPLOYER


def _names_the_place(criterion: Criterion, quotation: str) -> bool:
    asked, held = gazetteer.get(criterion.value) if criterion.value else None, set(stems(quotation))
    if criterion.or_remote and any(set(stems(name)) <= held for name in places.REMOTE_NAMES):
        return True
    found = gazetteer.find(quotation, capitals=False)
    return asked is not None and any(
        gazetteer.covers(asked, p, max(criterion.within_km or 0, places.NEAR_KM)) for p, _ in found
    )
