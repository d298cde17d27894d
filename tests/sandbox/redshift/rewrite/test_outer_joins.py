"""(+) in a WHERE clause: the FROM clause it becomes, and what Redshift or the sandbox refuses."""

import pytest

from sandbox.redshift.errors import RedshiftError
from sandbox.redshift.rewrite import plan


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("SELECT a.x FROM a, b WHERE a.x = b.x(+)", 'SELECT "a"."x" FROM "a" LEFT JOIN "b" ON "a"."x" = "b"."x"'),
        (
            "SELECT * FROM b, a WHERE a.x > B.x(+) * 2 AND (b.y(+) = 3 AND a.z = 4) AND b.z IS NULL",
            'SELECT "b".*, "a".* FROM "a" LEFT JOIN "b" ON "a"."x" > "b"."x" * 2 AND "b"."y" = 3 '
            'WHERE "a"."z" = 4 AND "b"."z" IS NULL',
        ),
        (
            "SELECT * FROM a, c, s.b, d WHERE a.x = b.x(+) AND b.y = c.y(+) AND a.k = d.k",
            'SELECT "a".*, "c".*, "b".*, "d".* FROM "a" CROSS JOIN "d" LEFT JOIN "s"."b" ON "a"."x" = "b"."x" '
            'LEFT JOIN "c" ON "b"."y" = "c"."y" WHERE "a"."k" = "d"."k"',
        ),
        (
            "SELECT 1 FROM c WHERE EXISTS (SELECT 1 FROM a, b WHERE a.x = b.x(+) AND a.y = c.y)",
            'SELECT 1 FROM "c" WHERE EXISTS(SELECT 1 FROM "a" LEFT JOIN "b" ON "a"."x" = "b"."x" '
            'WHERE "a"."y" = "c"."y")',
        ),
    ],
)
def test_rewrites(before: str, after: str) -> None:
    assert after == plan(before)[0].sql


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("a.x = b.x(+) OR a.y = 1", "operand of OR or IN"),
        ("a.x = b.x(+) AND b.y(+) IN (1, 2)", "operand of OR or IN"),
        ("a.x = b.x(+) AND c.x = b.x(+)", "at most one other table"),
        ("a.x = b.x(+) AND b.y = a.y(+)", "to each other"),
        ("a.x(+) = b.x(+)", "two tables"),
        ("a.x = b.x(+) + b.y", "some columns"),
        ("a.x = b.x(+) AND a.y = b.y", "with (+) and without"),
        ("a.x = e.x(+)", '"x", which is not one of this FROM clause'),
        ("a.x = b.x(+) AND b.y(+) = (SELECT 1)", "subquery"),
        ("b.x(+) = 1", "no condition joins"),
        ("EXISTS (SELECT 1 FROM d WHERE a.x = d.x(+))", "not one of this FROM clause"),
    ],
)
def test_refuses(condition: str, message: str) -> None:
    with pytest.raises(RedshiftError) as caught:
        plan(f"SELECT * FROM a, b, c WHERE {condition}")
    assert "0A000" == caught.value.sqlstate
    assert message in caught.value.message


def test_refuses_join_syntax_beside_it() -> None:
    with pytest.raises(RedshiftError, match="join syntax"):
        plan("SELECT * FROM a JOIN c USING (x), b WHERE a.x = b.x(+)")
