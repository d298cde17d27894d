"""What the database's catalog says of tables, over both drivers."""

from __future__ import annotations

import logging

import pytest
from airflow.sdk import BaseHook

from tests.end_to_end import conftest as end_to_end
from warehouse import catalog
from warehouse.session import transaction

# The same fixture serves here.
connection = end_to_end.connection


@pytest.fixture
def session(connection):
    """A session whose changes are taken back."""
    hook = BaseHook.get_connection("redshift").get_hook()
    with transaction(hook, logging.getLogger(__name__)) as session:
        yield session
        session.rollback()


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_columns_comments_and_schemas(session):
    """Types as the database spells them, in the table's order; temporary tables too; comments of tables alone."""
    for statement in (
        "CREATE SCHEMA catalog_test",
        "CREATE TABLE catalog_test.catalog_rows (till VARCHAR(16) NOT NULL, gone INTEGER, number BIGINT)",
        "ALTER TABLE catalog_test.catalog_rows DROP COLUMN gone",
        "CREATE TEMPORARY TABLE catalog_of_today (at TIMESTAMP)",
        "COMMENT ON TABLE catalog_test.catalog_rows IS 'Ours.'",
        "COMMENT ON COLUMN catalog_test.catalog_rows.till IS 'the till'",
        "CREATE VIEW catalog_test.tills AS SELECT till FROM catalog_test.catalog_rows",
        "COMMENT ON VIEW catalog_test.tills IS 'A view.'",
    ):
        session.execute(statement)
    found = catalog.columns(session, ["catalog_rows", "catalog_of_today", "no_such_table"])
    assert {"till": ("character varying(16)", True), "number": ("bigint", False)} == found.pop(
        ("catalog_test", "catalog_rows")
    )
    assert ["till", "number"] == list(catalog.columns(session, ["catalog_rows"])["catalog_test", "catalog_rows"])
    assert [{"at": ("timestamp without time zone", False)}] == list(found.values())
    comments = catalog.table_comments(session)
    assert {("catalog_test", "catalog_rows"): "Ours."} == {
        name: comment for name, comment in comments.items() if name[0] == "catalog_test"
    }
    assert {"catalog_test"} == catalog.schemas(session, ["catalog_test", "no_such_schema"])
