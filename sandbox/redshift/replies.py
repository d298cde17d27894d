"""What PostgreSQL's answers become on their way to the client, so that they are Redshift's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sandbox.redshift import messages
from sandbox.redshift.errors import RedshiftError

# What Redshift reports: redshift_connector parses it as a plain version and reads row counts by it.
SHOWN_PARAMETERS = {
    "server_version": "8.0.2",
    # A backslash escapes in every literal of Redshift's: drivers that quote by themselves must double it.
    "standard_conforming_strings": "off",
}

# By a parameter of this name asyncpg knows Redshift, which has no advisory locks and no LISTEN.
_REVISION = messages.parameter_status("padb_revision", "sandbox")

# Ours never sends server_protocol_version and show_discovery: their absence keeps redshift_connector at the protocol's
# level 0, whose RowDescription and number formats are PostgreSQL's.

# How redshift_connector begins the driver_version it sends.
PYTHON_DRIVER = "Redshift Python Driver"
_SASL = 10

# How PostgreSQL words a cancel request and a timeout.
_CANCELLING = "canceling statement due to"

# F, L, R name PostgreSQL's source; P, p, q point into the rewritten text; W is the way through functions of ours.
_INTERNAL_FIELDS = "FLRPWpq"

# PostgreSQL's text for a prepared statement whose table changed. Its 0A000 means a refusal of the sandbox's here.
STALE = "cached plan must not change result type"

# What PostgreSQL answers where a SUPER stands for another type, or another for it: the sandbox has no such operation.
_OF_SUPER = re.compile(
    r"(types? |and |exist: |[(,] ?|[^\w\s\"] )super\b|super_(get|at|elements|elements_at)\(|of type any$"
)

_MATCHED_TWICE = "MERGE command cannot affect row a second time"


# What Redshift may convert by itself where PostgreSQL has no operator or common type, most often text and numbers.
_NOT_CONVERTED = re.compile(r"operator (does not exist|is not unique): |.* types .* cannot be matched")


class PostgresError(RedshiftError):
    """An ErrorResponse of PostgreSQL; its session now ignores everything up to the next Sync."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(fields.get("C", "XX000"), fields.get("M", ""), fields.get("D"), fields.get("H"))
        self.fields = fields


def error_response(error: RedshiftError, pid: int) -> bytes:
    """The ErrorResponse the client is to see; pid: of its session."""
    fields = dict(error.fields) if isinstance(error, PostgresError) else _fields("ERROR", error)
    if error.sqlstate == "40001":
        table = fields.get("t", "unknown")
        fields |= {"C": "XX000", "M": "1023"}
        # Redshift lists the transactions' numbers here. PostgreSQL does not tell them.
        fields["D"] = (
            f"Serializable isolation violation on table - {table}, "
            f"transactions forming the cycle are: unknown, unknown (pid:{pid})"
        )
        fields.pop("H", None)
    elif error.message.startswith(_CANCELLING):  # not all of 57014: a client's own CopyFail has it too
        fields["M"] = cancelled(pid).message
    elif error.message == _MATCHED_TWICE:
        fields["M"] = "Found multiple matches to update the same tuple."
        fields.pop("H", None)
    elif error.sqlstate in ("0A000", "42883", "42846", "42804", "42725", "42P16") and _OF_SUPER.search(error.message):
        fields |= {"C": "0A000", "M": f"the sandbox does not support this of a SUPER: {error.message}"}
        fields.pop("H", None)
    elif error.message == STALE:
        fields["C"] = "XX000"
    elif error.sqlstate in ("42883", "42725", "42804") and _NOT_CONVERTED.match(error.message):
        fields |= {"C": "0A000", "M": f"the sandbox does not support this without a cast: {error.message}"}
    return messages.response("E", _shown(fields))


def fatal_response(sqlstate: str, message: str) -> bytes:
    """The error after which the connection is closed."""
    return messages.response("E", _fields("FATAL", RedshiftError(sqlstate, message)))


def cancelled(pid: int) -> RedshiftError:
    return RedshiftError("57014", f"Query ({pid}) canceled on user's request")


def notice_response(severity: str, message: str) -> bytes:
    return messages.response("N", _fields(severity, RedshiftError("00000", message)))


def shown_notice(raw: bytes) -> bytes:
    return messages.response("N", _shown(messages.response_fields(raw)))


def shown_parameter(raw: bytes) -> bytes:
    """A ParameterStatus as Redshift would report it."""
    (name, _), _ = messages.texts(raw, 2)
    if name not in SHOWN_PARAMETERS:
        return raw
    shown = messages.parameter_status(name, SHOWN_PARAMETERS[name])
    return shown + _REVISION if name == "server_version" else shown


def shown_authentication(raw: bytes, driver: str) -> bytes:
    """An authentication request as the driver of that driver_version can read it.

    redshift_connector 2.2.0 takes the empty text that ends PostgreSQL's list of mechanisms for one more mechanism, and
    gives up on it; all other clients need it.
    """
    request = int.from_bytes(raw[5:9])
    return messages.message("R", raw[5:-1]) if request == _SASL and driver.startswith(PYTHON_DRIVER) else raw


def _fields(severity: str, error: RedshiftError) -> dict[str, str]:
    fields = {"S": severity, "C": error.sqlstate, "M": error.message}
    if error.detail is not None:
        fields["D"] = error.detail
    if error.hint is not None:
        fields["H"] = error.hint
    return fields


def _shown(fields: Mapping[str, str]) -> dict[str, str]:
    return {code: value for code, value in fields.items() if value and code not in _INTERNAL_FIELDS}
