"""Queries and DML: each rule with a statement before and after, and what is refused, by name."""

import pytest

from sandbox.redshift.errors import RedshiftError
from sandbox.redshift.rewrite import plan


def rewritten(sql: str) -> str:
    [statement] = plan(sql)
    return statement.sql


def refusal(sql: str) -> RedshiftError:
    with pytest.raises(RedshiftError) as caught:
        plan(sql)
    return caught.value


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('SELECT "Order", Foo AS "Bar" FROM DEV.S."T"', 'SELECT "order", "foo" AS "bar" FROM "s"."t"'),
        ("SELECT #t.k FROM #T", 'SELECT "#t"."k" FROM "#t"'),
        (r"SELECT 'a\tb', 'it\'s', E'\\d', $$a'b$$", "SELECT 'a\tb', 'it''s', '\\d', 'a''b'"),
        ("SELECT $1,$2,$1,a", 'SELECT $1, $2, $1, "a"'),
        ("SELECT a FROM t LIMIT $1", 'SELECT "a" FROM "t" LIMIT $1'),
        ("SELECT TOP 2 a FROM t", 'SELECT "a" FROM "t" LIMIT 2'),
        ("SELECT 1 MINUS SELECT 2", "SELECT 1 EXCEPT SELECT 2"),
        ("SELECT a::varchar, b::decimal", 'SELECT CAST("a" AS VARCHAR(256)), CAST("b" AS DECIMAL(18, 0))'),
        ("SELECT CONVERT(integer, a)", 'SELECT CAST("a" AS INT)'),
        ("SELECT a ILIKE 'x%'", """SELECT ("a") COLLATE "C" ILIKE 'x%'"""),
        (
            "SELECT a NOT LIKE 'x', a NOT IN (1), a NOT BETWEEN 1 AND 2, a !~ 'x', a IS NOT NULL, a NOT SIMILAR TO 'x'",
            """SELECT "a" NOT LIKE 'x', NOT "a" IN (1), NOT "a" BETWEEN 1 AND 2, NOT "a" ~ 'x', "a" IS NOT NULL, """
            """NOT "a" SIMILAR TO 'x'""",
        ),
        ("SELECT -a ^ 2", 'SELECT -"a" ^ 2'),
        ("DELETE u WHERE a = 1", 'DELETE FROM "u" WHERE "a" = 1'),
        ("SELECT pg_catalog.version()", "SELECT VERSION()"),
        (
            "SELECT table_name FROM information_schema.table_constraints",
            'SELECT "table_name" FROM "pg_redshift_store"."table_constraints"',
        ),
        ("SELECT query FROM pg_catalog.stl_load_errors", 'SELECT "query" FROM "pg_redshift"."stl_load_errors"'),
        (
            "SELECT a, row_number() OVER (ORDER BY b) AS rn FROM t QUALIFY rn = 1 ORDER BY a LIMIT 3",
            'SELECT "a", "rn" FROM (SELECT "a", ROW_NUMBER() OVER (ORDER BY "b") AS "rn", '
            '((ROW_NUMBER() OVER (ORDER BY "b")) = 1) AS "?qualify?" FROM "t") AS "qualified" '
            'WHERE "?qualify?" ORDER BY "a" LIMIT 3',
        ),
        (
            "MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = s.b "
            "WHEN NOT MATCHED THEN INSERT VALUES (s.a)",
            'MERGE INTO "t" USING "s" ON "t"."a" = "s"."a" WHEN MATCHED THEN UPDATE SET "b" = "s"."b" '
            'WHEN NOT MATCHED THEN INSERT VALUES ("s"."a")',
        ),
    ],
)
def test_rewrites(before: str, after: str) -> None:
    assert after == rewritten(before)


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("SELECT string_agg(a, ',') FROM t", "string_agg()"),
        ("SELECT array_agg(a) FROM t", "array_agg()"),
        ("SELECT * FROM generate_series(1, 3)", "generate_series()"),
        ("SELECT ARRAY[1]", "arrays"),
        ("SELECT a IS DISTINCT FROM b", "IS DISTINCT FROM"),
        ("SELECT a IS NOT DISTINCT FROM b", "IS NOT DISTINCT FROM"),
        ("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING", "ON CONFLICT"),
        ("INSERT INTO t VALUES (1) RETURNING a", "RETURNING"),
        ("SELECT * FROM (VALUES (1)) v", "VALUES as a table"),
        ("SELECT * FROM a, LATERAL (SELECT 1) b", "LATERAL"),
        ("SELECT DISTINCT ON (a) b FROM t", "DISTINCT ON"),
        ("SELECT a FROM t FOR UPDATE", "FOR UPDATE"),
        ("SELECT 1 INTERSECT ALL SELECT 2", "INTERSECT ALL"),
        ("SELECT listagg(a IGNORE NULLS) OVER () FROM t", "IGNORE NULLS"),
        ("SELECT b.x(+) FROM a, b", "(+)"),
        ("SELECT * EXCLUDE (a) FROM t", "EXCLUDE"),
        ("SELECT count(*) FILTER (WHERE a) FROM t", "FILTER"),
        ("SELECT pg_sleep(1)", "pg_sleep()"),
        ("SELECT * FROM stv_slices", "stv_slices"),
        (
            "SELECT regexp_substr(a, b, 1, 1, 'p') FROM t",
            "REGEXP_SUBSTR with the parameter e or p and a pattern that is no",
        ),
        (
            "SELECT regexp_substr(a, 'x(y)', 1, 1, 'ep') FROM t",
            "REGEXP_SUBSTR with parameters other than c, e, i, p, or e and",
        ),
        ("SELECT regexp_count(a, 'x|xy', 1, 'p') FROM t", "the pattern x|xy"),
        ("SELECT regexp_count(a, 'x+?', 1, 'p') FROM t", "the pattern x+?"),
        ("SELECT regexp_count(a, 'x*', 1, 'p') FROM t", "the pattern x*"),
        ("SELECT regexp_count(a, '[ab]*a+', 1, 'p') FROM t", "the pattern [ab]*a+"),
        ("SELECT regexp_replace(a, 'x', '$1', 1, 'p') FROM t", "this replacement"),
        ("SELECT a::json", "JSON"),
        ("SELECT current_timestamp", "CURRENT_TIMESTAMP"),
        (f"SELECT {'n' * 64}", "63 bytes"),
        ("SELECT * FROM other.s.t", "other"),
        ("INSERT INTO t VALUES ((SELECT 1)), ((SELECT 2))", "multi-row VALUES"),
        ("SELECT a OR b IS NOT TRUE AS c FROM t", "IS TRUE and IS FALSE are not supported in the select list"),
        ("SELECT version(), a FROM t", "not supported on Amazon Redshift tables"),
        ("SELECT 1 WHERE 'x' = current_schema AND 1 IN (SELECT a FROM t)", "not supported on Amazon Redshift tables"),
    ],
)
def test_refuses_by_name(sql: str, named: str) -> None:
    error = refusal(sql)
    assert "0A000" == error.sqlstate
    assert named in error.message


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1 FROM WHERE", 'syntax error at or near "WHERE"'),
        ("SELECT a FROM t, t.b % n ORDER BY n", "syntax error at end of input"),
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("SELECT 'a", "unterminated quoted string, name or comment"),
        ("SELECT TOP 2 a FROM t LIMIT 3", 'syntax error at or near "LIMIT"'),
    ],
)
def test_syntax_errors_read_as_postgresql_words_them(sql: str, message: str) -> None:
    error = refusal(sql)
    assert ("42601", message) == (error.sqlstate, error.message)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM pg_redshift_store.load_errors",
        "SELECT pg_redshift.fail('1', 'x') FROM pg_catalog.pg_class",
        "DELETE FROM pg_redshift.load_errors",
        "DELETE FROM stl_load_errors",
        "INSERT INTO stl_load_errors (query) VALUES (1)",
        "UPDATE pg_catalog.svv_tables SET table_name = 'x'",
        "DELETE FROM pg_class",
        "TRUNCATE information_schema.table_constraints",
        "DROP VIEW stl_load_errors",
        'DROP VIEW IF EXISTS a, "SVV_Tables"',
        "DROP VIEW pg_class",
        "CREATE OR REPLACE VIEW svv_tables AS SELECT 1 AS a",
        "ALTER TABLE svv_tables RENAME TO t",
        "ALTER TABLE svv_tables OWNER TO somebody",
        "DROP SCHEMA pg_redshift_store CASCADE",
        'DROP SCHEMA IF EXISTS a, "PG_Redshift" CASCADE',
        "GRANT ALL ON SCHEMA pg_redshift TO PUBLIC",
        "GRANT SELECT ON stl_load_errors TO PUBLIC",
        "LOCK svv_tables",
        "ANALYZE pg_redshift_store.tables",
        "SET search_path TO 'pg_redshift_store'",
        "COPY pg_redshift_store.load_errors FROM 's3://b/k' IAM_ROLE default JSON 'auto'",
    ],
)
def test_the_helper_schema_is_closed_to_clients(sql: str) -> None:
    assert "42501" == refusal(sql).sqlstate


def test_statements_split_at_semicolons_outside_quotes() -> None:
    texts = [statement.sql for statement in plan("SELECT ';' /* ; */, $$;$$; -- ;\n; SELECT \"a;b\" FROM t;")]
    assert ["SELECT ';', ';'", 'SELECT "a;b" FROM "t"'] == texts


def test_a_long_insert_keeps_every_row() -> None:
    rows = ", ".join(f"({number}, 'it\\'s', NULL, ${number + 1})" for number in range(1000))
    after = rewritten(f"INSERT INTO S.T (A, b, c, d) VALUES {rows}")
    assert 'INSERT INTO "s"."t" ("a", "b", "c", "d") VALUES (0, \'it\'\'s\', NULL, $1), (1, \'it\'\'s\'' in after
    assert after.endswith("(999, 'it''s', NULL, $1000)")
