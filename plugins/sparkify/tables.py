"""The tables of Sparkify's warehouse, as the DAGs name them: one list for creating, loading, checking, publishing."""

from __future__ import annotations

from airflow.sdk import Asset

from warehouse.operators.publish import Publication

RUN_TABLE = "audit.run"
RESULTS_TABLE = "quality.results"
SCHEMAS = ("staging", "sparkify", "audit", "quality")


def ddl(*names: str) -> dict[str, str]:
    """Tables and the files that create them."""
    return {name: f"tables/{name.replace('.', '/')}.sql" for name in names}


TABLES = ddl(
    "staging.songs",
    "staging.song_files",
    "sparkify.songplays",
    "sparkify.users",
    "sparkify.songs",
    "sparkify.artists",
    "sparkify.time",
    RUN_TABLE,
    RESULTS_TABLE,
)
# The rows of one run.
TRANSIENT_TABLES = ddl(
    "staging.events",
    "staging.new_songs",
    "staging.new_song_files",
    "audit.songplays",
    "audit.users",
    "audit.songs",
    "audit.artists",
    "audit.time",
)
VIEWS = ("tables/staging/plays.sql",)

# In the order of log_json_path.json.
EVENT_COLUMNS = (
    "artist",
    "auth",
    "first_name",
    "gender",
    "item_in_session",
    "last_name",
    "length",
    "level",
    "location",
    "method",
    "page",
    "registration",
    "session_id",
    "song",
    "status",
    "ts",
    "user_agent",
    "user_id",
)
CATALOGUE_COLUMNS = (
    "artist_id",
    "artist_latitude",
    "artist_location",
    "artist_longitude",
    "artist_name",
    "duration",
    "num_songs",
    "song_id",
    "title",
    "year",
)
SONGPLAY_COLUMNS = (
    "songplay_id",
    "start_time",
    "user_id",
    "level",
    "song_id",
    "artist_id",
    "session_id",
    "location",
    "user_agent",
    "item_in_session",
    "song",
    "artist",
    "length",
)
USER_COLUMNS = ("user_id", "first_name", "last_name", "gender", "level", "last_event_at")
SONG_COLUMNS = ("song_id", "title", "artist_id", "year", "duration")
ARTIST_COLUMNS = ("artist_id", "name", "location", "latitude", "longitude")
TIME_COLUMNS = ("start_time", "hour", "day", "week", "month", "year", "weekday")

PUBLICATIONS = (
    Publication(table="sparkify.users", candidates="audit.users", columns=USER_COLUMNS, key="user_id"),
    Publication(table="sparkify.songs", candidates="audit.songs", columns=SONG_COLUMNS, key="song_id"),
    Publication(table="sparkify.artists", candidates="audit.artists", columns=ARTIST_COLUMNS, key="artist_id"),
    Publication(table="sparkify.time", candidates="audit.time", columns=TIME_COLUMNS, key="start_time"),
    Publication(
        table="sparkify.songplays",
        candidates="audit.songplays",
        columns=SONGPLAY_COLUMNS,
        key="songplay_id",
        is_key_range_bound=True,
        period_column="start_time",
    ),
    Publication(table="staging.songs", candidates="staging.new_songs", columns=CATALOGUE_COLUMNS),
    Publication(
        table="staging.song_files",
        candidates="staging.new_song_files",
        columns=("key", "etag", "size", "run_id"),
        key="key",
    ),
)

# What readers see, as others can schedule by it. A host is not known when the DAG is read: the name says what it is.
PUBLISHED = tuple(Asset(publication.table) for publication in PUBLICATIONS if publication.table.startswith("sparkify."))

# The published tables, each with the column that says how fresh it is.
FRESHNESS_COLUMNS = {
    "sparkify.songplays": "start_time",
    "sparkify.users": "last_event_at",
    "sparkify.songs": None,
    "sparkify.artists": None,
    "sparkify.time": "start_time",
}
