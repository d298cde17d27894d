"""All checks run, all results are kept, and one failure at the end lists every error."""

from __future__ import annotations

import re

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tests.plugins.warehouse.operators.conftest import SOME_RECEIPTS, by_both_drivers, sale
from warehouse.checks import Check
from warehouse.errors import DatabaseError
from warehouse.operators import data_quality
from warehouse.session import Session

COLUMNS = "run_id, check_name, table_name, severity, passed, observed, expected, description"


def count(name: str, at_least: int, severity: str = "error", sql: str = "checks/count.sql") -> Check:
    """A check that a run has at least so many receipts."""
    return Check(
        name=name,
        sql=sql,
        table="shop_run.receipts",
        description="there are receipts",
        at_least=at_least,
        severity=severity,
        parameters={"table": "receipts"},
    )


@pytest.fixture
def two_receipts(shop):
    """A run with two new receipts."""
    shop.sales("05", sale(1), sale(2))
    return shop.run().prepare()


@by_both_drivers
def test_warnings_stop_nothing_errors_stop_the_run(connection, shop, two_receipts):
    """The results are kept either way; a second try's replace the first's. Only without errors is it published."""
    run = two_receipts
    passing, warning = count("some", 1), count("many", 100, "warn")
    failing = [count("three", 3), passing, warning, count("four", 4)]
    with pytest.raises(AirflowFailException) as raised:
        run.check(*failing)
    assert (
        "2 of 4 checks failed:\n"
        "- three: there are receipts; observed 2, expected at least 3\n"
        "- four: there are receipts; observed 2, expected at least 4"
    ) == str(raised.value)
    words = ("there are receipts",)
    assert [
        (run.run_id, "four", "shop_run.receipts", "error", False, 2, "at least 4", *words),
        (run.run_id, "many", "shop_run.receipts", "warn", False, 2, "at least 100", *words),
        (run.run_id, "some", "shop_run.receipts", "error", True, 2, "at least 1", *words),
        (run.run_id, "three", "shop_run.receipts", "error", False, 2, "at least 3", *words),
    ] == shop.rows("shop_quality.results", COLUMNS)
    with pytest.raises(AirflowFailException, match="have not passed the checks"):
        run.publish()
    assert {"passed": 1, "warned": 1} == run.check(passing, warning)
    assert [("many",), ("some",)] == shop.rows("shop_quality.results", "check_name")
    run.publish()
    assert 2 == len(shop.rows("shop.receipts"))


@by_both_drivers
def test_a_check_whose_sql_is_wrong_hides_no_other(connection, shop, two_receipts):
    """It is a failed check with the database's words; the checks before and after it see the same rows."""
    broken = count("broken", 0, sql=shop.sql("checks/broken.sql", "SELECT shoe_size FROM {{ run_schema }}.receipts"))
    text = count("text", 0, sql=shop.sql("checks/text.sql", "SELECT 'many'"))
    with pytest.raises(AirflowFailException) as raised:
        two_receipts.check(count("three", 3), broken, text, count("four", 4), count("two", 2))
    message = str(raised.value)
    assert "4 of 5 checks failed" in message
    assert "broken: there are receipts; observed an error: " in message
    assert "shoe_size" in message
    assert "text: there are receipts; observed an error: a check observes one number, got 'many'" in message
    assert "four: there are receipts; observed 2" in message
    assert [("broken", None, False), ("text", None, False)] == [
        row for row in shop.rows("shop_quality.results", "check_name, observed, passed") if row[1] is None
    ]


@by_both_drivers
def test_a_database_error_that_can_pass_is_a_retry_and_no_failed_check(connection, shop, two_receipts, monkeypatch):
    """The error goes up as the driver raised it, for the retry policy; no result is kept of this try."""
    execute = Session.execute

    def lose_the_connection(session, sql, *values):
        if "COUNT(*) AS observed" not in sql:
            return execute(session, sql, *values)
        raise DatabaseError("terminating connection", "57P01")

    monkeypatch.setattr(Session, "execute", lose_the_connection)
    monkeypatch.setattr(data_quality, "reason_to_retry", lambda error: "the server ended the connection")
    with pytest.raises(Exception, match="57P01") as raised:
        two_receipts.check()
    assert not isinstance(raised.value, AirflowFailException)
    assert [] == shop.rows("shop_quality.results")
    monkeypatch.undo()
    two_receipts.check()


def test_results_reach_openlineage(two_receipts):
    """By the provider's own list, also when the task fails."""
    with pytest.raises(AirflowFailException):
        two_receipts.check(count("three", 3))
    (result,) = two_receipts.last.check_results
    assert ("three", "count", False, "error") == (result.name, result.check_type, result.success, result.severity)
    assert ("shop_run.receipts", "at least 3", "2") == (result.table, result.expected, result.actual)
    assert f"SELECT COUNT(*) AS observed FROM {two_receipts.schema}.receipts" == result.content


def test_warnings_that_have_grown_are_sent(shop, monkeypatch):
    """Those further out of bounds than in the run before, too many or too few; what stops a run is no warning."""
    sent = []
    monkeypatch.setattr(data_quality, "send_warning", lambda *values: sent.append(values[:3]))
    few = Check(
        name="few",
        sql="checks/count.sql",
        table="shop_run.receipts",
        description="there are few receipts",
        at_most=0,
        severity="warn",
        parameters={"table": "receipts"},
    )
    words = {2: ["few", "many"], 3: ["few"], 1: ["many"]}
    for number, names in words.items():
        shop.sales("05", *[sale(10 * number + place) for place in range(number)])
        run = shop.run().prepare()
        run.check(few, count("many", 100, "warn"), count("some", 1), alert_topic="arn:topic")
        run.publish()
        topic, subject, message = sent[-1]
        assert ("arn:topic", f"shop: {len(names)} {'warnings' if names[1:] else 'warning'} got worse") == (
            topic,
            subject,
        )
        assert names == re.findall(r"^- (\w+): there are", message, re.MULTILINE)
    assert "- many: there are receipts; observed 1, expected at least 100; the run before: 3" in message
    run.check(count("some", 1), alert_topic="arn:topic")
    assert 3 == len(sent)


def test_a_run_in_which_nothing_was_accepted_has_nothing_to_check(shop):
    """All its files were left out: no result, and publish is skipped too."""
    shop.sales("05", sale(1))
    shop.publish()
    shop.sales("05", sale("one"))
    run = shop.run().prepare()
    for task in (run.check, run.publish):
        with pytest.raises(AirflowSkipException, match="no file was accepted"):
            task()


@pytest.mark.parametrize(
    ("checks", "names"), [([], "none"), ([SOME_RECEIPTS, count("b", 1), SOME_RECEIPTS], "some receipts")], ids=str
)
def test_no_checks_or_two_of_one_name_are_refused(shop, checks, names):
    """When the DAG is read."""
    with pytest.raises(ValueError, match=f"expected checks of different names, got {names}$"):
        shop.operator(data_quality.DataQualityOperator, run_schema="", checks=checks)
