"""COPY the files that are new or changed from S3 into the staged table of a run."""

from __future__ import annotations

import dataclasses
import re
import secrets
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk.exceptions import AirflowFailException

from warehouse.identifiers import iam_role, literal, region
from warehouse.listing import Listing, list_files, read_ledger
from warehouse.load_errors import CopyDataError, load_errors, rejected_lines
from warehouse.operators.base import RunOperator
from warehouse.operators.find_files import is_true, scope_of
from warehouse.run_schema import (
    columns_of,
    gained,
    lost,
    named_rows,
    note_change,
    read_run,
    staged,
)
from warehouse.s3_objects import S3Object, compression, manifest, split_url
from warehouse.selection import Batch, LedgerEntry, Selection, groups, left_out_with, select
from warehouse.session import Session
from warehouse.tables import Feed

AUTHORISATION = re.compile(r"\b(CREDENTIALS|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|IAM_ROLE)\b", re.IGNORECASE)
# Rows of one INSERT: 9 values each, well under redshift_connector's 32,767 parameters.
ROWS_PER_INSERT = 1000
# The temporary table that COPY fills.
COPIED = "#copied"


def copy_statement(
    feed: Feed,
    columns: Sequence[str],
    *,
    source: str,
    role: str,
    region_name: str,
    json: str,
    keyword: str | None,
    max_errors: int,
) -> str:
    """The COPY of the manifest at `source` into the temporary table. ValueError for a role or region that is none."""
    clauses = [
        f"COPY {COPIED} ({', '.join(columns)})",
        f"FROM {literal(source)}",
        iam_role(role),
        f"FORMAT AS JSON {literal(json)}",
        f"REGION {literal(region(region_name))}" if region_name else None,
        "MANIFEST",
        keyword,
        f"MAXERROR {max_errors}" if max_errors else None,
        *feed.options,
    ]
    return "\n".join(clause for clause in clauses if clause)


def new_batch_id() -> int:
    """A number for one attempt at a COPY, never used before.

    Milliseconds of the epoch in the upper bits, so that the raw tables, sorted by batch, grow at their end; 20 random
    bits in the lower ones, because two attempts can begin in one millisecond.
    """
    return (time.time_ns() // 1_000_000) << 20 | secrets.randbits(20)


@dataclasses.dataclass
class Progress:
    """What has been copied so far, and what has been refused: key to reason."""

    copied: list[Batch] = dataclasses.field(default_factory=list)
    refused: dict[str, str] = dataclasses.field(default_factory=dict)


class StageToRedshiftOperator(RunOperator):
    """Copy the files of a feed that are new or changed into the run's staged table, batch by batch.

    A file that COPY refuses or that fails a check of its own is left out: it keeps its accepted version, and so do the
    files it shares a replaced batch with. The task succeeds; what was left out is in `left_out` of the run's schema.

    The COPY is authorised by an IAM role, never by keys, so no secret can be in SQL text. Messages name file, line,
    column and reason; values only of the columns that the feed declares harmless.

    :param feed: the files, and the raw table they are for.
    :param bucket: the bucket to copy from.
    :param period: `all`, YYYY, YYYY-MM or YYYY-MM-DD; see FindFilesOperator for this and the next four.
    :param work_prefix: a writable s3:// location for manifests.
    :param role: `default`, the cluster's default role, or a role's ARN.
    :param region_name: the bucket's region.
    :param max_errors: COPY's MAXERROR: it fails when it has met as many errors; 0: at the first one. Rejected lines
        are kept in the warehouse's `rejects`.
    :param bulk_threshold: beyond this many files, files are copied together: by month, or all of a feed without days.
    :param aws_conn_id: the connection for S3.
    """

    template_fields: Sequence[str] = (
        *RunOperator.template_fields,
        "bucket",
        "period",
        "is_period_given",
        "reload",
        "drop_vanished",
        "recompute",
        "work_prefix",
        "role",
        "region_name",
        "json",
        "max_errors",
    )

    def __init__(
        self,
        *,
        feed: Feed,
        bucket: str,
        period: str,
        is_period_given: Any = False,
        reload: Any = False,
        drop_vanished: Any = False,
        recompute: Any = False,
        work_prefix: str,
        role: str = "default",
        region_name: str = "",
        max_errors: Any = 0,
        bulk_threshold: int = 20,
        aws_conn_id: str = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.feed = feed
        self.bucket = bucket
        self.period = period
        self.is_period_given = is_period_given
        self.reload = reload
        self.drop_vanished = drop_vanished
        self.recompute = recompute
        self.work_prefix = work_prefix
        self.role = role
        self.region_name = region_name
        self.json = feed.json
        self.max_errors = max_errors
        self.bulk_threshold = bulk_threshold
        self.aws_conn_id = aws_conn_id
        if secret := [option for option in feed.options if AUTHORISATION.search(option)]:
            raise ValueError(
                f"COPY is authorised by the role alone; {len(secret)} of the options would authorise it too"
            )

    @cached_property
    def s3(self) -> S3Hook:
        """The hook for listing and for the manifests."""
        return S3Hook(aws_conn_id=self.aws_conn_id)

    @cached_property
    def raw(self) -> str:
        """The raw table of the feed."""
        return self.warehouse.raw(self.feed)

    def list_settled(self, ledger: Sequence[LedgerEntry]) -> tuple[Listing, Selection]:
        """List, until no file to read is under a second old; a few times at most, for a bucket that never rests."""
        scope = scope_of(
            period=self.period,
            is_period_given=is_true(self.is_period_given),
            reload=is_true(self.reload),
            drop_vanished=is_true(self.drop_vanished),
        )
        for _ in range(5):
            listing = list_files(self.s3.get_conn(), self.bucket, self.feed)
            selection = select(self.feed, self.bucket, listing.files, ledger, scope)
            if listing.is_settled({item.key for item in selection.read}):
                break
            self.wait_a_second()
        return listing, selection

    def wait_a_second(self) -> None:
        """Let S3's clock go on by a second."""
        time.sleep(1)

    def put_manifest(self, batch_id: int, files: Sequence[S3Object]) -> str:
        """Write the manifest of a batch below the work prefix; return its location."""
        bucket, prefix = split_url(self.work_prefix)
        key = f"{prefix.rstrip('/')}/manifests/{self.run_schema}/{self.feed.name}-{batch_id}.json".lstrip("/")
        body = manifest(self.bucket, [item.key for item in files])
        self.s3.load_string(body, key=key, bucket_name=bucket, replace=True)
        return f"s3://{bucket}/{key}"

    def copy(self, session: Session, columns: Sequence[str], batch: Batch) -> None:
        """COPY one batch and commit it. CopyDataError when COPY refuses the data."""
        statement = copy_statement(
            self.feed,
            columns,
            source=self.put_manifest(batch.batch_id, batch.files),
            role=self.role,
            region_name=self.region_name,
            json=self.json,
            keyword=compression(batch.files[0].key),
            max_errors=int(self.max_errors),
        )
        errors = session.database_errors
        try:
            session.execute(f"DELETE FROM {COPIED}")
            session.execute(statement)
        except errors as error:
            # Only COPY's own failure has load errors; a lost connection has none and may be tried again.
            if "Load into table" not in str(error):
                raise
            found = load_errors(session, errors, self.feed.harmless)
            session.rollback()
            raise CopyDataError("; ".join(found) or "COPY refused the file and gave no reason", found) from None
        self.keep_rejects(session, batch)
        names = ", ".join(columns)
        session.execute(
            f"INSERT INTO {staged(self.run_schema, self.feed)} (batch_id, {names}) "
            f"SELECT CAST(%s AS BIGINT), {names} FROM {COPIED}",
            [batch.batch_id],
        )
        session.commit()

    def keep_rejects(self, session: Session, batch: Batch) -> None:
        """Keep the lines that COPY rejected without failing."""
        if not int(self.max_errors):
            return
        rejects = rejected_lines(session)
        self.insert(
            session,
            f"{self.run_schema}.rejects",
            ("batch_id", "file", "line_number", "column_name", "error_code", "reason", "raw_line"),
            [
                (batch.batch_id, line.file, line.line, line.column, line.code, line.reason, line.raw_line)
                for line in rejects
            ],
        )

    def insert(self, session: Session, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """INSERT rows, some hundreds a statement."""
        one = f"({', '.join(['%s'] * len(columns))})"
        for start in range(0, len(rows), ROWS_PER_INSERT):
            part = rows[start : start + ROWS_PER_INSERT]
            session.execute(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES {', '.join([one] * len(part))}",
                [value for row in part for value in row],
            )

    def copy_groups(
        self, session: Session, columns: Sequence[str], wanted: Sequence[Sequence[S3Object]], progress: Progress
    ) -> None:
        """COPY groups of files. A group that COPY refuses is tried again file by file; a refused file is noted."""
        for group in wanted:
            batch = Batch(new_batch_id(), tuple(group))
            self.log.info(
                "%s: copying %d files, %d bytes: %s%s",
                self.raw,
                len(group),
                sum(item.size for item in group),
                group[0].key,
                " ..." if len(group) > 1 else "",
            )
            try:
                self.copy(session, columns, batch)
            except CopyDataError as error:
                if len(group) > 1:
                    self.log.warning("COPY refused %d files together; each is tried by itself", len(group))
                    self.copy_groups(session, columns, [[item] for item in group], progress)
                else:
                    progress.refused[group[0].key] = str(error)
            else:
                progress.copied.append(batch)

    def name_files(self, session: Session, batches: Sequence[Batch], run_id: str, known: Callable[[str], bool]) -> None:
        """Write the files of these batches into `files`, and no others of this feed: only their rows go on."""
        session.execute(f"DELETE FROM {self.run_schema}.files WHERE feed = %s", [self.feed.name])
        self.insert(
            session,
            f"{self.run_schema}.files",
            ("feed", "bucket", "key", "etag", "last_modified", "size", "batch_id", "run_id", "day"),
            [
                (
                    self.feed.name,
                    self.bucket,
                    item.key,
                    item.etag if known(item.key) else None,
                    item.last_modified,
                    item.size,
                    batch.batch_id,
                    run_id,
                    self.feed.day_of(item.key),
                )
                for batch in batches
                for item in batch.files
            ],
        )

    def failed_checks(self, session: Session, context: Any, batches: Sequence[Batch]) -> dict[int, str]:
        """The batches whose rows fail a check of what a file holds, and why."""
        in_bulk = {batch.batch_id: len(batch.files) > 1 for batch in batches}
        found: dict[int, str] = {}
        for check in self.feed.checks:
            sql = self.render_sql(check.sql, context, run_schema=self.run_schema)
            for batch_id, observed in session.rows(sql):
                limit = check.at_most_in_bulk if in_bulk.get(batch_id) else check.at_most
                if batch_id in in_bulk and observed is not None and float(observed) > limit:
                    found.setdefault(
                        batch_id,
                        f"{check.name}: {check.description}; observed {float(observed):g}, expected at most {limit:g}",
                    )
        return found

    def check_files(
        self, session: Session, context: Any, columns: Sequence[str], progress: Progress, run_id: str
    ) -> None:
        """Run the checks of what a file holds. A batch of several files that fails one is copied again file by file."""
        unchecked = list(progress.copied)
        while unchecked:
            self.name_files(session, progress.copied, run_id, lambda _: False)
            failed = self.failed_checks(session, context, unchecked)
            session.commit()
            bad = [batch for batch in unchecked if batch.batch_id in failed]
            progress.copied = [batch for batch in progress.copied if batch not in bad]
            unchecked = []
            for batch in bad:
                if len(batch.files) == 1:
                    progress.refused[batch.files[0].key] = failed[batch.batch_id]
                    continue
                self.log.warning("%s; each of the %d files is read by itself", failed[batch.batch_id], len(batch.files))
                before = len(progress.copied)
                self.copy_groups(session, columns, [[item] for item in batch.files], progress)
                unchecked += progress.copied[before:]

    def write_differences(self, session: Session, columns: Sequence[str], replaced: Sequence[int]) -> None:
        """Fill the tables of the records that the raw table gains and loses; without replaced batches: nothing."""
        for table in (gained(self.run_schema, self.feed), lost(self.run_schema, self.feed)):
            session.execute(f"DELETE FROM {table}")
        if not replaced:
            return
        names = ", ".join(columns)
        read = named_rows(self.run_schema, self.feed, columns)
        # The batches as literals: the raw table is sorted by them.
        before = (
            f"SELECT {names} FROM {self.raw} WHERE batch_id BETWEEN %s AND %s AND batch_id IN "
            f"(SELECT batch_id FROM {self.run_schema}.replaced_batches WHERE feed = {literal(self.feed.name)})"
        )
        bounds = [min(replaced), max(replaced)]
        session.execute(f"INSERT INTO {gained(self.run_schema, self.feed)} ({names})\n{read}\nEXCEPT\n{before}", bounds)
        session.execute(f"INSERT INTO {lost(self.run_schema, self.feed)} ({names})\n{before}\nEXCEPT\n{read}", bounds)

    def finish(
        self,
        session: Session,
        context: Any,
        columns: Sequence[str],
        listing: Listing,
        selection: Selection,
        ledger: Sequence[LedgerEntry],
        progress: Progress,
    ) -> tuple[list[Batch], dict[str, str]]:
        """Decide what goes on, and write it down; return the batches that go on, and the files left out with reasons."""
        out, stays = left_out_with(progress.refused, progress.copied, ledger, selection.replaced)
        left_out = dict(progress.refused)
        for batch in out:
            for item in batch.files:
                left_out.setdefault(item.key, "it shares a batch with a file that was left out")
        accepted = [batch for batch in progress.copied if batch not in out]
        replaced = sorted(selection.replaced - stays)
        dropped = [entry for entry in selection.dropped if entry.batch_id not in stays]
        after = {item.key: item for item in list_files(self.s3.get_conn(), self.bucket, self.feed).files}
        before = {item.key: item for item in listing.files}
        self.name_files(
            session,
            accepted,
            context["run_id"],
            lambda key: after.get(key) == before[key] and listing.is_settled({key}),
        )
        feed = self.feed.name
        for table in ("replaced_batches", "dropped_files", "left_out"):
            session.execute(f"DELETE FROM {self.run_schema}.{table} WHERE feed = %s", [feed])
        self.insert(
            session,
            f"{self.run_schema}.replaced_batches",
            ("feed", "batch_id"),
            [(feed, batch_id) for batch_id in replaced],
        )
        self.insert(
            session,
            f"{self.run_schema}.dropped_files",
            ("feed", "bucket", "key"),
            [(feed, entry.bucket, entry.key) for entry in dropped],
        )
        self.insert(
            session,
            f"{self.run_schema}.left_out",
            ("feed", "key", "reason"),
            [(feed, key, reason[:1000]) for key, reason in left_out.items()],
        )
        # What an earlier try or a refused batch has left.
        session.execute(
            f"DELETE FROM {staged(self.run_schema, self.feed)} WHERE batch_id NOT IN "
            f"(SELECT batch_id FROM {self.run_schema}.files WHERE feed = {literal(feed)})"
        )
        self.write_differences(session, columns, replaced)
        note_change(session, self.run_schema, self.task_id, staged(self.run_schema, self.feed))
        session.commit()
        return accepted, left_out

    def check_arguments(self) -> None:
        """Refuse what is only known once templates are rendered, before any SQL is sent."""
        try:
            int(self.max_errors)
            for name in (iam_role(self.role), region(self.region_name) if self.region_name else ""):
                self.log.debug("authorised: %s", name)
            split_url(self.work_prefix)
        except ValueError as error:
            raise AirflowFailException(str(error)) from None

    def execute(self, context: Any) -> dict[str, Any]:
        """Find, copy, check and note the files; rows, files, bytes, seconds, what was left out and what was blocked."""
        self.check_arguments()
        started = time.monotonic()
        with self.transaction() as session:
            read_run(session, self.run_schema)
            if is_true(self.recompute):
                return {"rows": 0, "files": 0, "bytes": 0, "seconds": 0.0, "left_out": [], "warnings": []}
            ledger = read_ledger(session, self.warehouse, self.feed)
            session.execute(self.render_sql(self.feed.ddl, context, table=COPIED))
            columns = [name for name in columns_of(session, COPIED) if name != "batch_id"]
            session.commit()
            listing, selection = self.list_settled(ledger)
            progress = Progress()
            self.copy_groups(session, columns, groups(self.feed, selection.read, self.bulk_threshold), progress)
            self.check_files(session, context, columns, progress, context["run_id"])
            accepted, left_out = self.finish(session, context, columns, listing, selection, ledger, progress)
            (rows,) = session.row(
                f"SELECT COUNT(*) FROM ({named_rows(self.run_schema, self.feed, ['batch_id'])}) AS named"
            )
        return self.outcome(rows, accepted, left_out, selection, time.monotonic() - started)

    def outcome(
        self, rows: int, accepted: Sequence[Batch], left_out: dict[str, str], selection: Selection, seconds: float
    ) -> dict[str, Any]:
        """The task's result; also in the log."""
        files = [item for batch in accepted for item in batch.files]
        size = sum(item.size for item in files)
        self.log.info(
            "%s: %d rows from %d files, %d bytes, in %.1f s (%.0f rows/s)",
            self.raw,
            rows,
            len(files),
            size,
            seconds,
            rows / seconds if seconds else 0,
        )
        for key, reason in left_out.items():
            self.log.error("left out: s3://%s/%s: %s", self.bucket, key, reason)
        return {
            "rows": int(rows),
            "files": len(files),
            "bytes": size,
            "seconds": round(seconds, 3),
            "left_out": [{"key": key, "reason": reason} for key, reason in left_out.items()],
            "warnings": [
                f"{key} keeps its accepted version: it shares a batch with {vanished}, which is no longer in the bucket"
                for key, vanished in selection.blocked
            ],
        }
