"""Opening a run: one row says whose staging and audit are, and nothing of the run before is left."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.plugins.warehouse.operators.conftest import HOSTILE, NOWHERE
from warehouse.operators.open_run import OpenRunOperator


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_a_run_takes_over(connection, shop):
    """Also from two rows, which no run should have left."""
    shop.fill("desk.run", ("old", "all", "merge", True, False), ("older", "all", "merge", True, True))
    shop.fill("desk.raw", (1, "open", None))
    shop.fill("shop.orders", (1, "open", None))
    opened = shop.run(shop.operator(OpenRunOperator, empties=["desk.raw"], period="2018-11", mode="replace"))
    assert {"period": "2018-11", "mode": "replace"} == opened
    assert [("r", "2018-11", "replace", False, False)] == shop.rows("desk.run")
    assert (0, 1) == (len(shop.rows("desk.raw")), len(shop.rows("shop.orders")))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"period": "2018-02-30"}, "not a period: '2018-02-30'"),
        ({"period": "all'; --"}, "not a period"),
        ({"period": "all", "mode": "append"}, "not a mode: 'append'; expected one of merge, replace, rebuild"),
        ({"period": "2018-11", "mode": "rebuild"}, "a rebuild is of period 'all', got '2018-11'"),
    ],
)
def test_what_is_no_period_or_mode_is_refused_before_any_sql(shop, arguments, message):
    """No connection is asked for."""
    with pytest.raises(AirflowFailException, match=message):
        shop.run(shop.operator(OpenRunOperator, empties=[], conn_id=NOWHERE, **arguments))


@pytest.mark.parametrize("changed", [{"empties": [HOSTILE]}, {"run_table": HOSTILE}], ids=str)
def test_hostile_names_are_refused(shop, changed):
    """When the DAG is read."""
    with pytest.raises(ValueError, match="not a plain table name"):
        shop.operator(OpenRunOperator, **({"empties": [], "period": "all"} | changed))
