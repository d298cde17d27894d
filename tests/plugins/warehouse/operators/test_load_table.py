"""Which rows a table gains, changes and loses when files come, change and go."""

from __future__ import annotations

import dataclasses
import datetime

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.plugins.warehouse.operators.conftest import CUSTOMERS, HOURS, RECEIPTS, by_both_drivers, sale
from warehouse.operators.load_fact import LoadFactOperator

FOUR, NOON, ONE, TWO = (f"2018-11-{day} {hour}:00:00" for day, hour in (("04", 12), ("05", 12), ("05", 13), ("05", 14)))


def at(text: str) -> datetime.datetime:
    """A timestamp."""
    return datetime.datetime.fromisoformat(text)


def counts(new: int = 0, changed: int = 0, deleted: int = 0) -> dict[str, int]:
    """What a load returns."""
    return {"new": new, "changed": changed, "deleted": deleted}


@by_both_drivers
def test_the_preferred_version_of_each_key_wins(connection, shop):
    """The latest; where that ties, the columns that nobody named decide, NULLs last; a record without a key is none."""
    shop.sales(
        "05",
        sale(1, NOON, item="tea"),
        sale(1, ONE, item="coffee"),
        sale(1, None, item="late"),
        sale(2, item=None),
        sale(2, item="tea", customer=None),
        sale(2, item="tea", customer="Bob"),
        sale(2, item="tea", customer="Bob"),
        sale(2, till="B", item="water"),
        sale(None),
        sale(3, till=None),
    )
    run = shop.run().open()
    run.stage()
    assert counts(new=3) == run.load(RECEIPTS)
    expected = [
        ("A", 1, at(ONE), "coffee", "Ann"),
        ("A", 2, at(NOON), "tea", "Bob"),
        ("B", 2, at(NOON), "water", "Ann"),
    ]
    assert expected == run.rows("receipts", "till, number, sold_at, item, customer")
    assert counts(new=2) == run.load(CUSTOMERS)
    assert [("Ann", at(ONE)), ("Bob", at(NOON))] == run.rows("customers", "customer, last_sale_at")
    assert [] == shop.rows("shop.receipts")


# 1 is in both files, and that of the second wins; 2 is in the first alone, 3 in the second alone, without a customer.
FIRST = (sale(1, FOUR), sale(2, FOUR, item="milk"))
SECOND = (sale(1, NOON, item="coffee"), sale(3, NOON, customer=None))
# By story: the files that change, None for one that is dropped; the candidates and the deletions that follow.
STORIES = {
    "a version of a new key": ({"b": (*SECOND, sale(4, NOON))}, [(4, NOON, "tea")], []),
    "the winner is corrected to a better version": (
        {"b": (sale(1, ONE, item="coffee"), SECOND[1])},
        [(1, ONE, "coffee")],
        [],
    ),
    "a version that lost is corrected": ({"a": (sale(1, FOUR, item="cake"), FIRST[1])}, [], []),
    "the winner is gone: the next best comes back": ({"b": (SECOND[1],)}, [(1, FOUR, "tea")], []),
    "the only version is gone": ({"b": (SECOND[0],)}, [], [3]),
    "a version moves to another file": ({"a": (FIRST[0],), "b": (*SECOND, FIRST[1])}, [], []),
    "a version twice": ({"b": (SECOND[1], *SECOND)}, [], []),
    "a NULL is corrected": ({"b": (SECOND[0], sale(3, NOON, customer="Bob"))}, [(3, NOON, "tea")], []),
    "the only version is corrected to a worse one": (
        {"b": (SECOND[0], sale(3, FOUR, customer=None))},
        [(3, FOUR, "tea")],
        [],
    ),
    "a file is dropped": ({"b": None}, [(1, FOUR, "tea")], [3]),
    "all files are dropped": ({"a": None, "b": None}, [], [1, 2, 3]),
    "a new file has better and worse versions": (
        {"c": (sale(1, TWO), sale(2, FOUR, item="zebra"))},
        [(1, TWO, "tea")],
        [],
    ),
}


def put_files(shop, files) -> None:
    """Write or delete files by story and name; each story has a day and a till of its own."""
    for (story, name), rows in files.items():
        day = f"{list(STORIES).index(story) + 1:02}"
        if rows is None:
            shop.lake.delete(f"sales/2018-11-{day}-{name}.json")
        else:
            shop.sales(day, *[row | {"till": story} for row in rows], name=f"-{name}.json")


@pytest.mark.parametrize(
    ("connection", "bulk_threshold"), [("redshift", 100), ("postgres", 1)], indirect=["connection"]
)
def test_what_changes_follows_from_the_versions_gained_and_lost(connection, shop, bulk_threshold):
    """Rows that are published as they should be are in neither table. All stories in one run, which share nothing."""
    put_files(shop, {(story, name): rows for story in STORIES for name, rows in (("a", FIRST), ("b", SECOND))})
    run = shop.run().prepare(bulk_threshold=bulk_threshold)
    run.check()
    run.publish()
    put_files(shop, {(story, name): rows for story, (files, *_) in STORIES.items() for name, rows in files.items()})
    run = shop.run(drop_vanished=True).open()
    run.stage(bulk_threshold=bulk_threshold)
    returned = run.load(RECEIPTS)
    candidates = {story: [] for story in STORIES}
    for story, number, sold_at, item in run.rows("receipts", "till, number, sold_at, item"):
        candidates[story].append((number, str(sold_at), item))
    deletions = {story: [] for story in STORIES}
    for story, number in run.rows("deleted_receipts", "till, number"):
        deletions[story].append(number)
    assert {story: wanted for story, (_, wanted, _) in STORIES.items()} == candidates
    assert {story: wanted for story, (_, _, wanted) in STORIES.items()} == deletions
    assert counts(new=1, changed=6, deleted=5) == returned


def test_rows_are_looked_up_again_when_the_other_feed_changes(shop):
    """Those of the records that it gained or lost, and no others; the rows themselves stay what they are."""
    shop.sales("05", sale(1, item="tea"), sale(2, item="milk"), sale(3, item="cake"))
    shop.prices("a", tea=1.0)
    shop.prices("b", milk=2.0, water=0.5)
    shop.publish()
    assert [(1, 1.0), (2, 2.0), (3, None)] == shop.rows("shop.receipts", "number, price")
    shop.prices("b", milk=3.0, cake=4.0)
    run = shop.run().prepare(RECEIPTS)
    assert [(2, 3.0), (3, 4.0)] == run.rows("receipts", "number, price")
    run.check()
    run.publish()
    shop.lake.delete("prices/a.json")
    run = shop.run(drop_vanished=True).prepare(RECEIPTS)
    assert [(1, None)] == run.rows("receipts", "number, price")


def test_a_row_and_its_lookup_can_change_in_one_run(shop):
    """The new row is looked up in the records as they will be."""
    shop.sales("05", sale(1, item="tea"), sale(2, item="milk"))
    shop.prices(tea=1.0, milk=2.0)
    shop.publish()
    shop.sales("05", sale(1, item="milk"), sale(2, item="milk"))
    shop.prices(milk=3.0)
    run = shop.run().prepare(RECEIPTS)
    assert [(1, "milk", 3.0), (2, "milk", 3.0)] == run.rows("receipts", "number, item, price")


def test_a_table_made_from_another_has_its_values_no_more_and_no_less(shop):
    """A time stays as long as one row has it."""
    shop.sales("05", sale(1, NOON), sale(2, NOON), sale(3, ONE))
    shop.publish()
    shop.sales("05", sale(1, NOON), sale(2, TWO))
    run = shop.run().prepare(RECEIPTS, HOURS)
    assert [(at(TWO), 14)] == run.rows("hours")
    assert [(at(ONE),)] == run.rows("deleted_hours")
    run.check()
    run.publish()
    shop.sales("05", sale(2, TWO))
    assert [(at(NOON),)] == shop.run().prepare(RECEIPTS, HOURS).rows("deleted_hours")


def test_recompute_corrects_whatever_is_published(shop):
    """From raw alone, though no file is read: what is missing, what is wrong, what does not belong there."""
    shop.sales("05", sale(1, NOON), sale(2, ONE))
    shop.prices(tea=1.0)
    shop.publish()
    right = shop.published()
    shop.reader.execute("UPDATE shop.receipts SET price = 7 WHERE number = 1")
    shop.reader.execute("DELETE FROM shop.receipts WHERE number = 2")
    shop.reader.execute("INSERT INTO shop.receipts (till, number, sold_at) VALUES ('C', 9, '2018-11-07')")
    shop.reader.execute("DELETE FROM shop.hours")
    shop.reader.execute("INSERT INTO shop.customers (customer) VALUES ('Nobody')")
    run = shop.run(recompute=True).open()
    run.stage()
    assert counts(new=1, changed=1, deleted=1) == run.load(RECEIPTS)
    assert counts(deleted=1) == run.load(CUSTOMERS)
    assert counts(new=2) == run.load(HOURS)
    run.check()
    run.publish()
    assert {name: right[name] for name in ("shop.receipts", "shop.customers", "shop.hours", "shop_raw.sales")} == {
        name: rows
        for name, rows in shop.published().items()
        if name in ("shop.receipts", "shop.customers", "shop.hours", "shop_raw.sales")
    }


def test_a_second_try_starts_over(shop):
    """What an earlier try wrote does not count twice; the checks after the first do not count for the second."""
    shop.sales("05", sale(1))
    run = shop.run().prepare()
    run.check()
    assert counts(new=1) == run.load(RECEIPTS)
    assert 1 == len(run.rows("receipts"))
    with pytest.raises(AirflowFailException, match="have not passed the checks"):
        run.publish()


def test_a_fact_is_read_within_the_bounds_of_its_sort_key(shop):
    """Every statement that reads more of the published fact than its key and time has both bounds as literals."""
    shop.sales("05", sale(1))
    shop.prices(tea=1.0)
    shop.publish()
    shop.sales("05", sale(1, customer="Bob"))
    run = shop.run().prepare(RECEIPTS)
    reads = [sql for sql in run.last.sql if "FROM shop.receipts" in sql]
    assert reads
    wide = [sql for sql in reads if "customer" in sql]
    assert wide
    assert all("published.sold_at BETWEEN %s AND %s" in sql for sql in wide)


def test_a_fact_without_a_time_column_is_refused(shop):
    """When the DAG is read."""
    with pytest.raises(ValueError, match="the fact receipts has no time_column"):
        shop.operator(LoadFactOperator, run_schema="", table=dataclasses.replace(RECEIPTS, time_column=None))
