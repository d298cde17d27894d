"""Start the sandbox with Airflow beside it, wait until there is something to see, and say where everything is.

`make up` runs it. The caller's own AIRFLOW variables do not count: they may belong to another Airflow. Settings of this
one go into airflow.cfg in its folder below the state, which stays from start to start as the warehouse does.
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
from recent_listening import BUCKET, fill
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sandbox.processes import port_holder  # noqa: E402  # the line above leads to it
from sandbox.stack import STANDARD_PORTS, WORK_BUCKET  # noqa: E402
from sandbox.state import COMMAND, State  # noqa: E402

PAGE = "http://localhost:8080"
PORTS = {
    "Airflow": 8080,
    "Redshift": STANDARD_PORTS.redshift,
    "S3": STANDARD_PORTS.s3,
    "the other AWS APIs": STANDARD_PORTS.aws,
}
AIRFLOW = ["airflow", "standalone"]
SETTINGS = {
    "AIRFLOW__API__PORT": str(PORTS["Airflow"]),
    "AIRFLOW__API__BASE_URL": PAGE,
    # The address the server listens on: localhost may be ::1 first, where another server could be.
    "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{PORTS['Airflow']}/execution/",
    "PYTHONUNBUFFERED": "1",  # or its log comes in blocks, long after what it tells
}
WINDOW = 30  # days of listening
PARTS = ("metadatabase", "scheduler", "dag_processor", "triggerer")
DAG_ID = re.compile(r'\bDAG\(\s*dag_id="(\w+)"')
PATIENCE = 600  # seconds; 25 is usual, some minutes on a machine that is busy otherwise
# A proxy for the world outside must not be asked for this machine.
LOCAL = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def taken_ports() -> list[str]:
    """What is wrong with the ports needed, in words; nothing when all are free."""
    found = []
    for name, port in PORTS.items():
        if any(listens(address, port) for address in ("127.0.0.1", "::1")):
            holder = port_holder(port) or "a process of another user"
            found.append(f"port {port}, which is for {name}, is taken by {holder}")
    return found


def listens(address: str, port: int) -> bool:
    """Whether somebody answers there."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.settimeout(1)
        return probe.connect_ex((address, port)) == 0


def start(state: State, buckets: Path) -> None:
    """Start both in the background; end with the sandbox's own words when it cannot be."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    words = ["up", "--state", str(state.folder), "--s3", str(buckets.resolve()), "--", *AIRFLOW]
    done = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-m", "sandbox", *words],
        cwd=ROOT,
        env=variables | SETTINGS,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(done.returncode)


def ask(path: str) -> Any:
    """An answer of Airflow's API; None when there is none."""
    try:
        with LOCAL.open(f"http://127.0.0.1:{PORTS['Airflow']}/api/v2/{path}", timeout=5) as answer:
            return json.load(answer)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return None


def ready_parts(started: float) -> set[str]:
    """Airflow's parts that have been heard of since `started` (seconds of the epoch), and the DAGs that were parsed."""
    health = ask("monitor/health")
    if health is None:
        return set()
    beats = {name: health[name].get(f"latest_{name}_heartbeat") for name in PARTS}
    ready = {
        name
        for name, beat in beats.items()
        # What a start before this one left in the database counts as alive for half a minute.
        if health[name]["status"] == "healthy" and (name == "metadatabase" or since(beat, started))
    }
    dags = (ask("dags?limit=100") or {"dags": []})["dags"]
    return ready | {f"DAG {dag['dag_id']}" for dag in dags if since(dag["last_parsed_time"], started)}


def since(moment: str | None, started: float) -> bool:
    """Whether this moment of the API is a later one."""
    return moment is not None and datetime.datetime.fromisoformat(moment).timestamp() > started


def import_errors() -> list[str]:
    """What is wrong with DAG files, in words."""
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
        # Nothing is known before the web server answers, as one of the last: a bar that only shows that it lives.
        task = bar.add_task("Airflow's web server", total=None)
        while True:
            holder = state.holder()
            if holder is None:
                fail_with_logs(state)
            missing = needed - ready_parts(psutil.Process(holder).create_time())
            if not missing or (missing <= dags and import_errors()):  # those will not come
                break
            if time.monotonic() - began > PATIENCE:
                sys.exit(
                    f"after {PATIENCE} s these are not ready: {', '.join(sorted(missing))}. Airflow goes on starting; "
                    f"see {shown(airflow_log(state))}; `make down` ends it"
                )
            if missing < needed:
                done = len(needed - missing)
                bar.update(task, total=len(needed), completed=done, description=", ".join(sorted(missing)))
            time.sleep(0.3)
        bar.update(task, description="the tasks' own API")
        prepare_for_tasks()
    console.print(f"ready after {time.monotonic() - began:.0f} s", highlight=False)


def prepare_for_tasks() -> None:
    """Have the web server build the API that tasks use.

    It does so at the first call, for seconds in which it answers nobody: better now than while somebody looks.
    """
    with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
        LOCAL.open(f"{SETTINGS['AIRFLOW__CORE__EXECUTION_API_SERVER_URL']}health", timeout=PATIENCE).close()


def airflow_log(state: State) -> Path:
    """What Airflow itself writes."""
    return state.folder / "log" / "command.log"


def fail_with_logs(state: State) -> None:
    """End, because the sandbox did, with what it and Airflow said last."""
    for log in (airflow_log(state), state.folder / "sandbox.log"):
        if log.exists():
            lines = log.read_text(errors="replace").splitlines()[-15:]
            print(f"The end of {shown(log)}:", *lines, sep="\n  ", file=sys.stderr)
    sys.exit("the sandbox ended while Airflow was starting")


def stop(state: State) -> None:
    """End what was started."""
    subprocess.run([sys.executable, "-m", "sandbox", "down", "--state", state.folder], cwd=ROOT, check=False)  # noqa: S603  # our own words


def shown(path: Path) -> str:
    """The path as seen from here, where it lies here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def places(state: State) -> str:
    """Where everything is, in words."""
    found = state.environment() or {}
    host, port, user, password, database = (
        found[f"PG{name}"] for name in ("HOST", "PORT", "USER", "PASSWORD", "DATABASE")
    )
    default = state.folder == ROOT / ".sandbox"
    buckets = state.folder / "s3"
    return f"""
Airflow      {PAGE}, no login
             Trigger sparkify_warehouse: as the form is it loads today, with period = all everything
Redshift     psql postgresql://{user}:{password}@{host}:{port}/{database}
             DBeaver: host {host}, port {port}, database {database}, user {user}, password {password}
S3           {found["AWS_ENDPOINT_URL_S3"]}, region {found["AWS_DEFAULT_REGION"]}
             access key {found["AWS_ACCESS_KEY_ID"]}, secret key {found["AWS_SECRET_ACCESS_KEY"]}
  listening  s3://{BUCKET} is {shown((buckets / BUCKET).resolve())}
  reports    s3://{WORK_BUCKET} is {shown(buckets / WORK_BUCKET)}
Logs         Airflow {shown(airflow_log(state))}, its tasks {shown(state.folder / "airflow" / "logs")}
             sandbox {shown(state.folder / "sandbox.log")}, {shown(state.folder / "log")}
In a shell   eval "$(.venv/bin/python -m sandbox env{"" if default else f" --state '{shown(state.folder)}'"})"
Stop         make down{"" if default else f" STATE='{shown(state.folder)}'"}"""


def main() -> None:
    """Start, unless it runs; wait; tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--state", type=Path, required=True, metavar="DIR", help="where data is kept")
    parser.add_argument("--buckets", type=Path, required=True, metavar="DIR", help="where the made-up listening lies")
    given = parser.parse_args()
    state = State(given.state)
    if is_new := state.holder() is None:
        if taken := taken_ports():
            sys.exit("\n".join([*taken, "end what takes it (by `make down`, if it is an earlier start) and try again"]))
    elif COMMAND not in (state.environment() or {COMMAND: "it is starting"}):
        sys.exit(f"a sandbox without Airflow runs in {shown(state.folder)}: stop it by `make down` and try again")
    print(fill(given.buckets, WINDOW, datetime.datetime.now(datetime.UTC).date()), flush=True)
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
