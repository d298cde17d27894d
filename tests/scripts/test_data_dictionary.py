"""docs/data.md says what the DDL says, and what the DDL says is what a database makes of it."""

from __future__ import annotations

import pytest

from scripts import data_dictionary
from sparkify.tables import PUBLICATIONS, SCHEMAS, TABLES, TRANSIENT_TABLES
from tests.end_to_end import conftest as end_to_end

# The same fixtures serve here.
warehouse_dag = end_to_end.warehouse_dag
whole_pipeline = end_to_end.whole_pipeline
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


def test_every_table_of_the_dags_is_there_and_nothing_else():
    """With the key by which it is published, and the reason for where its rows lie."""
    found = data_dictionary.tables()
    assert set(SCHEMAS) == set(data_dictionary.SCHEMAS)
    assert {*TABLES, *TRANSIENT_TABLES, "staging.plays"} == set(found)
    for publication in PUBLICATIONS:
        assert publication.key == found[publication.table].primary_key, publication.table
    for table in found.values():
        assert bool(table.attributes) == bool(table.reason) == bool(table.columns), table.name


def test_the_columns_are_those_of_a_database(whole_pipeline, reader):
    """Names, types and NOT NULL, in order, of every table and of the view."""
    whole_pipeline.run_task("create_tables", whole_pipeline.context("dictionary", None, {}))
    found = data_dictionary.tables()
    for name, table in found.items():
        live = reader.execute(COLUMNS, name.split(".")).fetchall()
        assert live
        described = found[table.like].columns if table.like else table.columns
        if table.view_columns:
            assert table.view_columns == [row[0] for row in live]
        else:
            assert [(c.name, c.type, c.is_required) for c in described] == [
                (column, spelled(type_), required) for column, type_, required in live
            ], name


def test_a_line_of_another_form_is_no_silent_gap(tmp_path):
    """It is named, not left out."""
    file = tmp_path / "shop" / "orders.sql"
    file.parent.mkdir()
    file.write_text("-- Purpose: orders.\nCREATE TABLE IF NOT EXISTS {{ table }} (\n    order_id BIGINT,\n);\n")
    with pytest.raises(ValueError, match=r"orders\.sql:3: cannot read '    order_id BIGINT,'"):
        data_dictionary.read_table(file)
