"""What "or" joins: in a message, in one after it, and in what was kept before there were alternatives."""

from __future__ import annotations

import pytest

from cvmatcher.alternatives import groups
from cvmatcher.domain import Criterion, CriterionKind, Need, Understanding
from cvmatcher.query.conversation import follow_up
from cvmatcher.query.phrases import understand


def together(criteria: tuple[Criterion, ...]) -> set[frozenset[str]]:
    return {frozenset(one.value for one in group) for group in groups(criteria)}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Java ou Kotlin", ["Java|Kotlin"]),
        ("soit Java soit Kotlin", ["Java|Kotlin"]),
        ("either Java or Kotlin", ["Java|Kotlin"]),
        ("comptable, soit Nantes, soit Rennes", ["comptable", "Nantes|Rennes"]),
        ("Java et Kotlin", ["Java", "Kotlin"]),
        ("Python, Java or Scala, and AWS or GCP", ["Python|Java|Scala", "AWS|GCP"]),
        ("Python and Java or Scala", ["Python", "Java|Scala"]),
        ("anglais ou allemand courant", ["en|de"]),
        ("anglais, allemand", ["en", "de"]),
        ("à Lyon ou Grenoble", ["Lyon|Grenoble"]),
        ("idéalement Sage ou Cegid", ["Sage|Cegid"]),
        ("développeur Java ou Kotlin", ["développeur", "Java|Kotlin"]),
        ("Java or Kotlin developer", ["developer", "Java|Kotlin"]),
        ("développeur PHP, Symfony ou Laravel", ["développeur", "PHP|Symfony|Laravel"]),
        ("soudeur TIG ou MIG", ["soudeur", "TIG|MIG"]),
        ("développeur Java et Kotlin", ["développeur Java", "Java", "Kotlin"]),
        ("math or science teacher", ["math teacher|science teacher"]),
        ("primary or secondary school teacher", ["primary school teacher|secondary school teacher"]),
        ("IT manager or director", ["IT manager|IT director"]),
        ("prof de maths ou de physique", ["prof de maths|prof de physique"]),
        ("directeur ou responsable commercial", ["directeur commercial|responsable commercial"]),
        ("ingénieur mécanique ou électrique", ["ingénieur mécanique|ingénieur électrique"]),
        ("nurse or midwife", ["nurse|midwife"]),
        ("Lyon or remote nurse", ["Lyon", "nurse"]),
        ("React et/ou Vue", ["React|Vue"]),
    ],
)
def test_what_or_joins(message: str, expected: list[str]) -> None:
    assert together(understand(message)[0]) == {frozenset(one.split("|")) for one in expected}


@pytest.mark.parametrize("message", ["ou Kotlin", "or Kotlin", "ou bien Kotlin"])
def test_a_message_that_opens_with_or_gives_a_choice(message: str) -> None:
    first = understand("Python, Java")[0]
    assert together(follow_up(message, first)[0]) == {frozenset({"Python"}), frozenset({"Java", "Kotlin"})}


def test_a_choice_outlives_a_follow_up() -> None:
    first = understand("Java ou Kotlin à Lyon")[0]
    assert frozenset({"Java", "Kotlin"}) in together(follow_up("plutôt à Lille", first)[0])


def test_choices_of_two_messages_stay_apart() -> None:
    first = understand("Java ou Kotlin")[0]
    both = follow_up("avec AWS ou GCP", first)[0]
    assert together(both) == {frozenset({"Java", "Kotlin"}), frozenset({"AWS", "GCP"})}


def test_one_of_them_may_become_a_wish() -> None:
    java, kotlin = understand("Java ou Kotlin")[0]
    assert len(groups((java, kotlin.model_copy(update={"need": Need.NICE})))) == 2


def test_two_kinds_are_joined_through_a_third() -> None:
    """At that firm, in that sector, or in another firm: one of the three."""
    firm = Criterion(id="c1", kind=CriterionKind.EMPLOYER, value="EDF", label="EDF", either="edf")
    sector = Criterion(id="c2", kind=CriterionKind.SECTOR, value="energy", label="energy", either="edf")
    other = Criterion(id="c3", kind=CriterionKind.EMPLOYER, value="Engie", label="Engie")
    assert groups((firm, other, sector)) == ((firm, other, sector),)


def test_what_was_kept_without_the_field_still_loads() -> None:
    old = {"criteria": [{"id": "c1", "kind": "skill", "need": "must", "value": "Java", "label": "Java"}], "by": "rules"}
    assert Understanding.model_validate(old).criteria[0].either == ""
