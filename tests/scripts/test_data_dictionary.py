"""docs/data.md says what the DDL says, and what the DDL says is what a database makes of it."""

from __future__ import annotations

import pytest

from scripts import data_dictionary
from sparkify.tables import WAREHOUSE
from tests.end_to_end import conftest as end_to_end
from warehouse.ddl import read_table_file

# The same fixtures serve here.
warehouse_dag = end_to_end.warehouse_dag
tables = end_to_end.tables
reader = end_to_end.reader

COLUMNS = """SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
FROM pg_attribute AS a
INNER JOIN pg_class AS c ON a.attrelid = c.oid
INNER JOIN pg_namespace AS n ON c.relnamespace = n.oid
WHERE n.nspname = %s AND c.relname = %s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum"""
SHORT = {"character varying": "VARCHAR", "timestamp without time zone": "TIMESTAMP"}


def spelled(type_: str) -> str:
    """A type as our DDL spells it."""
    name, bracket, length = type_.partition("(")
    return SHORT.get(name, name.upper()) + bracket + length


def test_the_page_is_what_the_script_writes():
    """After a change to the DDL: `make docs`."""
    assert data_dictionary.TARGET.read_text(encoding="utf-8") == data_dictionary.document()


def test_every_table_of_the_warehouse_is_there_and_nothing_else():
    """With the key by which it is published, and the reason for its distribution."""
    found = data_dictionary.tables()
    assert set(WAREHOUSE.ddl) == set(found)
    assert {name.partition(".")[0] for name in found} == set(data_dictionary.SCHEMAS)
    for table in WAREHOUSE.tables:
        assert table.key == found[WAREHOUSE.published(table)].primary_key, table.name
    for name, table in found.items():
        assert table.attributes, name
        assert table.reason, name


def test_the_columns_are_those_of_a_database(tables, reader):
    """Names, types and NOT NULL, in order, of every table."""
    for name, table in data_dictionary.tables().items():
        live = reader.execute(COLUMNS, name.split(".")).fetchall()
        assert [(c.name, c.type, c.is_required) for c in table.columns] == [
            (column, spelled(type_), required) for column, type_, required in live
        ], name


def test_a_line_in_another_layout_is_no_silent_gap():
    """It is named, not left out."""
    text = "-- Purpose: orders.\nCREATE TABLE IF NOT EXISTS {{ table }} (\n    order_id BIGINT,\n);\n"
    with pytest.raises(ValueError, match=r"orders\.sql:3: cannot read '    order_id BIGINT,'"):
        read_table_file(text, "orders.sql")
