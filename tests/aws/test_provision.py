"""From an empty account to a cluster, once and again."""

from __future__ import annotations

import json
import os

import pytest

from tests.aws.conftest import CIDR, to_cluster
from warehouse.cluster.policies import trust


def test_an_empty_account_gets_a_cluster_that_is_safe_by_default(lifecycle, account, bucket):
    """Encrypted, not public, its role the default one, its port open to the one network, its password a secret."""
    lifecycle.provision()
    cluster = account.cluster()
    role = account.iam.get_role(RoleName="redshift-sparkify")["Role"]
    assert role["Arn"] == cluster["DefaultIamRoleArn"]
    assert [role["Arn"]] == [item["IamRoleArn"] for item in cluster["IamRoles"]]
    assert trust() == role["AssumeRolePolicyDocument"]
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
    """Its only policy, action by action."""
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
    """Seen in the calls it makes: looks, every one."""
    subnets = account.subnets()
    params = {"subnets": subnets, "nodes": 2, "maintenance_window": "sun:03:00-sun:04:00", "tags": {"team": "data"}}
    lifecycle.provision(**params)
    before = account.holdings()
    calls.clear()
    returned = lifecycle.provision(**params)
    assert {"found as it should be"} == {value for name, value in returned.items() if name.startswith("create_")}
    assert len(calls) > 10
    assert [] == calls.changes()
    assert before == account.holdings()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"nodes": 3}, "nodes is 2, asked for is 3"),
        ({"cidr": "10.1.0.0/16"}, "ingress is .*from 10.0.0.0/16.* asked for is .*from 10.1.0.0/16"),
        ({"public": True}, "public is False, asked for is True"),
        ({"subnets": []}, "cluster subnet group 'redshift-sparkify' exists, but nothing asks for it"),
        ({"tags": {"team": "ops"}}, "tag team is None, asked for is 'ops'"),
    ],
)
def test_what_differs_is_said_and_left(lifecycle, account, calls, changed, message):
    """Nothing is changed that a run did not create, and the run does not pass for a success."""
    params = {"subnets": account.subnets(), "nodes": 2}
    lifecycle.provision(**params)
    before = account.holdings()
    calls.clear()
    with pytest.raises(Exception, match=f"{message}.*nothing was changed"):
        lifecycle.provision(**(params | changed))
    assert [] == calls.changes()
    assert before == account.holdings()


def test_a_paused_cluster_is_not_waited_for(lifecycle, account, calls):
    """It would never become available; the run says so at once and changes nothing."""
    lifecycle.provision()
    account.redshift.pause_cluster(ClusterIdentifier="sparkify")
    calls.clear()
    with pytest.raises(Exception, match="cluster 'sparkify' is 'paused': resume it, then run again"):
        lifecycle.provision()
    assert [] == calls.changes()


def test_one_object_is_read_by_the_role_where_a_login_is_possible(lifecycle, s3, bucket, monkeypatch):
    """The connection names the cluster: COPY with NOLOAD by its default role."""
    s3.put_object(Bucket=bucket, Key="song_data/A/A/A/TRAAA.json", Body=b'{"song_id": "S1"}')
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", to_cluster("sparkify"))
    assert f"s3://{bucket}/song_data/A/A/A/TRAAA.json" == lifecycle.provision()["try_copy"]


def test_one_object_is_read_where_the_connections_host_is_the_clusters(lifecycle, account, s3, bucket, monkeypatch):
    """By user and password, and without a word of the cluster: its endpoint is enough to know it by."""
    s3.put_object(Bucket=bucket, Key="song_data/A.json", Body=b'{"song_id": "S1"}')
    assert "skipped" == lifecycle.provision()["try_copy"]
    connection = json.loads(os.environ["AIRFLOW_CONN_REDSHIFT"])
    # moto made the name up; libpq, given the address beside it, asks nobody where that is.
    connection |= {"conn_type": "postgres", "extra": {"hostaddr": connection["host"]}}
    connection["host"] = account.cluster()["Endpoint"]["Address"]
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(connection))
    assert f"s3://{bucket}/song_data/A.json" == lifecycle.provision()["try_copy"]


def test_an_object_that_cannot_be_read_fails_the_run(lifecycle, s3, bucket, monkeypatch):
    """In the words of COPY."""
    s3.put_object(Bucket=bucket, Key="song_data/A.json", Body=b"[[[")
    monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", to_cluster("sparkify"))
    with pytest.raises(Exception, match=f"the cluster cannot read s3://{bucket}/song_data/A.json by its default role"):
        lifecycle.provision()


@pytest.mark.parametrize("connection", [None, to_cluster("another")])
def test_another_warehouse_is_not_logged_in_to(lifecycle, account, s3, bucket, monkeypatch, connection):
    """Without a connection, or with one that leads elsewhere, the copy is skipped and the connection shown."""
    s3.put_object(Bucket=bucket, Key="song_data/A.json", Body=b"{}")
    monkeypatch.delenv("AIRFLOW_CONN_REDSHIFT")
    if connection:
        monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", connection)
    returned = lifecycle.provision()
    assert "skipped" == returned["try_copy"]
    endpoint = account.cluster()["Endpoint"]
    assert f"{endpoint['Address']}:{endpoint['Port']}" == returned["show_connection"]["endpoint"]
