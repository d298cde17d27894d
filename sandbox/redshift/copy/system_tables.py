"""What the load system tables show, written over a connection of our own so that it outlives the client's rollback."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Iterable

import psycopg

from sandbox.redshift.copy.exact import LoadError
from sandbox.redshift.copy.table import Column

# one statement for all rows: a load of thousands of files writes as many
INSERT = "INSERT INTO pg_redshift_store.{0} SELECT * FROM json_populate_recordset(NULL::pg_redshift_store.{0}, %s)"
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
        await self._insert(
            "load_errors",
            [
                {
                    "tbl": self.table,
                    "starttime": self.started.isoformat(),
                    "session": self.session,
                    "database": self.database,
                    "filename": cut(error.filename, 256),
                    "line_number": error.line,
                    "colname": cut(error.column.name if error.column else "", 127),
                    "type": TYPE_NAMES.get(error.column.type, error.column.type) if error.column else "",
                    "col_length": _length(error.column),
                    "position": error.position,
                    "raw_line": cut(error.raw_line, 1024),
                    "raw_field_value": cut(error.raw_value, 1024),
                    "err_code": error.code,
                    "err_reason": cut(error.reason, 100),
                }
                for error in errors
            ],
        )

    async def files(self, files: Iterable[FileDone], file_format: str) -> None:
        common = {"curtime": utc_now().isoformat(), "status": 1, "file_format": file_format}
        await self._insert(
            "load_commits",
            [
                {
                    "filename": cut(file.filename, 256),
                    "byte_offset": file.size,
                    "lines_scanned": file.lines,
                    "errors": file.errors,
                    **common,
                }
                for file in files
            ],
        )

    async def _insert(self, table: str, rows: list[dict[str, object]]) -> None:
        common = {"query": self.query_id, "userid": self.user_id, "slice": 0}
        text = json.dumps([{**common, **row} for row in rows])
        await self.service.execute(INSERT.format(table).encode(), [text])


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
