"""
### Sparkify's report: what the warehouse answers, after every publish

Asks the analytics team's questions (`include/sql/questions`) of the published tables and writes the answers below the
work prefix: `reports/{time, UTC}.html`, a page that needs nothing but a browser, and `.json`, the same figures for
programs. The last 30 stay. The page *Sparkify* of this UI shows the latest.

It runs when `sparkify_warehouse` has published, once each time; trigger it by hand, or clear its run, for a newer
report of the tables as they are then. It reads one state of the warehouse, in one transaction, and changes nothing.

**When it fails**

- "... questions failed" - the log names each with the server's reason. The report has been written all the same, and
  says which answers are missing. Mend the question's file and clear the run.
- "relation ... does not exist" - nothing has been loaded yet: run `sparkify_warehouse` first.
- "AccessDenied", "NoSuchBucket" - the connection `aws_default` must be allowed to list, write and delete below the work
  prefix.

**When it is skipped**: there is nowhere to write to. Set the Variable `sparkify_work_prefix`.

Lost connections and throttling are tried again; all else fails at once, because it would fail again.

Settings: connections `redshift` and `aws_default`; Variable `sparkify_work_prefix`, a writable `s3://bucket/prefix`.
"""

from __future__ import annotations

import datetime
from pathlib import Path

from airflow.sdk import DAG

from sparkify.questions import SECTIONS
from sparkify.tables import PUBLISHED
from warehouse.operators.ask_questions import AskQuestionsOperator
from warehouse.retries import TransientFailuresOnly

SQL_FOLDER = Path(__file__).resolve().parents[1] / "include" / "sql"

with DAG(
    dag_id="sparkify_report",
    doc_md=__doc__,
    description="Questions to Sparkify's warehouse, answered as a page and as JSON after every publish",
    # When all five have been published: one task publishes them together, so once a publish. Such a run has no date.
    schedule=list(PUBLISHED),
    start_date=datetime.datetime(2018, 11, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=1,
    # It only reads; and whoever loads for the first time finds a report without having asked for one.
    is_paused_upon_creation=False,
    template_searchpath=[str(SQL_FOLDER)],
    tags=["sparkify", "redshift", "report"],
    default_args={
        "owner": "data-engineering",
        "retries": 2,
        "retry_delay": datetime.timedelta(seconds=30),
        "retry_policy": TransientFailuresOnly(),
        "execution_timeout": datetime.timedelta(hours=1),
    },
) as dag:
    AskQuestionsOperator(
        task_id="ask_questions",
        conn_id="redshift",
        sections=SECTIONS,
        title="Sparkify listening report",
        latest_column="latest_play",
        work_prefix="{{ var.value.get('sparkify_work_prefix', '') }}",
        no_prefix="there is nowhere to write a report to: set the Variable sparkify_work_prefix to s3://bucket/prefix",
        doc_md="Asks all questions in one transaction and writes reports/{time}.html and .json below the work prefix.",
    )
