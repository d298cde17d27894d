"""Tables are made as their DDL says, renewed where they hold nothing that lasts, and readable for one group."""

from __future__ import annotations

import contextlib

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.plugins.warehouse.operators.conftest import HOSTILE, NOWHERE
from warehouse.operators.create_tables import CreateTablesOperator

LASTING = "CREATE TABLE IF NOT EXISTS {{ table }} (order_id BIGINT NOT NULL, status VARCHAR(16), changed_at TIMESTAMP)"
OF_ONE_RUN = "CREATE TABLE IF NOT EXISTS {{ table }} (page VARCHAR(64), seconds INTEGER)"
VIEW = "CREATE OR REPLACE VIEW desk.long_visits AS SELECT page FROM desk.visits WHERE seconds > 60"


@pytest.fixture
def create(shop):
    """Makes the operator over a lasting table that is as it should be, and one of a run that lacks a column."""

    def operator(**changed):
        arguments = {
            "schemas": ["shop", "desk"],
            "tables": {"shop.orders": shop.sql("orders.sql", LASTING)},
            "transient": {"desk.visits": shop.sql("visits.sql", OF_ONE_RUN)},
            "views": [shop.sql("view.sql", VIEW)],
        }
        return shop.operator(CreateTablesOperator, **(arguments | changed))

    return operator


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_a_table_of_one_run_is_made_anew_and_closes_the_run(connection, shop, create):
    """Its rows may go, but no candidates of a run without them may be published; lasting rows stay."""
    shop.fill("shop.orders", (1, "open", None))
    shop.fill("desk.visits", ("home",))
    shop.open_run(is_checked=True)
    shop.run(create())
    assert [1] == [row[0] for row in shop.rows("shop.orders")]
    assert [] == shop.rows("desk.visits", "page, seconds")
    assert [] == shop.rows("desk.long_visits")
    assert [] == shop.rows("desk.run")


def test_a_second_time_changes_nothing(shop, create):
    """What is as its DDL says stays, with the run in progress."""
    shop.run(create())
    shop.fill("desk.visits", ("home", 61))
    shop.open_run()
    shop.run(create())
    assert [("home",)] == shop.rows("desk.long_visits")
    assert 1 == len(shop.rows("desk.run"))


def test_a_lasting_table_that_differs_is_refused_and_nothing_renewed(shop, create):
    """Even where another table could be made anew."""
    shop.reader.execute("ALTER TABLE shop.orders ADD COLUMN price INTEGER")
    shop.open_run()
    with pytest.raises(AirflowFailException, match=r"run: ALTER TABLE shop\.orders DROP COLUMN price"):
        shop.run(create())
    assert 1 == len(shop.rows("desk.run"))


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_readers_read_what_is_published_and_nothing_else(connection, shop, create):
    """A login of the group sees the published schema; staging and audit stay closed."""
    shop.fill("shop.orders", (1, "open", None))
    for statement in ("DROP USER IF EXISTS shop_reader", "DROP GROUP shop_readers"):
        with contextlib.suppress(psycopg.errors.UndefinedObject):
            shop.reader.execute(statement)
    shop.reader.execute("CREATE GROUP shop_readers")
    shop.reader.execute("CREATE USER shop_reader PASSWORD 'Reader123' IN GROUP shop_readers")
    shop.run(create(readers="shop_readers", readable="shop"))
    with psycopg.connect("", user="shop_reader", password="Reader123", autocommit=True) as login:
        assert [(1,)] == login.execute("SELECT order_id FROM shop.orders").fetchall()
        for refused in ("SELECT * FROM desk.orders", "DELETE FROM shop.orders"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                login.execute(refused)


def test_hostile_readers_are_refused_before_any_sql(create):
    """They come from a Variable, so they are known only when the task runs."""
    with pytest.raises(ValueError, match="not a plain group name"):
        create(readers="everyone; DROP SCHEMA shop", readable="shop", conn_id=NOWHERE).execute({})


@pytest.mark.parametrize(
    "changed", [{"schemas": [HOSTILE]}, {"tables": {HOSTILE: "x.sql"}}, {"transient": {HOSTILE: "x.sql"}}], ids=str
)
def test_hostile_names_are_refused(create, changed):
    """When the DAG is read."""
    with pytest.raises(ValueError, match="not a plain"):
        create(**changed)
