"""PIVOT and UNPIVOT: the subquery each becomes, and what is refused, by name."""

import pytest

from sandbox.redshift.errors import RedshiftError
from sandbox.redshift.rewrite import plan


def rewritten(sql: str) -> str:
    """What PostgreSQL runs, where nothing is known of the tables."""
    [statement] = plan(sql)
    return (statement.answered(()) if statement.answered else statement).sql


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "(SELECT p, price FROM t) PIVOT (avg(price) FOR p IN ('Wing', NULL, 2))",
            '(SELECT AVG(CASE WHEN "p" = \'Wing\' THEN "price" END) AS "wing", '
            'AVG(CASE WHEN "p" IS NULL THEN "price" END) AS "null", AVG(CASE WHEN "p" = 2 THEN "price" END) AS "2" '
            'FROM (SELECT "p", "price" FROM "t"))',
        ),
        (
            "(SELECT q, m AS Maker FROM t) x PIVOT (count(*) AS n FOR x.q IN (1 AS High, 2)) AS p",
            '(SELECT "maker", COUNT(CASE WHEN "x"."q" = 1 THEN 1 END) AS "high_n", '
            'COUNT(CASE WHEN "x"."q" = 2 THEN 1 END) AS "2_n" FROM (SELECT "q", "m" AS "maker" FROM "t") AS "x" '
            'GROUP BY "maker") AS "p"',
        ),
        (
            "(SELECT q, m FROM t) PIVOT (count(DISTINCT m) FOR q IN (1))",
            '(SELECT COUNT(DISTINCT CASE WHEN "q" = 1 THEN "m" END) AS "1" FROM (SELECT "q", "m" FROM "t"))',
        ),
        (
            "(SELECT * FROM (SELECT id, red FROM t)) UNPIVOT (n FOR color IN (red AS R))",
            '(WITH "?input?" AS (SELECT * FROM (SELECT * FROM (SELECT "id", "red" FROM "t"))) '
            'SELECT "id", CAST(\'r\' AS VARCHAR(256)) AS "color", "red" AS "n" FROM "?input?" '
            'WHERE NOT ("red" IS NULL))',
        ),
        (
            "(SELECT red, blue FROM t) UNPIVOT INCLUDE NULLS (n FOR color IN (red, blue)) AS u",
            '(WITH "?input?" AS (SELECT * FROM (SELECT "red", "blue" FROM "t")) '
            'SELECT CAST(\'red\' AS VARCHAR(256)) AS "color", "red" AS "n" FROM "?input?" UNION ALL '
            'SELECT CAST(\'blue\' AS VARCHAR(256)) AS "color", "blue" AS "n" FROM "?input?") AS "u"',
        ),
    ],
)
def test_rewrites(before: str, after: str) -> None:
    assert f"SELECT * FROM {after}" == rewritten(f"SELECT * FROM {before}")


def test_finds_columns_in_common_table_expressions_before() -> None:
    [statement] = plan(
        "WITH a (x) AS (SELECT k, v FROM t), b AS (SELECT * FROM a) SELECT * FROM b PIVOT (sum(v) FOR x IN (1 AS one))"
    )
    assert statement.sql.endswith('(SELECT SUM(CASE WHEN "x" = 1 THEN "v" END) AS "one" FROM "b")')


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        ("(SELECT a, b FROM t) PIVOT (stddev(a) FOR b IN (1))", "COUNT, SUM, MIN, MAX or AVG"),
        ("(SELECT a, b FROM t) PIVOT (sum(a), count(*) FOR b IN (1))", "several aggregates"),
        ("(SELECT a, b FROM t) PIVOT (sum(a) FOR b IN (1 + 1))", "no alias"),
        ("(SELECT a, b FROM t) PIVOT (sum(a) FOR b IN (a AS x))", "neither columns"),
        ("(SELECT a, b FROM t) PIVOT (sum((SELECT a)) FOR b IN (1))", "subquery in its aggregate"),
        ("(SELECT a, b FROM t) PIVOT (sum(a) FOR b IN (1)) PIVOT (sum(a) FOR b IN (1))", "one upon the other"),
        ("(SELECT a FROM t) x JOIN (SELECT b FROM u) y ON true PIVOT (sum(a) FOR b IN (1))", "of a join"),
        ("(SELECT a, b FROM t) UNPIVOT (v FOR n IN (a, c))", "columns of its input"),
        ("(SELECT a + 1 FROM t) UNPIVOT (v FOR n IN (a))", "no name"),
        ("(SELECT * FROM t a JOIN u b USING (k)) UNPIVOT (v FOR n IN (a))", "no name"),
    ],
)
def test_refuses(relation: str, message: str) -> None:
    with pytest.raises(RedshiftError) as caught:
        plan(f"SELECT * FROM {relation}")
    assert "0A000" == caught.value.sqlstate
    assert message in caught.value.message
