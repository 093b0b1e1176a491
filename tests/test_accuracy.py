"""What the accuracy of a Structurer is measured by."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvmatcher import accuracy
from cvmatcher.cvparse.likeness import scores_of
from cvmatcher.domain import Education, Experience, LanguageLevel, Profile, SpokenLanguage

JOB = Experience(
    title="Comptable", employer="Acme SA", place="Lyon, France", start="2019-03", end="2021-01", text="Clôture"
)
WRONG_JOB = JOB.model_copy(update={"title": "Vendeuse", "end": "2020-01"})
STUDY = Education(degree="BTS Comptabilité", school="Lycée Ampère", place="Lyon", end="2018")
TRUTH = {
    "name": "Hélène Roux",
    "phones": ("+33 6 12 34 56 78",),
    "links": ("https://www.linkedin.com/in/hroux/",),
    "skills": ("Sage", "Excel"),
    "experiences": (JOB,),
    "education": (STUDY,),
    "languages": (SpokenLanguage(code="en", level=LanguageLevel.C1),),
    "years_experience": 1.9,
}
PROFILE = Profile(
    name="HELENE ROUX",
    phones=("06 12 34 56 78",),
    links=("linkedin.com/in/hroux",),
    skills=("excel", "SAGE"),
    experiences=(JOB,),
    education=(STUDY.model_copy(update={"school": "Lycée Ampère, Lyon"}),),
    languages=(SpokenLanguage(code="en", level=LanguageLevel.C1),),
    years_experience=2.3,
)


def test_what_is_written_otherwise_is_still_right() -> None:
    assert set(scores_of(PROFILE, TRUTH).values()) == {1.0}


def test_what_is_missed_or_wrong_costs() -> None:
    wrong = PROFILE.model_copy(
        update={
            "name": "Roux",
            "skills": ("Excel", "Word", "Poker"),
            "experiences": (WRONG_JOB, Experience(title="Serveuse")),
            "education": (),
            "languages": (SpokenLanguage(code="en", level=LanguageLevel.B1),),
            "years_experience": 3.0,
        }
    )
    scores = scores_of(wrong, TRUTH)
    assert scores["name"] == 0.0
    assert scores["skills"] == pytest.approx(0.4)
    assert scores["experiences"] == pytest.approx(2 / 3)
    assert (scores["experience.title"], scores["experience.employer"], scores["experience.dates"]) == (0.0, 1.0, 0.0)
    assert (scores["education"], scores["education.school"]) == (0.0, 0.0)
    assert (scores["languages"], scores["languages.level"]) == (1.0, 0.0)
    assert scores["years_experience"] == 0.0


async def test_a_folder_without_truths_is_refused(tmp_path: Path) -> None:
    (tmp_path / "alone.pdf").write_bytes(b"%PDF-1.7")
    with pytest.raises(FileNotFoundError, match="truth"):
        await accuracy.measure(tmp_path)


def test_the_table_for_people() -> None:
    report = {
        "structurer": "rules/1",
        "cvs": 2,
        "fields": {"name": {"score": 0.5, "n": 2}},
        "by_language": {"fr": {"name": 1.0}, "en": {}},
    }
    assert accuracy.as_text(report).splitlines()[-1].split() == ["name", "0.500", "2", "-", "1.000"]
