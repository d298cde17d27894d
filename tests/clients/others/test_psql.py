"""psql: its commands over the catalogue, variables, and results in pieces."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.skipif(shutil.which("psql") is None, reason="needs psql, PostgreSQL's client")


def psql(script: str) -> str:
    """What a script prints, unaligned; nothing in it may fail."""
    command = ["psql", "--no-psqlrc", "--quiet", "--no-align", "--set", "ON_ERROR_STOP=1"]
    done = subprocess.run(command, input=script, capture_output=True, text=True)
    assert (0, "") == (done.returncode, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def shop(schema: str) -> str:
    """A schema with a table and a view."""
    psql(
        f"""
        CREATE TABLE {schema}.sales (
            id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(20) DEFAULT 'x', price DECIMAL(8, 2)
        ) DISTKEY (id) SORTKEY (name);
        COMMENT ON TABLE {schema}.sales IS 'each row is a sale';
        CREATE VIEW {schema}.names AS SELECT name FROM {schema}.sales;
        INSERT INTO {schema}.sales VALUES (1, 'a', 1.5), (2, 'b', NULL), (3, 'c', -1);
        GRANT SELECT ON {schema}.sales TO PUBLIC;
        """
    )
    return schema


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (r"\d SHOP.sales", "id|bigint||not null|"),
        (r"\d SHOP.sales", "name|character varying(20)|||'x'::character varying"),
        (r"\d+ SHOP.sales", "price|numeric(8,2)||||main||"),
        (r"\d SHOP.names", "name|character varying(20)|||"),
        (r"\dt SHOP.*", "SHOP|sales|table|awsuser"),
        (r"\dt+ SHOP.*", "SHOP|sales|table|awsuser|permanent|8192 bytes|each row is a sale"),
        (r"\dv SHOP.*", "SHOP|names|view|awsuser"),
        (r"\dn", "SHOP|awsuser"),
        (r"\du", "awsuser|Superuser|{}"),
        (r"\dp SHOP.sales", "=r/awsuser|"),
        (r"\l", "dev|awsuser|UTF8|C|C||libc|"),
    ],
)
def test_a_command_over_the_catalogue_finds_what_there_is(shop, command, line):
    """And nothing of the sandbox's own."""
    said = psql(command.replace("SHOP", shop))
    assert line.replace("SHOP", shop) in said.splitlines()
    assert "pg_redshift" not in said


def test_a_view_is_shown_as_it_was_written(shop):
    assert re.search(rf"SELECT name\s+FROM {shop}\.sales", psql(rf"\sv {shop}.names"))


def test_a_script_has_variables_conditions_and_transactions(shop):
    said = psql(
        rf"""
        \set AUTOCOMMIT off
        \set wanted b
        SELECT id, price IS NULL AS free FROM {shop}.sales WHERE name = :'wanted' \gset found_
        \if :found_free
            UPDATE {shop}.sales SET price = 7 WHERE id = :found_id;
        \endif
        \pset tuples_only on
        SELECT price FROM {shop}.sales WHERE id = :found_id;
        ROLLBACK;
        SELECT COUNT(price) FROM {shop}.sales;
        """
    )
    assert ["7.00", "2"] == said.split()[-2:]


def test_a_result_comes_in_pieces_by_a_cursor(shop):
    said = psql(rf"\pset tuples_only on" "\n" rf"\set FETCH_COUNT 2" "\n" rf"SELECT id FROM {shop}.sales ORDER BY id;")
    assert ["1", "2", "3"] == said.split()[-3:]
