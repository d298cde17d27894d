"""CONNECT BY: the recursive query it becomes, and what is refused, by name."""

import pytest

from sandbox.redshift.errors import RedshiftError
from sandbox.redshift.rewrite import plan


def test_becomes_a_recursive_query() -> None:
    [statement] = plan(
        "SELECT e.*, LEVEL FROM (SELECT id, boss FROM t) E WHERE level < 3 "
        "CONNECT BY PRIOR e.id = boss AND level < 4 START WITH boss IS NULL"
    )
    expected = (
        'SELECT "e"."id", "e"."boss", "level" FROM (WITH RECURSIVE "?hierarchy?" AS ('
        'SELECT "?row?"."id", "?row?"."boss", 1 AS "level", PG_REDSHIFT.HIERARCHY_PATH(NULL, "?row?") AS "?path?" '
        'FROM (SELECT "id", "boss" FROM "t") AS "?row?" WHERE "?row?"."boss" IS NULL UNION ALL '
        'SELECT "?row?"."id", "?row?"."boss", "?parent?"."level" + 1 AS "level", '
        'PG_REDSHIFT.HIERARCHY_PATH("?parent?"."?path?", "?row?") AS "?path?" FROM "?hierarchy?" AS "?parent?" '
        'JOIN (SELECT "id", "boss" FROM "t") AS "?row?" '
        'ON (("?parent?"."id") = "?row?"."boss" AND ("?parent?"."level" + 1) < 4)) '
        'SELECT "id", "boss", "level" FROM "?hierarchy?") AS "e" WHERE "level" < 3'
    )
    assert expected == statement.sql


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1 FROM (SELECT a FROM t) x, u CONNECT BY PRIOR a = a", "CONNECT BY of a join"),
        ("SELECT 1 FROM (SELECT a AS level FROM t) x CONNECT BY PRIOR level = 1", "a column named level"),
        ("SELECT 1 FROM (SELECT a FROM t) x CONNECT BY a = 1", "needs a condition with PRIOR"),
        ("SELECT 1 FROM (SELECT a FROM t) x CONNECT BY PRIOR a = (SELECT 1)", "subquery in its conditions"),
        ("SELECT (SELECT 1 FROM (SELECT a FROM t) x CONNECT BY PRIOR a = o.a) FROM o", "its own relation's"),
        ("SELECT PRIOR a FROM (SELECT a FROM t) x CONNECT BY PRIOR a = a", "PRIOR and CONNECT_BY_ROOT outside"),
        ("SELECT 1 FROM (SELECT a FROM t) x CONNECT BY NOCYCLE PRIOR a = a", "NOCYCLE"),
    ],
)
def test_refuses(sql: str, message: str) -> None:
    with pytest.raises(RedshiftError, match=message):
        plan(sql)
