"""How like a Profile is to the true one: a score per field, 0 to 1.

Owns what counts as the same name, place, phone, list or job. Pure; knows no file and no Structurer.

One value: equal but for case, accents and small slips; places by their first part; lists: F1 of their items; jobs and
degrees are paired first, one that was missed scores 0 in each of its fields, and `experiences` / `education` are the F1
of the pairing; running texts: F1 of their words; years: at most half a year off.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any, TypeVar

from rapidfuzz import fuzz

from cvmatcher.career import years_of_experience
from cvmatcher.domain import Education, Experience, Profile
from cvmatcher.folding import fold

Item = TypeVar("Item", Experience, Education)

_SAME = 90  # of 100: similarity from which two texts are the same value
_YEARS_OFF = 0.5


def scores_of(profile: Profile, truth: Mapping[str, Any]) -> dict[str, float]:
    """Field -> score, for the fields of the truth; parts of jobs and degrees as `experience.title`…"""
    scores: dict[str, float] = {}
    for field, expected in truth.items():
        found = getattr(profile, field)
        if field == "experiences":
            scores |= _of_pairs("experience", found, expected, _JOB)
        elif field == "education":
            scores |= _of_pairs("education", found, expected, _STUDY)
        elif field == "languages":
            scores["languages"] = _f1([s.code for s in found], [s.code for s in expected], _equal)
            levels = {s.code: s.level for s in found}
            if expected:
                scores["languages.level"] = fmean(s.code in levels and levels[s.code] == s.level for s in expected)
        else:
            scores[field] = _FIELDS.get(field, _value)(found, expected)
    if "experiences" in truth and "years_experience" not in truth and profile.cv_date:
        years = years_of_experience(truth["experiences"], profile.cv_date)
        scores["years_experience"] = _years(profile.years_experience, years)
    return scores


def _of_pairs(
    name: str, found: Sequence[Item], expected: Sequence[Item], fields: Mapping[str, Callable[[Any, Any], float]]
) -> dict[str, float]:
    """F1 of the pairing, and each field's mean over the expected items (missed ones count 0)."""
    pairs = _pair(found, expected)
    right = sum(one is not None for one, _ in pairs)
    plural = "experiences" if name == "experience" else name
    scores = {plural: 2 * right / (len(found) + len(expected)) if found or expected else 1.0}
    for field, compare in fields.items() if expected else ():
        values = [compare(_get(one, field), _get(other, field)) if one else 0.0 for one, other in pairs]
        scores[f"{name}.{field}"] = fmean(values)
    return scores


def _get(item: Any, field: str) -> Any:
    if field == "dates":
        return item.start, item.end
    return item if field == "school" else getattr(item, field)


def _pair(found: Sequence[Item], expected: Sequence[Item]) -> list[tuple[Item | None, Item]]:
    """Each expected item with the found one that is most like it, each used once; None where nothing is alike."""
    ranked = sorted(
        ((_alike(one, other), i, j) for i, one in enumerate(found) for j, other in enumerate(expected)), reverse=True
    )
    partner: dict[int, int] = {}
    for score, i, j in ranked:
        if score >= 0.5 and j not in partner and i not in partner.values():
            partner[j] = i
    return [(found[partner[j]] if j in partner else None, other) for j, other in enumerate(expected)]


def _alike(one: Item, other: Item) -> float:
    """Likeness of names and dates, 0 to 1: half of each."""
    first, second = (" ".join(_names(item)) for item in (one, other))
    return (
        fuzz.token_set_ratio(fold(first), fold(second)) / 200
        + 0.25 * (one.start == other.start)
        + 0.25 * (one.end == other.end)
    )


def _names(item: Experience | Education) -> tuple[str, str]:
    return (item.title, item.employer) if isinstance(item, Experience) else (item.degree, item.school)


def _normal(text: str) -> str:
    return " ".join(re.findall(r"[\w+#]+", fold(text)))


def _value(found: Any, expected: Any) -> float:
    if not isinstance(expected, str) or not isinstance(found, str):
        return float(found == expected)
    one, other = _normal(found), _normal(expected)
    return float(one == other or (bool(one and other) and fuzz.token_sort_ratio(one, other) >= _SAME))


def _equal(found: Any, expected: Any) -> float:
    return float(found == expected)


def _phone(found: str, expected: str) -> float:
    return float(re.sub(r"\D", "", found)[-9:] == re.sub(r"\D", "", expected)[-9:])


def _key(link: str) -> str:
    """What stands last in a link: the user's name, else the site."""
    link = re.sub(r"^(?:https?://)?(?:www\.)?", "", link.lower().strip("@")).rstrip("/")
    return link.rsplit("/", 1)[-1]


def _place(found: str, expected: str) -> float:
    return _value(
        found.split(",", maxsplit=1)[0].split("(", maxsplit=1)[0],
        expected.split(",", maxsplit=1)[0].split("(", maxsplit=1)[0],
    )


def _degree(found: str, expected: str) -> float:
    """Also right when "in" or "of" stands between degree and subject, or not."""
    one, other = (re.sub(r"\b(?:in|of|en|de|d)\b ?", "", _normal(text)) for text in (found, expected))
    return _value(one, other)


def _school(found: Education, expected: Education) -> float:
    """Right with or without its town behind it."""
    forms = (found.school, f"{found.school} {found.place}")
    return max(
        _value(form, other) for form in forms for other in (expected.school, f"{expected.school} {expected.place}")
    )


def _words(found: str, expected: str) -> float:
    one, other = Counter(_normal(found).split()), Counter(_normal(expected).split())
    common = (one & other).total()
    return 2 * common / (one.total() + other.total()) if one or other else 1.0


def _years(found: float | None, expected: float | None) -> float:
    if found is None or expected is None:
        return float(found == expected)
    return float(abs(found - expected) <= _YEARS_OFF)


def _f1(found: Sequence[str], expected: Sequence[str], same: Callable[[str, str], float]) -> float:
    if not found and not expected:
        return 1.0
    left = list(found)
    right = 0
    for value in expected:
        match = next((i for i, other in enumerate(left) if same(other, value)), None)
        if match is not None:
            del left[match]
            right += 1
    return 2 * right / (len(found) + len(expected))


def _list_of(same: Callable[[str, str], float]) -> Callable[[Sequence[str], Sequence[str]], float]:
    return lambda found, expected: _f1(found, expected, same)


def _links(found: Sequence[str], expected: Sequence[str]) -> float:
    return _f1(list(dict.fromkeys(map(_key, found))), list(dict.fromkeys(map(_key, expected))), _equal)


_FIELDS: dict[str, Callable[[Any, Any], float]] = {
    "emails": _list_of(_equal),
    "phones": _list_of(_phone),
    "links": _links,
    "location": _place,
    "biography": _words,
    "sectors": _list_of(_value),
    "skills": _list_of(_value),
    "years_experience": _years,
}
_JOB: dict[str, Callable[[Any, Any], float]] = {
    "title": _value,
    "employer": _value,
    "place": _place,
    "dates": _equal,
    "current": _equal,
    "text": _words,
}
_STUDY: dict[str, Callable[[Any, Any], float]] = {
    "degree": _degree,
    "school": _school,
    "place": _place,
    "dates": _equal,
}
