"""What the DAGs of the cluster share: its name, its settings as templates, the duties of a task."""

from __future__ import annotations

import datetime

from airflow.sdk import Param

from warehouse.retries import TransientFailuresOnly

MANAGED_BY = "sparkify-airflow"

IDENTIFIER = Param(
    "sparkify",
    type="string",
    title="Cluster",
    description="The cluster's identifier; the names of its role and its groups follow from it.",
)

# Enough to find and to delete.
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
# For the sensors. Between two looks they hold no worker; deferring would need aiobotocore, which allows its own boto3
# only.
WAIT = {
    "cluster_identifier": NAMES["identifier"],
    "mode": "reschedule",
    "deferrable": False,
    "poke_interval": 30,
    "timeout": datetime.timedelta(hours=1).total_seconds(),
}
TAGS = ["sparkify", "redshift", "cluster"]
START = datetime.datetime(2018, 11, 1, tzinfo=datetime.UTC)
