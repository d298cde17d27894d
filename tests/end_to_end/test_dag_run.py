"""The DAG as Airflow runs it: states, skips, failures and logs."""

from __future__ import annotations

import datetime

import pytest

from tests.end_to_end.test_corrections import FIFTH, event, lines, song

# Airflow's own task runner and its in-process server warn of each other's parts.
pytestmark = pytest.mark.filterwarnings("ignore")

DAY = datetime.datetime(2018, 11, 5, tzinfo=datetime.UTC)


@pytest.fixture
def run(airflow_database, warehouse_dag, lake, empty_warehouse):
    """Runs the DAG by Airflow's own `dag.test`; returns the run's state and each task's."""

    def test_run(logical_date: datetime.datetime | None = DAY, **conf: str) -> tuple[str, dict[str, str]]:
        dag_run = warehouse_dag.test(logical_date=logical_date, run_conf=conf)
        return str(dag_run.state), {ti.task_id: str(ti.state) for ti in dag_run.get_task_instances()}

    return test_run


def test_a_day_goes_green(run, lake, published):
    """Every task, once; the day is the run's own."""
    lake.put(FIFTH, lines(event()))
    lake.put("song_data/A/A/A/TRAAA1.json", lines(song()))
    state, tasks = run()
    assert "success" == state
    assert {"success"} == set(tasks.values())
    assert len(tasks) == 11
    assert {("S1", "A1")} == {row[4:6] for row in published()["songplays"]}


def test_a_missing_catalogue_is_skipped_and_plays_are_loaded(run, lake, published):
    """The stage is skipped; what comes after runs all the same."""
    lake.put(FIFTH, lines(event()))
    state, tasks = run()
    assert "success" == state
    assert "skipped" == tasks.pop("stage_songs")
    assert {"success"} == set(tasks.values())
    assert 1 == len(published()["songplays"])


def test_a_failed_check_fails_the_run_and_its_log_lists_every_failed_check(run, lake, published, capfd):
    """At once, without retries; nothing after it runs, and nothing is published."""
    lake.put(FIFTH, lines(event()))
    run()
    before = published()
    lake.put(FIFTH, lines(event(level="gratis"), event(itemInSession=1, level="gratis")))
    state, tasks = run()
    assert ("failed", "failed", "upstream_failed") == (state, tasks["check_quality"], tasks["publish"])
    assert before == published()
    log = "".join(capfd.readouterr())
    assert "songplays.level is accepted: every level among the candidates of sparkify.songplays is one of" in log
    assert "users.level is accepted" in log
    assert 2 <= log.count("observed 1, expected 0")


def test_a_period_that_is_none_is_refused_before_the_run(run):
    """By the param's own pattern, in the UI and here."""
    with pytest.raises(Exception, match="yesterday"):
        run(period="yesterday")
