"""What the behaviour cases of SQL, COPY and UNLOAD share."""

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest
from psycopg2 import extensions

from tests.sandbox.redshift.cases import TEXT


@pytest.fixture
def cursor() -> Iterator[Any]:
    """A cursor that gives all values as the server's texts."""
    connection = psycopg2.connect("")
    connection.autocommit = True
    extensions.register_type(TEXT, connection)
    with contextlib.closing(connection):
        yield connection.cursor()


@pytest.fixture(scope="session")
def case_bucket(s3: Any) -> str:
    """A bucket for all cases; each has a prefix of its own in it."""
    region = {"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
    s3.create_bucket(Bucket="behaviour-cases", CreateBucketConfiguration=region)
    return "behaviour-cases"
