"""Start the sandbox with Airflow beside it, wait until both are ready, and print where everything is.

`make up` runs it. The caller's AIRFLOW variables are ignored: they may belong to another Airflow. Settings of this one
go into airflow.cfg in its folder below the state, which is kept from start to start as the warehouse is.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sandbox.processes import port_holder  # noqa: E402  # the line above makes it importable
from sandbox.stack import STANDARD_PORTS  # noqa: E402
from sandbox.state import COMMAND, State  # noqa: E402
from scripts import with_airflow  # noqa: E402
from scripts.recent_listening import BUCKET, WINDOW, fill, last_ended_day, now_utc  # noqa: E402

PAGE = "http://localhost:8080"
PORTS = {
    "Airflow": 8080,
    "Redshift": STANDARD_PORTS.redshift,
    "S3": STANDARD_PORTS.s3,
    "the other AWS APIs": STANDARD_PORTS.aws,
}
AIRFLOW = ["python", str(ROOT / "scripts" / "airflow_with_listening.py")]
SETTINGS = {
    **with_airflow.SETTINGS,
    "AIRFLOW__API__PORT": str(PORTS["Airflow"]),
    "AIRFLOW__API__BASE_URL": PAGE,
    # The address the server listens on: localhost may be ::1 first, where another server could be.
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{PORTS['Airflow']}/execution/",
    "PYTHONUNBUFFERED": "1",  # or its log is written in blocks, long after the events in it
}
PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
DAG_ID = re.compile(r'\bDAG\(\s*dag_id="(\w+)"')
PATIENCE = 600  # seconds; 25 is usual, some minutes on a machine that is busy otherwise
# A proxy for the world outside must not be asked for this machine.
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def taken_ports() -> list[str]:
    """An error message for each port that is taken; none when all are free."""
    found = []
    for name, port in PORTS.items():
        if any(listens(address, port) for address in ("127.0.0.1", "::1")):
            holder = port_holder(port) or "a process of another user"
            found.append(f"port {port}, which is for {name}, is taken by {holder}")
    return found


def listens(address: str, port: int) -> bool:
    """Whether a process accepts connections there."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.settimeout(1)
        return probe.connect_ex((address, port)) == 0


def start(state: State, buckets: Path) -> None:
    """Start both in the background. SystemExit, after the sandbox's own error, when it does not start."""
    folder = str(buckets.resolve())
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    words = ["up", "--state", str(state.folder), "--s3", folder, "--", *AIRFLOW, folder]
    done = subprocess.run(  # noqa: S603  # our own arguments
        [sys.executable, "-m", "sandbox", *words],
        cwd=ROOT,
        env=variables | SETTINGS,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(done.returncode)


def ask(path: str) -> Any:
    """The answer of Airflow's API, parsed; None when there is none."""
    try:
        with LOCAL.open(f"http://127.0.0.1:{PORTS['Airflow']}/api/v2/{path}", timeout=5) as answer:
            return json.load(answer)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def ready_parts(started: float) -> set[str]:
    """The parts of Airflow with a heartbeat after `started` (seconds of the epoch), and the DAGs parsed since then."""
    health = ask("monitor/health")
    if health is None:
        return set()
    beats = {name: health[name].get(f"latest_{name}_heartbeat") for name in PARTS}
    ready = {
        name
        for name, beat in beats.items()
        # A heartbeat that an earlier start left in the database counts as healthy for half a minute.
        if health[name]["status"] == "healthy" and (name == "metadatabase" or since(beat, started))
    }
    dags = (ask("dags?limit=100") or {"dags": []})["dags"]
    return ready | {f"DAG {dag['dag_id']}" for dag in dags if since(dag["last_parsed_time"], started)}


def since(moment: str | None, started: float) -> bool:
    """Whether a timestamp of the API is later than `started`."""
    return moment is not None and datetime.datetime.fromisoformat(moment).timestamp() > started


def import_errors() -> list[str]:
    """An error message for each DAG file that cannot be imported."""
    errors = (ask("importErrors") or {"import_errors": []})["import_errors"]
    return [f"{error['filename']} cannot be imported: {error['stack_trace'].strip()}" for error in errors]


def wait_until_ready(state: State, console: Console) -> None:
    """Wait for all parts of Airflow and all DAGs; on a terminal with a bar."""
    files = (ROOT / "dags").glob("*.py")
    dags = {f"DAG {dag_id}" for file in files for dag_id in DAG_ID.findall(file.read_text(encoding="utf-8"))}
    needed = {*PARTS, *dags}
    began = time.monotonic()
    columns = (TimeElapsedColumn(), BarColumn(), TextColumn("waiting for {task.description}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        # Nothing is known before the web server answers, and it is one of the last: a bar without a length until then.
        task = bar.add_task("Airflow's web server", total=None)
        while True:
            holder = state.holder()
            if holder is None:
                fail_with_logs(state)
            missing = needed - ready_parts(psutil.Process(holder).create_time())
            if not missing or (missing <= dags and import_errors()):  # these never become ready
                break
            if time.monotonic() - began > PATIENCE:
                sys.exit(
                    f"after {PATIENCE} s these are not ready: {', '.join(sorted(missing))}. Airflow is still starting: "
                    f"see {shown(airflow_log(state))}, or stop it with `make down`"
                )
            if missing < needed:
                done = len(needed - missing)
                bar.update(task, total=len(needed), completed=done, description=", ".join(sorted(missing)))
            time.sleep(0.3)
        bar.update(task, description="the tasks' own API")
        prepare_for_tasks()
    console.print(f"ready after {time.monotonic() - began:.0f} s", highlight=False)


def prepare_for_tasks() -> None:
    """Make the web server build the API that tasks use.

    It does so at the first call, and answers nothing else for seconds: better now than when a user opens a page.
    """
    with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
        LOCAL.open(f"{SETTINGS['AIRFLOW__CORE__EXECUTION_API_SERVER_URL']}health", timeout=PATIENCE).close()


def airflow_log(state: State) -> Path:
    """The log of Airflow itself."""
    return state.folder / "log" / "command.log"


def fail_with_logs(state: State) -> None:
    """SystemExit, because the sandbox has ended, after the last lines of its log and Airflow's."""
    for log in (airflow_log(state), state.folder / "sandbox.log"):
        if log.exists():
            lines = log.read_text(errors="replace").splitlines()[-15:]
            print(f"The end of {shown(log)}:", *lines, sep="\n  ", file=sys.stderr)
    sys.exit("the sandbox ended while Airflow was starting")


def stop(state: State) -> None:
    """Stop the sandbox, and Airflow with it."""
    subprocess.run([sys.executable, "-m", "sandbox", "down", "--state", state.folder], cwd=ROOT, check=False)  # noqa: S603  # our own arguments


def shown(path: Path) -> str:
    """The path, relative to the current folder where it is inside of it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def places(state: State) -> str:
    """Where everything is, as a text."""
    found = state.environment() or {}
    host, port, user, password, database = (
        found[f"PG{name}"] for name in ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")
    )
    default = state.folder == ROOT / ".sandbox"
    other = "" if default else f" --state '{shown(state.folder)}'"
    buckets = state.folder / "s3"
    return f"""
Airflow      {PAGE}, no login
             Unpause sparkify_warehouse: it loads yesterday, and from then on each day once it has ended
             Trigger it with period = all: it loads all {WINDOW} days
Redshift     psql postgresql://{user}:{password}@{host}:{port}/{database}
             DBeaver: host {host}, port {port}, database {database}, user {user}, password {password}
S3           {found["AWS_ENDPOINT_URL_S3"]}, region {found["AWS_DEFAULT_REGION"]}
             access key {found["AWS_ACCESS_KEY_ID"]}, secret key {found["AWS_SECRET_ACCESS_KEY"]}
  listening  s3://{BUCKET} is {shown((buckets / BUCKET).resolve())}
  reports    s3://{with_airflow.WORK_BUCKET} is {shown(buckets / with_airflow.WORK_BUCKET)}
Logs         Airflow {shown(airflow_log(state))}, its tasks {shown(state.folder / "airflow" / "logs")}
             sandbox {shown(state.folder / "sandbox.log")}, {shown(state.folder / "log")}
In a shell   eval "$(.venv/bin/python scripts/local.py env --scheduler{other})"
Stop         make down{"" if default else f" STATE='{shown(state.folder)}'"}"""


def main() -> None:
    """Start both unless they run, wait until they are ready, and print where everything is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=Path, required=True, metavar="DIR", help="where data is kept")
    parser.add_argument(
        "--buckets", type=Path, required=True, metavar="DIR", help="the folder with the generated listening"
    )
    given = parser.parse_args()
    state = State(given.state)
    if is_new := state.holder() is None:
        if taken := taken_ports():
            sys.exit(
                "\n".join([*taken, "end that process (with `make down`, if it is from an earlier start) and try again"])
            )
    elif COMMAND not in (state.environment() or {COMMAND: "it is starting"}):
        sys.exit(f"a sandbox without Airflow runs in {shown(state.folder)}: stop it with `make down` and try again")
    print(fill(given.buckets, WINDOW, last_ended_day(now_utc())), flush=True)
    try:
        if is_new:
            print("starting the sandbox and Airflow ...", flush=True)
            start(state, given.buckets)
        wait_until_ready(state, Console(width=None if sys.stdout.isatty() else 110))
    except KeyboardInterrupt:
        if is_new:
            stop(state)
        sys.exit(130)
    print(places(state))
    for error in import_errors():
        print(f"\n{error}", file=sys.stderr)


if __name__ == "__main__":
    main()
