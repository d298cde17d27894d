"""The rows of a Parquet file: columns by position, each of exactly the type of its column, as Redshift has it."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Sequence

import duckdb

from sandbox.redshift.copy.rows import Row
from sandbox.redshift.copy.source import S3Object
from sandbox.redshift.copy.table import Column
from sandbox.redshift.copy.vectorised import literal
from sandbox.redshift.errors import RedshiftError, internal_error, unsupported

ROWS_AT_ONCE = 1000
TIMES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
# pg_type's name -> Redshift's name, DuckDB's names of the Parquet types that fit it. Nothing is widened or narrowed.
TYPES = {
    "int2": ("SMALLINT", ("SMALLINT",)),
    "int4": ("INTEGER", ("INTEGER",)),
    "int8": ("BIGINT", ("BIGINT",)),
    "float4": ("REAL", ("FLOAT",)),
    "float8": ("DOUBLE PRECISION", ("DOUBLE",)),
    "bool": ("BOOLEAN", ("BOOLEAN",)),
    "varchar": ("VARCHAR", ("VARCHAR",)),
    "text": ("VARCHAR", ("VARCHAR",)),
    "bpchar": ("CHAR", ("VARCHAR",)),
    "date": ("DATE", ("DATE",)),
    "timestamp": ("TIMESTAMP", TIMES),
    "timestamptz": ("TIMESTAMPTZ", TIMES),
}


def parquet_rows(
    database: duckdb.DuckDBPyConnection, path: pathlib.Path, file: S3Object, columns: Sequence[Column], fill: bool
) -> Iterator[Row]:
    """The rows of a local file, once its schema was compared with the table's; `fill`: columns may be missing."""
    source = f"read_parquet({literal(str(path))}, binary_as_string=true)"
    try:
        schema = database.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()  # noqa: S608 - our own path, quoted
        _check(schema, file, columns, fill)
        taken = columns[: len(schema)]
        names = [f"c{i}" for i in range(len(taken))]
        texts = ", ".join(
            _text(name, str(kind), column) for name, (_, kind, *_), column in zip(names, schema, taken, strict=True)
        )
        found = database.execute(f"SELECT {texts} FROM {source} AS t({', '.join(names)})")  # noqa: S608 - as above
        line = 0
        while rows := found.fetchmany(ROWS_AT_ONCE):
            for fields in rows:
                line += 1
                _check_lengths(fields, file, taken)
                yield Row(line, b"", [*fields, *[None] * (len(columns) - len(fields))])
    except duckdb.Error as error:
        raise _scan_error(f"File '{file.path}' cannot be read: {str(error).splitlines()[0]}") from error


def _check(schema: Sequence[Sequence[object]], file: S3Object, columns: Sequence[Column], fill: bool) -> None:
    if len(schema) > len(columns) or (len(schema) < len(columns) and not fill):
        counts = f"Table columns: {len(columns)}, Data columns: {len(schema)}, File name: {file.path}"
        raise _scan_error(f"Unmatched number of columns between table and file. {counts}")
    for column, (name, kind, *_) in zip(columns, schema, strict=False):
        # NUMERIC has to agree in precision and scale
        numeric = f"DECIMAL({column.size},{column.scale})"
        ours, theirs = TYPES.get(column.type, (numeric, (numeric,)))
        if kind == "TIMESTAMP_NS":
            raise unsupported(f"COPY of Parquet with timestamps in nanoseconds (column '{name}')")
        if kind not in theirs:
            found = f"Column type: {ours}, Parquet schema: {str(kind).lower()} {name}"
            raise _scan_error(f"File '{file.path}' has an incompatible Parquet schema for column '{name}'. {found}")


def _text(name: str, kind: str, column: Column) -> str:
    """A value's text as values.py reads it; every time in Parquet is one in UTC, or none in particular."""
    if kind not in TIMES:
        return f"CAST({name} AS VARCHAR)"
    zone = " || '+00'" if column.type == "timestamptz" else ""
    return f"CAST(make_timestamp(epoch_us({name})) AS VARCHAR){zone}"


def _check_lengths(fields: Sequence[str | None], file: S3Object, columns: Sequence[Column]) -> None:
    """Of text that is too long Redshift says so before it looks at anything else, and logs no row."""
    for column, text in zip(columns, fields, strict=True):
        if text is not None and column.type in ("varchar", "text", "bpchar"):
            size = len(text.encode())
            if size > column.size:
                longer = f"The length of the data column {column.name} is longer than the length defined in the table"
                lengths = f"Table: {column.size}, Data: {size}, File name: {file.path}"
                raise _scan_error(f"{longer}. {lengths}")


def _scan_error(context: str) -> RedshiftError:
    return internal_error("Spectrum Scan Error", 15007, "dory_util.cpp", context)
