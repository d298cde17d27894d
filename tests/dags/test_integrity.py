"""House rules for every DAG, over the whole bag."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def bag():
    """All DAGs, as Airflow reads them."""
    from airflow.dag_processing.dagbag import DagBag  # the environment must be complete before Airflow is imported

    return DagBag(str(ROOT / "dags"))


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
        assert 1 == dag.max_active_runs, f"{dag.dag_id}: staging and audit tables are shared, set max_active_runs=1"
        assert dag.catchup is False, f"{dag.dag_id}: set catchup=False on the DAG (in default_args it has no effect)"
        for name in dag.params:
            assert dag.params.get_param(name).description, f"{dag.dag_id}: describe param {name}"
        for task in dag.tasks:
            assert task.doc_md, f"{task.task_id}: give doc_md"
            assert "airflow" != task.owner, f"{task.task_id}: name an owner"


def test_only_what_can_pass_is_tried_again(bag):
    """Every task may retry, and asks the policy whether it helps."""
    for dag in bag.dags.values():
        for task in dag.tasks:
            assert task.retries >= 1, f"{task.task_id}: set retries"
            assert "TransientFailuresOnly" == type(task.retry_policy).__name__, f"{task.task_id}: set retry_policy"


def test_the_main_dag_stages_loads_checks_and_publishes(bag):
    """Its structure, edge by edge."""
    dag = bag.dags["sparkify_warehouse"]
    loads = {"load_songplays", "load_users", "load_songs", "load_artists", "load_time"}
    expected = {
        "create_tables": {"open_run"},
        "open_run": {"stage_events", "stage_songs"},
        "stage_events": {*loads, "record_run"},
        "stage_songs": {*loads, "record_run"},
        **{load: {"check_quality", "record_run"} for load in loads},
        "check_quality": {"publish"},
        "publish": {"record_run"},
        "record_run": set(),
    }
    assert expected == {task.task_id: set(task.downstream_task_ids) for task in dag.tasks}
    assert ["record_run"] == [task.task_id for task in dag.tasks if task.is_teardown or task.is_setup]
    published = {"sparkify.songplays", "sparkify.users", "sparkify.songs", "sparkify.artists", "sparkify.time"}
    assert published == {asset.name for asset in dag.get_task("publish").outlets}


def test_a_report_follows_every_publish(bag):
    """By itself, also for who loads for the first time: it waits for what the publish task gives, all of it."""
    dag = bag.dags["sparkify_report"]
    outlets = {asset.name for asset in bag.dags["sparkify_warehouse"].get_task("publish").outlets}
    condition = dag.timetable.asset_condition
    assert "AssetAll" == type(condition).__name__
    assert outlets == {asset.name for asset in condition.objects}
    assert dag.is_paused_upon_creation is False


def test_clearing_a_task_clears_what_comes_after_it_and_nothing_before(bag):
    """As the UI does it: were a task before it the teardown's setup, it would be cleared too, and empty staging."""
    from airflow.serialization.serialized_objects import DagSerialization  # as above

    dag = DagSerialization.from_dict(DagSerialization.to_dict(bag.dags["sparkify_warehouse"]))
    for downstream, expected in ((True, {"check_quality", "publish", "record_run"}), (False, {"check_quality"})):
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


@pytest.mark.parametrize(
    ("period", "prefix"),
    [
        ("all", "log_data/"),
        ("2018", "log_data/2018/"),
        ("2018-11", "log_data/2018/11/"),
        ("2018-11-05", "log_data/2018/11/2018-11-05-events"),
    ],
)
def test_a_period_is_one_prefix(bag, period, prefix):
    """And so one COPY."""
    assert prefix == bag.dags["sparkify_warehouse"].user_defined_macros["log_prefix"](period)


@pytest.mark.parametrize(
    ("context", "period"),
    [
        ({"ds": "2018-11-05", "params": {"period": None}}, "2018-11-05"),
        ({"ds": "2018-11-05", "params": {"period": "2018-10"}}, "2018-10"),
        ({"params": {"period": None}}, "all"),
        ({"params": {"period": "2018"}}, "2018"),
    ],
)
def test_the_period_of_a_run(bag, context, period):
    """The param, else the run's day, else - a run without any date - everything."""
    task = bag.dags["sparkify_warehouse"].get_task("open_run").prepare_for_execution()
    context = context | {"params": {"mode": "merge"} | context["params"]}
    task.render_template_fields(context)
    assert period == task.period
