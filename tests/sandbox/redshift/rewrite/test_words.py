"""Statements known by their words: what PostgreSQL gets for them."""

import pytest

from sandbox.redshift.errors import RedshiftError
from sandbox.redshift.rewrite import plan
from sandbox.redshift.statement import Statement


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("begin transaction isolation level serializable, read only", "BEGIN READ ONLY"),
        ("START TRANSACTION", "START TRANSACTION"),
        ("end work", "COMMIT"),
        ("ABORT", "ROLLBACK"),
        ("SET query_group TO 'x'", "SET pg_redshift.query_group TO 'x'"),
        ("SET search_path TO '$user', S", "SET search_path TO '$user', S, pg_redshift, pg_catalog"),
        ("SET LOCAL statement_timeout = 100", "SET LOCAL statement_timeout TO 100"),
        ("SET TIME ZONE 'UTC'", "SET timezone TO 'UTC'"),
        ("SET my.variable = 'x'", 'SET "my"."variable" TO \'x\''),
        ("RESET query_group", "RESET pg_redshift.query_group"),
        ("SHOW timezone", "SHOW timezone"),
        ("SHOW server_version", "SELECT '8.0.2'::text AS server_version"),
        ("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SET LOCAL pg_redshift.isolation TO 'ignored'"),
        ("ANALYZE VERBOSE s.t (a) PREDICATE COLUMNS", "ANALYZE s.t (a)"),
        ("VACUUM FULL s.t TO 99 PERCENT BOOST", "VACUUM s.t"),
        ("VACUUM DELETE ONLY", "VACUUM"),
        ('GRANT SELECT ON "T" TO GROUP g', 'GRANT SELECT ON "t" TO GROUP g'),
        ("CREATE USER u PASSWORD DISABLE CREATEUSER", "CREATE USER u PASSWORD NULL SUPERUSER"),
        ("COPY t FROM STDIN", "COPY t FROM STDIN"),
        ("EXPLAIN SELECT A FROM t", 'EXPLAIN SELECT "a" FROM "t"'),
        (
            "DECLARE c CURSOR FOR SELECT nvl(a, 'x') FROM t",
            """DECLARE c CURSOR FOR SELECT COALESCE("a", 'x') FROM "t\"""",
        ),
        ("DECLARE c NO SCROLL CURSOR FOR SELECT 1", "DECLARE c NO SCROLL CURSOR FOR SELECT 1"),
        ('DECLARE "C" CURSOR WITHOUT HOLD FOR SELECT 1', 'DECLARE "c" CURSOR WITHOUT HOLD FOR SELECT 1'),
        ("RESET ALL", "RESET ALL"),
        ("PREPARE p (int) AS SELECT $1", "PREPARE p (int) AS SELECT $1"),
        (r"COMMENT ON TABLE t IS 'it\'s'", "COMMENT ON TABLE t IS 'it''s'"),
        ("CREATE SCHEMA IF NOT EXISTS S AUTHORIZATION bob", "CREATE SCHEMA IF NOT EXISTS S AUTHORIZATION bob"),
    ],
)
def test_rewrites(before: str, after: str) -> None:
    assert [after] == [statement.sql for statement in plan(before)]


def test_unload_is_handed_over_with_its_query_for_postgresql() -> None:
    text = "UNLOAD ($$select nvl(A, ';') from T$$) TO 's3://b/k' IAM_ROLE default"
    assert [Statement("", unload=(text, plan("select nvl(A, ';') from T")[0].sql))] == plan(text)


def test_copy_from_s3_is_handed_over_as_written() -> None:
    text = "COPY s.T FROM 's3://b/k' IAM_ROLE default\n-- note\nJSON 'auto'"
    assert [Statement("BEGIN"), Statement("", copy=text)] == plan(f"BEGIN; {text} ;")


def test_truncate_commits() -> None:
    assert [Statement('TRUNCATE TABLE "t"', after=("COMMIT",), tag="TRUNCATE")] == plan("TRUNCATE t")


@pytest.mark.parametrize(
    ("sql", "sqlstate", "message"),
    [
        ("SAVEPOINT a", "0A000", "SAVEPOINT"),
        ("ROLLBACK TO a", "0A000", "ROLLBACK TO"),
        ("LISTEN a", "0A000", "LISTEN"),
        ("DISCARD ALL", "0A000", "DISCARD ALL"),
        ("DEALLOCATE ALL", "0A000", "DEALLOCATE ALL"),
        ("CALL p()", "0A000", "CALL"),
        ("UNLOAD ($$select 1; select 2$$) TO 's3://b/k' IAM_ROLE default", "0A000", "UNLOAD of anything but one query"),
        ("ANALYZE COMPRESSION t", "0A000", "ANALYZE COMPRESSION"),
        ("SHOW TABLES FROM SCHEMA dev.s", "0A000", "SHOW TABLES"),
        ("GRANT DROP ON t TO u", "0A000", "this form of GRANT"),
        ("COPY (SELECT 1) TO STDOUT", "0A000", "COPY of a query"),
        ("SET LOCAL enable_case_sensitive_identifier TO off", "0A000", "SET LOCAL"),
        ("SET LOCAL enable_case_sensitive_identifier TO true", "0A000", "enable_case_sensitive_identifier"),
        ("SET work_mem TO '1GB'", "42704", "work_mem"),
        ("BEGIN NOW", "42601", 'at or near "NOW"'),
        ("SET search_path", "42601", "at end of input"),
        ("DECLARE c SCROLL CURSOR FOR SELECT 1", "0A000", "SCROLL"),
        ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", "0A000", "HOLD"),
        ("DECLARE c CURSOR", "42601", "end of input"),
        ("CREATE DATASHARE d", "0A000", "CREATE DATASHARE"),
    ],
)
def test_refuses(sql: str, sqlstate: str, message: str) -> None:
    with pytest.raises(RedshiftError) as caught:
        plan(sql)
    assert sqlstate == caught.value.sqlstate
    assert message in caught.value.message
