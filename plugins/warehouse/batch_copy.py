"""COPY of one batch of files after the other into the staged table of a run, each committed by itself."""

from __future__ import annotations

import dataclasses
import logging
import re
import secrets
import time
from collections.abc import Callable, Sequence

from warehouse.errors import DatabaseError
from warehouse.identifiers import iam_role, literal, region
from warehouse.load_errors import CopyDataError, load_errors, rejected_lines
from warehouse.retries import reason_to_retry
from warehouse.run_schema import insert_rows, staged
from warehouse.s3_objects import S3Object, compression
from warehouse.selection import Batch
from warehouse.session import Session
from warehouse.tables import Feed

AUTHORISATION = re.compile(r"\b(CREDENTIALS|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|IAM_ROLE)\b", re.IGNORECASE)
# What Redshift says of a compressed file that is cut short or is something else.
UNREADABLE = re.compile(r"inflate|zlib", re.IGNORECASE)
# The temporary table that COPY fills.
COPIED = "#copied"
REJECT_COLUMNS = ("batch_id", "file", "line_number", "column_name", "error_code", "reason", "raw_line")


@dataclasses.dataclass(frozen=True, kw_only=True)
class CopyParameters:
    """What all COPYs of a task have in common. ValueError for a role, region or number that is none.

    :param json: the feed's JSON option, rendered.
    :param max_errors: COPY's MAXERROR; 0: strict.
    """

    feed: Feed
    role: str
    region_name: str
    json: str
    max_errors: int

    def __post_init__(self) -> None:
        iam_role(self.role)
        if self.region_name:
            region(self.region_name)
        if self.max_errors < 0:
            raise ValueError(f"not a number of errors: {self.max_errors}; expected 0 or more")

    def statement(self, columns: Sequence[str], location: str, keyword: str | None) -> str:
        """The COPY of the manifest at `location` into the temporary table. `keyword`: the files' compression."""
        clauses = [
            f"COPY {COPIED} ({', '.join(columns)})",
            f"FROM {literal(location)}",
            iam_role(self.role),
            f"FORMAT AS JSON {literal(self.json)}",
            f"REGION {literal(region(self.region_name))}" if self.region_name else None,
            "MANIFEST",
            keyword,
            f"MAXERROR {self.max_errors}" if self.max_errors else None,
            *self.feed.options,
        ]
        return "\n".join(clause for clause in clauses if clause)


def new_batch_id() -> int:
    """A number for one attempt at a COPY, never used before.

    Milliseconds of the epoch in the upper bits, so that the raw tables, sorted by batch, grow at their end; 20 random
    bits in the lower ones, because two attempts can begin in one millisecond.
    """
    return (time.time_ns() // 1_000_000) << 20 | secrets.randbits(20)


def halves(files: Sequence[S3Object]) -> list[Sequence[S3Object]]:
    """The first and the second half of at least two files."""
    middle = len(files) // 2
    return [files[:middle], files[middle:]]


class BatchCopier:
    """Copies batches in one session, and keeps what was copied and what was refused.

    :param columns: the columns that COPY fills.
    :param put_manifest: writes the manifest of a batch and returns its location.
    :param find_gone: the keys of a batch that are no longer in the bucket.
    """

    def __init__(
        self,
        session: Session,
        parameters: CopyParameters,
        *,
        run_schema: str,
        columns: Sequence[str],
        put_manifest: Callable[[Batch], str],
        find_gone: Callable[[Batch], list[str]],
        log: logging.Logger,
    ) -> None:
        self.session = session
        self.parameters = parameters
        self.run_schema = run_schema
        self.columns = columns
        self.put_manifest = put_manifest
        self.find_gone = find_gone
        self.log = log
        self.copied: list[Batch] = []
        self.refused: dict[str, str] = {}

    def copy_groups(self, groups: Sequence[Sequence[S3Object]]) -> list[Batch]:
        """COPY groups of files; the batches that were copied. Of a group that is refused each half is tried again.

        One file that cannot be loaded among ten thousand costs some 28 COPYs, where file by file would cost hours.
        """
        copied: list[Batch] = []
        for group in groups:
            batch = Batch(new_batch_id(), tuple(group))
            try:
                self.copy(batch)
            except CopyDataError as error:
                if len(group) > 1:
                    self.log.warning("COPY refused %d files together; each half is tried by itself", len(group))
                    copied += self.copy_groups(halves(group))
                else:
                    self.refused[group[0].key] = str(error)
            else:
                copied.append(batch)
                self.copied.append(batch)
        return copied

    def copy_in_halves(self, batch: Batch) -> list[Batch]:
        """Copy the files of a batch again, as two batches; the new batches."""
        self.copied.remove(batch)
        return self.copy_groups(halves(batch.files))

    def refuse(self, batch: Batch, reason: str) -> None:
        """Take a batch of one file back."""
        self.copied.remove(batch)
        self.refused[batch.files[0].key] = reason

    def copy(self, batch: Batch) -> None:
        """COPY one batch and commit it. CopyDataError when COPY refuses the data."""
        feed = self.parameters.feed
        # COPY is silent until it ends.
        self.log.info(
            "%s: copying %d files, %d bytes: %s%s",
            feed.name,
            len(batch.files),
            sum(item.size for item in batch.files),
            batch.files[0].key,
            " ..." if len(batch.files) > 1 else "",
        )
        location = self.put_manifest(batch)
        try:
            self.session.execute(f"DELETE FROM {COPIED}")
            self.session.execute(self.parameters.statement(self.columns, location, compression(batch.files[0].key)))
        except DatabaseError as error:
            found = self.reasons(batch, error)
            if not found:
                raise
            raise CopyDataError("; ".join(found), found) from None
        if self.parameters.max_errors:
            self.keep_rejects(batch)
        names = ", ".join(self.columns)
        self.session.execute(
            f"INSERT INTO {staged(self.run_schema, feed)} (batch_id, {names}) "
            f"SELECT CAST(%s AS BIGINT), {names} FROM {COPIED}",
            [batch.batch_id],
        )
        self.session.commit()

    def reasons(self, batch: Batch, error: Exception) -> list[str]:
        """Why COPY refused the files of a batch; nothing when the failure is not about these files."""
        self.session.rollback()
        # Only a failure of the data has load errors; a lost connection has none and may be tried again.
        if "Load into table" in str(error):
            found = load_errors(self.session, self.parameters.feed.harmless)
            self.session.rollback()
            return found or ["COPY refused the file and gave no reason"]
        if UNREADABLE.search(str(error)):
            return [f"the file cannot be decompressed: {error}"]
        if reason_to_retry(error):
            return []
        gone = self.find_gone(batch)
        return [f"{', '.join(gone)}: deleted while the run was reading"] if gone else []

    def keep_rejects(self, batch: Batch) -> None:
        """Keep the lines that COPY rejected without failing."""
        rows = [
            (batch.batch_id, line.url, line.line, line.column, line.code, line.reason, line.raw_line)
            for line in rejected_lines(self.session)
        ]
        insert_rows(self.session, f"{self.run_schema}.rejects", REJECT_COLUMNS, rows)
