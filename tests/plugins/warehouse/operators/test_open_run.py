"""A run has a schema of its own, which notes what the warehouse was when it began."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.plugins.warehouse.operators.conftest import CUSTOMERS, OWNER, by_both_drivers, sale


@by_both_drivers
def test_two_runs_share_nothing(connection, shop):
    """Not even when one DAG run opens twice: each has a token, and with it a schema, never used before."""
    first, second = shop.run().open(), shop.run().open()
    assert first.schema != second.schema
    shop.sales("05", sale(1))
    first.stage()
    assert 1 == len(first.rows("staged_sales"))
    assert [] == second.rows("staged_sales")
    ((warehouses_token,),) = shop.rows("shop_raw.state", "token")
    for run in (first, second):
        ((token, base, run_id),) = run.rows("run", "token, base_token, run_id")
        assert (f"shop_run_{token}", warehouses_token, run.run_id) == (run.schema, base, run_id)


def test_the_schema_holds_the_columns_that_the_tables_have_now(shop):
    """Candidates LIKE the published tables; the comment by which a run's schema is known as ours."""
    shop.reader.execute("ALTER TABLE shop.customers ADD COLUMN shoe_size INTEGER")
    run = shop.run().open()
    described = shop.reader.execute(f"SELECT * FROM {run.schema}.customers").description
    assert ["customer", "city", "last_sale_at", "shoe_size"] == [column.name for column in described]
    query = "SELECT obj_description(c.oid) FROM pg_class AS c JOIN pg_namespace AS n ON c.relnamespace = n.oid "
    assert (OWNER,) == shop.reader.execute(query + f"WHERE nspname = '{run.schema}' AND relname = 'run'").fetchone()


def test_recompute_is_for_all_tables(shop):
    """Where there are raw records to compute them from."""
    shop.sales("05", sale(1))
    everything = [('["shop.customers", "shop.hours", "shop.receipts"]',)]
    assert [("[]",)] == shop.run(recompute="True").open().rows("run", "recompute")
    shop.publish()
    assert [("[]",)] == shop.run().open().rows("run", "recompute")
    assert everything == shop.run(recompute="True").open().rows("run", "recompute")


@pytest.mark.parametrize(
    ("schema", "error", "message"),
    [
        ("", AirflowFailException, "this run has no schema yet"),
        ("shop_run_0123456789abcdef", AirflowFailException, "is gone: later runs have published and removed it"),
        ("shop; DROP SCHEMA shop; --", ValueError, "not a plain schema name"),
    ],
)
def test_a_task_without_its_schema_says_what_to_do(shop, schema, error, message):
    """A task cleared in an old run finds its schema gone."""
    run = shop.run()
    run.schema = schema
    for task in (run.stage, lambda: run.load(CUSTOMERS), run.check, run.publish):
        with pytest.raises(error, match=message):
            task()
