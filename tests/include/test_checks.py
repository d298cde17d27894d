"""Every check is seen to pass and seen to fail, on rows put straight into the tables."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import jinja2
import psycopg
import pytest

from sparkify.checks import CHECKS, KEYS
from sparkify.tables import EVENTS, WAREHOUSE
from tests.end_to_end.conftest import main_dag
from tests.end_to_end.pipeline import Pipeline
from tests.include.test_sql_files import SQL, examples
from warehouse.checks import Check
from warehouse.run_schema import create_statements
from warehouse.tables import FileCheck

Row = dict[str, Any]
Rows = dict[str, list[Row]]

SCHEMA = "sparkify_run_example"
EPOCH = datetime.datetime(1970, 1, 1)
NOON = datetime.datetime(2018, 11, 5, 12)
TWO_DAYS = datetime.timedelta(days=2)
SONGPLAYS, USERS, FILES = "sparkify.songplays", "sparkify.users", "sparkify_raw.files"


def milliseconds(at: datetime.datetime | None) -> int | None:
    """Epoch milliseconds."""
    return at and round((at - EPOCH).total_seconds() * 1000)


def play(number: int, at: datetime.datetime | None = NOON, **changed: Any) -> Row:
    """A staged play event; its number in session 1 makes the play's key."""
    row = {"page": "NextSong", "user_id": 1, "session_id": 1, "item_in_session": number, "level": "free"}
    return row | {"ts": milliseconds(at), "batch_id": 1} | changed


def fact(number: int, at: datetime.datetime = NOON, **changed: Any) -> Row:
    """The row of that play in a fact table."""
    row = {"songplay_id": 1048576 + number, "start_time": at, "user_id": 1, "session_id": 1, "item_in_session": number}
    return row | {"level": "free", "song_id": "S1", "artist_id": "A1"} | changed


def users(*ids: int) -> list[Row]:
    """Rows of users."""
    return [{"user_id": number} for number in ids]


def keys(*numbers: int) -> list[Row]:
    """Keys of plays to delete."""
    return [{"songplay_id": 1048576 + number} for number in numbers]


def file(batch_id: int = 1, day: str = "2018-11-05", name: str = ".json", **changed: Any) -> Row:
    """An entry of the run's files, or without `day` of the ledger."""
    row = {"feed": "events", "bucket": "b", "key": f"log_data/2018/11/{day}-events{name}", "etag": "e", "size": 1}
    return row | {"last_modified": NOON, "batch_id": batch_id, "run_id": "r", "day": day} | changed


def known(day: str, name: str = ".json") -> Row:
    """An entry of the ledger."""
    return {column: value for column, value in file(9, day, name).items() if column != "day"}


def history(name: str, observed: float) -> Row:
    """What an earlier run found."""
    words = {"run_id": "earlier", "table_name": "a.b", "severity": "warn", "expected": "x", "description": "x"}
    return words | {"check_name": name, "observed": observed, "passed": True, "checked_at": NOON}


def garbled(text: str) -> str:
    """UTF-8 read as Latin-1, twice."""
    return text.encode().decode("latin-1").encode().decode("latin-1")


@pytest.fixture(scope="module")
def run_schema() -> Iterator[None]:
    """The warehouse's tables, made by the DAG's own task, and a run's schema, made by the operators' statements."""
    pipeline = Pipeline(main_dag())
    pipeline.run_task("create_tables", pipeline.context("tables", None, {}))
    with psycopg.connect("", autocommit=True, prepare_threshold=None) as connection:
        for statement in create_statements(WAREHOUSE, SCHEMA):
            connection.execute(statement)
        yield
        connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


@pytest.fixture
def observe(run_schema: None) -> Iterator[Callable[..., list[tuple]]]:
    """Runs a check's SQL over tables that hold the given rows and no others; all is taken back at the end."""
    # Each statement differs from the one before: preparing them gains nothing.
    with psycopg.connect("", prepare_threshold=None) as connection:
        filled: set[str] = {SONGPLAYS, USERS, FILES, *map(WAREHOUSE.published, WAREHOUSE.tables), WAREHOUSE.results}

        def run(sql_file: str, parameters: dict[str, str], rows: Rows) -> list[tuple]:
            for table in filled:
                connection.execute(f"DELETE FROM {table}")
            for name, values in rows.items():
                table = name if "." in name else f"{SCHEMA}.{name}"
                filled.add(table)
                for row in values:
                    places = ", ".join(["%s"] * len(row))
                    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", list(row.values()))
            text = (SQL / sql_file).read_text(encoding="utf-8")
            values_ = examples(text) | parameters | {"run_schema": SCHEMA}
            sql = jinja2.Template(text, undefined=jinja2.StrictUndefined).render(values_)
            return connection.execute(sql).fetchall()

        yield run
        connection.rollback()


# By check: rows, parameters beside the examples in its file's header, the value observed.
OBSERVED: dict[str, list[tuple[Rows, dict[str, str], Any]]] = {
    "catalogue_records_without_id": [
        ({}, {}, 0),
        (
            {
                "staged_songs": [
                    {"song_id": "S"},
                    {"artist_id": "A"},
                    {"title": "t"},
                    {"song_id": "", "artist_id": "A"},
                    {"song_id": "S", "artist_id": " "},
                    {"song_id": "S", "artist_id": "A"},
                ]
            },
            {},
            5,
        ),
    ],
    "dangling_references": [
        ({"songplays": [fact(0), fact(1, user_id=None)], "users": users(1)}, {}, 0),
        # Of candidates: published, new and deleted users; each counts once.
        (
            {
                "songplays": [fact(number, user_id=user) for number, user in enumerate([1, 2, 3, 3, 4, 5])],
                "users": users(1),
                USERS: users(2, 4, 6),
                "deleted_users": users(4),
            },
            {},
            3,
        ),
        # Of published plays: those that stay need their users, those that are replaced or deleted do not.
        (
            {
                "songplays": [fact(1, user_id=2)],
                "deleted_songplays": keys(2),
                SONGPLAYS: [fact(0), fact(1, user_id=3), fact(2, user_id=4)],
                USERS: users(1, 2, 3, 4),
                "deleted_users": users(1, 3, 4),
            },
            {},
            1,
        ),
    ],
    "duplicate_keys": [
        ({"users": users(1, 2)}, {}, 0),
        ({"users": users(1, 2, 1, 1, 2)}, {}, 3),
    ],
    "events_far_from_their_day": [
        (
            {
                "files": [file(1), file(2, "2018-11-01"), file(2, "2018-11-05")],
                "staged_events": [
                    play(0),
                    play(1, datetime.datetime(2018, 11, 4)),
                    play(2, datetime.datetime(2018, 11, 6, 23, 59)),
                    play(3, datetime.datetime(2018, 11, 3), batch_id=2),
                    play(4, datetime.datetime(1999, 1, 1)),
                    play(5, None),
                ],
            },
            {},
            0,
        ),
        (
            {
                "files": [file(1), file(2, "2018-11-01"), file(2, "2018-11-03")],
                "staged_events": [
                    play(0, datetime.datetime(2018, 11, 3, 23, 59)),
                    play(1, datetime.datetime(2018, 11, 7)),
                    play(2, datetime.datetime(2018, 11, 5), batch_id=2),
                    play(3, datetime.datetime(2018, 11, 5), batch_id=1),
                ],
            },
            {},
            3,
        ),
    ],
    "events_per_day": [
        ({"staged_events": [play(0), play(1), play(2, NOON + TWO_DAYS), play(3, None)]}, {}, 1.5),
        ({"staged_events": [play(0, datetime.datetime(1999, 12, 31))]}, {}, 0),
    ],
    "implausible_events": [
        (
            {
                "staged_events": [
                    play(0, datetime.datetime(2000, 1, 1)),
                    play(1, datetime.datetime(2099, 12, 31, 23, 59)),
                    play(2, None),
                ]
            },
            {},
            0,
        ),
        (
            {
                "staged_events": [
                    play(0, ts=1541376000),
                    play(1, ts=1541376000123000),
                    play(2, datetime.datetime(2100, 1, 1)),
                    play(3, datetime.datetime(9999, 1, 1)),
                    play(4),
                ]
            },
            {},
            4,
        ),
    ],
    "keys_of_two_users": [
        ({"staged_events": [play(0), play(0), play(1, user_id=2), play(0, user_id=3, page="Home")]}, {}, 0),
        # One among the staged events, one against a published play that stays; that of play 2 is replaced.
        (
            {
                "staged_events": [play(0), play(0, user_id=2), play(1, user_id=2), play(2, user_id=2), play(3)],
                "songplays": [fact(2, user_id=2)],
                "deleted_songplays": keys(3),
                SONGPLAYS: [fact(1), fact(2), fact(3, user_id=2)],
            },
            {},
            2,
        ),
    ],
    "missing_values": [
        ({"songs": [{"song_id": "S", "artist_id": "A"}]}, {"table": "songs", "column": "artist_id"}, 0),
        ({"songs": [{"song_id": "S"}, {"song_id": "T"}]}, {"table": "songs", "column": "artist_id"}, 2),
    ],
    "play_events_that_are_no_plays": [
        ({"staged_events": [play(0), play(0), play(1, page="Home", user_id=None)]}, {}, 0),
        (
            {
                "staged_events": [
                    play(0),
                    play(1, None),
                    play(2, user_id=None),
                    play(3, session_id=None),
                    play(0, item_in_session=None),
                    play(-1),
                    play(1048576),
                    play(4, ts=1541376000),
                    play(5, datetime.datetime(2100, 1, 1)),
                ]
            },
            {},
            8,
        ),
    ],
    "row_count": [
        ({}, {}, 0),
        ({"left_out": [{"feed": "events", "key": "k", "reason": "r"}] * 2}, {}, 2),
    ],
    "rejected_lines": [
        ({}, {}, 0),
        (
            {
                "files": [file(batch_id=2)],
                "rejects": [{"batch_id": number, "file": "f", "error_code": 1, "reason": "r"} for number in (1, 2, 2)],
            },
            {},
            2,
        ),
    ],
    "files_without_rows": [
        ({}, {}, 0),
        ({FILES: [known("2018-11-04")], "files": [file(), file(2, name="-2.json")]}, {}, 3),
        ({FILES: [known("2018-11-05")], "files": [file()], USERS: users(1), "deleted_users": users(1)}, {}, 1),
        ({FILES: [known("2018-11-05")], USERS: users(1, 2), "deleted_users": users(1)}, {}, 0),
        ({"files": [file()], "users": users(1)}, {}, 0),
        # The last file is dropped; another feed's stays.
        (
            {
                FILES: [known("2018-11-05"), {**known("2018-11-05"), "feed": "songs"}],
                "dropped_files": [{name: known("2018-11-05")[name] for name in ("feed", "bucket", "key")}],
                USERS: users(1),
                "deleted_users": users(1),
            },
            {},
            0,
        ),
    ],
    "rows_after_publishing": [
        ({"users": users(2, 3), USERS: users(1, 2, 5), "deleted_users": users(5)}, {}, 3),
        ({USERS: users(1), "deleted_users": users(1)}, {}, 0),
        ({}, {}, 0),
    ],
    "share_of_garbled_names": [
        ({}, {}, 0),
        ({"songplays": [fact(0, song="Jóga", artist="Ângela Ãë"), fact(1)]}, {}, 0),
        (
            {"songplays": [fact(0), fact(1, song=garbled("Jóga")), fact(2, artist=garbled("Björk")), fact(3)]},
            {},
            0.5,
        ),
    ],
    "share_of_unmatched_plays": [
        ({}, {}, 0),
        ({"songplays": [fact(0), fact(1), fact(2), fact(3, song_id=None)]}, {}, 0.25),
    ],
    "staged_plays_missing": [
        # New, published, and no plays.
        (
            {
                "staged_events": [
                    *map(play, (0, 0, 1)),
                    play(9, page="Home"),
                    play(-1),
                    play(8, user_id=None),
                    play(7, ts=1541376000),
                ],
                "songplays": [fact(0)],
                SONGPLAYS: [fact(1)],
            },
            {},
            0,
        ),
        (
            {
                "staged_events": [*map(play, (0, 1, 1, 2))],
                "songplays": [fact(0)],
                "deleted_songplays": keys(2),
                SONGPLAYS: [fact(2)],
            },
            {},
            2,
        ),
    ],
    "staged_users_missing": [
        (
            {
                "staged_events": [
                    play(0),
                    play(1, user_id=2, page="Home"),
                    play(2, user_id=None),
                    play(3, user_id=7, ts=1541376000),
                ],
                "users": users(1),
                USERS: users(2),
            },
            {},
            0,
        ),
        (
            {
                "staged_events": [play(0), play(1, user_id=2, page="Home"), play(2, user_id=3)],
                "users": users(1),
                USERS: users(3),
                "deleted_users": users(3),
            },
            {},
            2,
        ),
    ],
    "unaccepted_values": [
        ({"users": [{"user_id": 1, "level": "free"}, {"user_id": 2, "level": None}]}, {}, 0),
        ({"users": [{"user_id": 1, "level": "gratis"}, {"user_id": 2, "level": "Free"}]}, {}, 2),
    ],
    "values_out_of_range": [
        ({"artists": [{"artist_id": str(value), "latitude": value} for value in (-90, 90, None)]}, {}, 0),
        ({"artists": [{"artist_id": str(value), "latitude": value} for value in (-90.5, 91, 0)]}, {}, 2),
    ],
    "volume_against_history": [
        ({"staged_events": [play(0)]}, {}, 1),
        ({WAREHOUSE.results: [history("events per day", 10)]}, {}, 1),
        (
            {
                "staged_events": [play(number) for number in range(6)],
                WAREHOUSE.results: [
                    history("events per day", 2),
                    history("events per day", 4),
                    history("events per day", 0),
                    history("staged events", 1000),
                ],
            },
            {},
            2,
        ),
    ],
}


@pytest.mark.parametrize(
    ("name", "rows", "parameters", "observed"),
    [
        pytest.param(name, *case, id=f"{name}-{place}: {case[2]}")
        for name, cases in OBSERVED.items()
        for place, case in enumerate(cases)
    ],
)
def test_a_check_observes_what_it_claims_to(observe, name, rows, parameters, observed):
    """Where all is well, and where it is not."""
    assert [(observed,)] == observe(f"checks/{name}.sql", parameters, rows)


HOME = {"page": "Home", "song": None}
# By check of files: rows, and the value observed by batch.
OF_FILES: dict[str, list[tuple[Rows, dict[int, float]]]] = {
    "days_without_plays": [
        # Batch 1 has a play; 2 is a second file of a day of which another file is known, 3 of a day of which batch 1
        # has a file.
        (
            {
                "files": [file(1), file(2, "2018-11-04", "-2.json"), file(3, "2018-11-05", "-2.json")],
                FILES: [known("2018-11-04")],
                "staged_events": [play(0), play(1, **HOME), *[play(2, batch_id=batch, **HOME) for batch in (2, 3)]],
            },
            {},
        ),
        # A date elsewhere in a key is not the file's day, and need not be one.
        (
            {
                "files": [file(1)],
                FILES: [{**known("2018-11-04"), "key": "log_data/of-2018-11-31/2018-11-05-events.json"}],
                "staged_events": [play(0, **HOME)],
            },
            {},
        ),
        # The file itself, in the version accepted before, is no other file. A play without a user is none.
        (
            {
                "files": [file(1), file(2, "2018-11-04"), file(3, "2018-11-01"), file(3, "2018-11-02")],
                FILES: [known("2018-11-05"), {**known("2018-11-04"), "feed": "songs"}],
                "staged_events": [
                    play(0, **HOME),
                    play(1, batch_id=2, user_id=None),
                    play(2, batch_id=3, **HOME),
                ],
            },
            {1: 1, 2: 1, 3: 2},
        ),
    ],
    "share_of_events_far_from_day": [
        ({"files": [file(1)], "staged_events": [play(0), play(1, NOON - datetime.timedelta(days=1))]}, {1: 0}),
        (
            {
                "files": [file(1), file(2, "2017-11-05")],
                "staged_events": [play(0), play(1, NOON - TWO_DAYS), play(2, ts=1541376000), play(3, batch_id=2)],
            },
            {1: 0.5, 2: 1},
        ),
    ],
    "share_of_implausible_events": [
        ({"staged_events": [play(0), play(1, None)]}, {1: 0}),
        (
            {
                "staged_events": [
                    play(0),
                    play(1, ts=1541376000),
                    play(2, ts=1541376000123000, batch_id=2),
                    play(3, datetime.datetime(9999, 1, 1), batch_id=2),
                ]
            },
            {1: 0.5, 2: 1},
        ),
    ],
    "share_of_missing_fields": [
        # Nobody is logged in on other pages.
        ({"staged_events": [play(0), play(1, user_id=None, **HOME)]}, {1: 0}),
        *[
            ({"staged_events": [play(0, **{column: None}), play(1, **{column: None})]}, {1: 1})
            for column in ("session_id", "item_in_session", "page", "ts", "level", "user_id")
        ],
        (
            {
                "staged_events": [
                    play(0, level=None),
                    *[play(number) for number in (1, 2)],
                    play(3, session_id=None),
                    play(4, session_id=None, batch_id=2),
                ]
            },
            {1: 0.25, 2: 1},
        ),
    ],
    "unknown_levels": [
        ({"staged_events": [play(0), play(1, level="paid"), play(2, user_id=None, level=None)]}, {}),
        (
            {"staged_events": [play(0, level=None), play(1, level="Free"), play(2), play(3, batch_id=2)]},
            {1: 2},
        ),
    ],
}


@pytest.mark.parametrize(
    ("name", "rows", "observed"),
    [
        pytest.param(name, *case, id=f"{name}-{place}: {case[1]}")
        for name, cases in OF_FILES.items()
        for place, case in enumerate(cases)
    ],
)
def test_a_check_of_files_observes_each_batch(observe, name, rows, observed):
    """A batch without a row passes."""
    assert observed == dict(observe(f"checks/files/{name}.sql", {}, rows))


def test_every_check_file_is_tried():
    """No check without a file, none that was never seen to fail."""
    assert {f"checks/{name}.sql" for name in OBSERVED} == {check.sql for check in CHECKS}
    assert {f"checks/files/{name}.sql" for name in OF_FILES} == {check.sql for check in EVENTS.checks}


@pytest.mark.parametrize("check", EVENTS.checks, ids=lambda check: check.name)
def test_every_declared_check_of_files_refuses_a_whole_bad_file(observe, check: FileCheck):
    """With the bounds that it has; in bulk already a single event has the files read in halves, but for plays."""
    cases = OF_FILES[check.sql.removeprefix("checks/files/").removesuffix(".sql")]
    values = [value for rows, observed in cases for value in observed.values()]
    assert max(values) > check.at_most
    assert all(value > check.at_most_in_bulk for value in values if value)
    assert min([0, *values]) <= check.at_most_in_bulk


def candidate(table: str, number: int = 0, **changed: Any) -> Row:
    """A row of a candidates' table with its key and one column changed."""
    values = {"songplays": number, "users": number, "songs": str(number), "artists": str(number), "time": NOON}
    return {KEYS[table]: values[table]} | changed


def good_rows() -> Rows:
    """A small run that passes every check."""
    return {
        "files": [file()],
        "staged_events": [play(0)],
        "staged_songs": [{"song_id": "S1", "artist_id": "A1"}],
        "songplays": [fact(0)],
        "users": [{"user_id": 1, "level": "free", "gender": "F", "last_event_at": NOON}],
        "songs": [{"song_id": "S1", "artist_id": "A1", "year": 1997, "duration": 1.5}],
        "artists": [{"artist_id": "A1", "latitude": 64.1, "longitude": -21.9}],
        "time": [{"start_time": NOON, "hour": 12, "day": 5, "week": 45, "month": 11, "year": 2018, "weekday": 1}],
    }


def bad_rows(check: Check) -> Rows:
    """What the check is there to find, alone in its table."""
    parameters = check.parameters
    table = parameters.get("table", "")
    rows: dict[str, Callable[[], Rows]] = {
        "catalogue_records_without_id": lambda: {"staged_songs": [{"title": "t"}]},
        "dangling_references": lambda: {table: []},
        "duplicate_keys": lambda: {table: [candidate(table), candidate(table)]},
        "events_far_from_their_day": lambda: {"files": [file(day="2018-11-01")]},
        "implausible_events": lambda: {"staged_events": [play(0), play(1, ts=1)]},
        "keys_of_two_users": lambda: {"staged_events": [play(0), play(0, user_id=2)]},
        "missing_values": lambda: {table: [candidate(table)]},
        "play_events_that_are_no_plays": lambda: {"staged_events": [play(-1)]},
        "row_count": lambda: {
            "left_out": [{"feed": "events", "key": "k", "reason": "r"}],
        },
        "rejected_lines": lambda: {
            "rejects": [{"batch_id": 1, "file": "f", "error_code": 1, "reason": "r"}],
        },
        "files_without_rows": lambda: {table: []},
        "rows_after_publishing": lambda: {table: []},
        "share_of_garbled_names": lambda: {"songplays": [fact(0, song=garbled("é"))]},
        "share_of_unmatched_plays": lambda: {"songplays": [fact(0, song_id=None)]},
        "staged_plays_missing": lambda: {"songplays": []},
        "staged_users_missing": lambda: {"users": []},
        "unaccepted_values": lambda: {table: [candidate(table, **{parameters["column"]: "?"})]},
        "values_out_of_range": lambda: {
            table: [candidate(table, **{parameters["column"]: int(parameters["high"]) + 1})]
        },
        "volume_against_history": lambda: {WAREHOUSE.results: [history("events per day", 100)]},
    }
    return rows[check.sql.removeprefix("checks/").removesuffix(".sql")]()


# It keeps a value for the check after it; every number is right.
ALWAYS_PASSES = {"events per day"}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_declared_check_passes_and_fails(observe, check: Check):
    """With the parameters and bounds that the DAG gives it: a good run passes, one broken for its sake does not."""
    parameters = dict(check.parameters)
    ((observed,),) = observe(check.sql, parameters, good_rows())
    assert check.passes(observed)
    if check.name not in ALWAYS_PASSES:
        ((observed,),) = observe(check.sql, parameters, good_rows() | bad_rows(check))
        assert not check.passes(observed)


def test_the_table_of_a_check_is_named_without_the_runs_schema():
    """Which has another name in every run: results of different runs are about the same table."""
    assert {"sparkify", "sparkify_run"} == {check.table.partition(".")[0] for check in CHECKS}
