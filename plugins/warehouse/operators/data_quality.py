"""Run all checks, keep all results, fail once with every check that failed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.providers.common.sql.operators.sql import SQLCheckResult
from airflow.sdk.exceptions import AirflowSkipException

from warehouse.alerts import send_warning
from warehouse.checks import Check, Result, observation
from warehouse.errors import DatabaseError
from warehouse.operators.base import RunOperator
from warehouse.retries import reason_to_retry
from warehouse.run_schema import count_changes, has_work, parameters, read_run
from warehouse.session import Session
from warehouse.state import now

RESULT_COLUMNS = (
    "run_id",
    "check_name",
    "table_name",
    "severity",
    "passed",
    "observed",
    "expected",
    "description",
    "checked_at",
)


class DataQualityOperator(RunOperator):
    """Run checks on the rows of a run before anyone can read them.

    All checks run and all results are kept, so that no failure hides another. The one failure at the end lists every
    failed check with its description, what it observed and what it expected. It fails the task at once: the data would
    be the same on a retry. A database error inside a check that a retry may fix is a retry of the whole task.

    :param checks: the checks; those of severity `warn` are logged and kept but stop nothing.
    :param alert_topic: ARN of an SNS topic that gets the warnings of checks whose observed value is further out of
        bounds than in the run before; empty: none.
    :param aws_conn_id: the connection for SNS.
    """

    template_fields: Sequence[str] = (*RunOperator.template_fields, "alert_topic")

    def __init__(
        self, *, checks: Sequence[Check], alert_topic: str = "", aws_conn_id: str = "aws_default", **kwargs: Any
    ) -> None:
        super().__init__(retry_on_failure=False, **kwargs)
        names = [check.name for check in checks]
        duplicates = sorted({name for name in names if names.count(name) > 1})
        if not checks or duplicates:
            raise ValueError(f"expected checks of different names, got {', '.join(duplicates) or 'none'}")
        self.checks = checks
        self.alert_topic = alert_topic
        self.aws_conn_id = aws_conn_id

    def observe(self, session: Session, check: Check, context: Any, values: dict[str, Any]) -> Result:
        """Run one check's query. A query that is wrong is a failed check: it must not hide what the others find."""
        sql = self.render_sql(check.sql, context, **values, **check.parameters)
        try:
            (observed,) = session.row(sql)
            return Result(check, observation(observed), sql)
        except (DatabaseError, ValueError) as error:
            if reason_to_retry(error):
                raise
            session.rollback()
            return Result(check, None, sql, error=str(error))

    def keep(self, session: Session, run_id: str, results: Sequence[Result]) -> None:
        """Write all results in one INSERT, in place of those of an earlier try."""
        session.execute(f"DELETE FROM {self.warehouse.results} WHERE run_id = %s", [run_id])
        checked_at = now()
        values: list[Any] = []
        for result in results:
            check = result.check
            values += [run_id, check.name, check.table, check.severity, result.passed]
            values += [result.observed, check.expected, check.description, checked_at]
        rows = ", ".join([f"({', '.join(['%s'] * len(RESULT_COLUMNS))})"] * len(results))
        session.execute(f"INSERT INTO {self.warehouse.results} ({', '.join(RESULT_COLUMNS)}) VALUES {rows}", values)

    def previous(self, session: Session, run_id: str) -> dict[str, float]:
        """What each check observed in the last run before this one."""
        rows = session.rows(
            f"SELECT check_name, observed FROM {self.warehouse.results} WHERE observed IS NOT NULL AND run_id = ("
            f"SELECT run_id FROM {self.warehouse.results} WHERE run_id <> %s ORDER BY checked_at DESC LIMIT 1)",
            [run_id],
        )
        return {name: float(observed) for name, observed in rows}

    def report(self, results: Sequence[Result]) -> None:
        """Write the results to the log and, through the provider's base class, to OpenLineage."""
        for result in results:
            if result.passed:
                self.log.info("passed: %s", result)
            elif result.check.severity == "warn":
                self.log.warning("warning: %s", result)
            else:
                self.log.error("failed: %s", result)
            self.check_results.append(
                SQLCheckResult(
                    name=result.check.name,
                    check_type=result.check.sql.rpartition("/")[2].removesuffix(".sql"),
                    success=result.passed,
                    severity=result.check.severity,
                    table=result.check.table,
                    expected=result.check.expected,
                    actual=None if result.observed is None else f"{result.observed:g}",
                    content=result.sql,
                    description=result.check.description,
                )
            )

    def alert(self, context: Any, results: Sequence[Result], previous: dict[str, float]) -> None:
        """Send the warnings whose observed value is further out of bounds than in the run before."""
        grown = [
            result
            for result in results
            if not result.passed
            and result.check.severity == "warn"
            and result.check.excess(result.observed) > result.check.excess(previous.get(result.check.name))
        ]
        if grown:
            before = {name: f"{observed:g}" for name, observed in previous.items()}
            lines = [f"- {result}; the run before: {before.get(result.check.name, 'nothing')}" for result in grown]
            send_warning(
                self.alert_topic,
                f"{self.dag_id}: {len(grown)} {'warning' if len(grown) == 1 else 'warnings'} got worse",
                f"Run {context['run_id']} was not stopped by these:\n" + "\n".join(lines),
                self.aws_conn_id,
                self.log,
            )

    def execute(self, context: Any) -> dict[str, int]:
        """All checks; the results in a transaction of their own, so that they outlive the failure."""
        with self.transaction() as session:
            run = read_run(session, self.run_schema)
            if not has_work(session, self.run_schema, run):
                raise AirflowSkipException("nothing to check: no file was accepted")
            changes = count_changes(session, self.run_schema)
            previous = self.previous(session, run.run_id)
            values = parameters(run, self.run_schema)
            results = [self.observe(session, check, context, values) for check in self.checks]
        failed = [result for result in results if not result.passed]
        errors = [result for result in failed if result.check.severity == "error"]
        with self.transaction() as session:
            session.execute(f"UPDATE {self.run_schema}.run SET checked_changes = %s", [None if errors else changes])
            self.keep(session, run.run_id, results)
        self.report(results)
        if errors:
            self._raise_exception(
                f"{len(errors)} of {len(results)} checks failed:\n" + "\n".join(f"- {result}" for result in errors)
            )
        self.alert(context, results, previous)
        return {"passed": len(results) - len(failed), "warned": len(failed)}
