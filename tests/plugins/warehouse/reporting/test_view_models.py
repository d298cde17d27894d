"""What the pages show of a history: the order of the checks, the growth of tables, the age of a timestamp."""

from __future__ import annotations

import datetime

import pytest

from tests.plugins.warehouse.reporting.records import at
from warehouse.reporting import view_models
from warehouse.reporting.history import CheckRecord, StageRecord, TableRecord

NOW = datetime.datetime(2018, 11, 5, 12, 0, tzinfo=datetime.UTC)


def checks(**statuses: str) -> tuple[CheckRecord, ...]:
    """Results of checks with these names and statuses; names before "m" are of table `t`, the others of `u`."""
    return tuple(
        CheckRecord(
            name=name,
            table="t" if name < "m" else "u",
            severity="warn" if status == "warned" else "error",
            passed=status == "passed",
            observed=1,
            expected="0",
            description="",
        )
        for name, status in statuses.items()
    )


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "less than a minute ago"),
        (-30, "less than a minute ago"),  # the clocks of two machines differ
        (-7200, "in the future"),
        (60, "1 minute ago"),
        (7199, "1 hour ago"),
        (49 * 3600, "2 days ago"),
        (86400 * 2920, "2,920 days ago"),
    ],
)
def test_an_age_has_its_largest_unit(seconds, text):
    """It is rounded down."""
    assert text == view_models.age(NOW - datetime.timedelta(seconds=seconds), NOW)


@pytest.mark.parametrize(
    ("value", "text"), [(None, "nothing"), (12345.0, "12,345"), (0.0, "0"), (0.12345678, "0.1235")]
)
def test_a_number_has_at_most_four_significant_digits(value, text):
    """Unless it is whole."""
    assert text == view_models.number(value)


def test_checks_that_did_not_pass_come_first():
    """Failed before warned, by the latest run with checks; the others follow by table."""
    runs = [
        at(30, checks=()),
        at(2, checks=checks(a="passed", b="warned", z="failed", y="passed")),
        at(1, checks=checks(a="failed", b="passed", gone="passed")),
    ]
    grid = view_models.grid(runs)
    assert [(datetime.date(2018, 11, 6), 1), (datetime.date(2018, 11, 5), 2)] == grid.days
    assert [("Not passed in the latest run", ["z", "b"]), ("t", ["a", "gone"]), ("u", ["y"])] == [
        (name, [row.name for row in rows]) for name, rows in grid.groups
    ]
    statuses = {
        row.name: [result and result.status for result in row.results] for _, rows in grid.groups for row in rows
    }
    assert {
        "z": [None, "failed", None],
        "b": [None, "warned", "passed"],
        "a": [None, "passed", "failed"],
        "gone": [None, None, "passed"],
        "y": [None, "passed", None],
    } == statuses
    assert {"passed": 2, "warned": 1, "failed": 1} == view_models.status_counts(runs[1])


def test_a_grid_without_runs_is_empty():
    """This happens if all records are unreadable."""
    assert ([], [], []) == tuple(vars(view_models.grid([])).values())
    assert (None, []) == view_models.growth([])


def test_the_growth_of_a_table_is_a_line():
    """Only runs that recorded its size count; the line goes up where rows were added."""

    def sizes(rows: int) -> tuple[TableRecord, ...]:
        return (TableRecord(table="t", rows=rows, time_column=None, latest=None),)

    newest = [at(4, tables=()), at(3, tables=sizes(5)), at(2, tables=sizes(9)), at(1, tables=sizes(1))]
    latest, (table,) = view_models.growth(newest)
    assert (newest[1], [1, 9, 5], -4) == (latest, table.rows, table.change)
    width, height = view_models.SPARKLINE
    points = [tuple(map(float, point.split(","))) for point in table.line.split()]
    assert [0, width / 2, width] == [x for x, _ in points]
    assert 0 < points[1][1] < points[2][1] == height / 2 < points[0][1] < height
    _, (single,) = view_models.growth([at(1, tables=sizes(7))])
    assert (0, f"0.0,{height / 2}") == (single.change, single.line)


def test_stages_are_added_up():
    """The rate is rows by total working time."""
    first = StageRecord(task="a", rows=10, files=1, bytes=100, seconds=1.5)
    second = StageRecord(task="b", rows=20, files=2, bytes=200, seconds=0.5)
    total = view_models.stage_total(at(0, stages=(first, second)))
    assert (30, 3, 300, 2.0, 15.0) == (
        *(total.rows, total.files, total.bytes),
        *(total.seconds, total.rate),
    )
    assert 0 == view_models.stage_total(at(0, stages=())).rate
