"""
### From an empty AWS account to a warehouse

Creates a Redshift cluster and what it needs: an IAM role that may read the bucket and write below the work prefix and
nothing else, a subnet group where subnets are given, a security group that lets one network (`cidr`) reach the port.
The cluster is encrypted, not public, and has the role as its default one. Its password is made by Redshift and kept in
Secrets Manager; nobody needs it, because the login is by IAM.

Ends with what to put into Airflow: see the log of `show_connection`.

**Run it again whenever you like**: what exists is left, what a run that died left unfinished is completed, what differs
from the params fails the run and is left alone. Whatever has one of our names but not our tag
(`managed-by` = `sparkify-airflow/<cluster>`) is somebody else's and never touched.

**Cost**: a cluster costs money every hour from here until `sparkify_pause` or `sparkify_teardown`. What drives it: node
type and number of nodes (per hour), stored data and snapshots (per GB and month), traffic out of the bucket's region.
Price per node and hour here: ______ (fill in, from AWS's price list of your region).

**When it fails**, the log names what came, what was expected and what to do; nothing that ran before has to be undone.

Settings: connection `aws_default`; Variables `sparkify_bucket`, `sparkify_region`, `sparkify_work_prefix`.
"""

from __future__ import annotations

from airflow.providers.amazon.aws.sensors.redshift_cluster import RedshiftClusterSensor
from airflow.sdk import DAG, Param, TriggerRule

from sparkify.cluster import BUCKET, DEFAULT_ARGS, IDENTIFIER, REGION, SETTINGS, START, TAGS, WAIT, WORK_PREFIX
from warehouse.cluster.settings import NODE_TYPES, OPEN_WORDS
from warehouse.operators.check_cluster_settings import CheckClusterSettingsOperator
from warehouse.operators.create_cluster_part import CreateClusterPartOperator
from warehouse.operators.show_connection import ShowConnectionOperator
from warehouse.operators.try_copy import TryCopyOperator

with DAG(
    dag_id="sparkify_provision",
    doc_md=__doc__,
    description="Creates the Redshift cluster with its role and network, and shows how to reach it",
    schedule=None,
    start_date=START,
    catchup=False,
    max_active_runs=1,
    params={
        "identifier": IDENTIFIER,
        "cidr": Param(
            "",
            type="string",
            title="Who reaches the port",
            description="The network of Airflow's workers and the readers, as CIDR: 10.0.0.0/16, or 203.0.113.7/32.",
        ),
        "anyone": Param(
            "",
            type="string",
            title="Everybody?",
            description=f"To take 0.0.0.0/0 as network, type: {OPEN_WORDS}",
        ),
        "node_type": Param(
            "ra3.large",
            type="string",
            enum=list(NODE_TYPES),
            title="Node type",
            description="The smaller the cheaper; AWS offers not all of them in all regions.",
        ),
        "nodes": Param(1, type="integer", minimum=1, maximum=100, title="Nodes", description="How many nodes."),
        "subnets": Param(
            [],
            type="array",
            items={"type": "string"},
            title="Subnets",
            description="Ids of the subnets the cluster may lie in, all of one VPC. None: the default VPC.",
        ),
        "public": Param(
            False,
            type="boolean",
            title="Public",
            description="Whether the cluster gets a public address. Airflow outside the VPC needs one.",
        ),
        "port": Param(5439, type="integer", title="Port", description="5431 to 5455 or 8191 to 8215."),
        "database": Param("dev", type="string", title="Database", description="The first database."),
        "master_user": Param("awsuser", type="string", title="Master user", description="Its first user."),
        "snapshot_days": Param(
            1,
            type="integer",
            minimum=1,
            maximum=35,
            title="Snapshot retention",
            description="For how many days automated snapshots are kept.",
        ),
        "maintenance_window": Param(
            "",
            type="string",
            title="Maintenance window",
            description="When AWS may maintain it, in UTC: sun:03:00-sun:03:30. Empty: AWS chooses.",
        ),
        "tags": Param(
            {},
            type="object",
            title="Tags",
            description="More tags for all that is created, for example for cost allocation.",
        ),
    },
    tags=TAGS,
    default_args={**DEFAULT_ARGS, "settings": SETTINGS},
) as dag:
    check_settings = CheckClusterSettingsOperator(
        task_id="check_settings",
        doc_md="Looks at settings, credentials, bucket and what exists. Changes nothing.",
    )

    create_role = CreateClusterPartOperator(
        task_id="create_role",
        part="role",
        doc_md="The role by which the cluster reads S3.",
    )

    create_subnet_group = CreateClusterPartOperator(
        task_id="create_subnet_group",
        part="subnet_group",
        doc_md="The subnets the cluster may lie in, where some are given.",
    )

    create_security_group = CreateClusterPartOperator(
        task_id="create_security_group",
        part="security_group",
        doc_md="Who reaches the cluster's port.",
    )

    create_cluster = CreateClusterPartOperator(
        task_id="create_cluster",
        part="cluster",
        doc_md="The cluster. From here on it costs money.",
    )

    wait_until_available = RedshiftClusterSensor(
        task_id="wait_until_available",
        target_status="available",
        doc_md="Waits without holding a worker; a few minutes as a rule.",
        **WAIT,
    )

    try_copy = TryCopyOperator(
        task_id="try_copy",
        conn_id="redshift",
        prefix="song_data/",
        region_name=REGION,
        doc_md="Reads one object by the role, if the connection `redshift` leads to this cluster already.",
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
        # The copy is skipped where there is no connection yet, which this is to help.
        trigger_rule=TriggerRule.NONE_FAILED,
        doc_md="The connection and Variables to put into Airflow.",
    )

    check_settings >> [create_role, create_subnet_group, create_security_group] >> create_cluster
    create_cluster >> wait_until_available >> try_copy >> show_connection
