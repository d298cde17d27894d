"""`make up` for all tests of this folder, with a state and a bucket of its own but on the standard ports."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import psycopg
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from sandbox.processes import RUN_MARK, alive
from sandbox.state import State
from scripts import chromium
from tests.browser.airflow_ui import AirflowUI

ROOT = Path(__file__).resolve().parents[2]
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# Playwright's five seconds are for pages on idle machines; here Airflow runs its tasks beside the page on two cores.
expect.set_options(timeout=30_000)


class Stack:
    """What `make up` started.

    url: Airflow's page
    state, buckets: its folders
    dags_at_first: the DAGs that the API named when `make up` returned, by id
    memory_at_first: what Airflow took then, see memory()
    """

    url = "http://localhost:8080"

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.buckets = folder / "buckets"
        self.dags_at_first: dict[str, Any] = {}
        self.memory_at_first = 0

    def up(self) -> str:
        """Run `make up`; what it printed."""
        printed = self.make("up")
        self.dags_at_first = self.dags_at_first or {dag["dag_id"]: dag for dag in self.ask("dags")["dags"]}
        self.memory_at_first = self.memory_at_first or self.memory()
        return printed

    def make(self, target: str) -> str:
        """Run `make TARGET` for this stack; what it printed."""
        words = ["make", target, f"STATE={self.state}", f"BUCKETS={self.buckets}"]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, env=callers_environment())
        assert done.returncode == 0, f"make {target} failed:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def environment(self, *options: str) -> dict[str, str]:
        """The variables that `scripts/local.py env` prints: connections, endpoints, keys, Airflow's home."""
        words = [sys.executable, "scripts/local.py", "env", *options, "--state", self.state]
        lines = shlex.split(subprocess.check_output(words, cwd=ROOT, text=True))
        return dict(word.split("=", 1) for word in lines if word != "export")

    def ask(self, path: str, method: str = "GET", **body: object) -> dict[str, Any]:
        """An answer of Airflow's API, without any login."""
        data = json.dumps(body).encode() if body else None
        url = f"{self.url}/api/v2/{urllib.parse.quote(path, safe='/?=&~')}"
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
        with LOCAL.open(request, timeout=120) as answer:
            return json.loads(answer.read() or b"{}")

    def connect(self) -> psycopg.Connection:
        """A connection to its Redshift, in autocommit mode."""
        found = self.environment()
        names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
        return psycopg.connect(
            autocommit=True, prepare_threshold=None, **{name: found[variable] for name, variable in names.items()}
        )

    def processes(self) -> set[psutil.Process]:
        """All that run: the sandbox and its descendants, and whatever carries the mark of its COMMAND."""
        holder = State(self.state).holder()
        if holder is None:
            return set()
        supervisor = psutil.Process(holder)
        family = {supervisor, *supervisor.children(recursive=True)}
        marks = {mark_of(process) for process in family} - {None}
        return family | {process for process in psutil.process_iter() if mark_of(process) in marks}

    def airflow(self) -> set[psutil.Process]:
        """Airflow's processes: what carries the mark of COMMAND."""
        return {process for process in self.processes() if mark_of(process)}

    def memory(self) -> int:
        """Bytes of Airflow's processes: what each has alone, and its share of what several have. 0 but on Linux."""
        shares = []
        for process in self.airflow():
            # NoSuchProcess: one that parsed a DAG file, and is done; AttributeError: no Linux, nobody tells shares
            with contextlib.suppress(psutil.NoSuchProcess, AttributeError):
                shares.append(process.memory_full_info().pss)
        return sum(shares)

    def down(self) -> str:
        """Run `make down` and make sure that it left no process; what it printed."""
        started = self.processes()
        marks = {mark_of(process) for process in started} - {None}
        printed = self.make("down")
        deadline = time.monotonic() + 15
        while any(alive(process) for process in started) and time.monotonic() < deadline:
            time.sleep(0.05)
        left = [process for process in psutil.process_iter() if mark_of(process) in marks]
        assert [] == [process for process in [*started, *left] if alive(process)]
        return printed


def mark_of(process: psutil.Process) -> str | None:
    """The mark of the COMMAND that this process came of, if it did."""
    try:
        return process.environ().get(RUN_MARK)
    except psutil.Error:
        return None


def callers_environment() -> dict[str, str]:
    """Ours without what belongs to a sandbox or Airflow of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "SANDBOX"))}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`make up`, ready, for the whole session."""
    stack = Stack(tmp_path_factory.mktemp("up"))
    try:
        stack.up()
        yield stack
    finally:
        stack.down()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium or Chrome, the one that is installed."""
    executable = chromium.find()
    if executable is None:
        pytest.skip("needs Chromium or Chrome, and finds none of " + ", ".join(chromium.NAMES))
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright, executable)
        yield browser
        browser.close()


@pytest.fixture
def ui(stack: Stack, browser: Browser) -> Iterator[AirflowUI]:
    """A person with a fresh browser at Airflow's start page."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB", timezone_id="UTC")
    yield AirflowUI(context.new_page(), stack.url)
    context.close()


@pytest.fixture
def warehouse(stack: Stack) -> Iterator[psycopg.Connection]:
    """A reader's connection to the running warehouse."""
    with stack.connect() as connection:
        yield connection


@pytest.fixture
def lake(stack: Stack) -> Any:
    """The bucket of the running sandbox, by S3."""
    found = stack.environment()
    s3 = boto3.resource(
        "s3",
        endpoint_url=found["AWS_ENDPOINT_URL_S3"],
        aws_access_key_id=found["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=found["AWS_SECRET_ACCESS_KEY"],
        region_name=found["AWS_DEFAULT_REGION"],
    )
    return s3.Bucket(found["AIRFLOW_VAR_SPARKIFY_BUCKET"])
