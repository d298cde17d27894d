"""What `make up` prints when it cannot start. That it starts is tested in tests/browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_taken_port_is_named_with_its_process_and_a_way_out_before_anything_is_started(tmp_path, address):
    try:
        taken = socket.create_server((address, 8080), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    except OSError as error:
        pytest.skip(f"port 8080 of {address}: {error.strerror}; is `make up` running?")
    with taken:
        up = subprocess.run(
            [sys.executable, ROOT / "scripts" / "up.py", "--state", tmp_path / "state", "--buckets", tmp_path / "s3"],
            capture_output=True,
            text=True,
        )
    assert (1, "") == (up.returncode, up.stdout)
    assert "port 8080, which is for Airflow, is taken by " in up.stderr
    assert f"(process {os.getpid()})" in up.stderr
    assert "end that process" in up.stderr
    assert [] == list(tmp_path.iterdir())
