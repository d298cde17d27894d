"""The schema of one run: staged records, candidates, and what the tasks of the run tell each other about them.

Every run has a schema of its own, so two runs share nothing, and a late task of an old run works on that run's schema
or finds it gone. These tables are the operators' own, hence their DDL is here and not in a .sql file.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
import secrets
from collections.abc import Sequence
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from warehouse.catalog import table_comments
from warehouse.errors import DatabaseError
from warehouse.identifiers import literal, plain_name
from warehouse.session import Session
from warehouse.state import now
from warehouse.tables import Feed, Table, Warehouse

# How many failed runs keep their schemas, to look into.
KEEP_FAILED = 3
# SQLSTATEs of a table or a schema that is not there.
NO_SUCH_RELATION = ("42P01", "3F000")
# Of one INSERT: some ten values each, well under redshift_connector's 32,767 parameters.
ROWS_PER_INSERT = 1000

RUN = """CREATE TABLE {schema}.run (
    token VARCHAR(64) NOT NULL,
    base_token VARCHAR(64) NOT NULL,
    run_id VARCHAR(256) NOT NULL,
    opened_at TIMESTAMP NOT NULL,
    recompute VARCHAR(65535) NOT NULL,
    fingerprints VARCHAR(65535) NOT NULL,
    checked_changes INTEGER
) DISTSTYLE ALL"""
FILES = """CREATE TABLE {schema}.files (
    feed VARCHAR(64) NOT NULL,
    bucket VARCHAR(64) NOT NULL,
    key VARCHAR(1024) NOT NULL,
    etag VARCHAR(128),
    last_modified TIMESTAMP NOT NULL,
    size BIGINT NOT NULL,
    batch_id BIGINT NOT NULL,
    run_id VARCHAR(256) NOT NULL,
    day DATE
) DISTSTYLE ALL"""
REPLACED_BATCHES = """CREATE TABLE {schema}.replaced_batches (
    feed VARCHAR(64) NOT NULL,
    batch_id BIGINT NOT NULL
) DISTSTYLE ALL"""
DROPPED_FILES = """CREATE TABLE {schema}.dropped_files (
    feed VARCHAR(64) NOT NULL,
    bucket VARCHAR(64) NOT NULL,
    key VARCHAR(1024) NOT NULL
) DISTSTYLE ALL"""
LEFT_OUT = """CREATE TABLE {schema}.left_out (
    feed VARCHAR(64) NOT NULL,
    key VARCHAR(1024) NOT NULL,
    reason VARCHAR(4096) NOT NULL
) DISTSTYLE ALL"""
CHANGES = """CREATE TABLE {schema}.changes (
    task_id VARCHAR(256) NOT NULL,
    table_name VARCHAR(256) NOT NULL,
    new_rows BIGINT NOT NULL,
    changed_rows BIGINT NOT NULL,
    deleted_rows BIGINT NOT NULL
) DISTSTYLE ALL"""


def staged(schema: str, feed: Feed) -> str:
    """The records that a run has read, by batch."""
    return f"{schema}.staged_{feed.name}"


def gained(schema: str, feed: Feed) -> str:
    """The records that the raw table gains, when batches are replaced."""
    return f"{schema}.gained_{feed.name}"


def lost(schema: str, feed: Feed) -> str:
    """The records that the raw table loses."""
    return f"{schema}.lost_{feed.name}"


def candidates(schema: str, table: Table) -> str:
    """The rows that are new or changed."""
    return f"{schema}.{table.name}"


def deletions(schema: str, table: Table) -> str:
    """The keys of the published rows that no record supports any more."""
    return f"{schema}.deleted_{table.name}"


def create_statements(warehouse: Warehouse, schema: str) -> list[str]:
    """Everything a run's schema consists of; the schema itself first."""
    statements = [f"CREATE SCHEMA {schema}"]
    statements += [
        ddl.format(schema=schema) for ddl in (RUN, FILES, REPLACED_BATCHES, DROPPED_FILES, LEFT_OUT, CHANGES)
    ]
    statements.append(f"COMMENT ON TABLE {schema}.run IS {literal(warehouse.owner)}")
    statements.append(f"CREATE TABLE {schema}.rejects (LIKE {warehouse.rejects})")
    for feed in warehouse.feeds:
        statements += [
            f"CREATE TABLE {name(schema, feed)} (LIKE {warehouse.raw(feed)})" for name in (staged, gained, lost)
        ]
    for table in warehouse.tables:
        published = warehouse.published(table)
        statements.append(f"CREATE TABLE {candidates(schema, table)} (LIKE {published})")
        statements.append(
            f"CREATE TABLE {deletions(schema, table)} AS SELECT {', '.join(table.key)} FROM {published} WHERE FALSE"
        )
    return statements


def new_token() -> str:
    """A token never used before. It is part of a schema's name."""
    return secrets.token_hex(8)


@dataclasses.dataclass(frozen=True)
class Run:
    """One run, as its schema notes it.

    :param token: identifies the run; becomes the warehouse's token when the run publishes.
    :param base_token: the warehouse's token when the run was opened. Only while it is still the same may the run
        publish: otherwise another run has published meanwhile, and this run's candidates are out of date.
    :param recompute: the published tables to compute from all raw records.
    :param fingerprints: what decides each table, as this run computes it.
    :param checked_changes: how many entries `changes` had when the checks passed; None before that.
    """

    token: str
    base_token: str
    run_id: str
    recompute: frozenset[str]
    fingerprints: str
    checked_changes: int | None


def write_run(session: Session, schema: str, run: Run) -> None:
    """Note the run in its schema."""
    session.execute(
        f"INSERT INTO {schema}.run (token, base_token, run_id, opened_at, recompute, fingerprints) "
        "VALUES (%s, %s, %s, %s, %s, %s)",
        [
            run.token,
            run.base_token,
            run.run_id,
            now(),
            json.dumps(sorted(run.recompute)),
            run.fingerprints,
        ],
    )


def read_run(session: Session, schema: str) -> Run:
    """The run that a schema belongs to; fails for good when the schema is gone."""
    if not schema:
        raise AirflowFailException("this run has no schema yet; run the task that opens the run first")
    plain_name(schema, "schema")
    try:
        token, base, run_id, recompute, fingerprints, checked = session.row(
            f"SELECT token, base_token, run_id, recompute, fingerprints, checked_changes FROM {schema}.run"
        )
    except DatabaseError as error:
        if error.sqlstate not in NO_SUCH_RELATION:
            raise
        raise AirflowFailException(
            f"the schema {schema} of this run is gone: later runs have published and removed it. "
            "Clear the whole run, not some of its tasks"
        ) from error
    return Run(token, base, run_id, frozenset(json.loads(recompute)), fingerprints, checked)


def note_change(
    session: Session, schema: str, task_id: str, table: str, *, new: int = 0, changed: int = 0, deleted: int = 0
) -> None:
    """Note that a task has written into the run's schema. Checks that passed before do not count any more."""
    session.execute(
        f"INSERT INTO {schema}.changes (task_id, table_name, new_rows, changed_rows, deleted_rows) "
        "VALUES (%s, %s, %s, %s, %s)",
        [task_id, table, new, changed, deleted],
    )


def count_changes(session: Session, schema: str) -> int:
    """How many entries `changes` has."""
    return int(session.row(f"SELECT COUNT(*) FROM {schema}.changes")[0])


def has_work(session: Session, schema: str, run: Run) -> bool:
    """Whether the run has anything to publish: files read or dropped, or tables to recompute."""
    work = f"SELECT key FROM {schema}.files UNION ALL SELECT key FROM {schema}.dropped_files"
    (files,) = session.row(f"SELECT COUNT(*) FROM ({work}) AS work")
    return bool(files or run.recompute)


def insert_rows(session: Session, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """INSERT rows, some hundreds a statement; none: no statement."""
    one = f"({', '.join(['%s'] * len(columns))})"
    for start in range(0, len(rows), ROWS_PER_INSERT):
        part = rows[start : start + ROWS_PER_INSERT]
        session.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * len(part))}",
            [value for row in part for value in row],
        )


def columns_of(session: Session, table: str) -> list[str]:
    """The columns of a table, in order."""
    session.execute(f"SELECT * FROM {table} WHERE FALSE")
    return list(session.columns)


def named_rows(schema: str, feed: Feed, columns: Sequence[str] = ("*",)) -> str:
    """The staged records of the batches that the run's `files` name; others are of a COPY that was tried again."""
    return (
        f"SELECT {', '.join(columns)} FROM {staged(schema, feed)} "
        f"WHERE batch_id IN (SELECT batch_id FROM {schema}.files WHERE feed = {literal(feed.name)})"
    )


def raw_to_be(warehouse: Warehouse, schema: str, feed: Feed) -> str:
    """All records of a feed as the raw table will have them, as a relation to read from.

    The staged table is LIKE the raw one, so `*` is the same columns in the same order.
    """
    kept = (
        f"SELECT * FROM {warehouse.raw(feed)} "
        f"WHERE batch_id NOT IN (SELECT batch_id FROM {schema}.replaced_batches WHERE feed = {literal(feed.name)})"
    )
    return f"({kept}\nUNION ALL\n{named_rows(schema, feed)})"


@dataclasses.dataclass(frozen=True)
class RunSchema:
    """The schema of a run as the database has it: when the run was opened (UTC), and whether it has published."""

    schema: str
    opened_at: datetime.datetime
    is_published: bool


PUBLISHED_MARK = "Published."


def own_schemas(session: Session, warehouse: Warehouse) -> dict[str, RunSchema]:
    """The schemas of this warehouse's runs, by name. Others of a similar name are not ours, and are not in it."""
    found = {}
    names = re.compile(re.escape(warehouse.run_prefix) + r"[0-9a-f]{16}")
    comments = table_comments(session)
    for (schema, table), comment in comments.items():
        if names.fullmatch(schema) and table == "run" and comment.endswith(warehouse.owner):
            (opened_at,) = session.row(f"SELECT MAX(opened_at) FROM {schema}.run")
            is_published = comments.get((schema, "changes"), "").startswith(PUBLISHED_MARK)
            found[schema] = RunSchema(schema, opened_at or datetime.datetime.min, is_published)
    return found


def mark_published(session: Session, warehouse: Warehouse, schema: str) -> None:
    """Note in a run's schema that the run has published."""
    session.execute(f"COMMENT ON TABLE {schema}.changes IS {literal(f'{PUBLISHED_MARK} {warehouse.owner}')}")


def drop_schema(session: Session, schema: str, tables: Sequence[str]) -> None:
    """Drop tables and then their schema, which must be empty by then. RESTRICT: nobody else's object goes with them."""
    if tables:
        session.execute(f"DROP TABLE {', '.join(f'{schema}.{table}' for table in tables)} RESTRICT")
    session.execute(f"DROP SCHEMA {schema} RESTRICT")


def tables_in(session: Session, schema: str) -> list[str]:
    """The names of the tables in a schema."""
    rows = session.rows("SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = %s ORDER BY tablename", [schema])
    return [str(name) for (name,) in rows]


def parameters(run: Run, schema: str) -> dict[str, Any]:
    """What SQL files of checks are rendered with."""
    return {"run_schema": schema, "run_id": run.run_id}
