"""The exact path of every format: rows as CSV, and an error row for each record that cannot be loaded."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Iterator, Sequence

import psycopg

from sandbox.redshift.copy.command import Conversion
from sandbox.redshift.copy.rows import FieldError, Row
from sandbox.redshift.copy.table import Column
from sandbox.redshift.copy.values import SURROGATE, AutoCast, convert

RAW = 1024  # characters of the raw texts kept: the tables' width
# words PostgreSQL's parser of dates would take and no data file means
NOT_A_DATE = re.compile(r"now|today|tomorrow|yesterday|epoch|infinity|allballs", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class LoadError:
    """One row of STL_LOAD_ERRORS, as far as the data tell it. `column` is None when the record as a whole is bad.

    fatal: the load fails of it whatever MAXERROR says.
    """

    filename: str
    line: int
    column: Column | None
    position: int
    raw_line: str
    raw_value: str
    code: int
    reason: str
    fatal: bool


class PostgresDates:
    """'auto' formats: what PostgreSQL's own parser takes, asked value by value over a connection of ours."""

    def __init__(self, conninfo: str) -> None:
        self.conninfo = conninfo
        self.connection: psycopg.Connection | None = None
        self.cast = functools.lru_cache(maxsize=10000)(self._cast)

    def _cast(self, text: str, kind: str) -> str | None:
        if NOT_A_DATE.search(text):
            return None
        if self.connection is None:
            options = "-c datestyle=ISO,MDY -c timezone=UTC -c search_path=pg_catalog"
            self.connection = psycopg.connect(self.conninfo, autocommit=True, options=options)
        # kind is one of values.py's own words; CAST as Redshift's 'auto' is defined by it
        query = "SELECT CAST(CAST(%s AS " + kind + ") AS text)"
        try:
            row = self.connection.execute(query.encode(), [text]).fetchone()
        except psycopg.DataError:
            return None
        return str(row[0]) if row else None

    def close(self) -> None:
        if self.connection is not None:
            self.connection.close()


def convert_rows(
    file: str, rows: Iterable[Row], columns: Sequence[Column], options: Conversion, auto: AutoCast
) -> Iterator[bytes | LoadError]:
    """The CSV line of each good record and the error of each bad one, in order."""
    for row in rows:
        fields: list[str | None] = []
        problem, at = row.problem, row.at
        try:
            for column, text in zip(columns, row.fields, strict=False):
                fields.append(convert(text, column, options, auto))
        except FieldError as found:
            problem, at = found, len(fields)
        yield csv_line(fields) if problem is None else _error(file, row, columns, at, problem)


def csv_line(fields: Sequence[str | None]) -> bytes:
    """Every value quoted, NULL as nothing."""
    return (",".join("" if f is None else '"' + f.replace('"', '""') + '"' for f in fields) + "\n").encode()


def _error(file: str, row: Row, columns: Sequence[Column], at: int | None, problem: FieldError) -> LoadError:
    column = None if at is None else columns[at]
    text = "" if at is None or at >= len(row.fields) else row.fields[at] or ""
    value, line = SURROGATE.sub("?", text)[:RAW], row.raw[:RAW].decode("utf-8", "replace")
    return LoadError(file, row.line, column, problem.position, line, value, problem.code, problem.reason, row.fatal)
