"""Print how many rows the published tables have: what `make demo` and `make dag-test` end with.

Connects as libpq does, through PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from decimal import Decimal

import psycopg
from rich.console import Console
from rich.table import Table

TABLES = ("songplays", "users", "songs", "artists", "time")


def fetch(connection: psycopg.Connection, sql: str) -> tuple[list[str], list[tuple]]:
    """The column names and the rows of a query."""
    cursor = connection.execute(sql.strip().rstrip(";"))
    return [column.name for column in cursor.description or []], cursor.fetchall()


def spelled(value: object) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def show(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows as a table under its title, numbers aligned to the right."""
    table = Table()
    for number, column in enumerate(columns):
        is_number = bool(rows) and all(isinstance(row[number], int | float | Decimal) for row in rows)
        table.add_column(column.replace("_", " "), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(spelled, row))
    console.print(title, style="bold", highlight=False)
    console.print(table)
    console.print()


def show_tables(console: Console, connection: psycopg.Connection) -> None:
    """Print the row counts of all published tables."""
    counts = [
        (f"sparkify.{name}", fetch(connection, f"SELECT COUNT(*) FROM sparkify.{name}")[1][0][0]) for name in TABLES
    ]
    show(console, "Published", ["table", "rows"], counts)


def main() -> None:
    """Connect and print."""
    console = Console(width=None if sys.stdout.isatty() else 110)
    with psycopg.connect("", autocommit=True) as connection:
        show_tables(console, connection)


if __name__ == "__main__":
    main()
