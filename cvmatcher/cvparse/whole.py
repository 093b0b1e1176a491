"""A CV's text -> its whole Profile: each section given to the module of its noun.

Owns what to do where sections are missing, odd or doubled, and nothing that one noun's module could know.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from cvmatcher import career
from cvmatcher.cvparse import contact
from cvmatcher.cvparse.education import degree_of, study_entries
from cvmatcher.cvparse.entries import split_entries
from cvmatcher.cvparse.experiences import is_job, is_study, job_entries, jobs_of
from cvmatcher.cvparse.lines import Line, read_lines
from cvmatcher.cvparse.lists import words
from cvmatcher.cvparse.naming import Named, find_headline, find_name
from cvmatcher.cvparse.sections import HEADER, Section, kinds_of, split_sections, with_whole_headings
from cvmatcher.cvparse.skills import read_skills
from cvmatcher.cvparse.spoken import mentioned, names_language, read_languages
from cvmatcher.cvparse.tongue import language_of
from cvmatcher.cvparse.words import is_about_employer, title_score
from cvmatcher.domain import CVText, Education, Experience, Profile, SpokenLanguage
from cvmatcher.folding import fold
from cvmatcher.vocabulary import places, sectors, skills

_UNLIKELY = frozenset({HEADER, "other", "summary", "projects", "skills", "contact", "languages", "certifications"})
_OF_NO_SECTOR = (  # "industry standards" speak of no sector in particular
    r"(?!\s+(?:standards?|recogni\w+|best|lead\w+|trends?|events?|regulat\w+|requirements?|news|professionals?|partners?"
    r"|experts?|certif\w+|norms?|practices?|benchmarks?|knowledge|publications?|awards?|conferences?)\b)"
)
_SECTOR_WORD = re.compile(rf"\b(?:secteur|sector|industry)\b{_OF_NO_SECTOR}")
_SECTOR_REACH = 70  # characters around such a word in which a sector may be named
_SECTOR_WORDS = frozenset({"secteur", "sector", "industry", "industries", "industrie", "secteurs", "sectors"})
_SECTOR_CUE = re.compile(
    rf"\b(?:secteurs?|domaines?|industr(?:y|ies|ie){_OF_NO_SECTOR}|sectors?|fields?|mostly in|mainly in|"
    r"surtout (?:dans|en)|principalement (?:dans|en)|"
    r"essentiellement (?:dans|en)|experience (?:in|dans|en)|years in|ans (?:dans|en)|univers)\b"
)
_CITY_LEAST = 1_000  # people; smaller places share their names with too many other things


def read_profile(text: CVText, today: str) -> Profile:
    """The Profile of a CV. `today` ("YYYY-MM") ends running jobs where the CV does not say of when it is."""
    everything = read_lines(text.pages)
    cv_date = contact.cv_date(everything)
    lines = with_whole_headings([line for line in everything if not (cv_date and contact.says_date(line))])
    language = language_of(line.text for line in lines)
    mails = contact.emails(text.text)
    named = find_name(lines, mails, is_place)
    sections = split_sections(lines, named.at)
    head = _contact_lines(lines, sections, named)
    jobs, studies = _career(sections)
    biography = _biography(sections, named)
    location = contact.location(head, is_place)
    found_links = contact.links([*head, *_edges(lines)])
    return Profile(
        name=named.name,
        emails=mails,
        phones=contact.phones(lines, language, _country_of(location)),
        links=(*found_links, *contact.handles(head, (*mails, *found_links))),
        location=location,
        headline=find_headline(lines, named),
        biography=biography,
        sectors=_sectors(sections, lines, biography),
        skills=_skills(sections, lines),
        experiences=career.newest_first(jobs),
        education=tuple(studies),
        languages=_languages(sections, lines),
        years_experience=career.years_of_experience(jobs, cv_date or today),
        cv_date=cv_date,
        language=language,
    )


@lru_cache(maxsize=16384)
def is_place(text: str) -> bool:
    """Whether the gazetteer knows `text`, as a whole, as a place."""
    if not 2 <= len(text) <= 40 or not text[:1].isupper() or any(c.isdigit() for c in text):
        return False
    if kinds_of(text) or fold(text) in words("never in a name") or (len(text) > 3 and fold(text) == "company name"):
        return False
    return any(place.kind != "city" or place.population >= _CITY_LEAST for place in places.all_named(text))


def _country_of(location: str) -> str:
    place = places.get(location) if location else None
    return place.country if place else ""


def _contact_lines(lines: Sequence[Line], sections: Sequence[Section], named: Named) -> list[Line]:
    """Where contact details stand: contact sections, the header, the lines around the name."""
    chosen = [line for section in sections if section.holds("contact") for line in section.lines]
    chosen += [line for section in sections if section.kind == HEADER for line in section.lines[:25]]
    if named.at >= 0:
        chosen += lines[max(0, named.at - 3) : named.at + 8]
    beside = [at for at, line in enumerate(lines) if contact.emails(line.text) and len(line.text) < 120]
    for at in beside[:1]:
        chosen += lines[max(0, at - 4) : at + 5]
    return list(dict.fromkeys(line for line in chosen if len(line.text) <= 200))


def _edges(lines: Sequence[Line]) -> list[Line]:
    """Lines with an address or a link close to the top or the bottom, whatever section they fell into."""
    return [line for line in (*lines[:12], *lines[-3:]) if len(line.text) < 160]


# ------------------------------------------------------------------------------------------------------------- career


def _career(sections: Sequence[Section]) -> tuple[list[Experience], list[Education]]:
    """Jobs and degrees by section; what a sidebar's reading order put under the other heading goes where it belongs."""
    jobs: list[Experience] = []
    studies: list[Education | None] = []
    for section in sections:
        if section.kind == "experience":
            entries = job_entries(section.lines)
            strays = [entry for entry in entries if is_study(entry)]
            jobs += jobs_of([entry for entry in entries if entry not in strays], is_place)
            studies += [degree_of(entry, is_place) for entry in strays]
        elif section.kind == "education":
            entries = study_entries(section.lines)
            strays = [
                entry for entry in entries if entry.span and not entry.span.single and is_job(entry, among_studies=True)
            ]
            jobs += jobs_of(strays, is_place)
            studies += [degree_of(entry, is_place) for entry in entries if entry not in strays]
    if not jobs or not studies:
        more_jobs, more_studies = _career_without_heading(sections)
        jobs, studies = jobs or more_jobs, studies or more_studies
    return _once(jobs), list(dict.fromkeys(study for study in studies if study))


def _once(jobs: Iterable[Experience]) -> list[Experience]:
    """CVs that print a section twice have its jobs once."""
    kept: dict[tuple[str, str, str | None, str | None], Experience] = {}
    for job in jobs:
        if job.title or job.employer:
            kept.setdefault((fold(job.title), fold(job.employer), job.start, job.end), job)
    return list(kept.values())


def _career_without_heading(sections: Sequence[Section]) -> tuple[list[Experience], list[Education | None]]:
    """Entries with ranges under no heading or an unlikely one: degrees by their words, jobs by a title's."""
    jobs: list[Experience] = []
    studies: list[Education | None] = []
    for section in sections:
        if section.kind in _UNLIKELY:
            entries = [e for e in split_entries(section.lines, title_score) if e.span and not e.span.single]
            studies += [degree_of(entry, is_place) for entry in entries if is_study(entry)]
            jobs += jobs_of([entry for entry in entries if is_job(entry)], is_place)
    return jobs, studies


# ------------------------------------------------------------------------------------------------------------- the rest


def _biography(sections: Sequence[Section], named: Named) -> str:
    """The summary's text; without one, a paragraph of the header."""
    for section in sections:
        if section.kind == "summary" and (text := _prose(section.lines, named)):
            return text
    header = [line for section in sections if section.kind == HEADER for line in section.lines]
    start = next((i for i, line in enumerate(header) if _sentence(line.text)), None)
    return _prose(header[start:], named) if start is not None else ""


def _prose(lines: Sequence[Line], named: Named) -> str:
    """Lines as one text, without the name and contact details a sidebar may have brought in."""
    kept = []
    for line in lines:
        if named.name and fold(line.text).startswith(fold(named.name)):
            break
        if not (contact.is_contact(line.text) and len(line.text) < 60):
            kept.append(line.text)
    joined = ""
    for text in kept:
        joined += text if joined.endswith("-") and text[:1].islower() else (f" {text}" if joined else text)
    return joined.strip()


def _sentence(text: str) -> bool:
    """A line of running text, long or closed by a full stop, and no address."""
    words_in = len(text.split())
    running = (len(text) > 60 and words_in >= 9) or (text.endswith(".") and words_in >= 2 and len(text) >= 12)
    return running and not contact.is_contact(text) and text.count("|") < 2


def _skills(sections: Sequence[Section], lines: Sequence[Line]) -> tuple[str, ...]:
    """What the skills sections list; without one, the known skills that the text names."""
    listed: dict[str, str] = {}
    for section in sections:
        if section.holds("skills"):
            kept = [line for line in section.lines if not _of_a_language(line, section)]
            for item in read_skills(kept):
                listed.setdefault(fold(item), item)
    if listed:
        return tuple(listed.values())
    text = "\n".join(line.text for line in lines)
    return tuple(dict.fromkeys(text[m.start : m.end] for m in skills.find(text)))[:60]


def _of_a_language(line: Line, section: Section) -> bool:
    """A line on a spoken language in a section of skills and languages."""
    return section.holds("languages") and names_language(line.text)


def _languages(sections: Sequence[Section], lines: Sequence[Line]) -> tuple[SpokenLanguage, ...]:
    found: dict[str, SpokenLanguage] = {}
    for section in sections:
        if section.holds("languages"):
            for language in read_languages(section.lines[:24]):
                found.setdefault(language.code, language)
    if not found:
        spoken = [
            line for s in sections if s.kind in {"skills", HEADER, "contact", "summary", "other"} for line in s.lines
        ]
        found = {language.code: language for language in mentioned(spoken or lines)}
    return tuple(found.values())


def _sectors(sections: Sequence[Section], lines: Sequence[Line], biography: str) -> tuple[str, ...]:
    """Sectors as the CV says them: in a section, behind a label, in a summary, beside an employer."""
    stated: list[str] = []
    for section in sections:
        if section.kind == "sectors":
            stated += [item for line in section.lines[:8] for item in read_skills([line]) if sectors.ids(item)]
    for line in lines:
        label, colon, rest = line.text.partition(":")
        if colon and len(label) < 40 and kinds_of(label) == ("sectors",):
            named = re.split(r"\s*[,;/|·]\s*|\.\s|\s+(?:et|and)\s+", rest.strip(" ."))
            stated += [text for text in named if not any(char.isdigit() for char in text)]
        elif not line.bullet and is_about_employer(line.text):
            stated += _named_sectors(line.text)
        elif not line.bullet and (word := _SECTOR_WORD.search(fold(line.text[:90]))):
            stated += _named_sectors(line.text[max(0, word.start() - _SECTOR_REACH) : word.end() + _SECTOR_REACH])
    stated += _sectors_in(biography)
    found = {fold(text.strip()): text.strip() for text in stated if fold(text.strip()) not in _SECTOR_WORDS}
    return tuple(text for key, text in found.items() if key)


def _sectors_in(biography: str) -> list[str]:
    """Sectors that a summary names where it speaks of sectors: "mostly in insurance", "dans le secteur public"."""
    found = []
    for sentence in re.split(r"(?<=[.!?;])\s", biography):
        if cue := _SECTOR_CUE.search(fold(sentence)):
            found += _named_sectors(re.split(r":|\bincluding\b|\bdont\b", sentence[cue.start() :], maxsplit=1)[0])
    return found


def _named_sectors(text: str) -> list[str]:
    """The sectors that a text names, other than inside a skill's name: "bank reconciliations"."""
    longer = [(m.start, m.end) for m in skills.find(text)]
    return [
        text[m.start : m.end]
        for m in sectors.find(text)
        if not any(start <= m.start and m.end <= end and end - start > m.end - m.start for start, end in longer)
    ]
