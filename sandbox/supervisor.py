"""The life of one sandbox process: start all, run COMMAND or wait, pass signals on, stop all."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import shlex
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sandbox import aws
from sandbox.processes import RUN_MARK, end_leftovers, open_log
from sandbox.redshift import engine
from sandbox.stack import STANDARD_PORTS, Ports, Stack, environment
from sandbox.state import COMMAND, State

GRACE = 10.0  # seconds that COMMAND has to end after it was told to


async def supervise(
    state: State,
    buckets: Path | None,
    command: list[str],
    *,
    serve: bool = False,
    host: str = aws.HOST,
    keep: bool = True,
) -> int:
    """Run COMMAND in a sandbox; with `serve` on the standard ports and published, COMMAND's output in a log.

    Without COMMAND, serve until a signal comes. Returns the exit status, COMMAND's if there is one. Raises SandboxError
    when the sandbox cannot be, or a part of it breaks.
    """
    # Statements become trees of many small objects: looking for garbage at every 700 took a seventh of the time.
    gc.set_threshold(20_000, 20, 20)
    state.take()
    mark = uuid.uuid4().hex
    ports = STANDARD_PORTS if serve else Ports()
    stack = Stack(state.folder, buckets, ports, mark, host, keeps_records=serve)
    signals: asyncio.Queue[signal.Signals] = asyncio.Queue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, number)
    try:
        told = asyncio.create_task(signals.get())
        starting = asyncio.create_task(stack.start())
        await first(starting, told)
        if told.done():
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return 128 + told.result()
        starting.result()
        variables = environment(os.environ, stack.airflow_defaults, stack.variables)
        public = {name: variables[name] for name in (*stack.airflow_defaults, *stack.variables)}
        # setproctitle, which Airflow uses, writes its titles over the environment, and so over the mark, by default.
        variables |= {RUN_MARK: mark, "SPT_NOENV": "1"}
        if command:
            told.cancel()
            if not serve:
                return await run_command(command, variables, stack, signals)
            public[COMMAND] = shlex.join(command)
            log = stack.children.logs / "command.log"
            return await run_command(command, variables, stack, signals, log, lambda: state.publish(public))
        state.publish(public)
        broken = asyncio.create_task(stack.failure())
        await first(broken, told)
        if broken.done():
            raise broken.result()
        broken.cancel()
        return 0
    finally:
        await stack.stop()
        end_leftovers(mark)
        if not keep:
            engine.discard(state.folder / "postgresql")
        state.release()


async def run_command(
    command: list[str],
    variables: dict[str, str],
    stack: Stack,
    signals: asyncio.Queue[signal.Signals],
    log: Path | None = None,
    started: Callable[[], None] = lambda: None,
) -> int:
    """Run COMMAND to its end, passing the signals on that come, and return its exit status as a shell would.

    Its output goes to `log` or, without one, where ours goes. `started` is called once it runs.
    """
    # A terminal's Ctrl-C reaches the whole foreground group: COMMAND must be in it, and must not get the signal twice.
    # Without a terminal COMMAND leads a group of its own, so that a signal to ours reaches it once, through us.
    shared = leads_terminal()
    try:
        with contextlib.nullcontext() if log is None else open_log(log) as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=variables,
                stdout=output,
                stderr=output and subprocess.STDOUT,
                process_group=None if shared else 0,
            )
    except OSError as error:
        print(f"sandbox: {command[0]}: {error.strerror}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126
    started()

    def send(number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):  # ended by itself meanwhile
            os.kill(process.pid if shared else -process.pid, number)

    def pass_on(number: signal.Signals) -> None:
        if number != signal.SIGINT:
            asyncio.get_running_loop().call_later(GRACE, send, signal.SIGKILL)
        elif shared:
            return
        send(number)

    async def pass_all_on() -> None:
        while True:
            pass_on(await signals.get())

    stack.children.watch(f"{'' if shared else '-'}{process.pid}", signal.SIGTERM)
    passing = asyncio.create_task(pass_all_on())
    ended = asyncio.create_task(process.wait())
    broken = asyncio.create_task(stack.failure())
    await first(ended, broken)
    if broken.done() and not ended.done():
        pass_on(signal.SIGTERM)
        await ended
        raise broken.result()
    broken.cancel()
    passing.cancel()
    status = ended.result() if ended.result() >= 0 else 128 - ended.result()
    if log is not None:
        print(f"sandbox: {command[0]} ended with status {status}, and so the sandbox does; see {log}", file=sys.stderr)
    return status


async def first(*events: asyncio.Future[Any]) -> None:
    """Wait until one of these is there."""
    await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)


def leads_terminal() -> bool:
    """Whether our process group is the one a terminal talks to."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    finally:
        os.close(terminal)
