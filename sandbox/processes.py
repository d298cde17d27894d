"""The sandbox's own processes: each in a session of its own, ended in order, and ended too if the sandbox is killed.

Linux could end them by PR_SET_PDEATHSIG; the warden below does so on macOS as well, and for whole process groups.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import pwd
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import psutil

PROJECT = Path(__file__).resolve().parent.parent

# COMMAND and all it starts carry this variable: what it leaves behind is found by it, whoever its parent is by then.
RUN_MARK = "SPARKIFY_SANDBOX_RUN"

# Reads "SIGNAL PROCESS" lines until its input ends: then the sandbox is gone, however it went. $1 python, $2 mark.
WARDEN = """
while read -r signal process; do todo="$todo kill -s $signal -- $process;"; done
eval "$todo"
exec "$1" -m sandbox.processes "$2"
"""


class SandboxError(Exception):
    """The sandbox cannot do its work; the text is for the person who started it."""


@dataclasses.dataclass
class Child:
    """A process of the sandbox. The file `log` has its output since it was started."""

    name: str
    process: asyncio.subprocess.Process
    log: Path
    stop_signal: signal.Signals

    async def stop(self, seconds: float = 20) -> None:
        """Ask the process to end, and end its whole group by force when it has not after `seconds`."""
        if self.process.returncode is None:
            self.process.send_signal(self.stop_signal)
        try:
            await asyncio.wait_for(self.process.wait(), seconds)
        except TimeoutError:
            os.killpg(self.process.pid, signal.SIGKILL)
            await self.process.wait()

    def failure(self, what: str) -> SandboxError:
        """An error saying `what` happened to this process, with the end of its log."""
        tail = self.log.read_text(errors="replace").splitlines()[-15:]
        return SandboxError("\n".join([f"{self.name} {what}; the end of {self.log}:", *tail]))


class Children:
    """All processes of one sandbox. `mark` is the value of RUN_MARK by which leftovers of COMMAND are recognised."""

    def __init__(self, logs: Path, mark: str) -> None:
        self.logs = logs
        self.mark = mark
        self._running: list[Child] = []
        self._watching: list[asyncio.Task[None]] = []  # kept: the event loop itself would forget them
        self._ended: asyncio.Queue[Child] = asyncio.Queue()
        self._warden: asyncio.subprocess.Process | None = None

    async def open(self) -> None:
        """Start the warden; to be done before any other process is started."""
        self.logs.mkdir(parents=True, exist_ok=True)
        self._warden = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", WARDEN, "sandbox-warden", sys.executable, self.mark),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=PROJECT,
            start_new_session=True,
        )

    def watch(self, process: str, stop_signal: signal.Signals) -> None:
        """Have this process id (or, after a minus sign, group) signalled should the sandbox be killed."""
        assert self._warden is not None, "open() comes first"
        assert self._warden.stdin is not None
        self._warden.stdin.write(f"{stop_signal.name.removeprefix('SIG')} {process}\n".encode())

    async def start(
        self,
        name: str,
        argv: Sequence[str | Path],
        *,
        user: pwd.struct_passwd | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
        inherit: Sequence[int] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Child:
        """Start a process as `user` (None: as we are), with the open files `inherit`; `environment` joins a bare one.

        Secrets belong in the environment: arguments are for every user of the machine to see.
        """
        log = self.logs / f"{name}.log"
        with open_log(log) as output:
            process = await asyncio.create_subprocess_exec(
                *map(str, argv),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                # The caller's PG*, RCLONE_* and AWS_* variables must not reach the servers.
                env={"PATH": os.defpath, "LC_ALL": "C", "HOME": str(self.logs.parent), **(environment or {})},
                cwd="/",
                start_new_session=True,
                pass_fds=inherit,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None,
            )
        self.watch(f"-{process.pid}", stop_signal)
        child = Child(name, process, log, stop_signal)
        self._running.append(child)
        self._watching.append(asyncio.create_task(self._watch_end(child)))
        return child

    async def first_to_end(self) -> Child:
        """Wait until one of the processes ends, also one that is started meanwhile."""
        while (child := await self._ended.get()) not in self._running:
            pass  # one that was to end
        return child

    async def _watch_end(self, child: Child) -> None:
        await child.process.wait()
        self._ended.put_nowait(child)

    async def close(self) -> None:
        """Stop what still runs, the last started first, and the warden last."""
        while self._running:
            await self._running.pop().stop()
        if self._warden is not None:
            self._warden.kill()  # not by closing its input: it would signal ids that may be someone else's by now
            await self._warden.wait()
            self._warden = None

    async def run(self, name: str, argv: Sequence[str | Path], *, user: pwd.struct_passwd | None) -> None:
        """Run a process to its end. Raises SandboxError unless it succeeded."""
        child = await self.start(name, argv, user=user)
        status = await child.process.wait()
        self._running.remove(child)
        if status != 0:
            raise child.failure(f"failed with status {status}")


def open_log(path: Path) -> BinaryIO:
    """A new log that only its owner may read: it may hold secrets."""
    path.unlink(missing_ok=True)  # an old one may be readable for others
    path.touch(0o600, exist_ok=False)
    return path.open("wb")


async def wait_until(ready: Callable[[], Awaitable[bool]], child: Child, seconds: float = 60) -> None:
    """Wait until `ready` says so. Raises SandboxError when the process ends before, or takes too long."""
    deadline = time.monotonic() + seconds
    while not await ready():
        if child.process.returncode is not None:
            raise child.failure(f"ended with status {child.process.returncode} while starting")
        if time.monotonic() > deadline:
            raise child.failure(f"was not ready after {seconds:.0f} seconds")
        await asyncio.sleep(0.02)


def port_holder(port: int) -> str | None:
    """Name and id of the process that listens on a TCP port, where the system lets us see it."""
    for process in psutil.process_iter(["name"]):
        try:
            connections = process.net_connections("tcp")
        except psutil.Error:
            continue  # another user's process: the system does not tell
        for connection in connections:
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port:
                return f"{process.info['name']} (process {process.pid})"
    return None


def end_leftovers(mark: str, seconds: float = 5) -> None:
    """End every process that COMMAND started and left behind: asked first, by force after `seconds`."""
    found = [
        process
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get(RUN_MARK) == mark and process.pid != os.getpid()
    ]
    for process in found:
        _signal(process, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while any(alive(process) for process in found) and time.monotonic() < deadline:
        time.sleep(0.02)
    for process in found:
        _signal(process, signal.SIGKILL)


def alive(process: psutil.Process) -> bool:
    """Whether a process runs; one that ended and waits for a parent to notice does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):  # ended by itself meanwhile
        process.send_signal(number)


if __name__ == "__main__":
    end_leftovers(sys.argv[1])
