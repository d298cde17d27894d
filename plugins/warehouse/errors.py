"""The driver's errors without the values of rows: an error goes into the task's log, the alert and the run's record.

The server repeats people's data in its errors: in DETAIL ("Failing row contains (...)", or the `context` of Redshift's
block), and in the message of a data exception (`invalid input syntax for type integer: "..."`, `Invalid digit, Value
'...'`). SQLSTATE, the names of tables and columns, and S3's answers stay.
"""

from __future__ import annotations

import re
import socket
import ssl
import traceback
from typing import Any

# From the first quotation mark to the last of its kind; to the end where the text was cut before it.
QUOTED = re.compile(r"""(?<!\w)(["'])(?:.*\1(?!\w)|.*)""", re.DOTALL)
# What COPY shows of a value without quotation marks: the character or the bytes it stumbled over.
UNQUOTED = re.compile(r"(invalid char: |hex sequence: |unexpected character )\S+(?: [0-9a-f]{2}\b)*", re.IGNORECASE)

# Class 22 is data exceptions. XX000 is whatever Redshift's own engine raises: data errors, and S3's answers to COPY.
VALUE_SQLSTATES = ("22", "XX")
# The messages of XX000 that name tables and S3 objects, not values.
WITHOUT_VALUES = re.compile(
    r"^(Load into table|The specified S3 prefix|Problem reading manifest|Cannot COPY|COPY|UNLOAD)|S3\w*Exception"
)
# SQLSTATEs whose DETAIL names tables, views and transactions: what depends on a schema, who waits for whom.
NAMING_SQLSTATES = ("2BP01", "40")
# Redshift's serialisation error is XX000 with this message; its DETAIL names the table and the transactions.
SERIALISATION_ERROR = "1023"


class DatabaseError(Exception):
    """An error that the server reported, as both drivers' errors are raised by a session.

    `message` is the server's message alone, `sqlstate` its five-character code. No value of a row is in either.
    """

    def __init__(self, message: str, sqlstate: str | None = None, details: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.sqlstate = sqlstate
        self.details = details

    def __str__(self) -> str:
        """The message and, where it has one, its SQLSTATE and what else the server said."""
        code = f" (SQLSTATE {self.sqlstate})" if self.sqlstate else ""
        return f"{self.message}{code}{self.details}"


class ConnectionCutError(ConnectionError):
    """The server's answer ended early. `symptom` is what the driver's parser raised."""

    def __init__(self, symptom: str) -> None:
        super().__init__(f"the connection was cut in the middle of an answer ({symptom})")


class CannotConnectError(Exception):
    """A connection could not be made; it is raised from the driver's error, which says whether that may pass."""


def masked(text: str) -> str:
    """`text` without what it quotes and without the characters that COPY shows."""
    return UNQUOTED.sub(r"\1...", QUOTED.sub(r"\1...\1", text))


def server_error(exception: BaseException) -> tuple[str | None, str]:
    """SQLSTATE and message as redshift_connector (a dict of fields), psycopg and DatabaseError (attributes) have them.

    SQLSTATE is None, and the message the exception's text, for what the driver itself reports.
    """
    fields: Any = exception.args[0] if exception.args else None
    if isinstance(fields, dict):
        return fields.get("C"), str(fields.get("M", ""))
    primary = getattr(getattr(exception, "diag", None), "message_primary", None)
    return getattr(exception, "sqlstate", None), str(getattr(exception, "message", primary) or exception)


def field(exception: BaseException, letter: str, attribute: str) -> str | None:
    """A field of the server's error: a letter of the protocol to redshift_connector, an attribute to psycopg."""
    fields: Any = exception.args[0] if exception.args else None
    if isinstance(fields, dict):
        return fields.get(letter)
    return getattr(getattr(exception, "diag", None), attribute, None)


def without_values(exception: Exception) -> DatabaseError | None:
    """The error of the server in `exception` without the values of rows; None if it is no error of the server."""
    sqlstate, message = server_error(exception)
    if sqlstate is None:
        return None
    has_values = sqlstate.startswith(VALUE_SQLSTATES) and not WITHOUT_VALUES.search(message)
    details = []
    if sqlstate.startswith(NAMING_SQLSTATES) or message.strip() == SERIALISATION_ERROR:
        details.append(field(exception, "D", "message_detail"))
    details.append(field(exception, "H", "message_hint"))
    if position := field(exception, "P", "statement_position"):
        details.append(f"At character {position} of the statement.")
    return DatabaseError(
        masked(message) if has_values else message,
        sqlstate,
        "".join(f"\n{text.strip()}" for text in details if text),
    )


def is_cut_off(exception: Exception) -> bool:
    """Whether redshift_connector failed because the server's answer ended early, and did not notice that it did.

    Its parser then fails by whatever the missing bytes lead to: struct.error, ScramException, KeyError, ValueError and
    others. The same errors can come from a value that Python cannot hold; but then the connection is still open.
    """
    if type(exception).__module__.startswith("redshift_connector"):
        return False
    for frame, _ in traceback.walk_tb(exception.__traceback__):
        found = getattr(frame.f_locals.get("self"), "_usock", None)
        if isinstance(found, socket.socket):
            return is_at_end(found)
    return False


def is_at_end(connected: socket.socket) -> bool:
    """Whether the other side has closed the connection. It may take a byte: the connection is of no use any more."""
    try:
        connected.settimeout(0)
        return not connected.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True
