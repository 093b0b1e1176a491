"""A pasted job description gives its few criteria and nothing of its boilerplate. The adverts are invented.

The truth of each stands in its first line, in the form that tests/truth/own.txt explains, written before the rules.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvmatcher.domain import CriterionKind, Need
from cvmatcher.query import advert
from tests import understanding

ADVERTS = sorted((understanding.TRUTH.parent / "adverts").glob("*.txt"))
BOILERPLATE = """About us
We are a leading bank in Geneva with offices in Tokyo and Madrid. Our engineers use Cobol and speak German.

Benefits
Health insurance, Spanish classes, 10 years of service bonus, a degree paid for you.

Equal opportunity
All qualified applicants are considered, with or without a disability."""


@pytest.mark.parametrize("path", ADVERTS, ids=lambda path: path.stem)
def test_an_advert_gives_its_criteria_and_no_more(path: Path) -> None:
    truth, text = understanding.advert(path)
    assert advert.is_advert(text)
    found, missed, extra = understanding.compared(truth | {"request": text}, advert.understand)
    assert found
    assert [one["value"] for one in missed] == []
    assert [(one.kind.value, one.need.value, one.value) for one in extra] == []


@pytest.mark.parametrize("path", ADVERTS, ids=lambda path: path.stem)
def test_boilerplate_changes_nothing(path: Path) -> None:
    _, text = understanding.advert(path)
    assert advert.understand(f"{text}\n\n{BOILERPLATE}")[0] == advert.understand(text)[0]


def test_a_part_of_wishes_gives_wishes() -> None:
    text = "Accountant\n\nRequirements\n- Excel\n- fluent Dutch\n\nNice to have\n- SAP\n- Italian"
    wanted = {one.value: one.need for one in advert.understand(text)[0]}
    musts, wishes = dict.fromkeys(("Accountant", "Excel", "nl"), Need.MUST), dict.fromkeys(("SAP", "it"), Need.NICE)
    assert wanted == musts | wishes


def test_a_profile_of_virtues_asks_for_nothing_and_says_so() -> None:
    text = "Vendeur\n\nProfil\n- Bonne humeur communicative\n- Esprit d'équipe\n- Rigueur"
    criteria, unused = advert.understand(text)
    assert [(one.kind, one.value) for one in criteria] == [(CriterionKind.TITLE, "Vendeur")]
    assert "Bonne humeur communicative" in unused


@pytest.mark.parametrize(
    "message",
    ["développeur Python à Lyon qui parle allemand", "someone senior\nin Leeds", "profil comptable", "a, b, c. " * 10],
)
def test_a_request_is_no_advert(message: str) -> None:
    assert not advert.is_advert(message)


def test_a_long_advert_keeps_what_it_asks_for() -> None:
    text = "Nurse\n\nAbout us\n" + "We care.\n" * 400 + "\nRequirements\nFluent Welsh\nICU\n"
    short, whole = advert.essence(text, 400)
    assert whole
    assert len(short.encode()) <= 400
    assert advert.understand(short)[0] == advert.understand(text)[0]


@given(
    st.text(max_size=400), st.lists(st.sampled_from(["Profil :", "Requirements", "- Python", "About us", "", "Lyon"]))
)
def test_any_text_gives_an_answer(text: str, lines: list[str]) -> None:
    whole = "\n".join([text, *lines])
    criteria, unused = advert.understand(whole)
    assert [one.id for one in criteria] == [f"c{number}" for number in range(1, len(criteria) + 1)]
    assert all(part in whole for part in unused)
