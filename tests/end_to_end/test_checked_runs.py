"""Only what has passed the checks as it is now is published, and every check's result is kept."""

from __future__ import annotations

import pytest
from airflow.sdk.api.datamodels._generated import DagRunType
from airflow.sdk.exceptions import AirflowFailException

from sparkify.checks import CHECKS
from tests.end_to_end.test_corrections import CATALOGUE, FIFTH, FOURTH, event, lines, song
from warehouse.checks import Check

DAY = "2018-11-05"


@pytest.fixture
def day(lake, pipeline, prepared):
    """A day published, and another play come since."""
    lake.put(FOURTH, lines(event(sessionId=2, ts=1541376000123 - 86_400_000)))
    lake.put(FIFTH, lines(event()))
    prepared("day", lambda: pipeline.run(DAY))
    lake.put(FIFTH, lines(event(), event(itemInSession=1)))


@pytest.mark.parametrize("task_id", ["stage_events", "load_users"])
def test_candidates_that_changed_since_the_checks_are_checked_again(day, pipeline, published, task_id):
    """A task cleared after the checks takes their verdict back; checked again, the run is published."""
    before = published()
    run = pipeline.open(DAY)
    run.advance(until="check_quality")
    pipeline.run_task(task_id, run.context)
    run.finish()
    assert "have not passed the checks" in str(run.errors.pop("publish"))
    assert before == published()
    pipeline.run_task("check_quality", run.context)
    pipeline.run_task("publish", run.context)
    assert 2 == len(published()["songplays"])


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_failed_checks_publish_nothing_and_hide_no_other(connection, day, pipeline, published, reader, monkeypatch):
    """One whose SQL is wrong is listed as an error; all the others see the same rows, and all results are kept."""
    broken = Check(
        name="broken",
        sql="checks/missing_values.sql",
        table="sparkify_run.users",
        description="every user has a shoe size",
        at_most=0,
        parameters={"table": "users", "column": "shoe_size"},
    )
    many = Check(
        name="many plays",
        sql="checks/row_count.sql",
        table="sparkify_run.songplays",
        description="there are ten new or changed plays",
        at_least=10,
        parameters={"table": "songplays"},
    )
    monkeypatch.setattr(pipeline.dag.get_task("check_quality"), "checks", (CHECKS[0], broken, *CHECKS[1:], many))
    before = published()
    run = pipeline.open(DAY)
    run.finish()
    assert {"check_quality"} == run.errors.keys()
    assert {"upstream_failed"} == {run.states["publish"], run.states["report_left_out"]}
    message = str(run.errors["check_quality"])
    assert f"2 of {len(CHECKS) + 2} checks failed" in message
    assert "broken: every user has a shoe size; observed an error: " in message
    assert "shoe_size" in message
    assert "many plays: there are ten new or changed plays; observed 1, expected at least 10" in message
    with pytest.raises(AirflowFailException, match="have not passed the checks"):
        pipeline.run_task("publish", run.context)
    assert before == published()
    kept = reader.execute(
        "SELECT check_name, observed, passed FROM sparkify_quality.results WHERE run_id = %s", [run.run_id]
    ).fetchall()
    assert {*(check.name for check in CHECKS), "broken", "many plays"} == {name for name, _, _ in kept}
    assert {("broken", None, False), ("many plays", 1, False)} == {
        row for row in kept if row[0] in ("broken", "many plays")
    }


def test_results_of_a_run_checked_twice_are_kept_once(day, pipeline, reader):
    """The later try's, in place of the earlier's."""
    run = pipeline.open(DAY)
    run.advance(until="check_quality")
    query = "SELECT {} FROM sparkify_quality.results WHERE run_id = %s"
    first = reader.execute(query.format("MAX(checked_at)"), [run.run_id]).fetchone()
    pipeline.run_task("check_quality", run.context)
    counts = "COUNT(*), COUNT(DISTINCT check_name), MIN(checked_at)"
    rows, names, since = reader.execute(query.format(counts), [run.run_id]).fetchone()
    assert (len(CHECKS), len(CHECKS), True) == (rows, names, since > first[0])


def test_without_any_log_the_warehouse_is_emptied_only_on_request(day, lake, pipeline, published):
    """Told twice, the run publishes empty tables, green, with warnings."""
    before = published()
    for key in (FOURTH, FIFTH):
        lake.delete(key)
    with pytest.raises(AirflowFailException, match="set confirm_empty as well"):
        pipeline.run(period="all", drop_vanished=True)
    assert before == published()
    returned = pipeline.run(period="all", drop_vanished=True, confirm_empty=True)
    assert returned["check_quality"]["warned"] >= 3
    assert {name: set() for name in before} == published()


def test_tables_are_not_emptied_while_there_are_logs(day, pipeline, published, reader, monkeypatch):
    """Whatever makes the candidates disappear: here, somebody deletes them."""
    run = pipeline.open(period="all", recompute=True)
    run.advance(until="load_time")
    run.advance(until="load_users")
    schema = run.returned["open_run"]["run_schema"]
    reader.execute(f"INSERT INTO {schema}.deleted_users SELECT user_id FROM sparkify.users")
    reader.execute(f"DELETE FROM {schema}.users")
    before = published()
    run.finish()
    assert "users has rows: " in str(run.errors["check_quality"])
    assert before == published()


def test_a_first_day_without_a_file_is_green(lake, pipeline, empty_warehouse, published, monkeypatch):
    """A scheduled run goes on without it; the catalogue is loaded, and tables of plays are empty."""
    lake.put(CATALOGUE, lines(song()))
    run = pipeline.open("2018-11-05")
    run.context["dag_run"].run_type = DagRunType.SCHEDULED
    monkeypatch.setattr(pipeline.dag.get_task("wait_for_files"), "poke", lambda context: True)
    run.finish()
    assert {} == run.errors
    assert (set(), 1) == (published()["songplays"], len(published()["songs"]))
