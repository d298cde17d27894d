"""The main DAG's own tasks, run one after another in this process: a run takes half a second instead of ten.

A run can be stopped between two tasks or between two statements, killed there, and continued while others run.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import itertools
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from typing import Any
from unittest.mock import patch

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import TriggerRule
from airflow.sdk.api.datamodels._generated import DagRun, DagRunState, DagRunType
from airflow.sdk.exceptions import AirflowSkipException
from airflow.sdk.execution_time.context import OutletEventAccessors, VariableAccessor
from airflow.sdk.serde import deserialize, serialize

from warehouse.session import Session

RUN_NUMBERS = itertools.count(1)
RETURN_VALUE = "return_value"
# Called with "before" or "after", the statement's number in its run, from 1, and its text.
Watch = Callable[[str, int, str], None]


class Killed(BaseException):
    """The process of a task is gone: no handler of the task's runs, and no later statement of its is sent."""


class Exchange:
    """What the tasks of one run know of each other: XComs and states, in memory."""

    def __init__(self, dag_id: str, run_id: str) -> None:
        self.dag_id = dag_id
        self.run_id = run_id
        self.xcoms: dict[tuple[str, str], Any] = {}
        self.states: dict[str, str] = {}

    def task_instance(self, task_id: str) -> TaskInstance:
        """As much of a task instance as operators and templates use."""
        return TaskInstance(self, task_id)

    def forget(self, task_id: str) -> None:
        """Remove the XComs of a task, as Airflow does before each try."""
        for place in [place for place in self.xcoms if place[0] == task_id]:
            del self.xcoms[place]


class TaskInstance:
    """One task of one run, as operators and templates see it."""

    try_number = 1
    map_index = -1

    def __init__(self, exchange: Exchange, task_id: str) -> None:
        self.exchange = exchange
        self.task_id = task_id
        self.dag_id = exchange.dag_id
        self.run_id = exchange.run_id

    def xcom_push(self, key: str, value: Any) -> None:
        """Keep a value as it comes out of Airflow's database."""
        self.exchange.xcoms[self.task_id, key] = deserialize(json.loads(json.dumps(serialize(value))))

    def xcom_pull(
        self, task_ids: str | Collection[str] | None = None, key: str = RETURN_VALUE, default: Any = None, **_: Any
    ) -> Any:
        """The value that a task has pushed, or a list of those of several tasks; without `task_ids` its own."""
        if task_ids is None or isinstance(task_ids, str):
            return self.exchange.xcoms.get((task_ids or self.task_id, key), default)
        return [self.exchange.xcoms.get((task_id, key), default) for task_id in task_ids]

    def get_task_states(self, dag_id: str, run_ids: list[str], **_: Any) -> dict[str, dict[str, str]]:
        """The states of this run's tasks."""
        return dict.fromkeys(run_ids, self.exchange.states)

    def get_first_reschedule_date(self, context: Any) -> None:
        """No sensor has been rescheduled here."""


def state_without_running(rule: TriggerRule, upstream: Counter[str]) -> str | None:
    """The state that a trigger rule gives a task because of its upstream tasks' states; None: the task runs."""
    has_failed = bool(upstream["failed"] + upstream["upstream_failed"])
    if rule == TriggerRule.ALL_DONE:
        return None
    if rule not in (TriggerRule.ALL_SUCCESS, TriggerRule.NONE_FAILED, TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS):
        raise NotImplementedError(f"trigger rule {rule}: teach {__name__} what it means")
    if has_failed:
        return "upstream_failed"
    if rule == TriggerRule.ALL_SUCCESS and upstream["skipped"]:
        return "skipped"
    if rule == TriggerRule.NONE_FAILED_MIN_ONE_SUCCESS and upstream["skipped"] == upstream.total() > 0:
        return "skipped"
    return None


@contextlib.contextmanager
def watched(watch: Watch, numbers: Iterator[int]) -> Iterator[None]:
    """Calls `watch` before and after each statement that the operators send, COMMIT among them."""
    execute, commit = Session.execute, Session.commit
    is_gone = False

    def send(sql: str, statement: Callable[[], Any]) -> Any:
        nonlocal is_gone
        if is_gone:
            raise Killed
        number = next(numbers)
        try:
            watch("before", number, sql)
            result = statement()
            watch("after", number, sql)
        except Killed:
            is_gone = True
            raise
        return result

    def watched_execute(session: Session, sql: str, *args: Any, **kwargs: Any) -> Any:
        return send(sql, lambda: execute(session, sql, *args, **kwargs))

    def watched_commit(session: Session) -> None:
        send("COMMIT", lambda: commit(session))

    with patch.multiple(Session, execute=watched_execute, commit=watched_commit):
        yield


class Run:
    """One run of the DAG, as far as it has come."""

    def __init__(self, pipeline: Pipeline, context: dict[str, Any], watch: Watch | None) -> None:
        self.pipeline = pipeline
        self.context = context
        self.watch = watch
        self.exchange: Exchange = pipeline.exchanges[context["run_id"]]
        self.waiting = [task_id for task_id in pipeline.tasks() if task_id not in pipeline.without]
        self.returned: dict[str, Any] = {}
        self.errors: dict[str, Exception] = {}
        self.numbers = itertools.count(1)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return str(self.context["run_id"])

    @property
    def states(self) -> dict[str, str]:
        """The states of the tasks that are done."""
        return self.exchange.states

    def step(self) -> str:
        """Decide on the next task, run it if its trigger rule says so, and return its id.

        `Killed` leaves the task to the next step, which is another try; an error is kept in `errors`.
        """
        task_id = self.waiting[0]
        task = self.pipeline.dag.get_task(task_id)
        upstream = task.upstream_task_ids - set(self.pipeline.without)
        states = Counter(self.states[name] for name in upstream)
        state = state_without_running(TriggerRule(task.trigger_rule), states)
        if state:
            self.states[task_id] = state
        else:
            self.execute(task_id)
        del self.waiting[0]
        return task_id

    def execute(self, task_id: str) -> None:
        """Run one task."""
        with watched(self.watch, self.numbers) if self.watch else contextlib.nullcontext():
            try:
                self.returned[task_id] = self.pipeline.run_task(task_id, self.context)
            except Exception as error:  # noqa: BLE001  # as a worker: other tasks may run all the same
                self.errors[task_id] = error

    def advance(self, *, until: str) -> None:
        """Go on to the end of this task."""
        while until in self.waiting:
            self.step()

    def finish(self) -> None:
        """Go on to the end."""
        while self.waiting:
            self.step()

    def result(self) -> dict[str, Any]:
        """What each task that ran returned; raises the first error of the tasks so far."""
        for error in self.errors.values():
            raise error
        return self.returned


@functools.cache
def s3_hook() -> S3Hook:
    """One for all tasks of all tests: a task's process makes a client of its own, which takes a tenth of a second."""
    return S3Hook(aws_conn_id="aws_default")


@functools.cache
def compiling_once(dag: Any) -> Any:
    """A DAG's templates, each compiled once; Airflow compiles them again for each task, a tenth of a run."""
    environment = dag.get_template_env()
    environment.compile = functools.cache(environment.compile)
    return environment


class Pipeline:
    """Runs of one DAG: its own tasks, rendered by Airflow, in their order; no scheduler and no retries.

    without: the tasks left out of every run.
    """

    def __init__(self, dag: Any, *, without: Collection[str] = ()) -> None:
        self.dag = dag
        self.without = without
        self.s3 = s3_hook()
        self.templates = compiling_once(dag)
        self.exchanges: dict[str, Exchange] = {}

    def context(self, run_id: str, ds: str | None, params: dict[str, Any]) -> dict[str, Any]:
        """As much of Airflow's context as templates and operators use; without a date there is no `ds` at all.

        The context of a run that has begun has its XComs.
        """
        exchange = self.exchanges.setdefault(run_id, Exchange(self.dag.dag_id, run_id))
        end = datetime.datetime.fromisoformat(ds).replace(tzinfo=datetime.UTC) if ds else None
        # What Airflow gives a manual run of a day by CronDataIntervalTimetable: the interval that ends with it.
        start = end and end - datetime.timedelta(days=1)
        dated = {"ds": ds, "logical_date": end, "data_interval_start": start, "data_interval_end": end} if ds else {}
        return {
            "dag": self.dag,
            "dag_run": DagRun(
                dag_id=self.dag.dag_id,
                run_id=run_id,
                logical_date=end,
                data_interval_start=start,
                data_interval_end=end,
                run_after=datetime.datetime.now(datetime.UTC),
                start_date=datetime.datetime.now(datetime.UTC),
                end_date=None,
                run_type=DagRunType.MANUAL,
                state=DagRunState.RUNNING,
                conf=params,
                consumed_asset_events=[],
                partition_key=None,
            ),
            "outlet_events": OutletEventAccessors(),
            "params": {param: self.dag.params[param] for param in self.dag.params} | params,
            "run_id": run_id,
            "task_reschedule_count": 0,
            "ti": exchange.task_instance(""),
            "var": {"value": VariableAccessor(deserialize_json=False)},
            **dated,
        }

    @functools.cache  # noqa: B019  # there are a few pipelines a test, and they know their DAG
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
        """Render and execute one task of a run; None when it skips."""
        exchange = context["ti"].exchange
        exchange.forget(task_id)
        task = self.dag.get_task(task_id).prepare_for_execution()
        task.__dict__.pop("_hook", None)
        for name, shared in (("s3", self.s3), ("templates", self.templates)):
            if isinstance(getattr(type(task), name, None), functools.cached_property):
                task.__dict__[name] = shared
        instance = exchange.task_instance(task_id)
        context = {**context, "task": task, "ti": instance, "task_instance": instance, "outlets": task.outlets}
        exchange.states[task_id] = "failed"
        try:
            task.render_template_fields(context, self.templates)
            value = task.execute(context)
        except AirflowSkipException:
            exchange.states[task_id] = "skipped"
            return None
        exchange.states[task_id] = "success"
        if value is not None:
            instance.xcom_push(RETURN_VALUE, value)
        return value

    def open(
        self, ds: str | None = None, *, run_id: str | None = None, watch: Watch | None = None, **params: Any
    ) -> Run:
        """A run to go through task by task; `watch` is called before and after each of its statements."""
        return Run(self, self.context(run_id or f"test__{next(RUN_NUMBERS)}", ds, params), watch)

    def run(
        self,
        ds: str | None = None,
        *,
        run_id: str | None = None,
        until: str | None = None,
        **params: Any,
    ) -> dict[str, Any]:
        """One run; return what each task that ran returned. `until` names the last task to run.

        Raises the first error, after the tasks that run in spite of it.
        """
        run = self.open(ds, run_id=run_id, **params)
        if until:
            run.advance(until=until)
        else:
            run.finish()
        return run.result()
