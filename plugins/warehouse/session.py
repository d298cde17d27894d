"""One transaction of an operator: statements in, rows out, all or nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from typing import Any

from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.sdk.exceptions import AirflowNotFoundException

from warehouse.errors import (
    CannotConnectError,
    ConnectionCutError,
    is_cut_off,
    without_values,
)
from warehouse.identifiers import literal
from warehouse.retries import reason_to_retry

# Longer than any statement should take, in milliseconds: what hangs ends here, and the server is rid of it.
STATEMENT_TIMEOUT = 2 * 60 * 60 * 1000

UNREACHABLE = (
    "Check that the cluster or workgroup is running, not paused or in maintenance; that its security group and VPC let "
    "this machine in; that host and port are right (Redshift's default is 5439); and that the TLS settings in the "
    "connection's extra fit the server"
)
REFUSED = "Check the connection's login, password, schema (the database) and extra"


class Session:
    """A cursor that logs what it runs. Values are bound by position (`%s`), the one style both drivers know.

    Values are never logged, and the server's errors are raised without the values of rows, as DatabaseError.
    """

    def __init__(
        self, connection: Any, cursor: Any, log: Any, open_reader: Callable[[], AbstractContextManager[Session]]
    ) -> None:
        self._connection = connection
        self._cursor = cursor
        self._open_reader = open_reader
        self.log = log
        self.statements: list[str] = []

    def execute(self, sql: str, values: Sequence[Any] | None = None) -> None:
        """Run one statement. Raises DatabaseError for what the server reports."""
        self.log.info("Running: %s", sql.strip())
        self.statements.append(sql)
        call(self._cursor.execute, sql, *([] if values is None else [tuple(values)]))

    def rows(self, sql: str, values: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one query and fetch all its rows (redshift_connector gives lists, psycopg tuples: here always tuples)."""
        self.execute(sql, values)
        return [tuple(row) for row in call(self._cursor.fetchall)]

    def row(self, sql: str, values: Sequence[Any] | None = None) -> tuple[Any, ...]:
        """Run a query that gives exactly one row. Raises ValueError for another number of rows."""
        rows = self.rows(sql, values)
        if len(rows) != 1:
            raise ValueError(f"expected one row, got {len(rows)}, from: {sql}")
        return rows[0]

    @property
    def columns(self) -> tuple[str, ...]:
        """The column names of the last query."""
        return tuple(str(column[0]) for column in self._cursor.description or ())

    def commit(self) -> None:
        """Make what was done so far permanent; the session stays usable. Raises DatabaseError."""
        call(self._connection.commit)

    @property
    def rowcount(self) -> int:
        """How many rows the last INSERT, UPDATE or DELETE changed; -1 when the driver does not know."""
        return int(self._cursor.rowcount)

    def rollback(self) -> None:
        """Give up what was done so far; the session stays usable, and keeps its timeout and label."""
        call(self._connection.rollback)

    def reader(self) -> AbstractContextManager[Session]:
        """A second session, by another connection, in autocommit: a query that fails there does not end this one."""
        return self._open_reader()


def call(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the driver. What it raises is raised without the values of rows, or as ConnectionCutError."""
    try:
        return function(*arguments)
    except Exception as error:
        failure = without_values(error) or (ConnectionCutError(type(error).__name__) if is_cut_off(error) else None)
        if failure is None:
            raise
    # Outside the handler: inside, the driver's error would become the context of this one and reach the log with it.
    raise failure


def where(hook: DbApiHook, conn_id: str) -> str:
    """The connection as an error names it: id, host and port, without login and password."""
    connection = hook.get_connection(conn_id)
    extra = connection.extra_dejson
    host = connection.host or extra.get("host") or extra.get("cluster_identifier") or "no host"
    return f"{conn_id!r} to host {host}, port {connection.port or extra.get('port') or 'not set'}"


def connect(hook: DbApiHook, conn_id: str) -> Any:
    """The driver's connection. Raises CannotConnectError from the driver's error, which decides about a retry."""
    try:
        return hook.get_conn()
    except AirflowNotFoundException:
        raise
    except Exception as error:
        if not is_cut_off(error):
            raise cannot_connect(hook, conn_id, error) from error
        cut = ConnectionCutError(type(error).__name__)
    raise cannot_connect(hook, conn_id, cut) from cut


def cannot_connect(hook: DbApiHook, conn_id: str, error: Exception) -> CannotConnectError:
    """The error that says which connection could not be made, why, and what to check."""
    advice = UNREACHABLE if reason_to_retry(error) else REFUSED
    return CannotConnectError(f"connection {where(hook, conn_id)} cannot be made: {explain(error)}\n{advice}.")


def explain(error: Exception) -> str:
    """Why the driver could not connect, in one line."""
    failure = without_values(error)
    text = failure.message if failure else ": ".join(str(part) for part in error.args) or type(error).__name__
    return " ".join(text.split())


def start(hook: DbApiHook, connection: Any, cursor: Any, statement_timeout: int, label: str | None) -> None:
    """Set what holds for the whole session; in autocommit, because a SET in a transaction is rolled back with it."""
    settings = [f"SET statement_timeout TO {int(statement_timeout)}"]
    if label:
        settings.append(f"SET query_group TO {literal(label)}")
    if hasattr(connection, "prepare_threshold"):
        # psycopg 3 prepares what it sees often and drops it by DEALLOCATE ALL, which Redshift does not know.
        connection.prepare_threshold = None
        # It sends them in one message; redshift_connector prepares each statement, and takes one at a time.
        settings = ["; ".join(settings)]
    hook.set_autocommit(connection, True)
    for setting in settings:
        call(cursor.execute, setting)


@contextlib.contextmanager
def transaction(
    hook: DbApiHook,
    log: Any,
    *,
    autocommit: bool = False,
    conn_id: str | None = None,
    label: str | None = None,
    statement_timeout: int = STATEMENT_TIMEOUT,
) -> Iterator[Session]:
    """A session whose statements commit together at the end, or not at all: closing without COMMIT discards.

    DbApiHook.run does the same for a fixed list of statements; the operators need the answer of one to write the next.
    Raises CannotConnectError where there is no connection, DatabaseError for what the server reports.

    :param autocommit: for statements that must outlive a failure of those after them.
    :param conn_id: how an error names the connection; the hook's own where it is None.
    :param label: what the session's queries are for, `<dag_id>.<task_id>`: their query group on the server, by which
        STL_QUERY and SYS_QUERY_HISTORY show them and a queue of the workload management can pick them.
    :param statement_timeout: milliseconds after which the server ends a statement; 0 for never.
    """
    conn_id = conn_id or hook.get_conn_id()
    settings = {"conn_id": conn_id, "label": label, "statement_timeout": statement_timeout}
    with closing(connect(hook, conn_id)) as connection, closing(connection.cursor()) as cursor:
        start(hook, connection, cursor, statement_timeout, label)
        hook.set_autocommit(connection, autocommit)
        session = Session(connection, cursor, log, lambda: transaction(hook, log, autocommit=True, **settings))
        yield session
        if not autocommit:
            session.commit()
