"""A run that left files out turns red at its end, and names them."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tests.plugins.warehouse.operators.conftest import sale


def test_every_file_left_out_is_named_with_its_reason(shop):
    """After everything else is published; once the file is right, the next run is green."""
    shop.sales("04", sale(1, "2018-11-04 12:00:00"))
    key = shop.sales("05", sale(2), sale("three"))
    run = shop.publish()
    assert [(1,)] == shop.rows("shop.receipts", "number")
    with pytest.raises(AirflowFailException) as raised:
        run.report_left_out()
    headline, line = str(raised.value).splitlines()
    assert "1 file was left out; all others were loaded. Correct or remove what is named here:" == headline
    assert line.startswith(f"- {key}: s3://{shop.lake.bucket}/{key}, line 2, column number, value 'three': ")
    shop.sales("05", sale(2), sale(3))
    shop.publish().report_left_out()
    assert [(1,), (2,), (3,)] == shop.rows("shop.receipts", "number")


def test_a_run_that_was_cleared_and_had_nothing_to_do_reports_nothing_old(shop):
    """XCom still has the schema of the time before, with the file that was left out then."""
    key = shop.sales("05", sale("three"))
    run = shop.run().prepare()
    shop.lake.delete(key)
    run.context["ti"].exchange.states["open_run"] = "skipped"
    with pytest.raises(AirflowSkipException):
        run.report_left_out()


def test_without_a_run_there_is_nothing_to_report(shop):
    """The task runs also when nothing was to be done, and no run was opened."""
    with pytest.raises(AirflowSkipException):
        shop.run().report_left_out()
