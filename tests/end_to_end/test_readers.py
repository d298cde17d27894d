"""Readers see the state before a run or the state after it, never anything between."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import psycopg
import pytest

from tests.end_to_end.conftest import COLUMNS
from tests.end_to_end.pipeline import Killed, Watch, watched
from tests.end_to_end.test_corrections import CATALOGUE, FIFTH, event, lines, song

ORPHANS = """SELECT COUNT(*)
FROM sparkify.songplays AS p
LEFT JOIN sparkify.users AS u ON p.user_id = u.user_id
LEFT JOIN sparkify.songs AS s ON p.song_id = s.song_id
LEFT JOIN sparkify.artists AS a ON p.artist_id = a.artist_id
LEFT JOIN sparkify.time AS t ON p.start_time = t.start_time
WHERE u.user_id IS NULL OR t.start_time IS NULL
    OR (p.song_id IS NOT NULL AND s.song_id IS NULL) OR (p.artist_id IS NOT NULL AND a.artist_id IS NULL)"""


def state(cursor: psycopg.Cursor) -> frozenset:
    """The five tables, read one after another."""
    rows = []
    for table, columns in COLUMNS.items():
        cursor.execute(f"SELECT {columns} FROM sparkify.{table}")
        rows += [(table, *row) for row in cursor.fetchall()]
    return frozenset(rows)


class Readers:
    """Two readers in a loop: one statement over all tables, and several statements in one transaction."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.orphans: set[int] = set()
        self.states: set[frozenset] = set()
        self.reads = 0
        self.errors: list[Exception] = []
        self.threads = [threading.Thread(target=self.run, args=[read]) for read in (self.one, self.several)]

    def run(self, read) -> None:
        try:
            with psycopg.connect("") as connection:
                while not self.stop.is_set():
                    read(connection)
                    self.reads += 1
        except Exception as error:  # noqa: BLE001  # handed to the test, which fails on it
            self.errors.append(error)

    def one(self, connection: psycopg.Connection) -> None:
        self.orphans.add(connection.execute(ORPHANS).fetchone()[0])
        connection.commit()

    def several(self, connection: psycopg.Connection) -> None:
        self.states.add(state(connection.cursor()))
        connection.commit()

    def __enter__(self) -> Readers:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()


@pytest.mark.parametrize("recompute", [False, True])
def test_every_statement_of_publish_is_hidden_until_commit(lake, pipeline, empty_warehouse, reader, recompute):
    """A reader between any two of its statements sees the state before, and one in a transaction until its own end."""
    lake.put(FIFTH, lines(event(), event(itemInSession=1, userId="2", ts=1541376001123)))
    lake.put(CATALOGUE, lines(song()))
    pipeline.run("2018-11-05")
    if recompute:
        reader.execute("DELETE FROM sparkify.users WHERE user_id = 2")
        reader.execute("UPDATE sparkify.songplays SET level = 'paid'")
    else:
        lake.put(FIFTH, lines(event(ts=1541376000122), event(itemInSession=2, userId="3", ts=1541376002123)))
        lake.put("song_data/A/A/A/TRAAA2.json", lines(song(year=1990), song(song_id="S2", artist_id="A2")))
    seen = []

    def look(moment: str, number: int, sql: str) -> None:
        if moment == "after" and run.waiting[0] == "publish":
            seen.append((sql.partition(" ")[0], state(reader.cursor())))

    run = pipeline.open("2018-11-05", watch=look, recompute=recompute)
    run.advance(until="check_quality")
    with psycopg.connect("") as transaction:
        before = state(transaction.cursor())
        run.finish()
        after = state(reader.cursor())
        assert before == state(transaction.cursor())
    assert {} == run.errors
    assert before != after
    # The first COMMIT publishes; what comes after it renews statistics and drops the schemas of old runs.
    words = [word for word, _ in seen]
    commit = words.index("COMMIT")
    assert {before} == {found for _, found in seen[:commit]}
    assert {after} == {found for _, found in seen[commit:]}
    assert {"UPDATE", "SELECT", "DELETE", "INSERT"} <= set(words[:commit])
    assert "ANALYZE" in words[commit:]


def test_publish_killed_at_any_statement_leaves_the_state_before(lake, pipeline, prepared, reader):
    """Before each statement up to the COMMIT, so after each one too; the try after that publishes."""
    lake.put(FIFTH, lines(event(), event(itemInSession=1, userId="2", ts=1541376001123)))
    lake.put(CATALOGUE, lines(song()))
    prepared("for_killing", lambda: pipeline.run("2018-11-05"))
    lake.put(FIFTH, lines(event(ts=1541376000122), event(itemInSession=2, userId="3", ts=1541376002123)))
    lake.put("song_data/A/A/A/TRAAA2.json", lines(song(song_id="S2", artist_id="A2")))
    run = pipeline.open("2018-11-05")
    run.advance(until="check_quality")
    ledger = "SELECT key, etag, batch_id FROM sparkify_raw.files ORDER BY key"
    before = (state(reader.cursor()), reader.execute(ledger).fetchall())
    killed = [""]

    def kill_at(number: int) -> Watch:
        def watch(*now: Any) -> None:
            if now[:2] == ("before", number):
                killed.append(now[2])
                raise Killed

        return watch

    numbers = itertools.count(1)
    while killed[-1] != "COMMIT":
        with watched(kill_at(next(numbers)), itertools.count(1)), pytest.raises(Killed):
            pipeline.run_task("publish", run.context)
        assert before == (state(reader.cursor()), reader.execute(ledger).fetchall()), killed[-1]
    assert {"UPDATE", "DELETE", "INSERT", "COMMENT", "COMMIT"} <= {sql.partition(" ")[0] for sql in killed}
    changes = pipeline.run_task("publish", run.context)
    assert {"inserted": 2, "deleted": 2} == changes["sparkify.songplays"]
    assert before[0] != state(reader.cursor())


def test_a_reader_never_sees_a_half_published_run(lake, pipeline, empty_warehouse, reader):
    """In a race with runs: every play has its user, song, artist and time, every state read is one that a run left."""
    lake.put(FIFTH, lines(event()))
    pipeline.run("2018-11-05")
    left_behind = {state(reader.cursor())}
    with Readers() as readers:
        for number in range(2):
            lake.put(
                f"song_data/A/A/A/TRAAA{number}.json",
                lines(song(song_id=f"S{number}", artist_id=f"A{number}", title=f"t{number}")),
            )
            events = [
                event(
                    itemInSession=i,
                    userId=str(10 * number + i),
                    song=f"t{number}",
                    ts=1541376000123 + 1000 * i + number,
                )
                for i in range(5)
            ]
            lake.put(FIFTH, lines(*events))
            pipeline.run("2018-11-05")
            left_behind.add(state(reader.cursor()))
    assert [] == readers.errors
    assert readers.reads > 20
    assert {0} == readers.orphans
    assert readers.states <= left_behind
    assert len(left_behind) == 3
