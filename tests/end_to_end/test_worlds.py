"""Any order, any number of times, the same warehouse: small worlds made to collide, loaded by the DAG's own tasks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.end_to_end import model

DAYS = ("2018-11-04", "2018-11-05", "2018-11-06")
MIDNIGHT = 1541376000000  # 2018-11-05 00:00 UTC
TEXTS = st.sampled_from(["a", "b", "a ", "B", "é", "", None])
TS = st.sampled_from([MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 1, MIDNIGHT + 86_400_000])

# Few values, so that keys, moments and titles collide on purpose.
EVENTS = st.fixed_dictionaries(
    {
        "artist": st.sampled_from(["A", "A ", "B", None]),
        "auth": st.just("Logged In"),
        "firstName": TEXTS,
        "gender": st.sampled_from(["F", "M", None]),
        "itemInSession": st.sampled_from([0, 0, 1, None, -1, 1048576]),
        "lastName": TEXTS,
        "length": st.sampled_from([100.0, 200.5, None]),
        "level": st.sampled_from(["free", "paid", None]),
        "location": TEXTS,
        "method": st.just("PUT"),
        "page": st.sampled_from(["NextSong", "NextSong", "NextSong", "Home"]),
        "registration": st.just(1540000000000.0),
        "sessionId": st.sampled_from([1, 1, 2, None]),
        "song": st.sampled_from(["t", "u", "t ", None]),
        "status": st.just(200),
        "ts": st.one_of(TS, TS, TS, st.none()),
        "userAgent": TEXTS,
        "userId": st.sampled_from(["1", "2", "1", "", " ", None]),
    }
)
SONGS = st.fixed_dictionaries(
    {
        "artist_id": st.sampled_from(["A1", "A2", "A1", None]),
        "artist_latitude": st.sampled_from([1.5, -2.25, None]),
        "artist_location": st.sampled_from(["", "X", "Y ", None]),
        "artist_longitude": st.sampled_from([3.0, None]),
        "artist_name": st.sampled_from(["A", "B", "A ", "AA", None]),
        "duration": st.sampled_from([99.5, 100.5, 200.5, None]),
        "num_songs": st.just(1),
        "song_id": st.sampled_from(["S1", "S2", "S1", None]),
        "title": st.sampled_from(["t", "u", "t "]),
        "year": st.sampled_from([0, 1999, 2001, None]),
    }
)
ANCHOR = {
    "artist": None, "auth": "Logged In", "firstName": "z", "gender": "F", "itemInSession": 7, "lastName": "z",
    "length": None, "level": "free", "location": None, "method": "PUT", "page": "NextSong", "registration": 1.0,
    "sessionId": 9, "song": None, "status": 200, "ts": MIDNIGHT, "userAgent": None, "userId": "9",
}  # fmt: skip  # one sure play a day, because a published table may not be empty
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("day"), st.sampled_from(DAYS)),
        st.tuples(st.just("all"), st.none()),
        st.tuples(st.just("songs"), st.lists(SONGS, min_size=1, max_size=3)),
        st.tuples(st.just("fails"), st.sampled_from(DAYS)),
    ),
    min_size=2,
    max_size=5,
)


def lines(values: list[dict[str, Any]]) -> str:
    """A file of JSON values, without a newline at its end."""
    return "\n".join(json.dumps(value) for value in values)


@pytest.mark.parametrize("connection", ["redshift", "postgres"], indirect=True)
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(days=st.tuples(*[st.lists(EVENTS, min_size=1, max_size=5)] * len(DAYS)), steps=STEPS)
def test_published_tables_depend_on_what_was_loaded_and_on_nothing_else(
    connection, pipeline, lake, empty_warehouse, published, days, steps
):
    """Days and catalogue files in any order, repeated, overlapping, with failed runs between: as the rules say."""
    empty_warehouse()
    lake.clear()
    files = {day: [*events, ANCHOR] for day, events in zip(DAYS, days, strict=True)}
    for day, events in files.items():
        lake.put(f"log_data/2018/11/{day}-events.json", lines(events))
    arrived: list[dict[str, Any]] = []
    loaded_songs: list[dict[str, Any]] = []
    loaded_days: set[str] = set()

    for number, (step, value) in enumerate([*steps, ("day", DAYS[0])]):
        if step == "songs":
            lake.put(f"song_data/A/B/C/TRABC{number}.json", lines(value))
            arrived += value
        elif step == "fails":
            broken = f"log_data/2018/11/{value}-events-broken.json"
            lake.put(broken, '{"page": ')
            before = published()
            with pytest.raises(AirflowFailException):
                pipeline.run(value)
            assert before == published()
            lake.delete(broken)
        else:
            pipeline.run(value, **({"period": "all"} if step == "all" else {}))
            loaded_days |= set(DAYS) if step == "all" else {value}
            loaded_songs = list(arrived)
            events = [event for day in loaded_days for event in files[day]]
            assert model.warehouse(events, loaded_songs) == published()
