"""Print how many lines sandbox/redshift has; fail when it, or a file in it, exceeds its budget. `make lint` runs it.

A Redshift on a laptop grows with every construct that somebody needs. The budget makes each new one justify its lines,
or replace old ones. The aim is 4,000 lines; it has far more today, and the budget keeps it from growing further.
"""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "sandbox" / "redshift"
MOST_LINES = 10_700
MOST_LINES_OF_A_FILE = 400


def lines() -> dict[Path, int]:
    """The number of lines of each Python and SQL file."""
    files = [file for file in sorted(FOLDER.rglob("*")) if file.suffix in (".py", ".sql")]
    return {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}


def main() -> int:
    """Print the sum and each file beyond its budget; return the exit status."""
    found = lines()
    total = sum(found.values())
    print(f"sandbox/redshift: {total} lines in {len(found)} files, budget {MOST_LINES}")
    long = [
        f"{file.relative_to(FOLDER)}: {count} lines, at most {MOST_LINES_OF_A_FILE}"
        for file, count in found.items()
        if count > MOST_LINES_OF_A_FILE
    ]
    for problem in long:
        print(problem, file=sys.stderr)
    return int(bool(long) or total > MOST_LINES)


if __name__ == "__main__":
    sys.exit(main())
