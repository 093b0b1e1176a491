"""What the pool's own names tell of a message that no vocabulary explains."""

import pytest

from cvmatcher.adapters.word_index import TantivyIndex
from cvmatcher.domain import Criterion, CriterionKind, Education, Experience, Need, Understanding
from cvmatcher.grounding import ground
from cvmatcher.query.phrases import understand
from tests.pools import candidate


@pytest.fixture(scope="module")
def index() -> TantivyIndex:
    made = TantivyIndex()
    people = [
        candidate(
            "Ana Roy",
            "Ingénieur calcul, Nancy. Entrepôts Lamarque, CAP Empennage. BTS, Institut du Ponant. masterisation",
            headline="Ingénieur calcul",
            location="Nancy, France",
            experiences=(
                Experience(title="Ingénieur calcul", employer="Entrepôts Lamarque"),
                Experience(title="Ingénieur calcul", employer="CAP Empennage"),
            ),
            education=(Education(degree="BTS", school="Institut du Ponant"),),
            skills=("masterisation",),
        ),
        candidate(
            "Bea Lis",
            "Gouvernante à Pau, power tools, level crossings",
            headline="Gouvernante",
            skills=("power tools", "level crossings"),
        ),
    ]
    made.apply(people, [])
    return made


def grounded(message: str, index: TantivyIndex) -> dict[str, CriterionKind]:
    criteria, unused = understand(message)
    found = ground(message, Understanding(criteria=criteria, not_understood=unused), index)
    return {criterion.label.casefold(): criterion.kind for criterion in found.criteria}


@pytest.mark.parametrize(
    ("message", "label", "kind"),
    [
        ("masterisation ex entrepôts lamarque", "entrepôts lamarque", CriterionKind.EMPLOYER),
        ("masterisation ex entrepôts lamarque", "masterisation", CriterionKind.SKILL),
        ("ingénieur calcul allemand", "ingénieur calcul", CriterionKind.TITLE),
        ("ex cap empennage arabe", "cap empennage", CriterionKind.EMPLOYER),
        ("gouvernante avec un BTS", "bts", CriterionKind.EDUCATION),
        ("gouvernante institut du ponant", "institut du ponant", CriterionKind.EDUCATION),
    ],
)
def test_names_of_the_pool_are_known(index: TantivyIndex, message: str, label: str, kind: CriterionKind) -> None:
    assert grounded(message, index)[label] is kind


def test_a_refused_name_is_refused(index: TantivyIndex) -> None:
    message = "gouvernante, pas entrepôts lamarque"
    criteria, unused = understand(message)
    found = ground(message, Understanding(criteria=criteria, not_understood=unused), index)
    firm = next(c for c in found.criteria if "lamarque" in c.label)
    assert firm.need is Need.MUST_NOT


def test_half_of_an_unknown_name_names_nothing(index: TantivyIndex) -> None:
    assert "power" not in grounded("green power", index)


def test_a_word_inside_a_name_is_no_name(index: TantivyIndex) -> None:
    described = grounded("someone who answers for the power of the tools", index)
    assert CriterionKind.SKILL not in described.values()


def test_a_name_may_reach_over_a_word_of_no_meaning(index: TantivyIndex) -> None:
    message = "someone with experience of level crossings"
    found = ground(message, Understanding(criteria=(), not_understood=("crossings",)), index)
    assert [c.label for c in found.criteria] == ["level crossings"]
    assert found.not_understood == ()


def test_a_word_of_the_pool_s_titles_narrows_the_title_before_it(index: TantivyIndex) -> None:
    title = Criterion(id="c1", kind=CriterionKind.TITLE, value="ingénieur", label="ingénieur")
    known = Understanding(criteria=(title,), not_understood=("calcul",))
    assert [c.value for c in ground("ingénieur calcul", known, index).criteria] == ["ingénieur calcul"]
    strange = Understanding(criteria=(title,), not_understood=("drapier",))
    assert [c.value for c in ground("ingénieur drapier", strange, index).criteria] == ["ingénieur"]


def test_what_a_name_leaves_of_a_misread_stretch_is_said(index: TantivyIndex) -> None:
    misread = Criterion(id="c1", kind=CriterionKind.TEXT, value="drapiers nancy", label="drapiers nancy")
    found = ground("drapiers nancy", Understanding(criteria=(misread,)), index)
    assert [c.label for c in found.criteria] == ["nancy"]
    assert found.not_understood == ("drapiers",)


def test_what_the_rules_know_stays(index: TantivyIndex) -> None:
    message = "développeur Python à Lyon qui parle allemand"
    criteria, unused = understand(message)
    before = Understanding(criteria=criteria, not_understood=unused)
    assert ground(message, before, index) == before
