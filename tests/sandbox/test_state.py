"""The state directory: one holder at a time, and a dead holder holds nothing."""

import signal
import subprocess
import sys

import pytest

from sandbox.processes import PROJECT, SandboxError
from sandbox.state import State

HOLD = """
import sys, time
from pathlib import Path
from sandbox.state import State
state = State(Path(sys.argv[1]))
state.take()
state.publish({"PGPORT": "1"})
print("held", flush=True)
time.sleep(100)
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the directory."""
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, cwd=PROJECT) as process:
        assert b"held\n" == process.stdout.readline()
        yield process
        process.kill()


def test_a_directory_in_use_is_refused_naming_the_process(tmp_path, holder):
    state = State(tmp_path)
    assert (holder.pid, {"PGPORT": "1"}) == (state.holder(), state.environment())
    with pytest.raises(SandboxError, match=f"is in use by process {holder.pid}:"):
        state.take()


def test_a_holder_that_was_killed_leaves_nothing_that_matters(tmp_path, holder):
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    state = State(tmp_path)
    assert (None, None) == (state.holder(), state.environment())
    state.take()
    assert state.environment() is None
    state.release()


def test_a_directory_that_nobody_used_is_free(tmp_path):
    assert State(tmp_path / "never").holder() is None
