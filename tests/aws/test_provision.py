"""Provisioning: from an empty account, again without changes, with differences, and with a connection."""

from __future__ import annotations

import json
import os

import pytest

from tests.aws.conftest import CIDR, connection_to
from warehouse.cluster.policies import trust_policy


def test_an_empty_account_gets_a_cluster_with_safe_defaults(lifecycle, account, bucket):
    """Encrypted, not public, with a default role, a managed password and a port open to one network."""
    lifecycle.provision()
    cluster = account.cluster()
    role = account.iam.get_role(RoleName="redshift-sparkify")["Role"]
    assert role["Arn"] == cluster["DefaultIamRoleArn"]
    assert [role["Arn"]] == [item["IamRoleArn"] for item in cluster["IamRoles"]]
    assert trust_policy() == role["AssumeRolePolicyDocument"]
    assert (True, False, 1, 5439) == (
        cluster["Encrypted"],
        cluster["PubliclyAccessible"],
        cluster["NumberOfNodes"],
        cluster["Endpoint"]["Port"],
    )
    secret = account.secrets.describe_secret(SecretId=cluster["MasterPasswordSecretArn"])
    assert ("redshift!sparkify-awsuser", "redshift") == (secret["Name"], secret["OwningService"])

    (group,) = cluster["VpcSecurityGroups"]
    (found,) = account.ec2.describe_security_groups(GroupIds=[group["VpcSecurityGroupId"]])["SecurityGroups"]
    (rule,) = found["IpPermissions"]
    assert ("tcp", 5439, 5439, [CIDR]) == (
        rule["IpProtocol"],
        rule["FromPort"],
        rule["ToPort"],
        [source["CidrIp"] for source in rule["IpRanges"]],
    )

    owner = {"Key": "managed-by", "Value": "sparkify-airflow/sparkify"}
    assert [[owner]] * 3 == [cluster["Tags"], found["Tags"], role["Tags"]]


def test_the_role_reads_the_bucket_and_writes_below_the_work_prefix_and_nothing_else(
    lifecycle, account, bucket, s3, monkeypatch
):
    """Check its only policy action by action."""
    s3.create_bucket(Bucket="elsewhere", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    monkeypatch.setenv("AIRFLOW_VAR_SPARKIFY_WORK_PREFIX", "s3://elsewhere/runs")
    lifecycle.provision()
    policies = account.policies("redshift-sparkify")
    assert ["s3"] == list(policies)
    assert [] == account.iam.list_attached_role_policies(RoleName="redshift-sparkify")["AttachedPolicies"]
    granted = {
        (action, resource, json.dumps(statement.get("Condition")))
        for statement in policies["s3"]["Statement"]
        for action in statement["Action"]
        for resource in statement["Resource"]
    }
    below = json.dumps({"StringLike": {"s3:prefix": ["runs/*"]}})
    assert granted == {
        ("s3:GetBucketLocation", f"arn:aws:s3:::{bucket}", "null"),
        ("s3:ListBucket", f"arn:aws:s3:::{bucket}", "null"),
        ("s3:GetObject", f"arn:aws:s3:::{bucket}/*", "null"),
        ("s3:ListBucket", "arn:aws:s3:::elsewhere", below),
        ("s3:GetObject", "arn:aws:s3:::elsewhere/runs/*", "null"),
        ("s3:PutObject", "arn:aws:s3:::elsewhere/runs/*", "null"),
    }


def test_a_second_run_creates_and_changes_nothing(lifecycle, account, calls):
    """All API calls of the second run only read."""
    subnets = account.subnets()
    params = {"subnets": subnets, "nodes": 2, "maintenance_window": "sun:03:00-sun:04:00", "tags": {"team": "data"}}
    lifecycle.provision(**params)
    before = account.inventory()
    calls.clear()
    returned = lifecycle.provision(**params)
    assert {"up to date"} == {value for name, value in returned.items() if name.startswith("create_")}
    assert len(calls) > 10
    assert [] == calls.writes()
    assert before == account.inventory()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"nodes": 3}, "nodes is 2, expected 3"),
        ({"cidr": "10.1.0.0/16"}, "ingress is .*from 10.0.0.0/16.*, expected .*from 10.1.0.0/16"),
        ({"public": True}, "public is False, expected True"),
        ({"subnets": []}, "cluster subnet group 'redshift-sparkify' exists, but these settings do not need it"),
        ({"tags": {"team": "ops"}}, "tag team is None, expected 'ops'"),
    ],
)
def test_a_difference_fails_the_run_and_changes_nothing(lifecycle, account, calls, changed, message):
    """The error names the difference."""
    params = {"subnets": account.subnets(), "nodes": 2}
    lifecycle.provision(**params)
    before = account.inventory()
    calls.clear()
    with pytest.raises(Exception, match=f"{message}.*nothing was changed"):
        lifecycle.provision(**(params | changed))
    assert [] == calls.writes()
    assert before == account.inventory()


def test_a_paused_cluster_is_not_waited_for(lifecycle, account, calls):
    """It would never become available, so the run fails at once and changes nothing."""
    lifecycle.provision()
    account.redshift.pause_cluster(ClusterIdentifier="sparkify")
    calls.clear()
    with pytest.raises(Exception, match="cluster 'sparkify' is 'paused': resume it, then run again"):
        lifecycle.provision()
    assert [] == calls.writes()


def test_the_role_reads_an_object_if_the_connection_contains_the_identifier(lifecycle, s3, bucket, monkeypatch):
    """With COPY NOLOAD and the default role."""
    s3.put_object(Bucket=bucket, Key="song_data/A/A/A/TRAAA.json", Body=b'{"song_id": "S1"}')
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", connection_to("sparkify"))
    assert f"s3://{bucket}/song_data/A/A/A/TRAAA.json" == lifecycle.provision()["try_copy"]


def test_the_role_reads_an_object_if_the_connection_has_the_endpoint_as_host(
    lifecycle, account, s3, bucket, monkeypatch
):
    """A connection with user and password and without the cluster's identifier is enough."""
    s3.put_object(Bucket=bucket, Key="song_data/A.json", Body=b'{"song_id": "S1"}')
    assert "skipped" == lifecycle.provision()["try_copy"]
    connection = json.loads(os.environ["AIRFLOW_CONN_REDSHIFT"])
    # moto invents the host name. With hostaddr, libpq does not look it up.
    connection |= {"conn_type": "postgres", "extra": {"hostaddr": connection["host"]}}
    connection["host"] = account.cluster()["Endpoint"]["Address"]
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(connection))
    assert f"s3://{bucket}/song_data/A.json" == lifecycle.provision()["try_copy"]


def test_an_object_that_cannot_be_read_fails_the_run(lifecycle, s3, bucket, monkeypatch):
    """The error names the object and the role."""
    s3.put_object(Bucket=bucket, Key="song_data/A.json", Body=b"[[[")
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", connection_to("sparkify"))
    with pytest.raises(
        Exception, match=f"the cluster cannot read s3://{bucket}/song_data/A.json with its default role"
    ):
        lifecycle.provision()


@pytest.mark.parametrize("connection", [None, connection_to("another")])
def test_try_copy_does_not_log_in_to_another_warehouse(lifecycle, account, s3, bucket, monkeypatch, connection):
    """Without a connection, or with one to another cluster, the task is skipped and the connection still shown."""
    s3.put_object(Bucket=bucket, Key="song_data/A.json", Body=b"{}")
    monkeypatch.delenv("AIRFLOW_CONN_REDSHIFT")
    if connection:
        monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", connection)
    returned = lifecycle.provision()
    assert "skipped" == returned["try_copy"]
    endpoint = account.cluster()["Endpoint"]
    assert f"{endpoint['Address']}:{endpoint['Port']}" == returned["show_connection"]["endpoint"]
