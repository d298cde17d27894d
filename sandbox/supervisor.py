"""The life of one sandbox process: start all, run COMMAND or wait, pass signals on, stop all."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import uuid
from pathlib import Path
from typing import Any

from sandbox.processes import RUN_MARK, end_leftovers
from sandbox.redshift import engine
from sandbox.stack import STANDARD_PORTS, Ports, Stack, airflow_defaults, environment
from sandbox.state import State

GRACE = 10.0  # seconds that COMMAND has to end after it was told to


async def supervise(state: State, buckets: Path | None, command: list[str] | None, *, keep: bool = True) -> int:
    """Run COMMAND in a sandbox, or without COMMAND be one on the standard ports until a signal comes.

    Returns the exit status. Raises SandboxError when the sandbox cannot be, or a part of it breaks.
    """
    state.take()
    mark = uuid.uuid4().hex
    stack = Stack(state.folder, buckets, Ports() if command else STANDARD_PORTS, mark)
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
        if command is not None:
            told.cancel()
            variables = environment(os.environ, state.folder, stack.variables)
            return await run_command(command, {**variables, RUN_MARK: mark}, stack, signals)
        state.publish({**airflow_defaults(state.folder), **stack.variables})
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
    command: list[str], variables: dict[str, str], stack: Stack, signals: asyncio.Queue[signal.Signals]
) -> int:
    """Run COMMAND to its end, passing the signals on that come, and return its exit status as a shell would."""
    # A terminal's Ctrl-C reaches the whole foreground group: COMMAND must be in it, and must not get the signal twice.
    # Without a terminal COMMAND leads a group of its own, so that a signal to ours reaches it once, through us.
    shared = leads_terminal()
    try:
        process = await asyncio.create_subprocess_exec(*command, env=variables, process_group=None if shared else 0)
    except OSError as error:
        print(f"sandbox: {command[0]}: {error.strerror}", file=sys.stderr)
        return 127 if isinstance(error, FileNotFoundError) else 126

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
    return ended.result() if ended.result() >= 0 else 128 - ended.result()


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
