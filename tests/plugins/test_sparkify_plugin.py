"""Sparkify's page in a real api-server with login: who has access, and how the page finds its data."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import sparkify_plugin
from tests.plugins.warehouse.reporting.records import RECORD

ROOT = Path(__file__).resolve().parents[2]
USERS = {"boss": "admin", "reader": "viewer"}
# Routes that FastAPI adds by default, without the dependencies.
ADDED_BY_FASTAPI = ("/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json")


def free_port() -> int:
    """A free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(home: Path, url: str) -> dict[str, str]:
    """The environment of the tests with a login, and without connections, Variables and AWS settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "AIRFLOW_CONN_", "AIRFLOW_VAR_"))
    }
    return kept | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{name}:{role}" for name, role in USERS.items()),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
    }


class Server:
    """An api-server; requests are anonymous or from one of its users."""

    def __init__(self, url: str, passwords: dict[str, str]) -> None:
        self.url = url
        self.tokens = {name: self._token(name, password) for name, password in passwords.items()}

    def _token(self, name: str, password: str) -> str:
        response = httpx.post(f"{self.url}/auth/token", json={"username": name, "password": password})
        return str(response.raise_for_status().json()["access_token"])

    def request(self, path: str, user: str | None = None, **body: Any) -> httpx.Response:
        """The response to a GET, or, with a body, to a POST."""
        headers = {"Authorization": f"Bearer {self.tokens[user]}"} if user else {}
        return httpx.request("POST" if body else "GET", f"{self.url}{path}", headers=headers, json=body or None)


@pytest.fixture(scope="module")
def server(airflow_database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Airflow's api-server on a free port, with an empty metadata database."""
    home = tmp_path_factory.mktemp("airflow")
    original, copy = (sqlite3.connect(Path(folder) / "airflow.db") for folder in (os.environ["AIRFLOW_HOME"], home))
    with contextlib.closing(original), contextlib.closing(copy):
        original.backup(copy)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = home / "api-server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            # Without the API for tasks, which takes half of the startup time; no tasks run here.
            [sys.executable, "scripts/fast_airflow.py", "api-server", "--apps", "core", "--port", str(port)],
            env=environment(home, url),
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{url}/api/v2/version").is_success:
                    break
            assert process.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")  # noqa: PT018
            time.sleep(0.1)
        yield Server(url, json.loads((home / "passwords.json").read_text()))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def test_airflow_shows_the_page_in_its_navigation(server):
    """The plugin has no import errors."""
    plugins = server.request("/api/v2/plugins", "boss").json()["plugins"]
    (view,) = next(plugin for plugin in plugins if plugin["name"] == "sparkify")["external_views"]
    assert ("Sparkify", "sparkify/report", "sparkify") == (view["name"], view["href"], view["url_route"])
    assert [] == server.request("/api/v2/plugins/importErrors", "boss").json()["import_errors"]


@pytest.mark.filterwarnings("ignore:Using `httpx`")  # Airflow's permission check imports Starlette's test client
def test_every_route_needs_access_to_the_dag(server):
    """Including the routes that FastAPI adds by default."""
    routes = {route.path: route.methods for route in sparkify_plugin.app().routes}
    assert len(routes) >= 5
    for path, methods in routes.items():
        assert {"GET"} == methods, path
        assert 401 == server.request(f"/sparkify{path}").status_code, path
        assert 200 == server.request(f"/sparkify{path}", "reader").status_code, path
    for path in ADDED_BY_FASTAPI:
        assert {401, 404} >= {server.request(f"/sparkify{path}", user).status_code for user in (None, "reader")}, path


def test_settings_from_airflows_database_apply_without_a_restart(server, s3, bucket):
    """Variable and connection, as a user sets them in the UI."""
    before = server.request("/sparkify/quality", "reader")
    assert "Set the Variable sparkify_work_prefix" in before.text
    connection = json.loads(os.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    connection["extra"] = json.dumps(connection["extra"])
    assert server.request("/api/v2/connections", "boss", connection_id="aws_default", **connection).is_success
    variable = {"key": "sparkify_work_prefix", "value": f"s3://{bucket}/sparkify"}
    assert server.request("/api/v2/variables", "boss", **variable).is_success
    assert f"s3://{bucket}/sparkify/runs/" in server.request("/sparkify/quality", "reader").text
    s3.put_object(Bucket=bucket, Key=f"sparkify/runs/{RECORD.name}.json", Body=RECORD.to_json().encode())
    shown = server.request("/sparkify/quality", "reader")
    assert 200 == shown.status_code
    assert "checks failed" in shown.text
    assert RECORD.checks[0].name in shown.text
