"""A run goes on only when there is something to do, and says what is wrong with what it was asked for."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tests.plugins.warehouse.operators.conftest import NOWHERE, by_both_drivers, sale

OF_ITS_DAY = {"period": "2018-11-05", "is_period_given": False}


@by_both_drivers
def test_what_is_new_changed_and_vanished_is_counted(connection, shop):
    """By key and ETag; a file that was uploaded again unchanged is neither."""
    for day in ("01", "02", "03", "04"):
        shop.sales(day, sale(int(day), f"2018-11-{day} 12:00:00"))
    shop.publish()
    shop.sales("01", sale(1, "2018-11-01 12:00:00"))
    shop.sales("02", sale(2, "2018-11-02 13:00:00"))
    shop.lake.delete("sales/2018-11-03.json")
    shop.sales("05", sale(5))
    assert {"new": 1, "changed": 1, "vanished": 1} == shop.run(**OF_ITS_DAY).find_files()


def test_nothing_to_do_skips(shop):
    """Not so with `reload`, nor with `recompute`, for which no file has to be there."""
    shop.sales("05", sale(1))
    shop.publish()
    with pytest.raises(AirflowSkipException, match="nothing to do: no file of the period is new or changed"):
        shop.run(**OF_ITS_DAY).find_files()
    assert {"new": 0, "changed": 1, "vanished": 0} == shop.run(reload=True).find_files()
    shop.lake.delete("sales/2018-11-05.json")
    assert {"new": 0, "changed": 0, "vanished": 0} == shop.run(recompute="True").find_files()


def test_a_table_whose_sql_has_changed_is_something_to_do(shop):
    """Its rows were computed in another way; another comment alone changes nothing."""
    shop.sales("05", sale(1))
    shop.publish()
    text = (shop.sql_folder / "load/customers.sql").read_text(encoding="utf-8")
    shop.sql("load/customers.sql", "-- A comment.\n" + text)
    with pytest.raises(AirflowSkipException):
        shop.run(**OF_ITS_DAY).find_files()
    shop.sql("load/customers.sql", text.replace("city,", "UPPER(city) AS city,"))
    run = shop.run(**OF_ITS_DAY)
    run.find_files()
    run.open()
    assert [('["shop.customers"]',)] == run.rows("run", "recompute")


def test_a_day_without_a_file_fails_a_manual_run_and_not_a_scheduled_one(shop, warnings):
    """Somebody asked for it; the schedule only waits for it. A file that the ledger knows is a file of the day."""
    shop.sales("04", sale(1, "2018-11-04 12:00:00"))
    words = (
        f"there is no file of 2018-11-05 below s3://{shop.lake.bucket}/sales/; "
        "expected the tills' files, sales/YYYY-MM-DD.json"
    )
    with pytest.raises(AirflowFailException) as raised:
        shop.run(**OF_ITS_DAY).find_files()
    assert f"{words}. To load every file of the bucket, run with period all" == str(raised.value)
    shop.publish()
    shop.prices(tea=1.0)
    assert 1 == shop.run(**OF_ITS_DAY, run_type="scheduled").find_files()["new"]
    assert [f"{words}. The run goes on without it; a later run loads the file when it is there"] == warnings()
    shop.lake.delete("sales/2018-11-04.json")
    assert 1 == shop.run(period="2018-11-04").find_files()["vanished"]


@pytest.mark.parametrize("period", ["2018-13", "2018-02-30", "yesterday", "2018-1", "all'; DROP SCHEMA shop; --"])
def test_a_period_that_does_not_exist_is_refused(shop, period):
    """Before anything is listed or asked of the database."""
    with pytest.raises(AirflowFailException, match="not a period: "):
        shop.run(period=period).find_files(conn_id=NOWHERE, aws_conn_id=NOWHERE)


@pytest.mark.parametrize("work_prefix", ["", "work", "https://work"])
def test_a_work_prefix_is_needed(shop, work_prefix):
    """Manifests need it; this is the first task that can say so."""
    with pytest.raises(AirflowFailException, match=rf"the work prefix is '{work_prefix}'; expected a writable s3://"):
        shop.run(work_prefix=work_prefix).find_files(conn_id=NOWHERE)


def test_a_missing_bucket_is_named(shop):
    """It fails at once: a retry would not find it either."""
    with pytest.raises(AirflowFailException, match=r"cannot list s3://no-such-bucket-of-ours/sales/: .*NoSuchBucket"):
        shop.run(bucket="no-such-bucket-of-ours").find_files()


def test_everything_of_a_feed_is_dropped_only_when_it_is_confirmed(shop):
    """No file at all is more often a wrong bucket than an intention; one file left is intention enough."""
    shop.sales("04", sale(1, "2018-11-04 12:00:00"))
    shop.sales("05", sale(2))
    shop.publish()
    shop.lake.delete("sales/2018-11-04.json")
    assert 1 == shop.run(drop_vanished=True).find_files()["vanished"]
    shop.lake.delete("sales/2018-11-05.json")
    with pytest.raises(
        AirflowFailException, match=r"no file at all below .*/sales/: .* all 2 files of sales .*confirm"
    ):
        shop.run(drop_vanished=True).find_files()
    run = shop.run(drop_vanished=True, confirm_empty=True)
    assert {"new": 0, "changed": 0, "vanished": 2} == run.find_files()


def test_what_stays_or_is_ignored_is_named_in_a_warning(shop, warnings):
    """Keys that are not the feed's; vanished files; a changed file that shares a batch with a vanished one."""
    for day in ("03", "04", "05"):
        shop.sales(day, sale(int(day)))
    run = shop.run()
    run.prepare(bulk_threshold=1)
    run.check()
    run.publish()
    shop.lake.delete("sales/2018-11-03.json")
    shop.sales("04", sale(44))
    for key in ("sales/_SUCCESS", "sales/README"):
        shop.lake.put(key, "")
    shop.sales("06", sale(6))
    assert 1 == shop.run().find_files()["new"]
    ignored, vanished, blocked = warnings()
    assert ignored.startswith("ignoring objects that do not match the tills' files, sales/YYYY-MM-DD.json: ")
    assert ignored.endswith(": sales/README, sales/_SUCCESS")
    assert (
        f"1 files are no longer in s3://{shop.lake.bucket}/sales/, their rows stay: sales/2018-11-03.json" in vanished
    )
    assert "sales/2018-11-04.json keeps its accepted version: it shares a batch with sales/2018-11-03.json" in blocked


def test_many_keys_are_not_all_named(shop, warnings):
    """Ten, and how many more."""
    for number in range(12):
        shop.lake.put(f"sales/other-{number:02}", "")
    shop.sales("05", sale(1))
    shop.run().find_files()
    (warning,) = warnings()
    assert warning.endswith("sales/other-09 and 2 more")
