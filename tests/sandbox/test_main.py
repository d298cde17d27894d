"""The command line: `up`, `down`, `status` and `env`, and what it says when it is called wrongly."""

import shlex
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.processes import PROJECT
from sandbox.stack import STANDARD_PORTS


def sandbox(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sandbox", *words], cwd=PROJECT, capture_output=True, text=True, timeout=60
    )


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


standard_ports_are_free = pytest.mark.skipif(
    not all(port_is_free(port) for port in (STANDARD_PORTS.redshift, STANDARD_PORTS.s3, STANDARD_PORTS.aws)),
    reason="something listens on the standard ports, such as a sandbox of yours: python -m sandbox down",
)


@standard_ports_are_free
def test_up_keeps_a_sandbox_on_the_standard_ports_until_down(tmp_path):
    state = tmp_path / "the state"
    try:
        up = sandbox("up", "--state", state)
        assert (0, "") == (up.returncode, up.stderr)
        assert "127.0.0.1:5439" in up.stdout
        assert up.stdout == sandbox("up", "--state", state).stdout == sandbox("status", "--state", state).stdout

        env = sandbox("env", "--state", state).stdout
        question = "import psycopg; print(psycopg.connect('').execute('SELECT 1').fetchone())"
        ask = f"{env}\n{shlex.join([sys.executable, '-c', question])}"
        assert "(1,)\n" == subprocess.check_output(["sh", "-c", ask], text=True)

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


def test_without_a_sandbox_env_says_how_to_start_one(tmp_path):
    env = sandbox("env", "--state", tmp_path)
    assert (125, "") == (env.returncode, env.stdout)
    assert "start one by python -m sandbox up" in env.stderr


def test_down_of_nothing_is_no_error(tmp_path):
    assert 0 == sandbox("down", "--state", tmp_path).returncode


@pytest.mark.parametrize("words", [["run"], ["run", "--"], ["up", "--", "true"], ["fly"], []])
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
