"""Why a COPY failed, in the words of the load-error tables: file, line, column, value, reason.

COPY itself only says "check 'stl_load_errors' system table"; people should find the line to mend in the task's log.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowFailException

# The XCom key under which a task that copies leaves its sentences for the record of the run.
LOAD_ERRORS = "load_errors"

# At most this many rows go into the log and the error; a file full of the same mistake needs no more.
MOST = 10

# A line that is no JSON has no column and no value: then the line itself tells most.
STL_LOAD_ERRORS = f"""SELECT
    TRIM(filename),
    line_number,
    TRIM(colname),
    CASE WHEN TRIM(colname) = '' THEN TRIM(raw_line) ELSE TRIM(raw_field_value) END,
    err_code,
    TRIM(err_reason)
FROM stl_load_errors
WHERE query = pg_last_copy_id()
ORDER BY filename, line_number
LIMIT {MOST}"""

# Redshift Serverless has no STL tables; its view does not keep the value.
SYS_LOAD_ERROR_DETAIL = f"""SELECT
    TRIM(file_name),
    line_number,
    TRIM(column_name),
    NULL,
    error_code,
    TRIM(error_message)
FROM sys_load_error_detail
WHERE query_id = pg_last_copy_id()
ORDER BY file_name, line_number
LIMIT {MOST}"""


class CopyDataError(AirflowFailException):
    """A COPY that the data made fail; `sentences` tell line by line why."""

    def __init__(self, message: str, sentences: list[str]) -> None:
        super().__init__(message)
        self.sentences = sentences


def sentence(row: tuple[Any, ...]) -> str:
    """One load error in words."""
    file, line, column, value, code, reason = row
    where = f", column {column}" if column else ""
    shown = "" if value is None else f", value {value!r}"
    return f"{file}, line {line}{where}{shown}: {reason} (code {code})"


def load_errors(session, errors, harmless=()) -> list[str]:
    """The errors of the session's last COPY, a sentence each. `errors`: what the driver raises for a missing table."""
    for query in (STL_LOAD_ERRORS, SYS_LOAD_ERROR_DETAIL):
        session.rollback()
        try:
            return [sentence(row) for row in session.rows(query)]
        except errors as error:
            session.log.warning("could not read the load errors: %s", error)
    session.rollback()
    return []


def rejected_lines(session):
    return []
