"""Write a record of the run to S3: what it loaded, the results of its checks, the files it left out, why it failed."""

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

from warehouse.identifiers import plain_name, table_name
from warehouse.load_errors import LOAD_ERRORS
from warehouse.operators.base import TransactionOperator
from warehouse.operators.data_quality import DataQualityOperator
from warehouse.operators.load_table import LoadTableOperator
from warehouse.operators.publish import PublishOperator
from warehouse.operators.stage_to_redshift import StageToRedshiftOperator
from warehouse.reporting.history import (
    RUNS,
    CheckRecord,
    Outcome,
    RunRecord,
    StageRecord,
    TableRecord,
    folder_location,
    list_folder,
)
from warehouse.retries import server_error
from warehouse.session import Session

# A record stays small even if a whole feed is left out; the log of the stage task has all files.
MAX_LEFT_OUT = 100

States = Mapping[str, str | None]


class RecordRunOperator(TransactionOperator):
    """Write one JSON object about the run below the work prefix; see warehouse.reporting.history.

    Make it the teardown of the DAG (`.as_teardown()`), downstream of every task that can be the last one to end. Then
    it runs whether the run succeeds or fails, and does not change the state of the run. It gets the states and return
    values of the other tasks from Airflow, and the results of the checks and the sizes of the tables from the
    warehouse, as far as the run can have changed them. If a query fails, the record has a note about it instead.

    :param period: the period that the run loads.
    :param options: the names of the DAG's boolean params; the record has those that are set.
    :param results: the table with the results of the checks, `schema.table`.
    :param tables: the published tables, each with the column whose latest value shows its freshness, or None.
    :param work_prefix: a writable s3:// location; without it the task is skipped.
    :param no_prefix: the message of the skipped task: which setting is missing, and how to set it.
    :param keep: how many records to keep; 400 daily runs are more than a year.
    :param aws_conn_id: the connection for S3.
    """

    template_fields: Sequence[str] = (*TransactionOperator.template_fields, "period", "work_prefix")

    def __init__(
        self,
        *,
        period: str,
        options: Sequence[str] = (),
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
        self.options = options
        self.results = table_name(results)
        self.tables = {table_name(table): column and plain_name(column, "column") for table, column in tables.items()}
        self.work_prefix = work_prefix
        self.no_prefix = no_prefix
        self.keep = keep
        self.aws_conn_id = aws_conn_id
        if keep < 1:
            raise ValueError(f"cannot keep {keep} records; expected 1 or more")

    @cached_property
    def s3(self) -> S3Hook:
        """The hook for writing records and deleting old ones."""
        return S3Hook(aws_conn_id=self.aws_conn_id)

    def tasks_in_state(self, operator: type, states: States, *wanted: str) -> list[Any]:
        """The tasks of the DAG with this operator that are in one of these states."""
        tasks = self.get_dag().tasks
        return [task for task in tasks if isinstance(task, operator) and states.get(task.task_id) in wanted]

    def returned(self, ti: Any, operator: type, states: States) -> dict[str, dict[str, Any]]:
        """The return values of the succeeded tasks with this operator, by task id.

        Other tasks may have a return value in XCom too, from an earlier try. A task that a user marked as succeeded has
        none.
        """
        task_ids = [task.task_id for task in self.tasks_in_state(operator, states, "success")]
        values = {task_id: ti.xcom_pull(task_ids=task_id) for task_id in task_ids}
        return {task_id: value for task_id, value in values.items() if value is not None}

    def load_errors(self, ti: Any, states: States) -> tuple[str, ...]:
        """Why stage tasks failed."""
        failed = self.tasks_in_state(StageToRedshiftOperator, states, "failed")
        pulled = (ti.xcom_pull(task_ids=task.task_id, key=LOAD_ERRORS, default=[]) for task in failed)
        return tuple(message for messages in pulled for message in messages)

    def query_checks(self, session: Session, run_id: str) -> tuple[CheckRecord, ...]:
        """The results of the checks of this run."""
        names = [field.name for field in dataclasses.fields(CheckRecord)]
        rows = session.rows(
            "SELECT check_name, table_name, severity, passed, observed, expected, description "
            f"FROM {self.results} WHERE run_id = %s ORDER BY table_name, check_name",
            [run_id],
        )
        return tuple(CheckRecord(**dict(zip(names, row, strict=True))) for row in rows)

    def query_sizes(self, session: Session) -> tuple[TableRecord, ...]:
        """The number of rows and the latest value of each published table."""
        sizes = []
        for table, column in self.tables.items():
            rows, latest = session.row(f"SELECT COUNT(*), {f'MAX({column})' if column else 'NULL'} FROM {table}")
            latest = latest and latest.replace(tzinfo=datetime.UTC)
            sizes.append(TableRecord(table=table, rows=rows, time_column=column, latest=latest))
        return tuple(sizes)

    def query_warehouse(
        self, states: States, run_id: str, notes: list[str]
    ) -> tuple[tuple[CheckRecord, ...], tuple[TableRecord, ...]]:
        """Check results and table sizes, as far as this run can have changed them; errors are added to `notes`."""
        checks: tuple[CheckRecord, ...] = ()
        sizes: tuple[TableRecord, ...] = ()
        # Without these states the table only has results of an earlier try.
        has_results = bool(self.tasks_in_state(DataQualityOperator, states, "success", "failed"))
        has_old_sizes = bool(self.tasks_in_state(PublishOperator, states, "skipped"))
        if has_results or not has_old_sizes:
            failure = "check results and table sizes could not be queried"
            with self.noting_errors(notes, failure), self.transaction() as session:
                checks = self.query_checks(session, run_id) if has_results else ()
                sizes = () if has_old_sizes else self.query_sizes(session)
        return checks, sizes

    @contextlib.contextmanager
    def noting_errors(self, notes: list[str], failure: str) -> Iterator[None]:
        """Turn any error into a note, so that the rest of the record is written all the same."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # drivers and IAM can fail in many ways; none may prevent the record
            self.log.warning("%s: %s", failure, error)
            _, message = server_error(error)
            notes.append(f"{failure}: {message or type(error).__name__}")

    def outcome(self, states: States, checks: Sequence[CheckRecord], left_out: Sequence[str]) -> Outcome:
        """The outcome of the run. Nothing but the report of files left out can fail after publishing."""
        has_failed_check = any(check.status == "failed" for check in checks)
        if has_failed_check and self.tasks_in_state(DataQualityOperator, states, "failed"):
            return "checks failed"
        is_published = bool(self.tasks_in_state(PublishOperator, states, "success"))
        if not (is_published or self.tasks_in_state(PublishOperator, states, "skipped")):
            return "failed"
        if left_out:
            return "files left out"
        if "failed" in states.values():
            return "failed"
        return "published" if is_published else "nothing new"

    def record(self, context: Any) -> RunRecord:
        """The record of the run."""
        ti, run, run_id = context["ti"], context["dag_run"], str(context["run_id"])
        states = ti.get_task_states(dag_id=self.dag_id, run_ids=[run_id]).get(run_id, {})
        states = {task_id: state and str(state) for task_id, state in states.items() if task_id != self.task_id}
        notes: list[str] = []
        checks, sizes = self.query_warehouse(states, run_id, notes)
        stages = self.returned(ti, StageToRedshiftOperator, states)
        warnings = [warning for stage in stages.values() for warning in stage["warnings"]]
        left_out = [f"{file['key']}: {file['reason']}" for stage in stages.values() for file in stage["left_out"]]
        if (others := len(left_out) - MAX_LEFT_OUT) > 0:
            warnings.insert(0, f"{others} more files were left out; the logs of the stage tasks list them")
        loads = self.returned(ti, LoadTableOperator, states).values()
        is_published = bool(self.tasks_in_state(PublishOperator, states, "success"))
        changed_rows = sum(load["new"] + load["changed"] + load["deleted"] for load in loads)
        return RunRecord(
            dag_id=self.dag_id,
            run_id=run_id,
            period=self.period,
            options=tuple(name for name in self.options if context["params"].get(name)),
            logical_date=run.logical_date,
            started_at=run.start_date,
            recorded_at=datetime.datetime.now(datetime.UTC),
            outcome=self.outcome(states, checks, left_out),
            failed_tasks=tuple(sorted(task_id for task_id, state in states.items() if state == "failed")),
            left_out=tuple(left_out[:MAX_LEFT_OUT]),
            changed_rows=changed_rows if is_published else None,
            checks=checks,
            tables=sizes,
            stages=tuple(
                StageRecord(task=task_id, **{name: stage[name] for name in ("rows", "files", "bytes", "seconds")})
                for task_id, stage in stages.items()
            ),
            warnings=tuple(warnings),
            load_errors=self.load_errors(ti, states),
            notes=tuple(notes),
        )

    def delete_old(self) -> None:
        """Delete all but the newest records. If that fails, log a warning; the next run tries again."""
        try:
            listed = list_folder(self.s3.get_conn(), self.work_prefix, RUNS, ".json")
            bucket, _ = folder_location(self.work_prefix, RUNS)
            if old := [item.key for item in listed[: -self.keep]]:
                self.s3.delete_objects(bucket, old)
        except (ClientError, BotoCoreError, AirflowException) as error:
            self.log.warning("could not delete old records: %s", error)

    def execute(self, context: Any) -> dict[str, str]:
        """Write the record, and return its outcome and location."""
        if not self.work_prefix:
            raise AirflowSkipException(self.no_prefix)
        try:
            bucket, prefix = folder_location(self.work_prefix, RUNS)
        except ValueError as error:
            raise AirflowFailException(str(error)) from error
        record = self.record(context)
        key = f"{prefix}{record.name}.json"
        self.s3.load_string(record.to_json(), key=key, bucket_name=bucket, replace=True)
        self.log.info("wrote s3://%s/%s: %s", bucket, key, record.outcome)
        self.delete_old()
        return {"outcome": record.outcome, "location": f"s3://{bucket}/{key}"}
