"""What the load system tables show, written over a connection of our own so that it outlives the client's rollback."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable

import psycopg

from sandbox.redshift.copy.exact import LoadError
from sandbox.redshift.copy.table import Column

INSERT_ERROR = (
    "INSERT INTO pg_redshift.load_errors (query, userid, slice, tbl, starttime, session, database, filename,"
    " line_number, colname, type, col_length, position, raw_line, raw_field_value, err_code, err_reason)"
    " VALUES (%s, %s, 0, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
INSERT_COMMIT = (
    "INSERT INTO pg_redshift.load_commits (query, userid, slice, filename, byte_offset, lines_scanned, errors, curtime,"
    " status, file_format) VALUES (%s, %s, 0, %s, %s, %s, %s, %s, 1, 'JSON')"
)
TYPE_NAMES = {"bpchar": "char", "text": "varchar"}


@dataclasses.dataclass(frozen=True)
class FileDone:
    """A file that was read to its end: its lines and how many of its records failed."""

    filename: str
    size: int
    lines: int
    errors: int


@dataclasses.dataclass(frozen=True)
class LoadLog:
    """The rows of one COPY: who and which, then what happened."""

    service: psycopg.AsyncConnection
    query_id: int
    user_id: int
    table: int
    session: int
    database: str
    started: datetime.datetime

    async def errors(self, errors: Iterable[LoadError]) -> None:
        rows = [
            (
                self.query_id,
                self.user_id,
                self.table,
                self.started,
                self.session,
                self.database,
                cut(error.filename, 256),
                error.line,
                cut(error.column.name if error.column else "", 127),
                TYPE_NAMES.get(error.column.type, error.column.type) if error.column else "",
                _length(error.column),
                error.position,
                cut(error.raw_line, 1024),
                cut(error.raw_value, 1024),
                error.code,
                cut(error.reason, 100),
            )
            for error in errors
        ]
        async with self.service.cursor() as cursor:
            await cursor.executemany(INSERT_ERROR, rows)

    async def files(self, files: Iterable[FileDone]) -> None:
        now = utc_now()
        rows = [
            (self.query_id, self.user_id, cut(file.filename, 256), file.size, file.lines, file.errors, now)
            for file in files
        ]
        async with self.service.cursor() as cursor:
            await cursor.executemany(INSERT_COMMIT, rows)


def utc_now() -> datetime.datetime:
    """As the system tables show times: UTC, without a zone."""
    return datetime.datetime.now(datetime.UTC).replace(tzinfo=None)


def cut(text: str, size: int) -> str:
    """At most `size` bytes of a text, whole characters, without the NUL that PostgreSQL cannot store."""
    return text.replace("\0", "").encode("utf-8", "replace")[:size].decode("utf-8", "ignore")


def _length(column: Column | None) -> str:
    if column is None or column.size < 0:
        return "0"
    return f"{column.size},{column.scale}" if column.type == "numeric" else str(column.size)
