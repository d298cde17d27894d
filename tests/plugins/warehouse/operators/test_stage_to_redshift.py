"""COPY from S3 into a staging table: what it lists, loads, returns, and how it tells what went wrong."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import logging
import re

import pytest
import zstandard
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from tests.plugins.warehouse.operators.conftest import HOSTILE, NOWHERE
from warehouse import load_errors
from warehouse.operators.stage_to_redshift import StageToRedshiftOperator

LEDGERS = {"ledger": "desk.files", "pending_ledger": "desk.new_files", "known": "desk.known"}


def orders(*numbers: int) -> bytes:
    """A file of orders."""
    return "".join(json.dumps({"order_id": number, "status": "open "}) + "\n" for number in numbers).encode()


@pytest.fixture
def put(s3, bucket):
    """Writes objects."""

    def objects(**bodies: bytes) -> None:
        for name, body in bodies.items():
            s3.put_object(Bucket=bucket, Key=f"orders/{name.replace('_', '.')}", Body=body)

    return objects


@pytest.fixture
def stage(shop, bucket):
    """Makes the operator."""

    def operator(**changed):
        arguments = {
            "table": "desk.raw",
            "columns": ["order_id", "status"],
            "bucket": bucket,
            "prefix": "orders/",
            "region_name": "us-west-2",
            "options": ["TRIMBLANKS"],
            "expected": "the shop's orders",
        }
        return shop.operator(StageToRedshiftOperator, **(arguments | changed))

    return operator


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
@pytest.mark.parametrize(
    ("ending", "compress"),
    [("", bytes), ("_gz", gzip.compress), ("_bz2", bz2.compress), ("_zst", zstandard.ZstdCompressor().compress)],
)
def test_files_of_one_compression_are_loaded_and_counted(connection, shop, put, stage, ending, compress):
    """The keys' ending gives the keyword; what the table held before goes."""
    first, second = compress(orders(1, 2)), compress(orders(3))
    put(**{f"a{ending}": first, f"b{ending}": second})
    shop.fill("desk.raw", (77, "left over", None))
    shop.open_run(is_checked=True)
    outcome = shop.run(stage())
    assert 0 < outcome.pop("seconds") < 60
    assert {"rows": 3, "files": 2, "bytes": len(first) + len(second)} == outcome
    assert [(1, "open"), (2, "open"), (3, "open")] == shop.rows("desk.raw", "order_id, status")
    assert [(False,)] == shop.rows("desk.run", "is_checked")


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
@pytest.mark.parametrize("has_work_prefix", [True, False])
def test_only_new_and_changed_files_are_loaded(connection, shop, put, stage, s3, bucket, has_work_prefix):
    """By key and ETag; without a place for a manifest all are copied, and only unknown records kept."""
    put(a=orders(1), b=orders(2))
    listed = s3.list_objects_v2(Bucket=bucket)["Contents"]
    shop.fill("desk.files", *((item["Key"], item["ETag"].strip('"'), item["Size"], "old") for item in listed))
    shop.fill("desk.known", (1, "open", None), (2, "open", None))
    put(b=orders(2, 20), c=orders(3))
    shop.open_run()
    work_prefix = f"s3://{bucket}/sparkify/" if has_work_prefix else ""
    outcome = shop.run(stage(mode="new", work_prefix=work_prefix, **LEDGERS))
    loaded = {2, 3, 20} if has_work_prefix else {3, 20}
    assert (len(loaded), 2 if has_work_prefix else 3) == (outcome["rows"], outcome["files"])
    assert loaded == {row[0] for row in shop.rows("desk.raw")}
    assert [("orders/b", "r"), ("orders/c", "r")] == shop.rows("desk.new_files", "key, run_id")
    assert 2 == len(shop.rows("desk.files"))


@pytest.fixture
def told(shop):
    """Runs an operator; gives what its log says of the COPY: stars for time, and of each statement the first word."""

    def lines(operator) -> list[str]:
        stream = io.StringIO()
        operator._cached_logger = logging.Logger("told")
        operator._cached_logger.addHandler(logging.StreamHandler(stream))
        shop.run(operator)
        found = re.findall(r"^(?:Running: )?(COPY|desk\.raw: .*)", stream.getvalue(), flags=re.MULTILINE)
        return [re.sub(r"[\d.]+ s \(\d+ rows/s\)$", "* s (* rows/s)", line) for line in found]

    return lines


def test_the_log_says_what_is_to_be_copied_and_then_what_came_of_it(shop, put, stage, bucket, told):
    """COPY itself is silent until it ends, which may be in an hour. In mode `new` it takes what is new."""
    first, second = orders(1), orders(2, 3)
    put(a=first)
    shop.open_run()
    new = {"mode": "new", "work_prefix": f"s3://{bucket}/sparkify", **LEDGERS}
    shop.run(stage(**new))
    shop.reader.execute("INSERT INTO desk.files SELECT * FROM desk.new_files")
    put(b=second)
    where, both = f"below s3://{bucket}/orders/", len(first + second)
    assert [
        f"desk.raw: copying 1 of 2 files {where}, {len(second)} of {both} bytes",
        "COPY",
        f"desk.raw: 2 rows from 1 files, {len(second)} bytes, in * s (* rows/s)",
    ] == told(stage(**new))
    shop.reader.execute("INSERT INTO desk.files SELECT * FROM desk.new_files")
    assert [
        f"desk.raw: nothing to copy, none of 2 files {where} is new",
        "desk.raw: 0 rows from 0 files, 0 bytes, in * s (* rows/s)",
    ] == told(stage(**new))
    assert [
        f"desk.raw: copying 2 of 2 files {where}, {both} of {both} bytes",
        "COPY",
        f"desk.raw: 3 rows from 2 files, {both} bytes, in * s (* rows/s)",
    ] == told(stage())


def test_with_nothing_new_nothing_is_copied(shop, put, stage):
    """And what the run before left is gone."""
    put(a=orders(1))
    shop.open_run()
    shop.run(stage(mode="new", **LEDGERS))
    shop.reader.execute("INSERT INTO desk.files SELECT * FROM desk.new_files")
    operator = stage(mode="new", **LEDGERS)
    assert (0, 0) == tuple(shop.run(operator)[name] for name in ("rows", "files"))
    assert not any("COPY" in sql for sql in operator.sql)
    assert ([], []) == (shop.rows("desk.raw"), shop.rows("desk.new_files"))


def test_an_empty_prefix_fails_or_is_skipped(shop, stage):
    """Skipped, the table is emptied all the same; failed, it is not touched."""
    shop.fill("desk.raw", (77, "left over", None))
    shop.open_run()
    words = "nothing lies below s3://.*/orders/; expected the shop's orders"
    with pytest.raises(AirflowFailException, match=words) as raised:
        shop.run(stage(conn_id=NOWHERE))
    assert [str(raised.value)] == shop.exchange.xcom_pull(key="load_errors")
    assert 1 == len(shop.rows("desk.raw"))
    with pytest.raises(AirflowSkipException, match=words):
        shop.run(stage(on_empty="skip"))
    assert [] == shop.rows("desk.raw")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"role": "arn:aws:iam::12:role/x"}, "not an IAM role"),
        ({"role": "default' ACCESS_KEY_ID 'x"}, "not an IAM role"),
        ({"region_name": "us-west-2' --"}, "not an AWS region"),
        ({"mode": "append"}, "not a way to stage: 'append'"),
        ({"mode": "new"}, "mode 'new' needs ledger"),
        ({"on_empty": "shrug"}, "not a way to treat an empty prefix"),
    ],
)
def test_bad_arguments_are_refused_before_any_sql(shop, stage, changed, message):
    """No connection is asked for, and nothing listed: templates can make anything of them."""
    with pytest.raises(AirflowFailException, match=message):
        shop.run(stage(conn_id=NOWHERE, aws_conn_id=NOWHERE, **changed))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"options": ["TRIMBLANKS", "access_key_id 'AKIA' secret_access_key 'hush'"]}, "1 of the options would"),
        ({"options": ["IAM_ROLE default"]}, "authorised by the role alone"),
        ({"options": ["CREDENTIALS 'aws_iam_role=x'"]}, "authorised by the role alone"),
        ({"table": HOSTILE}, "not a plain table name"),
        ({"columns": ["order_id) FROM 's3://x' --"]}, "not a plain column name"),
        ({"ledger": HOSTILE}, "not a plain table name"),
    ],
)
def test_what_would_authorise_or_carry_sql_is_refused(stage, changed, message):
    """When the DAG is read, and without repeating a secret."""
    with pytest.raises(ValueError, match=message) as raised:
        stage(**changed)
    assert "hush" not in str(raised.value)


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
@pytest.mark.parametrize("has_stl", [True, False])
def test_load_errors_are_told(connection, shop, put, stage, monkeypatch, has_stl, bucket):
    """Line by line, without values; where there are no STL tables too, as on Serverless."""
    if not has_stl:
        query = load_errors.STL_LOAD_ERRORS.replace("stl_load_errors", "stl_that_is_not_there")
        monkeypatch.setattr(load_errors, "STL_LOAD_ERRORS", query)
    put(a=orders(1), b=orders(2) + b'{"order_id": "three", "status": "open"}\n')
    shop.fill("desk.raw", (77, "left over", None))
    shop.open_run()
    with pytest.raises(AirflowFailException) as raised:
        shop.run(stage())
    words = f"failed: s3://{bucket}/orders/b, line 2, column order_id: "
    assert re.search(re.escape(words) + r".+ \(code \d+\)$", str(raised.value)), raised.value
    (sentence,) = shop.exchange.xcom_pull(key="load_errors")
    assert str(raised.value).endswith(f"failed: {sentence}")
    assert [77] == [row[0] for row in shop.rows("desk.raw")]
