"""The schedule and the backfill, by the real scheduler of `make up`."""

from __future__ import annotations

import datetime
import os
import subprocess
import sys
from pathlib import Path

from tests.browser.airflow_ui import AirflowUI

ROOT = Path(__file__).resolve().parents[2]
TODAY = datetime.datetime.now(datetime.UTC).date()


def airflow(stack, *arguments: str) -> str:
    """Run an `airflow` command as in a shell after `eval "$(.venv/bin/python scripts/local.py env --scheduler)"`."""
    command = [sys.executable, str(ROOT / "scripts" / "fast_airflow.py"), *arguments]
    variables = os.environ | stack.environment("--scheduler")
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def test_unpausing_runs_yesterday(ui: AirflowUI, stack):
    """One scheduled run, of the day that has ended, and no other: there is no catching up."""
    airflow(stack, "dags", "unpause", "--yes", "sparkify_warehouse")
    run = ui.first_run("sparkify_warehouse", "scheduled")
    assert f"{TODAY - datetime.timedelta(days=1)}T00:00:00Z" == run["logical_date"]
    assert "success" == ui.wait_for("sparkify_warehouse", run["dag_run_id"])
    assert 1 == sum(run["run_type"] == "scheduled" for run in ui.runs("sparkify_warehouse"))


def test_backfill_over_ten_days(ui: AirflowUI, stack):
    """`airflow backfill create`: a run a day, one at a time, all green."""
    first, last = TODAY - datetime.timedelta(days=20), TODAY - datetime.timedelta(days=11)
    airflow(
        stack,
        *("backfill", "create", "--dag-id", "sparkify_warehouse", "--from-date", str(first), "--to-date", str(last)),
        *("--max-active-runs", "1"),
    )
    ui.wait_until_idle("sparkify_warehouse", seconds=600)
    runs = [run for run in ui.runs("sparkify_warehouse") if run["run_type"] == "backfill"]
    days = {f"{first + datetime.timedelta(days=number)}T00:00:00Z" for number in range(10)}
    assert days == {run["logical_date"] for run in runs}
    assert {"success"} == {run["state"] for run in runs}
