"""The behaviour cases of SQL: each works as the guide says, is refused by name, or is listed as differing."""

import contextlib
import json
import os
import re
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import extensions

PROJECT = Path(__file__).resolve().parents[3]
CASES = PROJECT.parent / "shared" / "cases" / "sql_cases.json"
GAPS = tomllib.loads((PROJECT / "sandbox" / "redshift" / "known_gaps.toml").read_text())
TEXT = extensions.new_type(tuple(extensions.string_types), "TEXT", lambda value, cursor: value)
needs_cases = pytest.mark.skipif(not CASES.exists(), reason=f"needs the behaviour cases in {CASES}")


def cases() -> list[dict[str, Any]]:
    return json.loads(CASES.read_text()) if CASES.exists() else []


@pytest.fixture
def cursor() -> Iterator[Any]:
    connection = psycopg2.connect("")
    connection.autocommit = True
    extensions.register_type(TEXT, connection)
    with contextlib.closing(connection):
        yield connection.cursor()


def carry_out(case: dict[str, Any], cursor: Any) -> None:
    prefix = f"q{uuid.uuid4().hex[:10]}"
    names = {
        "{prefix}": prefix,
        "{schema}": f"s_{prefix}",
        "{db}": os.environ["PGDATABASE"],
        "{user}": os.environ["PGUSER"],
    }

    def substituted(text: str) -> str:
        return re.sub(r"\{(?:prefix|schema|db|user)\}", lambda found: names[found[0]], text)

    cursor.execute(f"create schema s_{prefix}")
    cursor.execute(f"set search_path to s_{prefix}")
    for statement in case["setup_sql"]:
        cursor.execute(substituted(statement))
    if "expected_error_regex" in case:
        with pytest.raises(psycopg2.Error) as failure:
            cursor.execute(substituted(case["query"]))
        assert re.search(case["expected_error_regex"], str(failure.value), re.IGNORECASE | re.DOTALL)
        return
    cursor.execute(substituted(case["query"]))
    expected = json.loads(substituted(json.dumps(case["expected_rows"])))
    rows = [list(row) for row in cursor.fetchall()]
    if "tolerance" in case:
        assert [[pytest.approx(float(value), abs=case["tolerance"]) for value in row] for row in expected] == [
            [float(value) for value in row] for row in rows
        ]
    else:
        assert expected == rows


@needs_cases
@pytest.mark.parametrize("case", [pytest.param(case, id=case["name"]) for case in cases()])
def test_case_works_or_is_a_known_gap(case: dict[str, Any], cursor: Any) -> None:
    if case["name"] in GAPS["sql_cases"]:
        with pytest.raises(psycopg2.errors.FeatureNotSupported):
            carry_out(case, cursor)
    elif case["name"] in GAPS["differs"]:
        with pytest.raises(AssertionError):
            carry_out(case, cursor)
    else:
        carry_out(case, cursor)


@needs_cases
def test_every_known_gap_is_a_case() -> None:
    assert set() == GAPS["sql_cases"].keys() - {case["name"] for case in cases()}
