"""The sandbox's command line."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from sandbox.processes import PROJECT, SandboxError
from sandbox.state import COMMAND, State

BACKGROUND_STATE = PROJECT / ".sandbox"
HOST = "127.0.0.1"
FAILED = 125  # the sandbox itself failed, COMMAND did not; as env(1) and docker-run(1) have it
USAGE = """
python -m sandbox run [--s3 DIR] [--state DIR] -- COMMAND...
       python -m sandbox up [--s3 DIR] [--state DIR] [--foreground] [--host ADDRESS] [-- COMMAND...]
       python -m sandbox down|status|env [--state DIR]"""


def parser() -> argparse.ArgumentParser:
    """The command line without COMMAND."""
    main = argparse.ArgumentParser(prog="python -m sandbox", description="A laptop-sized AWS.", usage=USAGE.strip())
    actions = main.add_subparsers(dest="action", required=True, metavar="ACTION")
    helps = {
        "run": "a sandbox on free ports for the life of COMMAND, with COMMAND's exit status",
        "up": "start a sandbox in the background, on the standard ports, with COMMAND beside it, for its life",
        "down": "stop it, COMMAND and all that COMMAND started",
        "status": "say whether it runs, and where",
        "env": 'print its environment for a shell: eval "$(python -m sandbox env)"',
    }
    for action, text in helps.items():
        sub = actions.add_parser(action, help=text, description=text)
        kept = "a temporary one, removed at the end" if action == "run" else ".sandbox in the project"
        sub.add_argument("--state", type=Path, metavar="DIR", help=f"where data is kept (default: {kept})")
        if action in ("run", "up"):
            sub.add_argument("--s3", type=Path, metavar="DIR", help="a folder with one folder per bucket")
        if action == "up":
            sub.add_argument("--foreground", action="store_true", help="stay, until a signal comes or COMMAND ends")
            sub.add_argument(
                "--host",
                choices=(HOST, "0.0.0.0"),  # noqa: S104  # for containers, which is what their networks are for
                default=HOST,
                help="what the services listen on: this machine only, or every interface, where whoever gets there is "
                f"their superuser (for containers; default: {HOST})",
            )
    return main


def main(words: list[str]) -> int:
    """Carry out a command line; returns the exit status."""
    cut = words.index("--") if "--" in words else len(words)
    command = words[cut + 1 :]
    options = parser().parse_args(words[:cut])
    if options.action == "run" and not command:
        parser().error("run takes a COMMAND, after --")
    if cut < len(words) and (options.action not in ("run", "up") or not command):
        parser().error("-- comes before a COMMAND, of run and up only")
    try:
        if options.action == "run":
            return run(options.s3, options.state, command)
        state = State(options.state or BACKGROUND_STATE)
        if options.action == "up":
            start = serve if options.foreground else up
            return start(options.s3, state, options.host, command)
        return {"down": down, "status": status, "env": env}[options.action](state)
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return FAILED


def run(buckets: Path | None, folder: Path | None, command: list[str]) -> int:
    """Run COMMAND in a sandbox of its own."""
    from sandbox.supervisor import supervise  # here: it imports all parts, which the short actions do without

    if folder is not None:
        return asyncio.run(supervise(State(folder), buckets, command))
    with tempfile.TemporaryDirectory(prefix="sandbox-") as temporary:
        Path(temporary).chmod(0o711)  # as root, PostgreSQL's user must get through to its data
        return asyncio.run(supervise(State(Path(temporary)), buckets, command, keep=False))


def serve(buckets: Path | None, state: State, host: str, command: list[str]) -> int:
    """Be the sandbox on the standard ports, with COMMAND beside it if there is one."""
    from sandbox.supervisor import supervise

    return asyncio.run(supervise(state, buckets, command, serve=True, host=host))


def up(buckets: Path | None, state: State, host: str, command: list[str]) -> int:
    """Start `up --foreground` in a session of its own and wait until it is ready."""
    if state.holder() is not None:
        return status(state)
    state.folder.mkdir(parents=True, exist_ok=True)
    log = state.folder / "sandbox.log"
    words = ["up", "--foreground", "--state", str(state.folder), "--host", host]
    if buckets is not None:
        words += ["--s3", str(buckets.resolve())]
    if command:
        words += ["--", *command]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # our own words
            [sys.executable, "-m", "sandbox", *words],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=PROJECT,
            start_new_session=True,
        )
    try:
        while state.holder() != process.pid or state.environment() is None:
            try:
                process.wait(0.05)
            except subprocess.TimeoutExpired:
                continue
            raise SandboxError(log.read_text(errors="replace").strip().removeprefix("sandbox: "))
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        return 128 + signal.SIGINT
    return status(state)


def down(state: State) -> int:
    """Stop the sandbox that holds this state, and its COMMAND."""
    holder = state.holder()
    command = (state.environment() or {}).get(COMMAND)
    if holder is None:
        print(f"no sandbox runs in {state.folder}")
        return 0
    with contextlib.suppress(ProcessLookupError):  # it ended by itself this moment, as wait_released will see
        os.kill(holder, signal.SIGTERM)
    state.wait_released()
    print("stopped" if command is None else f"stopped, and with it {command}")
    return 0


def status(state: State) -> int:
    """Print where the running sandbox is reached; 1 when there is none."""
    found = state.environment()
    if found is None:
        holder = state.holder()
        print(f"no sandbox runs in {state.folder}" if holder is None else f"process {holder} is starting or stopping")
        return 1
    print(f"Redshift  {found['PGHOST']}:{found['PGPORT']}, user {found['PGUSER']}, database {found['PGDATABASE']}")
    print(f"          with TLS for who asks, by the authority {found['SANDBOX_TLS_AUTHORITY']}")
    print(f"S3        {found['AWS_ENDPOINT_URL_S3']}")
    print(f"AWS       {found['AWS_ENDPOINT_URL']}")
    print(f"State     {state.folder}, process {state.holder()}")
    if COMMAND in found:
        print(f"Command   {found[COMMAND]}, its output in {state.folder / 'log' / 'command.log'}")
    print('In a shell: eval "$(python -m sandbox env)"')
    return 0


def env(state: State) -> int:
    """Print the environment of the running sandbox as shell commands."""
    found = state.environment()
    if found is None:
        raise SandboxError(f"no sandbox runs in {state.folder}: start one by python -m sandbox up")
    for name, value in found.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
