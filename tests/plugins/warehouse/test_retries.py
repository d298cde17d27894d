"""A retry only where it can help."""

from __future__ import annotations

import json
import os
import struct
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
import redshift_connector
import scramp
from airflow.sdk.definitions.retry_policy import RetryAction
from airflow.sdk.exceptions import AirflowTaskTimeout
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from tests.plugins.warehouse.conftest import BOTH_DRIVERS
from tests.plugins.warehouse.cutting_proxy import cutting_proxy
from warehouse.errors import DatabaseError
from warehouse.retries import TransientFailuresOnly, reason_to_retry


def redshift_error(sqlstate: str, message: str) -> Exception:
    """An error of the server, as redshift_connector raises it."""
    return redshift_connector.ProgrammingError({"S": "ERROR", "C": sqlstate, "M": message})


def aws_error(code: str, message: str = "") -> ClientError:
    """An error of AWS, as botocore raises it."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "ListObjectsV2")


TAKEN = 'duplicate key value violates unique constraint "{}"'
PASSING = [
    redshift_error("XX000", "1023"),
    redshift_error("40P01", "deadlock detected"),
    redshift_error("XX000", "S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown,Rid X"),
    redshift_error("57P01", "terminating connection due to administrator command"),
    redshift_connector.InterfaceError("connection refused"),
    redshift_connector.OperationalError("BrokenPipe"),
    redshift_error("XX000", "S3CurlException: Connection reset by peer, CurlError 56, multiCurlError 0, CanRetry 1"),
    redshift_error("XX000", "Problem reading manifest file - S3CurlException: Timeout was reached, CurlError 28"),
    redshift_error("XX000", "S3ServiceException:Please try again.,Status 400,Error RequestTimeout,Rid X"),
    redshift_error("XX000", "S3ServiceException:Please try again.,Error ServiceUnavailable,Rid X"),
    redshift_error("XX000", "HTTP response error code: 503 Message: busy"),
    redshift_error("23505", TAKEN.format("pg_namespace_nspname_index")),
    psycopg.errors.UniqueViolation(TAKEN.format("pg_type_typname_nsp_index")),
    DatabaseError("1023", "XX000", "\nSerializable isolation violation on table - 1"),
    struct.error("unpack_from requires a buffer of at least 5 bytes"),
    scramp.ScramException("Malformed server first message."),
    AirflowTaskTimeout("Timeout, PID: 1"),
    psycopg.errors.AdminShutdown("terminating connection"),
    psycopg.OperationalError("connection failed"),
    ConnectionResetError("reset"),
    *map(aws_error, ("SlowDown", "ServiceUnavailable", "RequestTimeout", "503")),
    ConnectionClosedError(endpoint_url="https://s3"),
    ReadTimeoutError(endpoint_url="https://s3"),
    EndpointConnectionError(endpoint_url="https://s3"),
    ClientError({"Error": {"Code": "DependencyViolation"}}, "DeleteSecurityGroup"),
    ClientError({"Error": {"Code": "InvalidGroup.NotFound"}}, "AuthorizeSecurityGroupIngress"),
    ClientError(
        {
            "Error": {
                "Code": "InvalidParameterValue",
                "Message": "The IAM role arn:aws:iam::123456789012:role/redshift-sparkify is not valid. "
                "The IAM role must delegate access to an Amazon Redshift account.",
            }
        },
        "CreateCluster",
    ),
]
LASTING = [
    redshift_error("42601", 'syntax error at or near "FORM"'),
    redshift_error("XX000", "Load into table 'events' failed.  Check 'stl_load_errors' system table for details."),
    redshift_error("XX000", "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid X"),
    redshift_error("XX000", "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid 503"),
    redshift_error("23505", TAKEN.format("people_pkey")),
    redshift_error("57014", "Query (150) cancelled on user's request"),
    DatabaseError("null value in column", "23502"),
    redshift_connector.InterfaceError("Only %s and %% are supported in the query."),
    psycopg.OperationalError('connection failed: FATAL: password authentication failed for user "x"'),
    psycopg.errors.UndefinedTable('relation "x" does not exist'),
    aws_error("AccessDenied"),
    ClientError({"Error": {"Code": "InvalidParameterValue", "Message": "Invalid node type"}}, "CreateCluster"),
    ValueError("not a period"),
    KeyError("ds"),
]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_what_can_pass_by_itself_is_retried(error):
    """With the task's own delay and number of retries."""
    decision = TransientFailuresOnly().evaluate(error, 1, 2)
    assert (RetryAction.DEFAULT, None) == (decision.action, decision.retry_delay)


@pytest.mark.parametrize("error", LASTING, ids=repr)
def test_what_would_fail_again_fails_at_once(error):
    """Bad SQL, bad data, bad arguments."""
    assert RetryAction.FAIL == TransientFailuresOnly().evaluate(error, 1, 2).action


def test_the_cause_decides():
    """An error that wraps a lost transaction is one."""
    error = RuntimeError("publish failed")
    error.__cause__ = redshift_error("XX000", "1023")
    assert RetryAction.DEFAULT == TransientFailuresOnly().evaluate(error, 1, 2).action


def work(session) -> None:
    """A query with a row, a bound value, DDL and DML: the kinds of answers there are."""
    session.rows("SELECT 1 AS a, 'text' AS b, 1.5::DECIMAL(5, 2) AS c, '2018-11-01'::TIMESTAMP AS d WHERE 1 = %s", (1,))
    session.execute("CREATE TEMPORARY TABLE cut (a INTEGER)")
    session.execute("INSERT INTO cut VALUES (%s)", (5,))


@BOTH_DRIVERS
def test_a_connection_cut_anywhere_is_retried(connection, open_session, monkeypatch):
    """At every 13th byte of what the server sends, from the login to COMMIT.

    redshift_connector does not notice the end of the stream: its parser fails by what the missing bytes lead to.
    """
    settings = json.loads(os.environ["AIRFLOW_CONN_REDSHIFT"])

    def lead_to(port: int) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(settings | {"host": "127.0.0.1", "port": port}))

    with cutting_proxy() as proxy:
        lead_to(proxy.port)
        with open_session(label="shop.load") as session:
            work(session)
    cuts = range(1, proxy.sent - 10, 13)
    assert len(cuts) > 60
    lasting = {}
    for cut in cuts:
        with cutting_proxy(cut) as proxy:
            lead_to(proxy.port)
            with pytest.raises(Exception, match=r".") as raised, open_session(label="shop.load") as session:
                work(session)
        if not reason_to_retry(raised.value):
            lasting[cut] = raised.value
    assert {} == lasting


def test_what_python_cannot_read_is_no_cut(open_session):
    """The driver fails in the same place as when it is cut, but the connection is open: the next try fails too."""
    with pytest.raises(ValueError, match="hour must be in") as raised, open_session() as session:
        session.rows("SELECT '24:00:00'::TIME")
    assert reason_to_retry(raised.value) is None


@pytest.mark.parametrize("what", ["SCHEMA IF NOT EXISTS at_once", "TABLE IF NOT EXISTS public.at_once (i INTEGER)"])
def test_the_second_of_two_that_create_the_same_at_once_is_retried(open_session, reader, what):
    """IF NOT EXISTS does not help: the first has not committed yet when the second looks."""

    def create() -> Exception | None:
        try:
            with open_session() as session:
                session.execute(f"CREATE {what}")
        except DatabaseError as error:
            return error
        return None

    with ThreadPoolExecutor(1) as threads:
        with open_session() as first:
            first.execute(f"CREATE {what}")
            second = threads.submit(create)
            deadline = time.monotonic() + 10
            while not reader.execute("SELECT COUNT(*) FROM pg_locks WHERE NOT granted").fetchone()[0]:
                assert time.monotonic() < deadline, "the second does not wait for the first"
                time.sleep(0.05)
        error = second.result()
    reader.execute(f"DROP {what.split()[0]} {'public.' if 'TABLE' in what else ''}at_once")
    assert "23505" == error.sqlstate
    assert "another transaction created the same schema or table at the same time" == reason_to_retry(error)
