"""Which failures a retry can fix: lost connections, timeouts, throttling, and Redshift's serialisation error 1023.

redshift_connector raises ProgrammingError for nearly every error of the server, so the class says little; SQLSTATE and
message decide. Everything else - bad SQL, bad data, a failed check - fails at once: a retry would fail the same way.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Any

from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy
from airflow.sdk.exceptions import AirflowTaskTimeout

from warehouse.errors import SERIALISATION_ERROR, server_error

# SQLSTATE classes 08 (connection), 40 (deadlock), 53 (short of resources) and 57P (the server shuts down or recovers).
TRANSIENT_SQLSTATES = ("08", "40", "53", "57P")
# Two sessions create the same schema or table at once: IF NOT EXISTS looks before it creates. Other unique violations
# are about rows.
CREATED_AT_ONCE = re.compile(r'"pg_(namespace_nspname|class_relname_nsp|type_typname_nsp)_index"')
UNIQUE_VIOLATION = "23505"
# S3 throttles, fails or does not answer under a COPY: Redshift wraps S3's answer in SQLSTATE XX000.
S3_TROUBLE = re.compile(
    r"S3CurlException|\bHTTP\D{0,40}503\b|"
    r"S3ServiceException.*(Status 50[03]|SlowDown|ServiceUnavailable|RequestTimeout)",
    re.DOTALL,
)
# Drivers call these a failed connection too, but the next would fail the same way.
LASTING = re.compile(r"authentication failed|does not exist|Only %s and %% are supported")
THROTTLING_CODES = frozenset(
    {
        "503",
        "InternalError",
        "RequestLimitExceeded",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
    }
)
# AWS needs minutes for some changes. A cluster's network interfaces outlive it, so that its security group cannot be
# deleted yet; a new security group or role is not known everywhere yet, and Redshift calls such a role not valid.
SETTLING_CODES = frozenset({"DependencyViolation", "InvalidGroup.NotFound"})
NEW_ROLE = re.compile(r"InvalidParameterValue.*The IAM role .* is not valid", re.DOTALL)
# struct.error and ScramException: redshift_connector met the end of the stream in the middle of an answer.
CONNECTION_ERRORS = (ConnectionError, TimeoutError, struct.error)
CONNECTION_ERROR_NAMES = frozenset(
    {
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "EndpointConnectionError",
        "InterfaceError",
        "OperationalError",
        "ReadTimeoutError",
        "ResponseStreamingError",
        "ScramException",
    }
)


def causes(exception: BaseException) -> Iterator[BaseException]:
    """The exception and what it was raised from, outermost first."""
    seen: set[int] = set()
    current: BaseException | None = exception
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def reason_of_server(sqlstate: str, message: str) -> str | None:
    """Why a statement may succeed when it is run again; None when it cannot."""
    if sqlstate.startswith(TRANSIENT_SQLSTATES):
        return f"the server ended the connection or was short of resources (SQLSTATE {sqlstate})"
    if message.split("\n")[0].strip() == SERIALISATION_ERROR:
        return "another transaction changed the same rows (error 1023)"
    if sqlstate == UNIQUE_VIOLATION and CREATED_AT_ONCE.search(message):
        return "another transaction created the same schema or table at the same time"
    return "S3 was busy or could not be reached" if S3_TROUBLE.search(message) else None


def reason_of_aws(code: str, message: str) -> str | None:
    """Why a call of AWS may succeed when it is made again; None when it cannot."""
    passes = code in THROTTLING_CODES | SETTLING_CODES or NEW_ROLE.search(message)
    return f"AWS answered {code}" if passes else None


def reason_to_retry(exception: BaseException) -> str | None:
    """Why a retry may succeed, for the task's log; None when it cannot."""
    for cause in causes(exception):
        sqlstate, message = server_error(cause)
        if sqlstate is not None:
            return reason_of_server(sqlstate, message)
        response = getattr(cause, "response", None)
        if isinstance(response, dict):
            return reason_of_aws(response.get("Error", {}).get("Code"), message)
        if isinstance(cause, AirflowTaskTimeout):
            return "the task took longer than its execution_timeout"
        if LASTING.search(message):
            return None
        if isinstance(cause, CONNECTION_ERRORS) or type(cause).__name__ in CONNECTION_ERROR_NAMES:
            return f"the connection was lost or could not be made ({type(cause).__name__})"
    return None


class TransientFailuresOnly(RetryPolicy):
    """Retry what can pass without a change, fail everything else on the first try."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        """Decide by the exception. A decision to retry leaves number and delay of the retries to the task."""
        reason = reason_to_retry(exception)
        if reason is None:
            return RetryDecision.fail(reason="a retry would fail the same way")
        return RetryDecision(reason=reason)

    def serialize(self) -> dict[str, Any]:
        """It has no settings."""
        return {}


def is_serialization_error(error: BaseException) -> bool:
    """Whether an error of the server is Redshift's error 1023: another transaction changed the same rows."""
    return server_error(error)[1].split("\n")[0].strip() == SERIALISATION_ERROR
