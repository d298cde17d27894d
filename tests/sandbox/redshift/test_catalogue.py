"""The helper schema on the real thing: functions, aggregates and views as a client of the sandbox sees them."""

import os
import subprocess
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import redshift_connector

# the guide's: words with a digit and a small letter in them
WORDS = "'passwd7 plain A1234 a1234', '(?=[^ ]*[a-z])(?=[^ ]*[0-9])[^ ]+'"


@pytest.fixture(scope="module")
def client() -> Iterator[psycopg.Connection[Any]]:
    # prepared statements would have psycopg send DEALLOCATE ALL, which Redshift refuses
    with psycopg.connect(autocommit=True, prepare_threshold=None) as connection:
        connection.execute("DROP SCHEMA IF EXISTS cat CASCADE")
        connection.execute("CREATE SCHEMA cat")
        connection.execute("SET search_path TO cat")
        yield connection
        connection.execute("DROP SCHEMA cat CASCADE")


def one(client: psycopg.Connection[Any], sql: str) -> list[str | None]:
    """The only row of a query, as the server's text."""
    result = client.execute(sql).pgresult
    assert result is not None
    assert 1 == result.ntuples
    values = [result.get_value(0, column) for column in range(result.nfields)]
    return [None if value is None else value.decode() for value in values]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("dateadd(month, 1, '2020-04-30')", "2020-05-30 00:00:00"),
        ("dateadd(year, 1, '2016-02-29')", "2017-03-01 00:00:00"),
        ("dateadd(month, 12, '2016-02-29')", "2017-02-28 00:00:00"),
        ("dateadd(day, 1, date '2020-01-01')", "2020-01-02 00:00:00"),
        ("dateadd(hour, 2, time '23:00')", "01:00:00"),
        ("datediff(year, '2008-12-31', '2009-01-01')", "1"),
        ("datediff(qtr, '1998-07-01', '2008-06-05')", "39"),
        ("datediff(day, '2020-01-01 23:00', '2020-01-02 01:00')", "1"),
        ("datediff(hour, '2020-01-01 00:59', '2020-01-01 01:01')", "1"),
        ("datediff(week, date '2020-01-05', date '2020-01-06')", "1"),
        ("datediff(ms, '2020-01-01', '2020-01-01 00:00:00.5')", "500"),
        ("date_part(sec, timestamp '2009-09-21 11:10:03.189717')", "3.189717"),
        ("extract(sec FROM timestamp '2009-09-21 11:10:03.189717')", "3"),
        ("extract(ms FROM timestamp '2009-09-09 12:08:43.101')", "101"),
        ("extract(decade FROM date '2000-02-16')", "201"),
        ("date_trunc('week', date '2020-01-05')", "2019-12-30 00:00:00"),
        ("trunc(timestamp '2020-01-01 13:00')", "2020-01-01"),
        ("add_months('2020-04-30', 1)", "2020-05-31 00:00:00"),
        ("months_between('1969-01-18', '1969-03-18')", "-2"),
        ("next_day('2014-08-20', 'Tuesday')", "2014-08-26"),
        ("concat('a', NULL)", None),
        ("len('cat   ')", "6"),
        ("charindex('fish', 'dogfish')", "4"),
        ("regexp_substr('abc', 'x')", ""),
        ("regexp_replace('a.b.c', '[.]', '-')", "a-b-c"),
        ("regexp_substr('this is a test', 'a (.+)t', 1, 1, 'e')", "tes"),
        ("regexp_substr('this is a Test', '[(].|t', 1, 2, 'ie')", "T"),
        ("regexp_instr('this is a test', 'a (te)', 1, 1, 0, 'e')", "11"),
        (f"regexp_substr({WORDS}, 1, 2, 'ip')", "A1234"),
        (f"regexp_instr({WORDS}, 1, 2, 0, 'p')", "21"),
        (f"regexp_count({WORDS}, 1, 'pi')", "3"),
        (f"regexp_replace({WORDS}, '[hidden]', 1, 'p')", "[hidden] plain A1234 [hidden]"),
        (r"regexp_replace('a.\nb', 'a\\..b', '', 1, 'p')", "a.\nb"),
        (r"regexp_substr('a.\na.b', 'a\\..', 1, 1, 'p')", "a.b"),
        ("sha2('a', 0)", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("fnv_hash(1)", "-5968735742475085980"),
        ("fnv_hash('Amazon Redshift')", "7783490368944507294"),
        ("json_extract_path_text('{\"a\": {\"b\": 1}}', 'a', 'b')", "1"),
        ("json_extract_path_text('{', 'a', true)", None),
        ("is_valid_json('[1]')", "f"),
        ("to_date('20010631', 'YYYYMMDD')", "2001-07-01"),
        ("to_date('02 Oct 2001', 'DD Mon YYYY', TRUE)", "2001-10-02"),
        ("to_timestamp('2011-12-18 24:38:15', 'YYYY-MM-DD HH24:MI:SS')", "2011-12-19 00:38:15+00"),
        ("substring(12345, 2, 2)", "23"),
        ("current_schemas(TRUE)", "{cat,pg_catalog}"),
        ("'a' = 'a  '", "t"),
        ("'a' LIKE 'a '", "f"),
        ("'É' ILIKE 'é'", "f"),
        ("round(2.345::float8, 2)", "2.35"),
        ("pg_last_copy_id()", "-1"),
    ],
)
def test_functions_answer_as_redshift(client: psycopg.Connection[Any], expression: str, value: str | None) -> None:
    assert [value] == one(client, f"SELECT {expression}")


@pytest.mark.parametrize(
    ("aggregate", "value"),
    [
        ("avg(n)", "2"),
        ("avg(cast(n AS BIGINT))", "2"),
        ("avg(cast(n AS DECIMAL(8, 2)))", "2.33"),
        ("avg(cast(2 * n AS DECIMAL(8, 2)))", "4.66"),
        ("median(n)", "2"),
        ("median(nullif(n, 4))", "1.5"),
        ("median(dateadd(day, n, '2020-01-01')::DATE)", "2020-01-03"),
        ("sum(n)", "7"),
        ("listagg(v, ',') WITHIN GROUP (ORDER BY n)", "x,y"),
        ("listagg(DISTINCT n) WITHIN GROUP (ORDER BY n DESC)", "421"),
        ("count(DISTINCT v)", "3"),
    ],
)
def test_aggregates_answer_as_redshift(client: psycopg.Connection[Any], aggregate: str, value: str) -> None:
    client.execute("CREATE TABLE IF NOT EXISTS few (n INT, v VARCHAR(9))")
    client.execute("DELETE FROM few")
    client.execute("INSERT INTO few VALUES (1, 'x'), (2, ''), (4, 'y'), (NULL, NULL)")
    assert [value] == one(client, f"SELECT {aggregate} FROM few")


@pytest.mark.parametrize(
    ("call", "values"),
    [
        ("first_value(n IGNORE NULLS) OVER (ORDER BY i ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)", "113366-"),
        ("last_value(n) IGNORE NULLS OVER (ORDER BY i ROWS UNBOUNDED PRECEDING)", "-113366"),
        ("nth_value(n, 2 IGNORE NULLS) OVER (ORDER BY i ROWS UNBOUNDED PRECEDING)", "---3333"),
        ("lag(n IGNORE NULLS) OVER (ORDER BY i)", "--11336"),
        ("lag(n, 2) IGNORE NULLS OVER (ORDER BY i)", "----113"),
        ("lead(n, 2) IGNORE NULLS OVER (ORDER BY i)", "366----"),
        ("lead(n) RESPECT NULLS OVER (ORDER BY i)", "1-3-6--"),
    ],
)
def test_window_functions_skip_nulls_if_told_to(client: psycopg.Connection[Any], call: str, values: str) -> None:
    client.execute("CREATE TABLE IF NOT EXISTS gaps (i INT, n INT)")
    client.execute("DELETE FROM gaps")
    client.execute("INSERT INTO gaps VALUES (1, NULL), (2, 1), (3, NULL), (4, 3), (5, NULL), (6, 6), (7, NULL)")
    rows = client.execute(f"SELECT {call} FROM gaps ORDER BY i").fetchall()
    assert values == "".join("-" if value is None else str(value) for (value,) in rows)


@pytest.mark.parametrize(
    ("query", "sqlstate", "message"),
    [
        ("SELECT TRUE::VARCHAR", "42846", "cannot cast type boolean to character varying"),
        (
            "SELECT v::BOOLEAN FROM (SELECT 'x'::VARCHAR AS v) t",
            "42846",
            "cannot cast type character varying to boolean",
        ),
        ("SELECT to_date('20010631', 'YYYYMMDD', TRUE)", "22008", "out of range"),
        ("SELECT to_date('31 Jun 2001', 'DD Mon YYYY')", "0A000", "the format DD Mon YYYY leaves out of range"),
        ("SELECT split_part('a,b', ',', -1)", "22023", "field position"),
        ("SELECT v + 1 FROM (SELECT 'x'::VARCHAR AS v) t", "0A000", "without a cast: operator does not exist"),
        ("SELECT coalesce(v, 1) FROM (SELECT 'x'::VARCHAR AS v) t", "0A000", "without a cast: COALESCE types"),
    ],
)
def test_what_redshift_does_not_convert_fails(
    client: psycopg.Connection[Any], query: str, sqlstate: str, message: str
) -> None:
    with pytest.raises(psycopg.Error) as failure:
        client.execute(query)
    assert sqlstate == failure.value.sqlstate
    assert message in str(failure.value)


def test_default_column_names_are_redshifts(client: psycopg.Connection[Any]) -> None:
    cursor = client.execute(
        "SELECT dateadd(day, 1, d), datediff(day, d, d), date_part(day, d), extract(day FROM d), nvl(d, d), "
        "nvl2(d, 1, x), 1 "
        "FROM (SELECT date '2020-01-01' AS d, 2 AS x) t"
    )
    assert cursor.description is not None
    names = ["date_add", "date_diff", "pgdate_part", "date_part", "coalesce", "case", "?column?"]
    assert names == [column.name for column in cursor.description]


def test_blanks_at_the_end_do_not_make_another_group(client: psycopg.Connection[Any]) -> None:
    client.execute("CREATE TABLE blanks (v VARCHAR(9)); INSERT INTO blanks VALUES ('a'), ('a '), (' a')")
    assert ["2", "3"] == one(client, "SELECT count(*), sum(n) FROM (SELECT v, count(*) AS n FROM blanks GROUP BY v) t")
    assert ["5"] == one(client, "SELECT count(*) FROM blanks x JOIN blanks y ON x.v = y.v")


def test_declared_keys_are_listed_and_never_enforced(client: psycopg.Connection[Any]) -> None:
    client.execute("CREATE TABLE parent (a INT, b INT, PRIMARY KEY (a, b))")
    client.execute("CREATE TABLE child (a INT UNIQUE, b INT, FOREIGN KEY (a, b) REFERENCES parent)")
    client.execute("INSERT INTO parent VALUES (1, 1), (1, 1); INSERT INTO child VALUES (7, 7), (7, 7)")
    keys = client.execute(
        "SELECT c.table_name, c.constraint_type, u.column_name FROM information_schema.table_constraints c "
        "JOIN information_schema.key_column_usage u USING (constraint_name, constraint_schema) "
        "WHERE c.table_schema = 'cat' AND c.table_name IN ('parent', 'child') ORDER BY 1, 2, u.ordinal_position"
    ).fetchall()
    assert [
        ("child", "FOREIGN KEY", "a"),
        ("child", "FOREIGN KEY", "b"),
        ("child", "UNIQUE", "a"),
        ("parent", "PRIMARY KEY", "a"),
        ("parent", "PRIMARY KEY", "b"),
    ] == keys
    with pytest.raises(psycopg.errors.NotNullViolation):
        client.execute("INSERT INTO parent (a) VALUES (1)")


def test_keys_go_with_their_transaction(client: psycopg.Connection[Any]) -> None:
    client.execute("BEGIN; CREATE TABLE undone (a INT PRIMARY KEY); ROLLBACK; CREATE TABLE undone (a INT)")
    count = "SELECT count(*) FROM information_schema.table_constraints WHERE table_name = 'undone'"
    assert ["0"] == one(client, count)


def test_a_primary_key_is_added_to_a_column_that_is_not_null_only(client: psycopg.Connection[Any]) -> None:
    client.execute("CREATE TABLE late (a INT NOT NULL, b INT)")
    client.execute("ALTER TABLE late ADD PRIMARY KEY (a)")
    with pytest.raises(psycopg.errors.InvalidTableDefinition, match="multiple primary keys"):
        client.execute("ALTER TABLE late ADD PRIMARY KEY (a)")


def test_a_schema_of_the_users_own_name_comes_first() -> None:
    with psycopg.connect(autocommit=True, prepare_threshold=None) as connection:
        connection.execute("CREATE SCHEMA awsuser")
        try:
            connection.execute("CREATE TABLE parent (a INT NOT NULL DISTKEY); ALTER TABLE parent ADD PRIMARY KEY (a)")
            connection.execute("CREATE TABLE child (LIKE parent)")
            connection.execute("CREATE VIEW late AS SELECT a FROM awsuser.parent WITH NO SCHEMA BINDING")
            tables = "SELECT schemaname, tablename, distkey FROM pg_table_def WHERE schemaname = 'awsuser' ORDER BY 2"
            expected = [("awsuser", "child", True), ("awsuser", "parent", True)]
            assert expected == connection.execute(tables).fetchall()
            assert [] == connection.execute("SELECT a FROM late").fetchall()
        finally:
            connection.execute("DROP SCHEMA awsuser CASCADE")


def test_svv_redshift_columns_shows_physical_attributes(client: psycopg.Connection[Any]) -> None:
    client.execute("CREATE TABLE made (a INT DISTKEY ENCODE zstd, b VARCHAR(9) DEFAULT 'x') SORTKEY(b, a)")
    client.execute("CREATE TABLE copied (LIKE made)")
    columns = "column_name, data_type, encoding, distkey, sortkey"
    rows = [("a", "integer", "zstd", True, 2), ("b", "character varying(9)", "none", False, 1)]
    for table in ("made", "copied"):
        query = f"SELECT {columns} FROM svv_redshift_columns WHERE table_name = '{table}' ORDER BY ordinal_position"
        assert rows == client.execute(query).fetchall()


def test_the_helper_schema_is_out_of_sight(client: psycopg.Connection[Any]) -> None:
    assert ["0"] == one(
        client, "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname LIKE 'pg!_redshift%' ESCAPE '!'"
    )
    assert ["cat"] == one(client, "SHOW search_path")


@pytest.mark.parametrize("relation", ["load_errors", "load_commits", "query_id", "keys"])
def test_no_helper_relation_is_found_by_its_name(client: psycopg.Connection[Any], relation: str) -> None:
    with pytest.raises(psycopg.errors.UndefinedTable):
        client.execute(f"SELECT * FROM {relation}")
    client.execute(f"DROP VIEW IF EXISTS {relation}")  # which would find a helper's, and the next COPY fail


def test_psql_describes_tables(client: psycopg.Connection[Any]) -> None:
    client.execute("CREATE TABLE described (a INT PRIMARY KEY, b VARCHAR(9) DEFAULT 'x')")
    client.execute("CREATE VIEW shown AS SELECT a FROM described")
    described = (r"\dn", r"\dt cat.*", r"\d cat.described", r"\d cat.shown", r"\l", r"\dv cat.*", r"\df cat.*")
    commands = [argument for command in described for argument in ("-c", command)]
    done = subprocess.run(["psql", "-X", *commands], env={**os.environ}, capture_output=True, text=True, check=True)
    assert "" == done.stderr
    assert "character varying(9)" in done.stdout
    assert "pg_redshift" not in done.stdout


def test_parameters_survive_in_amazons_driver(redshift: redshift_connector.Connection) -> None:
    cursor = redshift.cursor()
    cursor.execute("SELECT dateadd(day, %s, %s), nvl(%s, 7), concat(%s, 'b') LIMIT %s", (2, "2020-01-01", None, "a", 1))
    [row] = cursor.fetchall()
    assert ["2020-01-03 00:00:00", "7", "ab"] == [str(value) for value in row]
