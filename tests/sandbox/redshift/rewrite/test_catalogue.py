"""Queries of the catalogue: what is changed in them, with a query before and after, and which pass as written."""

import pytest

from sandbox.redshift.errors import RedshiftError
from sandbox.redshift.rewrite import plan


def rewritten(sql: str) -> str:
    [statement] = plan(sql)
    return statement.sql


@pytest.mark.parametrize(
    "query",
    [
        "SELECT c.oid FROM pg_catalog.pg_type c WHERE c.typname OPERATOR(pg_catalog.~) '^(a)$' AND c.oid = $1",
        "SELECT t.oid FROM pg_type t WHERE t.oid = any($1::oid[])",
        "SELECT ARRAY[1] FROM pg_class JOIN svv_external_tables ON true",
        "SELECT view_name FROM pg_get_late_binding_view_cols() cols(view_schema name, view_name name)",
        "WITH svv_tables AS (SELECT relname FROM pg_class) SELECT * FROM svv_tables",
        "SELECT pg_catalog.array_agg(s) FROM pg_catalog.unnest($1) s",
    ],
)
def test_what_postgresql_can_read_passes_as_written(query: str) -> None:
    assert query == rewritten(query)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("SELECT oid FROM pg_catalog.pg_class", "SELECT oid FROM pg_redshift.pg_class"),
        (
            "SELECT pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint",
            "SELECT pg_redshift.pg_get_constraintdef(oid) FROM pg_redshift.pg_constraint",
        ),
        (
            "SELECT 1 FROM information_schema.columns, information_schema.table_constraints",
            "SELECT 1 FROM information_schema.columns, pg_redshift_store.table_constraints",
        ),
        ("SELECT 1 FROM pg_type WHERE 1 AND true", "SELECT 1 FROM pg_type WHERE 1 <> 0 AND true"),
        (
            "SELECT CASE oid WHEN 1 THEN 2WHEN 3 THEN 4 END FROM pg_type",
            "SELECT CASE oid WHEN 1 THEN 2 WHEN 3 THEN 4 END FROM pg_type",
        ),
        (
            "SELECT nspname AS \"schema\" FROM pg_namespace WHERE schema = 'a' AND \"schema\" <> 'b'",
            "SELECT nspname AS \"schema\" FROM pg_namespace WHERE nspname = 'a' AND nspname <> 'b'",
        ),
        (
            "SELECT CASE WHEN oid = 1 THEN 'YES' END AS IS_AUTOINCREMENT, IS_AUTOINCREMENT AS other FROM pg_attrdef",
            "SELECT CASE WHEN oid = 1 THEN 'YES' END AS IS_AUTOINCREMENT, CASE WHEN oid = 1 THEN 'YES' END AS other "
            "FROM pg_attrdef",
        ),
        # a column goes before an alias
        (
            "SELECT c.oid AS relname FROM pg_class c WHERE relname = 'a'",
            "SELECT c.oid AS relname FROM pg_class c WHERE relname = 'a'",
        ),
    ],
)
def test_what_it_cannot_read_is_changed(before: str, after: str) -> None:
    assert after == rewritten(before)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT * FROM pg_class, stl_query", "stl_query"),
        ("SELECT ARRAY[1] FROM pg_class, mine", "arrays"),
        ("SELECT * FROM mine WHERE oid = any($1::oid[])", "arrays"),
        ("SELECT * FROM pg_read_file('/etc/passwd')", r"pg_read_file\(\)"),
    ],
)
def test_what_is_more_than_the_catalogue_is_read_like_any_query(sql: str, message: str) -> None:
    with pytest.raises(RedshiftError, match=message) as refused:
        plan(sql)
    assert "0A000" == refused.value.sqlstate
