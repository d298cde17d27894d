"""Hypothesis strategies: small worlds made to collide, as a list of steps."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.end_to_end.bucket_edits import DAY_MS, DAYS, LOGS, SONG_FILES, milliseconds
from tests.end_to_end.model import FIRST_IMPLAUSIBLE, FIRST_PLAUSIBLE
from tests.end_to_end.world import Plan, World

# The same worlds every time. After a change to how rows are chosen, attack by more of them: WORLDS=1000. Only then
# worlds are longer, and one that fails is made smaller, which takes minutes.
NUMBER = int(os.environ.get("WORLDS", "25"))
MOST_STEPS = 3 if "WORLDS" in os.environ else 2
PHASES = [Phase.generate, Phase.shrink] if "WORLDS" in os.environ else [Phase.generate]
SETTINGS = settings(deadline=None, database=None, phases=PHASES, suppress_health_check=list(HealthCheck))

MIDNIGHT = milliseconds(DAYS[1])
EDGES = [FIRST_PLAUSIBLE - 1, FIRST_PLAUSIBLE, FIRST_IMPLAUSIBLE - 1, FIRST_IMPLAUSIBLE]


def mostly(values: Sequence[Any], *rare: Any) -> st.SearchStrategy[Any]:
    """One of some values, and now and then one of the rare ones."""
    return st.sampled_from([*values] * (1 + 9 * len(rare) // len(values)) + [*rare])


# Few values, so that keys, times and titles collide; seldom one that takes an event or a record out of everything.
TEXTS = st.sampled_from(["a", "b", "a ", "B", "é", "", None])
EVENTS = st.fixed_dictionaries(
    {
        "artist": mostly(["A", "A "], "B", None),
        "auth": st.just("Logged In"),
        "firstName": TEXTS,
        "gender": st.sampled_from(["F", "M", None]),
        "itemInSession": mostly([0, 1], None, -1, 1048576),
        "lastName": TEXTS,
        "length": st.sampled_from([100.0, 200.5, None]),
        "level": st.sampled_from(["free", "paid", "free "]),  # a check refuses NULL
        "location": TEXTS,
        "method": st.just("PUT"),
        "page": mostly(["NextSong", "NextSong", "NextSong "], "Home"),
        "registration": st.just(1540000000000.0),
        "sessionId": mostly([1, 1, 2], None),
        "song": mostly(["t", "t ", "u"], None),
        "status": st.just(200),
        "ts": mostly(
            [MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 1, MIDNIGHT + DAY_MS // 2, MIDNIGHT + DAY_MS],
            *(None, MIDNIGHT // 1000, MIDNIGHT * 1000, MIDNIGHT + 40 * DAY_MS, -1, *EDGES),
        ),
        "userAgent": TEXTS,
        "userId": mostly(["1", "2", 1], "3", "", " ", None),
    }
)
SONGS = st.fixed_dictionaries(
    {
        "artist_id": mostly(["A1", "A2", "A1 "], "A3", "", None),
        "artist_latitude": st.sampled_from([1.5, -2.25, None]),
        "artist_location": st.sampled_from(["", "X", "Y ", " ", None]),
        "artist_longitude": st.sampled_from([3.0, None]),
        "artist_name": mostly(["A", "A "], "B", "AA", "Aé", None),
        "duration": st.sampled_from([99.5, 100.5, 200.5, None]),
        "num_songs": st.just(1),
        "song_id": mostly(["S1", "S2", "S1 "], "S3", " ", None),
        "title": st.sampled_from(["t", "u", "t "]),
        "year": st.sampled_from([0, 1999, 2001, None]),
    }
)
INDEXES = st.integers(0, 3)


def edits_of(keys: Sequence[str], records: st.SearchStrategy[dict[str, Any]], fields: list[str]) -> Any:
    """Edits of the files of one feed."""
    of = st.sampled_from(keys)
    some = st.lists(st.sampled_from(fields), min_size=1, max_size=3, unique=True)
    put = st.tuples(of, st.lists(records, max_size=4)).map(lambda drawn: (drawn[0], *drawn[1]))
    kinds = {
        "put": put,
        "grow": st.tuples(of, records),
        "shrink": st.tuples(of, INDEXES),
        "correct": st.tuples(of, INDEXES, records, some),
        "duplicate": st.tuples(of, INDEXES),
        "move": st.tuples(of, INDEXES, of),
        "upload_again": st.tuples(of),
        "rewrite": st.tuples(of),
        "delete": st.tuples(of),
        "restore": st.tuples(of, st.integers(1, 2)),
    }
    often = ["put", "grow", "shrink", "correct", "correct", "correct", "delete", "delete", "restore"]
    return st.one_of([st.tuples(st.just(kind), kinds[kind]) for kind in [*kinds, *often]])


EVENT_FIELDS = ["artist", "firstName", "itemInSession", "length", "level", "page", "sessionId", "song", "ts", "userId"]
SONG_FIELDS = ["artist_id", "artist_location", "artist_name", "duration", "song_id", "title", "year"]
EDITS = st.one_of(edits_of(LOGS, EVENTS, EVENT_FIELDS), edits_of(SONG_FILES, SONGS, SONG_FIELDS))
BREAKS = st.tuples(st.just("break_line"), st.tuples(st.sampled_from([*LOGS, *SONG_FILES])))

PERIODS = st.sampled_from(["all", "2018", "2018-11", "2018-12", *DAYS])
RARELY = mostly([False], True)
IS_BULK = st.booleans()
PLANS = st.one_of(
    st.builds(Plan, day=st.sampled_from(DAYS), is_bulk=IS_BULK),
    st.builds(Plan, day=st.just(DAYS[-1]), is_bulk=IS_BULK),
    st.builds(Plan, day=st.sampled_from(DAYS), drop_vanished=st.booleans(), reload=RARELY, is_bulk=IS_BULK),
    st.builds(Plan, period=PERIODS, drop_vanished=st.booleans(), reload=RARELY, is_bulk=IS_BULK),
    st.builds(Plan, period=st.just("all"), drop_vanished=st.booleans(), is_bulk=IS_BULK),
    st.builds(Plan, reload=st.booleans(), recompute=st.just(False), is_bulk=IS_BULK),
    st.builds(Plan, period=st.just("all"), recompute=st.just(True)),
)
STATEMENTS = st.integers(1, 340)  # a run has about 330
MOMENTS = st.sampled_from(["before", "after"])
LOADS = [f"load_{table}" for table in ("songplays", "users", "songs", "artists", "time")]
TASKS = st.sampled_from(["find_files", "open_run", "stage_events", "stage_songs", *LOADS, "check_quality", "publish"])
SOME_EDITS = st.lists(EDITS, min_size=1, max_size=4)
CHANGE_LATEST = st.tuples(st.just("change_latest"), st.tuples(EVENTS, SONGS))
RESTORE_LATEST = st.just(("restore_latest", ()))
BEFORE_COPY = st.lists(st.one_of(CHANGE_LATEST, EDITS), max_size=1)
AFTER_COPY = st.lists(st.one_of(CHANGE_LATEST, RESTORE_LATEST, EDITS), min_size=1, max_size=2)
QUIET = st.tuples(st.just("quiet"), PLANS)
RUNS = st.one_of(
    QUIET,
    QUIET,
    st.tuples(st.just("meanwhile"), PLANS, BEFORE_COPY, AFTER_COPY, st.integers(1, 2)),
    st.tuples(st.just("killed"), PLANS, STATEMENTS, MOMENTS, st.booleans()),
    st.tuples(st.just("failed"), PLANS, STATEMENTS, MOMENTS),
    st.tuples(st.just("overtaken"), PLANS, TASKS, PLANS),
)
# The bucket at first: some records in each file that is there.
LOG, SONG_FILE = st.lists(EVENTS, min_size=1, max_size=4), st.lists(SONGS, min_size=1, max_size=3)
FILES = st.fixed_dictionaries(
    {LOGS[0]: LOG, LOGS[1]: LOG, SONG_FILES[0]: SONG_FILE},
    optional={LOGS[2]: LOG, LOGS[3]: LOG, LOGS[4]: LOG, SONG_FILES[1]: SONG_FILE},
)
ALL = st.builds(Plan, period=st.just("all"), is_bulk=IS_BULK)
# The first run is most often one that loads everything: then there is something to correct.
FIRST_RUNS = st.one_of(*[st.tuples(st.just("quiet"), ALL)] * 3, RUNS)
LAST = st.builds(Plan, period=st.just("all"), drop_vanished=st.booleans(), reload=RARELY, is_bulk=IS_BULK)


def steps(edits: Any) -> Any:
    """Edits and runs in turn."""
    return st.lists(st.tuples(st.tuples(st.just("edit"), edits), RUNS), min_size=1, max_size=MOST_STEPS)


# In one world of three there are files that cannot be loaded.
SOME_BREAKS = st.tuples(SOME_EDITS, BREAKS).map(lambda drawn: [*drawn[0], drawn[1]])
STEPS = st.one_of(*[steps(SOME_EDITS)] * 2, steps(SOME_BREAKS))
WORLDS = given(files=FILES, first=FIRST_RUNS, steps=STEPS, last=LAST)


def attack(
    world: World,
    files: dict[str, list[dict[str, Any]]],
    first: tuple[Any, ...],
    steps: Iterable[tuple[tuple[Any, ...], ...]],
    last: Plan,
) -> None:
    """Load a bucket into an empty warehouse, let edits and runs happen, and at the end a run over everything."""
    for key, records in files.items():
        world.bucket.put(key, *records)
    for kind, *arguments in [first, *itertools.chain.from_iterable(steps)]:
        getattr(world, kind)(*arguments)
    world.finish(last)
