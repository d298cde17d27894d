"""House rules for every DAG, over the whole bag."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOADS = {"load_songplays", "load_users", "load_songs", "load_artists", "load_time"}


@pytest.fixture(scope="module")
def bag():
    """All DAGs, as Airflow reads them."""
    from airflow.dag_processing.dagbag import DagBag  # the environment must be complete before Airflow is imported

    return DagBag(str(ROOT / "dags"))


@pytest.fixture(scope="module")
def warehouse(bag):
    """The main DAG."""
    return bag.dags["sparkify_warehouse"]


def edges(dag) -> dict[str, set[str]]:
    """Each task with what comes right after it."""
    return {task.task_id: set(task.downstream_task_ids) for task in dag.tasks}


def test_the_bag_holds_the_dags_it_should(bag):
    """First of all: the rules below would hold for an empty bag."""
    lifecycle = {"sparkify_provision", "sparkify_pause", "sparkify_resume", "sparkify_teardown"}
    assert {"sparkify_warehouse", "sparkify_report", "sparkify_reset"} | lifecycle == set(bag.dags)
    assert {} == bag.import_errors


def test_no_dag_uses_anything_deprecated(bag):
    """Warnings caught while the files were read."""
    assert {} == bag.captured_warnings


def test_every_dag_explains_itself_and_has_an_owner(bag):
    """What an operator on call reads in the UI."""
    for dag in bag.dags.values():
        assert dag.doc_md, f"{dag.dag_id}: write a module docstring and pass doc_md=__doc__"
        assert dag.description, f"{dag.dag_id}: give a description"
        assert "sparkify" in dag.tags, f"{dag.dag_id}: tag it"
        assert dag.catchup is False, f"{dag.dag_id}: set catchup=False on the DAG (in default_args it has no effect)"
        for name in dag.params:
            assert dag.params.get_param(name).description, f"{dag.dag_id}: describe param {name}"
        for task in dag.tasks:
            assert task.doc_md, f"{task.task_id}: give doc_md"
            assert "airflow" != task.owner, f"{task.task_id}: name an owner"


def test_runs_do_not_pile_up(bag):
    """Of the main DAG one may wait for its file while another works; of all others there is one run at a time."""
    assert {"sparkify_warehouse": 2} == {
        dag.dag_id: dag.max_active_runs for dag in bag.dags.values() if dag.max_active_runs != 1
    }


def test_only_what_can_pass_is_tried_again(bag):
    """Every task may retry, and asks the policy whether it helps."""
    for dag in bag.dags.values():
        for task in dag.tasks:
            assert task.retries >= 1, f"{task.task_id}: set retries"
            assert "TransientFailuresOnly" == type(task.retry_policy).__name__, f"{task.task_id}: set retry_policy"


def test_the_warehouses_tasks_retry_for_half_an_hour(warehouse):
    """Five times with exponential back-off: a maintenance window, or a cluster that resumes, takes as long."""
    for task in warehouse.tasks:
        assert 5 == task.retries, task.task_id
        assert 2 == task.retry_exponential_backoff, task.task_id
        # Airflow adds up to as much again at random.
        waits = [min(task.retry_delay * 2**number, task.max_retry_delay) for number in range(5)]
        total = sum(waits, datetime.timedelta())
        assert datetime.timedelta(minutes=20) <= total <= datetime.timedelta(minutes=30), task.task_id


def test_the_main_dag_stages_loads_checks_and_publishes(warehouse):
    """Its structure, edge by edge."""
    expected = {
        "wait_for_files": {"create_tables"},
        "create_tables": {"find_files"},
        "find_files": {"open_run"},
        "open_run": {"stage_events", "stage_songs"},
        "stage_events": {*LOADS - {"load_time"}, "record_run"},
        "stage_songs": {*LOADS - {"load_time"}, "record_run"},
        "load_songplays": {"load_time", "check_quality", "record_run"},
        **{load: {"check_quality", "record_run"} for load in LOADS - {"load_songplays"}},
        "check_quality": {"publish"},
        "publish": {"report_left_out"},
        "report_left_out": {"record_run"},
        "record_run": set(),
    }
    assert expected == edges(warehouse)
    assert ["record_run"] == [task.task_id for task in warehouse.tasks if task.is_teardown or task.is_setup]
    published = {"sparkify.songplays", "sparkify.users", "sparkify.songs", "sparkify.artists", "sparkify.time"}
    assert published == {asset.name for asset in warehouse.get_task("publish").outlets}


def test_what_was_left_out_is_reported_also_when_nothing_was_published(warehouse):
    """All files left out means that check_quality and publish are skipped; the run must be red all the same."""
    assert {"report_left_out": "none_failed", "record_run": "all_done_setup_success"} == {
        task.task_id: task.trigger_rule.value for task in warehouse.tasks if task.trigger_rule != "all_success"
    }


def test_a_waiting_run_holds_no_worker(warehouse):
    """And has a deadline of its own, not the other tasks'."""
    sensor = warehouse.get_task("wait_for_files")
    assert ("reschedule", None) == (sensor.mode, sensor.execution_timeout)
    assert all(task.execution_timeout == datetime.timedelta(hours=2) for task in warehouse.tasks if task is not sensor)


def test_a_reset_is_refused_while_a_run_is_active(bag):
    """By the task before it."""
    reset = bag.dags["sparkify_reset"]
    assert {"require_idle": {"drop_schemas"}, "drop_schemas": set()} == edges(reset)
    assert "sparkify_warehouse" == reset.get_task("require_idle").other_dag_id
    assert reset.schedule is None


def test_a_report_follows_every_publish(bag, warehouse):
    """Without a step by hand, from the first load on: it waits for what the publish task gives, all of it."""
    dag = bag.dags["sparkify_report"]
    outlets = {asset.name for asset in warehouse.get_task("publish").outlets}
    condition = dag.timetable.asset_condition
    assert "AssetAll" == type(condition).__name__
    assert outlets == {asset.name for asset in condition.objects}
    assert dag.is_paused_upon_creation is False


def test_clearing_a_task_clears_what_comes_after_it_and_nothing_before(warehouse):
    """As the UI does it: were a task before it the teardown's setup, it would be cleared too, and open another run."""
    from airflow.serialization.serialized_objects import DagSerialization  # as above

    dag = DagSerialization.from_dict(DagSerialization.to_dict(warehouse))
    after = {"check_quality", "publish", "report_left_out", "record_run"}
    for downstream, expected in ((True, after), (False, {"check_quality"})):
        cleared = dag.partial_subset("check_quality", include_downstream=downstream, include_upstream=False)
        assert expected == set(cleared.task_ids)


def test_a_cluster_is_deleted_before_what_it_uses(bag):
    """And nothing is deleted before the plan was confirmed; nothing created before the settings were checked."""
    parts = ("role", "subnet_group", "security_group")
    provision, teardown = bag.dags["sparkify_provision"], bag.dags["sparkify_teardown"]
    assert {f"create_{part}" for part in parts} == provision.get_task("create_cluster").upstream_task_ids
    assert all({"check_settings"} == provision.get_task(f"create_{part}").upstream_task_ids for part in parts)
    assert {"plan"} == teardown.get_task("delete_cluster").upstream_task_ids
    assert all({"wait_until_gone"} == teardown.get_task(f"delete_{part}").upstream_task_ids for part in parts)
    assert {f"delete_{part}" for part in parts} == teardown.get_task("check_nothing_left").upstream_task_ids


def test_the_params_of_the_main_dag(warehouse):
    """No modes to choose from; whatever is not asked for is off."""
    defaults = {name: warehouse.params[name] for name in warehouse.params}
    off = dict.fromkeys(("reload", "drop_vanished", "recompute", "confirm_empty"), False)
    assert {"period": None, **off} == defaults


@pytest.mark.parametrize("period", ["yesterday", "2018-1", "2018-11-05T00", "all'; DROP SCHEMA sparkify; --"])
def test_a_period_that_is_none_is_refused_by_the_form(warehouse, period):
    """By the param's own pattern; the operators refuse it too."""
    param = warehouse.params.get_param("period")
    with pytest.raises(ValueError, match="does not match"):
        param.resolve(period)
    for good in (None, "all", "2018", "2018-11", "2018-11-05"):
        assert good == param.resolve(good)


@pytest.mark.parametrize("task_id", ["find_files", "stage_events", "stage_songs"])
@pytest.mark.parametrize(
    ("context", "period", "is_given"),
    [
        ({"ds": "2018-11-05", "params": {"period": None}}, "2018-11-05", "False"),
        ({"ds": "2018-11-05", "params": {"period": ""}}, "2018-11-05", "False"),
        ({"ds": "2018-11-05", "params": {"period": "2018-10"}}, "2018-10", "True"),
        ({"params": {"period": None}}, "all", "False"),
        ({"params": {"period": "2018"}}, "2018", "True"),
    ],
)
def test_the_period_of_a_run(warehouse, task_id, context, period, is_given):
    """The param, else the run's day, else - a run without any date - everything."""
    task = warehouse.get_task(task_id).prepare_for_execution()
    other = dict.fromkeys(("reload", "drop_vanished", "recompute", "confirm_empty"), False)
    values = {"value": {"sparkify_bucket": "lake"}}
    task.render_template_fields({**context, "params": other | context["params"], "var": values, "ti": NoRun()})
    assert (period, is_given, "lake") == (task.period, task.is_period_given, task.bucket)


class NoRun:
    """A task instance of a run that has not been opened."""

    def xcom_pull(self, **_: object) -> None:
        """Nothing has been pushed."""
