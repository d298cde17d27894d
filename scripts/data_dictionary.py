"""Write docs/data.md, the picture and the dictionary of the warehouse's tables, from their DDL; `make docs` runs it.

Reads files only: include/sql/tables, and the references that plugins/sparkify/checks.py declares. It reads the DDL line
by line, in the one layout that all its files have: sqlglot loses the comment of the last column and those between table
attributes. A test compares the result with a database catalog.
"""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import sqlglot

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "plugins")]

from sparkify.checks import KEYS, NEVER_MISSING, REFERENCES  # noqa: E402  # found where Airflow finds it

TABLES = ROOT / "include" / "sql" / "tables"
TARGET = ROOT / "docs" / "data.md"

SCHEMAS = {
    "sparkify": "What analysts read: the star schema. A run's rows come in together, in one transaction.",
    "staging": "What COPY brought from S3. `songs` and `song_files` are kept; the others hold the rows of one run.",
    "audit": "The candidates of one run: what checks judge, and what publishing takes over.",
    "quality": "What the checks found, run by run.",
}
INTRODUCTION = """# Tables

<!-- Written by scripts/data_dictionary.py: `make docs`. Change the DDL in include/sql/tables instead. -->

Every table, as its DDL in `include/sql/tables` has it. How rows come into them: [how it works](how-it-works.md).

## Star schema

A line is a reference that every run checks before it publishes; Redshift does not enforce keys. A circle means that the
value may be missing: a play whose song is not in the catalogue is kept, without song and artist.
"""

HEADER = re.compile(r"^-- (\w+): (.*)$")
COLUMN = re.compile(
    r"^    (?P<name>\w+) (?P<type>[A-Z][A-Z ]*?(?:\(\d+(?:, \d+)?\))?)(?P<null> NOT NULL)?,? +-- (?P<comment>.+)$"
)
PRIMARY_KEY = re.compile(r"^    PRIMARY KEY \((\w+)\)$")
LIKE = re.compile(r"^    LIKE (\S+) INCLUDING DEFAULTS$")
ATTRIBUTE = re.compile(r"^(?:DISTSTYLE|DISTKEY|SORTKEY) .+$")
COMMENT = re.compile(r"^-- (.+)$")
IS_VIEW = re.compile(r"^CREATE OR REPLACE VIEW ", re.MULTILINE)
PUNCTUATION = {"", "(", ")"}


@dataclasses.dataclass(frozen=True)
class Column:
    """One column, with the comment behind it."""

    name: str
    type: str
    is_required: bool
    comment: str


@dataclasses.dataclass
class Table:
    """One table or view: its header, its columns, and where its rows lie."""

    name: str
    header: dict[str, str]
    columns: list[Column] = dataclasses.field(default_factory=list)
    like: str | None = None
    primary_key: str | None = None
    attributes: list[str] = dataclasses.field(default_factory=list)
    reason: str = ""
    view_columns: list[str] = dataclasses.field(default_factory=list)

    @property
    def schema(self) -> str:
        """The schema's name."""
        return self.name.partition(".")[0]


def header_of(lines: Iterable[str]) -> dict[str, str]:
    """The header's entries by their keyword; a line that is indented goes on with the one before."""
    entries: dict[str, str] = {}
    keyword = ""
    for line in lines:
        if not line.startswith("--"):
            break
        if found := HEADER.match(line):
            keyword, entries[found[1]] = found[1], found[2]
        else:
            entries[keyword] += " " + line.removeprefix("--").strip()
    return entries


def read_view(table: Table, text: str) -> Table:
    """A view's columns, in order."""
    query = sqlglot.parse_one(text, read="redshift").expression
    table.view_columns = [column.alias_or_name for column in query.selects]
    return table


def read_table(file: Path) -> Table:
    """A table as its file has it. ValueError for a line of another form."""
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    table = Table(f"{file.parent.name}.{file.stem}", header_of(lines))
    if IS_VIEW.search(text):
        return read_view(table, text)
    start = lines.index("CREATE TABLE IF NOT EXISTS {{ table }} (")
    for number, line in enumerate(lines[start + 1 :], start + 2):
        bare = line.removesuffix(";")
        if found := COLUMN.match(line):
            table.columns.append(Column(found["name"], found["type"], bool(found["null"]), found["comment"]))
        elif found := PRIMARY_KEY.match(line):
            table.primary_key = found[1]
        elif found := LIKE.match(line):
            table.like = found[1]
        elif ATTRIBUTE.match(bare):
            table.attributes.append(bare)
        elif found := COMMENT.match(line):
            table.reason = f"{table.reason} {found[1]}".strip()
        elif bare not in PUNCTUATION:
            raise ValueError(f"{file}:{number}: cannot read {line!r}; expected `name TYPE [NOT NULL],  -- comment`")
    return table


def tables() -> dict[str, Table]:
    """All tables, by name."""
    return {table.name: table for table in map(read_table, sorted(TABLES.glob("*/*.sql")))}


def in_order(found: Iterable[Table], schema: str, first: Iterable[str]) -> list[Table]:
    """The tables of a schema, those in `first` before the others, as a reader wants them."""
    places = {f"{schema}.{name}": place for place, name in enumerate(first)}
    return sorted(
        (table for table in found if table.schema == schema),
        key=lambda table: (places.get(table.name, len(places)), table.name),
    )


def picture(found: dict[str, Table]) -> Iterator[str]:
    """The star schema as Mermaid draws it."""
    yield "```mermaid"
    yield "erDiagram"
    for column, target in REFERENCES.items():
        one = "||" if column in NEVER_MISSING["songplays"] else "|o"
        yield f'    {target} {one}--o{{ songplays : "{column}"'
    for name, key in KEYS.items():
        yield f"    {name} {{"
        for column in found[f"sparkify.{name}"].columns:
            marks = ["PK"] if column.name == key else []
            marks += ["FK"] if name == "songplays" and column.name in REFERENCES else []
            # A type is one word there.
            yield f"        {column.type.replace(' ', '_')} {column.name} {', '.join(marks)}".rstrip()
        yield "    }"
    yield "```"


def cell(text: str) -> str:
    """Text inside a table of Markdown."""
    return text.replace("|", "\\|").replace("*", "\\*")


def sentence(text: str) -> str:
    """With a capital at its start."""
    return text[:1].upper() + text[1:]


def entry(table: Table) -> Iterator[str]:
    """One table of the dictionary."""
    yield f"### {table.name}"
    yield ""
    yield f"{sentence(table.header['Purpose'])} {sentence(table.header['Grain'])}"
    if "Surprises" in table.header:
        yield ""
        yield f"Surprises: {table.header['Surprises']}"
    yield ""
    if table.like:
        yield f"A table with the columns of `{table.like}`."
    elif table.view_columns:
        yield f"A view with the columns {', '.join(f'`{name}`' for name in table.view_columns)}."
    else:
        yield "| Column | Type | Rule | Meaning |"
        yield "|---|---|---|---|"
        for column in table.columns:
            rules = ["key"] if column.name == table.primary_key else []
            rules += ["not null"] if column.is_required else []
            yield f"| `{column.name}` | {column.type} | {', '.join(rules)} | {cell(column.comment)} |"
    if table.attributes:
        yield ""
        yield f"`{' '.join(table.attributes)}`: {table.reason}"
    yield ""


def document() -> str:
    """The whole page."""
    found = tables()
    lines = [INTRODUCTION, *picture(found), ""]
    for schema, purpose in SCHEMAS.items():
        lines += [f"## Schema {schema}", "", purpose, ""]
        for table in in_order(found.values(), schema, KEYS):
            lines += entry(table)
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
