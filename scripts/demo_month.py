"""The demo's month of generated listening: November 2018, written once and then kept in `.demo/month`.

`make demo`, `make dag-test` and `scripts/local.py` without `--s3` use it.
"""

from __future__ import annotations

import datetime
import fcntl
import hashlib
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from sandbox.listening.files import write  # noqa: E402  # the line above makes it importable
from sandbox.listening.plan import Plan  # noqa: E402
from sandbox.listening.progress import progress  # noqa: E402
from scripts.recent_listening import BUCKET  # noqa: E402

FOLDER = ROOT / ".demo" / "month"
PLAN = Plan(
    datetime.date(2018, 11, 1),
    datetime.date(2018, 11, 30),
    users=100,
    songs=2_000,
    plays=20_000,
    seed=1,
)


def make(folder: Path = FOLDER, plan: Plan = PLAN) -> Path:
    """Generate the month unless `folder` has it already; return `folder`, which holds one folder per bucket.

    A month that another version of the generator wrote is generated again. Two processes that need it at once wait for
    each other, and a process that is killed leaves no half-written month behind.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    complete = folder / "complete"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if complete.is_file() and complete.read_text() == version(plan):
            return folder
        unfinished = folder.with_suffix(".unfinished")
        for outdated in (unfinished, folder):
            shutil.rmtree(outdated, ignore_errors=True)
        with progress() as report:
            written = write(plan, unfinished / BUCKET, compress=False, report=report)
        (unfinished / complete.name).write_text(version(plan))
        unfinished.rename(folder)
    # On stderr: stdout belongs to the command that runs on this month.
    print(f"generated {written.plays:,} plays from {plan.first} to {plan.last} in {folder}", file=sys.stderr)
    return folder


def version(plan: Plan) -> str:
    """What decides every byte of the month, as one digest: the plan and the generator's source."""
    digest = hashlib.sha256(repr(plan).encode())
    for file in sorted((ROOT / "sandbox" / "listening").glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()
