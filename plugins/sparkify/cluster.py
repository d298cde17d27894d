"""What the cluster DAGs share: the identifier param, the settings as templates, and the default task arguments."""

from __future__ import annotations

import datetime

from airflow.sdk import Param

from warehouse.retries import TransientFailuresOnly

MANAGED_BY = "sparkify-airflow"

IDENTIFIER = Param(
    "sparkify",
    type="string",
    title="Cluster",
    description="The cluster's identifier. The names of its role and groups are derived from it.",
)

# These two settings are enough to find and delete a cluster.
NAMES = {"identifier": "{{ params.identifier }}", "managed_by": MANAGED_BY}

BUCKET = "{{ var.value.get('sparkify_bucket', 'udacity-dend') }}"
REGION = "{{ var.value.get('sparkify_region', 'us-west-2') }}"
WORK_PREFIX = "{{ var.value.get('sparkify_work_prefix', '') }}"

SETTINGS = {
    **NAMES,
    "bucket": BUCKET,
    "work_prefix": WORK_PREFIX,
    "node_type": "{{ params.node_type }}",
    "nodes": "{{ params.nodes }}",
    "database": "{{ params.database }}",
    "master_user": "{{ params.master_user }}",
    "port": "{{ params.port }}",
    "cidr": "{{ params.cidr }}",
    "anyone": "{{ params.anyone }}",
    "subnets": "{{ params.subnets | tojson }}",
    "public": "{{ params.public }}",
    "snapshot_days": "{{ params.snapshot_days }}",
    "maintenance_window": "{{ params.maintenance_window }}",
    "tags": "{{ params.tags | tojson }}",
}

DEFAULT_ARGS = {
    "owner": "data-engineering",
    "aws_conn_id": "aws_default",
    "retries": 2,
    "retry_delay": datetime.timedelta(seconds=30),
    "retry_policy": TransientFailuresOnly(),
}
# Arguments of the sensors. In reschedule mode a sensor occupies no worker slot between checks. Deferring would need
# aiobotocore, which pins its own version of boto3.
WAIT = {
    "cluster_identifier": NAMES["identifier"],
    "mode": "reschedule",
    "deferrable": False,
    "poke_interval": 30,
    "timeout": datetime.timedelta(hours=1).total_seconds(),
}
TAGS = ["sparkify", "redshift", "cluster"]
START = datetime.datetime(2018, 11, 1, tzinfo=datetime.UTC)
