"""Reruns change nothing, corrections change exactly what was corrected, and old runs cannot publish new rows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException


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


@pytest.fixture
def two_days(lake, pipeline, prepared):
    """Two days and one song, published."""
    lake.put(FOURTH, lines(event(sessionId=2, ts=EARLIER, itemInSession=3)))
    lake.put(FIFTH, lines(event(), event(itemInSession=1, song="Hunter", ts=1541376200123, level="paid")))
    lake.put(CATALOGUE, lines(song()))
    prepared("two_days", lambda: [pipeline.run(day) for day in ("2018-11-04", "2018-11-05")])


def test_a_rerun_of_any_day_changes_no_row(two_days, pipeline, published):
    """Full contents compared; nothing new, nothing changed, all unchanged."""
    before = published()
    for day in ("2018-11-05", "2018-11-04"):
        returned = pipeline.run(day)
        assert before == published()
        for name, load in returned.items():
            if name.startswith("load_"):
                assert (0, 0) == (load["new"], load["changed"]), name
        assert returned["load_songplays"]["unchanged"] > 0
        assert 0 == returned["stage_songs"]["rows"]


def test_an_older_day_does_not_overwrite_a_newer_level(two_days, pipeline, published):
    """The user went from free to paid on the second day; loading the first again leaves them paid."""
    pipeline.run("2018-11-04")
    assert {("paid",)} == {row[4:5] for row in published()["users"]}


def test_replace_shows_exactly_the_corrected_day(two_days, lake, pipeline, published):
    """One play of the day is gone, one has another place, one is new; the other day stands."""
    before = published()
    lake.put(FIFTH, lines(event(location="Akureyri"), event(itemInSession=5, ts=1541376300123, level="paid")))
    pipeline.run("2018-11-05", mode="replace")
    after = published()
    kept = {row for row in before["songplays"] if row[6] == 2}
    assert kept == {row for row in after["songplays"] if row[6] == 2}
    assert {(0, "Akureyri"), (5, "Reykjavík")} == {(row[9], row[7]) for row in after["songplays"] - kept}
    assert before["songs"] == after["songs"]


def test_replace_corrects_a_user_of_the_day(two_days, lake, pipeline, published):
    """A wrong name in the day's log, which would win under merge, gives way."""
    lake.put(FIFTH, lines(event(firstName="Zoe"), event(itemInSession=1, ts=1541376200123, firstName="Zoe")))
    pipeline.run("2018-11-05", mode="replace")
    assert {(1, "Zoe", "Lee", "F", "free")} == {row[:5] for row in published()["users"]}


def test_replaced_plays_do_not_come_back_with_new_songs(two_days, lake, pipeline, published):
    """A play that the corrected file lacks stays away although a new catalogue file matches it."""
    lake.put(FIFTH, lines(event()))
    lake.put("song_data/A/A/A/TRAAA2.json", lines(song(song_id="S2", title="Hunter")))
    pipeline.run("2018-11-05", mode="replace")
    assert {"Jóga"} == {row[10] for row in published()["songplays"]}


def test_rebuild_forgets_a_removed_song(two_days, lake, pipeline, published):
    """Under merge a song once loaded stays; a rebuild knows only what is in the bucket."""
    lake.delete(CATALOGUE)
    lake.put("song_data/A/A/A/TRAAA9.json", lines(song(song_id="S9", title="Hunter", year=0)))
    pipeline.run(period="all", mode="rebuild")
    after = published()
    assert {("S9", "Hunter", "A1", None, 200.5)} == after["songs"]
    assert {("Jóga", None), ("Hunter", "S9")} == {(row[10], row[4]) for row in after["songplays"]}


def test_rebuild_takes_a_corrected_song_file(two_days, lake, pipeline, published, reader):
    """The wrong version does not compete, and the ledger holds the file as it is now."""
    lake.put(CATALOGUE, lines(song(year=0, title="Joga")))
    pipeline.run(period="all", mode="rebuild")
    after = published()
    assert {("S1", "Joga", "A1", None, 200.5)} == after["songs"]
    assert {None} == {row[4] for row in after["songplays"]}
    assert [(CATALOGUE,)] == reader.execute("SELECT key FROM staging.song_files").fetchall()
    assert (1,) == reader.execute("SELECT COUNT(*) FROM staging.songs").fetchone()


def test_a_rebuild_gives_what_merging_gave(two_days, pipeline, published):
    """With nothing corrected, making everything anew changes nothing."""
    before = published()
    pipeline.run(period="all", mode="rebuild")
    assert before == published()


def test_a_changed_song_file_is_one_more_version(two_days, lake, pipeline, published, reader):
    """Under merge a file of the same name and other content is loaded; known records are not loaded again."""
    lake.put(CATALOGUE, lines(song(year=1990)))
    returned = pipeline.run("2018-11-05")
    assert (1, 1) == (returned["stage_songs"]["files"], returned["load_songs"]["changed"])
    assert {1990} == {row[3] for row in published()["songs"]}
    assert (2,) == reader.execute("SELECT COUNT(*) FROM staging.songs").fetchone()
    assert 0 == pipeline.run("2018-11-05")["stage_songs"]["files"]


def test_without_a_work_prefix_the_catalogue_is_copied_whole(two_days, lake, pipeline, published, reader, monkeypatch):
    """And says so; records known already are not kept twice."""
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_WORK_PREFIX", "")
    lake.put("song_data/A/A/A/TRAAA2.json", lines(song(song_id="S2", title="Hunter")))
    returned = pipeline.run("2018-11-05")
    assert (1, 2) == (returned["stage_songs"]["rows"], returned["stage_songs"]["files"])
    assert {"S1", "S2"} == {row[0] for row in published()["songs"]}
    assert (2,) == reader.execute("SELECT COUNT(*) FROM staging.songs").fetchone()


def test_a_task_cleared_from_an_old_run_fails_and_says_why(two_days, pipeline, published):
    """Staging and audit belong to the last run; a task of another finds that out before it writes."""
    pipeline.run("2018-11-04", run_id="old")
    pipeline.run("2018-11-05", run_id="new")
    before = published()
    for task_id in ("stage_events", "load_users", "check_quality", "publish"):
        with pytest.raises(AirflowFailException, match=r"hold the rows of run 'new', not of this run 'old'"):
            pipeline.run_task(task_id, pipeline.context("old", "2018-11-04", {}))
        assert before == published(), task_id


def test_a_published_run_is_published_once(two_days, pipeline, published, reader):
    """A second try of publish, after its answer was lost, does nothing; a load of that run refuses."""
    pipeline.run("2018-11-05", run_id="again")
    before, songs = published(), reader.execute("SELECT COUNT(*) FROM staging.songs").fetchone()
    assert {} == pipeline.run_task("publish", pipeline.context("again", "2018-11-05", {}))
    assert (before, songs) == (published(), reader.execute("SELECT COUNT(*) FROM staging.songs").fetchone())
    with pytest.raises(AirflowFailException, match="has been published already"):
        pipeline.run_task("load_users", pipeline.context("again", "2018-11-05", {}))


def test_a_failed_run_leaves_new_song_files_new(two_days, lake, pipeline, published):
    """The ledger is written by publishing; files of a run that failed before are loaded by the next."""
    lake.put("song_data/A/A/A/TRAAA2.json", lines(song(song_id="S2", title="Hunter")))
    pipeline.run("2018-11-05", until="load_songs")
    assert 1 == pipeline.run("2018-11-05")["stage_songs"]["files"]
    assert {"S1", "S2"} == {row[0] for row in published()["songs"]}


@pytest.fixture
def session_over_midnight(lake, pipeline, prepared):
    """Two days published; a session of the first goes on into the second, as the first day's file has it."""
    lake.put(FOURTH, lines(event(sessionId=2, ts=EARLIER), event(sessionId=2, itemInSession=1, ts=1541376001123)))
    lake.put(FIFTH, lines(event()))
    prepared("session_over_midnight", lambda: pipeline.run(period="2018-11"))


@pytest.mark.parametrize(
    ("period", "plays", "removed"),
    [("2018-11-05", {(2, 0), (1, 0)}, 1), ("2018-11", {(2, 0), (2, 1), (1, 0)}, 0)],
)
def test_replace_removes_what_began_in_the_period_and_says_how_much(
    session_over_midnight, pipeline, published, reader, period, plays, removed
):
    """A play of the day that stands in another day's file goes with the day, and stays with a period of both."""
    pipeline.run(period=period, mode="replace", run_id="replacing")
    assert plays == {(row[6], row[9]) for row in published()["songplays"]}
    found = reader.execute(
        "SELECT observed, passed, severity FROM quality.results "
        "WHERE run_id = 'replacing' AND check_name = 'plays that replacing removes'"
    ).fetchall()
    assert [(removed, removed == 0, "warn")] == found


def test_replacing_the_only_day_by_one_without_plays_fails(lake, pipeline, empty_warehouse, published):
    """It would leave an empty table, although the candidates alone look like those of a rerun."""
    lake.put(FIFTH, lines(event()))
    pipeline.run("2018-11-05")
    before = published()
    lake.put(FIFTH, lines(event(page="Home", song=None, artist=None)))
    with pytest.raises(AirflowFailException, match=r"rows of songplays after publishing: .* observed 0"):
        pipeline.run("2018-11-05", mode="replace")
    assert before == published()


def test_what_replace_leaves_a_rebuild_corrects(two_days, lake, pipeline, published):
    """A user who is in no log file any more, and the moment of a play that is gone."""
    lake.put(FIFTH, lines(event(), event(itemInSession=1, userId="7", ts=1541376300123)))
    pipeline.run("2018-11-05", mode="replace")
    lake.put(FIFTH, lines(event()))
    pipeline.run("2018-11-05", mode="replace")
    left = published()
    assert {1} == {row[2] for row in left["songplays"]}
    assert ({1, 7}, 4) == ({row[0] for row in left["users"]}, len(left["time"]))
    pipeline.run(period="all", mode="rebuild")
    corrected = published()
    assert left["songplays"] == corrected["songplays"]
    assert ({1}, 2) == ({row[0] for row in corrected["users"]}, len(corrected["time"]))


def test_a_rebuild_without_a_catalogue_fails(two_days, lake, pipeline, published):
    """It would publish a warehouse without songs."""
    before = published()
    lake.delete(CATALOGUE)
    with pytest.raises(AirflowFailException, match=r"nothing lies below s3://.*/song_data/; expected the song catal"):
        pipeline.run(period="all", mode="rebuild")
    assert before == published()


def test_the_order_of_a_tables_columns_does_not_matter(two_days, lake, pipeline, published, reader):
    """A column that was dropped and added again stands last; its values go there all the same."""
    before = published()
    for table, column in {"events": "song", "new_songs": "title", "songs": "title"}.items():
        reader.execute(f"ALTER TABLE staging.{table} DROP COLUMN {column} CASCADE")
        reader.execute(f"ALTER TABLE staging.{table} ADD COLUMN {column} VARCHAR(1024)")
    pipeline.run_task("create_tables", pipeline.context("altered", None, {}))
    pipeline.run(period="all", mode="rebuild")
    assert before == published()
    reader.execute("DROP SCHEMA staging CASCADE")
    pipeline.run_task("create_tables", pipeline.context("tables", None, {}))  # in the DDL's order again
