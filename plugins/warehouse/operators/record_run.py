"""Leave a record of the run where people look: what it loaded, what its checks found, what it failed of."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
from botocore.exceptions import BotoCoreError, ClientError

from warehouse.identifiers import column_name, table_name
from warehouse.load_errors import LOAD_ERRORS
from warehouse.operators.base import TransactionOperator
from warehouse.operators.data_quality import DataQualityOperator
from warehouse.operators.load_table import LoadTableOperator
from warehouse.operators.publish import PublishOperator
from warehouse.operators.stage_to_redshift import StageToRedshiftOperator
from warehouse.reporting.history import RUNS, CheckRecord, RunRecord, StageRecord, TableRecord, listing, place
from warehouse.retries import server_error
from warehouse.run import run_id_of
from warehouse.session import Session


class RecordRunOperator(TransactionOperator):
    """Write one JSON object about the run below the work prefix; see warehouse.reporting.history.

    Make it the DAG's teardown (`.as_teardown()`), right after every task that may be the last to end: then it runs
    whatever became of them, and the run is as green or red as it would be without it. It finds out by itself what the
    tasks did: it asks Airflow for their states and for what they returned, and the warehouse for the
    checks' results and the tables' sizes. If the warehouse cannot be asked, the record says so and holds the rest.

    :param period: what the run loads, in words.
    :param mode: how it loads.
    :param results: the table that keeps the checks' results, `schema.table`.
    :param tables: the published tables, each with the column whose latest value says how fresh it is, or None.
    :param work_prefix: the writable s3:// location; without one the task is skipped.
    :param no_prefix: what to tell people then: what is missing and how to set it.
    :param keep: how many records are kept; 400 are a year of days.
    :param aws_conn_id: the connection for S3.
    """

    template_fields: Sequence[str] = (*TransactionOperator.template_fields, "period", "mode", "work_prefix")

    def __init__(
        self,
        *,
        period: str,
        mode: str = "",
        options=None,
        results: str,
        tables: Mapping[str, str | None],
        work_prefix: str,
        no_prefix: str,
        keep: int = 400,
        aws_conn_id: str = "aws_default",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.period = period
        self.mode = mode
        self.results = table_name(results)
        self.tables = {table_name(table): column and column_name(column) for table, column in tables.items()}
        self.work_prefix = work_prefix
        self.no_prefix = no_prefix
        self.keep = keep
        self.aws_conn_id = aws_conn_id
        if keep < 1:
            raise ValueError(f"cannot keep {keep} records; expected 1 or more")

    @cached_property
    def s3(self) -> S3Hook:
        """The hook for writing and for deleting old records."""
        return S3Hook(aws_conn_id=self.aws_conn_id)

    def of_kind(self, kind: type, states: Mapping[str, str | None], *wanted: str) -> list[Any]:
        """The DAG's tasks of one operator that ended in one of these states."""
        return [task for task in self.get_dag().tasks if isinstance(task, kind) and states.get(task.task_id) in wanted]

    def returned(self, ti: Any, kind: type, states: Mapping[str, str | None]) -> list[tuple[Any, dict[str, Any]]]:
        """Tasks of one operator and what they returned.

        Only of those that succeeded this time: XCom may still hold what an earlier try returned. A task that somebody
        marked as succeeded has returned nothing.
        """
        answers = [(task, ti.xcom_pull(task_ids=task.task_id)) for task in self.of_kind(kind, states, "success")]
        return [(task, answer) for task, answer in answers if answer is not None]

    def stages(self, ti: Any, states: Mapping[str, str | None]) -> tuple[StageRecord, ...]:
        """What was copied."""
        figures = ("rows", "files", "bytes", "seconds")
        return tuple(
            StageRecord(task=task.task_id, table=task.table, **{name: answer[name] for name in figures})
            for task, answer in self.returned(ti, StageToRedshiftOperator, states)
        )

    def changed_rows(self, ti: Any, states: Mapping[str, str | None]) -> int:
        """How many rows of published tables were new or changed."""
        counts = self.returned(ti, LoadTableOperator, states)
        return sum(answer["new"] + answer["changed"] for _, answer in counts)

    def load_errors(self, ti: Any, states: Mapping[str, str | None]) -> tuple[str, ...]:
        """Why the tasks that copy failed."""
        failed = self.of_kind(StageToRedshiftOperator, states, "failed")
        pulled = (ti.xcom_pull(task_ids=task.task_id, key=LOAD_ERRORS, default=[]) for task in failed)
        return tuple(sentence for sentences in pulled for sentence in sentences)

    def checks(self, session: Session, run_id: str) -> tuple[CheckRecord, ...]:
        """What the checks of this run found."""
        rows = session.rows(
            "SELECT check_name, table_name, severity, passed, observed, expected, sentence "
            f"FROM {self.results} WHERE run_id = %s ORDER BY table_name, check_name",
            [run_id],
        )
        names = [field.name for field in dataclasses.fields(CheckRecord)]
        return tuple(CheckRecord(**dict(zip(names, row, strict=True))) for row in rows)

    def sizes(self, session: Session) -> tuple[TableRecord, ...]:
        """Rows and latest value of the published tables."""
        found = []
        for table, column in self.tables.items():
            rows, latest = session.row(f"SELECT COUNT(*), {f'MAX({column})' if column else 'NULL'} FROM {table}")
            found.append(
                TableRecord(
                    table=table,
                    rows=rows,
                    time_column=column,
                    latest=latest and latest.replace(tzinfo=datetime.UTC),
                )
            )
        return tuple(found)

    @contextlib.contextmanager
    def noting(self, notes: list[str], lacking: str) -> Iterator[None]:
        """Whatever goes wrong inside is noted, and the rest of the record is written all the same."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # drivers and IAM have a hundred ways to fail; none may cost the record
            self.log.warning("%s: %s", lacking, error)
            _, message = server_error(error)
            notes.append(f"{lacking}: {message or type(error).__name__}")

    def outcome(self, states: Mapping[str, str | None], checks: Sequence[CheckRecord], changed: int) -> str:
        """What became of the run, in one of four words."""
        if self.of_kind(DataQualityOperator, states, "failed") and any(check.status == "failed" for check in checks):
            return "checks failed"
        if "failed" in states.values() or not self.of_kind(PublishOperator, states, "success"):
            return "failed"
        return "published" if changed or self.mode != "merge" else "nothing new"

    def record(self, context: Any) -> RunRecord:
        """All that is known of the run."""
        ti, run, run_id = context["ti"], context["dag_run"], run_id_of(context)
        states = ti.get_task_states(dag_id=self.dag_id, run_ids=[run_id]).get(run_id, {})
        states = {task_id: state and str(state) for task_id, state in states.items() if task_id != self.task_id}
        checks: tuple[CheckRecord, ...] = ()
        sizes: tuple[TableRecord, ...] = ()
        notes: list[str] = []
        with (
            self.noting(notes, "the warehouse could not be asked for checks and table sizes"),
            self.transaction() as session,
        ):
            # Results of an earlier try are not this one's.
            if self.of_kind(DataQualityOperator, states, "success", "failed"):
                checks = self.checks(session, run_id)
            sizes = self.sizes(session)
        return RunRecord(
            dag_id=self.dag_id,
            run_id=run_id,
            period=self.period,
            mode=self.mode,
            logical_date=run.logical_date,
            started_at=run.start_date,
            recorded_at=datetime.datetime.now(datetime.UTC),
            outcome=self.outcome(states, checks, self.changed_rows(ti, states)),
            failed_tasks=tuple(sorted(task_id for task_id, state in states.items() if state == "failed")),
            checks=checks,
            tables=sizes,
            stages=self.stages(ti, states),
            load_errors=self.load_errors(ti, states),
            notes=tuple(notes),
        )

    def delete_old(self) -> None:
        """Delete all records but the newest. A failure is a warning: the next run deletes them too."""
        try:
            found = listing(self.s3.get_conn(), self.work_prefix, RUNS, ".json")
            bucket, _ = place(self.work_prefix, RUNS)
            if old := [item.key for item in found[: -self.keep]]:
                self.s3.delete_objects(bucket, old)
        except (ClientError, BotoCoreError, AirflowException) as error:
            self.log.warning("could not delete old records: %s", error)

    def execute(self, context: Any) -> dict[str, str]:
        """Find out, write, clean up."""
        if not self.work_prefix:
            raise AirflowSkipException(self.no_prefix)
        try:
            bucket, prefix = place(self.work_prefix, RUNS)
        except ValueError as error:
            raise AirflowFailException(str(error)) from error
        record = self.record(context)
        key = f"{prefix}{record.name}.json"
        self.s3.load_string(record.to_json(), key=key, bucket_name=bucket, replace=True)
        self.log.info("wrote s3://%s/%s: %s", bucket, key, record.outcome)
        self.delete_old()
        return {"outcome": record.outcome, "location": f"s3://{bucket}/{key}"}
