"""Every check is seen to pass and seen to fail, on rows put straight into the tables."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

import jinja2
import psycopg
import pytest
import sparkify_warehouse

from sparkify.checks import CHECKS, KEYS
from sparkify.tables import RESULTS_TABLE, TABLES, TRANSIENT_TABLES
from tests.end_to_end.pipeline import Pipeline
from tests.include.test_sql_files import SQL, examples
from warehouse.checks import Check
from warehouse.operators.load_table import MODES

Row = dict[str, Any]
Rows = dict[str, list[Row]]

EPOCH = datetime.datetime(1970, 1, 1)
FIFTH = datetime.datetime(2018, 11, 5)
SIXTH = datetime.datetime(2018, 11, 6)
NOON = datetime.datetime(2018, 11, 5, 12)
LONG_AGO = datetime.datetime(2018, 10, 1)
PERIOD = {"period_start": str(FIFTH), "period_end": str(SIXTH)}


def play(number: int, at: datetime.datetime | None = NOON, **changed: Any) -> Row:
    """A staged play event; its number in session 1 makes the play's key."""
    ts = at and round((at - EPOCH).total_seconds() * 1000)
    row = {"page": "NextSong", "user_id": 1, "session_id": 1, "item_in_session": number, "level": "free", "ts": ts}
    return row | changed


def fact(number: int, at: datetime.datetime = NOON, **changed: Any) -> Row:
    """The row of that play in a fact table."""
    row = {"songplay_id": 1048576 + number, "start_time": at, "user_id": 1, "session_id": 1, "item_in_session": number}
    return row | {"level": "free", "song_id": "S1", "artist_id": "A1"} | changed


def users(*ids: int) -> list[Row]:
    """Rows of users."""
    return [{"user_id": number} for number in ids]


def history(name: str, observed: float, *, passed: bool = True) -> Row:
    """What an earlier run found."""
    words = {"run_id": "earlier", "table_name": "a.b", "severity": "warn", "expected": "x", "sentence": "x"}
    return words | {"check_name": name, "observed": observed, "passed": passed, "checked_at": NOON}


def garbled(text: str) -> str:
    """UTF-8 read as Latin-1, twice."""
    return text.encode().decode("latin-1").encode().decode("latin-1")


@pytest.fixture(scope="module")
def tables() -> None:
    """The warehouse's tables, made by the DAG's own task."""
    pipeline = Pipeline(sparkify_warehouse.dag)
    pipeline.run_task("create_tables", pipeline.context("tables", None, {}))


@pytest.fixture
def observe(tables: None) -> Iterator[Callable[..., Any]]:
    """Runs a check's SQL over tables that hold the given rows and no others; all is taken back at the end."""
    # Each statement differs from the one before: preparing them gains nothing.
    with psycopg.connect("", prepare_threshold=None) as connection:

        def run(file: str, parameters: dict[str, str], rows: Rows) -> Any:
            for table in {**TABLES, **TRANSIENT_TABLES}:
                connection.execute(f"DELETE FROM {table}")
            for table, values in rows.items():
                for row in values:
                    places = ", ".join(["%s"] * len(row))
                    columns = ", ".join(row)
                    connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({places})", list(row.values()))
            text = (SQL / file).read_text(encoding="utf-8")
            sql = jinja2.Template(text, undefined=jinja2.StrictUndefined).render(examples(text) | parameters)
            found = connection.execute(sql).fetchall()
            assert 1 == len(found)
            return found[0][0]

        yield run
        connection.rollback()


FIGURES = {
    "catalogue_records_without_id": [
        ({"staging.new_songs": []}, {}, 0),
        (
            {
                "staging.new_songs": [
                    {"song_id": "S"},
                    {"artist_id": "A"},
                    {"title": "t"},
                    {"song_id": "S", "artist_id": "A"},
                ]
            },
            {},
            3,
        ),
    ],
    "duplicate_keys": [
        ({"audit.users": users(1, 2)}, {}, 0),
        ({"audit.users": users(1, 2, 1, 1, 2)}, {}, 3),
    ],
    "events_per_day": [
        ({"staging.events": [play(0), play(1), play(2, SIXTH), play(3, None)]}, {}, 1.5),
        ({"staging.events": [play(0, None)]}, {}, None),
    ],
    "missing_values": [
        ({"audit.songs": [{"song_id": "S", "artist_id": "A"}]}, {"table": "audit.songs", "column": "artist_id"}, 0),
        ({"audit.songs": [{"song_id": "S"}, {"song_id": "T"}]}, {"table": "audit.songs", "column": "artist_id"}, 2),
    ],
    "play_events_that_are_no_plays": [
        ({"staging.events": [play(0), play(0), play(1, page="Home", user_id=None)]}, {}, 0),
        (
            {
                "staging.events": [
                    play(0),
                    play(1, None),
                    play(2, user_id=None),
                    play(3, session_id=None),
                    play(0, item_in_session=None),
                    play(-1),
                    play(1048576),
                ]
            },
            {},
            6,
        ),
    ],
    "plays_outside_period": [
        ({"staging.events": [play(0, FIFTH), play(1, NOON), play(2, LONG_AGO, page="Home")]}, PERIOD, 0),
        ({"staging.events": [play(0), play(1, SIXTH), play(2, LONG_AGO)]}, PERIOD, 2),
    ],
    "row_count": [
        ({}, {}, 0),
        ({"staging.events": [play(0), play(0)]}, {}, 2),
    ],
    "share_of_garbled_names": [
        ({}, {}, 0),
        ({"audit.songplays": [fact(0, song="Jóga", artist="Ângela Ãë"), fact(1)]}, {}, 0),
        (
            {"audit.songplays": [fact(0), fact(1, song=garbled("Jóga")), fact(2, artist=garbled("Björk")), fact(3)]},
            {},
            0.5,
        ),
    ],
    "share_of_unmatched_plays": [
        ({}, {}, 0),
        ({"audit.songplays": [fact(0), fact(1), fact(2), fact(3, song_id=None)]}, {}, 0.25),
    ],
    "unaccepted_values": [
        ({"audit.users": [{"user_id": 1, "level": "free"}, {"user_id": 2, "level": None}]}, {}, 0),
        ({"audit.users": [{"user_id": 1, "level": "gratis"}, {"user_id": 2, "level": "Free"}]}, {}, 2),
    ],
    "values_out_of_range": [
        ({"audit.artists": [{"artist_id": str(value), "latitude": value} for value in (-90, 90, None)]}, {}, 0),
        ({"audit.artists": [{"artist_id": str(value), "latitude": value} for value in (-90.5, 91, 0)]}, {}, 2),
    ],
    "volume_against_history": [
        ({"staging.events": [play(0)]}, {}, 1),
        (
            {
                "staging.events": [play(number) for number in range(6)],
                "quality.results": [
                    history("events per day", 2),
                    history("events per day", 4),
                    history("events per day", 1000, passed=False),
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
    [pytest.param(name, *case, id=f"{name}: {case[2]}") for name, cases in FIGURES.items() for case in cases],
)
def test_a_check_observes_the_figure_it_claims_to(observe, name, rows, parameters, observed):
    """Where all is well, and where it is not."""
    assert observed == observe(f"checks/{name}.sql", parameters, rows)


# Plays 0, 1 and 4 began in the period, 4 at its first moment; 2 and 5 did not, 5 at the first moment after it.
PUBLISHED = [fact(0), fact(1), fact(2, LONG_AGO), fact(4, FIFTH), fact(5, SIXTH)]
# What is observed in merge, replace and rebuild.
FIGURES_BY_MODE = {
    "dangling_references": [
        (
            {
                "audit.songplays": [fact(number, user_id=user) for number, user in enumerate([1, 2, 3, 3, None])],
                "audit.users": users(1),
                "sparkify.users": users(2, 4),
            },
            (1, 1, 2),
        ),
        ({"audit.songplays": [fact(0)], "audit.users": users(1)}, (0, 0, 0)),
    ],
    "fact_rows_without_staged_play": [
        (
            {
                "staging.events": [play(0)],
                "audit.songplays": [fact(number) for number in range(6)],
                "sparkify.songplays": PUBLISHED,
            },
            (1, 3, 5),
        ),
        ({"staging.events": [play(0)], "audit.songplays": [fact(0)]}, (0, 0, 0)),
    ],
    "plays_that_replacing_removes": [
        ({"audit.songplays": [fact(0)], "sparkify.songplays": PUBLISHED}, (0, 2, 0)),
        ({"audit.songplays": [fact(0), fact(1), fact(4)], "sparkify.songplays": PUBLISHED}, (0, 0, 0)),
    ],
    "rows_after_publishing": [
        ({"audit.users": users(2, 3), "sparkify.users": users(1, 2)}, (3, 3, 2)),
        ({"sparkify.users": users(1)}, (1, 1, 0)),
        ({}, (0, 0, 0)),
    ],
    "songplays_after_publishing": [
        ({"audit.songplays": [fact(1), fact(2), fact(3)], "sparkify.songplays": PUBLISHED}, (6, 4, 3)),
        ({"sparkify.songplays": [fact(0), fact(1)]}, (2, 0, 0)),
        ({}, (0, 0, 0)),
    ],
    "staged_plays_missing_in_fact": [
        (
            {
                "staging.events": [*map(play, [0, 1, 1, 2, 3, 4, 5]), play(9, page="Home")],
                "audit.songplays": [fact(0)],
                "sparkify.songplays": PUBLISHED,
            },
            (1, 3, 5),
        ),
        ({"staging.events": [play(0), play(0)], "audit.songplays": [fact(0)]}, (0, 0, 0)),
    ],
}


@pytest.mark.parametrize(
    ("name", "rows", "mode", "observed"),
    [
        pytest.param(name, rows, mode, figure, id=f"{name} in {mode}: {figure}")
        for name, cases in FIGURES_BY_MODE.items()
        for rows, figures in cases
        for mode, figure in zip(MODES, figures, strict=True)
    ],
)
def test_a_check_knows_which_published_rows_go(observe, name, rows, mode, observed):
    """None in a merge, the period's plays in a replacement, all in a rebuild."""
    assert observed == observe(f"checks/{name}.sql", {**PERIOD, "mode": mode}, rows)


def test_every_check_file_is_declared_and_tried():
    """No file that nobody uses, no check without a file, none that was never seen to fail."""
    files = {f"checks/{file.name}" for file in (SQL / "checks").iterdir()}
    assert files == {check.sql for check in CHECKS}
    assert files == {f"checks/{name}.sql" for name in (*FIGURES, *FIGURES_BY_MODE)}


def candidate(table: str, number: int = 0, **changed: Any) -> Row:
    """A row of a candidates' table with its key and one column changed."""
    keys = {"songplays": number, "users": number, "songs": str(number), "artists": str(number), "time": NOON}
    name = table.partition(".")[2]
    return {KEYS[name]: keys[name]} | changed


def good_rows() -> Rows:
    """A small run that passes every check."""
    return {
        "staging.events": [play(0)],
        "staging.new_songs": [{"song_id": "S1", "artist_id": "A1"}],
        "audit.songplays": [fact(0)],
        "audit.users": [{"user_id": 1, "level": "free", "gender": "F"}],
        "audit.songs": [{"song_id": "S1", "artist_id": "A1", "year": 1997, "duration": 1.5}],
        "audit.artists": [{"artist_id": "A1", "latitude": 64.1, "longitude": -21.9}],
        "audit.time": [{"start_time": NOON, "hour": 12, "day": 5, "week": 45, "month": 11, "year": 2018, "weekday": 1}],
    }


def bad_rows(check: Check) -> Rows:
    """What the check is there to find, alone in its table."""
    parameters = check.parameters
    table = parameters.get("table", "")
    rows: dict[str, Callable[[], Rows]] = {
        "catalogue_records_without_id": lambda: {"staging.new_songs": [{"title": "t"}]},
        "dangling_references": lambda: {parameters["candidates"]: []},
        "duplicate_keys": lambda: {table: [candidate(table), candidate(table)]},
        "events_per_day": lambda: {"staging.events": []},
        "fact_rows_without_staged_play": lambda: {"staging.events": []},
        "missing_values": lambda: {table: [candidate(table)]},
        "play_events_that_are_no_plays": lambda: {"staging.events": [play(-1)]},
        "plays_outside_period": lambda: {"staging.events": [play(0, LONG_AGO)]},
        "plays_that_replacing_removes": lambda: {"sparkify.songplays": [fact(1)]},
        # Of a view over the events: without them there is none.
        "row_count": lambda: {"staging.events": []},
        "rows_after_publishing": lambda: {parameters["candidates"]: []},
        "share_of_garbled_names": lambda: {"audit.songplays": [fact(0, song=garbled("é"))]},
        "share_of_unmatched_plays": lambda: {"audit.songplays": [fact(0, song_id=None)]},
        "songplays_after_publishing": lambda: {"audit.songplays": []},
        "staged_plays_missing_in_fact": lambda: {"audit.songplays": []},
        "unaccepted_values": lambda: {table: [candidate(table, **{parameters["column"]: "?"})]},
        "values_out_of_range": lambda: {
            table: [candidate(table, **{parameters["column"]: int(parameters["high"]) + 1})]
        },
        "volume_against_history": lambda: {RESULTS_TABLE: [history("events per day", 100)]},
    }
    return rows[check.sql.removeprefix("checks/").removesuffix(".sql")]()


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_declared_check_passes_and_fails(observe, check):
    """With the parameters and bounds that the DAG gives it: a good run passes, one broken for its sake does not."""
    parameters = {**PERIOD, "mode": "replace", **check.parameters}
    assert check.passes(observe(check.sql, parameters, good_rows()))
    assert not check.passes(observe(check.sql, parameters, good_rows() | bad_rows(check)))
