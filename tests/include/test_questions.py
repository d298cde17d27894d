"""Every question returns what Python computes from the same rows, and is in the report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import sqlglot
from sqlglot import exp

from sparkify.questions import SECTIONS
from tests.end_to_end import conftest as end_to_end
from tests.include.answers import ANSWERS, SAMPLE
from tests.include.test_sql_files import SQL

QUESTIONS = [question for questions in SECTIONS.values() for question in questions]
FILES = sorted((SQL / "questions").iterdir())

# The tables of the warehouse, created by the DAG's own task.
warehouse_dag = end_to_end.warehouse_dag
tables = end_to_end.tables


# One transaction per test: two at a time would wait for each other's locks.
@pytest.fixture
def empty(tables: None) -> Iterator[psycopg.Connection]:
    """A connection that sees empty published tables; everything is rolled back at the end."""
    with psycopg.connect("", prepare_threshold=None) as connection:
        for table in SAMPLE:
            connection.execute(f"DELETE FROM sparkify.{table}")
        yield connection
        connection.rollback()


@pytest.fixture
def sample(tables: None) -> Iterator[psycopg.Connection]:
    """The same with only the rows of the sample data."""
    with psycopg.connect("", prepare_threshold=None) as connection:
        for table, rows in SAMPLE.items():
            connection.execute(f"DELETE FROM sparkify.{table}")
            values = f"({', '.join(['%s'] * len(rows[0]))})"
            connection.execute(
                f"INSERT INTO sparkify.{table} ({', '.join(rows[0])}) VALUES {', '.join([values] * len(rows))}",
                [value for row in rows for value in row.values()],
            )
        yield connection
        connection.rollback()


def ask(connection: psycopg.Connection, name: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """The columns and rows of the answer to a question."""
    sql = (SQL / "questions" / f"{name}.sql").read_text(encoding="utf-8")
    cursor = connection.execute(sql.strip().rstrip(";"))
    return [column.name for column in cursor.description], cursor.fetchall()


def test_every_file_is_in_the_report_and_in_this_test():
    """Once, and there is no question without a file."""
    files = [f"questions/{file.name}" for file in FILES]
    assert files == sorted(question.sql for question in QUESTIONS)
    assert sorted(ANSWERS) == [file.stem for file in FILES]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_question_returns_what_python_computes(sample, question):
    """The same rows in the same order, and with the columns of its chart."""
    columns, rows = ask(sample, question.name)
    assert ANSWERS[question.name]() == rows
    assert not question.chart or set(question.chart.columns) <= set(columns)


def test_questions_return_no_rows_for_an_empty_warehouse(empty):
    """Nothing is divided by zero. Only freshness has a row per table, without a timestamp."""
    answers = {file.stem: ask(empty, file.stem)[1] for file in FILES}
    assert [(table, 0, None) for table in SAMPLE] == answers.pop("freshness")
    assert {name: [] for name in answers} == answers


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_question_reads_published_tables_and_declares_its_order(file):
    """Users who have access only to `sparkify` can run it, and its order is the same each time."""
    select = sqlglot.parse_one(file.read_text(encoding="utf-8"), read="redshift")
    ctes = {cte.alias for cte in select.find_all(exp.CTE)}
    tables = [table for table in select.find_all(exp.Table) if table.db or table.name not in ctes]
    assert tables
    assert {"sparkify"} == {table.db for table in tables}
    assert select.args.get("order") or file.stem == "key_figures"  # has one row
    assert all(limited.parent.args.get("order") for limited in select.find_all(exp.Limit))
