"""The real input leads to the rows computed for it by other means, however it arrives."""

from __future__ import annotations

import datetime
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]
DAYS = [f"2018-11-{day:02}" for day in range(1, 11)]


@pytest.fixture
def compare(shared_data: Path) -> Callable[[], None]:
    """Compares the live warehouse with the expected rows, by the tool that comes with them."""

    def run() -> None:
        tool = shared_data.parent / "tools" / "compare_warehouse.py"
        command = [sys.executable, str(tool), str(shared_data / "expected")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return run


@pytest.fixture
def compare_answers(reader: psycopg.Connection, shared_data: Path, logs: list[Path]) -> Callable[[], None]:
    """Compares what the questions answer with the log files themselves, and with the figures that came with them."""
    expected = json.loads((shared_data / "expected" / "expected.json").read_text(encoding="utf-8"))
    events = [json.loads(line) for file in logs for line in file.read_text(encoding="utf-8").splitlines()]
    plays = [found for found in events if found["page"] == "NextSong"]
    moments = [datetime.datetime.fromtimestamp(found["ts"] / 1000, datetime.UTC) for found in plays]

    def ask(name: str) -> list[tuple]:
        sql = (ROOT / "include" / "sql" / "questions" / f"{name}.sql").read_text(encoding="utf-8")
        return reader.execute(sql.strip().rstrip(";")).fetchall()

    def run() -> None:
        assert expected["counts"] == {table: rows for table, rows, _ in ask("freshness")}
        assert expected["matched"] == sum(row[2] for row in ask("matched_plays_by_week"))
        women = [(year, artist, count) for artist, year, count in expected["top_artists_f_2018"]]
        assert women == ask("artists_women_listened_to_most")
        hours = Counter(moment.hour for moment in moments)
        assert sorted(hours.items()) == [(hour, count) for hour, count, _ in ask("plays_by_hour")]
        assert Counter(f"{moment:%A}" for moment in moments) == {day: row[0] for day, *row in ask("plays_by_weekday")}
        top = Counter(found["artist"] for found in plays).items()
        top_ten = sorted(top, key=lambda item: (-item[1], item[0]))[:10]
        assert top_ten == [(artist, count) for artist, count, _ in ask("top_artists")]
        figures = ask("key_figures")[0]
        assert (len(plays), len({found["userId"] for found in plays})) == figures[:2]
        assert max(moments).replace(tzinfo=None) == figures[-1]

    return run


@pytest.fixture
def real_bucket(lake, shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The DAG loads from the real input itself, the bucket that the sandbox of all tests serves it as."""
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", "udacity-dend")


def key(file: Path) -> str:
    """The key of a file of the real input."""
    return file.as_posix().partition("/listening/")[2]


@pytest.fixture
def put(lake) -> Callable[[list[Path]], None]:
    """Copies files of the real input into the bucket."""

    def copy(files: list[Path]) -> None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda file: lake.put(key(file), file.read_bytes()), files))

    return copy


@pytest.fixture
def logs(shared_data: Path) -> list[Path]:
    """The log files."""
    return sorted((shared_data / "listening" / "log_data").rglob("*.json"))


@pytest.fixture
def songs(shared_data: Path) -> list[Path]:
    """The catalogue's files."""
    return sorted((shared_data / "listening" / "song_data").rglob("*.json"))


over_either_connection = pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
over_redshift = pytest.mark.parametrize("connection", ["redshift"], indirect=True)
over_postgres = pytest.mark.parametrize("connection", ["postgres"], indirect=True)


@over_either_connection
def test_one_run_of_everything(
    connection, real_bucket, whole_pipeline, empty_warehouse, compare, reader, compare_answers
):
    """A run without any date loads all; every record of every file is kept, duplicates too; questions find it."""
    returned = whole_pipeline.run()
    compare()
    assert (1882, 10) == (returned["stage_events"]["rows"], returned["stage_events"]["files"])
    assert (605, 604) == (returned["stage_songs"]["rows"], returned["stage_songs"]["files"])
    assert (1882,) == reader.execute("SELECT COUNT(*) FROM sparkify_raw.events").fetchone()
    assert (605,) == reader.execute("SELECT COUNT(*) FROM sparkify_raw.songs").fetchone()
    compare_answers()


@over_redshift
def test_ten_days_in_order(connection, real_bucket, pipeline, logs, empty_warehouse, compare):
    """Each run reads its own day's file, and the first one the catalogue."""
    events = {file.name[:10]: len(file.read_text(encoding="utf-8").splitlines()) for file in logs}
    for day in DAYS:
        returned = pipeline.run(day)
        assert (events[day], 1) == (returned["stage_events"]["rows"], returned["stage_events"]["files"])
        assert (604 if day == DAYS[0] else 0) == returned["stage_songs"]["files"]
    compare()


@over_postgres
def test_ten_days_in_random_order_with_repeats(connection, real_bucket, pipeline, empty_warehouse, compare):
    """A day that has been read, as its own or as a late one of an earlier run, brings nothing new."""
    order = DAYS + DAYS[3:5]
    random.Random(11).shuffle(order)
    read: set[str] = set()
    for day in order:
        run = pipeline.open(day)
        run.finish()
        run.result()
        assert ("skipped" if day in read else "success") == run.states["find_files"]
        read |= {other for other in DAYS if min([day, *read]) <= other <= day}
    compare()


def half(file: Path, *, is_cut_in_a_line: bool) -> bytes:
    """The first half of a log file, as a reader finds it that is being written: to the end of a line, or not."""
    body = file.read_bytes()
    start = body[: len(body) // 2]
    return start if is_cut_in_a_line else start[: start.rindex(b"\n") + 1]


@over_redshift
def test_files_that_were_read_while_they_were_written(
    connection, lake, pipeline, put, logs, songs, empty_warehouse, compare, published
):
    """At first each has half its bytes. Where those end within a line, the file is left out until it is whole."""
    put(songs)
    for number, file in enumerate(logs):
        lake.put(key(file), half(file, is_cut_in_a_line=bool(number % 2)))
    run = pipeline.open(period="all")
    run.finish()
    assert ["report_left_out"] == list(run.errors)
    assert set(DAYS[::2]) == {str(row[1].date()) for row in published()["songplays"]}
    put(logs)
    assert 10 == pipeline.run(period="all")["stage_events"]["files"]
    compare()


@over_postgres
def test_days_whose_ts_was_in_seconds(
    connection, lake, pipeline, put, logs, songs, empty_warehouse, compare, published
):
    """Each such file is refused, and nothing of it is published; then it is right."""
    put(songs)
    for file in logs:
        events = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        lake.put(key(file), "\n".join(json.dumps(found | {"ts": found["ts"] // 1000}) for found in events))
    run = pipeline.open(period="all")
    run.finish()
    assert {key(file) for file in logs} == {item["key"] for item in run.returned["stage_events"]["left_out"]}
    assert set() == published()["songplays"] | published()["users"] | published()["time"]
    put(logs)
    pipeline.run(period="all")
    compare()


@over_postgres
def test_songs_in_two_parts(connection, pipeline, put, logs, songs, empty_warehouse, compare):
    """The catalogue arrives before, between and after the days; plays already published are matched again."""
    put(logs)
    pipeline.run("2018-11-01")
    put(songs[::2])
    pipeline.run("2018-11-02")
    put(songs[1::2])
    pipeline.run("2018-11-03")
    pipeline.run(period="2018-11")
    compare()
