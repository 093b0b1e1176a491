"""Names are found under their other names, in both languages, and not where they only look alike."""

import pytest

from cvmatcher.domain import LanguageLevel
from cvmatcher.vocabulary import education, languages, levels, places, sectors, skills, titles
from cvmatcher.vocabulary.folding import stem, tokens


def test_offsets_lead_back_to_the_original() -> None:
    text = "L’œuvre : C++, ASP.NET et Node.js"
    assert [text[t.start : t.end] for t in tokens(text)] == ["L", "œuvre", "C++", "ASP", "NET", "et", "Node", "js"]


@pytest.mark.parametrize(
    ("one", "other"), [("developpeuse", "developpeur"), ("directrices", "directeur"), ("infirmiere", "infirmier")]
)
def test_gender_and_number_do_not_count(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Python/Django, C++ et C#", {"Python", "Django", "C++", "C#"}),
        ("let us go with R and Go", {"R", "Go"}),
        ("il va de A à B, sage et swift", set()),
        ("gestion de projet", {"Project management"}),
        ("Microsoft Excel", {"Excel"}),
    ],
)
def test_skills(text: str, found: set[str]) -> None:
    names = {match.canonical for match in skills.find(text)}
    assert found <= names
    assert found or not names & {"C", "Sage", "Swift"}


def test_titles_meet_across_languages() -> None:
    assert set(titles.ids("infirmière")) & set(titles.ids("registered nurse"))
    assert set(titles.ids("experte-comptable")) | set(titles.ids("accountant"))
    assert "comptable" in titles.names("accountant", "fr")
    assert titles.families("nurse") == {"health"}


def test_near_occupations_are_no_synonyms() -> None:
    assert "anesthesiologist" not in titles.names("surgeon")
    assert "surgeon" in titles.special("physician")
    assert "médecin" in titles.near("surgeon")
    assert not {"sheriff", "policier"} & {*titles.names("firefighter"), *titles.near("firefighter")}


@pytest.mark.parametrize("name", ["allemand", "German", "Deutsch", "ALLEMANDE"])
def test_languages_have_one_code(name: str) -> None:
    assert languages.code(name) == "de"


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("langue maternelle", LanguageLevel.NATIVE),
        ("fluent", LanguageLevel.C1),
        ("notions", LanguageLevel.A2),
        ("bonnes notions", LanguageLevel.A2),
        ("scolaire", LanguageLevel.A2),
        ("débutant avancé", LanguageLevel.A1),
        ("intermédiaire", LanguageLevel.B1),
        ("conversational", LanguageLevel.B1),
        ("Compétence professionnelle limitée", LanguageLevel.B1),
        ("professional working proficiency", LanguageLevel.B2),
        ("intermédiaire avancé", LanguageLevel.B2),
        ("presque courant", LanguageLevel.B2),
        ("courant", LanguageLevel.C1),
        ("bilingue", LanguageLevel.C2),
        ("native or bilingual proficiency", LanguageLevel.C2),
        ("not fluent", None),
        ("lu, écrit, parlé", None),
        ("B1/B2", LanguageLevel.B1),
        ("TOEIC 850", LanguageLevel.B2),
        ("TOEFL ITP 550", LanguageLevel.B2),
        ("B1", LanguageLevel.B1),
        ("", None),
    ],
)
def test_levels(text: str, level: LanguageLevel | None) -> None:
    assert levels.level(text) is level


@pytest.mark.parametrize(
    ("name", "country", "kind"),
    [
        ("Londres", "GB", "city"),
        ("75011 Paris", "FR", "city"),
        ("Genève", "CH", "city"),
        ("Île-de-France", "FR", "region"),
        ("Suisse", "CH", "country"),
    ],
)
def test_places(name: str, country: str, kind: str) -> None:
    place = places.get(name)
    assert place is not None
    assert (place.country, place.kind) == (country, kind)


def test_distance_and_cover() -> None:
    lyon, paris, idf = places.get("Lyon"), places.get("Paris"), places.get("IDF")
    assert lyon
    assert paris
    assert idf
    assert places.distance_km(lyon, paris) == pytest.approx(392, abs=10)
    assert places.covers(idf, paris)
    assert not places.covers(idf, lyon)


def test_a_city_is_read_with_its_country() -> None:
    found = places.find("Cambridge, United States")
    assert [place.country for place, _ in found] == ["US"]


def test_sectors_in_both_languages_are_the_same_but_neighbours_are_not() -> None:
    assert sectors.shows("banque", "banking")
    assert not sectors.shows("fintech", "banque")
    assert sectors.near_each_other("fintech", "banque")
    assert sectors.shows("banque", "finance")
    assert not sectors.shows("finance", "banque")


def test_every_other_name_of_a_city_leads_to_one() -> None:
    """A name of data/exonyms.txt whose listed name is spelt otherwise would be lost without a word."""
    lost = [other for other, _ in places._other_names("cities") if not places.all_named(other)]
    assert lost == []


@pytest.mark.parametrize(("area", "inside", "outside"), [("Benelux", "Gand", "Lille"), ("92", "Nanterre", "Lyon")])
def test_wide_and_numbered_regions_cover_their_towns(area: str, inside: str, outside: str) -> None:
    region, within, without = (places.get(name) for name in (area, inside, outside))
    assert region
    assert within
    assert without
    assert places.covers(region, within)
    assert not places.covers(region, without)


@pytest.mark.parametrize(
    ("name", "same", "other"),
    [
        ("DEAS", "diplôme d'aide-soignant", "DEAP"),
        ("BTS", "brevet de technicien supérieur", "DUT"),
        ("ACA", "", "ACCA"),
    ],
)
def test_a_diploma_has_its_other_names_and_no_other_diplomas(name: str, same: str, other: str) -> None:
    names = education.names(name)
    assert names[0] == name
    assert not same or same in names
    assert other not in names


def test_every_name_of_the_education_list_is_of_one_kind() -> None:
    assert all(education.kind(canonical) in education.Kind for canonical in education.everything())


@pytest.mark.parametrize(("one", "other"), [("ACCA", "ACA"), ("CISA", "CISM"), ("SMSTS", "CSCS"), ("PayFit", "Silae")])
def test_neighbours_on_the_market_are_no_names_of_one_another(one: str, other: str) -> None:
    assert other not in skills.shown_by(one)


@pytest.mark.parametrize("text", ["mes collègues, ils ont payé", "please send the facts", "a disc and a rag"])
def test_everyday_words_are_no_skills(text: str) -> None:
    assert skills.find(text) == []


@pytest.mark.parametrize(
    ("name", "code"), [("BSL", "bfi"), ("dari", "prs"), ("kurmandji", "ku"), ("hollandais", "nl"), ("amazigh", "ber")]
)
def test_languages_by_their_other_names(name: str, code: str) -> None:
    assert languages.code(name) == code
