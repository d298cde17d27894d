"""UNLOAD by way of the endpoint: what is in S3 afterwards, what COPY makes of it, and what is refused."""

import datetime
import io
import json
import os
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import duckdb
import psycopg
import pytest
import redshift_connector
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROLE = "IAM_ROLE 'arn:aws:iam::123456789012:role/local'"
COLUMNS = """
    n SMALLINT, i INTEGER, b BIGINT, d DECIMAL(18, 3), r REAL, f DOUBLE PRECISION, t VARCHAR(400), c CHAR(3),
    k BOOLEAN, day DATE, moment TIMESTAMP
"""
ROWS = st.tuples(
    st.integers(-(2**15), 2**15 - 1),
    st.integers(-(2**31), 2**31 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.decimals(-(10**14), 10**14, places=3, allow_nan=False),
    st.floats(width=32, allow_nan=False, allow_infinity=False, allow_subnormal=False),
    st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80),
    st.text("abc", min_size=3, max_size=3),
    st.booleans(),
    st.dates(datetime.date(1, 1, 1)),
    st.datetimes(datetime.datetime(1, 1, 1)),
)


@pytest.fixture(scope="module")
def client() -> Iterator[psycopg.Connection]:
    with psycopg.connect("", autocommit=True, prepare_threshold=None) as connection:
        connection.execute("CREATE SCHEMA IF NOT EXISTS unloading")
        connection.execute("SET search_path TO unloading")
        connection.execute("SET extra_float_digits TO 3")
        connection.execute(f"CREATE TABLE given ({COLUMNS})")
        connection.execute(f"CREATE TABLE back ({COLUMNS})")
        yield connection
        connection.execute("DROP SCHEMA unloading CASCADE")


@pytest.fixture(scope="module")
def bucket(s3: Any) -> str:
    region = {"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
    s3.create_bucket(Bucket="unloaded", CreateBucketConfiguration=region)
    return "unloaded"


@pytest.fixture
def prefix() -> str:
    return f"u{uuid.uuid4().hex[:12]}/"


def objects(s3: Any, bucket: str, prefix: str) -> dict[str, bytes]:
    """What is below the prefix: contents by the rest of the key."""
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return {
        each["Key"].removeprefix(prefix): s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in found
    }


# What COPY is to be told to read a format of UNLOAD's. In text and CSV empty text and NULL look the same unless told.
FORMS = {
    "FORMAT JSON": "FORMAT JSON 'auto' TIMEFORMAT 'auto'",
    "FORMAT PARQUET": "FORMAT PARQUET",
    r"FORMAT CSV NULL AS '\\N' GZIP": r"FORMAT CSV NULL AS '\\N' TIMEFORMAT 'auto' GZIP",
    r"ESCAPE NULL AS '\\N' ZSTD": r"ESCAPE NULL AS '\\N' TIMEFORMAT 'auto' ZSTD",
    r"ADDQUOTES ESCAPE DELIMITER ',' NULL AS '\\N'": (
        r"REMOVEQUOTES ESCAPE DELIMITER ',' NULL AS '\\N' TIMEFORMAT 'auto'"
    ),
}


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(st.one_of(ROWS, ROWS.map(lambda row: (row[0], *[None] * 10))), min_size=1, max_size=5))
def test_what_is_unloaded_copies_back_unchanged(
    client: psycopg.Connection, bucket: str, form: str, rows: list[tuple]
) -> None:
    target = f"s3://{bucket}/{uuid.uuid4().hex}/"
    client.execute("DELETE FROM given")
    client.execute("DELETE FROM back")
    with client.cursor() as cursor:
        cursor.executemany(f"INSERT INTO given VALUES ({', '.join(['%s'] * 11)})", rows)
    client.execute(f"UNLOAD ('SELECT * FROM given') TO '{target}' {ROLE} {form}")
    client.execute(f"COPY back FROM '{target}' {ROLE} {FORMS[form]}")
    query = "SELECT * FROM {} ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11"
    assert client.execute(query.format("given")).fetchall() == client.execute(query.format("back")).fetchall()


def test_parquet_has_the_columns_types(client: psycopg.Connection, s3: Any, bucket: str, prefix: str) -> None:
    client.execute("DELETE FROM given")
    values = "1, 2, 3, 4.5, 0.5, 0.25, 'a,\"b', 'abc', true, '2020-02-29', '2020-02-29 12:00:00.5'"
    client.execute(f"INSERT INTO given VALUES ({values}), (2, {', '.join(['NULL'] * 10)})")
    client.execute(f"UNLOAD ('SELECT * FROM given ORDER BY n') TO 's3://{bucket}/{prefix}' {ROLE} PARQUET PARALLEL OFF")
    ((name, content),) = objects(s3, bucket, prefix).items()
    assert "000.parquet" == name
    with duckdb.connect() as duck:
        found = duck.read_parquet(io.BytesIO(content))
        assert ["n", "i", "b", "d", "r", "f", "t", "c", "k", "day", "moment"] == found.columns
        assert "SMALLINT INTEGER BIGINT DECIMAL(18,3) FLOAT DOUBLE VARCHAR VARCHAR BOOLEAN DATE TIMESTAMP" == " ".join(
            map(str, found.types)
        )
        first, second = found.fetchall()
    day, moment = datetime.date(2020, 2, 29), datetime.datetime(2020, 2, 29, 12, 0, 0, 500000)
    assert (1, 2, 3, Decimal("4.500"), 0.5, 0.25, 'a,"b', "abc", True, day, moment) == first
    assert (2, *[None] * 10) == second


def test_nothing_is_overwritten_unless_told(client: psycopg.Connection, s3: Any, bucket: str, prefix: str) -> None:
    unload = f"UNLOAD ('SELECT 1') TO 's3://{bucket}/{prefix}' {ROLE} PARALLEL OFF"
    s3.put_object(Bucket=bucket, Key=f"{prefix}000", Body=b"old")
    with pytest.raises(psycopg.Error, match="Specified unload destination on S3 is not empty"):
        client.execute(unload)
    assert {"000": b"old"} == objects(s3, bucket, prefix)
    client.execute(f"{unload} ALLOWOVERWRITE")
    assert {"000": b"1\n"} == objects(s3, bucket, prefix)
    client.execute(f"{unload} CLEANPATH EXTENSION '.txt'")
    assert {"000.txt": b"1\n"} == objects(s3, bucket, prefix)
    with pytest.raises(psycopg.Error, match="no plain name of a folder"):
        client.execute(
            f"UNLOAD ('SELECT ''a/b'' AS a, 1 AS b') TO 's3://{bucket}/{prefix}' {ROLE} CLEANPATH PARTITION BY (a)"
        )
    assert {"000.txt": b"1\n"} == objects(s3, bucket, prefix)


def test_a_file_has_at_most_its_size_and_the_manifest_names_all(
    client: psycopg.Connection, s3: Any, bucket: str, prefix: str
) -> None:
    line = "x" * 50_000
    client.execute("CREATE TEMP TABLE wide (n INTEGER, line VARCHAR(65535))")
    client.execute("INSERT INTO wide VALUES " + ", ".join(f"({n}, '{line}')" for n in range(240)))
    options = "DELIMITER ',' PARALLEL OFF MAXFILESIZE 5 MB MANIFEST VERBOSE"
    client.execute(f"UNLOAD ($$SELECT n, line FROM wide ORDER BY n$$) TO 's3://{bucket}/{prefix}' {ROLE} {options}")
    client.execute("DROP TABLE wide")
    found = objects(s3, bucket, prefix)
    assert {"000", "001", "002", "manifest"} == found.keys()
    assert max(len(content) for content in found.values()) <= 5 * 1024 * 1024
    assert [f"{n},{line}" for n in range(240)] == (found["000"] + found["001"] + found["002"]).decode().splitlines()
    manifest = json.loads(found["manifest"])
    assert 240 == manifest["meta"]["record_count"] == sum(each["meta"]["record_count"] for each in manifest["entries"])
    assert [f"s3://{bucket}/{prefix}{n:03}" for n in range(3)] == [each["url"] for each in manifest["entries"]]


@pytest.mark.parametrize(
    ("unload", "problem"),
    [
        ("UNLOAD ('SELECT 1 LIMIT 1') TO '{to}' {role}", "Limit clause is not supported"),
        ("UNLOAD ('SELECT 1; SELECT 2') TO '{to}' {role}", "anything but one query"),
        ("UNLOAD ('DELETE FROM given') TO '{to}' {role}", "anything but one query"),
        ("UNLOAD ('SELECT nothing') TO '{to}' {role}", 'column "nothing" does not exist'),
        ("UNLOAD ('SELECT 1') TO '{to}' {role} ENCRYPTED AUTO", "UNLOAD with ENCRYPTED AUTO"),
        ("UNLOAD ('SELECT 1') TO '{to}' {role} KMS_KEY_ID 'k' ENCRYPTED", "UNLOAD with KMS_KEY_ID"),
        ("UNLOAD ('SELECT 1') TO '{to}' {role} MAXFILESIZE 4 MB", "invalid MAXFILESIZE"),
        ("UNLOAD ('SELECT 1') TO '{to}' {role} GZIP ZSTD", "exclude each other"),
        ("UNLOAD ('SELECT 1') TO '{to}' {role} FASTER", 'at or near "FASTER"'),
        ("UNLOAD ('SELECT 1') TO '{to}'", "CREDENTIALS argument is required"),
        ("UNLOAD ('SELECT 1') TO '{to}' IAM_ROLE 'me'", "Invalid IAM role ARN"),
        ("UNLOAD ('SELECT 1') TO 's3://no-such-bucket/x' {role}", "bucket does not exist"),
        ("UNLOAD ('SELECT 1 AS a, 2 AS a') TO '{to}' {role} JSON", "names of their own"),
        ("UNLOAD ('SELECT ''a/b'' AS a, 1 AS b') TO '{to}' {role} PARTITION BY (a)", "no plain name of a folder"),
        ("UNLOAD ('SELECT 1 AS a') TO '{to}' {role} PARTITION BY (a)", "leaves no column"),
        ("UNLOAD SELECT 1", "syntax error"),
    ],
)
def test_what_cannot_be_is_said_and_writes_nothing(
    client: psycopg.Connection, s3: Any, bucket: str, prefix: str, unload: str, problem: str
) -> None:
    with pytest.raises(psycopg.Error, match=problem):
        client.execute(unload.format(to=f"s3://{bucket}/{prefix}", role=ROLE))
    assert {} == objects(s3, bucket, prefix)


def test_it_reads_the_clients_transaction_and_leaves_its_settings(
    client: psycopg.Connection, s3: Any, bucket: str, prefix: str
) -> None:
    with client.transaction():
        client.execute("SET datestyle TO 'German'")
        client.execute("CREATE TEMP TABLE mine AS SELECT CAST('2020-02-29' AS DATE) AS day, CAST(0.1 AS REAL) AS r")
        client.execute(f"UNLOAD ('SELECT * FROM mine') TO 's3://{bucket}/{prefix}' {ROLE} HEADER PARALLEL OFF")
        assert {"000": b"day|r\n2020-02-29|0.1\n"} == objects(s3, bucket, prefix)
        assert "German" in client.execute("SHOW datestyle").fetchone()[0]
        raise psycopg.Rollback
    assert (1,) == client.execute("SELECT pg_last_unload_count()").fetchone()


def test_amazons_own_driver_unloads(redshift: redshift_connector.Connection, s3: Any, bucket: str, prefix: str) -> None:
    redshift.autocommit = True
    cursor = redshift.cursor()
    cursor.execute(f"UNLOAD ('SELECT ''it''''s''') TO 's3://{bucket}/{prefix}' {ROLE} CSV PARALLEL OFF")
    assert {"000": b"it's\n"} == objects(s3, bucket, prefix)
