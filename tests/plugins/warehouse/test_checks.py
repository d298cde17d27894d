"""A check is data that can fail."""

from __future__ import annotations

import pytest

from warehouse.checks import Check, Result, observation


def check(**changed) -> Check:
    """A check with some fields changed."""
    fields = {"name": "n", "sql": "checks/x.sql", "table": "a.b", "description": "it is so"}
    return Check(**{**fields, "at_least": 0, "at_most": 0, **changed})


@pytest.mark.parametrize(
    ("bounds", "observed", "passes"),
    [
        ({"at_least": 0, "at_most": 0}, 0.0, True),
        ({"at_least": 0, "at_most": 0}, 1.0, False),
        ({"at_least": 1, "at_most": None}, 0.0, False),
        ({"at_least": None, "at_most": 0.5}, 0.5, True),
        ({"at_least": 1, "at_most": 2}, 2.5, False),
        ({"at_least": 0, "at_most": None}, None, False),
    ],
)
def test_an_observed_value_keeps_its_bounds_or_fails(bounds, observed, passes):
    """No value never passes: a check over an empty table must not pass by accident."""
    assert passes is check(**bounds).passes(observed)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"at_least": None, "at_most": None}, "can never fail"),
        ({"severity": "fatal"}, "not a severity: 'fatal'"),
        ({"table": "a.b; DROP TABLE c"}, "not a plain table name"),
    ],
)
def test_a_check_that_makes_no_sense_is_refused(changed, message):
    """When the DAG is read."""
    with pytest.raises(ValueError, match=message):
        check(**changed)


def test_a_result_says_claim_observed_and_expected():
    """In one line."""
    assert "n: it is so; observed 3, expected 0" == str(Result(check(), 3.0, "SELECT 3"))
    assert "n: it is so; observed nothing, expected from 1 to 2" == str(Result(check(at_least=1, at_most=2), None, ""))
    assert "n: it is so; observed an error: no table, expected 0" == str(Result(check(), None, "", error="no table"))


def test_an_observation_must_be_a_number():
    """A query that gives text is a mistake in the check."""
    with pytest.raises(ValueError, match="observes one number"):
        observation("many")


@pytest.mark.parametrize(
    ("bounds", "observed", "excess"),
    [
        ({"at_least": None, "at_most": 2}, 2.5, 0.5),
        ({"at_least": 0.2, "at_most": 5}, 0.1, 0.1),
        ({"at_least": 1, "at_most": None}, 3, 0),
        ({"at_least": 1, "at_most": None}, None, 0),
    ],
)
def test_the_excess_is_the_distance_from_the_bounds(bounds, observed, excess):
    """Whether the value is too large or too small."""
    assert excess == check(**bounds).excess(observed)
