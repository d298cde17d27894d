"""COPY from S3 into a run's staged records: which files, in which batches, and what becomes of those it refuses."""

from __future__ import annotations

import bz2
import contextlib
import dataclasses
import gzip
import json
import logging
import re
import time

import pytest
import zstandard
from airflow.sdk.exceptions import AirflowFailException

from tests.plugins.warehouse.operators.conftest import NOWHERE, PRICES, SALES, by_both_drivers, lines, sale
from warehouse.operators.stage_to_redshift import StageToRedshiftOperator
from warehouse.session import Session

# What people wrote; nothing but the warehouse may show it.
SECRET = "Nora Storgata"


def copies(run) -> list[str]:
    """The COPY statements of the run's last task."""
    return [sql for sql in run.last.sql if sql.startswith("COPY")]


def left_out(returned) -> dict[str, str]:
    """The reason by key."""
    return {item["key"]: item["reason"] for item in returned["left_out"]}


@by_both_drivers
def test_each_file_is_a_batch_of_its_own_by_a_manifest(connection, shop, s3):
    """Whatever its compression; batch numbers grow; nothing but a role authorises COPY."""
    plain = lines([sale(1, item="tea "), sale(2)])
    bodies = {
        "01.json": plain.encode(),
        "02.json.gz": gzip.compress(lines([sale(3)]).encode()),
        "03.json.bz2": bz2.compress(lines([sale(4)]).encode()),
        "04.json.zst": zstandard.ZstdCompressor().compress(lines([sale(5)]).encode()),
    }
    for name, body in bodies.items():
        shop.lake.put(f"sales/2018-11-{name}", body)
    run = shop.run().open()
    outcome = run.stage(region_name="us-west-2")
    assert 0 < outcome.pop("seconds") < 60
    size = sum(map(len, bodies.values()))
    assert {"rows": 5, "files": 4, "bytes": size, "left_out": [], "warnings": []} == outcome
    files = run.rows("files", "batch_id, key, feed, run_id, day")
    assert [f"sales/2018-11-{name}" for name in bodies] == [key for _, key, *_ in files]
    assert {("sales", run.run_id)} == {(feed, run_id) for *_, feed, run_id, _ in files}
    assert [1, 2, 3, 4] == [day.day for *_, day in files]
    staged = run.rows("staged_sales", "batch_id, number, item")
    assert [(files[index][0], number, "tea") for number, index in enumerate((0, 0, 1, 2, 3), 1)] == staged
    statements = copies(run)
    assert ["GZIP", "BZIP2", "ZSTD"] == re.findall(r"\b(?:GZIP|BZIP2|ZSTD)\b", " ".join(statements))
    assert all("IAM_ROLE default" in sql and "MANIFEST" in sql and "REGION 'us-west-2'" in sql for sql in statements)
    location = re.search(r"FROM 's3://(.*?)/(.*?)'", statements[0])
    assert location[2] == f"work/manifests/{run.schema}/sales-{files[0][0]}.json"
    manifest = json.load(s3.get_object(Bucket=location[1], Key=location[2])["Body"])
    assert {"entries": [{"url": f"s3://{shop.lake.bucket}/{files[0][1]}", "mandatory": True}]} == manifest


def test_many_files_share_batches_by_month_and_compression(shop):
    """More than `bulk_threshold`; files of a feed without days all together."""
    for name in ("11-01", "11-02", "12-01"):
        shop.lake.put(f"sales/2018-{name}.json", lines([sale(int(name[-2:]))]))
    shop.lake.put("sales/2018-11-03.json.gz", gzip.compress(lines([sale(3)]).encode()))
    shop.prices("a", tea=1)
    shop.prices("b", milk=1)
    run = shop.run().open()
    assert 4 == run.stage(bulk_threshold=3)["files"]
    assert 3 == len(copies(run))
    batches: dict[int, list[str]] = {}
    for batch_id, key in run.rows("files", "batch_id, key"):
        batches.setdefault(batch_id, []).append(key.removeprefix("sales/2018-"))
    assert [["11-01.json", "11-02.json"], ["11-03.json.gz"], ["12-01.json"]] == sorted(batches.values())
    assert 2 == run.stage(PRICES, bulk_threshold=1)["files"]
    assert 1 == len(copies(run))


@pytest.mark.parametrize(
    ("connection", "bulk_threshold"),
    [("redshift", 20), ("postgres", 1)],
    ids=["file by file", "in bulk"],
    indirect=["connection"],
)
def test_a_file_that_copy_refuses_is_left_out_and_the_others_go_on(
    connection, shop, bulk_threshold, logged, capfd, caplog
):
    """Named with file, line, column and reason; a shared batch is tried again in halves.

    A value is shown of a column that is declared harmless. What people wrote is in no log, error or XCom.
    """
    caplog.set_level(logging.DEBUG)
    bad = {
        "02": [sale(2), sale("two", customer=SECRET)],
        "03": [sale(3), sale(4, customer=SECRET * 10)],
        "04": [f'{{"till": "A", "customer": "{SECRET}", '],
        "06": [sale(6, sold_at=SECRET, customer=SECRET)],
    }
    shop.sales("01", sale(1))
    keys = {day: shop.sales(day, *rows) for day, rows in bad.items()}
    shop.sales("05", sale(5))
    run = shop.run().open()
    outcome = run.stage(bulk_threshold=bulk_threshold)
    assert (2, 2) == (outcome["rows"], outcome["files"])
    assert [(1,), (5,)] == run.rows("staged_sales", "number")
    reasons = left_out(outcome)
    assert set(keys.values()) == set(reasons)
    words = {
        "02": r"line 2, column number, value 'two': .+ \(code \d+\)",
        "03": r"line 2, column customer: .*length.* \(code \d+\)",
        "04": r"line 1: .+ \(code \d+\)",
        "06": r"line 1, column sold_at: .+ \(code \d+\)",
    }
    for day, expected in words.items():
        where = re.escape(f"s3://{shop.lake.bucket}/{keys[day]}, ")
        assert re.fullmatch(where + expected, reasons[keys[day]]), reasons[keys[day]]
    run.load_and_publish()
    with pytest.raises(AirflowFailException) as raised:
        run.report_left_out()
    texts = [str(outcome), str(raised.value), *(text for _, text in logged), *capfd.readouterr(), caplog.text]
    assert any("column customer" in text for text in texts)
    for text in texts:
        assert SECRET not in text


def test_one_bad_file_among_many_costs_few_copies(shop, logged):
    """Halves that hold only good files stay together."""
    bad = 11
    for day in range(1, 17):
        shop.sales(f"{day:02}", sale("eleven" if day == bad else day))
    run = shop.run().open()
    outcome = run.stage(bulk_threshold=1)
    assert [f"sales/2018-11-{bad}.json"] == list(left_out(outcome))
    assert [(day,) for day in range(1, 17) if day != bad] == run.rows("staged_sales", "number")
    assert 9 == sum(text.startswith("Running: COPY") for _, text in logged)


def test_the_ledgers_entry_of_another_bucket_holds_up_nothing(shop):
    """A refused file keeps the version that it has in this bucket."""
    key = shop.sales("05", sale(1))
    shop.publish()
    columns = "feed, key, etag, last_modified, size, run_id"
    shop.reader.execute(
        f"INSERT INTO shop_raw.files ({columns}, bucket, batch_id) SELECT {columns}, 'before', 7 FROM shop_raw.files"
    )
    shop.sales("05", sale("one"))
    run = shop.run().open()
    assert [key] == list(left_out(run.stage()))
    assert [] == run.rows("replaced_batches")


def test_a_feed_that_is_empty_by_now_is_not_dropped(shop):
    """Its files were there when the run looked for something to do."""
    shop.sales("05", sale(1))
    shop.publish()
    run = shop.run(drop_vanished=True).open()
    shop.lake.delete("sales/2018-11-05.json")
    with pytest.raises(AirflowFailException, match=r"no file at all below .*set confirm_empty"):
        run.stage()
    assert [] == run.rows("dropped_files")


def test_a_file_that_is_no_gzip_is_left_out(shop):
    """Its ending promises what its bytes are not."""
    shop.sales("01", sale(1))
    shop.lake.put("sales/2018-11-02.json.gz", lines([sale(2)]))
    shop.lake.put("sales/2018-11-03.json.gz", gzip.compress(lines([sale(3)] * 100).encode())[:-20])
    run = shop.run().open()
    outcome = run.stage()
    assert ["sales/2018-11-02.json.gz", "sales/2018-11-03.json.gz"] == list(left_out(outcome))
    words = "the file cannot be decompressed: failed to inflate with gzip: "
    assert all(reason.startswith(words) for reason in left_out(outcome).values())
    assert [(1,)] == run.rows("staged_sales", "number")


@pytest.mark.parametrize("bulk_threshold", [20, 1], ids=["file by file", "in bulk"])
def test_a_file_that_fails_a_check_of_its_own_is_left_out(shop, bulk_threshold, warnings):
    """Beyond the check's bound, and by itself: in a batch of several the bound is another, and each is read again."""
    shop.sales("01", sale(1))
    shop.sales("02", sale(2), sale(3, item=None))
    key = shop.sales("03", sale(4), sale(5, item=None), sale(6, item=None))
    run = shop.run().open()
    outcome = run.stage(bulk_threshold=bulk_threshold)
    assert {key: "items: sales have an item: the number of those without; observed 2, expected at most 1"} == left_out(
        outcome
    )
    assert [(1,), (2,), (3,)] == run.rows("staged_sales", "number")
    assert 2 == len({batch_id for (batch_id,) in run.rows("files", "batch_id")})
    assert (bulk_threshold == 1) == any(
        "observed 3, expected at most 0; 3 files are read again in halves" in text for text in warnings()
    )


def test_what_is_tied_to_a_refused_file_keeps_its_version_too(shop):
    """Its batch stays as a whole, because rows do not say which file they are of; what is not tied goes on."""
    for day in ("02", "03", "04"):
        shop.sales(day, sale(int(day)))
    run = shop.run().prepare(bulk_threshold=1)
    run.check()
    run.publish()
    shop.sales("02", sale(22))
    broken = shop.sales("03", sale("three"))
    shop.sales("05", sale(5))
    run = shop.run().open()
    outcome = run.stage()
    tied = "its accepted version shares a batch with a file that was left out"
    reasons = left_out(outcome)
    assert {"sales/2018-11-02.json": tied, "sales/2018-11-04.json": tied} == {
        key: reason for key, reason in reasons.items() if key != broken
    }
    assert "column number, value 'three'" in reasons[broken]
    assert [] == run.rows("replaced_batches")
    run.load_and_publish()
    assert [(2,), (3,), (4,), (5,)] == shop.rows("shop.receipts", "number")
    shop.sales("03", sale(33))
    shop.publish()
    assert [(4,), (5,), (22,), (33,)] == shop.rows("shop.receipts", "number")


@contextlib.contextmanager
def at_copy(monkeypatch, before=None, after=None):
    """Change the bucket right before and right after COPY."""
    execute = Session.execute

    def execute_and_change(session, sql, *values):
        is_copy = sql.startswith("COPY")
        if is_copy and before:
            before()
        execute(session, sql, *values)
        if is_copy and after:
            after()

    with monkeypatch.context() as patch:
        patch.setattr(Session, "execute", execute_and_change)
        yield


@pytest.mark.parametrize(
    ("connection", "returns"),
    [("redshift", False), ("postgres", True)],
    ids=["changed", "changed and back"],
    indirect=["connection"],
)
def test_a_file_that_changes_during_copy_is_right_after_the_next_run(connection, shop, monkeypatch, returns):
    """Nobody knows which version was copied: its entry in the ledger has no ETag, and the next run reads it again."""
    shop.sales("04", sale(4))
    shop.sales("05", sale(1))
    run = shop.run().open()

    with at_copy(
        monkeypatch,
        before=lambda: shop.sales("05", sale(2)),
        after=(lambda: shop.sales("05", sale(1))) if returns else None,
    ):
        run.stage()
    assert [("sales/2018-11-04.json", True), ("sales/2018-11-05.json", False)] == run.rows(
        "files", "key, etag IS NOT NULL"
    )
    run.load_and_publish()
    assert [(2,), (4,)] == shop.rows("shop.receipts", "number")
    again = shop.run()
    assert {"new": 0, "changed": 1, "vanished": 0} == again.find_files()
    shop.publish()
    assert [(1,) if returns else (2,), (4,)] == shop.rows("shop.receipts", "number")
    assert [(True,), (True,)] == shop.rows("shop_raw.files", "etag IS NOT NULL")


@pytest.mark.parametrize("bulk_threshold", [20, 1], ids=["file by file", "in bulk"])
def test_a_file_that_is_deleted_before_copy_is_left_out(shop, monkeypatch, bulk_threshold):
    """It was listed, and its manifest needs it; the others go on."""
    shop.sales("04", sale(4))
    key = shop.sales("05", sale(5))
    run = shop.run().open()
    with at_copy(monkeypatch, before=lambda: shop.lake.delete(key)):
        outcome = run.stage(bulk_threshold=bulk_threshold)
    assert {key: f"{key}: deleted while the run was reading"} == left_out(outcome)
    assert [(4,)] == run.rows("staged_sales", "number")


@pytest.mark.parametrize("settles", [True, False])
def test_a_file_of_this_very_second_is_waited_for(shop, s3, monkeypatch, settles):
    """S3 dates to the second: what changes again within it looks the same. A bucket never at rest is read at last."""

    def put() -> None:
        mtime = {"mtime": str(int(time.time()) + 3600)}
        s3.put_object(Bucket=shop.lake.bucket, Key="sales/2018-11-05.json", Body=lines([sale(1)]), Metadata=mtime)

    waits = []

    def wait(operator) -> None:
        waits.append(operator)
        if settles:
            shop.sales("05", sale(1))

    monkeypatch.setattr(StageToRedshiftOperator, "wait_a_second", wait)
    put()
    run = shop.run().open()
    assert 1 == run.stage()["rows"]
    assert (1 if settles else 5) == len(waits)
    assert [(settles,)] == run.rows("files", "etag IS NOT NULL")


@by_both_drivers
def test_lines_that_cannot_be_loaded_do_not_have_to_stop_a_file(connection, shop, logged):
    """Up to `max_errors` they are kept, with the line, in a table of the warehouse, until their file is right."""
    shop.sales("05", sale(1), sale("two", customer=SECRET), sale(3))
    run = shop.run().open()
    outcome = run.stage(max_errors="2")
    assert (2, []) == (outcome["rows"], outcome["left_out"])
    run.load_and_publish()
    ((batch_id,),) = shop.rows("shop_raw.files", "batch_id")
    ((kept, file, line, column, raw_line),) = shop.rows(
        "shop_quality.rejects", "batch_id, file, line_number, column_name, raw_line"
    )
    assert (batch_id, f"s3://{shop.lake.bucket}/sales/2018-11-05.json", 2, "number") == (kept, file, line, column)
    assert SECRET in raw_line
    assert not any(SECRET in text for _, text in logged)
    shop.sales("05", sale(1), sale(2), sale(3))
    shop.publish()
    assert [] == shop.rows("shop_quality.rejects")
    shop.sales("05", sale("one"), sale("two"), sale("three"))
    assert ["sales/2018-11-05.json"] == list(left_out(shop.run().open().stage(max_errors="2")))


def test_a_second_try_adds_nothing_twice(shop, monkeypatch):
    """COPY of the first try was committed; its rows are of batches that the run's `files` do not name."""
    shop.sales("04", sale(1))
    shop.sales("05", sale(2))
    run = shop.run().open()
    execute = Session.execute

    def lose_the_connection(session, sql, *values):
        if "replaced_batches" in sql:
            raise ConnectionError("cut")
        execute(session, sql, *values)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "execute", lose_the_connection)
        with pytest.raises(ConnectionError):
            run.stage()
    assert 2 == len(run.rows("staged_sales"))
    assert 2 == run.stage()["rows"]
    run.stage()
    run.load_and_publish()
    assert [(1,), (2,)] == shop.rows("shop_raw.sales", "number")


def test_recompute_reads_no_file(shop):
    """Not even a new one."""
    shop.sales("05", sale(1))
    outcome = shop.run(recompute="True").open().stage()
    assert (0, 0) == (outcome["rows"], outcome["files"])


def test_the_log_says_what_is_copied_before_copy_does(shop, logged):
    """COPY itself is silent until it ends, which may be in an hour."""
    shop.sales("04", sale(1))
    shop.sales("05", sale(2))
    shop.run().open().stage(bulk_threshold=1)
    texts = [text for _, text in logged]
    (announced,) = [place for place, text in enumerate(texts) if text.startswith("sales: copying 2 files, ")]
    (ran,) = [place for place, text in enumerate(texts) if text.startswith("Running: COPY")]
    assert announced < ran
    assert texts[announced].endswith(" bytes: sales/2018-11-04.json ...")
    assert re.fullmatch(r"shop_raw\.sales: 2 rows from 2 files, \d+ bytes, in [\d.]+ s \(\d+ rows/s\)", texts[-1])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"role": "arn:aws:iam::12:role/x"}, "not an IAM role"),
        ({"role": "default' ACCESS_KEY_ID 'AKIAHUSH"}, "not an IAM role"),
        ({"region_name": "us-west-2' --"}, "not an AWS region"),
        ({"work_prefix": ""}, "not an S3 location: ''; expected s3://bucket/prefix"),
        ({"max_errors": "many"}, "invalid literal for int"),
        ({"max_errors": "-1"}, "not a number of errors: -1"),
    ],
    ids=str,
)
def test_bad_settings_are_refused_before_any_sql(shop, changed, message):
    """Templates can make anything of them. A role that holds a key is not repeated, here or for the run's record."""
    run = shop.run()
    with pytest.raises(AirflowFailException, match=message) as raised:
        run.stage(conn_id=NOWHERE, aws_conn_id=NOWHERE, **changed)
    assert "HUSH" not in str(raised.value)
    assert [str(raised.value)] == run.context["ti"].xcom_pull(key="load_errors")


@pytest.mark.parametrize(
    "option",
    ["access_key_id 'AKIA' secret_access_key 'hush'", "IAM_ROLE default", "CREDENTIALS 'aws_iam_role=hush'"],
)
def test_options_that_would_authorise_copy_are_refused(shop, option):
    """When the DAG is read, and without repeating a secret."""
    feed = dataclasses.replace(SALES, options=("TRIMBLANKS", option))
    with pytest.raises(ValueError, match="authorised by the role alone; 1 of the options would") as raised:
        shop.run().stage(feed)
    assert "hush" not in str(raised.value)
