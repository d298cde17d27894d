"""What must be true of a run before it is published, as data. Checks of single files are in sparkify.tables."""

from __future__ import annotations

from sparkify.tables import EVENTS, WAREHOUSE
from warehouse.checks import Check

KEYS = {table.name: table.key[0] for table in WAREHOUSE.tables}
# The key itself is NOT NULL in the DDL.
NEVER_MISSING = {
    "songplays": ("start_time", "user_id", "level", "session_id", "item_in_session"),
    "users": ("level", "last_event_at"),
    "songs": ("artist_id",),
    "time": ("hour", "day", "week", "month", "year", "weekday"),
}
# A level nobody knows would be missing from every report on paying users: that stops the run. Odd descriptions do not.
ACCEPTED = (
    ("songplays", "level", "'free', 'paid'", "error"),
    ("users", "level", "'free', 'paid'", "error"),
    ("users", "gender", "'F', 'M'", "warn"),
)
RANGES = (
    ("songs", "year", 1900, 2100, "warn"),
    ("songs", "duration", 0, 86400, "warn"),
    ("artists", "latitude", -90, 90, "warn"),
    ("artists", "longitude", -180, 180, "warn"),
    ("time", "hour", 0, 23, "error"),
    ("time", "day", 1, 31, "error"),
    ("time", "week", 1, 53, "error"),
    ("time", "month", 1, 12, "error"),
    ("time", "weekday", 0, 6, "error"),
)
REFERENCES = {"user_id": "users", "song_id": "songs", "artist_id": "artists", "start_time": "time"}
# Every accepted log file leads to rows of these; a catalogue whose records all lack an id leads to none.
NEVER_EMPTY = ("songplays", "users", "time")


def run_table(name: str) -> str:
    """A table of the run's schema as results name it: the schema's real name is another one in every run."""
    return f"sparkify_run.{name}"


def row_counts() -> list[Check]:
    """The rows that each table will have; none at all stops the run where there are files that must lead to some."""
    counted = [
        Check(
            name=f"rows of {table} after publishing",
            sql="checks/rows_after_publishing.sql",
            table=f"sparkify.{table}",
            description=f"sparkify.{table} will not be empty",
            at_least=1,
            severity="warn",
            parameters={"table": table, "key": key},
        )
        for table, key in KEYS.items()
    ]
    never_empty = [
        Check(
            name=f"{table} has rows",
            sql="checks/files_without_rows.sql",
            table=f"sparkify.{table}",
            description=f"sparkify.{table} is not empty while the warehouse holds log files: the number of these files",
            at_most=0,
            at_least=0,
            parameters={"table": table, "key": KEYS[table], "feed": EVENTS.name},
        )
        for table in NEVER_EMPTY
    ]
    return [*counted, *never_empty]


def unique_keys() -> list[Check]:
    """No key twice among the rows to be."""
    return [
        Check(
            name=f"{table}.{key} is unique",
            sql="checks/duplicate_keys.sql",
            table=run_table(table),
            description=f"no two rows that are new or changed in sparkify.{table} have the same {key}",
            at_most=0,
            at_least=0,
            parameters={"table": table, "key": key},
        )
        for table, key in KEYS.items()
    ]


def values() -> list[Check]:
    """Nothing missing, values accepted and in range, among the rows that are new or changed."""
    missing = [
        Check(
            name=f"{table}.{column} is never missing",
            sql="checks/missing_values.sql",
            table=run_table(table),
            description=f"every row that is new or changed in sparkify.{table} has a {column}",
            at_most=0,
            at_least=0,
            parameters={"table": table, "column": column},
        )
        for table, columns in NEVER_MISSING.items()
        for column in columns
    ]
    accepted = [
        Check(
            name=f"{table}.{column} is accepted",
            sql="checks/unaccepted_values.sql",
            table=run_table(table),
            description=f"every {column} that is new or changed in sparkify.{table} is one of {accepted}",
            at_most=0,
            at_least=0,
            severity=severity,
            parameters={"table": table, "column": column, "accepted": accepted},
        )
        for table, column, accepted, severity in ACCEPTED
    ]
    in_range = [
        Check(
            name=f"{table}.{column} is in range",
            sql="checks/values_out_of_range.sql",
            table=run_table(table),
            description=f"every {column} that is new or changed in sparkify.{table} is from {low} to {high}",
            at_most=0,
            at_least=0,
            severity=severity,
            parameters={"table": table, "column": column, "low": str(low), "high": str(high)},
        )
        for table, column, low, high, severity in RANGES
    ]
    return [*missing, *accepted, *in_range]


def references() -> list[Check]:
    """Every play will find its user, song, artist and time."""
    return [
        Check(
            name=f"songplays.{column} refers to {table}",
            sql="checks/dangling_references.sql",
            table=run_table("songplays"),
            description=f"every {column} of a play will be in sparkify.{table}",
            at_most=0,
            at_least=0,
            parameters={"column": column, "table": table, "key": column},
        )
        for column, table in REFERENCES.items()
    ]


def reconciliation() -> list[Check]:
    """The log files and the rows made from them agree."""
    return [
        Check(
            name="every user is published",
            sql="checks/staged_users_missing.sql",
            table=run_table("staged_events"),
            description="every user in the files read will be in sparkify.users",
            at_most=0,
            at_least=0,
        ),
        Check(
            name="every play is published",
            sql="checks/staged_plays_missing.sql",
            table=run_table("staged_events"),
            description="every play in the files read will be in sparkify.songplays",
            at_most=0,
            at_least=0,
        ),
    ]


def odd_files_and_records() -> list[Check]:
    """What is odd in the files read, and does not stop the run."""
    return [
        Check(
            name="files left out",
            sql="checks/row_count.sql",
            table=run_table("left_out"),
            description="every file that is new or changed could be loaded",
            at_most=0,
            severity="warn",
            parameters={"table": "left_out"},
        ),
        Check(
            name="rejected lines",
            sql="checks/rejected_lines.sql",
            table=run_table("rejects"),
            description="COPY rejected no line of the files read; sparkify_quality.rejects has the lines",
            at_most=0,
            severity="warn",
        ),
        Check(
            name="play events that are no plays",
            sql="checks/play_events_that_are_no_plays.sql",
            table=run_table("staged_events"),
            description="every NextSong event has a user, a session, an item number and a plausible time",
            at_most=0,
            severity="warn",
        ),
        Check(
            name="implausible events",
            sql="checks/implausible_events.sql",
            table=run_table("staged_events"),
            description="the time of every event is in the years 2000 to 2099; others are ignored",
            at_most=0,
            severity="warn",
        ),
        Check(
            name="events far from their file's day",
            sql="checks/events_far_from_their_day.sql",
            table=run_table("staged_events"),
            description="every event is within one day of its file's date",
            at_most=0,
            severity="warn",
        ),
        Check(
            name="plays of two users",
            sql="checks/keys_of_two_users.sql",
            table=run_table("staged_events"),
            description="no two users have a play with the same session and number",
            at_most=0,
            severity="warn",
        ),
        Check(
            name="catalogue records without id",
            sql="checks/catalogue_records_without_id.sql",
            table=run_table("staged_songs"),
            description="every record of the catalogue has a song id and an artist id",
            at_most=0,
            severity="warn",
        ),
    ]


def odd_amounts() -> list[Check]:
    """Numbers and shares that are unusual, and do not stop the run."""
    return [
        Check(
            name="events per day",
            sql="checks/events_per_day.sql",
            table=run_table("staged_events"),
            description="how many events a day has; later runs are compared with it",
            at_least=0,
            severity="warn",
        ),
        Check(
            name="volume against history",
            sql="checks/volume_against_history.sql",
            table=run_table("staged_events"),
            description="a day has between a fifth and five times the events of the days loaded before",
            at_least=0.2,
            at_most=5,
            severity="warn",
        ),
        Check(
            name="share of unmatched plays",
            sql="checks/share_of_unmatched_plays.sql",
            table=run_table("songplays"),
            # The public log and the public catalogue hardly overlap: 333 of 6,820 plays match.
            description="at least one play in a hundred matches a song of the catalogue",
            at_most=0.99,
            severity="warn",
        ),
        Check(
            name="share of garbled names",
            sql="checks/share_of_garbled_names.sql",
            table=run_table("songplays"),
            # The public log has 326 such plays in 6,820, 4.8 %: known, and no reason to warn every day.
            description="no more than one play in ten has a garbled title or artist",
            at_most=0.1,
            severity="warn",
        ),
    ]


CHECKS = (
    *row_counts(),
    *unique_keys(),
    *values(),
    *references(),
    *reconciliation(),
    *odd_files_and_records(),
    *odd_amounts(),
)
