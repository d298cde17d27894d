"""What one sees of the generator at work."""

import os
import pty
import subprocess
import sys

from sandbox.listening import progress
from sandbox.processes import PROJECT

TINY = ["--from", "2018-11-01", "--to", "2018-11-02", "--users", "5", "--songs", "9", "--plays", "30"]


def test_on_a_terminal_a_bar_fills_and_is_gone_at_the_end(tmp_path):
    ours, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox.listening", *TINY, "--out", tmp_path],
        cwd=PROJECT, env={**os.environ, "TERM": "xterm"}, stdout=subprocess.PIPE, stderr=terminal, text=True,
    ) as generator:  # fmt: skip
        os.close(terminal)
        seen = b""
        while chunk := read(ours):
            seen += chunk
        said = generator.stdout.read()
    os.close(ours)
    assert (0, 1) == (generator.returncode, said.count("\n"))
    text = seen.decode()
    assert "━" in text
    assert "30 of 30 plays" in text
    assert text.endswith("\x1b[2K")  # the line is erased


def read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 10_000)
    except OSError:  # Linux says so when nobody has the terminal open any more
        return b""


def test_in_a_log_it_is_a_line_now_and_then(monkeypatch, capsys):
    with progress.progress() as report:
        report("10 of 40 plays", 10, 40)
        monkeypatch.setattr(progress, "LINE_EVERY", 0)
        report("20 of 40 plays", 20, 40)
    assert ("", "20 of 40 plays\n") == capsys.readouterr()
