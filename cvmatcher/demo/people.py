"""Invented people: a career made into a CV's content and its truth. Owns what stands on the page, not how it looks."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from random import Random
from typing import Any

from cvmatcher.demo.careers import Career, CareerMaker, Job, some
from cvmatcher.demo.dates import STYLES, DateStyle, month_of, stated, write_month, write_span, years_covered
from cvmatcher.demo.truth import CVTruth, JobTruth, Trait
from cvmatcher.demo.words import Language, Occupation, Seniority, common
from cvmatcher.domain import Education, Experience, LanguageLevel, Profile, SpokenLanguage

TODAY = "2026-06"
"""The month in which the invented people live: a CV without a date of its own was written then. Fixed, so that a seed
gives the same CVs for ever."""

_NOW = month_of(2026, 6)
_UPDATED: dict[Language, tuple[str, ...]] = {
    "fr": ("Mis à jour en {}", "CV mis à jour : {}", "Dernière mise à jour : {}"),
    "en": ("Updated {}", "Last updated: {}", "CV dated {}"),
}
_REMOTE: dict[Language, tuple[str, ...]] = {
    "fr": ("Télétravail possible", "Ouvert au télétravail", "Disponible en télétravail complet"),
    "en": ("Open to remote work", "Remote or hybrid", "Available for remote work"),
}
_AGE: dict[Language, tuple[str, str]] = {"fr": ("{age} ans", "Né(e) en {born}"), "en": ("Age {age}", "Born in {born}")}


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a layout prints (plain JSON values) and the truth of it."""

    content: dict[str, Any]
    truth: CVTruth


def plain(text: str) -> str:
    """ASCII letters of a name, for addresses and file names."""
    text = text.replace("œ", "oe").replace("ø", "o").replace("Ø", "O")
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(letter for letter in folded if letter.isalnum() or letter in " -")


class PersonMaker:
    """Makes one person. All chance comes from `rng`."""

    def __init__(self, rng: Random, words: Occupation, seniority: Seniority, layout: str) -> None:
        self._rng = rng
        self._words = words
        self._language: Language = words.language
        self._seniority = seniority
        self._layout = layout
        self._common = common()
        self._feminine = rng.random() < 0.5
        self._style: DateStyle = rng.choice(STYLES[self._language])
        self._traits: list[Trait] = []

    def make(self) -> Sheet:
        rng = self._rng
        cv_month = _NOW - rng.randint(0, 40) if rng.random() < 0.65 else None
        current = rng.random() < 0.7
        written = _NOW if cv_month is None else cv_month
        end = written if current else written - rng.randint(1, 14)
        career = CareerMaker(rng, self._words, feminine=self._feminine).make(self._seniority, end=end, current=current)
        periods = [self._stated_period(job) for job in career.jobs]
        as_of = stated(written, yearly=False)
        years = years_covered((start, until or as_of) for start, until in periods)
        education, level, born = self._education(career)
        first, last = self._name()
        contact = self._contact(first, last)
        languages, language_lines = self._languages()
        skills = self._skills(career)
        headline = career.jobs[0].title
        profile = Profile(
            name=f"{first} {last}",
            emails=contact["emails"],
            phones=contact["phones"],
            links=contact["links"],
            location=contact["location"],
            headline=headline,
            biography=self._summary(headline, years, career.jobs[0].sector),
            sectors=tuple(dict.fromkeys(self._common["sectors"][job.sector][self._language] for job in career.jobs)),
            skills=_written_skills(skills, career),
            experiences=tuple(map(self._experience, career.jobs, periods)),
            education=tuple(education),
            languages=languages,
            years_experience=years,
            cv_date=as_of if cv_month is not None else None,
            language=self._language,
        )
        self._note_traits(career, profile)
        age_line, stated_birth = self._age(born, written)
        truth = CVTruth(
            file_name=f"CV_{plain(first)}_{plain(last)}.pdf".replace(" ", "_"),
            layout=self._layout,
            occupation=self._words.key,
            seniority=self._seniority,
            sectors=tuple(dict.fromkeys(job.sector for job in career.jobs)),
            skill_names=_canonical_skills(self._words, skills, career),
            country=contact["country"],
            education_level=level,
            born=stated_birth,
            as_of=as_of,
            traits=tuple(self._traits),
            jobs=tuple(_job_truth(self._words.key, job) for job in career.jobs),
            profile=profile,
        )
        lines = [age_line, self._remote_line()]
        content = self._content(profile, career, skills, language_lines, [line for line in lines if line], contact)
        content["updated"] = self._updated(cv_month)
        return Sheet(content, truth.model_copy(update={"traits": tuple(self._traits)}))

    def _stated_period(self, job: Job) -> tuple[str, str | None]:
        start = stated(job.start, yearly=self._style.yearly)
        return start, None if job.current else stated(job.end, yearly=self._style.yearly)

    def _experience(self, job: Job, period: tuple[str, str | None]) -> Experience:
        text = "\n".join([*job.bullets, ", ".join(written for _, written in job.tools)]).strip()
        return Experience(
            title=job.title,
            employer=job.employer,
            place=job.place,
            start=period[0],
            end=period[1],
            current=job.current,
            text=text,
        )

    def _name(self) -> tuple[str, str]:
        names = self._common["names"][self._language]
        first = self._rng.choice(names["f" if self._feminine else "m"].split(", "))
        return first, self._rng.choice(names["last"].split(", "))

    def _contact(self, first: str, last: str) -> dict[str, Any]:
        rng = self._rng
        city, country = rng.choice(list(self._common["places"][self._language].items()))
        name = self._common["countries"][self._language][country]
        short = plain(first).lower().replace(" ", "-"), plain(last).lower().replace(" ", "-")
        mail = rng.choice(("{0}.{1}", "{0}{1}", "{0[0]}.{1}", "{0}_{1}", "{1}.{0}")).format(*short)
        domain = rng.choice(("example.com", "example.org", "example.net", "mail.example.com"))
        pattern = rng.choice(self._common["phones"][country])
        phone = "".join(str(rng.randint(0, 9)) if sign == "x" else sign for sign in pattern)
        link = rng.choice(("www.example.com/in/{}", "https://{}.example.net", "git.example.org/{}"))
        links = (link.format("-".join(short)),) if rng.random() < (0.75 if self._words.names_tools else 0.3) else ()
        location = rng.choice((city, city, f"{city}, {name}", f"{city} ({name})"))
        street = f"{rng.randint(1, 148)} {rng.choice(self._common['streets'][self._language])}"
        return {
            "emails": () if rng.random() < 0.05 else (f"{mail}@{domain}",),
            "phones": () if rng.random() < 0.08 else (phone,),
            "links": links,
            "location": location,
            "country": country,
            "address": f"{street}, {location}" if rng.random() < 0.3 else location,
        }

    def _education(self, career: Career) -> tuple[list[Education], int, int]:
        """Degrees newest first, the highest level, and the year of birth that fits them."""
        rng = self._rng
        highest = rng.choice(self._words.degrees)
        lower = [degree for degree in self._words.degrees if 0 < degree.level < highest.level]
        chosen = [highest, *rng.sample(lower, 1 if lower and rng.random() < 0.5 else 0)]
        year = career.jobs[-1].start // 12 - (0 if career.jobs[-1].start % 12 >= 7 else 1)
        born = year - 18 - highest.level
        dated = rng.random() < 0.9
        ranges = rng.random() < 0.5
        result = []
        for degree in chosen:
            city = rng.choice(list(self._common["places"][self._language]))
            school = rng.choice(self._common["schools"][self._language][str(degree.level)]).format(city=city)
            finished = born + 18 + degree.level
            length = {0: 2, 2: 2, 3: 3, 5: 2, 8: 3}[degree.level]
            result.append(
                Education(
                    degree=degree.name,
                    school=school,
                    place=city,
                    start=str(finished - length) if dated and ranges else None,
                    end=str(finished) if dated else None,
                )
            )
        return result, highest.level, born

    def _languages(self) -> tuple[tuple[SpokenLanguage, ...], list[dict[str, str]]]:
        rng = self._rng
        if rng.random() < 0.1:
            return (), []
        words = self._common["languages"][self._language]
        home = self._language
        others = [code for code in words["names"] if code != home]
        levels = {home: "native"}
        if rng.random() < 0.15:
            native = rng.choice(others)
            levels = {native: "native", home: rng.choice(("C1", "C2"))}
        second = "en" if home == "fr" else "fr"
        for code in [second, *rng.sample(others, 2)][: rng.randint(1 if home == "fr" else 0, 3)]:
            levels.setdefault(code, rng.choice(("C2", "C1", "C1", "B2", "B1", "A2", "A1", "")))
        spoken, lines = [], []
        for code, level in levels.items():
            text = rng.choice(words["levels"][level])
            band = self._common["toeic"].get(level)
            if home == "fr" and code == "en" and band and rng.random() < 0.4:
                text = f"TOEIC {rng.randrange(band[0], band[1] + 1, 5)}"
            name = words["names"][code]
            lines.append({"name": name, "level": text})
            spoken.append(SpokenLanguage(code=code, level=LanguageLevel(level) if level else None, text=f"{name} {text}".strip()))
        return tuple(spoken), lines

    def _skills(self, career: Career) -> list[tuple[str, str]]:
        """(canonical name, as written) of the section of skills: those of the jobs first, then some more."""
        rng = self._rng
        used = list(dict.fromkeys(skill for job in career.jobs for skill in job.named))
        rest = [skill for skill in self._words.skills if skill not in used]
        chosen = [*rng.sample(used, min(len(used), 5)), *rng.sample(rest, min(len(rest), rng.randint(2, 5)))]
        rng.shuffle(chosen)
        return [(skill.name, rng.choice(skill.spellings)) for skill in chosen]

    def _summary(self, title: str, years: float, sector: str) -> str:
        rng = self._rng
        if rng.random() < 0.3:
            return ""
        words = self._common["summaries"][self._language]
        if years < 2:
            return self._gendered(rng.choice(words["junior"])) + "."
        sentence = self._gendered(rng.choice(words["others"]))
        return sentence.format(title=title, years=int(years), sector=self._common["sectors"][sector][self._language])

    def _gendered(self, text: str) -> str:
        masculine, _, feminine = text.partition("|")
        return feminine if feminine and self._feminine else masculine

    def _age(self, born: int, written: int) -> tuple[str, str | None]:
        if self._rng.random() > (0.25 if self._language == "fr" else 0.08):
            return "", None
        pattern = self._rng.choice(_AGE[self._language]).replace("Né(e)", "Née" if self._feminine else "Né")
        return pattern.format(age=written // 12 - born, born=born), str(born)

    def _remote_line(self) -> str:
        if self._rng.random() > 0.18:
            return ""
        self._traits.append("remote")
        return self._rng.choice(_REMOTE[self._language])

    def _updated(self, month: int | None) -> str:
        if month is None:
            return ""
        pattern = self._rng.choice(("{long} {yyyy}", "{mm}/{yyyy}"))
        return self._rng.choice(_UPDATED[self._language]).format(write_month(month, self._language, pattern))

    def _note_traits(self, career: Career, profile: Profile) -> None:
        facts: dict[Trait, bool] = {
            "gap": career.gap,
            "overlap": career.overlap,
            "freelance": any(job.freelance for job in career.jobs),
            "led_teams": any(job.led_team for job in career.jobs),
            "no_email": not profile.emails,
            "no_phone": not profile.phones,
            "no_languages": not profile.languages,
            "no_summary": not profile.biography,
        }
        self._traits.extend(trait for trait, holds in facts.items() if holds)

    def _content(
        self,
        profile: Profile,
        career: Career,
        skills: list[tuple[str, str]],
        language_lines: list[dict[str, str]],
        extra: list[str],
        contact: dict[str, Any],
    ) -> dict[str, Any]:
        rng = self._rng
        headings = {key: rng.choice(choices) for key, choices in self._common["headings"][self._language].items()}
        return {
            "lang": self._language,
            "name": profile.name,
            "headline": profile.headline,
            "summary": profile.biography,
            "contact": [contact["address"], *profile.phones, *profile.emails, *profile.links],
            "extra": extra,
            "headings": headings,
            "jobs": [self._job_content(job) for job in career.jobs],
            "education": [_education_content(entry) for entry in profile.education],
            "skills": [written for _, written in skills],
            "languages": language_lines,
            "interests": some(rng, self._common["interests"][self._language], 2, 4) if rng.random() < 0.5 else [],
            "accent": rng.choice(("#1f4e79", "#7a3b2e", "#2f5d50", "#4b3b73", "#8a5a12", "#33414e")),
        }

    def _job_content(self, job: Job) -> dict[str, Any]:
        return {
            "title": job.title,
            "employer": job.employer,
            "place": job.place,
            "dates": write_span(job.start, None if job.current else job.end, self._language, self._style),
            "bullets": list(job.bullets),
            "tools": ", ".join(written for _, written in job.tools),
        }


def _education_content(entry: Education) -> dict[str, str]:
    dates = f"{entry.start} – {entry.end}" if entry.start else entry.end or ""
    return {"degree": entry.degree, "school": entry.school, "dates": dates}


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
        months=job.end - job.start + 1,
        skills=_job_skills(job),
        freelance=job.freelance,
        led_team=job.led_team,
    )
