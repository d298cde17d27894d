"""The behaviour cases of COPY: each works as the guide says, or is a known gap and refused by name."""

import base64
import bz2
import gzip
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
import pytest
import zstandard

from tests.sandbox.redshift.cases import Place, each, gaps_that_are_no_cases

COMPRESS = {"gzip": gzip.compress, "bzip2": bz2.compress, "zstd": zstandard.ZstdCompressor().compress}


def body(content: Any, place: Place) -> bytes:
    if isinstance(content, str):
        return place.text(content).encode()
    ((kind, text),) = content.items()
    if kind == "b64":
        return base64.b64decode(text)
    if kind == "parquet":
        return parquet(text)
    return COMPRESS[kind](place.text(text).encode())


def parquet(columns: list[dict[str, Any]]) -> bytes:
    """A file of columns given as name, type in Arrow's words and values."""
    types = {"int32": "INTEGER", "int64": "BIGINT", "string": "VARCHAR", "float64": "DOUBLE", "date32": "DATE"}
    names = ", ".join(f"CAST(c{i} AS {types[column['type']]}) AS {column['name']}" for i, column in enumerate(columns))
    rows = list(zip(*(column["values"] for column in columns), strict=True))
    marks = ", ".join(f"({', '.join('?' * len(columns))})" for _ in rows)
    values = f"(VALUES {marks}) t({', '.join(f'c{i}' for i in range(len(columns)))})"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.parquet"
        parameters = [value for row in rows for value in row]
        duckdb.execute(f"COPY (SELECT {names} FROM {values}) TO '{path}' (FORMAT parquet)", parameters)
        return path.read_bytes()


def carry_out(case: dict[str, Any], place: Place) -> None:
    for name, content in case.get("files", {}).items():
        place.put(name, body(content, place))
    place.run(case["table_ddl"], *case.get("setup_sql", []))
    if "expected_error_regex" in case:
        place.fails(case["copy_sql"], case["expected_error_regex"])
    else:
        place.run(case["copy_sql"])
    if "query" in case and "expected_rows" in case:
        assert case["expected_rows"] == place.rows(case["query"])
    for check in case.get("checks", []):
        assert place.expected(check["expected_rows"]) == place.rows(check["query"])


@each("copy_cases")
def test_case_works_or_is_a_known_gap_and_refused(case: dict[str, Any], place: Place) -> None:
    place.target.needs_s3()
    if not place.is_gap("copy_cases", case):
        carry_out(case, place)
        return
    with pytest.raises(psycopg2.errors.FeatureNotSupported):
        carry_out(case, place)


def test_every_known_gap_is_a_case() -> None:
    assert set() == gaps_that_are_no_cases("copy_cases")
