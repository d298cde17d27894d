"""A check is data that can fail."""

from __future__ import annotations

import pytest

from warehouse.checks import Check, Result, figure


def check(**changed) -> Check:
    """A check with some fields changed."""
    fields = {"name": "n", "sql": "checks/x.sql", "table": "a.b", "sentence": "it is so", "at_least": 0, "at_most": 0}
    return Check(**{**fields, **changed})


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
def test_a_figure_keeps_its_bounds_or_fails(bounds, observed, passes):
    """No figure never passes: a check over an empty table must not pass by accident."""
    assert passes is check(**bounds).passes(observed)


def test_a_check_that_cannot_fail_is_refused():
    """Without bounds it would claim nothing."""
    with pytest.raises(ValueError, match="can never fail"):
        check(at_least=None, at_most=None)


def test_a_result_says_claim_observed_and_expected():
    """In one sentence."""
    assert "n: it is so; observed 3, expected 0" == str(Result(check(), 3.0, "SELECT 3"))
    assert "n: it is so; observed nothing, expected from 1 to 2" == str(Result(check(at_least=1, at_most=2), None, ""))


def test_a_figure_must_be_a_number():
    """A query that gives words is a mistake in the check."""
    with pytest.raises(ValueError, match="observes one number"):
        figure("many")
