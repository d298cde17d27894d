"""Which failures a second try can mend: lost connections, throttling, and Redshift's serialisation error 1023.

redshift_connector raises ProgrammingError for nearly every error of the server, so the class says little; SQLSTATE and
message decide. Everything else - bad SQL, bad data, a failed check - fails at once: trying again would fail again,
later.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from airflow.sdk.definitions.retry_policy import RetryDecision, RetryPolicy

# SQLSTATE classes 08 (connection), 40 (deadlock), 53 (short of resources) and 57P (the server shuts down or recovers).
TRANSIENT_SQLSTATES = ("08", "40", "53", "57P")
# Redshift's own wording of a serialisation error, SQLSTATE XX000 (not 40001).
SERIALISATION_ERROR = "1023"
# S3 throttles or fails under a COPY: Redshift wraps S3's answer in SQLSTATE XX000.
S3_TROUBLE = re.compile(r"S3ServiceException.*(Status 50[03]|SlowDown)", re.DOTALL)
# Drivers call these a failed connection too, but the next would fail the same way.
LASTING = re.compile(r"authentication failed|does not exist|Only %s and %% are supported")
THROTTLING_CODES = frozenset({"Throttling", "ThrottlingException", "SlowDown", "RequestLimitExceeded", "InternalError"})
# What still hangs on to a thing when its user has gone: a cluster's network interfaces outlive it by minutes. And what
# was created a moment ago and is not known everywhere yet: a security group; a role, of which Redshift says that it is
# not valid.
SETTLING_CODES = frozenset({"DependencyViolation", "InvalidGroup.NotFound"})
NEW_ROLE = re.compile(r"InvalidParameterValue.*The IAM role .* is not valid", re.DOTALL)
CONNECTION_ERRORS = (ConnectionError, TimeoutError)
CONNECTION_ERROR_NAMES = frozenset(
    {"OperationalError", "InterfaceError", "EndpointConnectionError", "ConnectTimeoutError"}
)


def causes(exception: BaseException) -> Iterator[BaseException]:
    """The exception and what it was raised from, outermost first."""
    seen: set[int] = set()
    current: BaseException | None = exception
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def server_error(exception: BaseException) -> tuple[str | None, str]:
    """SQLSTATE and message as redshift_connector (a dict of fields) and psycopg (attributes) carry them."""
    fields: Any = exception.args[0] if exception.args else None
    if isinstance(fields, dict):
        return fields.get("C"), str(fields.get("M", ""))
    return getattr(exception, "sqlstate", None), str(exception)


def reason_to_retry(exception: BaseException) -> str | None:
    """In words why a second try may succeed; None when it cannot."""
    for cause in causes(exception):
        sqlstate, message = server_error(cause)
        if sqlstate is not None:
            if sqlstate.startswith(TRANSIENT_SQLSTATES):
                return f"the server ended the connection or was short of resources (SQLSTATE {sqlstate})"
            if message.split("\n")[0].strip() == SERIALISATION_ERROR:
                return "another transaction changed the same rows (error 1023)"
            return "S3 was busy" if S3_TROUBLE.search(message) else None
        response = getattr(cause, "response", None)
        if isinstance(response, dict):
            code = response.get("Error", {}).get("Code")
            passes = code in THROTTLING_CODES | SETTLING_CODES or NEW_ROLE.search(message)
            return f"AWS answered {code}" if passes else None
        if LASTING.search(message):
            return None
        if isinstance(cause, CONNECTION_ERRORS) or type(cause).__name__ in CONNECTION_ERROR_NAMES:
            return f"the connection was lost or could not be made ({type(cause).__name__})"
    return None


class TransientFailuresOnly(RetryPolicy):
    """Retry what can pass by itself, fail all else on the first try."""

    def evaluate(self, exception: BaseException, try_number: int, max_tries: int, context: Any = None) -> RetryDecision:
        """Decide by the exception alone; delay and number of tries are the task's own."""
        reason = reason_to_retry(exception)
        if reason is None:
            return RetryDecision.fail(reason="a second try would fail the same way")
        return RetryDecision(reason=reason)

    def serialize(self) -> dict[str, Any]:
        """It has no settings."""
        return {}


def is_serialization_error(error: BaseException) -> bool:
    return server_error(error)[1].split("\n")[0].strip() == SERIALISATION_ERROR
