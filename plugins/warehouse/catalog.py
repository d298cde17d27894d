"""What the database's catalog says of tables: columns, comments, schemas.

pg_catalog and not information_schema: the same queries then also see temporary tables.
"""

from __future__ import annotations

from collections.abc import Sequence

from warehouse.identifiers import literal
from warehouse.session import Session

COLUMNS = """SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relname IN ({names})
ORDER BY a.attnum"""

TABLE_COMMENTS = """SELECT n.nspname, c.relname, d.description
FROM pg_catalog.pg_description AS d
JOIN pg_catalog.pg_class AS c ON d.objoid = c.oid
JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
    d.objsubid = 0
    AND c.relkind = 'r'
    AND d.classoid = (SELECT oid FROM pg_catalog.pg_class WHERE relname = 'pg_class')"""

# Name of a column to its type and whether it is NOT NULL, in the table's order.
Columns = dict[str, tuple[str, bool]]


def columns(session: Session, names: Sequence[str]) -> dict[tuple[str, str], Columns]:
    """The columns of all tables of these names, by schema and table, in one query."""
    found: dict[tuple[str, str], Columns] = {}
    for schema, table, name, type_, not_null in session.rows(
        COLUMNS.format(names=", ".join(literal(name) for name in names))
    ):
        found.setdefault((schema, table), {})[name] = (type_, not_null)
    return found


def table_comments(session: Session) -> dict[tuple[str, str], str]:
    """The comments of all tables that have one, by schema and table."""
    return {(schema, table): str(comment) for schema, table, comment in session.rows(TABLE_COMMENTS)}


def schemas(session: Session, names: Sequence[str]) -> set[str]:
    """Those of these schemas that exist."""
    wanted = ", ".join(literal(name) for name in names)
    return {
        str(name)
        for (name,) in session.rows(f"SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname IN ({wanted})")
    }
