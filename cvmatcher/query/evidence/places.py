"""Where someone lives or works, and whether they work from afar."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from cvmatcher.domain import Criterion
from cvmatcher.query.evidence.reading import (
    CV,
    MET,
    NOTHING,
    PARTLY,
    Finding,
    cut_line,
    found,
    holds,
    quote,
    quote_value,
)
from cvmatcher.vocabulary import places
from cvmatcher.vocabulary.folding import stems

NEAR_KM = 30.0  # a neighbouring town answers a place partly
_OPENING = 3  # lines at the top of a CV: a place there is where the person lives

REMOTE_NAMES = ("télétravail", "remote", "full remote", "à distance", "home office", "remotely")


def place(criterion: Criterion, cv: CV) -> Finding:
    from_afar = quote(cv, REMOTE_NAMES) if criterion.or_remote or not criterion.value else ""
    if from_afar or not criterion.value:
        return found(MET, from_afar)
    asked, home = places.get(criterion.value), _lives(cv.profile.location)
    if asked is not None and home:
        return _home(criterion, asked, home, cv)
    if asked is not None and (top := _at_the_top(criterion, asked, cv)):
        return Finding(MET, top)
    latest = next((job for job in cv.profile.experiences if job.place), None)
    if (
        asked
        and latest
        and any(places.covers(asked, place, criterion.within_km or 0.0) for place in _lives(latest.place))
    ):
        return found(PARTLY, quote_value(cv, latest.place))
    return _named_place(criterion.value, cv)


def _at_the_top(criterion: Criterion, asked: places.Place, cv: CV) -> str:
    """The line of the CV's opening that names the place, where no home could be read."""
    if cv.profile.location:
        return ""
    for line in cv.lines[:_OPENING]:
        for named, match in places.find(line.text):
            if places.covers(asked, named, criterion.within_km or 0.0):
                at = next((i for i, word in enumerate(line.words) if word.start >= match.start), 0)
                return cut_line(line, at, at)
    return ""


def _home(criterion: Criterion, asked: places.Place, home: Sequence[places.Place], cv: CV) -> Finding:
    quotation = quote_value(cv, cv.profile.location)
    if any(places.covers(asked, place, criterion.within_km or 0.0) for place in home):
        return found(MET, quotation)
    near = max(criterion.within_km or 0, NEAR_KM)
    if asked.kind != "country" and any(places.covers(asked, place, near) for place in home):
        return found(PARTLY, quotation)
    return NOTHING


@lru_cache(maxsize=4096)
def _lives(location: str) -> tuple[places.Place, ...]:
    return tuple(place for place, _ in places.find(location, capitals=False)[:3])


def _named_place(value: str, cv: CV) -> Finding:
    if any(holds(stems(held), stems(value)) for held in (cv.profile.location,)):
        return found(MET, quote_value(cv, cv.profile.location))
    return found(PARTLY, quote(cv, [value]))
