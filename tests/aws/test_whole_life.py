"""The cluster's life as Airflow runs it, by `dag.test`: states, logs, and the account before and after."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.aws.conftest import CIDR

# Airflow's own task runner and its in-process server warn of each other's parts.
pytestmark = pytest.mark.filterwarnings("ignore")

Run = Callable[..., dict[str, str]]


@pytest.fixture
def run(brisk: None, bag: Any, lifecycle: Any) -> Run:
    """Runs a DAG by `dag.test`; returns the run's state and each task's."""

    def test_run(dag_id: str, **conf: Any) -> dict[str, str]:
        dag = bag.dags[dag_id]
        for task in dag.tasks:
            task.retries = 0
            if hasattr(task, "poke_interval"):
                task.poke_interval = 0.05
        dag_run = dag.test(run_conf=conf)
        return {"run": str(dag_run.state), **{ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}}

    return test_run


@pytest.fixture
def active_run(airflow_database: None) -> Iterator[Callable[[str], None]]:
    """Lets there be a run of the warehouse's DAG in a state, as Airflow's database has it."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session

    now = datetime.datetime.now(datetime.UTC)
    key = {"dag_id": "sparkify_warehouse", "run_id": "manual__another"}

    def put(state: str) -> None:
        with create_session() as session:
            session.add(DagRun(**key, run_type="manual", run_after=now, state=state))

    yield put
    with create_session() as session:
        session.query(DagRun).filter_by(**key).delete()


def test_a_whole_life_leaves_the_account_as_it_was(run, account, calls, monkeypatch):
    """Provision, provision again, pause, resume, tear down without a snapshot: everything listed and compared.

    There is no connection `redshift`, as on a new account.
    """
    monkeypatch.delenv("AIRFLOW_CONN_REDSHIFT")
    before = account.holdings()
    conf = {"cidr": CIDR, "subnets": account.subnets()}
    states = run("sparkify_provision", **conf)
    assert ("success", "skipped") == (states.pop("run"), states.pop("try_copy"))
    assert {"success"} == set(states.values())
    between = account.holdings()
    assert {name for name in before if before[name] != between[name]} == {
        *("roles", "security groups", "subnet groups", "clusters", "secrets"),
    }

    calls.clear()
    assert "success" == run("sparkify_provision", **conf)["run"]
    assert len(calls) > 10
    assert [] == calls.changes()
    assert between == account.holdings()

    assert {"success"} == set(run("sparkify_pause").values())
    assert "paused" == account.cluster()["ClusterStatus"]
    assert "skipped" == run("sparkify_pause")["pause"]
    assert {"success"} == set(run("sparkify_resume").values())
    assert "available" == account.cluster()["ClusterStatus"]
    assert "skipped" == run("sparkify_resume")["resume"]

    assert {"success"} == set(run("sparkify_teardown", confirmation="sparkify", final_snapshot=False).values())
    assert before == account.holdings()


@pytest.mark.parametrize("state", ["running", "queued"])
def test_a_pause_is_refused_while_the_warehouse_is_being_loaded(run, account, lifecycle, active_run, capfd, state):
    """The cluster stays up, and the log says what for."""
    lifecycle.provision()
    active_run(state)
    states = run("sparkify_pause")
    assert ("failed", "failed", "upstream_failed") == (states["run"], states["require_idle"], states["pause"])
    assert "1 runs of sparkify_warehouse are active" in "".join(capfd.readouterr())
    assert "available" == account.cluster()["ClusterStatus"]


def test_a_pause_goes_on_when_the_warehouses_runs_have_ended(run, account, lifecycle, active_run):
    """Failed ones, too."""
    lifecycle.provision()
    active_run("failed")
    assert "success" == run("sparkify_pause")["run"]
    assert "paused" == account.cluster()["ClusterStatus"]


def test_a_node_type_that_is_none_is_refused_before_the_run(run):
    """By the param's own list, in the UI and here."""
    with pytest.raises(Exception, match=r"ra3\.tiny"):
        run("sparkify_provision", cidr=CIDR, node_type="ra3.tiny")


@pytest.mark.parametrize("dag_id", ["sparkify_pause", "sparkify_resume"])
def test_a_nightly_schedule_comes_from_airflows_configuration(dag_id, monkeypatch):
    """Without one, both run by hand only."""
    from airflow.dag_processing.dagbag import DagBag

    from tests.aws.conftest import ROOT

    file = str(ROOT / "dags" / f"{dag_id}.py")
    assert "NullTimetable" == type(DagBag(file).dags[dag_id].timetable).__name__
    monkeypatch.setenv(f"AIRFLOW__SPARKIFY__{dag_id.removeprefix('sparkify_').upper()}_SCHEDULE", "0 20 * * 1-5")
    assert "0 20 * * 1-5" == DagBag(file).dags[dag_id].timetable.expression
