"""The bucket folder with listening up to today: filled once, then day by day."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts" / "recent_listening.py"
INTEGER = 2**31  # Redshift's ends below it


def fill(out: Path, today: str, *options: str) -> str:
    """Run it on a day; what it said."""
    words = [sys.executable, SCRIPT, "--out", out, "--today", today, *options]
    return subprocess.run(words, capture_output=True, text=True, check=True, cwd="/").stdout


def files(bucket: Path) -> dict[str, bytes]:
    return {path.relative_to(bucket).as_posix(): path.read_bytes() for path in bucket.rglob("*") if path.is_file()}


def log(day: str) -> str:
    return f"log_data/{day[:4]}/{day[5:7]}/{day}-events.json"


@pytest.fixture(scope="module")
def filled(tmp_path_factory) -> Path:
    """A folder filled on 2026-03-01."""
    out = tmp_path_factory.mktemp("filled")
    assert "19,419 plays from 2026-01-31 to today, 2026-03-01" in fill(out, "2026-03-01")
    return out


@pytest.fixture
def out(filled, tmp_path) -> Path:
    """That folder, to do with as one likes."""
    return Path(shutil.copytree(filled, tmp_path / "out", copy_function=os.link))


def test_the_first_time_it_makes_the_whole_window_up_to_today(filled):
    found = files(filled / "udacity-dend")
    days = sorted(name for name in found if name.startswith("log_data/"))
    assert (30, log("2026-01-31"), log("2026-03-01")) == (len(days), days[0], days[-1])
    assert 2000 == sum(name.startswith("song_data/") for name in found)
    assert "log_json_path.json" in found
    assert {"udacity-dend", ".lock"} == {path.name for path in filled.iterdir()}


def test_on_the_same_day_there_is_nothing_to_do(out):
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file() and path.name != ".lock"}
    assert "holds listening up to today, 2026-03-01" in fill(out, "2026-03-01")
    assert before == {path: path.stat().st_mtime_ns for path in before}


def test_later_only_the_missing_days_are_made_and_continue_what_is_there(out):
    before = files(out / "udacity-dend")
    fill(out, "2026-03-02")
    fill(out, "2026-03-04")
    after = files(out / "udacity-dend")
    assert {log(f"2026-03-0{day}") for day in (2, 3, 4)} == after.keys() - before.keys()
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


def test_after_a_long_pause_it_makes_the_window_and_leaves_a_gap(out):
    before = files(out / "udacity-dend")
    fill(out, "2026-06-01", "--days", "3")
    new = files(out / "udacity-dend").keys() - before.keys()
    assert {log("2026-05-30"), log("2026-05-31"), log("2026-06-01")} == new


def test_ended_by_force_it_leaves_whole_days_and_goes_on_from_there(out, filled):
    """What a run leaves that was killed: its unfinished folder, and the oldest days moved in."""
    (out / ".unfinished" / "log_data").mkdir(parents=True)
    (out / ".unfinished" / "log_data" / "half").write_text("{")
    for day in ("2026-02-27", "2026-02-28", "2026-03-01"):
        (out / "udacity-dend" / log(day)).unlink()
    fill(out, "2026-03-01")
    assert files(filled / "udacity-dend").keys() == files(out / "udacity-dend").keys()
    assert not (out / ".unfinished").exists()
