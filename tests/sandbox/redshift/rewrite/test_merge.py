"""MERGE ... REMOVE DUPLICATES: the statement it becomes, and what is no such MERGE."""

import pytest

from sandbox.redshift.errors import RedshiftError
from sandbox.redshift.rewrite import plan


def test_replaces_what_matches() -> None:
    [statement] = plan("MERGE INTO s.T USING u AS q ON t.a = nvl(q.a, 0) REMOVE DUPLICATES")
    expected = (
        'WITH "remove duplicates" AS (MERGE INTO "s"."t" USING "u" AS "q" ON "t"."a" = COALESCE("q"."a", 0) '
        'WHEN MATCHED THEN DELETE) INSERT INTO "s"."t" SELECT * FROM "u" AS "q" '
        'UNION ALL SELECT * FROM "s"."t" WHERE false'
    )
    assert (expected, "MERGE") == (statement.sql, statement.tag)


@pytest.mark.parametrize(
    ("words", "sqlstate", "message"),
    [
        ("t USING s ON t.a = s.a WHEN MATCHED THEN DELETE", "42601", "in place of the WHEN clauses"),
        ("t USING (SELECT 1 AS a) s ON t.a = s.a", "0A000", "from anything but a table"),
        ("t USING T s ON t.a = s.a", "0A000", "another table"),
        ("t x USING s ON x.a = s.a", "0A000", "without an alias"),
        ("stl_load_errors USING s ON true", "42501", "permission denied"),
    ],
)
def test_refuses(words: str, sqlstate: str, message: str) -> None:
    with pytest.raises(RedshiftError) as caught:
        plan(f"MERGE INTO {words} REMOVE DUPLICATES")
    assert sqlstate == caught.value.sqlstate
    assert message in caught.value.message
