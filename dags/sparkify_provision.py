"""
### Creates the warehouse's Redshift cluster in an AWS account

Creates a Redshift cluster and the resources it needs: an IAM role that can read the bucket, can read and write below
the work prefix and can do nothing else; a subnet group if you specify subnets; a security group that opens the port to
one network (`cidr`). The cluster is encrypted and not public, and the role is its default role. Redshift generates the
password and stores it in Secrets Manager. You do not need it, because logins use IAM.

The log of the last task, `show_connection`, contains the connection and Variables to add to Airflow.

**You can run it again at any time.** It leaves existing resources unchanged and completes what an earlier run left
unfinished. If a resource differs from the params, or has one of our names but not our tag
(`managed-by` = `sparkify-airflow/<cluster>`), the run fails and changes nothing.

**Cost**: the cluster costs money from its creation until `sparkify_pause` or `sparkify_teardown`. The cost depends on
node type and number of nodes (per hour), stored data and snapshots (per GB and month) and traffic out of the bucket's
region. Price per node and hour: ______ (fill in from AWS's price list for your region).

**If a run fails**, the log shows the actual value, the expected value and what to do. You do not have to undo anything.

Settings: connection `aws_default`; Variables `sparkify_bucket`, `sparkify_region`, `sparkify_work_prefix`.
"""

from __future__ import annotations

from airflow.providers.amazon.aws.sensors.redshift_cluster import RedshiftClusterSensor
from airflow.sdk import DAG, Param, TriggerRule

from sparkify.cluster import BUCKET, DEFAULT_ARGS, IDENTIFIER, REGION, SETTINGS, START, TAGS, WAIT, WORK_PREFIX
from warehouse.cluster.settings import NODE_TYPES, OPEN_PHRASE
from warehouse.operators.check_cluster_settings import CheckClusterSettingsOperator
from warehouse.operators.create_cluster_part import CreateClusterPartOperator
from warehouse.operators.show_connection import ShowConnectionOperator
from warehouse.operators.try_copy import TryCopyOperator

with DAG(
    dag_id="sparkify_provision",
    doc_md=__doc__,
    description="Creates the Redshift cluster with its role and network, and shows how to connect to it",
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    params={
        "identifier": IDENTIFIER,
        "cidr": Param(
            "",
            type="string",
            title="Allowed network",
            description="The network of Airflow's workers and the readers in CIDR notation, for example 10.0.0.0/16.",
        ),
        "anyone": Param(
            "",
            type="string",
            title="Allow the whole internet",
            description=f"To allow 0.0.0.0/0 as the network, type: {OPEN_PHRASE}",
        ),
        "node_type": Param(
            "ra3.large",
            type="string",
            enum=list(NODE_TYPES),
            title="Node type",
            description="Smaller types are cheaper. Not every region offers every type.",
        ),
        "nodes": Param(1, type="integer", minimum=1, maximum=100, title="Nodes", description="The number of nodes."),
        "subnets": Param(
            [],
            type="array",
            items={"type": "string"},
            title="Subnets",
            description="Ids of the subnets for the cluster, all in one VPC. Empty: the default VPC.",
        ),
        "public": Param(
            False,
            type="boolean",
            title="Public",
            description="Give the cluster a public address. Needed if Airflow runs outside the VPC.",
        ),
        "port": Param(5439, type="integer", title="Port", description="5431 to 5455 or 8191 to 8215."),
        "database": Param("dev", type="string", title="Database", description="The database to create."),
        "master_user": Param(
            "awsuser", type="string", title="Master user", description="The administrator's user name."
        ),
        "snapshot_days": Param(
            1,
            type="integer",
            minimum=1,
            maximum=35,
            title="Snapshot retention",
            description="The number of days to keep automated snapshots.",
        ),
        "maintenance_window": Param(
            "",
            type="string",
            title="Maintenance window",
            description="When AWS may do maintenance, in UTC: sun:03:00-sun:03:30. Empty: AWS chooses.",
        ),
        "tags": Param(
            {},
            type="object",
            title="Tags",
            description="Additional tags for all resources, for example for cost allocation.",
        ),
    },
    tags=TAGS,
    default_args={**DEFAULT_ARGS, "settings": SETTINGS},
) as dag:
    check_settings = CheckClusterSettingsOperator(
        task_id="check_settings",
        doc_md="Checks settings, credentials, buckets and existing resources. Changes nothing.",
    )

    create_role = CreateClusterPartOperator(
        task_id="create_role",
        part="role",
        doc_md="Creates the role that the cluster assumes to read S3.",
    )

    create_subnet_group = CreateClusterPartOperator(
        task_id="create_subnet_group",
        part="subnet_group",
        doc_md="Creates the subnet group if you specified subnets.",
    )

    create_security_group = CreateClusterPartOperator(
        task_id="create_security_group",
        part="security_group",
        doc_md="Creates the security group that opens the cluster's port to one network.",
    )

    create_cluster = CreateClusterPartOperator(
        task_id="create_cluster",
        part="cluster",
        doc_md="Creates the cluster. It costs money from now on.",
    )

    wait_until_available = RedshiftClusterSensor(
        task_id="wait_until_available",
        target_status="available",
        doc_md="Waits until the cluster is available, usually a few minutes, without occupying a worker slot.",
        **WAIT,
    )

    try_copy = TryCopyOperator(
        task_id="try_copy",
        conn_id="redshift",
        prefix="song_data/",
        region_name=REGION,
        doc_md="Reads one object with the role if the connection `redshift` already points to this cluster.",
    )

    show_connection = ShowConnectionOperator(
        task_id="show_connection",
        conn_id="redshift",
        variables={
            "sparkify_bucket": BUCKET,
            "sparkify_region": REGION,
            "sparkify_iam_role": "default",
            "sparkify_work_prefix": WORK_PREFIX,
        },
        # `try_copy` is skipped when the connection does not exist yet, and exactly then this task is needed.
        trigger_rule=TriggerRule.NONE_FAILED,
        doc_md="Shows the connection and Variables to add to Airflow.",
    )

    check_settings >> [create_role, create_subnet_group, create_security_group] >> create_cluster
    create_cluster >> wait_until_available >> try_copy >> show_connection
