"""SUPER: the calls that paths and arrays in FROM become, under Redshift's names; and what is refused."""

import pytest

from sandbox.redshift.errors import RedshiftError
from sandbox.redshift.rewrite import plan


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "SELECT t.o[0].Key::INT FROM t",
            'SELECT CAST(PG_REDSHIFT.SUPER_GET(PG_REDSHIFT.SUPER_AT("t"."o", 0), \'key\') AS INT) AS "key" FROM "t"',
        ),
        (
            "SELECT o.a, t.o.a.b, o['K'] AS q FROM s.t",
            'SELECT PG_REDSHIFT.SUPER_GET("o", \'a\') AS "a", '
            'PG_REDSHIFT.SUPER_GET(PG_REDSHIFT.SUPER_GET("t"."o", \'a\'), \'b\') AS "b", '
            'PG_REDSHIFT.SUPER_GET("o", \'K\') AS "q" FROM "s"."t"',
        ),
        ("SELECT s.t.a, dev.s.t.a, t.* FROM s.t", 'SELECT "s"."t"."a", "s"."t"."a", "t".* FROM "s"."t"'),
        (
            "DELETE FROM t WHERE o.a = 'x'",
            "DELETE FROM \"t\" WHERE PG_REDSHIFT.SUPER_GET(\"o\", 'a') = 'x'",
        ),
        (
            "SELECT c.*, x, n FROM c, c.items AS x AT n, x.parts y, y z",
            'SELECT "c".*, "x", "n" FROM "c", PG_REDSHIFT.SUPER_ELEMENTS_AT("c"."items") AS "?x?"("x", "n"), '
            'PG_REDSHIFT.SUPER_ELEMENTS(PG_REDSHIFT.SUPER_GET("x", \'parts\')) AS "?y?"("y"), '
            'PG_REDSHIFT.SUPER_ELEMENTS("y") AS "?z?"("z")',
        ),
        (
            "SELECT ARRAY(1, 'a')",
            "SELECT PG_REDSHIFT.SUPER_COMPACT(JSON_BUILD_ARRAY(1, 'a')) AS \"array\"",
        ),
    ],
)
def test_rewrites(before: str, after: str) -> None:
    assert after == plan(before)[0].sql


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT o[i] FROM t", "anything but a number or a string in brackets"),
        ("SELECT 1 FROM t, t.o x JOIN x y ON true", "unnesting in a JOIN"),
        ("SELECT 1 FROM t, UNNEST(t.o) AS x", "this form of unnesting"),
        ("SELECT 1 FROM t, UNPIVOT t.o AS v AT k", "PIVOT"),
        ("CREATE TABLE t (a INT, s SUPER) SORTKEY (a, s)", "cannot be a distribution or sort key"),
    ],
)
def test_refuses(sql: str, message: str) -> None:
    with pytest.raises(RedshiftError, match=message) as caught:
        plan(sql)
    assert "0A000" == caught.value.sqlstate
