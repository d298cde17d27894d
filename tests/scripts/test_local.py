"""`scripts/local.py run`: the DAG on a laptop in one command, apart from every other Airflow and every other run."""

from __future__ import annotations

import datetime
import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.listening.files import write
from sandbox.listening.plan import Plan
from scripts import demo_month, local, with_airflow

ROOT = Path(__file__).resolve().parents[2]
LOCAL = [sys.executable, str(ROOT / "scripts" / "local.py")]
DAY = datetime.date(2018, 11, 5)
FAILING_DAG = """
import datetime, os
from airflow.sdk import DAG, task
with DAG("fails", start_date=datetime.datetime(2018, 11, 1), schedule=None):
    @task(retries=2, retry_delay=datetime.timedelta(seconds=int(os.environ["SPARKIFY_RETRY_DELAY"])))
    def fail():
        raise RuntimeError("on purpose")
    fail()
"""
# What a COMMAND finds, and that it can write below the work prefix.
LOOK = """if True:
    import json, os, shutil, sqlite3
    import boto3
    bucket = os.environ["AIRFLOW_VAR_SPARKIFY_WORK_PREFIX"].removeprefix("s3://").strip("/")
    boto3.client("s3").put_object(Bucket=bucket, Key="reports/latest.html", Body=b"hello")
    database = os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"].removeprefix("sqlite:///")
    dags = sqlite3.connect(database).execute("SELECT COUNT(*) FROM dag_run").fetchone()[0]
    print(json.dumps({"runs": dags, "airflow": shutil.which("airflow"), **os.environ}))
    raise SystemExit(7)
"""


def start(*words: str | Path, **variables: str) -> subprocess.Popen[str]:
    """Start `local.py` as from a shell without any Airflow or sandbox, in a folder that is not the project."""
    prefixes = ("AIRFLOW", "AWS_", "PG", "SANDBOX", "SPARKIFY")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return subprocess.Popen(
        [*LOCAL, *words],
        cwd="/",
        env=plain | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def buckets(tmp_path_factory) -> Path:
    """A folder with one bucket, which has one day of listening and a name of its own."""
    folder = tmp_path_factory.mktemp("with space") / "buckets"
    plan = Plan(DAY, DAY, users=10, songs=20, plays=100, seed=1)
    write(plan, folder / "lake", compress=False, report=lambda *_: None)
    return folder


def test_a_day_is_loaded_and_a_failed_task_is_exit_status_1_by_two_runs_at_once(buckets, tmp_path):
    """Neither sees the other's warehouse or runs: the day is in the state of the first alone."""
    (tmp_path / "fails.py").write_text(FAILING_DAG)
    state = tmp_path / "the state"
    shell = f"airflow dags test sparkify_warehouse {DAY} && python '{ROOT}/scripts/published.py'"
    loads = start("run", "--s3", buckets, "--state", state, "--", "sh", "-c", shell)
    fails = start(
        *("run", "--s3", buckets, "--", "airflow", "dags", "test", "fails", str(DAY)),
        AIRFLOW__CORE__DAGS_FOLDER=str(tmp_path),
    )
    (failed, _), (loaded, _) = fails.communicate(timeout=300), loads.communicate(timeout=300)
    assert (0, 1) == (loads.returncode, fails.returncode), failed[-2000:] + loaded[-2000:]
    assert re.search(r"sparkify.songplays │ +100 │", loaded), loaded[-2000:]
    assert 3 == failed.count("RuntimeError: on purpose\n"), "three tries, a second apart"
    with sqlite3.connect(with_airflow.metadata_database(state)) as records:
        assert [("sparkify_warehouse", "success")] == records.execute("SELECT dag_id, state FROM dag_run").fetchall()


def test_command_gets_all_it_needs_and_gives_its_exit_status(buckets, tmp_path):
    """With the caller's settings where there are any, but never with the database of the caller's Airflow."""
    given = {
        "AIRFLOW_HOME": str(tmp_path / "mine"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////nowhere/of-a-scheduler.db",
        "AIRFLOW_VAR_SPARKIFY_READERS": "analysts",
    }
    run = start("run", "--s3", buckets, "--state", tmp_path / "state", "--", "python", "-c", LOOK, **given)
    output, _ = run.communicate(timeout=120)
    assert 7 == run.returncode, output
    found = json.loads(output)
    assert 0 == found["runs"]
    assert str(Path(sys.executable).with_name("airflow")) == found["airflow"]
    assert (str(tmp_path / "mine"), "analysts") == (found["AIRFLOW_HOME"], found["AIRFLOW_VAR_SPARKIFY_READERS"])
    assert ("lake", "1") == (found["AIRFLOW_VAR_SPARKIFY_BUCKET"], found["SPARKIFY_RETRY_DELAY"])
    assert str(ROOT / "dags") == found["AIRFLOW__CORE__DAGS_FOLDER"]
    assert ("awsuser", "dev") == (found["PGUSER"], found["PGDATABASE"])
    redshift, aws = (json.loads(found[f"AIRFLOW_CON{name}"]) for name in ("N_REDSHIFT", "N_AWS_DEFAULT"))
    assert (found["PGHOST"], found["PGPORT"]) == (redshift["host"], str(redshift["port"]))
    assert found["AWS_ENDPOINT_URL_S3"] == aws["extra"]["service_config"]["s3"]["endpoint_url"]
    kept = [path for path in (tmp_path / "state").rglob("latest.html") if path.read_bytes() == b"hello"]
    assert 1 == len(kept)


def test_a_month_is_generated_once_and_again_when_its_plan_changes(tmp_path):
    """And again after a first time that was killed."""
    plan = Plan(DAY, DAY, users=2, songs=3, plays=4, seed=1)
    folder = tmp_path / "month"
    (tmp_path / "month.unfinished" / "udacity-dend" / "log_data").mkdir(parents=True)
    (log,) = demo_month.make(folder, plan).glob("udacity-dend/log_data/2018/11/*")
    first = log.stat().st_mtime_ns
    demo_month.make(folder, plan)
    assert first == log.stat().st_mtime_ns
    demo_month.make(folder, Plan(DAY, DAY, users=2, songs=3, plays=5, seed=1))
    assert 5 == log.read_text().count('"page":"NextSong"')
    assert ["month", "month.lock"] == sorted(path.name for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["run"], 2, "run takes a COMMAND after --"),
        (["down", "--", "true"], 2, "run takes a COMMAND after --"),
        (["run", "--s3", "/nowhere", "--", "true"], 125, "expected a folder with one folder per bucket, got /nowhere"),
        (["env", "--state", "/nowhere"], 1, "no sandbox runs in /nowhere: start one with"),
    ],
)
def test_a_wrong_call_is_refused_with_a_way_out(words, status, says):
    called = start(*words)
    output, _ = called.communicate(timeout=60)
    assert status == called.returncode
    assert says in output


def test_the_bucket_is_the_only_folder_or_the_public_one(buckets, tmp_path):
    assert "lake" == local.main_bucket(buckets)
    for name in ("one", "two", ".hidden"):
        (tmp_path / name).mkdir()
    assert "udacity-dend" == local.main_bucket(tmp_path)
