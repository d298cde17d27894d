"""What the sandbox adds to moto: refusals and rights as AWS documents them."""

from __future__ import annotations

import os
import urllib.request

import boto3
import botocore.exceptions
import pytest

from sandbox.moto_additions.authorization import Call, Demand, applies, demands, is_permitted

GOOD = {"NodeType": "ra3.large", "MasterUsername": "awsuser", "ManageMasterPassword": True}
ROLE = "arn:aws:iam::123456789012:role/reader"


@pytest.fixture
def redshift_api():
    """A client; the account is emptied afterwards."""
    yield boto3.client("redshift")
    url = f"{os.environ['AWS_ENDPOINT_URL']}/moto-api/reset"
    urllib.request.urlopen(urllib.request.Request(url, method="POST")).close()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"ClusterIdentifier": "Shop"}, "ClusterIdentifier is not valid"),
        ({"ClusterIdentifier": "shop--two"}, "ClusterIdentifier is not valid"),
        ({"MasterUserPassword": "Secret123"}, "Specify either MasterUserPassword or ManageMasterPassword"),
        ({"ManageMasterPassword": False}, "Specify either MasterUserPassword or ManageMasterPassword"),
        ({"DefaultIamRoleArn": ROLE}, "must be one of the cluster's IAM roles"),
    ],
)
def test_a_cluster_that_aws_would_refuse_is_refused(redshift_api, changed, message):
    """moto alone would take it."""
    with pytest.raises(botocore.exceptions.ClientError, match=message):
        redshift_api.create_cluster(**({"ClusterIdentifier": "shop"} | GOOD | changed))
    assert [] == redshift_api.describe_clusters()["Clusters"]


def test_a_managed_password_lives_and_goes_with_its_cluster(redshift_api):
    """In Secrets Manager, under Redshift's name for it; the cluster is first seen while it is being created."""
    secrets = boto3.client("secretsmanager")
    redshift_api.create_cluster(ClusterIdentifier="shop", IamRoles=[ROLE], DefaultIamRoleArn=ROLE, **GOOD)
    seen = [redshift_api.describe_clusters(ClusterIdentifier="shop")["Clusters"][0] for _ in range(2)]
    assert ["creating", "available"] == [cluster["ClusterStatus"] for cluster in seen]
    assert ROLE == seen[0]["DefaultIamRoleArn"]
    assert "redshift!shop-awsuser" == secrets.describe_secret(SecretId=seen[0]["MasterPasswordSecretArn"])["Name"]
    redshift_api.delete_cluster(ClusterIdentifier="shop", SkipFinalClusterSnapshot=True)
    assert [] == secrets.list_secrets()["SecretList"]


def test_what_a_cluster_uses_cannot_go_before_it(redshift_api):
    """Its security group and its subnet group."""
    ec2 = boto3.client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    group = ec2.create_security_group(GroupName="shop", Description="x", VpcId=subnet["VpcId"])["GroupId"]
    redshift_api.create_cluster_subnet_group(
        ClusterSubnetGroupName="shop", Description="x", SubnetIds=[subnet["SubnetId"]]
    )
    redshift_api.create_cluster(
        ClusterIdentifier="shop", VpcSecurityGroupIds=[group], ClusterSubnetGroupName="shop", **GOOD
    )
    with pytest.raises(botocore.exceptions.ClientError, match="DependencyViolation"):
        ec2.delete_security_group(GroupId=group)
    with pytest.raises(redshift_api.exceptions.InvalidClusterSubnetGroupStateFault):
        redshift_api.delete_cluster_subnet_group(ClusterSubnetGroupName="shop")
    redshift_api.delete_cluster(ClusterIdentifier="shop", SkipFinalClusterSnapshot=True)
    ec2.delete_security_group(GroupId=group)
    redshift_api.delete_cluster_subnet_group(ClusterSubnetGroupName="shop")


def test_creating_a_cluster_demands_more_than_the_right_to_create_one():
    """The role must be passed, the tag set, the password stored."""
    data = {
        "ClusterIdentifier": ["shop"],
        "MasterUsername": ["awsuser"],
        "ManageMasterPassword": ["true"],
        "IamRoles.IamRoleArn.1": [ROLE],
        "Tags.Tag.1.Key": ["team"],
        "Tags.Tag.1.Value": ["data"],
    }
    found = {demand.action for demand in demands(Call("redshift:CreateCluster", data, "123456789012", "us-west-2"))}
    assert found == {
        "redshift:CreateCluster",
        "redshift:CreateTags",
        "iam:PassRole",
        "iam:CreateServiceLinkedRole",
        "secretsmanager:CreateSecret",
        "secretsmanager:TagResource",
    }


ALLOW = {"Effect": "Allow", "Action": ["ec2:DeleteSecurityGroup"], "Resource": ["arn:aws:ec2:*:*:security-group/*"]}
OURS = {"Condition": {"StringEquals": {"aws:ResourceTag/managed-by": "us"}}}
DELETE = Demand("ec2:DeleteSecurityGroup", "arn:aws:ec2:us-west-2:1:security-group/sg-1")
DELETE_OURS = Demand(DELETE.action, DELETE.resource, {"aws:ResourceTag/managed-by": "us"})


@pytest.mark.parametrize(
    ("statements", "demand", "permitted"),
    [
        ([], DELETE, False),
        ([ALLOW], DELETE, True),
        ([ALLOW | {"Resource": "arn:aws:ec2:us-west-2:1:vpc/*"}], DELETE, False),
        ([ALLOW | {"Action": "ec2:CreateSecurityGroup"}], DELETE, False),
        ([ALLOW | OURS], DELETE, False),
        ([ALLOW | OURS], DELETE_OURS, True),
        ([ALLOW, ALLOW | OURS | {"Effect": "Deny"}], DELETE_OURS, False),
    ],
)
def test_a_demand_is_met_by_action_resource_and_condition(statements, demand, permitted):
    """One statement must allow it and none may deny it."""
    assert permitted is is_permitted(statements, demand)


@pytest.mark.parametrize("element", [{"NotAction": "s3:*"}, {"Condition": {"ArnLike": {"aws:SourceArn": "x"}}}])
def test_what_cannot_be_judged_is_refused_by_name(element):
    """Passed over, it would allow too much or too little."""
    with pytest.raises(NotImplementedError, match="the sandbox cannot judge"):
        applies(ALLOW | element, DELETE)
