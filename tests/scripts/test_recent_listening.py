"""The bucket folder with recent listening: filled once, then day by day, each day once it has ended."""

from __future__ import annotations

import datetime
import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from scripts import recent_listening
from scripts.recent_listening import LOOK_EVERY, fill, follow, last_ended_day, pause

SCRIPT = Path(recent_listening.__file__)
INTEGER = 2**31  # Redshift's ends below it
TOKYO = datetime.timezone(datetime.timedelta(hours=9))


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def moment(text: str) -> datetime.datetime:
    """A time; UTC unless it says otherwise."""
    found = datetime.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def files(bucket: Path) -> dict[str, bytes]:
    return {path.relative_to(bucket).as_posix(): path.read_bytes() for path in bucket.rglob("*") if path.is_file()}


def log(day: str) -> str:
    return f"log_data/{day[:4]}/{day[5:7]}/{day}-events.json"


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Path:
    """A folder filled up to 2026-03-01."""
    out = tmp_path_factory.mktemp("filled")
    assert "with 19,419 plays from 2026-01-31 to 2026-03-01" in fill(out, 30, day("2026-03-01"))
    return out


@pytest.fixture
def out(filled, tmp_path) -> Path:
    """A copy of that folder for one test."""
    return Path(shutil.copytree(filled, tmp_path / "out", copy_function=os.link))


@pytest.mark.parametrize(
    ("now", "ended", "seconds"),
    [
        ("2026-03-01T00:00:00", "2026-02-28", LOOK_EVERY),
        ("2026-03-01T12:34:56", "2026-02-28", LOOK_EVERY),
        ("2026-03-01T23:59:30", "2026-02-28", 30),
        ("2026-03-01T23:59:59.999", "2026-02-28", 0.001),
        ("2026-03-02T00:00:00", "2026-03-01", LOOK_EVERY),
        ("2024-03-01T08:59:50+09:00", "2024-02-28", 10),  # UTC decides, and leap years have their day
        ("2024-03-01T09:00:00+09:00", "2024-02-29", LOOK_EVERY),
    ],
)
def test_a_day_has_ended_at_midnight_utc_and_that_is_when_the_next_look_is(now, ended, seconds):
    assert day(ended) == last_ended_day(moment(now))
    assert seconds == pytest.approx(pause(moment(now)))


def test_the_first_time_it_writes_the_whole_window(filled):
    found = files(filled / "udacity-dend")
    days = sorted(name for name in found if name.startswith("log_data/"))
    assert (30, log("2026-01-31"), log("2026-03-01")) == (len(days), days[0], days[-1])
    assert 2000 == sum(name.startswith("song_data/") for name in found)
    assert "log_json_path.json" in found
    assert {"udacity-dend", ".lock"} == {path.name for path in filled.iterdir()}


def test_a_day_that_is_there_is_not_written_again(out):
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != ".lock"}
    assert "holds listening up to 2026-03-01" in fill(out, 30, day("2026-03-01"))
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_later_only_the_missing_days_are_written_and_continue_what_is_there(out):
    before = files(out / "udacity-dend")
    fill(out, 30, day("2026-03-02"))
    fill(out, 30, day("2026-03-04"))
    after = files(out / "udacity-dend")
    assert {log(f"2026-03-0{number}") for number in (2, 3, 4)} == after.keys() - before.keys()
    assert before == {name: after[name] for name in before}

    seen: dict[int, set[str]] = defaultdict(set)  # the fill that each session's events come from
    people: dict[str, set[tuple]] = defaultdict(set)
    for name, content in after.items():
        if name.startswith("log_data/"):
            fill_day = "first" if name in before else min(name, log("2026-03-03"))
            for event in map(json.loads, content.splitlines()):
                seen[event["sessionId"]].add(fill_day)
                people[event["userId"]].add(tuple(event[field] for field in ("firstName", "gender", "registration")))
    assert {1} == {len(fills) for fills in seen.values()}
    assert max(seen) < INTEGER
    del people[""]
    assert {1} == {len(known) for known in people.values()}


def test_after_a_long_pause_it_writes_the_window_and_leaves_a_gap(out):
    before = files(out / "udacity-dend")
    fill(out, 3, day("2026-06-01"))
    new = files(out / "udacity-dend").keys() - before.keys()
    assert {log("2026-05-30"), log("2026-05-31"), log("2026-06-01")} == new


def test_after_a_kill_there_are_whole_days_and_the_next_fill_continues(out, filled):
    """A killed fill leaves its unfinished folder, and the oldest days moved in."""
    (out / ".unfinished" / "log_data").mkdir(parents=True)
    (out / ".unfinished" / "log_data" / "half").write_text("{")
    for name in ("2026-02-27", "2026-02-28", "2026-03-01"):
        (out / "udacity-dend" / log(name)).unlink()
    fill(out, 30, day("2026-03-01"))
    assert files(filled / "udacity-dend").keys() == files(out / "udacity-dend").keys()
    assert not (out / ".unfinished").exists()


class Clock:
    """A clock that stands still but for `sleep`, which ends `follow` after some calls."""

    def __init__(self, now: str, sleeps: int) -> None:
        self.now = moment(now)
        self.sleeps = sleeps
        self.slept = 0.0

    def __call__(self) -> datetime.datetime:
        return self.now.astimezone(TOKYO)  # whatever zone the machine is in

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= LOOK_EVERY
        if not self.sleeps:
            raise StopIteration
        self.sleeps -= 1
        self.now += datetime.timedelta(seconds=seconds)


def newest(out: Path) -> str:
    """The last log file in the bucket."""
    return max(name for name in files(out / "udacity-dend") if name.startswith("log_data/"))


def test_following_adds_a_day_the_moment_it_has_ended(out, capsys):
    """And not before: no event is in the future."""
    clock = Clock("2026-03-02T23:57:30", sleeps=2)
    with pytest.raises(StopIteration):
        follow(out, 30, clock, clock.sleep)
    assert (moment("2026-03-02T23:59:30"), log("2026-03-01")) == (clock.now, newest(out))
    clock.sleeps = 1
    with pytest.raises(StopIteration):
        follow(out, 30, clock, clock.sleep)
    assert (moment("2026-03-03T00:00:00"), log("2026-03-02")) == (clock.now, newest(out))
    latest = max(json.loads(line)["ts"] for line in (out / "udacity-dend" / newest(out)).read_bytes().splitlines())
    assert latest < clock.now.timestamp() * 1000
    printed = capsys.readouterr().out.splitlines()
    assert 3 == len(printed), "a line when something changes, and none for each look"
    assert "from 2026-03-02 to 2026-03-02" in printed[-1]


def test_following_tries_again_what_the_disk_refused(out, capsys):
    """Here because a file is where a folder must be, until somebody removes it."""
    month = out / "udacity-dend" / "log_data" / "2026" / "03"
    month.rename(out / "aside")
    month.write_text("in the way")
    clock = Clock("2026-03-02T12:00:00", sleeps=1)

    def sleep(seconds: float) -> None:
        if month.is_file():
            month.unlink()
        clock.sleep(seconds)

    with pytest.raises(StopIteration):
        follow(out, 30, clock, sleep)
    assert log("2026-03-01") == newest(out)
    refused, filled = capsys.readouterr().out.splitlines()
    assert "trying again every 60 s" in refused
    assert "from 2026-03-01 to 2026-03-01" in filled


def test_the_command_writes_up_to_yesterday(tmp_path):
    words = [sys.executable, SCRIPT, "--out", tmp_path, "--days", "1"]
    before = last_ended_day(recent_listening.now_utc())
    printed = subprocess.run(words, capture_output=True, text=True, check=True, cwd="/").stdout
    assert any(f"from {ended} to {ended}" in printed for ended in (before, last_ended_day(recent_listening.now_utc())))
