"""Bad input is left out, counted or refused, in words that say what to fix; everything else is published."""

from __future__ import annotations

import datetime
import json
import os
import re
import socket
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.conftest import PROJECT
from tests.end_to_end.test_corrections import CATALOGUE, EARLIER, FIFTH, FOURTH, event, lines, song
from warehouse.retries import reason_to_retry

DAY = "2018-11-05"
FIELD = PROJECT.parent / "shared" / "field"
DAY_MS = 86_400_000

# Where the drivers' own words matter.
by_both_drivers = pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)


@pytest.fixture
def day_before(lake, pipeline, prepared, published):
    """A day published, and a way to say that nothing else has been since."""
    lake.put(FOURTH, lines(event(sessionId=2, ts=EARLIER)))
    prepared("day_before", lambda: pipeline.run("2018-11-04"))
    return published()


@pytest.fixture
def bulk_threshold(request, pipeline):
    """Sets from how many files on they share batches, for one test."""
    stages = [pipeline.dag.get_task(task_id) for task_id in ("stage_events", "stage_songs")]
    before = [stage.bulk_threshold for stage in stages]
    for stage in stages:
        stage.bulk_threshold = request.param
    yield
    for stage, threshold in zip(stages, before, strict=True):
        stage.bulk_threshold = threshold


def log(day: int) -> str:
    """The key of the log of a day of November 2018."""
    return f"log_data/2018/11/2018-11-{day:02}-events.json"


def at(day: int) -> int:
    """Noon of a day of November 2018, as epoch milliseconds."""
    return EARLIER + (day - 4) * DAY_MS + DAY_MS // 2


def plays(day: int, **changed: Any) -> list[dict[str, Any]]:
    """Three plays of a day, in a session of its own."""
    return [event(**{"sessionId": day, "itemInSession": n, "ts": at(day) + n} | changed) for n in range(3)]


def renamed(events: list[dict[str, Any]], field: str) -> list[dict[str, Any]]:
    """Events in which a field has another name."""
    return [{f"x_{name}" if name == field else name: value for name, value in found.items()} for found in events]


def left_out(run) -> dict[str, str]:
    """What a run has left out, by key, with the reason."""
    stages = [run.returned[task_id] for task_id in ("stage_events", "stage_songs")]
    return {item["key"]: item["reason"] for stage in stages for item in stage["left_out"]}


@by_both_drivers
def test_a_file_with_a_line_that_cannot_be_loaded_is_left_out_and_all_else_published(
    connection, lake, pipeline, published, day_before, capfd
):
    """Named with file, line, column and reason, for logs and catalogue; people's data is in no message."""
    bad = {
        log(5): ('{"page": "NextSong", "lastName": "Hansen-Olsen"', "line 2: "),
        log(6): (json.dumps(event(song="Hansen-Olsen" * 100)), "line 2, column song: "),
        log(7): (json.dumps(event(userId="Hansen-Olsen")), "line 2, column user_id: "),
        log(8): (json.dumps(event(ts="yesterday")), "line 2, column ts, value 'yesterday': "),
        CATALOGUE: (json.dumps(song(duration="long")), "line 2, column duration, value 'long': "),
    }
    for key, (line, _) in bad.items():
        lake.put(key, lines(song() if key == CATALOGUE else event()) + line + "\n")
    lake.put(log(9), lines(*plays(9)))
    run = pipeline.open(period="2018-11")
    run.finish()
    assert {"report_left_out"} == run.errors.keys()
    reasons = left_out(run)
    assert bad.keys() == reasons.keys()
    message = str(run.errors["report_left_out"])
    for key, (_, words) in bad.items():
        assert f"s3://{lake.bucket}/{key}, {words}" in reasons[key]
        assert f"- {key}: {reasons[key]}" in message
    assert "Hansen" not in message + str(run.returned) + "".join(capfd.readouterr())
    assert {2, 9} == {row[6] for row in published()["songplays"]}
    assert set() == published()["songs"]


def test_a_file_stays_left_out_until_it_is_right_or_gone(lake, pipeline, published, day_before):
    """Red run after red run, in which nothing else is read again; a bad file keeps its accepted version."""
    lake.put(FOURTH, lines(event(sessionId=2, ts=EARLIER, level="paid"), event(ts="yesterday")))
    for _ in range(2):
        run = pipeline.open(DAY, period="2018-11-04")
        run.finish()
        assert {"report_left_out"} == run.errors.keys()
        assert ("skipped", "skipped") == (run.states["check_quality"], run.states["publish"])
        assert day_before == published()
    lake.put(FOURTH, lines(event(sessionId=2, ts=EARLIER, level="paid")))
    pipeline.run(DAY, period="2018-11-04")
    assert {"paid"} == {row[3] for row in published()["songplays"]}


# Whole files that are loadable but wrong, each with the check that refuses it.
TROUBLES: dict[int, tuple[list[dict[str, Any]], str]] = {
    6: (renamed(plays(6), "sessionId"), "required fields"),
    7: (renamed(plays(7), "userId"), "required fields"),
    8: (renamed(plays(8), "page"), "required fields"),
    9: (renamed(plays(9), "ts"), "required fields"),
    10: (renamed(plays(10), "itemInSession"), "required fields"),
    11: (renamed(plays(11), "level"), "required fields"),
    12: ([*plays(12), event(sessionId=12, itemInSession=9, ts=at(12), level=None)], "known levels"),
    13: (plays(13, ts=at(13) // 1000), "plausible times"),
    14: (plays(14, ts=at(14) * 1000), "plausible times"),
    15: (plays(15, ts=253402300799000), "plausible times"),
    16: (plays(16, page="Home"), "plays"),
    17: (plays(17, ts=at(17) - 365 * DAY_MS), "events near the file's day"),
    18: ([*plays(18), *plays(18, level="gratis", sessionId=118)], "known levels"),
}


@pytest.mark.parametrize("bulk_threshold", [20, 1], indirect=True, ids=["file by file", "in bulk"])
def test_a_file_that_is_wrong_as_a_whole_is_left_out_with_its_name(
    bulk_threshold, lake, pipeline, published, day_before
):
    """A field renamed, ts in another unit, no play, another year: a green run would have published a hole."""
    for day, (events, _) in TROUBLES.items():
        lake.put(log(day), lines(*events))
    lake.put(FIFTH, lines(*plays(5)))
    run = pipeline.open(period="2018-11")
    run.finish()
    reasons = left_out(run)
    assert {log(day): name for day, (_, name) in TROUBLES.items()} == {
        key: reason.partition(":")[0] for key, reason in reasons.items()
    }
    assert all(re.search("observed .+, expected at most ", reason) for reason in reasons.values())
    assert all(log(day) in str(run.errors["report_left_out"]) for day in TROUBLES)
    assert {2, 5} == {row[6] for row in published()["songplays"]}


def results(reader, run) -> dict[str, float]:
    """What the warnings of a run observed."""
    rows = reader.execute(
        "SELECT check_name, observed FROM sparkify_quality.results WHERE run_id = %s AND NOT passed", [run.run_id]
    ).fetchall()
    return dict(rows)


@pytest.mark.parametrize("bulk_threshold", [20, 1], indirect=True, ids=["file by file", "in bulk"])
def test_a_few_bad_events_are_counted_and_take_part_in_nothing(
    bulk_threshold, lake, pipeline, published, day_before, reader
):
    """Below the share that refuses the file: warnings, kept with their numbers."""
    good = [event(sessionId=5, itemInSession=n, ts=at(5) + n) for n in range(40)]
    odd = [
        event(itemInSession=1, sessionId=None),
        event(itemInSession=1, userId=""),
        event(itemInSession=1, ts=at(5) // 1000),
        event(itemInSession=2, ts=at(5) * 1000),
        event(itemInSession=3, ts=at(5) - 30 * DAY_MS),
        event(sessionId=5, itemInSession=0, ts=at(5) + 1000, userId="8"),
    ]
    lake.put(FIFTH, lines(*good, *odd))
    lake.put(log(6), lines(*plays(6)))
    lake.put(CATALOGUE, lines(song(), song(song_id=None), song(song_id="", artist_id="A9"), song(artist_id=" ")))
    run = pipeline.open(period="2018-11")
    run.finish()
    assert {} == run.errors
    warned = results(reader, run)
    assert (
        warned.items()
        >= {
            "play events that are no plays": 4,
            "implausible events": 2,
            "events far from their file's day": 1,
            "plays of two users": 1,
            "catalogue records without id": 3,
        }.items()
    )
    assert run.returned["check_quality"]["warned"] == len(warned)
    keys = {(row[6], row[9]) for row in published()["songplays"]}
    assert {(2, 0), (1, 3), *[(5, n) for n in range(40)], *[(6, n) for n in range(3)]} == keys
    assert ({"S1"}, {"A1"}) == tuple({row[0] for row in published()[table]} for table in ("songs", "artists"))
    # The user of an implausible or a keyless event is known by their others; user 8's play lost, but they are a user.
    assert {1, 8} == {row[0] for row in published()["users"]}


def test_an_event_of_the_year_2100_does_not_freeze_a_user(lake, pipeline, published, day_before):
    """It would be their latest event for a lifetime."""
    good = [event(sessionId=5, itemInSession=n, ts=at(5) + n) for n in range(20)]
    far = int(datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC).timestamp() * 1000)
    lake.put(FIFTH, lines(*good, event(sessionId=5, itemInSession=99, ts=far, level="free", firstName="Old")))
    pipeline.run(DAY)
    lake.put(log(6), lines(*plays(6, level="paid", firstName="New")))
    pipeline.run("2018-11-06")
    assert {("New", "paid")} == {(row[1], row[4]) for row in published()["users"]}


@pytest.mark.skipif(not FIELD.is_dir(), reason=f"needs {FIELD}")
def test_troubles_that_others_have_met(lake, pipeline, published, day_before, reader):
    """A catalogue record with an empty song id is one without an id; times in another unit are refused."""
    trouble = json.loads((FIELD / "45.json").read_text(encoding="utf-8"))
    for key, body in trouble["files"].items():
        lake.put(key, body)
    lake.put(FIFTH, lines(event(ts=1541377992796123)))
    lake.put(log(6), lines(event(ts=1541377992)))
    run = pipeline.open(period="2018-11")
    run.finish()
    assert {FIFTH, log(6)} == left_out(run).keys()
    assert 1 == results(reader, run)["catalogue records without id"]
    assert day_before == published()


def test_keys_that_are_new_or_missing_are_a_warning(lake, pipeline, day_before):
    """In every record of the sample: COPY ignores the one and makes NULLs of the other."""
    lake.put(FIFTH, lines(*[{**found, "mood": "blue"} for found in renamed(plays(5), "location")]))
    warnings = pipeline.run(DAY)["stage_events"]["warnings"]
    assert [f"{FIFTH}: no column is filled from the keys mood, x_location; no record has the keys location"] == warnings


def refusal(pipeline, published, before, **run) -> str:
    """The error of a run that must fail and publish nothing."""
    with pytest.raises(AirflowFailException) as raised:
        pipeline.run(DAY, **run)
    assert before == published()
    return str(raised.value)


def test_a_missing_jsonpaths_file_is_named(lake, pipeline, published, day_before):
    """The file that maps fields to columns: no file is at fault, so none is left out."""
    lake.put(FIFTH, lines(event()))
    lake.delete("log_json_path.json")
    with pytest.raises(Exception, match=r"log_json_path\.json"):
        pipeline.run(DAY)
    assert day_before == published()


def test_a_day_without_a_file_is_named_with_what_was_expected(lake, pipeline, published, day_before):
    """Somebody asked for it; only scheduled runs go on without."""
    message = refusal(pipeline, published, day_before)
    assert f"there is no file of 2018-11-05 below s3://{lake.bucket}/log_data/; expected listening logs" in message


def test_a_missing_bucket_is_named(lake, pipeline, published, day_before, monkeypatch):
    """The Variable names a bucket that is not there."""
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", "no-such-bucket-of-ours")
    assert "cannot list s3://no-such-bucket-of-ours/log_data/" in refusal(pipeline, published, day_before)


@pytest.mark.parametrize("period", ["2018-13", "2018-02-30", "yesterday", "all'; DROP SCHEMA sparkify; --"])
def test_a_period_that_is_none_is_refused(pipeline, published, day_before, period):
    """Before anything is staged."""
    assert f"not a period: {period!r}" in refusal(pipeline, published, day_before, period=period)


def test_keys_that_are_no_logs_and_no_songs_are_not_read(lake, pipeline, published, day_before):
    """What people and programs leave beside files."""
    lake.put(FIFTH, lines(*plays(5)))
    for key in (f"{FIFTH}.bak", "log_data/_SUCCESS", "log_data/2018/README", "song_data/_SUCCESS", f"{CATALOGUE}.bak"):
        lake.put(key, "no JSON")
    returned = pipeline.run(DAY)
    assert (1, 0) == (returned["stage_events"]["files"], returned["stage_songs"]["files"])
    assert {2, 5} == {row[6] for row in published()["songplays"]}


def test_a_small_second_file_of_a_day_may_be_without_a_play(lake, pipeline, published, day_before):
    """Users come from every event."""
    lake.put(FIFTH, lines(*plays(5)))
    lake.put(log(5).replace(".json", "-2.json"), lines(event(page="Home", userId="5", song=None, artist=None)))
    pipeline.run(DAY)
    assert {1, 5} == {row[0] for row in published()["users"]}


def test_a_duplicate_event_is_one_play(lake, pipeline, published, day_before):
    """Twice in a file, and again in a second file of the same day."""
    lake.put(FIFTH, lines(event(), event()))
    lake.put("log_data/2018/11/2018-11-05-events-2.json", lines(event(), event(itemInSession=1)))
    pipeline.run(DAY)
    assert 3 == len(published()["songplays"])


@pytest.mark.parametrize("bulk_threshold", [1], indirect=True)
def test_files_without_final_newline_are_not_glued(bulk_threshold, lake, pipeline, published, day_before):
    """The last line of one file and the first of the next stay two, in one COPY."""
    lake.put(FIFTH, lines(event()).rstrip())
    lake.put("log_data/2018/11/2018-11-05-events-2.json", lines(event(itemInSession=1)).rstrip())
    lake.put(CATALOGUE, lines(song()).rstrip() + lines(song(song_id="S2")).rstrip())
    returned = pipeline.run(DAY)
    assert (2, 2) == (returned["stage_events"]["rows"], returned["stage_songs"]["rows"])


@by_both_drivers
def test_a_table_that_differs_from_its_ddl_is_named_with_the_alter(
    connection, lake, whole_pipeline, published, day_before, reader
):
    """A column's type, a missing column and one too many, each with what to run; running it fixes it."""
    lake.put(FIFTH, lines(event()))
    reader.execute("ALTER TABLE sparkify.users DROP COLUMN gender")
    reader.execute("ALTER TABLE sparkify.users ADD COLUMN shoe_size INTEGER")
    reader.execute("ALTER TABLE sparkify.artists ALTER COLUMN name TYPE VARCHAR(1000)")
    try:
        with pytest.raises(AirflowFailException) as raised:
            whole_pipeline.run(DAY)
        message = str(raised.value)
        assert "sparkify.users.gender: the DDL has character varying(16), the table has no such column" in message
        assert "sparkify.users.shoe_size: the table has integer, the DDL has no such column" in message
        assert "the DDL has character varying(512), the table has character varying(1000)" in message
        for alter in re.findall(r"run: (.*)", message):
            reader.execute(alter)
        whole_pipeline.run(DAY)
    finally:
        for table in ("users", "artists"):
            reader.execute(f"DROP TABLE sparkify.{table}")
        whole_pipeline.run_task("create_tables", whole_pipeline.context("tables", None, {}))  # in the DDL's order again


@by_both_drivers
def test_a_warehouse_that_cannot_be_reached_is_an_error_worth_a_retry(connection, pipeline, monkeypatch):
    """The retry policy says so, and the message where to look."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        settings = json.loads(os.environ["AIRFLOW_CONN_REDSHIFT"]) | {"port": unused.getsockname()[1]}
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(settings))
    if connection == "redshift":
        # The hook itself tries five times with growing pauses; one try shows the error.
        from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook

        monkeypatch.setattr(RedshiftSQLHook.get_conn.retry, "stop", lambda state: True)
    with pytest.raises(Exception, match=r"connection 'redshift' to host .*, port \d+ cannot be made") as raised:
        pipeline.run_task("create_tables", pipeline.context("r", DAY, {}))
    assert reason_to_retry(raised.value) is not None
