"""Find out whether there is anything to do before a run is opened."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from warehouse.listing import Listing, list_files, read_ledger
from warehouse.operators.base import WarehouseOperator
from warehouse.period import Period
from warehouse.selection import LedgerEntry, Scope, Selection, select
from warehouse.state import fingerprints, outdated, read_state
from warehouse.tables import Feed, Warehouse

# How many keys a message names.
MOST_NAMED = 10


def named(keys: Sequence[str]) -> str:
    """Keys as a message names them: the first few, and how many more."""
    more = len(keys) - MOST_NAMED
    return ", ".join(keys[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def scope_of(*, period: str, is_period_given: bool, reload: bool, drop_vanished: bool) -> Scope:
    """What a run is asked for; fails for good when the period does not exist."""
    try:
        return Scope(
            period=Period.parse(period), is_period_given=is_period_given, reload=reload, drop_vanished=drop_vanished
        )
    except ValueError as error:
        raise AirflowFailException(str(error)) from error


class FindFilesOperator(WarehouseOperator):
    """Compare the bucket with the ledger; skip the rest of the run when nothing is to be read, dropped or recomputed.

    A period without any file, in the bucket or in the ledger, fails the task: somebody asked for it. A scheduled run
    goes on with a warning, because the sensor before it has waited for the file already.

    :param bucket: the bucket of all feeds.
    :param period: `all`, YYYY, YYYY-MM or YYYY-MM-DD.
    :param is_period_given: whether somebody asked for this period, rather than it being the run's own day.
    :param reload: read the period's files whether they changed or not.
    :param drop_vanished: remove the rows of files that are no longer in the bucket.
    :param confirm_empty: drop vanished files also where a feed has no file left at all.
    :param recompute: compute all published tables from the raw records; no file is read.
    :param work_prefix: the s3:// location for manifests; checked here, before anything is written.
    :param aws_conn_id: the connection for S3.
    """

    template_fields: Sequence[str] = (
        *WarehouseOperator.template_fields,
        "bucket",
        "period",
        "is_period_given",
        "reload",
        "drop_vanished",
        "confirm_empty",
        "recompute",
        "work_prefix",
    )

    def __init__(
        self,
        *,
        warehouse: Warehouse,
        bucket: str,
        period: str,
        is_period_given: Any = False,
        reload: Any = False,
        drop_vanished: Any = False,
        confirm_empty: Any = False,
        recompute: Any = False,
        work_prefix: str,
        aws_conn_id: str = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(warehouse=warehouse, **kwargs)
        self.bucket = bucket
        self.period = period
        self.is_period_given = is_period_given
        self.reload = reload
        self.drop_vanished = drop_vanished
        self.confirm_empty = confirm_empty
        self.recompute = recompute
        self.work_prefix = work_prefix
        self.aws_conn_id = aws_conn_id

    @cached_property
    def s3(self) -> S3Hook:
        """The hook for listing."""
        return S3Hook(aws_conn_id=self.aws_conn_id)

    def scope(self) -> Scope:
        """What this run is asked for."""
        return scope_of(
            period=self.period,
            is_period_given=is_true(self.is_period_given),
            reload=is_true(self.reload),
            drop_vanished=is_true(self.drop_vanished),
        )

    def require_files(
        self, feed: Feed, listing: Listing, ledger: Sequence[LedgerEntry], scope: Scope, context: Any
    ) -> None:
        """Fail when the period has no file of a feed with days, in the bucket or in the ledger."""
        keys = [item.key for item in listing.files] + [entry.key for entry in ledger]
        if feed.day is None or any(scope.includes(feed.day_of(key)) for key in keys):
            return
        message = (
            f"there is no file of {scope.period.name} below s3://{self.bucket}/{feed.prefix}; expected {feed.expected}"
        )
        if context["dag_run"].run_type != "scheduled":
            raise AirflowFailException(f"{message}. To load every file of the bucket, run with period all")
        self.log.warning("%s. The run goes on without it; a later run loads the file when it is there", message)

    def warn(self, feed: Feed, listing: Listing, selection: Selection) -> None:
        """Log what somebody should know, although the run goes on."""
        if listing.others:
            self.log.warning("ignoring objects that do not match %s: %s", feed.expected, named(listing.others))
        if selection.vanished:
            self.log.warning(
                "%d files are no longer in s3://%s/%s, their rows stay: %s. Put them back, or run with drop_vanished",
                len(selection.vanished),
                self.bucket,
                feed.prefix,
                named(selection.vanished),
            )
        for key, vanished in selection.blocked:
            self.log.warning(
                "%s keeps its accepted version: it shares a batch with %s, which is no longer in the bucket. "
                "Put that file back, or run with drop_vanished",
                key,
                vanished,
            )

    def selections(self, context: Any) -> tuple[list[Selection], frozenset[str]]:
        """What is to be done for each feed, and the tables to recompute."""
        scope = self.scope()
        now = fingerprints(self.warehouse, self.read_sql)
        with self.transaction() as session:
            state = read_state(session, self.warehouse)
            ledgers = [read_ledger(session, self.warehouse, feed) for feed in self.warehouse.feeds]
        tables = outdated(state, now) if any(ledgers) else frozenset()
        if is_true(self.recompute):
            return [], frozenset(now)
        found = []
        for feed, ledger in zip(self.warehouse.feeds, ledgers, strict=True):
            listing = list_files(self.s3.get_conn(), self.bucket, feed)
            self.require_files(feed, listing, ledger, scope, context)
            selection = select(feed, self.bucket, listing.files, ledger, scope)
            require_confirmation(feed, self.bucket, listing, selection, is_confirmed=is_true(self.confirm_empty))
            self.warn(feed, listing, selection)
            found.append(selection)
        return found, tables

    def execute(self, context: Any) -> dict[str, int]:
        """The numbers of files that are new, changed and vanished; skips when there is nothing to do."""
        if not self.work_prefix.startswith("s3://"):
            raise AirflowFailException(
                f"the work prefix is {self.work_prefix!r}; expected a writable s3://bucket/prefix for manifests: "
                "set the Variable that the DAG takes it from"
            )
        selections, tables = self.selections(context)
        counts = {
            "new": sum(len(selection.new) for selection in selections),
            "changed": sum(len(selection.changed) for selection in selections),
            "vanished": sum(len(selection.vanished) + len(selection.dropped) for selection in selections),
        }
        if not tables and not any(selection.read or selection.dropped for selection in selections):
            raise AirflowSkipException("nothing to do: no file of the period is new or changed")
        self.log.info("to read: %d new files, %d changed ones", counts["new"], counts["changed"])
        if tables:
            self.log.info("to recompute from the raw records: %s", ", ".join(sorted(tables)))
        return counts


def require_confirmation(
    feed: Feed, bucket: str, listing: Listing, selection: Selection, *, is_confirmed: bool
) -> None:
    """Refuse to drop everything of a feed by accident: an empty listing is more often a wrong bucket."""
    if selection.dropped and not listing.files and not is_confirmed:
        raise AirflowFailException(
            f"there is no file at all below s3://{bucket}/{feed.prefix}: drop_vanished would remove all "
            f"{len(selection.dropped)} files of {feed.name} from the warehouse. If that is intended, set confirm_empty "
            "as well"
        )


def is_true(value: Any) -> bool:
    """A boolean param, which a template renders to text."""
    return value is True or str(value).lower() == "true"
