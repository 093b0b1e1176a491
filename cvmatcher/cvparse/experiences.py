"""Jobs of a CV: title, employer, place, dates and text of each.

Owns which part of a header is the title and which the employer: by its words, by "chez" and "at", and where
words do not tell, by the order the other jobs of the same CV show.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from cvmatcher.cvparse.entries import Entry, is_body, split_entries
from cvmatcher.cvparse.lines import Line
from cvmatcher.cvparse.parts import IsPlace, Part, split_parts
from cvmatcher.cvparse.words import is_degree, is_school, org_score, title_score
from cvmatcher.domain import Experience
from cvmatcher.folding import fold

_LABELS = re.compile(
    r"^(?:poste|fonction|intitule|title|position|role|job title|employeur|entreprise|societe|company|"
    r"employer|lieu|location) ?: ?"
)
_NO_VALUE = frozenset(
    {"none", "n/a", "null", "company name", "city , state", "city, state", "city", "state", "confidential"}
)


def job_entries(lines: Sequence[Line]) -> list[Entry]:
    """The entries of a section of jobs, in its order."""
    return split_entries(lines, title_score) or _undated(lines)


def jobs_of(entries: Sequence[Entry], is_place: IsPlace) -> list[Experience]:
    """Entries that stood together as jobs, in their order."""
    split = [split_parts([*entry.header, *entry.far_below], is_place) for entry in entries]
    votes = _title_votes([parts for parts, _ in split])
    jobs: list[Experience] = []
    for entry, (parts, place) in zip(entries, split, strict=True):
        title, employer = _roles(parts, votes)
        jobs.append(_job(entry, title, employer, place))
    return _with_inherited(jobs, entries)


def _job(entry: Entry, title: str, employer: str, place: str) -> Experience:
    span = entry.span
    return Experience(
        title=_value(title),
        employer=_value(employer),
        place=_value(place),
        start=span.start if span else None,
        end=span.end if span else None,
        current=bool(span and span.current),
        text="\n".join(line.text for line in entry.body),
    )


def _value(text: str) -> str:
    text = re.sub(r"\s+", " ", text).strip(" ,;:|·–—-")
    if found := _LABELS.match(fold(text)):
        text = text[found.end() :]
    return "" if fold(text) in _NO_VALUE else text


def _title_votes(headers: Sequence[Sequence[Part]]) -> int:
    """In how many headers more the words say that the title comes first than that the employer does."""
    votes = 0
    for parts in headers:
        if len(parts) >= 2:
            first, second = _lean(parts[0].text), _lean(parts[1].text)
            votes += (first > second) - (first < second)
    return votes


def _lean(text: str) -> float:
    """Positive towards a title, negative towards an employer."""
    school = 0.8 if is_school(text) else 0.0
    return title_score(text) - max(org_score(text), school)


def _roles(parts: Sequence[Part], votes: int) -> tuple[str, str]:
    """(title, employer) of a header's parts; where its words do not tell, in the order of the other headers."""
    title_first = votes >= 0
    if not parts:
        return "", ""
    if len(parts) == 1:
        text = parts[0].text
        return (text, "") if _lean(text) > 0 or (title_first and _lean(text) >= 0) else ("", text)
    if at := next((i for i, part in enumerate(parts) if part.after_at), 0):
        return parts[at - 1].text, parts[at].text
    leans = [_lean(part.text) for part in parts[:4]]
    first, second = leans[0], leans[1]
    title_at = 0 if title_first else 1
    if abs(first - second) >= (0.35 if abs(votes) <= 1 else 1.2):
        title_at = 0 if first > second else 1
    if len(parts) > 2 and leans[title_at] <= 0 and max(leans) >= 1:
        title_at = leans.index(max(leans))
    rest = [i for i in range(min(len(parts), 4)) if i != title_at]
    employer_at = min(rest, key=lambda i: (leans[i] > 0.9, abs(i - title_at), i))
    return _joined(parts, title_at, employer_at), parts[employer_at].text


def _joined(parts: Sequence[Part], title_at: int, employer_at: int) -> str:
    """The title, with a second half that stands beside it on its own line ("Développeur – Python | Acme")."""
    title = parts[title_at]
    beside = title_at + 1
    if beside < len(parts) and beside != employer_at and parts[beside].line == title.line and beside < employer_at:
        return f"{title.text} - {parts[beside].text}"
    return title.text


def _with_inherited(jobs: Sequence[Experience], entries: Sequence[Entry]) -> list[Experience]:
    """Several roles under one employer: a role without one has its predecessor's; an employer's dates are no job."""
    kept: list[Experience] = []
    employer, place, outer = "", "", None
    for at, job in enumerate(jobs):
        following = jobs[at + 1] if at + 1 < len(jobs) else None
        if (
            job.employer
            and not job.title
            and not entries[at].body
            and following
            and following.title
            and _within(following, job)
        ):
            employer, place, outer = job.employer, job.place, job
            continue
        if outer and not job.employer and _within(job, outer):
            job = job.model_copy(update={"employer": employer, "place": job.place or place})  # noqa: PLW2901
        elif (
            kept and not job.employer and job.title and len(entries[at].header) == 1 and len(entries[at - 1].header) > 1
        ):
            job = job.model_copy(update={"employer": kept[-1].employer, "place": job.place or kept[-1].place})  # noqa: PLW2901
        kept.append(job)
    return kept


def _within(inner: Experience, outer: Experience) -> bool:
    starts = (outer.start or "")[:4] <= (inner.start or "9999")[:4]
    return starts and (outer.current or (inner.end or "9999")[:4] <= (outer.end or "")[:4])


def _undated(lines: Sequence[Line]) -> list[Entry]:
    """Jobs without dates: each short line with a title's words starts one."""
    entries: list[Entry] = []
    for line in lines:
        if not is_body(line) and title_score(line.text) >= 1 and len(line.text) <= 100:
            entries.append(Entry(header=[line.text]))
        elif entries and not entries[-1].body and not is_body(line) and len(entries[-1].header) < 3:
            entries[-1].header.append(line.text)
        elif entries:
            entries[-1].body.append(line)
    return entries


def is_job(entry: Entry, *, among_studies: bool = False) -> bool:
    """Surely a job, wherever it stands: a title's words and none of a degree; among studies none of a school either."""
    header = [*entry.header, *entry.far_below]
    studied = any(is_degree(text) or (among_studies and is_school(text)) for text in header)
    return not studied and any(title_score(text) >= 1 for text in header)


def is_study(entry: Entry) -> bool:
    """Surely a degree, wherever it stands: a school and a degree, and no title."""
    header = [*entry.header, *entry.far_below]
    named = any(map(is_degree, header)) and any(map(is_school, header))
    return named and not any(title_score(text) >= 1 for text in header)
