"""The behaviour cases of COPY: each works as the guide says, or is a known gap and refused by name."""

import base64
import bz2
import contextlib
import gzip
import json
import os
import re
import tempfile
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
import zstandard
from psycopg2 import extensions

PROJECT = Path(__file__).resolve().parents[4]
CASES = PROJECT.parent / "shared" / "cases" / "copy_cases.json"
GAPS = tomllib.loads((PROJECT / "sandbox" / "redshift" / "known_gaps.toml").read_text())["copy_cases"]
ROLE = "arn:aws:iam::123456789012:role/local"
COMPRESS = {"gzip": gzip.compress, "bzip2": bz2.compress, "zstd": zstandard.ZstdCompressor().compress}
TEXT = extensions.new_type(tuple(extensions.string_types), "TEXT", lambda value, cursor: value)


def cases() -> list[dict[str, Any]]:
    return json.loads(CASES.read_text()) if CASES.exists() else []


@pytest.fixture(scope="module")
def case_bucket(s3: Any) -> str:
    s3.create_bucket(
        Bucket="copy-cases", CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
    )
    return "copy-cases"


@pytest.fixture
def cursor() -> Iterator[Any]:
    connection = psycopg2.connect("")
    connection.autocommit = True
    extensions.register_type(TEXT, connection)
    with contextlib.closing(connection):
        yield connection.cursor()


def body(content: Any, substituted: Any) -> bytes:
    if isinstance(content, str):
        return substituted(content).encode()
    ((kind, text),) = content.items()
    if kind == "b64":
        return base64.b64decode(text)
    if kind == "parquet":
        return parquet(text)
    return COMPRESS[kind](substituted(text).encode())


def parquet(columns: list[dict[str, Any]]) -> bytes:
    """A file of columns given as name, type in Arrow's words and values."""
    types = {"int32": "INTEGER", "int64": "BIGINT", "string": "VARCHAR", "float64": "DOUBLE", "date32": "DATE"}
    names = ", ".join(f"CAST(c{i} AS {types[column['type']]}) AS {column['name']}" for i, column in enumerate(columns))
    rows = list(zip(*(column["values"] for column in columns), strict=True))
    marks = ", ".join(f"({', '.join('?' * len(columns))})" for _ in rows)
    values = f"(VALUES {marks}) t({', '.join(f'c{i}' for i in range(len(columns)))})"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.parquet"
        parameters = [value for row in rows for value in row]
        duckdb.execute(f"COPY (SELECT {names} FROM {values}) TO '{path}' (FORMAT parquet)", parameters)
        return path.read_bytes()


def carry_out(case: dict[str, Any], cursor: Any, s3: Any, bucket: str) -> None:
    prefix = f"c{uuid.uuid4().hex[:10]}"
    names = {
        "{s3}": f"s3://{bucket}/{prefix}/",
        "{prefix}": prefix,
        "{auth}": f"iam_role '{ROLE}'",
        "{key}": os.environ["AWS_ACCESS_KEY_ID"],
        "{secret}": os.environ["AWS_SECRET_ACCESS_KEY"],
    }

    def substituted(text: str) -> str:
        return re.sub(r"\{(?:s3|prefix|auth|key|secret)\}", lambda found: names[found[0]], text)

    def rows(query: str) -> list[list[str | None]]:
        cursor.execute(substituted(query))
        return [list(row) for row in cursor.fetchall()]

    cursor.execute(f"create schema s_{prefix}")
    cursor.execute(f"set search_path to s_{prefix}")
    for name, content in case.get("files", {}).items():
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=body(content, substituted))
    for statement in [case["table_ddl"], *case.get("setup_sql", [])]:
        cursor.execute(statement)
    if "expected_error_regex" in case:
        with pytest.raises(psycopg2.Error) as failure:
            cursor.execute(substituted(case["copy_sql"]))
        if failure.value.pgcode == "0A000":  # not Redshift's error but our refusal
            raise failure.value
        assert re.search(case["expected_error_regex"], str(failure.value), re.IGNORECASE | re.DOTALL)
    else:
        cursor.execute(substituted(case["copy_sql"]))
    if "query" in case and "expected_rows" in case:
        assert case["expected_rows"] == rows(case["query"])
    for check in case.get("checks", []):
        assert json.loads(substituted(json.dumps(check["expected_rows"]))) == rows(check["query"])


@pytest.mark.skipif(not CASES.exists(), reason=f"needs the behaviour cases in {CASES}")
@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in cases()])
def test_case_works_or_is_a_known_gap_and_refused(case: dict[str, Any], cursor: Any, s3: Any, case_bucket: str) -> None:
    if case["name"] not in GAPS:
        carry_out(case, cursor, s3, case_bucket)
        return
    with pytest.raises(psycopg2.errors.FeatureNotSupported):
        carry_out(case, cursor, s3, case_bucket)


@pytest.mark.skipif(not CASES.exists(), reason=f"needs the behaviour cases in {CASES}")
def test_every_known_gap_is_a_case() -> None:
    assert set() == GAPS.keys() - {case["name"] for case in cases()}
