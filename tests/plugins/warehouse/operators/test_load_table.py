"""Facts and dimensions choose candidates alike: which rows win, and how many are new, changed and unchanged."""

from __future__ import annotations

import datetime

import pytest

from tests.plugins.warehouse.operators.conftest import HOSTILE, NOWHERE
from warehouse.operators.load_dimension import LoadDimensionOperator
from warehouse.operators.load_fact import LoadFactOperator

BEFORE = datetime.datetime(2018, 11, 4, 12)
DAY = datetime.datetime(2018, 11, 5, 12)
LATER = datetime.datetime(2018, 11, 5, 13)
AFTER = datetime.datetime(2018, 11, 6)

# A row that loses to a staged one, one that wins over a staged one, a twin, and one of another day that wins.
PUBLISHED = [(1, "open", DAY), (2, "paid", LATER), (3, "sent", DAY), (4, "sent", AFTER), (9, "open", BEFORE)]
STAGED = [
    (1, "paid", LATER),
    (1, "open", DAY),
    (2, "open", DAY),
    (3, "sent", DAY),
    (3, "sent", DAY),
    (4, "open", DAY),
    (5, "open", None),
]
EXPECTED = {
    "merge": ({1, 5}, {"staged": 7, "new": 1, "changed": 1, "unchanged": 3}),
    "replace": ({1, 2, 3, 5}, {"staged": 7, "new": 1, "changed": 2, "unchanged": 2}),
    "rebuild": ({1, 2, 3, 4, 5}, {"staged": 7, "new": 1, "changed": 3, "unchanged": 1}),
}


@pytest.fixture
def load(shop):
    """Makes a load operator of either kind."""

    def operator(kind, **changed):
        arguments = {
            "sql": shop.sql("orders.sql", "SELECT order_id, status, changed_at FROM desk.raw;\n"),
            "table": "shop.orders",
            "candidates": "desk.orders",
            "key": "order_id",
            "columns": ["order_id", "status", "changed_at"],
            "preference": ["changed_at DESC", "status"],
            "period_column": "changed_at",
        }
        return shop.operator(kind, **(arguments | changed))

    return operator


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
@pytest.mark.parametrize("kind", [LoadFactOperator, LoadDimensionOperator])
@pytest.mark.parametrize("mode", EXPECTED)
def test_candidates_and_counts(connection, shop, load, kind, mode):
    """In a merge only news are candidates; the other modes put back what goes, and count it as unchanged."""
    shop.fill("shop.orders", *PUBLISHED)
    shop.fill("desk.raw", *STAGED)
    shop.fill("desk.orders", (77, "left over", None))
    shop.open_run(mode, "all" if mode == "rebuild" else "2018-11-05", is_checked=True)
    counts = shop.run(load(kind))
    keys, expected = EXPECTED[mode]
    assert expected == counts
    assert keys == {row[0] for row in shop.rows("desk.orders")}
    assert {"paid"} == {row[1] for row in shop.rows("desk.orders") if row[0] == 1}
    assert sorted(PUBLISHED) == shop.rows("shop.orders")
    assert [(False,)] == shop.rows("desk.run", "is_checked")


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_nothing_staged_leaves_no_candidate(connection, shop, load):
    """Not even one of a try before; the range of no keys is none."""
    shop.fill("desk.orders", (77, "left over", None))
    shop.open_run()
    assert {"staged": 0, "new": 0, "changed": 0, "unchanged": 0} == shop.run(load(LoadFactOperator))
    assert [] == shop.rows("desk.orders")


def test_a_fact_is_read_by_its_range_of_keys_alone(shop, load):
    """Bound, never by time; a dimension is read whole."""
    shop.fill("desk.raw", (3, "open", DAY), (5, "open", DAY))
    shop.open_run()
    fact, dimension = load(LoadFactOperator), load(LoadDimensionOperator)
    shop.run(fact)
    shop.run(dimension)
    reads = [sql for sql in fact.sql if "FROM shop.orders" in sql]
    assert 2 == len(reads)
    assert all("order_id BETWEEN %s AND %s" in sql and "changed_at <" not in sql for sql in reads)
    assert not any("BETWEEN" in sql for sql in dimension.sql)


@pytest.mark.parametrize(
    "changed", [{"table": HOSTILE}, {"candidates": HOSTILE}, {"columns": ["order_id", "a'b"]}, {"key": "no_column"}]
)
def test_hostile_names_are_refused_before_any_sql(shop, load, changed):
    """No connection is asked for."""
    with pytest.raises(ValueError, match=r"not a plain|not one of the columns"):
        shop.run(load(LoadDimensionOperator, conn_id=NOWHERE, **changed))
