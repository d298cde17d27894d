"""A warehouse goes when somebody has typed its database's name, and nothing of anybody else's goes with it."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.plugins.warehouse.operators.conftest import OWNER, by_both_drivers, sale
from warehouse.operators.drop_schemas import DropSchemasOperator


def schemas(shop) -> set[str]:
    """The shop's schemas that are there."""
    rows = shop.reader.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'shop%'").fetchall()
    return {name for (name,) in rows}


def drop(shop, confirmation: str = "dev") -> list[str]:
    """Drop the shop's warehouse."""
    return shop.operator(DropSchemasOperator, confirmation=confirmation).execute({})


@by_both_drivers
def test_only_the_databases_own_name_confirms(connection, shop):
    """Another name, none, or the right one in capitals drops nothing; the right one drops the runs' schemas too."""
    shop.sales("05", sale(1))
    shop.publish()
    run = shop.run().open()
    before = schemas(shop)
    for wrong in ("", "prod", "DEV", "dev "):
        with pytest.raises(AirflowFailException, match=f"nothing was dropped: the database is 'dev'.* '{wrong}'"):
            drop(shop, wrong)
    assert before == schemas(shop)
    assert before == set(drop(shop))
    assert run.schema in before
    assert set() == schemas(shop)
    assert [] == drop(shop)
    shop.create_tables()
    shop.publish()
    assert [(1,)] == shop.rows("shop.receipts", "number")


@pytest.mark.parametrize(
    ("somebody_elses", "named", "connection"),
    [
        ("CREATE TABLE shop.orders (id INTEGER)", "shop", "redshift"),
        ("CREATE VIEW public.shop_report AS SELECT customer FROM shop.customers", "customers", "postgres"),
        ("CREATE VIEW shop_raw.last_sales AS SELECT number FROM shop_raw.sales", "sales", "redshift"),
    ],
    ids=["a table in a schema", "a view elsewhere", "a view in a schema"],
    indirect=["connection"],
)
def test_what_is_somebody_elses_stops_it_and_nothing_is_dropped(connection, shop, somebody_elses, named):
    """RESTRICT, in one transaction: also the schemas that could go stay."""
    shop.sales("05", sale(1))
    shop.publish()
    shop.reader.execute(somebody_elses)
    before = (schemas(shop), shop.published())
    with pytest.raises(Exception, match=rf"(?s)cannot drop .*{named}"):
        drop(shop)
    assert before == (schemas(shop), shop.published())


def test_schemas_of_similar_names_are_never_touched(shop):
    """Nor one that is named as a run's, if its table is not ours; nor a copy of a run's under a name of its own."""
    others = {"shopping": OWNER, "shop_run_copy": OWNER, "shop_run_0123456789abcdef": "Created by somebody else."}
    for schema, owner in others.items():
        shop.reader.execute(f"CREATE SCHEMA {schema}")
        shop.reader.execute(f"CREATE TABLE {schema}.run (opened_at TIMESTAMP)")
        shop.reader.execute(f"COMMENT ON TABLE {schema}.run IS '{owner}'")
    drop(shop)
    assert set(others) == schemas(shop)
