"""What the pool's own names tell of a message that no vocabulary explains."""

import pytest

from cvmatcher.adapters.word_index import TantivyIndex
from cvmatcher.domain import CriterionKind, Education, Experience, Need, Understanding
from cvmatcher.grounding import ground
from cvmatcher.query.phrases import understand
from tests.pools import candidate


@pytest.fixture(scope="module")
def index() -> TantivyIndex:
    made = TantivyIndex()
    people = [
        candidate(
            "Ana Roy",
            "Ingénieur calcul, Nancy, France. Entrepôts Lamarque. BTS, Institut du Ponant. masterisation",
            headline="Ingénieur calcul",
            location="Nancy, France",
            experiences=(Experience(title="Ingénieur calcul", employer="Entrepôts Lamarque"),),
            education=(Education(degree="BTS", school="Institut du Ponant"),),
            skills=("masterisation",),
        ),
        candidate("Bea Lis", "Gouvernante à Pau, power tools", headline="Gouvernante", skills=("power tools",)),
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


def test_what_the_rules_know_stays(index: TantivyIndex) -> None:
    message = "développeur Python à Lyon qui parle allemand"
    criteria, unused = understand(message)
    before = Understanding(criteria=criteria, not_understood=unused)
    assert ground(message, before, index) == before
