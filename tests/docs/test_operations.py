"""docs/operations.md, walked through: each command, query and change is taken from the page's own text."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowFailException

from tests.docs.documents import ROOT, block, blocks
from tests.end_to_end.pipeline import Pipeline
from tests.end_to_end.test_corrections import CATALOGUE, EARLIER, FIFTH, FOURTH, event, lines, song

# Airflow's own task runner and its in-process server warn of each other's parts.
pytestmark = pytest.mark.filterwarnings("ignore")

PAGE = "docs/operations.md"


def airflow(command: str) -> None:
    """An `airflow` command, run by Airflow's own command line in this process, which saves 5 s."""
    from airflow.cli.cli_parser import get_parser

    program, *words = shlex.split(command)
    assert "airflow" == program
    arguments = get_parser().parse_args(words)
    arguments.func(arguments)


@pytest.fixture(scope="module")
def known_dags(airflow_database) -> None:
    """Airflow's database knows the DAGs, as after a start of the DAG processor."""
    airflow("airflow dags reserialize")


@pytest.fixture
def triggered(known_dags):
    """Triggers by the commands of a block and returns the conf of each new run, as the scheduler would find it."""
    from airflow.models import DagRun

    def trigger(commands: str) -> list[dict[str, Any]]:
        found = []
        for command in commands.splitlines():
            before = {run.run_id for run in DagRun.find()}
            airflow(command)
            (new,) = [run for run in DagRun.find() if run.run_id not in before]
            found.append(dict(new.conf))
        return found

    return trigger


def test_a_month_in_one_run_gives_what_its_days_give(two_days, triggered, pipeline, published, empty_warehouse):
    """Both ways of loading history lead to the same tables."""
    day_by_day = published()
    empty_warehouse()
    (conf,) = triggered(block(PAGE, "Load history", "sh", 1))
    pipeline.run(**conf)
    assert day_by_day == published()


def test_the_rows_of_a_file_that_is_gone_stay_until_they_are_dropped(two_days, triggered, lake, pipeline, published):
    """And where no file of the catalogue is left, dropping them takes a confirmation."""
    lake.delete(FIFTH)
    before = published()
    pipeline.run("2018-11-05")
    assert before == published()

    (conf,) = triggered(block(PAGE, "A file is gone", "sh"))
    pipeline.run(**conf)
    assert {2} == {row[6] for row in published()["songplays"]}

    lake.delete(CATALOGUE)
    conf["period"] = "2018-11-04"
    with pytest.raises(AirflowFailException, match="set confirm_empty as well"):
        pipeline.run(**conf)
    (confirmation,) = re.findall(r'add `("confirm_empty": true)`', (ROOT / PAGE).read_text(encoding="utf-8"))
    pipeline.run(**conf, **json.loads(f"{{{confirmation}}}"))
    assert set() == published()["songs"]


def test_a_file_that_cannot_be_loaded_is_named_and_its_good_lines_can_be_loaded(
    two_days, lake, pipeline, published, reader, monkeypatch
):
    """In the words of the page; the other file is published; its rejected line is in the warehouse until it is gone."""
    lake.put(FIFTH, lines(event(location="Akureyri")) + '{"firstName": "Ann\n')
    lake.put(FOURTH, lines(event(sessionId=2, ts=EARLIER, location="Húsavík")))
    with pytest.raises(AirflowFailException) as failed:
        pipeline.run("2018-11-05")
    said = block(PAGE, "A file was left out", "text").strip().replace("udacity-dend", lake.bucket)
    assert f"\n- {said}" in str(failed.value)
    assert "firstName" not in str(failed.value)
    assert {"Húsavík", "Reykjavík"} == {row[7] for row in published()["songplays"]}

    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_MAX_ERRORS", "5")
    pipeline.run("2018-11-05")
    assert {"Húsavík", "Akureyri"} == {row[7] for row in published()["songplays"]}
    rejects = block(PAGE, "A file was left out", "sql")
    ((file, line, _, _, raw_line),) = reader.execute(rejects).fetchall()
    assert (f"s3://{lake.bucket}/{FIFTH}", 2) == (file.strip(), line)
    assert raw_line.startswith('{"firstName": "Ann')

    lake.put(FIFTH, lines(event()))
    pipeline.run("2018-11-05")
    assert [] == reader.execute(rejects).fetchall()


def test_files_are_read_again_and_tables_computed_again(two_days, triggered, pipeline, published, reader):
    """A change of the tables by hand is repaired; without one, neither changes a row."""
    before = published()
    (conf,) = triggered(block(PAGE, "Read or compute again", "sh", 1))
    assert 2 == pipeline.run(**conf)["stage_events"]["files"]
    assert before == published()

    reader.execute("UPDATE sparkify.users SET level = 'free'")
    reader.execute("DELETE FROM sparkify.time")
    (conf,) = triggered(block(PAGE, "Read or compute again", "sh", 2))
    assert 0 == pipeline.run(**conf)["stage_events"]["files"]
    assert before == published()


def test_a_failed_check_is_found_and_the_next_run_reads_the_file_again(
    two_days, lake, pipeline, published, reader, monkeypatch
):
    """Its result and its rows are where the page says. The check is one that otherwise warns."""
    checks = pipeline.dag.get_task("check_quality").checks
    strict = [
        dataclasses.replace(check, severity="error") for check in checks if check.name == "songs.year is in range"
    ]
    monkeypatch.setattr(pipeline.dag.get_task("check_quality"), "checks", strict)
    before = published()
    lake.put(FIFTH, lines(event(), event(itemInSession=7)))
    lake.put(CATALOGUE, lines(song(year=19970)))
    run = pipeline.open("2018-11-05", run_id="failed")
    run.finish()
    with pytest.raises(AirflowFailException, match="1 of 1 checks failed"):
        run.result()
    assert before == published()

    ((run_id, name, _, observed, expected),) = reader.execute(block(PAGE, "A check failed", "sql", 1)).fetchall()
    assert ("failed", "songs.year is in range", 1, "0") == (run_id, name, observed, expected)
    rows = block(PAGE, "A check failed", "sql", 2)
    rows = rows.replace("sparkify_run_0123456789abcdef", run.returned["open_run"]["run_schema"])
    assert [(1, 7)] == [row[:2] for row in reader.execute(rows).fetchall() if row[1] == 7]

    lake.put(CATALOGUE, lines(song(year=1996)))
    pipeline.run("2018-11-05")
    assert {1996} == {row[3] for row in published()["songs"]}
    assert 7 in {row[9] for row in published()["songplays"]}


def the_scheduler_ran(run_id: str) -> Callable[[], set[str | None]]:
    """Note in Airflow's database that all tasks of a run have ended; return a function that gives their states."""
    from airflow.models import TaskInstance
    from airflow.utils.session import create_session

    with create_session() as session:
        session.query(TaskInstance).filter_by(run_id=run_id).update({"state": "failed"})

    def states() -> set[str | None]:
        with create_session() as session:
            return {instance.state for instance in session.query(TaskInstance).filter_by(run_id=run_id)}

    assert {"failed"} == states()
    return states


def test_the_second_of_two_runs_fails_and_is_cleared(two_days, known_dags, lake, pipeline, published):
    """In the words of the page; cleared as a whole, it reads the bucket as it is then."""
    airflow("airflow dags trigger sparkify_warehouse --logical-date 2018-11-05 --run-id second")
    lake.put(FIFTH, lines(event(location="Akureyri")))
    second = pipeline.open("2018-11-05", run_id="second")
    second.advance(until="check_quality")
    lake.put(FIFTH, lines(event(location="Húsavík")))
    pipeline.run("2018-11-05", run_id="first")
    second.finish()
    (words,) = re.findall(r'fails with "(has published since .+)"', (ROOT / PAGE).read_text(encoding="utf-8"))
    with pytest.raises(AirflowFailException, match=f"the run first {words}"):
        second.result()
    first = published()
    assert {"Húsavík", "Reykjavík"} == {row[7] for row in first["songplays"]}

    states = the_scheduler_ran("second")
    airflow(block(PAGE, "Another run has published", "sh"))
    assert {None} == states()
    lake.put(FIFTH, lines(event(location="Ísafjörður")))
    pipeline.run("2018-11-05", run_id="second")
    assert {"Ísafjörður", "Reykjavík"} == {row[7] for row in published()["songplays"]}


@pytest.mark.parametrize("statement", ["LOCK sparkify.users", "UPDATE sparkify.users SET level = 'paid'"])
def test_who_holds_a_lock_is_seen_and_the_task_goes_on_without_it(
    two_days, lake, pipeline, published, reader, statement
):
    """A transaction begun by hand and forgotten; what the sandbox refuses, it refuses by name."""
    lake.put(FIFTH, lines(event(), event(itemInSession=7, ts=1541376900123, firstName="Zoe")))
    context = pipeline.context("waiting", "2018-11-05", {})
    pipeline.run("2018-11-05", run_id="waiting", until="check_quality")
    with psycopg.connect("") as forgotten:
        forgotten.execute(statement)
        publishing = threading.Thread(target=pipeline.run_task, args=("publish", context))
        publishing.start()
        try:
            waiters: set[int] = set()
            deadline = time.monotonic() + 20
            while not waiters and time.monotonic() < deadline:
                locks = reader.execute(block(PAGE, "A task waits for a lock", "sql", 1)).fetchall()
                on_users = {(pid, mode, granted) for pid, schema, table, mode, granted in locks if "users" == table}
                waiters = {pid for pid, _, _ in on_users} - {forgotten.info.backend_pid}
            assert waiters, "publish does not wait"
            assert publishing.is_alive()
            assert any(
                pid == forgotten.info.backend_pid and granted and mode != "AccessShareLock"
                for pid, mode, granted in on_users
            )
            if statement.startswith("LOCK"):  # see the page: rows are locked here, not tables
                assert {False} == {granted for pid, _, granted in on_users if pid in waiters}
            for number, refused in ((2, "svv_transactions"), (3, r"pg_terminate_backend\(\)")):
                with pytest.raises(psycopg.errors.FeatureNotSupported, match=refused):
                    reader.execute(block(PAGE, "A task waits for a lock", "sql", number))
        finally:
            forgotten.rollback()
            publishing.join()
    assert {"Zoe"} == {row[1] for row in published()["users"]}


@pytest.fixture
def project(tmp_path) -> Path:
    """A copy of the files that an operator changes; this test reads its DAGs from it."""
    for folder in ("dags", "include"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_a_column_is_added_filled_and_taken_away(two_days, project, pipeline, reader):
    """With the two files of the page alone: a run without any new file fills the old rows."""
    change = block(PAGE, "Add a column", "diff")
    assert 2 == change.count("+++ b/")
    subprocess.run(["git", "apply", "-"], input=change, text=True, cwd=project, check=True)
    changed = Pipeline(DagBag(str(project / "dags")).dags["sparkify_warehouse"])
    before = reader.execute("SELECT user_id, level, last_event_at FROM sparkify.users").fetchall()
    try:
        returned = changed.run("2018-11-05")
        assert {"new": 0, "changed": 0, "vanished": 0} == returned["find_files"]
        registered = reader.execute("SELECT DISTINCT registered_at FROM sparkify.users").fetchall()
        assert [(datetime.datetime(2018, 10, 20, 1, 46, 40),)] == registered
        assert before == reader.execute("SELECT user_id, level, last_event_at FROM sparkify.users").fetchall()
        assert "find_files" not in {name for name, value in changed.run("2018-11-05").items() if value}
    finally:
        context = pipeline.context("back", None, {})
        with pytest.raises(AirflowFailException) as refused:
            pipeline.run_task("create_tables", context)
        assert block(PAGE, "Add a column", "text").strip() in str(refused.value)
        (alter,) = re.findall(r"run: (ALTER TABLE .+)", block(PAGE, "Add a column", "text"))
        reader.execute(alter)
        pipeline.run_task("create_tables", context)


@pytest.fixture
def support(project, lake, airflow_database, monkeypatch) -> Path:
    """The example's files, each where the page says, and a day of tickets."""
    for part in blocks(PAGE):
        if part.label:
            file = project / part.label
            file.parent.mkdir(exist_ok=True)
            file.write_text(part.text, encoding="utf-8")
    for file in (project / "dags").glob("sparkify_*.py"):
        file.unlink()  # one DAG is read sooner than all
    monkeypatch.setattr("airflow.settings.DAGS_FOLDER", str(project / "dags"))
    ticket = block(PAGE, "Add tables of your own", "json")
    opened = ticket.replace('"ticket_id": 7', '"ticket_id": 8').replace("closed", "open")
    earlier = ticket.replace("16:40", "11:00").replace("closed", "open")
    lake.put("support_tickets/2018/11/2018-11-05-tickets.json", ticket + opened + earlier)
    return project


def test_tables_of_your_own_are_loaded_by_the_example(support, lake, reader):
    """From JSON to an answer, with the page's own command; a correction too; and it follows the house rules."""
    from tests.include.test_sql_files import (
        test_the_header_says_what_a_stranger_needs,
    )

    files = sorted((support / "include" / "sql" / "support").glob("*.sql"))
    assert 3 == len(files)
    for file in files:
        test_the_header_says_what_a_stranger_needs(file)

    airflow(block(PAGE, "Add tables of your own", "sh"))
    answer = block(PAGE, "Add tables of your own", "sql", 4)
    assert [(7, "closed"), (8, "open")] == reader.execute(answer).fetchall()

    dag = DagBag(str(support / "dags")).dags["support_tickets"]
    assert all(task.doc_md and task.retries for task in dag.tasks)
    lake.put("support_tickets/2018/11/2018-11-05-tickets.json", block(PAGE, "Add tables of your own", "json"))
    Pipeline(dag).run("2018-11-05")
    assert [(7, "closed")] == reader.execute(answer).fetchall()


def test_a_new_start(two_days, triggered, warehouse_dag, published):
    """Everything is dropped and loaded again, and is as before."""
    before = published()
    unpause, trigger = block(PAGE, "Start over, or upgrade", "sh").splitlines()
    airflow(unpause)
    (reset,) = triggered(trigger)
    (load,) = triggered(block(PAGE, "Start over, or upgrade", "sh", 2))
    dag = DagBag(str(ROOT / "dags")).dags["sparkify_reset"]
    # Whether a run is active, Airflow's own API knows.
    Pipeline(dag, without=["require_idle"]).run(**reset)
    assert {name: set() for name in before} == published()
    Pipeline(warehouse_dag).run(**load)
    assert before == published()


def test_a_warehouse_of_the_version_before_is_refused_and_dropped_by_hand(
    two_days, triggered, warehouse_dag, reader, published
):
    """Its schemas have the same names and no comment of ours."""
    before = published()
    for name in ("sparkify", "sparkify_raw", "sparkify_quality"):
        reader.execute(f"DROP SCHEMA {name} CASCADE")
    for name in ("staging", "audit", "quality", "sparkify"):
        reader.execute(f"CREATE SCHEMA {name}")
    reader.execute("CREATE TABLE sparkify.users (user_id INTEGER)")
    pipeline = Pipeline(warehouse_dag)
    with pytest.raises(AirflowFailException, match="the schema sparkify exists, and this project did not create it"):
        pipeline.run("2018-11-05")
    reader.execute(block(PAGE, "Start over, or upgrade", "sql"))
    pipeline.run(period="all")
    assert before == published()
