"""Every SQL file says what it is for and what it takes, and keeps to the dialect."""

from __future__ import annotations

import re
from pathlib import Path

import jinja2
import jinja2.meta
import pytest
import sqlglot
from sqlglot import exp

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


def test_there_are_files():
    """The rules below would hold for none."""
    assert len(FILES) > 40


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SQL)))
def test_the_header_says_what_a_stranger_needs(file):
    """Purpose, grain, and exactly the parameters that the text uses, each with an example."""
    text = file.read_text(encoding="utf-8")
    assert text.startswith("-- Purpose: ")
    assert re.search(r"^-- Grain: each row is ", text, re.MULTILINE)
    used = jinja2.meta.find_undeclared_variables(jinja2.Environment().parse(text))
    assert used == set(examples(text))
    assert "{%" not in text, "no control flow in SQL: what varies is a parameter"


@pytest.mark.parametrize("file", sorted((SQL / "load").glob("*.sql")), ids=lambda file: file.stem)
def test_a_load_gives_the_columns_its_operator_names(file):
    """By position, so the order counts."""
    from airflow.dag_processing.dagbag import DagBag  # the environment must be complete before Airflow is imported

    task = DagBag(str(ROOT / "dags")).dags["sparkify_warehouse"].get_task(f"load_{file.stem}")
    select = sqlglot.parse_one(rendered(file), read="redshift")
    assert list(task.columns) == [column.alias_or_name for column in select.selects]


@pytest.mark.parametrize(
    "file", sorted((SQL / "tables").glob("*/*.sql")), ids=lambda file: f"{file.parent.name}.{file.stem}"
)
def test_every_column_of_a_table_has_a_comment(file):
    """Behind it, on its line."""
    body = file.read_text(encoding="utf-8").partition("(\n")[2].partition("\n)")[0]
    for line in body.splitlines():
        if re.match(r"    [a-z]", line) and "plays.sql" != file.name:
            assert "  -- " in line or " -- " in line, line


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SQL)))
def test_nothing_is_dropped_when_read_as_redshift(file):
    """One statement, understood as Redshift's dialect; no TRUNCATE, which commits."""
    statements = [s for s in sqlglot.parse(rendered(file), read="redshift") if s is not None]
    assert 1 == len(statements)
    assert not isinstance(statements[0], exp.Command | exp.TruncateTable)
