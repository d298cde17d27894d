"""VARCHAR(n) and CHAR(n) are so many bytes, wherever a value is to fit them."""

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def client() -> Iterator[psycopg.Connection]:
    with psycopg.connect("", autocommit=True, prepare_threshold=None) as connection:
        connection.execute("CREATE TEMP TABLE fitted (a VARCHAR(3), b CHAR(3))")
        yield connection


@pytest.mark.parametrize(
    ("change", "type_name"),
    [
        ("INSERT INTO fitted (a) VALUES ('éé')", "character varying(3)"),
        ("INSERT INTO fitted (a) SELECT 'é' || 'é'", "character varying(3)"),
        ("INSERT INTO fitted (a) VALUES ('abcd')", "character varying(3)"),
        ("INSERT INTO fitted (a) VALUES (1234)", "character varying(3)"),
        ("INSERT INTO fitted (b) VALUES ('éé')", "character(3)"),
        ("INSERT INTO fitted (b) VALUES ('abcd')", "character(3)"),
        ("UPDATE fitted SET a = 'éé'", "character varying(3)"),
    ],
)
def test_what_is_too_long_is_an_error(client, change, type_name):
    client.execute("DELETE FROM fitted")
    client.execute("INSERT INTO fitted VALUES ('é', 'é')")
    with pytest.raises(psycopg.errors.StringDataRightTruncation, match=r"value too long for type") as refused:
        client.execute(change)
    assert f"value too long for type {type_name}" == refused.value.diag.message_primary


def test_a_parameter_is_no_other_than_a_literal(client):
    with pytest.raises(psycopg.errors.StringDataRightTruncation):
        client.execute("INSERT INTO fitted (a) VALUES (%s)", ("éé",))


def test_blanks_that_are_too_many_are_cut(client):
    client.execute("DELETE FROM fitted")
    client.execute("INSERT INTO fitted VALUES ('é    ', 'é    ')")
    assert [("é ", 3, "é ", 3)] == client.execute(
        "SELECT a, OCTET_LENGTH(a), b, OCTET_LENGTH(b) FROM fitted"
    ).fetchall()


@given(
    text=st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12), size=st.integers(1, 9)
)
@settings(max_examples=50, deadline=None, database=None)
def test_a_cast_cuts_between_characters(client, text, size):
    kept = text.encode()[:size].decode(errors="ignore")
    assert (kept,) == client.execute(f"SELECT CAST(%s AS VARCHAR({size}))", (text,)).fetchone()


def test_a_column_made_by_a_cast_has_its_length(client):
    client.execute("CREATE TEMP TABLE made AS SELECT CAST('éé' AS VARCHAR(3)) AS a")
    described = client.execute("SELECT a FROM made").description[0]
    assert (("é",), 3) == (client.execute("SELECT a FROM made").fetchone(), described.display_size)
