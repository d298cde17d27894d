"""Every service of docker-compose.yaml without Docker: its own command, environment and health check, really run."""

from __future__ import annotations

import datetime
import json
import re
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psycopg
import pytest

from sandbox.redshift import engine
from tests.compose_file import ROOT, example, raw
from tests.compose_machine import PATIENCE, Machine, until

# The routes of the plugin; importing it would import Airflow's web server.
PAGES = re.findall(
    r'^    @app\.get\("(/\S+)"\)$', (ROOT / "plugins" / "warehouse" / "reporting" / "ui.py").read_text(), re.MULTILINE
)


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """All services, started in the order of the file, each when what it depends on is there."""
    folder = Path(tempfile.mkdtemp(prefix="compose-", dir="/tmp"))  # short, for sockets
    folder.chmod(0o711)  # as root, PostgreSQL's user must get through to its data
    machine = Machine(folder)
    try:
        for service in raw()["services"]:
            machine.start(service)
        yield machine
    finally:
        for service in list(machine.running):  # when a test failed
            machine.kill(service)
        for process in machine.left():
            process.kill()
        engine.discard(folder / "state" / "postgresql")
        shutil.rmtree(folder, ignore_errors=True)


def client_of(machine: Machine) -> httpx.Client:
    """A client of the API server that nobody knows yet."""
    return httpx.Client(base_url=f"http://localhost:{machine.ports['8080']}", timeout=PATIENCE, trust_env=False)


@pytest.fixture(scope="module")
def api(machine: Machine) -> Iterator[httpx.Client]:
    """A client of the API server, logged in as admin."""
    with client_of(machine) as client:
        login = {"username": "admin", "password": example()["SPARKIFY_ADMIN_PASSWORD"]}
        answer = client.post("/auth/token", json=login)
        assert 201 == answer.status_code, answer.text
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client


def plays(machine: Machine) -> int:
    """How many plays are published, asked at the port that the file publishes."""
    given = json.loads(machine.here(example()["SPARKIFY_REDSHIFT"]))
    with psycopg.connect(
        host=given["host"],
        port=given["port"],
        user=given["login"],
        password=given["password"],
        dbname=given["schema"],
        autocommit=True,
    ) as connection:
        return connection.execute("SELECT COUNT(*) FROM sparkify.songplays").fetchone()[0]


def test_nobody_gets_in_without_the_password(machine):
    assert {"/report", "/report/latest.html", "/quality", "/tables", "/loads"} <= set(PAGES)
    with client_of(machine) as client:
        assert 401 == client.get("/api/v2/dags").status_code
        assert 401 == client.post("/auth/token", json={"username": "admin", "password": "wrong"}).status_code
        for page in PAGES:
            assert 401 == client.get(f"/sparkify{page}").status_code, page
    kept = machine.home / "auth" / "passwords.json"
    assert 0o600 == stat.S_IMODE(kept.stat().st_mode)


def test_a_run_goes_through_all_services_and_its_logs_are_served(machine, api):
    dag = "/api/v2/dags/sparkify_warehouse"
    until(lambda: api.get(dag).status_code == 200, "no DAG", PATIENCE, lambda: machine.log("airflow-dag-processor"))
    # Un-pausing makes the run of yesterday.
    assert 200 == api.patch(dag, json={"is_paused": False}).status_code

    def ended() -> dict[str, str] | None:
        runs = api.get(f"{dag}/dagRuns").json()["dag_runs"]
        return runs[0] if runs and runs[0]["state"] in ("success", "failed") else None

    run = until(ended, "the run has not ended", PATIENCE, lambda: machine.log("airflow-scheduler"))
    assert 200 == api.patch(dag, json={"is_paused": True}).status_code
    assert "success" == run["state"], machine.log("airflow-scheduler")
    assert plays(machine) > 0
    log = api.get(f"{dag}/dagRuns/{run['dag_run_id']}/taskInstances/publish/logs/1", params={"full_content": True}).text
    assert "sparkify.songplays" in log


def test_every_health_check_succeeds(machine):
    checked = [name for name, service in machine.services.items() if "healthcheck" in service]
    assert set(machine.services) - {"airflow-init"} == set(checked)
    with ThreadPoolExecutor() as pool:
        list(pool.map(machine.wait_healthy, checked))


def test_the_web_server_shows_what_the_scheduler_wrote_to_the_sandboxes_s3(machine, api):
    for page in ("quality", "tables", "loads"):
        assert 200 == api.get(f"/sparkify/{page}").status_code, page
    assert "songplays" in api.get("/sparkify/tables").text
    # Publishing has triggered the report's DAG.
    until(
        lambda: api.get("/sparkify/report/latest.html").status_code == 200,
        "no report",
        PATIENCE,
        lambda: machine.log("airflow-scheduler"),
    )


def test_the_sandbox_service_goes_on_adding_each_days_listening(machine):
    """By a process beside the sandbox, which has found nothing to add yet."""
    log = machine.folder / "state" / "log" / "command.log"
    yesterday = datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)
    until(lambda: f"up to {yesterday}" in log.read_text(), "no listening", PATIENCE, log.read_text)


def test_a_sandbox_killed_by_force_starts_again_with_what_it_held(machine):
    before = plays(machine)
    machine.kill("sandbox")
    machine.start("sandbox")
    machine.wait_healthy("sandbox")
    assert before == plays(machine)


def test_all_end_in_time_when_told_are_missed_by_their_health_checks_and_leave_nothing(machine):
    # The triggerer's with another job's name, at some three seconds of a processor each.
    like_the_triggerers = {"airflow-scheduler", "airflow-dag-processor"}
    for service in reversed(list(machine.running)):
        machine.stop(service)
        assert service in {"airflow-init", *like_the_triggerers} or not machine.healthy(service)
    assert [] == machine.left()
    for port in machine.ports.values():
        socket.create_server(("127.0.0.1", int(port))).close()
