"""enable_case_sensitive_identifier: names in quotes keep their case while it is on, and only then."""

import contextlib
from typing import Any

import psycopg
import psycopg2
import pytest

from tests.sandbox.redshift.cases import Place

ON = "SET enable_case_sensitive_identifier TO true"


def names(cursor: Any, query: str) -> list[str]:
    cursor.execute(query)
    return [column.name for column in cursor.description]


def test_names_in_quotes_keep_their_case_while_it_is_on(sandbox_place: Place) -> None:
    place = sandbox_place
    place.run(
        ON, 'CREATE TABLE "Mixed" ("Key" INT DISTKEY, Plain INT, "key" INT)', 'INSERT INTO "Mixed" VALUES (7, 8, 9)'
    )
    assert ["Key", "plain", "A"] == names(place.cursor, 'SELECT "Key", PLAIN, m.KEY AS "A" FROM "Mixed" M')
    assert [["8", "3.5000", "4.5000"]] == place.rows('SELECT plain AS "K", "Key" / 2.0 AS K, KEY / 2.0 FROM "Mixed"')
    assert [["Key"]] == place.rows("SELECT \"column\" FROM pg_table_def WHERE tablename = 'Mixed' AND distkey")
    place.run("RESET enable_case_sensitive_identifier")
    with pytest.raises(psycopg2.errors.UndefinedTable, match='relation "mixed" does not exist'):
        place.run('SELECT * FROM "Mixed"')


def test_what_ends_it_ends_it_for_names_too(sandbox_place: Place) -> None:
    place = sandbox_place
    for end in ("RESET ALL", "SELECT 1; RESET ALL"):
        place.run(ON, end)
        assert ["ended"] == names(place.cursor, 'SELECT 1 AS "Ended"')


def test_an_error_takes_it_back_with_all_else_since_the_last_sync() -> None:
    with psycopg.connect(autocommit=True) as connection:
        with contextlib.suppress(psycopg.errors.DivisionByZero), connection.pipeline():
            connection.execute(ON)
            connection.execute("SELECT 1 / 0")
        cursor = connection.execute("SHOW enable_case_sensitive_identifier")
        assert ("off",) == cursor.fetchone()
        cursor = connection.execute('SELECT 1 AS "Mixed"')
        assert ["mixed"] == [column.name for column in cursor.description or ()]


def test_it_is_refused_where_a_name_could_be_read_another_way(sandbox_place: Place) -> None:
    place = sandbox_place
    place.run("BEGIN", "SET enable_case_sensitive_identifier TO off")
    for statements in ([ON], ["ROLLBACK", f"{ON}; SELECT 1"], [ON, "COPY t FROM 's3://b/k' {auth}"]):
        with pytest.raises(psycopg2.errors.FeatureNotSupported, match="enable_case_sensitive_identifier"):
            place.run(*statements)
