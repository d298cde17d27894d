"""Candidates of all tables are taken over in one transaction."""

from __future__ import annotations

import datetime

import pytest

from tests.plugins.warehouse.operators.conftest import HOSTILE
from warehouse.operators.publish import Publication, PublishOperator

BEFORE = datetime.datetime(2018, 11, 4, 23, 59, 59, 999999)
FIRST = datetime.datetime(2018, 11, 5)
LAST = datetime.datetime(2018, 11, 5, 23, 59, 59, 999999)
AFTER = datetime.datetime(2018, 11, 6)
PUBLISHED = [(1, "old", BEFORE), (2, "old", FIRST), (3, "old", LAST), (4, "old", AFTER), (5, "old", None)]
ORDERS = {
    "table": "shop.orders",
    "candidates": "desk.orders",
    "columns": ["order_id", "status", "changed_at"],
    "key": "order_id",
    "period_column": "changed_at",
}
VISITS = Publication(table="shop.visits", candidates="desk.visits", columns=["page"])


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
@pytest.mark.parametrize("is_key_range_bound", [True, False])
@pytest.mark.parametrize(
    ("mode", "old", "pages"),
    [("merge", {1, 2, 4, 5}, 2), ("replace", {1, 4, 5}, 2), ("rebuild", set(), 1)],
)
def test_candidates_replace_rows_of_their_key(connection, shop, mode, old, pages, is_key_range_bound):
    """Of the period too in a replacement, all in a rebuild; without a key rows are added."""
    shop.fill("shop.orders", *PUBLISHED)
    shop.fill("desk.orders", (3, "new", AFTER), (6, "new", None))
    shop.fill("shop.visits", ("home",))
    shop.fill("desk.visits", ("home",))
    shop.open_run(mode, "all" if mode == "rebuild" else "2018-11-05", is_checked=True)
    orders = Publication(**ORDERS, is_key_range_bound=is_key_range_bound)
    publish = shop.operator(PublishOperator, publications=[orders, VISITS])
    assert {"shop.orders": 2 + len(old), "shop.visits": pages} == shop.run(publish)
    expected = sorted([(3, "new"), (6, "new"), *((key, "old") for key in old)])
    assert expected == shop.rows("shop.orders", "order_id, status")
    assert [("home",)] * pages == shop.rows("shop.visits")
    assert [(True,)] == shop.rows("desk.run", "is_published")
    assert not any("TRUNCATE" in sql for sql in publish.sql)


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_a_table_that_fails_takes_the_others_back(connection, shop):
    """Nothing is published, and the run still waits to be."""
    shop.fill("desk.visits", ("home",))
    shop.reader.execute("DROP TABLE desk.orders")
    shop.open_run(is_checked=True)
    with pytest.raises(Exception, match=r"desk\.orders"):
        shop.run(shop.operator(PublishOperator, publications=[VISITS, Publication(**ORDERS)]))
    assert [] == shop.rows("shop.visits")
    assert [(False,)] == shop.rows("desk.run", "is_published")


def test_without_candidates_nothing_changes(shop):
    """The range of no keys is none."""
    shop.fill("shop.orders", *PUBLISHED)
    shop.open_run(is_checked=True)
    orders = Publication(**ORDERS, is_key_range_bound=True)
    assert {"shop.orders": 5} == shop.run(shop.operator(PublishOperator, publications=[orders]))


@pytest.mark.parametrize(
    "changed",
    [{"table": HOSTILE}, {"candidates": HOSTILE}, {"columns": ["a'b"]}, {"key": 'a"'}, {"period_column": ";"}],
)
def test_hostile_names_are_refused(changed):
    """When the DAG is read."""
    with pytest.raises(ValueError, match="not a plain"):
        Publication(**(ORDERS | changed))
