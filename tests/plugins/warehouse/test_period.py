"""A period names a stretch of time."""

from __future__ import annotations

import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.period import Period


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2018", (2018, 1, 1), (2019, 1, 1)),
        ("2018-12", (2018, 12, 1), (2019, 1, 1)),
        ("2020-02", (2020, 2, 1), (2020, 3, 1)),
        ("2018-11-30", (2018, 11, 30), (2018, 12, 1)),
    ],
)
def test_a_period_begins_and_ends(text, start, end):
    """The end is the first moment after it."""
    assert Period(text, datetime.datetime(*start), datetime.datetime(*end)) == Period.parse(text)


@given(st.dates(datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)))
def test_a_day_lies_in_its_month_year_and_all(day):
    """Whatever the day."""
    wider = [Period.parse(text) for text in (day.isoformat(), day.isoformat()[:7], day.isoformat()[:4], "all")]
    assert all(outer.start <= inner.start and inner.end <= outer.end for inner, outer in pairwise(wider))


@pytest.mark.parametrize("text", ["", "today", "2018-1", "2018-13", "2018-02-29", "2018-11-05T00", "20181105", "all "])
def test_what_is_no_period_is_refused(text):
    """With what was expected."""
    with pytest.raises(ValueError, match="not a period"):
        Period.parse(text)
