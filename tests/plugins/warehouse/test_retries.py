"""A second try only where it can help."""

from __future__ import annotations

import psycopg
import pytest
import redshift_connector
from airflow.sdk.definitions.retry_policy import RetryAction
from botocore.exceptions import ClientError, EndpointConnectionError

from warehouse.retries import TransientFailuresOnly


def redshift_error(sqlstate: str, message: str) -> Exception:
    """An error of the server, as redshift_connector raises it."""
    return redshift_connector.ProgrammingError({"S": "ERROR", "C": sqlstate, "M": message})


PASSING = [
    redshift_error("XX000", "1023"),
    redshift_error("40P01", "deadlock detected"),
    redshift_error("XX000", "S3ServiceException:Please reduce your request rate.,Status 503,Error SlowDown,Rid X"),
    redshift_error("57P01", "terminating connection due to administrator command"),
    redshift_connector.InterfaceError("connection refused"),
    redshift_connector.OperationalError("BrokenPipe"),
    psycopg.errors.AdminShutdown("terminating connection"),
    psycopg.OperationalError("connection failed"),
    ConnectionResetError("reset"),
    ClientError({"Error": {"Code": "SlowDown"}}, "ListObjectsV2"),
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
    redshift_connector.InterfaceError("Only %s and %% are supported in the query."),
    psycopg.OperationalError('connection failed: FATAL: password authentication failed for user "x"'),
    psycopg.errors.UndefinedTable('relation "x" does not exist'),
    ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2"),
    ClientError({"Error": {"Code": "InvalidParameterValue", "Message": "Invalid node type"}}, "CreateCluster"),
    ValueError("not a period"),
    KeyError("ds"),
]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_what_can_pass_by_itself_is_tried_again(error):
    """By the task's own delay and number of tries."""
    assert RetryAction.DEFAULT == TransientFailuresOnly().evaluate(error, 1, 2).action


@pytest.mark.parametrize("error", LASTING, ids=repr)
def test_what_would_fail_again_fails_at_once(error):
    """Bad SQL, bad data, bad arguments."""
    assert RetryAction.FAIL == TransientFailuresOnly().evaluate(error, 1, 2).action


def test_the_cause_decides():
    """An error that wraps a lost transaction is one."""
    error = RuntimeError("publish failed")
    error.__cause__ = redshift_error("XX000", "1023")
    assert RetryAction.DEFAULT == TransientFailuresOnly().evaluate(error, 1, 2).action
