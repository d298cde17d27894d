"""Late-binding views: what is asked when a statement may read one, and the query that stands in its place."""

import json
from collections.abc import Iterator

import pytest

from sandbox.redshift.errors import RedshiftError
from sandbox.redshift.rewrite import late_views, plan
from sandbox.redshift.statement import Statement

VIEWS = {
    '"v"': {"query": "SELECT a, b AS c FROM s.t -- all", "columns": []},
    '"s"."w"': {"query": "WITH q AS (SELECT * FROM s.x) SELECT q.* FROM q, s.v", "columns": ["d"]},
    '"s"."v"': {"query": "SELECT 1 AS one", "columns": []},
    '"s"."own"': {"query": "SELECT * FROM s.own", "columns": []},
}


@pytest.fixture(autouse=True)
def views_may_exist() -> Iterator[None]:
    late_views.exist.set()
    yield
    late_views.exist.clear()


def answered(sql: str) -> Statement:
    [statement] = plan(sql)
    while statement.answered:
        names = json.loads(statement.asked[1])
        rows = [(name, None, json.dumps(VIEWS[name]) if name in VIEWS else None) for name in names]
        statement = statement.answered(tuple(rows))
    return statement


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "SELECT v.c FROM v JOIN u ON v.a = u.a",
            'SELECT "v"."c" FROM (SELECT "a", "b" AS "c" FROM "s"."t") AS "v" JOIN "u" ON "v"."a" = "u"."a"',
        ),
        (
            "SELECT S.w.d FROM s.W",
            'SELECT "w"."d" FROM (WITH "q" AS (SELECT * FROM "s"."x") SELECT "q".* FROM "q", '
            '(SELECT 1 AS "one") AS "v") AS "w"("d")',
        ),
        (
            "DELETE FROM v USING v AS x (y) WHERE v.a = x.y",
            'DELETE FROM "v" USING (SELECT "a", "b" AS "c" FROM "s"."t") AS "x"("y") WHERE "v"."a" = "x"."y"',
        ),
        ("WITH v AS (SELECT 1) SELECT * FROM v", 'WITH "v" AS (SELECT 1) SELECT * FROM "v"'),
        ("DROP VIEW v", 'DROP VIEW "v"'),
    ],
)
def test_the_query_stands_in_its_place(before: str, after: str) -> None:
    assert after == answered(before).sql


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("CREATE VIEW b AS SELECT * FROM v", "a bound view of a late-binding view"),
        ("CREATE MATERIALIZED VIEW b AS SELECT * FROM v", "a materialized view of a late-binding view"),
        ("MERGE INTO t USING v ON t.a = v.a WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (1)", "MERGE"),
        ("SELECT * FROM s.own", "infinite recursion"),
    ],
)
def test_refuses(sql: str, message: str) -> None:
    with pytest.raises(RedshiftError, match=message):
        answered(sql)


def test_is_kept_as_text() -> None:
    text = "CREATE OR REPLACE VIEW s.V (A) AS SELECT t.a /* as */ FROM S.t, pg_catalog.pg_class WITH NO SCHEMA BINDING"
    statement = answered(text)
    assert 'CREATE OR REPLACE VIEW "s"."v" AS SELECT WHERE pg_redshift.unbound()' == statement.sql
    [record] = statement.after
    start = "SELECT pg_redshift.record_late_view('s', 'v', '"
    assert record.startswith(start)
    assert {
        "statement": f"{text};",
        "query": "SELECT t.a /* as */ FROM S.t, pg_catalog.pg_class",
        "columns": ["a"],
        "schemas": ["pg_catalog", "s"],
        "sql": 'SELECT "t"."a" FROM "s"."t", "pg_catalog"."pg_class"',
    } == json.loads(record.removeprefix(start).removesuffix("')"))


def test_its_relations_are_qualified() -> None:
    plan("CREATE VIEW v AS WITH q AS (SELECT * FROM s.t) SELECT * FROM q WITH NO SCHEMA BINDING")
    with pytest.raises(RedshiftError, match="should be qualified"):
        plan("CREATE VIEW v AS SELECT (SELECT max(a) FROM t) FROM s.u WITH NO SCHEMA BINDING")
