"""The command line: `up`, `down`, `status` and `env`, and what it says when it is called wrongly."""

import contextlib
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import sqlalchemy

from sandbox.processes import PROJECT, RUN_MARK, alive
from sandbox.redshift import engine
from sandbox.stack import STANDARD_PORTS
from sandbox.state import State

# A COMMAND with a process in a session of its own, under a title that is written over arguments and environment, as
# Airflow's workers have them.
LEAVING = """if True:
    import os, time
    from setproctitle import setproctitle
    if os.fork() == 0:
        os.setsid()
        setproctitle("a worker " * 50)
        print(os.getpid(), os.environ["PGPORT"], os.environ["AIRFLOW_HOME"], flush=True)
    time.sleep(1000)
"""


def sandbox(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *words], cwd=PROJECT, capture_output=True, text=True, timeout=60
    )


def dict_of(env: str) -> dict[str, str]:
    """The variables that the action `env` printed."""
    return dict(word.split("=", 1) for word in shlex.split(env) if word != "export")


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


standard_ports_are_free = pytest.mark.skipif(
    not all(port_is_free(port) for port in (STANDARD_PORTS.redshift, STANDARD_PORTS.s3, STANDARD_PORTS.aws)),
    reason="something listens on the standard ports, such as a sandbox of yours: python -m sandbox down",
)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state directory for one sandbox after another: to make a new one takes longer than all else of a start."""
    folder = tmp_path_factory.mktemp("kept") / "the state"
    yield folder
    engine.discard(folder / "postgresql")


@standard_ports_are_free
def test_up_keeps_a_sandbox_on_the_standard_ports_until_down(state, tmp_path):
    try:
        up = sandbox("up", "--state", state)
        assert (0, "") == (up.returncode, up.stderr)
        assert "127.0.0.1:5439" in up.stdout
        assert up.stdout == sandbox("up", "--state", state).stdout == sandbox("status", "--state", state).stdout

        env = sandbox("env", "--state", state).stdout
        question = "import psycopg; print(psycopg.connect('').execute('SELECT 1').fetchone())"
        ask = f"{env}\n{shlex.join([sys.executable, '-c', question])}"
        assert "(1,)\n" == subprocess.check_output(["sh", "-c", ask], text=True)

        records = sqlalchemy.create_engine(dict_of(env)["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
        with records.connect() as connection:
            assert 1 == connection.scalar(sqlalchemy.text("SELECT 1"))
        records.dispose()

        taken = sandbox("up", "--state", tmp_path / "another")
        assert 125 == taken.returncode
        assert f"port {STANDARD_PORTS.aws} is taken by" in taken.stderr or "port 5439 is taken by" in taken.stderr
        assert "process" in taken.stderr
    finally:
        down = sandbox("down", "--state", state)
    assert (0, "stopped\n") == (down.returncode, down.stdout)
    assert (1, f"no sandbox runs in {state}\n") == (lambda s: (s.returncode, s.stdout))(
        sandbox("status", "--state", state)
    )
    assert port_is_free(STANDARD_PORTS.redshift)


@contextlib.contextmanager
def kept_up(state: Path, *words: str) -> Iterator[subprocess.CompletedProcess[str]]:
    """A sandbox in the background, ended at the end if it still runs."""
    try:
        yield sandbox("up", "--state", state, *words)
    finally:
        sandbox("down", "--state", state)


def wait_for(what: Callable[[], bool]) -> None:
    """Wait until it is so; half a minute at most."""
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@standard_ports_are_free
def test_a_command_runs_beside_it_in_its_environment_and_down_ends_all_that_came_of_it(state):
    log = state / "log" / "command.log"
    with kept_up(state, "--", "python", "-c", LEAVING) as up:
        assert (0, "") == (up.returncode, up.stderr)
        assert f"its output in {log}" in up.stdout
        wait_for(lambda: log.read_text().endswith("\n"))
        process, port, home = log.read_text().split()
        assert str(STANDARD_PORTS.redshift) == port
        assert 0o600 == log.stat().st_mode & 0o777  # what COMMAND says may be secret
        assert home == dict_of(sandbox("env", "--state", state).stdout)["AIRFLOW_HOME"]

        left = psutil.Process(int(process))
        mark = left.environ()[RUN_MARK]
        started = [left, *psutil.Process(State(state).holder()).children(recursive=True)]
        down = sandbox("down", "--state", state)
        assert (0, "stopped, and with it python -c ") == (down.returncode, down.stdout[:31])
    wait_for(lambda: not any(alive(process) for process in started))
    everything = psutil.process_iter(["environ"])
    assert [] == [process for process in everything if (process.info["environ"] or {}).get(RUN_MARK) == mark]


@standard_ports_are_free
def test_when_command_ends_the_sandbox_does_and_its_log_says_so(state, tmp_path):
    start = tmp_path / "start"
    os.mkfifo(start)  # who reads it waits until somebody writes
    with kept_up(state, "--", "sh", "-c", 'read word < "$0"; echo $word; exit 7', str(start)) as up:
        assert 0 == up.returncode
        started = psutil.Process(State(state).holder()).children(recursive=True)
        start.write_text("bye\n")
        State(state).wait_released()
    assert "bye\n" == (state / "log" / "command.log").read_text()
    assert "sandbox: sh ended with status 7, and so the sandbox does" in (state / "sandbox.log").read_text()
    assert 1 == sandbox("status", "--state", state).returncode
    wait_for(lambda: not any(alive(process) for process in started))


@standard_ports_are_free
def test_a_command_that_cannot_be_started_is_an_error_and_leaves_no_sandbox(state):
    with kept_up(state, "--", "no such program") as up:
        assert (125, "sandbox: no such program: No such file or directory\n") == (up.returncode, up.stderr)
        assert State(state).holder() is None


@standard_ports_are_free
def test_for_containers_it_listens_on_every_interface_and_is_still_told_by_the_local_address(state):
    with kept_up(state, "--host", "0.0.0.0") as up:
        assert (0, "") == (up.returncode, up.stderr)
        assert "0.0.0.0" not in up.stdout + sandbox("env", "--state", state).stdout
        supervisor = psutil.Process(State(state).holder())
        listening = {
            connection.laddr.port: connection.laddr.ip
            for process in [supervisor, *supervisor.children()]
            for connection in process.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN
        }
    assert {STANDARD_PORTS.redshift, STANDARD_PORTS.s3, STANDARD_PORTS.aws} == listening.keys()
    assert set(listening.values()) <= {"0.0.0.0", "::"}


def test_without_a_sandbox_env_says_how_to_start_one(tmp_path):
    env = sandbox("env", "--state", tmp_path)
    assert (125, "") == (env.returncode, env.stdout)
    assert "start one by python -m sandbox up" in env.stderr


def test_down_of_nothing_is_no_error(tmp_path):
    assert 0 == sandbox("down", "--state", tmp_path).returncode


@pytest.mark.parametrize("words", [["run"], ["run", "--"], ["up", "--"], ["down", "--", "true"], ["fly"], []])
def test_a_wrong_call_is_told_the_right_ones(words):
    called = sandbox(*words)
    assert 2 == called.returncode
    assert "python -m sandbox run [--s3 DIR] [--state DIR] -- COMMAND..." in called.stderr


def test_buckets_that_are_no_folder_are_refused(tmp_path):
    called = sandbox("run", "--s3", tmp_path / "nowhere", "--", "true")
    assert (125, f"sandbox: expected a folder with one folder per bucket, got {tmp_path / 'nowhere'}\n") == (
        called.returncode,
        called.stderr,
    )
