"""Load everything in the bucket by the main DAG, then show what the warehouse holds and what it answers.

Runs wherever the connections `redshift` and `aws_default` lead; `make demo` runs it inside a sandbox. Connects for the
answers as libpq does, by PGHOST, PGPORT, PGUSER, PGPASSWORD and PGDATABASE.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import psycopg
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
QUESTIONS = ROOT / "include" / "sql" / "questions"
TABLES = ("songplays", "users", "songs", "artists", "time")
DAG_ID = "sparkify_warehouse"
TASK = re.compile(r'\btask_id="\w+"')
TASK_STARTED = re.compile(r"\[DAG TEST\] starting task_id=(\w+)")
TASK_ENDED = re.compile(r"\[DAG TEST\] end task task_id=(\w+)")
LINES_WORTH_SHOWING = re.compile(r"rows staged;|rows from \d+ files|warning: |failed: ")


def run_airflow(*arguments: str, log: Path, watch: Callable[[str], None]) -> bool:
    """Run an Airflow command with its output in a file, each line shown to `watch`; return whether it succeeded."""
    command = [sys.executable, str(ROOT / "scripts" / "fast_airflow.py"), *arguments]
    with (
        log.open("w") as file,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace") as run,  # noqa: S603  # our own words
    ):
        assert run.stdout is not None
        for line in run.stdout:
            file.write(line)
            watch(line)
    return run.returncode == 0


@contextlib.contextmanager
def tasks_shown(console: Console) -> Iterator[Callable[[str], None]]:
    """What is to be called with every line of a run's log: shows how many tasks of the DAG have ended.

    A bar on a terminal, which is gone at the end, and in a log a line for each task.
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


def fetch(connection: psycopg.Connection, sql: str) -> tuple[list[str], list[tuple]]:
    """Column names and rows of a query."""
    cursor = connection.execute(sql.strip().rstrip(";"))
    return [column.name for column in cursor.description or []], cursor.fetchall()


def spelled(value: object) -> str:
    """A value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return str(value)


def show(console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows as a table under its title; numbers to the right."""
    table = Table()
    for number, column in enumerate(columns):
        is_number = bool(rows) and all(isinstance(row[number], int | float | Decimal) for row in rows)
        table.add_column(column.replace("_", " "), justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(spelled, row))
    console.print(title, style="bold", highlight=False)
    console.print(table)
    console.print()


def load(console: Console, log: Path) -> None:
    """Run the main DAG with period `all`; end with its log when it fails."""
    with tasks_shown(console) as watch:
        if not run_airflow("db", "migrate", log=log.with_name("migrate.log"), watch=watch):
            sys.exit(f"airflow could not make its database; see {log.with_name('migrate.log')}")
        console.print(f"Running the DAG {DAG_ID} with period=all ...")
        started = time.monotonic()
        conf = json.dumps({"period": "all"})
        succeeded = run_airflow("dags", "test", DAG_ID, "2018-11-01", "--conf", conf, log=log, watch=watch)
    for line in log.read_text(errors="replace").splitlines():
        if LINES_WORTH_SHOWING.search(line):
            console.print("  " + message(line), highlight=False, markup=False, soft_wrap=True)
    console.print(f"The run took {time.monotonic() - started:.1f} s; its log is {log}\n", highlight=False)
    if not succeeded:
        console.print(log.read_text(errors="replace")[-6000:], markup=False, highlight=False)
        sys.exit("the run failed; nothing was published")


def message(line: str) -> str:
    """The message of a log line, without the time before it and the source behind it."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", line)
    plain = re.sub(r"^\S+ \[\w+ *\] ", "", plain)
    return re.sub(r"\s*\[airflow\.[\w.]+\] loc=\S+$", "", plain).strip()


def main() -> None:
    """Load and show."""
    console = Console(width=None if sys.stdout.isatty() else 110)
    log = Path(os.environ["AIRFLOW_HOME"]) / "demo.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    load(console, log)
    with psycopg.connect("", autocommit=True) as connection:
        counts = [
            (f"sparkify.{name}", *fetch(connection, f"SELECT COUNT(*) FROM sparkify.{name}")[1][0]) for name in TABLES
        ]
        show(console, "Published", ["table", "rows"], counts)
        checks(console, connection)
        answers(console, connection)


def checks(console: Console, connection: psycopg.Connection) -> None:
    """How many checks passed, and what those that did not have to say."""
    _, results = fetch(connection, "SELECT passed, severity, sentence, observed, expected FROM quality.results")
    failed = [result[1:] for result in results if not result[0]]
    title = f"Checks: {len(results) - len(failed)} of {len(results)} passed"
    if failed:
        show(console, title, ["severity", "claim", "observed", "expected"], failed)
    else:
        console.print(f"{title}\n", style="bold", highlight=False)


def answers(console: Console, connection: psycopg.Connection) -> None:
    """Ask the five classic questions; the report asks them all."""
    for title, file in (
        ("The three artists women listened to most", "artists_women_listened_to_most"),
        ("The most played song where people listen most", "most_played_song_in_location"),
        ("The busiest hours of the day (UTC)", "busiest_hours"),
        ("Free and paying listeners, week by week", "free_and_paid_by_week"),
        ("Who went from free to paid and listens most", "users_who_went_paid"),
    ):
        show(console, title, *fetch(connection, (QUESTIONS / f"{file}.sql").read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()
