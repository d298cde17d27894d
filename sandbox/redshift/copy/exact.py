"""The exact path over one piece of a file: rows as CSV, and an error row for each record that cannot be loaded."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterator, Sequence

import psycopg

from sandbox.redshift.copy.command import Conversion
from sandbox.redshift.copy.jsonpaths import Path, PathError, find
from sandbox.redshift.copy.pieces import Piece
from sandbox.redshift.copy.records import MAX_VALUE, Record, Value, records
from sandbox.redshift.copy.table import Column
from sandbox.redshift.copy.values import AutoCast, FieldError, convert, raw_text

BAD_JSON = 1216  # "invalid input line": the nearest of STL_LOAD_ERRORS' codes
RAW = 1024  # characters of the raw texts kept: the tables' width
# words PostgreSQL's parser of dates would take and no data file means
NOT_A_DATE = re.compile(r"now|today|tomorrow|yesterday|epoch|infinity|allballs", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class LoadError:
    """One row of STL_LOAD_ERRORS, as far as the data tell it. `column` is None when the record as a whole is bad."""

    filename: str
    line: int
    column: Column | None
    position: int
    raw_line: str
    raw_value: str
    code: int
    reason: str


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


def convert_piece(
    piece: Piece,
    columns: Sequence[Column],
    paths: Sequence[Path],
    ignore_case: bool,
    options: Conversion,
    auto: AutoCast,
) -> Iterator[bytes | LoadError]:
    """The CSV line of each good record and the error of each bad one, in order."""
    if piece.oversized:
        reason = f"JSON value exceeds the limit of {MAX_VALUE} bytes"
        line = piece.first_line + piece.data.count(b"\n")
        yield LoadError(str(piece.file.path), line, None, 0, _shown(piece.data[:RAW]), "", BAD_JSON, reason)
        return
    targets = list(zip(columns, paths, strict=True))
    only_objects = all(len(path) == 1 and isinstance(path[0], str) for path in paths)
    for record in records(piece.data, piece.first_line):
        if record.root is None or (only_objects and not isinstance(record.root, dict)):
            reason = record.problem or "Invalid JSON: an array cannot be mapped to columns by name"
            yield _error(piece, record, None, None, FieldError(BAD_JSON, reason))
            continue
        root = record.root
        if ignore_case and isinstance(root, dict):
            root = _lower(root)
        value = None
        fields = []
        for column, path in targets:
            try:
                value = None
                value = find(piece.data, root, path)
                fields.append(convert(piece.data, value, column, options, auto))
            except PathError as problem:
                yield _error(piece, record, column, None, FieldError(BAD_JSON, str(problem)))
                break
            except FieldError as problem:
                yield _error(piece, record, column, value, problem)
                break
        else:
            yield csv_line(fields)


def csv_line(fields: Sequence[str | None]) -> bytes:
    """Every value quoted, NULL as nothing."""
    return (",".join("" if f is None else '"' + f.replace('"', '""') + '"' for f in fields) + "\n").encode()


def _lower(root: dict[str, Value]) -> dict[str, Value]:
    lowered: dict[str, Value] = {}
    for name, value in root.items():
        lowered.setdefault(name.lower(), value)
    return lowered


def _error(piece: Piece, record: Record, column: Column | None, value: Value | None, problem: FieldError) -> LoadError:
    raw_value = raw_text(piece.data, value)[:RAW]
    raw_line = _shown(piece.data[record.start : min(record.end, record.start + RAW)])
    path = str(piece.file.path)
    return LoadError(path, record.line, column, problem.position, raw_line, raw_value, problem.code, problem.reason)


def _shown(data: bytes) -> str:
    return data.decode("utf-8", "replace")
