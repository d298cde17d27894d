"""What the warehouse must hold, worked out in plain Python from the rules, without the project's SQL.

The input is the accepted content of every file: a list of JSON records a file. Nothing here knows of runs or batches.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

Record = dict[str, Any]
Content = Sequence[Record]

EPOCH = datetime.datetime(1970, 1, 1)
# A plausible ts is of the years 2000 to 2099, UTC: seconds and microseconds are far outside.
FIRST_PLAUSIBLE, FIRST_IMPLAUSIBLE = 946684800000, 4102444800000

# The columns of sparkify_raw, each with the field of the JSON that it is loaded from.
EVENT_FIELDS = {
    "artist": "artist",
    "auth": "auth",
    "first_name": "firstName",
    "gender": "gender",
    "item_in_session": "itemInSession",
    "last_name": "lastName",
    "length": "length",
    "level": "level",
    "location": "location",
    "method": "method",
    "page": "page",
    "registration": "registration",
    "session_id": "sessionId",
    "song": "song",
    "status": "status",
    "ts": "ts",
    "user_agent": "userAgent",
    "user_id": "userId",
}
SONG_FIELDS = (
    *("artist_id", "artist_latitude", "artist_location", "artist_longitude", "artist_name"),
    *("duration", "num_songs", "song_id", "title", "year"),
)


def trimmed(value: Any) -> Any:
    """TRIMBLANKS."""
    return value.rstrip(" ") if isinstance(value, str) else value


def moment(ts: int) -> datetime.datetime:
    """Epoch milliseconds as a UTC timestamp."""
    return EPOCH + datetime.timedelta(milliseconds=ts)


def user_id(text: Any) -> int | None:
    """A blank user id is NULL."""
    return int(text) if text is not None and str(text).strip() else None


def raw_event(record: Record) -> Record:
    """An event as COPY loads it."""
    loaded = {column: trimmed(record[field]) for column, field in EVENT_FIELDS.items()}
    return loaded | {"user_id": user_id(loaded["user_id"])}


def raw_song(record: Record) -> Record:
    """A catalogue record as COPY loads it."""
    return {column: trimmed(record[column]) for column in SONG_FIELDS}


def raw_events(contents: Iterable[Content]) -> Counter[tuple]:
    """The rows of sparkify_raw.events without their batch, in the order of EVENT_FIELDS, each with its count."""
    return Counter(tuple(raw_event(record).values()) for content in contents for record in content)


def raw_songs(contents: Iterable[Content]) -> Counter[tuple]:
    """The rows of sparkify_raw.songs without their batch, in the order of SONG_FIELDS, each with its count."""
    return Counter(tuple(raw_song(record).values()) for content in contents for record in content)


def ascending(*values: Any) -> tuple:
    """A sort key: bytes of text, NULLs last."""
    return tuple((value is None, value.encode() if isinstance(value, str) else value or 0) for value in values)


class Descending:
    """Reverses an order, NULLs still last."""

    def __init__(self, value: Any) -> None:
        self.value = value.encode() if isinstance(value, str) else value

    __hash__ = None  # type: ignore[assignment]  # a sort key, never a member of a set

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descending) and self.value == other.value

    def __lt__(self, other: Descending) -> bool:
        if self.value is None or other.value is None:
            return self.value is not None and other.value is None
        return self.value > other.value


def is_plausible(event: Record) -> bool:
    """Whether an event takes part in anything."""
    return event["ts"] is not None and FIRST_PLAUSIBLE <= event["ts"] < FIRST_IMPLAUSIBLE


def is_play(event: Record) -> bool:
    """Whether a plausible event is a play."""
    item = event["item_in_session"]
    return (
        event["page"] == "NextSong"
        and event["user_id"] is not None
        and event["session_id"] is not None
        and item is not None
        and 0 <= item < 1048576
    )


def takes_part(song: Record) -> bool:
    """Whether a catalogue record has both its ids."""
    return bool(song["song_id"]) and bool(song["artist_id"])


def match(event: Record, catalogue: list[Record]) -> tuple[str | None, str | None]:
    """Song and artist id of the record a play matches, or neither."""
    found = [
        song
        for song in catalogue
        if song["title"] is not None
        and song["artist_name"] is not None
        and (song["title"], song["artist_name"]) == (event["song"], event["artist"])
    ]
    if not found:
        return None, None

    def distance(song: Record) -> float | None:
        if event["length"] is None or song["duration"] is None:
            return None
        return abs(song["duration"] - event["length"])

    best = min(found, key=lambda song: ascending(distance(song), song["song_id"], song["artist_id"]))
    return best["song_id"], best["artist_id"]


def songplays(events: list[Record], catalogue: list[Record]) -> set[tuple]:
    """One row per session and item: its earliest event, and of those of one time the smallest."""
    versions: dict[int, list[Record]] = {}
    for event in filter(is_play, events):
        versions.setdefault(event["session_id"] * 1048576 + event["item_in_session"], []).append(event)
    preference = ("ts", "user_id", "level", "song", "artist", "length", "location", "user_agent")
    rows = set()
    for key, found in versions.items():
        play = min(found, key=lambda event: ascending(*[event[column] for column in preference]))
        ids = match(play, catalogue)
        others = ("session_id", "location", "user_agent", "item_in_session", "song", "artist", "length")
        rows.add(
            (key, moment(play["ts"]), play["user_id"], play["level"], *ids, *[play[column] for column in others]),
        )
    return rows


def users(events: list[Record]) -> set[tuple]:
    """One row per user, of the latest event, play or not."""
    versions: dict[int, list[Record]] = {}
    for event in events:
        if event["user_id"] is not None:
            versions.setdefault(event["user_id"], []).append(event)

    def preference(event: Record) -> tuple:
        names = ascending(event["first_name"], event["last_name"], event["gender"])
        return Descending(event["ts"]), Descending(event["level"]), names

    best = {key: min(found, key=preference) for key, found in versions.items()}
    return {
        (key, user["first_name"], user["last_name"], user["gender"], user["level"], moment(user["ts"]))
        for key, user in best.items()
    }


def songs(catalogue: list[Record]) -> set[tuple]:
    """One row per song id: a known year first, 0 being none."""
    versions: dict[str, list[tuple]] = {}
    for song in catalogue:
        row = (song["song_id"], song["title"], song["artist_id"], song["year"] or None, song["duration"])
        versions.setdefault(song["song_id"], []).append(row)

    def preference(row: tuple) -> tuple:
        _, title, artist_id, year, duration = row
        return ascending(year, title, duration, artist_id)

    return {min(found, key=preference) for found in versions.values()}


def artists(catalogue: list[Record]) -> set[tuple]:
    """One row per artist id: both coordinates first, then a location, then the shortest name."""
    versions: dict[str, list[tuple]] = {}
    for song in catalogue:
        place = (song["artist_location"] or None, song["artist_latitude"], song["artist_longitude"])
        versions.setdefault(song["artist_id"], []).append((song["artist_id"], song["artist_name"], *place))

    def preference(row: tuple) -> tuple:
        _, name, location, latitude, longitude = row
        characters = None if name is None else len(name)
        lacks_coordinates = latitude is None or longitude is None
        return lacks_coordinates, location is None, ascending(characters, name, location, latitude, longitude)

    return {min(found, key=preference) for found in versions.values()}


def times(plays: set[tuple]) -> set[tuple]:
    """One row per start_time of a published play."""
    return {
        (start, start.hour, start.day, start.isocalendar().week, start.month, start.year, start.isoweekday() % 7)
        for start in {play[1] for play in plays}
    }


def warehouse(logs: Iterable[Content], catalogue: Iterable[Content]) -> dict[str, set[tuple]]:
    """The five published tables over these accepted contents of log files and of catalogue files."""
    events = [event for content in logs for event in map(raw_event, content) if is_plausible(event)]
    known = [song for content in catalogue for song in map(raw_song, content) if takes_part(song)]
    plays = songplays(events, known)
    return {
        "songplays": plays,
        "users": users(events),
        "songs": songs(known),
        "artists": artists(known),
        "time": times(plays),
    }
