"""The behaviour cases of SQL: each works as the guide says, is refused by name, or is listed as differing."""

import re
from typing import Any

import psycopg2
import pytest

from tests.sandbox.redshift.cases import Place, each, gaps_that_are_no_cases


def carry_out(case: dict[str, Any], place: Place) -> None:
    place.run(*case["setup_sql"])
    if "expected_error_regex" in case:
        # What Redshift refuses may be refused in the sandbox's words.
        with pytest.raises(psycopg2.Error) as failure:
            place.run(case["query"])
        assert re.search(case["expected_error_regex"], str(failure.value), re.IGNORECASE | re.DOTALL)
        return
    expected, rows = place.expected(case["expected_rows"]), place.rows(case["query"])
    if "tolerance" in case:
        expected = [[pytest.approx(float(value), abs=case["tolerance"]) for value in row] for row in expected]
        rows = [[float(value) for value in row] for row in rows]
    assert expected == rows


@each("sql_cases")
def test_case_works_or_is_a_known_gap(case: dict[str, Any], place: Place) -> None:
    if place.is_gap("sql_cases", case):
        with pytest.raises(psycopg2.errors.FeatureNotSupported):
            carry_out(case, place)
    else:
        carry_out(case, place)


def test_every_known_gap_is_a_case() -> None:
    assert set() == gaps_that_are_no_cases("sql_cases")
