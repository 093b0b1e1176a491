"""A misspelt word is offered as what it was probably meant to be; words that are no slip are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvmatcher.query.spelling import suggestion


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("nfirmière", "infirmière"),
        ("infirmere", "infirmière"),
        ("acountant", "accountant"),
        ("dévelopeur", "développeur"),
        ("Pyhton", "Python"),
        ("allemend", "allemand"),
        ("Tolouse", "Toulouse"),
        ("Lyonn", "Lyon"),
        ("project manger", "project manager"),
    ],
)
def test_a_slip_is_recognised(written: str, meant: str) -> None:
    found = suggestion(written)
    assert found is not None
    assert (found.written, found.meant) == (written, meant)


@pytest.mark.parametrize(
    "written", ["", "xqzvw", "infirmière", "Kubernetes", "sympathique", "dynamique", "klingon", "ab"]
)
def test_what_is_no_slip_is_left_alone(written: str) -> None:
    assert suggestion(written) is None


def test_one_word_of_a_stretch_is_mended() -> None:
    found = suggestion("bon comptble senior")
    assert found is not None
    assert (found.written, found.meant) == ("comptble", "comptable")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_a_name_or_nothing(text: str) -> None:
    found = suggestion(text)
    assert found is None or (found.meant and found.written in text)
