"""Create what is missing of the warehouse's tables, and refuse to work on tables that differ from their DDL."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from warehouse import catalog
from warehouse.catalog import Columns
from warehouse.ddl import read_table_file
from warehouse.identifiers import literal, plain_name
from warehouse.operators.base import WarehouseOperator
from warehouse.run_schema import new_token
from warehouse.session import Session
from warehouse.state import now


def differences(table: str, live: Columns, wanted: Columns) -> list[str]:
    """What differs, each with the ALTER that fixes it. Columns map a name to its type and whether it is NOT NULL."""
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
    """The ALTER for another type. Redshift alters the size of a VARCHAR in place; any other type takes a new column."""
    if live.startswith("character varying") and wanted.startswith("character varying"):
        return f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {wanted}"
    return (
        f"ALTER TABLE {table} ADD COLUMN {name}_new {wanted}; "
        f"UPDATE {table} SET {name}_new = CAST({name} AS {wanted}); "
        f"ALTER TABLE {table} DROP COLUMN {name}; ALTER TABLE {table} RENAME COLUMN {name}_new TO {name}"
    )


def new_columns(live: Columns, wanted: Columns) -> dict[str, str]:
    """The columns at the end of the DDL that the table lacks, with their types. A NOT NULL one cannot be added."""
    found: dict[str, str] = {}
    for name, (type_, not_null) in reversed(wanted.items()):
        if name in live or not_null:
            break
        found[name] = type_
    return dict(reversed(found.items()))


class CreateTablesOperator(WarehouseOperator):
    """Create the schemas and tables that are missing, add columns that are new in the DDL, and compare the rest.

    A published table that gets a column is recomputed from the raw records by the same run; a raw table that gets one
    has all its files read again. Any other difference fails the task and names the ALTER. The DDL is not parsed for
    this: it creates a temporary table, and the columns of the two tables are compared as the database has them.

    A schema that exists and in which no table has the comment of this warehouse belongs to somebody else: the task
    fails and writes nothing.

    :param readers: a group that gets USAGE on the published schema and SELECT on its tables; empty: none.
    """

    template_fields: Sequence[str] = (*WarehouseOperator.template_fields, "readers")

    def __init__(self, *, readers: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.readers = readers

    @property
    def schemas(self) -> tuple[str, ...]:
        """The lasting schemas."""
        return self.warehouse.name, self.warehouse.raw_schema, self.warehouse.quality_schema

    def missing_tables(self, session: Session) -> list[str]:
        """The tables to create; fails when a schema or a table of that name belongs to somebody else."""
        comments = catalog.table_comments(session)
        own = {name for name, comment in comments.items() if comment.endswith(self.warehouse.owner)}
        existing = catalog.schemas(session, self.schemas)
        if foreign := existing - {schema for schema, _ in own}:
            raise AirflowFailException(
                f"the schema {', '.join(sorted(foreign))} exists, and this project did not create it: no table in it "
                f"has the comment {self.warehouse.owner!r}. Nothing was written. Rename or drop the schema, or use "
                "another database"
            )
        tables = [table for table in self.warehouse.ddl if tuple(table.split(".")) not in own]
        there = catalog.columns(session, [table.partition(".")[2] for table in tables]) if tables else {}
        if foreign := {table for table in tables if tuple(table.split(".")) in there}:
            raise AirflowFailException(
                f"the table {', '.join(sorted(foreign))} exists, and this project did not create it: it lacks the "
                f"comment {self.warehouse.owner!r}. Nothing was written. Rename or drop the table"
            )
        for schema in self.schemas:
            if schema not in existing:
                session.execute(f"CREATE SCHEMA {schema}")
        return tables

    def create(self, session: Session, context: Any) -> None:
        """Create the missing tables with their comments; the row of `state` comes with its table, and only then."""
        for table in self.missing_tables(session):
            file = self.warehouse.ddl[table]
            session.execute(self.render_sql(file, context, table=table))
            self.comment(session, table, self.read_sql(file))
            if table == self.warehouse.state:
                session.execute(
                    f"INSERT INTO {table} (token, run_id, changed_at, fingerprints) VALUES (%s, %s, %s, %s)",
                    [new_token(), context["run_id"], now(), "{}"],
                )

    def comment(self, session: Session, table: str, ddl: str, only: Iterable[str] | None = None) -> None:
        """Write the comments of a table's DDL into the database; `only` for these columns."""
        description = read_table_file(ddl, table)
        if only is None:
            text = f"{description.description} {self.warehouse.owner}"
            session.execute(f"COMMENT ON TABLE {table} IS {literal(text)}")
        for column in description.columns:
            if only is None or column.name in only:
                session.execute(f"COMMENT ON COLUMN {table}.{column.name} IS {literal(column.comment)}")

    def wanted_columns(self, session: Session, context: Any) -> dict[str, Columns]:
        """The columns that the DDL gives each table, from temporary tables made by it."""
        temporary = {}
        for table, file in self.warehouse.ddl.items():
            # A name of its own: the catalog also has the temporary tables of other sessions.
            temporary[table] = f"#wanted_{uuid.uuid4().hex}"
            session.execute(self.render_sql(file, context, table=temporary[table]))
        found = {name: columns for (_, name), columns in catalog.columns(session, list(temporary.values())).items()}
        return {table: found[name] for table, name in temporary.items()}

    def add_columns(
        self, session: Session, live: Mapping[tuple[str, str], Columns], wanted: Mapping[str, Columns]
    ) -> None:
        """Add the columns that are new at the end of a DDL, and have their values come in."""
        for table, columns in wanted.items():
            schema, _, name = table.partition(".")
            added = new_columns(live[schema, name], columns)
            for column, type_ in added.items():
                self.log.info("%s gets the column %s %s", table, column, type_)
                session.execute(f"ALTER TABLE {table} ADD COLUMN {column} {type_}")
                live[schema, name][column] = (type_, False)
            if added:
                self.comment(session, table, self.read_sql(self.warehouse.ddl[table]), only=added)
                self.fill_later(session, table)

    def fill_later(self, session: Session, table: str) -> None:
        """Have a table with a new column filled: a published one from raw, a raw one from its files.

        A new token: runs that are open now know nothing of the column, and must not publish any more.
        """
        for feed in self.warehouse.feeds:
            if table == self.warehouse.raw(feed):
                session.execute(f"UPDATE {self.warehouse.ledger} SET etag = NULL WHERE feed = %s", [feed.name])
        (text,) = session.row(f"SELECT fingerprints FROM {self.warehouse.state}")
        fingerprints = {name: value for name, value in json.loads(text).items() if name != table}
        session.execute(
            f"UPDATE {self.warehouse.state} SET token = %s, fingerprints = %s, changed_at = %s",
            [new_token(), json.dumps(fingerprints), now()],
        )

    def grant(self, session: Session) -> None:
        """Let the readers' group read the published schema."""
        group = plain_name(self.readers, "group")
        session.execute(f"GRANT USAGE ON SCHEMA {self.warehouse.name} TO GROUP {group}")
        session.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {self.warehouse.name} TO GROUP {group}")

    def execute(self, context: Any) -> None:
        """Create, add columns, compare, grant; one transaction, so that a failure leaves nothing half done."""
        if self.readers:
            plain_name(self.readers, "group")
        with self.transaction() as session:
            self.create(session, context)
            wanted = self.wanted_columns(session, context)
            live = catalog.columns(session, [table.partition(".")[2] for table in wanted])
            self.add_columns(session, live, wanted)
            found = [
                line
                for table, columns in wanted.items()
                for line in differences(table, live[tuple(table.split("."))], columns)  # type: ignore[index]
            ]
            if found:
                raise AirflowFailException("tables differ from their DDL:\n" + "\n".join(found))
            if self.readers:
                self.grant(session)
