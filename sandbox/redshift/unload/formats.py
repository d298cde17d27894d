"""Rows as the bytes of an unloaded file. A row's values are PostgreSQL's texts, None for NULL."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import tempfile
from collections.abc import Callable, Sequence

import duckdb

from sandbox.redshift.errors import RedshiftError, unsupported
from sandbox.redshift.rewrite.scan import literal
from sandbox.redshift.unload.command import UnloadCommand

Row = Sequence[str | None]
Encode = Callable[[Row], str]

# PostgreSQL's type numbers (pg_type.dat), and what DuckDB calls the type in Parquet.
BOOL, NUMERIC = 16, 1700
PARQUET = {
    BOOL: "BOOLEAN",
    20: "BIGINT",
    21: "SMALLINT",
    23: "INTEGER",
    25: "VARCHAR",
    700: "FLOAT",
    701: "DOUBLE",
    1042: "VARCHAR",
    1043: "VARCHAR",
    1082: "DATE",
    1114: "TIMESTAMP",
    1184: "TIMESTAMPTZ",
}
NAMES = {
    BOOL: "boolean",
    20: "bigint",
    21: "smallint",
    23: "integer",
    25: "character varying",
    700: "real",
    701: "double precision",
    1042: "character",
    1043: "character varying",
    1082: "date",
    1114: "timestamp without time zone",
    1184: "timestamp with time zone",
    NUMERIC: "numeric",
}
NUMBERS = {20, 21, 23, 700, 701, NUMERIC}


@dataclasses.dataclass(frozen=True)
class Field:
    """A column of the query: its name, PostgreSQL's number of its type, and the type's modifier."""

    name: str
    type: int
    modifier: int = -1

    @property
    def decimal(self) -> tuple[int, int]:
        """Precision and scale of a NUMERIC; without any, as wide as Redshift's can be."""
        packed = self.modifier - 4
        return (packed >> 16, packed & 0xFFFF) if self.modifier >= 0 else (38, 10)


def line_encoder(command: UnloadCommand, fields: Sequence[Field]) -> Encode:
    """What writes a row as a line, its end included, in any format but PARQUET."""
    if command.format == "JSON":
        return _json(fields)
    if command.format == "FIXEDWIDTH":
        return _fixed_width(command, fields)
    return _csv(command) if command.format == "CSV" else _text(command)


def _text(command: UnloadCommand) -> Encode:
    special = {"\n", "\r", "\\", command.delimiter} | ({'"'} if command.add_quotes else set())
    escapes = str.maketrans({character: f"\\{character}" for character in special})

    def field(value: str | None) -> str:
        text = command.null if value is None else value.translate(escapes) if command.escape else value
        return f'"{text}"' if command.add_quotes else text

    return lambda row: command.delimiter.join(map(field, row)) + "\n"


def _csv(command: UnloadCommand) -> Encode:
    special = {"\n", "\r", '"', command.delimiter}

    def field(value: str | None) -> str:
        if value is None:
            return command.null
        return '"' + value.replace('"', '""') + '"' if special.intersection(value) else value

    return lambda row: command.delimiter.join(map(field, row)) + "\n"


def _fixed_width(command: UnloadCommand, fields: Sequence[Field]) -> Encode:
    if len(command.widths) != len(fields):
        raise RedshiftError("XX000", f"FIXEDWIDTH names {len(command.widths)} columns, the query has {len(fields)}")

    def field(value: str | None, label: str, width: int) -> str:
        text = command.null if value is None else value
        if len(text.encode()) > width:
            raise RedshiftError("XX000", f"a value of column {label} is longer than its {width} bytes of FIXEDWIDTH")
        return text + " " * (width - len(text.encode()))

    return lambda row: "".join(field(v, *w) for v, w in zip(row, command.widths, strict=True)) + "\n"


def _json(fields: Sequence[Field]) -> Encode:
    names = [json.dumps(field.name, ensure_ascii=False) for field in fields]
    if len(set(names)) < len(names):
        raise RedshiftError("XX000", "the columns of an UNLOAD to JSON need names of their own")

    def value(text: str | None, field: Field) -> str:
        if text is None:
            return "null"
        # Booleans are t and f, by the guide; Infinity and NaN have no place among JSON's numbers.
        is_number = field.type in NUMBERS and text[-1].isdigit()
        return text if is_number else json.dumps(text, ensure_ascii=False)

    def line(row: Row) -> str:
        pairs = zip(names, row, fields, strict=True)
        return "{" + ",".join(f"{name}:{value(text, field)}" for name, text, field in pairs) + "}\n"

    return line


def parquet(fields: Sequence[Field], rows: Sequence[Row]) -> bytes:
    """A whole Parquet file, which DuckDB writes. JSON brings it the rows: its reader of CSV stumbles over newlines."""
    texts = ", ".join(f"c{at}: 'VARCHAR'" for at in range(len(fields)))
    columns = ", ".join(
        f'CAST(c{at} AS {_parquet_type(field)}) AS "{field.name.replace(chr(34), chr(34) * 2)}"'
        for at, field in enumerate(fields)
    )
    with tempfile.TemporaryDirectory(prefix="unload-") as folder, duckdb.connect() as duck:
        source, target = pathlib.Path(folder, "rows.json"), pathlib.Path(folder, "rows.parquet")
        with source.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps({f"c{at}": value for at, value in enumerate(row)}) + "\n")
        form = f"format = 'newline_delimited', columns = {{{texts}}}"
        read = duck.sql(f"SELECT {columns} FROM read_json({literal(str(source))}, {form})")  # noqa: S608
        read.write_parquet(str(target), compression="snappy")
        return target.read_bytes()


def _parquet_type(field: Field) -> str:
    if field.type == NUMERIC:
        return "DECIMAL({}, {})".format(*field.decimal)
    return PARQUET[field.type]


def base_type(field: Field) -> dict[str, object]:
    """A column's type as a verbose manifest gives it."""
    base: dict[str, object] = {"base": NAMES[field.type]}
    if field.type == NUMERIC:
        base |= dict(zip(("precision", "scale"), field.decimal, strict=True))
    elif field.type in (1042, 1043) and field.modifier >= 0:
        base["max_length"] = field.modifier - 4
    return base


def refuse_unknown_types(fields: Sequence[Field]) -> None:
    """Types of columns that no format here has a form for."""
    for field in fields:
        if field.type not in NAMES:
            raise unsupported(f'UNLOAD of the type of column "{field.name}"')
