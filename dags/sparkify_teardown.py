"""
### Deletes the cluster and everything `sparkify_provision` created with it

Type the cluster's name into `confirmation`; another name, or none, deletes nothing. Only what carries our tag
(`managed-by` = `sparkify-airflow/<cluster>`) goes: cluster, security group, subnet group, role. Redshift deletes the
password in Secrets Manager itself. At the end the run looks for what is left, which must be nothing but snapshots.

`final_snapshot` (on) keeps the data: a snapshot is taken before the cluster goes, from which it can be restored.
`dry_run` shows the plan in the log of `plan` and deletes nothing.

**Cost**: ends that of the cluster. What goes on costing money is the final snapshot, and older manual ones, until
somebody deletes them (per GB and month; price here: ______); `check_nothing_left` lists them.

**When it fails** half way, run it again: what has gone already is no error. A cluster that is just being paused,
resumed or resized cannot be deleted; wait a few minutes.

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

# Of the moment the run was asked for: cleared and run again, it takes the same name.
FINAL_SNAPSHOT = (
    "{{ params.identifier ~ '-final-' ~ dag_run.run_after.strftime('%Y%m%d-%H%M%S') if params.final_snapshot else '' }}"
)

with DAG(
    dag_id="sparkify_teardown",
    doc_md=__doc__,
    description="Deletes the Redshift cluster and what was created with it, after its name has been typed",
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
            description="Type the cluster's name to confirm that it goes.",
        ),
        "final_snapshot": Param(
            True,
            type="boolean",
            title="Final snapshot",
            description="Take a snapshot first. Without one, the warehouse's data is lost.",
        ),
        "dry_run": Param(
            False,
            type="boolean",
            title="Dry run",
            description="Only show what would be deleted.",
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
        doc_md="Shows what will be deleted, and refuses without the right confirmation.",
    )

    delete_cluster = DeleteClusterPartOperator(
        task_id="delete_cluster",
        part="cluster",
        final_snapshot=FINAL_SNAPSHOT,
        doc_md="The cluster, after its final snapshot.",
    )

    wait_until_gone = RedshiftClusterSensor(
        task_id="wait_until_gone",
        target_status="cluster_not_found",
        doc_md="Waits without holding a worker; the final snapshot of a large warehouse takes a while.",
        **{**WAIT, "timeout": datetime.timedelta(hours=6).total_seconds()},
    )

    delete_security_group = DeleteClusterPartOperator(
        task_id="delete_security_group",
        part="security_group",
        doc_md="Who reached the cluster's port.",
    )

    delete_subnet_group = DeleteClusterPartOperator(
        task_id="delete_subnet_group",
        part="subnet_group",
        doc_md="The subnets the cluster lay in.",
    )

    delete_role = DeleteClusterPartOperator(
        task_id="delete_role",
        part="role",
        doc_md="The role by which the cluster read S3.",
    )

    check_nothing_left = CheckNothingLeftOperator(
        task_id="check_nothing_left",
        doc_md="Fails if anything is left, and lists the snapshots.",
    )

    plan >> delete_cluster >> wait_until_gone
    wait_until_gone >> [delete_security_group, delete_subnet_group, delete_role] >> check_nothing_left
