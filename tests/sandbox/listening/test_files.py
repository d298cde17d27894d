import dataclasses
import gzip
import hashlib
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from sandbox.listening.files import write
from sandbox.listening.plan import ListeningError, Plan

ROOT = Path(__file__).parents[3]
REAL = ROOT.parent / "shared" / "data" / "listening"
SMALL = Plan(date(2018, 12, 31), date(2019, 1, 1), users=4, songs=20, plays=60, seed=3)
# Of SMALL's tree. It may change with the tables, words or draws, never with Python, platform or run.
KNOWN = "b5d8c957e7db65ed6037a543e2c38d3a7f36961f1272931173ec8671d7fdaac3"
LATER = dataclasses.replace(
    SMALL, first=date(2019, 1, 2), last=date(2019, 1, 3), first_session=1000, registered_before=SMALL.first
)
KNOWN_LATER = "600a3f48856140664f97dd11488bcab3d5c41ba5bd2c86251ff6e0d39ee0416f"


def tree(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def digest(folder: Path) -> str:
    total = hashlib.sha256()
    for name, content in tree(folder).items():
        total.update(f"{name} {len(content)}\n".encode() + content)
    return total.hexdigest()


def written(plan: Plan, out: Path, compress: bool = False) -> Path:
    write(plan, out, compress, report=lambda *_: None)
    return out


@pytest.mark.parametrize(("plan", "known"), [(SMALL, KNOWN), (LATER, KNOWN_LATER)])
def test_same_inputs_give_the_known_bytes(tmp_path, plan, known):
    assert known == digest(written(plan, tmp_path))


def test_a_period_that_continues_another_adds_days_and_changes_no_file(tmp_path):
    earlier, later = tree(written(SMALL, tmp_path / "earlier")), tree(written(LATER, tmp_path / "later"))
    new = later.keys() - earlier.keys()
    assert {"log_data/2019/01/2019-01-02-events.json", "log_data/2019/01/2019-01-03-events.json"} == new
    assert {name: earlier[name] for name in later.keys() - new} == {name: later[name] for name in later.keys() - new}


def test_same_inputs_same_bytes_in_another_process(tmp_path):
    """Another hash seed reorders sets and nothing that is written."""
    options = "--from 2018-12-31 --to 2019-01-01 --users 4 --songs 20 --plays 60 --seed 3 --gzip"
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-m", "sandbox.listening", *options.split(), "--out", tmp_path / seed],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
        )
    assert tree(written(SMALL, tmp_path / "here", compress=True)) == tree(tmp_path / "1") == tree(tmp_path / "2")


def test_another_seed_makes_another_world(tmp_path):
    other = Plan(SMALL.first, SMALL.last, SMALL.users, SMALL.songs, SMALL.plays, seed=4)
    assert not set(tree(written(SMALL, tmp_path / "3"))) & set(tree(written(other, tmp_path / "4"))) - {
        "log_data/2018/12/2018-12-31-events.json",
        "log_data/2019/01/2019-01-01-events.json",
        "log_json_path.json",
    }
    log = "log_data/2018/12/2018-12-31-events.json"
    assert (tmp_path / "3" / log).read_bytes() != (tmp_path / "4" / log).read_bytes()


def test_gzip_holds_the_same_without_a_time(tmp_path):
    plain = tree(written(SMALL, tmp_path / "plain"))
    zipped = tree(written(SMALL, tmp_path / "zipped", compress=True))
    assert plain.pop("log_json_path.json") == zipped.pop("log_json_path.json")
    assert plain == {name.removesuffix(".gz"): gzip.decompress(content) for name, content in zipped.items()}
    assert {bytes(4)} == {content[4:8] for content in zipped.values()}


def test_an_earlier_run_is_replaced_and_another_one_refused(tmp_path):
    before = tree(written(SMALL, tmp_path))
    assert before == tree(written(SMALL, tmp_path))
    with pytest.raises(ListeningError, match=r"2018-12-31-events\.json is there and not part of this listening"):
        written(SMALL, tmp_path, compress=True)
    assert before == tree(tmp_path)


def test_files_look_like_the_real_ones(tmp_path):
    """Layout, fields in their order, types of each field page by page, ways of each page, no newline at the end."""
    if not REAL.is_dir():
        pytest.skip(f"the real listening is not at {REAL}")
    plan = Plan(date(2018, 11, 1), date(2018, 11, 10), users=60, songs=600, plays=4000, seed=1)
    made, real = logs(written(plan, tmp_path)), logs(REAL)
    assert [len(name) for name in real] == [len(name) for name in made]
    real_events = [event for events in real.values() for event in events]
    made_events = [event for events in made.values() for event in events]
    assert {tuple(event) for event in real_events} == {tuple(event) for event in made_events}
    assert {types(event) for event in real_events} <= {types(event) for event in made_events}
    submit_downgrade = {("Submit Downgrade", "PUT", 307, "Logged In")}  # nobody did in those ten days
    assert {kind(event) for event in real_events} == {kind(event) for event in made_events} - submit_downgrade
    assert {agent(event) for event in real_events} == {agent(event) for event in made_events}
    assert json.loads((REAL / "log_json_path.json").read_bytes()) == json.loads(
        (tmp_path / "log_json_path.json").read_bytes()
    )
    real_songs, made_songs = songs(REAL), songs(tmp_path)
    assert {tuple(song) for song in real_songs} == {tuple(song) for song in made_songs}
    made_types = {tuple(type(value) for value in song.values()) for song in made_songs}
    assert made_types <= {tuple(type(value) for value in song.values()) for song in real_songs}


def logs(bucket: Path) -> dict[str, list[dict]]:
    files = {path.name: path.read_bytes() for path in sorted((bucket / "log_data").glob("*/*/*-events.json"))}
    assert not any(content.endswith(b"\n") for content in files.values())
    return {name: [json.loads(line) for line in content.splitlines()] for name, content in files.items()}


def songs(bucket: Path) -> list[dict]:
    """The first record of each file: one real file holds two."""
    texts = [path.read_text("utf-8") for path in sorted((bucket / "song_data").glob("?/?/?/TR*.json"))]
    return [json.JSONDecoder().raw_decode(text)[0] for text in texts]


def types(event: dict) -> tuple:
    return event["page"], event["auth"], *(type(value).__name__ for value in event.values())


def kind(event: dict) -> tuple:
    return tuple(event[name] for name in ("page", "method", "status", "auth"))


def agent(event: dict) -> tuple:
    text = event["userAgent"]
    return text is None, bool(text) and text.startswith('"'), bool(text) and text.endswith('"')
