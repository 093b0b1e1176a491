"""What shows a criterion and what only looks like it: headings, addresses, neighbours, other people's trades."""

from __future__ import annotations

import pytest

from cvmatcher.adapters.rules_structurer import RulesStructurer
from cvmatcher.domain import Criterion, CVText, Education, Experience, LanguageLevel, Profile, VerdictState
from cvmatcher.domain import CriterionKind as K
from cvmatcher.query import evidence
from cvmatcher.quotations import prove

MET, PARTLY, NO = VerdictState.MET, VerdictState.PARTLY, VerdictState.NOT_FOUND

PAGE = """Ada Brun
r.brun@example.org | git.example.org/ada-brun
FORMATION
Workday, CACES nacelle, Docker Swarm, PL/SQL
- Analyse des risques du site
Secteur : industrie pharmaceutique, 300 salariés
Entreprise de 80 personnes (télécommunications)
Dix ans d'expérience dans la banque de détail
- Suivi des clients de l'assurance
Assistante chef de projet, Acme, 2019 - 2024
- Direction d'une équipe d'acheteurs"""
CV = evidence.read(
    Profile(
        experiences=(Experience(title="Assistante chef de projet", employer="Acme", start="2019", end="2024"),),
        sectors=("industrie pharmaceutique", "télécommunications"),
    ),
    (PAGE,),
)


@pytest.mark.parametrize(
    ("kind", "value", "state"),
    [
        (K.SKILL, "Workday", MET),
        (K.SKILL, "SIRH", MET),  # Workday is one
        (K.SKILL, "ADP", PARTLY),  # another one
        (K.SKILL, "training", NO),  # a heading teaches nobody
        (K.SKILL, "git", NO),  # of an address
        (K.SKILL, "R", NO),  # an initial in an address
        (K.SKILL, "forklift license", PARTLY),
        (K.SKILL, "analyse des risques", MET),
        (K.SECTOR, "pharmaceuticals", MET),
        (K.SECTOR, "industrie", PARTLY),  # only a part of another sector's name
        (K.SECTOR, "telecoms", MET),
        (K.SECTOR, "banque", MET),  # retail banking is
        (K.SECTOR, "assurance", PARTLY),  # customers
        (K.SECTOR, "fintech", NO),
        (K.TITLE, "assistant chef", NO),  # a cook
        (K.TITLE, "acheteur", NO),  # others, whom she led
    ],
)
def test_what_a_cv_shows(kind: K, value: str, state: VerdictState) -> None:
    finding = evidence.judge(Criterion(id="c1", kind=kind, value=value, label=value), CV)
    assert (finding.state, all(one in PAGE for one in finding.quotations)) == (state, True)


@pytest.mark.parametrize(
    ("asked", "held", "state"),
    [
        ("BTS", "Advanced technician's certificate in catering, 2016", MET),
        ("CAP", "Professional aptitude certificate in masonry, 2009", MET),
        ("BTS", "Baccalauréat, 2016", NO),
    ],
)
def test_a_degree_is_known_in_the_other_language(asked: str, held: str, state: VerdictState) -> None:
    cv = evidence.read(Profile(education=(Education(degree=held),)), (f"Studies\n{held}",))
    finding = evidence.judge(Criterion(id="c1", kind=K.EDUCATION, value=asked, label=asked), cv)
    assert finding.state is state


JOBS = (
    Experience(title="Développeuse", employer="Acme", start="2018-01", end="2023-12", text="Python"),
    Experience(title="Développeuse", employer="Borel", start="2014-01", end="2015-12", text="Java"),
)
DATED = "{0}Développeuse, Acme 2018 - 2023\nPython\nDéveloppeuse, Borel 2014 - 2015\nJava"


def _years(page: str, minimum: float, value: str = "", total: float = 8.0) -> evidence.Finding:
    cv = evidence.read(Profile(experiences=JOBS, years_experience=total, cv_date="2024"), (page,))
    return evidence.judge(Criterion(id="c1", kind=K.YEARS, value=value, label="years", minimum=minimum), cv)


def test_a_sum_of_years_quotes_the_jobs_that_make_it() -> None:
    finding = _years(DATED.format(""), 7)
    assert (finding.state, finding.years) == (MET, 8.0)
    assert finding.quotations == ("Développeuse, Acme 2018 - 2023", "Développeuse, Borel 2014 - 2015")


@pytest.mark.parametrize(
    "said", ["10+ years of teaching", "Over 10 years of teaching", "10 ans d'enseignement", "10+ ans en école"]
)
def test_years_that_a_line_states_are_read_with_a_plus_too(said: str) -> None:
    asked = Criterion(id="c1", kind=K.YEARS, value="", label="5 years", minimum=5)
    finding = evidence.judge(asked, evidence.read(Profile(), (said,)))
    assert (finding.state, finding.quotation) == (MET, said)


def test_years_with_a_skill_quote_its_jobs_only() -> None:
    finding = _years(DATED.format(""), 5, "Python")
    assert (finding.years, finding.quotations) == (6.0, ("Développeuse, Acme 2018 - 2023",))


@pytest.mark.parametrize(
    ("page", "state"),
    [
        ("I am a registered nurse with ICU years", PARTLY),
        ("Infirmière diplômée d'État", PARTLY),
        ("- Works closely with the care coordinator nurse", NO),
        ("- Staffing of nurses on two floors", NO),
        ("Doctor, charge nurse or nurse informed of every result", NO),
        ("Nurse delegations", NO),
        ("Nurse with ten years on a ward", PARTLY),
    ],
)
def test_a_trade_that_a_cv_only_speaks_of_is_nobody_s(page: str, state: VerdictState) -> None:
    job = Experience(title="Secretary", employer="Clinic", start="2015", end="2018")
    nurse = Criterion(id="c1", kind=K.TITLE, value="nurse", label="nurse")
    profile = Profile(experiences=(job,), language="fr" if page.startswith("Inf") else "en")
    assert evidence.judge(nurse, evidence.read(profile, (page,))).state is state


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("Bachelor's Degree in Business, Leeds", MET),
        ("Requirements for this position include: Bachelor's Degree in Business", NO),
    ],
)
def test_what_a_post_asked_for_is_no_degree(line: str, state: VerdictState) -> None:
    bachelor = Criterion(id="c1", kind=K.EDUCATION, value="bachelor", label="bachelor")
    assert evidence.judge(bachelor, evidence.read(Profile(), (line,))).state is state


def test_how_well_a_language_is_spoken_is_read_from_lines_too() -> None:
    english = Criterion(id="c1", kind=K.LANGUAGE, value="en", label="anglais", level=LanguageLevel.B2)
    assert evidence.fineness([english], evidence.read(Profile(), ("Anglais courant",))) > 0


@pytest.mark.parametrize(("minimum", "state"), [(8, PARTLY), (7, MET)])
def test_a_career_that_the_cv_counts_itself_is_no_longer_than_it_says(minimum: float, state: VerdictState) -> None:
    finding = _years(DATED.format("7 ans d'expérience\n"), minimum)
    assert (finding.state, finding.quotations, finding.years) == (state, ("7 ans d'expérience",), None)


@pytest.mark.parametrize(
    ("asked", "line", "speaks"),
    [
        ((K.SKILL, "Kubernetes", None), ("", "clusters K8s de production"), True),
        ((K.SKILL, "Kubernetes", None), ("", "Docker, Ansible"), False),  # near in meaning, and another
        ((K.SKILL, "gestion de projet", None), ("", "gestion des stocks"), False),
        ((K.SKILL, "Python", None), ("Souhaite apprendre ", "Python"), False),
        ((K.SKILL, "Java", None), ("I have no professional experience of ", "Java"), False),
        ((K.SKILL, "Java", None), ("Not only ", "Java, also Kotlin"), True),
        ((K.SKILL, "Java", None), ("", "Java : aucune expérience"), False),
        ((K.SKILL, "Java", None), ("", "JavaScript"), False),
        ((K.LANGUAGE, "de", None), ("Aucune notion d'", "allemand"), False),
        ((K.YEARS, "", 10), ("", "Acme, 2021 - 2023"), False),
        ((K.TEXT, "a dirigé une équipe", None), ("", "n'a jamais encadré personne"), False),
        ((K.TEXT, "a dirigé une équipe", None), ("", "en 2019"), False),
        ((K.EMPLOYER, "EDF", None), ("Principal client : ", "EDF"), False),
        ((K.EMPLOYER, "EDF", None), ("", "Technicien, EDF, 2012"), True),
        ((K.YEARS, "", 5), ("", "3 ans d'expérience"), False),
        ((K.YEARS, "", 5), ("", "équipe de 12"), False),
        ((K.YEARS, "", 5), ("", "Acme, 2014 - 2020"), True),
        ((K.SECTOR, "banque", None), ("", "Caisse du Littoral"), None),
        ((K.TEXT, "a dirigé une équipe", None), ("", "encadrement de huit personnes"), None),
    ],
)
def test_whether_a_model_s_quotation_bears_on_what_was_asked(
    asked: tuple[K, str, float | None], line: tuple[str, str], *, speaks: bool | None
) -> None:
    """`line`: what it says before the quotation, and the quotation."""
    kind, value, minimum = asked
    criterion = Criterion(id="c1", kind=kind, value=value, label=value or "years", minimum=minimum)
    assert evidence.speaks_of(criterion, line[1], (line[0], "")) is speaks


@pytest.mark.parametrize(
    ("asked", "quotation", "short"),
    [
        ((K.LANGUAGE, "en", LanguageLevel.B2), "Anglais : notions, espagnol courant", True),
        ((K.LANGUAGE, "en", LanguageLevel.B2), "Anglais courant", False),
        ((K.LANGUAGE, "en", LanguageLevel.B2), "Anglais", False),
        ((K.EDUCATION, "master", None), "Licence de droit, Lille", True),
        ((K.EDUCATION, "licence", None), "Master de droit, Lille", False),
        ((K.SKILL, "Python", None), "Notions de Python", True),
        ((K.SKILL, "React", None), "React Native", True),
        ((K.SKILL, "React", None), "React, React Native", False),
        ((K.TITLE, "chef de projet", None), "Assistant chef de projet", True),
        ((K.TITLE, "assistant chef de projet", None), "Assistant chef de projet", False),
    ],
)
def test_what_states_less_than_was_asked_falls_short(
    asked: tuple[K, str, LanguageLevel | None], quotation: str, *, short: bool
) -> None:
    kind, value, level = asked
    criterion = Criterion(id="c1", kind=kind, value=value, label=value, level=level)
    assert evidence.falls_short(criterion, quotation) is short


@pytest.mark.parametrize(
    ("page", "state"),
    [
        ("Aucune notion de Java", NO),
        ("Je n'ai jamais programmé en Java.", NO),
        ("Développement d'outils internes, sans aucune notion de\nJava ou de Kotlin", NO),
        ("Java: none", NO),
        ("Notions de Java", PARTLY),
        ("Python, Java (débutant)", PARTLY),
        ("Not only Java but Kotlin", MET),
        ("Pas de permis\nJava", MET),  # items of a list, each for itself
        ("Java – 5 ans", MET),
    ],
)
def test_what_is_denied_or_hardly_known_is_not_met(page: str, state: VerdictState) -> None:
    java = Criterion(id="c1", kind=K.SKILL, value="Java", label="Java")
    assert evidence.judge(java, evidence.read(Profile(), (page,))).state is state


@pytest.mark.parametrize(
    ("said", "asked", "state", "level"),
    [
        ("Anglais courant", LanguageLevel.C1, MET, LanguageLevel.C1),
        ("Anglais C1", LanguageLevel.C1, MET, None),
        ("Anglais scolaire", LanguageLevel.B2, PARTLY, LanguageLevel.A2),
        ("Anglais scolaire", LanguageLevel.B1, PARTLY, LanguageLevel.A2),
        ("Anglais : lu, écrit, parlé", LanguageLevel.B2, PARTLY, None),
        ("Anglais courant", None, MET, None),  # nothing was compared
    ],
)
async def test_a_level_read_from_words_is_told_as_such(
    said: str, asked: LanguageLevel | None, state: VerdictState, level: LanguageLevel | None
) -> None:
    pages = (f"Ada Brun\nLANGUES\n{said}",)
    profile = await RulesStructurer().structure(CVText(pages=pages))
    criterion = Criterion(id="c1", kind=K.LANGUAGE, value="en", label="anglais", level=asked)
    finding = evidence.judge(criterion, evidence.read(profile, pages))
    assert (finding.state, finding.level) == (state, level)


def test_one_letter_is_quoted_with_its_neighbour() -> None:
    page = "Compétences\nPython\nR"
    finding = evidence.judge(Criterion(id="c1", kind=K.SKILL, value="r", label="R"), evidence.read(Profile(), (page,)))
    assert finding.quotation == "Python R"
    assert prove(finding.quotation, (page,))


def test_a_title_is_quoted_where_its_job_stands() -> None:
    page = "- Encadrement de deux acheteurs\nAcheteur, Borel, 2015 - 2018"
    job = Experience(title="Acheteur", employer="Borel", start="2015", end="2018")
    cv = evidence.read(Profile(experiences=(job,)), (page,))
    finding = evidence.judge(Criterion(id="c1", kind=K.TITLE, value="acheteur", label="acheteur"), cv)
    assert finding.quotation == "Acheteur, Borel, 2015 - 2018"


@pytest.mark.parametrize(
    ("job", "page", "state"),
    [
        (Experience(title="Senior Project Manager", employer="Self-employed", start="2020", current=True), "", MET),
        (Experience(title="Consultante indépendante en paie", start="2021", current=True), "", MET),
        (Experience(title="Développeur", employer="Freelance", start="2018", end="2020"), "", PARTLY),  # no more
        (Experience(title="Buyer", employer="Acme", start="2018", current=True), "Hired and led freelances", NO),
        (Experience(title="Préparateur de commandes", employer="Intérim", start="2018", current=True), "", NO),
    ],
)
def test_who_works_freelance(job: Experience, page: str, state: VerdictState) -> None:
    lines = f"{job.title}\n{job.employer} {job.start}\n{page}"
    finding = evidence.judge(
        Criterion(id="c1", kind=K.TEXT, value="freelancers", label="freelancers"),
        evidence.read(Profile(experiences=(job,)), (lines,)),
    )
    assert finding.state == state
    assert finding.quotation in lines


@pytest.mark.parametrize(
    ("line", "hinted"),
    [
        ("- Planning of nurses and doctors", True),
        ("Clients: nurses", False),
        ("No experience as a nurse", False),
        ("Cook", False),
    ],
)
def test_a_trade_of_others_is_a_hint_and_no_reason(line: str, *, hinted: bool) -> None:
    asked = Criterion(id="c1", kind=K.TITLE, value="nurse", label="nurse")
    cv = evidence.read(Profile(experiences=(Experience(title="Planner"),), language="en"), (f"Planner\n{line}",))
    assert evidence.judge(asked, cv).state is NO
    assert evidence.hinted(asked, cv) is hinted
