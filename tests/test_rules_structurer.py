"""CVs of several layouts in both languages, read by rules; and any text at all."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.cvparse.whole import read_profile
from cvmatcher.domain import CVText, LanguageLevel, Profile

TIMELINE_FR = """Camille LE GOFF
Développeuse Python senior
12 rue des Lilas, 69003 Lyon · 06 12 34 56 78 · camille.legoff@exemple.fr · linkedin.com/in/camillelegoff

PROFIL
Développeuse backend, dix ans de services web pour la banque et l'assurance. Aime les tests et les
petites équipes.

EXPÉRIENCES PROFESSIONNELLES
Mars 2019 – aujourd'hui
Développeuse Python senior
Banque du Rhône, Lyon
• API de paiement en Django, 2 millions d'appels par jour
• Encadrement de trois juniors
09/2014 – 02/2019
Développeuse
Assurances Delta, Grenoble
• Reprise de données, PostgreSQL

FORMATION
2014	Master informatique	Université Grenoble Alpes
2009 – 2011 DUT informatique, IUT de Vannes

COMPÉTENCES
Langages : Python, SQL, Bash
Outils : Docker, Git (avancé), PostgreSQL

LANGUES
Français : langue maternelle
Anglais : courant (TOEIC 920)
Allemand : notions

CENTRES D'INTÉRÊT
Voile, lecture
CV mis à jour en mars 2026"""

SIDE_BY_SIDE_EN = """Jane Miller
Senior Accountant
Boston, MA | jane.miller@example.com | (617) 555-0143

PROFESSIONAL SUMMARY
Accountant with twelve years of closing books on time in manufacturing and retail companies.

WORK HISTORY
Senior Accountant	Jan 2018 – Present
Harbor Foods Inc., Boston, MA
• Prepared monthly closing for four entities.
• Reconciled bank accounts.
Staff Accountant	06/2012 – 12/2017
Miller & Sons LLC, Providence, RI
• Accounts payable and receivable.

EDUCATION
Bachelor of Science in Accounting, University of Rhode Island, 2012

SKILLS
QuickBooks, Excel, GAAP, Month-end closing

LANGUAGES
English (native), Spanish (B2)"""

WITHOUT_HEADINGS = """Paul Martin
paul.martin@exemple.fr
Comptable chez Cabinet Dubois, Nantes, 2015 - 2020
Assistant comptable chez Menuiserie Roy, Angers, 2012 - 2015
BTS Comptabilité, Lycée Saint-Félix, 2010 - 2012"""

ONE_EMPLOYER = """John Doe
john@doe.org
EXPERIENCE
Acme Corporation, London, UK	2012 – 2020
Head of Sales	2016 – 2020
• Led a team of twelve.
Sales Representative	2012 – 2016
• Sold anvils."""

DATES_BELOW = """Experience
Nexus AI, Chief Engineer
• Built the serving stack
• Hired the team
San Francisco, CA
June 2021 – March 2024
2 years 10 months
Initech, Research Intern
• Wrote reports
Austin, TX
May 2020 – Aug 2020
4 months"""


async def read(text: str) -> Profile:
    return await RulesStructurer(today=lambda: date(2026, 3, 15)).structure(CVText(pages=(text,)))


async def test_a_french_timeline() -> None:
    profile = await read(TIMELINE_FR)
    assert profile.name == "Camille LE GOFF"
    assert profile.headline == "Développeuse Python senior"
    assert profile.emails == ("camille.legoff@exemple.fr",)
    assert profile.phones == ("+33 6 12 34 56 78",)
    assert profile.links == ("linkedin.com/in/camillelegoff",)
    assert profile.location == "Lyon"
    assert profile.biography.endswith("Aime les tests et les petites équipes.")
    assert [(j.title, j.employer, j.place) for j in profile.experiences] == [
        ("Développeuse Python senior", "Banque du Rhône", "Lyon"),
        ("Développeuse", "Assurances Delta", "Grenoble"),
    ]
    assert [(j.start, j.end, j.current) for j in profile.experiences] == [
        ("2019-03", None, True),
        ("2014-09", "2019-02", False),
    ]
    assert profile.experiences[1].text == "Reprise de données, PostgreSQL"
    assert [(s.degree, s.school, s.start, s.end) for s in profile.education] == [
        ("Master informatique", "Université Grenoble Alpes", None, "2014"),
        ("DUT informatique", "IUT de Vannes", "2009", "2011"),
    ]
    assert profile.skills == ("Python", "SQL", "Bash", "Docker", "Git", "PostgreSQL")
    assert [(s.code, s.level) for s in profile.languages] == [
        ("fr", LanguageLevel.NATIVE),
        ("en", LanguageLevel.B2),
        ("de", LanguageLevel.A2),
    ]
    assert (profile.cv_date, profile.language) == ("2026-03", "fr")
    assert profile.years_experience == pytest.approx(11.6, abs=0.1)


async def test_an_english_cv_with_dates_at_the_right() -> None:
    profile = await read(SIDE_BY_SIDE_EN)
    assert (profile.name, profile.headline, profile.location) == ("Jane Miller", "Senior Accountant", "Boston, MA")
    assert profile.phones == ("+1 617-555-0143",)
    assert [(j.title, j.employer, j.place) for j in profile.experiences] == [
        ("Senior Accountant", "Harbor Foods Inc.", "Boston, MA"),
        ("Staff Accountant", "Miller & Sons LLC", "Providence, RI"),
    ]
    assert [(s.degree, s.school, s.end) for s in profile.education] == [
        ("Bachelor of Science in Accounting", "University of Rhode Island", "2012")
    ]
    assert profile.skills == ("QuickBooks", "Excel", "GAAP", "Month-end closing")
    assert [(s.code, s.level) for s in profile.languages] == [("en", LanguageLevel.NATIVE), ("es", LanguageLevel.B2)]
    assert (profile.cv_date, profile.language) == (None, "en")


async def test_without_any_heading() -> None:
    profile = await read(WITHOUT_HEADINGS)
    assert profile.name == "Paul Martin"
    assert [(j.title, j.employer, j.place) for j in profile.experiences] == [
        ("Comptable", "Cabinet Dubois", "Nantes"),
        ("Assistant comptable", "Menuiserie Roy", "Angers"),
    ]
    assert [(s.degree, s.school) for s in profile.education] == [("BTS Comptabilité", "Lycée Saint-Félix")]


async def test_several_roles_under_one_employer() -> None:
    profile = await read(ONE_EMPLOYER)
    assert [(j.title, j.employer, j.start) for j in profile.experiences] == [
        ("Head of Sales", "Acme Corporation", "2016"),
        ("Sales Representative", "Acme Corporation", "2012"),
    ]
    assert profile.years_experience == 8.0


async def test_dates_below_the_description() -> None:
    profile = await read(DATES_BELOW)
    assert [(j.title, j.employer, j.place, j.start) for j in profile.experiences] == [
        ("Chief Engineer", "Nexus AI", "San Francisco, CA", "2021-06"),
        ("Research Intern", "Initech", "Austin, TX", "2020-05"),
    ]
    assert profile.experiences[0].text == "Built the serving stack\nHired the team"


@pytest.mark.parametrize(
    "heading", ["EXPÉRIENCE", "E X P É R I E N C E", "Experiences professionelles :", "• ", "Parcours professionnel"]
)
async def test_headings_in_many_dresses(heading: str) -> None:
    profile = await read(f"{heading}\n2012 - 2014\nComptable\nAcme SA\n• Tenue des comptes")
    assert [(j.title, j.employer) for j in profile.experiences] == [("Comptable", "Acme SA")]


@pytest.mark.parametrize(
    ("line", "spoken"),
    [
        ("Fluent in English and Spanish", [("en", "Fluent in English"), ("es", "Fluent in English and Spanish")]),
        ("Assisted Spanish speaking customers", []),
        ("Bilingual, served Spanish speaking customers", [("es", "Bilingual, served Spanish")]),
    ],
)
async def test_languages_that_sentences_speak_of(line: str, spoken: list[tuple[str, str]]) -> None:
    found = (await read(f"Ada Brun\nSUMMARY\n{line}")).languages
    assert [(one.code, one.text) for one in found] == spoken


@pytest.mark.parametrize(
    ("line", "code", "level"),
    [
        ("Anglais : courant", "en", "C1"),
        ("Anglais bilingue", "en", "C2"),
        ("Espagnol (scolaire)", "es", "A2"),
        ("Italian - basic", "it", "A2"),
        ("German C1/C2", "de", "C1"),
        ("English: IELTS 7.5", "en", "C1"),
        ("Portugais niveau intermédiaire", "pt", "B1"),
        ("Native French", "fr", "native"),
        ("Arabe", "ar", None),
    ],
)
async def test_levels(line: str, code: str, level: str | None) -> None:
    (spoken,) = (await read(f"LANGUES\n{line}")).languages
    assert (spoken.code, spoken.level) == (code, level and LanguageLevel(level))


async def test_programming_languages_are_not_spoken() -> None:
    profile = await read("SKILLS\nLanguages: Python, C++, Rust\nTools: Git")
    assert profile.languages == ()
    assert profile.skills == ("Python", "C++", "Rust", "Git")


LABEL_TABLE = """Curriculum vitæ\tDernière mise à jour : 01/2026
INFORMATIONS
PERSONNELLES
Nom Inès Carvalho
Coordonnées\tPorto (Portugal)
ines.c@exemple.fr
Fonction\tCheffe de projet digital
MON PARCOURS
De mars 2021 à janvier\tCheffe de projet digital
2024\tAgence Bleue, Lyon
Secteur : publicité. Équipe de 9
• Refonte de sites
2018 - 2021\tChargée de communication
Mairie de Sète, Sète
Entreprise de 170 personnes (secteur public)
• Lettre interne
LANGUES
ÉTRANGÈRES
Portugais
Français
langue maternelle
C1"""


async def test_a_table_of_labels() -> None:
    profile = await read(LABEL_TABLE)
    assert (profile.name, profile.headline) == ("Inès Carvalho", "Cheffe de projet digital")
    assert (profile.location, profile.cv_date) == ("Porto (Portugal)", "2026-01")
    assert [(j.title, j.employer, j.place, j.start, j.end) for j in profile.experiences] == [
        ("Cheffe de projet digital", "Agence Bleue", "Lyon", "2021-03", "2024-01"),
        ("Chargée de communication", "Mairie de Sète", "Sète", "2018", "2021"),
    ]
    assert profile.sectors == ("publicité", "secteur public")
    assert [(s.code, s.level) for s in profile.languages] == [("pt", LanguageLevel.NATIVE), ("fr", LanguageLevel.C1)]


async def test_a_place_whose_brackets_wrap_is_whole() -> None:
    wrapped = (
        "Jane Miller\nAccountant\njane@example.org | Manchester (United\nKingdom) | +44 20 7946 0958\n\nSkills\nSAP"
    )
    assert (await read(wrapped)).location == "Manchester (United Kingdom)"
    cut = "Jane Miller\nAccountant\nManchester (United\njane@example.org\n\nSkills\nSAP"
    assert (await read(cut)).location == "Manchester"


async def test_two_sections_side_by_side() -> None:
    profile = await read(
        "Formation\tLangues\nMaster Droit (2019)\tAnglais : C1\nUniversité de Nantes\tLoisirs\n"
        "BTS Notariat (2016)\tvoile"
    )
    assert [(s.degree, s.school, s.place, s.end) for s in profile.education] == [
        ("Master Droit", "Université de Nantes", "Nantes", "2019"),
        ("BTS Notariat", "", "", "2016"),
    ]
    assert [(s.code, s.level) for s in profile.languages] == [("en", LanguageLevel.C1)]


async def test_a_link_cut_at_the_end_of_its_line() -> None:
    profile = await read("Ana Diaz\nAccountant\nana@x.org | https://ana-diaz.example.\nnet | Boston, MA")
    assert profile.links == ("https://ana-diaz.example.net",)


async def test_surnames_may_be_occupations() -> None:
    assert (await read("Jane Cook\nAccountant\njc@x.org")).name == "Jane Cook"
    assert (await read("Research Assistant\nAccountant\njc@x.org")).name == ""


async def test_the_last_skill_of_a_column_is_no_part_of_the_name_below() -> None:
    column = "ME CONTACTER\nAix-en-Provence (France)\n07.09.60.11.22\n\nCOMPÉTENCES\n• Grands comptes\n• Fidélisation"
    profile = await read(
        f"{column}\n\nMis à jour en avril 2025\n\nRaphaël Rambaud\n\nTechnico-commercial\n\nProfil\nSérieux."
    )
    assert (profile.name, profile.cv_date) == ("Raphaël Rambaud", "2025-04")
    assert (await read("Jean\nDupont\nComptable\njd@x.org")).name == "Jean Dupont"


async def test_the_date_of_a_cv_may_stand_between_two_columns() -> None:
    lines = "\n".join(f"• Task number {number} of a long list" for number in range(30))
    tail = "\n".join(["Languages", *["French: native"] * 9])
    profile = await read(f"Jane Cook\nAccountant\njc@x.org\nExperience\n{lines}\nCV mis à jour : janvier 2024\n{tail}")
    assert profile.cv_date == "2024-01"


async def test_nothing_is_invented() -> None:
    profile = await read("ACCOUNTANT\nSummary\nReliable and exact.\nSkills\nLedger, Payroll")
    assert (profile.name, profile.emails, profile.phones, profile.location) == ("", (), (), "")
    assert (profile.experiences, profile.education, profile.years_experience) == ((), (), None)
    assert profile.headline == "ACCOUNTANT"


words = st.sampled_from(
    [
        *"""Experience EXPÉRIENCE Formation Education Skills Langues Profil 2014 2014-2016 – - | , : 03/2019 présent
    mars 2020 Python Développeur chez Acme SA Lyon, France (69) jane@doe.org +33612345678 http://x.fr • · Master
    Université Anglais courant C1 Jane Doe DOE CV 1/2 depuis juin""".split(),  # noqa: SIM905
        *["\n", "\n", "\n\n", "\t", "\f", "\u00ad", "\ue000", "\x1f", "\x00"],
    ]
)


@settings(deadline=None, max_examples=150)
@given(st.lists(st.one_of(st.lists(words, max_size=60).map(" ".join), st.text(max_size=200)), max_size=4))
def test_any_text_becomes_a_profile(pages: list[str]) -> None:
    profile = read_profile(CVText(pages=tuple(pages)), "2026-03")
    everything = "\n".join(pages)
    assert all(mail.split("@")[1] in everything for mail in profile.emails)
    assert profile.years_experience is None or 0 <= profile.years_experience < 120
    for job in profile.experiences:
        assert not (job.current and job.end)
        assert job.start is None or job.end is None or job.start[:4] <= job.end[:4]
