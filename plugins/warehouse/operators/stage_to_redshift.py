"""COPY the files that are new or changed from S3 into the staged table of a run."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import BotoCoreError, ClientError

from warehouse.batch_copy import AUTHORISATION, COPIED, BatchCopier, CopyParameters
from warehouse.json_keys import unexpected_keys
from warehouse.listing import Listing, list_files, read_ledger
from warehouse.load_errors import LOAD_ERRORS
from warehouse.operators.base import RunOperator
from warehouse.operators.find_files import is_true, require_confirmation, scope_of
from warehouse.run_schema import columns_of, note_change, read_run, staged
from warehouse.s3_objects import S3Object, manifest, split_url
from warehouse.selection import Batch, LedgerEntry, Selection, groups, left_out_with, select
from warehouse.session import Session
from warehouse.staged_files import StagedFiles
from warehouse.tables import Feed


class StageToRedshiftOperator(RunOperator):
    """Copy the files of a feed that are new or changed into the run's staged table, batch by batch.

    A file that COPY refuses or that fails a check of its own is left out: it keeps its accepted version, and so do the
    files it shares a replaced batch with. The task succeeds; what was left out is in `left_out` of the run's schema.

    The COPY is authorised by an IAM role, never by keys, so no secret can be in SQL text. Messages name file, line,
    column and reason; values only of the columns that the feed declares harmless.

    :param feed: the files, and the raw table they are for.
    :param bucket: the bucket to copy from.
    :param period: `all`, YYYY, YYYY-MM or YYYY-MM-DD; see FindFilesOperator for this and the next five.
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
        "confirm_empty",
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
        confirm_empty: Any = False,
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
        self.confirm_empty = confirm_empty
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
            if listing.is_settled(selection.read):
                break
            self.wait_a_second()
        require_confirmation(self.feed, self.bucket, listing, selection, is_confirmed=is_true(self.confirm_empty))
        return listing, selection

    def wait_a_second(self) -> None:
        """Let S3's clock go on by a second."""
        time.sleep(1)

    def put_manifest(self, batch: Batch) -> str:
        """Write the manifest of a batch below the work prefix; return its location."""
        bucket, prefix = split_url(self.work_prefix)
        name = f"{self.feed.name}-{batch.batch_id}.json"
        key = f"{prefix.rstrip('/')}/manifests/{self.run_schema}/{name}".lstrip("/")
        body = manifest(self.bucket, [item.key for item in batch.files])
        self.s3.load_string(body, key=key, bucket_name=bucket, replace=True)
        return f"s3://{bucket}/{key}"

    def find_gone(self, batch: Batch) -> list[str]:
        """The keys of a batch that are no longer in the bucket."""
        return [item.key for item in batch.files if not self.s3.check_for_key(item.key, self.bucket)]

    def failed_checks(self, session: Session, context: Any, batches: Sequence[Batch]) -> dict[int, str]:
        """The batches whose rows fail a check of what a file holds, and why."""
        in_bulk = {batch.batch_id: len(batch.files) > 1 for batch in batches}
        found: dict[int, str] = {}
        for check in self.feed.checks:
            sql = self.render_sql(check.sql, context, run_schema=self.run_schema)
            for batch_id, observed in session.rows(sql):
                limit = check.at_most_in_bulk if in_bulk.get(batch_id) else check.at_most
                if batch_id in in_bulk and observed is not None and float(observed) > limit:
                    reason = (
                        f"{check.name}: {check.description}; observed {float(observed):g}, expected at most {limit:g}"
                    )
                    found.setdefault(batch_id, reason)
        return found

    def check_files(self, context: Any, copier: BatchCopier, files: StagedFiles) -> None:
        """Refuse the files whose rows fail a check. A batch of several files is copied again in halves first."""
        unchecked = list(copier.copied)
        while unchecked:
            files.name(copier.copied, lambda _: False)
            # Checks of the whole run that passed before saw other files.
            note_change(copier.session, self.run_schema, self.task_id, staged(self.run_schema, self.feed))
            failed = self.failed_checks(copier.session, context, unchecked)
            copier.session.commit()
            bad = [batch for batch in unchecked if batch.batch_id in failed]
            unchecked = []
            for batch in bad:
                if len(batch.files) == 1:
                    copier.refuse(batch, failed[batch.batch_id])
                else:
                    self.log.warning("%s; %d files are read again in halves", failed[batch.batch_id], len(batch.files))
                    unchecked += copier.copy_in_halves(batch)

    def finish(
        self,
        copier: BatchCopier,
        files: StagedFiles,
        listing: Listing,
        selection: Selection,
        ledger: Sequence[LedgerEntry],
    ) -> tuple[list[S3Object], dict[str, str]]:
        """Decide which batches go on, and note it; the files that go on, and those left out with the reasons."""
        accepted_before = [entry for entry in ledger if entry.bucket == self.bucket]
        out, stays = left_out_with(copier.refused, copier.copied, accepted_before, selection.replaced)
        left_out = dict(copier.refused)
        for batch in out:
            for item in batch.files:
                left_out.setdefault(item.key, "its accepted version shares a batch with a file that was left out")
        accepted = [batch for batch in copier.copied if batch not in out]
        replaced = sorted(selection.replaced - stays)
        after = set(list_files(self.s3.get_conn(), self.bucket, self.feed).files)
        files.name(accepted, lambda item: item in after and listing.is_settled([item]))
        files.write(replaced, [entry for entry in selection.dropped if entry.batch_id not in stays], left_out)
        files.write_differences(copier.columns, replaced)
        note_change(copier.session, self.run_schema, self.task_id, staged(self.run_schema, self.feed))
        copier.session.commit()
        return [item for batch in accepted for item in batch.files], left_out

    def copy_parameters(self) -> CopyParameters:
        """What all COPYs have in common; refuses what is only known once templates are rendered."""
        try:
            split_url(self.work_prefix)
            return CopyParameters(
                feed=self.feed,
                role=self.role,
                region_name=self.region_name,
                json=self.json,
                max_errors=int(self.max_errors),
            )
        except ValueError as error:
            raise AirflowFailException(str(error)) from None

    def execute(self, context: Any) -> dict[str, Any]:
        """Find, copy, check and note the files; rows, files, bytes, seconds, what was left out, and warnings.

        Why the task failed for good stays in XCom, for the record of the run.
        """
        try:
            return self.stage(context)
        except AirflowFailException as error:
            context["ti"].xcom_push(LOAD_ERRORS, [str(error)])
            raise

    def stage(self, context: Any) -> dict[str, Any]:
        """Find, copy, check and note the files."""
        parameters = self.copy_parameters()
        started = time.monotonic()
        with self.transaction() as session:
            read_run(session, self.run_schema)
            if is_true(self.recompute):
                return self.outcome(0, [], {}, [], 0.0)
            ledger = read_ledger(session, self.warehouse, self.feed)
            session.execute(self.render_sql(self.feed.ddl, context, table=COPIED))
            columns = [name for name in columns_of(session, COPIED) if name != "batch_id"]
            session.commit()
            listing, selection = self.list_settled(ledger)
            copier = BatchCopier(
                session,
                parameters,
                run_schema=self.run_schema,
                columns=columns,
                put_manifest=self.put_manifest,
                find_gone=self.find_gone,
                log=self.log,
            )
            copier.copy_groups(groups(self.feed, selection.read, self.bulk_threshold))
            files = StagedFiles(
                session=session,
                warehouse=self.warehouse,
                run_schema=self.run_schema,
                run_id=context["run_id"],
                feed=self.feed,
                bucket=self.bucket,
            )
            self.check_files(context, copier, files)
            accepted, left_out = self.finish(copier, files, listing, selection, ledger)
            warnings = self.warnings(columns, accepted, selection)
            (rows,) = session.row(f"SELECT COUNT(*) FROM {staged(self.run_schema, self.feed)}")
        return self.outcome(rows, accepted, left_out, warnings, time.monotonic() - started)

    def warnings(self, columns: Sequence[str], files: Sequence[S3Object], selection: Selection) -> list[str]:
        """What somebody should know of the files, although they are loaded or stay as they are; also in the log."""
        found = [
            f"{key} keeps its accepted version: it shares a batch with {vanished}, which is no longer in the bucket"
            for key, vanished in selection.blocked
        ]
        if files:
            keys = [item.key for item in files]
            try:
                found += unexpected_keys(self.s3.get_conn(), self.bucket, keys, self.json, columns)
            except (BotoCoreError, ClientError, ValueError) as error:
                found.append(f"the files' JSON keys could not be looked at: {error}")
        for warning in found:
            self.log.warning("%s", warning)
        return found

    def outcome(
        self,
        rows: int,
        files: Sequence[S3Object],
        left_out: dict[str, str],
        warnings: list[str],
        seconds: float,
    ) -> dict[str, Any]:
        """The task's result; also in the log."""
        size = sum(item.size for item in files)
        self.log.info(
            "%s: %d rows from %d files, %d bytes, in %.1f s (%.0f rows/s)",
            self.warehouse.raw(self.feed),
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
            "warnings": warnings,
        }
