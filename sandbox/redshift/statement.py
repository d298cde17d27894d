"""One statement of a client after rewriting: what PostgreSQL is to run for it, or that it is a COPY or UNLOAD."""

from __future__ import annotations

import contextvars
import dataclasses
from collections.abc import Callable

# enable_case_sensitive_identifier of the session that the current task serves
CASE_SENSITIVE = contextvars.ContextVar("case_sensitive", default=False)

Rows = tuple[tuple[str | None, ...], ...]


@dataclasses.dataclass(frozen=True)
class Statement:
    """What to do for one statement.

    sql: the statement for PostgreSQL; its rows, parameters and tag are the client's answer. Empty for a COPY or UNLOAD.
    before, after: SQL run in the same session around it, unseen by the client: recording declared keys, TRUNCATE's
        COMMIT.
    tag: command tag to show instead of PostgreSQL's (Redshift's differs, or the statement was replaced).
    alone: the command's name, if it is refused in a transaction block.
    copy: the client's own COPY ... FROM 's3://...' text; carried out by sandbox.redshift.copy.
    unload: the client's own UNLOAD, and its query for PostgreSQL; carried out by sandbox.redshift.unload.
    asked, answered: a query with its parameters whose answer the planning needs, and the statement planned with it.
        Such a statement has nothing else.
    case_sensitive: what CASE_SENSITIVE is after it.
    """

    sql: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    tag: str | None = None
    alone: str | None = None
    copy: str | None = None
    unload: tuple[str, str] | None = None
    asked: tuple[str, ...] = ()
    answered: Callable[[Rows], Statement] | None = None
    case_sensitive: bool | None = None

    @property
    def is_plain(self) -> bool:
        """Whether PostgreSQL alone carries it out, and asks the client for nothing meanwhile (COPY FROM STDIN does)."""
        ours = self.copy or self.unload or self.before or self.after or self.alone or self.answered
        return not ours and self.case_sensitive is None and self.sql[:4].upper() != "COPY"
