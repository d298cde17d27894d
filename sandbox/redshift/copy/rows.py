"""What every format turns a file into: rows, a text for each column, for the conversion that all formats share."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

MAX_ROW = 4 * 1024 * 1024  # bytes of one row, or one JSON value: the guide's limit
INVALID_LINE = 1216  # STL_LOAD_ERRORS' code of what has none of its own


class FieldError(Exception):
    """A value that does not fit its column: STL_LOAD_ERRORS' code and reason, and the position in the value."""

    def __init__(self, code: int, reason: str, position: int = 0) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason
        self.position = position


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """A record: `fields` are the columns' texts, None for NULL, with surrogates DC80-DCFF for bytes that are no UTF-8.

    line: its last line, from 1; raw: how it was written, its first bytes at least.
    problem: what is wrong with it beside its fields, which are then those before the problem, and `at` the column it
    is in, None for the record as a whole. `fatal`: the rest of the file is given up, and the load fails.
    """

    line: int
    raw: bytes
    fields: Sequence[str | None]
    problem: FieldError | None = None
    at: int | None = None
    fatal: bool = False
