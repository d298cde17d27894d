"""Sparkify's warehouse: its feeds, its tables, its schemas. Every fact about a table is stated here or in its DDL."""

from __future__ import annotations

from airflow.sdk import Asset

from sparkify.settings import BUCKET
from warehouse.tables import Feed, FileCheck, Lookup, Table, Warehouse

# 'x' and 'x ' are equal to Redshift's =; trimmed, they are equal everywhere. Statistics are taken after publishing.
COPY_OPTIONS = ("TRIMBLANKS", "COMPUPDATE OFF", "STATUPDATE OFF")

# Other objects below a prefix are ignored, with a warning.
JSON_FILE = r"\.json(\.gz|\.bz2|\.zst)?$"

EVENTS = Feed(
    name="events",
    ddl="tables/sparkify_raw/events.sql",
    prefix="log_data/",
    expected="listening logs, log_data/YYYY/MM/YYYY-MM-DD-events.json",
    day=r"/(\d{4}-\d{2}-\d{2})-events[^/]*$",
    pattern=JSON_FILE,
    json=f"s3://{BUCKET}/log_json_path.json",
    options=COPY_OPTIONS,
    # Numbers: none says who somebody is, where they are, or what they wrote.
    harmless=("item_in_session", "length", "registration", "session_id", "status", "ts"),
    checks=(
        FileCheck(
            name="required fields",
            sql="checks/files/share_of_missing_fields.sql",
            description="sessionId, itemInSession, page, ts, level, and userId of plays are there: the largest share "
            "of events without one of them",
            at_most=0.99,
            at_most_in_bulk=0,
        ),
        FileCheck(
            name="known levels",
            sql="checks/files/unknown_levels.sql",
            description="every event of a user has the level free or paid: the number of others",
            at_most=0,
            at_most_in_bulk=0,
        ),
        FileCheck(
            name="plausible times",
            sql="checks/files/share_of_implausible_events.sql",
            description="ts is in milliseconds, in the years 2000 to 2099: the share of events with another one",
            at_most=0.1,
            at_most_in_bulk=0,
        ),
        FileCheck(
            name="events near the file's day",
            sql="checks/files/share_of_events_far_from_day.sql",
            description="the events are within one day of the file's date: the share of others",
            at_most=0.1,
            at_most_in_bulk=0,
        ),
        FileCheck(
            name="plays",
            sql="checks/files/days_without_plays.sql",
            description="the day's files have a play: files of days without any",
            at_most=0,
            at_most_in_bulk=0,
        ),
    ),
)

SONG_RECORDS = Feed(
    name="songs",
    ddl="tables/sparkify_raw/songs.sql",
    prefix="song_data/",
    expected="the song catalogue, song_data/A/B/C/TRABC....json",
    pattern=JSON_FILE,
    options=COPY_OPTIONS,
    # The catalogue is public.
    harmless=(
        *("artist_id", "artist_latitude", "artist_location", "artist_longitude", "artist_name"),
        *("duration", "num_songs", "song_id", "title", "year"),
    ),
)

SONGPLAYS = Table(
    name="songplays",
    ddl="tables/sparkify/songplays.sql",
    load="load/songplays.sql",
    source=EVENTS,
    key=("songplay_id",),
    preference=("start_time", "user_id", "level", "song", "artist", "length", "location", "user_agent"),
    time_column="start_time",
    lookup=Lookup(
        feed=SONG_RECORDS,
        columns=("song_id", "artist_id"),
        sql="load/songplays_matched.sql",
        affected="load/songplays_to_match_again.sql",
    ),
)

USERS = Table(
    name="users",
    ddl="tables/sparkify/users.sql",
    load="load/users.sql",
    source=EVENTS,
    key=("user_id",),
    # The latest event decides: a day that comes late never overwrites a newer level.
    preference=("last_event_at DESC", "level DESC", "first_name", "last_name", "gender"),
)

SONGS = Table(
    name="songs",
    ddl="tables/sparkify/songs.sql",
    load="load/songs.sql",
    source=SONG_RECORDS,
    key=("song_id",),
    # A known year first: NULLs go last.
    preference=("year", "title", "duration", "artist_id"),
)

ARTISTS = Table(
    name="artists",
    ddl="tables/sparkify/artists.sql",
    load="load/artists.sql",
    source=SONG_RECORDS,
    key=("artist_id",),
    preference=(
        "CASE WHEN latitude IS NOT NULL AND longitude IS NOT NULL THEN 0 ELSE 1 END",
        "CASE WHEN location IS NOT NULL THEN 0 ELSE 1 END",
        "LEN(name)",
        "name",
        "location",
        "latitude",
        "longitude",
    ),
)

TIME = Table(
    name="time",
    ddl="tables/sparkify/time.sql",
    load="load/time.sql",
    source=SONGPLAYS,
    key=("start_time",),
    time_column="start_time",
)

WAREHOUSE = Warehouse(
    name="sparkify",
    feeds=(EVENTS, SONG_RECORDS),
    # In the order in which they are published.
    tables=(SONGPLAYS, USERS, SONGS, ARTISTS, TIME),
    internal={
        "files": "tables/sparkify_raw/files.sql",
        "state": "tables/sparkify_raw/state.sql",
        "results": "tables/sparkify_quality/results.sql",
        "rejects": "tables/sparkify_quality/rejects.sql",
    },
    owner="Created by the Airflow DAG sparkify_warehouse.",
)

# For DAGs that are scheduled on these tables. The host is not known when the DAG is parsed, so a name has to do.
PUBLISHED = tuple(Asset(WAREHOUSE.published(table)) for table in WAREHOUSE.tables)

# The published tables, each with the column whose latest value says how fresh it is.
FRESHNESS_COLUMNS = {
    "sparkify.songplays": "start_time",
    "sparkify.users": "last_event_at",
    "sparkify.songs": None,
    "sparkify.artists": None,
    "sparkify.time": "start_time",
}
