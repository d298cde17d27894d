"""Which version of a row is the best, and which rows are new, as a database decides it."""

from __future__ import annotations

import dataclasses

import pytest

from tests.end_to_end import conftest as end_to_end
from tests.plugins.warehouse.test_tables import RECEIPTS
from warehouse import winners

# The same fixture serves here.
reader = end_to_end.reader

VERSIONS = """SELECT 'A' AS till, 1 AS number, {} AS place, {} AS item
UNION ALL SELECT 'A' AS till, 1 AS number, {} AS place, {} AS item"""
COLUMNS = ("till", "number", "place", "item")


@pytest.mark.parametrize(
    ("preference", "first", "second", "best"),
    [
        (("place",), ("2", "'x'"), ("1", "'y'"), (1, "y")),
        (("place DESC",), ("2", "'x'"), ("1", "'y'"), (2, "x")),
        (("place DESC",), ("NULL", "'x'"), ("1", "'y'"), (1, "y")),
        (("place",), ("1", "'x'"), ("1", "'w'"), (1, "w")),
        (("place",), ("1", "'x'"), ("1", "NULL"), (1, "x")),
        ((), ("2", "'x'"), ("1", "'y'"), (1, "y")),
        (("LEN(item)",), ("2", "'xx'"), ("3", "'y'"), (3, "y")),
        (("CASE WHEN place = 2 THEN 0 ELSE 1 END",), ("2", "'x'"), ("1", "'y'"), (2, "x")),
    ],
    ids=[
        "ascending", "descending", "NULLs last, descending too", "the other columns decide a tie",
        "NULLs last among them", "without a preference", "an expression", "a condition",
    ],
)  # fmt: skip
def test_the_order_of_preference_is_total(reader, preference, first, second, best):
    """Whatever the author has not named decides after what they have: it never depends on the order of arrival."""
    table = dataclasses.replace(RECEIPTS, preference=preference)
    for versions in (VERSIONS.format(*first, *second), VERSIONS.format(*second, *first)):
        assert [("A", 1, *best)] == reader.execute(winners.best(COLUMNS, table, versions)).fetchall()


def test_a_key_of_one_column_needs_no_other(reader):
    """A table of keys alone."""
    table = dataclasses.replace(RECEIPTS, key=("till",), lookup=None)
    versions = "SELECT 'A' AS till UNION ALL SELECT 'A' AS till UNION ALL SELECT 'B' AS till"
    assert [("A",), ("B",)] == sorted(reader.execute(winners.best(("till",), table, versions)).fetchall())
