"""Load everything in the bucket with the main DAG, then print what the warehouse holds and what it answers.

It needs an Airflow that is ready for use, with the connections `redshift` and `aws_default`: `make demo` runs it with
`scripts/local.py run`. For the answers it connects as libpq does, through PGHOST, PGPORT, PGUSER, PGPASSWORD and
PGDATABASE.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.published import fetch, show, show_tables  # noqa: E402  # the line above makes it importable

QUESTIONS = ROOT / "include" / "sql" / "questions"
DAG_ID = "sparkify_warehouse"
TASK = re.compile(r'\btask_id="\w+"')
TASK_STARTED = re.compile(r"\[DAG TEST\] starting task_id=(\w+)")
TASK_ENDED = re.compile(r"\[DAG TEST\] end task task_id=(\w+)")
# The lines of the run's log that the demo repeats.
SUMMARY = re.compile(
    r"sparkify_raw\.\w+: [\d,]+ rows from "  # what a stage task read
    r"|sparkify\.\w+: [\d,]+ new, "  # what a load task computed
    r"|warning: |failed: "
)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def run_airflow(*arguments: str, log: Path, watch: Callable[[str], None]) -> bool:
    """Run an Airflow command, its output into a file and line by line to `watch`; return whether it succeeded."""
    command = [sys.executable, str(ROOT / "scripts" / "fast_airflow.py"), *arguments]
    with (
        log.open("w") as file,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as run,  # noqa: S603  # our own arguments
    ):
        assert run.stdout is not None
        for line in run.stdout:
            file.write(line)
            watch(line)
    return run.returncode == 0


@contextlib.contextmanager
def tasks_shown(console: Console) -> Iterator[Callable[[str], None]]:
    """Yield a function to call with every line of a run's log: it shows how many tasks of the DAG have ended.

    On a terminal it shows a bar, which disappears at the end; elsewhere it prints a line for each task.
    """
    total = len(TASK.findall((ROOT / "dags" / f"{DAG_ID}.py").read_text(encoding="utf-8")))
    columns = (
        TimeElapsedColumn(),
        BarColumn(),
        TextColumn("{task.completed} of {task.total} tasks, {task.description}"),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        shown = bar.add_task("Airflow is starting", total=total)
        ended = 0

        def watch(line: str) -> None:
            nonlocal ended
            if found := TASK_STARTED.search(line):
                bar.update(shown, description=found[1])
            elif found := TASK_ENDED.search(line):
                ended += 1
                bar.update(shown, completed=ended)
                if not console.is_terminal:
                    console.print(f"  {ended} of {total} tasks: {found[1]} has ended", highlight=False)

        yield watch


def load(console: Console, log: Path) -> None:
    """Run the main DAG with period `all`. SystemExit, after the end of its log, when the run fails."""
    with tasks_shown(console) as watch:
        console.print(f"Running the DAG {DAG_ID} with period=all ...")
        started = time.monotonic()
        conf = json.dumps({"period": "all"})
        succeeded = run_airflow("dags", "test", DAG_ID, "2018-11-01", "--conf", conf, log=log, watch=watch)
    for line in summary(log.read_text(errors="replace")):
        console.print(f"  {line}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"The run took {time.monotonic() - started:.1f} s; its log is {log}\n", highlight=False)
    if not succeeded:
        console.print(log.read_text(errors="replace")[-6000:], markup=False, highlight=False)
        sys.exit("the run failed; the end of its log is above")


def summary(log: str) -> list[str]:
    """The messages of the log that say what was read, what was computed and what is wrong; each once, in order."""
    return list(dict.fromkeys(filter(SUMMARY.search, map(message, log.splitlines()))))


def message(line: str) -> str:
    """The message of a log line, without the time before it and the source behind it."""
    plain = COLOUR.sub("", line)
    plain = re.sub(r"^\S+ \[\w+ *\] ", "", plain)
    return re.sub(r"\s*\[airflow\.[\w.]+\] loc=\S+$", "", plain).strip()


def main() -> None:
    """Load and show."""
    console = Console(width=None if sys.stdout.isatty() else 110)
    log = Path(os.environ["AIRFLOW_HOME"]) / "demo.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    load(console, log)
    with psycopg.connect("", autocommit=True) as connection:
        show_tables(console, connection)
        checks(console, connection)
        answers(console, connection)


def checks(console: Console, connection: psycopg.Connection) -> None:
    """Print how many checks passed, and each one that did not."""
    columns = "passed, severity, description, observed, expected"
    _, results = fetch(connection, f"SELECT {columns} FROM sparkify_quality.results")
    failed = [result[1:] for result in results if not result[0]]
    title = f"Checks: {len(results) - len(failed)} of {len(results)} passed"
    if failed:
        show(console, title, ["severity", "check", "observed", "expected"], failed)
    else:
        console.print(f"{title}\n", style="bold", highlight=False)


def answers(console: Console, connection: psycopg.Connection) -> None:
    """Print the answers to the five classic questions; the report has all questions."""
    for title, file in (
        ("The three artists women listened to most", "artists_women_listened_to_most"),
        ("The most played song where people listen most", "most_played_song_in_location"),
        ("The busiest hours of the day (UTC)", "busiest_hours"),
        ("Free and paying listeners, week by week", "free_and_paid_by_week"),
        ("The users who went from free to paid and listen most", "users_who_went_paid"),
    ):
        show(console, title, *fetch(connection, (QUESTIONS / f"{file}.sql").read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
