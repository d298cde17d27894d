"""Which files a run reads, and which batches that replaces: ledger and listing compared."""

from __future__ import annotations

import datetime

import pytest

from tests.plugins.warehouse.test_tables import PRICES, SALES
from warehouse.period import Period
from warehouse.s3_objects import S3Object
from warehouse.selection import Batch, LedgerEntry, Scope, groups, left_out_with, select

NOW = datetime.datetime(2018, 12, 1)


def key(day: str, name: str = "") -> str:
    """The key of a file of November 2018."""
    return f"sales/2018-11-{day}-sales{name}"


def there(*keys: str, etag: str = "1") -> list[S3Object]:
    """A listing."""
    return [S3Object(name, etag, 1, NOW) for name in keys]


def known(batch_id: int, *keys: str, etag: str | None = "1", bucket: str = "shop") -> list[LedgerEntry]:
    """Entries of the ledger that share a batch."""
    return [LedgerEntry(bucket, name, etag, batch_id) for name in keys]


def scope(period: str = "2018-11-05", **changed) -> Scope:
    """A run's own day, or what else is asked for."""
    return Scope(**{"period": Period.parse(period), "is_period_given": False, **changed})


def names(files) -> list[str]:
    """The keys of files or of entries."""
    return [item.key for item in files]


FIVE_DAYS = [key(day) for day in ("01", "02", "03", "05", "06")]


@pytest.mark.parametrize(
    ("asked", "first_days", "expected"),
    [
        (scope(), [], ["05"]),
        (scope(), ["02"], ["03", "05"]),
        (scope(), ["06"], ["05"]),
        (scope("2018-11-02"), ["03"], ["02"]),
        (scope("2018-11-02", is_period_given=True), ["01"], ["02"]),
        (scope("2018-11"), ["02"], ["01", "03", "05", "06"]),
        (scope("all"), [], ["01", "02", "03", "05", "06"]),
    ],
    ids=["first run: its own day", "late days too", "an earlier day is the run's own", "a day before the first",
         "a period given: it alone", "a month", "all"],
)  # fmt: skip
def test_new_files_are_those_since_the_first_day_up_to_the_runs_own(asked, first_days, expected):
    """Unless somebody asked for a period: then its files alone."""
    ledger = known(1, *(key(day) for day in first_days))
    found = select(SALES, "shop", there(*FIVE_DAYS), ledger, asked)
    assert [key(day) for day in expected] == names(found.new)
    assert (frozenset(), (), ()) == (found.replaced, found.changed, found.vanished)


def test_a_changed_file_is_read_wherever_it_is():
    """Its ETag differs, or the ledger has none; its batch is replaced."""
    ledger = [*known(1, key("01")), *known(2, key("02"), etag="old"), *known(3, key("09"), etag=None)]
    found = select(SALES, "shop", there(key("01"), key("02"), key("09")), ledger, scope("2018-12-24"))
    assert [key("02"), key("09")] == names(found.changed)
    assert frozenset({2, 3}) == found.replaced


def test_reload_reads_the_periods_files_and_the_catalogue_with_all_alone():
    """Changed or not."""
    ledger = [*known(1, key("05")), *known(2, key("06"))]
    day = scope(reload=True)
    assert [key("05")] == names(select(SALES, "shop", there(key("05"), key("06")), ledger, day).changed)
    prices = known(3, "prices/1")
    for asked, expected in ((day, []), (scope("all", reload=True), ["prices/1"])):
        assert expected == names(select(PRICES, "shop", there("prices/1"), prices, asked).changed)


def test_a_batch_is_read_again_as_a_whole():
    """The unchanged files that share it too, whatever the period."""
    ledger = [*known(1, key("02"), key("03"), etag="1"), *known(2, key("05"))]
    listing = [*there(key("02"), key("05")), *there(key("03"), etag="2")]
    found = select(SALES, "shop", listing, ledger, scope())
    assert ([key("03")], [key("02")], frozenset({1})) == (names(found.changed), names(found.siblings), found.replaced)
    assert [key("02"), key("03")] == names(found.read)


def test_a_vanished_file_stays_until_it_is_dropped():
    """Those of the period are dropped on request; files of another bucket count as vanished."""
    ledger = [*known(1, key("04")), *known(2, key("05")), *known(3, key("05", "-b"), bucket="old")]
    kept = select(SALES, "shop", [], ledger, scope())
    assert ([key("04"), key("05"), key("05", "-b")], ()) == (list(kept.vanished), kept.dropped)
    found = select(SALES, "shop", [], ledger, scope(drop_vanished=True))
    assert [key("05"), key("05", "-b")] == names(found.dropped)
    assert frozenset({2, 3}) == found.replaced
    assert (key("04"),) == found.vanished


def test_a_batch_with_a_vanished_file_is_not_replaced():
    """Its rows do not say which file they are of: the changed file waits, and both are named."""
    ledger = known(1, key("02"), key("03"), key("05"))
    listing = there(key("02"), etag="2") + there(key("05"))
    found = select(SALES, "shop", listing, ledger, scope())
    assert ((), frozenset(), ((key("02"), key("03")),)) == (found.read, found.replaced, found.blocked)
    # Dropping works for the whole batch at once: the period must include what has vanished.
    partly = select(SALES, "shop", there(key("05")), ledger, scope("2018-11-02", drop_vanished=True))
    assert ((), frozenset(), ((key("02"), key("03")),)) == (partly.dropped, partly.replaced, partly.blocked)
    whole = select(SALES, "shop", listing, ledger, scope("2018-11", drop_vanished=True))
    assert ([key("03")], frozenset({1}), ()) == (names(whole.dropped), whole.replaced, whole.blocked)
    assert [key("02"), key("05")] == names(whole.read)


def test_over_the_threshold_files_are_grouped_by_month_and_compression():
    """Up to it each is by itself."""
    files = there(key("01"), key("02"), key("02", ".gz"), "sales/2018-12-01-sales")
    assert [[item] for item in files] == groups(SALES, files, 4)
    assert [files[:2], [files[2]], [files[3]]] == groups(SALES, files, 3)
    prices = there("prices/1", "prices/2")
    assert [prices] == groups(PRICES, prices, 1)


def test_what_is_tied_to_a_refused_file_is_left_out_with_it():
    """Its accepted version is in batch 1, so 1 stays; the rest of 1 was read with a file of batch 2, so 2 stays."""
    files = there("a", "b", "c", "d", "e")
    _, b, c, d, e = files
    ledger = [*known(1, "a", "b"), *known(2, "c"), *known(3, "d")]
    with_b_and_c, with_d, with_e = Batch(11, (b, c)), Batch(12, (d,)), Batch(13, (e,))
    copied = [with_d, with_b_and_c, with_e]
    assert ([with_b_and_c], frozenset({1, 2})) == left_out_with(["a"], copied, ledger, {1, 2, 3})
    # A refused file that the warehouse does not know holds up nothing.
    assert ([], frozenset()) == left_out_with(["f"], copied, ledger, {1, 2, 3})
