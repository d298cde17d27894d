"""The lines that a COPY could not load: file, line, column, code and reason, from the load-error tables.

COPY itself only says "check 'stl_load_errors' system table"; people should find the line to fix in the task's log. What
people wrote stays out of the log: a value is shown of columns declared harmless, a raw line never.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from warehouse.errors import CannotConnectError, DatabaseError, masked
from warehouse.session import Session

# The XCom key under which a task that copies leaves its descriptions for the record of the run.
LOAD_ERRORS = "load_errors"

# At most this many errors go into the log and the exception; a file full of the same mistake needs no more.
MOST_DESCRIBED = 10
# At most this many rejected lines of one COPY are kept; MAXERROR itself takes up to 100,000.
MOST_REJECTED = 10_000
# The characters of a harmless value that are shown; the table keeps up to 1,024 bytes.
MOST_OF_VALUE = 100

STL_LOAD_ERRORS = """SELECT
    TRIM(filename),
    line_number,
    TRIM(colname),
    err_code,
    TRIM(err_reason),
    TRIM(raw_field_value),
    TRIM(raw_line)
FROM stl_load_errors
WHERE query = %s
ORDER BY filename, line_number
LIMIT"""

# Redshift Serverless and clusters of several availability zones refuse the STL tables ("permission denied for
# relation"). Their view keeps neither value nor line.
SYS_LOAD_ERROR_DETAIL = """SELECT
    TRIM(file_name),
    line_number,
    TRIM(column_name),
    error_code,
    TRIM(error_message),
    NULL,
    NULL
FROM sys_load_error_detail
WHERE query_id = %s
ORDER BY file_name, line_number
LIMIT"""


class CopyDataError(AirflowFailException):
    """A COPY that failed because of the data; `descriptions` say why, a line each."""

    def __init__(self, message: str, descriptions: list[str]) -> None:
        super().__init__(message)
        self.descriptions = descriptions


@dataclasses.dataclass(frozen=True)
class Reject:
    """A line that a COPY could not load.

    `url` is the file as the table names it (s3://bucket/key, its first 256 bytes), `line` counts from 1. `column` is
    None where the line as a whole is bad. `reason` has no values in it. `raw_line` is the line's first 1,024 bytes, or
    None where the server does not keep them; it is data of people, and for a table, not for a log.
    """

    url: str
    line: int
    column: str | None
    code: int
    reason: str
    raw_line: str | None


def reason_without_values(reason: str, value: str | None) -> str:
    """The reason without what it quotes, and without the value where it repeats it without quotation marks."""
    shown = masked(reason)
    return re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "...", shown) if value else shown


def read(session: Session, copy_id: int, most: int) -> list[tuple[Any, ...]]:
    """The errors of a COPY, by file and line, from the first of the two tables that can be read.

    Raises DatabaseError where neither can. On a session of its own: a failed query would end the transaction of a COPY
    that succeeded.
    """
    with session.reader() as reader:
        try:
            return reader.rows(f"{STL_LOAD_ERRORS} {most}", (copy_id,))
        except DatabaseError as error:
            session.log.info("reading sys_load_error_detail, because stl_load_errors cannot be read: %s", error)
        return reader.rows(f"{SYS_LOAD_ERROR_DETAIL} {most}", (copy_id,))


def last_copy(session: Session) -> int:
    """The query id of the session's last COPY."""
    (copy_id,) = session.row("SELECT pg_last_copy_id()")
    return int(copy_id)


def describe(row: tuple[Any, ...], harmless: Collection[str]) -> str:
    """One load error in words; with the value if its column is harmless."""
    url, line, column, code, reason, value, _ = row
    where = f", column {column}" if column else ""
    shown = f", value {value[:MOST_OF_VALUE]!r}" if value is not None and column in harmless else ""
    return f"{url}, line {line}{where}{shown}: {reason_without_values(reason, value)} (code {code})"


def load_errors(session: Session, harmless: Collection[str] = ()) -> list[str]:
    """Descriptions of why the session's last COPY failed, the first 10; none where they cannot be read.

    It rolls the session back. An error here must not hide COPY's own.

    :param harmless: the columns whose values may be shown: numbers and codes, not what people wrote.
    """
    session.rollback()
    try:
        rows = read(session, last_copy(session), MOST_DESCRIBED)
    except (DatabaseError, CannotConnectError) as error:
        session.log.warning("the load errors cannot be read: %s", error)
        return []
    return [describe(row, harmless) for row in rows]


def rejected_lines(session: Session) -> list[Reject]:
    """The lines that the session's last COPY left out under MAXERROR, by file and line; at most 10,000.

    The session's transaction goes on. Raises DatabaseError where they cannot be read: they must not get lost.
    """
    return [
        Reject(url, int(line), column or None, int(code), reason_without_values(reason, value), raw_line)
        for url, line, column, code, reason, value, raw_line in read(session, last_copy(session), MOST_REJECTED)
    ]
