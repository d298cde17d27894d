"""What must be true of a run before it is published, as data."""

from __future__ import annotations

from warehouse.checks import Check

KEYS = {
    "songplays": "songplay_id",
    "users": "user_id",
    "songs": "song_id",
    "artists": "artist_id",
    "time": "start_time",
}
# The key itself is NOT NULL in the DDL.
NEVER_MISSING = {
    "songplays": ("start_time", "user_id", "session_id", "item_in_session"),
    "songs": ("artist_id",),
    "time": ("hour", "day", "week", "month", "year", "weekday"),
}
# A level nobody knows would fall out of every report on paying users: that stops the run. Odd descriptions do not.
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
# Without files of the catalogue there are no songs yet; plays are kept all the same.
MAY_BE_EMPTY = {"songs", "artists"}


def row_counts() -> list[Check]:
    """Staged, candidate and published-to-be rows."""
    checks = [
        Check(
            name="staged events",
            sql="checks/row_count.sql",
            table="staging.events",
            sentence="the log files of the period hold events",
            at_least=1,
            parameters={"table": "staging.events"},
        ),
    ]
    checks.extend(
        Check(
            name=f"rows of {table} after publishing",
            # Candidates alone may be none: a rerun brings nothing new. Where they may not, in a first load and in a
            # rebuild, there would be no row after publishing either.
            sql=f"checks/{'songplays' if table == 'songplays' else 'rows'}_after_publishing.sql",
            table=f"sparkify.{table}",
            sentence=f"sparkify.{table} will not be empty",
            at_least=1,
            severity="warn" if table in MAY_BE_EMPTY else "error",
            parameters={"table": f"sparkify.{table}", "candidates": f"audit.{table}", "key": key},
        )
        for table, key in KEYS.items()
    )
    return checks


def keys_and_values() -> list[Check]:
    """Keys unique, nothing missing, values accepted and in range, over the candidates."""
    checks = []
    for table, key in KEYS.items():
        audit = f"audit.{table}"
        checks.append(
            Check(
                name=f"{table}.{key} is unique",
                sql="checks/duplicate_keys.sql",
                table=audit,
                sentence=f"no two candidates of sparkify.{table} have the same {key}",
                at_most=0,
                at_least=0,
                parameters={"table": audit, "key": key},
            )
        )
        checks.extend(
            Check(
                name=f"{table}.{column} is never missing",
                sql="checks/missing_values.sql",
                table=audit,
                sentence=f"every candidate of sparkify.{table} has a {column}",
                at_most=0,
                at_least=0,
                parameters={"table": audit, "column": column},
            )
            for column in NEVER_MISSING.get(table, ())
        )
    for table, column, accepted, severity in ACCEPTED:
        checks.append(
            Check(
                name=f"{table}.{column} is accepted",
                sql="checks/unaccepted_values.sql",
                table=f"audit.{table}",
                sentence=f"every {column} among the candidates of sparkify.{table} is one of {accepted}",
                at_most=0,
                at_least=0,
                severity=severity,
                parameters={"table": f"audit.{table}", "column": column, "accepted": accepted},
            )
        )
    for table, column, low, high, severity in RANGES:
        checks.append(
            Check(
                name=f"{table}.{column} is in range",
                sql="checks/values_out_of_range.sql",
                table=f"audit.{table}",
                sentence=f"every {column} among the candidates of sparkify.{table} is from {low} to {high}",
                at_most=0,
                at_least=0,
                severity=severity,
                parameters={"table": f"audit.{table}", "column": column, "low": str(low), "high": str(high)},
            )
        )
    return checks


def references() -> list[Check]:
    """Every play finds its user, song, artist and time, among candidates and published rows together."""
    return [
        Check(
            name=f"songplays.{column} refers to {table}",
            sql="checks/dangling_references.sql",
            table="audit.songplays",
            sentence=f"every {column} of a play is in sparkify.{table} or among its candidates",
            at_most=0,
            at_least=0,
            parameters={
                "table": "audit.songplays",
                "column": column,
                "candidates": f"audit.{table}",
                "published": f"sparkify.{table}",
                "key": column,
            },
        )
        for column, table in REFERENCES.items()
    ]


def reconciliation() -> list[Check]:
    """Staging and what is made of it agree to the row."""
    return [
        Check(
            name="every staged user is known",
            sql="checks/dangling_references.sql",
            table="staging.events",
            sentence="every user in the log files is a candidate or published already",
            at_most=0,
            at_least=0,
            parameters={
                "table": "staging.events",
                "column": "user_id",
                "candidates": "audit.users",
                "published": "sparkify.users",
                "key": "user_id",
            },
        ),
        Check(
            name="every staged play is in the fact",
            sql="checks/staged_plays_missing_in_fact.sql",
            table="audit.songplays",
            sentence="every play in the log files is a candidate or published already",
            at_most=0,
            at_least=0,
        ),
        Check(
            name="every new play was staged",
            sql="checks/fact_rows_without_staged_play.sql",
            table="audit.songplays",
            sentence="every candidate play that is not published yet comes from the log files",
            at_most=0,
            at_least=0,
        ),
    ]


def worth_a_look() -> list[Check]:
    """What does not stop a run, but somebody should know."""
    return [
        Check(
            name="play events that are no plays",
            sql="checks/play_events_that_are_no_plays.sql",
            table="staging.events",
            sentence="every NextSong event has a user, a session, a number in it and a time",
            at_most=0,
            severity="warn",
        ),
        Check(
            name="plays outside the period",
            sql="checks/plays_outside_period.sql",
            table="staging.events",
            sentence="every staged play began inside the period loaded",
            at_most=0,
            severity="warn",
        ),
        Check(
            name="plays that replacing removes",
            sql="checks/plays_that_replacing_removes.sql",
            table="sparkify.songplays",
            sentence="replacing the period's plays removes none that its log files do not bring again",
            at_most=0,
            severity="warn",
        ),
        Check(
            name="staged plays",
            sql="checks/row_count.sql",
            table="staging.events",
            sentence="somebody listened to something",
            at_least=1,
            severity="warn",
            parameters={"table": "staging.plays"},
        ),
        Check(
            name="catalogue records without id",
            sql="checks/catalogue_records_without_id.sql",
            table="staging.new_songs",
            sentence="every new record of the catalogue has a song and an artist id",
            at_most=0,
            severity="warn",
        ),
        Check(
            name="events per day",
            sql="checks/events_per_day.sql",
            table="staging.events",
            sentence="a day has events",
            at_least=1,
            severity="warn",
        ),
        Check(
            name="volume against history",
            sql="checks/volume_against_history.sql",
            table="staging.events",
            sentence="a day has between a fifth and five times the events of days loaded before",
            at_least=0.2,
            at_most=5,
            severity="warn",
        ),
        Check(
            name="share of unmatched plays",
            sql="checks/share_of_unmatched_plays.sql",
            table="audit.songplays",
            # The public log and the public catalogue hardly overlap: 333 of 6,820 plays match.
            sentence="at least one play in a hundred matches a song of the catalogue",
            at_most=0.99,
            severity="warn",
        ),
        Check(
            name="share of garbled names",
            sql="checks/share_of_garbled_names.sql",
            table="audit.songplays",
            # The public log has 326 such plays in 6,820, 4.8 %: known, and not a reason to warn every day.
            sentence="no more than one play in ten has a garbled title or artist",
            at_most=0.1,
            severity="warn",
        ),
    ]


CHECKS = (*row_counts(), *keys_and_values(), *references(), *reconciliation(), *worth_a_look())
