"""
### Pauses the cluster, so that you only pay for storage

Trigger it by hand, or run it on a schedule: set a cron expression (UTC) in the section `[sparkify]` of Airflow's
configuration, then unpause this DAG:

    [sparkify]
    pause_schedule = 0 20 * * *

The environment variable `AIRFLOW__SPARKIFY__PAUSE_SCHEDULE` does the same. Without a schedule the DAG only runs by
hand. `sparkify_resume` has its own schedule. The daily run of `sparkify_warehouse` at midnight UTC needs the cluster to
be available.

The run **fails** while a run of `sparkify_warehouse` is active, and if the cluster does not have our tag. If the
cluster is already paused, the tasks are skipped.

**Cost**: you do not pay for the nodes of a paused cluster, only for storage and snapshots. Saved per node and hour:
______.

Settings: connection `aws_default`.
"""

from __future__ import annotations

from airflow.providers.amazon.aws.operators.redshift_cluster import RedshiftPauseClusterOperator
from airflow.providers.amazon.aws.sensors.redshift_cluster import RedshiftClusterSensor
from airflow.sdk import DAG, conf

from sparkify.cluster import DEFAULT_ARGS, IDENTIFIER, NAMES, START, TAGS, WAIT
from warehouse.operators.require_cluster import RequireClusterOperator
from warehouse.operators.require_idle import RequireIdleOperator

with DAG(
    dag_id="sparkify_pause",
    doc_md=__doc__,
    description="Pauses the Redshift cluster unless a load is running",
    # Not a Variable: reading one would query the database each time Airflow parses this file.
    schedule=conf.get("sparkify", "pause_schedule", fallback="") or None,
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
        status="available",
        done="paused",
        doc_md="Fails unless the cluster is ours and available. Skips the other tasks if it is already paused.",
    )

    require_idle = RequireIdleOperator(
        task_id="require_idle",
        dag_id="sparkify_warehouse",
        doc_md="Fails while a run of `sparkify_warehouse` is active.",
    )

    pause = RedshiftPauseClusterOperator(
        task_id="pause",
        cluster_identifier=NAMES["identifier"],
        doc_md="Requests the pause.",
    )

    wait = RedshiftClusterSensor(
        task_id="wait_until_paused",
        target_status="paused",
        doc_md="Waits until the cluster is paused, without occupying a worker slot.",
        **WAIT,
    )

    require_cluster >> require_idle >> pause >> wait
