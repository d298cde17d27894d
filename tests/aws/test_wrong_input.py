"""Each invalid input has its own error message, and nothing is created."""

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
        ({"cidr": "0.0.0.0/0"}, f"whole internet.*set anyone to '{OPEN}'"),
        ({"cidr": "0.0.0.0/0", "anyone": "yes"}, "whole internet"),
        ({"node_type": "ra3.tiny"}, "node_type is 'ra3.tiny', expected one of rg.large"),
        ({"identifier": "Sparkify_1"}, "identifier is 'Sparkify_1', expected 1 to 55 lower-case letters"),
        ({"subnets": ["subnet-00000000"]}, "not all subnets exist in region us-west-2"),
        ({"port": 22}, "port is '22'"),
    ],
)
def test_an_invalid_param_creates_nothing(lifecycle, account, calls, params, message):
    """The error names the param and what was expected."""
    before = account.inventory()
    calls.clear()
    with pytest.raises(AirflowFailException, match=message):
        lifecycle.provision(**params)
    assert [] == calls.writes()
    assert before == account.inventory()


def test_the_phrase_opens_the_port(lifecycle, account):
    """The security group then allows the whole internet."""
    lifecycle.provision(cidr="0.0.0.0/0", anyone=OPEN)
    (rule,) = account.inventory()["security groups"]["redshift-sparkify"]
    assert ["0.0.0.0/0"] == [source["CidrIp"] for source in rule["IpRanges"]]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AIRFLOW_VAR_SPARKIFY_BUCKET", "no-such-bucket-anywhere"),
        ("AIRFLOW_VAR_SPARKIFY_WORK_PREFIX", "s3://no-such-bucket-anywhere/runs/"),
    ],
)
def test_a_missing_bucket_creates_nothing(lifecycle, calls, monkeypatch, variable, value):
    """Otherwise a typo in a Variable would only show when the first load fails."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(AirflowFailException, match="bucket 'no-such-bucket-anywhere' does not exist"):
        lifecycle.provision()
    assert [] == calls.writes()


def test_missing_credentials_create_nothing(lifecycle, calls, monkeypatch):
    """Neither the connection nor the process has credentials."""
    connection = json.dumps({"conn_type": "aws", "extra": {"region_name": "us-west-2"}})
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", "/nonexistent")
    with pytest.raises(AirflowFailException, match="connection 'aws_default' has no AWS credentials"):
        lifecycle.provision()
    assert [] == calls.writes()


def test_a_missing_region_creates_nothing(lifecycle, calls, monkeypatch):
    """Neither the connection nor the process has a region."""
    connection = json.dumps({"conn_type": "aws", "login": "AKIAIOSFODNN7EXAMPLE", "password": "x" * 20})
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("HOME", "/nonexistent")
    with pytest.raises(AirflowFailException, match="connection 'aws_default' has no region"):
        lifecycle.provision()
    assert [] == calls.writes()


def create_foreign(account, kind: str) -> None:
    """Create a resource that has one of our names but not our tag."""
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
        (vpc,) = account.inventory()["vpcs"]
        account.ec2.create_security_group(GroupName="redshift-sparkify", Description="x", VpcId=vpc)


@pytest.mark.parametrize("kind", ["cluster", "IAM role", "cluster subnet group", "security group"])
def test_a_foreign_resource_is_never_changed(lifecycle, account, calls, kind):
    """It has our name but not our tag, so the run fails and creates nothing else."""
    create_foreign(account, kind)
    before = account.inventory()
    calls.clear()
    with pytest.raises(AirflowFailException, match=f"{kind} .* exists but is not ours.*choose another identifier"):
        lifecycle.provision()
    assert [] == calls.writes()
    assert before == account.inventory()


@pytest.mark.parametrize("dag_id", ["sparkify_pause", "sparkify_resume"])
def test_a_foreign_cluster_is_neither_paused_nor_resumed(lifecycle, account, calls, dag_id):
    """A cluster that does not exist fails the run as well."""
    with pytest.raises(AirflowFailException, match="cluster 'sparkify' does not exist"):
        lifecycle.run(dag_id)
    create_foreign(account, "cluster")
    calls.clear()
    with pytest.raises(AirflowFailException, match="is not ours"):
        lifecycle.run(dag_id)
    assert [] == calls.writes()
