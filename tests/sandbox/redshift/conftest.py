"""Where the behaviour cases of SQL, COPY and UNLOAD are carried out.

A cluster is named by REDSHIFT_DSN, as libpq takes it (`host=... port=5439 dbname=... user=... password=...`), with a
user who may create schemas. COPY and UNLOAD further need REDSHIFT_BUCKET, REDSHIFT_ROLE (a role of the cluster's that
may read and write there), and credentials of one's own for the bucket where boto3 finds them.
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Any
from unittest import mock

import boto3
import psycopg2
import pytest
from psycopg2 import extensions

from tests.sandbox.redshift.cases import GAPS, TEXT, Place, Target

CLUSTER = "REDSHIFT_DSN"
CLUSTER_S3 = ("REDSHIFT_BUCKET", "REDSHIFT_ROLE")
NO_CLUSTER = pytest.mark.skipif(CLUSTER not in os.environ, reason=f"needs a cluster, and {CLUSTER} names none")


@pytest.fixture(scope="session")
def sandbox_target(s3: Any) -> Target:
    """The sandbox, with a bucket for all cases; each has a prefix of its own in it."""
    bucket = "behaviour-cases"
    region = {"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=region)
    return Target(
        dsn="",
        gaps=GAPS,
        s3=s3,
        bucket=bucket,
        role="arn:aws:iam::123456789012:role/local",
        key=os.environ["AWS_ACCESS_KEY_ID"],
        secret=os.environ["AWS_SECRET_ACCESS_KEY"],
    )


@pytest.fixture(scope="session")
def cluster_target(callers_environment: dict[str, str]) -> Target:
    """The cluster, and S3 as it was before the sandbox took its place."""
    dsn = callers_environment[CLUSTER]
    if absent := [name for name in CLUSTER_S3 if name not in callers_environment]:
        return Target(dsn=dsn, gaps={}, missing=f"needs S3 for the cluster, and {' and '.join(absent)} are not set")
    with mock.patch.dict(os.environ, callers_environment, clear=True):
        session = boto3.Session()
        credentials = session.get_credentials()
        if credentials is None:
            return Target(dsn=dsn, gaps={}, missing="needs credentials for the cluster's S3, and boto3 finds none")
        frozen = credentials.get_frozen_credentials()
        return Target(
            dsn=dsn,
            gaps={},
            s3=session.client("s3"),
            bucket=callers_environment["REDSHIFT_BUCKET"],
            role=callers_environment["REDSHIFT_ROLE"],
            key=frozen.access_key,
            secret=frozen.secret_key,
        )


@contextlib.contextmanager
def place_on(target: Target) -> Iterator[Place]:
    """Where a case is carried out on a target; its values come as the server's texts."""
    with contextlib.closing(psycopg2.connect(target.dsn)) as connection:
        connection.autocommit = True
        extensions.register_type(TEXT, connection)
        yield Place(target, connection.cursor())


@pytest.fixture
def sandbox_place(sandbox_target: Target) -> Iterator[Place]:
    """Where a test of the sandbox alone is carried out, as if it were a case."""
    with place_on(sandbox_target) as place:
        yield place


@pytest.fixture(params=["sandbox", pytest.param("cluster", marks=NO_CLUSTER)])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """Where a case is carried out."""
    with place_on(request.getfixturevalue(f"{request.param}_target")) as place:
        yield place
        if request.param == "cluster":
            place.clear()
