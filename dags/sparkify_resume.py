"""
### Resumes the paused cluster: from here on it costs money again

By hand, or by a schedule: set a cron expression (UTC) in Airflow's configuration, section `[sparkify]`, and switch this
DAG on:

    [sparkify]
    resume_schedule = 30 23 * * *

or the same as environment variable, `AIRFLOW__SPARKIFY__RESUME_SCHEDULE`. Without it the DAG never runs by itself.

A cluster that is available already is left so (the rest is skipped); one that is not ours by its tag is never touched.

**Cost**: node type and number of nodes, per hour, until it is paused again. Price per node and hour here: ______.

Settings: connection `aws_default`.
"""

from __future__ import annotations

from airflow.providers.amazon.aws.operators.redshift_cluster import RedshiftResumeClusterOperator
from airflow.providers.amazon.aws.sensors.redshift_cluster import RedshiftClusterSensor
from airflow.sdk import DAG, conf

from sparkify.cluster import DEFAULT_ARGS, IDENTIFIER, NAMES, START, TAGS, WAIT
from warehouse.operators.require_cluster import RequireClusterOperator

with DAG(
    dag_id="sparkify_resume",
    doc_md=__doc__,
    description="Resumes the paused Redshift cluster",
    # As in sparkify_pause: from Airflow's configuration, which costs no query whenever this file is parsed.
    schedule=conf.get("sparkify", "resume_schedule", fallback="") or None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    params={"identifier": IDENTIFIER},
    tags=TAGS,
    default_args=DEFAULT_ARGS,
) as dag:
    require_cluster = RequireClusterOperator(
        task_id="require_cluster",
        settings=NAMES,
        status="paused",
        done="available",
        doc_md="It must be ours and paused; if it is available, the rest is skipped.",
    )

    resume = RedshiftResumeClusterOperator(
        task_id="resume",
        cluster_identifier=NAMES["identifier"],
        doc_md="Asks for it.",
    )

    wait = RedshiftClusterSensor(
        task_id="wait_until_available",
        target_status="available",
        doc_md="Waits without holding a worker.",
        **WAIT,
    )

    require_cluster >> resume >> wait
