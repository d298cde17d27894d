"""Every question answers what Python computes of the same rows, nothing of no rows, and is asked by the report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
import sparkify_warehouse
import sqlglot
from sqlglot import exp

from sparkify.questions import SECTIONS
from tests.end_to_end.pipeline import Pipeline
from tests.include.answers import ANSWERS, WORLD
from tests.include.test_sql_files import SQL

QUESTIONS = [question for questions in SECTIONS.values() for question in questions]
FILES = sorted((SQL / "questions").iterdir())

Ask = Callable[[str], tuple[list[str], list[tuple[Any, ...]]]]


@pytest.fixture(scope="module")
def tables() -> None:
    """The warehouse's tables, made by the DAG's own task."""
    pipeline = Pipeline(sparkify_warehouse.dag)
    pipeline.run_task("create_tables", pipeline.context("tables", None, {}))


# A transaction a test: two of them at a time would wait for each other's locks.
@pytest.fixture
def empty(tables: None) -> Iterator[psycopg.Connection]:
    """A connection that sees published tables without a row; all is taken back at the end."""
    with psycopg.connect("", prepare_threshold=None) as connection:
        for table in WORLD:
            connection.execute(f"DELETE FROM sparkify.{table}")
        yield connection
        connection.rollback()


@pytest.fixture
def world(tables: None) -> Iterator[psycopg.Connection]:
    """The same with the rows of the world, and no others."""
    with psycopg.connect("", prepare_threshold=None) as connection:
        for table, rows in WORLD.items():
            connection.execute(f"DELETE FROM sparkify.{table}")
            place = f"({', '.join(['%s'] * len(rows[0]))})"
            connection.execute(
                f"INSERT INTO sparkify.{table} ({', '.join(rows[0])}) VALUES {', '.join([place] * len(rows))}",
                [value for row in rows for value in row.values()],
            )
        yield connection
        connection.rollback()


def ask(connection: psycopg.Connection, name: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Columns and rows of a question."""
    sql = (SQL / "questions" / f"{name}.sql").read_text(encoding="utf-8")
    cursor = connection.execute(sql.strip().rstrip(";"))
    return [column.name for column in cursor.description], cursor.fetchall()


def test_every_file_is_asked_once_and_computed():
    """No question that nobody asks, none without a file, none that Python does not check."""
    files = [f"questions/{file.name}" for file in FILES]
    assert files == sorted(question.sql for question in QUESTIONS)
    assert sorted(ANSWERS) == [file.stem for file in FILES]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_question_answers_what_python_computes(world, question):
    """To the row, in its order; and its chart finds its columns."""
    columns, rows = ask(world, question.name)
    assert ANSWERS[question.name]() == rows
    assert not question.chart or set(question.chart.columns) <= set(columns)


def test_an_empty_warehouse_has_no_answers(empty):
    """Nothing is divided by zero; only how fresh the tables are is known: not at all."""
    answers = {file.stem: ask(empty, file.stem)[1] for file in FILES}
    assert [(table, 0, None) for table in WORLD] == answers.pop("freshness")
    assert {name: [] for name in answers} == answers


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_question_reads_published_tables_and_declares_its_order(file):
    """Whoever reads `sparkify` and nothing else can ask it; two that tie never swap places."""
    select = sqlglot.parse_one(file.read_text(encoding="utf-8"), read="redshift")
    named = {cte.alias for cte in select.find_all(exp.CTE)}
    tables = [table for table in select.find_all(exp.Table) if table.db or table.name not in named]
    assert tables
    assert {"sparkify"} == {table.db for table in tables}
    assert select.args.get("order") or file.stem == "key_figures"  # which is one row
    assert all(limited.parent.args.get("order") for limited in select.find_all(exp.Limit))
