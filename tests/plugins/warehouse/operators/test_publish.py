"""Everything a run has prepared is published in one transaction, if no other run has published meanwhile."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tests.plugins.warehouse.operators.conftest import CUSTOMERS, by_both_drivers, sale
from warehouse.errors import DatabaseError
from warehouse.session import Session
from warehouse.staged_files import StagedFiles


def run_schemas(shop) -> set[str]:
    """The schemas of runs that are there."""
    rows = shop.reader.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'shop_run%'").fetchall()
    return {name for (name,) in rows}


def checked(shop, **options):
    """A run that may be published."""
    run = shop.run(**options).prepare()
    run.check()
    return run


@by_both_drivers
def test_raw_rows_ledger_and_tables_change_together(connection, shop):
    """Returned, and said in each asset's event: the rows inserted and deleted; nothing is truncated."""
    shop.sales("04", sale(1, "2018-11-04 12:00:00"))
    shop.sales("05", sale(2), sale(3, customer="Bob"))
    shop.publish()
    shop.sales("05", sale(2, city="Bergen"), sale(4))
    shop.lake.delete("sales/2018-11-04.json")
    run = checked(shop, drop_vanished=True)
    changes = run.publish()
    assert {
        "shop.receipts": {"inserted": 1, "deleted": 2},
        "shop.customers": {"inserted": 1, "deleted": 2},
        "shop.hours": {"inserted": 0, "deleted": 1},
    } == changes
    events = run.context["outlet_events"]
    assert changes == {name: events[Asset(name)].extra for name in changes}
    assert [(2,), (4,)] == shop.rows("shop.receipts", "number") == shop.rows("shop_raw.sales", "number")
    assert [("Ann", "Bergen")] == shop.rows("shop.customers", "customer, city")
    assert [("sales/2018-11-05.json", run.run_id)] == shop.rows("shop_raw.files", "key, run_id")
    assert not any("TRUNCATE" in sql.upper() for sql in run.last.sql)


def test_of_two_runs_at_once_one_publishes_and_the_other_says_why_not(shop):
    """The one that comes second has computed from what is no longer there; cleared as a whole, it is right."""
    shop.sales("05", sale(1))
    shop.publish()
    shop.sales("05", sale(1), sale(2))
    second = checked(shop)
    shop.sales("05", sale(3))
    first = checked(shop)
    first.publish()
    before = shop.published()
    words = f"the run {first.run_id} has published since this run began.*Nothing was published. Clear the whole run"
    with pytest.raises(AirflowFailException, match=words):
        second.publish()
    assert before == shop.published()
    assert [(3,)] == shop.rows("shop.receipts", "number")


@by_both_drivers
def test_error_1023_is_another_run_that_has_published(connection, shop, monkeypatch):
    """Redshift says so where PostgreSQL would wait; the state, read again, has the other run's token."""
    shop.sales("05", sale(1))
    shop.publish()
    shop.sales("05", sale(2))
    second, first = checked(shop), checked(shop)
    execute = Session.execute

    def conflict(session, sql, *values):
        if sql.startswith("UPDATE shop_raw.state"):
            monkeypatch.undo()
            first.publish()
            raise DatabaseError("1023", "XX000")
        return execute(session, sql, *values)

    monkeypatch.setattr(Session, "execute", conflict)
    with pytest.raises(AirflowFailException, match=f"the run {first.run_id} has published since"):
        second.publish()


@by_both_drivers
def test_a_run_that_has_published_already_does_nothing(connection, shop, warnings):
    """Its COMMIT's answer was lost: the second try finds its own token; statistics are renewed all the same."""
    shop.sales("05", sale(1))
    run = checked(shop)
    run.publish()
    before = shop.published()
    assert {} == run.publish()
    assert before == shop.published()
    assert {"ANALYZE shop_raw.sales", "ANALYZE shop_raw.prices"} <= set(run.last.sql)
    assert [] == warnings()


def test_rows_that_changed_since_the_checks_are_not_published(shop):
    """The verdict is about other rows; checked again, these are published."""
    shop.sales("05", sale(1))
    for task in (lambda run: run.stage(), lambda run: run.load(CUSTOMERS)):
        run = checked(shop)
        task(run)
        before = shop.published()
        with pytest.raises(AirflowFailException, match="as they are now, have not passed the checks"):
            run.publish()
        assert before == shop.published()
    run.check()
    assert 1 == run.publish()["shop.receipts"]["inserted"]


def test_files_that_changed_since_the_checks_are_not_published(shop, monkeypatch):
    """A stage task that is run again and dies has already named other files than the checks saw."""
    shop.sales("05", sale(1))
    run = checked(shop)
    shop.sales("06", sale(2))

    def die(*_: Any) -> None:
        raise RuntimeError("died")

    with monkeypatch.context() as patch:
        patch.setattr(StagedFiles, "write", die)
        with pytest.raises(RuntimeError):
            run.stage()
    with pytest.raises(AirflowFailException, match="have not passed the checks"):
        run.publish()


def test_a_run_that_was_not_checked_is_not_published(shop):
    """Publish, cleared by itself, cannot come before the checks."""
    shop.sales("05", sale(1))
    with pytest.raises(AirflowFailException, match="have not passed the checks"):
        shop.run().prepare().publish()


@pytest.mark.parametrize("table", ["shop_raw.prices", "shop.hours"])
def test_a_statement_that_fails_takes_everything_back(shop, table):
    """Whichever it is; then the next try publishes."""
    shop.sales("05", sale(1))
    run = checked(shop)
    before = shop.published()
    shop.reader.execute(f"ALTER TABLE {table} RENAME TO away")
    with pytest.raises(Exception, match=table.partition(".")[2]):
        run.publish()
    shop.reader.execute(f"ALTER TABLE {table.partition('.')[0]}.away RENAME TO {table.partition('.')[2]}")
    assert before == shop.published()
    run.publish()
    assert [(1,)] == shop.rows("shop.receipts", "number")


def test_the_fact_is_changed_within_the_bounds_of_its_sort_key(shop):
    """DELETE binds the smallest and the largest time of the published rows that go; without any there is no DELETE."""
    shop.sales("04", sale(1, "2018-11-04 12:00:00"))
    shop.publish()
    shop.sales("05", sale(2))
    run = checked(shop)
    run.publish()
    assert not any(sql.startswith("DELETE FROM shop.receipts") for sql in run.last.sql)
    shop.sales("05", sale(2, customer="Bob"))
    run = checked(shop)
    run.publish()
    (delete,) = [sql for sql in run.last.sql if sql.startswith("DELETE FROM shop.receipts")]
    assert "receipts.sold_at BETWEEN %s AND %s" in delete


def test_statistics_that_cannot_be_renewed_are_a_warning(shop, warnings, monkeypatch):
    """Readers do not depend on them, and the other tables' are renewed."""
    shop.sales("05", sale(1))
    run = checked(shop)
    execute = Session.execute

    def refuse(session, sql, *values):
        execute(session, sql.replace("ANALYZE shop.receipts", "ANALYZE shop.nothing"), *values)

    monkeypatch.setattr(Session, "execute", refuse)
    assert 1 == run.publish()["shop.receipts"]["inserted"]
    (warning,) = warnings()
    assert warning.startswith("could not analyze shop.receipts: ")
    assert "ANALYZE shop_raw.sales" in run.last.sql


def test_old_runs_schemas_are_dropped(shop):
    """Published ones, and failed ones but the last three; others of a similar name never."""
    shop.reader.execute("CREATE SCHEMA shop_run_0123456789abcdef")
    shop.reader.execute("CREATE TABLE shop_run_0123456789abcdef.run (opened_at TIMESTAMP)")
    shop.reader.execute("COMMENT ON TABLE shop_run_0123456789abcdef.run IS 'Created by somebody else.'")
    shop.reader.execute("CREATE SCHEMA shop_run_report")
    foreign = {"shop_run_0123456789abcdef", "shop_run_report"}
    failed = [shop.run().open().schema for _ in range(4)]
    shop.sales("05", sale(1))
    first = checked(shop)
    assert {*foreign, *failed, first.schema} == run_schemas(shop)
    first.publish()
    assert {*foreign, *failed[1:], first.schema} == run_schemas(shop)
    shop.sales("06", sale(2))
    second = checked(shop)
    second.publish()
    assert {*foreign, *failed[1:], second.schema} == run_schemas(shop)


def test_an_old_schema_that_cannot_be_dropped_is_a_warning(shop, warnings):
    """Somebody's view is in the way."""
    shop.sales("05", sale(1))
    old = checked(shop)
    old.publish()
    shop.reader.execute(f"CREATE VIEW public.shop_run_view AS SELECT * FROM {old.schema}.receipts")
    shop.sales("06", sale(2))
    checked(shop).publish()
    (warning,) = warnings()
    assert warning.startswith(f"could not drop the schema {old.schema} of an old run: ")


def test_old_schemas_that_cannot_be_listed_are_a_warning(shop, warnings, monkeypatch):
    """Another run may be dropping one of them; this one has published."""
    shop.sales("05", sale(1))
    run = checked(shop)

    def fail(*_: Any) -> None:
        raise DatabaseError("relation does not exist", "42P01")

    monkeypatch.setattr("warehouse.operators.publish.own_schemas", fail)
    run.publish()
    (warning,) = warnings()
    assert warning.startswith("could not list the schemas of old runs: ")
    assert [(1,)] == shop.rows("shop.receipts", "number")


def test_a_run_with_nothing_to_publish_is_skipped(shop):
    """So nobody is notified: a skipped task emits no asset event."""
    shop.sales("05", sale(1))
    shop.publish()
    before = shop.published()
    with pytest.raises(AirflowSkipException):
        shop.run().prepare().publish()
    assert before == shop.published()
