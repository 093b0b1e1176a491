"""Invented people: a career, studies and an address made into a CV's content and its truth.

Owns what stands on the page, not how it looks.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from cvmatcher.demo.careers import Career, CareerMaker, Job, some
from cvmatcher.demo.contacts import Contact, draw_contact, draw_home
from cvmatcher.demo.dates import STYLES, DateStyle, month_of, stated, write_month, write_span, years_covered
from cvmatcher.demo.studies import Studies, draw_languages, draw_studies
from cvmatcher.demo.truth import CVTruth, JobTruth, Trait
from cvmatcher.demo.words import Language, Occupation, Seniority, common
from cvmatcher.domain import Education, Experience, Profile

TODAY = "2026-06"
"""The month in which the invented people live: a CV without a date of its own was written then. Fixed, so that a seed
gives the same CVs for ever."""

_NOW = month_of(2026, 6)
_UPDATED: dict[Language, tuple[str, ...]] = {
    "fr": ("Mis à jour en {}", "CV mis à jour : {}", "Dernière mise à jour : {}"),
    "en": ("Updated {}", "Last updated: {}", "CV dated {}"),
}
_REMOTE: dict[Language, tuple[str, ...]] = {
    "fr": ("Télétravail possible", "Ouvert au télétravail|Ouverte au télétravail", "Disponible en télétravail complet"),
    "en": ("Open to remote work", "Remote or hybrid", "Available for remote work"),
}
_AGE: dict[Language, tuple[str, ...]] = {"fr": ("{age} ans", "Né en {born}|Née en {born}"), "en": ("Born in {born}",)}
_ACCENTS = ("#1f4e79", "#7a3b2e", "#2f5d50", "#4b3b73", "#8a5a12", "#33414e", "#9b2242", "#0f6674")


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a layout prints (plain JSON values) and the truth of it."""

    content: dict[str, Any]
    truth: CVTruth


@dataclass(frozen=True, slots=True)
class _Parts:
    """Everything drawn for one person, before it is put together."""

    career: Career
    contact: Contact
    studies: Studies
    skills: list[tuple[str, str]]  # of the section: (canonical name, as written)
    language_lines: list[dict[str, str]]
    profile: Profile
    sectors: tuple[str, ...]
    remote: str
    age: str


class PersonMaker:
    """Makes one person. All chance comes from `rng`."""

    def __init__(self, rng: Random, words: Occupation, seniority: Seniority) -> None:
        self._rng = rng
        self._words = words
        self._language: Language = words.language
        self._seniority: Seniority = seniority
        self._feminine = rng.random() < 0.5
        self._style: DateStyle = rng.choice(STYLES[words.language])
        self._home = draw_home(rng, words.language)
        self._own_date = rng.random() < 0.65  # whether the CV says when it was written
        self._written = _NOW - rng.randint(0, 40) if self._own_date else _NOW

    def make(self, layout: str) -> Sheet:
        parts = self._draw()
        truth = CVTruth(
            file_name=parts.contact.file_name,
            layout=layout,
            occupation=self._words.key,
            seniority=self._seniority,
            sectors=parts.sectors,
            skill_names=_canonical_skills(self._words, parts.skills, parts.career),
            country=self._home.country,
            education_level=parts.studies.level,
            born=str(parts.studies.born) if parts.age else None,
            as_of=stated(self._written, yearly=False),
            traits=_traits(parts),
            jobs=tuple(_job_truth(self._words.key, job) for job in parts.career.jobs),
            profile=parts.profile,
        )
        return Sheet(self._content(parts), truth)

    def _draw(self) -> _Parts:
        rng, words = self._rng, self._words
        current = rng.random() < 0.7
        end = self._written if current else self._written - rng.randint(1, 14)
        maker = CareerMaker(rng, words, feminine=self._feminine, home=self._home.city)
        career = maker.make(self._seniority, end=end, current=current)
        contact = draw_contact(rng, words.language, self._home, feminine=self._feminine, often_linked=words.names_tools)
        studies = draw_studies(rng, words, career.jobs[-1].start, self._home.city)
        skills = self._skills(career)
        as_of = stated(self._written, yearly=False)
        experiences = tuple(map(self._experience, career.jobs))
        years = years_covered((job.start or "", job.end or as_of) for job in experiences)
        summary, named = self._summary(career.jobs[0], years)
        sectors = tuple(dict.fromkeys([*named, *(job.sector for job in career.jobs if job.context)]))
        languages, language_lines = draw_languages(rng, words.language)
        profile = Profile(
            name=contact.name,
            emails=contact.emails,
            phones=contact.phones,
            links=contact.links,
            location=contact.location,
            headline=career.jobs[0].title,
            biography=summary,
            sectors=tuple(common()["sectors"][sector][words.language] for sector in sectors),
            skills=_written_skills(skills, career),
            experiences=experiences,
            education=studies.education,
            languages=languages,
            years_experience=years,
            cv_date=as_of if self._own_date else None,
            language=words.language,
        )
        remote = self._gendered(rng.choice(_REMOTE[words.language])) if rng.random() < 0.18 else ""
        age = self._age(studies.born)
        return _Parts(career, contact, studies, skills, language_lines, profile, sectors, remote, age)

    def _experience(self, job: Job) -> Experience:
        tools = ", ".join(written for _, written in job.tools)
        return Experience(
            title=job.title,
            employer=job.employer,
            place=job.place,
            start=stated(job.start, yearly=self._style.yearly),
            end=None if job.current else stated(job.end, yearly=self._style.yearly),
            current=job.current,
            text="\n".join(line for line in (job.context, *job.bullets, tools) if line),
        )

    def _skills(self, career: Career) -> list[tuple[str, str]]:
        """The section of skills: some that the jobs name, then some more."""
        rng = self._rng
        used = list(dict.fromkeys(skill for job in career.jobs for skill in job.named))
        rest = [skill for skill in self._words.skills if skill not in used]
        chosen = [*rng.sample(used, min(len(used), 5)), *rng.sample(rest, min(len(rest), rng.randint(2, 5)))]
        rng.shuffle(chosen)
        return [(skill.name, rng.choice(skill.spellings)) for skill in chosen]

    def _summary(self, newest: Job, years: float) -> tuple[str, tuple[str, ...]]:
        """The sentence, and the sector that it names (or none)."""
        if self._rng.random() < 0.3:
            return "", ()
        words = common()["summaries"][self._language]
        if years < 2:
            return self._gendered(self._rng.choice(words["junior"])) + ".", ()
        sentence = self._gendered(self._rng.choice(words["others"]))
        label = common()["sectors"][newest.sector][self._language]
        text = sentence.format(title=newest.title, years=int(years), sector=label)
        return text, (newest.sector,) if "{sector}" in sentence else ()

    def _gendered(self, text: str) -> str:
        masculine, _, feminine = text.partition("|")
        return feminine if feminine and self._feminine else masculine

    def _age(self, born: int) -> str:
        if self._rng.random() > (0.25 if self._language == "fr" else 0.08):
            return ""
        pattern = self._gendered(self._rng.choice(_AGE[self._language]))
        return pattern.format(age=self._written // 12 - born, born=born)

    def _updated(self) -> str:
        if not self._own_date:
            return ""
        pattern = self._rng.choice(("{long} {yyyy}", "{mm}/{yyyy}"))
        return self._rng.choice(_UPDATED[self._language]).format(write_month(self._written, self._language, pattern))

    def _content(self, parts: _Parts) -> dict[str, Any]:
        rng, words = self._rng, common()
        return {
            "lang": self._language,
            "name": parts.profile.name,
            "headline": parts.profile.headline,
            "summary": parts.profile.biography,
            "contact": parts.contact.lines,
            "extra": [line for line in (parts.age, parts.remote) if line],
            "headings": {key: rng.choice(choices) for key, choices in words["headings"][self._language].items()},
            "jobs": [self._job_content(job) for job in parts.career.jobs],
            "education": [_education_content(entry) for entry in parts.studies.education],
            "skills": [written for _, written in parts.skills],
            "languages": parts.language_lines,
            "interests": some(rng, words["interests"][self._language], 2, 4) if rng.random() < 0.5 else [],
            "accent": rng.choice(_ACCENTS),
            "updated": self._updated(),
        }

    def _job_content(self, job: Job) -> dict[str, Any]:
        return {
            "title": job.title,
            "employer": job.employer,
            "place": job.place,
            "dates": write_span(job.start, None if job.current else job.end, self._language, self._style),
            "context": job.context,
            "bullets": list(job.bullets),
            "tools": ", ".join(written for _, written in job.tools),
        }


def _education_content(entry: Education) -> dict[str, str]:
    dates = f"{entry.start} – {entry.end}" if entry.start else entry.end or ""
    return {"degree": entry.degree, "school": entry.school, "dates": dates}


def _traits(parts: _Parts) -> tuple[Trait, ...]:
    jobs, profile = parts.career.jobs, parts.profile
    facts: dict[Trait, bool] = {
        "gap": parts.career.gap,
        "overlap": parts.career.overlap,
        "freelance": any(job.freelance for job in jobs),
        "led_teams": any(job.led_team for job in jobs),
        "remote": bool(parts.remote),
        "no_email": not profile.emails,
        "no_phone": not profile.phones,
        "no_languages": not profile.languages,
        "no_summary": not profile.biography,
    }
    return tuple(trait for trait, holds in facts.items() if holds)


def _written_skills(section: list[tuple[str, str]], career: Career) -> tuple[str, ...]:
    """Each skill once, in its first spelling: the section's, then those of the jobs' lists of tools."""
    written = dict(section)
    for job in career.jobs:
        for skill, spelling in job.tools:
            written.setdefault(skill.name, spelling)
    return tuple(written.values())


def _canonical_skills(words: Occupation, section: list[tuple[str, str]], career: Career) -> tuple[str, ...]:
    names = {name for name, _ in section}
    names.update(name for job in career.jobs for name in _job_skills(job))
    return tuple(skill.name for skill in words.skills if skill.name in names)


def _job_skills(job: Job) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*(skill.name for skill in job.named), *(skill.name for skill, _ in job.tools)]))


def _job_truth(occupation: str, job: Job) -> JobTruth:
    return JobTruth(
        occupation=occupation,
        seniority=job.seniority,
        sector=job.sector,
        sector_stated=bool(job.context),
        months=job.end - job.start + 1,
        skills=_job_skills(job),
        freelance=job.freelance,
        led_team=job.led_team,
    )
