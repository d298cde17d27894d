"""What the pages show of a history of runs: the figures put together here, the words in pages/*.html."""

from __future__ import annotations

import dataclasses
import datetime
import itertools
from collections.abc import Sequence

from warehouse.reporting.history import CheckRecord, RunRecord, StageRecord, TableRecord

WORST_FIRST = ("failed", "warned", "passed")
# The outcomes as badges and signs: a sign, because colours alone say nothing to some.
OUTCOMES = {
    "published": ("good", "✓"),
    "nothing new": ("good", "✓"),
    "checks failed": ("bad", "✕"),
    "failed": ("bad", "✕"),
}
STATUSES = {"passed": ("good", "✓"), "warned": ("warn", "!"), "failed": ("bad", "✕")}

SPARKLINE = (240, 48)


def ago(moment: datetime.datetime, now: datetime.datetime) -> str:
    """How long ago a moment was, in its largest unit. Made-up logs reach to the end of their last day."""
    seconds = int((now - moment).total_seconds())
    if seconds < -60:
        return "still to come"
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = seconds // length
        if count >= 1:
            return f"{count:,} {unit}{'' if count == 1 else 's'} ago"
    return "less than a minute ago"


def stamped(name: str) -> datetime.datetime | None:
    """The time that a name begins with, as `history.stamp` writes it; None if it begins with no time."""
    try:
        return datetime.datetime.strptime(name[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        return None


def number(value: float | None) -> str:
    """A figure as people read it."""
    if value is None:
        return "nothing"
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


@dataclasses.dataclass(frozen=True)
class Row:
    """One check through the runs: what it found in each, None where it did not run."""

    name: str
    table: str
    found: list[CheckRecord | None]

    @property
    def place(self) -> int:
        """Where the row belongs by its latest result: failed, warned, passed."""
        latest = next((check for check in self.found if check), None)
        return WORST_FIRST.index(latest.status) if latest else len(WORST_FIRST)


@dataclasses.dataclass(frozen=True)
class Grid:
    """Checks by runs. `groups`: those that did not pass when last judged, then table by table."""

    runs: list[RunRecord]
    days: list[tuple[datetime.date, int]]
    groups: list[tuple[str, list[Row]]]


def grid(runs: Sequence[RunRecord]) -> Grid:
    """The grid of these runs, newest first."""
    found: dict[tuple[str, str], dict[str, CheckRecord]] = {}
    for run in runs:
        for check in run.checks:
            found.setdefault((check.table, check.name), {})[run.name] = check
    rows = [Row(name, table, [by_run.get(run.name) for run in runs]) for (table, name), by_run in sorted(found.items())]
    latest = next((run for run in runs if run.checks), None)
    alarming = {check.name for check in latest.checks if not check.passed} if latest else set()
    ahead = sorted((row for row in rows if row.name in alarming), key=lambda row: row.place)
    groups = [("not passed in the latest run", ahead)] if ahead else []
    others = [row for row in rows if row.name not in alarming]
    groups += [(table, list(members)) for table, members in itertools.groupby(others, key=lambda row: row.table)]
    days = [(day, len(list(members))) for day, members in itertools.groupby(runs, key=day_of)]
    return Grid(list(runs), days, groups)


def day_of(run: RunRecord) -> datetime.date:
    """The day, in UTC, at which a run was recorded."""
    return run.recorded_at.astimezone(datetime.UTC).date()


def counts(run: RunRecord) -> dict[str, int]:
    """How many checks passed, warned, failed."""
    return {status: sum(check.status == status for check in run.checks) for status in STATUSES}


@dataclasses.dataclass(frozen=True)
class Growth:
    """One table: how it is now, and its rows through the runs, oldest first."""

    now: TableRecord
    rows: list[int]

    @property
    def change(self) -> int:
        """By how many rows the latest run that knew the table's size changed it."""
        return self.rows[-1] - self.rows[-2] if len(self.rows) > 1 else 0

    @property
    def line(self) -> str:
        """The rows as the points of a line, in the coordinates of SPARKLINE."""
        width, height = SPARKLINE
        least, most = min(self.rows), max(self.rows)
        step = width / max(1, len(self.rows) - 1)
        # A table that did not change is a line through the middle.
        share = [(rows - least) / (most - least) if most > least else 0.5 for rows in self.rows]
        return " ".join(
            f"{index * step:.1f},{height - 3 - part * (height - 6):.1f}" for index, part in enumerate(share)
        )


def growth(runs: Sequence[RunRecord]) -> tuple[RunRecord | None, list[Growth]]:
    """The latest run that knows the tables' sizes, and its tables; runs come newest first."""
    latest = next((run for run in runs if run.tables), None)
    if latest is None:
        return None, []
    rows: dict[str, list[int]] = {}
    for run in reversed(runs):
        for table in run.tables:
            rows.setdefault(table.table, []).append(table.rows)
    return latest, [Growth(table, rows[table.table]) for table in latest.tables]


def load(run: RunRecord) -> StageRecord:
    """What all tasks of a run copied. Some of them side by side: the seconds are of work, not of waiting."""
    return StageRecord(
        task="all",
        table="",
        rows=sum(stage.rows for stage in run.stages),
        files=sum(stage.files for stage in run.stages),
        bytes=sum(stage.bytes for stage in run.stages),
        seconds=sum(stage.seconds for stage in run.stages),
    )
