"""What the pages show of a history of runs: this module computes the values, pages/*.html has the texts."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
from collections.abc import Sequence

from warehouse.reporting.history import CheckRecord, RunRecord, StageRecord, TableRecord

WORST_FIRST = ("failed", "warned", "passed")
# Each outcome and status has a colour and a symbol, because some readers cannot distinguish the colours.
OUTCOMES = {
    "published": ("good", "✓"),
    "nothing new": ("good", "✓"),
    "files left out": ("bad", "✕"),
    "checks failed": ("bad", "✕"),
    "failed": ("bad", "✕"),
}
STATUSES = {"passed": ("good", "✓"), "warned": ("warn", "!"), "failed": ("bad", "✕")}

# Width and height of the coordinate system.
SPARKLINE = (240, 48)


def age(timestamp: datetime.datetime, now: datetime.datetime) -> str:
    """How long ago a timestamp is, in the largest unit that fits."""
    seconds = int((now - timestamp).total_seconds())
    if seconds < -60:  # generated logs extend to the end of their last day
        return "in the future"
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = seconds // length
        if count >= 1:
            return f"{count:,} {unit}{'' if count == 1 else 's'} ago"
    return "less than a minute ago"


def parse_stamp(name: str) -> datetime.datetime | None:
    """The timestamp at the beginning of a name, as `history.utc_stamp` writes it; None if there is none."""
    try:
        return datetime.datetime.strptime(name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        return None


def number(value: float | None) -> str:
    """A number as text, with at most four significant digits if it is not whole; "nothing" for None."""
    if value is None:
        return "nothing"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


@dataclasses.dataclass(frozen=True)
class Row:
    """One check across the runs: its result in each run, None where it did not run."""

    name: str
    table: str
    results: list[CheckRecord | None]

    @property
    def rank(self) -> int:
        """The position of the row by its latest result: failed, warned, passed."""
        latest = next((check for check in self.results if check), None)
        return WORST_FIRST.index(latest.status) if latest else len(WORST_FIRST)


@dataclasses.dataclass(frozen=True)
class Grid:
    """Checks by runs. `groups`: first the checks that did not pass in the latest run with checks, then by table."""

    runs: list[RunRecord]
    days: list[tuple[datetime.date, int]]
    groups: list[tuple[str, list[Row]]]


def grid(runs: Sequence[RunRecord]) -> Grid:
    """The grid of these runs, newest first."""
    results: dict[tuple[str, str], dict[str, CheckRecord]] = {}
    for run in runs:
        for check in run.checks:
            results.setdefault((check.table, check.name), {})[run.name] = check
    rows = [
        Row(name, table, [by_run.get(run.name) for run in runs]) for (table, name), by_run in sorted(results.items())
    ]
    latest = next((run for run in runs if run.checks), None)
    not_passed = {check.name for check in latest.checks if not check.passed} if latest else set()
    first = sorted((row for row in rows if row.name in not_passed), key=lambda row: row.rank)
    groups = [("Not passed in the latest run", first)] if first else []
    others = [row for row in rows if row.name not in not_passed]
    groups += [(table, list(members)) for table, members in itertools.groupby(others, key=lambda row: row.table)]
    days = [(day, len(list(members))) for day, members in itertools.groupby(runs, key=recorded_on)]
    return Grid(list(runs), days, groups)


def recorded_on(run: RunRecord) -> datetime.date:
    """The day, in UTC, on which a run was recorded."""
    return run.recorded_at.astimezone(datetime.UTC).date()


def status_counts(run: RunRecord) -> dict[str, int]:
    """How many checks passed, warned and failed."""
    return {status: sum(check.status == status for check in run.checks) for status in STATUSES}


@dataclasses.dataclass(frozen=True)
class Growth:
    """One table: its latest size, and its number of rows in each run, oldest first."""

    latest: TableRecord
    rows: list[int]

    @property
    def change(self) -> int:
        """The difference in rows between the last two runs that recorded the size of the table."""
        return self.rows[-1] - self.rows[-2] if len(self.rows) > 1 else 0

    @property
    def line(self) -> str:
        """The rows as the points of an SVG polyline, in the coordinates of SPARKLINE."""
        width, height = SPARKLINE
        smallest, largest = min(self.rows), max(self.rows)
        step = width / max(1, len(self.rows) - 1)
        # The line of a table that did not change is at half height.
        shares = [(rows - smallest) / (largest - smallest) if largest > smallest else 0.5 for rows in self.rows]
        return " ".join(
            f"{index * step:.1f},{height - 3 - share * (height - 6):.1f}" for index, share in enumerate(shares)
        )


def growth(runs: Sequence[RunRecord]) -> tuple[RunRecord | None, list[Growth]]:
    """The latest run that recorded the sizes of the tables, and its tables; `runs` are newest first."""
    latest = next((run for run in runs if run.tables), None)
    if latest is None:
        return None, []
    rows: dict[str, list[int]] = {}
    for run in reversed(runs):
        for table in run.tables:
            rows.setdefault(table.table, []).append(table.rows)
    return latest, [Growth(table, rows[table.table]) for table in latest.tables]


def stage_total(run: RunRecord) -> StageRecord:
    """The sum over the stage tasks of a run. Some run in parallel: `seconds` is their total working time."""
    return StageRecord(
        task="all",
        rows=sum(stage.rows for stage in run.stages),
        files=sum(stage.files for stage in run.stages),
        bytes=sum(stage.bytes for stage in run.stages),
        seconds=sum(stage.seconds for stage in run.stages),
    )
