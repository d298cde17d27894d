"""
### Resumes the paused cluster, which then costs money again

Trigger it by hand, or run it on a schedule: set a cron expression (UTC) in the section `[sparkify]` of Airflow's
configuration, then unpause this DAG:

    [sparkify]
    resume_schedule = 30 23 * * *

The environment variable `AIRFLOW__SPARKIFY__RESUME_SCHEDULE` does the same. Without a schedule the DAG only runs by
hand.

If the cluster is already available, the other tasks are skipped. If it does not have our tag, the run fails and changes
nothing.

**Cost**: per node and hour until you pause the cluster again, depending on the node type. Price per node and hour:
______.

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
    # Not a Variable: reading one would query the database each time Airflow parses this file.
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
        doc_md="Fails unless the cluster is ours and paused. Skips the other tasks if it is already available.",
    )

    resume = RedshiftResumeClusterOperator(
        task_id="resume",
        cluster_identifier=NAMES["identifier"],
        doc_md="Requests the resume.",
    )

    wait = RedshiftClusterSensor(
        task_id="wait_until_available",
        target_status="available",
        doc_md="Waits until the cluster is available, without occupying a worker slot.",
        **WAIT,
    )

    require_cluster >> resume >> wait
