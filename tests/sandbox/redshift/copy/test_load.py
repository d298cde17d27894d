"""COPY as a dialogue with real clients: files put, COPY sent, rows, notices and error rows read."""

import asyncio
import bz2
import contextlib
import gzip
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
import zstandard
from psycopg2 import extensions

from sandbox.redshift.copy.load import CopySettings, copy_from_s3
from sandbox.redshift.errors import RedshiftError
from tests.sandbox.redshift.cases import TEXT

Rows = list[tuple[Any, ...]]
FAILED = "Load into table 't' failed.  Check 'stl_load_errors' system table for details."
ERRORS = (
    "select line_number, trim(colname), trim(raw_field_value), err_code, trim(err_reason)"
    " from stl_load_errors where query = pg_last_copy_id() order by line_number"
)


class Client:
    """One connection and one bucket: `put` files, `copy` them into table t, `ask` for rows."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self.s3 = s3
        self.bucket = bucket
        self.connection = psycopg2.connect("")
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()

    def put(self, key: str, body: str | bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body.encode() if isinstance(body, str) else body)

    def ask(self, sql: str) -> Rows:
        self.cursor.execute(sql)
        return self.cursor.fetchall()

    def copy(
        self, key: str, options: str = "json 'auto'", table: str = "t", auth: str = "iam_role default"
    ) -> list[str]:
        """The notices of a COPY; {bucket} in the options is ours."""
        del self.connection.notices[:]
        options = options.replace("{bucket}", self.bucket)
        self.cursor.execute(f"copy {table} from 's3://{self.bucket}/{key}' {auth} {options}")
        return [notice.strip() for notice in self.connection.notices]

    def refused(self, key: str, options: str = "json 'auto'", **others: str) -> psycopg2.Error:
        with pytest.raises(psycopg2.Error) as refusal:
            self.copy(key, options, **others)
        return refusal.value


@pytest.fixture
def client(s3: Any, bucket: str) -> Iterator[Client]:
    client = Client(s3, bucket)
    client.cursor.execute(f'create schema "{bucket}"')
    client.cursor.execute(f'set search_path to "{bucket}"')
    with contextlib.closing(client.connection):
        yield client


def test_two_files_are_loaded_and_the_client_is_told(client: Client) -> None:
    client.put("x/1", '{"a":1,"b":"one"}\n{"b":"two","a":2}')
    client.put("x/2", '{"a":3}{"a":4,\n"b":"four, \\"4\\""}')
    client.cursor.execute("create table t (a int, b varchar(20) default 'none')")
    assert ["INFO:  Load into table 't' completed, 4 record(s) loaded successfully."] == client.copy("x")
    assert [(1, "one"), (2, "two"), (3, None), (4, 'four, "4"')] == client.ask("select a, b from t order by a")
    assert [(4,)] == client.ask("select pg_last_copy_count()")
    assert [(f"s3://{client.bucket}/x/1", 2), (f"s3://{client.bucket}/x/2", 2)] == client.ask(
        "select trim(filename), lines_scanned from stl_load_commits where query = pg_last_copy_id() order by 1"
    )


def test_a_prefix_is_no_folder(client: Client) -> None:
    for key in ("cust.txt", "cust.txt.1", "cust.txt.bak/deep/er", "cust"):
        client.put(key, '{"a":1}')
    client.cursor.execute("create table t (a int)")
    client.copy("cust.txt")
    assert [(3,)] == client.ask("select count(*) from t")


def test_a_bad_record_fails_the_load_and_its_row_of_errors_survives_the_rollback(client: Client) -> None:
    client.put("x", '{"a":1}\n{"a":\n"two",\n"b":"long text"}\n{"a":3}')
    client.cursor.execute("create table t (a int, b varchar(4))")
    client.cursor.execute("begin")
    refusal = client.refused("x")
    client.cursor.execute("rollback")
    assert (FAILED, "XX000") == (refusal.diag.message_primary, refusal.pgcode)
    assert [(4, "a", "two", 1207, "Invalid digit, Value 't', Pos 0, Type: Integer")] == client.ask(ERRORS)
    assert [("int4", "0", f"s3://{client.bucket}/x")] == client.ask(
        "select trim(type), trim(col_length), trim(filename) from stl_load_errors where query = pg_last_copy_id()"
    )
    assert [(0, 0)] == client.ask("select count(*), pg_last_copy_count() from t")


def test_under_maxerror_bad_records_are_dropped_and_counted(client: Client) -> None:
    client.put("x", '{"a":1}\n{"a":"x"}\n{"a":}\n,{"a":4}\n{"a":5')
    client.cursor.execute("create table t (a int)")
    notices = client.copy("x", "json 'auto' maxerror 5")
    assert [
        "INFO:  Load into table 't' completed, 2 record(s) loaded successfully.",
        "INFO:  Load into table 't' completed, 4 record(s) could not be loaded."
        "  Check 'stl_load_errors' system table for details.",
    ] == notices
    assert [(2, 1207), (3, 1216), (4, 1216), (5, 1216)] == [(row[0], row[3]) for row in client.ask(ERRORS)]
    assert FAILED == client.refused("x", "json 'auto' maxerror 4").diag.message_primary
    assert 2 == len(client.copy("x", "json 'auto' ignoreallerrors"))
    assert [(1, 2), (4, 2)] == client.ask("select a, count(*) from t group by a order by a")


def test_bad_lines_of_text_are_rows_of_errors_with_their_line_column_and_reason(client: Client) -> None:
    client.put("x", "1|a|2018-11-01\nx|b|2018-11-01\n3|four|2018-11-01\n4|d\n5|e|1 Nov|more\n6|f|\n")
    client.cursor.execute("create table t (a int, b varchar(3), d date)")
    client.copy("x", "maxerror 9")
    assert [
        (2, "a", "x", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer"),
        (3, "b", "four", 1204, "String length exceeds DDL length"),
        (4, "b", "d", 1214, "Delimiter not found"),
        (5, "d", "1 Nov", 1205, "Invalid Date Format or value [YYYY-MM-DD]"),
    ] == client.ask(ERRORS)
    assert [("x|b|2018-11-01",)] == client.ask(
        "select trim(raw_line) from stl_load_errors where query = pg_last_copy_id() and line_number = 2"
    )
    assert [(1, "a"), (6, "f")] == client.ask("select a, b from t order by a")
    assert [("TXT", 6, 4)] == client.ask(
        "select trim(file_format), lines_scanned, errors from stl_load_commits where query = pg_last_copy_id()"
    )


@pytest.mark.parametrize("form", ["csv", "delimiter ','", "json 'auto'"])
@pytest.mark.parametrize(
    ("encoding", "codec", "mark"),
    [
        *(("utf16", "utf-16-le", b"\xff\xfe"), ("utf16", "utf-16-be", b"\xfe\xff"), ("utf16le", "utf-16-le", b"")),
        *(("utf16be", "utf-16-be", b"\xfe\xff"), ("as 'iso88591'", "latin-1", b"")),
    ],
)
def test_other_encodings_are_read(client: Client, form: str, encoding: str, codec: str, mark: bytes) -> None:
    text = '{"a": 1, "b": "café ÿ"}\n' if form.startswith("json") else "1,café ÿ\n"
    client.put("x", mark + text.encode(codec))
    client.cursor.execute("create table t (a int, b varchar(20))")
    client.copy("x", f"{form} encoding {encoding}")
    assert [(1, "café ÿ")] == client.ask("select a, b from t")


def test_a_file_in_another_encoding_than_said_is_an_error_of_its_first_line(client: Client) -> None:
    client.put("x", "1|a\n")
    client.cursor.execute("create table t (a int, b varchar(20))")
    assert FAILED == client.refused("x", "encoding utf16 maxerror 9").diag.message_primary
    assert [(1, 1221)] == [(row[0], row[3]) for row in client.ask(ERRORS)]


def test_what_utf16_cannot_mean_is_replaced_byte_by_byte(client: Client) -> None:
    client.put("x", "a|".encode("utf-16-le") + b"\x00\xd8" + "z\n".encode("utf-16-le"))
    client.cursor.execute("create table t (a varchar(9), b varchar(9))")
    assert FAILED == client.refused("x", "encoding utf16le").diag.message_primary
    client.copy("x", "encoding utf16le acceptinvchars as '^'")
    assert [("a", "^^^z")] == client.ask("select a, b from t")


def test_a_refusal_in_the_middle_of_the_data_is_one_by_name(client: Client) -> None:
    client.put("x", "1|a\n2|b\0\n")
    client.cursor.execute("create table t (a int, b varchar(9))")
    refusal = client.refused("x", "maxerror 9")
    assert ("0A000", "the sandbox does not support COPY of text with NUL bytes in it") == (
        refusal.pgcode,
        refusal.diag.message_primary,
    )
    assert [(0,)] == client.ask("select count(*) from t")


def test_fixed_width_needs_a_width_for_each_column(client: Client) -> None:
    client.put("x", "001abc\n")
    client.cursor.execute("create table t (a int, b varchar(3))")
    assert "FIXEDWIDTH has 1 fields" in client.refused("x", "fixedwidth 'a:3'").diag.message_primary
    client.copy("x", "fixedwidth 'a:3,b:3'")
    assert [(1, "abc")] == client.ask("select a, b from t")


def test_parquet_by_manifest_needs_the_sizes_and_fails_whole(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    duckdb.execute(f"COPY (SELECT 1::INTEGER AS x, 'é'::VARCHAR AS y) TO '{path}' (FORMAT parquet)")
    client.put("x.parquet", path.read_bytes())
    entry = {"url": f"s3://{client.bucket}/x.parquet", "mandatory": True}
    client.put("bare", json.dumps({"entries": [entry]}))
    client.put("sized", json.dumps({"entries": [{**entry, "meta": {"content_length": path.stat().st_size}}]}))
    client.cursor.execute("create table t (a int, b varchar(9))")
    assert "needs meta.content_length" in client.refused("bare", "parquet manifest").diag.message_primary
    client.copy("sized", "format as parquet manifest")
    assert [(1, "é")] == client.ask("select a, b from t")
    client.cursor.execute("create table short (a int, b varchar(1))")
    refusal = client.refused("sized", "format as parquet manifest", table="short")
    assert "Spectrum Scan Error" == refusal.diag.message_primary
    assert "code:      15007" in (refusal.diag.message_detail or "")


def test_noload_checks_and_loads_nothing(client: Client) -> None:
    client.put("good", '{"a":1}')
    client.put("bad", '{"a":"x"}')
    client.cursor.execute("create table t (a int)")
    client.copy("good", "json 'auto' noload")
    client.refused("bad", "json 'auto' noload")
    assert [(1, "a", "x", 1207, "Invalid digit, Value 'x', Pos 0, Type: Integer")] == client.ask(ERRORS)
    assert [(0,)] == client.ask("select count(*) from t")


@pytest.mark.parametrize("options", ["json 'auto'", "json 'auto' noload"])
def test_who_may_not_insert_may_not_copy(client: Client, options: str) -> None:
    client.put("x", '{"a":1}')
    client.cursor.execute("create table t (a int)")
    client.cursor.execute("create user copy_reader password 'Reader123'")
    client.cursor.execute(f'grant usage on schema "{client.bucket}" to copy_reader')
    client.cursor.execute("grant select on t to copy_reader")
    try:
        client.cursor.execute("set session authorization copy_reader")
        assert "42501" == client.refused("x", options).pgcode
        # before S3 is read: who may not insert does not learn what is there
        assert "42501" == client.refused("nothing", options).pgcode
        client.cursor.execute("reset session authorization")
        client.cursor.execute("grant insert on t to copy_reader")
        client.cursor.execute("set session authorization copy_reader")
        client.copy("x", options)
    finally:
        client.cursor.execute("reset session authorization")
        client.cursor.execute(f'drop schema "{client.bucket}" cascade')
        client.cursor.execute("drop user copy_reader")


@pytest.mark.parametrize(
    ("keyword", "compress"),
    [("gzip", gzip.compress), ("bzip2", bz2.compress), ("zstd", zstandard.ZstdCompressor().compress)],
)
def test_compressed_files_need_their_keyword(client: Client, keyword: str, compress: Callable[[bytes], bytes]) -> None:
    client.put("x", compress(b'{"a":1}\n') + compress(b'{"a":2}'))  # two members make one file, as gzip has it
    client.cursor.execute("create table t (a int)")
    client.copy("x", f"json 'auto' {keyword}")
    assert [(1,), (2,)] == client.ask("select a from t order by a")
    assert FAILED == client.refused("x").diag.message_primary
    client.put("plain", '{"a":1}')
    assert f"failed to inflate with {keyword}" in str(client.refused("plain", f"json 'auto' {keyword}"))


def test_a_file_cut_off_inside_a_zstd_frame_is_refused(client: Client) -> None:
    client.put("x", zstandard.ZstdCompressor().compress(b'{"a":1}\n{"a":2}\n')[:-1])
    client.cursor.execute("create table t (a int)")
    assert "failed to inflate with zstd" in str(client.refused("x", "json 'auto' zstd"))
    assert [(0,)] == client.ask("select count(*) from t")


def test_a_manifest_names_exact_files(client: Client) -> None:
    for key in ("d/1", "d/12"):
        client.put(key, '{"a":1}')
    url = f"s3://{client.bucket}/d/"
    client.put(
        "m", json.dumps({"entries": [{"url": f"{url}1", "mandatory": True}, {"url": f"{url}1"}, {"url": f"{url}9"}]})
    )
    client.put("missing", json.dumps({"entries": [{"url": f"{url}1"}, {"url": f"{url}9", "mandatory": True}]}))
    client.put("nothing", json.dumps({"entries": [{"url": f"{url}9"}]}))
    client.cursor.execute("create table t (a int)")
    client.copy("m", "manifest json 'auto'")
    assert [(2,)] == client.ask("select count(*) from t")
    assert f"{url}9" in str(client.refused("missing", "json 'auto' manifest"))
    assert "None of the 1 files" in str(client.refused("nothing", "json 'auto' manifest"))
    assert "requires full path of an S3 object" in str(client.refused("d/1", "json 'auto' manifest"))
    assert "requires full path of an S3 object" in str(client.refused("d/", "json 'auto' manifest"))
    gone = "S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey"
    assert f"Problem reading manifest file - {gone}" == client.refused("n", "json 'auto' manifest").diag.message_primary


def test_jsonpaths_map_by_position(client: Client) -> None:
    client.put("x", '{"userId":"8","artist":{"names":["A","B"]}}\n{"userId":9,"artist":{"names":["C"]}}')
    client.put("p", json.dumps({"jsonpaths": ["$['artist']['names'][0]", "$['userId']"]}))
    client.put("second", json.dumps({"jsonpaths": ["$['artist']['names'][1]", "$['userId']"]}))
    client.cursor.execute("create table t (a int, b varchar(20), c int default 7)")
    client.copy("x", "json 's3://{bucket}/p'", table="t (b, a)")
    assert [(8, "A", 7), (9, "C", 7)] == client.ask("select * from t order by a")
    client.refused("x", "json 's3://{bucket}/second'", table="t (b, a)")
    reason = "Invalid JSONPath format: Not an array or index out of range."
    assert [(2, "b", "", 1216, reason)] == client.ask(ERRORS)
    assert "JSONPath size: 2, Number of columns in table or column list: 3" in str(
        client.refused("x", "json 's3://{bucket}/p'")
    )
    assert f"s3://{client.bucket}/none" in str(client.refused("x", "json 's3://{bucket}/none'"))


@pytest.mark.parametrize(
    ("kind", "value", "options", "expected"),
    [
        ("int", '" "', "", None),
        ("varchar(9)", '"x  "', "trimblanks", "x"),
        ("varchar(9)", '"  "', "blanksasnull", None),
        ("varchar(9)", '""', "emptyasnull", None),
        ("varchar(4)", '"東京"', "truncatecolumns", "東"),
        ("varchar(9)", "1.50", "", "1.50"),
        ("varchar(99)", '{"x" : [1, 2]}', "", '{"x" : [1, 2]}'),
        ("varchar(9)", "true", "", "true"),
        ("varchar(9)", '"a\\u0000b"', "", "a"),
        ("varchar(9)", b'"x\xe4y"', "acceptinvchars as '^'", "x^y"),
        ("decimal(8,2)", "20.259", "", "20.25"),
        ("decimal(8,2)", "20.259", "roundec", "20.26"),
        ("boolean", '"Yes"', "", "t"),
        ("double precision", "1e-400", "", "0"),
        ("date", '"03/31/2003"', "dateformat 'MM/DD/YYYY'", "2003-03-31"),
        ("date", '"Jan-01-1999"', "dateformat as 'MON-DD-YYYY'", "1999-01-01"),
        ("date", '"J2451187"', "dateformat 'auto'", "1999-01-08"),
        ("date", '"someday"', "dateformat 'auto' acceptanydate", None),
        ("timestamp", '"2003-03-31"', "", "2003-03-31 00:00:00"),
        ("timestamp", '"03.31.2003 18:45:05.5"', "timeformat 'MM.DD.YYYY HH:MI:SS'", "2003-03-31 18:45:05.5"),
        ("timestamp", "1541106106796", "timeformat 'epochmillisecs'", "2018-11-01 21:01:46.796"),
        ("timestamp", '"1541106106.25"', "timeformat 'epochsecs'", "2018-11-01 21:01:46.25"),
        ("timestamp", '"19960108 040809"', "timeformat 'auto'", "1996-01-08 04:08:09"),
        ("timestamp", '"2019-02-11T05:09:12.195Z"', "timeformat 'auto'", "2019-02-11 05:09:12.195"),
    ],
)
def test_a_value_becomes_its_column(
    client: Client, kind: str, value: str | bytes, options: str, expected: str | None
) -> None:
    client.put("x", b'{"a": %s}' % (value if isinstance(value, bytes) else value.encode()))
    client.cursor.execute(f"create table t (a {kind})")
    client.copy("x", f"json 'auto' {options}")
    extensions.register_type(TEXT, client.cursor)
    assert [(expected,)] == client.ask("select a from t")


@pytest.mark.parametrize(
    ("kind", "value", "options", "code", "reason"),
    [
        ("varchar(4)", '"東京"', "", 1204, "String length exceeds DDL length"),
        ("char(2)", '"abc"', "", 1204, "Char length exceeds DDL length"),
        (
            "char(9)",
            '"é"',
            "",
            1220,
            "Multibyte character not supported for CHAR (Hint: Try using  VARCHAR). Invalid char: é",
        ),
        (
            "varchar(9)",
            b'"x\xa4y"',
            "",
            1220,
            "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence: a4 (error 3)",
        ),
        ("varchar(9)", '"\\u0000"', "", 1218, "Invalid null byte - field longer than 1 byte"),
        ("varchar(9) not null", "null", "", 1213, "Missing data for not-null field"),
        ("int", "12.7", "", 1207, "Invalid digit, Value '.', Pos 2, Type: Integer"),
        ("smallint", "40000", "", 1222, "Overflow, Value '40000', Type: Short"),
        ("decimal(4,2)", "100", "", 1204, "Overflow for NUMERIC(4,2), Value '100'"),
        ("timestamp", '"2019-02-11T05:09:12Z"', "", 1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"),
        ("timestamp", "1541106106796", "timeformat 'auto'", 1206, "Invalid timestamp format or value [auto]"),
        ("boolean", '"maybe"', "", 1210, "Invalid boolean value 'maybe'"),
    ],
)
def test_a_value_that_does_not_fit_is_explained(
    client: Client, kind: str, value: str | bytes, options: str, code: int, reason: str
) -> None:
    client.put("x", b'{"a": %s}' % (value if isinstance(value, bytes) else value.encode()))
    client.cursor.execute(f"create table t (a {kind})")
    assert FAILED == client.refused("x", f"json 'auto' {options}").diag.message_primary
    assert [(1, "a", code, reason[:100])] == [(row[0], row[1], *row[3:]) for row in client.ask(ERRORS)]


def test_identity_columns_need_explicit_ids(client: Client) -> None:
    client.put("x", '{"id":70,"v":"x"}')
    client.cursor.execute("create table t (id int identity(1,1), v varchar(9))")
    client.copy("x")
    client.copy("x", "json 'auto' explicit_ids")
    assert [(1, "x"), (70, "x")] == client.ask("select id, v from t order by id")
    assert "EXPLICIT_IDS" in str(client.refused("x", table="t (id, v)"))
    assert "EXPLICIT_IDS" in str(client.refused("x", "json 'auto' explicit_ids", table="t (v)"))


@pytest.mark.parametrize(
    ("auth", "error"),
    [
        ("iam_role 'arn:aws:iam::123456789012:role/a,arn:aws:iam::210987654321:role/b'", None),
        ("with credentials as 'aws_iam_role=arn:aws:iam::123456789012:role/a'", None),
        ("credentials 'aws_access_key_id={key};aws_secret_access_key={secret}'", None),
        ("access_key_id '{key}' secret_access_key '{secret}'", None),
        ("iam_role 'arn:aws:iam::123:role/a'", "Invalid IAM role ARN"),
        (
            "credentials 'aws_access_key_id=a; aws_secret_access_key=b'",
            "Invalid credentials. Must be of the format: credentials",
        ),
        ("access_key_id 'AKIA' secret_access_key 'x'", "S3ServiceException:.*,Status 403,Error InvalidAccessKeyId"),
        ("access_key_id '{key}' secret_access_key 'x'", "Status 403,Error SignatureDoesNotMatch"),
        ("iam_role default access_key_id 'a' secret_access_key 'x'", "conflicting or redundant options"),
        ("", "CREDENTIALS argument is required but not specified"),
    ],
)
def test_who_may_read(client: Client, auth: str, error: str | None) -> None:
    client.put("x", '{"a":1}')
    client.cursor.execute("create table t (a int)")
    auth = auth.format(key=os.environ["AWS_ACCESS_KEY_ID"], secret=os.environ["AWS_SECRET_ACCESS_KEY"])
    if error is None:
        assert 1 == len(client.copy("x", auth=auth))
    else:
        with pytest.raises(psycopg2.Error, match=error):
            client.copy("x", auth=auth)


def test_what_is_not_there_is_named(client: Client) -> None:
    client.put("x", '{"a":1}')
    client.cursor.execute("create table t (a int)")
    nothing = client.refused("logs/2018")
    assert "The specified S3 prefix 'logs/2018' does not exist" == nothing.diag.message_primary
    assert "code:      8001" in (nothing.diag.message_detail or "")
    assert "Cannot COPY into nonexistent table nosuch" == client.refused("x", table="nosuch").diag.message_primary
    assert 'column "z" of relation "t" does not exist' == client.refused("x", table="t (z)").diag.message_primary
    with pytest.raises(psycopg2.Error, match="Status 404,Error NoSuchBucket"):
        client.cursor.execute("copy t from 's3://no-such-bucket/x' iam_role default json 'auto'")
    assert [(-1, 0)] == client.ask("select pg_last_copy_id(), pg_last_copy_count()")


def test_temporary_tables_and_transactions_are_the_clients_own(client: Client, s3: Any) -> None:
    client.put("x", '{"a":1}')
    client.cursor.execute("create table #new (a int)")
    client.copy("x", table="#new")
    assert [(1,)] == client.ask("select a from #new")
    client.cursor.execute("create table t (a int)")
    client.cursor.execute("begin")
    client.copy("x", table="T")
    with contextlib.closing(psycopg2.connect("")) as other, other.cursor() as cursor:
        cursor.execute(f'select count(*) from "{client.bucket}".t')
        assert (0,) == cursor.fetchone()
    client.cursor.execute("rollback")
    assert [(0,)] == client.ask("select count(*) from t")


def test_amazons_driver_copies_too(client: Client, redshift: Any) -> None:
    client.put("x", '{"a":1}')
    client.cursor.execute("create table t (a int)")
    cursor = redshift.cursor()
    cursor.execute(f"copy \"{client.bucket}\".t from 's3://{client.bucket}/x' iam_role default json 'auto'")
    redshift.commit()
    assert "Load into table 't' completed, 1 record(s) loaded successfully." in str(redshift.notices[-1][b"M"])
    assert [(1,)] == client.ask("select a from t")


def test_a_large_file_is_cut_between_records_only(client: Client) -> None:
    record = '{"a": %d,\n "b": [{"c": "}\\n{"}\n,\n{}], "d": "' + "x" * 400 + '"}\n'
    client.put("x", "".join(record % number for number in range(60_000)))  # 26 MB
    client.cursor.execute("create table t (a int, b varchar(200))")
    client.copy("x", table="t (a)")
    assert [(60_000, 60_000, 59_999)] == client.ask("select count(*), count(distinct a), max(a) from t")
    client.put("y", ("".join(record % number for number in range(60_000)) + '{"a":"x"}'))
    client.refused("y", table="t (a)")
    assert [240_001] == [row[0] for row in client.ask(ERRORS)]


def test_values_beyond_4_mb_are_refused(client: Client) -> None:
    client.put("x", '{"a":1}\n{"a":2,"b":"' + "x" * 4_200_000 + '"}\n{"a":3}')
    client.put("y", '{"a":1,"b":"' + "x" * 20_000_000 + '"}')
    client.cursor.execute("create table t (a int)")
    client.copy("x", "json 'auto' maxerror 2")
    assert [(1,), (3,)] == client.ask("select a from t order by a")
    assert FAILED == client.refused("y", "json 'auto' ignoreallerrors").diag.message_primary
    client.refused("y", "json 'auto' maxerror 10")
    assert [(1, 1216)] == [(row[0], row[3]) for row in client.ask(ERRORS)]


class Stranger:
    """A session whose table is there and whose rows nobody loads."""

    pid, user_id, database = 1, 100, "dev"

    async def fetch(self, sql: str) -> list[tuple[str | None, ...]]:
        return [("1", "t", "r", "t")] if "relkind" in sql else [("a", "int4", "-1", "f", "", "f")]

    async def copy_in(self, sql: str, chunks: AsyncIterator[bytes]) -> int:
        raise AssertionError("nothing is to be loaded")

    def notice(self, severity: str, message: str) -> None:
        raise AssertionError("nothing is to be told")


def test_a_lost_connection_of_the_sandboxs_own_is_an_error_of_the_copy(s3: Any, bucket: str, tmp_path: Path) -> None:
    s3.put_object(Bucket=bucket, Key="x", Body=b'{"a":1}')
    settings = CopySettings(
        s3_endpoint=os.environ["AWS_ENDPOINT_URL_S3"],
        access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
        secret_access_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        region=os.environ["AWS_DEFAULT_REGION"],
        service_dsn=f"host={tmp_path}",
    )
    text = f"copy t from 's3://{bucket}/x' iam_role default json 'auto'"
    with pytest.raises(RedshiftError, match="own connection to PostgreSQL failed"):
        asyncio.run(copy_from_s3(text, Stranger(), settings))


def test_a_cancelled_copy_ends_and_the_session_goes_on(client: Client) -> None:
    client.put("x", '{"a":1,"b":{}}\n' * 400_000)
    client.cursor.execute("create table t (a int, b varchar(9))")
    threading.Timer(0.5, client.connection.cancel).start()
    began = time.monotonic()
    assert "57014" == client.refused("x").pgcode
    assert time.monotonic() - began < 4
    assert [(0,)] == client.ask("select count(*) from t")
