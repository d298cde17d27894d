"""Functions: Redshift's call before, PostgreSQL's after."""

import pytest

from sandbox.redshift.errors import RedshiftError
from sandbox.redshift.rewrite import plan


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("dateadd(m, 1, '2020-01-01')", "DATE_ADD('minute', 1, CAST('2020-01-01' AS TIMESTAMP))"),
        ("dateadd('qtr', n, d)", """DATE_ADD('quarter', "n", "d")"""),
        ("datediff(day, a, $1)", """DATE_DIFF('day', "a", CAST($1 AS TIMESTAMP))"""),
        ("date_part(dow, d)", """PGDATE_PART('dow', "d")"""),
        ("extract(weekday FROM d)", """DATE_PART('dow', "d")"""),
        ("date_trunc('mon', d)", """DATE_TRUNC('month', "d")"""),
        ("convert_timezone('EST', '2020-01-01')", "CONVERT_TIMEZONE('EST', CAST('2020-01-01' AS TIMESTAMP))"),
        ("to_date(a, 'YYYY')", """TO_DATE("a", 'YYYY', FALSE)"""),
        ("nvl(a, 'x')", """COALESCE("a", 'x')"""),
        ("nvl2(a, b, 'x')", """CASE WHEN NOT ("a" IS NULL) THEN "b" ELSE 'x' END AS "case\""""),
        ("nvl2(NOT a, 'x', 'y')", """CASE WHEN NOT ((NOT "a") IS NULL) THEN 'x' ELSE 'y' END AS "case\""""),
        ("decode(NOT a, NULL, 1, 2)", 'CASE WHEN (NOT "a") IS NULL THEN 1 ELSE 2 END AS "case"'),
        ("decode(a OR b, FALSE, 1)", 'CASE WHEN ("a" OR "b") = FALSE THEN 1 END AS "case"'),
        ("decode(a, NULL, 1, 2, 3)", 'CASE WHEN "a" IS NULL THEN 1 WHEN "a" = 2 THEN 3 END AS "case"'),
        (
            "decode(a, b, 1, 0)",
            'CASE WHEN ("a" = "b" OR ("a" IS NULL AND "b" IS NULL)) THEN 1 ELSE 0 END AS "case"',
        ),
        ("concat('a', n)", """CONCAT(CAST('a' AS TEXT), CAST("n" AS TEXT))"""),
        ("listagg(DISTINCT a, ',') WITHIN GROUP (ORDER BY a)", """LISTAGG(DISTINCT "a", ',' ORDER BY "a")"""),
        ("approximate count(DISTINCT a)", 'COUNT(DISTINCT "a")'),
        ("stddev(a)", 'STDDEV(CAST("a" AS DOUBLE PRECISION))'),
        ("power(a, 2)", 'POWER(CAST("a" AS DOUBLE PRECISION), CAST(2 AS DOUBLE PRECISION))'),
        ("substring(a FROM 2 FOR 3)", 'SUBSTRING("a", 2, 3)'),
        ("json_extract_path_text(j, 'a', TRUE)", """JSON_EXTRACT_PATH_TEXT("j", TRUE, 'a')"""),
        ("sysdate", "SYSDATE()"),
        (
            "last_value(a IGNORE NULLS) OVER (PARTITION BY b)",
            'NTH_LAST_KNOWN("a", 1) OVER (PARTITION BY "b") AS "last_value"',
        ),
        (
            "lead(a, 2) IGNORE NULLS OVER (ORDER BY b)",
            'NTH_KNOWN("a", 2) OVER (ORDER BY "b" ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS "lead"',
        ),
        ("nth_value(a, 2) RESPECT NULLS OVER (PARTITION BY b)", 'NTH_VALUE("a", 2) OVER (PARTITION BY "b")'),
        (
            "ratio_to_report(a) OVER (PARTITION BY b)",
            '(CAST("a" AS DOUBLE PRECISION) / SUM("a") OVER (PARTITION BY "b")) AS "ratio_to_report"',
        ),
    ],
)
def test_rewrites(before: str, after: str) -> None:
    [statement] = plan(f"SELECT {before} FROM t")
    assert f'SELECT {after} FROM "t"' == statement.sql


def test_rules_reach_into_the_arguments_of_others() -> None:
    [statement] = plan("SELECT nvl(decode(a, 1, getdate()), sysdate)")
    assert 'SELECT COALESCE(CASE WHEN "a" = 1 THEN GETDATE() END, SYSDATE())' == statement.sql


@pytest.mark.parametrize(
    ("call", "sqlstate", "message"),
    [
        ("dateadd(dow, 1, d)", "0A000", 'the date part "dow"'),
        ("date_trunc(p, d)", "0A000", 'the date part "p"'),
        ("concat(a, b, c)", "42883", "concat takes 2 arguments, not 3"),
        ("to_timestamp(1)", "42883", "to_timestamp takes 2 to 3 arguments, not 1"),
        ("lag(a, b) IGNORE NULLS OVER (ORDER BY b)", "0A000", "LAG with IGNORE NULLS and b for an offset"),
        ("sum(a) OVER (ORDER BY b)", "XX000", "require a frame clause"),
        ("first_value(a) OVER (ORDER BY b)", "XX000", "require a frame clause"),
        ("lag(a, 1, 0) OVER (ORDER BY b)", "0A000", "Default parameter not be supported for window function lag"),
        ("approximate percentile_disc(0.5) WITHIN GROUP (ORDER BY a)", "0A000", "APPROXIMATE with anything but COUNT"),
        ("5 # a", "0A000", "the operator #"),
        ("@ a", "0A000", "the operator @"),
        ("sum(a) OVER (ORDER BY b RANGE UNBOUNDED PRECEDING)", "0A000", "window frames by RANGE"),
        ("count(DISTINCT a, b)", "0A000", "COUNT(DISTINCT) of several columns"),
        ("percentile_cont(0.5) WITHIN GROUP (ORDER BY a) OVER ()", "0A000", "PERCENTILE_CONT as a window function"),
    ],
)
def test_refuses_what_would_mean_something_else(call: str, sqlstate: str, message: str) -> None:
    with pytest.raises(RedshiftError) as caught:
        plan(f"SELECT {call} FROM t")
    assert sqlstate == caught.value.sqlstate
    assert message in caught.value.message
