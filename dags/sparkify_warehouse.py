"""
### Sparkify's warehouse: what was listened to, by whom, when and where

Copies the listening logs and the song catalogue from S3 into Amazon Redshift, builds the star schema
`sparkify.songplays`, `users`, `songs`, `artists`, `time`, checks it, and publishes it in one transaction: a reader sees
all of a run or nothing of it.

**Every day** the run loads the day's log file and the catalogue files that are new. Loading is safe to repeat: days in
any order, any number of times, gives the same tables.

| You want to | Trigger with |
|---|---|
| load one day, month or year, or everything | `period` = `2018-11-05`, `2018-11`, `2018` or `all` |
| load the plays of a corrected log file | the period it covers, `mode` = `replace` |
| make everything anew from S3 as it is now | `period` = `all`, `mode` = `rebuild` |

**When it fails**

- `stage_events` - the log says which file, line, column and value COPY refused, or that nothing lies below the prefix.
  Mend the file and clear the run. Nothing has been published.
- `check_quality` - the log lists every failed check: what it claims, what it observed, what it expected. All results
  are in `quality.results`. Nothing has been published.
- `create_tables` - a table differs from its DDL in `include/sql/tables`; the log has the ALTER to run.
- `record_run` - the run is what it is without it; only its record is missing on the page *Sparkify* of this UI. Clear
  this one task to write it.
- "staging and audit hold the rows of run ..." - one task of an old run was cleared. Clear all tasks of the run instead.

**What `replace` replaces**: the published plays that began in the period. A session over midnight can leave plays of a
day in another day's file: name a period that covers both; a warning counts the plays that would go for good. Users are
corrected where their latest event lies in the period; a user who is in no log file any more, and moments in `time`, go
with a `rebuild` only.

**What every run leaves**: the page *Sparkify* in this UI shows the latest report, the checks of the last runs, the
tables' sizes and what was loaded. It reads what `record_run` writes, the last 400 runs, below `sparkify_work_prefix`;
without that Variable nothing is written, and `record_run` is skipped.

Lost connections, throttling and error 1023 (two writers at once) are tried again; all else fails at once, because it
would fail again.

A failure goes to the SNS topic whose ARN is in Variable `sparkify_alert_topic`, with the failed checks in words and a
link to the log.

Settings: connections `redshift` and `aws_default`; Variables `sparkify_bucket`, `sparkify_region`, `sparkify_iam_role`,
`sparkify_work_prefix`, `sparkify_readers`, `sparkify_alert_topic`.
"""

from __future__ import annotations

import datetime
from pathlib import Path

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, TriggerRule

from sparkify.checks import CHECKS
from sparkify.tables import (
    ARTIST_COLUMNS,
    CATALOGUE_COLUMNS,
    EVENT_COLUMNS,
    FRESHNESS_COLUMNS,
    PUBLICATIONS,
    PUBLISHED,
    RESULTS_TABLE,
    RUN_TABLE,
    SCHEMAS,
    SONG_COLUMNS,
    SONGPLAY_COLUMNS,
    TABLES,
    TIME_COLUMNS,
    TRANSIENT_TABLES,
    USER_COLUMNS,
    VIEWS,
)
from warehouse.alerts import FailureAlert
from warehouse.operators.create_tables import CreateTablesOperator
from warehouse.operators.data_quality import DataQualityOperator
from warehouse.operators.load_dimension import LoadDimensionOperator
from warehouse.operators.load_fact import LoadFactOperator
from warehouse.operators.open_run import OpenRunOperator
from warehouse.operators.publish import PublishOperator
from warehouse.operators.record_run import RecordRunOperator
from warehouse.operators.stage_to_redshift import StageToRedshiftOperator
from warehouse.period import PATTERN
from warehouse.retries import TransientFailuresOnly

SQL_FOLDER = Path(__file__).resolve().parents[1] / "include" / "sql"

# A run without any date has no `ds` at all (AIP-83); it loads everything.
PERIOD = "params.period or (ds if ds is defined else 'all')"

BUCKET = "{{ var.value.get('sparkify_bucket', 'udacity-dend') }}"
REGION = "{{ var.value.get('sparkify_region', 'us-west-2') }}"
ROLE = "{{ var.value.get('sparkify_iam_role', 'default') }}"
WORK_PREFIX = "{{ var.value.get('sparkify_work_prefix', '') }}"
READERS = "{{ var.value.get('sparkify_readers', '') }}"
ALERT_TOPIC = "{{ var.value.get('sparkify_alert_topic', '') }}"


def log_prefix(period: str) -> str:
    """Where the log files of a period lie: each period is one prefix, and so one COPY."""
    parts = period.split("-")
    if period == "all":
        return "log_data/"
    if len(parts) < 3:
        return "/".join(["log_data", *parts, ""])
    return f"log_data/{parts[0]}/{parts[1]}/{period}-events"


with DAG(
    dag_id="sparkify_warehouse",
    doc_md=__doc__,
    description="S3 listening logs and song catalogue to a checked star schema in Redshift",
    # At midnight UTC, for the day that has just ended: the run's `ds` is that day. CronTriggerTimetable, which "@daily"
    # means since Airflow 3, would give the day that begins.
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime.datetime(2018, 11, 1, tzinfo=datetime.UTC),
    catchup=False,
    # Staging and audit tables are shared by all runs.
    max_active_runs=1,
    params={
        "period": Param(
            None,
            type=["null", "string"],
            pattern=PATTERN,
            title="Period",
            description="What to load: all, YYYY, YYYY-MM or YYYY-MM-DD. Empty: the run's own day.",
        ),
        "mode": Param(
            "merge",
            type="string",
            enum=["merge", "replace", "rebuild"],
            title="Mode",
            description=(
                "merge: add and update. replace: the period's plays are replaced by what its log files say now. "
                "rebuild: everything is made anew from S3 (period all)."
            ),
        ),
    },
    template_searchpath=[str(SQL_FOLDER)],
    user_defined_macros={"log_prefix": log_prefix},
    tags=["sparkify", "redshift", "warehouse"],
    default_args={
        "owner": "data-engineering",
        "conn_id": "redshift",
        "run_table": RUN_TABLE,
        "retries": 2,
        "retry_delay": datetime.timedelta(seconds=30),
        "retry_policy": TransientFailuresOnly(),
        # With one run at a time, a connection that hangs would hold up all that follow.
        "execution_timeout": datetime.timedelta(hours=2),
        "on_failure_callback": FailureAlert(topic=ALERT_TOPIC),
    },
) as dag:
    create_tables = CreateTablesOperator(
        task_id="create_tables",
        schemas=SCHEMAS,
        tables=TABLES,
        transient=TRANSIENT_TABLES,
        views=VIEWS,
        readers=READERS,
        readable="sparkify",
        doc_md="Creates what is missing, and fails where a table differs from its DDL.",
    )

    open_run = OpenRunOperator(
        task_id="open_run",
        empties=tuple(TRANSIENT_TABLES),
        period="{{ " + PERIOD + " }}",
        mode="{{ params.mode }}",
        doc_md="From here on staging and audit belong to this run.",
    )

    stage_events = StageToRedshiftOperator(
        task_id="stage_events",
        table="staging.events",
        columns=EVENT_COLUMNS,
        bucket=BUCKET,
        prefix="{{ log_prefix(" + PERIOD + ") }}",
        role=ROLE,
        region_name=REGION,
        json=f"s3://{BUCKET}/log_json_path.json",
        # 'x' and 'x ' are equal to Redshift's =; trimmed, they are equal for everybody.
        options=["TRIMBLANKS", "COMPUPDATE OFF", "STATUPDATE OFF"],
        expected="the period's listening logs, log_data/YYYY/MM/YYYY-MM-DD-events.json",
        doc_md="One COPY of the period's log files.",
    )

    stage_songs = StageToRedshiftOperator(
        task_id="stage_songs",
        table="staging.new_songs",
        columns=CATALOGUE_COLUMNS,
        bucket=BUCKET,
        prefix="song_data/",
        role=ROLE,
        region_name=REGION,
        json="auto",
        options=["TRIMBLANKS", "COMPUPDATE OFF", "STATUPDATE OFF"],
        mode="{{ 'replace' if params.mode == 'rebuild' else 'new' }}",
        expected="the song catalogue, song_data/A/B/C/TRABC....json",
        # A rebuild without the catalogue would publish a warehouse without songs.
        on_empty="{{ 'fail' if params.mode == 'rebuild' else 'skip' }}",
        ledger="staging.song_files",
        pending_ledger="staging.new_song_files",
        known="staging.songs",
        work_prefix=WORK_PREFIX,
        doc_md="One COPY of the catalogue files that were not loaded before.",
    )

    # A catalogue that is not there yet is skipped; the plays are loaded all the same.
    load = {"trigger_rule": TriggerRule.NONE_FAILED}

    load_songplays = LoadFactOperator(
        task_id="load_songplays",
        sql="load/songplays.sql",
        table="sparkify.songplays",
        candidates="audit.songplays",
        key="songplay_id",
        columns=SONGPLAY_COLUMNS,
        preference=["start_time", "user_id", "level", "song", "artist", "length", "location", "user_agent"],
        period_column="start_time",
        doc_md="Plays that are new, changed, or matched anew because the catalogue grew.",
        **load,
    )

    load_users = LoadDimensionOperator(
        task_id="load_users",
        sql="load/users.sql",
        table="sparkify.users",
        candidates="audit.users",
        key="user_id",
        columns=USER_COLUMNS,
        # The latest event decides: loading an old day never overwrites a newer level.
        preference=["last_event_at DESC", "level DESC", "first_name", "last_name", "gender"],
        period_column="last_event_at",
        doc_md="Users as of their latest event.",
        **load,
    )

    load_songs = LoadDimensionOperator(
        task_id="load_songs",
        sql="load/songs.sql",
        table="sparkify.songs",
        candidates="audit.songs",
        key="song_id",
        columns=SONG_COLUMNS,
        # A known year first: NULLs go last.
        preference=["year", "title", "duration", "artist_id"],
        doc_md="Songs of new catalogue files, in their preferred version.",
        **load,
    )

    load_artists = LoadDimensionOperator(
        task_id="load_artists",
        sql="load/artists.sql",
        table="sparkify.artists",
        candidates="audit.artists",
        key="artist_id",
        columns=ARTIST_COLUMNS,
        preference=[
            "CASE WHEN latitude IS NOT NULL AND longitude IS NOT NULL THEN 0 ELSE 1 END",
            "CASE WHEN location IS NOT NULL THEN 0 ELSE 1 END",
            "LEN(name)",
            "name",
            "location",
            "latitude",
            "longitude",
        ],
        doc_md="Artists of new catalogue files, in their preferred version.",
        **load,
    )

    load_time = LoadDimensionOperator(
        task_id="load_time",
        sql="load/time.sql",
        table="sparkify.time",
        candidates="audit.time",
        key="start_time",
        columns=TIME_COLUMNS,
        preference=["hour"],
        doc_md="The moments at which plays began.",
        **load,
    )

    check_quality = DataQualityOperator(
        task_id="check_quality",
        checks=CHECKS,
        results=RESULTS_TABLE,
        doc_md="Judges the candidates; all results go to quality.results.",
    )

    publish = PublishOperator(
        task_id="publish",
        publications=PUBLICATIONS,
        outlets=list(PUBLISHED),
        doc_md="Takes over the candidates of all tables in one transaction.",
    )

    # Its state does not count for the run's: a failed run stays red, and a run whose record could not be written green.
    record_run = RecordRunOperator(
        task_id="record_run",
        period="{{ " + PERIOD + " }}",
        mode="{{ params.mode }}",
        results=RESULTS_TABLE,
        tables=FRESHNESS_COLUMNS,
        work_prefix=WORK_PREFIX,
        no_prefix=(
            "no record is kept: the Variable sparkify_work_prefix is empty; set it to a writable s3://bucket/prefix"
        ),
        doc_md="Writes what the page Sparkify in this UI shows of the run; runs whatever became of the others.",
    ).as_teardown()

    staged = [stage_events, stage_songs]
    loaded = [load_songplays, load_users, load_songs, load_artists, load_time]
    create_tables >> open_run >> staged
    for stage in staged:
        stage >> loaded
    loaded >> check_quality >> publish
    # After all that may still run when publish will not any more. Nothing is its setup: a setup is cleared with what is
    # cleared after it, and open_run would then empty staging.
    [*staged, *loaded, publish] >> record_run
