"""`python -m sandbox run -- COMMAND`: COMMAND's exit status, and nothing left behind however it ends."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from sandbox.processes import PROJECT, alive
from sandbox.redshift import engine
from sandbox.redshift.engine import server_user, usable
from sandbox.state import State

SANDBOX = [sys.executable, "-m", "sandbox", "run"]
# A COMMAND with a child of its own, which a shell would not end when it ends.
READY_AND_WAIT = ["sh", "-c", "sleep 1000 & echo ready; wait"]


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SANDBOX, *words], cwd=PROJECT, capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state directory for one sandbox after another: to make a new one takes longer than all else of a start."""
    folder = tmp_path_factory.mktemp("kept") / "the state"
    yield folder
    engine.discard(folder / "postgresql")


@contextlib.contextmanager
def waiting(
    *options: str | Path, command: list[str] = READY_AND_WAIT
) -> Iterator[tuple[subprocess.Popen[bytes], list]]:
    """A sandbox whose COMMAND is waiting, and all its processes."""
    with subprocess.Popen(
        [*SANDBOX, *options, "--", *command], cwd=PROJECT, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert b"ready\n" == process.stdout.readline()
        yield process, psutil.Process(process.pid).children(recursive=True)
        with contextlib.suppress(ProcessLookupError):
            process.kill()


def assert_gone(processes: list[psutil.Process]) -> None:
    deadline = time.monotonic() + 15
    while any(alive(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [] == [process for process in processes if alive(process)]


@pytest.mark.parametrize(
    ("command", "status"),
    [(["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 128 + 9), (["no such program"], 127), (["/"], 126)],
)
def test_the_exit_status_is_commands_own_as_a_shell_has_it(state, command, status):
    assert status == run("--state", state, "--", *command).returncode


def test_command_gets_its_words_and_its_input_as_they_are(state):
    done = subprocess.run(
        [*SANDBOX, "--state", state, "--", "sh", "-c", 'cat; echo "$1|$2"', "sh", "--state", "a  b"],
        cwd=PROJECT, input="in\n", capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ("in\n--state|a  b\n", "") == (done.stdout, done.stderr)


def test_a_command_that_ends_leaves_no_process_and_no_temporary_file_behind(monkeypatch):
    # A folder of its own for temporary files, short enough for a socket: other sandboxes come and go in the usual one.
    folder = Path(tempfile.mkdtemp(dir="/tmp"))
    folder.chmod(0o711)
    monkeypatch.setenv("TMPDIR", str(folder))
    with waiting(command=["sh", "-c", "nohup sleep 1000 & echo ready; sleep 0.5; exit 3"]) as (process, started):
        assert {"postgres", "rclone"} <= {child.name() for child in started}
        assert 3 == process.wait(30)
        assert_gone(started)
    folder.rmdir()  # which only succeeds on an empty folder


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_command_and_all_else(state, number):
    with waiting("--state", state) as (process, started):
        os.killpg(process.pid, number)
        assert 128 + number == process.wait(30)
        assert_gone(started)


def test_a_signal_while_it_starts_ends_it():
    with subprocess.Popen([*SANDBOX, "--", "echo", "never"], cwd=PROJECT, stdout=subprocess.PIPE) as process:
        supervisor = psutil.Process(process.pid)
        while not supervisor.children():
            pass
        started = supervisor.children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert (b"", 128 + signal.SIGINT) == (process.communicate(timeout=30)[0], process.returncode)
        assert_gone(started)


def test_killed_by_force_it_leaves_no_process_and_no_lock(state):
    with waiting("--state", state) as (process, started):
        process.kill()
        assert_gone(started)
    assert State(state).holder() is None
    assert 0 == run("--state", state, "--", "true").returncode


def test_at_a_terminal_ctrl_c_is_commands_to_answer_and_reaches_it_once(state):
    count = """if True:
        import time
        for _ in range(2):
            try:
                print("ready", flush=True)
                time.sleep(100)
            except KeyboardInterrupt:
                print("caught", flush=True)
    """
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(PROJECT)
        os.execv(SANDBOX[0], [*SANDBOX, "--state", state, "--", sys.executable, "-c", count])
    with os.fdopen(terminal, "r+b", buffering=0) as screen:
        seen = b""
        for key, expected in ((b"", b"ready"), (b"\x03", b"caught\r\nready"), (b"\x03", b"caught")):
            screen.write(key)
            while expected not in seen:
                seen += screen.read(1000)
            seen = seen.partition(expected)[2]
        _, status = os.waitpid(pid, 0)
    assert 0 == os.waitstatus_to_exitcode(status)


def test_a_part_that_breaks_ends_the_run_with_its_name(state):
    with subprocess.Popen(
        [*SANDBOX, "--state", state, "--", *READY_AND_WAIT], cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert b"ready\n" == process.stdout.readline()
        started = psutil.Process(process.pid).children(recursive=True)
        next(child for child in started if child.name() == "rclone").kill()
        assert b"sandbox: s3 ended unexpectedly with status -9" in process.communicate(timeout=30)[1]
        assert 125 == process.returncode
        assert_gone(started)


def test_the_other_apis_run_from_the_first_call_on_and_are_a_part_like_the_others(state):
    call = "import boto3; boto3.client('sts').get_caller_identity(); print('ready', flush=True); input()"

    def parts(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
        return [part for part in psutil.Process(process.pid).children() if any("moto" in w for w in part.cmdline())]

    with waiting("--state", state) as (process, _):
        assert [] == parts(process)
    with subprocess.Popen(
        [*SANDBOX, "--state", state, "--", "python", "-c", call],
        cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert b"ready\n" == process.stdout.readline()
        (part,) = parts(process)
        part.kill()
        assert b"sandbox: aws ended unexpectedly with status -9" in process.communicate(timeout=30)[1]


def test_a_second_sandbox_stands_beside_the_first_and_states_with_spaces_are_kept(state, tmp_path):
    make = "import psycopg; psycopg.connect('', autocommit=True).execute('CREATE TABLE public.kept (n INTEGER)')"
    look = "import psycopg; print(psycopg.connect('').execute('SELECT COUNT(*) FROM public.kept').fetchone())"
    assert 0 == run("--state", state, "--", "python", "-c", make).returncode
    with waiting("--state", tmp_path / "another"):
        again = run("--state", state, "--", "python", "-c", look)
    assert ("(0,)\n", "") == (again.stdout, again.stderr)


def test_an_ordinary_user_needs_nothing_but_the_project():
    if os.geteuid() != 0:
        pytest.skip("the other tests here run as an ordinary user already")
    if not all(usable(path, server_user()) for path in (Path(sys.executable).resolve(), PROJECT / "sandbox")):
        pytest.skip(f"another user cannot read this Python ({sys.executable}) or the project")
    done = subprocess.run(
        [*SANDBOX, "--", "python", "-c", "import psycopg; print(psycopg.connect('').execute('SELECT 1').fetchone())"],
        user="nobody", extra_groups=[], env={"HOME": "/"}, cwd=PROJECT, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert ("(1,)\n", "", 0) == (done.stdout, done.stderr, done.returncode)
