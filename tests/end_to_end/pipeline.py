"""The main DAG's own tasks, run one after another in this process: a run takes a second instead of ten."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.context import VariableAccessor

RUN_NUMBERS = itertools.count(1)


class Exchange:
    """The part of a task instance by which tasks know of each other: XComs and states, in memory."""

    def __init__(self) -> None:
        self.xcoms: dict[tuple[str | None, str], Any] = {}
        self.states: dict[str, str] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep a value."""
        self.xcoms[None, key] = value

    def xcom_pull(self, task_ids: str | None = None, key: str = "return_value", default: Any = None) -> Any:
        """The value that a task has left."""
        return self.xcoms.get((task_ids, key), default)

    def get_task_states(self, dag_id: str, run_ids: list[str]) -> dict[str, dict[str, str]]:
        """The states of a run's tasks."""
        return dict.fromkeys(run_ids, self.states)


class Pipeline:
    """Runs of one DAG: its own tasks, rendered by Airflow, in their order; no scheduler and no retries.

    without: the tasks left out of every run.
    """

    def __init__(self, dag: Any, *, without: Collection[str] = ()) -> None:
        self.dag = dag
        self.without = without
        self.s3 = S3Hook(aws_conn_id="aws_default")

    def context(self, run_id: str, ds: str | None, params: dict[str, Any]) -> dict[str, Any]:
        """As much of Airflow's context as templates and operators use; without a date there is no `ds` at all."""
        values = {param: self.dag.params[param] for param in self.dag.params} | params
        dated = {"ds": ds} if ds else {}
        variables = {"value": VariableAccessor(deserialize_json=False)}
        return {"run_id": run_id, "params": values, "var": variables, "ti": Exchange(), **dated}

    def tasks(self) -> list[str]:
        """All task ids, upstream first, without the teardown: it is about Airflow's states, and there are none here."""
        order: list[str] = []
        waiting = {task.task_id for task in self.dag.tasks if not task.is_teardown}
        while waiting:
            ready = sorted(name for name in waiting if not self.dag.get_task(name).upstream_task_ids & waiting)
            order += ready
            waiting -= set(ready)
        return order

    def run_task(self, task_id: str, context: dict[str, Any]) -> Any:
        """Render and execute one task; None when it skips."""
        task = self.dag.get_task(task_id).prepare_for_execution()
        task.__dict__.pop("_hook", None)
        if hasattr(task, "s3"):
            # Each task process makes a client of its own; in one process that would be a tenth of a second a task.
            task.__dict__["s3"] = self.s3
        task.render_template_fields(context)
        try:
            return task.execute(context)
        except AirflowSkipException:
            return None

    def run(
        self,
        ds: str | None = None,
        *,
        run_id: str | None = None,
        until: str | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """One run; return what each task returned. `until` names the last task to run."""
        context = self.context(run_id or f"test__{next(RUN_NUMBERS)}", ds, params)
        returned = {}
        for task_id in self.tasks():
            if task_id in self.without:
                continue
            returned[task_id] = self.run_task(task_id, context)
            if task_id == until:
                break
        return returned
