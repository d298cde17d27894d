"""Put a file into the bucket; the next run makes the warehouse right, and changes nothing that is right already."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlglot
from airflow.sdk.exceptions import AirflowFailException
from sqlfluff.dialects.dialect_redshift_keywords import redshift_reserved_keywords
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope


def event(**changed: Any) -> dict[str, Any]:
    """A play event, with some fields changed."""
    return {
        "artist": "Björk", "auth": "Logged In", "firstName": "Ann", "gender": "F", "itemInSession": 0,
        "lastName": "Lee", "length": 200.5, "level": "free", "location": "Reykjavík", "method": "PUT",
        "page": "NextSong", "registration": 1540000000000.0, "sessionId": 1, "song": "Jóga", "status": 200,
        "ts": 1541376000123, "userAgent": "Mozilla", "userId": "1",
    } | changed  # fmt: skip


def song(**changed: Any) -> dict[str, Any]:
    """A catalogue record, with some fields changed."""
    return {
        "artist_id": "A1", "artist_latitude": 64.1, "artist_location": "Reykjavík", "artist_longitude": -21.9,
        "artist_name": "Björk", "duration": 200.5, "num_songs": 1, "song_id": "S1", "title": "Jóga", "year": 1997,
    } | changed  # fmt: skip


def lines(*values: dict[str, Any]) -> str:
    """A JSON-lines file."""
    return "".join(json.dumps(value) + "\n" for value in values)


FOURTH = "log_data/2018/11/2018-11-04-events.json"
FIFTH = "log_data/2018/11/2018-11-05-events.json"
CATALOGUE = "song_data/A/A/A/TRAAA1.json"
EARLIER = 1541376000123 - 86_400_000
DAYS = ("2018-11-04", "2018-11-05")
RAW = ("sparkify_raw.events", "sparkify_raw.songs", "sparkify_raw.files", "sparkify_raw.state")


@pytest.fixture
def two_days(lake, pipeline, prepared):
    """Two days and one song, published."""
    lake.put(FOURTH, lines(event(sessionId=2, ts=EARLIER, itemInSession=3)))
    lake.put(FIFTH, lines(event(), event(itemInSession=1, song="Hunter", ts=1541376200123, level="paid")))
    lake.put(CATALOGUE, lines(song()))
    prepared("two_days", lambda: [pipeline.run(day) for day in DAYS])


@pytest.fixture
def row_versions(reader):
    """Reads the version of every published and raw row, when called: another one after any UPDATE or INSERT."""

    def read() -> dict[str, list[tuple]]:
        tables = [*RAW, *(f"sparkify.{name}" for name in ("songplays", "users", "songs", "artists", "time"))]
        return {table: sorted(reader.execute(f"SELECT xmin, ctid FROM {table}").fetchall()) for table in tables}

    return read


@pytest.mark.parametrize(
    ("connection", "day"),
    [("redshift", "2018-11-04"), ("postgres", "2018-11-05"), ("redshift", None)],
    indirect=["connection"],
)
def test_a_run_with_nothing_new_ends_early_and_touches_no_row(connection, two_days, pipeline, row_versions, day):
    """Any day again, or everything: green, skipped after looking, and no schema of a run is left."""
    before = row_versions()
    assert all(before.values())
    run = pipeline.open(day)
    run.finish()
    assert {} == run.errors
    states = {task_id: state for task_id, state in run.states.items() if task_id != "wait_for_files"}
    assert "skipped" == states.pop("find_files")
    assert {"skipped"} == set(states.values())
    assert before == row_versions()


@pytest.mark.parametrize("param", ["reload", "recompute"])
def test_what_is_done_again_and_has_not_changed_changes_no_published_row(two_days, pipeline, row_versions, param):
    """Row versions compared: no DELETE and INSERT of the same."""
    before = row_versions()
    returned = pipeline.run(period="all", **{param: True})
    assert {"inserted": 0, "deleted": 0} == returned["publish"]["sparkify.songplays"]
    assert (3 if param == "reload" else 0) == returned["stage_events"]["rows"]
    after = row_versions()
    assert {table: rows for table, rows in before.items() if table not in RAW} == {
        table: rows for table, rows in after.items() if table not in RAW
    }


def test_a_correction_reads_that_days_file_alone_and_shows_exactly_what_was_corrected(
    two_days, lake, pipeline, published
):
    """One play is gone, one has another place, one another time, one is new; the run's own day does not matter."""
    before = published()
    lake.put(FIFTH, lines(event(location="Akureyri"), event(itemInSession=5, ts=1541376300123, level="paid")))
    returned = pipeline.run("2018-11-04")
    assert (1, 0) == (returned["stage_events"]["files"], returned["stage_songs"]["files"])
    assert {"inserted": 2, "deleted": 2} == returned["publish"]["sparkify.songplays"]
    after = published()
    kept = {row for row in before["songplays"] if row[6] == 2}
    assert kept == {row for row in after["songplays"] if row[6] == 2}
    assert {(0, "Akureyri"), (5, "Reykjavík")} == {(row[9], row[7]) for row in after["songplays"] - kept}
    assert len(after["songplays"]) == len(after["time"])
    assert (before["songs"], before["artists"]) == (after["songs"], after["artists"])


def test_a_time_that_was_wrong_does_not_stay(two_days, lake, pipeline, published):
    """A day late by mistake, corrected: the later row, which the correction would lose to, is gone with its file."""
    a_day_late = [event(ts=1541376000123 + 86_400_000), event(itemInSession=1, song="Hunter", ts=1541376200123)]
    lake.put(FIFTH, lines(*a_day_late))
    pipeline.run("2018-11-05")
    lake.put(FIFTH, lines(event(), a_day_late[1]))
    pipeline.run("2018-11-05")
    assert {1541376000123, 1541376200123, EARLIER} == {
        round(row[0].replace(tzinfo=None).timestamp() * 1000) for row in published()["time"]
    }


def test_users_follow_their_events(two_days, lake, pipeline, published):
    """A wrong name gives way to the right one; a user without any event is no user; a level is the latest event's."""
    assert {(1, "Ann", "paid")} == {(row[0], row[1], row[4]) for row in published()["users"]}
    lake.put(FIFTH, lines(event(firstName="Zoe", userId="7"), event(itemInSession=1, firstName="Zoe")))
    pipeline.run("2018-11-05")
    assert {(1, "Zoe"), (7, "Zoe")} == {row[:2] for row in published()["users"]}
    lake.put(FIFTH, lines(event(firstName="Zoe", userId="7")))
    pipeline.run("2018-11-05")
    assert {(1, "Ann", "free"), (7, "Zoe", "free")} == {(row[0], row[1], row[4]) for row in published()["users"]}


def test_a_late_day_overwrites_nothing_newer(two_days, lake, pipeline, published):
    """A second file of an earlier day is read by the next run; one of before the first day only on request."""
    lake.put("log_data/2018/11/2018-11-04-events-late.json", lines(event(sessionId=3, ts=EARLIER + 1000)))
    lake.put("log_data/2018/11/2018-11-03-events.json", lines(event(sessionId=4, ts=EARLIER - 86_400_000)))
    assert 1 == pipeline.run("2018-11-05")["find_files"]["new"]
    assert {1, 2, 3} == {row[6] for row in published()["songplays"]}
    assert {("paid",)} == {row[4:5] for row in published()["users"]}


def test_the_catalogue_is_what_its_files_say(two_days, lake, pipeline, published, reader):
    """A corrected record replaces the wrong one, which competes no more; plays are matched again, old ones too."""
    lake.put(CATALOGUE, lines(song(title="Hunter", year=0)))
    returned = pipeline.run("2018-11-05")
    assert (0, 1) == (returned["stage_events"]["files"], returned["stage_songs"]["files"])
    after = published()
    assert {("S1", "Hunter", "A1", None, 200.5)} == after["songs"]
    assert {("Jóga", None), ("Hunter", "S1")} == {(row[10], row[4]) for row in after["songplays"]}
    assert (1,) == reader.execute("SELECT COUNT(*) FROM sparkify_raw.songs").fetchone()


def test_a_vanished_file_stays_until_it_is_dropped(two_days, lake, pipeline, published):
    """A deleted object may be a mistake: its rows go only on request, and then everything that followed from it."""
    before = published()
    lake.delete(CATALOGUE)
    lake.delete(FIFTH)
    lake.put("song_data/A/A/A/TRAAA9.json", lines(song(song_id="S9", title="Hunter")))
    pipeline.run("2018-11-05")
    assert len(before["songplays"]) == len(published()["songplays"])
    returned = pipeline.run("2018-11-05", drop_vanished=True)
    assert 2 == returned["find_files"]["vanished"]
    after = published()
    assert {2} == {row[6] for row in after["songplays"]}
    assert {(1, "free")} == {(row[0], row[4]) for row in after["users"]}
    assert ({"S9"}, 1) == ({row[0] for row in after["songs"]}, len(after["time"]))


def test_a_failed_run_leaves_new_files_new(two_days, lake, pipeline, published):
    """The ledger is written by publishing; files of a run that failed before are read by the next."""
    lake.put("song_data/A/A/A/TRAAA2.json", lines(song(song_id="S2", title="Hunter")))
    pipeline.run("2018-11-05", until="load_songs")
    assert 1 == pipeline.run("2018-11-05")["stage_songs"]["files"]
    assert {"S1", "S2"} == {row[0] for row in published()["songs"]}


def test_a_task_cleared_from_an_old_run_fails_and_says_why(two_days, lake, pipeline, published):
    """Its schema is gone since a later run has published; no other run's rows are there to be taken for its own."""
    lake.put(FIFTH, lines(event()))
    pipeline.run("2018-11-05", run_id="old")
    lake.put(FIFTH, lines(event(), event(itemInSession=1)))
    pipeline.run("2018-11-05", run_id="new")
    before = published()
    for task_id in ("stage_events", "load_users", "load_time", "check_quality", "publish", "report_left_out"):
        with pytest.raises(AirflowFailException, match="is gone: later runs have published and removed it"):
            pipeline.run_task(task_id, pipeline.context("old", "2018-11-04", {}))
        assert before == published(), task_id


def test_the_order_of_a_tables_columns_does_not_matter(two_days, pipeline, published, reader):
    """A column that was dropped and added again comes last; values go by name."""
    before = published()
    for table, column, type_ in (
        ("sparkify_raw.events", "song", "VARCHAR(512)"),
        ("sparkify.users", "first_name", "VARCHAR(256)"),
    ):
        reader.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        reader.execute(f"ALTER TABLE {table} ADD COLUMN {column} {type_}")
    try:
        pipeline.run_task("create_tables", pipeline.context("altered", None, {}))
        pipeline.run(period="all", reload=True)
        assert before == published()
    finally:
        for table in ("sparkify_raw.events", "sparkify.users"):
            reader.execute(f"DROP TABLE {table}")
        pipeline.run_task("create_tables", pipeline.context("tables", None, {}))  # in the DDL's order again


# The pass over keys, times and ids of the fact that DESIGN allows; all else is as wide as a row.
NARROW = {"songplay_id", "start_time", "user_id", "song_id", "artist_id"}


def unbounded_columns(sql: str) -> set[str]:
    """The columns of sparkify.songplays that a statement reads without bounds of the sort key."""
    found: set[str] = set()
    tree = sqlglot.parse_one(sql, read="redshift")
    for scope in traverse_scope(tree.expression if isinstance(tree, exp.Insert | exp.Create) else tree):
        for name, source in scope.sources.items():
            if not isinstance(source, exp.Table) or (source.db, source.name) != ("sparkify", "songplays"):
                continue
            columns = {column.name for column in scope.columns if column.table in (name, "")}
            where = scope.expression.args.get("where")
            bounds = {between.this.name for between in where.find_all(exp.Between)} if where else set()
            if "start_time" not in bounds:
                found |= columns
    return found


def test_unbounded_columns_are_seen():
    """Or the test below would hold for any statement."""
    assert {"songplay_id", "location"} == unbounded_columns(
        "CREATE TEMPORARY TABLE #x AS SELECT p.location FROM sparkify.songplays AS p INNER JOIN #k AS k "
        "ON p.songplay_id = k.songplay_id"
    )
    assert set() == unbounded_columns("SELECT location FROM sparkify.songplays WHERE start_time BETWEEN %s AND %s")


# OID is on the list, but is the name of a column of the catalog that every client asks for.
RESERVED = set(redshift_reserved_keywords.split()) - {"OID"}


def reserved_names(sql: str) -> set[str]:
    """The names in a statement, without quotes, that are reserved words of Redshift: it would not parse there."""
    names = {
        found.name for found in sqlglot.parse_one(sql, read="redshift").find_all(exp.Identifier) if not found.quoted
    }
    return {name for name in names if name.upper() in RESERVED}


@pytest.mark.parametrize("change", ["a new day", "a corrected day", "a new song"])
def test_a_daily_run_scans_no_wide_column_of_the_fact(two_days, lake, pipeline, change):
    """Bounds of the sort key are literals wherever more than keys, times and ids are read; DELETE has them too.

    Only when the catalogue changes, titles and artists are read, to find the plays to match again.
    """
    sent: list[tuple[str, str]] = []
    if change == "a new song":
        lake.put("song_data/A/A/A/TRAAA2.json", lines(song(song_id="S2", title="Hunter")))
    else:
        number = {"a new day": 6, "a corrected day": 5}[change]
        lake.put(
            f"log_data/2018/11/2018-11-0{number}-events.json", lines(event(ts=EARLIER + (number - 4) * 86_400_000))
        )
    day = "2018-11-06" if change == "a new day" else "2018-11-05"
    run = pipeline.open(day, watch=lambda moment, number, sql: sent.append((moment, sql)))
    run.finish()
    assert {} == run.errors
    assert set() == set().union(*(reserved_names(sql) for _, sql in sent))
    assert {"old"} == reserved_names("SELECT old.key FROM #old_values AS old")
    statements = [sql for moment, sql in sent if moment == "before" and "sparkify.songplays" in sql]
    reads = [sql for sql in statements if sql.lstrip().split()[0] in ("SELECT", "WITH", "INSERT", "CREATE")]
    reads = [sql for sql in reads if "LIKE sparkify" not in sql and not sql.startswith("SELECT * FROM sparkify.")]
    assert len(reads) > 5
    wide = set().union(*map(unbounded_columns, reads)) - NARROW
    assert ({"song", "artist"} if change == "a new song" else set()) == wide
    deletes = [sql for sql in statements if sql.startswith("DELETE FROM sparkify.songplays")]
    assert (change != "a new day") == bool(deletes)
    assert all("songplays.start_time BETWEEN %s AND %s" in sql for sql in deletes)
