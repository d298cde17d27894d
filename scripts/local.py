"""Run this project on a local Redshift and S3: run a command in them, or keep them running in the background.

    .venv/bin/python scripts/local.py run -- airflow dags test sparkify_warehouse 2018-11-05

gives COMMAND a sandbox of its own on free ports for as long as COMMAND runs, with connections, Variables and a metadata
database of its own for Airflow, and exits with COMMAND's status. Many can run side by side, and beside `make up`.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sandbox.__main__ import main as sandbox  # noqa: E402  # the line above makes it importable
from sandbox.state import COMMAND, State  # noqa: E402
from scripts import demo_month, with_airflow  # noqa: E402
from scripts.recent_listening import BUCKET  # noqa: E402

BACKGROUND_STATE = ROOT / ".sandbox"  # as `make up` has it: there is one sandbox on the standard ports
USAGE = """
scripts/local.py run [--s3 DIR] [--state DIR] -- COMMAND...
       scripts/local.py up [--s3 DIR] [--state DIR]
       scripts/local.py down|status [--state DIR]
       scripts/local.py env [--scheduler] [--state DIR]"""


def parser() -> argparse.ArgumentParser:
    """The command line without COMMAND."""
    main = argparse.ArgumentParser(
        prog="scripts/local.py",
        description=__doc__,
        usage=USAGE.strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = main.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, text in {
        "run": "run COMMAND with a sandbox on free ports; exit with COMMAND's status",
        "up": "start a sandbox in the background on the standard ports",
        "down": "stop it, and Airflow if `make up` started it",
        "status": "print whether it runs, and where",
        "env": 'print its environment for a shell: eval "$(.venv/bin/python scripts/local.py env)"',
    }.items():
        sub = actions.add_parser(action, help=text, description=text)
        kept = "a temporary folder, removed at the end" if action == "run" else ".sandbox in the project"
        sub.add_argument("--state", type=Path, metavar="DIR", help=f"where data is kept (default: {kept})")
        if action in ("run", "up"):
            sub.add_argument(
                "--s3",
                type=Path,
                metavar="DIR",
                help="a folder with one folder per bucket (default: the demo's month, generated if it is missing)",
            )
        if action == "env":
            sub.add_argument(
                "--scheduler",
                action="store_true",
                help="with the metadata database of the Airflow that `make up` runs, so that `airflow dags unpause`, "
                "`airflow backfill create` and the like reach its scheduler",
            )
    return main


def main(words: list[str]) -> int:
    """Carry out a command line; return the exit status."""
    cut = words.index("--") if "--" in words else len(words)
    command = words[cut + 1 :]
    options = parser().parse_args(words[:cut])
    if (options.action == "run") != bool(command):
        parser().error("run takes a COMMAND after --; the other actions take none")
    if options.action == "run":
        return run(options.s3, options.state, command)
    state = State(options.state or BACKGROUND_STATE)
    if options.action == "up":
        return up(options.s3, state)
    if options.action == "env":
        return env(state, with_scheduler=options.scheduler)
    if options.action == "status":
        return status(state)
    return sandbox(["down", "--state", str(state.folder)])


def run(buckets: Path | None, folder: Path | None, command: list[str]) -> int:
    """Run COMMAND in a sandbox of its own, set up for Airflow; return its exit status."""
    buckets = buckets or demo_month.make()
    set_up(buckets)
    words = ["run", "--s3", str(buckets), *(["--state", str(folder)] if folder else [])]
    return sandbox([*words, "--", sys.executable, with_airflow.__file__, *command])


def up(buckets: Path | None, state: State) -> int:
    """Start a sandbox in the background and make Airflow's metadata database; print where everything is."""
    words = ["up", "--state", str(state.folder)]
    if state.holder() is None:
        buckets = buckets or demo_month.make()
        set_up(buckets)
        words += ["--s3", str(buckets)]
    failed = sandbox(words)
    found = state.environment()
    if failed or found is None:
        return failed
    with_airflow.prepare(found)
    show_env(state)
    return 0


def status(state: State) -> int:
    """Print where the running sandbox is reached; 1 when there is none."""
    failed = sandbox(["status", "--state", str(state.folder)])
    if not failed:
        show_env(state)
    return failed


def show_env(state: State) -> None:
    """Print how to set up a shell for Airflow."""
    where = "" if state.folder == BACKGROUND_STATE else f" --state {shlex.quote(str(state.folder))}"
    print(f'With Airflow: eval "$(.venv/bin/python scripts/local.py env{where})"')


def env(state: State, *, with_scheduler: bool) -> int:
    """Print the environment of the running sandbox as shell commands, Airflow's part included."""
    found = state.environment()
    if found is None:
        sys.exit(f"no sandbox runs in {state.folder}: start one with `scripts/local.py up` or `make up`")
    if with_scheduler:
        if COMMAND not in found:
            sys.exit(f"no Airflow runs beside the sandbox in {state.folder}: start it with `make up`")
    else:
        with_airflow.prepare(found)
        found |= {name: value for name, value in with_airflow.environment(found).items() if name != "PATH"}
    for name, value in found.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


def set_up(buckets: Path) -> None:
    """Set what COMMAND's environment gets whatever ports the sandbox takes."""
    forget_other_sandbox()
    for name, value in (with_airflow.SETTINGS | with_airflow.RETRY_DELAY).items():
        os.environ.setdefault(name, value)
    os.environ["AIRFLOW_VAR_SPARKIFY_BUCKET"] = main_bucket(buckets)


def forget_other_sandbox() -> None:
    """In a shell with another sandbox's `env`, Airflow's home is that sandbox's and not the caller's choice."""
    if "SANDBOX_TLS_AUTHORITY" in os.environ:
        other = with_airflow.state_folder(os.environ) / "airflow"
        if os.environ.get("AIRFLOW_HOME") == str(other):
            del os.environ["AIRFLOW_HOME"]


def main_bucket(buckets: Path) -> str:
    """The bucket that the DAG reads: the only folder there is, or the public bucket's name."""
    folders = [entry for entry in buckets.glob("*") if entry.is_dir() and not entry.name.startswith(".")]
    return folders[0].name if len(folders) == 1 else BUCKET


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
