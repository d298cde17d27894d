"""One statement of a client after rewriting: what PostgreSQL is to run for it, or that it is a COPY or UNLOAD."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Statement:
    """What to do for one statement.

    sql: the statement for PostgreSQL; its rows, parameters and tag are the client's answer. Empty for a COPY or UNLOAD.
    before, after: SQL run in the same session around it, unseen by the client: recording declared keys, TRUNCATE's
        COMMIT.
    tag: command tag to show instead of PostgreSQL's (Redshift's differs, or the statement was replaced).
    copy: the client's own COPY ... FROM 's3://...' text; carried out by sandbox.redshift.copy.
    laterals: names of select items that a later item of the same list may mean: see queries.lateral_names.
    unload: the client's own UNLOAD, and its query for PostgreSQL; carried out by sandbox.redshift.unload.
    """

    sql: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    tag: str | None = None
    copy: str | None = None
    unload: tuple[str, str] | None = None
    laterals: frozenset[str] = frozenset()

    @property
    def is_plain(self) -> bool:
        """Whether PostgreSQL alone carries it out, and asks the client for nothing meanwhile (COPY FROM STDIN does)."""
        alone = self.copy is None and self.unload is None and not self.before and not self.after
        return alone and self.sql[:4].upper() != "COPY"
