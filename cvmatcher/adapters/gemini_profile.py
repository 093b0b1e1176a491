"""From Gemini's answer about a CV to a Profile: long CVs in parts, and nothing kept that the CV does not say.

Pure. Knows nothing of the client that asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from cvmatcher.adapters.gemini_prompts import EducationAnswer, ExperienceAnswer, LanguageAnswer, ProfileAnswer
from cvmatcher.career import newest_first, years_of_experience
from cvmatcher.domain import Education, Experience, Profile, SpokenLanguage
from cvmatcher.vocabulary import languages, levels

PART = 60_000  # characters of one request; a CV is rarely a tenth of it
FIRST_LINES = 8  # where a name stands


def parts_of(pages: Sequence[str], most: int = PART) -> list[str]:
    """The whole text in stretches of at most `most` characters: pages together, a longer page cut at lines."""
    parts: list[str] = []
    for stretch in (s for page in pages for s in _cut(page, most)):
        if parts and len(parts[-1]) + len(stretch) < most:
            parts[-1] += "\n" + stretch
        else:
            parts.append(stretch)
    return parts


def _cut(page: str, most: int) -> Iterable[str]:
    while len(page) > most:
        at = page.rfind("\n", 1, most)
        at = most if at < 0 else at
        yield page[:at]
        page = page[at:].lstrip("\n")
    yield page


def merge(answers: Sequence[ProfileAnswer]) -> ProfileAnswer:
    """One answer of those to the parts: lists joined without repeats, else the first that says something."""
    merged: dict[str, Any] = {}
    for name in ProfileAnswer.model_fields:
        values = [getattr(answer, name) for answer in answers]
        if isinstance(values[0], list):
            joined = [item for value in values for item in value]
            merged[name] = [item for i, item in enumerate(joined) if item not in joined[:i]]
        else:
            merged[name] = next((value for value in values if value), "")
    return ProfileAnswer.model_construct(**merged)


def profile_from(answer: ProfileAnswer, rules: Profile, text: str) -> Profile:
    """The answer over the rules' profile, identity being the rules' own. `text` is what the model was shown."""
    seen = Seen(text)
    cv_date = rules.cv_date or _date(answer.cv_date)
    jobs = newest_first(filter(None, (_experience(e, seen) for e in answer.experiences)))
    found: dict[str, object] = {
        "location": seen.or_nothing(answer.location) or rules.location,
        "headline": seen.or_nothing(answer.headline) or rules.headline,
        "biography": seen.or_nothing(answer.biography) or rules.biography,
        "sectors": _unique(s for s in answer.sectors if "[" not in s) or rules.sectors,
        "skills": _unique(map(seen.or_nothing, answer.skills)) or rules.skills,
        "experiences": jobs or rules.experiences,
        "years_experience": years_of_experience(jobs, cv_date or _latest(jobs)) if jobs else rules.years_experience,
        "education": tuple(filter(None, (_education(e, seen) for e in answer.education))) or rules.education,
        "languages": _languages(answer.languages, seen) or rules.languages,
        "cv_date": cv_date,
        "language": rules.language or (answer.language if _is_code(answer.language) else ""),
    }
    return rules.model_copy(update=found)


class Seen:
    """Tells whether words stand in a text, whatever its line breaks and letter case."""

    def __init__(self, text: str) -> None:
        self._text = _plain(text)

    def or_nothing(self, value: str) -> str:
        """The value in one line, or "" if the text does not say it or it holds a mask."""
        plain = _plain(value)
        return " ".join(value.split()) if plain and plain in self._text and not _MASK.search(value) else ""

    def lines_or_nothing(self, value: str) -> str:
        """The lines of the value that the text says."""
        return "\n".join(filter(None, (self.or_nothing(line) for line in value.splitlines())))


_MASK = re.compile(r"\[(?:name|email|phone|link|address|birth|personal|photo)\]")


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _experience(answer: ExperienceAnswer, seen: Seen) -> Experience | None:
    title, employer = seen.or_nothing(answer.title), seen.or_nothing(answer.employer)
    if not (title or employer):
        return None
    return Experience(
        title=title,
        employer=employer,
        place=seen.or_nothing(answer.place),
        start=_date(answer.start),
        end=None if answer.current else _date(answer.end),
        current=answer.current,
        text=seen.lines_or_nothing(answer.text),
    )


def _latest(jobs: Sequence[Experience]) -> str:
    """The last date the jobs name: what a CV without a date is at least as old as."""
    return max((date for job in jobs for date in (job.start, job.end) if date), default="")


def _education(answer: EducationAnswer, seen: Seen) -> Education | None:
    degree, school = seen.or_nothing(answer.degree), seen.or_nothing(answer.school)
    if not (degree or school):
        return None
    place, start, end = seen.or_nothing(answer.place), _date(answer.start), _date(answer.end)
    return Education(degree=degree, school=school, place=place, start=start, end=end)


def _languages(answers: Sequence[LanguageAnswer], seen: Seen) -> tuple[SpokenLanguage, ...]:
    """Languages whose words or name stand in the CV, with the level that those words say, else what the model makes of
    them; without words of the CV there is no level.
    """
    spoken = {}
    for one in answers:
        text = seen.or_nothing(one.text)
        names = (languages.name(one.code, "fr"), languages.name(one.code, "en"))
        if _is_code(one.code) and (text or any(map(seen.or_nothing, names))):
            spoken[one.code] = SpokenLanguage(
                code=one.code, level=(levels.level(text) or one.level) if text else None, text=text
            )
    return tuple(spoken.values())


def _is_code(value: str) -> bool:
    return re.fullmatch(r"[a-z]{2}", value) is not None


def _date(value: str) -> str | None:
    """A date as it stands if it is "YYYY-MM" or "YYYY"; anything else is unknown."""
    return value if re.fullmatch(r"(?:19|20)\d{2}(?:-(?:0[1-9]|1[0-2]))?", value) else None


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple({value.casefold(): value for value in values if value}.values())
