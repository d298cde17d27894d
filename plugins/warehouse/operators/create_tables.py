"""Create what is missing of the warehouse's tables, and refuse to work on tables that differ from their DDL."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from warehouse.identifiers import group_name, literal, schema_name, table_name
from warehouse.merge import delete_all
from warehouse.operators.base import WarehouseOperator
from warehouse.session import Session

# pg_attribute and format_type and not information_schema: the same query then also sees temporary tables.
COLUMNS = """SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relname IN ({names})
ORDER BY a.attnum"""

Columns = dict[str, tuple[str, bool]]


def differences(table: str, live: Columns, wanted: Columns) -> list[str]:
    """What differs, each with the ALTER that mends it. Columns map a name to its type and whether it is NOT NULL."""
    found = []
    for name, (type_, not_null) in wanted.items():
        if name not in live:
            found.append(
                f"{table}.{name}: the DDL has {type_}, the table has no such column; "
                f"run: ALTER TABLE {table} ADD COLUMN {name} {type_}"
            )
        elif live[name][0] != type_:
            found.append(
                f"{table}.{name}: the DDL has {type_}, the table has {live[name][0]}; "
                f"run: {alter_type(table, name, live[name][0], type_)}"
            )
        elif live[name][1] != not_null:
            words = {True: "NOT NULL", False: "NULL"}
            found.append(
                f"{table}.{name}: the DDL has {type_} {words[not_null]}, the table has {words[live[name][1]]}; "
                f"run: ALTER TABLE {table} RENAME TO {table.partition('.')[2]}_old, then this task again, "
                "and INSERT the rows from the old table"
            )
    found.extend(
        f"{table}.{name}: the table has {type_}, the DDL has no such column; "
        f"run: ALTER TABLE {table} DROP COLUMN {name}"
        for name, (type_, _) in live.items()
        if name not in wanted
    )
    return found


def alter_type(table: str, name: str, live: str, wanted: str) -> str:
    """Redshift alters the size of a VARCHAR in place; any other type takes a new column."""
    if live.startswith("character varying") and wanted.startswith("character varying"):
        return f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {wanted}"
    return recreate(table, name, wanted)


def recreate(table: str, name: str, wanted: str) -> str:
    """The ALTERs that move a column's values into a new column of the wanted type."""
    return (
        f"ALTER TABLE {table} ADD COLUMN {name}_new {wanted}; "
        f"UPDATE {table} SET {name}_new = CAST({name} AS {wanted}); "
        f"ALTER TABLE {table} DROP COLUMN {name}; ALTER TABLE {table} RENAME COLUMN {name}_new TO {name}"
    )


class CreateTablesOperator(WarehouseOperator):
    """Run `CREATE ... IF NOT EXISTS` for schemas and tables, then compare the live columns with the DDL.

    The DDL is not parsed: it is run a second time for a temporary table, and the two tables' columns are compared as
    the database's own catalogue has them.

    :param schemas: the schemas to create.
    :param tables: `schema.table` to its .sql file, in order of creation; the file is rendered with `table`.
    :param transient: the same for tables that hold nothing that lasts, of staging and audit. One that differs is made
        anew; then no run is open any more, and its candidates cannot be published.
    :param views: .sql files of CREATE OR REPLACE VIEW, run once the tables are as they should be.
    :param readers: a group that gets USAGE on `readable` and SELECT on its tables; none when empty.
    :param readable: the schema that `readers` may read.
    """

    template_fields: Sequence[str] = (*WarehouseOperator.template_fields, "readers")

    def __init__(
        self,
        *,
        schemas: Sequence[str],
        tables: Mapping[str, str],
        transient: Mapping[str, str],
        views: Sequence[str] = (),
        readers: str = "",
        readable: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.schemas = [schema_name(name) for name in schemas]
        self.tables = {table_name(name): file for name, file in tables.items()}
        self.transient = {table_name(name): file for name, file in transient.items()}
        self.views = views
        self.readers = readers
        self.readable = readable and schema_name(readable)

    def create(self, session: Session, context: Any) -> None:
        """Create what is not there: the catalogue is asked once, where every table's DDL would be a statement."""
        for schema in self.schemas:
            session.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        tables = {**self.tables, **self.transient}
        there = self.columns(session, [table.partition(".")[2] for table in tables])
        for table, file in tables.items():
            if tuple(table.split(".")) not in there:
                session.execute(self.render_sql(file, context, table=table))

    def compare(self, session: Session, context: Any, tables: Mapping[str, str]) -> dict[str, list[str]]:
        """The tables that differ from their DDL, and how, in words."""
        temporary = {}
        for table, file in tables.items():
            # A name of its own: temporary tables of other sessions stand in the same catalogue.
            temporary[table] = f"#wanted_{uuid.uuid4().hex}"
            session.execute(self.render_sql(file, context, table=temporary[table]))
        live = self.columns(session, [table.partition(".")[2] for table in tables])
        wanted = {name: columns for (_, name), columns in self.columns(session, list(temporary.values())).items()}
        found = {}
        for table, name in temporary.items():
            if name not in wanted:
                raise ValueError(f"the catalogue does not show {name}, made by {tables[table]}; cannot compare {table}")
            if words := differences(table, live[tuple(table.split("."))], wanted[name]):
                found[table] = words
        return found

    def renew(self, session: Session, context: Any, transient: Sequence[str]) -> None:
        """Make transient tables anew, and close the run whose rows they held. CASCADE: views are made after this."""
        for table in transient:
            self.log.info("%s differs from its DDL and holds nothing that lasts; making it anew", table)
            session.execute(f"DROP TABLE {table} CASCADE")
            session.execute(self.render_sql(self.transient[table], context, table=table))
        if transient:
            session.execute(delete_all(self.run_table))

    def columns(self, session: Session, names: Sequence[str]) -> dict[tuple[str, ...], Columns]:
        """The columns, in order, of all tables of these names, by schema and table, from the catalogue in one query."""
        found: dict[tuple[str, ...], Columns] = {}
        for schema, table, name, type_, not_null in session.rows(
            COLUMNS.format(names=", ".join(literal(name) for name in names))
        ):
            found.setdefault((schema, table), {})[name] = (type_, not_null)
        return found

    def grant(self, session: Session) -> None:
        """Let the readers' group read the published schema."""
        group = group_name(self.readers)
        session.execute(f"GRANT USAGE ON SCHEMA {self.readable} TO GROUP {group}")
        session.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {self.readable} TO GROUP {group}")

    def execute(self, context: Any) -> None:
        """Create, compare, make views, grant."""
        if self.readers:
            group_name(self.readers)
        with self.transaction() as session:
            self.create(session, context)
        with self.transaction() as session:
            if found := self.compare(session, context, self.tables):
                words = [line for lines in found.values() for line in lines]
                raise AirflowFailException("tables differ from their DDL:\n" + "\n".join(words))
            self.renew(session, context, list(self.compare(session, context, self.transient)))
            for file in self.views:
                session.execute(self.render_sql(file, context))
            if self.readers and self.readable:
                self.grant(session)
