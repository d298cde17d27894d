"""COPY objects from S3 into a staging table."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from botocore.exceptions import ClientError

from warehouse.identifiers import column_name, iam_role, literal, region, table_name
from warehouse.load_errors import LOAD_ERRORS, CopyRefusedError, load_errors
from warehouse.merge import delete_all
from warehouse.operators.base import WarehouseOperator
from warehouse.run import run_id_of, run_to_change
from warehouse.s3_objects import S3Object, compression, file_name, manifest, objects, split_url
from warehouse.session import Session

# Rows of one INSERT into the ledger: 4 values each, well under redshift_connector's 32,767 parameters.
LEDGER_ROWS = 1000


AUTHORISATION = re.compile(r"\b(CREDENTIALS|ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|IAM_ROLE)\b", re.IGNORECASE)


class StageToRedshiftOperator(WarehouseOperator):
    """Replace a staging table's rows by those of S3 objects, with one COPY.

    In mode `replace` it copies all objects below the prefix. In mode `new` it copies those that the ledger does not
    know by key and ETag, by a manifest, and writes their names to `pending_ledger`; publishing moves them into the
    ledger, so a run that fails before leaves them new. Without `work_prefix`, where the manifest would go, it copies
    the whole prefix whenever anything in it is new, and keeps the records that `known` does not have.

    The COPY is authorised by an IAM role, never by keys, so no secret can stand in SQL text. What went wrong with the
    data is shown file by file and line by line.

    :param table: the staging table, `schema.table`; what it held before goes.
    :param bucket: the bucket to copy from.
    :param prefix: every object whose key begins with it is copied.
    :param role: `default`, the cluster's default role, or a role's ARN.
    :param region_name: the bucket's region.
    :param columns: the columns to fill, in the order of the jsonpaths file if there is one. Named, so that a column
        that was added later, and so stands last, is filled with its own values.
    :param json: `auto`, `auto ignorecase`, or the s3:// location of a jsonpaths file.
    :param options: further COPY parameters, such as `TRIMBLANKS`.
    :param mode: `replace` or `new`.
    :param expected: what should lie below the prefix, in words, for the error when nothing does.
    :param on_empty: `fail` or `skip` when nothing lies below the prefix.
    :param ledger: in mode `new`, the table of objects loaded before: key, etag, size, run_id.
    :param pending_ledger: the table, of the same columns, of the objects copied by this run.
    :param known: in mode `new`, the table, of the same columns, of all records loaded before.
    :param work_prefix: a writable s3:// location for manifests; may be empty.
    :param aws_conn_id: the connection for S3.
    """

    template_fields: Sequence[str] = (
        *WarehouseOperator.template_fields,
        "bucket",
        "prefix",
        "role",
        "region_name",
        "json",
        "mode",
        "on_empty",
        "work_prefix",
    )

    def __init__(
        self,
        *,
        table: str,
        columns: Sequence[str],
        bucket: str,
        prefix: str,
        role: str = "default",
        region_name: str = "",
        json: str = "auto",
        options: Sequence[str] = (),
        mode: str = "replace",
        expected: str = "objects to load",
        on_empty: str = "fail",
        ledger: str | None = None,
        pending_ledger: str | None = None,
        known: str | None = None,
        work_prefix: str = "",
        aws_conn_id: str = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.table = table_name(table)
        self.bucket = bucket
        self.prefix = prefix
        self.role = role
        self.region_name = region_name
        self.json = json
        self.options = options
        self.mode = mode
        self.expected = expected
        self.on_empty = on_empty
        self.ledger = ledger and table_name(ledger)
        self.pending_ledger = pending_ledger and table_name(pending_ledger)
        self.known = known and table_name(known)
        self.columns = [column_name(name) for name in columns]
        self.work_prefix = work_prefix
        self.aws_conn_id = aws_conn_id
        if secret := [option for option in options if AUTHORISATION.search(option)]:
            raise ValueError(
                f"COPY is authorised by the role alone; {len(secret)} of the options would authorise it too"
            )

    @cached_property
    def s3(self) -> S3Hook:
        """The hook for listing and for the manifest."""
        return S3Hook(aws_conn_id=self.aws_conn_id)

    def listing(self) -> list[S3Object]:
        """The objects below the prefix; fails when there are none, unless an empty prefix is to be skipped."""
        try:
            found = objects(self.s3.iter_file_metadata(prefix=self.prefix, bucket_name=self.bucket))
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchBucket", "AccessDenied", "403", "404"):
                raise AirflowFailException(
                    f"cannot list s3://{self.bucket}/{self.prefix}: {error}; expected a bucket that may be read"
                ) from error
            raise
        if not found and self.on_empty == "fail":
            raise AirflowFailException(self.nothing_there())
        return found

    def nothing_there(self) -> str:
        """What to say of an empty prefix."""
        return f"nothing lies below s3://{self.bucket}/{self.prefix}; expected {self.expected}"

    def copy_statement(self, source: str, keyword: str | None, *, is_manifest: bool = False) -> str:
        """The COPY of `source`, an s3:// location."""
        clauses = [
            f"COPY {self.table} ({', '.join(self.columns)})",
            f"FROM {literal(source)}",
            iam_role(self.role),
            f"FORMAT AS JSON {literal(self.json)}",
            f"REGION {literal(region(self.region_name))}" if self.region_name else None,
            "MANIFEST" if is_manifest else None,
            keyword,
            *self.options,
        ]
        return "\n".join(clause for clause in clauses if clause)

    def copy(self, session: Session, statement: str) -> int:
        """Run the COPY; return the rows it loaded. A refusal of the data fails the task with the load errors."""
        errors = session.database_errors
        try:
            session.execute(statement)
        except errors as error:
            # Only COPY's own failure has load errors; a lost connection has none and may be tried again.
            if "Load into table" not in str(error):
                raise
            found = load_errors(session, errors)
            self.log.error("COPY into %s failed:\n%s", self.table, "\n".join(found))
            raise CopyRefusedError(
                f"COPY into {self.table} of s3://{self.bucket}/{self.prefix} failed: {'; '.join(found) or error}", found
            ) from error
        (rows,) = session.row("SELECT pg_last_copy_count()")
        return int(rows)

    def announce(self, files: Sequence[S3Object], found: Sequence[S3Object]) -> None:
        """Say in the log what the COPY that comes next has to do: it is silent until it ends."""
        self.log.info(
            "%s: copying %d of %d files below s3://%s/%s, %d of %d bytes",
            self.table,
            len(files),
            len(found),
            self.bucket,
            self.prefix,
            sum(item.size for item in files),
            sum(item.size for item in found),
        )

    def put_manifest(self, run_id: str, keys: Sequence[str]) -> str:
        """Write the manifest below the work prefix; return its location."""
        bucket, prefix = split_url(self.work_prefix)
        key = f"{prefix.rstrip('/')}/manifests/{self.table}/{file_name(run_id)}.json".lstrip("/")
        self.s3.load_string(manifest(self.bucket, keys), key=key, bucket_name=bucket, replace=True)
        return f"s3://{bucket}/{key}"

    def loaded_before(self, session: Session) -> set[tuple[str, str]]:
        """Key and ETag of the objects in the ledger."""
        return {(key, etag) for key, etag in session.rows(f"SELECT key, etag FROM {self.ledger}")}

    def note_pending(self, session: Session, run_id: str, found: Sequence[S3Object]) -> None:
        """Write the names of the copied objects where publishing finds them, some hundreds an INSERT."""
        if not self.pending_ledger:
            return
        session.execute(delete_all(self.pending_ledger))
        for start in range(0, len(found), LEDGER_ROWS):
            part = found[start : start + LEDGER_ROWS]
            values = [value for item in part for value in (item.key, item.etag, item.size, run_id)]
            rows = ", ".join(["(%s, %s, %s, %s)"] * len(part))
            session.execute(f"INSERT INTO {self.pending_ledger} (key, etag, size, run_id) VALUES {rows}", values)

    def keep_unknown(self, session: Session) -> int:
        """Of a whole prefix copied again, keep the records that are not known; return how many."""
        columns = ", ".join(self.columns)
        session.execute(
            f"CREATE TEMPORARY TABLE unknown AS SELECT {columns} FROM {self.table} "
            f"EXCEPT SELECT {columns} FROM {self.known}"
        )
        session.execute(delete_all(self.table))
        session.execute(f"INSERT INTO {self.table} ({columns}) SELECT {columns} FROM unknown")
        (rows,) = session.row(f"SELECT COUNT(*) FROM {self.table}")
        return int(rows)

    def stage_new(self, session: Session, run_id: str, found: list[S3Object]) -> tuple[int, list[S3Object]]:
        """Mode `new`: copy what the ledger does not know; return the rows and the objects copied."""
        before = self.loaded_before(session)
        new = [item for item in found if (item.key, item.etag) not in before]
        self.note_pending(session, run_id, new)
        if not new:
            where = f"s3://{self.bucket}/{self.prefix}"
            self.log.info("%s: nothing to copy, none of %d files below %s is new", self.table, len(found), where)
            return 0, []
        if self.work_prefix:
            self.announce(new, found)
            # Exactly the listed objects: one that arrives meanwhile is left to the next run.
            location = self.put_manifest(run_id, [item.key for item in new])
            keyword = compression([item.key for item in new])
            return self.copy(session, self.copy_statement(location, keyword, is_manifest=True)), new
        self.log.warning("there is no work prefix for a manifest: all files are copied, though %d are new", len(new))
        rows = self.copy_prefix(session, found)
        return (self.keep_unknown(session) if before else rows), found

    def copy_prefix(self, session: Session, found: Sequence[S3Object]) -> int:
        """Copy everything below the prefix; return the rows."""
        self.announce(found, found)
        keyword = compression([item.key for item in found])
        return self.copy(session, self.copy_statement(f"s3://{self.bucket}/{self.prefix}", keyword))

    def stage(self, session: Session, run_id: str, found: list[S3Object]) -> tuple[int, list[S3Object]]:
        """Fill the table; return its rows and the objects copied."""
        session.execute(delete_all(self.table))
        if self.mode == "new":
            return self.stage_new(session, run_id, found)
        self.note_pending(session, run_id, found)
        return (self.copy_prefix(session, found) if found else 0), found

    def check_arguments(self) -> None:
        """Refuse what is only known once templates are rendered, before any SQL is sent."""
        if self.mode not in ("replace", "new"):
            raise AirflowFailException(f"not a way to stage: {self.mode!r}; expected replace or new")
        if self.on_empty not in ("fail", "skip"):
            raise AirflowFailException(f"not a way to treat an empty prefix: {self.on_empty!r}; expected fail or skip")
        if self.mode == "new" and not (self.ledger and self.pending_ledger and self.known):
            raise AirflowFailException("mode 'new' needs ledger, pending_ledger and known")
        try:
            self.copy_statement("s3://bucket/", None)
        except ValueError as error:
            raise AirflowFailException(str(error)) from error

    def execute(self, context: Any) -> dict[str, Any]:
        """List, copy, count; one transaction. Why it failed for good stays in XCom, for the record of the run."""
        try:
            return self.list_and_copy(run_id_of(context))
        except AirflowFailException as error:
            context["ti"].xcom_push(LOAD_ERRORS, getattr(error, "descriptions", None) or [str(error)])
            raise

    def list_and_copy(self, run_id: str) -> dict[str, Any]:
        """List, copy, count; one transaction."""
        self.check_arguments()
        started = time.monotonic()
        found = self.listing()
        try:
            with self.transaction() as session:
                run_to_change(session, self.run_table, run_id)
                rows, copied = self.stage(session, run_id, found)
        except ValueError as error:
            raise AirflowFailException(str(error)) from error
        if not found:
            # Only now: the staging table must be empty too, or the rows of the run before would be loaded again.
            raise AirflowSkipException(self.nothing_there())
        seconds = time.monotonic() - started
        outcome = {
            "rows": rows,
            "files": len(copied),
            "bytes": sum(item.size for item in copied),
            "seconds": round(seconds, 3),
        }
        self.log.info(
            "%s: %d rows from %d files, %d bytes, in %.1f s (%.0f rows/s)",
            self.table,
            rows,
            len(copied),
            outcome["bytes"],
            seconds,
            rows / seconds if seconds else 0,
        )
        return outcome
