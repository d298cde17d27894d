"""
### Pauses the cluster: until it is resumed, only its storage costs money

By hand, or nightly: set a cron expression (UTC) in Airflow's configuration, section `[sparkify]`, and switch this DAG
on:

    [sparkify]
    pause_schedule = 0 20 * * *

or the same as environment variable, `AIRFLOW__SPARKIFY__PAUSE_SCHEDULE`. Without it the DAG never runs by itself.
`sparkify_resume` has a schedule of its own; the warehouse's daily run at midnight UTC needs the cluster up.

**Refused** while a run of `sparkify_warehouse` is active. A cluster that is paused already is left so (the tasks are
skipped); one that is not ours by its tag is never touched.

**Cost**: while it is paused no node is paid for; storage and snapshots are. Price per node and hour saved: ______.

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
    description="Pauses the Redshift cluster, unless the warehouse is being loaded",
    # A Variable would be read from the database whenever this file is parsed; Airflow's configuration is at hand.
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
        doc_md="It must be ours and available; if it is paused, the rest is skipped.",
    )

    require_idle = RequireIdleOperator(
        task_id="require_idle",
        dag_id="sparkify_warehouse",
        doc_md="Nothing may be loading.",
    )

    pause = RedshiftPauseClusterOperator(
        task_id="pause",
        cluster_identifier=NAMES["identifier"],
        doc_md="Asks for it.",
    )

    wait = RedshiftClusterSensor(
        task_id="wait_until_paused",
        target_status="paused",
        doc_md="Waits without holding a worker.",
        **WAIT,
    )

    require_cluster >> require_idle >> pause >> wait
