"""Dates as CVs write them, and years of a career."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvmatcher.career import cut, find_date, find_range, find_span, newest_first, years_of_experience
from cvmatcher.domain import Experience


@pytest.mark.parametrize(
    ("line", "start", "end"),
    [
        ("Sept 2018 – May 2023", "2018-09", "2023-05"),
        ("01/2014 - 12/2016", "2014-01", "2016-12"),
        ("2014-2016", "2014", "2016"),
        ("du 01/02/2014 au 31/12/2016", "2014-02", "2016-12"),
        ("de mars à juin 2019", "2019-03", "2019-06"),
        ("Mai – août 2019", "2019-05", "2019-08"),
        ("2018/2019", "2018", "2019"),
        ("2018-19", "2018", "2019"),
        ("Jan 15 - Sep 15", "2015-01", "2015-09"),
        ("08/19 - 09/21", "2019-08", "2021-09"),
        ("09.2015 – 08.2018", "2015-09", "2018-08"),
        ("2019-05 – 2019-08", "2019-05", "2019-08"),
        ("Été 2019 - Automne 2020", "2019-07", "2020-10"),
        ("Comptable, Acme, févr. 2012 à déc. 2013", "2012-02", "2013-12"),
        ("March 2018  to  February 2020", "2018-03", "2020-02"),
    ],
)
def test_ranges(line: str, start: str, end: str) -> None:
    span = find_range(line)
    assert span
    assert (span.start, span.end, span.current) == (start, end, False)


@pytest.mark.parametrize(
    "line",
    [
        "June 2023 – present",
        "06/2023 to Current",
        "2023-06–now",
        "Depuis juin 2023",
        "Since June 2023",
        "juin 2023 – aujourd’hui",
        "juin 2023 à ce jour",
        "06/2023 (en cours)",
        "Juin 2023 -",
        "présent – juin 2023",
    ],
)
def test_running_jobs(line: str) -> None:
    span = find_range(line)
    assert span
    assert (span.start, span.end, span.current) == ("2023-06", None, True)


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("2015 / 07", "2015-07"),
        ("Jan 2016", "2016-01"),
        ("le 3 mars 2026", "2026-03"),
        ("2011 / 11", "2011-11"),
        ("Q2 2020", "2020-04"),
    ],
)
def test_single_dates(line: str, date: str) -> None:
    span = find_date(line)
    assert span
    assert (span.start, span.single) == (date, True)


@pytest.mark.parametrize(
    "line", ["US Patent 11,234,567", "06 12 34 20 19", "2 ans et 3 mois", "ISO 9001", "", "12-14 rue Verte"]
)
def test_what_is_no_date(line: str) -> None:
    assert find_span(line) is None


def test_an_end_before_its_start_is_no_range() -> None:
    span = find_span("2010 to 1990")
    assert span
    assert span.single


def test_cut_leaves_the_rest_of_the_line() -> None:
    line = "Comptable, 02/2017 – présent (3 ans)"
    span = find_range(line)
    assert span
    assert cut(line, span).split() == ["Comptable,", "\x1f", "\x1f"] or cut(line, span).startswith("Comptable, ")


def job(start: str | None, end: str | None = None, *, current: bool = False) -> Experience:
    return Experience(title="x", start=start, end=end, current=current)


@pytest.mark.parametrize(
    ("jobs", "years"),
    [
        ([job("2019-05", "2019-08")], 0.3),
        ([job("2014", "2016"), job("2016", "2018")], 4.0),
        ([job("2014-01", "2015-12"), job("2015-01", "2016-12")], 3.0),
        ([job("2010-01", "2019-12"), job("2012-01", "2013-12")], 10.0),
        ([job("2023-06", current=True)], 2.8),
        ([job("2017", "2017")], 0.5),
        ([job("2030-01", current=True), job("2014-01", "2014-12")], 1.0),
        ([job(None)], None),
        ([], None),
    ],
)
def test_overlaps_count_once_as_of_the_cv(jobs: list[Experience], years: float | None) -> None:
    assert years_of_experience(jobs, "2026-03") == years


def test_newest_first() -> None:
    old, new, running, undated = job("2010", "2012"), job("2013", "2020"), job("2012", current=True), job(None)
    assert newest_first([undated, old, running, new]) == (running, new, old, undated)


months = st.integers(1960 * 12, 2040 * 12).map(lambda n: f"{n // 12}-{n % 12 + 1:02d}")


@given(st.lists(st.tuples(months, months)))
def test_more_jobs_never_make_a_shorter_career(spans: list[tuple[str, str]]) -> None:
    jobs = [job(min(span), max(span)) for span in spans]
    totals = [years_of_experience(jobs[:n], "2026-03") or 0.0 for n in range(len(jobs) + 1)]
    assert totals == sorted(totals)
    assert totals[-1] <= 81


@given(st.text())
def test_any_line(line: str) -> None:
    span = find_span(line)
    if span:
        assert 0 <= span.at[0] < span.at[1] <= len(line)
        cut(line, span)


@given(months, months, st.sampled_from([" - ", " – ", " à ", " to ", " → "]))
def test_what_is_written_is_read(one: str, other: str, dash: str) -> None:
    first, last = sorted([one, other])
    span = find_range(f"{first[5:]}/{first[:4]}{dash}{last[5:]}/{last[:4]}")
    assert span
    assert (span.start, span.end) == (first, last)
