"""What is true of an invented CV: the profile that a perfect reader takes from it, and what it was made to show."""

from __future__ import annotations

from typing import Literal

from cvmatcher.domain import Profile, Value

Trait = Literal[
    "gap", "overlap", "freelance", "remote", "led_teams", "no_email", "no_phone", "no_languages", "no_summary"
]


class JobTruth(Value):
    """One of `Profile.experiences`, same order, with what its words imply."""

    occupation: str
    seniority: str
    sector: str  # key of the sector (English), whether the CV says it or not
    sector_stated: bool
    months: int
    skills: tuple[str, ...]  # canonical names of those that this job's text names
    freelance: bool = False
    led_team: bool = False


class CVTruth(Value):
    """The truth of one CV, written beside its PDF as JSON.

    `profile` holds what stands on the page, as it is written there; its `skills` are those of the section of skills and
    of the jobs' lists of tools. `profile.years_experience` counts the stated periods, overlaps once, up to `as_of`.
    """

    file_name: str
    layout: str
    occupation: str
    seniority: str
    sectors: tuple[str, ...]  # keys (English) of the sectors that the CV states in words
    skill_names: tuple[str, ...]  # canonical (English) names of every skill that the CV names anywhere
    country: str  # ISO 3166-1 alpha-2
    education_level: int  # the highest degree: years of study after school
    born: str | None  # the year, where the CV states an age or a birth date
    as_of: str  # month up to which a job that goes on is counted: the CV's own date, or demo.TODAY
    traits: tuple[Trait, ...]
    jobs: tuple[JobTruth, ...]
    profile: Profile
