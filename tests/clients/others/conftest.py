"""Where the sandbox is that `make test-clients` runs these tests in, and a schema for each file of them."""

from __future__ import annotations

import importlib.metadata
import os
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

CLIENTS = ("asyncpg", "awswrangler", "dbt-redshift", "psycopg", "psycopg2-binary", "sqlalchemy", "sqlalchemy-redshift")

if "PGPORT" not in os.environ:
    pytest.exit("no sandbox: these tests are run by `make test-clients`", returncode=1)


def pytest_report_header() -> str:
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in CLIENTS)
    return f"sandbox: Redshift on port {os.environ['PGPORT']}; {versions}"


@pytest.fixture(scope="module")
def schema(request: pytest.FixtureRequest) -> Iterator[str]:
    """A schema for the file's tables, with the file's name."""
    name = request.path.stem.removeprefix("test_")
    with psycopg.connect("", autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}_client")
        yield f"{name}_client"
        connection.execute(f"DROP SCHEMA {name}_client CASCADE")


@pytest.fixture(scope="module")
def bucket(request: pytest.FixtureRequest) -> str:
    """A bucket for the file's objects, with the file's name."""
    import boto3

    name = f"{request.path.stem.removeprefix('test_')}-client"
    where: Any = {"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
    boto3.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
    return name
