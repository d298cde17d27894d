"""What the operators' tests share: another team's little shop, of which the operators know nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.sdk import DAG

from tests.end_to_end import conftest as end_to_end
from tests.end_to_end.pipeline import Exchange

# The same fixtures serve here.
connection = end_to_end.connection
reader = end_to_end.reader

# A connection that does not exist: who asks for it before refusing bad arguments fails in other words.
NOWHERE = "no_such_connection"
HOSTILE = "shop.orders\"; DROP SCHEMA shop; --'"

TABLES = """
DROP SCHEMA IF EXISTS shop CASCADE;
DROP SCHEMA IF EXISTS desk CASCADE;
CREATE SCHEMA shop;
CREATE SCHEMA desk;
CREATE TABLE shop.orders (order_id BIGINT NOT NULL, status VARCHAR(16), changed_at TIMESTAMP);
CREATE TABLE shop.visits (page VARCHAR(64));
CREATE TABLE desk.raw (LIKE shop.orders);
CREATE TABLE desk.orders (LIKE shop.orders);
CREATE TABLE desk.visits (LIKE shop.visits);
CREATE TABLE desk.files (key VARCHAR(1024), etag VARCHAR(128), size BIGINT, run_id VARCHAR(256));
CREATE TABLE desk.new_files (LIKE desk.files);
CREATE TABLE desk.known (LIKE shop.orders);
CREATE TABLE desk.run (
    run_id VARCHAR(256), period VARCHAR(16), mode VARCHAR(16), is_checked BOOLEAN, is_published BOOLEAN
);
CREATE TABLE desk.results (
    run_id VARCHAR(256), check_name VARCHAR(256), table_name VARCHAR(256), severity VARCHAR(16), passed BOOLEAN,
    observed DOUBLE PRECISION, expected VARCHAR(256), sentence VARCHAR(1024), checked_at TIMESTAMP
);
"""


class Shop:
    """The other team's tables, its DAG and its SQL folder."""

    def __init__(self, reader: psycopg.Connection, sql_folder: Path) -> None:
        self.reader = reader
        self.sql_folder = sql_folder
        self.dag = DAG(dag_id="shop", schedule=None, template_searchpath=[str(sql_folder)])
        self.exchange = Exchange()
        self.context = {"run_id": "r", "ti": self.exchange}
        for statement in filter(str.strip, TABLES.split(";")):
            reader.execute(statement)

    def sql(self, name: str, text: str) -> str:
        """Write a .sql file; return its name."""
        (self.sql_folder / name).write_text(text, encoding="utf-8")
        return name

    def fill(self, table: str, *rows: tuple) -> None:
        """Put rows into a table."""
        for row in rows:
            self.reader.execute(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})", row)

    def rows(self, table: str, columns: str = "*") -> list[tuple]:
        """A table's rows, sorted."""
        return sorted(self.reader.execute(f"SELECT {columns} FROM {table}").fetchall())

    def open_run(self, mode: str = "merge", period: str = "2018-11-05", *, is_checked: bool = False) -> None:
        """Let staging and candidates belong to run r."""
        self.fill("desk.run", ("r", period, mode, is_checked, False))

    def operator(self, kind: Callable[..., Any], **arguments: Any) -> Any:
        """An operator of the shop's DAG."""
        return kind(task_id=f"task_{len(self.dag.task_ids)}", dag=self.dag, **({"run_table": "desk.run"} | arguments))

    def run(self, operator: Any) -> Any:
        """Execute it as part of run r."""
        return operator.execute(self.context)


@pytest.fixture
def shop(reader: psycopg.Connection, tmp_path: Path) -> Shop:
    """The shop with empty tables."""
    return Shop(reader, tmp_path)
