"""Reads a table's .sql file: what its header says, and the comment behind every column.

It reads line by line, in the one layout that all these files have. sqlglot would lose the comment of the last column
and those between table attributes.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

HEADER = re.compile(r"^-- (\w+): (.*)$")
COLUMN = re.compile(
    r"^    (?P<name>\w+) (?P<type>[A-Z][A-Z ]*?(?:\(\d+(?:, \d+)?\))?)(?P<null> NOT NULL)?,? +-- (?P<comment>.+)$"
)
PRIMARY_KEY = re.compile(r"^    PRIMARY KEY \((\w+(?:, \w+)*)\)$")
ATTRIBUTE = re.compile(r"^(?:DISTSTYLE|DISTKEY|SORTKEY) .+$")
COMMENT = re.compile(r"^-- (.+)$")
PUNCTUATION = {"", "(", ")"}


@dataclasses.dataclass(frozen=True)
class Column:
    """One column, with the comment behind it."""

    name: str
    type: str
    is_required: bool
    comment: str


@dataclasses.dataclass
class TableFile:
    """One table: the entries of its header by keyword, its columns, and how its rows are distributed and why."""

    header: dict[str, str]
    columns: list[Column] = dataclasses.field(default_factory=list)
    primary_key: tuple[str, ...] = ()
    attributes: list[str] = dataclasses.field(default_factory=list)
    reason: str = ""

    @property
    def description(self) -> str:
        """What the table is and what a row is, in two sentences."""
        return " ".join(text[:1].upper() + text[1:] for text in (self.header["Purpose"], self.header["Grain"]))


def read_header(lines: Iterable[str]) -> dict[str, str]:
    """The header's entries by their keyword; an indented line continues the one before."""
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


def read_table_file(text: str, name: str) -> TableFile:
    """The table in the text of a file called `name`; ValueError for a line in another layout."""
    lines = text.splitlines()
    table = TableFile(read_header(lines))
    start = lines.index("CREATE TABLE IF NOT EXISTS {{ table }} (")
    for number, line in enumerate(lines[start + 1 :], start + 2):
        bare = line.removesuffix(";")
        if found := COLUMN.match(line):
            table.columns.append(Column(found["name"], found["type"], bool(found["null"]), found["comment"]))
        elif found := PRIMARY_KEY.match(line):
            table.primary_key = tuple(found[1].split(", "))
        elif ATTRIBUTE.match(bare):
            table.attributes.append(bare)
        elif found := COMMENT.match(line):
            table.reason = f"{table.reason} {found[1]}".strip()
        elif bare not in PUNCTUATION:
            raise ValueError(f"{name}:{number}: cannot read {line!r}; expected `name TYPE [NOT NULL],  -- comment`")
    return table
