"""`make up` and `make down`, on the standard ports."""

from __future__ import annotations

import contextlib
import datetime
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest


def test_everything_is_there_when_make_up_returns(stack):
    health = stack.ask("monitor/health")
    assert {"healthy"} == {part["status"] for part in health.values()}
    assert {"sparkify_warehouse", "sparkify_reset"} <= stack.dags_at_first.keys()
    assert stack.dags_at_first["sparkify_warehouse"]["is_paused"]  # and nothing runs that nobody asked for
    assert [] == stack.ask("importErrors")["import_errors"]

    yesterday = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)
    days = sorted((stack.buckets / "udacity-dend").glob("log_data/*/*/*.json"))
    assert f"{yesterday}-events.json" == days[-1].name, "the last day that has ended"
    assert len(days) >= 30


def test_a_process_that_adds_each_days_listening_runs_beside_it(stack):
    """And it is one of those that `make down` must end, as the last test has it."""
    ours = {process.pid for process in stack.airflow()}
    commands = [process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]) if process.pid in ours]
    assert [str(stack.buckets)] == [words[-2] for words in commands if "--follow" in words]


def test_airflow_commands_in_a_shell_have_a_database_of_their_own_unless_they_are_for_the_scheduler(stack):
    """`airflow dags test` beside it does not show in its UI, and its scheduler does not pick up the tasks."""
    own, shared = (stack.environment(*words)["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] for words in ([], ["--scheduler"]))
    assert Path(own.removeprefix("sqlite:///")).is_relative_to(stack.state)
    assert shared.startswith("postgresql")


def test_make_up_while_it_runs_says_where_everything_is(stack):
    before = {process.pid for process in stack.airflow()}
    printed = stack.up()
    assert stack.url in printed
    assert "psql postgresql://awsuser:Sparkify1@127.0.0.1:5439/dev" in printed
    assert f"s3://udacity-dend is {stack.buckets / 'udacity-dend'}" in printed
    assert f"make down STATE='{stack.state}'" in printed
    assert before & {process.pid for process in stack.airflow()}
    if shutil.which("psql"):
        dsn = next(word for word in printed.split() if word.startswith("postgresql://"))
        assert "1\n" == subprocess.check_output(["psql", dsn, "-Atc", "SELECT 1"], text=True)


def test_the_page_is_for_this_machine_only(stack):
    addresses = set()
    for process in stack.processes():
        with contextlib.suppress(psutil.NoSuchProcess):  # one that parsed a DAG file, and has ended
            addresses |= {
                connection.laddr.ip
                for connection in process.net_connections("tcp")
                if connection.status == psutil.CONN_LISTEN and connection.laddr.port in (8080, 5439, 9000, 4566)
            }
    assert {"127.0.0.1"} == addresses


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the share of a process in shared memory")
def test_airflow_takes_less_than_1300_megabytes_when_it_is_ready(stack):
    """Its scheduler and web server grow with use; not without end, as a dozen runs and their pages show."""
    assert 500e6 < stack.memory_at_first < 1300e6
    assert stack.memory() < 1800e6


def test_make_down_in_the_middle_of_a_run_leaves_no_process_and_make_up_finds_everything_again(stack):
    with stack.connect() as connection:
        connection.execute("CREATE TABLE public.kept AS SELECT 42 AS answer")
    dag = "dags/sparkify_warehouse"
    stack.ask(dag, "PATCH", is_paused=False)
    triggered = stack.ask(f"{dag}/dagRuns", "POST", logical_date=None, conf={"period": "all"})["dag_run_id"]
    wait_for(lambda: stack.ask(f"{dag}/dagRuns/~/taskInstances?state=running")["task_instances"])
    assert "stopped, and with it" in stack.down()  # which looks for what is left
    assert "no sandbox runs" in stack.make("down")

    stack.up()
    with stack.connect() as connection:
        assert [(42,)] == connection.execute("SELECT answer FROM public.kept").fetchall()
        connection.execute("DROP TABLE public.kept")
    assert triggered in {run["dag_run_id"] for run in stack.ask(f"{dag}/dagRuns")["dag_runs"]}


def wait_for(what: Callable[[], object]) -> None:
    """Wait until it is so; two minutes at most."""
    deadline = time.monotonic() + 120
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)
