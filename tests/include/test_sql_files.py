"""Every SQL file says what it is for and what it takes, and keeps to the dialect."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import jinja2
import jinja2.meta
import pytest
import sqlglot
from sqlglot import exp

from sparkify.checks import CHECKS
from sparkify.tables import WAREHOUSE

ROOT = Path(__file__).resolve().parents[2]
SQL = ROOT / "include" / "sql"
FILES = sorted(SQL.rglob("*.sql"))
PARAMETER = re.compile(r"^-- Parameter: (\w+) = (.*?); ", re.MULTILINE)


def examples(text: str) -> dict[str, str]:
    """A header's parameters with their examples."""
    return dict(PARAMETER.findall(text))


def rendered(file: Path) -> str:
    """A file rendered with its own examples."""
    text = file.read_text(encoding="utf-8")
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    return environment.from_string(text).render(examples(text))


def name(file: Path) -> str:
    """A file's name as the declarations have it."""
    return file.relative_to(SQL).as_posix()


def test_there_are_files():
    """The rules below would hold for none."""
    assert len(FILES) > 60


def test_every_file_is_used():
    """By a table, by a check, or it is a question."""
    declared = {check.sql for check in CHECKS} | set(WAREHOUSE.ddl.values())
    declared |= {check.sql for feed in WAREHOUSE.feeds for check in feed.checks}
    declared |= {file for table in WAREHOUSE.tables for file in table.files}
    assert declared == {name(file) for file in FILES if not name(file).startswith("questions/")}


@pytest.mark.parametrize("file", FILES, ids=name)
def test_the_header_says_what_a_stranger_needs(file):
    """Purpose, grain, and exactly the parameters that the text uses, each with an example."""
    text = file.read_text(encoding="utf-8")
    assert text.startswith("-- Purpose: ")
    assert re.search(r"^-- Grain: each row is ", text, re.MULTILINE)
    used = jinja2.meta.find_undeclared_variables(jinja2.Environment().parse(text))
    assert used == set(examples(text))
    assert "{%" not in text, "no control flow in SQL: what varies is a parameter"


def test_sqlfluff_reads_the_files_with_values_from_their_headers():
    """One context for all files: each parameter has the example of one of them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["sqlfluff"]
    context = settings["templater"]["jinja"]["context"]
    found: dict[str, set[str]] = {}
    for file in FILES:
        for parameter, example in examples(file.read_text(encoding="utf-8")).items():
            found.setdefault(parameter, set()).add(example)
    assert found.keys() == context.keys()
    assert {} == {parameter: value for parameter, value in context.items() if value not in found[parameter]}


@pytest.mark.parametrize("file", sorted((SQL / "tables").glob("*/*.sql")), ids=name)
def test_every_column_of_a_table_has_a_comment(file):
    """On its line; it goes into the database."""
    body = file.read_text(encoding="utf-8").partition("(\n")[2].partition("\n)")[0]
    columns = [line for line in body.splitlines() if re.match(r"    [a-z]", line)]
    assert columns
    assert [] == [line for line in columns if " -- " not in line]


@pytest.mark.parametrize("file", FILES, ids=name)
def test_nothing_is_dropped_when_read_as_redshift(file):
    """One statement, understood as Redshift's dialect; no TRUNCATE, which commits."""
    statements = [s for s in sqlglot.parse(rendered(file), read="redshift") if s is not None]
    assert 1 == len(statements)
    assert not isinstance(statements[0], exp.Command | exp.TruncateTable)


def columns(file: str) -> list[str]:
    """The columns that a SELECT gives, or that a DDL creates."""
    statement = sqlglot.parse_one(rendered(SQL / file), read="redshift")
    if isinstance(statement, exp.Create):
        return [column.name for column in statement.this.expressions if isinstance(column, exp.ColumnDef)]
    return [column.alias_or_name for column in statement.selects]


@pytest.mark.parametrize("table", WAREHOUSE.tables, ids=lambda table: table.name)
def test_a_load_gives_the_columns_of_its_table(table):
    """Without those of its lookup, whose SQL gives them all; the keys of the rows to look up again are the table's."""
    looked_up = table.lookup.columns if table.lookup else ()
    wanted = [column for column in columns(table.ddl) if column not in looked_up]
    assert wanted == columns(table.load)
    assert set(table.key) <= set(wanted)
    assert table.time_column in (None, *wanted)
    if table.lookup:
        assert columns(table.ddl) == columns(table.lookup.sql)
        assert list(table.key) == columns(table.lookup.affected)


@pytest.mark.parametrize("table", WAREHOUSE.tables, ids=lambda table: table.name)
def test_the_preference_names_columns_of_the_load(table):
    """Each in an expression of its own."""
    for expression in table.preference:
        parsed = sqlglot.parse_one(f"SELECT 1 ORDER BY {expression}", read="redshift")
        assert {column.name for column in parsed.find_all(exp.Column)} <= set(columns(table.load)), expression


@pytest.mark.parametrize("feed", WAREHOUSE.feeds, ids=lambda feed: feed.name)
def test_a_raw_table_has_its_batch_and_what_copy_fills(feed):
    """Columns that are declared harmless are its own."""
    batch, *filled = columns(feed.ddl)
    assert "batch_id" == batch
    assert set(feed.harmless) <= set(filled)
