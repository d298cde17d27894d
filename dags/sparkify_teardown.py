"""
### Deletes the cluster and everything `sparkify_provision` created with it

Type the cluster's identifier into `confirmation`. With any other value the run fails and deletes nothing. It deletes
only resources with our tag (`managed-by` = `sparkify-airflow/<cluster>`): cluster, security group, subnet group and
role. Redshift itself deletes the password in Secrets Manager. The last task checks that only snapshots remain.

`final_snapshot` (on by default) keeps the data: the run takes a snapshot before it deletes the cluster, and you can
restore the cluster from it. `dry_run` logs the plan in the task `plan` and deletes nothing.

**Cost**: the cluster stops costing money. The final snapshot and older manual snapshots cost money until you delete
them (price per GB and month: ______). The task `check_nothing_left` lists them.

**If a run fails** half way, run it again; resources that are already deleted are not an error. A cluster that is being
paused, resumed or resized cannot be deleted: wait a few minutes.

Settings: connection `aws_default`.
"""

from __future__ import annotations

import datetime

from airflow.providers.amazon.aws.sensors.redshift_cluster import RedshiftClusterSensor
from airflow.sdk import DAG, Param

from sparkify.cluster import DEFAULT_ARGS, IDENTIFIER, NAMES, START, TAGS, WAIT
from warehouse.operators.check_nothing_left import CheckNothingLeftOperator
from warehouse.operators.delete_cluster_part import DeleteClusterPartOperator
from warehouse.operators.plan_teardown import PlanTeardownOperator

# Named after the time the run was triggered, so that a cleared and repeated task uses the same name.
FINAL_SNAPSHOT = (
    "{{ params.identifier ~ '-final-' ~ dag_run.run_after.strftime('%Y%m%d-%H%M%S') if params.final_snapshot else '' }}"
)

with DAG(
    dag_id="sparkify_teardown",
    doc_md=__doc__,
    description="Deletes the Redshift cluster and its resources after a typed confirmation",
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    params={
        "identifier": IDENTIFIER,
        "confirmation": Param(
            "",
            type="string",
            title="Confirmation",
            description="Type the cluster's identifier to confirm the deletion.",
        ),
        "final_snapshot": Param(
            True,
            type="boolean",
            title="Final snapshot",
            description="Take a snapshot first. Without it, the data of the warehouse is lost.",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Show what would be deleted, and delete nothing.",
        ),
    },
    tags=[*TAGS, "dangerous"],
    default_args={**DEFAULT_ARGS, "settings": NAMES},
) as dag:
    plan = PlanTeardownOperator(
        task_id="plan",
        confirmation="{{ params.confirmation }}",
        dry_run="{{ params.dry_run }}",
        final_snapshot=FINAL_SNAPSHOT,
        doc_md="Shows what will be deleted. Fails if the confirmation is wrong.",
    )

    delete_cluster = DeleteClusterPartOperator(
        task_id="delete_cluster",
        part="cluster",
        final_snapshot=FINAL_SNAPSHOT,
        doc_md="Deletes the cluster, after a final snapshot if you asked for one.",
    )

    wait_until_gone = RedshiftClusterSensor(
        task_id="wait_until_gone",
        target_status="cluster_not_found",
        doc_md="Waits without occupying a worker slot. The final snapshot of a large warehouse takes a while.",
        **{**WAIT, "timeout": datetime.timedelta(hours=6).total_seconds()},
    )

    delete_security_group = DeleteClusterPartOperator(
        task_id="delete_security_group",
        part="security_group",
        doc_md="Deletes the security group.",
    )

    delete_subnet_group = DeleteClusterPartOperator(
        task_id="delete_subnet_group",
        part="subnet_group",
        doc_md="Deletes the subnet group if there is one.",
    )

    delete_role = DeleteClusterPartOperator(
        task_id="delete_role",
        part="role",
        doc_md="Deletes the role that the cluster assumed to read S3.",
    )

    check_nothing_left = CheckNothingLeftOperator(
        task_id="check_nothing_left",
        doc_md="Fails if anything is left. Lists the snapshots.",
    )

    plan >> delete_cluster >> wait_until_gone
    wait_until_gone >> [delete_security_group, delete_subnet_group, delete_role] >> check_nothing_left
