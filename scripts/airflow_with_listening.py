"""Run `airflow standalone` with the process beside it that adds each day's listening: what `make up` runs.

    python scripts/airflow_with_listening.py BUCKETS

Both are in one process group, and carry the sandbox's mark: `make down` ends both.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def main(buckets: str) -> None:
    """Start the process that adds listening, and become Airflow."""
    script = Path(__file__).with_name("recent_listening.py")
    subprocess.Popen([sys.executable, str(script), "--out", buckets, "--follow"])  # noqa: S603  # our own arguments
    os.execvp("airflow", ["airflow", "standalone"])  # noqa: S606, S607  # the sandbox put our environment's first on PATH


if __name__ == "__main__":
    main(sys.argv[1])
