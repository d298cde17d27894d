"""Parquet: values come as they were written; a file whose columns are not the table's is refused as Redshift does."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.redshift.copy.command import parse_copy
from sandbox.redshift.copy.exact import convert_rows
from sandbox.redshift.copy.parquet import parquet_rows
from sandbox.redshift.copy.source import S3Object
from sandbox.redshift.copy.table import Column
from sandbox.redshift.copy.vectorised import open_duckdb
from sandbox.redshift.errors import RedshiftError

COMMAND = parse_copy("copy t from 's3://b/k' iam_role default parquet")
FILE = S3Object(COMMAND.source, 1)


def load(folder: Path, select: str, columns: list[Column], fill: bool = False) -> list[Any]:
    """The CSV lines that a file with the result of a SELECT of DuckDB's becomes."""
    path = folder / "file.parquet"
    duckdb.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    with open_duckdb(folder) as database:
        rows = parquet_rows(database, path, FILE, columns, fill)
        return list(convert_rows("", rows, columns, COMMAND.conversion, lambda text, kind: None))


@pytest.mark.parametrize(
    ("value", "column", "expected"),
    [
        ("32767::SMALLINT", Column("c", "int2"), "32767"),
        ("(-2147483648)::INTEGER", Column("c", "int4"), "-2147483648"),
        ("9223372036854775807::BIGINT", Column("c", "int8"), "9223372036854775807"),
        ("123456789.120::DECIMAL(18,3)", Column("c", "numeric", 18, 3), "123456789.120"),
        ("1.1::FLOAT", Column("c", "float4"), "1.1"),
        ("1e300::DOUBLE", Column("c", "float8"), "1e+300"),
        ("'-inf'::DOUBLE", Column("c", "float8"), "-inf"),
        ("true", Column("c", "bool"), "t"),
        ("' é \"\\N'", Column("c", "varchar", 9), ' é ""\\N'),
        ("encode('é')", Column("c", "varchar", 9), "é"),
        ("''", Column("c", "bpchar", 9), ""),
        ("DATE '0044-03-15'", Column("c", "date"), "0044-03-15"),
        ("TIMESTAMP '2018-11-01 21:01:46.796'", Column("c", "timestamp"), "2018-11-01 21:01:46.796"),
        ("'2018-11-01 21:01:46+02'::TIMESTAMPTZ", Column("c", "timestamptz"), "2018-11-01 19:01:46+00"),
        ("'2018-11-01 21:01:46+02'::TIMESTAMPTZ", Column("c", "timestamp"), "2018-11-01 19:01:46"),
    ],
)
def test_a_value_of_the_columns_type_comes_as_it_is(value: str, column: Column, expected: str, tmp_path: Path) -> None:
    select = f"SELECT v FROM (VALUES (1, {value}), (2, NULL)) t(i, v) ORDER BY i"
    assert [f'"{expected}"\n'.encode(), b"\n"] == load(tmp_path, select, [column])


@pytest.mark.parametrize(
    ("value", "column"),
    [
        ("1::INTEGER", Column("c", "int2")),
        ("1::INTEGER", Column("c", "int8")),
        ("1::BIGINT", Column("c", "int4")),
        ("1::DOUBLE", Column("c", "numeric", 12, 2)),
        ("1::DECIMAL(12,3)", Column("c", "numeric", 12, 2)),
        ("'1'", Column("c", "int4")),
        ("1", Column("c", "varchar", 9)),
        ("[1]", Column("c", "varchar", 9)),
        ("'2018-11-01'", Column("c", "date")),
    ],
)
def test_nothing_is_widened_narrowed_or_parsed(value: str, column: Column, tmp_path: Path) -> None:
    with pytest.raises(RedshiftError, match="Spectrum Scan Error") as refusal:
        load(tmp_path, f"SELECT {value} AS v", [column])
    assert "has an incompatible Parquet schema for column 'v'" in (refusal.value.detail or "")


def test_columns_are_counted_and_only_fillrecord_lets_some_be_missing(tmp_path: Path) -> None:
    columns = [Column("a", "int4"), Column("b", "int4"), Column("c", "varchar", 9)]
    with pytest.raises(RedshiftError) as refusal:
        load(tmp_path, "SELECT 1 AS z, 2 AS y", columns)
    assert "Table columns: 3, Data columns: 2" in (refusal.value.detail or "")
    assert [b'"1","2",\n'] == load(tmp_path, "SELECT 1 AS z, 2 AS y", columns, fill=True)
    with pytest.raises(RedshiftError, match="Spectrum Scan Error"):
        load(tmp_path, "SELECT 1, 2, 'x', 4", columns, fill=True)


def test_text_too_long_in_bytes_and_what_is_no_parquet_fail_the_load(tmp_path: Path) -> None:
    with pytest.raises(RedshiftError) as refusal:
        load(tmp_path, "SELECT 'éé'", [Column("c", "varchar", 3)])
    assert "Table: 3, Data: 4" in (refusal.value.detail or "")
    (tmp_path / "file.parquet").write_bytes(b"1|2\n" * 9)
    with open_duckdb(tmp_path) as database, pytest.raises(RedshiftError) as refusal:
        list(parquet_rows(database, tmp_path / "file.parquet", FILE, [Column("c", "int4")], False))
    assert f"File '{FILE.path}' cannot be read" in (refusal.value.detail or "")


def test_timestamps_in_nanoseconds_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RedshiftError, match="the sandbox does not support COPY of Parquet with timestamps in nanos"):
        load(tmp_path, "SELECT '2018-11-01 21:01:46'::TIMESTAMP_NS", [Column("c", "timestamp")])
