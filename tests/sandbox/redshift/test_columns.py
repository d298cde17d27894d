"""Statements whose meaning depends on columns: what they answer, wherever they stand, and after a table changed."""

import psycopg
import psycopg2
import pytest

from tests.sandbox.redshift.cases import Place


@pytest.fixture
def place(sandbox_place: Place) -> Place:
    sandbox_place.run(
        "CREATE TABLE t (a DECIMAL(8, 2), b DECIMAL(8, 2), i INT, f FLOAT8)",
        "INSERT INTO t VALUES (10.00, 3.00, 4, 0.5), (-20.00, 30.00, -4, 0.25), (NULL, 1, NULL, NULL)",
    )
    return sandbox_place


def test_quotients_of_decimals_are_rounded_at_redshifts_scale(place: Place) -> None:
    query = "SELECT a / b, a / i, SUM(a) OVER () / 3, 2.0 / 3, i / 3, f / 3 FROM t ORDER BY i LIMIT 2"
    expected = [
        ["-0.666666667", "5.0000000000000", "-3.3333", "0.666666666667", "-1", "0.0833333333333333"],
        ["3.333333333", "2.5000000000000", "-3.3333", "0.666666666667", "1", "0.166666666666667"],
    ]
    assert expected == place.rows(query)
    column = place.cursor.description[0]
    assert ("?column?", 17, 9) == (column.name, column.precision, column.scale)


def test_a_quotient_whose_scale_cannot_be_told_is_refused(place: Place) -> None:
    for division in ("COALESCE(SUM(a), 0) / COUNT(*)", "ROUND(MAX(a)) / 3", "'7' / MAX(a)"):
        with pytest.raises(psycopg2.errors.FeatureNotSupported, match="division of DECIMALs"):
            place.rows(f"SELECT {division} FROM t")
    assert [["3"]] == place.rows("SELECT COALESCE(SUM(i), 6) / COUNT(*) + 3 FROM t")


def test_quotients_and_lateral_aliases_work_wherever_a_query_stands(place: Place) -> None:
    query = "SELECT a AS k, k / b AS m, m * 2 AS n FROM t WHERE i > 0"
    place.run(
        f"CREATE VIEW v AS {query}",
        f"CREATE TABLE u AS {query}",
        "CREATE TABLE w (LIKE u)",
        f"INSERT INTO w {query}",
    )
    for text in (query, *(f"SELECT * FROM {name}" for name in "vuw"), f"WITH c AS ({query}) SELECT * FROM ({query}) d"):
        assert [["10.00", "3.333333333", "6.666666666"]] == place.rows(text)
    place.run("BEGIN", f"DECLARE c CURSOR FOR {query}")
    assert [["10.00", "3.333333333", "6.666666666"]] == place.rows("FETCH 1 FROM c")
    place.run("COMMIT", "UPDATE w SET k = m / 3")
    assert [["1.11"]] == place.rows("SELECT k FROM w")


def test_what_is_stored_has_redshifts_precision_and_scale(place: Place) -> None:
    place.run("CREATE TABLE u AS SELECT SUM(a) AS s, COALESCE(MAX(a), 0) AS m FROM t WHERE i > 9")
    assert [["numeric(38,2)"], ["numeric(12,2)"]] == place.rows(
        "SELECT type FROM pg_table_def WHERE schemaname = '{schema}' AND tablename = 'u'"
    )
    assert [["0.00", None]] == place.rows("SELECT m, s / 2 FROM u")


def test_a_union_of_decimals_has_the_precision_and_scale_the_guide_gives_it(place: Place) -> None:
    place.run(
        *("CREATE TABLE dec1 (c1 DECIMAL(7, 2))", "CREATE TABLE dec2 (c1 DECIMAL(15, 3))"),
        *("INSERT INTO dec1 VALUES (1.5)", "INSERT INTO dec2 VALUES (2)"),
        "CREATE TABLE dec3 AS SELECT * FROM dec1 UNION SELECT * FROM dec2",
    )
    assert [["numeric(15,3)"]] == place.rows(
        "SELECT type FROM pg_table_def WHERE schemaname = '{schema}' AND tablename = 'dec3'"
    )
    assert [["1.500"], ["2.000"]] == place.rows("SELECT * FROM dec1 UNION ALL SELECT * FROM dec2")


def test_a_table_of_the_same_text_is_known(place: Place) -> None:
    place.cursor.execute(
        "CREATE TEMP TABLE now (a DECIMAL(5, 1)); INSERT INTO now VALUES (1); SELECT a / 2 AS q FROM now"
    )
    assert [("0.500000000000",)] == place.cursor.fetchall()


def test_no_plan_outlives_a_changed_table(place: Place) -> None:
    schema = place.names["{schema}"]
    with psycopg.connect(autocommit=True, prepare_threshold=0) as connection:
        query = f"SELECT a / 2 AS q FROM {schema}.t WHERE a > %s"
        assert "5.0000000000000" == str(connection.execute(query, [0]).fetchone()[0])
        place.run("DROP TABLE t", "CREATE TABLE t (a DECIMAL(8, 4))", "INSERT INTO t VALUES (10)")
        with pytest.raises(psycopg.errors.InternalError_, match="cached plan must not change result type"):
            connection.execute(query, [0])
        assert "5.000000000000000" == str(connection.execute(query + " ", [0]).fetchone()[0])
