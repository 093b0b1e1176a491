"""The invented CVs: the same for the same seed, true to their own truth, varied, and readable as PDFs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pymupdf
import pytest

from cvmatcher.demo import LAYOUTS, SENIORITIES, TODAY, CVTruth, make_cv, make_pool, meets, occupations
from cvmatcher.demo.dates import STYLES, month_of, write_span, years_covered
from cvmatcher.demo.words import LANGUAGES, common
from cvmatcher.domain import Criterion, CriterionKind, LanguageLevel


def squeezed(text: str) -> str:
    """Text without white space: a narrow column may break a line anywhere between words."""
    return "".join(text.replace("\xad", "").split())


def text_of(pdf: bytes) -> str:
    with pymupdf.open(stream=pdf, filetype="pdf") as document:  # type: ignore[no-untyped-call]
        return "\n".join(page.get_text() for page in document)


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, CVTruth]]:
    directory = tmp_path_factory.mktemp("pool")
    paths = make_pool(directory, count=120, seed=1)
    return [(path, CVTruth.model_validate_json(path.with_suffix(".json").read_text("utf-8"))) for path in paths]


def test_pool_is_complete_and_varied(pool: list[tuple[Path, CVTruth]]) -> None:
    truths = [truth for _, truth in pool]
    assert len({path for path, _ in pool}) == 120
    assert {truth.layout for truth in truths} == set(LAYOUTS)
    assert len({truth.occupation for truth in truths}) >= 20
    assert {truth.seniority for truth in truths} == set(SENIORITIES)
    shares = [sum(truth.profile.language == language for truth in truths) for language in LANGUAGES]
    assert min(shares) >= 50
    traits = {trait for truth in truths for trait in truth.traits}
    assert traits >= {"gap", "overlap", "freelance", "remote", "led_teams", "no_email", "no_phone", "no_languages"}
    assert len({truth.country for truth in truths}) >= 8
    assert {truth.education_level for truth in truths} == {0, 2, 3, 5, 8}


def test_same_seed_same_files_another_seed_others(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    first = make_pool(tmp_path / "a", count=8, seed=5, progress=lambda done, count: seen.append((done, count)))
    again = make_pool(tmp_path / "b", count=8, seed=5)
    other = make_pool(tmp_path / "c", count=8, seed=6)
    assert seen == [(number, 8) for number in range(1, 9)]
    assert [path.name for path in first] == [path.name for path in again] != [path.name for path in other]
    for one, two in zip(first, again, strict=True):
        assert one.read_bytes() == two.read_bytes()
        assert one.with_suffix(".json").read_bytes() == two.with_suffix(".json").read_bytes()


def test_asking_for_one_kind() -> None:
    cv = make_cv("x", occupation="nurse", language="fr", seniority="lead", layout="timeline")
    assert (cv.truth.occupation, cv.truth.profile.language) == ("nurse", "fr")
    assert (cv.truth.seniority, cv.truth.layout) == ("lead", "timeline")
    assert "led_teams" in cv.truth.traits
    assert cv == make_cv("x", occupation="nurse", language="fr", seniority="lead", layout="timeline")
    with pytest.raises(ValueError, match="no layout"):
        make_cv(layout="papyrus")
    with pytest.raises(KeyError):
        make_cv(occupation="astronaut")


def test_careers_are_consistent(pool: list[tuple[Path, CVTruth]]) -> None:
    for _, truth in pool:
        profile = truth.profile
        jobs = profile.experiences
        assert len(jobs) == len(truth.jobs)
        assert jobs
        assert [job.current for job in jobs[1:]] == [False] * (len(jobs) - 1), "only the newest job goes on"
        limit = profile.cv_date or TODAY
        for job in jobs:
            assert job.start
            assert job.current == (job.end is None)
            assert job.start <= (job.end or limit), (job, limit)
            assert (job.end or limit)[:4] <= limit[:4]
        starts = [job.start for job in jobs if job.start]
        assert starts == sorted(starts, reverse=True) or "overlap" in truth.traits
        assert profile.years_experience == years_covered((job.start or "", job.end or truth.as_of) for job in jobs)
        assert 0.5 <= (profile.years_experience or 0) <= 34
        if truth.born:
            assert int(truth.born) + 18 <= int(starts[-1][:4])


def test_every_word_of_the_truth_is_on_the_page(pool: list[tuple[Path, CVTruth]]) -> None:
    for path, truth in pool:
        text = squeezed(text_of(path.read_bytes()))
        for expected in stated_words(truth):
            assert squeezed(expected) in text, (path.name, truth.layout, expected)


def stated_words(truth: CVTruth) -> Iterator[str]:
    profile = truth.profile
    yield from (profile.name, profile.headline, profile.location, profile.biography)
    yield from (*profile.emails, *profile.phones, *profile.links, *profile.skills)
    for job in profile.experiences:
        yield from (job.title, job.employer, job.place, *job.text.split("\n"))
    for entry in profile.education:
        yield from (entry.degree, entry.school, entry.end or "")


def test_the_sectors_of_the_truth_are_stated(pool: list[tuple[Path, CVTruth]]) -> None:
    for path, truth in pool:
        text = squeezed(text_of(path.read_bytes())).casefold()
        assert len(truth.sectors) == len(truth.profile.sectors)
        for label in truth.profile.sectors:
            assert squeezed(label).casefold() in text, (path.name, label)


def test_vocabulary_is_whole() -> None:
    """Each marked skill is listed, each sector has a label and firms, French and English know common skills."""
    words = common()
    shared = 0
    for kinds in occupations().values():
        for language, occupation in kinds.items():
            for sentence in (*occupation.bullets, *occupation.lead):
                for spelling in re.findall(r"\[([^\]]+)\]", sentence):
                    occupation.skill(spelling)
            for sector in occupation.sectors:
                assert words["sectors"][sector][language]
                assert words["employers"][language][sector]
        names = [{skill.name for skill in occupation.skills} for occupation in kinds.values()]
        shared += len(names[0] & names[1]) >= 5
    assert shared == len(occupations())


def test_years_count_overlaps_once_and_read_bare_years_as_whole() -> None:
    assert years_covered([("2019-03", "2021-02")]) == 2.0
    assert years_covered([("2017", "2019")]) == 2.0
    assert years_covered([("2015", "2018"), ("2017", "2020")]) == 5.0
    assert years_covered([("2020-01", "2020-12"), ("2020-06", "2021-12")]) == 2.0
    assert years_covered([("2018", "2018")]) == 0.5


@pytest.mark.parametrize("language", LANGUAGES)
def test_periods_are_written_in_many_ways(language: str) -> None:
    known = [key for key in LANGUAGES if key == language]
    for key in known:
        closed = {write_span(month_of(2019, 3), month_of(2021, 6), key, style) for style in STYLES[key]}
        still = {write_span(month_of(2019, 3), None, key, style) for style in STYLES[key]}
        assert len(closed) >= 6
        assert len(still) >= 6
        assert all("2019" in text for text in closed | still)


def asked(kind: CriterionKind, value: str, **more: object) -> Criterion:
    return Criterion.model_validate({"id": "c1", "kind": kind, "value": value, "label": value, **more})


def test_truth_answers_criteria(pool: list[tuple[Path, CVTruth]]) -> None:
    """What a CV was made with is met, what it lacks is not, what cannot be told is None."""
    for _, truth in pool:
        profile = truth.profile
        assert all(meets(truth, asked(CriterionKind.SKILL, skill)) for skill in profile.skills)
        assert meets(truth, asked(CriterionKind.TITLE, profile.headline.upper()))
        assert meets(truth, asked(CriterionKind.EMPLOYER, profile.experiences[0].employer))
        assert all(meets(truth, asked(CriterionKind.SECTOR, sector)) for sector in profile.sectors)
        assert meets(truth, asked(CriterionKind.YEARS, "", minimum=profile.years_experience))
        assert not meets(truth, asked(CriterionKind.YEARS, "", minimum=40))
        assert meets(truth, asked(CriterionKind.TEXT, "anything")) is None
    skills = [meets(truth, asked(CriterionKind.SKILL, "Python")) for _, truth in pool]
    assert 5 <= sum(found is True for found in skills) <= 40
    assert None not in skills


def test_truth_answers_places_languages_and_degrees() -> None:
    cv = make_cv("answers", occupation="nurse", language="fr", seniority="senior")
    profile = cv.truth.profile.model_copy(
        update={"location": "Genève (Suisse)", "languages": cv.truth.profile.languages[:0]}
    )
    truth = cv.truth.model_copy(update={"profile": profile, "country": "CH", "education_level": 3, "traits": ()})
    assert meets(truth, asked(CriterionKind.PLACE, "Geneva"))
    assert meets(truth, asked(CriterionKind.PLACE, "suisse"))
    assert meets(truth, asked(CriterionKind.PLACE, "Lyon")) is False
    assert meets(truth, asked(CriterionKind.PLACE, "Lyon", or_remote=True)) is None
    assert meets(truth, asked(CriterionKind.LANGUAGE, "fr", level=LanguageLevel.C1)) is None
    assert meets(truth, asked(CriterionKind.LANGUAGE, "de")) is False
    assert meets(truth, asked(CriterionKind.EDUCATION, "licence"))
    assert meets(truth, asked(CriterionKind.EDUCATION, "Master")) is False
