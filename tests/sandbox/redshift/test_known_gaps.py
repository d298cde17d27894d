"""The registry of gaps is true: what it lists as refused is refused in those words, what it calls lenient is taken."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.sandbox.redshift.cases import GAPS


@pytest.fixture(scope="module")
def client() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(autocommit=True, prepare_threshold=None) as connection:
        connection.execute("CREATE TEMP TABLE t (a INTEGER, b VARCHAR(20), c TIMESTAMP)")
        connection.execute("INSERT INTO t VALUES (1, 'x', '2018-11-01 21:01:46')")
        yield connection


@pytest.mark.parametrize(("words", "statement"), [*GAPS["refused"].items(), *GAPS["refused_as_on_redshift"].items()])
def test_what_is_refused_is_refused_by_name(client: psycopg.Connection[Any], words: str, statement: str) -> None:
    with pytest.raises(psycopg.Error) as refusal:
        client.execute(statement)
    assert "0A000" == refusal.value.sqlstate
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("no_user_table", "SELECT LISTAGG('x'), MEDIAN(1)"),
        ("reserved_words", "SELECT tag FROM (SELECT 1 AS tag) percent"),
        ("encodings_by_type", "CREATE TEMP TABLE encoded (a VARCHAR(9) ENCODE az64)"),
        ("replaced_views", "CREATE VIEW wider AS SELECT 1 AS a; CREATE OR REPLACE VIEW wider AS SELECT 1 AS a, 2 AS b"),
        ("passwords", "CREATE USER careless PASSWORD 'x'"),
    ],
)
def test_what_is_called_lenient_is_taken(client: psycopg.Connection[Any], name: str, statement: str) -> None:
    assert name in GAPS["lenient"]
    client.execute(statement)
