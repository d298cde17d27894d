"""What broke shorter wordings of the rules, each as the smallest sequence of edits and runs that did.

The warehouse is compared with the model after every run (see world.py); a test adds what its own sequence is about.
"""

from __future__ import annotations

import datetime
import time
from typing import Any

import pytest

from tests.end_to_end.bucket_edits import DAYS, File, log, milliseconds, song_file
from tests.end_to_end.pipeline import Killed
from tests.end_to_end.world import EVERYTHING, Plan, World
from warehouse.operators.stage_to_redshift import StageToRedshiftOperator

TWENTY_NINTH, THIRTIETH, FIRST = DAYS
FILE, SECOND_FILE, NEXT_MONTH = log(THIRTIETH), log(THIRTIETH, "-2.json"), log(FIRST)
SONG_FILE = song_file(0)
NOON = milliseconds(THIRTIETH) + 43_200_000
ONE_BY_ONE, IN_BULK = Plan(day=THIRTIETH), Plan(day=THIRTIETH, is_bulk=True)

either_batch = pytest.mark.parametrize("plan", [ONE_BY_ONE, IN_BULK], ids=["one file a batch", "in bulk"])


def play(item: int, **changed: Any) -> dict[str, Any]:
    """A play of session 1 at noon of the 30th, with some fields changed."""
    return {
        "artist": "Björk", "auth": "Logged In", "firstName": "Ann", "gender": "F", "itemInSession": item,
        "lastName": "Lee", "length": 200.5, "level": "free", "location": "Reykjavík", "method": "PUT",
        "page": "NextSong", "registration": 1540000000000.0, "sessionId": 1, "song": "Jóga", "status": 200,
        "ts": NOON, "userAgent": "Mozilla", "userId": "1",
    } | changed  # fmt: skip


def song(**changed: Any) -> dict[str, Any]:
    """The record of the song that is played, with some fields changed."""
    return {
        "artist_id": "A1", "artist_latitude": 64.1, "artist_location": "Reykjavík", "artist_longitude": -21.9,
        "artist_name": "Björk", "duration": 200.5, "num_songs": 1, "song_id": "S1", "title": "Jóga", "year": 1997,
    } | changed  # fmt: skip


def items(world: World) -> set[int]:
    """The numbers of the published plays of session 1."""
    return {row[9] for row in world.published()["songplays"] if row[6] == 1}


def songs_played(world: World) -> set[str | None]:
    """The song ids of the published plays of session 1."""
    return {row[4] for row in world.published()["songplays"] if row[6] == 1}


def start_times(world: World) -> set[int]:
    """The published start_times of the 30th before the anchor's, which is at noon, as milliseconds before noon."""
    noon = datetime.datetime.fromisoformat(THIRTIETH) + datetime.timedelta(hours=12)
    return {round((noon - row[0]).total_seconds() * 1000) for row in world.published()["time"]} - {0}


def test_a_second_file_of_a_day_joins_the_first(world):
    """The batch of a day is not replaced by what comes later."""
    world.bucket.put(FILE, play(0))
    world.quiet(ONE_BY_ONE)
    world.bucket.put(SECOND_FILE, play(1))
    world.quiet(ONE_BY_ONE)
    assert {0, 1} == items(world)


@either_batch
def test_one_of_two_files_of_a_day_is_corrected(world, plan):
    """The rows of the other stay, though a batch is replaced as a whole."""
    world.bucket.put(FILE, play(0))
    world.bucket.put(SECOND_FILE, play(1))
    world.quiet(plan)
    world.bucket.put(SECOND_FILE, play(2))
    world.quiet(plan)
    assert {0, 2} == items(world)


def test_one_file_of_a_month_in_bulk_is_corrected_by_a_run_of_another_day(world):
    """All files of the batch are read again, those outside the run's period too."""
    day_before = log(TWENTY_NINTH)
    world.bucket.put(day_before, play(0, ts=NOON - 86_400_000))
    world.bucket.put(FILE, play(1))
    world.quiet(Plan(period="all", is_bulk=True))
    assert world.ledger[day_before].batch_id == world.ledger[FILE].batch_id
    world.bucket.put(FILE, play(2))
    world.quiet(Plan(period=TWENTY_NINTH))
    assert {0, 2} == items(world)


def test_a_file_is_corrected_after_another_has_vanished(world):
    """Each has a batch of its own, so one does not hold up the other."""
    world.bucket.put(FILE, play(0))
    world.bucket.put(SECOND_FILE, play(1))
    world.quiet(ONE_BY_ONE)
    world.bucket.delete(FILE)
    world.bucket.put(SECOND_FILE, play(2))
    world.quiet(ONE_BY_ONE)
    assert {0, 2} == items(world)


@pytest.mark.parametrize("what_helps", ["dropping", "putting back"])
def test_a_file_is_corrected_after_another_of_its_batch_has_vanished(world, what_helps):
    """Rows do not know their file: the corrected one keeps its version until the other is back, or dropped."""
    world.bucket.put(FILE, play(0))
    world.bucket.put(SECOND_FILE, play(1))
    world.quiet(IN_BULK)
    world.bucket.delete(FILE)
    world.bucket.put(SECOND_FILE, play(2))
    world.quiet(IN_BULK)
    assert {0, 1} == items(world)
    if what_helps == "dropping":
        world.quiet(Plan(day=THIRTIETH, drop_vanished=True))
        assert {2} == items(world)
    else:
        world.bucket.restore(FILE)
        world.quiet(IN_BULK)
        assert {0, 2} == items(world)


@pytest.mark.parametrize("later", [ONE_BY_ONE, Plan(period=TWENTY_NINTH)], ids=["its day", "another day"])
def test_a_file_changes_during_its_copy(world, later):
    """What was read is published; the next run, of whatever period, reads it again."""
    world.bucket.put(log(TWENTY_NINTH), play(5, ts=NOON - 86_400_000))
    world.bucket.put(FILE, play(0))
    world.meanwhile(ONE_BY_ONE, [], [("put", (FILE, play(1)))])
    assert {0} == items(world)
    assert not world.ledger[FILE].etag
    world.quiet(later)
    assert 1 in items(world)
    assert 0 not in items(world)


def test_a_file_changes_before_its_copy_and_back_after_it(world):
    """A-B-A: both listings show the same ETag, and COPY has read the version between."""
    world.bucket.put(FILE, play(0))
    world.meanwhile(ONE_BY_ONE, [("put", (FILE, play(1)))], [("restore", (FILE,))])
    assert {1} == items(world)
    world.quiet(ONE_BY_ONE)
    assert {0} == items(world)


def test_a_file_changes_and_back_within_the_second_in_which_it_was_written(world, monkeypatch):
    """A-B-A again, and S3 dates objects to the second: the listings do not differ. A young file is not trusted."""
    monkeypatch.setattr(StageToRedshiftOperator, "wait_a_second", lambda _: None)
    present = int(time.time()) + 60  # young for as long as the test takes
    world.bucket.upload(File(FILE, (play(0),)), last_modified=present)
    before = [("upload", (File(FILE, (play(1),)), present))]
    after = [("upload", (File(FILE, (play(0),)), present))]
    world.meanwhile(ONE_BY_ONE, before, after)
    assert {1} == items(world)
    assert not world.ledger[FILE].etag
    world.quiet(ONE_BY_ONE)
    assert {0} == items(world)


def test_an_earlier_version_of_a_play_arrives(world):
    """The earlier one wins, and the start_time of the later one goes, though its file has not changed."""
    world.bucket.put(FILE, play(0, ts=NOON - 1))
    world.quiet(ONE_BY_ONE)
    world.bucket.put(SECOND_FILE, play(0, ts=NOON - 2))
    world.quiet(ONE_BY_ONE)
    assert {2} == start_times(world)


def test_of_two_plays_of_one_start_time_one_moves(world):
    """The start_time stays, because the other still has it."""
    world.bucket.put(FILE, play(0, ts=NOON - 1))
    world.bucket.put(SECOND_FILE, play(1, ts=NOON - 1))
    world.quiet(ONE_BY_ONE)
    world.bucket.put(FILE, play(0, ts=NOON - 2))
    world.quiet(ONE_BY_ONE)
    assert {1, 2} == start_times(world)


def test_a_raw_event_that_is_no_winner_keeps_no_start_time(world):
    """A play goes; a superseded version of another play has its start_time, which goes all the same."""
    world.bucket.put(FILE, play(0, ts=NOON - 2), play(1, ts=NOON - 1))
    world.bucket.put(SECOND_FILE, play(0, ts=NOON - 1))
    world.quiet(ONE_BY_ONE)
    world.bucket.put(FILE, play(0, ts=NOON - 2))
    world.quiet(ONE_BY_ONE)
    assert {2} == start_times(world)


def test_the_winner_of_a_key_is_taken_back_and_another_file_has_the_next(world):
    """The next version is in a file that this run does not read."""
    world.bucket.put(FILE, play(0, location="Akureyri"))
    world.bucket.put(SECOND_FILE, play(0, location="Reykjavík"))
    world.quiet(ONE_BY_ONE)
    assert {"Akureyri"} == {row[7] for row in world.published()["songplays"] if row[6] == 1}
    world.bucket.put(FILE, play(1))
    world.quiet(ONE_BY_ONE)
    assert {0, 1} == items(world)


@either_batch
def test_a_vanished_file_is_dropped_with_nothing_new(world, plan):
    """A run that reads no file publishes all the same."""
    world.bucket.put(FILE, play(0))
    world.bucket.put(SECOND_FILE, play(1))
    world.quiet(plan)
    world.bucket.delete(SECOND_FILE)
    world.quiet(plan)
    assert {0, 1} == items(world)
    world.quiet(Plan(day=THIRTIETH, drop_vanished=True))
    assert {0} == items(world)


def test_a_file_is_dropped_and_restored_with_the_same_etag(world):
    """The ledger forgot it with its rows, so it is new."""
    world.bucket.put(FILE, play(0))
    world.bucket.put(SECOND_FILE, play(1))
    world.quiet(ONE_BY_ONE)
    world.bucket.delete(SECOND_FILE)
    world.quiet(Plan(day=THIRTIETH, drop_vanished=True))
    world.bucket.restore(SECOND_FILE)
    world.quiet(ONE_BY_ONE)
    assert {0, 1} == items(world)


def test_a_known_file_outside_the_period_is_corrected(world):
    """Every file that the ledger knows is compared, whatever the run's period."""
    world.bucket.put(FILE, play(0))
    world.bucket.put(NEXT_MONTH, play(5, ts=NOON + 86_400_000))
    world.quiet(Plan(period="2018-11"))
    world.bucket.put(FILE, play(1))
    world.quiet(Plan(period=FIRST))
    assert {1, 5} == items(world)


def test_a_song_comes_after_its_play(world):
    """The published play is matched again, though its own day is not touched and far from the staged ones."""
    world.bucket.put(log(TWENTY_NINTH), play(0, ts=NOON - 86_400_000))
    world.quiet(EVERYTHING)
    assert {None} == songs_played(world)
    world.bucket.put(NEXT_MONTH, play(5, ts=NOON + 86_400_000, song="Hunter"))
    world.bucket.put(SONG_FILE, song())
    world.quiet(Plan(day=FIRST))
    assert {"S1", None} == songs_played(world)


def test_a_record_that_plays_matched_is_lost(world):
    """By a correction, and by its file's end: the plays match the next best, then none."""
    world.bucket.put(FILE, play(0))
    world.bucket.put(SONG_FILE, song())
    world.bucket.put(song_file(1), song(song_id="S2", duration=201.5))
    world.quiet(ONE_BY_ONE)
    assert {"S1"} == songs_played(world)
    world.bucket.put(SONG_FILE, song(title="Hunter"))
    world.quiet(ONE_BY_ONE)
    assert {"S2"} == songs_played(world)
    world.bucket.delete(song_file(1))
    world.quiet(Plan(day=THIRTIETH, drop_vanished=True))
    assert {None} == songs_played(world)


def test_nearly_everything_vanishes_and_is_dropped(world):
    """One file stays: the plays, songs and artists of the others are gone."""
    world.bucket.put(FILE, play(0))
    world.bucket.put(SECOND_FILE)
    world.bucket.put(SONG_FILE, song())
    world.quiet(ONE_BY_ONE)
    world.bucket.delete(FILE)
    world.bucket.delete(SONG_FILE)
    world.quiet(Plan(period="all", drop_vanished=True))
    assert (set(), set(), set()) == (items(world), world.published()["songs"], world.published()["artists"])


def test_a_play_moves_to_another_user(world):
    """The user who has no event left goes."""
    world.bucket.put(FILE, play(0, userId="1"))
    world.quiet(ONE_BY_ONE)
    world.bucket.put(FILE, play(0, userId="2"))
    world.quiet(ONE_BY_ONE)
    assert {2, 9} == {row[0] for row in world.published()["users"]}


def test_the_catalogue_is_broken_and_then_right(world):
    """The plays are published without it, and matched when it is right."""
    world.bucket.put(FILE, play(0))
    world.bucket.put(SONG_FILE, song())
    world.bucket.break_line(SONG_FILE)
    run = world.quiet(ONE_BY_ONE)
    assert ["report_left_out"] == list(run.errors)
    assert {None} == songs_played(world)
    world.bucket.restore(SONG_FILE)
    assert {} == world.quiet(ONE_BY_ONE).errors
    assert {"S1"} == songs_played(world)


def test_a_ts_that_was_wrong_is_corrected(world):
    """Missing, in seconds, in microseconds: in no range of time by which the raw rows could be found and replaced."""
    wrong = (None, NOON // 1000, NOON * 1000)
    world.bucket.put(FILE, *[play(item, ts=ts) for item, ts in enumerate(wrong)], play(3))
    world.quiet(ONE_BY_ONE)
    assert {3} == items(world)
    world.bucket.put(FILE, *[play(item) for item in range(4)])
    world.quiet(ONE_BY_ONE)
    assert {0, 1, 2, 3} == items(world)


def number_of_the_copy(world: World, plan: Plan) -> int:
    """The number of the first COPY among the statements of a run; the run is given up there."""
    copies = []

    def watch(moment: str, number: int, sql: str) -> None:
        if sql.startswith("COPY"):
            copies.append(number)
            raise Killed

    with pytest.raises(Killed):
        world.open(plan, watch).finish()
    return copies[0]


def test_a_copy_is_cut_after_its_commit_and_tried_again(world):
    """The rows of the first try have a batch that the ledger does not name. Killed at each statement that follows."""
    world.bucket.put(FILE, play(0))
    world.bucket.put(SECOND_FILE, play(100))
    copy = number_of_the_copy(world, ONE_BY_ONE)
    for statement in range(1, 5):
        world.bucket.put(FILE, play(statement))
        world.killed(ONE_BY_ONE, copy + statement, "before", is_tried_again=True)
        assert {statement, 100} == items(world)


def test_the_answer_of_publish_is_lost_and_it_is_tried_again(world):
    """The second try finds the run's own token, and publishes nothing twice."""
    world.bucket.put(FILE, play(0))
    world.quiet(ONE_BY_ONE)
    analyzes = []

    def watch(moment: str, number: int, sql: str) -> None:
        if sql.startswith("ANALYZE") and not analyzes:
            analyzes.append(number)
            raise Killed

    world.bucket.put(FILE, play(1))
    run = world.open(ONE_BY_ONE, watch)
    with pytest.raises(Killed):
        run.finish()
    world.settle()
    assert {1} == items(world)
    run.finish()
    world.settle()
    assert ({}, {}) == (run.errors, run.returned["publish"])


def test_two_runs_at_once(world):
    """One publishes; the other fails and names it; the run after them is right."""
    world.bucket.put(FILE, play(0))
    world.quiet(ONE_BY_ONE)
    world.bucket.put(FILE, play(1))
    first = world.open(ONE_BY_ONE)
    first.advance(until="check_quality")
    world.bucket.put(FILE, play(2))
    second = world.quiet(ONE_BY_ONE)
    first.finish()
    world.settle()
    assert ["publish"] == list(first.errors)
    assert second.run_id in str(first.errors["publish"])
    assert {2} == items(world)
