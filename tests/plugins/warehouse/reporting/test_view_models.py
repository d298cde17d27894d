"""What the pages show of a history: which checks come first, how tables grew, how old a moment is."""

from __future__ import annotations

import datetime

import pytest

from tests.plugins.warehouse.reporting.records import at
from warehouse.reporting import view_models
from warehouse.reporting.history import CheckRecord, StageRecord, TableRecord

NOW = datetime.datetime(2018, 11, 5, 12, 0, tzinfo=datetime.UTC)


def checks(**found: str) -> tuple[CheckRecord, ...]:
    """Results of checks: `passed`, `warned` or `failed`, of table `t`, of names that say nothing else."""
    return tuple(
        CheckRecord(
            name=name,
            table="t" if name < "m" else "u",
            severity="warn" if status == "warned" else "error",
            passed=status == "passed",
            observed=1,
            expected="0",
            sentence="",
        )
        for name, status in found.items()
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "less than a minute ago"),
        (-30, "less than a minute ago"),  # two clocks
        (-7200, "still to come"),
        (60, "1 minute ago"),
        (7199, "1 hour ago"),
        (49 * 3600, "2 days ago"),
        (86400 * 2920, "2,920 days ago"),
    ],
)
def test_an_age_is_told_in_its_largest_unit(seconds, words):
    """And rounded down."""
    assert words == view_models.ago(NOW - datetime.timedelta(seconds=seconds), NOW)


@pytest.mark.parametrize(
    ("value", "text"), [(None, "nothing"), (12345.0, "12,345"), (0.0, "0"), (0.12345678, "0.1235")]
)
def test_a_figure_is_told_without_needless_digits(value, text):
    """No figure is told as that."""
    assert text == view_models.number(value)


def test_what_did_not_pass_comes_first_then_table_by_table():
    """Failed before warned, by the latest run that came as far as its checks; each check in one row."""
    runs = [
        at(30, checks=()),
        at(2, checks=checks(a="passed", b="warned", z="failed", y="passed")),
        at(1, checks=checks(a="failed", b="passed", gone="passed")),
    ]
    grid = view_models.grid(runs)
    assert [(datetime.date(2018, 11, 6), 1), (datetime.date(2018, 11, 5), 2)] == grid.days
    assert [("not passed in the latest run", ["z", "b"]), ("t", ["a", "gone"]), ("u", ["y"])] == [
        (name, [row.name for row in rows]) for name, rows in grid.groups
    ]
    statuses = {row.name: [found and found.status for found in row.found] for _, rows in grid.groups for row in rows}
    assert {
        "z": [None, "failed", None],
        "b": [None, "warned", "passed"],
        "a": [None, "passed", "failed"],
        "gone": [None, None, "passed"],
        "y": [None, "passed", None],
    } == statuses
    assert {"passed": 2, "warned": 1, "failed": 1} == view_models.counts(runs[1])


def test_no_run_at_all_is_an_empty_grid():
    """As when all records are unreadable."""
    assert ([], [], []) == tuple(vars(view_models.grid([])).values())
    assert (None, []) == view_models.growth([])


def test_tables_grow_from_run_to_run():
    """By the runs that knew their sizes; the line goes from left to right, and up where rows came."""

    def sizes(rows: int) -> tuple[TableRecord, ...]:
        return (TableRecord(table="t", rows=rows, time_column=None, latest=None),)

    newest = [at(4, tables=()), at(3, tables=sizes(5)), at(2, tables=sizes(9)), at(1, tables=sizes(1))]
    latest, (table,) = view_models.growth(newest)
    assert (newest[1], [1, 9, 5], -4) == (latest, table.rows, table.change)
    width, height = view_models.SPARKLINE
    points = [tuple(map(float, point.split(","))) for point in table.line.split()]
    assert [0, width / 2, width] == [x for x, _ in points]
    assert 0 < points[1][1] < points[2][1] == height / 2 < points[0][1] < height
    _, (alone,) = view_models.growth([at(1, tables=sizes(7))])
    assert (0, f"0.0,{height / 2}") == (alone.change, alone.line)


def test_a_run_copied_what_its_tasks_copied():
    """Together; the rate is of the work."""
    first = StageRecord(task="a", table="t", rows=10, files=1, bytes=100, seconds=1.5)
    second = StageRecord(task="b", table="u", rows=20, files=2, bytes=200, seconds=0.5)
    together = view_models.load(at(0, stages=(first, second)))
    assert (30, 3, 300, 2.0, 15.0) == (
        *(together.rows, together.files, together.bytes),
        *(together.seconds, together.rate),
    )
    assert 0 == view_models.load(at(0, stages=())).rate
