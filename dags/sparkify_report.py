"""
### Sparkify's report: the questions of the analytics team, answered after every publish

Runs the queries in `include/sql/questions` on the published tables and writes the answers below the work prefix:
`reports/{timestamp}.html`, a self-contained page with charts, and `reports/{timestamp}.json`, the same values for
programs. The last 30 reports are kept. The page *Sparkify* in this UI shows the latest one.

The DAG runs each time `sparkify_warehouse` has published data. Trigger it to get a report of the current data. It reads
one snapshot of the warehouse in one transaction, and changes nothing there.

**When it fails**

- "... questions failed": the log has the error of each. The report has been written with the other answers. Fix the
  `.sql` file of the question and clear the run.
- "relation ... does not exist": no data has been loaded yet. Run `sparkify_warehouse` first.
- "AccessDenied", "NoSuchBucket": the connection `aws_default` needs permission to list, write and delete below the work
  prefix.

**When it is skipped**, the Variable `sparkify_work_prefix` is not set.

Transient failures, such as lost connections and throttling, are retried. Other failures are not, because a retry would
fail the same way.

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
    description="Answers the questions of the analytics team as a page and as JSON, after every publish",
    # One task publishes all five tables, so each publish triggers one run. Such a run has no date.
    schedule=list(PUBLISHED),
    start_date=datetime.datetime(2018, 11, 1, tzinfo=datetime.UTC),
    catchup=False,
    max_active_runs=1,
    # It only reads, and this way the first load has a report without another step.
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
        no_prefix="no report is written: set the Variable sparkify_work_prefix to a writable s3://bucket/prefix",
        doc_md="Runs all queries in one transaction and writes the report below the work prefix.",
    )
