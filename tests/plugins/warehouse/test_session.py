"""A session: its settings outlive a rollback, and its errors say what is wrong without the values of rows."""

from __future__ import annotations

import contextlib
import json
import os
import traceback

import pytest
import redshift_connector
from airflow.sdk.exceptions import AirflowNotFoundException

from tests.plugins.warehouse.conftest import BOTH_DRIVERS
from warehouse.errors import CannotConnectError, DatabaseError, masked, without_values
from warehouse.retries import reason_to_retry

SETTINGS = ("SHOW statement_timeout", "SHOW query_group")
PERSON = "Ada Lovelace, 12 St James's Square"


@BOTH_DRIVERS
@pytest.mark.parametrize("autocommit", [False, True])
def test_a_session_has_its_timeout_and_label_even_after_a_rollback(connection, open_session, autocommit):
    """A SET is part of its transaction; here it came before."""
    with open_session(autocommit=autocommit, label="shop.o'load", statement_timeout=90_000) as session:
        assert [("90000",), ("shop.o'load",)] == [session.row(query) for query in SETTINGS]
        session.rollback()
        with pytest.raises(DatabaseError):
            session.execute("SELECT no_such_column")
        session.rollback()
        assert [("90000",), ("shop.o'load",)] == [session.row(query) for query in SETTINGS]
        assert not any("SET" in statement for statement in session.statements)
    with open_session() as session:
        assert [("7200000",), ("default",)] == [session.row(query) for query in SETTINGS]


@BOTH_DRIVERS
def test_the_server_ends_a_statement_that_takes_longer(connection, open_session):
    """It would take longer the next time too."""
    with open_session(statement_timeout=100) as session:
        with pytest.raises(DatabaseError, match="SQLSTATE 57014") as raised:
            session.execute("SELECT COUNT(*) FROM pg_class AS a, pg_class AS b, pg_class AS c, pg_class AS d")
        assert reason_to_retry(raised.value) is None


@BOTH_DRIVERS
@pytest.mark.parametrize(("autocommit", "fails", "left"), [(False, True, 0), (True, True, 1), (False, False, 1)])
def test_statements_commit_together_or_not_at_all(connection, open_session, table, reader, autocommit, fails, left):
    """Unless in autocommit, where each lasts."""
    with contextlib.suppress(ZeroDivisionError), open_session(autocommit=autocommit) as session:
        session.execute(f"INSERT INTO {table} VALUES (%s, %s)", (1, "Ada"))
        if fails:
            raise ZeroDivisionError
    assert [(left,)] == reader.execute(f"SELECT COUNT(*) FROM {table}").fetchall()


@BOTH_DRIVERS
@pytest.mark.parametrize(
    ("statement", "values", "sqlstate", "words"),
    [
        ("INSERT INTO {table} VALUES (NULL, %s)", [PERSON[:16]], "23502", 'column "person_id"'),
        ("INSERT INTO {table} (name, person_id) SELECT %s, CAST(%s AS INTEGER)", ["x", PERSON], "22P02", "integer"),
        ("SELECT CAST(%s AS TIMESTAMP)", [PERSON], "22007", "timestamp"),
        ("SELECT TO_DATE(%s, 'YYYY-MM-DD')", [PERSON], "22007", ""),
        ("INSERT INTO {table} VALUES (1, %s)", [PERSON], "22001", "character varying(16)"),
        ("SELECT no_such_column FROM {table} WHERE name = %s", [PERSON], "42703", "no_such_column"),
        ("CREATE SCHEMA pg_catalog", None, "42", "pg_catalog"),
    ],
)
def test_an_error_of_the_server_has_no_values_of_rows(
    connection, open_session, table, caplog, statement, values, sqlstate, words
):
    """Neither in its text nor in what a traceback shows nor in the log; SQLSTATE and names stay."""
    caplog.set_level("DEBUG", logger="tests.session")
    with pytest.raises(DatabaseError) as raised, open_session() as session:
        session.execute(statement.format(table=table), values)
    shown = "".join(traceback.format_exception(raised.value)) + caplog.text
    for part in ("Ada", "Lovelace", "James"):
        assert part not in shown
    assert raised.value.sqlstate.startswith(sqlstate)
    assert words in str(raised.value)
    assert f"SQLSTATE {raised.value.sqlstate}" in str(raised.value)


@BOTH_DRIVERS
def test_what_a_schema_still_holds_is_named(connection, open_session, reader):
    """The DETAIL of a refused DROP names tables, not values."""
    reader.execute("CREATE SCHEMA full_of_things")
    reader.execute("CREATE TABLE full_of_things.thing (i INTEGER)")
    try:
        with pytest.raises(DatabaseError, match=r"table full_of_things\.thing"), open_session() as session:
            session.execute("DROP SCHEMA full_of_things RESTRICT")
    finally:
        reader.execute("DROP SCHEMA full_of_things CASCADE")


@BOTH_DRIVERS
def test_a_serialisation_error_is_known_and_names_the_table(connection, open_session, table, reader):
    """Its DETAIL is about the table and the transactions."""
    reader.execute(f"INSERT INTO {table} VALUES (1, 'Ada')")
    with open_session() as session:
        session.rows(f"SELECT * FROM {table}")
        reader.execute(f"UPDATE {table} SET name = 'Grace'")
        with pytest.raises(DatabaseError) as raised:
            session.execute(f"UPDATE {table} SET name = 'Joan'")
        session.rollback()
    assert ("1023", "another transaction changed the same rows (error 1023)") == (
        raised.value.message,
        reason_to_retry(raised.value),
    )
    assert "Serializable isolation violation on table" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Invalid digit, Value 'N', Pos 0, Type: Integer", "Invalid digit, Value '...', Pos 0, Type: Integer"),
        ("Value 'O'Brien's', Pos 3", "Value '...', Pos 3"),
        ("Invalid boolean value 'O'Brien of Kil", "Invalid boolean value '...'"),
        ('invalid input syntax for type integer: "say "Ada""', 'invalid input syntax for type integer: "..."'),
        ("Try using  VARCHAR). Invalid char: é", "Try using  VARCHAR). Invalid char: ..."),
        ("Invalid char: c4 8d", "Invalid char: ..."),
        ("Bad UTF-8 hex sequence: e9 (error 3)", "Bad UTF-8 hex sequence: ... (error 3)"),
        ("Query (150) cancelled on user's request", "Query (150) cancelled on user's request"),
        ("Invalid timestamp format or value [YYYY-MM-DD]", "Invalid timestamp format or value [YYYY-MM-DD]"),
    ],
)
def test_what_a_message_quotes_is_masked(text, shown):
    """An apostrophe quotes nothing."""
    assert shown == masked(text)


@pytest.mark.parametrize(
    "message",
    [
        "Load into table 'events' failed.  Check 'stl_load_errors' system table for details.",
        "The specified S3 prefix 'log_data/2018' does not exist",
        "Unable to read 's3://b/manifest' - S3CurlException: 'Timeout was reached', CurlError 28",
        "S3ServiceException:The bucket 'b' must be addressed using the specified endpoint.,Status 301",
    ],
)
def test_messages_about_tables_and_objects_stay_whole(message):
    """They hold no values; the DETAIL block, which may, goes."""
    error = redshift_connector.ProgrammingError({"C": "XX000", "M": message, "D": f"\n error: {PERSON}"})
    assert f"{message} (SQLSTATE XX000)" == str(without_values(error))


def change_connection(monkeypatch, **changes):
    """Let the connection lead elsewhere."""
    settings = json.loads(os.environ["AIRFLOW_CONN_REDSHIFT"]) | changes
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(settings))
    return settings


@BOTH_DRIVERS
@pytest.mark.parametrize(
    ("changes", "words", "passes"),
    [
        ({"port": 1}, "port 1 cannot be made: .*efused.*not paused.*security group.*5439.*TLS", True),
        ({"host": "no.such.host.invalid"}, "host no.such.host.invalid, port .*Check that the", True),
        ({"password": "hush-hush"}, "authentication failed for user .*Check the connection's login", False),
        ({"schema": "no_such_database"}, 'database "no_such_database" does not exist', False),
    ],
)
def test_a_connection_that_cannot_be_made_says_where_and_what_to_check(
    connection, open_session, monkeypatch, changes, words, passes
):
    """Without the password. What may pass is tried again, a wrong password is not."""
    password = change_connection(monkeypatch, **changes)["password"]
    with pytest.raises(CannotConnectError, match=f"(?s)^connection 'redshift' to .*{words}") as raised:
        open_session().__enter__()
    assert password not in "".join(traceback.format_exception(raised.value))
    assert passes == (reason_to_retry(raised.value) is not None)


def test_a_connection_that_is_not_there_is_airflows_error(monkeypatch, open_session):
    """It names the id itself."""
    monkeypatch.delenv("AIRFLOW_CONN_REDSHIFT")
    with pytest.raises(AirflowNotFoundException, match="redshift"):
        open_session().__enter__()
