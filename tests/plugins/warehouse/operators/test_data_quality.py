"""All checks run, all results are kept, and one failure at the end lists every error."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.plugins.warehouse.operators.conftest import HOSTILE
from warehouse.checks import Check
from warehouse.operators.data_quality import DataQualityOperator


@pytest.fixture
def checks(shop):
    """Makes a check that a table holds at least so many rows."""
    sql = shop.sql("count.sql", "SELECT COUNT(*) AS observed FROM {{ table }} WHERE '{{ mode }}' = 'merge';")

    def check(name: str, at_least: int, severity: str = "error") -> Check:
        return Check(
            name=name,
            sql=sql,
            table="desk.orders",
            sentence="there are orders",
            at_least=at_least,
            severity=severity,
            parameters={"table": "desk.orders"},
        )

    return check


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_warnings_stop_nothing_errors_stop_the_run(connection, shop, checks):
    """The results are kept either way, and the candidates count as checked only without an error."""
    shop.fill("desk.orders", (1, "open", None), (2, "open", None))
    shop.open_run()
    passing, warning = checks("some", 1), checks("many", 100, "warn")
    judge = shop.operator(DataQualityOperator, checks=[passing, warning], results="desk.results")
    assert {"passed": 1, "warned": 1} == shop.run(judge)
    assert [(True,)] == shop.rows("desk.run", "is_checked")
    failing = [checks("three", 3), passing, warning, checks("four", 4)]
    judge = shop.operator(DataQualityOperator, checks=failing, results="desk.results")
    with pytest.raises(AirflowFailException) as raised:
        shop.run(judge)
    assert (
        "2 of 4 checks failed:\n"
        "- three: there are orders; observed 2, expected at least 3\n"
        "- four: there are orders; observed 2, expected at least 4"
    ) == str(raised.value)
    assert [(False,)] == shop.rows("desk.run", "is_checked")
    assert [
        ("r", "four", "error", False, 2, "at least 4"),
        ("r", "many", "warn", False, 2, "at least 100"),
        ("r", "some", "error", True, 2, "at least 1"),
        ("r", "three", "error", False, 2, "at least 3"),
    ] == shop.rows("desk.results", "run_id, check_name, severity, passed, observed, expected")


def test_results_reach_openlineage(shop, checks):
    """By the provider's own list, also when the task fails."""
    shop.open_run()
    judge = shop.operator(DataQualityOperator, checks=[checks("some", 1)], results="desk.results")
    with pytest.raises(AirflowFailException):
        shop.run(judge)
    (result,) = judge.check_results
    assert ("some", "count", False, "error") == (result.name, result.check_type, result.success, result.severity)
    assert ("desk.orders", "at least 1", "0") == (result.table, result.expected, result.actual)
    assert "SELECT COUNT(*) AS observed FROM desk.orders WHERE 'merge' = 'merge'" == result.content


def test_doubtful_checks_are_refused(shop, checks):
    """No checks at all, two of one name, a hostile table: when the DAG is read."""
    for declared, message in (([], "got none"), ([checks("a", 1), checks("b", 1), checks("a", 2)], "got a$")):
        with pytest.raises(ValueError, match=f"expected checks of different names, {message}"):
            shop.operator(DataQualityOperator, checks=declared, results="desk.results")
    with pytest.raises(ValueError, match="not a plain table name"):
        shop.operator(DataQualityOperator, checks=[checks("a", 1)], results=HOSTILE)
