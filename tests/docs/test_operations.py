"""docs/operations.md, walked through: each command, query and change is taken from the page's own text."""

from __future__ import annotations

import datetime
import re
import shlex
import shutil
import subprocess
import sys
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
from tests.end_to_end.test_corrections import CATALOGUE, FIFTH, event, lines, song

# Airflow's own task runner and its in-process server warn of each other's parts.
pytestmark = pytest.mark.filterwarnings("ignore")

PAGE = "docs/operations.md"


def airflow(command: str) -> None:
    """An `airflow` command, parsed and carried out by Airflow's own command line; in this process, which saves 5 s."""
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
    """Triggers by a command and returns the new run's conf, as the scheduler would find it."""
    from airflow.models import DagRun

    def trigger(command: str) -> dict[str, Any]:
        before = {run.run_id for run in DagRun.find(dag_id="sparkify_warehouse")}
        airflow(command)
        (new,) = [run for run in DagRun.find(dag_id="sparkify_warehouse") if run.run_id not in before]
        return dict(new.conf)

    return trigger


def test_a_month_in_one_run_gives_what_its_days_give(two_days, triggered, pipeline, published, empty_warehouse):
    """Both ways of loading history lead to the same tables."""
    day_by_day = published()
    empty_warehouse()
    pipeline.run(**triggered(block(PAGE, "Load history", "sh", 2)))
    assert day_by_day == published()


def test_a_corrected_log_file_is_taken_by_replace_and_not_by_merge(
    two_days, triggered, lake, pipeline, published, reader
):
    """What went and did not come back is told; a period without any file is refused."""
    lake.put(FIFTH, lines(event(location="Ísafjörður")))
    pipeline.run("2018-11-05")
    assert {"Reykjavík"} == {row[7] for row in published()["songplays"]}

    how = triggered(block(PAGE, "Take a corrected log file", "sh"))
    pipeline.run(**how, run_id="corrected")
    assert {"Reykjavík", "Ísafjörður"} == {row[7] for row in published()["songplays"]}
    assert ("corrected", 1) == reader.execute(block(PAGE, "Take a corrected log file", "sql")).fetchone()

    lake.delete(FIFTH)
    with pytest.raises(AirflowFailException, match="nothing lies below"):
        pipeline.run(**how)


def test_a_rebuild_forgets_what_is_not_in_the_bucket_any_more(two_days, triggered, lake, pipeline, published):
    """A corrected song, a user, and moments without plays."""
    lake.put(CATALOGUE, lines(song(title="Joga")))
    lake.put(FIFTH, lines(event(userId="2", itemInSession=9)))
    pipeline.run(**triggered(block(PAGE, "Make everything anew", "sh")))
    after = published()
    assert {"Joga"} == {row[1] for row in after["songs"]}
    assert {1, 2} == {row[0] for row in after["users"]}
    assert {row[0] for row in after["time"]} == {row[1] for row in after["songplays"]}
    assert 2 == len(after["songplays"])


def the_scheduler_ran(run_id: str) -> Callable[[], set[str | None]]:
    """Note in Airflow's database that all tasks of a run have ended; returns what then tells their states."""
    from airflow.models import TaskInstance
    from airflow.utils.session import create_session

    with create_session() as session:
        session.query(TaskInstance).filter_by(run_id=run_id).update({"state": "failed"})

    def states() -> set[str | None]:
        with create_session() as session:
            return {instance.state for instance in session.query(TaskInstance).filter_by(run_id=run_id)}

    assert {"failed"} == states()
    return states


def test_a_failed_check_is_found_mended_and_cleared(two_days, known_dags, lake, pipeline, published, reader):
    """By the log's figures in the warehouse, by the candidates themselves, and by running all of the run again."""
    before = published()
    lake.put(FIFTH, lines(event(), event(itemInSession=7, level="gratis")))
    airflow("airflow dags trigger sparkify_warehouse --logical-date 2018-11-05 --run-id failed")
    with pytest.raises(AirflowFailException, match="checks failed"):
        pipeline.run("2018-11-05", run_id="failed")
    assert before == published()

    (first, *_) = reader.execute(block(PAGE, "A check failed", "sql", 1)).fetchall()
    assert ("failed", 1, "0") == (first[0], first[3], first[4])
    assert [(1, 7, "gratis")] == [
        (session, item, level)
        for session, item, _, _, level in reader.execute(block(PAGE, "A check failed", "sql", 2)).fetchall()
    ]

    lake.put(FIFTH, lines(event(), event(itemInSession=7, level="paid")))
    states = the_scheduler_ran("failed")
    airflow(block(PAGE, "A check failed", "sh"))
    assert {None} == states()
    pipeline.run("2018-11-05", run_id="failed")
    assert (7, "paid") in {(row[9], row[3]) for row in published()["songplays"]}

    pipeline.run("2018-11-04", run_id="the next")
    (words,) = re.findall(r"Clearing one task is refused .* \(\"(.+) \.\.\.\"\)", (ROOT / PAGE).read_text())
    with pytest.raises(AirflowFailException, match=words):
        pipeline.run_task("load_users", pipeline.context("failed", "2018-11-05", {}))


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
def project(tmp_path, monkeypatch) -> Path:
    """A copy of what an operator changes, from which DAGs are read in this test."""
    for folder in ("dags", "include"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(tmp_path / "dags")
    for name in [name for name in sys.modules if name.startswith("sparkify_")]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


def test_a_column_is_added_and_taken_away(two_days, project, pipeline, reader):
    """The change as the page has it; create_tables prints both ALTERs; a rebuild fills the column."""
    change = block(PAGE, "Add a column", "diff")
    subprocess.run(["git", "apply", "-"], input=change, text=True, cwd=project, check=True)
    changed = Pipeline(DagBag(str(project / "dags")).dags["sparkify_warehouse"])
    with pytest.raises(AirflowFailException) as refused:
        changed.run("2018-11-05")
    assert block(PAGE, "Add a column", "text").strip() in str(refused.value)

    reader.execute(block(PAGE, "Add a column", "sql"))
    try:
        changed.run(period="all", mode="rebuild")
        registered = reader.execute("SELECT DISTINCT registered_at FROM sparkify.users").fetchall()
        assert [(datetime.datetime(2018, 10, 20, 1, 46, 40),)] == registered
    finally:
        context = pipeline.context("back", None, {})
        with pytest.raises(AirflowFailException) as refused:
            pipeline.run_task("create_tables", context)
        (alter,) = re.findall(r"run: (ALTER TABLE sparkify\.users DROP COLUMN registered_at)", str(refused.value))
        reader.execute(alter)
        pipeline.run_task("create_tables", context)


@pytest.fixture
def support(project, reader, lake, airflow_database, monkeypatch) -> Path:
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
    earlier = opened.replace("16:40", "11:00").replace("Kim", "Kimberley")
    lake.put("support_tickets/2018/11/2018-11-05-tickets.json", ticket + opened + earlier)
    return project


def test_tables_of_your_own_are_loaded_by_the_example(support, reader):
    """From JSON to an answer, by the page's own command; and its SQL keeps to the house rules."""
    from tests.include.test_sql_files import (
        test_the_header_says_what_a_stranger_needs,
    )

    files = sorted((support / "include" / "sql" / "support").glob("*.sql"))
    assert 5 == len(files)
    for file in files:
        test_the_header_says_what_a_stranger_needs(file)

    airflow(block(PAGE, "Add tables of your own", "sh"))
    assert [("Kim", 1)] == reader.execute(block(PAGE, "Add tables of your own", "sql", 6)).fetchall()
    assert [(7, "closed"), (8, "open")] == reader.execute(
        "SELECT ticket_id, status FROM support.tickets ORDER BY ticket_id"
    ).fetchall()
