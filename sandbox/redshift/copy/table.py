"""The target table, read from the catalogue in the client's own transaction, and the columns a COPY fills."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from sandbox.redshift.copy.command import CopyCommand
from sandbox.redshift.errors import RedshiftError, unsupported

MAX_VARCHAR = 65535  # bytes; what a column without a declared length can hold

# pg_type's name -> the name in Redshift's texts
TYPES = {
    "int2": "Short",
    "int4": "Integer",
    "int8": "Long",
    "numeric": "Decimal",
    "float4": "Real",
    "float8": "Double",
    "bool": "Boolean",
    "varchar": "Varchar",
    "text": "Varchar",
    "bpchar": "Char",
    "date": "Date",
    "timestamp": "Timestamp",
    "timestamptz": "Timestamptz",
}
# the client's session takes no parameters here: names come in as quoted literals
TABLE = (
    "SELECT c.oid, pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), c.relkind,"
    " pg_catalog.has_table_privilege(c.oid, 'INSERT')"
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.oid = pg_catalog.to_regclass({})"
)
COLUMNS = (
    "SELECT a.attname, t.typname, a.atttypmod, a.attnotnull, a.attidentity, a.atthasdef"
    " FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
    " WHERE a.attrelid = {} AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
)


class Fetcher(Protocol):
    """What reading the catalogue needs of the client's session."""

    async def fetch(self, sql: str) -> list[tuple[str | None, ...]]: ...


@dataclasses.dataclass(frozen=True)
class Column:
    """A column. `type` is pg_type's name; `size`: bytes of a character type, precision of a numeric; -1 for none."""

    name: str
    type: str
    size: int = -1
    scale: int = 0
    not_null: bool = False
    identity: str = ""
    has_default: bool = False


@dataclasses.dataclass(frozen=True)
class Table:
    """The table of a COPY and `columns`, those it fills, in the order of the list or of the table."""

    oid: int
    name: str
    qualified: str
    columns: tuple[Column, ...]

    def copy_statement(self) -> str:
        """PostgreSQL's COPY for rows that arrive as CSV; an unquoted empty field is NULL."""
        names = ", ".join(quote(column.name) for column in self.columns)
        return f"COPY {self.qualified} ({names}) FROM STDIN (FORMAT csv, ENCODING 'UTF8')"


async def read_table(host: Fetcher, command: CopyCommand) -> Table:
    """The table as the client's transaction sees it; RedshiftError when it, or a listed column, does not exist."""
    name = quote(command.table) if command.schema is None else f"{quote(command.schema)}.{quote(command.table)}"
    found = await host.fetch(TABLE.format(literal(name)))
    if not found:
        raise RedshiftError("XX000", f"Cannot COPY into nonexistent table {command.table}")
    oid, qualified, kind, insertable = found[0]
    if kind not in ("r", "p"):
        raise RedshiftError("42809", f'cannot copy to "{command.table}": it is not a table')
    # PostgreSQL's own check comes with the first row, which NOLOAD never sends, and after S3 was read
    if insertable != "t":
        raise RedshiftError("42501", f"permission denied for relation {command.table}")
    columns = [_column(row) for row in await host.fetch(COLUMNS.format(oid))]
    return Table(int(oid or 0), command.table, qualified or "", tuple(_filled(columns, command)))


def quote(name: str) -> str:
    """An identifier for SQL text."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string for SQL text, whatever standard_conforming_strings says."""
    return " E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _column(row: tuple[str | None, ...]) -> Column:
    name, kind, modifier, not_null, identity, default = row
    number = int(modifier or -1)
    size, scale = -1, 0
    if kind in ("varchar", "text", "bpchar"):
        size = number - 4 if number >= 4 else MAX_VARCHAR
    elif kind == "numeric":
        # typmod is ((precision << 16) | scale) + 4; without one, Redshift's default (18,0)
        size, scale = ((number - 4) >> 16, (number - 4) & 0x7FF) if number >= 4 else (18, 0)
    return Column(name or "", kind or "", size, scale, not_null == "t", identity or "", default == "t")


def _filled(columns: list[Column], command: CopyCommand) -> list[Column]:
    """The columns to fill, by the rules of IDENTITY, EXPLICIT_IDS and NOT NULL."""
    by_name = {column.name: column for column in columns}
    if command.columns is None:
        filled = [column for column in columns if command.explicit_ids or not column.identity]
    else:
        for name in command.columns:
            if name not in by_name:
                raise RedshiftError("42703", f'column "{name}" of relation "{command.table}" does not exist')
        filled = [by_name[name] for name in command.columns]
    listed = [column.name for column in filled]
    for column in columns:
        # "a" is IDENTITY, "d" GENERATED BY DEFAULT AS IDENTITY, which may be supplied freely
        if column.identity == "a" and (column.name in listed) != command.explicit_ids:
            verb = "needs EXPLICIT_IDS" if column.name in listed else "must be listed with EXPLICIT_IDS"
            raise RedshiftError("XX000", f'identity column "{column.name}" {verb}')
        if column.name not in listed and column.not_null and not (column.has_default or column.identity):
            raise RedshiftError("XX000", f'column "{column.name}" is NOT NULL, has no default and is not in the list')
        if column.name in listed and column.type not in TYPES:
            raise unsupported(f'COPY into column "{column.name}" of type {column.type}')
    if not filled:
        raise RedshiftError("XX000", f"table {command.table} has no column to load")
    return filled
