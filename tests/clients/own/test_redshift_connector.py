"""redshift_connector 2.2 beyond DB-API: what it tells of the catalogue, data frames, and files inserted by it."""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sandbox.redshift.cases import GAPS


@pytest.fixture
def cursor(redshift: Any) -> Iterator[Any]:
    """A cursor, and a schema `driver` with two tables and a view."""
    cursor = redshift.cursor()
    for statement in (
        "CREATE SCHEMA driver",
        """
        CREATE TABLE driver.sales (
            id BIGINT NOT NULL, part INTEGER NOT NULL, name VARCHAR(20) DEFAULT 'x', price DECIMAL(8, 2),
            sold TIMESTAMP, CONSTRAINT sales_key PRIMARY KEY (part, id)
        ) DISTKEY (id)
        """,
        "COMMENT ON TABLE driver.sales IS 'each row is a sale'",
        "CREATE TABLE driver.plain (a INTEGER)",
        "CREATE VIEW driver.names AS SELECT name FROM driver.sales",
    ):
        cursor.execute(statement)
    yield cursor
    redshift.rollback()


def test_it_tells_what_there_is(cursor):
    """Databases, schemas, relations, kinds of relations, procedures."""
    assert (["dev"],) == cursor.get_catalogs()
    assert (["driver", "dev"],) == cursor.get_schemas(schema_pattern="driv%")
    assert {"driver", "public", "pg_catalog"} <= {schema for schema, _ in cursor.get_schemas()}
    tables = {row[2]: (row[3], row[4]) for row in cursor.get_tables(schema_pattern="driver")}
    assert {
        "names": ("VIEW", None),
        "plain": ("TABLE", None),
        "sales": ("TABLE", "each row is a sale"),
        "sales_key": ("INDEX", None),  # as at PostgreSQL 8.0
    } == tables
    assert {"names", "plain", "sales"} == {row[2] for row in cursor.get_tables() if row[1] == "driver"}
    assert ["TABLE"] in list(cursor.get_table_types())
    assert () == cursor.get_procedures(schema_pattern="driver")


@pytest.mark.parametrize("schema", ["driver", None])
def test_it_tells_a_tables_columns(cursor, schema):
    """With types as JDBC numbers them, sizes, defaults; of one schema, and of all that there are."""
    rows = cursor.get_columns(schema_pattern=schema, tablename_pattern="sales")
    assert [
        ("id", -5, "int8", 19, "NO", None),
        ("part", 4, "int4", 10, "NO", None),
        ("name", 12, "varchar", 20, "YES", "'x'::character varying"),
        ("price", 2, "numeric", 8, "YES", None),
        ("sold", 93, "timestamp", 29, "YES", None),
    ] == [(row[3], row[4], row[5], row[6], row[17], row[12]) for row in rows]


def test_it_tells_a_tables_primary_key(cursor):
    keys = cursor.get_primary_keys(schema="driver", table="sales")
    assert [("part", 1, "sales_key"), ("id", 2, "sales_key")] == [tuple(row[3:6]) for row in keys]


def test_what_it_cannot_tell_it_says(cursor):
    """The calls that need Redshift's SHOW commands, which are those that known_gaps.toml names."""
    from redshift_connector import InterfaceError

    named = re.findall(r"`(get_\w+)`", GAPS["clients"]["redshift_connector"])
    assert 8 == len(named)
    for call in named:
        arguments = {"get_best_row_identifier": {"scope": 1, "nullable": True}}.get(call, {})
        with pytest.raises(InterfaceError, match=f"{call} requires minimum show discovery version 4"):
            getattr(cursor, call)(**arguments)


def test_a_data_frame_is_written_and_fetched(cursor):
    """With every kind of value, and with NULLs."""
    pandas = pytest.importorskip("pandas", reason="needs pandas from .venv-clients")
    sold = datetime.datetime(2020, 2, 29, 1, 2, 3)
    rows = [[1, 7, "a'\\", decimal.Decimal("1.50"), sold], [2, 7, "é", None, None]]
    names = ["id", "part", "name", "price", "sold"]
    cursor.write_dataframe(pandas.DataFrame(rows, columns=names, dtype=object), "driver.sales")
    cursor.execute("SELECT * FROM driver.sales ORDER BY id")
    found = cursor.fetch_dataframe().astype(object)
    assert names == list(found.columns)
    assert rows == found.where(found.notna(), None).values.tolist()
    cursor.execute("SELECT id, part FROM driver.sales ORDER BY id")
    assert [[1, 7], [2, 7]] == cursor.fetch_numpy_array().tolist()


def test_a_file_is_inserted_in_batches(cursor, tmp_path):
    """Chosen columns of it, after it made sure by the catalogue that the table has these."""
    from redshift_connector import InterfaceError

    file = tmp_path / "sales.csv"
    file.write_text("id;unused;part\n1;?;7\n2;?;7\n3;?;8\n", encoding="utf-8")
    cursor.insert_data_bulk(str(file), "driver.sales", [0, 2], ["id", "part"], ";", batch_size=2)
    cursor.execute("SELECT id, part, name FROM driver.sales ORDER BY id")
    assert ([1, 7, "x"], [2, 7, "x"], [3, 8, "x"]) == cursor.fetchall()
    with pytest.raises(InterfaceError, match="Invalid column name"):
        cursor.insert_data_bulk(str(file), "driver.sales", [0], ["nowhere"], ";")
    with pytest.raises(InterfaceError, match="Invalid table name"):
        cursor.insert_data_bulk(str(file), "driver.nowhere", [0], ["id"], ";")
