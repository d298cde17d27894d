"""Tables are created as their DDL says, grow by columns at its end, and belong to this project or are left alone."""

from __future__ import annotations

import contextlib
import datetime
import re

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.plugins.warehouse.operators.conftest import CUSTOMERS, NOWHERE, OWNER, RECEIPTS, SQL, by_both_drivers, sale

COMMENTS = """SELECT CASE WHEN d.objsubid = 0 THEN '' ELSE a.attname END, d.description
FROM pg_description AS d
INNER JOIN pg_class AS c ON d.objoid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
LEFT JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = d.objsubid
WHERE n.nspname = %s AND c.relname = %s"""


def comments(shop, table: str) -> dict[str, str]:
    """The comments of a table and, by name, of its columns."""
    return dict(shop.reader.execute(COMMENTS, table.split(".")).fetchall())


def schemas(shop) -> set[str]:
    """The shop's schemas."""
    return {name for (name,) in shop.reader.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'shop%'")}


def add_column(shop, file: str, after: str, line: str) -> None:
    """Put a column into the DDL, after the one that `after` begins."""
    text, found = re.subn(rf"(    {after}.*?),?( +-- .*\n)", rf"\1,\2    {line}\n", SQL[file])
    assert found
    shop.sql(file, text)


@by_both_drivers
def test_everything_is_created_with_its_comments_once(connection, nothing_of_the_shop):
    """Tables, the one row of the state, comments on tables and columns; a second time changes nothing."""
    shop = nothing_of_the_shop
    shop.create_tables()
    assert {"shop", "shop_raw", "shop_quality"} == schemas(shop)
    assert {
        "": f"The customers. Each row is one customer, as of their last sale. {OWNER}",
        "customer": "who",
        "city": "where they live",
        "last_sale_at": "when they bought something last",
    } == comments(shop, "shop.customers")
    assert "the COPY that loaded the row" == comments(shop, "shop_raw.sales")["batch_id"]
    ((token, run_id, fingerprints),) = shop.rows("shop_raw.state", "token, run_id, fingerprints")
    assert (16, "creating", "{}") == (len(token), run_id, fingerprints)
    before = shop.reader.execute("SELECT xmin, ctid, token FROM shop_raw.state").fetchall()
    shop.create_tables()
    assert before == shop.reader.execute("SELECT xmin, ctid, token FROM shop_raw.state").fetchall()


@pytest.mark.parametrize(
    ("somebody_elses", "names"),
    [
        (["CREATE SCHEMA shop_raw"], "the schema shop_raw exists, and this project did not create it"),
        (
            ["CREATE SCHEMA shop", "CREATE TABLE shop.orders (id INTEGER)", "COMMENT ON TABLE shop.orders IS 'Ours.'"],
            "the schema shop exists, and this project did not create it",
        ),
    ],
    ids=["empty", "with a table"],
)
def test_somebody_elses_schema_is_refused(nothing_of_the_shop, somebody_elses, names):
    """Never adopted: nothing is written, not even in the schemas that are missing."""
    shop = nothing_of_the_shop
    for statement in somebody_elses:
        shop.reader.execute(statement)
    before = schemas(shop)
    with pytest.raises(AirflowFailException, match=f"{names}.*Nothing was written"):
        shop.create_tables()
    assert before == schemas(shop)


def test_somebody_elses_table_in_our_schema_is_refused(shop):
    """A table of a name that the warehouse needs, without its comment."""
    shop.reader.execute("DROP TABLE shop.customers")
    shop.reader.execute("DROP TABLE shop.hours")
    shop.reader.execute("CREATE TABLE shop.customers (customer VARCHAR(64))")
    with pytest.raises(AirflowFailException, match=r"the table shop\.customers exists, and this project did not cre"):
        shop.create_tables()
    assert ("hours",) not in shop.reader.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'shop'").fetchall()


def test_a_new_column_at_the_end_is_added_and_filled_from_raw_by_the_next_run(shop):
    """With its comment; no new file is needed, and a run that is open knows nothing of the column and must not publish.

    The table's columns are in another order than the raw table's, and in another than the load's.
    """
    shop.sales("05", sale(1), sale(2, "2018-11-05 13:00:00", city=None))
    shop.publish()
    open_run = shop.run(reload=True).prepare()
    open_run.check()
    add_column(shop, CUSTOMERS.ddl, "last_sale_at", "last_till VARCHAR(16),  -- the till of their last sale")
    shop.sql(
        CUSTOMERS.load,
        "SELECT DISTINCT customer, till AS last_till, city, sold_at AS last_sale_at FROM {{ sales }} AS sales",
    )
    shop.create_tables()
    assert "the till of their last sale" == comments(shop, "shop.customers")["last_till"]
    assert [("Ann", None, None)] == shop.rows("shop.customers", "customer, city, last_till")
    with pytest.raises(AirflowFailException, match=r"the run run_\d+ has published since"):
        open_run.publish()
    run = shop.run()
    assert {"new": 0, "changed": 0, "vanished": 0} == run.find_files()
    run.prepare()
    run.check()
    changes = run.publish()
    assert {"inserted": 1, "deleted": 1} == changes["shop.customers"]
    assert {"inserted": 0, "deleted": 0} == changes["shop.receipts"]
    assert [("Ann", datetime.datetime(2018, 11, 5, 13), "A")] == shop.rows(
        "shop.customers", "customer, last_sale_at, last_till"
    )


def test_a_new_raw_column_has_its_files_read_again(shop):
    """Their ETags are blanked; the other feed's are not."""
    shop.sales("05", sale(1, storey=3))
    shop.prices(tea=1.5)
    shop.publish()
    add_column(shop, "raw/sales.sql", "city", "storey INTEGER  -- where the till is")
    shop.create_tables()
    assert [("prices", True), ("sales", False)] == shop.rows("shop_raw.files", "feed, etag IS NOT NULL")
    shop.publish()
    assert [(3,)] == shop.rows("shop_raw.sales", "storey")
    assert [True, True] == [row[0] for row in shop.rows("shop_raw.files", "etag IS NOT NULL")]


@pytest.mark.parametrize(
    ("alter", "what", "fix"),
    [
        (
            "ALTER TABLE shop.customers DROP COLUMN city",
            "shop.customers.city: the DDL has character varying(64), the table has no such column",
            "ALTER TABLE shop.customers ADD COLUMN city character varying(64)",
        ),
        (
            "ALTER TABLE shop.customers ADD COLUMN shoe_size INTEGER",
            "shop.customers.shoe_size: the table has integer, the DDL has no such column",
            "ALTER TABLE shop.customers DROP COLUMN shoe_size",
        ),
        (
            "ALTER TABLE shop.customers ALTER COLUMN city TYPE VARCHAR(100)",
            "shop.customers.city: the DDL has character varying(64), the table has character varying(100)",
            "ALTER TABLE shop.customers ALTER COLUMN city TYPE character varying(64)",
        ),
    ],
    ids=["missing in the middle", "too many", "another length"],
)
def test_any_other_difference_is_refused_with_the_alter_that_fixes_it(shop, alter, what, fix):
    """Running it helps."""
    shop.reader.execute(alter)
    with pytest.raises(AirflowFailException) as raised:
        shop.create_tables()
    assert f"{what}; run: {fix}" in str(raised.value)
    shop.reader.execute(fix)
    shop.create_tables()


def test_all_differences_are_listed_at_once(shop):
    """Another type takes a new column; a required column cannot be added to rows that lack it."""
    add_column(shop, CUSTOMERS.ddl, "last_sale_at", "code INTEGER NOT NULL,  -- a code")
    add_column(shop, RECEIPTS.ddl, "customer", "note VARCHAR(8),  -- would be added, if it were the only difference")
    shop.reader.execute("ALTER TABLE shop_raw.sales DROP COLUMN number")
    shop.reader.execute("ALTER TABLE shop_raw.sales ADD COLUMN number BIGINT")
    with pytest.raises(AirflowFailException) as raised:
        shop.create_tables()
    message = str(raised.value)
    assert "shop.customers.code: the DDL has integer, the table has no such column" in message
    assert (
        "shop_raw.sales.number: the DDL has integer, the table has bigint; run: "
        "ALTER TABLE shop_raw.sales ADD COLUMN number_new integer; "
    ) in message
    assert "note" not in message
    assert "note" not in {name for name, *_ in shop.reader.execute("SELECT * FROM shop.receipts").description}


@by_both_drivers
def test_readers_read_what_is_published_and_nothing_else(connection, nothing_of_the_shop):
    """A login of the group sees the published schema; raw records, with everything about people, stay closed."""
    shop = nothing_of_the_shop
    for statement in ("DROP USER IF EXISTS shop_reader", "DROP GROUP shop_readers"):
        with contextlib.suppress(psycopg.errors.UndefinedObject):
            shop.reader.execute(statement)
    shop.reader.execute("CREATE GROUP shop_readers")
    shop.reader.execute("CREATE USER shop_reader PASSWORD 'Reader123' IN GROUP shop_readers")
    shop.create_tables(readers="shop_readers")
    shop.sales("05", sale(1))
    shop.publish()
    with psycopg.connect("", user="shop_reader", password="Reader123", autocommit=True) as login:
        assert [(1,)] == login.execute("SELECT number FROM shop.receipts").fetchall()
        for refused in ("SELECT * FROM shop_raw.sales", "DELETE FROM shop.receipts"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                login.execute(refused)


def test_hostile_readers_are_refused_before_any_sql(shop):
    """They come from a Variable, so they are known only when the task runs."""
    with pytest.raises(ValueError, match="not a plain group name"):
        shop.create_tables(readers="everyone; DROP SCHEMA shop", conn_id=NOWHERE)
