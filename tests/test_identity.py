"""What must not reach a model, and what must stay readable for it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvmatcher.domain import Profile
from cvmatcher.identity import mask

CAMILLE = Profile(
    name="Camille Lefèvre-Durand",
    emails=("camille.ld@exemple.fr",),
    phones=("+33 6 12 34 56 78",),
    links=("linkedin.com/in/camilleld", "camille.dev"),
    location="Lyon",
)


def test_a_french_header_loses_the_person_and_keeps_the_town() -> None:
    text = """Mme Camille LEFEVRE-DURAND
Développeuse Python
12 bis rue de la République, 69002 Lyon
Née le 3 mars 1990 à Grenoble - 34 ans - Célibataire, 2 enfants
06 12 34 56 78 | camille.ld@exemple.fr | linkedin.com/in/camilleld | camille.dev
2014 - 2016 Développeuse chez Durand SA, Lyon"""
    masked = mask(text, CAMILLE)
    for secret in (
        "Camille",
        "LEFEVRE",
        "République",
        "69002",
        "1990",
        "34 ans",
        "Célibataire",
        "06 12",
        "@",
        "camille",
        "Mme",
    ):
        assert secret not in masked, secret
    assert "Lyon" in masked
    assert "2014 - 2016" in masked
    assert len(masked.split("\n")) == len(text.split("\n"))


def test_an_english_header() -> None:
    text = """John O'Neill (he/him)
221 Baker Street, Apt 4, Springfield, IL 62704
Date of birth: 12/04/1985 | Gender: male | Marital status: married
(217) 555-0143 | john@x.org | https://github.com/joneill
John led 12 people for 10 years, 2010-2019."""
    masked = mask(text, Profile(name="John O'Neill"))
    for secret in ("John", "Neill", "Baker", "62704", "1985", "male", "married", "555", "@x", "github", "he/him"):
        assert secret not in masked, secret
    assert "led 12 people for 10 years, 2010-2019." in masked
    assert "Springfield" in masked


@pytest.mark.parametrize(
    "harmless",
    [
        "10 ans d'expérience en développement",
        "Expérience : 15 ans",
        "01/2014 - 12/2016 Comptable",
        "2012 - 2014, 2014 - 2016",
        "Gestion de 250 000 lignes",
        "Designed women's and men's shoes",
        "Budget of 12 500 000 EUR",
        "Place de marché en ligne",
    ],
)
def test_work_is_not_taken_for_a_person(harmless: str) -> None:
    assert mask(harmless, Profile()) == harmless


def test_accents_do_not_hide_a_name() -> None:
    assert mask("HELENE est là; Hélène aussi", Profile(name="Hélène Roux")) == "[name] est là; [name] aussi"


@given(st.text(), st.text(max_size=40))
def test_any_text_and_any_name(text: str, name: str) -> None:
    profile = Profile(name=name)
    once = mask(text, profile)
    assert once.count("\n") <= text.count("\n")
    assert "@b.co" not in mask(f"{text} a@b.co", profile)
