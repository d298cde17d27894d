"""Bad input stops a run with words that say what to mend, and publishes nothing."""

from __future__ import annotations

import json
import os
import re
import socket

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.end_to_end.test_corrections import FIFTH, event, lines, song

DAY = "2018-11-05"


@pytest.fixture
def day_before(lake, pipeline, prepared, published):
    """A day published, and a way to say that nothing else has been since."""
    lake.put("log_data/2018/11/2018-11-04-events.json", lines(event(sessionId=2, ts=1541376000123 - 86_400_000)))
    prepared("day_before", lambda: pipeline.run("2018-11-04"))
    return published()


def refusal(pipeline, published, before, **run) -> str:
    """The error of a run that must fail and publish nothing."""
    with pytest.raises(AirflowFailException) as raised:
        pipeline.run(DAY, **run)
    assert before == published()
    return str(raised.value)


# Where the drivers' own words matter.
by_both_drivers = pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)


@by_both_drivers
@pytest.mark.parametrize(
    ("bad_line", "what"),
    [
        ('{"page": "NextSong", ', "line 2"),
        (json.dumps(event(song="x" * 1025)), r"line 2, column song, value 'x.*length"),
        (json.dumps(event(userId="no number")), r"line 2, column user_id, value 'no number'"),
        (json.dumps(event(ts="yesterday")), r"line 2, column ts, value 'yesterday'"),
    ],
    ids=["broken line", "string too long", "user id that is no number", "value of the wrong type"],
)
def test_a_line_that_cannot_be_loaded_is_named(connection, lake, pipeline, published, day_before, bad_line, what):
    """File, line, column, value and reason; nothing is published."""
    lake.put(FIFTH, json.dumps(event()) + "\n" + bad_line + "\n")
    message = refusal(pipeline, published, day_before)
    assert f"s3://{lake.bucket}/{FIFTH}" in message
    assert re.search(what, message), message


def test_a_missing_jsonpaths_file_is_named(connection, lake, pipeline, published, day_before):
    """The file that maps fields to columns."""
    lake.put(FIFTH, lines(event()))
    lake.delete("log_json_path.json")
    with pytest.raises(Exception, match=r"log_json_path\.json"):
        pipeline.run(DAY)
    assert day_before == published()


def test_an_empty_prefix_is_named_with_what_was_expected(connection, lake, pipeline, published, day_before):
    """No log file for the day."""
    message = refusal(pipeline, published, day_before)
    assert f"nothing lies below s3://{lake.bucket}/log_data/2018/11/2018-11-05-events" in message
    assert "expected the period's listening logs" in message


def test_a_missing_bucket_is_named(connection, lake, pipeline, published, day_before, monkeypatch):
    """The Variable names a bucket that is not there."""
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", "no-such-bucket-of-ours")
    assert "s3://no-such-bucket-of-ours/log_data" in refusal(pipeline, published, day_before)


def test_files_of_different_compression_are_named(connection, lake, pipeline, published, day_before):
    """One COPY takes one compression."""
    lake.put(FIFTH, lines(event()))
    lake.put(FIFTH + ".gz", b"")
    message = refusal(pipeline, published, day_before)
    assert FIFTH in message
    assert FIFTH + ".gz" in message


def test_a_day_with_zero_plays_is_loaded(connection, lake, pipeline, published, day_before, reader):
    """Users come from every event; a warning is kept."""
    lake.put(FIFTH, lines(event(page="Home", userId="5", song=None, artist=None)))
    pipeline.run(DAY)
    assert day_before["songplays"] == published()["songplays"]
    assert {1, 5} == {row[0] for row in published()["users"]}
    kept = reader.execute("SELECT passed, severity FROM quality.results WHERE check_name = 'staged plays'").fetchall()
    assert (False, "warn") in kept


def test_a_duplicate_event_is_one_play(connection, lake, pipeline, published, day_before):
    """Twice in a file, and again in a second file of the same day."""
    lake.put(FIFTH, lines(event(), event()))
    lake.put("log_data/2018/11/2018-11-05-events-2.json", lines(event(), event(itemInSession=1)))
    pipeline.run(DAY)
    assert 3 == len(published()["songplays"])


def test_files_without_final_newline_are_not_glued(connection, lake, pipeline, published, day_before):
    """The last line of one file and the first of the next stay two."""
    lake.put(FIFTH, lines(event()).rstrip())
    lake.put("log_data/2018/11/2018-11-05-events-2.json", lines(event(itemInSession=1)).rstrip())
    lake.put("song_data/A/A/A/TRAAA1.json", lines(song()).rstrip() + lines(song(song_id="S2")).rstrip())
    returned = pipeline.run(DAY)
    assert (2, 2) == (returned["stage_events"]["rows"], returned["stage_songs"]["rows"])


@pytest.mark.parametrize("period", ["2018-13", "2018-02-30", "yesterday", "2018-1", "all'; DROP SCHEMA sparkify; --"])
def test_a_period_that_is_none_is_refused(connection, lake, pipeline, published, day_before, period):
    """Before anything is staged."""
    assert f"not a period: {period!r}" in refusal(pipeline, published, day_before, period=period)


@by_both_drivers
def test_a_table_that_differs_from_its_ddl_is_named_with_the_alter(
    connection, lake, whole_pipeline, published, day_before, reader
):
    """A column's type, a missing column and one too many, each with what to run; running it mends it."""
    lake.put(FIFTH, lines(event()))
    reader.execute("ALTER TABLE sparkify.users DROP COLUMN gender")
    reader.execute("ALTER TABLE sparkify.users ADD COLUMN shoe_size INTEGER")
    reader.execute("ALTER TABLE sparkify.artists ALTER COLUMN name TYPE VARCHAR(1000)")
    with pytest.raises(AirflowFailException) as raised:
        whole_pipeline.run(DAY)
    message = str(raised.value)
    alters = re.findall(r"run: (.*)", message)
    assert "sparkify.users.gender: the DDL has character varying(16), the table has no such column" in message
    assert "sparkify.users.shoe_size: the table has integer, the DDL has no such column" in message
    assert "the DDL has character varying(1024), the table has character varying(1000)" in message
    for alter in alters:
        reader.execute(alter)
    whole_pipeline.run(DAY)
    reader.execute("DROP SCHEMA sparkify CASCADE")
    whole_pipeline.run_task("create_tables", whole_pipeline.context("tables", None, {}))  # in the DDL's order again


@by_both_drivers
def test_a_warehouse_that_cannot_be_reached_is_an_error_worth_a_retry(connection, pipeline, monkeypatch):
    """The retry policy takes it for passing."""
    from warehouse.retries import reason_to_retry

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings = json.loads(os.environ["AIRFLOW_CONN_REDSHIFT"]) | {"port": unused.getsockname()[1]}
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(settings))
    if connection == "redshift":
        # The hook itself tries five times with growing pauses; one try shows the error.
        from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook

        monkeypatch.setattr(RedshiftSQLHook.get_conn.retry, "stop", lambda state: True)
    with pytest.raises(Exception) as raised:  # noqa: PT011  # each driver has its own
        pipeline.run_task("create_tables", pipeline.context("r", DAY, {}))
    assert reason_to_retry(raised.value) is not None


@by_both_drivers
def test_a_failed_check_leaves_published_tables_as_they_were(connection, lake, pipeline, published, day_before, reader):
    """All failed checks are listed, all results kept, nothing published."""
    lake.put(FIFTH, lines(event(level="gratis"), event(itemInSession=1, userId="7", level="gratis", gender="?")))
    message = refusal(pipeline, published, day_before)
    assert "2 of" in message
    assert "songplays.level is accepted: every level among the candidates" in message
    assert "users.level is accepted" in message
    assert "observed 2, expected 0" in message
    failed = reader.execute("SELECT check_name, severity FROM quality.results WHERE NOT passed ORDER BY 1").fetchall()
    assert ("users.gender is accepted", "warn") in failed
    assert ("users.level is accepted", "error") in failed
