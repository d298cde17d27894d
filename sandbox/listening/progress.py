"""What one sees while listening is made. Only this looks at a clock, and nothing written depends on it."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from sandbox.listening.files import Report

LINE_EVERY = 2.0  # seconds


@contextlib.contextmanager
def progress() -> Iterator[Report]:
    """What is to be called with the progress: shows it on stderr, as a bar on a terminal and else, in a log, as lines.

    The bar is gone at the end; lines come only when it takes long.
    """
    with bar() if sys.stderr.isatty() else lines() as report:
        yield report


@contextlib.contextmanager
def bar() -> Iterator[Report]:
    """One bar; the words stand behind it."""
    with Progress(BarColumn(), TextColumn("{task.description}"), console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("")
        yield lambda text, done, total: shown.update(task, description=text, completed=done, total=total)


@contextlib.contextmanager
def lines() -> Iterator[Report]:
    """A line every two seconds."""
    last = time.monotonic()

    def report(text: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= LINE_EVERY:
            last = time.monotonic()
            print(text, file=sys.stderr, flush=True)

    yield report
