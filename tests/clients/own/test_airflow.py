"""Airflow's own operators and hook for Redshift, as DAGs other than this project's use them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from airflow.exceptions import AirflowException
from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook
from airflow.providers.amazon.aws.transfers.redshift_to_s3 import RedshiftToS3Operator
from airflow.providers.amazon.aws.transfers.s3_to_redshift import S3ToRedshiftOperator
from airflow.providers.common.sql.operators.sql import (
    SQLCheckOperator,
    SQLColumnCheckOperator,
    SQLExecuteQueryOperator,
    SQLTableCheckOperator,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # Airflow of its own parts

ROLE = "arn:aws:iam::123456789012:role/loader"
JSON = ["FORMAT AS JSON 'auto'"]


@pytest.fixture
def client() -> Iterator[psycopg.Connection]:
    """A connection, and a schema `flow` with a table of one row."""
    with psycopg.connect("", autocommit=True) as connection:
        connection.execute("CREATE SCHEMA flow")
        connection.execute(
            "CREATE TABLE flow.sales (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(9), price DECIMAL(8, 2))"
        )
        connection.execute("INSERT INTO flow.sales VALUES (1, 'old', 9.5)")
        yield connection
        connection.execute("DROP SCHEMA flow CASCADE")


@pytest.fixture
def files(bucket: str, s3: Any) -> str:
    """A bucket with two files of sales."""
    for key, rows in {"in/1.json": [(1, "new", 1)], "in/2.json": [(2, "b", 2.25), (3, "c", None)]}.items():
        lines = [json.dumps(dict(zip(("id", "name", "price"), row, strict=True))) for row in rows]
        s3.put_object(Bucket=bucket, Key=key, Body="\n".join(lines).encode())
    return bucket


def run(operator: Any) -> Any:
    return operator.execute({})


def rows(client: psycopg.Connection) -> list[tuple[Any, ...]]:
    return client.execute("SELECT id, name, price FROM flow.sales ORDER BY id, name").fetchall()


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("APPEND", [(1, "new", 1), (1, "old", 9.5), (2, "b", 2.25), (3, "c", None)]),
        ("REPLACE", [(1, "new", 1), (2, "b", 2.25), (3, "c", None)]),
        ("UPSERT", [(1, "new", 1), (2, "b", 2.25), (3, "c", None)]),
    ],
)
@pytest.mark.parametrize("role", [True, False], ids=["role", "keys"])
def test_s3_to_redshift(client, files, monkeypatch, method, expected, role):
    """By the connection's role, or by its keys; UPSERT finds the declared primary key by itself."""
    if role:
        connection = {"conn_type": "aws", "extra": {"role_arn": ROLE, "region": "us-west-2"}}
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))
    run(
        S3ToRedshiftOperator(
            task_id="load",
            schema="flow",
            table="sales",
            s3_bucket=files,
            s3_key="in/",
            redshift_conn_id="redshift",
            aws_conn_id="aws_default",
            copy_options=JSON,
            method=method,
        )
    )
    assert expected == rows(client)


def test_s3_to_redshift_leaves_the_table_when_it_fails(client, files, s3):
    """REPLACE deletes and copies in one transaction."""
    s3.put_object(Bucket=files, Key="in/3.json", Body=b'{"id": "no number"}')
    load = S3ToRedshiftOperator(
        task_id="load",
        schema="flow",
        table="sales",
        s3_bucket=files,
        s3_key="in/",
        redshift_conn_id="redshift",
        copy_options=JSON,
        method="REPLACE",
    )
    with pytest.raises(Exception, match="stl_load_errors"):
        run(load)
    assert [(1, "old", 9.5)] == rows(client)


def test_redshift_to_s3(client, files, s3):
    """A table under its name, with a header; a query with parameters."""
    where = {"s3_bucket": files, "redshift_conn_id": "redshift"}
    options = ["FORMAT AS CSV", "PARALLEL OFF"]
    run(
        RedshiftToS3Operator(
            task_id="table",
            schema="flow",
            table="sales",
            s3_key="out",
            unload_options=options,
            include_header=True,
            **where,
        )
    )
    assert b"id,name,price\n1,old,9.50\n" == s3.get_object(Bucket=files, Key="out/sales_000")["Body"].read()
    query = "SELECT name, UPPER(name) FROM flow.sales WHERE name = 'old'"
    run(RedshiftToS3Operator(task_id="query", select_query=query, s3_key="query/", unload_options=options, **where))
    assert b"old,OLD\n" == s3.get_object(Bucket=files, Key="query/000")["Body"].read()


def test_the_hook(client):
    """Runs, inserts, fetches, tells the primary key, and gives SQLAlchemy's engine."""
    hook = RedshiftSQLHook(redshift_conn_id="redshift")
    hook.insert_rows("flow.sales", [(2, "it's", 0.5), (3, None, None)], target_fields=["id", "name", "price"])
    assert [1, "old"] == list(hook.get_first("SELECT id, name FROM flow.sales WHERE id = %s", parameters=(1,)))
    statements = ["UPDATE flow.sales SET price = 7 WHERE id = 3", "SELECT MAX(price) FROM flow.sales"]
    assert (
        9.5 == hook.run(statements, handler=lambda cursor: cursor.fetchall() if cursor.description else None)[-1][0][0]
    )
    assert [(1, "old", 9.5), (2, "it's", 0.5), (3, None, 7)] == rows(client)
    assert ["id"] == hook.get_table_primary_key("sales", "flow")


def test_queries_and_checks(client):
    """Each check passes on what is right and fails on what is not."""
    sql = {"conn_id": "redshift"}
    found = run(
        SQLExecuteQueryOperator(task_id="ask", sql="SELECT name FROM flow.sales WHERE id = %s", parameters=(1,), **sql)
    )
    assert [["old"]] == [list(row) for row in found]
    run(SQLCheckOperator(task_id="check", sql="SELECT COUNT(*) FROM flow.sales", **sql))
    columns = {
        "id": {"null_check": {"equal_to": 0}, "unique_check": {"equal_to": 0}, "distinct_check": {"equal_to": 1}},
        "price": {"min": {"geq_to": 0}, "max": {"less_than": 10}},
    }
    run(SQLColumnCheckOperator(task_id="columns", table="flow.sales", column_mapping=columns, **sql))
    checks = {
        "count": {"check_statement": "COUNT(*) = 1"},
        "dear": {"check_statement": "price > 9", "partition_clause": "id = 1"},
    }
    run(SQLTableCheckOperator(task_id="table", table="flow.sales", checks=checks, **sql))

    client.execute("INSERT INTO flow.sales VALUES (1, 'again', -1)")
    for failing in (
        SQLColumnCheckOperator(task_id="columns", table="flow.sales", column_mapping=columns, **sql),
        SQLTableCheckOperator(task_id="table", table="flow.sales", checks=checks, **sql),
        SQLCheckOperator(task_id="check", sql="SELECT MIN(price) > 0 FROM flow.sales", **sql),
    ):
        with pytest.raises(AirflowException, match=r"(?i)fail"):
            run(failing)
