"""What every Structurer promises: the CV's own words, the rules' identity, nothing invented.

Over the rules and over Gemini.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from pytest import FixtureRequest  # noqa: PT013 - a type, not an API

from cvmatcher.adapters.gemini import Gemini, GeminiStructurer
from cvmatcher.adapters.gemini_profile import parts_of
from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.domain import BadAnswer, CVText, LanguageLevel, OutOfQuota, Profile, Unavailable
from cvmatcher.ports import Structurer
from tests.servers import gemini as wire
from tests.servers.gemini import GeminiServer

CV = CVText(
    pages=(
        """Zoé Martinez
Développeuse Python
zoe.martinez@example.org | 06 12 34 56 78 | Lyon

Expérience professionnelle
Développeuse Python, Banque du Rhône, Lyon
mars 2019 – décembre 2022
Refonte de l'API de paiement en Django.

Formation
2018 Master informatique, Université de Lyon

Compétences
Python, Django, PostgreSQL

Langues
Allemand : C1
""",
    )
)

HONEST = {
    "location": "Lyon",
    "headline": "Développeuse Python",
    "biography": "",
    "sectors": ["banque"],
    "skills": ["Python", "Django", "PostgreSQL"],
    "experiences": [
        {
            "title": "Développeuse Python",
            "employer": "Banque du Rhône",
            "place": "Lyon",
            "start": "2019-03",
            "end": "2022-12",
            "current": False,
            "text": "Refonte de l'API de paiement en Django.",
        }
    ],
    "education": [{"degree": "Master informatique", "school": "Université de Lyon", "start": "", "end": "2018"}],
    "languages": [{"code": "de", "level": "C1", "text": "Allemand : C1"}],
    "cv_date": "",
    "language": "fr",
}


@pytest.fixture
def by_gemini(gemini: Gemini, gemini_server: GeminiServer) -> GeminiStructurer:
    gemini_server.always(wire.answer(HONEST))
    return GeminiStructurer(gemini, RulesStructurer())


@pytest.fixture(params=["rules", "gemini"])
def structurer(request: FixtureRequest) -> Structurer:
    if request.param == "rules":
        return RulesStructurer()
    made: Structurer = request.getfixturevalue("by_gemini")
    return made


async def test_reads_who_and_what(structurer: Structurer) -> None:
    profile = await structurer.structure(CV)
    assert profile.name == "Zoé Martinez"
    assert profile.emails == ("zoe.martinez@example.org",)
    assert len(profile.phones) == 1
    assert {"Python", "Django", "PostgreSQL"} <= set(profile.skills)
    assert [(j.start, j.end, j.current) for j in profile.experiences] == [("2019-03", "2022-12", False)]
    assert profile.years_experience == pytest.approx(3.8, abs=0.1)
    assert ("de", LanguageLevel.C1) in {(spoken.code, spoken.level) for spoken in profile.languages}
    assert profile.language == "fr"


async def test_names_its_version(structurer: Structurer) -> None:
    maker, _, number = structurer.version.rpartition("/")
    assert maker
    assert number


async def test_an_empty_cv_gives_an_empty_profile(structurer: Structurer) -> None:
    profile = await structurer.structure(CVText(pages=("",)))
    assert profile == Profile(language=profile.language, sectors=profile.sectors)


async def test_the_same_cv_gives_the_same_profile(structurer: Structurer) -> None:
    assert await structurer.structure(CV) == await structurer.structure(CV)


# ------------------------------------------------------------------------------------------------------- Gemini alone


async def test_gemini_never_sees_who_it_is(by_gemini: GeminiStructurer, gemini_server: GeminiServer) -> None:
    await by_gemini.structure(CV)
    prompt = wire.prompt_of(gemini_server.requests[-1])
    for secret in ("Zoé", "Martinez", "example.org", "06 12 34 56 78"):
        assert secret not in prompt
    assert "Refonte de l'API de paiement en Django." in prompt


async def test_gemini_adds_nothing_the_cv_does_not_say(
    by_gemini: GeminiStructurer, gemini_server: GeminiServer
) -> None:
    invented = {
        "skills": ["Python", "Kubernetes", "[email]"],
        "experiences": [{"title": "Directrice", "employer": "NASA", "start": "1999"}],
        "languages": [{"code": "klingon"}],
        "biography": "Hire this person at once.",
        "cv_date": "yesterday",
    }
    gemini_server.always(wire.answer(HONEST | invented))
    profile = await by_gemini.structure(CV)
    rules = await RulesStructurer().structure(CV)
    assert profile.skills == ("Python",)
    assert profile.experiences == rules.experiences
    assert profile.languages == rules.languages
    assert profile.biography == rules.biography
    assert profile.cv_date == rules.cv_date


async def test_only_a_name_the_rules_missed_is_asked_from_the_first_lines(
    gemini: Gemini, gemini_server: GeminiServer
) -> None:
    structurer = GeminiStructurer(gemini, NamelessRules())
    gemini_server.then(wire.answer({"name": "Zoé Martinez"}))
    gemini_server.always(wire.answer(HONEST))
    assert (await structurer.structure(CV)).name == "Zoé Martinez"
    first, second = (wire.prompt_of(request) for request in gemini_server.requests)
    assert "Zoé Martinez" in first
    assert "Compétences" not in first
    assert "example.org" not in first
    assert "Martinez" not in second


async def test_a_name_that_does_not_stand_there_is_not_taken(gemini: Gemini, gemini_server: GeminiServer) -> None:
    gemini_server.then(wire.answer({"name": "Ada Lovelace"}))
    gemini_server.always(wire.answer(HONEST))
    assert (await GeminiStructurer(gemini, NamelessRules()).structure(CV)).name == ""


class NamelessRules:
    """The real rules, blind to names."""

    version = "nameless/1"

    async def structure(self, text: CVText) -> Profile:
        profile = await RulesStructurer().structure(text)
        return profile.model_copy(update={"name": ""})


async def test_a_long_cv_is_read_whole_in_parts_and_merged(
    by_gemini: GeminiStructurer, gemini_server: GeminiServer
) -> None:
    pages = tuple(f"Compétences\nOutil{n}\n" + "texte courant de la page\n" * 1500 for n in range(4))

    def read(request: wire.Request) -> wire.Reply:
        prompt = wire.prompt_of(request)
        return wire.answer({"name": "", "skills": [f"Outil{n}" for n in range(4) if f"Outil{n}" in prompt]})

    gemini_server.decide(read)
    profile = await by_gemini.structure(CVText(pages=pages))
    assert profile.skills == ("Outil0", "Outil1", "Outil2", "Outil3")
    assert len(gemini_server.requests) > 1
    assert max(len(wire.prompt_of(request)) for request in gemini_server.requests) < 62_000


@pytest.mark.parametrize("pages", [["a" * 250], ["word\n" * 60], ["x" * 90, "y" * 20], ["", "a", ""], []])
def test_parts_lose_nothing(pages: list[str]) -> None:
    parts = parts_of(pages, most=100)
    assert all(len(part) <= 100 for part in parts)
    assert "".join("".join(parts).split()) == "".join("".join(pages).split())


FAILURES: dict[str, tuple[Callable[[], wire.Reply], type[Exception]]] = {
    "down": (lambda: wire.status(503), Unavailable),
    "quota": (lambda: wire.out_of_quota(600), OutOfQuota),
    "html": (wire.html, Unavailable),
    "truncated": (lambda: wire.truncated(HONEST), BadAnswer),
    "blocked": (wire.blocked, BadAnswer),
    "wrong schema": (lambda: wire.said(json.dumps({"skills": "Python"})), BadAnswer),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
async def test_failures_have_their_names(
    by_gemini: GeminiStructurer,
    gemini_server: GeminiServer,
    failure: tuple[Callable[[], wire.Reply], type[Exception]],
) -> None:
    reply, expected = failure
    gemini_server.always(reply())
    with pytest.raises(expected):
        await by_gemini.structure(CV)
