"""What a CV says to a criterion, by rules: met, partly or not found, with the words of the CV that show it.

One module for each kind of criterion owns what counts as showing it. They read the structured profile first, the
visible text where that is silent and for the quotation; a line that reads like an instruction to a judge shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cvmatcher.domain import Criterion, CriterionKind, Need, Profile
from cvmatcher.query.evidence import education, languages, names, places, titles, years
from cvmatcher.query.evidence.names import sectors_of
from cvmatcher.query.evidence.reading import CV, NOTHING, Finding, content_stems, quote_value, read
from cvmatcher.query.evidence.titles import has_been
from cvmatcher.vocabulary import places as gazetteer
from cvmatcher.vocabulary import sectors, words
from cvmatcher.vocabulary.folding import stems

__all__ = [
    "CV",
    "NOTHING",
    "Finding",
    "fineness",
    "has_been",
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
    CriterionKind.TEXT: lambda criterion, cv: (titles.title if _is_status(criterion) else names.text)(criterion, cv),
}


def judge(criterion: Criterion, cv: CV) -> Finding:
    """What the CV says to one criterion; `need` plays no part."""
    return _JUDGES[criterion.kind](criterion, cv)


def _is_status(criterion: Criterion) -> bool:
    """Whether it is a way of being employed: jobs say it in their titles, texts may be by who hired freelances."""
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


def speaks_of(criterion: Criterion, quotation: str) -> bool:
    """Whether a quotation has words of the criterion: its terms, their other names or translations."""
    held = set(stems(quotation))
    match criterion.kind:
        case CriterionKind.LANGUAGE:
            return any(set(stems(name)) <= held for name in languages.language_names(criterion.value))
        case CriterionKind.YEARS:
            return any(character.isdigit() for character in quotation)
        case CriterionKind.PLACE:
            asked = gazetteer.get(criterion.value) if criterion.value else None
            if criterion.or_remote and any(set(stems(name)) <= held for name in places.REMOTE_NAMES):
                return True
            found = gazetteer.find(quotation, capitals=False)
            return asked is not None and any(
                gazetteer.covers(asked, p, max(criterion.within_km or 0, places.NEAR_KM)) for p, _ in found
            )
        case CriterionKind.SKILL:
            known = names.skill_names(criterion.value)
        case CriterionKind.TITLE:
            known = titles.title_names(criterion.value)
        case CriterionKind.SECTOR:
            known = sectors.shown_by(criterion.value)
        case _:
            known = (criterion.value,)
    if any(set(stems(name)) <= held for name in known if name):
        return True
    content = set(content_stems(criterion.value))
    return bool(content) and len(content & held) * 2 >= len(content)
