"""A warehouse is declared as data, and a declaration that makes no sense is refused when the DAG is read."""

from __future__ import annotations

import dataclasses

import pytest

from warehouse.tables import Feed, Lookup, Table, Warehouse

SALES = Feed(name="sales", ddl="sales.sql", prefix="sales/", expected="sales", day=r"/(\d{4}-\d{2}-\d{2})-sales")
PRICES = Feed(name="prices", ddl="prices.sql", prefix="prices/", expected="prices")
RECEIPTS = Table(
    name="receipts",
    ddl="receipts.sql",
    load="load_receipts.sql",
    source=SALES,
    key=("till", "number"),
    lookup=Lookup(feed=PRICES, columns=("price",), sql="priced.sql", affected="affected.sql"),
)
INTERNAL = {"files": "f.sql", "state": "s.sql", "results": "r.sql", "rejects": "j.sql"}
SHOP = Warehouse(name="shop", feeds=(SALES, PRICES), tables=(RECEIPTS,), internal=INTERNAL, owner="Ours.")


@pytest.mark.parametrize(("key", "belongs"), [("prices/a.json", True), ("prices/a.json.bak", False)])
def test_a_feed_may_have_a_pattern_for_its_keys(key, belongs):
    """Beside the day, or instead of one."""
    assert belongs == dataclasses.replace(PRICES, pattern=r"\.json$").belongs(key)
    assert not dataclasses.replace(SALES, pattern=r"\.json$").belongs(key)


@pytest.mark.parametrize(
    ("key", "day"),
    [
        ("sales/2018-11-05-sales.json", "2018-11-05"),
        ("sales/2018-11-31-sales.json", None),
        ("sales/README", None),
        ("sales/2018-11-05-sales.json.bak", "2018-11-05"),
    ],
)
def test_the_day_of_a_file_is_in_its_key(key, day):
    """A key without a day that exists does not belong to a feed of days; a feed without days takes every key."""
    assert day == SALES.day_of(key)
    assert (day is not None) == SALES.belongs(key)
    assert PRICES.day_of(key) is None
    assert PRICES.belongs(key)


def fingerprint(table: Table, **changed: str) -> str:
    """The table's fingerprint where its files' texts are their names, but for those that are given."""
    texts = {file: f"SELECT '{file}'" for file in table.files} | {
        name.replace("_sql", ".sql"): text for name, text in changed.items()
    }
    return table.fingerprint(texts.__getitem__)


def test_a_comment_or_an_indent_changes_no_fingerprint():
    """Nobody expects a table to be recomputed because a comment was corrected."""
    plain = fingerprint(RECEIPTS, priced_sql="SELECT a,\n  b")
    assert plain == fingerprint(RECEIPTS, priced_sql="-- Purpose: prices\nSELECT a, -- new\n    b\n")


@pytest.mark.parametrize("file", ["receipts_sql", "load_receipts_sql", "priced_sql", "affected_sql"])
def test_each_file_of_a_table_changes_its_fingerprint(file):
    """DDL, load and both files of the lookup."""
    assert fingerprint(RECEIPTS) != fingerprint(RECEIPTS, **{file: "SELECT 2"})


@pytest.mark.parametrize(
    "changed", [{"key": ("number", "till")}, {"preference": ("price DESC",)}, {"time_column": "sold_at"}], ids=str
)
def test_the_declaration_of_a_table_changes_its_fingerprint(changed):
    """It decides what the table holds."""
    assert fingerprint(RECEIPTS) != fingerprint(dataclasses.replace(RECEIPTS, **changed))


@pytest.mark.parametrize(
    ("declared", "changed", "message"),
    [
        (SHOP, {"name": "Shop"}, "not a plain schema name"),
        (SHOP, {"internal": {"files": "f.sql"}}, "no DDL for rejects, results, state"),
        (SALES, {"name": "sales; --"}, "not a plain schema name"),
        (RECEIPTS, {"name": 'a"'}, "not a plain schema name"),
        (RECEIPTS, {"key": ()}, "table receipts has no key"),
        (RECEIPTS, {"key": ("till", "a'b")}, "not a plain column name"),
        (RECEIPTS, {"time_column": "sold at"}, "not a plain column name"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused(declared, changed, message):
    """In words that say what was expected."""
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(declared, **changed)


def test_the_lasting_tables_are_created_in_an_order_that_works():
    """State first: a warehouse without it is not one; then ledger, raw records, results, and what is published."""
    assert [
        *("shop_raw.state", "shop_raw.files", "shop_raw.sales", "shop_raw.prices"),
        *("shop_quality.results", "shop_quality.rejects", "shop.receipts"),
    ] == list(SHOP.ddl)
