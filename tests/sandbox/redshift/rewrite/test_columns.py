"""Statements that depend on columns: what is asked of the catalogue, and each rule before and after the answer."""

import json

import pytest

from sandbox.redshift.errors import RedshiftError
from sandbox.redshift.rewrite import plan

ROWS = (
    *(('"t"', name, "numeric(8,2)") for name in ("a", "b")),
    *(
        ('"t"', name, kind)
        for name, kind in (("i", "integer"), ("f", "double precision"), ("s", "character varying(9)"))
    ),
    ('"s"."u"', "y", "numeric(10,4)"),
    ('"s"."u"', "x", "bigint"),
    *(('"s"."u"', name, "timestamp without time zone") for name in ("start", "stop")),
    ('"s"."u"', "zoned", "timestamp with time zone"),
    ('"s"."u"', "day", "date"),
)


def answered(sql: str) -> str:
    [statement] = plan(sql)
    if statement.answered:
        statement = statement.answered(ROWS)
    return statement.sql


@pytest.mark.parametrize(
    ("sql", "relations"),
    [
        ("SELECT a / b FROM t", ['"t"']),
        ("UPDATE s.u SET a = x / 2 FROM T", ['"s"."u"', '"t"']),
        ("WITH c AS (SELECT i FROM t) SELECT i / 2 FROM c, dev.s.u", ['"s"."u"', '"t"']),
        ("SELECT a AS k, k + 1 FROM t", ['"t"']),
        ("SELECT tablename AS k, k FROM pg_table_def", ['"pg_redshift"."pg_table_def"']),
        # a double precision quotient is one whatever it is divided by, and `t.a AS a` says that there is an a
        ("SELECT CAST(a AS FLOAT) / b, count(*) / 2, 1.5 / 2 FROM t", None),
        ("SELECT t.a AS a, a + 1 FROM t", None),
        ("SELECT a + 1 AS k, i AS m FROM t ORDER BY k", None),
    ],
)
def test_columns_are_asked_for_where_they_decide(sql: str, relations: list[str] | None) -> None:
    [statement] = plan(sql)
    assert relations == (json.loads(statement.asked[1]) if statement.asked else None)


@pytest.mark.parametrize(
    ("division", "precision", "scale"),
    [
        ("a / b", 17, 9),
        ("a / i", 19, 13),
        ("a / 100", 19, 13),
        ("i / 100.0", 15, 4),
        ("1.0 * i / x", 33, 21),
        ("CAST(a AS DECIMAL(19, 2)) / CAST(b AS DECIMAL(38, 19))", 38, 4),
        ("(a + i) / 3", 24, 13),
        ("a * b / i", 28, 15),
        ("SUM(a) / COUNT(*)", 38, 4),
        ("AVG(a) / NULLIF(MAX(b), 0)", 38, 4),
        ("SUM(x) / 2.0", 38, 4),
        ("CASE WHEN i = 1 THEN a ELSE 0 END / b", 21, 9),
        ("COALESCE(a, 0) / b", 21, 9),
        ("a / 0.5", 11, 4),
        ("DATEDIFF(day, day, GETDATE()) / 7.0", 24, 4),
        ("EXTRACT(epoch FROM stop - start) / 3600.0", 16, 5),
        ("(CURRENT_DATE - day) / LEN(s) / 2.0", 15, 4),
    ],
)
def test_a_quotient_of_decimals_has_redshifts_precision_and_scale(division: str, precision: int, scale: int) -> None:
    after = answered(f"SELECT {division} FROM t, s.u")
    assert f'AS DECIMAL({precision}, {scale})) AS "?column?" FROM' in after
    assert f"AS DECIMAL(200, {scale + 40})) OPERATOR(pg_catalog./) " in after


@pytest.mark.parametrize(
    "division",
    [
        *("i / 2", "x / i", "a / f", "COUNT(*) / 2", "EXTRACT(epoch FROM zoned) / 2.0"),
        # PostgreSQL finds out what these are and refuses DECIMALs of unknown scale
        *("a / $1", "COALESCE(SUM(a), 0) / COUNT(*)", "ROUND(a) / 3", "y / 0.5"),
    ],
)
def test_a_division_is_left_to_postgresql_where_it_is_none_of_decimals_or_cannot_be_told(division: str) -> None:
    assert " / " in answered(f"SELECT {division} FROM t, s.u")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "SELECT f AS k, k + 1 AS m, m * k FROM t",
            'SELECT "f" AS "k", ("f") + 1 AS "m", (("f") + 1) * ("f") FROM "t"',
        ),
        # a column of that name wins
        ("SELECT i * 2 AS i, i + 1 FROM t", 'SELECT "i" * 2 AS "i", "i" + 1 FROM "t"'),
        (
            "SELECT i AS n, n FROM (SELECT i, f FROM t) v(i, n)",
            'SELECT "i" AS "n", "n" FROM (SELECT "i", "f" FROM "t") AS "v"("i", "n")',
        ),
        (
            "SELECT v.i AS x, x FROM (SELECT * FROM t) v",
            'SELECT "v"."i" AS "x", ("v"."i") AS "x" FROM (SELECT * FROM "t") AS "v"',
        ),
        # what takes its name from the alias keeps it
        ("SELECT i + 1 AS k, CAST(k AS INT) FROM t", 'SELECT "i" + 1 AS "k", CAST(("i" + 1) AS INT) AS "k" FROM "t"'),
        ("SELECT i AS k, k AS m FROM t GROUP BY 1, m", 'SELECT "i" AS "k", ("i") AS "m" FROM "t" GROUP BY 1, "m"'),
        (
            "INSERT INTO s.u WITH c AS (SELECT f AS k, k + 1 AS m FROM t) SELECT m AS n, n FROM c",
            'INSERT INTO "s"."u" WITH "c" AS (SELECT "f" AS "k", ("f") + 1 AS "m" FROM "t") '
            'SELECT "m" AS "n", ("m") AS "n" FROM "c"',
        ),
        (
            "CREATE VIEW v AS SELECT f AS k, k + 1 AS m FROM t",
            'CREATE VIEW "v" AS SELECT "f" AS "k", ("f") + 1 AS "m" FROM "t"',
        ),
        (
            "SELECT i FROM t WHERE i IN (SELECT i AS k FROM t UNION SELECT DISTINCT f AS k FROM t GROUP BY k)",
            'SELECT "i" FROM "t" WHERE "i" IN (SELECT "i" AS "k" FROM "t" UNION '
            'SELECT DISTINCT "f" AS "k" FROM "t" GROUP BY "k")',
        ),
    ],
)
def test_an_alias_means_its_expression_later_in_the_list(before: str, after: str) -> None:
    assert after == answered(before)


@pytest.mark.parametrize(
    "sql",
    ["SELECT i AS k, f AS k, k + 1 FROM t", "SELECT i AS k, (SELECT max(x) FROM s.u WHERE x = k) FROM t"],
)
def test_an_alias_whose_meaning_is_nowhere_told_is_refused(sql: str) -> None:
    with pytest.raises(RedshiftError, match='the alias "k" here'):
        answered(sql)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("SELECT COALESCE(a, 0) FROM t", 'SELECT COALESCE("a", CAST(0 AS DECIMAL(12, 2))) FROM "t"'),
        ("SELECT NVL(i, 0), NVL(s, 'x') FROM t", """SELECT COALESCE("i", 0), COALESCE("s", 'x') FROM "t\""""),
        (
            "SELECT DECODE(i, 1, a, 2.5) FROM t",
            'SELECT CASE WHEN "i" = 1 THEN "a" ELSE CAST(2.5 AS DECIMAL(8, 2)) END AS "case" FROM "t"',
        ),
        (
            "SELECT 1 UNION ALL SELECT a FROM t",
            'SELECT CAST(1 AS DECIMAL(12, 2)) AS "?column?" UNION ALL SELECT "a" FROM "t"',
        ),
        (
            "SELECT a, i FROM t UNION SELECT y, 1 FROM s.u",
            'SELECT CAST("a" AS DECIMAL(10, 4)) AS "a", "i" FROM "t" UNION SELECT "y", 1 FROM "s"."u"',
        ),
        ("SELECT * FROM t UNION SELECT * FROM t", 'SELECT * FROM "t" UNION SELECT * FROM "t"'),
        (
            "SELECT y, x FROM s.u UNION SELECT * FROM (SELECT a, i FROM t)",
            'SELECT "y", "x" FROM "s"."u" UNION '
            'SELECT CAST("a" AS DECIMAL(10, 4)) AS "a", "i" FROM (SELECT "a", "i" FROM "t")',
        ),
        (
            "SELECT 1, 2.555, 3, 4 UNION ALL "
            "SELECT *, 5 FROM (SELECT a, i FROM t) v JOIN (SELECT i, f FROM t) w USING (i)",
            'SELECT 1, 2.555, 3, 4 UNION ALL SELECT "i", CAST("v"."a" AS DECIMAL(9, 3)) AS "a", "w"."f", 5 '
            'FROM (SELECT "a", "i" FROM "t") AS "v" JOIN (SELECT "i", "f" FROM "t") AS "w" USING ("i")',
        ),
        # what is stored is declared
        (
            "CREATE TABLE w AS SELECT SUM(a), a * b AS p, i, COUNT(*) FROM t",
            'CREATE TABLE "w" AS SELECT CAST(SUM("a") AS DECIMAL(38, 2)), CAST("a" * "b" AS DECIMAL(17, 4)) AS "p", '
            '"i", COUNT(*) FROM "t"',
        ),
        (
            "CREATE TABLE w AS SELECT a FROM t UNION ALL SELECT CAST(a AS DECIMAL(9, 2)) FROM t",
            'CREATE TABLE "w" AS SELECT CAST("a" AS DECIMAL(9, 2)) AS "a" FROM "t" UNION ALL '
            'SELECT CAST("a" AS DECIMAL(9, 2)) FROM "t"',
        ),
        (
            "CREATE VIEW v AS SELECT CASE i WHEN 1 THEN a END FROM t",
            'CREATE VIEW "v" AS SELECT CAST(CASE "i" WHEN 1 THEN "a" END AS DECIMAL(8, 2)) AS "case" FROM "t"',
        ),
    ],
)
def test_decimals_get_the_scale_of_the_type_they_share(before: str, after: str) -> None:
    assert after == answered(before)


def test_an_unload_is_planned_with_the_columns_of_its_query() -> None:
    [statement] = plan("UNLOAD ('SELECT f AS k, k + 1, a * 2 AS n FROM t') TO 's3://b/k' IAM_ROLE default")
    assert statement.answered
    after = 'SELECT "f" AS "k", ("f") + 1, CAST("a" * 2 AS DECIMAL(19, 2)) AS "n" FROM "t"'
    assert after == statement.answered(ROWS).unload[1]
