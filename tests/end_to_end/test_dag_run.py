"""The DAG as Airflow runs it: states, skips, failures, logs, and the record that each run leaves."""

from __future__ import annotations

import datetime
import json
import os
from collections import Counter

import pytest

from sparkify.checks import CHECKS
from tests.end_to_end.test_corrections import FIFTH, event, lines, song
from warehouse.reporting.history import History, RunRecord

# Airflow's own task runner and its in-process server warn of each other's parts.
pytestmark = pytest.mark.filterwarnings("ignore")

DAY = datetime.datetime(2018, 11, 5, tzinfo=datetime.UTC)


@pytest.fixture
def run(airflow_database, warehouse_dag, lake, empty_warehouse, monkeypatch):
    """Runs the DAG by Airflow's own `dag.test`; returns the run's state and each task's."""
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_WORK_PREFIX", f"s3://{lake.bucket}/sparkify/")

    def test_run(logical_date: datetime.datetime | None = DAY, **conf: str) -> tuple[str, dict[str, str]]:
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


def test_a_day_goes_green(run, lake, published, latest_record):
    """Every task, once; the day is the run's own, and its record says what it brought."""
    lake.put(FIFTH, lines(event()))
    lake.put("song_data/A/A/A/TRAAA1.json", lines(song()))
    state, tasks = run()
    assert "success" == state
    assert {"success"} == set(tasks.values())
    assert len(tasks) == 12
    assert {("S1", "A1")} == {row[4:6] for row in published()["songplays"]}
    record = latest_record()
    assert ("published", "2018-11-05", "merge", DAY) == (
        *(record.outcome, record.period, record.mode),
        record.logical_date,
    )
    assert record.started_at < record.recorded_at
    assert [("stage_events", 1, 1), ("stage_songs", 1, 1)] == [(s.task, s.rows, s.files) for s in record.stages]
    assert {table: len(rows) for table, rows in published().items()} == {
        size.table.removeprefix("sparkify."): size.rows for size in record.tables
    }
    moment = DAY + datetime.timedelta(milliseconds=123)
    assert {"songplays": moment, "users": moment, "time": moment, "songs": None, "artists": None} == {
        size.table.removeprefix("sparkify."): size.latest for size in record.tables
    }
    assert {check.name for check in CHECKS} == {check.name for check in record.checks}
    assert ((), (), ()) == (record.failed_tasks, record.load_errors, record.notes)


def test_a_failed_check_fails_the_run_and_its_log_lists_every_failed_check(
    run, lake, pipeline, published, capfd, latest_record
):
    """At once, without retries; only the record comes after it, and nothing is published."""
    lake.put(FIFTH, lines(event()))
    pipeline.run("2018-11-05")
    before = published()
    lake.put(FIFTH, lines(event(level="gratis"), event(itemInSession=1, level="gratis")))
    state, tasks = run()
    assert ("failed", "failed", "upstream_failed") == (state, tasks["check_quality"], tasks["publish"])
    assert "success" == tasks["record_run"]
    assert before == published()
    log = "".join(capfd.readouterr())
    assert "songplays.level is accepted: every level among the candidates of sparkify.songplays is one of" in log
    assert "users.level is accepted" in log
    assert 2 <= log.count("observed 1, expected 0")
    record = latest_record()
    assert ("checks failed", ("check_quality",)) == (record.outcome, record.failed_tasks)
    failed = {check.name: check for check in record.checks if check.status == "failed"}
    assert {"songplays.level is accepted", "users.level is accepted"} == set(failed)
    assert (1, "0", "audit.users") == tuple(
        getattr(failed["users.level is accepted"], name) for name in ("observed", "expected", "table")
    )
    assert [1] == [size.rows for size in record.tables if size.table == "sparkify.songplays"]


def test_a_line_that_cannot_be_loaded_is_in_the_record(run, lake, latest_record):
    """Without the figures and checks of a run before; what failed because of it is not called failed."""
    lake.put(FIFTH, lines(event(userId="no number")))
    state, tasks = run()
    assert ("failed", "success") == (state, tasks["record_run"])
    record = latest_record()
    assert ("failed", ("stage_events",), ()) == (record.outcome, record.failed_tasks, record.checks)
    (error,) = record.load_errors
    assert error.startswith(f"s3://{lake.bucket}/{FIFTH}, line 1, column user_id, value 'no number': ")
    assert Counter() == Counter(size.rows for size in record.tables if size.rows)


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
    assert note.startswith("the warehouse could not be asked for checks and table sizes: conn")
    assert settings["password"] not in note


def test_what_a_run_can_do_without(run, lake, published, monkeypatch):
    """Without a catalogue its stage is skipped and plays are loaded; a record that cannot be written fails alone."""
    lake.put(FIFTH, lines(event()))
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_WORK_PREFIX", "s3://no-such-bucket-of-ours/sparkify")
    state, tasks = run()
    assert ("success", "failed", "skipped") == (state, tasks.pop("record_run"), tasks.pop("stage_songs"))
    assert {"success"} == set(tasks.values())
    assert 1 == len(published()["songplays"])


def test_a_period_that_is_none_is_refused_before_the_run(run):
    """By the param's own pattern, in the UI and here."""
    with pytest.raises(Exception, match="yesterday"):
        run(period="yesterday")
