"""The cluster DAGs from provisioning to teardown, run with `dag.test`: states, logs, and the account afterwards."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.aws.conftest import CIDR

# Airflow's task runner and its in-process server emit warnings about each other.
pytestmark = pytest.mark.filterwarnings("ignore")

Run = Callable[..., dict[str, str]]


@pytest.fixture
def run(short_sleeps: None, bag: Any, lifecycle: Any) -> Run:
    """A function that runs a DAG with `dag.test` and returns the state of the run and of each task."""

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
    """A function that puts a run of the warehouse DAG in a given state into Airflow's database."""
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


def test_a_whole_lifecycle_leaves_the_account_unchanged(run, account, calls, monkeypatch):
    """Provision, provision again, pause, resume, tear down without a snapshot, and compare the account each time.

    As in a new account, the connection `redshift` does not exist.
    """
    monkeypatch.delenv("AIRFLOW_CONN_REDSHIFT")
    before = account.inventory()
    conf = {"cidr": CIDR, "subnets": account.subnets()}
    states = run("sparkify_provision", **conf)
    assert ("success", "skipped") == (states.pop("run"), states.pop("try_copy"))
    assert {"success"} == set(states.values())
    between = account.inventory()
    assert {name for name in before if before[name] != between[name]} == {
        *("roles", "security groups", "subnet groups", "clusters", "secrets"),
    }

    calls.clear()
    assert "success" == run("sparkify_provision", **conf)["run"]
    assert len(calls) > 10
    assert [] == calls.writes()
    assert between == account.inventory()

    assert {"success"} == set(run("sparkify_pause").values())
    assert "paused" == account.cluster()["ClusterStatus"]
    assert "skipped" == run("sparkify_pause")["pause"]
    assert {"success"} == set(run("sparkify_resume").values())
    assert "available" == account.cluster()["ClusterStatus"]
    assert "skipped" == run("sparkify_resume")["resume"]

    assert {"success"} == set(run("sparkify_teardown", confirmation="sparkify", final_snapshot=False).values())
    assert before == account.inventory()


@pytest.mark.parametrize("state", ["running", "queued"])
def test_a_pause_fails_while_the_warehouse_dag_is_active(run, account, lifecycle, active_run, capfd, state):
    """The cluster stays available, and the log shows the reason."""
    lifecycle.provision()
    active_run(state)
    states = run("sparkify_pause")
    assert ("failed", "failed", "upstream_failed") == (states["run"], states["require_idle"], states["pause"])
    assert "sparkify_warehouse has active runs (1)" in "".join(capfd.readouterr())
    assert "available" == account.cluster()["ClusterStatus"]


def test_a_pause_succeeds_after_the_warehouse_dag_has_finished(run, account, lifecycle, active_run):
    """A failed run counts as finished."""
    lifecycle.provision()
    active_run("failed")
    assert "success" == run("sparkify_pause")["run"]
    assert "paused" == account.cluster()["ClusterStatus"]


def test_an_unknown_node_type_is_rejected_before_the_run(run):
    """The param lists the valid values, in the UI and here."""
    with pytest.raises(Exception, match=r"ra3\.tiny"):
        run("sparkify_provision", cidr=CIDR, node_type="ra3.tiny")


@pytest.mark.parametrize("dag_id", ["sparkify_pause", "sparkify_resume"])
def test_the_schedule_comes_from_airflows_configuration(dag_id, monkeypatch):
    """Without one, the DAG only runs by hand."""
    from airflow.dag_processing.dagbag import DagBag

    from tests.aws.conftest import ROOT

    file = str(ROOT / "dags" / f"{dag_id}.py")
    assert "NullTimetable" == type(DagBag(file).dags[dag_id].timetable).__name__
    monkeypatch.setenv(f"AIRFLOW__SPARKIFY__{dag_id.removeprefix('sparkify_').upper()}_SCHEDULE", "0 20 * * 1-5")
    assert "0 20 * * 1-5" == DagBag(file).dags[dag_id].timetable.expression
