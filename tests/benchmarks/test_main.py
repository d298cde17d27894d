"""That `make bench` runs; how fast anything is, no test asks."""

import os
import subprocess
import sys

from tests.conftest import PROJECT


def test_every_ratio_is_printed():
    sizes = ("--rounds", "1", "--statements", "2", "--megabytes", "0.1", "--rows", "10")
    command = [sys.executable, "-m", "benchmarks", *sizes, "--state", os.environ["SANDBOX_STATE"]]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert 0 == done.returncode, done.stderr
    header, *lines = done.stdout.splitlines()
    assert ["sandbox", "without", "ratio", "target"] == header.split()
    assert 7 == len(lines)
