"""The DAG as Airflow runs it: states, skips, failures, logs, asset events, and the record that each run leaves."""

from __future__ import annotations

import datetime
import json
import os

import pytest

from sparkify.checks import CHECKS
from tests.end_to_end.test_corrections import CATALOGUE, FIFTH, event, lines, song
from warehouse.checks import Check
from warehouse.reporting.history import History, RunRecord

# Airflow's own task runner and its in-process server warn of each other's parts.
pytestmark = pytest.mark.filterwarnings("ignore")

DAY = datetime.datetime(2018, 11, 5, tzinfo=datetime.UTC)
TABLES = ("songplays", "users", "songs", "artists", "time")


@pytest.fixture
def run(airflow_database, warehouse_dag, lake, empty_warehouse, monkeypatch):
    """Runs the DAG by Airflow's own `dag.test`; returns the run's state and each task's."""
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_WORK_PREFIX", f"s3://{lake.bucket}/sparkify/")

    def test_run(logical_date: datetime.datetime | None = DAY, **conf: object) -> tuple[str, dict[str, str]]:
        dag_run = warehouse_dag.test(logical_date=logical_date, run_conf=conf)
        return str(dag_run.state), {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}

    return test_run


@pytest.fixture
def latest_record(lake):
    """Reads the newest record, when called."""

    def read() -> RunRecord:
        reading = History().read(lake.client, f"s3://{lake.bucket}/sparkify", limit=1)
        assert [] == reading.unreadable
        return reading.records[0]

    return read


def asset_events() -> list[tuple[str, dict]]:
    """The asset events that Airflow knows, by asset, with what changed."""
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session

    with create_session() as session:
        rows = session.query(AssetModel.name, AssetEvent.extra).join(AssetEvent, AssetEvent.asset_id == AssetModel.id)
        return sorted(rows.all(), key=lambda row: row[0])


def test_a_day_goes_green_and_again_there_is_nothing_to_do(run, lake, published, latest_record):
    """Every task, once; an event for each asset. The second run is green too, skipped after looking, without events."""
    lake.put(FIFTH, lines(event(), event(itemInSession=1)))
    lake.put(CATALOGUE, lines(song()))
    events = len(asset_events())
    state, tasks = run()
    assert "success" == state
    assert {"success"} == set(tasks.values())
    assert 15 == len(tasks)
    assert {("S1", "A1")} == {row[4:6] for row in published()["songplays"]}
    found = asset_events()
    assert events + 5 == len(found)
    assert ("sparkify.songplays", {"inserted": 2, "deleted": 0}) in found
    record = latest_record()
    assert ("published", "2018-11-05", (), DAY) == (
        *(record.outcome, record.period, record.options),
        record.logical_date,
    )
    assert record.started_at < record.recorded_at
    assert [("stage_events", 2, 1), ("stage_songs", 1, 1)] == [(s.task, s.rows, s.files) for s in record.stages]
    sizes = {size.table.removeprefix("sparkify."): size for size in record.tables}
    assert {table: len(rows) for table, rows in published().items()} == {
        table: size.rows for table, size in sizes.items()
    }
    moment = DAY + datetime.timedelta(milliseconds=123)
    assert {"songplays": moment, "users": moment, "time": moment, "songs": None, "artists": None} == {
        table: size.latest for table, size in sizes.items()
    }
    assert {check.name for check in CHECKS} == {check.name for check in record.checks}
    assert ((), (), (), (), ()) == (
        *(record.failed_tasks, record.load_errors, record.notes),
        *(record.left_out, record.warnings),
    )

    state, tasks = run(DAY + datetime.timedelta(hours=1))
    done = {"wait_for_files", "create_tables", "record_run"}
    assert "success" == state
    assert {task_id: "success" if task_id in done else "skipped" for task_id in tasks} == tasks
    assert events + 5 == len(asset_events())
    assert ("nothing new", ()) == (latest_record().outcome, latest_record().failed_tasks)


def test_a_file_left_out_turns_the_run_red_and_the_rest_is_published(run, lake, published, capfd, latest_record):
    """Its line is in the log and in the record, without people's data; a broken song file holds up no play."""
    lake.put(FIFTH, lines(event()))
    lake.put(CATALOGUE, lines(song(duration="long")))
    bad = FIFTH.replace(".json", "-2.json")
    lake.put(bad, lines(event(userId="Hansen-Olsen")))
    state, tasks = run()
    assert "failed" == state
    assert {"report_left_out"} == {task_id for task_id, found in tasks.items() if found != "success"}
    assert 1 == len(published()["songplays"])
    log = "".join(capfd.readouterr())
    words = f"{bad}: s3://{lake.bucket}/{bad}, line 1, column user_id: "
    assert words in log
    record = latest_record()
    assert ("files left out", ("report_left_out",)) == (record.outcome, record.failed_tasks)
    first, second = record.left_out
    assert first.startswith(words)
    assert f"{CATALOGUE}, line 1, column duration, value 'long': " in second
    assert "Hansen" not in log + record.to_json()


def test_a_failed_check_fails_the_run_and_its_log_lists_every_failed_check(
    run, lake, published, capfd, latest_record, warehouse_dag, monkeypatch
):
    """At once, without retries; only the record comes after it, and nothing is published."""
    many = [
        Check(
            name=f"many {table}",
            sql="checks/row_count.sql",
            table=f"sparkify_run.{table}",
            description=f"there are new or changed {table}",
            at_least=10,
            parameters={"table": table},
        )
        for table in ("songplays", "users")
    ]
    monkeypatch.setattr(warehouse_dag.get_task("check_quality"), "checks", (*CHECKS, *many))
    lake.put(FIFTH, lines(event()))
    state, tasks = run()
    assert ("failed", "failed", "upstream_failed", "upstream_failed", "success") == (
        *(state, tasks["check_quality"], tasks["publish"]),
        *(tasks["report_left_out"], tasks["record_run"]),
    )
    assert {table: set() for table in TABLES} == published()
    log = "".join(capfd.readouterr())
    for table in ("songplays", "users"):
        assert f"many {table}: there are new or changed {table}; observed 1, expected at least 10" in log
    record = latest_record()
    assert ("checks failed", ("check_quality",)) == (record.outcome, record.failed_tasks)
    failed = {check.name: check for check in record.checks if check.status == "failed"}
    assert {"many songplays", "many users"} == set(failed)
    assert (1, "at least 10", "sparkify_run.users") == tuple(
        getattr(failed["many users"], name) for name in ("observed", "expected", "table")
    )


def test_a_warehouse_out_of_reach_costs_the_record_only_what_it_alone_knows(
    run, latest_record, monkeypatch, warehouse_dag
):
    """The likeliest reason of a failed run must not be the one that leaves no trace."""
    monkeypatch.setattr(warehouse_dag.get_task("create_tables"), "retries", 0)  # it would really wait between two tries
    settings = json.loads(os.environ["AIRFLOW_CONN_REDSHIFT"]) | {"conn_type": "postgres", "port": 9, "extra": {}}
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(settings))
    state, tasks = run()
    assert ("failed", "failed", "success") == (state, tasks["create_tables"], tasks["record_run"])
    record = latest_record()
    assert ("failed", ("create_tables",), (), ()) == (
        *(record.outcome, record.failed_tasks),
        *(record.checks, record.tables),
    )
    (note,) = record.notes
    assert note.startswith("check results and table sizes could not be queried: connection 'redshift' to host ")
    assert settings["password"] not in note


def test_a_period_that_is_none_is_refused_before_the_run(run):
    """By the param's own pattern, in the UI and here."""
    with pytest.raises(Exception, match="yesterday"):
        run(period="yesterday")
