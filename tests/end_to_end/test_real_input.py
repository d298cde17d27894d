"""The real input leads to the rows computed for it by other means, whatever the order in which it arrives."""

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
def real_bucket(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The DAG loads from the real input where it lies, the bucket that the sandbox of all tests serves it as."""
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_BUCKET", "udacity-dend")


@pytest.fixture
def put(lake, shared_data: Path) -> Callable[[list[Path]], None]:
    """Copies files of the real input into the bucket."""
    root = shared_data / "listening"

    def copy(files: list[Path]) -> None:
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda file: lake.put(str(file.relative_to(root)), file.read_bytes()), files))

    return copy


@pytest.fixture
def logs(shared_data: Path) -> list[Path]:
    """The log files."""
    return sorted((shared_data / "listening" / "log_data").rglob("*.json"))


@pytest.fixture
def songs(shared_data: Path) -> list[Path]:
    """The catalogue's files."""
    return sorted((shared_data / "listening" / "song_data").rglob("*.json"))


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
def test_one_run_of_everything(
    connection, real_bucket, whole_pipeline, empty_warehouse, compare, reader, compare_answers
):
    """A run without any date loads all; staging keeps every record of every file, doubles too; questions know it."""
    returned = whole_pipeline.run()
    compare()
    assert 1882 == returned["stage_events"]["rows"]
    assert (605, 604) == (returned["stage_songs"]["rows"], returned["stage_songs"]["files"])
    assert (605,) == reader.execute("SELECT COUNT(*) FROM staging.songs").fetchone()
    compare_answers()


@pytest.mark.parametrize("connection", ["redshift"], indirect=True)
def test_ten_days_in_random_order_some_repeated(connection, real_bucket, pipeline, logs, empty_warehouse, compare):
    """Each day's candidates are that day's; late days change nothing, and a repeated day reports nothing new."""
    order = DAYS + DAYS[3:4]
    random.Random(11).shuffle(order)
    events = {file.name[:10]: len(file.read_text(encoding="utf-8").splitlines()) for file in logs}
    seen = set()
    for day in order:
        returned = pipeline.run(day)
        assert events[day] == returned["stage_events"]["rows"]
        if day in seen:
            loads = [value for name, value in returned.items() if name.startswith("load_")]
            assert {(0, 0)} == {(load["new"], load["changed"]) for load in loads}
        seen.add(day)
    compare()


@pytest.mark.parametrize("connection", ["postgres"], indirect=True)
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
