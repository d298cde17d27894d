"""`make up` and `make down`, on the standard ports."""

from __future__ import annotations

import contextlib
import datetime
import json
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable

import psutil
import psycopg
import pytest

LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(stack, path: str, method: str = "GET", **body: object) -> dict:
    """An answer of Airflow's API, without any login."""
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(
        f"{stack.url}/api/v2/{urllib.parse.quote(path, safe='/?=~')}",
        data,
        {"Content-Type": "application/json"},
        method=method,
    )
    with LOCAL.open(request, timeout=60) as answer:
        return json.loads(answer.read() or b"{}")


def connect(stack) -> psycopg.Connection:
    found = stack.environment()
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    return psycopg.connect(autocommit=True, **{name: found[variable] for name, variable in names.items()})


def test_everything_is_there_when_make_up_returns(stack):
    health = ask(stack, "monitor/health")
    assert {"healthy"} == {part["status"] for part in health.values()}
    dags = {dag["dag_id"]: dag for dag in ask(stack, "dags")["dags"]}
    assert {"sparkify_warehouse", "sparkify_reset"} <= dags.keys()
    assert dags["sparkify_warehouse"]["is_paused"]
    assert [] == ask(stack, "importErrors")["import_errors"]

    today = datetime.datetime.now(datetime.UTC).date()
    bucket = stack.buckets / "udacity-dend"
    assert (bucket / f"log_data/{today:%Y/%m}/{today}-events.json").exists()
    assert len(list(bucket.glob("log_data/*/*/*.json"))) >= 30


def test_make_up_while_it_runs_says_where_everything_is(stack):
    before = {process.pid for process in stack.airflow()}
    printed = stack.make("up")
    assert stack.url in printed
    assert "psql postgresql://awsuser:Sparkify1@127.0.0.1:5439/dev" in printed
    assert f"s3://udacity-dend is {stack.buckets / 'udacity-dend'}" in printed
    assert f"make down STATE='{stack.state}'" in printed
    assert before & {process.pid for process in stack.airflow()}
    if shutil.which("psql"):
        dsn = next(word for word in printed.split() if word.startswith("postgresql://"))
        assert "1\n" == subprocess.check_output(["psql", dsn, "-Atc", "SELECT 1"], text=True)


def test_the_page_is_for_this_machine_only(stack):
    addresses = {
        connection.laddr.ip
        for process in stack.processes()
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port in (8080, 5439, 9000, 4566)
    }
    assert {"127.0.0.1"} == addresses


def test_make_down_in_the_middle_of_a_run_leaves_no_process_and_make_up_finds_everything_again(stack):
    with connect(stack) as connection:
        connection.execute("CREATE TABLE public.kept AS SELECT 42 AS answer")
    dag = "dags/sparkify_warehouse"
    before = {run["dag_run_id"] for run in ask(stack, f"{dag}/dagRuns")["dag_runs"]}
    ask(stack, dag, "PATCH", is_paused=False)
    try:
        triggered = ask(stack, f"{dag}/dagRuns", "POST", logical_date=None, conf={"period": "all"})["dag_run_id"]
        wait_for(lambda: ask(stack, f"{dag}/dagRuns/~/taskInstances?state=running")["task_instances"])
        assert "stopped, and with it airflow standalone" in stack.down()  # which looks for what is left
        assert "no sandbox runs" in stack.make("down")

        stack.make("up")
        with connect(stack) as connection:
            assert [(42,)] == connection.execute("SELECT answer FROM public.kept").fetchall()
            connection.execute("DROP TABLE public.kept")
        assert triggered in {run["dag_run_id"] for run in ask(stack, f"{dag}/dagRuns")["dag_runs"]}
    finally:
        ask(stack, dag, "PATCH", is_paused=True)
        for run in ask(stack, f"{dag}/dagRuns")["dag_runs"]:
            if run["dag_run_id"] not in before:
                ask(stack, f"{dag}/dagRuns/{run['dag_run_id']}", "PATCH", state="failed")
                ask(stack, f"{dag}/dagRuns/{run['dag_run_id']}", "DELETE")


def wait_for(what: Callable[[], object]) -> None:
    """Wait until it is so; two minutes at most."""
    deadline = time.monotonic() + 120
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the share of a process in shared memory")
def test_airflow_takes_less_than_1300_megabytes(stack):
    """Counted as what each process has alone, and its share of what several have."""
    shares = []
    for process in stack.airflow():
        with contextlib.suppress(psutil.NoSuchProcess):  # one that parsed a DAG file, and is done
            shares.append(process.memory_full_info().pss)
    assert len(shares) > 5
    assert sum(shares) < 1300e6
