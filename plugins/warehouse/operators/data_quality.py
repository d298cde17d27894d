"""Run all checks, keep all results, fail once with every check that failed."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from airflow.providers.common.sql.operators.sql import SQLCheckResult

from warehouse.checks import Check, Result, figure
from warehouse.identifiers import table_name
from warehouse.merge import delete_all
from warehouse.operators.base import WarehouseOperator
from warehouse.period import Period
from warehouse.run import require_unpublished_run, run_id_of, set_checked
from warehouse.session import Session

RESULT_COLUMNS = (
    "run_id",
    "check_name",
    "table_name",
    "severity",
    "passed",
    "observed",
    "expected",
    "sentence",
    "checked_at",
)


class DataQualityOperator(WarehouseOperator):
    """Judge the candidates of a run before anyone can read them.

    No check hides another: all run, all results are kept, and the one failure at the end lists every failed check with
    its sentence, what was observed and what was expected. A failed check fails the task at once, without retries: the
    data would be the same.

    :param checks: the checks; those of severity `warn` are logged and kept but stop nothing.
    :param results: the table that keeps results, `schema.table`.
    """

    def __init__(self, *, checks: Sequence[Check], results: str, **kwargs: Any) -> None:
        super().__init__(retry_on_failure=False, **kwargs)
        names = [check.name for check in checks]
        doubles = sorted({name for name in names if names.count(name) > 1})
        if not checks or doubles:
            raise ValueError(f"expected checks of different names, got {', '.join(doubles) or 'none'}")
        self.checks = checks
        self.results = table_name(results)

    def observe(self, session: Session, check: Check, context: Any, parameters: dict[str, Any]) -> Result:
        """Run one check's query. A query that fails is a failed check: it must not hide what the others find."""
        sql = self.render_sql(check.sql, context, **parameters, **check.parameters)
        try:
            (observed,) = session.row(sql)
            return Result(check, figure(observed), sql)
        except (*session.database_errors, ValueError) as error:
            session.rollback()
            return Result(check, None, sql, error=str(error))

    def keep(self, session: Session, run_id: str, results: Sequence[Result]) -> None:
        """Write all results in one INSERT, in place of those of an earlier try."""
        session.execute(f"{delete_all(self.results)} WHERE run_id = %s", [run_id])
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        values: list[Any] = []
        for result in results:
            check = result.check
            values += [run_id, check.name, check.table, check.severity, result.passed]
            values += [result.observed, check.expected, check.sentence, now]
        rows = ", ".join([f"({', '.join(['%s'] * len(RESULT_COLUMNS))})"] * len(results))
        session.execute(f"INSERT INTO {self.results} ({', '.join(RESULT_COLUMNS)}) VALUES {rows}", values)

    def report(self, results: Sequence[Result]) -> None:
        """Hand the results to the log and, by the provider's base, to OpenLineage."""
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
                    description=result.check.sentence,
                )
            )

    def execute(self, context: Any) -> dict[str, int]:
        """All checks; the results in a transaction of their own, so that they outlive the failure."""
        run_id = run_id_of(context)
        with self.transaction() as session:
            run = require_unpublished_run(session, self.run_table, run_id)
            period = Period.parse(run.period)
            parameters = {"mode": run.mode, "period_start": period.start, "period_end": period.end}
            results = [self.observe(session, check, context, parameters) for check in self.checks]
        failed = [result for result in results if not result.passed]
        errors = [result for result in failed if result.check.severity == "error"]
        with self.transaction() as session:
            require_unpublished_run(session, self.run_table, run_id)
            set_checked(session, self.run_table, is_checked=not errors)
            self.keep(session, run_id, results)
        self.report(results)
        if errors:
            self._raise_exception(
                f"{len(errors)} of {len(results)} checks failed:\n" + "\n".join(f"- {result}" for result in errors)
            )
        return {"passed": len(results) - len(failed), "warned": len(failed)}
