"""Write docs/data.md, the picture and the dictionary of the warehouse's tables, from their DDL; `make docs` runs it.

Reads files only: the DDL of the tables that plugins/sparkify/tables.py declares, and the references that
plugins/sparkify/checks.py declares. A test compares the result with a database catalog.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "plugins")]

from sparkify.checks import NEVER_MISSING, REFERENCES  # noqa: E402  # found where Airflow finds it
from sparkify.tables import WAREHOUSE  # noqa: E402
from warehouse.ddl import TableFile, read_table_file  # noqa: E402

SQL = ROOT / "include" / "sql"
TARGET = ROOT / "docs" / "data.md"

SCHEMAS = {
    WAREHOUSE.name: "What analysts read: the star schema. A run changes all its tables in one transaction.",
    WAREHOUSE.raw_schema: "The records of the files as COPY loaded them, the ledger of these files, and the "
    "warehouse's state.",
    WAREHOUSE.quality_schema: "What the checks observed, run by run, and the lines that COPY rejected.",
}
INTRODUCTION = f"""# Tables

<!-- Written by scripts/data_dictionary.py: `make docs`. Change the DDL in include/sql/tables instead. -->

Every table, as its DDL in `include/sql/tables` has it. How rows get into them: [how it works](how-it-works.md).

Each run also has a schema of its own, `{WAREHOUSE.run_prefix}<token>`, with the records it has read and the rows that
are new or changed, in tables like these. A later run that succeeds drops it; those of the last three failed runs stay.

## Star schema

A line is a reference that every run checks before it publishes; Redshift does not enforce keys. A circle means that the
value may be missing: a play whose song is not in the catalogue is kept, without song and artist.
"""


def tables() -> dict[str, TableFile]:
    """All lasting tables by name, the published ones first; ValueError when one has no place here."""
    names = [
        *(WAREHOUSE.published(table) for table in WAREHOUSE.tables),
        *(WAREHOUSE.raw(feed) for feed in WAREHOUSE.feeds),
        *(WAREHOUSE.ledger, WAREHOUSE.state, WAREHOUSE.results, WAREHOUSE.rejects),
    ]
    if missing := set(WAREHOUSE.ddl) - set(names):
        raise ValueError(f"docs/data.md has no place for {', '.join(sorted(missing))}")
    files = {name: WAREHOUSE.ddl[name] for name in names}
    return {name: read_table_file((SQL / file).read_text(encoding="utf-8"), file) for name, file in files.items()}


def picture(found: dict[str, TableFile]) -> Iterator[str]:
    """The star schema in Mermaid's language."""
    yield "```mermaid"
    yield "erDiagram"
    for column, target in REFERENCES.items():
        one = "||" if column in NEVER_MISSING["songplays"] else "|o"
        yield f'    {target} {one}--o{{ songplays : "{column}"'
    for table in WAREHOUSE.tables:
        yield f"    {table.name} {{"
        for column in found[WAREHOUSE.published(table)].columns:
            marks = ["PK"] if column.name in table.key else []
            marks += ["FK"] if table.name == "songplays" and column.name in REFERENCES else []
            # Mermaid takes a type of one word.
            yield f"        {column.type.replace(' ', '_')} {column.name} {', '.join(marks)}".rstrip()
        yield "    }"
    yield "```"


def cell(text: str) -> str:
    """Text with the characters escaped that mean something in a table of Markdown."""
    return text.replace("|", "\\|").replace("*", "\\*")


def entry(name: str, table: TableFile) -> Iterator[str]:
    """One table of the dictionary."""
    yield f"### {name}"
    yield ""
    yield table.description
    if "Notes" in table.header:
        yield ""
        yield f"Notes: {table.header['Notes']}"
    yield ""
    yield "| Column | Type | Rule | Meaning |"
    yield "|---|---|---|---|"
    for column in table.columns:
        rules = ["key"] if column.name in table.primary_key else []
        rules += ["not null"] if column.is_required else []
        yield f"| `{column.name}` | {column.type} | {', '.join(rules)} | {cell(column.comment)} |"
    yield ""
    yield f"`{' '.join(table.attributes)}`: {table.reason}"
    yield ""


def document() -> str:
    """The whole page."""
    found = tables()
    lines = [INTRODUCTION, *picture(found), ""]
    for schema, purpose in SCHEMAS.items():
        lines += [f"## Schema {schema}", "", purpose, ""]
        for name, table in found.items():
            if name.startswith(f"{schema}."):
                lines += entry(name, table)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
