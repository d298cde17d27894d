"""A small shop without files: tables of orders and visits, for operators that need no warehouse of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.sdk import DAG

from tests.end_to_end.pipeline import Exchange

TABLES = """
DROP SCHEMA IF EXISTS shop CASCADE;
DROP SCHEMA IF EXISTS desk CASCADE;
CREATE SCHEMA shop;
CREATE SCHEMA desk;
CREATE TABLE shop.orders (order_id BIGINT NOT NULL, status VARCHAR(16), changed_at TIMESTAMP);
CREATE TABLE shop.visits (page VARCHAR(64));
"""


class OrderDesk:
    """The tables, a DAG, its SQL folder, and one run."""

    def __init__(self, reader: psycopg.Connection, sql_folder: Path) -> None:
        self.reader = reader
        self.sql_folder = sql_folder
        self.dag = DAG(dag_id="shop", schedule=None, template_searchpath=[str(sql_folder)])
        self.exchange = Exchange("shop", "r")
        self.context: dict[str, Any] = {"run_id": "r"}
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

    def run(self, operator: Any) -> Any:
        """Execute it as part of run r."""
        return operator.execute(self.context | {"ti": self.exchange.task_instance(operator.task_id)})


@pytest.fixture
def shop(reader: psycopg.Connection, tmp_path: Path) -> OrderDesk:
    """The shop with empty tables."""
    return OrderDesk(reader, tmp_path)
