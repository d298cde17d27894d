"""
### Sparkify's warehouse: who listened to what, when and where

Copies the listening logs and the song catalogue from S3 into Amazon Redshift, builds the star schema
`sparkify.songplays`, `users`, `songs`, `artists`, `time`, checks it, and publishes it in one transaction.

**Put a file into the bucket; the next run makes the warehouse right.** A file that is new, late, grown, corrected or
sent twice needs no decision: every run compares the bucket with the ledger `sparkify_raw.files`, reads what is new or
changed, and changes the published rows that follow from it, no others.

| You want to | Trigger with |
|---|---|
| load a day, a month, a year or everything | `period` = `2018-11-05`, `2018-11`, `2018` or `all` |
| read files again that have not changed | their `period`, `reload` |
| remove the rows of files that are gone from the bucket | their `period`, `drop_vanished` |
| compute all tables again from the raw records | `recompute` |

Without `period` a run reads the files of its own day, late files of days before it, and every file that has changed.
A run without a logical date, such as one from `airflow dags trigger`, loads everything.

**When it fails**

- `report_left_out` - files were left out: the log names each with line and reason. Everything else is published.
  Correct the file or remove it; the run after that is green.
- `find_files` - the period has no file, the bucket cannot be listed, or a setting is missing; the log says which.
- `check_quality` - the log lists every failed check with what it observed and expected. Nothing was published. All
  results are in `sparkify_quality.results`, the rows in the schema `sparkify_run_...` that the log of `open_run` names.
- `publish`: "... has published since this run began" - two runs overlapped. Clear the whole run.
- `create_tables` - a table differs from its DDL in `include/sql/tables`: the log has the ALTER to run. Or a schema of
  the same name belongs to somebody else.
- `record_run` - the run itself is not affected; only its record is missing on the page *Sparkify*. Clear this task.

**A day without a file**: a scheduled run waits for the day's first file until `sparkify_wait_hours` (6) hours after
midnight UTC, then goes on without it, with a warning in the log and an alert. A later run reads the file.

Lost connections, throttling and error 1023 (two writers at once) are retried five times over about half an hour;
everything else fails at once, because it would fail again.

**Alerts** go to the SNS topic in the Variable `sparkify_alert_topic`: failures, a missing day, and warnings that are
further out of bounds than in the previous run.

Settings: connections `redshift` and `aws_default`; Variables `sparkify_bucket`, `sparkify_region`, `sparkify_iam_role`,
`sparkify_work_prefix`, `sparkify_readers`, `sparkify_wait_hours`, `sparkify_max_errors`, `sparkify_alert_topic`.
"""

from __future__ import annotations

import datetime
from pathlib import Path

from airflow.sdk import DAG, CronDataIntervalTimetable, Param, TriggerRule

from sparkify import settings
from sparkify.checks import CHECKS
from sparkify.tables import (
    ARTISTS,
    EVENTS,
    FRESHNESS_COLUMNS,
    PUBLISHED,
    SONG_RECORDS,
    SONGPLAYS,
    SONGS,
    TIME,
    USERS,
    WAREHOUSE,
)
from warehouse.alerts import FailureAlert
from warehouse.operators.create_tables import CreateTablesOperator
from warehouse.operators.data_quality import DataQualityOperator
from warehouse.operators.find_files import FindFilesOperator
from warehouse.operators.load_dimension import LoadDimensionOperator
from warehouse.operators.load_fact import LoadFactOperator
from warehouse.operators.open_run import OpenRunOperator
from warehouse.operators.publish import PublishOperator
from warehouse.operators.record_run import RecordRunOperator
from warehouse.operators.report_left_out import ReportLeftOutOperator
from warehouse.operators.stage_to_redshift import StageToRedshiftOperator
from warehouse.operators.wait_for_files import WaitForFilesSensor
from warehouse.period import PATTERN

SQL_FOLDER = Path(__file__).resolve().parents[1] / "include" / "sql"

# A run without any date has no `ds` at all (AIP-83); it loads everything.
PERIOD = "{{ params.period or (ds if ds is defined else 'all') }}"
OPTIONS = {name: f"{{{{ params.{name} }}}}" for name in ("reload", "drop_vanished", "confirm_empty", "recompute")}
FILES = {
    "bucket": settings.BUCKET,
    "period": PERIOD,
    "is_period_given": "{{ params.period is not none and params.period != '' }}",
    "work_prefix": settings.WORK_PREFIX,
    **OPTIONS,
}
RUN_SCHEMA = "{{ (ti.xcom_pull(task_ids='open_run') or {}).get('run_schema', '') }}"

with DAG(
    dag_id="sparkify_warehouse",
    doc_md=__doc__,
    description="S3 listening logs and song catalogue to a checked star schema in Redshift",
    # At midnight UTC, for the day that has just ended: the run's `ds` is that day. CronTriggerTimetable, which "@daily"
    # means since Airflow 3, would give the day that begins.
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime.datetime(2018, 11, 1, tzinfo=datetime.UTC),
    catchup=False,
    # One may wait for its file while another works.
    max_active_runs=2,
    params={
        "period": Param(
            # The form shows it; a run that is not triggered by hand has its own day.
            None,
            type=["null", "string"],
            pattern=PATTERN,
            title="Period",
            description="all, YYYY, YYYY-MM or YYYY-MM-DD. Empty: the run's own day; without a date, everything.",
        ),
        "reload": Param(
            False,
            type="boolean",
            title="Reload",
            description="Read the period's log files again, changed or not; with period all the catalogue too.",
        ),
        "drop_vanished": Param(
            False,
            type="boolean",
            title="Drop vanished",
            description="Remove the rows of files gone from the bucket: the period's logs, and catalogue files.",
        ),
        "recompute": Param(
            False,
            type="boolean",
            title="Recompute",
            description="Compute all published tables again from the raw records; reads no file.",
        ),
        "confirm_empty": Param(
            False,
            type="boolean",
            title="Confirm empty",
            description="With drop_vanished: go on even if the bucket has no log file or no catalogue file left.",
        ),
    },
    template_searchpath=[str(SQL_FOLDER)],
    tags=["sparkify", "redshift", "warehouse"],
    default_args={
        **settings.DEFAULT_ARGS,
        "conn_id": "redshift",
        # A connection that hangs would hold up all runs that follow.
        "execution_timeout": datetime.timedelta(hours=2),
        "on_failure_callback": FailureAlert(topic=settings.ALERT_TOPIC),
    },
) as dag:
    wait_for_files = WaitForFilesSensor(
        task_id="wait_for_files",
        bucket=settings.BUCKET,
        # A run without any date waits for nothing.
        prefix=EVENTS.prefix + "{{ '{}/{}/{}-events'.format(ds[:4], ds[5:7], ds) if ds is defined else '' }}",
        wait_hours=settings.WAIT_HOURS,
        alert_topic=settings.ALERT_TOPIC,
        # The sensor holds no worker between two looks, and it has a deadline of its own.
        execution_timeout=None,
        doc_md="Scheduled runs wait for the day's first log file; all others go on at once.",
    )

    create_tables = CreateTablesOperator(
        task_id="create_tables",
        warehouse=WAREHOUSE,
        readers=settings.READERS,
        doc_md="Creates what is missing, adds columns that are new in the DDL, and fails on any other difference.",
    )

    find_files = FindFilesOperator(
        task_id="find_files",
        warehouse=WAREHOUSE,
        doc_md="Compares the bucket with the ledger. Skipped, with all that follows, when there is nothing to do.",
        **FILES,
    )

    open_run = OpenRunOperator(
        task_id="open_run",
        warehouse=WAREHOUSE,
        recompute=OPTIONS["recompute"],
        doc_md="Creates the schema of this run.",
    )

    in_run = {"warehouse": WAREHOUSE, "run_schema": RUN_SCHEMA}
    copy = {"role": settings.ROLE, "region_name": settings.REGION, "max_errors": settings.MAX_ERRORS, **FILES}

    stage_events = StageToRedshiftOperator(
        task_id="stage_events",
        feed=EVENTS,
        doc_md="Copies the log files that are new or changed; leaves out those that cannot be loaded.",
        **in_run,
        **copy,
    )

    stage_songs = StageToRedshiftOperator(
        task_id="stage_songs",
        feed=SONG_RECORDS,
        doc_md="Copies the catalogue files that are new or changed; leaves out those that cannot be loaded.",
        **in_run,
        **copy,
    )

    load_songplays = LoadFactOperator(
        task_id="load_songplays",
        table=SONGPLAYS,
        doc_md="Plays that are new, changed or gone, or that match another song because the catalogue changed.",
        **in_run,
    )

    load_users = LoadDimensionOperator(
        task_id="load_users", table=USERS, doc_md="Users as of their latest event.", **in_run
    )

    load_songs = LoadDimensionOperator(
        task_id="load_songs", table=SONGS, doc_md="Songs of the catalogue, in their preferred version.", **in_run
    )

    load_artists = LoadDimensionOperator(
        task_id="load_artists", table=ARTISTS, doc_md="Artists of the catalogue, in their preferred version.", **in_run
    )

    load_time = LoadDimensionOperator(
        task_id="load_time", table=TIME, doc_md="The timestamps at which plays start.", **in_run
    )

    check_quality = DataQualityOperator(
        task_id="check_quality",
        checks=CHECKS,
        alert_topic=settings.ALERT_TOPIC,
        doc_md="Runs all checks on the new rows before anyone can read them; results go to sparkify_quality.results.",
        **in_run,
    )

    publish = PublishOperator(
        task_id="publish",
        outlets=list(PUBLISHED),
        doc_md="Changes raw records, ledger and all tables in one transaction. Skipped when no file was accepted.",
        **in_run,
    )

    report_left_out = ReportLeftOutOperator(
        task_id="report_left_out",
        trigger_rule=TriggerRule.NONE_FAILED,
        opened_by="open_run",
        doc_md="Fails when files were left out, and names them. Everything else is published by then.",
        **in_run,
    )

    # Its state does not count for the run's: a failed run stays red, and a run without a record stays green.
    record_run = RecordRunOperator(
        task_id="record_run",
        period=PERIOD,
        options=tuple(OPTIONS),
        results=WAREHOUSE.results,
        tables=FRESHNESS_COLUMNS,
        work_prefix=settings.WORK_PREFIX,
        no_prefix=(
            "no record is kept: the Variable sparkify_work_prefix is empty; set it to a writable s3://bucket/prefix"
        ),
        doc_md="Writes what the page Sparkify in this UI shows of the run, whether the run succeeds or fails.",
    ).as_teardown()

    loaded = [load_songplays, load_users, load_songs, load_artists, load_time]
    wait_for_files >> create_tables >> find_files >> open_run >> [stage_events, stage_songs]
    for stage in (stage_events, stage_songs):
        stage >> loaded[:-1]
    load_songplays >> load_time
    loaded >> check_quality >> publish >> report_left_out
    # Whichever task ends last. No task is its setup: clearing a task would clear its setup too.
    [stage_events, stage_songs, *loaded, report_left_out] >> record_run
