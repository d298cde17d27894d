"""What a warehouse consists of, as data: feeds of files, the tables made from them, and the schemas they are in.

Each is declared once and passed to the operators. Columns are not declared: they are in the DDL, and the operators ask
the database for them.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import re
from collections.abc import Callable, Collection, Sequence

from warehouse.identifiers import plain_name


@dataclasses.dataclass(frozen=True, kw_only=True)
class FileCheck:
    """A check of what one file holds, run on its rows before they are loaded; a file that fails it is left out.

    :param name: what the check is called in messages.
    :param sql: a .sql file with one row per batch of staged rows: batch_id and a number. A batch without a row passes.
        It is rendered with `run_schema`.
    :param description: what the check claims, for the person who has to fix the file.
    :param at_most: the largest number that passes.
    :param at_most_in_bulk: the largest number that passes for a batch of several files. Beyond it the files are read
        again one by one, and each is checked by itself.
    """

    name: str
    sql: str
    description: str
    at_most: float
    at_most_in_bulk: float


@dataclasses.dataclass(frozen=True, kw_only=True)
class Feed:
    """Files of one kind below one prefix, and the raw table that keeps the records of their newest accepted versions.

    :param name: names the raw table, the staged tables, and the feed in the ledger.
    :param ddl: the .sql file that creates the raw table. Its first column is batch_id, the others are the columns that
        COPY fills, in the order of the jsonpaths file if there is one.
    :param prefix: the S3 prefix of the files.
    :param expected: what should be below the prefix, in words, for error messages.
    :param day: a regular expression whose first group is the day (YYYY-MM-DD) in a file's key. Files whose keys do not
        match do not belong to the feed. None: the files have no days, and every run looks at all of them.
    :param pattern: a regular expression that is found in the keys of the feed's files. None: in all keys.
    :param json: `auto`, `auto ignorecase`, or the s3:// location of a jsonpaths file; a template.
    :param options: further COPY parameters, such as `TRIMBLANKS`.
    :param harmless: columns whose values may be shown in logs and errors. All others may hold people's data.
    :param checks: checks of what a file holds.
    """

    name: str
    ddl: str
    prefix: str
    expected: str
    day: str | None = None
    pattern: str | None = None
    json: str = "auto"
    options: tuple[str, ...] = ()
    harmless: Collection[str] = ()
    checks: tuple[FileCheck, ...] = ()

    def __post_init__(self) -> None:
        plain_name(self.name, "schema")

    def belongs(self, key: str) -> bool:
        """Whether a key below the prefix is one of the feed's files."""
        if self.pattern and not re.search(self.pattern, key):
            return False
        return self.day is None or self.day_of(key) is not None

    def day_of(self, key: str) -> str | None:
        """The day in a file's key, YYYY-MM-DD; None for feeds without days and for keys without a day that exists."""
        found = re.search(self.day, key) if self.day else None
        if found is None:
            return None
        try:
            return datetime.date.fromisoformat(found[1]).isoformat()
        except ValueError:
            return None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lookup:
    """Columns of a table that come from the records of a second feed: matched after the row itself has been chosen.

    :param feed: the feed that is looked up.
    :param columns: the columns that the lookup fills.
    :param sql: a .sql file that gives all columns of the table; rendered with the table's name and the feed's name.
    :param affected: a .sql file that gives the keys of the published rows to look up again; rendered with the feed's
        name, which stands for the records that the feed gained or lost.
    """

    feed: Feed
    columns: tuple[str, ...]
    sql: str
    affected: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table:
    """A published table: one row per key, the preferred one of all versions in the raw records of its feed.

    :param name: the table's name in the published schema.
    :param ddl: the .sql file that creates it.
    :param load: a .sql file that gives versions of rows. It is rendered with the name of the table's source, which
        stands for the relation to read.
    :param source: the feed whose records make the rows; or a published table: then the rows are exactly those that
        `load` makes from it, and the key is a column of it.
    :param key: the columns that identify a row.
    :param preference: which version of a key wins: SQL expressions, with ASC or DESC if need be; the first decides.
        NULLs sort last. The columns that are not named here decide after these, so the order is total.
    :param time_column: the TIMESTAMP column a long table is sorted by. Its bounds are bound as literals, so that
        Redshift skips the blocks outside them. `load` must leave out rows without a value in it: no bounds find them.
    :param lookup: columns that come from a second feed.
    """

    name: str
    ddl: str
    load: str
    source: Feed | Table
    key: tuple[str, ...]
    preference: tuple[str, ...] = ()
    time_column: str | None = None
    lookup: Lookup | None = None

    def __post_init__(self) -> None:
        plain_name(self.name, "schema")
        if not self.key:
            raise ValueError(f"table {self.name} has no key; expected one column or more")
        for name in (*self.key, *filter(None, [self.time_column]), *(self.lookup.columns if self.lookup else ())):
            plain_name(name, "column")

    @property
    def files(self) -> tuple[str, ...]:
        """The .sql files that decide what the table holds."""
        return (self.ddl, self.load, *((self.lookup.sql, self.lookup.affected) if self.lookup else ()))

    def fingerprint(self, read: Callable[[str], str]) -> str:
        """A hash of everything that decides what the table holds. `read` gives the text of a .sql file.

        Comments and white space do not count: nobody expects a table to be recomputed because a comment was corrected.
        """
        parts = [" ".join(re.sub(r"--.*", "", read(file)).split()) for file in self.files]
        parts += ["|".join(self.key), "|".join(self.preference), str(self.time_column)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Warehouse:
    """Feeds and tables that are published together, and the names of their schemas.

    :param name: the published schema; the names of all other schemas begin with it.
    :param feeds: the feeds.
    :param tables: the published tables, each after the table it is made from.
    :param internal: the DDL files of the tables that the operators keep: `files`, `state`, `results` and `rejects`.
    :param owner: a sentence that ends the comment of every table the operators create. A schema in which no table has
        it belongs to somebody else, and is never written to or dropped.
    """

    name: str
    feeds: Sequence[Feed]
    tables: Sequence[Table]
    internal: dict[str, str]
    owner: str

    def __post_init__(self) -> None:
        plain_name(self.name, "schema")
        if missing := {"files", "state", "results", "rejects"} - set(self.internal):
            raise ValueError(f"warehouse {self.name} has no DDL for {', '.join(sorted(missing))}")

    @property
    def raw_schema(self) -> str:
        """Where raw records, ledger and state are."""
        return f"{self.name}_raw"

    @property
    def quality_schema(self) -> str:
        """Where results of checks and rejected lines are."""
        return f"{self.name}_quality"

    @property
    def run_prefix(self) -> str:
        """What the name of the schema of every run begins with."""
        return f"{self.name}_run_"

    @property
    def ledger(self) -> str:
        """The table of the files that the raw tables hold."""
        return f"{self.raw_schema}.files"

    @property
    def state(self) -> str:
        """The table that says which run published last."""
        return f"{self.raw_schema}.state"

    @property
    def results(self) -> str:
        """The table of the results of checks."""
        return f"{self.quality_schema}.results"

    @property
    def rejects(self) -> str:
        """The table of the lines that COPY rejected."""
        return f"{self.quality_schema}.rejects"

    def raw(self, feed: Feed) -> str:
        """The raw table of a feed."""
        return f"{self.raw_schema}.{feed.name}"

    def published(self, table: Table) -> str:
        """A published table with its schema."""
        return f"{self.name}.{table.name}"

    @property
    def ddl(self) -> dict[str, str]:
        """All lasting tables, `schema.table`, and the .sql files that create them, in order of creation."""
        return {
            self.state: self.internal["state"],
            self.ledger: self.internal["files"],
            **{self.raw(feed): feed.ddl for feed in self.feeds},
            self.results: self.internal["results"],
            self.rejects: self.internal["rejects"],
            **{self.published(table): table.ddl for table in self.tables},
        }
