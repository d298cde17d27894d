"""One transaction of an operator: statements in, rows out, all or nothing."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from airflow.providers.common.sql.hooks.sql import DbApiHook


class Session:
    """A cursor that logs what it runs. Values are bound by position (`%s`), the one style both drivers know."""

    def __init__(self, connection: Any, cursor: Any, log: Any) -> None:
        self._connection = connection
        self._cursor = cursor
        self.log = log
        self.statements: list[str] = []

    def execute(self, sql: str, values: Sequence[Any] | None = None) -> None:
        """Run one statement."""
        self.log.info("Running: %s", sql.strip())
        self.statements.append(sql)
        if values is None:
            self._cursor.execute(sql)
        else:
            self._cursor.execute(sql, tuple(values))

    def rows(self, sql: str, values: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one query and fetch all its rows (redshift_connector gives lists, psycopg tuples: here always tuples)."""
        self.execute(sql, values)
        return [tuple(row) for row in self._cursor.fetchall()]

    @property
    def columns(self) -> tuple[str, ...]:
        """The column names of the last query."""
        return tuple(str(column[0]) for column in self._cursor.description or ())

    @property
    def database_errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises for an error of the server: each driver has its own class of that name (PEP 249)."""
        module = sys.modules[type(self._connection).__module__.partition(".")[0]]
        return (module.DatabaseError,)

    @property
    def rowcount(self) -> int:
        """How many rows the last INSERT, UPDATE or DELETE changed; -1 when the driver does not know."""
        return int(self._cursor.rowcount)

    def commit(self) -> None:
        """Make what was done so far permanent; the session stays usable."""
        self._connection.commit()

    def rollback(self) -> None:
        """Give up what was done so far; the session stays usable (to read the load errors of a failed COPY)."""
        self._connection.rollback()

    def row(self, sql: str, values: Sequence[Any] | None = None) -> tuple[Any, ...]:
        """Run a query that gives exactly one row."""
        rows = self.rows(sql, values)
        if len(rows) != 1:
            raise ValueError(f"expected one row, got {len(rows)}, from: {sql}")
        return rows[0]


@contextlib.contextmanager
def transaction(hook: DbApiHook, log: Any, *, autocommit: bool = False) -> Iterator[Session]:
    """A session whose statements commit together at the end, or not at all: closing without COMMIT discards.

    DbApiHook.run does the same for a fixed list of statements; the operators need the answer of one to write the next.
    `autocommit` is for statements that must outlive a failure of those after them.
    """
    with closing(hook.get_conn()) as connection:
        hook.set_autocommit(connection, autocommit)
        if hasattr(connection, "prepare_threshold"):
            # psycopg 3 prepares what it sees often and drops it by DEALLOCATE ALL, which Redshift does not know.
            connection.prepare_threshold = None
        with closing(connection.cursor()) as cursor:
            yield Session(connection, cursor, log)
        if not autocommit:
            connection.commit()
