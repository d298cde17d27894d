"""Run a command with Airflow set up for the sandbox that this environment describes: `with_airflow.py COMMAND...`.

The sandbox exports where its Redshift, S3 and AWS APIs are (`PGHOST`, `AWS_ENDPOINT_URL` ...) and knows nothing of
Airflow. This adds what Airflow and the DAGs need: connections, Variables, folders, settings, and a metadata database
that is ready for use. `scripts/local.py` puts it between the sandbox and its COMMAND.
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORK_BUCKET = "sparkify-work"
FAILED = 125  # Airflow could not be set up, COMMAND did not run; the status with which the sandbox says the same

# Airflow's settings for a laptop, where the caller has not set them.
SETTINGS = {
    "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",  # no login; the web server listens on loopback only
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__API__HOST": "127.0.0.1",
    # A changed DAG file shows within seconds; a new one, and what DAG files import or read, within ten.
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "10",
    "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "5",
}
# Seconds before a task's second try. With the DAGs' default, which is for a cluster's maintenance window, `airflow dags
# test` would take half an hour to report a failure.
RETRY_DELAY = {"SPARKIFY_RETRY_DELAY": "1"}


def environment(sandbox: Mapping[str, str]) -> dict[str, str]:
    """The variables to add to those of a sandbox (and the caller's) so that Airflow works with it.

    The metadata database is always one of our own, in the sandbox's state folder, whatever the caller has set: a run
    in the database of another Airflow would show in its UI, and its scheduler would pick up the run's tasks.
    """
    state = state_folder(sandbox)
    defaults = {"AIRFLOW_HOME": str(state / "airflow"), **SETTINGS, **RETRY_DELAY}
    programs = str(Path(sys.executable).parent)
    path = sandbox.get("PATH", os.defpath)
    return {
        **{name: value for name, value in defaults.items() if name not in sandbox},
        **connections(sandbox),
        "AIRFLOW_VAR_SPARKIFY_WORK_PREFIX": f"s3://{WORK_BUCKET}/",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{metadata_database(state)}",
        "PATH": path if path.split(os.pathsep)[0] == programs else f"{programs}{os.pathsep}{path}",
    }


def state_folder(sandbox: Mapping[str, str]) -> Path:
    """Where this sandbox keeps its data; its TLS authority is in a folder of it."""
    return Path(sandbox["SANDBOX_TLS_AUTHORITY"]).parents[1]


def metadata_database(state: Path) -> Path:
    """The file of Airflow's metadata database. Another version of Airflow gets another one: its tables differ."""
    return state / f"airflow-{importlib.metadata.version('apache-airflow')}.db"


def connections(sandbox: Mapping[str, str]) -> dict[str, str]:
    """The connections `redshift` and `aws_default`, as the environment variables that Airflow reads them from."""
    redshift = {
        "conn_type": "redshift",
        "host": sandbox["PGHOST"],
        "port": int(sandbox["PGPORT"]),
        "login": sandbox["PGUSER"],
        "password": sandbox["PGPASSWORD"],
        "schema": sandbox["PGDATABASE"],
        # Without a name redshift_connector searches the whole stack for its caller's: up to 60 ms per connection.
        "extra": {"ssl": False, "application_name": "airflow"},
    }
    aws = {
        "conn_type": "aws",
        "login": sandbox["AWS_ACCESS_KEY_ID"],
        "password": sandbox["AWS_SECRET_ACCESS_KEY"],
        "extra": {
            "region_name": sandbox["AWS_DEFAULT_REGION"],
            "endpoint_url": sandbox["AWS_ENDPOINT_URL"],
            "service_config": {"s3": {"endpoint_url": sandbox["AWS_ENDPOINT_URL_S3"]}},
        },
    }
    return {"AIRFLOW_CONN_REDSHIFT": json.dumps(redshift), "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(aws)}


def prepare(sandbox: Mapping[str, str]) -> None:
    """Make the work bucket and the metadata database where they are missing. SystemExit when Airflow cannot make it.

    Airflow takes some seconds to create its tables. This happens once per checkout and version; after that the empty
    database is copied.
    """
    state = state_folder(sandbox)
    (state / "s3" / WORK_BUCKET).mkdir(parents=True, exist_ok=True)  # the sandbox's buckets are folders
    database = metadata_database(state)
    if database.exists():
        return
    template = ROOT / ".demo" / database.name
    template.parent.mkdir(exist_ok=True)
    with template.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two first runs at once: the second waits for the first one's template
        if not template.exists():
            migrate(template)
    unfinished = database.with_suffix(".unfinished")
    shutil.copyfile(template, unfinished)
    unfinished.rename(database)


def migrate(database: Path) -> None:
    """Create Airflow's tables in a new SQLite file. SystemExit, after Airflow's own output, when that fails."""
    with tempfile.TemporaryDirectory(prefix="airflow-") as home:
        unfinished = Path(home) / database.name
        # None of the caller's Airflow settings: they may belong to another Airflow, and its database.
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        ours = {
            "AIRFLOW_HOME": home,
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{unfinished}",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        }
        done = subprocess.run(  # noqa: S603  # our own arguments
            [sys.executable, str(ROOT / "scripts" / "fast_airflow.py"), "db", "migrate"],
            env=plain | ours,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        if done.returncode != 0:
            print(done.stdout[-4000:], file=sys.stderr)
            print("airflow db migrate failed; its output is above", file=sys.stderr)
            sys.exit(FAILED)
        # Not a rename: the temporary folder may be on another file system.
        copy = database.with_suffix(".unfinished")
        shutil.copyfile(unfinished, copy)
        copy.rename(database)


def main(command: list[str]) -> None:
    """Become COMMAND. SystemExit as a shell has it when there is no such command."""
    prepare(os.environ)
    complete = {**os.environ, **environment(os.environ)}
    try:
        os.execvpe(command[0], command, complete)  # noqa: S606  # what this script is for
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)


if __name__ == "__main__":
    main(sys.argv[1:])
