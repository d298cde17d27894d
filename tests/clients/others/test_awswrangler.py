"""awswrangler: data frames to Redshift and back, by statements and by Parquet in S3."""

from __future__ import annotations

import contextlib
import datetime
import decimal
import json
import os
from collections.abc import Iterator
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pytest

pytestmark = pytest.mark.filterwarnings("ignore")  # of pandas', about itself

ROLE = "arn:aws:iam::123456789012:role/loader"
FRAME = pd.DataFrame(
    {
        "id": [1, 2, 3],
        "name": ["a'\\", None, "é"],
        "at": pd.to_datetime(["2020-02-29 01:02:03.000004", None, "1999-01-01 00:00:00.000000"]),
        "weight": [1.5, None, -1e-9],
        "paid": [True, False, None],
        "price": [decimal.Decimal("1.25"), None, decimal.Decimal("-0.50")],
        "day": [datetime.date(2020, 2, 29), None, datetime.date(1999, 1, 1)],
    }
)
ROWS = [
    (
        1,
        "a'\\",
        datetime.datetime(2020, 2, 29, 1, 2, 3, 4),
        1.5,
        True,
        decimal.Decimal("1.25"),
        datetime.date(2020, 2, 29),
    ),
    (2, None, None, None, False, None, None),
    (3, "é", datetime.datetime(1999, 1, 1), -1e-9, None, decimal.Decimal("-0.50"), datetime.date(1999, 1, 1)),
]


@pytest.fixture(scope="module")
def connection(schema: str) -> Iterator[Any]:
    """A connection by the login that Secrets Manager keeps; it is closed before the schema is dropped."""
    login = {"engine": "redshift", "host": os.environ["PGHOST"], "port": int(os.environ["PGPORT"])}
    login |= {
        "username": os.environ["PGUSER"],
        "password": os.environ["PGPASSWORD"],
        "dbname": os.environ["PGDATABASE"],
    }
    boto3.client("secretsmanager").create_secret(Name="awswrangler", SecretString=json.dumps(login))
    with contextlib.closing(wr.redshift.connect(secret_id="awswrangler", ssl=False)) as connection:
        yield connection


@pytest.fixture
def stage(bucket: str, request: pytest.FixtureRequest) -> str:
    """An empty prefix for the test's files."""
    return (
        f"s3://{bucket}/{request.node.name.translate({ord('['): '/', ord(']'): ''})}/"  # it takes brackets for patterns
    )


def rows(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """A frame's rows in the order of their ids, what is missing as None."""
    plain = frame.sort_values("id").astype(object)
    return list(plain.where(plain.notna(), None).itertuples(index=False, name=None))


def table(connection: Any, schema: str, name: str) -> list[tuple[Any, ...]]:
    return rows(wr.redshift.read_sql_table(name, con=connection, schema=schema))


def test_a_frame_is_inserted_added_and_upserted(connection, schema):
    """By INSERT, into a table that it makes with keys; then read by a query, with parameters, in chunks."""
    where = {"con": connection, "table": "sold", "schema": schema, "index": False}
    keys = {"diststyle": "KEY", "distkey": "id", "sortstyle": "COMPOUND", "sortkey": ["at"], "primary_keys": ["id"]}
    wr.redshift.to_sql(FRAME, mode="overwrite", **where, **keys, chunksize=2)
    assert ROWS == table(connection, schema, "sold")
    wr.redshift.to_sql(FRAME, mode="append", use_column_names=True, **where)
    assert 6 == len(table(connection, schema, "sold"))
    wr.redshift.to_sql(FRAME.assign(weight=0.0), mode="upsert", primary_keys=["id"], **where)
    assert [(1, 0.0), (2, 0.0), (3, 0.0)] == [(row[0], row[3]) for row in table(connection, schema, "sold")]

    query = f"SELECT id FROM {schema}.sold WHERE name = %s"
    assert [1] == wr.redshift.read_sql_query(query, con=connection, params=["a'\\"])["id"].tolist()
    chunks = wr.redshift.read_sql_query(f"SELECT * FROM {schema}.sold", con=connection, chunksize=2)
    assert [2, 1] == [len(chunk) for chunk in chunks]
    info = 'SELECT diststyle, sortkey1 FROM svv_table_info WHERE "table" = %s'
    assert [["KEY(id)", "at"]] == wr.redshift.read_sql_query(info, con=connection, params=["sold"]).values.tolist()


@pytest.mark.parametrize("method", ["drop", "cascade", "truncate", "delete"])
def test_a_frame_is_copied_over_a_table(connection, schema, stage, method):
    """By Parquet in S3 and COPY; what was there before goes by each of the ways to choose from."""
    where = {"con": connection, "table": f"copied_by_{method}", "schema": schema, "iam_role": ROLE}
    for frame in (FRAME.head(1), FRAME):
        wr.redshift.copy(frame, stage, mode="overwrite", overwrite_method=method, **where)
    assert ROWS == table(connection, schema, f"copied_by_{method}")
    assert [] == wr.s3.list_objects(stage)  # it keeps no files


def test_a_frame_is_copied_to_a_table_and_upserted(connection, schema, stage):
    where = {"con": connection, "table": "copied", "schema": schema, "iam_role": ROLE, "primary_keys": ["id"]}
    wr.redshift.copy(FRAME, stage, mode="append", **where, varchar_lengths={"name": 20})
    wr.redshift.copy(FRAME.head(1), stage, mode="append", **where)
    assert 4 == len(table(connection, schema, "copied"))
    wr.redshift.copy(FRAME.assign(name="new").head(2), stage, mode="upsert", **where)
    assert [(1, "new"), (2, "new"), (3, "é")] == [row[:2] for row in table(connection, schema, "copied")]


def test_files_are_copied(connection, schema, stage):
    """Their types become the table's."""
    wr.s3.to_parquet(FRAME, f"{stage}part.parquet")
    wr.redshift.copy_from_files(
        stage, con=connection, table="from_files", schema=schema, iam_role=ROLE, mode="overwrite"
    )
    assert ROWS == table(connection, schema, "from_files")


def test_a_query_is_unloaded_to_a_frame(connection, schema, stage):
    """By UNLOAD to Parquet, which it reads and removes; by the connection's own keys where no role is given."""
    wr.redshift.to_sql(FRAME, connection, "kept", schema=schema, mode="overwrite", index=False)
    for authorized in ({"iam_role": ROLE}, {}):
        frame = wr.redshift.unload(f"SELECT * FROM {schema}.kept", stage, con=connection, **authorized)
        assert ROWS == rows(frame)
        assert [] == wr.s3.list_objects(stage)


def test_a_query_is_unloaded_to_files(connection, schema, stage):
    """In a format, with partitions and a manifest of one's choice."""
    wr.redshift.to_sql(FRAME, connection, "spread", schema=schema, mode="overwrite", index=False)
    wr.redshift.unload_to_files(
        f"SELECT id, name FROM {schema}.spread WHERE id < 3",
        stage,
        con=connection,
        iam_role=ROLE,
        unload_format="CSV",
        partition_cols=["id"],
        manifest=True,
        parallel=False,
    )
    assert {"id=1/000", "id=2/000", "manifest"} == {key.removeprefix(stage) for key in wr.s3.list_objects(stage)}
