"""Hypothesis strategies: small worlds made to collide, as a list of steps."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.end_to_end.bucket_edits import DAY_MS, DAYS, LOGS, SONG_FILES, milliseconds
from tests.end_to_end.model import FIRST_IMPLAUSIBLE, FIRST_PLAUSIBLE
from tests.end_to_end.world import Plan, World

# The same worlds every time. After a change to how rows are chosen, attack by more of them: WORLDS=1000. Only then a
# world that fails is made smaller, which takes minutes.
NUMBER = int(os.environ.get("WORLDS", "25"))
PHASES = [Phase.generate, Phase.shrink] if "WORLDS" in os.environ else [Phase.generate]
SETTINGS = settings(deadline=None, database=None, phases=PHASES, suppress_health_check=list(HealthCheck))

TEXTS = st.sampled_from(["a", "b", "a ", "B", "é", "", None])
MIDNIGHT = milliseconds(DAYS[1])
NEAR = st.sampled_from([MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 1, MIDNIGHT + DAY_MS, MIDNIGHT + DAY_MS // 2])
EDGES = [FIRST_PLAUSIBLE - 1, FIRST_PLAUSIBLE, FIRST_IMPLAUSIBLE - 1, FIRST_IMPLAUSIBLE]
STRANGE = st.sampled_from([None, MIDNIGHT // 1000, MIDNIGHT * 1000, MIDNIGHT + 40 * DAY_MS, -1, *EDGES])

# Few values, so that keys, times and titles collide on purpose.
EVENTS = st.fixed_dictionaries(
    {
        "artist": st.sampled_from(["A", "A ", "B", None]),
        "auth": st.just("Logged In"),
        "firstName": TEXTS,
        "gender": st.sampled_from(["F", "M", None]),
        "itemInSession": st.sampled_from([0, 0, 1, None, -1, 1048576]),
        "lastName": TEXTS,
        "length": st.sampled_from([100.0, 200.5, None]),
        "level": st.sampled_from(["free", "paid", "free "]),  # a check refuses NULL
        "location": TEXTS,
        "method": st.just("PUT"),
        "page": st.sampled_from(["NextSong", "NextSong", "NextSong", "NextSong ", "Home"]),
        "registration": st.just(1540000000000.0),
        "sessionId": st.sampled_from([1, 1, 2, None]),
        "song": st.sampled_from(["t", "u", "t ", None]),
        "status": st.just(200),
        "ts": st.one_of(NEAR, NEAR, NEAR, NEAR, STRANGE),
        "userAgent": TEXTS,
        "userId": st.sampled_from(["1", "2", "1", 1, "", " ", None]),
    }
)
SONGS = st.fixed_dictionaries(
    {
        "artist_id": st.sampled_from(["A1", "A2", "A1 ", "", None]),
        "artist_latitude": st.sampled_from([1.5, -2.25, None]),
        "artist_location": st.sampled_from(["", "X", "Y ", " ", None]),
        "artist_longitude": st.sampled_from([3.0, None]),
        "artist_name": st.sampled_from(["A", "B", "A ", "AA", "Aé", None]),
        "duration": st.sampled_from([99.5, 100.5, 200.5, None]),
        "num_songs": st.just(1),
        "song_id": st.sampled_from(["S1", "S2", "S1 ", " ", None]),
        "title": st.sampled_from(["t", "u", "t "]),
        "year": st.sampled_from([0, 1999, 2001, None]),
    }
)
INDEXES = st.integers(0, 3)
# This file always stays, because a published table may not be empty.
KEPT = LOGS[1]


def edits_of(keys: Iterable[str], records: st.SearchStrategy[dict[str, Any]], fields: list[str]) -> Any:
    """Edits of the files of one feed."""
    keys = list(keys)
    of = st.sampled_from(keys)
    one = st.lists(st.sampled_from(fields), min_size=1, max_size=3, unique=True)
    put = st.tuples(of, st.lists(records, max_size=4)).map(lambda drawn: (drawn[0], *drawn[1]))
    return st.one_of(
        st.tuples(st.just("put"), put),
        st.tuples(st.just("put"), put),
        st.tuples(st.just("grow"), st.tuples(of, records)),
        st.tuples(st.just("shrink"), st.tuples(of, INDEXES)),
        st.tuples(st.just("correct"), st.tuples(of, INDEXES, records, one)),
        st.tuples(st.just("correct"), st.tuples(of, INDEXES, records, one)),
        st.tuples(st.just("duplicate"), st.tuples(of, INDEXES)),
        st.tuples(st.just("move"), st.tuples(of, INDEXES, of)),
        st.tuples(st.just("upload_again"), st.tuples(of)),
        st.tuples(st.just("rewrite"), st.tuples(of)),
        st.tuples(st.just("delete"), st.tuples(st.sampled_from([key for key in keys if key != KEPT]))),
        st.tuples(st.just("restore"), st.tuples(of, st.integers(1, 2))),
    )


EVENT_FIELDS = ["artist", "firstName", "itemInSession", "length", "level", "page", "sessionId", "song", "ts", "userId"]
SONG_FIELDS = ["artist_id", "artist_location", "artist_name", "duration", "song_id", "title", "year"]
EDITS = st.one_of(edits_of(LOGS, EVENTS, EVENT_FIELDS), edits_of(SONG_FILES, SONGS, SONG_FIELDS))
BREAKABLE = st.sampled_from([key for key in (*LOGS, *SONG_FILES) if key != KEPT])
BREAKS = st.tuples(st.just("break_line"), st.tuples(BREAKABLE))

PERIODS = st.sampled_from(["all", "2018", "2018-11", "2018-12", *DAYS])
RARELY = st.sampled_from([False, False, False, True])
IS_BULK = st.booleans()
PLANS = st.one_of(
    st.builds(Plan, day=st.sampled_from(DAYS), is_bulk=IS_BULK),
    st.builds(Plan, day=st.sampled_from(DAYS), is_bulk=IS_BULK),
    st.builds(Plan, period=PERIODS, reload=RARELY, drop_vanished=RARELY, is_bulk=IS_BULK),
    st.builds(Plan, day=st.sampled_from(DAYS), reload=RARELY, drop_vanished=RARELY, is_bulk=IS_BULK),
    st.builds(Plan, is_bulk=IS_BULK),
    st.builds(Plan, period=st.just("all"), recompute=st.just(True)),
)
STATEMENTS = st.integers(1, 340)  # a run has about 330
MOMENTS = st.sampled_from(["before", "after"])
LOADS = [f"load_{table}" for table in ("songplays", "users", "songs", "artists", "time")]
TASKS = st.sampled_from(["find_files", "open_run", "stage_events", "stage_songs", *LOADS, "check_quality", "publish"])
RUNS = st.one_of(
    st.tuples(st.just("quiet"), PLANS),
    st.tuples(st.just("quiet"), PLANS),
    st.tuples(st.just("meanwhile"), PLANS, st.lists(EDITS, max_size=2), st.lists(EDITS, max_size=2), st.integers(1, 3)),
    st.tuples(st.just("killed"), PLANS, STATEMENTS, MOMENTS, st.booleans()),
    st.tuples(st.just("killed"), PLANS, STATEMENTS, MOMENTS, st.booleans()),
    st.tuples(st.just("failed"), PLANS, STATEMENTS, MOMENTS),
    st.tuples(st.just("overtaken"), PLANS, TASKS, PLANS),
)
SOME_EDITS = st.tuples(st.just("edit"), st.lists(EDITS, min_size=1, max_size=3))
SOME_BREAKS = st.tuples(st.just("edit"), st.lists(st.one_of(EDITS, BREAKS), min_size=1, max_size=3))
FIRST = st.lists(EVENTS, max_size=4)
LAST = st.builds(
    Plan, period=st.just("all"), drop_vanished=st.booleans(), reload=RARELY, recompute=st.just(False), is_bulk=IS_BULK
)


def steps(edits: Any) -> Any:
    """Some edits, a run, and then edits and runs in any order."""
    more = st.lists(st.one_of(edits, RUNS), min_size=2, max_size=8)
    return st.tuples(edits, RUNS, more).map(lambda drawn: [drawn[0], drawn[1], *drawn[2]])


# In one world of four there are files that cannot be loaded.
STEPS = st.one_of(steps(SOME_EDITS), steps(SOME_EDITS), steps(SOME_EDITS), steps(SOME_BREAKS))


def attack(world: World, first: list[dict[str, Any]], steps: Iterable[tuple[Any, ...]], last: Plan) -> None:
    """Let the steps happen to an empty warehouse and a bucket of one file; at the end a run over everything."""
    world.bucket.put(KEPT, *first)
    for kind, *arguments in steps:
        getattr(world, kind)(*arguments)
    world.finish(last)
