"""Each wrong input has its own words, and nothing is created."""

from __future__ import annotations

import json

import pytest
from airflow.sdk.exceptions import AirflowFailException

OPEN = "open to the internet"


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"cidr": ""}, "cidr is '', expected an IPv4 network"),
        ({"cidr": "everywhere"}, "cidr is 'everywhere', expected an IPv4 network"),
        ({"cidr": "0.0.0.0/0"}, f"whole internet.*type '{OPEN}'"),
        ({"cidr": "0.0.0.0/0", "anyone": "yes"}, "whole internet"),
        ({"node_type": "ra3.tiny"}, "node_type is 'ra3.tiny', expected one of rg.large"),
        ({"identifier": "Sparkify_1"}, "identifier is 'Sparkify_1', expected 1 to 55 lower-case letters"),
        ({"subnets": ["subnet-00000000"]}, "not all subnets exist in region us-west-2"),
        ({"port": 22}, "port is '22'"),
    ],
)
def test_a_wrong_param_creates_nothing(lifecycle, account, calls, params, message):
    """It is named, with what was expected."""
    before = account.holdings()
    calls.clear()
    with pytest.raises(AirflowFailException, match=message):
        lifecycle.provision(**params)
    assert [] == calls.changes()
    assert before == account.holdings()


def test_the_words_open_the_port(lifecycle, account):
    """Who wants it gets it."""
    lifecycle.provision(cidr="0.0.0.0/0", anyone=OPEN)
    (rule,) = account.holdings()["security groups"]["redshift-sparkify"]
    assert ["0.0.0.0/0"] == [source["CidrIp"] for source in rule["IpRanges"]]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AIRFLOW_VAR_SPARKIFY_BUCKET", "no-such-bucket-anywhere"),
        ("AIRFLOW_VAR_SPARKIFY_WORK_PREFIX", "s3://no-such-bucket-anywhere/runs/"),
    ],
)
def test_a_bucket_that_is_not_there_creates_nothing(lifecycle, calls, monkeypatch, variable, value):
    """A typing error would show only when the first load fails."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(AirflowFailException, match="the bucket 'no-such-bucket-anywhere' does not exist"):
        lifecycle.provision()
    assert [] == calls.changes()


def test_no_credentials_create_nothing(lifecycle, calls, monkeypatch):
    """Neither the connection nor the process has any."""
    connection = json.dumps({"conn_type": "aws", "extra": {"region_name": "us-west-2"}})
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nonexistent")
    with pytest.raises(AirflowFailException, match="there are no AWS credentials for connection 'aws_default'"):
        lifecycle.provision()
    assert [] == calls.changes()


def test_no_region_creates_nothing(lifecycle, calls, monkeypatch):
    """The account has many."""
    connection = json.dumps({"conn_type": "aws", "login": "AKIAIOSFODNN7EXAMPLE", "password": "x" * 20})
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("HOME", "/nonexistent")
    with pytest.raises(AirflowFailException, match="connection 'aws_default' names no region"):
        lifecycle.provision()
    assert [] == calls.changes()


def of_someone_else(account, kind: str) -> None:
    """Let something have one of our names."""
    if kind == "cluster":
        account.redshift.create_cluster(
            ClusterIdentifier="sparkify", NodeType="ra3.large", MasterUsername="awsuser", ManageMasterPassword=True
        )
    elif kind == "IAM role":
        account.iam.create_role(
            RoleName="redshift-sparkify",
            AssumeRolePolicyDocument="{}",
            Tags=[{"Key": "managed-by", "Value": "sparkify-airflow/another"}],
        )
    elif kind == "cluster subnet group":
        account.redshift.create_cluster_subnet_group(
            ClusterSubnetGroupName="redshift-sparkify", Description="x", SubnetIds=account.subnets()
        )
    else:
        (vpc,) = account.holdings()["vpcs"]
        account.ec2.create_security_group(GroupName="redshift-sparkify", Description="x", VpcId=vpc)


@pytest.mark.parametrize("kind", ["cluster", "IAM role", "cluster subnet group", "security group"])
def test_what_is_someone_elses_is_never_touched(lifecycle, account, calls, kind):
    """It has the name but not our tag; nothing beside it is created, either."""
    of_someone_else(account, kind)
    before = account.holdings()
    calls.clear()
    with pytest.raises(AirflowFailException, match=f"{kind} .* exists and is not ours.*choose another identifier"):
        lifecycle.provision()
    assert [] == calls.changes()
    assert before == account.holdings()


@pytest.mark.parametrize("dag_id", ["sparkify_pause", "sparkify_resume"])
def test_someone_elses_cluster_is_neither_paused_nor_resumed(lifecycle, account, calls, dag_id):
    """Nor is one that does not exist."""
    with pytest.raises(AirflowFailException, match="cluster 'sparkify' does not exist"):
        lifecycle.run(dag_id)
    of_someone_else(account, "cluster")
    calls.clear()
    with pytest.raises(AirflowFailException, match="is not ours"):
        lifecycle.run(dag_id)
    assert [] == calls.changes()
