"""Turn a run red when it left files out, naming each with the reason."""

from __future__ import annotations

from typing import Any

from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from warehouse.operators.base import RunOperator
from warehouse.run_schema import read_run


class ReportLeftOutOperator(RunOperator):
    """Fail when files were left out of the run.

    Everything else has been published by then. The task keeps failing, run after run, until the file is corrected or
    removed: its accepted version, if there is one, stays in the warehouse.

    :param opened_by: the task that opens the run.
    """

    def __init__(self, *, opened_by: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.opened_by = opened_by

    def is_opened(self, ti: Any, run_id: str) -> bool:
        """Whether a schema was opened this time: after a run was cleared, XCom still has the one of the time before."""
        states = ti.get_task_states(dag_id=self.dag_id, run_ids=[run_id]).get(run_id, {})
        return str(states.get(self.opened_by)) == "success"

    def execute(self, context: Any) -> None:
        """Name the files that were left out; skipped when no run was opened because there was nothing to do."""
        if not self.run_schema or not self.is_opened(context["ti"], str(context["run_id"])):
            raise AirflowSkipException("there was nothing to do")
        with self.transaction() as session:
            read_run(session, self.run_schema)
            rows = session.rows(f"SELECT key, reason FROM {self.run_schema}.left_out ORDER BY key")
        if rows:
            raise AirflowFailException(
                f"{len(rows)} {'file was' if len(rows) == 1 else 'files were'} left out; all others were loaded. "
                "Correct or remove what is named here:\n" + "\n".join(f"- {key}: {reason}" for key, reason in rows)
            )
        self.log.info("no file was left out")
