"""What the demo shows while its DAG runs, and what it repeats of the log."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path

import pytest
from rich.console import Console

ROOT = Path(__file__).resolve().parents[2]
# As `airflow dags test` writes them, with their colours.
STARTED = (
    "2026-11-26T02:27:24.774964Z [\x1b[32minfo\x1b[0m     ] [DAG TEST] starting task_id={} map_index=-1 [airflow]\n"
)
ENDED = "2026-11-26T02:27:33.052768Z [\x1b[32minfo\x1b[0m     ] [DAG TEST] end task task_id={} map_index=-1 [airflow]\n"


@pytest.fixture(scope="module")
def demo():
    """The script as a module."""
    found = importlib.util.spec_from_file_location("demo", ROOT / "scripts" / "demo.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def tasks() -> int:
    """How many tasks the DAG has, as Airflow reads it."""
    from airflow.dag_processing.dagbag import DagBag  # the environment must be complete before Airflow is imported

    return len(DagBag(str(ROOT / "dags")).dags["sparkify_warehouse"].tasks)


def seen(demo, console: Console) -> str:
    with demo.tasks_shown(console) as watch:
        for task in ("create_tables", "open_run"):
            for line in (STARTED, "anything else\n", ENDED):
                watch(line.format(task))
    return console.file.getvalue()


def test_in_a_log_each_task_that_ends_is_a_line(demo, tasks):
    text = seen(demo, Console(file=io.StringIO()))
    assert text == f"  1 of {tasks} tasks: create_tables has ended\n  2 of {tasks} tasks: open_run has ended\n"


def test_on_a_terminal_a_bar_says_how_many_tasks_have_ended_and_which_runs(demo, tasks):
    text = seen(demo, Console(file=io.StringIO(), force_terminal=True, width=100, color_system=None))
    assert f"2 of {tasks} tasks, open_run" in text
    assert "━" in text
    assert "has ended" not in text


def test_the_summary_is_what_was_read_and_computed_and_what_is_wrong(demo):
    """Without times, colours, sources and what only Airflow has to say."""
    source = "[airflow.task.operators] loc=operators.py:1"
    wanted = [
        "sparkify_raw.events: 23710 rows from 30 files, 10873360 bytes",
        "sparkify.songplays: 20000 new, 0 changed, 0 deleted rows",
        "warning: 2 of 50 checks failed",
    ]
    other = [
        "COPY of sparkify_raw.events begins",
        "sparkify.songplays is an Asset",
        "Task instance is in success state",
    ]
    lines = [f"2026-11-26T02:27:24.774964Z [\x1b[32minfo\x1b[0m     ] {text} {source}" for text in [*wanted, *other]]
    assert wanted == demo.summary("\n".join(lines))
