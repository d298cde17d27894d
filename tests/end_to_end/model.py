"""What the published tables must hold, worked out in plain Python from the rules, without the project's SQL."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

Event = dict[str, Any]
Song = dict[str, Any]
EPOCH = datetime.datetime(1970, 1, 1)


def trimmed(value: Any) -> Any:
    """TRIMBLANKS."""
    return value.rstrip(" ") if isinstance(value, str) else value


def moment(ts: int | None) -> datetime.datetime | None:
    """Epoch milliseconds as a UTC timestamp."""
    return None if ts is None else EPOCH + datetime.timedelta(milliseconds=ts)


def ascending(*values: Any) -> tuple:
    """A sort key: bytes of text, NULLs last."""
    return tuple((value is None, value.encode() if isinstance(value, str) else value or 0) for value in values)


class Descending:
    """Turns an order round, NULLs still last."""

    def __init__(self, value: Any) -> None:
        self.value = value.encode() if isinstance(value, str) else value

    __hash__ = None  # type: ignore[assignment]  # a sort key, never a member of a set

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Descending) and self.value == other.value

    def __lt__(self, other: Descending) -> bool:
        if self.value is None or other.value is None:
            return self.value is not None and other.value is None
        return self.value > other.value


def user_id(event: Event) -> int | None:
    """A blank user id is none."""
    text = event.get("userId")
    return int(text) if text is not None and str(text).strip() else None


def is_play(event: Event) -> bool:
    """The rule of what a play is."""
    item = event.get("itemInSession")
    return (
        event.get("page") == "NextSong"
        and user_id(event) is not None
        and event.get("sessionId") is not None
        and event.get("ts") is not None
        and item is not None
        and 0 <= item < 1048576
    )


def records(songs: Iterable[Song]) -> list[Song]:
    """Catalogue records that take part, trimmed."""
    trimmed_songs = [{name: trimmed(value) for name, value in song.items()} for song in songs]
    return [song for song in trimmed_songs if song["song_id"] is not None and song["artist_id"] is not None]


def match(event: Event, catalogue: list[Song]) -> tuple[str | None, str | None]:
    """Song and artist id of the record a play matches."""
    title, artist, length = trimmed(event["song"]), trimmed(event["artist"]), event["length"]
    found = [
        song
        for song in catalogue
        if title is not None and artist is not None and song["title"] == title and song["artist_name"] == artist
    ]
    if not found:
        return None, None

    def distance(song: Song) -> float | None:
        return None if length is None or song["duration"] is None else abs(song["duration"] - length)

    best = min(found, key=lambda song: ascending(distance(song), song["song_id"], song["artist_id"]))
    return best["song_id"], best["artist_id"]


def songplays(events: list[Event], catalogue: list[Song]) -> set[tuple]:
    """The fact."""
    best: dict[int, tuple[tuple, tuple]] = {}
    for event in filter(is_play, events):
        key = event["sessionId"] * 1048576 + event["itemInSession"]
        text = {name: trimmed(event[name]) for name in ("level", "song", "artist", "location", "userAgent")}
        order = ascending(
            event["ts"],
            user_id(event),
            text["level"],
            text["song"],
            text["artist"],
            event["length"],
            text["location"],
            text["userAgent"],
        )
        row = (
            key,
            moment(event["ts"]),
            user_id(event),
            text["level"],
            *match(event, catalogue),
            event["sessionId"],
            text["location"],
            text["userAgent"],
            event["itemInSession"],
            text["song"],
            text["artist"],
            event["length"],
        )
        if key not in best or order < best[key][0]:
            best[key] = (order, row)
    return {row for _, row in best.values()}


def users(events: list[Event]) -> set[tuple]:
    """One row per user, of the latest event."""
    best: dict[int, tuple[tuple, tuple]] = {}
    for event in events:
        key = user_id(event)
        if key is None:
            continue
        names = [trimmed(event[name]) for name in ("firstName", "lastName", "gender")]
        level = trimmed(event["level"])
        order = (Descending(event["ts"]), Descending(level), ascending(*names))
        row = (key, *names, level, moment(event["ts"]))
        if key not in best or order < best[key][0]:
            best[key] = (order, row)
    return {row for _, row in best.values()}


def songs(catalogue: list[Song]) -> set[tuple]:
    """One row per song id."""
    rows = [
        (song["song_id"], song["title"], song["artist_id"], song["year"] or None, song["duration"])
        for song in catalogue
    ]
    by_key: dict[str, list[tuple]] = {}
    for row in rows:
        by_key.setdefault(row[0], []).append(row)
    return {min(group, key=lambda row: ascending(row[3], row[1], row[4], row[2])) for group in by_key.values()}


def artists(catalogue: list[Song]) -> set[tuple]:
    """One row per artist id."""
    by_key: dict[str, list[tuple]] = {}
    for song in catalogue:
        row = (
            song["artist_id"],
            song["artist_name"],
            song["artist_location"] or None,
            song["artist_latitude"],
            song["artist_longitude"],
        )
        by_key.setdefault(row[0], []).append(row)

    def order(row: tuple) -> tuple:
        _, name, location, latitude, longitude = row
        length = None if name is None else len(name)
        has_no_coordinates = latitude is None or longitude is None
        return (has_no_coordinates, location is None, ascending(length, name, location, latitude, longitude))

    return {min(group, key=order) for group in by_key.values()}


def times(events: list[Event]) -> set[tuple]:
    """One row per moment of a play, superseded ones too."""
    moments = {moment(event["ts"]) for event in events if is_play(event)}
    return {
        (m, m.hour, m.day, m.isocalendar().week, m.month, m.year, m.isoweekday() % 7) for m in moments if m is not None
    }


def warehouse(events: list[Event], catalogue: list[Song]) -> dict[str, set[tuple]]:
    """All five published tables after these events and catalogue records, in whatever order they were loaded."""
    known = records(catalogue)
    return {
        "songplays": songplays(events, known),
        "users": users(events),
        "songs": songs(known),
        "artists": artists(known),
        "time": times(events),
    }
